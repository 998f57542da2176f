import { asTime } from '../../model/clock.ts';
import { DeliveryError, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { MatrixEvent } from '../../model/events.ts';
import type { EventId, Mxc, RoomId, UserId } from '../../model/ids.ts';
import type { MediaStream } from '../../model/media.ts';
import type { Homeserver } from '../homeserver.ts';
import { downloadMedia, uploadLimit, uploadMedia } from './media.ts';
import { Requester } from './request.ts';
import type { RequesterOptions, RequestSpec } from './request.ts';

export interface HomeserverOptions extends RequesterOptions {
  readonly bot: UserId;
  /**
   * Sends carry this device of the sender (`?device_id=`, MSC4326, made with MSC4190 where it is missing), so that the
   * homeserver remembers transaction ids for 24 hours and over its own restarts. Absent: without a device.
   */
  readonly deviceId?: string;
}

/** What the homeserver says of itself. Ask for features, not versions: Synapse's newest version stays behind what it does. */
interface Features {
  readonly versions: readonly string[];
  readonly unstable: Readonly<Record<string, boolean>>;
}

export type HomeserverClient = Homeserver & {
  /** GET /_matrix/client/versions */
  features(): Promise<Features>;
  /** Who the token belongs to, by GET /account/whoami. */
  whoami(): Promise<UserId>;
  /** GET /profile/{user}: the name that people see; null where there is none. */
  displayName(user: UserId): Promise<string | null>;
  /** POST /_matrix/client/v1/appservice/{id}/ping (v1.7): the homeserver calls us back; it also ends its back-off. Milliseconds. */
  pingUs(registrationId: string, transactionId: string): Promise<number>;
  close(): Promise<void>;
};

const V3 = '/_matrix/client/v3';
const enc = encodeURIComponent;

/** The homeserver over HTTP. See `Homeserver` for what each call throws. */
export function createHomeserver(options: HomeserverOptions): HomeserverClient {
  const http = new Requester(options);
  const { bot } = options;
  const serverName = bot.slice(bot.indexOf(':') + 1);
  const same = (what: string, method: 'GET' | 'POST' | 'PUT', path: string, more: Partial<RequestSpec> = {}): RequestSpec =>
    ({ what, method, path, repeat: 'same', ...more });
  const withDevice = deviceSends(http, options.deviceId);

  async function put(spec: RequestSpec): Promise<EventId> {
    return eventId(await withDevice(spec), spec.what);
  }

  const client: HomeserverClient = {
    bot,
    serverName,
    ping: () => there(async () => {
      await client.features();
      const user = await client.whoami();
      if (user !== bot) throw new Unreachable(`the token belongs to ${user}, not to ${bot}`, 'WRONG_USER');
    }),
    beat: () => there(() => done(client.features())),
    async features() {
      const body = await http.json(same('versions', 'GET', '/_matrix/client/versions'));
      const unstable = isObject(body['unstable_features']) ? Object.entries(body['unstable_features']) : [];
      return {
        versions: Array.isArray(body['versions']) ? body['versions'].filter((one) => typeof one === 'string') : [],
        unstable: Object.fromEntries(unstable.map(([name, on]) => [name, on === true])),
      };
    },
    async whoami() {
      return text(await http.json(same('whoami', 'GET', `${V3}/account/whoami`)), 'user_id', 'whoami') as UserId;
    },
    actsFor: async (user) => {
      const found = text(await http.json(same('whoami', 'GET', `${V3}/account/whoami`, { as: user })), 'user_id', 'whoami');
      if (found !== user) throw new Rejected(`whoami: the token belongs to ${found}, not to ${user}`, 'WRONG_USER');
    },
    async pingUs(registrationId, transactionId) {
      const path = `/_matrix/client/v1/appservice/${enc(registrationId)}/ping`;
      const body = await http.json(same('ping', 'POST', path, { body: { transaction_id: transactionId } }));
      return Number(body['duration_ms'] ?? 0);
    },

    // A time of 0 is one that the network did not tell: the event is of now, not of 1970.
    send: (as, room, type, txn, content, ts) =>
      put({ what: 'send', method: 'PUT', path: `${rooms(room)}/send/${enc(type)}/${enc(txn)}`, as, query: { ts: ts === 0 ? undefined : ts }, body: content, repeat: 'twice' }),
    redact: (as, room, event, txn, reason) =>
      put({
        what: 'redact', method: 'PUT', path: `${rooms(room)}/redact/${enc(event)}/${enc(txn)}`, as,
        body: reason === undefined ? {} : { reason }, repeat: 'twice',
      }),
    // A state event equal to the one that stands is answered with that one's id: repeating it changes nothing.
    setState: async (as, room, type, stateKey, content) =>
      eventId(await http.json(same('setState', 'PUT', statePath(room, type, stateKey), { as, body: content })), 'setState'),
    getState: (as, room, type, stateKey) =>
      orNull(http.json(same('getState', 'GET', statePath(room, type, stateKey), { as }))),
    state: async (as, room) => events(await http.list(same('state', 'GET', `${rooms(room)}/state`, { as }))),
    event: async (as, room, event) => {
      const [found] = events([await http.json(same('event', 'GET', `${rooms(room)}/event/${enc(event)}`, { as }))]);
      if (found === undefined) throw new Retry("event: the homeserver's answer is no event", 'BAD_ANSWER');
      return found;
    },
    async messages(as, room, { from, limit }) {
      const body = await http.json(same('messages', 'GET', `${rooms(room)}/messages`, { as, query: { dir: 'b', from, limit } }));
      return { events: events(body['chunk']), ...(typeof body['end'] === 'string' ? { end: body['end'] } : {}) };
    },

    createRoom: async (as, body) =>
      text(await http.json({ what: 'createRoom', method: 'POST', path: `${V3}/createRoom`, as, body, repeat: 'twice' }), 'room_id', 'createRoom') as RoomId,
    async resolveAlias(alias) {
      const body = await orNull(http.json(same('resolveAlias', 'GET', `${V3}/directory/room/${enc(alias)}`)));
      return body === null ? null : (text(body, 'room_id', 'resolveAlias') as RoomId);
    },
    join: (as, room, via) => done(http.json(via === undefined
      ? same('join', 'POST', `${rooms(room)}/join`, { as })
      // The older name of the same parameter beside the one of spec v1.12.
      : same('join', 'POST', `${V3}/join/${enc(room)}`, { as, query: { via, server_name: via }, body: {} }))),
    // `POST …/invite` takes no `is_direct` (client-server API, "m.room.member"); as state the same invitation can say it.
    invite: (as, room, user, direct = false) => done(http.json(direct
      ? same('invite', 'PUT', statePath(room, 'm.room.member', user), { as, body: { membership: 'invite', is_direct: true } })
      : same('invite', 'POST', `${rooms(room)}/invite`, { as, body: { user_id: user } }))),
    leave: (as, room, reason) => done(http.json(same('leave', 'POST', `${rooms(room)}/leave`, { as, ...(reason === undefined ? {} : { body: { reason } }) }))),
    members: async (as, room) => events((await http.json(same('members', 'GET', `${rooms(room)}/members`, { as })))['chunk']),

    async register(localpart) {
      const body = { type: 'm.login.application_service', username: localpart, inhibit_login: true };
      await allow('M_USER_IN_USE', http.json(same('register', 'POST', `${V3}/register`, { body })));
    },
    async displayName(user) {
      const body = await orNull(http.json(same('displayName', 'GET', `${V3}/profile/${enc(user)}`)));
      return typeof body?.['displayname'] === 'string' ? body['displayname'] : null;
    },
    setDisplayName: (as, name) => done(http.json(same('setDisplayName', 'PUT', profile(as, 'displayname'), { as, body: { displayname: name } }))),
    setAvatar: (as, mxc) => done(http.json(same('setAvatar', 'PUT', profile(as, 'avatar_url'), { as, body: { avatar_url: mxc } }))),

    upload: (as: UserId, media: MediaStream): Promise<Mxc> => uploadMedia(http, as, media),
    download: (mxc: Mxc, signal: AbortSignal): Promise<MediaStream> => downloadMedia(http, mxc, signal),
    uploadLimit: () => uploadLimit(http),

    typing: (as, room, active, timeoutMs) =>
      done(http.json(same('typing', 'PUT', `${rooms(room)}/typing/${enc(as)}`, { as, body: active ? { typing: true, timeout: timeoutMs } : { typing: false } }))),
    receipt: (as, room, event) => done(http.json(same('receipt', 'POST', `${rooms(room)}/receipt/m.read/${enc(event)}`, { as }))),
    readUpTo: (as, room, event) => done(http.json(same('readUpTo', 'POST', `${rooms(room)}/read_markers`, { as, body: { 'm.fully_read': event, 'm.read': event } }))),
    setFullyRead: (room, event) => done(http.json(same('setFullyRead', 'POST', `${rooms(room)}/read_markers`, { body: { 'm.fully_read': event } }))),
    async fullyRead(room) {
      const path = `${V3}/user/${enc(bot)}/rooms/${enc(room)}/account_data/m.fully_read`;
      const body = await orNull(http.json(same('fullyRead', 'GET', path)));
      return body === null ? null : (text(body, 'event_id', 'fullyRead') as EventId);
    },
    accountData: (type, as) => orNull(http.json(same('accountData', 'GET', accountDataPath(as ?? bot, type), as === undefined ? {} : { as }))),
    setAccountData: (type, content, as) => done(http.json(same('setAccountData', 'PUT', accountDataPath(as ?? bot, type), { body: content, ...(as === undefined ? {} : { as }) }))),
    close: () => http.close(),
  };
  return client;
}

/** The second is what Synapse said before MSC4326 gave the case a code of its own. */
const NO_DEVICE = new Set(['M_UNKNOWN_DEVICE', 'M_EXCLUSIVE']);

/** Whatever it says instead of an answer, it is not there. */
async function there(ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (error instanceof Unreachable || !(error instanceof DeliveryError)) throw error;
    throw new Unreachable(error.message, error.code);
  }
}

