import type { Content } from '../../../model/content.ts';
import type { ConversationRef, MessageEvent, NetworkItem, PersonRef } from '../../../model/events.ts';
import type { Millis } from '../../../model/ids.ts';
import { toPlain } from '../../../text/plain.ts';
import { at, defined, isFields, list, num, str, type Fields } from '../../shared/json.ts';
import { messageId, millisOf, personOf } from '../ids.ts';
import { isPreview } from './attachments.ts';
import { contentOf, namesOf } from './content.ts';
import { conversationOf, digest, isOurApp, isOurs, keyIn, person, senderOf, unsupported, type Context } from './context.ts';
import { readMrkdwn } from './mrkdwn.ts';

/** Where and when; what every item of a message has in common. */
interface Frame {
  readonly channel: string;
  readonly type: string | undefined;
  readonly ts: string;
  readonly time: Millis;
}

/** An event of the type `message`, by its subtype (docs.slack.dev/reference/events/message); never nothing. */
export function decodeMessage(context: Context, event: Fields): readonly NetworkItem[] {
  const channel = str(event, 'channel') ?? str(event, 'channel', 'id') ?? 'unknown';
  const ts = str(event, 'ts') ?? str(event, 'event_ts') ?? str(event, 'message', 'ts') ?? '';
  const frame: Frame = { channel, type: str(event, 'channel_type'), ts, time: millisOf(ts) ?? context.time };
  switch (str(event, 'subtype')) {
    case 'message_changed': return changed(context, event, frame);
    case 'message_deleted': return deleted(context, event, frame);
    case 'message_replied':
    case 'reply_broadcast':
      return [quiet(context, event, 'message_replied', 'A thread has a new reply, which comes as a message of its own.')];
    case 'tombstone':
      return [deletion(context, frame, frame.ts, frame.time)];
    case 'pinned_item':
    case 'unpinned_item':
      return [quiet(context, event, str(event, 'subtype') ?? '', 'What is pinned comes as an event of its own.')];
    default:
      return about(context, event, frame) ?? [message(context, event, frame)];
  }
}

function quiet(context: Context, event: Fields, what: string, reason: string): NetworkItem {
  return unsupported(context, { what, reason, item: event, quiet: true });
}

function message(context: Context, event: Fields, frame: Frame, parts?: readonly Content[]): NetworkItem {
  const sender = senderOf(context, event);
  const said = parts === undefined ? contentOf(context, event) : { parts };
  const { channel, ts, time } = frame;
  const root = str(event, 'thread_ts');
  const value: MessageEvent = defined({
    type: 'message' as const,
    id: messageId(channel, ts === '' ? digest(event) : ts),
    conversation: conversationOf(context, channel, frame.type, sender.isSelf === true ? context.self : sender.id),
    time, sender, parts: said.parts,
    thread: root === undefined || root === ts ? undefined : { root: messageId(channel, root), ...(str(event, 'subtype') === 'thread_broadcast' ? { broadcast: true as const } : {}) },
    forwarded: 'forwardedFrom' in said ? ('once' as const) : undefined,
    forwardedFrom: 'forwardedFrom' in said ? said.forwardedFrom : undefined,
    key: keyIn(context, event),
    historical: context.historical,
  });
  return { key: `message:${channel}:${ts === '' ? digest(event) : ts}`, event: value };
}

function deletion(context: Context, frame: Frame, ts: string, time: Millis): NetworkItem {
  return {
    key: `deletion:${frame.channel}:${ts}`,
    event: { type: 'deletion', target: messageId(frame.channel, ts), conversation: conversationOf(context, frame.channel, frame.type), time },
  };
}

function deleted(context: Context, event: Fields, frame: Frame): readonly NetworkItem[] {
  const ts = str(event, 'deleted_ts') ?? str(event, 'previous_message', 'ts');
  if (ts === undefined) return [unsupported(context, { what: 'message_deleted', reason: 'Slack does not say which message was deleted.', item: event })];
  return [deletion(context, frame, ts, millisOf(at(event, 'event_ts')) ?? frame.time)];
}

