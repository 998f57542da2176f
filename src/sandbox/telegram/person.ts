import { isAdmin } from './access.ts';
import type { Group } from './group.ts';
import type { Chat, Json, Message, Reaction, StoredFile, User, World } from './state.ts';
import type { Teller } from './tell.ts';
import { fileView, pollView, userView } from './views.ts';

export interface HowSent {
  /** Where; default: the private chat with the bot. */
  readonly in?: Group;
  /** The message answered. */
  readonly replyTo?: number;
  /** The words of it that are quoted. */
  readonly quote?: string;
  /** The topic, by the message that created it. */
  readonly topic?: number;
  /** Messages with the same one are an album. */
  readonly album?: string;
  /** A `MessageOrigin`. */
  readonly forwardOrigin?: Json;
  /** Anything else that stands in the message. */
  readonly extra?: Json;
}

export type MediaKind = 'photo' | 'video' | 'animation' | 'voice' | 'video_note' | 'audio' | 'document' | 'sticker';

export interface MediaGiven extends HowSent {
  readonly mime?: string;
  readonly name?: string;
  readonly caption?: string;
  readonly entities?: readonly Json[];
  readonly spoiler?: boolean;
  /** Fields of the file itself: `width`, `duration`, `emoji`, `is_animated`, … */
  readonly fields?: Json;
}

const waitMs = 10_000;
const FOLDERS: Readonly<Record<MediaKind, string>> = { photo: 'photos', video: 'videos', animation: 'animations', voice: 'voice', video_note: 'video_notes', audio: 'music', document: 'documents', sticker: 'stickers' };

/** One person on Telegram, acted by a test, the demo or the page. Each act returns the id of its message; its update follows. */
export class PersonHandle {
  readonly user: Readonly<User>;
  readonly #world: World;
  readonly #tell: Teller;
  readonly #user: User;

  constructor(world: World, tell: Teller, user: User) {
    this.#world = world;
    this.#tell = tell;
    this.#user = user;
    this.user = user;
  }

  get id(): number {
    return this.#user.id;
  }

  /** What the bot sent to the private chat and still stands there, in order. */
  get inbox(): readonly Readonly<Message>[] {
    return this.#world.inChat(this.id).filter((message) => message.from === this.#world.bot.id && !message.deleted);
  }

  /** The first message of the bot that fits, now or later. @throws Error after `timeoutMs` */
  async waitFor(fits: (message: Readonly<Message>) => boolean, timeoutMs = waitMs): Promise<Readonly<Message>> {
    return this.#world.feed.until(() => this.inbox.find(fits), `a message to ${this.#user.firstName}`, timeoutMs);
  }

  /** Opens the chat with the bot by its button, as one does first. */
  start(): number {
    return this.sendText('/start', { extra: { entities: [{ type: 'bot_command', offset: 0, length: 6 }] } });
  }

  sendText(text: string, how: HowSent = {}, entities: readonly Json[] = []): number {
    return this.#say({ text, ...(entities.length > 0 && { entities }) }, how);
  }

  /** The bytes are what the bot will fetch; the sandbox does not judge what a phone sends. */
  sendMedia(kind: MediaKind, bytes: Uint8Array, given: MediaGiven = {}): number {
    const file = this.#world.store(Buffer.from(bytes), given.mime ?? 'application/octet-stream', given.name ?? null, FOLDERS[kind]);
    const body = {
      ...this.#mediaBody(kind, file, given),
      ...(given.caption !== undefined && { caption: given.caption, ...(given.entities !== undefined && { caption_entities: given.entities }) }),
      ...(given.spoiler === true && { has_media_spoiler: true }),
    };
    return this.#say(body, given, file);
  }

  sendLocation(latitude: number, longitude: number, how: HowSent & { readonly livePeriod?: number } = {}): number {
    return this.#say({ location: { latitude, longitude, ...(how.livePeriod !== undefined && { live_period: how.livePeriod }) } }, how);
  }

