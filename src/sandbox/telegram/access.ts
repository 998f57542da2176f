import { bad, BotError, forbidden } from './errors.ts';
import type { Chat, Message, User, World } from './state.ts';

/** The chat of a call. @throws BotError where there is none, or none for this bot any more */
export function chatFor(world: World, id: unknown): Chat {
  const chat = typeof id === 'number' ? (world.chats.get(id) ?? privateChat(world, id)) : [...world.chats.values()].find((each) => `@${each.username}` === id);
  if (chat === undefined) throw bad('chat not found');
  return chat;
}

function privateChat(world: World, id: number): Chat | undefined {
  const user = world.users.get(id);
  return user === undefined || user.isBot || !user.started ? undefined : world.chatOf(user);
}

/** A chat that the bot may write to. The words are those of Client.cpp. */
export function writable(world: World, id: unknown): Chat {
  const chat = chatFor(world, id);
  if (chat.migratedTo !== null) throw new BotError(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: chat.migratedTo });
  const user = world.users.get(chat.id);
  if (chat.type === 'private' && user?.blocked === true) throw forbidden('bot was blocked by the user');
  const status = chat.members.get(world.bot.id);
  const kind = chat.type === 'group' ? 'group chat' : chat.type === 'channel' ? 'channel chat' : 'supergroup chat';
  if (status === 'kicked') throw forbidden(`bot was kicked from the ${kind}`);
  if (status === undefined || status === 'left') throw forbidden(`bot is not a member of the ${kind}`);
  if (chat.type === 'channel' && !isAdmin(world, chat)) throw bad('need administrator rights in the channel chat');
  return chat;
}

export function isAdmin(world: World, chat: Chat, user: User = world.bot): boolean {
  const status = chat.members.get(user.id);
  return status === 'administrator' || status === 'creator';
}

/** A chat of several where the bot is an administrator. */
export function adminOf(world: World, id: unknown): Chat {
  const chat = writable(world, id);
  if (chat.type === 'private') throw bad('method is available for supergroup and channel chats only');
  if (!isAdmin(world, chat)) throw bad('not enough rights');
  return chat;
}

/** A message that still stands. `what`: how the refusal calls it. */
export function messageFor(world: World, chat: Chat, id: unknown, what: string): Message {
  const found = typeof id === 'number' ? world.message(chat.id, id) : undefined;
  if (found === undefined || found.deleted) throw bad(what);
  return found;
}
