import { SlackError } from './errors.ts';
import type { Events } from './events.ts';
import { directChat } from './methods/conversations.ts';
import { share, sniff } from './methods/files.ts';
import { USER_SCOPES } from './options.ts';
import { nowSeconds, type Channel, type Message, type StoredFile, type User, type World } from './state.ts';
import { messageView } from './views.ts';

export interface SayOptions {
  /** `ts` of the message whose thread it is in. */
  readonly thread?: string | undefined;
  readonly broadcast?: boolean | undefined;
  /** As the composer would make them; absent: none. */
  readonly blocks?: readonly unknown[] | undefined;
  readonly attachments?: readonly unknown[] | undefined;
}

/** Somebody in the workspace, with Slack's own app in their hands. Channels are named by id or name. */
export class PersonHandle {
  readonly user: User;
  readonly #world: World;
  readonly #events: Events;

  constructor(world: World, events: Events, user: User) {
    this.#world = world;
    this.#events = events;
    this.user = user;
  }

  get id(): string {
    return this.user.id;
  }

  /** Lets an app act as this person: the user token that an installation would give. */
  login(token: string, scopes: readonly string[] = USER_SCOPES): void {
    this.#world.tokens.set(token, { token, user: this.user.id, kind: 'user', scopes, revoked: false });
  }

