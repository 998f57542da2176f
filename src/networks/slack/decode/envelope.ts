import type { NetworkItem } from '../../../model/events.ts';
import { NotThisNetwork, type Decoded } from '../../network.ts';
import { at, isFields, list, parseJson, str, type Fields } from '../../shared/json.ts';
import { tidy } from '../../shared/tidy.ts';
import { TS } from '../ids.ts';
import { contextOf, unsupported, type Known } from './context.ts';
import { decodeEvent, isKnownEvent } from './event.ts';

/** One event with the envelope it came in, or something else that Slack sends, by its `type`. */
export interface Piece {
  readonly envelope: Fields;
  /** Undefined: the envelope is all there is. */
  readonly event?: unknown;
}

const LOOKED_FOR = 'An event of Slack was looked for: {"type":"event_callback","team_id":…,"event":{…}}, a frame of Socket Mode, a bare event, or a page of history.';

/**
 * What is decoded apart: the events of an HTTP body, of a frame of Socket Mode, of a list or of JSON lines; a bare event, a page
 * of conversations.history, and what Slack posts as a form.
 * @throws NotThisNetwork
 */
export function split(raw: Uint8Array): readonly Piece[] {
  const pieces = documents(raw).flatMap((body) => {
    const cut = cutBody(body);
    if (cut === undefined) throw new NotThisNetwork(`${LOOKED_FOR} ${found(body)}`);
    return cut;
  });
  if (pieces.length === 0) throw new NotThisNetwork(`${LOOKED_FOR} This is empty.`);
  return pieces;
}

/** The JSON documents of a body: one, or one a line; a form with a `payload`, or that of a slash command. */
function documents(raw: Uint8Array): readonly unknown[] {
  const start = Buffer.from(raw.subarray(0, 64)).toString('latin1').trimStart();
  if (/^[A-Za-z_]+=/.test(start)) return [form(Buffer.from(raw).toString('utf8'))];
  try {
    return [parseJson(raw)];
  } catch (error) {
    const lines = Buffer.from(raw).toString('utf8').split(/\r?\n/).filter((line) => line.trim() !== '');
    if (lines.length < 2 || !(error instanceof NotThisNetwork)) throw error;
    return lines.map((line) => parseJson(line));
  }
}

function form(text: string): unknown {
  const fields = new URLSearchParams(text.trim());
  const payload = fields.get('payload');
  if (payload !== null) return parseJson(payload);
  if (fields.has('command') && fields.has('team_id')) return { ...Object.fromEntries(fields), type: 'slash_commands' };
  throw new NotThisNetwork(`${LOOKED_FOR} This is a form without a payload.`);
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
  message_action: { reason: 'Somebody used a shortcut of the app’s; the bridge has none.' },
  shortcut: { reason: 'Somebody used a shortcut of the app’s; the bridge has none.' },
};

function cutBody(body: unknown): readonly Piece[] | undefined {
  if (Array.isArray(body)) {
    const cut = body.map(cutBody);
    return cut.length > 0 && cut.every((each) => each !== undefined) ? cut.flat() : undefined;
  }
  if (!isFields(body)) return undefined;
  const type = str(body, 'type');
  // A frame of Socket Mode holds what HTTP would post.
  if (str(body, 'envelope_id') !== undefined) return isFields(at(body, 'payload')) && (type === undefined || type === 'events_api') ? cutBody(at(body, 'payload')) : [{ envelope: body }];
  if (type === 'event_callback' || (isFields(at(body, 'event')) && str(body, 'event', 'type') !== undefined && str(body, 'team_id') !== undefined)) return [{ envelope: body, event: at(body, 'event') }];
  // What was captured may be the pair of headers and body.
  if (type === undefined && isFields(at(body, 'body')) && str(body, 'body', 'type') !== undefined) return cutBody(at(body, 'body'));
  if (type === 'app_rate_limited') return [{ envelope: body, event: body }];
  if (isOther(body, type)) return [{ envelope: body }];
  const messages = list(body, 'messages');
  if (messages.length > 0 && messages.every((each) => TS.test(str(each, 'ts') ?? ''))) {
    return messages.map((each) => ({ envelope: body, event: isFields(each) ? { channel: str(body, 'channel'), ...each, type: 'message' } : each }));
  }
  if (isFields(at(body, 'message')) && TS.test(str(body, 'message', 'ts') ?? '') && str(body, 'channel') !== undefined && type === undefined) {
    return [{ envelope: body, event: { ...at(body, 'message') as Fields, channel: str(body, 'channel'), type: 'message' } }];
  }
  return isBare(body, type) ? [{ envelope: {}, event: type === undefined ? { ...body, type: 'message' } : body }] : undefined;
}

