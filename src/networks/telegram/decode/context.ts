import { createHash } from 'node:crypto';
import type { ConversationRef, NetworkItem, PersonRef, UnsupportedEvent } from '../../../model/events.ts';
import type { RemoteId } from '../../../model/ids.ts';
import { defined, isFields, str } from '../../shared/json.ts';

/** A poll of ours, for what names it by its own id alone. */
export interface KnownPoll {
  readonly id: RemoteId;
  readonly conversation: ConversationRef;
  /** Ids of its options, in order. */
  readonly options: readonly string[];
}

/** What an update does not say itself. */
export interface Context {
  /** The id of our bot; empty where it is not known. */
  readonly self: string;
  readonly update: string;
  readonly poll: (id: string) => KnownPoll | undefined;
}

export const NOTHING_KNOWN: Context = { self: '', update: '', poll: () => undefined };

/** Names something by its content, so that a second arrival is recognised. */
export function digest(value: unknown): string {
  return createHash('sha256').update(asText(value)).digest('hex').slice(0, 24);
}

function asText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    // Nested too deeply to be written: its outermost fields tell it from most others.
    return isFields(value) ? Object.keys(value).map((key) => `${key}=${str(value, key) ?? ''}`).join() : '';
  }
}

/** Far longer than ids are; what is not as it should be need not be kept whole. */
const MAX_KEY = 250;

export function keyOf(kind: string, ...parts: readonly (string | number | undefined)[]): string {
  const key = [kind, ...parts.map((part) => part ?? '')].join(':');
  return key.length <= MAX_KEY ? key : `${kind}:${createHash('sha256').update(key).digest('hex')}`;
}

interface Notice {
  readonly what: string;
  readonly reason: string;
  readonly item: unknown;
  readonly time: number;
  readonly conversation?: ConversationRef | undefined;
  readonly sender?: PersonRef | undefined;
  readonly detail?: Readonly<Record<string, string>> | undefined;
}

/** Something real without a counterpart. */
export function unsupported(notice: Notice): NetworkItem {
  const { what, reason, item, time, conversation, sender, detail } = notice;
  const event: UnsupportedEvent = defined({ type: 'unsupported' as const, what, reason, time, conversation, sender, detail });
  return { key: keyOf('unsupported', what, conversation?.id, time, digest(item)), event };
}

/** Names of the fields that stand in an object, for the administrator: what somebody wrote is not told. */
export function fieldNames(value: unknown, without: ReadonlySet<string> = new Set()): string {
  if (!isFields(value)) return '';
  return Object.keys(value).filter((key) => !without.has(key) && value[key] !== null).slice(0, 12).map((key) => key.replace(/[^\w.-]/g, '').slice(0, 40)).join(', ');
}

/** `3 stars`, `12.50 EUR`. Amounts are in the smallest unit of their currency; nearly all have a hundred of it. */
export function money(value: unknown, amountKey = 'total_amount'): string | undefined {
  const currency = str(value, 'currency');
  const amount = Number(str(value, amountKey) ?? 'NaN');
  if (currency === undefined || !Number.isFinite(amount)) return undefined;
  if (currency === 'XTR') return stars(amount);
  if (currency === 'TON') return `${amount / 1e9} TON`;
  const digits = /^(?:BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|MGA|PYG|RWF|UGX|VND|VUV|XAF|XOF|XPF)$/.test(currency) ? 0 : 2;
  return `${(amount / 10 ** digits).toFixed(digits)} ${currency.slice(0, 12)}`;
}

/** `2026-09-21 14:13 UTC`, of seconds since the epoch. */
export function day(seconds: number | undefined): string {
  return seconds === undefined || seconds <= 0 || seconds > 8.64e12 ? 'a time not given' : `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function stars(count: number): string {
  return count === 1 ? '1 star' : `${count} stars`;
}

/** `2 days`, `1 hour 30 minutes`: the two largest units. */
export function duration(seconds: number): string {
  const units = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const;
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(seconds));
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
  }
  return parts.length === 0 ? '0 seconds' : parts.join(' ');
}
