import type { Clock } from '../../../src/model/clock.ts';
import type { Millis } from '../../../src/model/ids.ts';

interface Sleeper {
  readonly at: Millis;
  readonly order: number;
  readonly wake: () => void;
}

/** Time that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #now: Millis;
  #order = 0;
  #sleepers: Sleeper[] = [];

  constructor(now: Millis = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): Millis {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper: Sleeper = { at: this.#now + Math.max(ms, 0), order: this.#order++, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      }, { once: true });
    });
  }

  /** When the next sleeper is due; null where nobody sleeps. */
  get due(): Millis | null {
    return this.#sleepers.length === 0 ? null : Math.min(...this.#sleepers.map(({ at }) => at));
  }

  /** Goes on to the next due time and wakes whoever is due then, in the order they lay down. */
  next(): void {
    const due = this.due;
    if (due === null) return;
    this.#now = Math.max(this.#now, due);
    const awake = this.#sleepers.filter(({ at }) => at <= due).sort((a, b) => a.at - b.at || a.order - b.order);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > due);
    for (const { wake } of awake) wake();
  }
}

/** One round of the event loop: every promise that can settle without time or I/O has settled, and a commit of the store is through. */
export function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
