import { isAdmin } from './access.ts';
import type { Chat, Json, Message, Reaction, Status, User, World } from './state.ts';
import type { Updates } from './updates.ts';
import { chatView, memberView, messageView, userView } from './views.ts';

/** Turns what happened into updates, where the bot is told of it at all. */
export class Teller {
  readonly #world: World;
  readonly #updates: Updates;

  constructor(world: World, updates: Updates) {
    this.#world = world;
    this.#updates = updates;
  }

  update(kind: string, value: Json, queue: string): void {
    this.#updates.add(kind, value, queue);
  }

  message(chat: Chat, message: Message, edited: boolean): void {
    if (!this.#sees(chat, message)) return;
    const kind = chat.type === 'channel' ? 'channel_post' : 'message';
    this.#updates.add(edited ? `edited_${kind}` : kind, messageView(this.#world, message), `message:${chat.id}`);
  }

  /** In privacy mode a bot that is no administrator reads only what is meant for it; service messages it always gets. */
  #sees(chat: Chat, message: Message): boolean {
    const status = chat.members.get(this.#world.bot.id);
    if (chat.type !== 'private' && (status === undefined || status === 'left' || status === 'kicked')) return false;
    if (chat.type === 'private') return this.#world.users.get(chat.id)?.blocked !== true;
    if (this.#world.options.privacy !== true || isAdmin(this.#world, chat) || chat.type === 'channel') return true;
    const { text, caption } = message.body;
    const said = typeof text === 'string' ? text : typeof caption === 'string' ? caption : '';
    const forBot = said.startsWith('/') || said.includes(`@${this.#world.bot.username}`);
    const answersBot = message.replyTo !== null && this.#world.message(chat.id, message.replyTo)?.from === this.#world.bot.id;
    const service = Object.keys(message.body).some((key) => /^(?:new_chat_|left_chat_|delete_chat_photo|pinned_message|migrate_|forum_topic_|group_chat_created)/.test(key));
    return forBot || answersBot || service;
  }

  reaction(chat: Chat, message: Message, user: User, before: readonly Reaction[], now: readonly Reaction[]): void {
    const where = { chat: chatView(this.#world, chat), message_id: message.id, date: Math.floor(Date.now() / 1000) };
    if (!chat.anonymousReactions) {
      this.#updates.add('message_reaction', { ...where, user: userView(user), old_reaction: before, new_reaction: now }, `reaction:${user.id}`);
      return;
    }
    const counts = new Map<string, { type: Reaction; total_count: number }>();
    for (const reaction of [...message.reactions.values()].flat()) {
      const key = JSON.stringify(reaction);
      counts.set(key, { type: reaction, total_count: (counts.get(key)?.total_count ?? 0) + 1 });
    }
    this.#updates.add('message_reaction_count', { ...where, reactions: [...counts.values()] }, `reaction:${chat.id}`);
  }

  /** `my_chat_member` */
  ownStatus(chat: Chat, by: User, before: Status, now: Status): void {
    const { bot } = this.#world;
    this.#updates.add('my_chat_member', this.#memberUpdate(chat, by, bot, before, now), `member:${chat.id}`);
  }

  /** `chat_member`, told to administrators. */
  status(chat: Chat, by: User, user: User, before: Status, now: Status): void {
    if (isAdmin(this.#world, chat)) this.#updates.add('chat_member', this.#memberUpdate(chat, by, user, before, now), `member:${chat.id}`);
  }

  #memberUpdate(chat: Chat, by: User, user: User, before: Status, now: Status): Json {
    return {
      chat: chatView(this.#world, chat), from: userView(by), date: Math.floor(Date.now() / 1000),
      old_chat_member: memberView(this.#world, user, before), new_chat_member: memberView(this.#world, user, now),
    };
  }
}
