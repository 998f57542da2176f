import type { ChoiceContent } from '../../../model/content.ts';
import type { NetworkItem } from '../../../model/events.ts';
import type { RemoteId } from '../../../model/ids.ts';
import { toPlain } from '../../../text/plain.ts';
import { at, defined, list, num, str } from '../../shared/json.ts';
import { messageId, millisOf } from '../ids.ts';
import { conversationOf, digest, person, type Context } from './context.ts';
import { dateText } from './dates.ts';
import { readRichText } from './rich-text.ts';

/**
 * What somebody pressed or chose below a message (docs.slack.dev/reference/interaction-payloads), as an answer to it. Undefined
 * where it was anywhere else.
 */
export function decodeInteraction(context: Context, payload: unknown): NetworkItem | undefined {
  const channel = str(payload, 'channel', 'id') ?? str(payload, 'container', 'channel_id');
  const user = str(payload, 'user', 'id');
  const actions = list(payload, 'actions');
  if (channel === undefined || user === undefined || actions.length === 0) return undefined;
  const target = str(payload, 'container', 'message_ts') ?? str(payload, 'message_ts') ?? str(payload, 'message', 'ts');
  const root = str(payload, 'container', 'thread_ts') ?? str(payload, 'message', 'thread_ts');
  const when = str(actions[0], 'action_ts') ?? str(payload, 'action_ts');
  const name = str(payload, 'channel', 'name');
  const press = `press/${when ?? digest(actions)}/${user}`;
  const conversation = conversationOf(context, channel, undefined, user);
  return {
    key: `message:${channel}:${press}`,
    event: defined({
      type: 'message' as const, id: messageId(channel, press) as RemoteId,
      conversation: conversation.kind === 'channel' && name !== undefined && name !== 'privategroup' ? { ...conversation, title: name } : conversation,
      time: millisOf(when) ?? millisOf(target) ?? context.time,
      sender: defined({ ...person(context, user), username: str(payload, 'user', 'username') ?? str(payload, 'user', 'name') }),
      parts: actions.map((action) => choice(action, payload)),
      replyTo: target === undefined ? undefined : { id: messageId(channel, target) },
      thread: root === undefined ? undefined : { root: messageId(channel, root) },
    }),
  };
}

function choice(action: unknown, payload: unknown): ChoiceContent {
  const chosen = [...list(action, 'selected_option'), ...list(action, 'selected_options')];
  const labels = chosen.map((option) => label(at(option, 'text')) ?? labelled(payload, action, str(option, 'value')) ?? str(option, 'value') ?? '').filter(Boolean);
  const seconds = num(action, 'selected_date_time');
  const people = ['user', 'conversation', 'channel'].flatMap((kind) => [at(action, `selected_${kind}`), ...list(action, `selected_${kind}s`)]).filter((each) => typeof each === 'string');
  const written = at(action, 'rich_text_value') === undefined ? undefined : toPlain(readRichText(at(action, 'rich_text_value')));
  const value = str(action, 'value') ?? (chosen.map((option) => str(option, 'value')).filter((each) => each !== undefined).join(', ') || undefined);
  const title = labels.length > 0 ? labels.join(', ')
    : str(action, 'selected_date') ?? str(action, 'selected_time') ?? (seconds === undefined ? undefined : dateText(seconds, '{date_num} {time}', undefined))
      ?? (people.length > 0 ? people.join(', ') : undefined) ?? written ?? label(at(action, 'text')) ?? labelled(payload, action, value) ?? value ?? str(action, 'name') ?? '';
  return defined({ kind: 'choice' as const, title, value: value === title ? undefined : value });
}

function label(text: unknown): string | undefined {
  return typeof text === 'string' ? text : str(text, 'text');
}

/** Of what stands below an attachment only the value comes; how it is called the message says. */
function labelled(payload: unknown, action: unknown, value: string | undefined): string | undefined {
  const name = str(action, 'name');
  if (name === undefined) return undefined;
  const shown = list(payload, 'original_message', 'attachments').flatMap((attachment) => list(attachment, 'actions')).filter((each) => str(each, 'name') === name);
  const option = shown.flatMap((each) => list(each, 'options')).find((each) => str(each, 'value') === value);
  return str(option, 'text') ?? str(shown.find((each) => str(each, 'value') === value), 'text');
}
