import fc from 'fast-check';

/** What becomes of one call to a homeserver or a network. */
export type FaultKind =
  | 'none'
  /** Surely not done: try again; the second as a rate limit. */
  | 'retry' | 'limit'
  | 'reject'
  /** The answer was lost: before it was done, or after. */
  | 'lost before' | 'lost after'
  | 'unreachable' | 'broken' | 'bug';

export interface Fault {
  readonly kind: FaultKind;
  /** The way there, and the way back. */
  readonly before: number;
  readonly after: number;
  /** Whether it is still done when the process dies while it is on its way. */
  readonly arrives: boolean;
}

/** How something is handed to the bridge. */
export interface Delivery {
  readonly delay: number;
  /** Handed over once more, this much later. */
  readonly again: number | null;
  /** With how many others that wait. */
  readonly batch: number;
}

export interface StatusPlan {
  readonly outcome: 'arrives' | 'fails' | 'never told';
  readonly delay: number;
}

/** Cards drawn one by one; when none is left, the fair-weather card. */
export class Deck<T> {
  #next = 0;
  readonly #cards: readonly T[];
  readonly #fair: T;
  /** While it is held the weather is fair, and no card is spent. */
  held = true;

  constructor(cards: readonly T[], fair: T) {
    this.#cards = cards;
    this.#fair = fair;
  }

  draw(): T {
    return this.held ? this.#fair : (this.#cards[this.#next++] ?? this.#fair);
  }
}

export const FAIR: Fault = { kind: 'none', before: 1, after: 1, arrives: true };
export const FAIR_DELIVERY: Delivery = { delay: 1, again: null, batch: 10 };
export const FAIR_STATUS: StatusPlan = { outcome: 'arrives', delay: 20 };

export interface Weather {
  readonly homeserver: readonly Fault[];
  readonly network: readonly Fault[];
  readonly pushes: readonly Delivery[];
  readonly webhooks: readonly Delivery[];
  readonly statuses: readonly StatusPlan[];
}

const way = fc.constantFrom(1, 1, 1, 30, 700, 3_000);

function faults(bad: readonly FaultKind[]): fc.Arbitrary<readonly Fault[]> {
  const kind = fc.oneof({ weight: 6, arbitrary: fc.constant<FaultKind>('none') }, { weight: 4, arbitrary: fc.constantFrom(...bad) });
  return fc.array(fc.record({ kind, before: way, after: way, arrives: fc.boolean() }), { maxLength: 40 });
}

const deliveries = fc.array(fc.record({
  delay: fc.constantFrom(1, 1, 50, 2_000, 9_000), again: fc.constantFrom(null, null, null, 1, 5_000), batch: fc.integer({ min: 1, max: 5 }),
}), { maxLength: 40 });

export const weather: fc.Arbitrary<Weather> = fc.record({
  homeserver: faults(['retry', 'limit', 'reject', 'lost before', 'lost after', 'unreachable', 'bug']),
  network: faults(['retry', 'limit', 'reject', 'lost before', 'lost after', 'unreachable', 'broken', 'bug']),
  pushes: deliveries,
  webhooks: deliveries,
  statuses: fc.array(fc.record({
    outcome: fc.constantFrom('arrives', 'arrives', 'arrives', 'fails', 'never told'), delay: fc.constantFrom(0, 20, 3_000, 20_000),
  }), { maxLength: 20 }),
});
