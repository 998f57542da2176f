import type { NetworkItem } from '../../../model/events.ts';
import { NotThisNetwork, type Decoded } from '../../network.ts';
import { foundIn } from '../../shared/found-in.ts';
import { at, fieldsOf, isFields, linesOf, list, parseJson, str, type Fields } from '../../shared/json.ts';
import { isChannel, isUser, TS } from '../ids.ts';
import { contextOf, unsupported, type Known } from './context.ts';
import { decodeEvent, isKnownEvent } from './event.ts';
import { decodePast } from './history.ts';
import { decodeInteraction } from './interaction.ts';

/** One event with the envelope it came in, or something else that Slack sends, by its `type`. */
export interface Piece {
  readonly envelope: Fields;
  /** Undefined: the envelope is all there is. */
  readonly event?: unknown;
  /** A message as a page of history or an archive has it, with what became of it since. */
  readonly past?: true;
  /** Of the channel, where what stands around the event says it. */
  readonly title?: string | undefined;
}

const LOOKED_FOR = 'An event of Slack was looked for: {"type":"event_callback","team_id":…,"event":{…}}, a frame of Socket Mode, a bare event, or a page of history.';
/** Stands for what is nothing of Slack’s among what is. */
const NONE: Piece = { envelope: {}, event: null };

/**
 * What is decoded apart: the events of an HTTP body, of a frame of Socket Mode, of a list or of JSON lines; a bare event, a page
 * of conversations.history, and what Slack posts as a form.
 * @throws NotThisNetwork
 */
export function split(raw: Uint8Array): readonly Piece[] {
  const bodies = documents(raw);
  const pieces = bodies.map(cutBody);
  if (pieces.every((each) => each === undefined)) throw new NotThisNetwork(`${LOOKED_FOR} ${foundIn(bodies[0])}`);
  return pieces.flatMap((each) => each ?? [NONE]);
}

/** The JSON documents of a body: one, or one a line; a form with a `payload`, or that of a slash command or an outgoing webhook. */
function documents(raw: Uint8Array): readonly unknown[] {
  const start = Buffer.from(raw.subarray(0, 64)).toString('latin1').trimStart();
  if (/^[A-Za-z_]+=/.test(start)) return [form(Buffer.from(raw).toString('utf8'))];
  try {
    return [parseJson(raw)];
  } catch (error) {
    const lines = linesOf(raw);
    if (lines.length < 2 || !(error instanceof NotThisNetwork)) throw error;
    // One bad line spoils no other.
    const parsed = lines.map((line) => {
      try {
        return parseJson(line);
      } catch {
        return undefined;
      }
    });
    if (parsed.every((each) => each === undefined)) throw error;
    return parsed;
  }
}

function form(text: string): unknown {
  const fields = new URLSearchParams(text.trim());
  const payload = fields.get('payload');
  if (payload !== null) return parseJson(payload);
  const body = Object.fromEntries(fields);
  if (posted(body) !== undefined) return body;
  if (fields.get('ssl_check') === '1') return { type: 'ssl_check' };
  throw new NotThisNetwork(`${LOOKED_FOR} This is a form without a payload.`);
}

/** What a slash command and the outgoing webhooks of before post: the same fields, each by itself. */
function posted(body: Fields): Piece | undefined {
  if (str(body, 'team_id') === undefined) return undefined;
  if (str(body, 'command')?.startsWith('/') === true) return { envelope: { ...body, type: 'slash_commands' } };
  const [channel, ts] = [str(body, 'channel_id'), str(body, 'timestamp') ?? ''];
  if (channel === undefined || str(body, 'user_id') === undefined || !TS.test(ts) || !Object.hasOwn(body, 'text')) return undefined;
  const bot = str(body, 'bot_id');
  const name = str(body, 'user_name');
  const who = bot === undefined ? { user: str(body, 'user_id'), user_profile: { name } } : { subtype: 'bot_message', bot_id: bot, username: str(body, 'bot_name') ?? name };
  return {
    envelope: { team_id: str(body, 'team_id') },
    event: { type: 'message', channel, ts, text: str(body, 'text') ?? '', thread_ts: str(body, 'thread_ts'), ...who },
    title: str(body, 'channel_name'),
  };
}

