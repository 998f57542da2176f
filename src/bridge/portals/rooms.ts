import { DeliveryError, Rejected } from '../../model/errors.ts';
import type { PersonRef } from '../../model/events.ts';
import type { AccountId, Mxc, PersonRow, RoomId, RoomRow, UserId } from '../../model/ids.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import { bridgeInfo, type BridgedTo } from '../../matrix/rooms/bridge-info.ts';
import { portalRoom } from '../../matrix/rooms/portal-room.ts';
import { spaceRoom } from '../../matrix/rooms/space.ts';
import type { Connection } from '../../networks/network.ts';
import type { Effect, MatrixTask, OutboxItem, Person, Portal, Room, Store } from '../../store/store.ts';
import { keyOf } from '../keys.ts';
import { targetOf } from '../deciding.ts';
import { greeting, memberOf } from '../kinds/member.ts';
import type { Pictures } from '../people/pictures.ts';
import { predecessorOf } from './upgrades.ts';
import { notice, noticeTask } from '../reports/report.ts';

export interface RoomsOptions {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly ghostPrefix: string;
  readonly roomVersion: string;
  /** `{name}` and `{network}` are replaced. */
  readonly displayName: string;
  readonly commandPrefix: string;
  readonly botName: string;
  /** What is said first in each new portal; empty: nothing. `{network}`, `{account}` and `{server}` are replaced. */
  readonly privacyNotice: string;
  /** Who has a space for an account's rooms. */
  readonly spaceOwners: (account: AccountId) => readonly UserId[];
  networkName(network: string): string;
  readonly connection: (account: AccountId) => Connection | null;
  readonly pictures: Pictures;
}

/** Ghosts of a larger group come in when they speak. */
const MEMBERS = 100;

