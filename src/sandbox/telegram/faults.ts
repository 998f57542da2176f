import { z } from 'zod';

const fraction = z.number().min(0).max(1);
const milliseconds = z.number().min(0).max(600_000);

/** Everything that can be made to go wrong. Fractions are probabilities drawn from the seeded random. */
export const faultsSchema = z.strictObject({
  /** Updates handed over a second time, although they were asked past or answered 2xx. */
  duplicate: fraction,
  /** Reactions, votes and changes of members that overtake the messages before them: their queues are others. */
  reorder: fraction,
  /** Delay of every update. */
  delayMs: milliseconds,
  /** Updates before which a malformed one is put. */
  badItem: fraction,
  /** Calls that send, refused with 429. */
  rateLimit: fraction,
  /** Every call refused with 401. */
  revoked: z.boolean(),
  /** Calls answered 500 before anything is done. */
  http500: fraction,
  /** Calls that send, answered 502 by a proxy before anything is done. */
  http502: fraction,
  /** Messages that are taken while the connection is reset instead of answered. */
  acceptThenReset: fraction,
  /** Delay of every answer, after the work is done. */
  slowMs: milliseconds,
  /** `getFile` finds nothing. */
  filesGone: z.boolean(),
});

export type Faults = z.infer<typeof faultsSchema>;

export function noFaults(): Faults {
  return { duplicate: 0, reorder: 0, delayMs: 0, badItem: 0, rateLimit: 0, revoked: false, http500: 0, http502: 0, acceptThenReset: 0, slowMs: 0, filesGone: false };
}
