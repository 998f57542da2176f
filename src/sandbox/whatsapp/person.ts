import { webhookError } from './errors.ts';
import type { Group } from './groups.ts';
import type { Limits } from './limits.ts';
import { inspect } from './media-check.ts';
import { mediaUrl } from './media-routes.ts';
import { documented } from './options.ts';
import { answerTo } from './replies.ts';
import type { Media, Message, Person, World } from './state.ts';
import { contactOf, type Statuses } from './statuses.ts';
import type { Webhooks } from './webhooks.ts';

export type MediaKind = 'image' | 'video' | 'audio' | 'document' | 'sticker';

export interface HowSent {
  /** Id of the message quoted. */
  readonly replyTo?: string;
  readonly forwarded?: boolean;
  readonly frequentlyForwarded?: boolean;
  /** Id of the group that it is said in. */
  readonly in?: string;
}

export interface MediaGiven extends HowSent {
  readonly mime: string;
  readonly caption?: string;
  readonly filename?: string;
  readonly voice?: boolean;
  readonly animated?: boolean;
}

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string;
  readonly address?: string;
  readonly url?: string;
}

type Json = Readonly<Record<string, unknown>>;
const waitMs = 10_000;

/**
 * One person on WhatsApp, acted by a test, the demo or the page. Each act returns the id of its message at once; its webhook
 * follows. Shapes of the webhooks: Meta's "messages webhook reference", one page a type, with the fields of
 * "Business-scoped user IDs".
 */
export class PersonHandle {
  readonly #world: World;
  readonly #webhooks: Webhooks;
  readonly #statuses: Statuses;
  readonly #limits: Limits;
  readonly #person: Person;

  constructor(parts: { world: World; webhooks: Webhooks; statuses: Statuses; limits: Limits }, person: Person) {
    this.#world = parts.world;
    this.#webhooks = parts.webhooks;
    this.#statuses = parts.statuses;
    this.#limits = parts.limits;
    this.#person = person;
  }

  get person(): Readonly<Person> {
    return this.#person;
  }

  /** What the business sent and this phone shows, in order of acceptance; what failed is only in `messages`. */
  get inbox(): readonly Readonly<Message>[] {
    return this.#world.conversation(this.#person.key).filter((message) => message.from === 'business' && message.status !== 'failed');
  }

  /** What this person sent, in order. */
  get sent(): readonly Readonly<Message>[] {
    return this.#world.conversation(this.#person.key).filter((message) => message.from === 'person');
  }

  /** The first message of the inbox that fits, now or later. @throws Error after `timeoutMs` */
  async waitFor(fits: (message: Readonly<Message>) => boolean, timeoutMs = waitMs): Promise<Readonly<Message>> {
    return this.#world.feed.until(() => this.inbox.find(fits), `a message to ${this.#person.name}`, timeoutMs);
  }

  sendText(text: string, how: HowSent = {}): string {
    return this.#say('text', { body: text }, how);
  }

  reply(messageId: string, text: string): string {
    return this.sendText(text, { replyTo: messageId });
  }

  /** The bytes are what the business will download; the sandbox does not judge what a phone sends. */
  async sendMedia(kind: MediaKind, bytes: Uint8Array, given: MediaGiven): Promise<string> {
    const copy = Buffer.from(bytes);
    const media = this.#world.storeMedia(copy, given.mime, await inspect(copy), given.filename ?? null, 'received');
    return this.#say(kind, this.#mediaContent(kind, media, given), given, media);
  }

  sendLocation(place: Place, how: HowSent = {}): string {
    return this.#say('location', { ...place }, how);
  }

  /** `contacts` as in the Contacts messages webhook: each with `name.formatted_name`. */
  sendContacts(contacts: readonly Json[], how: HowSent = {}): string {
    return this.#say('contacts', contacts, how);
  }

  /** Null takes it away: then `emoji` is missing, or, as older ones have it, empty. @throws Error for a message that is not there */
  react(messageId: string, emoji: string | null): string {
    const target = this.#mine(messageId);
    if (target.group !== null) throw new Error('the sandbox has no reactions in groups: the API does not hand them over');
    if (emoji === null) delete target.reactions.person;
    else target.reactions.person = emoji;
    this.#world.changed(target);
    const removal = this.#world.random.chance(0.5) ? {} : { emoji: '' };
    return this.#say('reaction', { message_id: messageId, ...(emoji === null ? removal : { emoji }) }, {});
  }

