import { isAdmin } from './access.ts';
import { bad } from './errors.ts';
import type { Chat, Json, World } from './state.ts';
import type { Teller } from './tell.ts';
import { userView } from './views.ts';

const MAX_TITLE = 128;

/** What a bot does with a chat and who is in it (core.telegram.org/bots/api#createchatinvitelink and its neighbours). */
export class Members {
  readonly #world: World;
  readonly #tell: Teller;

  constructor(world: World, tell: Teller) {
    this.#world = world;
    this.#tell = tell;
  }

  inviteLink(_chat: Chat): Json {
    const { bot, random } = this.#world;
    return { invite_link: `https://t.me/+${random.hex(8)}`, creator: userView(bot), creates_join_request: false, is_primary: false, is_revoked: false };
  }

  ban(chat: Chat, id: unknown): true {
    const { bot, users } = this.#world;
    const user = users.get(Number(id));
    if (user === undefined) throw bad('user not found');
    const before = chat.members.get(user.id) ?? 'left';
    if (before === 'creator') throw bad("can't remove chat owner");
    if (isAdmin(this.#world, chat, user)) throw bad('user is an administrator of the chat');
    chat.members.set(user.id, 'kicked');
    this.#world.feed.emit({ kind: 'chat', id: chat.id });
    this.#tell.status(chat, bot, user, before, 'kicked');
    return true;
  }

  /** Without `onlyIfBanned` it sends out who is in it. */
  unban(chat: Chat, id: unknown, onlyIfBanned: boolean): true {
    const { bot, users } = this.#world;
    if (chat.type === 'group') throw bad('method is available for supergroup and channel chats only');
    const user = users.get(Number(id));
    if (user === undefined) throw bad('user not found');
    const before = chat.members.get(user.id) ?? 'left';
    if (before === 'left' || (before !== 'kicked' && onlyIfBanned)) return true;
    chat.members.set(user.id, 'left');
    this.#tell.status(chat, bot, user, before, 'left');
    return true;
  }

  leave(chat: Chat): true {
    if (chat.type === 'private') throw bad("chat member status can't be changed in private chats");
    const { bot } = this.#world;
    const before = chat.members.get(bot.id) ?? 'left';
    chat.members.set(bot.id, 'left');
    this.#world.feed.emit({ kind: 'chat', id: chat.id });
    this.#tell.ownStatus(chat, bot, before, 'left');
    return true;
  }

  rename(chat: Chat, title: string): true {
    if (title.trim() === '' || [...title].length > MAX_TITLE) throw bad('CHAT_TITLE_EMPTY');
    chat.title = title;
    const service = this.#world.add(chat, chat.type === 'channel' ? chat.id : this.#world.bot.id, { new_chat_title: title });
    this.#tell.message(chat, service, false);
    return true;
  }
}
