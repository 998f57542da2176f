import { randomBytes } from 'node:crypto';
import { MatrixFailure, forbidden, notFound } from './errors.ts';
import type { CreateRoomBody, Rooms } from './rooms.ts';
import type { World } from './world.ts';

/** Who a request speaks for. */
export interface Caller {
  readonly user: string;
  /** The token is the application service's. */
  readonly service: boolean;
  readonly device: string | undefined;
}

export interface Call {
  readonly method: string;
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
  readonly raw: Buffer;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly caller: Caller;
}

/** Bytes instead of JSON. */
export interface BytesAnswer {
  readonly bytes: Buffer;
  readonly mime: string;
  readonly name?: string;
}

export interface Context {
  readonly world: World;
  readonly rooms: Rooms;
  readonly serverName: string;
  readonly uploadLimit: number;
  readonly registrationId: string;
  readonly inNamespace: (user: string) => boolean;
  readonly ephemeral: (edu: { readonly type: string; readonly room_id: string; readonly content: Record<string, unknown> }) => void;
  readonly pingService: (transactionId: unknown) => Promise<number>;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly pattern: RegExp;
  /** Answered from memory when it comes again. */
  readonly txn?: boolean;
  readonly open?: boolean;
  /** The service itself asks, whoever `user_id` names. */
  readonly unmasked?: boolean;
  readonly run: (context: Context, call: Call) => unknown;
}

const V3 = '/_matrix/client/(?:v3|r0)';

function at(method: Endpoint['method'], path: string, run: Endpoint['run'], more: Partial<Endpoint> = {}): Endpoint {
  return { method, pattern: new RegExp(`^${path.replaceAll(':x', '([^/]*)')}$`), run, ...more };
}

function onRoom(run: (context: Context, call: Call, room: ReturnType<Rooms['get']>) => unknown): Endpoint['run'] {
  return (context, call) => run(context, call, context.rooms.get(call.params[0]!));
}

function sent(context: Context, call: Call, room: string, send: () => string): object {
  const txn = call.params.at(-1);
  const key = JSON.stringify([room, call.caller.user, call.caller.device, txn]);
  const known = call.caller.device === undefined ? undefined : context.world.deviceTxns.get(key);
  const event = known ?? send();
  if (call.caller.device !== undefined && known === undefined) context.world.apply({ op: 'deviceTxn', key, event });
  return { event_id: event };
}

/** Homeservers refuse numbers that canonical JSON has no form for. */
function requireCanonical(value: unknown): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new MatrixFailure(400, 'M_BAD_JSON', 'Bad JSON value: float');
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(requireCanonical);
}

function timestamp(call: Call): number | undefined {
  const ts = call.query.get('ts');
  return ts !== null && call.caller.service ? Number(ts) : undefined;
}

function messages(context: Context, call: Call, room: ReturnType<Rooms['get']>): object {
  context.rooms.requireJoined(room, call.caller.user);
  const limit = Math.min(Number(call.query.get('limit') ?? 10), 1000);
  const from = call.query.get('from');
  const end = from === null ? room.timeline.length : Number(from.slice(1));
  const start = Math.max(0, end - limit);
  return { chunk: room.timeline.slice(start, end).toReversed(), start: `t${end}`, ...(start > 0 ? { end: `t${start}` } : {}) };
}

function upload(context: Context, call: Call): object {
  if (call.raw.length > context.uploadLimit) throw new MatrixFailure(413, 'M_TOO_LARGE', 'Upload request body is too large');
  const id = randomBytes(12).toString('base64url');
  const name = call.query.get('filename');
  const mime = String(call.headers['content-type'] ?? 'application/octet-stream');
  context.world.apply({ op: 'media', id, mime, base64: call.raw.toString('base64'), ...(name === null ? {} : { name }) });
  return { content_uri: `mxc://${context.serverName}/${id}` };
}

function download(context: Context, call: Call): BytesAnswer {
  const found = call.params[0] === context.serverName ? context.world.media.get(call.params[1]!) : undefined;
  if (found === undefined) throw notFound('Not found');
  return { bytes: found.data, mime: found.mime, ...(found.name === undefined ? {} : { name: found.name }) };
}