  /** New text, or new caption of media, within 15 minutes of sending. @throws Error when it cannot be edited */
  edit(messageId: string, text: string): string {
    const target = this.#own(messageId, documented.editMs);
    const content = target.type === 'text' ? { ...(target.body as Json), body: text } : { ...(target.body as Json), caption: text };
    if (target.type !== 'text' && !target.media) throw new Error(`a message of type ${target.type} cannot be edited`);
    target.body = content;
    target.edited = true;
    this.#world.changed(target);
    const context = target.replyTo === null ? {} : { context: this.#quote(target.replyTo) };
    return this.#event('edit', { original_message_id: messageId, message: { ...context, type: target.type, [target.type]: content } });
  }

  /** Within two days of sending. @throws Error when it cannot be revoked */
  revoke(messageId: string): string {
    const target = this.#own(messageId, documented.revokeMs);
    target.revoked = true;
    this.#world.changed(target);
    return this.#event('revoke', { original_message_id: messageId });
  }

  /** Answers a message with buttons or a list, by position, id or title; or a template's quick reply, by position. */
  pressButton(messageId: string, choice: number | string): string {
    const { type, content } = answerTo(this.#mine(messageId), choice);
    return this.#say(type, content, { replyTo: messageId });
  }

  /** Any other `interactive` answer, such as `nfm_reply`. */
  sendInteractive(content: Json, replyTo?: string): string {
    return this.#say('interactive', content, replyTo === undefined ? {} : { replyTo });
  }

  order(content: { readonly catalog_id: string; readonly text?: string; readonly product_items: readonly Json[] }): string {
    return this.#say('order', { ...content }, {});
  }

  /** A text written from an advertisement. */
  referral(text: string, referral: Json): string {
    return this.#say('text', { body: text }, {}, null, { referral });
  }

  /** Something that the Cloud API has no type for; `what` is its name there, such as `poll_creation`. */
  sendUnsupported(what = 'poll_creation', how: HowSent = {}): string {
    return this.#say('unsupported', { type: what }, how, null, { errors: [webhookError(131051)] });
  }

  /** Any message as it would stand in the webhook, for shapes that nothing here makes. */
  sendRaw(type: string, content: unknown, extra: Json = {}, how: HowSent = {}): string {
    return this.#say(type, content, how, null, extra);
  }

  /** The person takes another number. A new user id comes with it, unless told otherwise (Business-scoped user IDs). */
  changeNumber(waId: string, keepUserId = false): void {
    const old = this.#person.waId;
    const previous = this.#person.userId;
    this.#person.waId = waId;
    if (previous !== null && !keepUserId) this.#person.userId = `${previous.slice(0, 2)}.${this.#world.random.digits(17)}`;
    this.#world.savePerson(this.#person);
    const userId = this.#person.userId === null ? {} : { user_id: this.#person.userId };
    const from = { from: old, ...(previous === null ? {} : { from_user_id: previous }) };
    this.#system({ body: `User ${this.#person.name} changed from ${old} to ${waId}`, wa_id: waId, ...userId, type: 'user_changed_number' }, from);
    if (previous !== null && previous !== this.#person.userId) this.#userIdUpdate(previous);
  }

  /** The user id alone changes: a system message, which has no sender, and a `user_id_update`. */
  changeUserId(userId: string): void {
    const previous = this.#person.userId;
    if (previous === null) throw new Error('this person has no user id');
    this.#person.userId = userId;
    this.#world.savePerson(this.#person);
    const body = `User ${this.#person.name} changed from ${previous} to ${userId}`;
    this.#system({ body, user_id: userId, previous_user_id: previous, type: 'user_changed_user_id' }, {});
    this.#userIdUpdate(previous);
  }

  /** Name and username reach the business with the next message. */
  rename(name: string, username: string | null = this.#person.username): void {
    this.#person.name = name;
    this.#person.username = username;
    this.#world.savePerson(this.#person);
  }

  /** A username hides the number in webhooks, and giving it up shows it again (Business-scoped user IDs). */
  hideNumber(hidden: boolean): void {
    this.#person.phoneless = hidden;
    this.#world.savePerson(this.#person);
  }

  /** The chat is opened: everything not read yet becomes read. */
  readAll(group?: string): void {
    if (group === undefined) for (const message of this.inbox) this.#statuses.read(message);
    else for (const message of this.#world.conversation(group)) if (message.from === 'business') this.#statuses.of(message, 'read', this.#person.key);
  }

  /** A voice message is listened to. */
  play(messageId: string): void {
    const target = this.#mine(messageId);
    if (target.from !== 'business' || target.type !== 'audio') throw new Error('only a received voice message can be played');
    this.#statuses.read(target);
    this.#statuses.advance(target, 'played');
  }

  #mediaContent(kind: MediaKind, media: Media, given: MediaGiven): Json {
    return {
      ...(given.caption === undefined ? {} : { caption: given.caption }),
      ...(kind === 'document' && given.filename !== undefined ? { filename: given.filename } : {}),
      mime_type: given.mime, sha256: Buffer.from(media.sha256, 'hex').toString('base64'), id: media.id, url: mediaUrl(this.#world, media),
      ...(kind === 'audio' ? { voice: given.voice ?? false } : {}),
      ...(kind === 'sticker' ? { animated: given.animated ?? media.content.animated } : {}),
    };
  }

  /** A message that opens the customer service window. */
  #say(type: string, content: unknown, how: HowSent, media: Media | null = null, extra: Json = {}): string {
    const quoted = how.replyTo === undefined ? null : this.#mine(how.replyTo).id;
    const context = {
      ...(quoted === null ? {} : this.#quote(quoted)),
      ...(how.forwarded ? { forwarded: true } : {}),
      ...(how.frequentlyForwarded ? { frequently_forwarded: true } : {}),
    };
    const group = how.in === undefined ? null : this.#groupOf(how.in);
    const message = this.#world.add({ from: 'person', person: this.#person.key, group: group?.id ?? null, type, body: content, replyTo: quoted, media });
    (group ?? this.#person).lastInboundAt = message.at;
    this.#tell(message, content, { ...(Object.keys(context).length > 0 ? { context } : {}), ...extra });
    return message.id;
  }

  /** Something about an earlier message: no new message on the phone, and no longer window. */
  #event(type: string, content: Json): string {
    const message = this.#world.add({ from: 'person', person: this.#person.key, type, body: content });
    this.#tell(message, content, {});
    return message.id;
  }

  #tell(message: Message, content: unknown, extra: Json): void {
    this.#limits.countInbound();
    const sender = {
      ...(this.#person.phoneless ? {} : { from: this.#person.waId }),
      ...(this.#person.userId === null ? {} : { from_user_id: this.#person.userId }),
      ...(this.#person.parentUserId === null ? {} : { from_parent_user_id: this.#person.parentUserId }),
    };
    const { context, ...rest } = extra;
    const place = message.group === null ? {} : { group_id: message.group };
    this.#webhooks.send(message.group === null ? `person:${this.#person.key}` : `group:${message.group}`, {
      field: 'messages',
      value: {
        contacts: [contactOf(this.#person)],
        messages: [{ ...(context === undefined ? {} : { context }), ...sender, ...place, id: message.id, timestamp: seconds(message.at), ...rest, type: message.type, [message.type]: content }],
      },
    });
  }

  /** System messages come without `contacts` (System messages webhook reference). */
  #system(system: Json, from: Json): void {
    const message = this.#world.add({ from: 'person', person: this.#person.key, type: 'system', body: system });
    const entry = { ...from, id: message.id, timestamp: seconds(message.at), type: 'system', system };
    this.#webhooks.send(`person:${this.#person.key}`, { field: 'messages', value: { messages: [entry] } });
  }

  #userIdUpdate(previous: string): void {
    const update = {
      ...(this.#person.phoneless ? {} : { wa_id: this.#person.waId }),
      detail: `User id for ${this.#person.name} has been updated.`,
      user_id: { previous, current: this.#person.userId },
      timestamp: seconds(Date.now()),
    };
    this.#webhooks.send(`person:${this.#person.key}`, { field: 'user_id_update', value: { contacts: [contactOf(this.#person)], user_id_update: [update] } });
  }

  /** `from` of a quote is the number of whoever wrote the quoted message. */
  #quote(messageId: string): Json {
    const quoted = this.#world.message(messageId);
    const author = quoted?.from === 'person' ? this.#world.people.get(quoted.person) : undefined;
    if (author?.phoneless === true) return { id: messageId };
    return { from: author?.waId ?? this.#world.displayDigits, id: messageId };
  }

  /** @throws Error where this person is not in it */
  #groupOf(id: string): Group {
    const group = this.#world.liveGroup(id);
    if (group === undefined || !group.members.has(this.#person.key)) throw new Error(`${this.#person.name} is not in the group ${id}`);
    return group;
  }

  #mine(messageId: string): Message {
    const message = this.#world.message(messageId);
    if (message?.person === this.#person.key) return message;
    const group = message?.group == null ? undefined : this.#world.liveGroup(message.group);
    if (message === undefined || group?.members.has(this.#person.key) !== true) throw new Error(`no message ${messageId} in the chat with ${this.#person.name}`);
    return message;
  }

  #own(messageId: string, withinMs: number): Message {
    const message = this.#mine(messageId);
    if (message.from !== 'person' || message.person !== this.#person.key || message.group !== null || message.revoked) throw new Error('only an own message that still stands can be changed');
    if (Date.now() - message.at > withinMs / this.#world.scale.edit) throw new Error('too late to change this message');
    return message;
  }
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}
