import type { NetworkItem } from '../../../model/events.ts';
import { defined, str } from '../../shared/json.ts';
import { contactIds, directChat, groupChat, isBsuid, isPhone, normalId, rank } from '../ids.ts';
import { contactFor, keyOf, personFor, timeOf, unsupported, type Context } from './context.ts';

/**
 * `type: system` (…/whatsapp/cloud-api/webhooks/reference/messages/system, …/business-scoped-user-ids#system). Kinds:
 * `user_changed_number` (older: `customer_changed_number`) with `wa_id` or `new_wa_id`; `user_changed_user_id`;
 * `customer_identity_changed` (also seen: `user_identity_changed`, `customer_changed_identity`).
 */
export function decodeSystem(context: Context, message: unknown): readonly NetworkItem[] {
  const kind = str(message, 'system', 'type') ?? 'system';
  if (/changed_(?:number|user_id)$/.test(kind)) {
    const moved = decodeMove(context, message);
    if (moved.length > 0) return moved;
  }
  const who = personFor(context, { userId: str(message, 'from_user_id'), numbers: [str(message, 'from'), str(message, 'system', 'customer')] });
  const group = str(message, 'group_id');
  const identity = /identity/.test(kind);
  const said = str(message, 'system', 'body') ?? str(message, 'system', 'identity');
  const reason = identity
    ? 'The security code changed: the person set up WhatsApp anew or changed their phone.'
    : (said ?? 'WhatsApp sent a notice without a text.');
  return [
    unsupported(context, {
      what: `system.${kind}`,
      reason,
      item: message,
      conversation: group === undefined ? who && directChat(who.ids, context.scope) : groupChat(group, context.scope),
      sender: who?.ref,
    }),
  ];
}

/** Every old id means the same person as the strongest new one. Empty where old or new is missing. */
function decodeMove(context: Context, message: unknown): readonly NetworkItem[] {
  const named = inBody(str(message, 'system', 'body'));
  const sameNumber = str(message, 'system', 'type')?.endsWith('user_id') === true;
  const from = str(message, 'from_user_id');
  const current = str(message, 'system', 'user_id') ?? named.next;
  const next = rank({
    // A new number alone leaves the id that the message names as it is.
    userId: current ?? (str(message, 'system', 'type')?.endsWith('number') ? from : undefined),
    parentId: str(message, 'system', 'parent_user_id'),
    // A new id alone leaves the number as it is.
    numbers: [str(message, 'system', 'wa_id') ?? str(message, 'system', 'new_wa_id') ?? named.number ?? (sameNumber ? str(message, 'from') : undefined)],
  });
  const before = rank({
    userId: str(message, 'system', 'previous_user_id') ?? from ?? named.before,
    parentId: str(message, 'system', 'previous_parent_user_id'),
    numbers: [str(message, 'from'), str(message, 'system', 'customer'), str(message, 'system', 'previous_wa_id')],
  });
  const known = before.length > 0 ? before : rank(contactIds(contactFor(context, { numbers: [] })));
  return aliases(context, message, { before: known, next, time: timeOf(context, message), id: str(message, 'id') });
}

/** "… changed from US.1 to US.2" or from one number to another, where the fields do not name them. */
function inBody(body: string | undefined): { readonly before?: string; readonly next?: string; readonly number?: string } {
  const match = /\bfrom\s+(\S+)\s+to\s+(\S+?)\.?$/i.exec(body ?? '');
  const id = (text: string | undefined): string | undefined => (text !== undefined && isBsuid(text) ? text : undefined);
  const number = normalId(match?.[2] ?? '');
  return defined({ before: id(match?.[1]), next: id(match?.[2]), number: isPhone(number) ? number : undefined });
}

interface Move {
  readonly before: readonly string[];
  readonly next: readonly string[];
  readonly time: number;
  readonly id?: string | undefined;
}

/**
 * One event for each id that `next[0]` takes the place of; only the first carries the line for the room. What else the
 * person is known by now stands among the aliases of the conversation: it is no id of the past.
 */
export function aliases(context: Context, item: unknown, move: Move): readonly NetworkItem[] {
  const to = move.next[0];
  if (to === undefined) return [];
  const old = move.before.filter((id) => !move.next.includes(id));
  if (old.length === 0) return [];
  const conversation = directChat([...move.next, ...old], context.scope);
  return old.map((id, index) => ({
    key: keyOf(context, 'alias', move.id, id, to, String(move.time)),
    event: defined({
      type: 'identity.alias' as const,
      scope: context.scope,
      from: id,
      to,
      time: move.time,
      conversation,
      notice: index === 0 ? notice(item, old, move.next) : undefined,
    }),
  }));
}

function notice(item: unknown, old: readonly string[], next: readonly string[]): string {
  const before = old.find(isPhone);
  const now = next.find(isPhone);
  if (before !== undefined && now !== undefined) return `Changed their phone number from +${before} to +${now}.`;
  return str(item, 'system', 'body') ?? str(item, 'detail') ?? `Is known to WhatsApp under a new id: ${normalId(next[0] ?? '')}.`;
}