  /** The direct chat with somebody; by default with the app's bot. */
  direct(other: string = this.#world.bot.id): Channel {
    return directChat(this.#world, this.user.id, other);
  }

  /** Returns its `ts`. */
  sendText(channel: string, text: string, options: SayOptions = {}): string {
    return this.#post(channel, { text, ...(options.blocks === undefined ? {} : { blocks: options.blocks }), ...(options.attachments === undefined ? {} : { attachments: options.attachments }) }, options);
  }

  emote(channel: string, text: string): string {
    return this.#post(channel, { text, subtype: 'me_message' });
  }

  sendFile(channel: string, bytes: Uint8Array, name: string, given: { readonly text?: string; readonly voice?: boolean; readonly guarded?: boolean; readonly thread?: string } = {}): string {
    const where = this.#channel(channel);
    const id = this.#world.id('F');
    const content = Buffer.from(bytes);
    const file: StoredFile = {
      id, name, title: name, user: this.user.id, created: nowSeconds(), declared: content.length, bytes: content, mime: sniff(content, name), completed: true, deleted: false, shares: new Map(),
      ...(given.voice === true ? { subtype: 'slack_audio' } : {}), ...(given.guarded === true ? { guarded: true } : {}),
    };
    this.#world.files.set(id, file);
    return share(this.#world, this.#events, where, [file], { user: this.user.id, text: given.text ?? '', ...(given.thread === undefined ? {} : { threadTs: given.thread }) }).ts;
  }

  edit(channel: string, ts: string, text: string, blocks?: readonly unknown[]): void {
    const { where, message } = this.#own(channel, ts);
    const before = messageView(this.#world, message, { metadata: true });
    message.text = text;
    if (blocks === undefined) delete message.blocks;
    else message.blocks = blocks;
    message.edited = { user: this.user.id, ts: this.#world.ts() };
    this.#events.edited(where, message, before);
  }

  /** A link gets its preview, a moment after it was written: Slack tells it like an edit. */
  unfurl(channel: string, ts: string, attachment: Readonly<Record<string, unknown>>): void {
    const { where, message } = this.#find(channel, ts);
    const before = messageView(this.#world, message);
    message.attachments = [...(message.attachments ?? []), attachment];
    this.#events.edited(where, message, before);
  }

  delete(channel: string, ts: string): void {
    const { where, message } = this.#own(channel, ts);
    const before = messageView(this.#world, message);
    message.deleted = true;
    this.#events.deleted(where, message, before);
  }

  react(channel: string, ts: string, name: string): void {
    const { where, message } = this.#find(channel, ts);
    message.reactions.set(name, [...(message.reactions.get(name) ?? []), this.user.id]);
    this.#events.reacted(where, message, this.user.id, name, true);
  }

  unreact(channel: string, ts: string, name: string): void {
    const { where, message } = this.#find(channel, ts);
    const left = (message.reactions.get(name) ?? []).filter((user) => user !== this.user.id);
    if (left.length > 0) message.reactions.set(name, left);
    else message.reactions.delete(name);
    this.#events.reacted(where, message, this.user.id, name, false);
  }

  pin(channel: string, ts: string, pinned = true): void {
    const { where, message } = this.#find(channel, ts);
    if (pinned) where.pins.push(ts);
    else where.pins.splice(where.pins.indexOf(ts), 1);
    this.#events.pinned(where, message, this.user.id, pinned);
  }

  /** Also tells it by a message of the kind `channel_join`, as Slack does. */
  join(channel: string): void {
    const where = this.#channel(channel, false);
    where.members.add(this.user.id);
    this.#events.joined(where, this.user.id);
    this.#post(channel, { text: `<@${this.user.id}> has joined the channel`, subtype: 'channel_join' });
  }

  invite(channel: string, other: string): void {
    const where = this.#channel(channel);
    where.members.add(other);
    this.#events.joined(where, other, this.user.id);
  }

  /** Stands in the history too, as Slack has it. */
  leave(channel: string): void {
    const where = this.#channel(channel);
    this.#post(channel, { text: `<@${this.user.id}> has left the channel`, subtype: 'channel_leave' });
    this.#events.left(where, this.user.id);
    where.members.delete(this.user.id);
  }

  kick(channel: string, other: string): void {
    const where = this.#channel(channel);
    this.#events.left(where, other);
    where.members.delete(other);
  }

  setTopic(channel: string, topic: string): void {
    const where = this.#channel(channel);
    where.topic = topic;
    this.#post(channel, { text: `<@${this.user.id}> set the channel topic: ${topic}`, subtype: 'channel_topic', extra: { topic } });
  }

  rename(channel: string, name: string): void {
    const where = this.#channel(channel);
    const before = where.name;
    where.name = name;
    this.#post(where.id, { text: `<@${this.user.id}> has renamed the channel from "${before}" to "${name}"`, subtype: 'channel_name', extra: { old_name: before, name } });
    this.#events.channel(where, 'rename', this.user.id);
  }

  archive(channel: string, archived = true): void {
    const where = this.#channel(channel);
    where.isArchived = archived;
    this.#events.channel(where, archived ? 'archive' : 'unarchive', this.user.id);
  }

  /** Another name, and perhaps another picture. */
  become(name: string, avatar?: string): void {
    this.user.displayName = name;
    this.user.realName = name;
    if (avatar !== undefined) this.user.avatar = avatar;
    this.user.updated = nowSeconds();
    this.#events.profile(this.user);
  }

  /** An event or a message as it is. */
  raw(channel: string, event: Readonly<Record<string, unknown>>): void {
    this.#events.raw(this.#channel(channel, false), { user: this.user.id, channel: this.#channel(channel, false).id, ...event });
  }

  #post(channel: string, given: Partial<Message> & { readonly text: string }, { thread, broadcast = false }: SayOptions = {}): string {
    const where = this.#channel(channel);
    const message: Message = {
      channel: where.id, ts: this.#world.ts(), user: this.user.id, reactions: new Map(), clientMsgId: `${this.#world.random.hex(8)}-sandbox`.toLowerCase(), ...given,
      ...(thread === undefined ? {} : { threadTs: thread }), ...(thread !== undefined && broadcast ? { subtype: 'thread_broadcast' } : {}),
    };
    this.#world.messages.push(message);
    this.#events.posted(where, message);
    return message.ts;
  }

  /** @throws SlackError channel_not_found, not_in_channel */
  #channel(given: string, member = true): Channel {
    const found = this.#world.channels.get(given) ?? [...this.#world.channels.values()].find(({ name }) => name !== '' && name === given.replace(/^#/, ''));
    if (found === undefined) throw new SlackError('channel_not_found');
    if (member && !found.members.has(this.user.id)) throw new SlackError('not_in_channel');
    return found;
  }

  #find(channel: string, ts: string): { readonly where: Channel; readonly message: Message } {
    const where = this.#channel(channel);
    const message = this.#world.message(where.id, ts);
    if (message === undefined) throw new SlackError('message_not_found');
    return { where, message };
  }

  #own(channel: string, ts: string): { readonly where: Channel; readonly message: Message } {
    const found = this.#find(channel, ts);
    if (found.message.user !== this.user.id) throw new SlackError('cant_update_message');
    return found;
  }
}
