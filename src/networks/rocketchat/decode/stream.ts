import type { ConversationRef, NetworkItem } from '../../../model/events.ts';
import type { RemoteId } from '../../../model/ids.ts';
import { defined, flag, isFields, list, str } from '../../shared/json.ts';
import { avatarHandle, otherOf, person, roomFacts, userAvatar, type RoomFacts } from '../ids.ts';
import { byName, type Context, conversationOf, digest, item, keyOf, roomOf, unsupported, when } from './context.ts';
import { decodeMessage, type Beside } from './message.ts';

/** `changed` of a collection `stream-…` (`@rocket.chat/ddp-client`, types/streams): who is told, of what, and what of it. */
export function decodeStream(context: Context, collection: string, eventName: string, args: readonly unknown[], now = 0): readonly NetworkItem[] {
  const slash = eventName.lastIndexOf('/');
  const [subject, kind] = slash === -1 ? ['', eventName] : [eventName.slice(0, slash), eventName.slice(slash + 1)];
  switch (collection) {
    case 'stream-room-messages': {
      const beside = args.slice(1).find((arg) => str(arg, 'roomType') !== undefined) as Beside;
      const messages = Array.isArray(args[0]) ? args[0] : [args[0]];
      return messages.flatMap((message) => decodeMessage(context, message, beside));
    }
    case 'stream-notify-room': return ofRoom(context, subject, kind, args, now);
    case 'stream-notify-user': return ofUser(context, kind, args);
    case 'stream-notify-logged':
    case 'stream-notify-all': return ofServer(context, eventName, args, now);
    case 'stream-user-presence': return [PRESENCE(now, eventName)];
    default:
      return [unsupported(collection, `What the stream "${collection}" tells has no place in a room.`, { key: digest([eventName, args]), time: now })];
  }
}

const PRESENCE = (time: number, key: string): NetworkItem => unsupported('presence', 'Who is online in Rocket.Chat has no place in a room.', { time, key });

function ofRoom(context: Context, rid: string, kind: string, args: readonly unknown[], now: number): readonly NetworkItem[] {
  const room = roomOf(context, rid);
  const conversation = conversationOf(context, room);
  switch (kind) {
    case 'user-activity':
    case 'typing': {
      const [username, what] = args;
      if (typeof username !== 'string' || username === '') break;
      // Recording and uploading are ways of writing, too.
      const active = Array.isArray(what) ? what.length > 0 : what === true;
      const sender = byName(context, username);
      const where = conversation.kind === 'direct' ? conversationOf(context, room, sender) : conversation;
      return [item(keyOf('typing', rid, sender.id, String(active), now), { type: 'typing', conversation: where, sender, active, time: now })];
    }
    case 'deleteMessage': return deleted(args.flatMap((arg) => str(arg, '_id') ?? []), conversation, now);
    case 'deleteMessageBulk': {
      const ids = args.flatMap((arg) => list(arg, 'ids')).filter((id) => typeof id === 'string');
      if (flag(args[0], 'filesOnly')) {
        return [unsupported('deleteMessageBulk', 'Files of messages were deleted in Rocket.Chat at once; they stay here.', { conversation, key: digest(args), time: now })];
      }
      if (ids.length > 0) return deleted(ids, conversation, now);
      return [unsupported('deleteMessageBulk', 'Messages were deleted in Rocket.Chat all at once; which is not told, so they stay here.', { conversation, key: digest(args), time: now })];
    }
    case 'messagesRead': {
      const until = when(args[0], 'until');
      const other = otherOf(room, context.self);
      if (until !== undefined && conversation.kind === 'direct' && other !== undefined) {
        return [item(keyOf('receipt', rid, until), { type: 'receipt', conversation, time: until, reader: { id: other, scope: context.scope }, upTo: { time: until } })];
      }
      return [unsupported('messagesRead', 'Everybody in the room has read it; who, is not told.', { conversation, key: String(until ?? 0), time: now })];
    }
    case 'videoconf':
      return [unsupported('videoconf', 'A call changed; the message that announced it stands in the room.', { conversation, key: digest(args), time: now })];
  }
  return [unsupported(kind, `What Rocket.Chat tells as "${kind}" has no place in a room.`, { key: digest([rid, args]), time: now })];
}

export function deleted(ids: readonly string[], conversation: ConversationRef, time: number): readonly NetworkItem[] {
  return ids.map((id) => item(keyOf('deletion', id), { type: 'deletion', target: id as RemoteId, conversation, time }));
}

