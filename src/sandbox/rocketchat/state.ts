import { createHash } from 'node:crypto';
import { Feed } from '../feed.ts';
import { seededRandom, type Random } from '../random.ts';
import { parseMarkdown } from './md.ts';

export interface User {
  readonly _id: string;
  username: string;
  name: string;
  roles: string[];
  readonly type: 'user' | 'bot';
  active: boolean;
  /** Of a personal access token; null for people who only use the apps. */
  token: string | null;
  avatarETag: string | null;
}

export interface Room {
  readonly _id: string;
  readonly t: 'c' | 'p' | 'd' | 'l';
  name?: string;
  fname?: string;
  topic?: string;
  description?: string;
  announcement?: string;
  readonly members: string[];
  readonly ts: Date;
  lm?: Date;
  _updatedAt: Date;
  archived?: boolean;
  encrypted?: boolean;
  ro?: boolean;
  prid?: string;
  avatarETag?: string;
  federated?: boolean;
  msgs: number;
}

/** As `IMessage` of `@rocket.chat/core-typings`. */
export interface Message {
  readonly _id: string;
  readonly rid: string;
  msg: string;
  ts: Date;
  u: { _id: string; username: string; name: string };
  _updatedAt: Date;
  [key: string]: unknown;
}

export interface Upload {
  readonly _id: string;
  readonly rid: string;
  readonly userId: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: Buffer;
  confirmed: boolean;
}

export interface WorldOptions {
  readonly seed?: number;
  /** Default 8.5.1. Before 8 the upload in one call is there too, before 7 only that. */
  readonly version?: string;
  /** Settings that everybody may read. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Without: as servers did before the parser, messages come without `md`. */
  readonly md?: boolean;
}

/** What happens in the world; sockets turn it into frames. */
export type Happening =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'room'; readonly rid: string; readonly what: string; readonly args: readonly unknown[] }
  | { readonly kind: 'user'; readonly uid: string; readonly what: string; readonly args: readonly unknown[] }
  | { readonly kind: 'logged'; readonly what: string; readonly args: readonly unknown[] };

export class Refused extends Error {
  readonly code: string;
  readonly details: object | undefined;

  constructor(code: string, reason: string, details?: object) {
    super(reason);
    this.code = code;
    this.details = details;
  }
}

const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz';
export const SITE = 'Site_Url';
const DEFAULTS = {
  Message_MaxAllowedSize: 5000, FileUpload_MaxFileSize: 104_857_600, FileUpload_Enabled: true, Message_AllowEditing: true, Message_AllowEditing_BlockEditInMinutes: 0,
  Message_AllowDeleting: true, Message_AllowDeleting_BlockDeleteInMinutes: 0, Message_AllowPinning: true, Threads_enabled: true, Message_Read_Receipt_Enabled: false,
};

/** Everything the server knows, in memory. Times never go backwards and no two changes share one. */
export class World {
  readonly random: Random;
  readonly feed = new Feed<Happening>();
  readonly users = new Map<string, User>();
  readonly rooms = new Map<string, Room>();
  readonly messages = new Map<string, Message>();
  readonly trash = new Map<string, { readonly _id: string; readonly rid: string; readonly _deletedAt: Date }>();
  readonly uploads = new Map<string, Upload>();
  readonly reads: { readonly rid: string; readonly uid: string }[] = [];
  /** `ls` of subscriptions, by room and user: when each last saw the room. */
  readonly seen = new Map<string, Date>();
  readonly settings: Record<string, unknown>;
  readonly permissions: Record<string, string[]> = {
    'message-impersonate': ['bot', 'app', 'admin'], 'api-bypass-rate-limit': ['bot', 'app', 'admin'], 'pin-message': ['owner', 'moderator', 'admin', 'bot', 'user'],
    'delete-message': ['owner', 'moderator', 'admin'], 'force-delete-message': ['admin'],
    'view-d-room': ['admin', 'app', 'bot', 'user'], 'create-p': ['admin', 'app', 'bot', 'user'], 'add-user-to-joined-room': ['admin', 'bot', 'moderator', 'owner'], 'remove-user': ['admin', 'bot', 'moderator', 'owner'],
    'edit-room': ['admin', 'bot', 'moderator', 'owner'],
  };
  readonly version: string;
  readonly #md: boolean;
  #last = 0;

