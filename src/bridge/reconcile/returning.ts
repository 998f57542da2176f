import type { EventId, Millis, RoomRow } from '../../model/ids.ts';
import type { Clock } from '../../model/clock.ts';
import { type Store, StoreBusy } from '../../store/store.ts';

export interface ReturningDeps {
  readonly store: Pick<Store, 'unseen' | 'portalsOf'>;
  readonly clock: Clock;
  /** Compares the rooms with their history. */
  readonly compare: () => void;
}

/** What a homeserver hands over at all it hands over sooner, unless it cannot reach us. */
const PATIENCE: Millis = 15_000;
/** Between two comparisons, for one room or for all. */
const INTERVAL: Millis = 60_000;
const MOST = 10_000;

/**
 * In a room of several networks what a ghost says goes on once the homeserver hands it back. One that keeps such an event back
 * (see `Backlog`) would keep it from the other networks: what does not come back is looked for in the rooms.
 */
export class Returning {
  readonly #deps: ReturningDeps;
  readonly #sent = new Map<EventId, Millis>();
  #compared: Millis = Number.NEGATIVE_INFINITY;

  constructor(deps: ReturningDeps) {
    this.#deps = deps;
  }

  /** A ghost has said something. */
  sent(room: RoomRow, event: EventId): void {
    if (this.#sent.size < MOST && this.#deps.store.portalsOf(room).length > 1) this.#sent.set(event, this.#deps.clock.now());
  }

  /** Once a second. */
  look(): void {
    const { store, clock, compare } = this.#deps;
    const now = clock.now();
    if (this.#sent.size === 0 || now < this.#compared + INTERVAL) return;
    const due = [...this.#sent].filter(([, at]) => now >= at + PATIENCE).map(([event]) => event);
    const missing = store.unseen('matrix', due);
    for (const event of due) this.#sent.delete(event);
    if (missing.length === 0) return;
    this.#compared = now;
    compare();
  }

  /** Whether something may still have to come back; then the next start looks for it. */
  get waits(): boolean {
    try {
      return this.#sent.size > 0 && this.#deps.store.unseen('matrix', [...this.#sent.keys()]).length > 0;
    } catch (error) {
      if (error instanceof StoreBusy) return true;
      throw error;
    }
  }
}
