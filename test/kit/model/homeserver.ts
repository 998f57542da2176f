import type { MatrixEvent } from '../../../src/model/events.ts';
import { Rejected, Retry, Uncertain, Unreachable } from '../../../src/model/errors.ts';
import type { EventId, Mxc, RoomId, UserId } from '../../../src/model/ids.ts';
import type { Homeserver } from '../../../src/matrix/homeserver.ts';
import type { ManualClock } from './clock.ts';
import { type Life, never } from './life.ts';
import { bytesOf } from './media.ts';
import type { Deck, Delivery, Fault } from './weather.ts';

export const BOT = '@bridgebot:test' as UserId;
export const GHOSTS = '_bridge_';

export interface FakeRoom {
  readonly id: RoomId;
  readonly timeline: MatrixEvent[];
  readonly members: Map<string, string>;
  readonly redacted: Set<string>;
}

export interface HomeserverDeps {
  readonly clock: ManualClock;
  readonly faults: Deck<Fault>;
  readonly pushes: Deck<Delivery>;
  /** Hands a transaction to the bridge; rejects where it is not answered 2xx. */
  readonly push: (events: readonly MatrixEvent[]) => Promise<void>;
  /** A person of ours is invited. */
  readonly invited: (user: UserId, room: RoomId) => void;
  readonly pageSize: number;
  readonly pulse: () => void;
}

/** A homeserver in memory, as far as the contract goes: rooms, membership, transaction ids, and the queue for the application service. */
export class FakeHomeserver {
  readonly rooms = new Map<RoomId, FakeRoom>();
  readonly fullyRead = new Map<RoomId, EventId>();
  /** Every display name as it was set. */
  readonly named: [user: UserId, name: string][] = [];
  /** By user and type. */
  readonly accountData = new Map<string, Readonly<Record<string, unknown>>>();
  /** Read marks of people that the bridge set for them. */
  readonly reads: { readonly as: UserId; readonly event: EventId }[] = [];
  readonly typings: [as: UserId, active: boolean][] = [];
  /** People for whom nobody may act any more, and what the homeserver says then. */
  readonly barred = new Map<string, string>();
  /** Names and pictures of ghosts. */
  readonly profiles = new Map<string, { readonly name?: string; readonly picture?: string }>();
  readonly receipts: { readonly as: UserId; readonly event: EventId }[] = [];
  down = false;
  /** It forgets to hand over what happens. */
  forgetful = false;
  /** It hands nothing over for now. */
  holds = false;
  /** The answers to so many sends get lost, and it forgets that they came. */
  losesAnswers = 0;
  /** Events were dropped that the bridge was never handed; it has to look for them. */
  lost = 0;
  readonly #deps: HomeserverDeps;
  readonly #aliases = new Map<string, RoomId>();
  readonly #registered = new Set<string>();
  readonly #flights = new Set<() => void>();
  #txns = new Map<string, EventId>();
  #queue: MatrixEvent[] = [];
  #pumping = false;
  #ids = 0;
  #era = 0;

  constructor(deps: HomeserverDeps) {
    this.#deps = deps;
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#flights.size === 0;
  }

  // What people do.

  createRoom(creator: UserId, alias?: string, create: Record<string, unknown> = {}): FakeRoom {
    const room: FakeRoom = { id: `!room${this.rooms.size + 1}:test` as RoomId, timeline: [], members: new Map(), redacted: new Set() };
    this.rooms.set(room.id, room);
    if (alias !== undefined) this.#aliases.set(alias, room.id);
    this.#append(room, creator, 'm.room.create', create, { state_key: '' });
    this.setMember(room, creator, creator, 'join');
    return room;
  }

  setMember(room: FakeRoom, sender: string, user: string, membership: string, more: Record<string, unknown> = {}): void {
    room.members.set(user, membership);
    this.#append(room, sender, 'm.room.member', { membership, displayname: this.profiles.get(user)?.name ?? user.slice(1, user.indexOf(':')), ...more }, { state_key: user });
    if (membership === 'invite' && user !== BOT && !this.isGhost(user)) this.#deps.invited(user as UserId, room.id);
  }