/**
 * Repeatable sends name a device of the sender. It is made the first time the homeserver misses it (so
 * the send was surely not done); a homeserver that cannot make one is sent to without from then on.
 */
function deviceSends(http: Requester, deviceId: string | undefined): (spec: RequestSpec) => Promise<Record<string, unknown>> {
  let device = deviceId;
  return async (spec) => {
    // A device of a person's own account would stand among their sessions.
    if (device === undefined || http.isPuppet(spec)) return http.json(spec);
    const named = { ...spec, query: { ...spec.query, device_id: device } };
    try {
      return await http.json(named);
    } catch (error) {
      if (!(error instanceof Rejected) || !NO_DEVICE.has(error.code) || spec.as === undefined) throw error;
    }
    try {
      await http.json({ what: 'device', method: 'PUT', path: `${V3}/devices/${enc(device)}`, as: spec.as, body: {}, repeat: 'same' });
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      device = undefined;
      return http.json(spec);
    }
    return http.json(named);
  };
}

function rooms(room: RoomId): string {
  return `${V3}/rooms/${enc(room)}`;
}

function statePath(room: RoomId, type: string, stateKey: string): string {
  return `${rooms(room)}/state/${enc(type)}${stateKey === '' ? '' : `/${enc(stateKey)}`}`;
}

