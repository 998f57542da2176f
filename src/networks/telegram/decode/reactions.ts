import type { NetworkItem } from '../../../model/events.ts';
import { at, isFields, list, num, str } from '../../shared/json.ts';
import { chatAsPerson, conversationOf, idOf, messageId, personOf, timeOf } from '../ids.ts';
import { digest, fieldNames, keyOf, unsupported, type Context } from './context.ts';

/** Begins what stands for a custom emoji: only its number is told. */
export const CUSTOM = 'tg-emoji:';

/** A `ReactionType` (core.telegram.org/bots/api#reactiontype); undefined for a kind that is not known. */
function emojiOf(reaction: unknown): string | undefined {
  const type = str(reaction, 'type');
  if (type === 'paid') return '⭐';
  const custom = str(reaction, 'custom_emoji_id');
  if (custom !== undefined) return `${CUSTOM}${custom.slice(0, 64)}`;
  return str(reaction, 'emoji');
}

/** `message_reaction`: what one person had put there before, and has now. */
export function decodeReaction(context: Context, update: unknown): readonly NetworkItem[] {
  const conversation = conversationOf(at(update, 'chat'));
  const id = idOf(update, 'message_id');
  const sender = personOf(at(update, 'user'), context.self) ?? chatAsPerson(at(update, 'actor_chat'), context.self);
  const time = timeOf(update, 'date');
  if (conversation === undefined || id === undefined || sender === undefined) return [incomplete('message_reaction', update, time)];
  const now = list(update, 'new_reaction');
  const emojis = [...new Set(now.flatMap((each) => emojiOf(each) ?? []))];
  // To say that there is none would take away what is there.
  if (emojis.length === 0 && now.length > 0) return [unsupported({ what: 'message_reaction', reason: 'Reacted in a way that the bridge does not know.', item: update, time, conversation, sender })];
  return [{
    key: keyOf('reactions', conversation.id, id, sender.id, time, digest([at(update, 'old_reaction'), at(update, 'new_reaction')])),
    event: { type: 'reactions.set', target: messageId(conversation.id, id), sender, reactions: emojis.map((emoji) => ({ emoji, sender })), conversation, time },
  }];
}

/** `message_reaction_count`: where nobody is told who reacted. */
export function decodeReactionCount(update: unknown): readonly NetworkItem[] {
  const conversation = conversationOf(at(update, 'chat'));
  const id = idOf(update, 'message_id');
  const time = timeOf(update, 'date');
  if (conversation === undefined || id === undefined) return [incomplete('message_reaction_count', update, time)];
  const reactions = list(update, 'reactions').flatMap((each) => {
    const emoji = isFields(at(each, 'type')) ? emojiOf(at(each, 'type')) : undefined;
    const count = num(each, 'total_count') ?? 1;
    return emoji === undefined || count <= 0 ? [] : [{ emoji, count: Math.round(count) }];
  });
  return [{
    key: keyOf('reactions', conversation.id, id, 'all', time, digest(reactions)),
    event: { type: 'reactions.set', target: messageId(conversation.id, id), reactions, conversation, time },
  }];
}

function incomplete(what: string, update: unknown, time: number): NetworkItem {
  return unsupported({ what, reason: 'Telegram told of a reaction without saying whose, or to what.', item: update, time, detail: { fields: fieldNames(update) } });
}