  say(room: FakeRoom, sender: string, type: string, content: Record<string, unknown>, stateKey?: string): EventId {
    return this.#append(room, sender, type, content, stateKey === undefined ? {} : { state_key: stateKey });
  }

  redact(room: FakeRoom, sender: string, event: string): EventId {
    room.redacted.add(event);
    room.timeline.forEach((old, index) => {
      if (old.event_id === event) room.timeline[index] = { ...old, content: {} };
    });
    return this.#append(room, sender, 'm.room.redaction', { redacts: event }, { redacts: event });
  }

  isGhost(user: string): boolean {
    return user.startsWith(`@${GHOSTS}`);
  }

  #append(room: FakeRoom, sender: string, type: string, content: Record<string, unknown>, more: { state_key?: string; redacts?: string } = {}, ts?: number): EventId {
    const event: MatrixEvent = { event_id: `$${++this.#ids}`, room_id: room.id, sender, type, content, origin_server_ts: ts ?? this.#deps.clock.now(), ...more };
    room.timeline.push(event);
    if (this.forgetful) return event.event_id as EventId;
    if ([...room.members.keys()].some((user) => user === BOT || this.isGhost(user)) || sender === BOT) {
      this.#queue.push(event);
      void this.#pump();
    }
    return event.event_id as EventId;
  }

  // How it hands events to the bridge.

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#queue.length > 0 && !this.down && !this.holds) {
      const { delay, again, batch } = this.#deps.pushes.draw();
      const era = this.#era;
      await this.#deps.clock.sleep(delay);
      if (era !== this.#era) continue;
      const events = this.#queue.slice(0, batch);
      const taken = await this.#hand(events);
      if (era !== this.#era) continue;
      if (taken) {
        this.#queue.splice(0, events.length);
        if (again !== null) void this.#deps.clock.sleep(again).then(() => this.#hand(events));
      } else await this.#deps.clock.sleep(1_000);
    }
    this.#pumping = false;
  }

