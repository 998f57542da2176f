import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import type { Context } from './client-api.ts';
import { MatrixFailure } from './errors.ts';
import { Faults } from './faults.ts';
import { HttpFace } from './http.ts';
import type { Seen } from './http.ts';
import { Rooms } from './rooms.ts';
import { Scheduler } from './scheduler.ts';
import type { Delivery } from './scheduler.ts';
import { World } from './world.ts';
import type { FakeEvent, FakeRoom } from './world.ts';

export interface FakeOptions {
  readonly serverName?: string;
  readonly port?: number;
  readonly asToken?: string;
  readonly hsToken?: string;
  /** Of a second registration, for double puppets. */
  readonly puppetToken?: string;
  readonly botLocalpart?: string;
  readonly ghostPrefix?: string;
  readonly registrationId?: string;
  /** Where the bridge listens; `connect` sets it later. */
  readonly appserviceUrl?: string;
  /** Real milliseconds for one second of back-off. Default 1000. */
  readonly backoffSecondMs?: number;
  readonly uploadLimit?: number;
  /** Keeps what a database would, over kills. */
  readonly stateFile?: string;
  readonly loseQueued?: boolean;
  readonly resendUnsent?: boolean;
  /** For faults with a chance. */
  readonly random?: () => number;
  readonly control?: boolean;
  /** Sees every event as it comes into its room. */
  readonly onEvent?: (event: FakeEvent) => void;
}

/** Somebody with an account and a client. */
export interface FakeUser {
  readonly id: string;
  readonly token: string;
  createRoom(body?: object): string;
  join(room: string): void;
  leave(room: string): void;
  invite(room: string, user: string): void;
  kick(room: string, user: string): void;
  /** A text, or the whole content; the event's id. */
  send(room: string, content: string | Record<string, unknown>, type?: string): string;
  setState(room: string, type: string, key: string, content: Record<string, unknown>): string;
  redact(room: string, event: string): string;
  typing(room: string, active: boolean): void;
  read(room: string, event: string): void;
}

