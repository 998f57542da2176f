import { Rejected } from '../../model/errors.ts';
import type { PersonRow, RoomId, UserId } from '../../model/ids.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import { portalRoom } from '../../matrix/rooms/portal-room.ts';
import type { Effect, OutboxItem, Person, Portal, Store } from '../../store/store.ts';
import { keyOf } from '../keys.ts';
import { notice } from '../reports/report.ts';

export interface RoomsOptions {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly ghostPrefix: string;
  readonly roomVersion: string;
  /** `{name}` and `{network}` are replaced. */
  readonly displayName: string;
  readonly commandPrefix: string;
  networkName(network: string): string;
}

/** Rooms and the ghosts in them: idempotent steps at the head of a row, each result committed before the next. */
export class Rooms {
  readonly #options: RoomsOptions;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  userIdOf(person: Person): UserId {
    return `@${person.localpart}:${this.#options.homeserver.serverName}` as UserId;
  }

  isOurs(user: string): boolean {
    const { homeserver, ghostPrefix } = this.#options;
    return user === homeserver.bot || (user.startsWith(`@${ghostPrefix}`) && user.endsWith(`:${homeserver.serverName}`));
  }

  /** @throws Rejected where the room is not there to be written to */
  idOf(row: OutboxItem): RoomId {
    const room = row.room === null ? null : this.#options.store.room(row.room);
    if (room?.roomId == null) throw new Rejected('The room could not be made.', 'no_room');
    if (room.state === 'gone') throw new Rejected('The bridge is no longer in the room.', 'room_gone');
    return room.roomId;
  }

  /** Who writes: the bot, or a ghost that is registered, named and in the room. */
  async speaker(row: PersonRow | null, item: OutboxItem): Promise<UserId> {
    const { store, homeserver, displayName } = this.#options;
    const person = row === null ? null : store.person(row);
    if (person === null || item.room === null) return homeserver.bot;
    const user = this.userIdOf(person);
    if (!person.registered) {
      await homeserver.register(person.localpart);
      await store.apply([{ do: 'person', person: person.row, change: { registered: true } }]);
    }
    const words: Readonly<Record<string, string>> = { '{name}': person.name ?? person.ids[0] ?? '', '{network}': this.#options.networkName(person.network) };
    const name = displayName.replace(/\{(?:name|network)\}/g, (word) => words[word] ?? '');
    if (person.shownName !== name) {
      await homeserver.setDisplayName(user, name);
      await store.apply([{ do: 'person', person: person.row, change: { shownName: name } }]);
    }
    if (store.member(item.room, user)?.membership !== 'join') {
      await this.#join(user, this.idOf(item));
      await store.apply([{ do: 'member', room: item.room, member: { user, membership: 'join', name } }]);
    }
    return user;
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

  /** Makes the room, or finds the one made just before a stop by its derived alias, if our bot made it. */
  async create(row: OutboxItem): Promise<{ readonly roomId: RoomId; readonly effects: readonly Effect[] }> {
    const { store, homeserver, ghostPrefix } = this.#options;
    const roomRow = row.room;
    const portal = roomRow === null ? null : store.portalsOf(roomRow)[0] ?? null;
    if (roomRow === null || portal === null) throw new Rejected('Its portal is gone.', 'no_portal');
    const aliasLocalpart = `${ghostPrefix}${store.getMeta('instance') ?? '0'}_${portal.row}`;
    const roomId = await this.#createOrFind(portal, aliasLocalpart);
    return {
      roomId,
      effects: [
        { do: 'room', room: roomRow, change: { roomId, state: 'live' } },
        { do: 'portalState', portal: portal.row, state: 'live' },
        { do: 'member', room: roomRow, member: { user: homeserver.bot, membership: 'join', name: null } },
      ],
    };
  }

  async #createOrFind(portal: Portal, aliasLocalpart: string): Promise<RoomId> {
    const { homeserver, store } = this.#options;
    const { conversation } = portal;
    const person = conversation.person === null ? null : store.person(conversation.person);
    const network = this.#options.networkName(conversation.network);
    const title = conversation.title ?? person?.name ?? conversation.remoteId;
    const body = portalRoom({
      roomVersion: this.#options.roomVersion, bot: homeserver.bot, aliasLocalpart, direct: conversation.kind === 'direct', invite: [],
      name: title, topic: `${network} · read there by ${title} and ${network}; not end-to-end encrypted`,
      bridgedTo: {
        network: { id: conversation.network, name: network },
        conversation: { id: conversation.remoteId, scope: conversation.scope, ...(conversation.title === null ? {} : { title: conversation.title }) },
      },
    });
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

  /** What the bot says when it is let into a room. */
  greeting(row: OutboxItem): readonly Effect[] {
    if (row.room === null) return [];
    return [
      { do: 'room', room: row.room, change: { state: 'live', kind: 'management' } },
      notice(row.room, `Hello! I am the bridge. Say help to see what I can do; in other rooms, ${this.#options.commandPrefix} help.`, keyOf('greeting', row.key)),
    ];
  }
}
