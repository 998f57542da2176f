import { asTime } from '../../model/clock.ts';
import type { MatrixEvent } from '../../model/events.ts';

/** One PUT of the homeserver, checked as far as everything after it relies on. */
export interface Transaction {
  /** A hint for diagnosis only: ids start again at 1 when a homeserver is set up anew. */
  readonly txnId: string;
  readonly events: readonly MatrixEvent[];
  /** Typing, receipts, presence: never sent again. */
  readonly ephemeral: readonly EphemeralEvent[];
  readonly toDevice: readonly EphemeralEvent[];
}

/** An EDU. Typing and receipts carry the room. */
export interface EphemeralEvent {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly room_id?: string;
  readonly sender?: string;
  readonly [key: string]: unknown;
}

/** What was skipped, and why. */
export interface BadEvent {
  readonly txnId: string;
  readonly reason: string;
  /** As it came; may be anything. */
  readonly value: unknown;
}

/** Real events have a handful; serialising an array nested thousands deep overflows the stack, also the store's. */
const MAX_DEPTH = 100;

type Outcome = { readonly transaction: Transaction; readonly bad: readonly BadEvent[] } | { readonly errcode: 'M_NOT_JSON' | 'M_BAD_JSON' };

/**
 * Reads the body of PUT /_matrix/app/v1/transactions/{txnId} (application-service API, "Pushing events"). Only what is no
 * JSON object is an error: a homeserver sends a refused transaction again for ever, so what one event holds never
 * refuses it. Synapse writes ephemeral data under the stable key and MSC2409's, with the same content: one is read.
 */
export function readTransaction(txnId: string, raw: Uint8Array): Outcome {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8'));
  } catch {
    return { errcode: 'M_NOT_JSON' };
  }
  if (!isObject(body)) return { errcode: 'M_BAD_JSON' };
  const bad: BadEvent[] = [];
  const pick = <T>(value: unknown, fault: (one: unknown) => string | null): T[] => {
    if (value === undefined || value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    return list.filter((one): one is T => {
      const reason = fault(one);
      if (reason !== null) bad.push({ txnId, reason, value: one });
      return reason === null;
    });
  };
  const transaction = {
    txnId,
    events: pick<MatrixEvent>(body['events'], eventFault),
    ephemeral: pick<EphemeralEvent>(body['ephemeral'] ?? body['de.sorunome.msc2409.ephemeral'], eduFault),
    toDevice: pick<EphemeralEvent>(body['to_device'] ?? body['de.sorunome.msc2409.to_device'], eduFault),
  };
  return { transaction, bad };
}

const IDS = ['event_id', 'room_id', 'sender', 'type'] as const;

function eventFault(value: unknown): string | null {
  if (!isObject(value)) return 'no object';
  for (const key of IDS) {
    if (typeof value[key] !== 'string' || value[key] === '') return `${key} is no string`;
  }
  if (!isObject(value['content'])) return 'content is no object';
  const at = value['origin_server_ts'];
  if (typeof at !== 'number' || !Number.isFinite(at)) return 'origin_server_ts is no number';
  value['origin_server_ts'] = asTime(at);
  if (value['state_key'] !== undefined && typeof value['state_key'] !== 'string') return 'state_key is no string';
  if (value['redacts'] !== undefined && typeof value['redacts'] !== 'string') return 'redacts is no string';
  if (value['unsigned'] !== undefined && !isObject(value['unsigned'])) return 'unsigned is no object';
  return tame(value) ? null : `nested deeper than ${MAX_DEPTH}`;
}

function eduFault(value: unknown): string | null {
  if (!isObject(value)) return 'no object';
  if (typeof value['type'] !== 'string' || !isObject(value['content'])) return 'no ephemeral event';
  return tame(value) ? null : `nested deeper than ${MAX_DEPTH}`;
}

/**
 * Walks a value without recursion and removes keys named `__proto__`: harmless where JSON.parse puts them, a new
 * prototype once somebody assigns them elsewhere. False where it is nested too deep.
 */
function tame(value: object): boolean {
  let level: object[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= MAX_DEPTH) return false;
    const next: object[] = [];
    for (const one of level) {
      if (Object.hasOwn(one, '__proto__')) Reflect.deleteProperty(one, '__proto__');
      for (const child of Object.values(one) as unknown[]) if (typeof child === 'object' && child !== null) next.push(child);
    }
    level = next;
  }
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