/** Also fires when a link gets its preview, a thread a reply, or a message is pinned: only what people wrote is an edit. */
function changed(context: Context, event: Fields, frame: Frame): readonly NetworkItem[] {
  const now = at(event, 'message');
  const before = at(event, 'previous_message');
  const ts = str(now, 'ts') ?? str(before, 'ts');
  if (!isFields(now) || ts === undefined) return [unsupported(context, { what: 'message_changed', reason: 'Slack does not say what changed.', item: event })];
  const time = millisOf(at(now, 'edited', 'ts')) ?? millisOf(at(event, 'event_ts')) ?? frame.time;
  if (str(now, 'subtype') === 'tombstone') return [deletion(context, frame, ts, millisOf(at(event, 'event_ts')) ?? frame.time)];
  if (str(now, 'subtype') === 'huddle_thread') return [huddleChanged(context, event, now, { ...frame, ts }, time)];
  if (!isEdit(now, before)) return [quiet(context, event, 'message_changed', 'Only the preview of a link, or what Slack keeps about the message, has changed.')];
  if (isOwnEdit(context, now, before)) return [quiet(context, event, 'message_changed', 'It is the echo of an edit that the bridge made.')];
  return [edit(context, now, { ...frame, ts }, time)];
}

function edit(context: Context, now: Fields, { channel, type, ts }: Frame, time: Millis, parts?: readonly Content[]): NetworkItem {
  const sender = senderOf(context, now);
  const version = str(now, 'edited', 'ts') ?? digest([at(now, 'text'), at(now, 'blocks'), at(now, 'attachments'), list(now, 'files').map((file) => [str(file, 'id'), str(file, 'mode')])]);
  return {
    key: `edit:${channel}:${ts}:${version}`,
    event: {
      type: 'edit', id: messageId(channel, `${ts}`), target: messageId(channel, ts), sender, time,
      conversation: conversationOf(context, channel, type, sender.isSelf === true ? context.self : sender.id),
      parts: parts ?? contentOf(context, now).parts,
    },
  };
}

function isEdit(now: Fields, before: unknown): boolean {
  const edited = str(now, 'edited', 'ts');
  if (!isFields(before)) return edited !== undefined;
  if (edited !== undefined && edited !== str(before, 'edited', 'ts')) return true;
  return digest(said(now)) !== digest(said(before));
}

/** What people see of a message, without what Slack adds. */
function said(message: unknown): unknown {
  return [
    at(message, 'text') ?? '', list(message, 'blocks').map(withoutIds), list(message, 'attachments').filter((each) => !isPreview(each)).map(withoutIds),
    list(message, 'files').map((file) => [str(file, 'id'), str(file, 'mode') === 'tombstone', str(file, 'title')]),
  ];
}

function withoutIds(block: unknown): unknown {
  if (!isFields(block)) return block;
  const { block_id: _, id: __, ...rest } = block;
  return rest;
}

/**
 * A bot's messages are changed by nobody but its own program. A person can change in Slack what the bridge sent for them: our own
 * edits alone bring a new key.
 */
function isOwnEdit(context: Context, now: Fields, before: unknown): boolean {
  if (!isOurs(context, now) && !isOurApp(context, now)) return false;
  if (context.isBot && isOurs(context, now)) return true;
  const key = keyIn(context, now);
  return key !== undefined && key !== str(before, 'metadata', 'event_payload', 'key');
}

const HUDDLE = 'A huddle was started; one can join it only in Slack.';