function register(context: Context, call: Call): object {
  if (call.body['type'] !== 'm.login.application_service') throw new MatrixFailure(403, 'M_FORBIDDEN', 'Registration has been disabled');
  const user = `@${String(call.body['username'])}:${context.serverName}`;
  if (!context.inNamespace(user)) throw new MatrixFailure(400, 'M_EXCLUSIVE', 'Invalid user localpart for this application service.');
  if (context.world.users.has(user)) throw new MatrixFailure(400, 'M_USER_IN_USE', 'User ID already taken.');
  context.world.apply({ op: 'user', id: user });
  return call.body['inhibit_login'] === true ? { user_id: user } : { user_id: user, access_token: randomBytes(16).toString('hex'), device_id: 'NEW' };
}

function setProfile(context: Context, call: Call): object {
  const [user, field] = call.params as [string, string];
  if (user !== call.caller.user) throw forbidden("Cannot set another user's profile");
  if (!context.world.users.has(user)) throw notFound('no such user');
  context.world.apply({ op: 'profile', user, field, value: call.body[field] });
  context.rooms.profileChanged(user);
  return {};
}

function readMarkers(context: Context, call: Call): object {
  const read = call.body['m.fully_read'];
  if (typeof read === 'string') context.world.apply({ op: 'account', key: accountKey(call.caller.user, call.params[0]!, 'm.fully_read'), content: { event_id: read } });
  return {};
}

function accountKey(user: string, room: string, type: string): string {
  return JSON.stringify([user, room, type]);
}

function own(call: Call, user: string): void {
  if (user !== call.caller.user) throw forbidden('not your own');
}

const versions = ['r0.6.1', 'v1.1', 'v1.2', 'v1.3', 'v1.4', 'v1.5', 'v1.6', 'v1.7', 'v1.8', 'v1.9', 'v1.10', 'v1.11', 'v1.12'];

