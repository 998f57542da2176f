import type { Clock } from '../../model/clock.ts';
import type { Millis } from '../../model/ids.ts';
import type { RateKey } from '../../networks/network.ts';

interface Bucket {
  tokens: number;
  at: Millis;
  /** When it was last full and taken from. */
  since: Millis;
}

/** Full but for the rounding of fractions. */
const ALMOST = 1e-6;

/** Token buckets, so that what a network allows is not first found out by its refusals. In memory: a restart is a pause too. */
export class Rates {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a token of every key at once, or none: then returns when to come again. */
  take(keys: readonly RateKey[]): Millis | null {
    const now = this.#clock.now();
    let until = 0;
    for (const { key, perSecond, burst, borrows } of keys) {
      const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now, since: now };
      this.#buckets.set(key, bucket);
      bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(now - bucket.at, 0) / 1000) * perSecond);
      bucket.at = now;
      const over = borrows === true && now >= bucket.since + 1000 / perSecond;
      const wanted = over && bucket.tokens < burst - ALMOST ? burst : 1;
      if (bucket.tokens < wanted) until = Math.max(until, now + Math.ceil(((wanted - bucket.tokens) / perSecond) * 1000));
    }
    if (until > 0) return until;
    for (const { key, burst } of keys) {
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) continue;
      if (bucket.tokens >= burst - ALMOST) bucket.since = now;
      bucket.tokens -= 1;
    }
    if (this.#buckets.size > 20_000) this.#forgetFull(now);
    return null;
  }

  #forgetFull(now: Millis): void {
    for (const [key, bucket] of this.#buckets) if (now - bucket.at > 600_000) this.#buckets.delete(key);
  }
}
