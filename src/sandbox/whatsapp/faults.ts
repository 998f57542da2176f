import { z } from 'zod';

const fraction = z.number().min(0).max(1);
const milliseconds = z.number().min(0).max(600_000);

/** Everything that can be made to go wrong. Fractions are probabilities drawn from the seeded random. */
export const faultsSchema = z.strictObject({
  /** Webhook posts delivered a second time, at once or a little later. */
  duplicate: fraction,
  /** Webhook items that arrive after later ones. */
  reorder: fraction,
  /** Delay of every webhook post. */
  delayMs: milliseconds,
  /** Most webhook items in one post. Above 1, several people and several entries share posts. */
  batch: z.number().int().min(1).max(100),
  /** Posts into which one malformed message is put beside the good ones. */
  badItem: fraction,
  /** Status webhooks that are never sent. */
  dropStatus: fraction,
  /** Status webhooks that are sent `ms` late. */
  lateStatus: z.strictObject({ fraction, ms: milliseconds }),
  /** No status webhook at all. */
  neverConfirm: z.boolean(),
  /** Messages refused with 130429, as over the throughput. */
  rateLimit: fraction,
  /** Every call refused with 190. */
  expireToken: z.boolean(),
  /** Calls answered 500 before anything is done. */
  http500: fraction,
  /** Messages that are accepted while the connection is reset instead of answered. */
  acceptThenReset: fraction,
  /** Delay of every answer, after the work is done. */
  slowMs: milliseconds,
  /** Every accepted message fails later with this error code; 0 for none. */
  failCode: z.number().int().min(0),
  /** A closed window is refused in the answer rather than by a status: Meta documents that an error comes either way. */
  windowInAnswer: z.boolean(),
});

export type Faults = z.infer<typeof faultsSchema>;

export function noFaults(): Faults {
  return {
    duplicate: 0, reorder: 0, delayMs: 0, batch: 1, badItem: 0, dropStatus: 0, lateStatus: { fraction: 0, ms: 0 },
    neverConfirm: false, rateLimit: 0, expireToken: false, http500: 0, acceptThenReset: 0, slowMs: 0, failCode: 0,
    windowInAnswer: false,
  };
}
