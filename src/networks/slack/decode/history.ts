import type { NetworkItem, PersonRef } from '../../../model/events.ts';
import { at, list, num, str, type Fields } from '../../shared/json.ts';
import { messageId, millisOf } from '../ids.ts';
import { conversationOf, digest, person, type Context } from './context.ts';
import { emojiOf } from './event.ts';
import { decodeMessage } from './message.ts';

/**
 * A message as conversations.history has it, with what became of it since: the same keys as the events that told it would have
 * had, so that nothing counts twice.
 */
export function decodePast(context: Context, channel: string, type: string | undefined, message: Fields): readonly NetworkItem[] {
  const event = { ...message, type: 'message', channel, ...(type === undefined ? {} : { channel_type: type }) };
  const items = [...decodeMessage(context, event)];
  const edited = str(message, 'edited', 'ts');
  if (edited !== undefined && context.historical === undefined) {
    items.push(...decodeMessage(context, { type: 'message', subtype: 'message_changed', channel, ...(type === undefined ? {} : { channel_type: type }), ts: edited, message }));
  }
  const reactions = list(message, 'reactions').flatMap((reaction) => reactionsIn(context, reaction));
  const ts = str(message, 'ts') ?? '';
  if (reactions.length > 0) {
    items.push({
      key: `reactions:${channel}:${ts}:${digest(reactions)}`,
      event: { type: 'reactions.set', target: messageId(channel, ts), reactions, conversation: conversationOf(context, channel, type), time: millisOf(edited ?? ts) ?? context.time },
    });
  }
  return items;
}

/** `users` may be cut short; who is not named is only counted. */
function reactionsIn(context: Context, reaction: unknown): { emoji: string; sender?: PersonRef; count?: number }[] {
  const name = str(reaction, 'name');
  const value = at(reaction, 'users');
  const users = Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  if (name === undefined) return [];
  const emoji = emojiOf(name);
  const rest = Math.round(num(reaction, 'count') ?? users.length) - users.length;
  const named = users.filter((user) => !(context.isBot && user === context.self)).map((user) => ({ emoji, sender: person(context, user) }));
  return rest > 0 ? [...named, { emoji, count: rest }] : named;
}
