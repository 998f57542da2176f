import { createHash } from 'node:crypto';

/** What the bridge writes into every event of its own: the outbox key it was sent under. Counts only from our own users. */
export const MARKER = 'io.drawbridge.origin';

/**
 * An outbox key, derived once and then stored: the homeserver's transaction id, and what travels as a network's callback
 * data. 32 characters of base64url.
 */
export function keyOf(...parts: readonly (string | number)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(String(part))}:${part}`);
  return hash.digest('base64url').slice(0, 32);
}

/** The key in an event's content; only meaningful where the sender is ours. */
export function markerOf(content: Readonly<Record<string, unknown>>): string | null {
  const marker = content[MARKER];
  if (typeof marker !== 'object' || marker === null) return null;
  const key = (marker as Record<string, unknown>).key;
  return typeof key === 'string' ? key : null;
}
