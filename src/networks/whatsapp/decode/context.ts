import { createHash } from 'node:crypto';
import type { ConversationRef, NetworkItem, PersonRef } from '../../../model/events.ts';
import type { Millis } from '../../../model/ids.ts';
import { at, defined, isFields, list, num, str } from '../../shared/json.ts';
import { contactIds, isBsuid, isPhone, normalId, person, rank, type Named } from '../ids.ts';

/** What every item of one change has in common. */
export interface Context {
  /** The webhook field: `messages`, `smb_message_echoes`, … */
  readonly field: string;
  /** The WhatsApp business account: what makes a BSUID unique. Empty where the body does not say. */
  readonly scope: string;
  /** `phone_number_id`: the account. Empty where the body does not say. */
  readonly number: string;
  /** Digits of the business's own phone number. */
  readonly display: string;
  readonly contacts: readonly unknown[];
  /** Errors beside the messages: they may be the reason why one has no content. */
  readonly errors: readonly unknown[];
  /** When Meta made the webhook, where it says so; else 0. */
  readonly time: Millis;
}

export function contextOf(change: unknown): Context {
  const value = at(change, 'value');
  return {
    field: str(change, 'field') ?? 'messages',
    scope: str(change, 'id') ?? '',
    number:
      str(value, 'metadata', 'phone_number_id') ?? str(value, 'recipient', 'phone_number_id') ?? str(value, 'phone_number_id') ?? '',
    display: normalId(str(value, 'metadata', 'display_phone_number') ?? ''),
    contacts: list(value, 'contacts'),
    errors: list(value, 'errors'),
    time: millis(at(change, 'time')) ?? 0,
  };
}

/** Seconds since the epoch, as text or number, in milliseconds; what is already in milliseconds stays. Partners write dates as well. */
export function millis(value: unknown): Millis | undefined {
  const number = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) || undefined : num({ value }, 'value');
  if (number === undefined || number <= 0 || number > 1e14) return undefined;
  return Math.round(number < 1e11 ? number * 1000 : number);
}

/** The time of an item, else that of its webhook, else 0. */
export function timeOf(context: Context, item: unknown): Millis {
  return millis(at(item, 'timestamp')) ?? context.time;
}

/** The entry of `contacts` that shares an id with `named`; the only one where nothing tells them apart. */
export function contactFor(context: Context, named: Named): unknown {
  const wanted = new Set(rank(named));
  const match = context.contacts.find((contact) => rank(contactIds(contact)).some((id) => wanted.has(id)));
  return match ?? (context.contacts.length === 1 ? context.contacts[0] : undefined);
}

/** So many digits at its end a number keeps, however a country's numbers are written (…/whatsapp/cloud-api/reference/phone-numbers). */
const TAIL = 7;

/**
 * Whether the ids of an item and those of the only contact beside it can be one person's. Two persons made one could not be
 * parted again, so where they contradict each other only the name is taken.
 */
function mayBeOne(context: Context, named: Named, contact: Named): boolean {
  const mine = rank(named).filter((id) => id !== context.display);
  const theirs = rank(contact);
  if (mine.length === 0 || mine.some((id) => theirs.includes(id))) return true;
  const [numbers, others] = [mine.filter(isPhone), theirs.filter(isPhone)];
  if (numbers.length > 0 && others.length > 0) return numbers.some((number) => others.some((other) => other.slice(-TAIL) === number.slice(-TAIL)));
  return !(mine.some(isBsuid) && theirs.some(isBsuid));
}

/** The person behind the ids of an item, with what `contacts` knows of them. Ids of the item outrank those of the contact. */
export function personFor(context: Context, named: Named): { readonly ids: readonly string[]; readonly ref: PersonRef } | undefined {
  const contact = contactFor(context, named);
  const more = mayBeOne(context, named, contactIds(contact)) ? contactIds(contact) : { numbers: [] };
  const all = rank({
    userId: named.userId ?? more.userId,
    parentId: named.parentId ?? more.parentId,
    numbers: [...named.numbers, ...more.numbers],
  });
  // The business's own number is nobody else's, wherever it stands.
  const others = all.filter((id) => id !== context.display);
  const ids = others.length > 0 ? others : all;
  const ref = person(ids, context.scope, contact);
  return ref === undefined ? undefined : { ids, ref };
}

/** The business itself, as one who sent something. */
export function self(context: Context): PersonRef {
  const [id = 'self', ...aliases] = [context.number, context.display].filter((each) => each !== '');
  return defined({ id, scope: context.scope, aliases: aliases.length > 0 ? aliases : undefined, isSelf: true });
}

/** Parts of a key; the number keeps the messages of two accounts apart. */
export function keyOf(context: Context, kind: string, ...parts: readonly (string | undefined)[]): string {
  return [kind, context.number, ...parts.map((part) => part ?? '')].join(':');
}

/** Names an item that has no id of its own by its content, so that a second arrival is recognised. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value) ?? '').digest('hex').slice(0, 32);
}

interface Notice {
  readonly what: string;
  readonly reason: string;
  readonly item: unknown;
  readonly conversation?: ConversationRef | undefined;
  readonly sender?: PersonRef | undefined;
  readonly detail?: Readonly<Record<string, string>> | undefined;
}

/** Something real without a counterpart. */
export function unsupported(context: Context, notice: Notice): NetworkItem {
  const { what, reason, item, conversation, sender, detail } = notice;
  const time = timeOf(context, item);
  return {
    key: keyOf(context, 'unsupported', what, context.scope, String(time), str(item, 'id') ?? '', digest(item)),
    event: defined({ type: 'unsupported' as const, what, reason, time, conversation, sender, detail }),
  };
}

const MAX_DETAILS = 40;

/** The leaves of an object as readable pairs, for the administrator. */
export function flatten(value: unknown, prefix = '', into: Record<string, string> = {}): Record<string, string> {
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((each, index) => [String(index + 1), each] as const)
    : isFields(value)
      ? Object.entries(value)
      : [];
  for (const [key, each] of entries) {
    if (Object.keys(into).length >= MAX_DETAILS) break;
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof each === 'object' && each !== null) flatten(each, name, into);
    else if (typeof each === 'boolean') into[name] = String(each);
    else into[name] = (str({ each }, 'each') ?? '').slice(0, 300);
    if (into[name] === '') delete into[name];
  }
  return into;
}