/** Rooms and the ghosts in them: idempotent steps at the head of a row, each result committed before the next. */
export class Rooms {
  readonly #options: RoomsOptions;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  networkName(network: string): string {
    return this.#options.networkName(network);
  }

  userIdOf(person: Person): UserId {
    return `@${person.localpart}:${this.#options.homeserver.serverName}` as UserId;
  }

  /** The bot, or a ghost as it is. */
  userOf(row: PersonRow | null): UserId {
    const person = row === null ? null : this.#options.store.person(row);
    return person === null ? this.#options.homeserver.bot : this.userIdOf(person);
  }

  isOurs(user: string): boolean {
    const { homeserver, ghostPrefix } = this.#options;
    // From the first colon on it is the server's name, which may hold colons itself.
    return user === homeserver.bot || (user.startsWith(`@${ghostPrefix}`) && user.slice(user.indexOf(':') + 1) === homeserver.serverName);
  }

  /** To write there. @throws Rejected as `placeOf`, and where what is bridged must not stand in the room in clear */
  idOf(row: OutboxItem): RoomId {
    const id = this.placeOf(row);
    if (isBridged(row.task) && row.room !== null && this.#options.store.room(row.room)?.encrypted === true) throw new Rejected('The room is encrypted.', 'encrypted');
    return id;
  }

  /** To look there. @throws Rejected where the room is not there, or the bot not in it */
  placeOf(row: OutboxItem): RoomId {
    const room = row.room === null ? null : this.#options.store.room(row.room);
    if (room?.roomId == null) throw new Rejected('The room could not be made.', 'no_room');
    if (room.state === 'gone') throw new Rejected('The bridge is no longer in the room.', 'room_gone');
    return room.roomId;
  }

  /**
   * Asks somebody in. In a direct chat its person does, where their ghost is there and may: clients file the room under whoever
   * invited. Else the bot, which says no less that the chat is direct.
   */
  async invite(row: OutboxItem, user: UserId): Promise<void> {
    const { store, homeserver } = this.#options;
    const id = this.idOf(row);
    const room = row.room === null ? null : store.room(row.room);
    const portal = room?.createdByUs !== true ? undefined : store.portalsOf(room.row).find(({ conversation, linked }) => !linked && conversation.kind === 'direct');
    const host = portal === undefined ? null : this.#hostOf(portal);
    if (room !== null && host !== null && store.member(room.row, host)?.membership === 'join') {
      const asked = await homeserver.invite(host, id, user, true).then(() => true, (error: unknown) => {
        if (error instanceof Rejected && error.code === 'M_FORBIDDEN') return false;
        throw error;
      });
      if (asked) return;
    }
    await homeserver.invite(homeserver.bot, id, user, portal !== undefined || (room?.createdByUs === true && room.kind === 'management'));
  }

  /** The ghost of the person whom a direct chat is with. */
  #hostOf({ conversation }: Portal): UserId | null {
    const person = conversation.kind !== 'direct' || conversation.person === null ? null : this.#options.store.person(conversation.person);
    return person === null ? null : this.userIdOf(person);
  }

  /** Who writes: the bot, or a ghost that is registered, named and in the room. */
  async speaker(row: PersonRow | null, item: OutboxItem): Promise<UserId> {
    return this.#ready(row === null ? null : this.#options.store.person(row), item);
  }

  /** Who wrote an event, to edit it: Matrix takes that from nobody else, also where they turned out to be somebody known. */
  async writer(row: PersonRow | null, item: OutboxItem): Promise<UserId> {
    return this.#ready(row === null ? null : this.#options.store.writer(row), item);
  }

  async #ready(person: Person | null, item: OutboxItem): Promise<UserId> {
    const { store, homeserver, displayName } = this.#options;
    if (person === null || item.room === null) return homeserver.bot;
    const user = this.userIdOf(person);
    if (!person.registered) {
      await homeserver.register(person.localpart);
      await store.apply([{ do: 'person', person: person.row, change: { registered: true } }]);
    }
    const words: Readonly<Record<string, string>> = { '{name}': called(person), '{network}': this.#options.networkName(person.network) };
    const name = displayName.replace(/\{(?:name|network)\}/g, (word) => words[word] ?? '');
    if (person.shownName !== name) {
      await homeserver.setDisplayName(user, name).catch((error: unknown) => {
        // A name that the homeserver does not like must not hold up what they say.
        if (!(error instanceof Rejected)) throw error;
      });
      await store.apply([{ do: 'person', person: person.row, change: { shownName: name } }]);
    }
    await this.#showPicture(person, user, item);
    if (store.member(item.room, user)?.membership !== 'join') {
      await this.#join(user, this.idOf(item));
      await store.apply([{ do: 'member', room: item.room, member: { user, membership: 'join', name } }]);
    }
    await this.#nameAfter(person, item.room);
    return user;
  }

  async #showPicture(person: Person, user: UserId, item: OutboxItem): Promise<void> {
    const { store, homeserver, pictures } = this.#options;
    const wanted = person.picture;
    if (wanted === undefined || (wanted?.id ?? null) === person.shownPicture) return;
    const account = item.account ?? (item.room === null ? null : store.portalsOf(item.room)[0]?.account ?? null);
    const mxc = wanted === null || account === null ? null : await pictures.upload(account, wanted);
    if (mxc === undefined) return;
    await homeserver.setAvatar(user, mxc ?? ('' as Mxc)).catch((error: unknown) => {
      if (!(error instanceof Rejected)) throw error;
    });
    await store.apply([{ do: 'person', person: person.row, change: { shownPicture: wanted?.id ?? null } }]);
  }

  /** The room's name, topic and picture become what the conversation's are now. */
  async refresh(row: OutboxItem): Promise<void> {
    const { store, homeserver } = this.#options;
    const room = row.room === null ? null : store.room(row.room);
    const portal = row.portal === null ? null : store.portal(row.portal);
    if (room === null || portal === null || !room.createdByUs || portal.linked || portal.conversation.kind === 'direct') return;
    const id = this.idOf(row);
    const { name, topic, picture } = await this.#looksOf(portal, room.picture);
    const set = async (type: string, content: object, change: Partial<Pick<Room, 'name' | 'topic' | 'picture'>>): Promise<void> => {
      await homeserver.setState(homeserver.bot, id, type, '', content);
      await store.apply([{ do: 'room', room: room.row, change }]);
    };
    if (room.name !== name) await set('m.room.name', { name }, { name });
    if (room.topic !== topic) await set('m.room.topic', { topic }, { topic });
    if (picture !== undefined && picture.id !== room.picture) await set('m.room.avatar', picture.mxc === null ? {} : { url: picture.mxc }, { picture: picture.id });
  }

  /** `picture` undefined: as it is. */
  async #looksOf(portal: Portal, shown: string | null): Promise<{ name: string; topic: string; picture: { id: string; mxc: Mxc | null } | undefined }> {
    const { conversation } = portal;
    const name = this.#nameOf(portal);
    const wanted = conversation.picture;
    const mxc = wanted === undefined || (wanted?.id ?? '') === (shown ?? '') ? undefined : wanted === null ? null : await this.#options.pictures.upload(portal.account, wanted);
    return { name, topic: this.#topicOf(portal, name), picture: mxc === undefined ? undefined : { id: wanted?.id ?? '', mxc } };
  }

  /** Who reads along is always said; before it stands what the conversation says of itself. */
  #topicOf({ conversation }: Portal, name: string): string {
    const network = this.#options.networkName(conversation.network);
    const readers = conversation.kind === 'direct' ? `${name} and ${network}` : `the members of ${name} and ${network}`;
    const privacy = `${network} · read there by ${readers}; not end-to-end encrypted`;
    return conversation.topic === null || conversation.topic === '' ? privacy : `${conversation.topic} · ${privacy}`;
  }

  /** A direct chat is called what its person is called, also when that changes. */
  async #nameAfter(person: Person, roomRow: RoomRow): Promise<void> {
    const { store, homeserver } = this.#options;
    const room = store.room(roomRow);
    const portal = store.portalsOf(roomRow).find(({ conversation, linked }) => !linked && conversation.kind === 'direct' && conversation.person === person.row);
    if (room?.roomId == null || !room.createdByUs || portal === undefined) return;
    const name = this.#nameOf(portal);
    if (room.name === name) return;
    await homeserver.setState(homeserver.bot, room.roomId, 'm.room.name', '', { name });
    await store.apply([{ do: 'room', room: roomRow, change: { name } }]);
  }

  #nameOf({ conversation }: Portal): string {
    const person = conversation.person === null ? null : this.#options.store.person(conversation.person);
    return conversation.title ?? (person === null ? conversation.remoteId : called(person));
  }

  async #join(user: UserId, room: RoomId): Promise<void> {
    const { homeserver } = this.#options;
    try {
      await homeserver.invite(homeserver.bot, room, user);
    } catch (error) {
      // Already invited or in: the join tells.
      if (!(error instanceof Rejected)) throw error;
    }
    await homeserver.join(user, room);
  }

  /** A ghost that the homeserver says is not in the room: it joins again before the next try. */
  forget(row: OutboxItem, person: PersonRow): readonly Effect[] {
    const found = this.#options.store.person(person);
    return found === null || row.room === null ? [] : [{ do: 'member', room: row.room, member: { user: this.userIdOf(found), membership: 'leave', name: null } }];
  }

  /** What a new portal begins with: which parties can read it. Null where the administrator wants nothing said. */
  welcome(row: OutboxItem): Extract<MatrixTask, { kind: 'message' }> | null {
    const { store, homeserver, privacyNotice, networkName } = this.#options;
    const portal = row.portal === null ? null : store.portal(row.portal);
    if (portal === null || privacyNotice.trim() === '') return null;
    const words: Readonly<Record<string, string>> = { '{network}': networkName(portal.conversation.network), '{account}': portal.account, '{server}': homeserver.serverName };
    return noticeTask(privacyNotice.replace(/\{(?:network|account|server)\}/g, (word) => words[word] ?? ''));
  }

  /** Makes the room, or finds the one made just before a stop by its derived alias, if our bot made it. */
  async create(row: OutboxItem): Promise<{ readonly roomId: RoomId; readonly effects: readonly Effect[] }> {
    const { store, homeserver, ghostPrefix } = this.#options;
    const room = row.room === null ? null : store.room(row.room);
    if (room === null) throw new Rejected('Its row is gone.', 'no_room');
    const instance = `${ghostPrefix}${store.getMeta('instance') ?? '0'}_`;
    const made: readonly Effect[] = [{ do: 'member', room: room.row, member: { user: homeserver.bot, membership: 'join', name: null } }];
    if (room.kind === 'management') {
      const aliasLocalpart = `${instance}m${room.row}`;
      const roomId = await this.#createOrFind(aliasLocalpart, { preset: 'trusted_private_chat', visibility: 'private', is_direct: true, name: this.#options.botName, room_alias_name: aliasLocalpart });
      return { roomId, effects: [{ do: 'room', room: room.row, change: { roomId, state: 'live', name: this.#options.botName } }, ...made] };
    }
    if (room.kind === 'space') return this.#createSpace(room.row, instance, made);
    const found = store.portalsOf(room.row)[0];
    if (found === undefined) throw new Rejected('Its portal is gone.', 'no_portal');
    const members = await this.#learn(found);
    const portal = store.portal(found.row) ?? found;
    const aliasLocalpart = `${instance}${portal.row}`;
    const { name, topic, picture } = await this.#looksOf(portal, null);
    const roomId = await this.#createOrFind(aliasLocalpart, this.#portalBody(portal, aliasLocalpart, { name, topic, avatar: picture?.mxc ?? null }));
    return { roomId, effects: [
      { do: 'room', room: room.row, change: { roomId, state: 'live', name, topic, ...(picture === undefined ? {} : { picture: picture.id }) } },
      ...(portal.state === 'creating' ? [{ do: 'portalState', portal: portal.row, state: 'live' } as const] : []),
      { do: 'facts', network: portal.conversation.network, account: portal.account, people: members, into: { room: room.row, portal: portal.row } },
      ...made,
      { do: 'space', account: portal.account, users: this.#options.spaceOwners(portal.account), child: roomId },
    ] };
  }

  async #createSpace(row: RoomRow, instance: string, made: readonly Effect[]): Promise<{ readonly roomId: RoomId; readonly effects: readonly Effect[] }> {
    const { store, homeserver, roomVersion, networkName } = this.#options;
    const { account = '' } = store.spaceOf(row) ?? {};
    const [network = '', ...names] = account.split('/');
    const name = `${networkName(network)} (${names.join('/')})`;
    const aliasLocalpart = `${instance}s${row}`;
    const topic = `The chats of the account ${account}`;
    const roomId = await this.#createOrFind(aliasLocalpart, spaceRoom({ roomVersion, bot: homeserver.bot, aliasLocalpart, name, topic }));
    return { roomId, effects: [{ do: 'room', room: row, change: { roomId, state: 'live', name, topic } }, ...made] };
  }

  /** Brings a room into a space or out of it. Each says it of the other; where the bot may not say it in the room, the space alone does. */
  async gather(row: OutboxItem, child: RoomId, present: boolean): Promise<void> {
    const { store, homeserver } = this.#options;
    const { bot, serverName } = homeserver;
    const space = this.idOf(row);
    await homeserver.setState(bot, space, 'm.space.child', child, present ? { via: [serverName] } : {});
    if (!present || store.roomById(child)?.createdByUs !== true) return;
    await homeserver.setState(bot, child, 'm.space.parent', space, { via: [serverName], canonical: true }).catch((error: unknown) => {
      if (!(error instanceof Rejected)) throw error;
    });
  }

  /** What the network says of a group before its room is made; its members, where they are few enough to come in at once. */
  async #learn({ conversation, account }: Portal): Promise<readonly PersonRef[]> {
    const connection = this.#options.connection(account);
    if (conversation.kind === 'direct' || connection?.describe === undefined) return [];
    try {
      const facts = await connection.describe(targetOf(conversation));
      await this.#options.store.apply([{ do: 'facts', network: conversation.network, account, conversation: { ...facts.conversation, aliases: [...conversation.aliases] } }]);
      return facts.members !== null && facts.members.length <= MEMBERS ? facts.members : [];
    } catch (error) {
      // The group is shown without: who speaks in it comes in then.
      if (error instanceof DeliveryError) return [];
      throw error;
    }
  }

  #portalBody(portal: Portal, aliasLocalpart: string, looks: { readonly name: string; readonly topic: string; readonly avatar: Mxc | null }): object {
    const { homeserver } = this.#options;
    const { conversation } = portal;
    const host = this.#hostOf(portal);
    return portalRoom({
      roomVersion: this.#options.roomVersion, bot: homeserver.bot, aliasLocalpart, direct: conversation.kind === 'direct', invite: [],
      ...(host === null ? {} : { host }), name: looks.name, topic: looks.topic, ...(looks.avatar === null ? {} : { avatar: looks.avatar }),
      bridgedTo: this.bridgedTo(portal),
    });
  }

  bridgedTo({ conversation }: Portal): BridgedTo {
    return {
      network: { id: conversation.network, name: this.#options.networkName(conversation.network) },
      conversation: { id: conversation.remoteId, scope: conversation.scope, ...(conversation.title === null ? {} : { title: conversation.title }) },
    };
  }

  /** What tells clients of a portal: each has its own, so that a room with several holds one for each. */
  async showBridge(row: OutboxItem, shown: boolean): Promise<void> {
    const { store, homeserver } = this.#options;
    const portal = row.portal === null ? null : store.portal(row.portal);
    if (portal === null) return;
    for (const { type, state_key: key, content } of bridgeInfo(homeserver.bot, this.bridgedTo(portal))) {
      await homeserver.setState(homeserver.bot, this.placeOf(row), type, key, shown ? content : {});
    }
  }

  async #createOrFind(aliasLocalpart: string, body: object): Promise<RoomId> {
    const { homeserver } = this.#options;
    try {
      return await homeserver.createRoom(homeserver.bot, body);
    } catch (error) {
      if (!(error instanceof Rejected) || error.code !== 'M_ROOM_IN_USE') throw error;
      return this.#ours(`#${aliasLocalpart}:${homeserver.serverName}`);
    }
  }

  /** @throws Rejected where somebody else made the room behind the alias */
  async #ours(alias: string): Promise<RoomId> {
    const { homeserver } = this.#options;
    const room = await homeserver.resolveAlias(alias);
    const create = room === null ? undefined : (await homeserver.state(homeserver.bot, room)).find(({ type }) => type === 'm.room.create');
    if (room === null || create?.sender !== homeserver.bot) throw new Rejected(`The alias ${alias} belongs to somebody else's room.`, 'alias_taken');
    return room;
  }

  /** What the bot finds in a room that it was let into, and what it says there. A room with one person is for commands. */
  async arrived(row: OutboxItem): Promise<readonly Effect[]> {
    const { store, homeserver, commandPrefix } = this.#options;
    const roomRow = row.room;
    if (roomRow === null) return [];
    const state = await homeserver.state(homeserver.bot, this.idOf(row));
    // Meanwhile it became the next room of a portal.
    if (store.room(roomRow) === null) return [];
    const encrypted = state.some(({ type, state_key }) => type === 'm.room.encryption' && state_key === '');
    const members = state.filter(({ type }) => type === 'm.room.member').map(memberOf).filter((found) => found !== null);
    // It replaces a bridged room: it is followed there, and nobody asked for a chat with the bot.
    const replaced = predecessorOf(state.find(({ type }) => type === 'm.room.create'));
    const before = replaced === null ? null : store.roomById(replaced);
    if (before !== null && store.portalsOf(before.row).length > 0) return members.map((member): Effect => ({ do: 'member', room: roomRow, member }));
    const people = members.filter(({ membership, user }) => (membership === 'join' || membership === 'invite') && !this.isOurs(user));
    return [
      ...members.map((member): Effect => ({ do: 'member', room: roomRow, member })),
      { do: 'room', room: roomRow, change: { state: 'live', encrypted, ...(people.length <= 1 ? { kind: 'management' } : {}) } },
      notice(roomRow, greeting(encrypted, commandPrefix), keyOf('greeting', row.key)),
    ];
  }
}

function called(person: Person): string {
  return person.name ?? person.ids[0] ?? 'Somebody';
}

/** What came from a network, as against what the bot says for itself. */
export function isBridged(task: OutboxItem['task']): task is Extract<MatrixTask, { kind: 'message' | 'reaction' | 'vote' | 'poll end' | 'pin' }> {
  return task?.to === 'matrix' && (['reaction', 'vote', 'poll end', 'pin'].includes(task.kind) || (task.kind === 'message' && task.map !== undefined));
}