/** A homeserver in memory that answers and pushes as Synapse does. */
export class FakeHomeserver {
  readonly serverName: string;
  readonly asToken: string;
  readonly hsToken: string;
  readonly bot: string;
  readonly faults: Faults;
  /** Every request since the start. */
  readonly requests: Seen[] = [];
  readonly #options: FakeOptions;
  readonly #service: { url: string | null; readonly hsToken: string };
  readonly #world: World;
  readonly #rooms: Rooms;
  readonly #tokens = new Map<string, string>();
  readonly #face: HttpFace;
  readonly #deliveries: Delivery[] = [];
  #scheduler: Scheduler;
  #port = 0;
  #closed = false;

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.serverName = options.serverName ?? 'fake.test';
    this.asToken = options.asToken ?? 'as-token-of-the-fake';
    this.hsToken = options.hsToken ?? 'hs-token-of-the-fake';
    this.bot = `@${options.botLocalpart ?? 'bridgebot'}:${this.serverName}`;
    this.faults = new Faults(options.random ?? Math.random);
    this.#service = { url: options.appserviceUrl ?? null, hsToken: this.hsToken };
    this.#world = new World(options.stateFile);
    if (!this.#world.users.has(this.bot)) this.#world.apply({ op: 'user', id: this.bot });
    for (const id of this.#world.users.keys()) if (!this.#ours(id)) this.#tokens.set(tokenOf(id), id);
    this.#scheduler = this.#newScheduler();
    this.#rooms = new Rooms(this.#world, this.serverName, (event) => {
      options.onEvent?.(event);
      if (this.#interesting(event)) this.#scheduler.event(event);
    });
    const control = options.control === true ? this.control.bind(this) : undefined;
    this.#face = new HttpFace({
      context: this.#context(), faults: this.faults, asToken: this.asToken, ...(options.puppetToken === undefined ? {} : { puppetToken: options.puppetToken }), bot: this.bot, tokens: this.#tokens, seen: this.requests,
      ...(control === undefined ? {} : { control }),
    });
  }

  static async start(options: FakeOptions = {}): Promise<FakeHomeserver> {
    const fake = new FakeHomeserver(options);
    await fake.up();
    fake.#scheduler.start(options);
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get rooms(): ReadonlyMap<string, FakeRoom> {
    return this.#world.rooms;
  }

  /** Every try of a transaction, oldest first. */
  get deliveries(): readonly Delivery[] {
    return [...this.#deliveries, ...this.#scheduler.deliveries];
  }

  get service(): { readonly up: boolean; readonly queued: number; readonly unsent: number } {
    return { up: this.#world.serviceUp, queued: this.#world.queue.length, unsent: this.#world.unsent.size };
  }

  /** Tells where the bridge listens. */
  connect(url: string): void {
    this.#service.url = url.replace(/\/+$/, '');
  }

  eventsOf(room: string, type?: string): FakeEvent[] {
    return (this.#world.rooms.get(room)?.timeline ?? []).filter((event) => type === undefined || event.type === type);
  }

  /** What an event held when it was sent, also where it is redacted now. */
  originalOf(event: FakeEvent): Record<string, unknown> {
    return this.#world.originals.get(event.event_id) ?? event.content;
  }

  profile(user: string): Readonly<Record<string, unknown>> | null {
    const found = this.#world.users.get(user);
    return found === undefined ? null : Object.fromEntries(found);
  }

  membership(room: string, user: string): string {
    return this.#rooms.membership(this.#rooms.get(room), user);
  }

  media(mxc: string): { readonly mime: string; readonly data: Buffer } | null {
    return this.#world.media.get(mxc.slice(mxc.lastIndexOf('/') + 1)) ?? null;
  }

  /** Files that people have: the mxc URI. */
  addMedia(data: Buffer, mime: string, name?: string): string {
    const id = `m${this.#world.media.size}x${Date.now().toString(36)}`;
    this.#world.apply({ op: 'media', id, mime, base64: data.toString('base64'), ...(name === undefined ? {} : { name }) });
    return `mxc://${this.serverName}/${id}`;
  }

  /** Takes the full id or the localpart; makes the account where it is missing. */
  user(name: string): FakeUser {
    const id = name.startsWith('@') ? name : `@${name}:${this.serverName}`;
    if (!this.#world.users.has(id)) this.#world.apply({ op: 'user', id });
    this.#tokens.set(tokenOf(id), id);
    const rooms = this.#rooms;
    return {
      id,
      token: tokenOf(id),
      createRoom: (body = {}) => rooms.create(id, body),
      join: (room) => rooms.change(rooms.get(room), id, id, 'join'),
      leave: (room) => rooms.change(rooms.get(room), id, id, 'leave'),
      invite: (room, user) => rooms.change(rooms.get(room), id, user, 'invite'),
      kick: (room, user) => rooms.change(rooms.get(room), id, user, 'kick'),
      send: (room, content, type = 'm.room.message') =>
        rooms.send(rooms.get(room), id, type, typeof content === 'string' ? { msgtype: 'm.text', body: content } : content),
      setState: (room, type, key, content) => rooms.setState(rooms.get(room), id, type, key, content),
      redact: (room, event) => rooms.redact(rooms.get(room), id, event, undefined),
      typing: (room, active) => this.#edu({ type: 'm.typing', room_id: room, content: { user_ids: active ? [id] : [] } }),
      read: (room, event) => this.#edu({ type: 'm.receipt', room_id: room, content: { [event]: { 'm.read': { [id]: { ts: Date.now() } } } } }),
    };
  }

  /** One PUT outside the order of things: anything as events, under any transaction id. True when it was answered 2xx. */
  push(txn: number, events: readonly unknown[], ephemeral: readonly Record<string, unknown>[] = []): Promise<boolean> {
    return this.#scheduler.push(txn, events, ephemeral);
  }

  /** A transaction that was already delivered comes again; under a new id, or with another body, if asked. */
  async replay(options: { readonly sameId: boolean; readonly otherBody?: readonly unknown[] }): Promise<boolean> {
    const last = this.deliveries.findLast((one) => one.status >= 200 && one.status < 300);
    if (last === undefined) throw new Error('nothing was delivered yet');
    const id = options.sameId ? last.txn : this.#nextTxn();
    return this.push(id, options.otherBody ?? last.events.map((event) => this.#world.events.get(event)!));
  }

  /** A homeserver that was set up anew counts from 1 again. */
  resetTxnIds(): void {
    this.#world.apply({ op: 'txnReset' });
  }

  /** As after half an hour: the same transaction id is another event. */
  forgetTransactions(): void {
    this.#face.forgetTransactions();
  }

  /** What comes first after the next recovery is sent only when the service has been down once more. */
  strand(): void {
    this.#scheduler.strand();
  }

  /** What a restart forgets: transaction ids of sends, ephemeral data and, as Synapse may, events that wait in memory. */
  async restart(options: { readonly loseQueued?: boolean; readonly resendUnsent?: boolean; readonly downMs?: number } = {}): Promise<void> {
    this.#scheduler.stop();
    this.#deliveries.push(...this.#scheduler.deliveries);
    await this.down();
    this.#face.forgetTransactions();
    if (options.downMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.downMs));
    this.#scheduler = this.#newScheduler();
    await this.up();
    this.#scheduler.start(options);
  }

  /** Refuses connections, on the same port, until `up`. */
  async down(): Promise<void> {
    this.#face.server.closeAllConnections();
    if (!this.#face.server.listening) return;
    this.#face.server.close();
    this.#face.server.closeAllConnections();
    await once(this.#face.server, 'close');
    // A client in this same process has yet to see its idle connections end; a request on one would be lost, not refused.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async up(): Promise<void> {
    this.#face.server.listen(this.#port === 0 ? (this.#options.port ?? 0) : this.#port, '127.0.0.1');
    await once(this.#face.server, 'listening');
    this.#port = (this.#face.server.address() as AddressInfo).port;
  }

  /** Resolves when nothing waits for the bridge any more, or nothing can: it is closed. */
  async idle(): Promise<void> {
    while (!this.#closed && !this.#scheduler.idle) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#scheduler.stop();
    await this.down();
    this.#world.close();
  }

  /** The same over HTTP, for a fake in a process of its own: POST /_fake/<call> with the arguments as a JSON array. */
  async control(method: string, path: string, body: unknown): Promise<unknown> {
    const [first, ...rest] = Array.isArray(body) ? (body as never[]) : [];
    const person = /^user\/([^/]+)\/(\w+)$/.exec(path);
    if (person !== null) {
      const user = this.user(decodeURIComponent(person[1]!));
      const call = user[person[2] as keyof FakeUser];
      return { result: typeof call === 'function' ? (call as (...args: unknown[]) => unknown)(...(body as unknown[])) : call };
    }
    switch (`${method} ${path}`) {
      case 'GET status': return { ...this.service, deliveries: this.deliveries.length, requests: this.requests.length };
      case 'GET rooms': return [...this.rooms.values()].map(({ id, version, timeline }) => ({ id, version, events: timeline.length, aliases: [...this.#world.aliases].filter(([, room]) => room === id).map(([alias]) => alias) }));
      case 'GET deliveries': return this.deliveries;
      case 'GET requests': return this.requests;
      case 'POST connect': return this.connect(first!);
      case 'POST events': return this.eventsOf(first!, rest[0]);
      case 'POST membership': return { result: this.membership(first!, rest[0]!) };
      case 'POST profile': return { result: this.profile(first!) };
      case 'POST addMedia': return { result: this.addMedia(Buffer.from(first!, 'base64'), rest[0]!, rest[1]) };
      case 'POST fault': return void this.faults.add(first!);
      case 'POST clearFaults': return this.faults.clear();
      case 'POST replay': return { result: await this.replay(first!) };
      case 'POST push': return { result: await this.push(first!, rest[0]!, rest[1]) };
      case 'POST resetTxnIds': return this.resetTxnIds();
      default: throw new MatrixFailure(404, 'M_UNRECOGNIZED', `no control ${method} ${path}`);
    }
  }

  #context(): Context {
    return {
      world: this.#world,
      rooms: this.#rooms,
      serverName: this.serverName,
      uploadLimit: this.#options.uploadLimit ?? 50 * 1024 * 1024,
      registrationId: this.#options.registrationId ?? 'drawbridge',
      inNamespace: (user) => user !== this.bot && this.#ours(user),
      ephemeral: (edu) => this.#edu(edu),
      pingService: (transactionId) => this.#ping(transactionId),
    };
  }

  #newScheduler(): Scheduler {
    return new Scheduler(this.#world, this.#service, this.#options.backoffSecondMs ?? 1000);
  }

  #nextTxn(): number {
    const id = this.#world.lastTxn + 1;
    this.#world.apply({ op: 'txn', id, events: [] });
    this.#world.apply({ op: 'txnDone', id });
    return id;
  }

  #ours(user: string): boolean {
    return user === this.bot || (user.startsWith(`@${this.#options.ghostPrefix ?? '_drawbridge_'}`) && user.endsWith(`:${this.serverName}`));
  }

  #interesting(event: FakeEvent): boolean {
    if (this.#ours(event.sender) || (event.type === 'm.room.member' && this.#ours(event.state_key ?? ''))) return true;
    return this.#hasOurs(event.room_id);
  }

  #hasOurs(room: string): boolean {
    const state = this.#world.rooms.get(room)?.state.values() ?? [];
    return [...state].some((one) => one.type === 'm.room.member' && one.content['membership'] === 'join' && this.#ours(one.state_key ?? ''));
  }

  #edu(edu: { readonly type: string; readonly room_id: string; readonly content: Record<string, unknown> }): void {
    if (this.#hasOurs(edu.room_id)) this.#scheduler.ephemeral(edu);
  }

  async #ping(transactionId: unknown): Promise<number> {
    const started = Date.now();
    if (this.#service.url === null) throw new MatrixFailure(400, 'M_URL_NOT_SET', 'The application service does not have a URL set');
    const answer = await request(`${this.#service.url}/_matrix/app/v1/ping`, {
      method: 'POST', body: JSON.stringify(transactionId === undefined ? {} : { transaction_id: transactionId }),
      headers: { authorization: `Bearer ${this.hsToken}`, 'content-type': 'application/json' },
    }).catch(() => null);
    if (answer === null) throw new MatrixFailure(502, 'M_CONNECTION_FAILED', 'Connection failed');
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new MatrixFailure(502, 'M_BAD_STATUS', `HTTP ${answer.statusCode}`, { status: answer.statusCode, body: text });
    this.#scheduler.forceRetry();
    return Date.now() - started;
  }
}

function tokenOf(id: string): string {
  return `token of ${id}`.replaceAll(' ', '-');
}
