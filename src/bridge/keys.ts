import { createHash } from 'node:crypto';
import type { Millis, PortalRow, RemoteId } from '../model/ids.ts';

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

export interface Marker {
  readonly key: string;
  /** The message of a network that the event shows: our portal, the id there, which part of it, and when. */
  readonly portal?: PortalRow;
  readonly id?: RemoteId;
  readonly part?: number;
  readonly time?: Millis;
  /** The root of the thread that it stands in, as the network calls it. */
  readonly thread?: RemoteId;
  /** It was said before the room was made: it goes nowhere else. */
  readonly past?: true;
  /** For all that is known it may be what we sent ourselves: it goes nowhere else. */
  readonly unsure?: true;
  /** It stands for a file that is still on its way and takes its place. */
  readonly late?: true;
}

/** The marker in an event's content; only meaningful where the sender is ours. */
export function markerOf(content: Readonly<Record<string, unknown>>): Marker | null {
  const marker = content[MARKER];
  return typeof marker === 'object' && marker !== null && 'key' in marker && typeof marker.key === 'string' ? (marker as Marker) : null;
}
