import { request } from 'undici';
import { GraphError, invalid } from './errors.ts';
import type { Limits } from './limits.ts';
import { bareMime, inspect, mediaFault } from './media-check.ts';
import type { Group, GroupHandle } from './groups.ts';
import { documented } from './options.ts';
import { parseReadMark, parseSend, type SendBody } from './shapes.ts';
import type { Message, Person, World } from './state.ts';
import type { Statuses } from './statuses.ts';
import { checkTemplate } from './templates.ts';

const mediaTypes = new Set(['image', 'video', 'audio', 'document', 'sticker']);
const fetchWithinMs = 10_000;
const largestFetched = 100 * 1024 * 1024;

interface Address {
  /** As it stood in the request. */
  readonly input: string;
  readonly person: Person | undefined;
  /** Key of the person, or the address itself when there is nobody. */
  readonly key: string;
  readonly byNumber: boolean;
  /** The group, where it goes to one. */
  readonly group?: Group;
}

/** What a group takes (Groups API, "Quick facts"); a template only of texts and media. */
const groupTypes = new Set(['text', 'image', 'video', 'audio', 'document', 'sticker', 'template', 'pin']);

/** `POST /{phone-number-id}/messages`. */
export class Sender {
  readonly #world: World;
  readonly #limits: Limits;
  readonly #statuses: Statuses;
  readonly #handleOf: (group: Group) => GroupHandle;

  constructor(world: World, limits: Limits, statuses: Statuses, handleOf: (group: Group) => GroupHandle) {
    this.#world = world;
    this.#limits = limits;
    this.#statuses = statuses;
    this.#handleOf = handleOf;
  }

  /**
   * One call: a message, a read mark or a typing indicator.
   * @returns the answer, and whether a message was accepted
   * @throws GraphError for what is refused at once; what Meta finds later becomes a `failed` status
   */
  handle(raw: unknown): { readonly answer: unknown; readonly accepted: boolean } {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw invalid('The body must be a JSON object.');
    const body = { ...raw };
    if ('status' in body) return { answer: this.#markRead(body), accepted: false };
    return { answer: this.#send(parseSend(body)), accepted: true };
  }

  /** Marks it and what came before it (Mark messages as read), and shows typing for 25 s (Typing indicators). */
  #markRead(raw: Record<string, unknown>): unknown {
    const mark = parseReadMark(raw);
    const target = this.#world.message(mark.message_id);
    if (target?.from !== 'person' || target.group !== null) throw new GraphError(131009, { details: 'Param message_id is not the id of a received message, or is of a group.' });
    const unread = this.#world.conversation(target.person).filter((message) => message.from === 'person' && message.seq <= target.seq && message.status !== 'read');
    for (const message of unread) {
      message.status = 'read';
      this.#world.changed(message);
    }
    if (mark.typing_indicator) this.#showTyping(target.person, Date.now() + documented.typingMs / this.#world.scale.typing);
    return { success: true };
  }

  #showTyping(key: string, until: number): void {
    const person = this.#world.people.get(key);
    if (!person || person.typingUntil === until) return;
    person.typingUntil = until;
    this.#world.feed.emit({ kind: 'person', key });
  }

  #send(body: SendBody): unknown {
    const address = this.#address(body);
    this.#refuseAtOnce(body, address);
    const later = this.#failureToCome(body, address);
    if (later?.code === 131047 && this.#world.faults.windowInAnswer) throw new GraphError(131047);
    this.#limits.take(address.key);
    const message = this.#record(body, address);
    if (address.person) this.#showTyping(address.person.key, 0);
    if (later) this.#statuses.fail(message, later.code, later.details);
    else if (message.type === 'pin') this.#pin(message, address);
    else if (message.type === 'reaction') this.#react(message);
    else void this.#deliver(message);
    return {
      messaging_product: 'whatsapp',
      contacts: [{ input: address.input, ...(address.byNumber ? { wa_id: address.person?.waId ?? address.group?.id ?? address.input.replace(/\D/g, '') } : { user_id: address.input }) }],
      messages: [{ id: message.id, ...(body.type === 'template' ? { message_status: 'accepted' } : {}) }],
    };
  }

  /** @throws GraphError 131041 for a group that is not there, 131207 suspended, 131020 empty, 131051 a type that groups do not take */
  #groupOf({ envelope: { to: input = '' }, type, content }: SendBody): Address {
    const group = this.#world.liveGroup(input);
    if (group === undefined) throw new GraphError(131041);
    if (group.suspended) throw new GraphError(131207);
    if (group.members.size === 0) throw new GraphError(131020);
    if (!groupTypes.has(type)) throw new GraphError(131051, { details: `Messages of the type ${type} cannot be sent to groups.` });
    if (type === 'pin' && this.#world.message((content as { message_id: string }).message_id)?.group !== input) throw new GraphError(131009, { details: 'The message to pin is not in the group.' });
    return { input, person: undefined, key: input, byNumber: true, group };
  }

