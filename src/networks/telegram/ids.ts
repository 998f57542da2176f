import { Rejected } from '../../model/errors.ts';
import type { ConversationRef, PersonRef } from '../../model/events.ts';
import type { RemoteId } from '../../model/ids.ts';
import { at, defined, flag, isFields, num, str } from '../shared/json.ts';

/** Begins the id that we give to a message that came without one; Telegram knows no such id. */
export const MADE_UP = 'digest:';

/** A chat or a user: whole numbers of at most 52 bits, negative for groups and channels (core.telegram.org/bots/api#chat). */
export function idOf(value: unknown, ...path: readonly string[]): string | undefined {
  const id = str(value, ...path);
  return id !== undefined && /^-?[1-9]\d{0,19}$/.test(id) ? id : undefined;
}

/**
 * Message ids count up in each chat anew, so ours are made of both. In private chats and plain groups they even differ between
 * accounts: such a conversation belongs to its account.
 */
export function messageId(chat: string, id: string): RemoteId {
  return `${chat}:${id}` as RemoteId;
}

/** The message that created a topic: what stands for the topic as a thread. */
export function topicId(chat: string, thread: string): RemoteId {
  return `${chat}:t${thread}` as RemoteId;
}

export interface Place {
  readonly chat: string;
  readonly message: number;
  /** The message is the one that created a topic. */
  readonly topic: boolean;
}

/** @throws Rejected `no_target` for an id that Telegram did not give */
export function placeOf(id: string): Place {
  const found = /^(-?\d+):(t?)(\d+)$/.exec(id);
  if (found === null) throw new Rejected('Telegram gave the message no id, so nothing can be done to it.', 'no_target');
  return { chat: found[1] ?? '', message: Number(found[3]), topic: found[2] === 't' };
}

/** A channel's direct messages are one chat on Telegram with a topic for each person who writes; here each is a conversation of its own. */
const DIRECT_TOPIC = /^(-?\d+)\/(\d+)$/;

/** Whom a call is for. */
export function addressOf(conversation: string): { readonly chat_id: number; readonly direct_messages_topic_id?: number } {
  const topic = DIRECT_TOPIC.exec(conversation);
  return topic === null ? { chat_id: Number(conversation) } : { chat_id: Number(topic[1]), direct_messages_topic_id: Number(topic[2]) };
}

/** Undefined where the chat has no id. `message`: what may say of which topic of a channel's direct messages it is. */
export function conversationOf(chat: unknown, message?: unknown): ConversationRef | undefined {
  const id = idOf(chat, 'id');
  if (id === undefined) return undefined;
  const type = str(chat, 'type') ?? (id.startsWith('-') ? 'supergroup' : 'private');
  if (type === 'private' || type === 'sender') return { id, scope: '', kind: 'direct', perAccount: true };
  const title = str(chat, 'title');
  const topic = idOf(message, 'direct_messages_topic', 'topic_id');
  if (topic !== undefined) {
    const writer = nameOf(at(message, 'direct_messages_topic', 'user'));
    return defined({ id: `${id}/${topic}`, scope: '', kind: 'group' as const, perAccount: false, title: writer === undefined ? title : `${writer} (${title ?? id})` });
  }
  if (type === 'channel') return defined({ id, scope: '', kind: 'channel' as const, perAccount: false, title });
  return defined({ id, scope: '', kind: 'group' as const, perAccount: type === 'group', title });
}

/** First and last name, else the username. */
export function nameOf(user: unknown): string | undefined {
  const name = [str(user, 'first_name'), str(user, 'last_name')].filter((each) => each !== undefined).join(' ').trim();
  return name === '' ? str(user, 'username') : name;
}

/** A `User`. `self`: the id of our bot. */
export function personOf(user: unknown, self: string): PersonRef | undefined {
  const id = idOf(user, 'id');
  if (id === undefined) return undefined;
  return defined({
    id,
    scope: '',
    name: nameOf(user),
    username: str(user, 'username'),
    isBot: flag(user, 'is_bot') ? (true as const) : undefined,
    isSelf: id === self ? true : undefined,
  });
}

/** A group or channel that speaks as itself: a channel's post, an anonymous administrator. */
export function chatAsPerson(chat: unknown, self: string): PersonRef | undefined {
  const id = idOf(chat, 'id');
  if (id === undefined) return undefined;
  // A private chat is named as a user is.
  if (str(chat, 'title') === undefined) return personOf(chat, self);
  return defined({ id, scope: '', name: str(chat, 'title'), username: str(chat, 'username') });
}

/** Who wrote: a chat that speaks as itself outranks the stand-in user that the API puts beside it for old programs. */
export function senderOf(message: unknown, self: string): PersonRef | undefined {
  const chat = at(message, 'sender_chat');
  if (isFields(chat)) return chatAsPerson(chat, self) ?? personOf(at(message, 'from'), self);
  const user = personOf(at(message, 'from'), self);
  if (user !== undefined) return user;
  return str(message, 'chat', 'type') === 'channel' || str(message, 'chat', 'type') === 'private' ? chatAsPerson(at(message, 'chat'), self) : undefined;
}

/** Seconds since the epoch in milliseconds; 0 where there is none. */
export function timeOf(value: unknown, ...path: readonly string[]): number {
  const seconds = num(value, ...path);
  return seconds === undefined || seconds <= 0 || seconds > 1e11 ? 0 : Math.round(seconds * 1000);
}
