import type { ConversationRef, PersonRef } from '../../model/events.ts';
import { defined, isFields, str } from '../shared/json.ts';

/**
 * A business-scoped user id: `US.13491208655302741918`, the parent's `US.ENT.11815799212886844830`
 * (…/whatsapp/business-scoped-user-ids). Unique within the business portfolio, and outranks the phone number.
 */
const BSUID = /^[A-Za-z]{2,3}\.[A-Za-z0-9.]{1,140}$/;

export function isBsuid(id: string): boolean {
  return BSUID.test(id);
}

export function isPhone(id: string): boolean {
  return /^\d{4,20}$/.test(id);
}

/** Digits only, as WhatsApp writes ids; what is no phone number stays as it is. */
export function normalId(id: string): string {
  const bare = id.trim();
  if (isBsuid(bare)) return bare;
  const digits = bare.replace(/^\+|[\s().-]/g, '');
  return /^\d+$/.test(digits) ? digits : bare;
}

/** Begins the id that we give to a message that came without one; WhatsApp knows no such id. */
export const MADE_UP = 'digest:';

/** The ids under which a webhook names one person, before they are ranked. */
export interface Named {
  readonly userId?: string | undefined;
  readonly parentId?: string | undefined;
  /** `from`, `wa_id`, `recipient_id`: a phone number most of the time, but a BSUID may stand there as well. */
  readonly numbers: readonly (string | undefined)[];
}

/** Ranked: own BSUID, parent BSUID, numbers, and last what has not the form that it should. No id twice. */
export function rank(named: Named): readonly string[] {
  const ids = [named.userId, named.parentId, ...named.numbers].flatMap((id) => (id === undefined ? [] : [normalId(id)]));
  const strength = (id: string): number => (isBsuid(id) ? 0 : isPhone(id) ? 1 : 2);
  // Array.sort is stable, so within one strength the order above stays.
  return [...new Set(ids)].filter((id) => id !== '').sort((left, right) => strength(left) - strength(right));
}

/** Undefined where no id is known at all. `scope` is the WhatsApp business account: BSUIDs differ between businesses. */
export function person(ids: readonly string[], scope: string, contact?: unknown): PersonRef | undefined {
  const [id, ...aliases] = ids;
  if (id === undefined) return undefined;
  return defined({
    id,
    scope,
    aliases: aliases.length > 0 ? aliases : undefined,
    name: str(contact, 'profile', 'name'),
    username: (str(contact, 'profile', 'username') ?? str(contact, 'username'))?.replace(/^@/, ''),
    phone: phoneOf(ids),
  });
}

/** `+` and digits, of the first id that is a phone number. */
function phoneOf(ids: readonly string[]): string | undefined {
  const digits = ids.find(isPhone);
  return digits === undefined ? undefined : `+${digits}`;
}

/** A direct chat is the other person's, once for each business number: the account is part of its key. */
export function directChat(ids: readonly string[], scope: string): ConversationRef | undefined {
  const [id, ...aliases] = ids;
  if (id === undefined) return undefined;
  return defined({ id, scope, kind: 'direct' as const, perAccount: true, aliases: aliases.length > 0 ? aliases : undefined });
}

export function groupChat(id: string, scope: string): ConversationRef {
  return { id, scope, kind: 'group', perAccount: false };
}

/** Every id in one entry of `contacts`. */
export function contactIds(contact: unknown): Named {
  if (!isFields(contact)) return { numbers: [] };
  return { userId: str(contact, 'user_id'), parentId: str(contact, 'parent_user_id'), numbers: [str(contact, 'wa_id')] };
}
