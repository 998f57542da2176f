import { foundIn } from '../../shared/found-in.ts';
import { at, isFields, list, parseJson, str, type Fields } from '../../shared/json.ts';
import type { NetworkItem } from '../../../model/events.ts';
import { type Decoded, NotThisNetwork } from '../../network.ts';
import { isAppMessage, messageOfApp, roomOfApp } from './apps.ts';
import { alone, conversationOf, type Context, digest, roomOf, unsupported } from './context.ts';
import { isExported, messageOfExport } from './export.ts';
import { decodeHook, isHook } from './hook.ts';
import { decodeLivechat, isLivechat } from './livechat.ts';
import { decodeMessage } from './message.ts';
import { decodeRoom, decodeStream, deleted, deletedOf } from './stream.ts';

/** What is decoded apart. `rid`: the room that what stands around it names. */
export type Piece =
  | { readonly kind: 'message'; readonly value: unknown; readonly rid?: string }
  | { readonly kind: 'stream'; readonly collection: string; readonly eventName: string; readonly args: readonly unknown[] }
  | { readonly kind: 'deleted'; readonly value: unknown; readonly rid?: string }
  | { readonly kind: 'room'; readonly value: unknown }
  | { readonly kind: 'hook' | 'livechat' | 'app' | 'exported'; readonly value: unknown }
  | { readonly kind: 'other'; readonly what: string; readonly reason: string };

const LOOKED_FOR = 'Frames of Rocket.Chat’s WebSocket ({"msg":"changed","collection":"stream-room-messages",…}), answers of its REST API ({"messages":[…]}), messages ({"_id","rid","msg","u"}) or the body of an outgoing or Omnichannel webhook were looked for.';

/** @throws NotThisNetwork */
export function split(raw: Uint8Array): readonly Piece[] {
  const text = Buffer.from(raw).toString('utf8');
  let body: unknown;
  try {
    body = parseJson(raw);
  } catch (error) {
    const lines = frames(text);
    if (lines === undefined) throw error;
    body = lines;
  }
  const pieces = cut(body, 0);
  if (pieces === undefined || !pieces.some(({ kind }) => kind !== 'other')) {
    if (pieces !== undefined && pieces.length > 0 && isOurs(body)) return pieces;
    throw new NotThisNetwork(`${LOOKED_FOR} ${foundIn(body)}`);
  }
  return pieces;
}

