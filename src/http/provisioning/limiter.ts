import type { Clock } from '../../model/clock.ts';
import type { Millis } from '../../model/ids.ts';

export interface Limit {
  readonly perSecond: number;
  readonly burst: number;
}

/** Who has not been here for the longest time is forgotten first: to be forgotten one needs that many others. */
const MOST = 10_000;

/** A bucket of tokens for each name, in bounded memory. */
export class Limiter {
  readonly #limit: Limit;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { readonly tokens: number; readonly at: Millis }>();

  constructor(limit: Limit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Null where it may go on, else how many milliseconds from now it may. `count` 0: only looks. */
  take(name: string, count = 1): Millis | null {
    const { perSecond, burst } = this.#limit;
    const now = this.#clock.now();
    const before = this.#buckets.get(name) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, before.tokens + (Math.max(0, now - before.at) / 1000) * perSecond);
    const goes = tokens >= 1;
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens: goes ? tokens - count : tokens, at: now });
    const [oldest] = this.#buckets.size > MOST ? this.#buckets.keys() : [];
    if (oldest !== undefined) this.#buckets.delete(oldest);
    return goes ? null : Math.ceil(((1 - tokens) / perSecond) * 1000);
  }
}

/** Whoever has one address of IPv6 has its whole network of 64 bits. */
export function networkOf(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!bare.includes(':')) return bare;
  const [head = '', tail] = bare.split('::', 2);
  const first = head.split(':').filter((part) => part !== '');
  const last = (tail ?? '').split(':').filter((part) => part !== '');
  const groups = tail === undefined ? first : [...first, ...Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0'), ...last];
  return `${groups.slice(0, 4).join(':').toLowerCase()}::/64`;
}