  constructor({ seed = 1, version = '8.5.1', settings = {}, md = true }: WorldOptions) {
    this.random = seededRandom(seed);
    this.version = version;
    this.settings = { ...DEFAULTS, ...settings };
    this.#md = md;
  }

  now(): Date {
    this.#last = Math.max(Date.now(), this.#last + 1);
    return new Date(this.#last);
  }

  id(): string {
    return Array.from({ length: 17 }, () => ALPHABET[this.random.int(ALPHABET.length)]).join('');
  }

  addUser(given: Partial<User> & { readonly username: string }): User {
    const user: User = { _id: given._id ?? this.id(), username: given.username, name: given.name ?? given.username, roles: given.roles ?? ['user'], type: given.type ?? 'user', active: true, token: given.token ?? null, avatarETag: null };
    this.users.set(user._id, user);
    return user;
  }

  userNamed(username: string): User | undefined {
    return [...this.users.values()].find((user) => user.username === username);
  }

  addRoom(t: Room['t'], name: string | undefined, members: readonly User[], more: Partial<Room> = {}): Room {
    const now = this.now();
    const _id = t === 'd' && members.length === 2 ? members.map((user) => user._id).sort().join('') : (more._id ?? this.id());
    const room: Room = { ...more, _id, t, ...(name === undefined ? {} : { name, fname: more.fname ?? name }), members: members.map((user) => user._id), ts: now, _updatedAt: now, msgs: 0 };
    this.rooms.set(_id, room);
    for (const user of members) this.tell(user._id, 'subscriptions-changed', ['inserted', this.subscription(room, user)]);
    return room;
  }

  direct(one: User, other: User): Room {
    const _id = [one._id, other._id].sort().join('');
    return this.rooms.get(_id) ?? this.addRoom('d', undefined, one === other ? [one] : [one, other]);
  }

  hasPermission(user: User, permission: string): boolean {
    return (this.permissions[permission] ?? []).some((role) => user.roles.includes(role));
  }

  /** Writes a message down and tells of it. Refuses a second one of the same id as the server does: without a word. */
  insert(user: User, room: Room, fields: Readonly<Record<string, unknown>> & { readonly msg?: string | undefined; readonly _id?: string | undefined }): Message | undefined {
    const _id = fields._id ?? this.id();
    if (this.messages.has(_id)) return undefined;
    const now = this.now();
    const message: Message = { ...fields, _id, rid: room._id, msg: fields.msg ?? '', ts: now, u: face(user), _updatedAt: now };
    this.#dress(message);
    this.messages.set(_id, message);
    Object.assign(room, { lm: now, _updatedAt: now, msgs: room.msgs + 1 });
    this.#count(message);
    this.feed.emit({ kind: 'message', message });
    this.roomChanged(room);
    return message;
  }

  /** Something about a message changed: all of it is told again. */
  changed(message: Message): void {
    message._updatedAt = this.now();
    this.feed.emit({ kind: 'message', message });
  }

  rewrite(message: Message, editor: User, msg: string): void {
    message.msg = msg;
    Object.assign(message, { editedAt: this.now(), editedBy: { _id: editor._id, username: editor.username } });
    this.#dress(message);
    this.changed(message);
  }

  remove(message: Message): void {
    this.messages.delete(message._id);
    this.trash.set(message._id, { _id: message._id, rid: message.rid, _deletedAt: this.now() });
    this.feed.emit({ kind: 'room', rid: message.rid, what: 'deleteMessage', args: [{ _id: message._id }] });
  }

  react(message: Message, user: User, name: string, add: boolean): void {
    const reactions = { ...(message['reactions'] as Record<string, { usernames: string[] }> | undefined) };
    const others = (reactions[name]?.usernames ?? []).filter((each) => each !== user.username);
    const usernames = add ? [...others, user.username] : others;
    if (usernames.length > 0) reactions[name] = { usernames };
    else delete reactions[name];
    if (Object.keys(reactions).length > 0) message['reactions'] = reactions;
    else delete message['reactions'];
    this.changed(message);
  }

  pin(message: Message, user: User, pinned: boolean): void {
    Object.assign(message, { pinned, pinnedAt: this.now(), pinnedBy: { _id: user._id, username: user.username } });
    this.changed(message);
    const room = this.rooms.get(message.rid);
    if (pinned && room) {
      this.insert(user, room, { t: 'message_pinned', msg: '', groupable: false, attachments: [{ text: message.msg, author_name: message.u.username, message_link: this.link(message), ts: message.ts }] });
    }
  }

  /** Something that a room's members do to each other; the message of it is how it is told. */
  system(user: User, room: Room, t: string, msg: string, more: object = {}): Message {
    return this.insert(user, room, { t, msg, groupable: false, ...more }) as Message;
  }

  join(room: Room, user: User): void {
    if (!room.members.includes(user._id)) room.members.push(user._id);
    this.tell(user._id, 'subscriptions-changed', ['inserted', this.subscription(room, user)]);
  }

  /** Their subscription is told to themselves; the room hears once everybody has seen it, and how far. */
  read(room: Room, user: User): void {
    this.reads.push({ rid: room._id, uid: user._id });
    this.seen.set(`${room._id} ${user._id}`, this.now());
    this.tell(user._id, 'subscriptions-changed', ['updated', this.subscription(room, user)]);
    const until = new Date(Math.min(...room.members.map((uid) => (this.seen.get(`${room._id} ${uid}`) ?? room.ts).getTime())));
    this.feed.emit({ kind: 'room', rid: room._id, what: 'messagesRead', args: [{ until }] });
  }

  leave(room: Room, user: User): void {
    const at = room.members.indexOf(user._id);
    if (at !== -1) room.members.splice(at, 1);
    this.tell(user._id, 'subscriptions-changed', ['removed', { _id: this.id(), rid: room._id, t: room.t, u: face(user) }]);
  }

  roomChanged(room: Room): void {
    room._updatedAt = this.now();
    for (const uid of room.members) this.tell(uid, 'rooms-changed', ['updated', this.roomOf(room)]);
  }

  tell(uid: string, what: string, args: readonly unknown[]): void {
    this.feed.emit({ kind: 'user', uid, what, args });
  }

  /** A room as the API shows it. */
  roomOf(room: Room): object {
    const { members, ...rest } = room;
    const people = members.map((uid) => this.users.get(uid)).filter((user) => user !== undefined);
    const direct = room.t === 'd' ? { uids: members, usernames: people.map(({ username }) => username) } : {};
    return { ...rest, ...direct, usersCount: members.length, u: people[0] === undefined ? {} : face(people[0]) };
  }

  subscription(room: Room, user: User): object {
    const other = room.members.map((uid) => this.users.get(uid)).find((each) => each !== undefined && each !== user);
    return {
      _id: `${room._id}${user._id}`.slice(0, 17), rid: room._id, t: room.t, u: face(user), ts: room.ts, _updatedAt: this.now(), open: true, unread: 0, alert: false, userMentions: 0, groupMentions: 0, ls: this.seen.get(`${room._id} ${user._id}`),
      name: room.t === 'd' ? (other?.username ?? user.username) : room.name, fname: room.t === 'd' ? (other?.name ?? user.name) : room.fname,
    };
  }

  link(message: Message): string {
    const room = this.rooms.get(message.rid);
    const place = room?.t === 'c' ? `channel/${room.name}` : room?.t === 'd' ? `direct/${message.rid}` : `group/${room?.name ?? message.rid}`;
    return `${String(this.settings[SITE])}/${place}?msg=${message._id}`;
  }

  addUpload(user: User, room: Room, name: string, type: string, bytes: Buffer): Upload {
    const upload: Upload = { _id: this.id(), rid: room._id, userId: user._id, name, type, bytes, confirmed: false };
    this.uploads.set(upload._id, upload);
    return upload;
  }

  /** `file`, `files` and `attachments` of a message that shows an upload. */
  shown(upload: Upload, description?: string): object {
    const { _id, name, type, bytes } = upload;
    const url = `/file-upload/${_id}/${encodeURI(name)}`;
    const file = { _id, name, type, size: bytes.length, format: type.split('/')[1] ?? '' };
    const base = { ts: new Date(0), title: name, title_link: url, title_link_download: true, type: 'file', fileId: _id, ...(description === undefined ? {} : { description, descriptionMd: parseMarkdown(description) }) };
    const [top] = type.split('/');
    const media = top === 'image' || top === 'audio' || top === 'video'
      ? { [`${top}_url`]: url, [`${top}_type`]: type, [`${top}_size`]: bytes.length, ...(top === 'image' ? { image_dimensions: { width: 16, height: 16 } } : {}) } : { format: name.split('.').at(-1), size: bytes.length };
    return { file, files: [file], attachments: [{ ...base, ...media }] };
  }

  /** What the server adds to what somebody wrote: the tree, who is mentioned, addresses, quotes. */
  #dress(message: Message): void {
    if (message['t'] !== undefined) return;
    const text = message.msg;
    if (this.#md && text !== '') message['md'] = parseMarkdown(text);
    const names = [...text.matchAll(/(?:^|\s|>)@([\w.-]+)/g)].map(([, name]) => name ?? '');
    message['mentions'] = [...new Set(names)].flatMap((name) => {
      if (name === 'all' || name === 'here') return [{ _id: name, username: name }];
      const user = this.userNamed(name);
      return user === undefined ? [] : [{ _id: user._id, username: user.username, name: user.name, type: 'user' }];
    });
    message['channels'] = [];
    message['urls'] = [...text.matchAll(/https?:\/\/[^\s)\]]+/g)].map(([url]) => ({ url, meta: {} }));
    const kept = (Array.isArray(message['attachments']) ? message['attachments'] : []).filter((each: { message_link?: string }) => each.message_link === undefined);
    const quotes = [...text.matchAll(/\[ \]\((https?:\/\/[^\s)]+[?&]msg=([^\s)&]+))\)/g)].flatMap(([, link, id]) => {
      const target = this.messages.get(decodeURIComponent(id ?? ''));
      const own = link?.startsWith(`${String(this.settings[SITE])}/`) === true;
      if (target === undefined || !own) return [];
      return [{ text: target.msg, md: target['md'], author_name: target.u.username, author_icon: `/avatar/${target.u.username}`, message_link: link, attachments: target['attachments'] ?? [], ts: target.ts }];
    });
    if (quotes.length > 0 || kept.length > 0) message['attachments'] = [...quotes, ...kept];
    else delete message['attachments'];
  }

  /** The first message of a thread counts its answers, and comes again with each. */
  #count(message: Message): void {
    const root = typeof message['tmid'] === 'string' ? this.messages.get(message['tmid']) : undefined;
    if (root === undefined) return;
    Object.assign(root, { tcount: Number(root['tcount'] ?? 0) + 1, tlm: message.ts, replies: [...new Set([...((root['replies'] as string[] | undefined) ?? []), message.u._id])] });
    this.changed(root);
  }
}

function face(user: User): { _id: string; username: string; name: string } {
  return { _id: user._id, username: user.username, name: user.name };
}

export function etagOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
