import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Rates } from '../../src/bridge/outbound/rates.ts';
import { ManualClock } from '../kit/model/clock.ts';

let clock: ManualClock;
let rates: Rates;
beforeEach(() => {
  clock = new ManualClock();
  rates = new Rates(clock);
});

/** Lets this much time pass. */
function pass(ms: number): void {
  const until = clock.now() + ms;
  void clock.sleep(ms);
  while (clock.now() < until) clock.next();
}

const pair = { key: 'pair', perSecond: 0.5, burst: 3 };
const account = { key: 'account', perSecond: 10, burst: 5 };

describe('a bucket', () => {
  test('gives its burst at once, and then says when the next is due', () => {
    for (let n = 0; n < 3; n++) expect(rates.take([pair])).toBeNull();
    expect(rates.take([pair])).toBe(clock.now() + 2_000);
    pass(1_500);
    expect(rates.take([pair])).toBe(clock.now() + 500);
    pass(500);
    expect(rates.take([pair])).toBeNull();
    expect(rates.take([pair])).toBe(clock.now() + 2_000);
  });

  test('is never fuller than its burst', () => {
    pass(3_600_000);
    for (let n = 0; n < 3; n++) expect(rates.take([pair])).toBeNull();
    expect(rates.take([pair])).not.toBeNull();
  });

  test('is its own: another key is not held up', () => {
    for (let n = 0; n < 4; n++) rates.take([pair]);
    expect(rates.take([{ ...pair, key: 'other pair' }])).toBeNull();
  });

  test('a clock that goes back fills nothing and empties nothing', () => {
    const at = { now: 10_000 };
    const going = new Rates({ now: () => at.now, sleep: () => Promise.resolve() });
    for (let n = 0; n < 3; n++) going.take([pair]);
    at.now = 5_000;
    expect(going.take([pair])).toBe(7_000);
    at.now = 7_000;
    expect(going.take([pair])).toBeNull();
  });
});

describe('a bucket that lends', () => {
  const loan = { key: 'loan', perSecond: 1 / 6, burst: 5, borrows: true };

  test('gives within the first pause, and then nothing until all is paid back', () => {
    expect(rates.take([loan])).toBeNull();
    pass(2_000);
    expect(rates.take([loan])).toBeNull();
    pass(3_000);
    expect(rates.take([loan])).toBeNull();
    const paid = clock.now() + 13_000;
    pass(1_000);
    // But for the rounding of a millisecond.
    expect(Math.abs((rates.take([loan]) ?? 0) - paid)).toBeLessThanOrEqual(1);
    pass(12_000);
    expect(rates.take([loan])).toBeNull();
  });

  test('gives no more than the burst', () => {
    for (let n = 0; n < 5; n++) expect(rates.take([loan])).toBeNull();
    expect(rates.take([loan])).not.toBeNull();
    pass(29_999);
    expect(rates.take([loan])).not.toBeNull();
    pass(1);
    expect(rates.take([loan])).toBeNull();
  });

  test('at its own pace it is never asked to wait', () => {
    for (let n = 0; n < 20; n++) {
      expect(rates.take([loan])).toBeNull();
      pass(6_000);
    }
  });
});

describe('several buckets', () => {
  test('are taken from together or not at all', () => {
    for (let n = 0; n < 3; n++) expect(rates.take([account, pair])).toBeNull();
    for (let n = 0; n < 50; n++) expect(rates.take([account, pair])).toBe(clock.now() + 2_000);
    // The refusals above have cost the account nothing.
    expect(rates.take([account])).toBeNull();
    expect(rates.take([account])).toBeNull();
    expect(rates.take([account])).toBe(clock.now() + 100);
  });

  test('the slowest says when', () => {
    for (let n = 0; n < 5; n++) rates.take([account]);
    for (let n = 0; n < 3; n++) rates.take([pair]);
    expect(rates.take([account, pair])).toBe(clock.now() + 2_000);
  });

  test('no bucket at all holds nothing up', () => {
    expect(rates.take([])).toBeNull();
  });
});

test('whoever comes when told to is served, and never faster than the rate', () => {
  fc.assert(fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 60 }), (perSecond, burst, wanted) => {
    const ours = new ManualClock();
    const buckets = new Rates(ours);
    const start = ours.now();
    let refusals = 0;
    for (let n = 0; n < wanted; n++) {
      for (let until = buckets.take([{ key: 'k', perSecond, burst }]); until !== null; until = buckets.take([{ key: 'k', perSecond, burst }])) {
        refusals += 1;
        expect(until).toBeGreaterThan(ours.now());
        void ours.sleep(until - ours.now());
        ours.next();
      }
    }
    const seconds = (ours.now() - start) / 1000;
    expect(wanted).toBeLessThanOrEqual(burst + seconds * perSecond + 0.01);
    // A refusal is kept: who comes at the time that it says is not sent away again, but for the rounding of a millisecond.
    expect(refusals).toBeLessThanOrEqual(2 * Math.max(0, wanted - burst));
  }), { numRuns: 200 });
});

test('what is full is forgotten, what is not is kept', () => {
  for (let n = 0; n < 3; n++) rates.take([pair]);
  for (let n = 0; n < 20_001; n++) rates.take([{ key: `k${n}`, perSecond: 1, burst: 1 }]);
  expect(rates.take([pair])).not.toBeNull();
});
