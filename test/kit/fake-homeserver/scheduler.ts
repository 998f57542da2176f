import { request } from 'undici';
import type { FakeEvent, World } from './world.ts';

export interface AppserviceSettings {
  /** Null until the bridge listens. */
  url: string | null;
  readonly hsToken: string;
}

/** One try of one transaction. */
export interface Delivery {
  readonly txn: number;
  readonly events: readonly string[];
  readonly ephemeral: number;
  /** 0: no answer. */
  readonly status: number;
}

type Edu = Readonly<Record<string, unknown>>;

const MOST = 100;

/**
 * Synapse's way of pushing to an application service (its `appservice/scheduler.py`): one transaction under way, at most 100
 * events each; what is not answered 2xx marks the service DOWN, and from then on every event makes a transaction of its own
 * that waits, ephemeral data is dropped, and the oldest is tried again after 2, 4, … 512 seconds. An unsent transaction that
 * was under way when Synapse was killed waits for the next time the service is down, and so does what comes in the moment in
 * which the service is found to be up again.
 */
export class Scheduler {
  readonly #world: World;
  readonly #service: AppserviceSettings;
  /** Real milliseconds a second of back-off takes. */
  readonly #second: number;
  readonly deliveries: Delivery[] = [];
  #ephemeral: Edu[] = [];
  #inFlight = false;
  #stopped = false;
  #backoff = 1;
  #timer: NodeJS.Timeout | undefined;
  #recovering = false;
  /** The next recovery meets an event in its last moment: whether the service is up was asked just before. */
  #strands: 'no' | 'next' | 'now' = 'no';

  constructor(world: World, service: AppserviceSettings, second: number) {
    this.#world = world;
    this.#service = service;
    this.#second = second;
  }

  /** After a start: only a service known to be down gets its old transactions at once. */
  start(options: { readonly loseQueued?: boolean; readonly resendUnsent?: boolean } = {}): void {
    if (options.loseQueued === true && this.#world.queue.length > 0) this.#world.apply({ op: 'lost' });
    if (options.resendUnsent === true && this.#world.unsent.size > 0) this.#world.apply({ op: 'service', up: false });
    if (!this.#world.serviceUp) this.#recover();
    void this.#work();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  event(event: FakeEvent): void {
    this.#world.apply({ op: 'queue', event: event.event_id });
    void this.#work();
  }

  ephemeral(edu: Edu): void {
    this.#ephemeral.push(edu);
    void this.#work();
  }

  get idle(): boolean {
    return !this.#inFlight && !this.#recovering && this.#world.queue.length === 0 && this.#world.unsent.size === 0;
  }

  strand(): void {
    this.#strands = 'next';
  }

  /** What a successful ping does (Synapse 1.132 and later). */
  forceRetry(): void {
    if (this.#world.serviceUp) return;
    clearTimeout(this.#timer);
    void this.#retry();
  }

  async #work(): Promise<void> {
    if (this.#inFlight || this.#stopped) return;
    this.#inFlight = true;
    try {
      // Let one tick's events join, as Synapse's notifier does.
      await new Promise((resolve) => setImmediate(resolve));
      while (!this.#stopped && (this.#world.queue.length > 0 || this.#ephemeral.length > 0)) await this.#sendQueued();
    } finally {
      this.#inFlight = false;
    }
  }

  async #sendQueued(): Promise<void> {
    const events = this.#world.queue.slice(0, MOST);
    const ephemeral = this.#ephemeral.splice(0, MOST);
    if (!this.#world.serviceUp && events.length === 0) return;
    const id = this.#world.lastTxn + 1;
    this.#world.apply({ op: 'txn', id, events: events.map((event) => event.event_id) });
    if (this.#strands === 'now' && events.length > 0) this.#strands = 'no';
    else if (this.#world.serviceUp) await this.#send(id, events, ephemeral);
  }

  async #send(id: number, events: readonly FakeEvent[], ephemeral: readonly Edu[]): Promise<void> {
    const sent = await this.push(id, events, ephemeral);
    if (sent) this.#complete(id);
    if (sent || this.#stopped) return;
    this.#world.apply({ op: 'service', up: false });
    this.#recover();
  }

  /** A kill between the answer and the commit leaves the transaction unsent. */
  #complete(id: number): void {
    if (!this.#stopped) this.#world.apply({ op: 'txnDone', id });
  }

  #recover(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#retry(), 2 ** this.#backoff * this.#second);
  }

  async #retry(): Promise<void> {
    if (this.#recovering || this.#stopped) return;
    this.#recovering = true;
    try {
      for (;;) {
        const oldest = [...this.#world.unsent.keys()].toSorted((a, b) => a - b)[0];
        if (oldest === undefined) {
          this.#backoff = 1;
          this.#world.apply({ op: 'service', up: true });
          if (this.#strands === 'next') this.#strands = 'now';
          return;
        }
        // Rebuilt from the events, without what was ephemeral.
        if (!(await this.push(oldest, this.#world.unsent.get(oldest)!, []))) break;
        this.#complete(oldest);
        this.#backoff = 1;
      }
      if (this.#stopped) return;
      this.#backoff = Math.min(this.#backoff + 1, 9);
      this.#recover();
    } finally {
      this.#recovering = false;
    }
  }

  /** One PUT; true when it was answered 2xx. */
  async push(id: number, events: readonly unknown[], ephemeral: readonly Edu[]): Promise<boolean> {
    const now = Date.now();
    const body = {
      events: events.map((one) => (isEvent(one) ? { ...one, unsigned: { ...one.unsigned, age: now - one.origin_server_ts } } : one)),
      // Synapse 1.156 and later write both.
      ...(ephemeral.length === 0 ? {} : { ephemeral, 'de.sorunome.msc2409.ephemeral': ephemeral }),
    };
    const status = await this.#put(`/_matrix/app/v1/transactions/${id}`, JSON.stringify(body));
    this.deliveries.push({ txn: id, events: events.map((one) => (isEvent(one) ? one.event_id : '?')), ephemeral: ephemeral.length, status });
    return status >= 200 && status < 300;
  }

  async #put(path: string, body: string): Promise<number> {
    if (this.#service.url === null) return 0;
    try {
      const answer = await request(`${this.#service.url}${path}`, {
        method: 'PUT', body, headersTimeout: 60_000,
        headers: { authorization: `Bearer ${this.#service.hsToken}`, 'content-type': 'application/json' },
      });
      await answer.body.dump();
      return answer.statusCode;
    } catch {
      return 0;
    }
  }
}

function isEvent(value: unknown): value is FakeEvent {
  return typeof value === 'object' && value !== null && 'event_id' in value && typeof value.event_id === 'string';
}