function accountDataPath(user: UserId, type: string): string {
  return `${V3}/user/${enc(user)}/account_data/${enc(type)}`;
}

function profile(user: UserId, field: string): string {
  return `${V3}/profile/${enc(user)}/${field}`;
}

async function done(call: Promise<unknown>): Promise<void> {
  await call;
}

async function allow(errcode: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Rejected) || error.code !== errcode) throw error;
  }
}

async function orNull(call: Promise<Record<string, unknown>>): Promise<Record<string, unknown> | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Rejected && error.code === 'M_NOT_FOUND') return null;
    throw error;
  }
}

function eventId(body: Record<string, unknown>, what: string): EventId {
  return text(body, 'event_id', what) as EventId;
}

/** A 2xx answer without what it must hold: for a send the outcome is then unknown, for a read it is a bad answer. */
function text(body: Record<string, unknown>, key: string, what: string): string {
  const value = body[key];
  if (typeof value === 'string') return value;
  const message = `${what}: the homeserver's answer has no ${key}`;
  throw what === 'send' || what === 'redact' || what === 'createRoom' ? new Uncertain(message, 'BAD_ANSWER') : new Retry(message, 'BAD_ANSWER');
}

/** The entries that are events; another homeserver's nonsense among them is left out. */
function events(list: unknown): MatrixEvent[] {
  if (!Array.isArray(list)) return [];
  return list.filter(
    (one): one is MatrixEvent =>
      isObject(one) && typeof one['type'] === 'string' && typeof one['sender'] === 'string' && typeof one['event_id'] === 'string' && isObject(one['content']),
  ).map((event) => ({ ...event, origin_server_ts: asTime(Number(event.origin_server_ts) || 0) }));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
