import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import sharp from 'sharp';
import type { Faults } from './faults.ts';
import { directOf, membershipCalls } from './membership.ts';
import { body, field, formOf, query, refused, type Shape, text } from './shapes.ts';
import { etagOf, type Message, Refused, type Room, type User, type World } from './state.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface Asked {
  readonly user: User;
  readonly request: FastifyRequest;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}
export type Handler = (asked: Asked) => object | Promise<object>;

/** `/api/v1`: the endpoints of the OpenAPI files in RocketChat/Rocket.Chat-Open-API that clients like ours use; all others do not exist. */
export class Rest {
  readonly calls: Call[] = [];
  readonly #app: FastifyInstance;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #spent = new Map<string, { count: number; until: number }>();

  constructor(app: FastifyInstance, world: World, faults: Faults) {
    this.#app = app;
    this.#world = world;
    this.#faults = faults;
    app.get('/api/info', async () => ({ version: world.version.split('.').slice(0, 2).join('.'), success: true }));
    this.#accounts();
    this.#messages();
    this.#roomCalls();
    this.#files();
    membershipCalls(world, {
      route: (method, path, shape, handler) => this.#route(method, path, shape, handler), roomFor: (user, rid) => this.#roomFor(user, rid, true), shown: userOf,
    });
  }

  #route(method: 'GET' | 'POST', path: string, shape: Shape, handler: Handler): void {
    this.#app.route({
      method, url: `/api/v1/${path}`, handler: async (request, reply) => {
        const name = path.split('/')[0] ?? path;
        const fault = this.#fault(name);
        const answer = async (status: number, given: object): Promise<FastifyReply> => {
          this.calls.push({ method, path: name, status });
          return reply.code(status).send(given);
        };
        const lose = (): void => {
          this.calls.push({ method, path: name, status: fault?.status ?? 0 });
          reply.hijack();
          request.raw.socket.destroy();
        };
        if (fault !== undefined && fault.done !== true) return fault.status === 0 ? lose() : answer(fault.status, fault.status === 429 ? tooMany(1) : { status: 'error', message: 'failed on purpose' });
        const user = this.#login(request);
        if (user === undefined) return answer(401, { status: 'error', message: 'You must be logged in to do this.' });
        if (this.#faults.totp) return answer(400, { success: false, error: 'totp-required', details: { method: 'totp', codeGenerated: false, availableMethods: ['totp'] } });
        const wait = this.#limit(user, name);
        if (wait !== undefined) {
          void reply.headers({ 'x-ratelimit-limit': this.#faults.callsPerMinute ?? 0, 'x-ratelimit-remaining': 0, 'x-ratelimit-reset': Date.now() + wait });
          return answer(429, tooMany(Math.ceil(wait / 1000)));
        }
        try {
          const asked: Asked = { user, request, params: request.params as Record<string, string>, query: query(request.query, method === 'GET' ? shape : {}), body: method === 'POST' ? body(request.body, shape) : {} };
          const given = await handler(asked);
          if (fault?.done === true) return fault.status === 0 ? lose() : answer(fault.status, { status: 'error', message: 'failed on purpose' });
          return answer(200, { ...given, success: true });
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          return answer(error.code === 'unauthorized' ? 403 : 400, refused(error));
        }
      },
    });
  }