  async #hand(events: readonly MatrixEvent[]): Promise<boolean> {
    try {
      await this.#deps.push(events);
      return true;
    } catch {
      return false;
    }
  }

  /** It stops at once, and forgets what it held in memory: transaction ids, and what it had queued for us. */
  stop(): void {
    this.down = true;
    this.#era += 1;
    this.lost += this.#queue.length;
    this.#queue = [];
    this.#txns = new Map();
    this.#flights.clear();
  }

  start(): void {
    this.down = false;
    void this.#pump();
  }

  /** What it holds in memory is gone: transaction ids, and what it had queued for us. */
  forget(): void {
    this.#txns = new Map();
    this.#queue = [];
  }

  /** The bridge's process died: its requests on their way arrive or do not. */
  bridgeDied(): void {
    for (const arrive of this.#flights) arrive();
    this.#flights.clear();
  }

  /** One call of the bridge. `twice`: repeating it would do it again. */
  async #call<T>(life: Life, what: string, twice: boolean, work: () => T): Promise<T> {
    this.#deps.pulse();
    if (!life.edge()) return never();
    const fault = this.#deps.faults.draw();
    const era = this.#era;
    let done: { readonly value: T } | { readonly error: unknown } | null = null;
    const arrive = (): void => {
      try {
        done = { value: work() };
      } catch (error) {
        done = { error };
      }
    };
    const onDeath = (): void => {
      if (fault.arrives && (fault.kind === 'none' || fault.kind === 'lost after')) arrive();
    };
    // Asking whether it is there goes on for ever, and changes nothing.
    if (what !== 'ping') this.#flights.add(onDeath);
    await this.#deps.clock.sleep(fault.before);
    this.#flights.delete(onDeath);
    this.#deps.pulse();
    if (life.dead) return never();
    if (this.down || era !== this.#era) {
      // Refused where it was down already; else the connection broke under it.
      if (era === this.#era || !twice) throw new Unreachable(`${what}: no connection`, 'ECONNREFUSED');
      throw new Uncertain(`${what}: the connection broke`, 'ECONNRESET');
    }
    const lost = fault.kind === 'lost before' || fault.kind === 'lost after';
    if (fault.kind === 'none' || fault.kind === 'lost after') arrive();
    if (!life.edge()) return never();
    await this.#deps.clock.sleep(fault.after);
    this.#deps.pulse();
    if (life.dead) return never();
    if (lost) throw twice ? new Uncertain(`${what}: no answer`, 'TIMEOUT') : new Retry(`${what}: no answer`, 'TIMEOUT');
    switch (fault.kind) {
      case 'retry': throw new Retry(`${what}: busy`, 'HTTP_500');
      case 'limit': throw new Retry(`${what}: slowly`, 'M_LIMIT_EXCEEDED', { rateLimited: true, afterMs: 1_500 });
      case 'reject': throw new Rejected(`${what}: no`, 'M_BAD_JSON');
      case 'unreachable': throw new Unreachable(`${what}: no connection`, 'ECONNREFUSED');
      case 'bug': throw new TypeError(`${what}: a bug`);
      default:
    }
    const answer = done as { readonly value: T } | { readonly error: unknown } | null;
    if (answer !== null && 'error' in answer) throw answer.error;
    return (answer as { readonly value: T }).value;
  }

  #allow(as: string): void {
    const code = this.barred.get(as);
    if (code !== undefined) throw new Rejected(`${as} may not do that`, code);
  }

  #room(id: RoomId, as: string): FakeRoom {
    const room = this.rooms.get(id);
    if (room?.members.get(as) !== 'join') throw new Rejected('not in the room', 'M_FORBIDDEN');
    return room;
  }

  async #answered<T>(call: Promise<T>): Promise<T> {
    const answer = await call;
    if (this.losesAnswers === 0) return answer;
    this.losesAnswers -= 1;
    this.#txns = new Map();
    throw new Uncertain('send: the connection broke', 'ECONNRESET');
  }

  #once(key: string, append: () => EventId): EventId {
    const known = this.#txns.get(key);
    if (known !== undefined) return known;
    const event = append();
    this.#txns.set(key, event);
    return event;
  }

  /** The contract, for one life of the bridge. */
  for(life: Life): Homeserver {
    const same = <T>(what: string, work: () => T): Promise<T> => this.#call(life, what, false, work);
    const twice = <T>(what: string, work: () => T): Promise<T> => this.#call(life, what, true, work);
    const nothing = (what: string): Promise<never> => Promise.reject(new Error(`the core does not call ${what}`));
    const ping = (): Promise<void> => same('ping', () => {}).catch((error: unknown) => {
      throw new Unreachable((error as Error).message, 'PING');
    });
    return {
      bot: BOT,
      serverName: 'test',
      ping,
      beat: ping,
      send: (as, id, type, txn, content, ts) => this.#answered(twice('send', () => this.#once(`${id} ${type} ${txn}`, () => {
        this.#allow(as);
        const room = this.#room(id, as);
        const said = JSON.parse(JSON.stringify(content)) as Record<string, unknown>;
        if (type === 'm.reaction' && room.timeline.some((each) => each.sender === as && each.type === type && !room.redacted.has(each.event_id)
          && JSON.stringify(each.content['m.relates_to']) === JSON.stringify(said['m.relates_to']))) throw new Rejected('it is there', 'M_DUPLICATE_ANNOTATION');
        return this.#append(room, as, type, said, {}, ts);
      }))),
      redact: (as, id, event, txn) => twice('redact', () => this.#once(`${id} redact ${txn}`, () => this.redact(this.#room(id, as), as, event))),
      createRoom: (as, body) => twice('createRoom', () => {
        const alias = `#${(body as { room_alias_name: string }).room_alias_name}:test`;
        if (this.#aliases.has(alias)) throw new Rejected('taken', 'M_ROOM_IN_USE');
        const { name, topic, initial_state: initial = [] } = body as { name?: string; topic?: string; initial_state?: readonly { type: string; state_key?: string; content: Record<string, unknown> }[] };
        const room = this.createRoom(as, alias);
        const state = [...(name === undefined ? [] : [{ type: 'm.room.name', content: { name } }]), ...(topic === undefined ? [] : [{ type: 'm.room.topic', content: { topic } }]), ...initial];
        for (const { type, content } of state) this.#append(room, as, type, content, { state_key: '' });
        return room.id;
      }),
      resolveAlias: (alias) => same('resolveAlias', () => this.#aliases.get(alias) ?? null),
      state: (as, id) => same('state', () => this.#room(id, as).timeline.filter(({ state_key: key }) => key !== undefined)),
      event: (as, id, event) => same('event', () => {
        const { timeline } = this.#room(id, as);
        const found = timeline.find(({ event_id: each }) => each === event);
        if (found === undefined) throw new Rejected('gone', 'M_NOT_FOUND');
        const edit = timeline.findLast(({ sender, content }) => sender === found.sender && JSON.stringify(content['m.relates_to'])?.includes(`"m.replace","event_id":"${event}"`));
        return edit === undefined ? found : { ...found, unsigned: { ...found.unsigned, 'm.relations': { 'm.replace': edit } } };
      }),
      messages: (as, id, { from, limit }) => same('messages', () => {
        const { timeline } = this.#room(id, as);
        const end = from === undefined ? timeline.length : Number(from);
        const start = Math.max(0, end - Math.min(limit, this.#deps.pageSize));
        return { events: timeline.slice(start, end).reverse(), ...(start > 0 ? { end: String(start) } : {}) };
      }),
      join: (as, id) => same('join', () => {
        this.#allow(as);
        const room = this.rooms.get(id);
        const membership = room?.members.get(as);
        if (room === undefined || (membership !== 'invite' && membership !== 'join')) throw new Rejected('not invited', 'M_FORBIDDEN');
        if (membership !== 'join') this.setMember(room, as, as, 'join');
      }),
      invite: (as, id, user, direct) => same('invite', () => {
        const room = this.#room(id, as);
        if (room.members.get(user) === 'join') throw new Rejected('already in', 'M_FORBIDDEN');
        if (room.members.get(user) !== 'invite') this.setMember(room, as, user, 'invite', direct === true ? { is_direct: true } : {});
      }),
      leave: (as, id) => same('leave', () => {
        const room = this.rooms.get(id);
        if (room !== undefined) this.setMember(room, as, as, 'leave');
      }),
      register: (localpart) => same('register', () => void this.#registered.add(localpart)),
      setDisplayName: (as, name) => same('setDisplayName', () => {
        this.named.push([as, name]);
        if (as !== BOT && !this.#registered.has(as.slice(1, as.indexOf(':')))) throw new Rejected('unknown user', 'M_FORBIDDEN');
        this.profiles.set(as, { ...this.profiles.get(as), name });
      }),
      upload: async (_as, media) => {
        for await (const chunk of media.bytes) void chunk;
        return same('upload', () => `mxc://test/up${++this.#ids}` as Mxc);
      },
      download: (mxc) => same('download', () => ({ bytes: bytesOf(mxc), mime: 'image/png', name: 'file.png' })),
      receipt: (as, _room, event) => same('receipt', () => void this.receipts.push({ as, event })),
      setFullyRead: (room, event) => same('setFullyRead', () => void this.fullyRead.set(room, event)),
      fullyRead: (room) => same('fullyRead', () => this.fullyRead.get(room) ?? null),
      accountData: (type, as = BOT) => same('accountData', () => this.accountData.get(`${as} ${type}`) ?? null),
      setAccountData: (type, content, as = BOT) => same('setAccountData', () => void this.accountData.set(`${as} ${type}`, content as Record<string, unknown>)),
      actsFor: (user) => same('actsFor', () => this.#allow(user)),
      readUpTo: (as, id, event) => same('readUpTo', () => {
        this.#allow(as);
        this.#room(id, as);
        this.reads.push({ as, event });
      }),
      typing: (as, _room, active) => same('typing', () => void this.typings.push([as, active])),
      setState: (as, id, type, key, content) => same('setState', () =>
        this.#append(this.#room(id, as), as, type, content as Record<string, unknown>, { state_key: key })),
      getState: (as, id, type, key) => same('getState', () =>
        this.#room(id, as).timeline.findLast((event) => event.type === type && event.state_key === key)?.content as Record<string, unknown> | undefined ?? null),
      members: () => nothing('members'),
      setAvatar: (as, picture) => same('setAvatar', () => void this.profiles.set(as, { ...this.profiles.get(as), picture })),
      uploadLimit: () => nothing('uploadLimit'),
    };
  }
}