/** Keys of streams of one user; the user is the account. */
function ofUser(context: Context, kind: string, args: readonly unknown[]): readonly NetworkItem[] {
  switch (kind) {
    case 'message': return args.flatMap((message) => whispered(context, message));
    case 'notification': return [unsupported('notification', 'Told beside a message, which comes by itself.', { key: digest(args) })];
    case 'rooms-changed': {
      const [action, room] = args;
      const facts = roomFacts(room);
      if (facts === undefined) break;
      if (action === 'removed') return [gone(context, facts, 'The room is not there any more in Rocket.Chat.', when(room, '_updatedAt'))];
      return decodeRoom(context, room);
    }
    case 'subscriptions-changed': {
      const [action, subscription] = args;
      const rid = str(subscription, 'rid');
      if (rid === undefined) break;
      const type = str(subscription, 't');
      const title = str(subscription, 'fname') ?? str(subscription, 'name');
      const room = context.room(rid) ?? { rid, type, ...(type === 'd' ? {} : { title, name: str(subscription, 'name') }) };
      if (action === 'removed') return [gone(context, room, 'The account is not in the room any more in Rocket.Chat.', when(subscription, '_updatedAt'))];
      const seen = when(subscription, 'ls');
      if (action === 'updated' && context.personal === true && seen !== undefined) {
        const reader = { id: context.self, scope: context.scope, isSelf: true as const };
        return [item(keyOf('read', rid, seen), { type: 'receipt', conversation: conversationOf(context, room), time: seen, reader, upTo: { time: seen } })];
      }
      if (action !== 'inserted') return [unsupported('subscriptions-changed', 'How the account itself sees a room: what it has read, and what it is told of.', { key: digest(args) })];
      const conversation = conversationOf(context, room);
      const time = when(subscription, 'ts') ?? 0;
      return [item(keyOf('changed', rid, 'joined', time), { type: 'conversation.changed', conversation, time })];
    }
    case 'force_logout': return [unsupported('force_logout', 'Rocket.Chat ends the session of the account.', { key: digest(args) })];
  }
  return [unsupported(kind, `What Rocket.Chat tells its user as "${kind}" has no place in a room.`, { key: digest(args) })];
}

/** Only the account sees it: mostly the server's answer to a command, or why something was refused. */
function whispered(context: Context, message: unknown): readonly NetworkItem[] {
  return decodeMessage(context, message).map(({ key, event }) => {
    if (event.type !== 'message') return { key, event };
    const parts = event.parts.map((part) => (part.kind === 'text' ? { ...part, style: 'notice' as const } : part));
    return { key, event: { ...event, parts } };
  });
}

/** A room as it stands now. */
export function decodeRoom(context: Context, room: unknown): readonly NetworkItem[] {
  const facts = roomFacts(room);
  if (facts === undefined) return [unsupported('room', 'A room came without its id.', { key: digest(room) })];
  const time = when(room, '_updatedAt') ?? when(room, 'lm') ?? when(room, 'ts') ?? 0;
  if (facts.archived === true) return [gone(context, facts, 'The room was archived in Rocket.Chat; nothing can be written there any more.', time)];
  const conversation = conversationOf(context, facts);
  return [item(keyOf('changed', facts.rid, digest(conversation), time), { type: 'conversation.changed', conversation, time })];
}

function gone(context: Context, room: RoomFacts, reason: string, time = 0): NetworkItem {
  return item(keyOf('gone', room.rid, time), { type: 'conversation.gone', conversation: conversationOf(context, room), time, reason });
}

function ofServer(context: Context, name: string, args: readonly unknown[], now: number): readonly NetworkItem[] {
  const key = digest(args);
  switch (name) {
    case 'Users:NameChanged': return args.flatMap((user) => profile(context, user, now));
    case 'updateAvatar': return args.flatMap((arg): readonly NetworkItem[] => {
      const [username, rid, etag] = [str(arg, 'username'), str(arg, 'rid'), str(arg, 'etag')];
      if (username !== undefined) {
        const who = { ...byName(context, username), avatar: userAvatar(username, etag) };
        return [item(keyOf('profile', who.id, 'avatar', etag ?? now), { type: 'profile', person: who, time: now })];
      }
      if (rid === undefined) return [];
      const conversation = { ...conversationOf(context, roomOf(context, rid)), avatar: { id: etag ?? 'initials', handle: avatarHandle(`/avatar/room/${encodeURIComponent(rid)}`, etag) } };
      return [item(keyOf('changed', rid, 'avatar', etag ?? now), { type: 'conversation.changed', conversation, time: now })];
    });
    case 'user-status': return [PRESENCE(now, key)];
    case 'roles-change': return [unsupported('roles-change', 'Roles of Rocket.Chat have no counterpart in a room.', { key, time: now })];
    case 'updateEmojiCustom':
    case 'deleteEmojiCustom': return [unsupported(name, 'The server’s own emoji changed; they are looked up when they are used.', { key, time: now })];
    case 'Users:Deleted': return args.flatMap((arg) => [unsupported('Users:Deleted', `A user was deleted in Rocket.Chat${str(arg, 'messageErasureType') === 'Delete' ? ', and all that they wrote' : ''}.`, { key, time: now })]);
    default: return [unsupported(name, `What Rocket.Chat tells everybody as "${name}" has no place in a room.`, { key, time: now })];
  }
}

/** `{_id, name, username}` of somebody. */
function profile(context: Context, user: unknown, now: number): readonly NetworkItem[] {
  const who = person(user, context.scope, context.self);
  if (who === undefined || !isFields(user)) return [];
  const etag = str(user, 'avatarETag');
  return [item(keyOf('profile', who.id, digest([str(user, 'name'), str(user, 'username')]), now), {
    type: 'profile', time: now, person: defined({ ...who, avatar: etag === undefined || who.username === undefined ? undefined : userAvatar(who.username, etag) }),
  })];
}

/** `deleted` of chat.syncMessages: `{_id, _deletedAt}` without a room. */
export function deletedOf(found: unknown): readonly { readonly id: string; readonly time: number }[] {
  return (Array.isArray(found) ? found : []).flatMap((each) => {
    const id = str(each, '_id');
    return id === undefined ? [] : [{ id, time: when(each, '_deletedAt') ?? 0 }];
  });
}

