import type { Clock } from '../../model/clock.ts';
import type { Millis } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import { StoreBusy } from '../../store/store.ts';

/** What one turn of a lane ended in: nothing left, more at once, or something that is due later. */
export type Turn = 'empty' | 'more' | { readonly until: Millis };

export interface LaneOptions {
  /** Works on the first item of a lane. */
  readonly turn: (lane: string) => Promise<Turn>;
  /** Lanes of one class share the places: `in`, `status`, `out:r`, `out:p`. */
  readonly places: Readonly<Record<string, number>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Runs lanes: each an ordered stream with one item in hand, many lanes side by side. A lane is known only while it has
 * work; what is not done is in the store, so that nothing here need outlive the process.
 */
export class Lanes {
  readonly #options: LaneOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** Woken while its turn was running. */
  readonly #again = new Set<string>();
  readonly #queues = new Map<string, Set<string>>();
  readonly #busy = new Map<string, number>();
  /** Lanes whose first item is due later. */
  readonly #sleeping = new Map<string, AbortController>();
  #stopped = false;
  #saidAt = -Infinity;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  wake(lanes: readonly string[]): void {
    for (const lane of lanes) this.#wakeOne(lane);
  }

  /** Lets every turn under way end, and starts no other. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const sleep of this.#sleeping.values()) sleep.abort();
    this.#sleeping.clear();
    this.#queues.clear();
    await Promise.allSettled(this.#running.values());
  }

  #wakeOne(lane: string): void {
    if (this.#stopped) return;
    if (this.#running.has(lane)) {
      this.#again.add(lane);
      return;
    }
    this.#sleeping.get(lane)?.abort();
    this.#sleeping.delete(lane);
    const kind = kindOf(lane);
    const queue = this.#queues.get(kind) ?? new Set<string>();
    this.#queues.set(kind, queue);
    queue.add(lane);
    this.#fill(kind);
  }

  #fill(kind: string): void {
    const queue = this.#queues.get(kind);
    const places = this.#options.places[kind] ?? 1;
    for (const lane of queue ?? []) {
      if ((this.#busy.get(kind) ?? 0) >= places) return;
      queue?.delete(lane);
      this.#busy.set(kind, (this.#busy.get(kind) ?? 0) + 1);
      this.#running.set(lane, this.#run(lane, kind));
    }
  }

  async #run(lane: string, kind: string): Promise<void> {
    let turn: Turn = 'empty';
    // The lane counts as running before its first turn: that may wake its own lane.
    await Promise.resolve();
    try {
      // A few items at a stretch, then the place goes to whoever waits: no lane starves another.
      for (let n = 0; n < 20 && !this.#stopped; n++) {
        this.#again.delete(lane);
        turn = await this.#options.turn(lane);
        if (turn !== 'more' && !this.#again.has(lane)) break;
        turn = 'more';
      }
    } catch (error) {
      this.#failed(lane, error);
      turn = { until: this.#options.clock.now() + 1_000 };
    }
    this.#running.delete(lane);
    this.#busy.set(kind, (this.#busy.get(kind) ?? 1) - 1);
    const again = this.#again.delete(lane) || turn === 'more';
    if (again) this.#wakeOne(lane);
    else if (typeof turn === 'object') this.#later(lane, turn.until);
    this.#fill(kind);
  }

  /** Where the database takes nothing every lane comes here every second, and a log fills a disk: it is said once a minute. */
  #failed(lane: string, error: unknown): void {
    const now = this.#options.clock.now();
    const isSaid = error instanceof StoreBusy && now < this.#saidAt + 60_000;
    if (isSaid) return;
    if (error instanceof StoreBusy) this.#saidAt = now;
    this.#options.log.error('A lane failed; it is tried again.', { lane, error });
  }

  #later(lane: string, until: Millis): void {
    if (this.#stopped) return;
    const wait = Math.min(Math.max(until - this.#options.clock.now(), 1), 60_000);
    const sleep = new AbortController();
    this.#sleeping.set(lane, sleep);
    void this.#options.clock.sleep(wait, sleep.signal).then(() => {
      if (!sleep.signal.aborted) this.#wakeOne(lane);
    });
  }
}

/** `in:c12` and `in:r3` are `in`; `out:p4` is `out:p`; `status:…` is `status`. */
function kindOf(lane: string): string {
  if (lane.startsWith('out:')) return lane.slice(0, 5);
  return lane.slice(0, lane.indexOf(':'));
}