/** Frames and bodies that carry no event, in words. Their content is not told: it may hold what somebody wrote. */
const OTHERS: Readonly<Record<string, { readonly reason: string; readonly quiet?: true }>> = {
  hello: { reason: 'The socket is open.', quiet: true },
  disconnect: { reason: 'Slack wants the socket opened anew.', quiet: true },
  url_verification: { reason: 'Slack asked whether the address is ours.', quiet: true },
  slash_commands: { reason: 'Somebody used a command of the app; the bridge has none in Slack.' },
  interactive: { reason: 'Somebody pressed something of the app’s; the bridge shows nothing to be pressed.' },
  block_actions: { reason: 'Somebody pressed something of the app’s; the bridge shows nothing to be pressed.' },
  interactive_message: { reason: 'Somebody pressed something of the app’s; the bridge shows nothing to be pressed.' },
  view_submission: { reason: 'Somebody sent a form of the app’s; the bridge shows none.' },
  view_closed: { reason: 'Somebody closed a form of the app’s; the bridge shows none.', quiet: true },
  block_suggestion: { reason: 'Somebody is looking for a choice; the bridge offers none.', quiet: true },
  dialog_submission: { reason: 'Somebody sent a form of the app’s; the bridge shows none.' },
  dialog_cancellation: { reason: 'Somebody closed a form of the app’s; the bridge shows none.', quiet: true },
  dialog_suggestion: { reason: 'Somebody is looking for a choice; the bridge offers none.', quiet: true },
  workflow_step_edit: { reason: 'Somebody puts a step of the app’s into a workflow; the bridge has none.' },
  ssl_check: { reason: 'Slack asked whether the address answers.', quiet: true },
  page: { reason: 'A page of what was said, without any message.', quiet: true },
  // Of the Real Time Messaging API.
  reply: { reason: 'The answer to what was sent over the socket.', quiet: true },
  pong: { reason: 'Says that the other side is there.', quiet: true },
  reconnect_url: { reason: 'Where the socket could be opened anew.', quiet: true },
  goodbye: { reason: 'Slack wants the socket opened anew.', quiet: true },
  error: { reason: 'Slack did not take what was sent over the socket.' },
  message_action: { reason: 'Somebody used a shortcut of the app’s; the bridge has none.' },
  shortcut: { reason: 'Somebody used a shortcut of the app’s; the bridge has none.' },
};

function cutBody(body: unknown): readonly Piece[] | undefined {
  if (Array.isArray(body)) {
    const cut = body.map(cutBody);
    return cut.every((each) => each === undefined) ? undefined : cut.flatMap((each) => each ?? [NONE]);
  }
  if (!isFields(body)) return undefined;
  const type = str(body, 'type');
  if (str(body, 'envelope_id') !== undefined) return cutFrame(body, type);
  if (type === 'event_callback' || (str(body, 'event', 'type') !== undefined && str(body, 'team_id') !== undefined)) return [{ envelope: body, event: at(body, 'event') }];
  // What was captured may be the pair of headers and body.
  if (type === undefined && isFields(at(body, 'body')) && str(body, 'body', 'type') !== undefined) return cutBody(at(body, 'body'));
  if (type === undefined && isFields(at(body, 'event')) && Object.keys(body).length === 1) return cutBody(at(body, 'event'));
  if (type === 'app_rate_limited') return [{ envelope: body, event: body }];
  if (isOther(body, type)) return [{ envelope: body }];
  const sent = type === undefined ? posted(body) : undefined;
  if (sent !== undefined) return [sent];
  return cutAnswer(body, type) ?? (isBare(body, type) ? [bare(body, type)] : undefined);
}

/** A frame of Socket Mode holds what HTTP would post. */
function cutFrame(body: Fields, type: string | undefined): readonly Piece[] | undefined {
  const payload = at(body, 'payload');
  if (!isFields(payload)) return [{ envelope: body }];
  if (type === undefined || type === 'events_api') return cutBody(payload);
  return [{ envelope: type === 'interactive' ? payload : { ...payload, type } }];
}

/** What the Web API answers: a page of history, one of a search, or what was posted. */
function cutAnswer(body: Fields, type: string | undefined): readonly Piece[] | undefined {
  const messages = list(body, 'messages');
  if (messages.length > 0 && messages.every((each) => TS.test(str(each, 'ts') ?? ''))) return messages.map((each) => past({ channel: str(body, 'channel'), ...fieldsOf(each) }, body));
  if (messages.length === 0 && Array.isArray(at(body, 'messages')) && at(body, 'ok') === true) return [{ envelope: { type: 'page' } }];
  const matches = list(body, 'messages', 'matches');
  if (matches.length > 0 && matches.every((each) => TS.test(str(each, 'ts') ?? ''))) {
    return matches.map((each) => ({ ...past({ ...fieldsOf(each), channel: str(each, 'channel', 'id') }, body), title: str(each, 'channel', 'name') }));
  }
  const items = list(body, 'items').filter((each) => TS.test(str(each, 'message', 'ts') ?? ''));
  if (at(body, 'ok') === true && items.length > 0) return items.map((each) => past({ ...fieldsOf(each, 'message'), channel: str(each, 'channel') }, body));
  if (TS.test(str(body, 'message', 'ts') ?? '')) {
    const message: Fields = { ...fieldsOf(body, 'message'), channel: str(body, 'channel') };
    if (at(body, 'ok') === true && type === 'message') return [past(message, body)];
    if (type === undefined && message['channel'] !== undefined) return [{ envelope: body, event: { ...message, type: 'message' } }];
  }
  return at(body, 'reply_to') !== undefined && typeof at(body, 'ok') === 'boolean' ? [{ envelope: { type: 'reply' } }] : undefined;
}

