import type { Message, Room, User, World } from './state.ts';
import { etagOf, Refused } from './state.ts';

interface Written {
  readonly reply?: string;
  readonly thread?: string;
  /** Also shown in the room itself. */
  readonly broadcast?: boolean;
}

/** Somebody who uses the server with its apps: what they do there, tests and the page do through this. */
export class PersonHandle {
  readonly user: User;
  readonly #world: World;

  constructor(world: World, user: User) {
    this.#world = world;
    this.user = user;
  }

  get id(): string {
    return this.user._id;
  }

  sendText(room: Room, msg: string, { reply, thread, broadcast }: Written = {}): Message {
    const quoted = reply === undefined ? undefined : this.#world.messages.get(reply);
    const text = quoted === undefined ? msg : `[ ](${this.#world.link(quoted)}) ${msg}`;
    return this.#insert(room, { msg: text, ...(thread === undefined ? {} : { tmid: thread, ...(broadcast === true ? { tshow: true } : {}) }) });
  }

  sendFile(room: Room, file: { readonly name: string; readonly mime: string; readonly bytes: Uint8Array; readonly caption?: string }): Message {
    const upload = this.#world.addUpload(this.user, room, file.name, file.mime, Buffer.from(file.bytes));
    upload.confirmed = true;
    return this.#insert(room, { ...this.#world.shown(upload), msg: file.caption ?? '' });
  }

  sendLocation(room: Room, latitude: number, longitude: number): Message {
    return this.#insert(room, { msg: '', location: { type: 'Point', coordinates: [longitude, latitude] } });
  }

  /** As their app does it in an encrypted room. */
  sendEncrypted(room: Room): Message {
    return this.#insert(room, { t: 'e2e', e2e: 'pending', msg: '', content: { algorithm: 'rc.v2.aes-sha2', ciphertext: 'AAECAwQF', iv: 'AAEC', kid: 'k' } });
  }

  /** Any fields at all: what integrations and apps write. */
  send(room: Room, fields: Readonly<Record<string, unknown>>): Message {
    return this.#insert(room, fields);
  }

  edit(id: string, msg: string): void {
    this.#world.rewrite(this.#message(id), this.user, msg);
  }

  remove(id: string): void {
    this.#world.remove(this.#message(id));
  }

  react(id: string, name: string): void {
    this.#world.react(this.#message(id), this.user, `:${name.replaceAll(':', '')}:`, true);
  }

  unreact(id: string, name: string): void {
    this.#world.react(this.#message(id), this.user, `:${name.replaceAll(':', '')}:`, false);
  }

  pin(id: string, pinned = true): void {
    this.#world.pin(this.#message(id), this.user, pinned);
  }

  typing(room: Room, active = true): void {
    this.#world.feed.emit({ kind: 'room', rid: room._id, what: 'user-activity', args: [this.user.username, active ? ['user-typing'] : [], {}] });
  }

  read(room: Room): void {
    this.#world.read(room, this.user);
  }

  join(room: Room): void {
    this.#world.join(room, this.user);
    this.#world.system(this.user, room, 'uj', this.user.username);
  }

  leave(room: Room): void {
    this.#world.system(this.user, room, 'ul', this.user.username);
    this.#world.leave(room, this.user);
  }

  add(room: Room, other: User): void {
    this.#world.join(room, other);
    this.#world.system(this.user, room, 'au', other.username);
  }

  kick(room: Room, other: User): void {
    this.#world.system(this.user, room, 'ru', other.username);
    this.#world.leave(room, other);
  }

  rename(room: Room, name: string): void {
    Object.assign(room, { name, fname: name });
    this.#world.system(this.user, room, 'r', name);
    this.#world.roomChanged(room);
  }

  setTopic(room: Room, topic: string): void {
    room.topic = topic;
    this.#world.system(this.user, room, 'room_changed_topic', topic);
  }

  archive(room: Room): void {
    this.#world.system(this.user, room, 'room-archived', this.user.username);
    room.archived = true;
    this.#world.roomChanged(room);
  }

  /** Any other thing that happens in a room, by its `t`. */
  happen(room: Room, t: string, msg = '', more: object = {}): Message {
    return this.#world.system(this.user, room, t, msg, more);
  }

  changeName(name: string, username = this.user.username): void {
    Object.assign(this.user, { name, username });
    this.#world.feed.emit({ kind: 'logged', what: 'Users:NameChanged', args: [{ _id: this.user._id, name, username }] });
  }

  changeAvatar(): void {
    this.user.avatarETag = etagOf(`${this.user._id}${this.#world.now().getTime()}`);
    this.#world.feed.emit({ kind: 'logged', what: 'updateAvatar', args: [{ username: this.user.username, etag: this.user.avatarETag }] });
  }

  createRoom(name: string, members: readonly User[], type: 'c' | 'p' = 'p'): Room {
    return this.#world.addRoom(type, name, [this.user, ...members]);
  }

  direct(other: User): Room {
    return this.#world.direct(this.user, other);
  }

  discuss(room: Room, name: string): Room {
    const made = this.#world.addRoom('p', this.#world.id(), room.members.flatMap((uid) => this.#world.users.get(uid) ?? []), { fname: name, prid: room._id });
    this.#world.system(this.user, room, 'discussion-created', name, { drid: made._id, dcount: 0 });
    return made;
  }

  #insert(room: Room, fields: Readonly<Record<string, unknown>>): Message {
    if (!room.members.includes(this.user._id)) throw new Refused('error-not-allowed', `${this.user.username} is not in the room`);
    return this.#world.insert(this.user, room, fields) as Message;
  }

  #message(id: string): Message {
    const message = this.#world.messages.get(id);
    if (message === undefined) throw new Refused('error-message-not-found', `There is no message ${id}`);
    return message;
  }
}
