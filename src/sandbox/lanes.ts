import { setTimeout as sleep } from 'node:timers/promises';

interface Entry<Item> {
  readonly item: Item;
  /** Not before this time, ms. */
  readonly due: number;
}

/**
 * Ordered streams of outgoing work: within a lane one batch at a time and in order, lanes beside each other.
 * `work` is expected to handle its own failures; what it throws ends the lane's current batch only.
 */
export class Lanes<Item> {
  readonly #lanes = new Map<string, Entry<Item>[]>();
  readonly #work: (items: readonly Item[], lane: string) => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #batch: () => number;
  #idle: (() => void)[] = [];

  constructor(work: (items: readonly Item[], lane: string) => Promise<void>, batch: () => number, signal: AbortSignal) {
    this.#work = work;
    this.#batch = batch;
    this.#signal = signal;
  }

  add(lane: string, item: Item, delayMs: number): void {
    if (this.#signal.aborted) return;
    const entry = { item, due: Date.now() + delayMs };
    const queue = this.#lanes.get(lane);
    if (queue) {
      queue.push(entry);
      return;
    }
    this.#lanes.set(lane, [entry]);
    void this.#run(lane);
  }

  /** Resolves when nothing waits and nothing is in hand. */
  async idle(): Promise<void> {
    if (this.#lanes.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #run(lane: string): Promise<void> {
    const queue = this.#lanes.get(lane) ?? [];
    try {
      while (queue[0] && !this.#signal.aborted) {
        // At least one turn of the event loop, so that items added together can share a batch.
        await sleep(Math.max(0, queue[0].due - Date.now()), undefined, { signal: this.#signal });
        const due = queue.slice(0, this.#batch()).filter((entry, index) => index === 0 || entry.due <= Date.now());
        await this.#work(due.map((entry) => entry.item), lane);
        queue.splice(0, due.length);
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      this.#lanes.delete(lane);
      if (this.#lanes.size === 0) this.#idle.splice(0).forEach((resolve) => resolve());
    }
  }
}
