import { isFields } from './json.ts';
import { tidy } from './tidy.ts';

/** What stands there instead of what was looked for: names only, never what somebody wrote. */
export function foundIn(body: unknown): string {
  if (Array.isArray(body)) return body.length === 0 ? 'This is an empty list.' : 'This is a list of something else.';
  if (!isFields(body)) return 'This is a bare value.';
  const keys = Object.keys(body).slice(0, 6).map((key) => tidy(key).slice(0, 40));
  return keys.length === 0 ? 'This one is empty.' : `This one has ${keys.join(', ')}.`;
}
