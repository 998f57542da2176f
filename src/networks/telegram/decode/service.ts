import type { ConversationRef, MemberEvent, NetworkItem, PersonRef } from '../../../model/events.ts';
import { at, defined, flag, isFields, list, str } from '../../shared/json.ts';
import { conversationOf, idOf, messageId, personOf, topicId } from '../ids.ts';
import { keyOf, unsupported, type Context } from './context.ts';
import { pictureOf } from './media.ts';
import { SENTENCES } from './sentences.ts';

export interface Frame {
  readonly chat: string;
  readonly message: string;
  readonly conversation: ConversationRef;
  readonly sender: PersonRef | undefined;
  readonly time: number;
}

/** Something said in a sentence rather than in an event of its own. */
export interface Said {
  readonly what: string;
  readonly sentence: string;
}

/** What a service message tells: events, a sentence for the room, or undefined where it is none. */
export function decodeService(context: Context, message: unknown, frame: Frame): readonly NetworkItem[] | Said | undefined {
  const events = members(context, message, frame) ?? changes(message, frame) ?? pinned(message, frame);
  if (events !== undefined) return events;
  const what = Object.keys(SENTENCES).find((key) => isThere(at(message, key)));
  if (what !== undefined) return { what, sentence: SENTENCES[what]?.(at(message, what)) ?? '' };
  if (isThere(at(message, 'passport_data'))) {
    return [unsupported({ what: 'passport_data', reason: 'Sent documents of Telegram Passport, which the bridge does not open.', item: frame.message, time: frame.time, conversation: frame.conversation, sender: frame.sender })];
  }
  return undefined;
}

/** Empty objects count: several kinds have no fields of their own. */
function isThere(value: unknown): boolean {
  return isFields(value) || (typeof value === 'string' && value !== '') || value === true || Array.isArray(value);
}

function members(context: Context, message: unknown, frame: Frame): readonly NetworkItem[] | undefined {
  const event = (user: unknown, change: MemberEvent['change']): NetworkItem[] => {
    const person = personOf(user, context.self);
    if (person === undefined) return [];
    const by = frame.sender !== undefined && frame.sender.id !== person.id ? frame.sender : undefined;
    const how = by !== undefined && change === 'leave' ? 'kick' : change;
    return [{
      key: keyOf('member', frame.chat, frame.message, person.id, how),
      event: defined({ type: 'member' as const, person, change: how, by, conversation: frame.conversation, time: frame.time }),
    }];
  };
  const came = at(message, 'new_chat_members');
  if (isThere(came)) return list(message, 'new_chat_members').flatMap((user) => event(user, 'join'));
  if (isThere(at(message, 'new_chat_member'))) return event(at(message, 'new_chat_member'), 'join');
  if (isThere(at(message, 'new_chat_participant'))) return event(at(message, 'new_chat_participant'), 'join');
  const went = at(message, 'left_chat_member') ?? at(message, 'left_chat_participant');
  if (isThere(went)) return event(went, 'leave');
  return undefined;
}

function changes(message: unknown, frame: Frame): readonly NetworkItem[] | undefined {
  const { chat, conversation, sender, time } = frame;
  const changed = (more: Partial<ConversationRef>): NetworkItem[] => [{
    key: keyOf('conversation', chat, frame.message),
    event: defined({ type: 'conversation.changed' as const, conversation: { ...conversation, ...more }, by: sender, time }),
  }];
  const title = str(message, 'new_chat_title');
  if (title !== undefined) return changed({ title });
  const picture = isThere(at(message, 'new_chat_photo')) ? pictureOf(at(message, 'new_chat_photo')) : undefined;
  if (picture !== undefined) return changed({ avatar: picture });
  if (flag(message, 'delete_chat_photo')) return changed({ avatar: null });
  if (['group_chat_created', 'supergroup_chat_created', 'channel_chat_created'].some((key) => flag(message, key))) return changed({});
  const [to, from] = [idOf(message, 'migrate_to_chat_id'), idOf(message, 'migrate_from_chat_id')];
  if (to !== undefined) return [replaced(conversation, to, time)];
  if (from !== undefined) return [replaced(defined({ id: from, scope: '', kind: 'group' as const, perAccount: true, title: conversation.title }), chat, time)];
  return undefined;
}

/** A group that became a supergroup is told of three times: in the old chat, in the new one, and by a refused call. */
export function replaced(old: ConversationRef, to: string, time: number): NetworkItem {
  const into: ConversationRef = defined({ id: to, scope: '', kind: 'group' as const, perAccount: false, title: old.title });
  return { key: keyOf('replaced', old.id, to), event: { type: 'conversation.replaced', conversation: old, into, time } };
}

/** That something is no longer pinned is not told. */
function pinned(message: unknown, frame: Frame): readonly NetworkItem[] | undefined {
  const found = at(message, 'pinned_message');
  if (!isFields(found)) return undefined;
  const id = idOf(found, 'message_id');
  if (id === undefined) return undefined;
  const chat = conversationOf(at(found, 'chat'))?.id ?? frame.chat;
  const target = isFields(at(found, 'forum_topic_created')) ? topicId(chat, id) : messageId(chat, id);
  return [{
    key: keyOf('pin', frame.chat, frame.message),
    event: defined({ type: 'pin' as const, target, pinned: true, sender: frame.sender, conversation: frame.conversation, time: frame.time }),
  }];
}
