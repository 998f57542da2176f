import { webhookError } from './errors.ts';
import { documented } from './options.ts';
import type { Message, Person, World } from './state.ts';
import { contactOf, memberOf } from './statuses.ts';
import type { Change, Webhooks } from './webhooks.ts';

/** A group that the business made (Groups API). */
export interface Group {
  readonly id: string;
  readonly requestId: string;
  subject: string;
  description: string;
  readonly approval: 'auto_approve' | 'approval_required';
  readonly inviteLink: string;
  readonly createdAt: number;
  /** Keys of the people in it; the business itself is not among them. */
  readonly members: Set<string>;
  /** Who asked to be let in. */
  readonly asking: Set<string>;
  suspended: boolean;
  deleted: boolean;
  /** Anybody's message opens the customer service window of the group. */
  lastInboundAt: number | null;
  /** Ids of messages, oldest first; a fourth takes the place of the first. */
  pins: string[];
}

type Json = Readonly<Record<string, unknown>>;
type Field = Extract<Change['field'], `group_${string}`>;

class GroupFull extends Error {
  override name = 'GroupFull';
}

/** One group, acted by a test, the demo or the page; what happens in it is told by webhooks (Webhooks for Groups API). */
export class GroupHandle {
  readonly #world: World;
  readonly #webhooks: Webhooks;
  readonly #group: Group;

  constructor(parts: { readonly world: World; readonly webhooks: Webhooks }, group: Group) {
    this.#world = parts.world;
    this.#webhooks = parts.webhooks;
    this.#group = group;
  }

  get group(): Readonly<Group> {
    return this.#group;
  }

  get id(): string {
    return this.#group.id;
  }

  /** What the business sent here and phones show, in order. */
  get inbox(): readonly Readonly<Message>[] {
    return this.#world.conversation(this.id).filter((message) => message.from === 'business' && message.status !== 'failed');
  }

  /** Says that it was made: the answer to the request only names that. */
  announce(): void {
    const { subject, description, requestId, inviteLink, approval } = this.#group;
    this.#tell('group_lifecycle_update', {
      type: 'group_create', request_id: requestId, subject, ...(description === '' ? {} : { description }), invite_link: inviteLink, join_approval_mode: approval,
    });
  }

  /** By the link, or with the business's leave. @throws GroupFull beyond eight */
  join(person: Person): void {
    if (this.#group.members.has(person.key)) return;
    if (this.#group.members.size >= documented.groupMembers) throw new GroupFull(`A group has at most ${documented.groupMembers} people.`);
    this.#group.asking.delete(person.key);
    this.#group.members.add(person.key);
    this.#changed();
    this.#tell('group_participants_update', { type: 'group_participants_add', reason: 'invite_link', added_participants: [memberOf(person)] }, [person]);
  }

  /** Where people are let in one by one. */
  ask(person: Person): void {
    this.#group.asking.add(person.key);
    this.#tell('group_participants_update', { type: 'group_join_request_created', reason: 'invite_link', join_request_id: `join-${this.#world.random.hex(8)}`, ...memberOf(person) }, [person]);
  }

  leave(person: Person): void {
    this.#out([person], 'participant');
  }

  remove(people: readonly Person[]): void {
    this.#out(people, 'business');
  }

  /** What the business changes; the webhook says what became of each. */
  change(given: { readonly subject?: string; readonly description?: string }): void {
    const { subject, description } = given;
    if (subject !== undefined) this.#group.subject = subject;
    if (description !== undefined) this.#group.description = description;
    this.#changed();
    this.#tell('group_settings_update', {
      type: 'group_settings_update', request_id: this.#world.random.hex(16),
      ...(subject === undefined ? {} : { group_subject: { text: subject, update_successful: true } }),
      ...(description === undefined ? {} : { group_description: { text: description, update_successful: true } }),
    });
  }

  /** A change that WhatsApp does not make. */
  failChange(subject: string, code = 131000): void {
    this.#tell('group_settings_update', { type: 'group_settings_update', group_subject: { text: subject, update_successful: false, errors: [webhookError(code)] } });
  }

  suspend(on: boolean): void {
    this.#group.suspended = on;
    this.#changed();
    this.#tell('group_status_update', { type: on ? 'group_suspend' : 'group_suspend_cleared' });
  }

  delete(): void {
    this.#group.deleted = true;
    this.#changed();
    this.#tell('group_lifecycle_update', { type: 'group_delete', request_id: this.#world.random.hex(16) });
  }

  pin(messageId: string, pinned: boolean): void {
    const others = this.#group.pins.filter((id) => id !== messageId);
    this.#group.pins = pinned ? [...others, messageId].slice(-documented.groupPins) : others;
    this.#changed();
  }

  #out(people: readonly Person[], by: 'participant' | 'business'): void {
    const gone = people.filter((person) => this.#group.members.delete(person.key));
    if (gone.length === 0) return;
    this.#changed();
    this.#tell('group_participants_update', { type: 'group_participants_remove', initiated_by: by, removed_participants: gone.map(memberOf) }, gone);
  }

  #changed(): void {
    this.#world.feed.emit({ kind: 'group', id: this.id });
  }

  #tell(field: Field, news: Json, people: readonly Person[] = []): void {
    this.#webhooks.send(`group:${this.id}`, {
      field,
      value: {
        ...(people.length === 0 ? {} : { contacts: people.map(contactOf) }),
        groups: [{ timestamp: String(Math.floor(Date.now() / 1000)), group_id: this.id, ...news }],
      },
    });
  }
}

export function makeGroup(world: World, given: { readonly subject: string; readonly description?: string | undefined; readonly approval?: Group['approval'] | undefined }): Group {
  const id = Buffer.from(`capi_group:${world.displayDigits}:${world.random.digits(18)}`).toString('base64').replaceAll('=', 'Z');
  const group: Group = {
    id, requestId: world.random.hex(16), subject: given.subject, description: given.description ?? '', approval: given.approval ?? 'auto_approve',
    inviteLink: `https://chat.whatsapp.com/${world.random.hex(22)}`, createdAt: Date.now(), members: new Set(), asking: new Set(), suspended: false, deleted: false,
    lastInboundAt: null, pins: [],
  };
  world.groups.set(id, group);
  world.feed.emit({ kind: 'group', id });
  return group;
}
