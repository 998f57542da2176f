import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Lanes, type Turn } from '../../src/bridge/lanes/lanes.ts';
import type { Logger } from '../../src/model/log.ts';
import { ManualClock, turnOfLoop } from '../kit/model/clock.ts';

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const PLACES = { in: 2, status: 1, 'out:r': 2, 'out:p': 1 } as const;
const LANES = ['in:c1', 'in:c2', 'in:r1', 'status:a', 'out:r1', 'out:r2', 'out:r3', 'out:p1', 'out:p2'] as const;
const kindOf = (lane: string): keyof typeof PLACES => (Object.keys(PLACES) as (keyof typeof PLACES)[]).find((kind) => lane.startsWith(kind)) ?? 'in';

interface Item {
  readonly lane: (typeof LANES)[number];
  /** When it comes, after the one before. */
  readonly gap: number;
  readonly takes: number;
  /** Not due before this long after it came. */
  readonly dueIn: number;
  readonly how: 'plain' | 'fails once' | 'wakes itself' | 'wakes others' | 'woken meanwhile';
}

const item: fc.Arbitrary<Item> = fc.record({
  lane: fc.constantFrom(...LANES), gap: fc.constantFrom(0, 0, 1, 30), takes: fc.constantFrom(0, 0, 5, 40), dueIn: fc.constantFrom(0, 0, 0, 20, 2_000),
  how: fc.constantFrom('plain', 'plain', 'fails once', 'wakes itself', 'wakes others', 'woken meanwhile'),
});

/** A store of work, and a watch over who works on what at the same time. */
class Work {
  readonly clock = new ManualClock();
  readonly waiting = new Map<string, { readonly n: number; readonly item: Item; readonly due: number; failed: boolean }[]>();
  readonly done = new Map<string, number[]>();
  readonly working = new Set<string>();
  readonly problems: string[] = [];
  turns = 0;
  readonly lanes = new Lanes({ turn: (lane) => this.#turn(lane), places: PLACES, clock: this.clock, log: quiet });

  add(n: number, one: Item): void {
    this.waiting.set(one.lane, [...(this.waiting.get(one.lane) ?? []), { n, item: one, due: this.clock.now() + one.dueIn, failed: false }]);
    this.lanes.wake([one.lane]);
  }

  async #turn(lane: string): Promise<Turn> {
    this.turns += 1;
    const first = this.waiting.get(lane)?.[0];
    if (this.working.has(lane)) this.problems.push(`two turns of ${lane} at once`);
    this.working.add(lane);
    const busy = [...this.working].filter((other) => kindOf(other) === kindOf(lane)).length;
    if (busy > PLACES[kindOf(lane)]) this.problems.push(`${busy} turns of ${kindOf(lane)}`);
    try {
      if (first === undefined) return 'empty';
      if (first.due > this.clock.now()) return { until: first.due };
      if (first.item.how === 'wakes itself') this.lanes.wake([lane]);
      if (first.item.how === 'wakes others') this.lanes.wake(LANES);
      if (first.item.takes > 0) await this.clock.sleep(first.item.takes);
      if (first.item.how === 'woken meanwhile') this.lanes.wake([lane]);
      if (first.item.how === 'fails once' && !first.failed) {
        first.failed = true;
        throw new Error('once');
      }
      this.waiting.get(lane)?.shift();
      this.done.set(lane, [...(this.done.get(lane) ?? []), first.n]);
      // Says that nothing is left where nothing is known: more may have come.
      return first.n % 3 === 0 ? 'empty' : 'more';
    } finally {
      this.working.delete(lane);
    }
  }

  get left(): number {
    return [...this.waiting.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

test('lanes keep their order, one turn each and their class\'s places, and lose no wake', async () => {
  await fc.assert(fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 60 }), async (items) => {
    const work = new Work();
    for (const [n, one] of items.entries()) {
      const at = work.clock.now() + one.gap;
      void work.clock.sleep(one.gap);
      while (work.clock.now() < at) {
        work.clock.next();
        await turnOfLoop();
      }
      work.add(n, one);
      if (n % 3 === 0) work.lanes.wake([one.lane]);
    }
    for (let rounds = 0; rounds < 2_000 && (work.left > 0 || work.working.size > 0); rounds++) {
      await turnOfLoop();
      // What ended with `empty` although more was there is woken by whoever brought it; here nobody comes any more.
      if (work.clock.due === null) work.lanes.wake([...work.waiting.keys()]);
      else work.clock.next();
    }
    await turnOfLoop();
    expect(work.problems).toEqual([]);
    expect(work.left).toBe(0);
    for (const lane of LANES) {
      expect([lane, work.done.get(lane) ?? []]).toEqual([lane, items.flatMap((one, n) => (one.lane === lane ? [n] : []))]);
    }
    await work.lanes.stop();
  }), { numRuns: 300 });
});

test('a wake while a turn runs makes another turn, though the turn says that nothing is left', async () => {
  const clock = new ManualClock();
  let turns = 0;
  const lanes = new Lanes({
    turn: async () => {
      turns += 1;
      await clock.sleep(10);
      return 'empty';
    },
    places: PLACES, clock, log: quiet,
  });
  lanes.wake(['in:c1']);
  await turnOfLoop();
  lanes.wake(['in:c1', 'in:c1']);
  clock.next();
  await turnOfLoop();
  clock.next();
  await turnOfLoop();
  expect(turns).toBe(2);
  expect(clock.due).toBeNull();
});

test('no lane starves another, however much work it has', async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 8 }), async (places, count) => {
    const clock = new ManualClock();
    const turns = new Map<string, number>();
    const lanes = new Lanes({
      turn: async (lane) => {
        turns.set(lane, (turns.get(lane) ?? 0) + 1);
        await clock.sleep(1);
        return 'more';
      },
      places: { 'out:r': places }, clock, log: quiet,
    });
    lanes.wake(Array.from({ length: count }, (_, n) => `out:r${n}`));
    for (let n = 0; n < 400; n++) {
      clock.next();
      await turnOfLoop();
    }
    // Everybody has had its share, but for one stretch of turns.
    const fair = (400 * Math.min(places, count)) / count;
    for (let n = 0; n < count; n++) expect(turns.get(`out:r${n}`) ?? 0).toBeGreaterThanOrEqual(fair - 40);
    const stopped = lanes.stop();
    clock.next();
    await stopped;
  }), { numRuns: 30 });
});