/** The client-server API as far as a bridge and the people around it use it, with Synapse's answers. */
export const ENDPOINTS: readonly Endpoint[] = [
  // It gives out no OpenID tokens, so it knows none.
  at('GET', '/_matrix/federation/v1/openid/userinfo', () => {
    throw new MatrixFailure(401, 'M_UNKNOWN_TOKEN', 'Access Token unknown or expired');
  }, { open: true }),
  at('GET', '/_matrix/client/versions', () => ({ versions, unstable_features: { 'fi.mau.msc2659.stable': true, 'uk.tcpip.msc4133.stable': true } }), { open: true }),
  at('GET', `${V3}/account/whoami`, (_context, { caller }) => ({ user_id: caller.user, ...(caller.device === undefined ? {} : { device_id: caller.device }) })),
  at('POST', `${V3}/register`, register, { unmasked: true }),
  at('PUT', `${V3}/devices/:x`, (context, { caller, params }) => {
    context.world.apply({ op: 'device', key: `${caller.user} ${params[0]!}` });
    return {};
  }),
  at('GET', `${V3}/profile/:x`, (context, { params }) => {
    const profile = context.world.users.get(params[0]!);
    if (profile === undefined) throw notFound('Profile was not found');
    return Object.fromEntries(profile);
  }, { open: true }),
  at('PUT', `${V3}/profile/:x/:x`, setProfile),

  at('POST', `${V3}/createRoom`, (context, { caller, body }) => ({ room_id: context.rooms.create(caller.user, body as CreateRoomBody) })),
  at('GET', `${V3}/directory/room/:x`, (context, { params }) => {
    const room = context.world.aliases.get(params[0]!);
    if (room === undefined) throw notFound(`Room alias ${params[0]!} not found`);
    return { room_id: room, servers: [context.serverName] };
  }, { open: true }),
  at('POST', `${V3}/rooms/:x/join`, onRoom((context, { caller }, room) => {
    context.rooms.change(room, caller.user, caller.user, 'join');
    return { room_id: room.id };
  })),
  at('POST', `${V3}/join/:x`, (context, { caller, params }) => {
    const room = context.rooms.get(context.world.aliases.get(params[0]!) ?? params[0]!);
    context.rooms.change(room, caller.user, caller.user, 'join');
    return { room_id: room.id };
  }),
  at('POST', `${V3}/rooms/:x/leave`, onRoom((context, { caller }, room) => {
    context.rooms.change(room, caller.user, caller.user, 'leave');
    return {};
  })),
  ...['invite', 'kick', 'ban', 'unban'].map((action) =>
    at('POST', `${V3}/rooms/:x/${action}`, onRoom((context, { caller, body }, room) => {
      context.rooms.change(room, caller.user, String(body['user_id']), action, typeof body['reason'] === 'string' ? { reason: body['reason'] } : {});
      return {};
    })),
  ),
  at('GET', `${V3}/rooms/:x/members`, onRoom((context, { caller }, room) => {
    context.rooms.requireJoined(room, caller.user);
    return { chunk: [...room.state.values()].filter((event) => event.type === 'm.room.member') };
  })),
  at('GET', `${V3}/rooms/:x/state`, onRoom((context, { caller }, room) => {
    context.rooms.requireJoined(room, caller.user);
    return [...room.state.values()];
  })),
  at('GET', `${V3}/rooms/:x/state/([^/]+)/?(.*)`, onRoom((context, { caller, params }, room) => {
    context.rooms.requireJoined(room, caller.user);
    const event = room.state.get(`${params[1]!}\0${params[2] ?? ''}`);
    if (event === undefined) throw notFound('Event not found.');
    return event.content;
  })),
  at('PUT', `${V3}/rooms/:x/state/([^/]+)/?(.*)`, onRoom((context, { caller, params, body }, room) => {
    requireCanonical(body);
    return { event_id: context.rooms.setState(room, caller.user, params[1]!, params[2] ?? '', body) };
  })),
  at('PUT', `${V3}/rooms/:x/send/:x/:x`, onRoom((context, call, room) => {
    requireCanonical(call.body);
    return sent(context, call, room.id, () => context.rooms.send(room, call.caller.user, call.params[1]!, call.body, timestamp(call)));
  }), { txn: true }),
  at('PUT', `${V3}/rooms/:x/redact/:x/:x`, onRoom((context, call, room) =>
    sent(context, call, room.id, () => context.rooms.redact(room, call.caller.user, call.params[1]!, call.body['reason'] as string | undefined))), { txn: true }),
  at('GET', `${V3}/rooms/:x/event/:x`, onRoom((context, { caller, params }, room) => {
    context.rooms.requireJoined(room, caller.user);
    const event = context.world.events.get(params[1]!);
    if (event === undefined || event.room_id !== room.id) throw notFound('Event not found.');
    return event;
  })),
  at('GET', `${V3}/rooms/:x/messages`, onRoom(messages)),
  at('PUT', `${V3}/rooms/:x/typing/:x`, onRoom((context, call, room) => {
    own(call, call.params[1]!);
    context.rooms.requireJoined(room, call.caller.user);
    context.ephemeral({ type: 'm.typing', room_id: room.id, content: { user_ids: call.body['typing'] === true ? [call.caller.user] : [] } });
    return {};
  })),
  at('POST', `${V3}/rooms/:x/receipt/:x/:x`, onRoom((context, { caller, params }, room) => {
    context.rooms.requireJoined(room, caller.user);
    context.ephemeral({ type: 'm.receipt', room_id: room.id, content: { [params[2]!]: { [params[1]!]: { [caller.user]: { ts: Date.now() } } } } });
    return {};
  })),
  at('POST', `${V3}/rooms/:x/read_markers`, readMarkers),
  at('GET', `${V3}/user/:x/rooms/:x/account_data/:x`, (context, call) => {
    own(call, call.params[0]!);
    const found = context.world.account.get(accountKey(call.params[0]!, call.params[1]!, call.params[2]!));
    if (found === undefined) throw notFound('Room account data not found');
    return found;
  }),
  at('GET', `${V3}/user/:x/account_data/:x`, (context, call) => {
    own(call, call.params[0]!);
    const found = context.world.account.get(accountKey(call.params[0]!, '', call.params[1]!));
    if (found === undefined) throw notFound('Account data not found');
    return found;
  }),
  at('PUT', `${V3}/user/:x/account_data/:x`, (context, call) => {
    own(call, call.params[0]!);
    context.world.apply({ op: 'account', key: accountKey(call.params[0]!, '', call.params[1]!), content: call.body });
    return {};
  }),

  at('POST', '/_matrix/media/(?:v3|r0)/upload', upload),
  at('GET', '/_matrix/client/v1/media/config', (context) => ({ 'm.upload.size': context.uploadLimit })),
  at('GET', '/_matrix/client/v1/media/download/:x/:x', download),
  at('POST', '/_matrix/client/v1/appservice/:x/ping', async (context, { caller, params, body }) => {
    if (!caller.service || params[0] !== context.registrationId) throw forbidden('This is not your appservice id');
    return { duration_ms: await context.pingService(body['transaction_id']) };
  }),
];
