import { Rejected, Retry, Uncertain, Unreachable, DeliveryError } from '../../model/errors.ts';
import type { Millis } from '../../model/ids.ts';

/** No homeserver asks in earnest for more; past it the header is a mistake and waiting would look like a hang. */
const LONGEST_WAIT = 3_600_000;

/**
 * What repeating the request would do. `same`: nothing new (reads, PUTs of a value, register, an upload nobody points at
 * yet), so an unknown outcome needs no looking up. `twice`: a second event or room.
 */
export type Repeat = 'same' | 'twice';

/** What of a failed answer decides its class. */
export interface Answer {
  readonly status: number;
  /** The `Retry-After` header. */
  readonly retryAfter: string | undefined;
  /** The parsed body where it is a JSON object. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

/**
 * Milliseconds to wait, from `Retry-After` (seconds or HTTP date, spec v1.10) or else the older `retry_after_ms`.
 * Undefined where neither says anything usable: absent, negative, not a number. At most an hour.
 */
export function retryAfterMs(header: string | undefined, bodyMs: unknown, now: Millis): number | undefined {
  const wait = fromHeader(header?.trim(), now) ?? (typeof bodyMs === 'number' ? bodyMs : undefined);
  if (wait === undefined || !Number.isFinite(wait) || wait < 0) return undefined;
  return Math.min(Math.ceil(wait), LONGEST_WAIT);
}

function fromHeader(header: string | undefined, now: Millis): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (/^\d{1,15}(\.\d{1,6})?$/.test(header)) return Number(header) * 1000;
  // Only a spelled-out date: Date.parse would read a bare "-5" as a year.
  const date = /[A-Za-z]/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) || date < now ? undefined : date - now;
}

/** The class of an answer that is no 2xx. `what` names the request without its address. */
export function answerError(what: string, answer: Answer, repeat: Repeat, now: Millis): DeliveryError {
  const { status, body } = answer;
  const errcode = typeof body?.['errcode'] === 'string' ? body['errcode'].slice(0, 100) : `HTTP_${status}`;
  const text = `${what}: the homeserver answered ${status} ${errcode}${explanation(body)}`;
  if (status === 429 || errcode === 'M_LIMIT_EXCEEDED') {
    const afterMs = retryAfterMs(answer.retryAfter, body?.['retry_after_ms'], now);
    return new Retry(text, errcode, { rateLimited: true, ...(afterMs === undefined ? {} : { afterMs }) });
  }
  // Without a valid token nothing works for anybody: it is the whole homeserver that is closed to us.
  if (errcode === 'M_UNKNOWN_TOKEN' || errcode === 'M_MISSING_TOKEN' || status === 503) return new Unreachable(text, errcode);
  if (status === 408) return new Retry(text, errcode);
  if (status >= 500) {
    if (repeat === 'twice') return new Uncertain(text, errcode);
    // A proxy says 502 while the homeserver behind it is down: that must not use up an item's tries. With an errcode it
    // is the homeserver itself, which for instance could not fetch one remote file.
    return status === 502 && body?.['errcode'] === undefined ? new Unreachable(text, errcode) : new Retry(text, errcode);
  }
  return new Rejected(text, errcode);
}

function explanation(body: Answer['body']): string {
  const error = body?.['error'];
  if (typeof error !== 'string' || error === '') return '';
  // A foreign text that goes into logs and rooms.
  return `: ${error.slice(0, 300).replace(/[\p{Cc}\p{Bidi_Control}]/gu, ' ')}`;
}

/** How far a request without an answer got. */
export interface Progress {
  /** It was handed to an open connection; before that nothing can have been done. */
  readonly started: boolean;
  /** The caller's signal ended it. */
  readonly aborted: boolean;
}

/** The class of a request that got no answer. */
export function transportError(what: string, cause: unknown, progress: Progress, repeat: Repeat): DeliveryError {
  // What the media source threw on its way through is its own business.
  if (cause instanceof DeliveryError) return cause;
  const code = codeOf(cause);
  const lost = progress.started && repeat === 'twice';
  if (progress.aborted) return lost ? new Uncertain(`${what}: given up`, 'ABORTED') : new Retry(`${what}: given up`, 'ABORTED');
  if (progress.started) {
    const text = `${what}: the connection broke before the answer (${code})`;
    return lost ? new Uncertain(text, code) : new Retry(text, code);
  }
  // The request itself cannot be sent, for instance a header made of foreign text: no fault of the homeserver's.
  if (code === 'UND_ERR_INVALID_ARG') return new Rejected(`${what}: not a valid request`, code);
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return new Retry(`${what}: we are shutting down`, code);
  return new Unreachable(`${what}: no connection to the homeserver (${code})`, code);
}

/** A short stable word; the error itself may hold addresses and is not passed on. */
function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'UNKNOWN';
  return ('code' in cause && typeof cause.code === 'string' ? cause.code : cause.name).slice(0, 60);
}
