import { webhookError } from './errors.ts';
import type { Message, MessageStatus, Person, World } from './state.ts';
import type { Webhooks } from './webhooks.ts';

const sentAfterMs = 5;
const deliveredAfterMs = 40;
const rank: Readonly<Record<MessageStatus, number>> = { accepted: 0, sent: 1, delivered: 2, read: 3, played: 4, failed: 5 };

/** What Meta tells of the messages that the business sent (Status messages webhook reference). */
export class Statuses {
  readonly #world: World;
  readonly #webhooks: Webhooks;
  readonly #told = new WeakMap<Message, Map<string, MessageStatus>>();

  constructor(world: World, webhooks: Webhooks) {
    this.#world = world;
    this.#webhooks = webhooks;
  }

  /** From acceptance on: sent, then delivered. Of a reaction only `sent` is told (Reaction messages, "Limitations"). */
  begin(message: Message): void {
    setTimeout(() => this.advance(message, 'sent'), sentAfterMs).unref();
    if (message.group !== null) setTimeout(() => this.#each(message, 'delivered'), deliveredAfterMs).unref();
    else if (message.type !== 'reaction') setTimeout(() => this.advance(message, 'delivered'), deliveredAfterMs).unref();
  }

  /** In a group each member has a state of their own. */
  #each(message: Message, status: 'delivered' | 'read'): void {
    for (const key of this.#world.groups.get(message.group ?? '')?.members ?? []) this.of(message, status, key);
  }

  /** What became of a message with one member of its group; told once. */
  of(message: Message, status: 'delivered' | 'read', key: string): void {
    const person = this.#world.people.get(key);
    const known = this.#told.get(message) ?? new Map<string, MessageStatus>();
    if (person === undefined || rank[known.get(key) ?? 'sent'] >= rank[status] || message.status === 'failed') return;
    this.#told.set(message, known.set(key, status));
    if (rank[message.status] < rank[status]) message.status = status;
    this.#world.changed(message);
    this.#tell(message, { status }, person);
  }

  /** The person saw it: `read` implies `delivered`, which is then left out if it was not told yet. */
  read(message: Message): void {
    if (message.type !== 'reaction') this.advance(message, 'read');
  }

  /** Never backwards, and a status is told once. */
  advance(message: Message, status: 'sent' | 'delivered' | 'read' | 'played'): void {
    if (rank[message.status] >= rank[status]) return;
    message.status = status;
    this.#world.changed(message);
    const pricing = status === 'sent' ? { pricing: { billable: false, pricing_model: 'PMP', type: 'free_customer_service', category: 'service' } } : {};
    this.#tell(message, { status, ...pricing });
  }

  /** Ends it. The person never sees the message. */
  fail(message: Message, code: number, details?: string): void {
    const error = webhookError(code, details);
    message.status = 'failed';
    message.error = { code, details: details ?? String(error['title']) };
    this.#world.changed(message);
    this.#tell(message, { status: 'failed', errors: [error] });
  }

  #tell(message: Message, status: { readonly status: string; readonly errors?: unknown; readonly pricing?: unknown }, member?: Person): void {
    const { faults, random } = this.#world;
    if (faults.neverConfirm || random.chance(faults.dropStatus)) return;
    const late = random.chance(faults.lateStatus.fraction) ? faults.lateStatus.ms : 0;
    const person = member ?? this.#world.people.get(message.person);
    const { status: name, ...rest } = status;
    this.#webhooks.send(`status:${message.id}`, {
      field: 'messages',
      value: {
        ...(person && name !== 'failed' ? { contacts: [contactOf(person)] } : {}),
        statuses: [{
          id: message.id, status: name, timestamp: String(Math.floor(Date.now() / 1000)), ...(message.group === null ? recipientOf(person, message.person) : groupOf(message.group, member)), ...rest,
          ...(message.callbackData === null ? {} : { biz_opaque_callback_data: message.callbackData }),
        }],
      },
    }, late);
  }
}

/** An element of `contacts` (Business-scoped user IDs): without `wa_id` where the number is hidden. */
export function contactOf(person: Person): Record<string, unknown> {
  return {
    profile: { name: person.name, ...(person.username === null ? {} : { username: person.username }) },
    ...(person.phoneless ? {} : { wa_id: person.waId }),
    ...(person.userId === null ? {} : { user_id: person.userId }),
    ...(person.parentUserId === null ? {} : { parent_user_id: person.parentUserId }),
  };
}

/** Business-scoped user IDs, "Groups": the number is left out where it is hidden. */
export function memberOf(person: Person): Record<string, unknown> {
  return {
    ...(person.phoneless ? {} : { wa_id: person.waId }),
    ...(person.userId === null ? {} : { user_id: person.userId }),
    ...(person.username === null ? {} : { username: person.username }),
  };
}

function recipientOf(person: Person | undefined, address: string): Record<string, unknown> {
  if (!person) return { recipient_id: address };
  return {
    ...(person.phoneless ? {} : { recipient_id: person.waId }),
    ...(person.userId === null ? {} : { recipient_user_id: person.userId }),
  };
}

/** (Group messaging, "Receive group message statuses"; Business-scoped user IDs) */
function groupOf(group: string, member: Person | undefined): Record<string, unknown> {
  const { wa_id: number, user_id: user } = member === undefined ? {} : memberOf(member);
  return {
    recipient_id: group, recipient_type: 'group',
    ...(number === undefined ? {} : { recipient_participant_id: number }), ...(user === undefined ? {} : { recipient_participant_user_id: user }),
  };
}
