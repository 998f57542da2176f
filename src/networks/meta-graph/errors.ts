import { AccountBroken, Rejected, Retry, Uncertain, Unreachable, type DeliveryError } from '../../model/errors.ts';
import { at, flag, isFields, num, str, type Fields } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';

/** What an error code means for the lane, and in words for the person. */
export interface Meaning {
  readonly outcome: 'retry' | 'limited' | 'rejected' | 'account' | 'uncertain';
  readonly reason: string;
  /** With `account`: what its owner has to do. */
  readonly fix?: string;
  /** With `retry` and `limited`: how long to wait where the answer does not say. */
  readonly afterMs?: number;
}

/** A network's own codes; undefined falls back on the codes all of Graph shares. */
export type Explain = (code: number) => Meaning | undefined;

/** What came back: an HTTP status and, where it was JSON, the body. */
interface Failure {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs?: number;
  /** True where repeating the call could do a thing twice. */
  readonly sending: boolean;
  /** Kept out of every text. */
  readonly secret: string;
}

const NEW_TOKEN = 'Make a new access token for the system user and put it into access_token.';
const PERMISSION =
  'Give the system user the permission and the asset in Business settings, make a new token and put it into access_token.';

const PROOF: Meaning = {
  outcome: 'account',
  reason: 'The app demands a proof of its secret with every call.',
  fix: 'Switch "Require app secret" off: App settings > Advanced > Security.',
};

/** developers.facebook.com/docs/graph-api/guides/error-handling and …/whatsapp/cloud-api/support/error-codes */
const GRAPH: Readonly<Record<number, Meaning>> = {
  0: { outcome: 'account', reason: 'Meta could not authenticate the access token.', fix: NEW_TOKEN },
  1: { outcome: 'uncertain', reason: 'Meta answered with an unknown error.' },
  2: { outcome: 'retry', reason: 'Meta’s API is down or overloaded for the moment.' },
  3: { outcome: 'account', reason: 'The access token lacks the capability for this call.', fix: PERMISSION },
  4: { outcome: 'limited', reason: 'The app has reached its limit of API calls.', afterMs: 60_000 },
  10: { outcome: 'account', reason: 'The access token lacks the permission for this call.', fix: PERMISSION },
  17: { outcome: 'limited', reason: 'The user of the token has reached the limit of API calls.', afterMs: 60_000 },
  32: { outcome: 'limited', reason: 'The page has reached its limit of API calls.', afterMs: 60_000 },
  33: { outcome: 'rejected', reason: 'The id in the request does not exist, or the token may not see it.' },
  100: { outcome: 'rejected', reason: 'Meta refused the request as invalid.' },
  102: { outcome: 'account', reason: 'The session of the access token has ended.', fix: NEW_TOKEN },
  190: { outcome: 'account', reason: 'The access token has expired or was withdrawn.', fix: NEW_TOKEN },
  341: { outcome: 'limited', reason: 'The app has reached a temporary limit.', afterMs: 60_000 },
  368: { outcome: 'account', reason: 'Meta has blocked the account for a while for violating a policy.', fix: 'See Account quality in the Business manager.' },
  506: { outcome: 'rejected', reason: 'Meta took this for a repeat of the message just before and refused it.' },
  613: { outcome: 'limited', reason: 'The limit of calls was reached.', afterMs: 60_000 },
};

/** The meaning of a Graph error code, the network's own first; undefined for a code that no page explains. */
export function meaningOf(code: number, explain: Explain): Meaning | undefined {
  const own = explain(code) ?? (Object.hasOwn(GRAPH, code) ? GRAPH[code] : undefined);
  if (own !== undefined) return own;
  return code >= 200 && code <= 299 ? { outcome: 'account', reason: 'The access token lacks a permission.', fix: PERMISSION } : undefined;
}

/** The meaning of a code with what stands beside it: one that no page explains may still say that it passes. */
function meaningIn(code: number, error: Fields, { status }: Failure, explain: Explain): Meaning {
  // developers.facebook.com/docs/graph-api/guides/secure-requests: an app may demand a proof with every call.
  if (code === 100 && /requires? an appsecret_proof/.test(str(error, 'message') ?? '')) return PROOF;
  const known = meaningOf(code, explain);
  if (known !== undefined) return known;
  const reason = `Meta refused it with error ${code}.`;
  if (flag(error, 'is_transient')) return { outcome: 'retry', reason };
  return { outcome: status >= 500 ? 'uncertain' : 'rejected', reason };
}

/**
 * The error class of an answer that is not a success. Graph puts `{error:{message,type,code,error_data:{details},fbtrace_id}}`
 * into its body; without one the answer is from something on the way, and whether a send got through is not known.
 */
export function failureToError(failure: Failure, explain: Explain): DeliveryError {
  const error = at(failure.body, 'error');
  const code = num(error, 'code');
  if (!isFields(error) || code === undefined) return bareFailure(failure);
  const meaning = meaningIn(code, error, failure, explain);
  const details = tidy(str(error, 'error_data', 'details') ?? str(error, 'error_user_msg') ?? messageOf(error, code), failure.secret);
  const text = details === '' || meaning.outcome === 'account' ? meaning.reason : `${meaning.reason} (${details})`;
  const subcode = num(error, 'error_subcode');
  return toError(meaning, text, subcode === undefined ? String(code) : `${code}/${subcode}`, failure);
}

function toError(meaning: Meaning, text: string, code: string, failure: Failure): DeliveryError {
  const afterMs = failure.retryAfterMs ?? meaning.afterMs;
  const wait = afterMs === undefined ? {} : { afterMs };
  switch (meaning.outcome) {
    case 'retry':
      return new Retry(text, code, wait);
    case 'limited':
      return new Retry(text, code, { ...wait, rateLimited: true });
    case 'account':
      return new AccountBroken(text, code);
    case 'uncertain':
      // With a 4xx the request was looked at and refused, whatever the code is called.
      if (failure.status < 500) return new Rejected(text, code);
      return failure.sending ? new Uncertain(text, code) : new Retry(text, code, wait);
    case 'rejected':
      return new Rejected(text, code);
  }
}

function bareFailure({ status, retryAfterMs, sending }: Failure): DeliveryError {
  const code = `http_${status}`;
  const wait = retryAfterMs === undefined ? {} : { afterMs: retryAfterMs };
  if (status === 429) return new Retry('Meta’s API is asked too often.', code, { ...wait, rateLimited: true });
  if (status >= 500 || status === 408) {
    return sending
      ? new Uncertain(`Meta’s API answered ${status} without saying whether the message was taken.`, code)
      : new Unreachable(`Meta’s API answered ${status}.`, code);
  }
  if (status === 401) return new AccountBroken('Meta’s API refused the access token.', code);
  if (status >= 200 && status < 300) {
    return sending
      ? new Uncertain('The answer to the send could not be read.', code)
      : new Unreachable('The answer of Meta’s API could not be read.', code);
  }
  return new Rejected(`Meta’s API answered ${status}.`, code);
}

/** Token errors quote the token; for those Meta's sentence is left out. */
function messageOf(error: unknown, code: number): string {
  return code === 190 || code === 0 || code === 102 ? '' : (str(error, 'message') ?? '');
}
