import type { ConversationRef, PersonRef } from '../../model/events.ts';
import { at, defined, flag, isFields, str } from '../shared/json.ts';

/** Rocket.Chat's own ids (Meteor's `Random.id`): 17 characters, none of them easily taken for another. */
const USER_ID = /^[23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz]{17}$/;
/** What a user name may be made of by default (the setting "UTF8 User Names Validation"), without the sign before it. */
const USERNAME = /^[0-9a-zA-Z\u00c0-\u024f._-]{1,100}$/;

export function isUserId(id: string): boolean {
  return USER_ID.test(id);
}

export function isUsername(name: string): boolean {
  return USERNAME.test(name);
}

/** Where only the name of somebody is told. It can pass to somebody else, so it is the weakest of ids. */
export function nameId(username: string): string {
  return `@${username}`;
}

/** `{_id, username, name}`, or one of them. Undefined where neither says who it is. */
export function person(user: unknown, scope: string, self = ''): PersonRef | undefined {
  const id = str(user, '_id');
  const username = str(user, 'username');
  if (id === undefined && username === undefined) return undefined;
  const isSelf = self !== '' && (id === self || (username !== undefined && nameId(username) === self));
  return defined({
    id: id ?? nameId(username ?? ''),
    aliases: id !== undefined && username !== undefined ? [nameId(username)] : undefined,
    scope,
    name: str(user, 'name') ?? username,
    username,
    isBot: str(user, 'type') === 'bot' || username === 'rocket.cat' ? (true as const) : undefined,
    isSelf: isSelf ? true : undefined,
  });
}

/** What the messages of a room do not say of it themselves. */
export interface RoomFacts {
  readonly rid: string;
  /** `c` public, `p` private, `d` direct, `l` omnichannel. */
  readonly type: string | undefined;
  /** As people read it. */
  readonly title?: string | undefined;
  /** As it stands in addresses; empty where it is not known. */
  readonly name?: string | undefined;
  readonly topic?: string | undefined;
  /** Changes with the picture. */
  readonly avatar?: string | undefined;
  /** The users of a direct chat. */
  readonly uids?: readonly string[] | undefined;
  readonly usernames?: readonly string[] | undefined;
  readonly encrypted?: boolean | undefined;
  readonly archived?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
  /** Mirrored from a Matrix server by Rocket.Chat itself. */
  readonly federated?: boolean | undefined;
}

/** `room`: as `rooms.get`, `rooms.info` and `rooms-changed` hand it over. */
export function roomFacts(room: unknown): RoomFacts | undefined {
  const rid = str(room, '_id');
  if (rid === undefined || !isFields(room)) return undefined;
  const texts = (key: string): readonly string[] | undefined => {
    const found = at(room, key);
    return Array.isArray(found) ? found.filter((each) => typeof each === 'string') : undefined;
  };
  const has = (key: string): string | undefined => (typeof at(room, key) === 'string' ? String(at(room, key)) : undefined);
  return {
    rid, type: str(room, 't'), title: str(room, 'fname') ?? str(room, 'name'), name: str(room, 'name'), topic: has('topic'), avatar: str(room, 'avatarETag'),
    uids: texts('uids'), usernames: texts('usernames'), encrypted: flag(room, 'encrypted'), archived: flag(room, 'archived'), readOnly: flag(room, 'ro'),
    federated: flag(room, 'federated'),
  };
}

/** Who a direct chat is with: its id is made of the ids of both. Undefined where neither tells. */
export function otherOf({ rid, uids }: RoomFacts, self: string): string | undefined {
  if (self === '') return undefined;
  const others = uids?.filter((uid) => uid !== self);
  if (others !== undefined && uids?.includes(self) === true) return others.length === 0 ? self : others.length === 1 ? others[0] : undefined;
  if (rid.startsWith(self)) return rid.slice(self.length) || undefined;
  return rid.endsWith(self) ? rid.slice(0, -self.length) : undefined;
}

/** Whether an id of a room is made of two ids of users. */
function isPairId(rid: string): boolean {
  return rid.length === 34 && isUserId(rid.slice(0, 17)) && isUserId(rid.slice(17));
}

/** `sender`: who wrote there, where that is not the account itself. */
export function conversation(room: RoomFacts, scope: string, self: string, sender?: PersonRef): ConversationRef {
  const { rid, title, topic, avatar } = room;
  const several = (room.uids?.length ?? room.usernames?.length ?? 0) > 2;
  const direct = (room.type === 'd' && !several) || (room.type === undefined && isPairId(rid) && (sender === undefined || rid.includes(bareId(sender))));
  if (direct) {
    const other = otherOf(room, self) ?? (sender === undefined || sender.isSelf === true ? undefined : bareId(sender));
    return { id: other ?? rid, scope, kind: 'direct', perAccount: true, ...(other === undefined || other === rid ? {} : { aliases: [rid] }) };
  }
  const open = room.type === 'c' || (room.type === undefined && rid === 'GENERAL');
  return defined({
    id: rid, scope, kind: open ? ('channel' as const) : ('group' as const), perAccount: false,
    title: title ?? (several ? room.usernames?.join(', ') : undefined), topic,
    avatar: avatar === undefined ? undefined : { id: avatar, handle: avatarHandle(`/avatar/room/${encodeURIComponent(rid)}`, avatar) },
  });
}

/** Whatever name they took for one message. */
function bareId({ id }: PersonRef): string {
  return id.split('/', 1)[0] ?? id;
}

/** What `openMedia` gets back: a path on the server. */
export interface Handle {
  readonly path: string;
  readonly mime?: string;
  readonly name?: string;
  readonly size?: number;
}

/**
 * Whether a path stays in the folders of files, however a server or a proxy before it reads the path. Anybody's message may name
 * one, and it is asked for with the token of the account: nothing else that the token opens may be reached so.
 */
export function isFilePath(path: string): boolean {
  const [bare = ''] = path.split(/[?#]/, 1);
  const parts = bare.replace(/%2e/gi, '.').replace(/%(?:2f|5c)/gi, '/').split(/[/\\]/);
  return /^\/(?:file-upload|ufs|avatar)\//i.test(bare) && !/\s/.test(path) && !parts.includes('..') && !parts.includes('.');
}

export function avatarHandle(path: string, etag: string | undefined): string {
  const handle: Handle = { path: `${path}?format=png&size=512${etag === undefined ? '' : `&etag=${encodeURIComponent(etag)}`}` };
  return JSON.stringify(handle);
}

export function userAvatar(username: string, etag: string | undefined): { readonly id: string; readonly handle: string } {
  return { id: etag ?? 'initials', handle: avatarHandle(`/avatar/${encodeURIComponent(username)}`, etag) };
}