  sendVenue(latitude: number, longitude: number, title: string, address: string, how: HowSent = {}): number {
    return this.#say({ venue: { location: { latitude, longitude }, title, address }, location: { latitude, longitude } }, how);
  }

  sendContact(contact: { readonly phone_number: string; readonly first_name: string; readonly last_name?: string; readonly user_id?: number; readonly vcard?: string }, how: HowSent = {}): number {
    return this.#say({ contact }, how);
  }

  sendPoll(question: string, options: readonly string[], how: HowSent & { readonly anonymous?: boolean; readonly multiple?: boolean } = {}): number {
    const poll = {
      id: this.#world.random.digits(18), question, options: options.map((text, index) => ({ persistent_id: `p${index}`, text, voter_count: 0 })), total_voter_count: 0, is_closed: false,
      is_anonymous: how.anonymous !== false, type: 'regular', allows_multiple_answers: how.multiple === true, allows_revoting: true, members_only: false,
    };
    return this.#say({ poll }, how);
  }

  sendDice(value: number, how: HowSent = {}): number {
    return this.#say({ dice: { emoji: '🎲', value } }, how);
  }

  /** Any message as it would stand in the update, for shapes that nothing here makes. */
  sendRaw(body: Json, how: HowSent = {}): number {
    return this.#say({ ...body }, how);
  }

  /** A vote in a poll of the bot's; none takes it back. Only of polls that are not anonymous the bot is told whose it is. */
  vote(chat: number, messageId: number, options: readonly number[]): void {
    const message = this.#mustFind(chat, messageId);
    const poll = message.body['poll'] as Json | undefined;
    const found = this.#world.polls.get(String(poll?.['id']));
    if (poll === undefined || found === undefined || poll['is_closed'] === true) throw new Error('there is no poll of the bot that is open');
    found.votes.set(this.id, options);
    this.#world.changed(message);
    const ids = options.map((index) => (poll['options'] as readonly Json[])[index]?.['persistent_id']);
    if (poll['is_anonymous'] === false) this.#tell.update('poll_answer', { poll_id: found.id, user: userView(this.#user), option_ids: options, option_persistent_ids: ids }, `vote:${this.id}`);
    this.#tell.update('poll', pollView(poll, found), `poll:${found.id}`);
  }

  /** New text, or new caption. @throws Error for a message that is not one's own */
  edit(messageId: number, text: string, how: HowSent & { readonly entities?: readonly Json[] } = {}): void {
    const message = this.#mine(messageId, how);
    const entities = how.entities ?? [];
    if (message.file === null) message.body = { ...message.body, text, ...(entities.length > 0 ? { entities } : { entities: undefined }) };
    else message.body = { ...message.body, caption: text, ...(entities.length > 0 ? { caption_entities: entities } : { caption_entities: undefined }) };
    this.#edited(message);
  }

  /** A live location goes on; without `livePeriod` it ends. */
  move(messageId: number, latitude: number, longitude: number, how: HowSent & { readonly livePeriod?: number } = {}): void {
    const message = this.#mine(messageId, how);
    message.body = { location: { latitude, longitude, ...(how.livePeriod !== undefined && { live_period: how.livePeriod }) } };
    this.#edited(message);
  }

  /** No update tells of it: bots do not learn what is deleted. */
  delete(messageId: number, how: HowSent = {}): void {
    const message = this.#mine(messageId, how);
    message.deleted = true;
    this.#world.changed(message);
  }

