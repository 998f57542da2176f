import { isFields, list, num, parseJson } from '../shared/json.ts';

/** A refusal that names a longer time is asked about again before it: a header is not let stop an account for days. */
const MOST_MS = 60 * 60_000;

/**
 * How long an answer asks to wait: `Retry-After` in seconds or as a date, or the minutes that
 * `X-Business-Use-Case-Usage: {"<id>":[{"type":…,"estimated_time_to_regain_access":…}]}` gives
 * (developers.facebook.com/docs/graph-api/overview/rate-limiting). Undefined where it does not say.
 */
export function askedWait(header: (name: string) => string | undefined, now = Date.now()): number | undefined {
  const wait = retryAfter(header('retry-after'), now) ?? regainAccess(header('x-business-use-case-usage'));
  return wait === undefined ? undefined : Math.min(wait, MOST_MS);
}

function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(seconds) ? Math.max(seconds, 0) : undefined;
}

function regainAccess(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  let usage: unknown;
  try {
    usage = parseJson(value);
  } catch {
    return undefined;
  }
  const minutes = Object.values(isFields(usage) ? usage : {}).flatMap((uses) => list({ uses }, 'uses').map((use) => num(use, 'estimated_time_to_regain_access') ?? 0));
  const most = Math.max(0, ...minutes);
  return most > 0 ? most * 60_000 : undefined;
}