test('stop waits for the turns under way, and none begins after it', async () => {
  await fc.assert(fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 30 }), fc.nat(40), async (items, steps) => {
    const work = new Work();
    items.forEach((one, n) => work.add(n, one));
    for (let n = 0; n < steps; n++) {
      await turnOfLoop();
      work.clock.next();
    }
    let stopped = false;
    const stopping = work.lanes.stop().then(() => {
      stopped = true;
    });
    const begun = work.turns;
    await turnOfLoop();
    expect(stopped).toBe(work.working.size === 0);
    for (let n = 0; n < 100 && !stopped; n++) {
      work.clock.next();
      await turnOfLoop();
    }
    await stopping;
    expect(work.working.size).toBe(0);
    work.lanes.wake(LANES);
    for (let n = 0; n < 10; n++) {
      work.clock.next();
      await turnOfLoop();
    }
    expect(work.turns).toBe(begun);
    expect(work.problems).toEqual([]);
  }), { numRuns: 100 });
});

test('a lane that is due later is looked at then, and at once where it is woken before', async () => {
  const clock = new ManualClock();
  const looks: number[] = [];
  const start = clock.now();
  const lanes = new Lanes({
    turn: () => {
      looks.push(clock.now() - start);
      return Promise.resolve(looks.length < 3 ? { until: start + 1_000 } : 'empty');
    },
    places: PLACES, clock, log: quiet,
  });
  lanes.wake(['in:c1']);
  await turnOfLoop();
  void clock.sleep(400);
  clock.next();
  lanes.wake(['in:c1']);
  await turnOfLoop();
  clock.next();
  await turnOfLoop();
  expect(looks).toEqual([0, 400, 1_000]);
  expect(clock.due).toBeNull();
  await lanes.stop();
});
