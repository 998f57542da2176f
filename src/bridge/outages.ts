import type { Clock } from '../model/clock.ts';
import type { Millis } from '../model/ids.ts';
import type { Logger } from '../model/log.ts';

/** Asks whether the other side is there again; rejects while it is not. */
export type Probe = () => Promise<void>;

export interface OutageHooks {
  /** It works again; `told`: after `long` had been called. */
  readonly up: (side: string, told: boolean) => void;
  /** It has been down for a minute: somebody should know. */
  readonly long: (side: string, reason: string) => void;
}

const LONG: Millis = 60_000;

/**
 * Sides that are down: `matrix`, or an account. No item's fault: while one is down its lanes wait, and spend no tries.
 * Each is probed, from every second to every half minute, until it answers.
 */
export class Outages {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #down = new Map<string, { readonly since: Millis; readonly reason: string; told: boolean; look: () => void }>();
  readonly #owed = new Map<string, Set<Probe>>();
  readonly #stop = new AbortController();
  readonly #hooks: OutageHooks;

  constructor(clock: Clock, log: Logger, hooks: OutageHooks) {
    this.#clock = clock;
    this.#log = log;
    this.#hooks = hooks;
  }

  isDown(side: string): boolean {
    return this.#down.has(side);
  }

  /** Sides that are down, since when and why; for status, doctor and metrics. */
  list(): ReadonlyMap<string, { readonly since: Millis; readonly reason: string }> {
    return this.#down;
  }

  down(side: string, reason: string, probe: Probe): void {
    if (this.#down.has(side) || this.#stop.signal.aborted) return;
    this.#down.set(side, { since: this.#clock.now(), reason, told: false, look: () => {} });
    this.#log.warn('This side is down; what goes there waits.', { side, reason, see: 'drawbridge doctor' });
    void this.#watch(side, probe);
  }

  /** Has to succeed once before the side counts as up again, whoever finds it down first. Before `down`. */
  owe(side: string, work: Probe): void {
    this.#owed.set(side, (this.#owed.get(side) ?? new Set<Probe>()).add(work));
  }

  /** It works again, whoever found out. */
  up(side: string): void {
    const was = this.#down.get(side);
    if (was === undefined) return;
    this.#down.delete(side);
    const downFor = this.#clock.now() - was.since;
    this.#log.info('This side is up again.', { side, downFor });
    this.#hooks.up(side, was.told);
  }

  /** There is no such side any more, so nobody is told that it works again. */
  forget(side: string): void {
    this.#down.delete(side);
  }

  /** It was heard from, so perhaps it works again: it is asked at once. */
  heard(side: string): void {
    this.#down.get(side)?.look();
  }

  stop(): void {
    this.#stop.abort();
  }

  #tellIfLong(side: string): void {
    const found = this.#down.get(side);
    if (found === undefined || found.told || this.#clock.now() - found.since < LONG) return;
    found.told = true;
    this.#hooks.long(side, found.reason);
  }

  async #payUp(side: string): Promise<void> {
    const owed = this.#owed.get(side) ?? new Set();
    for (const work of owed) {
      await work();
      owed.delete(work);
    }
  }

  async #watch(side: string, probe: Probe): Promise<void> {
    for (let wait = 1_000; this.#down.has(side); wait = Math.min(wait * 2, 30_000)) {
      const heard = new Promise<void>((resolve) => {
        const found = this.#down.get(side);
        if (found !== undefined) found.look = resolve;
      });
      await Promise.race([this.#clock.sleep(wait, this.#stop.signal), heard]);
      if (this.#stop.signal.aborted) return;
      this.#tellIfLong(side);
      try {
        await probe();
        await this.#payUp(side);
        this.up(side);
      } catch (error) {
        this.#log.debug('Still down.', { side, error });
      }
    }
  }
}