  #pin(message: Message, { group }: Address): void {
    const { type, message_id: target } = message.body as { type: 'pin' | 'unpin'; message_id: string };
    if (group !== undefined) this.#handleOf(group).pin(target, type === 'pin');
    this.#statuses.begin(message);
  }

  /** A number outranks a user id when both are given (Business-scoped user IDs, "Send messages"). */
  #address(body: SendBody): Address {
    const { to, recipient, recipient_type: type } = body.envelope;
    if (type === 'group') return this.#groupOf(body);
    if (to === undefined) {
      const input = recipient ?? '';
      const person = this.#world.reached(input);
      return { input, person, key: person?.key ?? input, byNumber: false };
    }
    const digits = to.replace(/[\s+().-]/g, '');
    if (!/^\d{5,15}$/.test(digits)) throw invalid(`Param to must be a phone number.`);
    if (digits === this.#world.displayDigits) throw new GraphError(131021);
    const person = this.#world.reached(digits);
    return { input: to, person, key: person?.key ?? digits, byNumber: true };
  }

  #refuseAtOnce(body: SendBody, address: Address): void {
    const content = body.content as Record<string, unknown>;
    if (this.#world.random.chance(this.#world.faults.rateLimit)) throw new GraphError(130429);
    if (body.envelope.context) {
      if (body.type === 'reaction') throw invalid('A reaction cannot be a contextual reply.');
      if (!body.envelope.context.message_id.startsWith('wamid.')) throw new GraphError(131009, { details: 'Param context.message_id is not a message id.' });
    }
    if (mediaTypes.has(body.type) && typeof content['id'] === 'string' && !this.#world.liveMedia(content['id'])) {
      throw invalid(`Param ${body.type}['id'] is not a valid whatsapp business account media attachment ID.`);
    }
    if (body.type === 'template') checkTemplate(this.#world, content);
    if (!address.byNumber && body.type === 'template' && /auth/i.test(String(content['name']))) throw new GraphError(131009);
  }

  /** What Meta accepts and then reports as failed: nobody there, window closed, reaction to nothing. */
  #failureToCome(body: SendBody, { person, group }: Address): { readonly code: number; readonly details?: string } | null {
    if (this.#world.faults.failCode > 0) return { code: this.#world.faults.failCode };
    if (group !== undefined) return this.#world.windowOpen(group) || ['template', 'pin'].includes(body.type) ? null : { code: 131047 };
    if (!person) return { code: 131026 };
    if (body.type !== 'template' && !this.#world.windowOpen(person)) return { code: 131047 };
    if (body.type !== 'reaction') return null;
    const target = this.#world.message(String((body.content as Record<string, unknown>)['message_id']));
    const fits = target?.person === person.key && target.type !== 'reaction' && !target.revoked && target.status !== 'failed';
    return fits ? null : { code: 131009, details: 'The message reacted to is not in the conversation, was deleted, or is a reaction.' };
  }

  #record(body: SendBody, address: Address): Message {
    const content = body.content as Record<string, unknown>;
    const quoted = body.envelope.context?.message_id ?? null;
    const target = quoted === null ? undefined : this.#world.message(quoted);
    return this.#world.add({
      from: 'business', person: address.key, group: address.group?.id ?? null, type: body.type, body: body.content, replyTo: quoted,
      quoteMissing: quoted !== null && ((target?.group ?? target?.person) !== address.key || target?.revoked === true),
      callbackData: body.envelope.biz_opaque_callback_data ?? null,
      media: typeof content['id'] === 'string' ? (this.#world.liveMedia(content['id']) ?? null) : null,
    });
  }

  #react(reaction: Message): void {
    const { message_id, emoji } = reaction.body as { message_id: string; emoji: string };
    const target = this.#world.message(message_id);
    if (target) {
      if (emoji === '') delete target.reactions.business;
      else target.reactions.business = emoji;
      this.#world.changed(target);
    }
    this.#statuses.begin(reaction);
  }

  /** Media is looked at after acceptance, and linked media fetched then; what is wrong with it is a `failed` status (131053). */
  async #deliver(message: Message): Promise<void> {
    const { link, voice } = message.body as { link?: string; voice?: boolean };
    try {
      if (mediaTypes.has(message.type) && link !== undefined) message.media = await this.#fetch(link);
      const fault = message.media && mediaFault(message.type, message.media, voice === true);
      if (fault) throw new Error(fault);
      this.#world.changed(message);
      this.#statuses.begin(message);
    } catch (error) {
      this.#statuses.fail(message, 131053, error instanceof Error ? error.message : undefined);
    }
  }

  async #fetch(link: string): Promise<NonNullable<Message['media']>> {
    const answer = await request(link, { signal: AbortSignal.timeout(fetchWithinMs) });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200) throw new Error(`Downloading the media failed with status ${answer.statusCode}.`);
    if (bytes.length > largestFetched) throw new Error('The media is too large.');
    const mime = bareMime(String(answer.headers['content-type'] ?? 'application/octet-stream'));
    return this.#world.storeMedia(bytes, mime, await inspect(bytes), null, 'uploaded');
  }
}
