import type { PersonHandle } from './person.ts';
import type { Chat, Message, Status, StoredFile, User, World } from './state.ts';
import type { Teller } from './tell.ts';
import { fileView, messageView, userView } from './views.ts';

const waitMs = 10_000;

/** A group, supergroup or channel, and what its people do to it. */
export class Group {
  readonly #world: World;
  readonly #tell: Teller;
  #chat: Chat;

  constructor(world: World, tell: Teller, chat: Chat) {
    this.#world = world;
    this.#tell = tell;
    this.#chat = chat;
  }

  get id(): number {
    return this.#chat.id;
  }

  get chat(): Readonly<Chat> {
    return this.#chat;
  }

  /** What the bot sent there and still stands, in order. */
  get inbox(): readonly Readonly<Message>[] {
    const from = this.#chat.type === 'channel' ? this.id : this.#world.bot.id;
    return this.#world.inChat(this.id).filter((message) => message.from === from && !message.deleted);
  }

  /** The first message of the bot that fits, now or later. @throws Error after `timeoutMs` */
  async waitFor(fits: (message: Readonly<Message>) => boolean, timeoutMs = waitMs): Promise<Readonly<Message>> {
    return this.#world.feed.until(() => this.inbox.find(fits), `a message in ${this.#chat.title}`, timeoutMs);
  }

  /** Comes by themselves, or is brought in. */
  join(who: PersonHandle, by: PersonHandle = who): void {
    this.#member(who.user, by.user, 'member');
    this.#service(by.user, { new_chat_members: [userView(who.user)] });
  }

  leave(who: PersonHandle): void {
    this.#member(who.user, who.user, 'left');
    this.#service(who.user, { left_chat_member: userView(who.user) });
  }

  kick(who: PersonHandle, by: PersonHandle): void {
    this.#member(who.user, by.user, 'kicked');
    this.#service(by.user, { left_chat_member: userView(who.user) });
  }

  /** Puts the bot in with these rights; it is told. */
  addBot(by: PersonHandle, status: 'member' | 'administrator' = 'administrator'): void {
    const before = this.#chat.members.get(this.#world.bot.id) ?? 'left';
    this.#chat.members.set(this.#world.bot.id, status);
    this.#tell.ownStatus(this.#chat, by.user, before, status);
    if (this.#chat.type !== 'channel' && before !== 'member' && before !== 'administrator') this.#service(by.user, { new_chat_members: [userView(this.#world.bot)] });
  }

  kickBot(by: PersonHandle, status: 'left' | 'kicked' = 'kicked'): void {
    const before = this.#chat.members.get(this.#world.bot.id) ?? 'left';
    this.#chat.members.set(this.#world.bot.id, status);
    this.#tell.ownStatus(this.#chat, by.user, before, status);
  }

  setTitle(title: string, by: PersonHandle): void {
    this.#chat.title = title;
    this.#service(by.user, { new_chat_title: title });
  }

  setDescription(description: string): void {
    this.#chat.description = description;
  }

  setPhoto(bytes: Uint8Array | null, by: PersonHandle): void {
    const file: StoredFile | null = bytes === null ? null : this.#world.store(Buffer.from(bytes), 'image/jpeg', null, 'photos');
    this.#chat.photo = file;
    this.#service(by.user, file === null ? { delete_chat_photo: true } : { new_chat_photo: [{ ...fileView(file), width: 640, height: 640 }] });
  }

  pin(messageId: number, by: PersonHandle): void {
    const message = this.#world.message(this.id, messageId);
    if (message === undefined) throw new Error('there is no such message');
    this.#chat.pinned = [...this.#chat.pinned.filter((each) => each !== messageId), messageId];
    this.#service(by.user, { pinned_message: messageView(this.#world, message, 1) });
  }

  /** A topic of a forum; its id is that of the message which says so. */
  createTopic(name: string, by: PersonHandle): number {
    this.#chat.isForum = true;
    const message = this.#world.add(this.#chat, by.id, { forum_topic_created: { name, icon_color: 7322096 } });
    Object.assign(message, { topic: message.id });
    this.#tell.message(this.#chat, message, false);
    return message.id;
  }

  closeTopic(topic: number, by: PersonHandle): void {
    if (this.#world.message(this.id, topic) === undefined) throw new Error('there is no such topic');
    this.#chat.closed.add(topic);
    this.#service(by.user, { forum_topic_closed: {} }, topic);
  }

  /** Any other service message. */
  service(body: Record<string, unknown>, by: PersonHandle): number {
    return this.#service(by.user, body).id;
  }

  /** The group becomes a supergroup: another chat, with messages numbered anew; both tell of it. */
  migrate(by: PersonHandle): void {
    const old = this.#chat;
    const next = this.#world.newChat(-1_000_000_000_000 - Number(this.#world.random.digits(9)), 'supergroup', old.title);
    for (const [id, status] of old.members) next.members.set(id, status);
    old.migratedTo = next.id;
    const told = this.#world.add(old, by.id, { migrate_to_chat_id: next.id });
    this.#tell.message(old, told, false);
    this.#chat = next;
    this.#service(by.user, { migrate_from_chat_id: old.id });
  }

  #member(user: User, by: User, now: Status): void {
    const before = this.#chat.members.get(user.id) ?? 'left';
    this.#chat.members.set(user.id, now);
    this.#world.feed.emit({ kind: 'chat', id: this.id });
    this.#tell.status(this.#chat, by, user, before, now);
  }

  #service(by: User, body: Record<string, unknown>, topic: number | null = null): Message {
    const from = this.#chat.type === 'channel' ? this.id : by.id;
    const message = this.#world.add(this.#chat, from, body, { topic });
    this.#tell.message(this.#chat, message, false);
    return message;
  }
}
