import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { Faults } from './faults.ts';
import { type Happening, Refused, type User, type World } from './state.ts';

type Frame = Readonly<Record<string, unknown>>;

interface Sub {
  readonly name: string;
  readonly eventName: string;
}

/** `/websocket`: Meteor's DDP, as far as clients of Rocket.Chat use it. */
export class Sockets {
  readonly #world: World;
  readonly #faults: Faults;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #open = new Set<Session>();
  /** Everything that clients called or subscribed to, in order. */
  readonly calls: { readonly what: 'method' | 'sub'; readonly name: string; readonly params: readonly unknown[] }[] = [];

  constructor(world: World, faults: Faults) {
    this.#world = world;
    this.#faults = faults;
    world.feed.listen((happening) => {
      for (const session of this.#open) session.tell(happening);
    });
  }

  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (this.#faults.socketDown || request.url !== '/websocket') {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      this.#server.handleUpgrade(request, socket, head, (webSocket) => {
        const session = new Session(webSocket, this.#world, this.#faults, this.calls);
        this.#open.add(session);
        webSocket.on('close', () => this.#open.delete(session));
      });
    });
  }

  get count(): number {
    return this.#open.size;
  }

  /** Resolves when no frame is held back or delayed. */
  async idle(): Promise<void> {
    while ([...this.#open].some(({ pending }) => pending > 0)) await sleep(10);
  }

  /** Breaks every connection, as a restart of the server does. */
  breakAll(): void {
    for (const session of this.#open) session.socket.terminate();
  }

  /** Asks every client whether it is there. */
  pingAll(): void {
    for (const session of this.#open) session.send({ msg: 'ping' });
  }

  close(): void {
    this.breakAll();
    this.#server.close();
  }
}

/** Dates as EJSON writes them. */
function ejson(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map(ejson);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined).map(([key, each]) => [key, ejson(each)]));
  return value;
}

const STREAMS = new Set(['stream-room-messages', 'stream-notify-room', 'stream-notify-user', 'stream-notify-logged', 'stream-notify-all', 'stream-user-presence']);
const PINGS_LIMIT = 64 * 1024;

class Session {
  readonly socket: WebSocket;
  /** Frames that are to go out, and have not yet. */
  pending = 0;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #calls: Sockets['calls'];
  readonly #subs = new Map<string, Sub>();
  #connected = false;
  #user: User | undefined;
  #held: Frame | undefined;

  constructor(socket: WebSocket, world: World, faults: Faults, calls: Sockets['calls']) {
    this.socket = socket;
    this.#world = world;
    this.#faults = faults;
    this.#calls = calls;
    socket.on('error', () => socket.terminate());
    socket.on('message', (data, binary) => this.#frame(binary ? '' : String(data as Buffer)));
    this.send({ server_id: '0' });
  }

  send(frame: Frame): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(ejson(frame)));
  }

  #frame(text: string): void {
    let frame: Frame;
    try {
      if (text.length > PINGS_LIMIT) throw new Error('too long');
      frame = JSON.parse(text) as Frame;
    } catch {
      return this.send({ msg: 'error', reason: 'Bad request' });
    }
    const { msg, id } = frame;
    if (msg === 'connect') {
      if (frame['version'] !== '1' || this.#connected) return this.send({ msg: 'failed', version: '1' });
      this.#connected = true;
      return this.send({ msg: 'connected', session: this.#world.id() });
    }
    if (msg === 'ping') return this.send({ msg: 'pong', ...(id === undefined ? {} : { id }) });
    if (msg === 'pong') return;
    if (!this.#connected) return this.send({ msg: 'error', reason: 'Must connect first', offendingMessage: frame });
    if (typeof id !== 'string') return this.send({ msg: 'error', reason: 'Malformed method invocation', offendingMessage: frame });
    const params = Array.isArray(frame['params']) ? frame['params'] : [];
    if (msg === 'method') return this.#method(id, String(frame['method']), params);
    if (msg === 'sub') return this.#subscribe(id, String(frame['name']), params);
    if (msg === 'unsub') {
      this.#subs.delete(id);
      return this.send({ msg: 'nosub', id });
    }
    this.send({ msg: 'error', reason: 'Bad request', offendingMessage: frame });
  }

  #method(id: string, method: string, params: readonly unknown[]): void {
    this.#calls.push({ what: 'method', name: method, params: method === 'login' ? [] : params });
    try {
      const result = this.#run(method, params);
      this.send({ msg: 'result', id, ...(result === undefined ? {} : { result }) });
    } catch (error) {
      const code = error instanceof Refused ? error.code : 'internal';
      const number = /^\d+$/.test(code) ? Number(code) : code;
      this.send({ msg: 'result', id, error: { isClientSafe: true, error: number, reason: (error as Error).message, message: `${(error as Error).message} [${code}]`, errorType: 'Meteor.Error', ...(error instanceof Refused && error.details ? { details: error.details } : {}) } });
    }
    this.send({ msg: 'updated', methods: [id] });
  }

  #run(method: string, params: readonly unknown[]): unknown {
    switch (method) {
      case 'login': {
        const resume = (params[0] as { resume?: unknown } | undefined)?.resume;
        const user = typeof resume === 'string' ? [...this.#world.users.values()].find(({ token }) => token !== null && token === resume) : undefined;
        if (this.#faults.totp) throw new Refused('totp-required', 'TOTP Required');
        if (user === undefined || this.#faults.expired || !user.active) throw new Refused('403', 'You’ve been logged out by the server. Please log in again.');
        this.#user = user;
        this.send({ msg: 'added', collection: 'users', id: user._id, fields: { username: user.username, name: user.name } });
        return { id: user._id, token: resume, tokenExpires: new Date(8_640_000_000_000), type: 'resume' };
      }
      case 'stream-notify-room': {
        const [key, username, activities] = params;
        const rid = String(key).split('/')[0] ?? '';
        if (this.#user === undefined || username !== this.#user.username || !String(key).endsWith('/user-activity') || !Array.isArray(activities)) throw new Refused('not-allowed', 'Not allowed');
        if (this.#world.rooms.get(rid)?.members.includes(this.#user._id) !== true) throw new Refused('not-allowed', 'Not allowed');
        this.#world.feed.emit({ kind: 'room', rid, what: 'user-activity', args: [username, activities, params[3] ?? {}] });
        return undefined;
      }
      default: throw new Refused('404', `Method '${method}' not found`);
    }
  }

  #subscribe(id: string, name: string, params: readonly unknown[]): void {
    this.#calls.push({ what: 'sub', name, params });
    const eventName = params[0];
    const refuse = (error: string, reason: string): void => this.send({ msg: 'nosub', id, error: { isClientSafe: true, error, reason, message: `${reason} [${error}]`, errorType: 'Meteor.Error' } });
    if (!STREAMS.has(name)) return refuse('404', `Subscription '${name}' not found`);
    if (typeof eventName !== 'string' || eventName === '') return refuse('invalid-event-name', 'Invalid event name');
    const user = this.#user;
    if (user === undefined) return refuse('not-allowed', 'Not allowed');
    const [subject] = eventName.split('/');
    const forbidden = (name === 'stream-notify-user' && subject !== user._id)
      || (name === 'stream-notify-room' && this.#world.rooms.get(subject ?? '')?.members.includes(user._id) !== true)
      || (name === 'stream-room-messages' && eventName !== '__my_messages__' && this.#world.rooms.get(eventName)?.members.includes(user._id) !== true);
    if (forbidden) return refuse('not-allowed', 'Not allowed');
    this.#subs.set(id, { name, eventName });
    this.send({ msg: 'ready', subs: [id] });
  }

  tell(happening: Happening): void {
    const user = this.#user;
    if (user === undefined) return;
    for (const { name, eventName } of this.#subs.values()) {
      const args = argsFor(happening, name, eventName, user, this.#world);
      if (args !== undefined) this.#push({ msg: 'changed', collection: name, id: 'id', fields: { eventName, args } });
    }
  }

  #push(frame: Frame): void {
    const { drop, duplicate, reorder, delayMs } = this.#faults;
    const { random } = this.#world;
    if (random.chance(drop)) return;
    // As it is now: it may change before it goes out.
    const now = ejson(frame) as Frame;
    const out = (each: Frame): void => {
      if (delayMs === 0) return this.send(each);
      this.pending += 1;
      setTimeout(() => {
        this.pending -= 1;
        this.send(each);
      }, delayMs).unref();
    };
    if (this.#held === undefined && random.chance(reorder)) {
      this.#held = now;
      this.pending += 1;
      setTimeout(() => {
        this.pending -= 1;
        if (this.#held === now) {
          this.#held = undefined;
          out(now);
        }
      }, 50).unref();
      return;
    }
    out(now);
    if (random.chance(duplicate)) out(now);
    if (this.#held !== undefined) {
      const held = this.#held;
      this.#held = undefined;
      out(held);
    }
  }
}

function argsFor(happening: Happening, name: string, eventName: string, user: User, world: World): readonly unknown[] | undefined {
  switch (happening.kind) {
    case 'message': {
      if (name !== 'stream-room-messages') return undefined;
      const room = world.rooms.get(happening.message.rid);
      const isIn = room?.members.includes(user._id) === true;
      // Public rooms are told to whoever may read them.
      if (room === undefined || (!isIn && room.t !== 'c')) return undefined;
      if (eventName === happening.message.rid) return [happening.message];
      return eventName === '__my_messages__' ? [happening.message, { roomParticipant: isIn, roomType: room.t, roomName: room.name }] : undefined;
    }
    case 'room': return name === 'stream-notify-room' && eventName === `${happening.rid}/${happening.what}` ? happening.args : undefined;
    case 'user': return name === 'stream-notify-user' && user._id === happening.uid && eventName === `${happening.uid}/${happening.what}` ? happening.args : undefined;
    case 'logged': return name === 'stream-notify-logged' && eventName === happening.what ? happening.args : undefined;
  }
}

