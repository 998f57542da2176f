import type { Millis } from '../../model/ids.ts';
import { AccountBroken, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { OutboxItem, OutOutcome } from '../../store/store.ts';
import type { DeliverySettings } from '../settings.ts';

/** What an error of a call means for its row, and for the side it went to. */
export type Failure =
  | { readonly settle: OutOutcome }
  /** The side as a whole is down: the row goes back untried. */
  | { readonly sideDown: string; readonly broken: boolean; readonly settle: OutOutcome }
  | { readonly bug: true; readonly settle: OutOutcome };

/** The table of DESIGN's "Blocking": errors are classes with meaning. */
export function failureOf(error: unknown, row: OutboxItem, now: Millis, settings: DeliverySettings): Failure {
  if (error instanceof Unreachable || error instanceof AccountBroken) {
    return {
      sideDown: error.message, broken: error instanceof AccountBroken,
      settle: { to: 'ready', dueAt: now, tried: false, code: error.code, reason: error.message },
    };
  }
  if (error instanceof Rejected) return { settle: { to: 'dead', code: error.code, reason: error.message } };
  const blocked = row.blockedSince !== null && now - row.blockedSince >= settings.maxBlock;
  if (error instanceof Uncertain) {
    if (blocked) return { settle: { to: 'dead', code: error.code, reason: `${error.message} It may have arrived all the same.` } };
    return { settle: { to: 'uncertain', dueAt: now + backoff(row.tries), code: error.code, reason: error.message } };
  }
  if (error instanceof Retry) {
    // Rate limits are nobody's failure and hold a lane as long as they last.
    if (!error.rateLimited && blocked) {
      return { settle: { to: 'dead', code: error.code, reason: `${error.message} Tried ${row.tries + 1} times.` } };
    }
    const wait = Math.max(Math.ceil(error.afterMs ?? 0), backoff(row.tries));
    return { settle: { to: 'ready', dueAt: now + wait, tried: !error.rateLimited, code: error.code, reason: error.message } };
  }
  return { bug: true, settle: { to: 'dead', code: 'bug', reason: 'An error of the bridge itself; its administrator finds it in the log.' } };
}

/** Full jitter, from a quarter of a second to a minute. Whole milliseconds: the store takes nothing else. */
export function backoff(tries: number): Millis {
  return Math.round(250 + Math.random() * Math.min(500 * 2 ** Math.min(tries, 10), 60_000));
}
