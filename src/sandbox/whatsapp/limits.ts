import { GraphError } from './errors.ts';
import { documented } from './options.ts';
import type { World } from './state.ts';

interface Burst {
  readonly start: number;
  count: number;
}

/** What the Cloud API lets a phone number send, by its documented rates, on the scaled clock. */
export class Limits {
  readonly #world: World;
  readonly #bursts = new Map<string, Burst>();
  readonly #recent: number[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Counts an inbound message: throughput is of both directions. */
  countInbound(): void {
    this.#recent.push(Date.now());
  }

  /**
   * Counts one message to a person. Nothing is counted that is refused.
   * @throws GraphError 130429 over the throughput, 131056 over the pair rate
   */
  take(person: string): void {
    const now = Date.now();
    const second = 1000 / this.#world.scale.throughput;
    while (this.#recent[0] !== undefined && this.#recent[0] <= now - second) this.#recent.shift();
    if (this.#recent.length >= documented.throughput) throw new GraphError(130429);
    this.#takePair(person, now);
    this.#recent.push(now);
  }

  /**
   * A burst borrows: `n` messages block the pair for `n` times the pause, counted from the first, except that more may
   * join, up to the limit, while the first pause lasts.
   */
  #takePair(person: string, now: number): void {
    const pause = documented.pairMs / this.#world.scale.pair;
    const burst = this.#bursts.get(person);
    if (!burst || now >= burst.start + burst.count * pause) {
      this.#bursts.set(person, { start: now, count: 1 });
    } else if (now < burst.start + pause && burst.count < documented.pairBurst) {
      burst.count += 1;
    } else {
      throw new GraphError(131056);
    }
  }
}