  #fault(path: string): { status: number; done?: boolean } | undefined {
    const found = this.#faults.failures.find((each) => each.path === path && each.times > 0);
    if (found !== undefined) found.times -= 1;
    return found;
  }

  #login(request: FastifyRequest): User | undefined {
    const { 'x-auth-token': token, 'x-user-id': id } = request.headers;
    const user = typeof id === 'string' ? this.#world.users.get(id) : undefined;
    return user !== undefined && user.token !== null && user.token === token && user.active && !this.#faults.expired ? user : undefined;
  }

  /** Milliseconds until the next call is allowed. */
  #limit(user: User, path: string): number | undefined {
    const most = this.#faults.callsPerMinute;
    if (most === null || this.#world.hasPermission(user, 'api-bypass-rate-limit')) return undefined;
    const key = `${user._id} ${path}`;
    const now = Date.now();
    const spent = this.#spent.get(key);
    if (spent === undefined || spent.until <= now) {
      this.#spent.set(key, { count: 1, until: now + 60_000 });
      return undefined;
    }
    spent.count += 1;
    return spent.count > most ? spent.until - now : undefined;
  }

  #accounts(): void {
    const world = this.#world;
    this.#route('GET', 'me', {}, ({ user }) => ({ ...userOf(user), email: `${user.username}@example.org` }));
    this.#route('GET', 'settings.public', { _id: 'string?', count: 'string?', offset: 'string?' }, ({ query: { _id } }) => {
      const wanted = _id?.split(',');
      return { settings: Object.entries(world.settings).filter(([key]) => wanted?.includes(key) !== false).map(([key, value]) => ({ _id: key, value })), count: 0, offset: 0, total: 0 };
    });
    this.#route('GET', 'permissions.listAll', { updatedSince: 'string?' }, () => ({ update: Object.entries(world.permissions).map(([_id, roles]) => ({ _id, roles })), remove: [] }));
    this.#route('GET', 'users.info', { userId: 'string?', username: 'string?' }, ({ query: { userId, username } }) => {
      const user = userId !== undefined ? world.users.get(userId) : world.userNamed(username ?? '');
      if (user === undefined) throw new Refused('error-invalid-user', 'User not found.');
      return { user: userOf(user) };
    });
    this.#route('POST', 'im.create', { username: 'string?', usernames: 'string?', excludeSelf: 'boolean?' }, ({ user, body: { username, usernames } }) => {
      if (typeof usernames === 'string') return directOf(world, user, usernames.split(','));
      const other = world.userNamed(text(username));
      if (other === undefined) throw new Refused('error-invalid-user', 'Invalid user');
      const room = world.direct(user, other);
      return { room: { ...world.roomOf(room), rid: room._id } };
    });
    this.#route('GET', 'rooms.get', { updatedSince: 'string?' }, ({ user, query: { updatedSince } }) => {
      const since = updatedSince === undefined ? 0 : Date.parse(updatedSince);
      const mine = [...world.rooms.values()].filter(({ members }) => members.includes(user._id));
      return { update: mine.filter(({ _updatedAt }) => _updatedAt.getTime() >= since).map((room) => world.roomOf(room)), remove: [] };
    });
  }

  #messages(): void {
    const world = this.#world;
    this.#route('POST', 'chat.sendMessage', { message: 'object', previewUrls: 'array?' }, ({ user, body: { message: given } }) => {
      const message = given as Readonly<Record<string, unknown>>;
      for (const key of ['_id', 'rid', 'msg', 'alias', 'emoji', 'avatar', 'tmid']) if (message[key] !== undefined && typeof message[key] !== 'string') throw new Refused('error-invalid-params', `message/${key} must be string`);
      if (message['t'] !== undefined) throw new Refused('error', "Cannot send system messages using 'chat.sendMessage'");
      if (message['tshow'] === true && message['tmid'] === undefined) throw new Refused('invalid-params', 'tshow provided but missing tmid');
      const parent = typeof message['tmid'] === 'string' ? world.messages.get(message['tmid']) : undefined;
      const room = this.#roomFor(user, text(parent?.rid ?? message['rid']));
      if (message['tmid'] !== undefined && world.settings['Threads_enabled'] === false) throw new Refused('error-not-allowed', 'not-allowed');
      this.#speakable(user, room, message);
      const { alias, avatar, emoji, location, customFields, tshow, attachments } = message;
      const sent = world.insert(user, room, defined({
        _id: message['_id'] as string | undefined, msg: message['msg'] as string | undefined, alias, avatar, emoji, location, customFields, tshow: tshow === true ? true : undefined, attachments,
        tmid: parent === undefined ? message['tmid'] : (parent['tmid'] ?? parent._id), bot: undefined,
      }));
      // It fails on what it did not write: the words are those of the server.
      if (sent === undefined) throw new Refused('error', "Cannot read properties of undefined (reading 'u')");
      return { message: sent };
    });
    this.#route('POST', 'chat.update', { roomId: 'string', msgId: 'string', text: 'string', previewUrls: 'array?', customFields: 'object?' }, ({ user, body: { roomId, msgId, text } }) => {
      const message = this.#message(String(msgId), String(roomId));
      if (message.u._id !== user._id) throw new Refused('error-action-not-allowed', 'Message editing not allowed');
      if (world.settings['Message_AllowEditing'] === false) throw new Refused('error-action-not-allowed', 'Message editing not allowed');
      const minutes = Number(world.settings['Message_AllowEditing_BlockEditInMinutes']);
      if (minutes > 0 && Date.now() - message.ts.getTime() > minutes * 60_000) throw new Refused('error-message-editing-blocked', 'Message editing is blocked');
      if (String(text).length > Number(world.settings['Message_MaxAllowedSize'])) throw new Refused('error-message-size-exceeded', 'Message size exceeds Message_MaxAllowedSize');
      world.rewrite(message, user, String(text));
      return { message };
    });
    this.#route('POST', 'chat.delete', { roomId: 'string', msgId: 'string', asUser: 'boolean?' }, ({ user, body: { roomId, msgId } }) => {
      const message = this.#message(String(msgId), String(roomId));
      if (message.u._id !== user._id && !world.hasPermission(user, 'delete-message')) throw new Refused('error-action-not-allowed', 'Not allowed');
      world.remove(message);
      return { _id: message._id, ts: String(Date.now()), message: { _id: message._id, rid: message.rid, u: message.u } };
    });
    this.#route('POST', 'chat.react', { messageId: 'string', emoji: 'string?', reaction: 'string?', shouldReact: 'boolean?' }, ({ user, body: { messageId, emoji, reaction, shouldReact } }) => {
      const message = this.#messageFor(user, String(messageId));
      const name = `:${text(emoji ?? reaction).replace(/^:|:$/g, '')}:`;
      if (!/^:[\w+-]+:$/.test(name)) throw new Refused('error-not-allowed', 'Invalid emoji provided.');
      const there = (message['reactions'] as Record<string, { usernames: string[] }> | undefined)?.[name]?.usernames.includes(user.username) === true;
      const wanted = typeof shouldReact === 'boolean' ? shouldReact : !there;
      if (wanted !== there) world.react(message, user, name, wanted);
      return {};
    });
    for (const [path, pinned] of [['chat.pinMessage', true], ['chat.unPinMessage', false]] as const) {
      this.#route('POST', path, { messageId: 'string' }, ({ user, body: { messageId } }) => {
        if (world.settings['Message_AllowPinning'] === false) throw new Refused('error-action-not-allowed', 'Message pinning not allowed');
        if (!world.hasPermission(user, 'pin-message')) throw new Refused('not-authorized', 'Not Authorized');
        const message = this.#messageFor(user, String(messageId));
        world.pin(message, user, pinned);
        return pinned ? { message } : {};
      });
    }
    this.#route('GET', 'chat.getMessage', { msgId: 'string' }, ({ user, query: { msgId } }) => {
      const message = world.messages.get(msgId ?? '');
      if (message === undefined || world.rooms.get(message.rid)?.members.includes(user._id) !== true) throw new Refused('', '');
      return { message };
    });
    this.#route('GET', 'chat.syncMessages', { roomId: 'string', lastUpdate: 'string?', count: 'string?', next: 'string?', previous: 'string?', type: 'string?', fromTs: 'string?' }, ({ user, query: { roomId, lastUpdate } }) => {
      const room = this.#roomFor(user, roomId ?? '', true);
      const since = Date.parse(lastUpdate ?? '');
      if (Number.isNaN(since)) throw new Refused('error-param-required', 'The "type" or "lastUpdate" parameters must be provided');
      const updated = this.#in(room).filter(({ _updatedAt }) => _updatedAt.getTime() > since).reverse();
      const deleted = [...world.trash.values()].filter(({ rid, _deletedAt }) => rid === room._id && _deletedAt.getTime() > since).map(({ _id, _deletedAt }) => ({ _id, _deletedAt }));
      return { result: { updated, deleted } };
    });
  }

  #roomCalls(): void {
    const world = this.#world;
    for (const [family, types] of [['channels', 'c'], ['groups', 'pl'], ['im', 'd'], ['dm', 'd']] as const) {
      const ours = (user: User, rid: string): Room => {
        const room = this.#roomFor(user, rid, true);
        if (!types.includes(room.t)) throw new Refused('error-room-not-found', `The required "roomId" or "roomName" param provided does not match any ${family}`);
        return room;
      };
      this.#route('GET', `${family}.history`, { roomId: 'string', latest: 'string?', oldest: 'string?', inclusive: 'string?', offset: 'string?', count: 'string?', unreads: 'string?', showThreadMessages: 'string?' }, ({ user, query: { roomId, latest, count } }) => {
        const before = latest === undefined ? Number.POSITIVE_INFINITY : Date.parse(latest);
        return { messages: this.#in(ours(user, roomId ?? '')).filter(({ ts }) => ts.getTime() < before).reverse().slice(0, Number(count ?? 20)) };
      });
      this.#route('GET', `${family}.members`, { roomId: 'string', offset: 'string?', count: 'string?', filter: 'string?' }, ({ user, query: { roomId, offset, count } }) => {
        const all = ours(user, roomId ?? '').members.map((uid) => world.users.get(uid)).filter((each) => each !== undefined);
        const from = Number(offset ?? 0);
        const members = all.slice(from, from + Number(count ?? 50)).map((each) => ({ _id: each._id, username: each.username, name: each.name, status: 'online' }));
        return { members, count: members.length, offset: from, total: all.length };
      });
    }
    this.#route('GET', 'rooms.info', { roomId: 'string?', roomName: 'string?' }, ({ user, query: { roomId } }) => ({ room: world.roomOf(this.#roomFor(user, roomId ?? '', true)) }));
    this.#route('POST', 'subscriptions.read', { rid: 'string', readThreads: 'boolean?' }, ({ user, body: { rid } }) => {
      const room = this.#roomFor(user, String(rid), true);
      world.read(room, user);
      return {};
    });
  }

  #files(): void {
    const world = this.#world;
    const major = Number(world.version.split('.')[0]);
    const take = (user: User, asked: Asked): ReturnType<typeof formOf> & { readonly room: Room } => {
      const room = this.#roomFor(user, asked.params['rid'] ?? '');
      if (world.settings['FileUpload_Enabled'] === false) throw new Refused('error-file-upload-disabled', 'File upload is disabled');
      const form = formOf(asked.request.headers['content-type'] ?? '', asked.request.body as Buffer);
      if (form.file.bytes.length > Number(world.settings['FileUpload_MaxFileSize'])) throw new Refused('error-file-too-large', 'File exceeds allowed size');
      return { ...form, room };
    };
    if (major >= 7) {
      this.#route('POST', 'rooms.media/:rid', { '*': 'form' }, (asked) => {
        const { room, file } = take(asked.user, asked);
        const upload = world.addUpload(asked.user, room, file.name, file.type, file.bytes);
        return { file: { _id: upload._id, url: `/file-upload/${upload._id}/${encodeURI(upload.name)}` } };
      });
      this.#route('POST', 'rooms.mediaConfirm/:rid/:fileId', { msg: 'string?', description: 'string?', tmid: 'string?', alias: 'string?', avatar: 'string?', emoji: 'string?', groupable: 'boolean?', customFields: 'object?', fileName: 'string?' }, ({ user, params, body: given }) => {
        const room = this.#roomFor(user, params['rid'] ?? '');
        const upload = world.uploads.get(params['fileId'] ?? '');
        if (upload === undefined || upload.rid !== room._id) throw new Refused('invalid-file', 'Invalid file');
        this.#speakable(user, room, given);
        upload.confirmed = true;
        return { message: world.insert(user, room, defined({ ...world.shown(upload, given['description'] as string | undefined), msg: given['msg'] as string | undefined, tmid: given['tmid'], alias: given['alias'], avatar: given['avatar'], groupable: false })) };
      });
    }
    if (major < 8) {
      this.#route('POST', 'rooms.upload/:rid', { '*': 'form' }, (asked) => {
        const { room, file, fields } = take(asked.user, asked);
        const upload = world.addUpload(asked.user, room, file.name, file.type, file.bytes);
        upload.confirmed = true;
        return { message: world.insert(asked.user, room, defined({ ...world.shown(upload, fields['description']), msg: fields['msg'], tmid: fields['tmid'] })) };
      });
    }
    this.#app.get('/file-upload/:id/:name', async (request, reply) => {
      const upload = world.uploads.get((request.params as { id: string }).id);
      if (this.#login(request) === undefined) return reply.code(403).send();
      return upload === undefined ? reply.code(404).send() : reply.headers({ 'content-type': upload.type, 'content-length': upload.bytes.length }).send(upload.bytes);
    });
    const svg = (text: string): string => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200"><rect width="100%" height="100%" fill="#${etagOf(text).slice(0, 6)}"/><text x="50%" y="50%" dy="0.36em" text-anchor="middle" fill="#fff" font-size="125" font-family="Helvetica">${/\w/.exec(text)?.[0]?.toUpperCase() ?? '?'}</text></svg>`;
    const picture = async (request: FastifyRequest, reply: FastifyReply, text: string): Promise<FastifyReply> => {
      const drawn = svg(text);
      const { format } = request.query as { format?: string };
      return format === 'png' ? reply.type('image/png').send(await sharp(Buffer.from(drawn)).png().toBuffer()) : reply.type('image/svg+xml').send(drawn);
    };
    this.#app.get('/avatar/room/:rid', async (request, reply) => picture(request, reply, (request.params as { rid: string }).rid));
    this.#app.get('/avatar/:username', async (request, reply) => picture(request, reply, (request.params as { username: string }).username));
  }

  #in(room: Room): Message[] {
    return [...this.#world.messages.values()].filter(({ rid }) => rid === room._id).sort((one, other) => one.ts.getTime() - other.ts.getTime());
  }

  #roomFor(user: User, rid: string, reading = false): Room {
    const room = this.#world.rooms.get(rid);
    if (room === undefined) throw new Refused('error-invalid-room', 'Invalid room');
    if (!room.members.includes(user._id)) throw new Refused('error-not-allowed', 'Not allowed');
    if (!reading && room.archived === true) throw new Refused('room_is_archived', 'room_is_archived');
    if (!reading && room.encrypted === true) throw new Refused('error-not-allowed', 'Not allowed to send un-encrypted messages in an encrypted room');
    return room;
  }

  #message(id: string, rid: string): Message {
    const message = this.#world.messages.get(id);
    if (message === undefined) throw new Refused('', `No message found with the id of "${id}".`);
    if (message.rid !== rid) throw new Refused('', 'The room id provided does not match where the message is from.');
    return message;
  }

  #messageFor(user: User, id: string): Message {
    const message = this.#world.messages.get(id);
    if (message === undefined) throw new Refused('error-message-not-found', 'The provided "messageId" does not match any existing message.');
    this.#roomFor(user, message.rid, true);
    return message;
  }

  /** What everybody's words are measured by. */
  #speakable(user: User, _room: Room, message: Readonly<Record<string, unknown>>): void {
    if (text(message['msg']).length > Number(this.#world.settings['Message_MaxAllowedSize'])) throw new Refused('error-message-size-exceeded', 'Message size exceeds Message_MaxAllowedSize');
    if (message['avatar'] !== undefined && !/^(?:https?:\/\/|\/)/.test(field(message, 'avatar'))) throw new Refused('error', 'Invalid href value provided');
    if ((message['alias'] !== undefined || message['avatar'] !== undefined) && !this.#world.hasPermission(user, 'message-impersonate')) throw new Refused('error', 'Not enough permission');
  }
}

function userOf({ _id, username, name, roles, type, active, avatarETag }: User): object {
  return { _id, username, name, roles, type, active, status: 'online', utcOffset: 0, ...(avatarETag === null ? {} : { avatarETag }) };
}

function tooMany(seconds: number): object {
  return { success: false, error: `Error, too many requests. Please slow down. You must wait ${seconds} seconds before trying this endpoint again. [error-too-many-requests]` };
}

function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
