import type { Chat, Json, Message, Poll, Status, StoredFile, User, World } from './state.ts';

/** Shapes of core.telegram.org/bots/api#available-types. */
export function userView(user: User): Json {
  return {
    id: user.id, is_bot: user.isBot, first_name: user.firstName,
    ...(user.lastName !== null && { last_name: user.lastName }), ...(user.username !== null && { username: user.username }),
  };
}

export function chatView(world: World, chat: Chat): Json {
  const user = chat.type === 'private' ? world.users.get(chat.id) : undefined;
  if (user !== undefined) {
    return { id: chat.id, first_name: user.firstName, ...(user.lastName !== null && { last_name: user.lastName }), ...(user.username !== null && { username: user.username }), type: 'private' };
  }
  return { id: chat.id, title: chat.title ?? '', ...(chat.username !== null && { username: chat.username }), type: chat.type, ...(chat.isForum && { is_forum: true }) };
}

/** `depth`: a message that is answered carries no other. */
export function messageView(world: World, message: Message, depth = 0): Json {
  const chat = world.chats.get(message.chat);
  if (chat === undefined) throw new Error(`no chat ${message.chat}`);
  const user = world.users.get(message.from);
  const speaker = user === undefined ? world.chats.get(message.from) : undefined;
  const target = message.replyTo ?? (message.topic !== null && message.topic !== message.id ? message.topic : null);
  const answered = depth === 0 && target !== null ? world.message(message.chat, target) : undefined;
  return {
    message_id: message.id,
    ...(message.topic !== null && { message_thread_id: message.topic, is_topic_message: true }),
    ...(user !== undefined && chat.type !== 'channel' && { from: userView(user) }),
    ...(speaker !== undefined && { sender_chat: chatView(world, speaker), ...(chat.type !== 'channel' && { from: { id: 1087968824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' } }) }),
    chat: chatView(world, chat),
    date: Math.floor(message.at / 1000),
    ...(message.editedAt !== null && { edit_date: Math.floor(message.editedAt / 1000) }),
    ...(answered !== undefined && { reply_to_message: messageView(world, answered, 1) }),
    ...bodyView(world, message),
  };
}

function bodyView(world: World, message: Message): Json {
  const { poll } = message.body;
  if (typeof poll !== 'object' || poll === null || !('id' in poll)) return message.body;
  const found = world.polls.get(String(poll.id));
  return found === undefined ? message.body : { ...message.body, poll: pollView(poll as Json, found) };
}

export function pollView(poll: Json, { votes }: Poll): Json {
  const options = (poll['options'] as readonly Json[]).map((option, index) => ({ ...option, voter_count: [...votes.values()].filter((chosen) => chosen.includes(index)).length }));
  return { ...poll, options, total_voter_count: [...votes.values()].filter((chosen) => chosen.length > 0).length };
}

export function fileView(file: StoredFile): Json {
  return { file_id: file.id, file_unique_id: file.uniqueId, file_size: file.bytes.length };
}

export function memberView(world: World, user: User, status: Status): Json {
  const rights = Object.fromEntries(['can_be_edited', 'is_anonymous'].map((key) => [key, false]));
  const may = Object.fromEntries(['can_manage_chat', 'can_delete_messages', 'can_manage_video_chats', 'can_restrict_members', 'can_promote_members', 'can_change_info', 'can_invite_users', 'can_pin_messages'].map((key) => [key, user.id === world.bot.id]));
  switch (status) {
    case 'creator': return { user: userView(user), status, is_anonymous: false };
    case 'administrator': return { user: userView(user), status, ...rights, ...may };
    case 'kicked': return { user: userView(user), status, until_date: 0 };
    default: return { user: userView(user), status };
  }
}
