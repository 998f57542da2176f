import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { MatrixEvent } from '../model/events.ts';
import type { Millis, PortalRow, RemoteId } from '../model/ids.ts';

/** What the bridge writes into every event of its own: the outbox key it was sent under. Counts only from our own users, or with our seal. */
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
  /** From a person's own account: proves that we wrote it there. */
  readonly mac?: string;
}

/** The marker in an event's content; only meaningful where the sender is ours. */
export function markerOf(content: Readonly<Record<string, unknown>>): Marker | null {
  const marker = content[MARKER];
  return typeof marker === 'object' && marker !== null && 'key' in marker && typeof marker.key === 'string' ? (marker as Marker) : null;
}

/**
 * Marks of events that the bridge writes from somebody's own account, whose owner and everybody else can write there too. Each
 * holds for one room, one sender and all that the marker says.
 */
export class Markers {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  sealed(room: string, sender: string, marker: Marker): Marker {
    return { ...marker, mac: this.#mac(room, sender, marker).toString('base64url') };
  }

  /** Null where we did not write it, or where its marker was made for another room or sender. */
  proven({ room_id: room, sender, content }: MatrixEvent): Marker | null {
    const marker = markerOf(content);
    // None of ours holds more than words and numbers.
    if (marker === null || typeof marker.mac !== 'string' || Object.values(marker).some((said) => typeof said === 'object')) return null;
    const given = Buffer.from(marker.mac, 'base64url');
    const made = this.#mac(room, sender, marker);
    return given.length === made.length && timingSafeEqual(given, made) ? marker : null;
  }

  /** Of all that it says, in an order of its own: homeservers keep none. */
  #mac(room: string, sender: string, { mac: _mac, ...said }: Marker): Buffer {
    const entries = Object.entries(said).sort(([one], [other]) => (one < other ? -1 : 1));
    return createHmac('sha256', this.#key).update(JSON.stringify([room, sender, entries])).digest();
  }
}
