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

  constructor(world: World, webhooks: Webhooks) {
    this.#world = world;
    this.#webhooks = webhooks;
  }

  /** From acceptance on: sent, then delivered. Of a reaction only `sent` is told (Reaction messages, "Limitations"). */
  begin(message: Message): void {
    setTimeout(() => this.advance(message, 'sent'), sentAfterMs).unref();
    if (message.type !== 'reaction') setTimeout(() => this.advance(message, 'delivered'), deliveredAfterMs).unref();
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

  #tell(message: Message, status: { readonly status: string; readonly errors?: unknown; readonly pricing?: unknown }): void {
    const { faults, random } = this.#world;
    if (faults.neverConfirm || random.chance(faults.dropStatus)) return;
    const late = random.chance(faults.lateStatus.fraction) ? faults.lateStatus.ms : 0;
    const person = this.#world.people.get(message.person);
    const { status: name, ...rest } = status;
    this.#webhooks.send(`status:${message.id}`, {
      field: 'messages',
      value: {
        ...(person && name !== 'failed' ? { contacts: [contactOf(person)] } : {}),
        statuses: [{
          id: message.id, status: name, timestamp: String(Math.floor(Date.now() / 1000)), ...recipientOf(person, message.person), ...rest,
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

function recipientOf(person: Person | undefined, address: string): Record<string, unknown> {
  if (!person) return { recipient_id: address };
  return {
    ...(person.phoneless ? {} : { recipient_id: person.waId }),
    ...(person.userId === null ? {} : { recipient_user_id: person.userId }),
  };
}
