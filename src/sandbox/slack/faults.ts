import { z } from 'zod';

const fraction = z.number().min(0).max(1);
const milliseconds = z.number().int().min(0);

/** What can go wrong between Slack and its apps; all off at first. */
export const faultsSchema = z.strictObject({
  /** Events that come twice, each with the same event_id. */
  duplicate: fraction,
  /** Events that the one behind them overtakes. */
  reorder: fraction,
  /** Delay of every event. */
  delayMs: milliseconds,
  /** Events that never come. */
  drop: fraction,
  /** Calls refused with 429. */
  rateLimit: fraction,
  /** Every call refused with token_expired. */
  expireToken: z.boolean(),
  /** Calls answered 500 before anything is done. */
  http500: fraction,
  /** Messages that are taken while the connection is reset instead of answered. */
  acceptThenReset: fraction,
  /** Delay of every answer, after the work is done. */
  slowMs: milliseconds,
  /** How long after it is completed a file is shared. */
  shareMs: milliseconds,
  /** apps.connections.open is refused with internal_error. */
  noSockets: z.boolean(),
  /** A socket that was greeted is sent away at once. */
  sendAway: z.boolean(),
});

export type Faults = z.infer<typeof faultsSchema>;

export function noFaults(): Faults {
  return { duplicate: 0, reorder: 0, delayMs: 0, drop: 0, rateLimit: 0, expireToken: false, http500: 0, acceptThenReset: 0, slowMs: 0, shareMs: 50, noSockets: false, sendAway: false };
}