  /** All that this person has on a message now. Told only where the bot is an administrator; of anonymous ones the counts. */
  react(messageId: number, emojis: readonly string[], how: HowSent = {}): void {
    const chat = this.#chat(how);
    const message = this.#mustFind(chat.id, messageId);
    const before = message.reactions.get(this.id) ?? [];
    const now = emojis.map((emoji): Reaction => (/^\d+$/.test(emoji) ? { type: 'custom_emoji', custom_emoji_id: emoji } : emoji === '⭐' ? { type: 'paid' } : { type: 'emoji', emoji }));
    if (now.length === 0) message.reactions.delete(this.id);
    else message.reactions.set(this.id, now);
    this.#world.changed(message);
    if (chat.type !== 'private' && !isAdmin(this.#world, chat)) return;
    this.#tell.reaction(chat, message, this.#user, before, now);
  }

  /** The bot may write no more; it is told. */
  block(blocked = true): void {
    if (this.#user.blocked === blocked) return;
    this.#user.blocked = blocked;
    this.#tell.ownStatus(this.#world.chatOf(this.#user), this.#user, blocked ? 'member' : 'kicked', blocked ? 'kicked' : 'member');
  }

  rename(firstName: string, lastName: string | null = null, username: string | null = this.#user.username): void {
    Object.assign(this.#user, { firstName, lastName, username });
    this.#world.feed.emit({ kind: 'user', id: this.id });
  }

  setPhoto(bytes: Uint8Array, mime = 'image/jpeg'): void {
    this.#user.photo = this.#world.store(Buffer.from(bytes), mime, null, 'profile_photos');
  }

  #mediaBody(kind: MediaKind, file: StoredFile, given: MediaGiven): Record<string, unknown> {
    const view = { ...fileView(file), ...given.fields };
    const named = { ...(given.name !== undefined && { file_name: given.name }), ...(given.mime !== undefined && { mime_type: given.mime }) };
    switch (kind) {
      case 'photo': return { photo: [{ ...view, file_id: `${file.id}`, width: 90, height: 60 }, { ...view, width: 900, height: 600, ...given.fields }] };
      case 'video': return { video: { width: 640, height: 480, duration: 1, ...view, ...named } };
      case 'animation': return { animation: { width: 320, height: 240, duration: 1, ...view, ...named }, document: { ...view, ...named } };
      case 'voice': return { voice: { duration: 1, ...view, mime_type: given.mime ?? 'audio/ogg' } };
      case 'video_note': return { video_note: { length: 240, duration: 1, ...view } };
      case 'audio': return { audio: { duration: 1, ...view, ...named } };
      case 'document': return { document: { ...view, ...named } };
      case 'sticker': return { sticker: { type: 'regular', width: 512, height: 512, is_animated: false, is_video: false, ...view } };
    }
  }

  #say(body: Record<string, unknown>, how: HowSent, file: StoredFile | null = null): number {
    const chat = this.#chat(how);
    if (chat.type === 'private') this.#user.started = true;
    const whole = {
      ...body, ...(how.album !== undefined && { media_group_id: how.album }), ...(how.quote !== undefined && { quote: { text: how.quote, position: 0, is_manual: true } }),
      ...(how.forwardOrigin !== undefined && { forward_origin: how.forwardOrigin }), ...how.extra,
    };
    const topic = how.topic ?? (how.replyTo === undefined ? null : (this.#world.message(chat.id, how.replyTo)?.topic ?? null));
    const from = chat.type === 'channel' ? chat.id : this.id;
    const message = this.#world.add(chat, from, whole, { replyTo: how.replyTo ?? null, topic, file });
    this.#tell.message(chat, message, false);
    return message.id;
  }

  #edited(message: Message): void {
    message.editedAt = Date.now();
    this.#world.changed(message);
    const chat = this.#world.chats.get(message.chat);
    if (chat !== undefined) this.#tell.message(chat, message, true);
  }

  #chat(how: HowSent): Chat {
    const chat = how.in === undefined ? this.#world.chatOf(this.#user) : this.#world.chats.get(how.in.id);
    if (chat === undefined) throw new Error('there is no such chat');
    return chat;
  }

  #mine(messageId: number, how: HowSent): Message {
    const chat = this.#chat(how);
    const message = this.#mustFind(chat.id, messageId);
    if (message.from !== this.id && message.from !== chat.id) throw new Error('only an own message can be changed');
    return message;
  }

  #mustFind(chat: number, messageId: number): Message {
    const message = this.#world.message(chat, messageId);
    if (message === undefined || message.deleted) throw new Error(`there is no message ${messageId} in ${chat}`);
    return message;
  }
}