/** Told whenever somebody comes or leaves; that it is over is news. */
function huddleChanged(context: Context, event: Fields, now: Fields, frame: Frame, time: Millis): NetworkItem {
  const room = at(now, 'room');
  const [start, end] = [num(room, 'date_start') ?? 0, num(room, 'date_end') ?? 0];
  if (end <= 0 || (num(event, 'previous_message', 'room', 'date_end') ?? 0) > 0) return quiet(context, event, 'huddle', 'Somebody came to a huddle, or left it.');
  const minutes = Math.max(1, Math.round((end - start) / 60));
  const reason = start <= 0 ? 'The huddle has ended.' : `The huddle has ended after ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
  return edit(context, startedBy(now), frame, time, [{ kind: 'unsupported', what: 'huddle', reason }]);
}

/** Slackbot announces huddles; the room knows who started it. */
function startedBy(message: Fields): Fields {
  const by = str(message, 'room', 'created_by');
  return by === undefined ? message : { ...message, user: by };
}

/** Subtypes that tell something about the conversation. Undefined: it is what somebody said. */
function about(context: Context, event: Fields, frame: Frame): readonly NetworkItem[] | undefined {
  const subtype = (str(event, 'subtype') ?? '').replace(/^group_/, 'channel_');
  const who = memberOf(context, event);
  switch (subtype) {
    case 'channel_join':
    case 'channel_leave':
      return [memberItem(context, event, frame, who, subtype === 'channel_join' ? 'join' : 'leave')];
    case 'channel_topic':
      return [changedItem(context, event, frame, who, { topic: unmarked(str(event, 'topic') ?? '') })];
    case 'channel_name':
      return [changedItem(context, event, frame, who, { title: str(event, 'name') ?? unmarked(str(event, 'text') ?? '') })];
    case 'channel_archive':
      return [goneItem(context, frame)];
    case 'huddle_thread':
    case 'sh_room_created':
      return [message(context, startedBy(event), frame, [{ kind: 'unsupported', what: 'huddle', reason: HUDDLE }])];
    case 'ekm_access_denied':
      return [message(context, event, frame, [{ kind: 'unsupported', what: 'message', reason: 'The administrators of the workspace have withdrawn the key of this message.' }])];
    case 'channel_purpose':
    case 'channel_unarchive':
    case 'channel_posting_permissions':
    case 'channel_convert_to_private':
    case 'channel_convert_to_public':
    case 'channel_canvas_updated':
    case 'reminder_add':
    case 'reminder_delete':
    case 'bot_add':
    case 'bot_remove':
    case 'bot_enable':
    case 'bot_disable':
    case 'app_conversation_join':
    case 'app_conversation_leave':
    case 'assistant_app_thread':
    case 'file_comment':
    case 'file_mention':
    case 'sh_room_shared':
    case 'document_mention':
      return [notice(context, event, frame)];
    default:
      return undefined;
  }
}

/** Whom such a message is about, by the name that stands beside it. */
function memberOf(context: Context, event: Fields): PersonRef {
  const user = str(event, 'user') ?? 'unknown';
  const profile = at(event, 'user_profile');
  return { ...(isFields(profile) ? personOf(profile, context.scope, user) : {}), ...person(context, user) };
}

/** Slack's own words for what happened, said by who did it. */
function notice(context: Context, event: Fields, frame: Frame): NetworkItem {
  const text = readMrkdwn(str(event, 'text') ?? str(event, 'purpose') ?? '', namesOf(context));
  if (text.length === 0) return message(context, event, frame);
  return message(context, event, frame, [{ kind: 'text', text, style: 'notice' }]);
}

function memberItem(context: Context, event: Fields, frame: Frame, who: PersonRef, change: 'join' | 'leave'): NetworkItem {
  const by = str(event, 'inviter');
  return {
    key: `member:${frame.channel}:${who.id}:${change}:${frame.ts}`,
    event: defined({
      type: 'member' as const, person: who, change, conversation: conversationOf(context, frame.channel, frame.type), time: frame.time,
      by: by === undefined ? undefined : person(context, by),
    }),
  };
}

function changedItem(context: Context, event: Fields, frame: Frame, by: PersonRef, facts: Partial<ConversationRef>): NetworkItem {
  return {
    key: `changed:${frame.channel}:${frame.ts}:${digest(facts)}`,
    event: { type: 'conversation.changed', conversation: { ...conversationOf(context, frame.channel, frame.type), ...facts }, time: frame.time, ...(str(event, 'user') === undefined ? {} : { by }) },
  };
}

function goneItem(context: Context, frame: Frame): NetworkItem {
  return {
    key: `gone:${frame.channel}:${frame.ts}`,
    event: { type: 'conversation.gone', conversation: conversationOf(context, frame.channel, frame.type), time: frame.time, reason: 'The channel was archived.' },
  };
}

/** Topics are texts of a line or two, without formatting. */
export function unmarked(text: string): string {
  return toPlain(readMrkdwn(text));
}
