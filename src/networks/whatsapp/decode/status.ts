import type { DeliveryEvent, NetworkItem } from '../../../model/events.ts';
import type { RemoteId } from '../../../model/ids.ts';
import { at, defined, isFields, list, num, str } from '../../shared/json.ts';
import { describe } from '../errors.ts';
import { directChat, groupChat, type Named } from '../ids.ts';
import { flatten, keyOf, personFor, timeOf, unsupported, type Context } from './context.ts';

const STATUSES: ReadonlySet<string> = new Set(['sent', 'delivered', 'read', 'played', 'failed']);

/** Names the sentence that the room or the administrator is shown for a status that settles nothing. */
const OTHERS = new Map([
  ['deleted', 'A message was deleted, and WhatsApp does not say in which chat.'],
  ['warning', 'WhatsApp warns about a message of ours.'],
  ['accepted', 'WhatsApp has taken a message and not sent it yet.'],
  ['pending', 'WhatsApp has taken a message and not sent it yet.'],
]);

/** …/whatsapp/cloud-api/webhooks/reference/messages/status, for groups …/groups/webhooks, for calls …/calling. */
export function decodeStatus(context: Context, status: unknown): NetworkItem {
  const id = str(status, 'id');
  const name = str(status, 'status')?.toLowerCase();
  const group = str(status, 'recipient_type') === 'group' ? str(status, 'recipient_id') : undefined;
  const who = personFor(context, recipientIds(status, group !== undefined));
  const kind = str(status, 'type') ?? 'message';
  const conversation = group === undefined ? who && directChat(who.ids, context.scope) : groupChat(group, context.scope);
  // Older versions of the API tell so that a person deleted what they had written themselves.
  if (id !== undefined && name === 'deleted' && kind === 'message' && conversation !== undefined) {
    return {
      key: keyOf(context, 'deletion', id, 'status'),
      event: defined({ type: 'deletion' as const, target: id as RemoteId, sender: who?.ref, conversation, time: timeOf(context, status) }),
    };
  }
  if (id === undefined || name === undefined || !STATUSES.has(name) || kind === 'call' || kind === 'payment') {
    return unsupported(context, {
      what: kind === 'message' ? `status.${name ?? 'unknown'}` : kind,
      reason: OTHERS.get(name ?? '') ?? `WhatsApp told the state of a ${kind === 'message' ? 'message' : kind}: ${name ?? 'unknown'}${payment(status)}.`,
      item: status,
      conversation,
      detail: defined({ ...flatten({ id, status: name }), ...flatten(list(status, 'errors').map((error) => describe(error).reason), 'error'), ...flatten(at(status, 'payment'), 'payment') }),
    });
  }
  return {
    key: keyOf(context, 'status', id, name, participant(status) ?? ''),
    event: defined({
      type: 'delivery' as const,
      id: id as RemoteId,
      key: str(status, 'biz_opaque_callback_data'),
      time: timeOf(context, status),
      status: name as DeliveryEvent['status'],
      recipient: who?.ref,
      failure: name === 'failed' ? describe(list(status, 'errors').find(isFields)) : undefined,
    }),
  };
}

/** What was paid and for what (…/whatsapp/cloud-api/payments-api): `amount` counts in parts of `offset`. */
function payment(status: unknown): string {
  const found = at(status, 'payment');
  const value = num(found, 'amount', 'value');
  const amount = value === undefined ? undefined : `${value / (num(found, 'amount', 'offset') || 1)} ${str(found, 'currency') ?? ''}`.trim();
  const reference = str(found, 'reference_id');
  const why = str(found, 'transaction', 'error', 'reason');
  const facts = [amount, reference && `reference ${reference}`, why].filter((fact) => fact !== undefined && fact !== '');
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`;
}

/** Meta's pages spell several of these in two ways; both are taken. */
function recipientIds(status: unknown, group: boolean): Named {
  const member = {
    userId: str(status, 'recipient_participant_user_id') ?? str(status, 'participant_recipient_user_id'),
    parentId: str(status, 'recipient_participant_parent_user_id'),
    numbers: [str(status, 'recipient_participant_id'), str(status, 'participant_recipient_id')],
  };
  if (group) return member;
  return {
    userId: str(status, 'recipient_user_id') ?? member.userId,
    parentId: str(status, 'parent_recipient_user_id') ?? str(status, 'recipient_parent_user_id') ?? str(status, 'parent_user_id'),
    numbers: [str(status, 'recipient_id') ?? str(status, 'message', 'recipient_id'), ...member.numbers],
  };
}

/** In a group each member has a status of their own. */
function participant(status: unknown): string | undefined {
  return (
    str(status, 'recipient_participant_id') ?? str(status, 'participant_recipient_id') ?? str(status, 'recipient_participant_user_id')
  );
}
