import type { MatrixEvent } from '../../../src/model/events.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import type { Logger } from '../../../src/model/log.ts';
import type { MatrixBatch, NetworkBatch, Store } from '../../../src/store/store.ts';
import { ManualClock, turnOfLoop } from './clock.ts';
import { ALICE, type Core, compose } from './core.ts';
import { FakeHomeserver, type FakeRoom } from './homeserver.ts';
import { Life } from './life.ts';
import { MemorySpool, memoryTools } from './media.ts';
import { type Abilities, FakeNetwork } from './network.ts';
import { SETTINGS } from './settings.ts';
import { openSqlite } from './store/sqlite.ts';
import { Deck, FAIR, FAIR_DELIVERY, FAIR_STATUS, type Weather } from './weather.ts';

export interface Conditions {
  readonly abilities: Abilities;
  /** Of further networks, beside the first. */
  readonly more?: readonly Abilities[];
  readonly uncertain: 'ask' | 'retry';
  /** How many events the homeserver hands over as one page of history. */
  readonly pageSize: number;
  /** Whether what is done in the account's own app shows as Alice, whose it is. */
  readonly puppets?: boolean;
  readonly weather: Weather;
}

/** The real core over a real store, between a homeserver and a network in memory, on a clock that stands still. */
export class World {
  readonly clock = new ManualClock();
  readonly homeserver: FakeHomeserver;
  readonly networks: readonly FakeNetwork[];
  readonly spool = new MemorySpool();
  readonly conditions: Conditions;
  /** When an event or item first reached the store: the order that counts. */
  readonly arrivals = new Map<string, number>();
  /** And at what time. */
  readonly arrivedAt = new Map<string, number>();
  /** What the log says loudly; shown where a property fails. */
  readonly log: string[] = [];
  #life: Life;
  #core: Core;
  readonly #store: Store;
  readonly #decks: { held: boolean }[];
  #pulses = 0;

  constructor(conditions: Conditions) {
    this.conditions = conditions;
    const { weather, abilities, pageSize } = conditions;
    const pulse = (): void => void (this.#pulses += 1);
    const decks = {
      homeserver: new Deck(weather.homeserver, FAIR), network: new Deck(weather.network, FAIR), pushes: new Deck(weather.pushes, FAIR_DELIVERY),
      webhooks: new Deck(weather.webhooks, FAIR_DELIVERY), statuses: new Deck(weather.statuses, FAIR_STATUS),
    };
    this.#decks = Object.values(decks);
    this.homeserver = new FakeHomeserver({
      clock: this.clock, faults: decks.homeserver, pushes: decks.pushes, pageSize, pulse,
      push: (events) => this.#push(events), invited: (user, room) => this.#invited(user, room),
    });
    this.networks = [abilities, ...(conditions.more ?? [])].map((able, n) => new FakeNetwork({
      id: n === 0 ? 'fake' : `fake${n + 1}`, clock: this.clock, faults: decks.network, webhooks: decks.webhooks, statuses: decks.statuses, abilities: able, pulse,
    }));
    this.#store = openSqlite(':memory:', () => this.clock.now());
    [this.#life, this.#core] = this.#bear(true);
  }

  /** The first. */
  get network(): FakeNetwork {
    return this.networks[0] as FakeNetwork;
  }

  get store(): Store {
    return this.#store;
  }

  get life(): Life {
    return this.#life;
  }

  /** A new process over the same database. */
  #bear(clean: boolean): [Life, Core] {
    const life = new Life(this.#store, this.clock, {
      pulse: () => void (this.#pulses += 1),
      wrote: (command, args) => this.#wrote(command, args),
    });
    const { conditions } = this;
    const settings = { ...SETTINGS, uncertain: conditions.uncertain };
    const core = compose(clean, life, this.homeserver.for(life), this.networks.map((network) => network.for(life)), memoryTools(this.spool), settings, this.#logger(), { puppets: conditions.puppets === true });
    void core.start();
    return [life, core];
  }

  #logger(): Logger {
    const say = (level: string) => (message: string, fields?: object): void => {
      const error = (fields as { error?: Error } | undefined)?.error;
      this.log.push(`${this.clock.now() % 1e7} ${level} ${message} ${JSON.stringify({ ...fields, error: undefined })} ${error instanceof Error ? `${error.name}: ${error.message}` : ''}`);
    };
    const logger: Logger = { debug: () => {}, info: say('info'), warn: say('warn'), error: say('error'), child: () => logger };
    return logger;
  }

  /** Networks call their items alike; those of the first are called by their own keys alone. */
  keyOf(network: string, key: string): string {
    return network === this.network.id ? key : `${network} ${key}`;
  }

  #wrote(command: string, args: readonly unknown[]): void {
    const keys = command === 'acceptMatrix' ? (args[0] as MatrixBatch).events.map(({ event_id: id }) => id)
      : command === 'acceptNetwork' ? (args[0] as NetworkBatch).items.map(({ key }) => this.keyOf((args[0] as NetworkBatch).network, key)) : [];
    for (const key of keys) {
      if (this.arrivals.has(key)) continue;
      this.arrivals.set(key, this.arrivals.size);
      this.arrivedAt.set(key, this.clock.now());
    }
  }