function isOther(body: Fields, type: string | undefined): boolean {
  if (type === 'url_verification') return str(body, 'challenge') !== undefined;
  if (type === 'hello') return Object.hasOwn(body, 'num_connections') || Object.hasOwn(body, 'connection_info') || Object.hasOwn(body, 'debug_info');
  if (type === 'disconnect') return str(body, 'reason') !== undefined;
  return type !== undefined && Object.hasOwn(OTHERS, type) && (isFields(at(body, 'team')) || str(body, 'team_id') !== undefined || isFields(at(body, 'user')));
}

/** An event without its envelope: a time as Slack writes it tells it from the events of others. */
function isBare(body: Fields, type: string | undefined): boolean {
  const stamped = TS.test(str(body, 'event_ts') ?? '') || TS.test(str(body, 'ts') ?? '');
  if (type === undefined) return TS.test(str(body, 'ts') ?? '') && (str(body, 'channel') ?? str(body, 'client_msg_id') ?? str(body, 'bot_id')) !== undefined;
  if (type === 'message') return stamped || (TS.test(str(body, 'message', 'ts') ?? '') && str(body, 'subtype') !== undefined) || str(body, 'deleted_ts') !== undefined;
  if (stamped) return true;
  return isKnownEvent(type) && (isFields(at(body, 'item')) || isFields(at(body, 'channel')) || isFields(at(body, 'user')) || isFields(at(body, 'bot')) || isFields(at(body, 'tokens')) || /^[A-Z][A-Z0-9]{4,}$/.test(str(body, 'channel') ?? str(body, 'user') ?? '') || type === 'app_uninstalled');
}

/** What stands there instead: names only, never what somebody wrote. */
function found(body: unknown): string {
  if (Array.isArray(body)) return body.length === 0 ? 'This is an empty list.' : 'This is a list of something else.';
  if (!isFields(body)) return 'This is a bare value.';
  const keys = Object.keys(body).slice(0, 6).map((key) => tidy(key).slice(0, 40));
  return keys.length === 0 ? 'This one is empty.' : `This one has ${keys.join(', ')}.`;
}

/** Pure. `known` is what a connection knows beyond the event; without it people and channels are told by their ids. */
export function decode(piece: unknown, known: Known = {}): readonly Decoded[] {
  const envelope = at(piece, 'envelope');
  const event = at(piece, 'event');
  const context = contextOf(isFields(envelope) ? envelope : {}, known);
  const items: readonly NetworkItem[] = isFields(event) ? decodeEvent(context, event) : [other(context, isFields(envelope) ? envelope : {}, event)];
  return [{ ...(context.account === undefined ? {} : { account: context.account }), items }];
}

function other(context: ReturnType<typeof contextOf>, envelope: Fields, event: unknown): NetworkItem {
  const type = str(envelope, 'type') ?? 'unknown';
  const known = event === undefined && Object.hasOwn(OTHERS, type) ? OTHERS[type] : undefined;
  if (known !== undefined) return unsupported(context, { what: type, item: envelope, ...known });
  return unsupported(context, { what: type, reason: event === undefined ? `Slack sent "${type.slice(0, 60)}", which the bridge does not know.` : 'Slack sent an event that is none.', item: envelope });
}
