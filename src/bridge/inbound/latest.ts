import type { Clock } from '../../model/clock.ts';

/**
 * Calls of which only the newest counts: one at a time for each key, with a pause behind it. Other homeservers hand over as many
 * typing and read marks as they like, and none of that may use up what a network allows.
 */
export class Latest<Key> {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #waiting = new Map<Key, () => Promise<unknown>>();
  readonly #busy = new Set<Key>();

  constructor(clock: Clock, pauseMs: number) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
  }

  /** `call` must not reject. */
  run(key: Key, call: () => Promise<unknown>): void {
    this.#waiting.set(key, call);
    if (!this.#busy.has(key)) void this.#work(key);
  }

  async #work(key: Key): Promise<void> {
    this.#busy.add(key);
    for (let call = this.#waiting.get(key); call !== undefined; call = this.#waiting.get(key)) {
      this.#waiting.delete(key);
      await call();
      await this.#clock.sleep(this.#pauseMs);
    }
    this.#busy.delete(key);
  }
}