  async #push(events: readonly MatrixEvent[]): Promise<void> {
    const life = this.#life;
    const died = life.death.then(() => {
      throw new Error('no answer');
    });
    if (life.dead) return died;
    await Promise.race([this.#core.bridge.acceptMatrix({ events, toDevice: [] }), died]);
  }

  #invited(user: UserId, id: RoomId): void {
    if (user !== ALICE) return;
    void this.clock.sleep(100).then(() => {
      const room = this.homeserver.rooms.get(id);
      if (room?.members.get(user) === 'invite') this.homeserver.setMember(room, user, user, 'join');
    });
  }

  /** Rooms that Alice is in with the bot, the oldest first. */
  aliceRooms(): readonly FakeRoom[] {
    return [...this.homeserver.rooms.values()].filter(({ members }) => members.get(ALICE) === 'join');
  }

  /** Until nothing moves any more without time going on. */
  async #still(): Promise<void> {
    let before: number;
    let rounds = 0;
    do {
      before = this.#pulses;
      await turnOfLoop();
      if (++rounds > 5_000) throw new Error(['Something spins: it works without end, and no time passes.', ...this.log.slice(-20)].join('\n'));
    } while (before !== this.#pulses || this.#life.pending > 0);
    if (this.#life.dead) await this.#again(false);
  }

  async #again(clean: boolean): Promise<void> {
    this.homeserver.bridgeDied();
    for (const network of this.networks) network.bridgeDied();
    [this.#life, this.#core] = this.#bear(clean);
    await this.#still();
  }

  kill(): Promise<void> {
    this.#life.kill();
    return this.#still();
  }

  /** An orderly stop, and a new start. */
  async restart(): Promise<void> {
    let stopped = false;
    const life = this.#life;
    void this.#core.stop().then(() => {
      stopped = true;
    });
    await this.#still();
    for (let n = 0; n < 10_000 && !stopped && this.#life === life; n++) await this.#step();
    if (this.#life !== life) return;
    life.kill();
    await this.#again(true);
  }

  async #step(): Promise<void> {
    this.clock.next();
    await this.#still();
  }

  /** Lets this much time pass. */
  async pass(ms: number): Promise<void> {
    await this.#still();
    const until = this.clock.now() + ms;
    void this.clock.sleep(ms);
    while (this.clock.now() < until) await this.#step();
  }

  /** While it is calm no card of the weather is drawn; it begins so. */
  calm(calm: boolean): void {
    for (const deck of this.#decks) deck.held = calm;
  }

  /** From now on all goes well; resolves once nothing is left to do, or too much time has passed. */
  async settle(): Promise<void> {
    this.calm(true);
    for (const network of this.networks) {
      network.down = false;
      network.broken = false;
    }
    this.#life.busy = 0;
    this.homeserver.start();
    if (this.homeserver.lost > 0) await this.kill();
    const limit = this.clock.now() + 2 * SETTINGS.maxAge;
    await this.#still();
    // Ten quiet seconds: whatever waits for its time has had it.
    for (let quiet = 0; quiet < 25 && this.clock.now() < limit;) {
      await this.pass(1_000);
      quiet = this.quiet ? quiet + 1 : 0;
    }
  }

  get quiet(): boolean {
    const { inbox, outbox } = this.#store.counts();
    const open = ['ready', 'sending', 'uncertain', 'parked'].reduce((sum, state) => sum + (outbox[state] ?? 0), 0);
    return this.homeserver.idle && this.networks.every(({ idle }) => idle) && open === 0 && Object.keys(inbox).every((state) => state === 'dead') && this.#store.mediaJobs(1).length === 0;
  }

  async close(): Promise<void> {
    this.#life.kill();
    await turnOfLoop();
    this.#store.close();
  }
}
