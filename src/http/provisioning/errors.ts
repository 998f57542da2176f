import { Mistake, NoAnswer, StoreBusy, Unable } from '../../actions/action.ts';
import { AccountBroken, DeliveryError, Rejected, Retry, Uncertain } from '../../model/errors.ts';
import type { RouteAnswer } from '../../model/route.ts';

/** What is answered instead of what was asked for, as Matrix writes it: `errcode` for programs, the message for people. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly errcode: string;
  readonly afterMs: number | undefined;

  constructor(status: number, errcode: string, message: string, afterMs?: number) {
    super(message);
    this.status = status;
    this.errcode = errcode;
    this.afterMs = afterMs;
  }
}

export function refused({ status, errcode, message, afterMs }: Refusal): RouteAnswer {
  return {
    status,
    ...(afterMs === undefined ? {} : { headers: { 'retry-after': String(Math.ceil(afterMs / 1000)) } }),
    body: { errcode, error: message, ...(afterMs === undefined ? {} : { retry_after_ms: afterMs }) },
  };
}

/** What went wrong in words that are fit for whoever asked; null: a mistake of ours, of which they hear nothing more. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (error instanceof NoAnswer) return refusalOf(error.failure);
  if (error instanceof Unable) return new Refusal(501, 'M_UNRECOGNIZED', error.message);
  if (error instanceof StoreBusy) return new Refusal(503, 'M_UNKNOWN', 'The bridge is busy. Come again.', 5_000);
  if (error instanceof Mistake) return new Refusal(400, 'M_INVALID_PARAM', error.message);
  if (error instanceof Retry) return new Refusal(error.rateLimited ? 429 : 503, error.rateLimited ? 'M_LIMIT_EXCEEDED' : 'M_UNKNOWN', error.message, error.afterMs ?? 5_000);
  if (error instanceof Rejected) return new Refusal(400, 'M_INVALID_PARAM', error.message);
  if (error instanceof AccountBroken) return new Refusal(403, 'M_FORBIDDEN', error.message);
  if (error instanceof Uncertain) return new Refusal(504, 'M_UNKNOWN', 'The network did not answer: it may have been done. Look before you try again.');
  if (error instanceof DeliveryError) return new Refusal(503, 'M_UNKNOWN', error.message, 5_000);
  return null;
}
