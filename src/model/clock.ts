import type { Millis } from './ids.ts';

/** Time, handed in so that tests can run it. */
export interface Clock {
  now(): Millis;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The latest time that a date can tell (ECMAScript, "Time Values and Time Range"). The earliest is 1970 here. */
const LAST: Millis = 8.64e15;

/** A number that somebody else calls a time, as one that can be stored and shown: whole, and within what dates can tell. */
export function asTime(value: number): Millis {
  return Math.min(Math.max(Math.round(value), 0), LAST);
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      // setTimeout takes 32 bits: a longer wait is cut, and every caller looks at its due time again.
      const timer = setTimeout(done, Math.min(Math.max(ms, 0), 2 ** 31 - 1));
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