/** One frame a line, as tools keep them: maybe with an arrow or a time before it; `a["…"]` is how SockJS wraps them. */
function frames(text: string): readonly unknown[] | undefined {
  const made: unknown[] = [];
  for (const line of text.split(/\r?\n/)) {
    const start = line.search(/[[{]/);
    if (line.trim() === '' || /^[oh]$/.test(line.trim())) continue;
    if (start === -1 || start > 60) return undefined;
    try {
      made.push(parseJson(line.slice(start).replace(/,\s*$/, '')));
    } catch {
      made.push(line);
    }
  }
  return made.some((each) => typeof each === 'object') ? made : undefined;
}

/** Undefined where it is nothing of Rocket.Chat's. */
function cut(body: unknown, depth: number): readonly Piece[] | undefined {
  if (depth > 6) return undefined;
  if (typeof body === 'string' && /^\s*(?:a?\[|\{)/.test(body)) {
    try {
      return cut(parseJson(body.replace(/^\s*a(?=\[)/, '')), depth + 1);
    } catch {
      return undefined;
    }
  }
  if (Array.isArray(body)) {
    const all = body.map((each) => cut(each, depth + 1));
    if (body.length > 0 && all.every((each) => each === undefined)) return undefined;
    return all.flatMap((each, index) => each ?? [{ kind: 'other' as const, what: `item ${index + 1}`, reason: 'It is nothing that Rocket.Chat sends.' }]);
  }
  if (!isFields(body)) return undefined;
  if (isMessage(body)) return [{ kind: 'message', value: body }];
  const posted = isHook(body) ? 'hook' : isLivechat(body) ? 'livechat' : isAppMessage(body) ? 'app' : undefined;
  return frame(body) ?? (posted === undefined ? undefined : [{ kind: posted, value: body }]) ?? answer(body, depth) ?? bare(body);
}

function isMessage(body: Fields): boolean {
  return str(body, '_id') !== undefined && str(body, 'rid') !== undefined
    && (isFields(at(body, 'u')) || typeof at(body, 'msg') === 'string' || at(body, 'ts') !== undefined) && !Object.hasOwn(body, 'unread_not_loaded') && !isSubscription(body);
}

/** `{_id, rid, u, t: 'c', unread, open}`: how the account sees a room. */
function isSubscription(body: Fields): boolean {
  return typeof at(body, 'msg') !== 'string' && typeof at(body, 'unread') === 'number' && /^[cpdl]$/.test(str(body, 't') ?? '');
}

const PROTOCOL: Readonly<Record<string, string>> = {
  connected: 'The server took the connection.', connect: 'A connection was asked for.', ping: 'Asks whether the other side is there.', pong: 'Says that this side is there.',
  ready: 'A subscription began.', nosub: 'A subscription was refused or has ended.', sub: 'A subscription was asked for.', unsub: 'A subscription was ended.',
  method: 'A method was called.', updated: 'What a method did is done.', failed: 'The server takes another version of the protocol.', error: 'The server did not understand a frame.',
};

function frame(body: Fields): readonly Piece[] | undefined {
  const msg = str(body, 'msg');
  const collection = str(body, 'collection');
  if (msg === 'changed' && collection !== undefined && isFields(at(body, 'fields'))) {
    const eventName = str(body, 'fields', 'eventName');
    const args = at(body, 'fields', 'args');
    if (eventName === undefined || !Array.isArray(args)) return [{ kind: 'other', what: collection, reason: 'A document of the server changed; nothing of it has a place in a room.' }];
    return [{ kind: 'stream', collection, eventName, args }];
  }
  if ((msg === 'added' || msg === 'removed' || msg === 'changed') && collection !== undefined) {
    return [{ kind: 'other', what: collection, reason: 'A document of the server came or went; nothing of it has a place in a room.' }];
  }
  if (msg === 'result') {
    const error = at(body, 'error');
    if (isFields(error)) return [{ kind: 'other', what: 'result', reason: `A method was refused: ${str(error, 'reason') ?? str(error, 'message') ?? str(error, 'error') ?? 'without a reason'}.` }];
    const inner = cut(at(body, 'result'), 3);
    return inner ?? [{ kind: 'other', what: 'result', reason: 'The answer of a method, without messages.' }];
  }
  if (msg !== undefined && Object.hasOwn(PROTOCOL, msg) && str(body, 'rid') === undefined) return [{ kind: 'other', what: msg, reason: PROTOCOL[msg] ?? '' }];
  if (Object.hasOwn(body, 'server_id') && Object.keys(body).length === 1) return [{ kind: 'other', what: 'server_id', reason: 'The greeting of the server.' }];
  return undefined;
}

const ROOMS = ['room', 'channel', 'group', 'discussion', 'team'] as const;

/** `{success, messages | message | result | update | …}` of the REST API. */
function answer(body: Fields, depth: number): readonly Piece[] | undefined {
  const rid = str(body, 'rid') ?? str(body, 'room', '_id') ?? str(body, 'roomId');
  const here = rid === undefined ? {} : { rid };
  const messages = at(body, 'messages');
  if (Array.isArray(messages) && (messages.length > 0 ? messages.some(looksLikeMessage) : Object.hasOwn(body, 'success'))) {
    if (messages.length === 0) return [{ kind: 'other', what: 'messages', reason: 'An answer of the REST API without any message.' }];
    return messages.map((value): Piece => ({ kind: 'message', value, ...here }));
  }
  if (isFields(messages) && (Array.isArray(at(messages, 'update')) || Array.isArray(at(messages, 'remove')))) return updates(messages, here);
  const threads = at(body, 'threads');
  if (Array.isArray(threads) && threads.some(looksLikeMessage)) return threads.map((value): Piece => ({ kind: 'message', value, ...here }));
  if (isFields(threads) && Array.isArray(at(threads, 'update'))) return updates(threads, here);
  const message = at(body, 'message');
  if (looksLikeMessage(message)) return [{ kind: 'message', value: message, ...here }];
  const result = at(body, 'result');
  const changes = isFields(result) ? result : body;
  if (Array.isArray(at(changes, 'updated')) || Array.isArray(at(changes, 'deleted'))) {
    return [
      ...list(changes, 'updated').map((value): Piece => ({ kind: 'message', value, ...here })),
      ...list(changes, 'deleted').map((value): Piece => ({ kind: 'deleted', value, ...here })),
    ];
  }
  if (Array.isArray(at(body, 'update')) && Array.isArray(at(body, 'remove'))) return updates(body, here);
  for (const key of ROOMS) if (isRoom(at(body, key))) return [{ kind: 'room', value: at(body, key) }];
  for (const key of ['channels', 'groups', 'ims', 'rooms', 'discussions']) {
    const rooms = at(body, key);
    if (Array.isArray(rooms) && rooms.some(isRoom)) return rooms.map((value): Piece => ({ kind: 'room', value }));
  }
  if (at(body, 'success') === false) return [{ kind: 'other', what: 'error', reason: `The REST API refused a call: ${(str(body, 'error') ?? str(body, 'errorType') ?? 'without a reason').replace(/\.$/, '')}.` }];
  if (isFields(result) || Array.isArray(result)) return cut(result, depth + 1);
  if (typeof at(body, 'success') === 'boolean') return [{ kind: 'other', what: 'answer', reason: 'An answer of the REST API without messages.' }];
  return undefined;
}

const SUBSCRIPTION: Piece = { kind: 'other', what: 'subscription', reason: 'How the account itself sees a room: what it has read, and what it is told of.' };

function updates(changes: unknown, here: { readonly rid?: string }): readonly Piece[] {
  const updated = list(changes, 'update').map((value): Piece => {
    if (isRoom(value)) return { kind: 'room', value };
    return isFields(value) && isSubscription(value) ? SUBSCRIPTION : { kind: 'message', value, ...here };
  });
  const removed = list(changes, 'remove').map((value): Piece => (
    at(value, '_deletedAt') === undefined ? { kind: 'other', what: 'remove', reason: 'Something that is not there any more.' } : { kind: 'deleted', value, ...here }));
  return [...updated, ...removed];
}

function bare(body: Fields): readonly Piece[] | undefined {
  if (str(body, 'collection')?.startsWith('stream-') === true && Array.isArray(at(body, 'args')) && str(body, 'eventName') !== undefined) {
    return [{ kind: 'stream', collection: str(body, 'collection') ?? '', eventName: str(body, 'eventName') ?? '', args: list(body, 'args') }];
  }
  if (isRoom(body)) return [{ kind: 'room', value: body }];
  if (isSubscription(body)) return [SUBSCRIPTION];
  if (isExported(body)) return [{ kind: 'exported', value: body }];
  // `fields` alone, as some tools keep it: only messages look like what they are.
  if (str(body, 'eventName') !== undefined && Array.isArray(at(body, 'args'))) {
    const kind = str(body, 'eventName')?.split('/').at(-1) ?? '';
    const collection = /^(?:user-activity|typing|deleteMessage|deleteMessageBulk|messagesRead)$/.test(kind) ? 'stream-notify-room'
      : /^(?:rooms-changed|subscriptions-changed|notification|message)$/.test(kind) ? 'stream-notify-user'
        : list(body, 'args').some(looksLikeMessage) ? 'stream-room-messages' : undefined;
    if (collection !== undefined) return [{ kind: 'stream', collection, eventName: str(body, 'eventName') ?? '', args: list(body, 'args') }];
  }
  return undefined;
}

function looksLikeMessage(value: unknown): boolean {
  return isFields(value) && str(value, '_id') !== undefined && (typeof at(value, 'msg') === 'string' || isFields(at(value, 'u'))) && (str(value, 'rid') !== undefined || isFields(at(value, 'u')));
}

function isRoom(value: unknown): boolean {
  return isFields(value) && str(value, '_id') !== undefined && /^[cpdlv]$/.test(str(value, 't') ?? '') && str(value, 'rid') === undefined && typeof at(value, 'msg') !== 'string';
}

/** Whether it surely came from Rocket.Chat, even where nothing of it has a place. */
function isOurs(body: unknown): boolean {
  if (Array.isArray(body)) return body.some(isOurs);
  if (typeof body === 'string') return true;
  if (!isFields(body)) return false;
  const msg = str(body, 'msg') ?? '';
  return Object.hasOwn(PROTOCOL, msg) || ['result', 'added', 'removed', 'changed'].includes(msg)
    || typeof at(body, 'success') === 'boolean' || Object.hasOwn(body, 'server_id') || isSubscription(body);
}

export function decodePiece(piece: unknown, context: Context = alone): readonly Decoded[] {
  const items = itemsOf(piece as Piece, context);
  // Where nothing in it is as it should be, that is told.
  return [{ items: items.length > 0 ? items : [unsupported((piece as Piece).kind, 'Nothing in it can be read.', { key: digest(piece) })] }];
}

function itemsOf(piece: Piece, context: Context): readonly NetworkItem[] {
  switch (piece.kind) {
    case 'message': return decodeMessage(context, withRoom(piece.value, piece.rid));
    case 'stream': return decodeStream(context, piece.collection, piece.eventName, piece.args);
    case 'room': return decodeRoom(context, piece.value);
    case 'hook': return decodeHook(context, piece.value);
    case 'livechat': return decodeLivechat(context, piece.value);
    case 'exported': return decodeMessage({ ...context, historical: true }, messageOfExport(piece.value));
    case 'app': {
      const room = roomOfApp(at(piece.value, 'room'));
      return decodeMessage({ ...context, room: (rid) => context.room(rid) ?? room }, messageOfApp(piece.value));
    }
    case 'deleted': {
      const [gone] = deletedOf([piece.value]);
      if (gone === undefined) return [unsupported('deleted', 'Something was deleted that is not named.', { key: digest(piece.value) })];
      const rid = str(piece.value, 'rid') ?? piece.rid;
      if (rid === undefined) return [unsupported('deleted', `The message ${gone.id} was deleted; in which room stood in the question, not in this answer.`, { key: gone.id, time: gone.time })];
      return deleted([gone.id], conversationOf(context, roomOf(context, rid)), gone.time);
    }
    case 'other': return [unsupported(piece.what, piece.reason, { key: digest(piece.reason) })];
  }
}

function withRoom(value: unknown, rid: string | undefined): unknown {
  return isFields(value) && str(value, 'rid') === undefined && rid !== undefined ? { ...value, rid } : value;
}