/** The message’s own workspace stands in for that of an envelope. */
function past(message: Fields, body: Fields): Piece {
  return { envelope: { team_id: str(body, 'team_id') ?? str(message, 'team') }, event: { ...message, type: 'message' }, past: true };
}

/** A message without its channel is one of an archive. */
function bare(body: Fields, type: string | undefined): Piece {
  if ((type === undefined || type === 'message') && at(body, 'channel') === undefined && TS.test(str(body, 'ts') ?? '') && at(body, 'event_ts') === undefined) return past(body, {});
  return { envelope: { team_id: str(body, 'team') }, event: type === undefined ? { ...body, type: 'message' } : body };
}

const HELLO = new Set(['type', 'num_connections', 'connection_info', 'debug_info', 'fast_reconnect', 'region', 'start', 'host_id']);

function isOther(body: Fields, type: string | undefined): boolean {
  switch (type) {
    case 'url_verification': return str(body, 'challenge') !== undefined;
    case 'hello': return Object.keys(body).every((key) => HELLO.has(key));
    case 'disconnect': return str(body, 'reason') !== undefined;
    case 'ssl_check':
    case 'goodbye': return Object.keys(body).every((key) => key === 'type' || key === 'source');
    case 'pong': return at(body, 'reply_to') !== undefined;
    case 'reconnect_url': return str(body, 'url')?.startsWith('wss:') === true;
    case 'error': return str(body, 'error', 'msg') !== undefined;
    default: return type !== undefined && Object.hasOwn(OTHERS, type) && (type.includes('_') || isFields(at(body, 'team')) || str(body, 'team_id') !== undefined || isFields(at(body, 'user')));
  }
}

/** An event without its envelope: a time as Slack writes it tells it from the events of others. */
function isBare(body: Fields, type: string | undefined): boolean {
  const stamped = TS.test(str(body, 'event_ts') ?? '') || TS.test(str(body, 'ts') ?? '');
  if (type === undefined) return TS.test(str(body, 'ts') ?? '') && (str(body, 'channel') ?? str(body, 'client_msg_id') ?? str(body, 'bot_id')) !== undefined && at(body, 'ok') === undefined;
  if (stamped) return true;
  if (type === 'message') {
    return (isUser(str(body, 'user') ?? '') && isChannel(str(body, 'channel') ?? '')) || (TS.test(str(body, 'message', 'ts') ?? '') && str(body, 'subtype') !== undefined)
      || str(body, 'deleted_ts') !== undefined;
  }
  // Their names are nobody else’s.
  return isKnownEvent(type);
}

/** Pure. `known` is what a connection knows beyond the event; without it people and channels are told by their ids. */
export function decode(piece: unknown, known: Known = {}): readonly Decoded[] {
  const envelope = at(piece, 'envelope');
  const event = at(piece, 'event');
  const context = contextOf(isFields(envelope) ? envelope : {}, known);
  const found: readonly NetworkItem[] = !isFields(event) ? [other(context, isFields(envelope) ? envelope : {}, event)]
    : at(piece, 'past') === true ? decodePast({ ...context, historical: true }, str(event, 'channel') ?? 'unknown', str(event, 'channel_type'), event) : decodeEvent(context, event);
  const title = str(piece, 'title');
  const items = title === undefined ? found : found.map((item) => titled(item, title));
  return [{ ...(context.account === undefined ? {} : { account: context.account }), items }];
}

/** Direct chats and old private channels are given a word for their name. */
function titled({ key, event }: NetworkItem, title: string): NetworkItem {
  if (event.type !== 'message' || event.conversation.kind !== 'channel' || /^(?:directmessage|privategroup)$/.test(title)) return { key, event };
  return { key, event: { ...event, conversation: { ...event.conversation, title } } };
}

function other(context: ReturnType<typeof contextOf>, envelope: Fields, event: unknown): NetworkItem {
  const chosen = event === undefined ? decodeInteraction(context, envelope) : undefined;
  if (chosen !== undefined) return chosen;
  const type = str(envelope, 'type') ?? 'unknown';
  const known = event === undefined && Object.hasOwn(OTHERS, type) ? OTHERS[type] : undefined;
  if (known !== undefined) return unsupported(context, { what: type, item: envelope, ...known });
  return unsupported(context, { what: type, reason: event === undefined ? `Slack sent "${type.slice(0, 60)}", which the bridge does not know.` : 'Slack sent an event that is none.', item: envelope });
}
