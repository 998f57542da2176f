import { DeliveryError, Rejected, Retry } from '../../model/errors.ts';
import type { MatrixEvent } from '../../model/events.ts';
import type { AccountId, PersonRow, RoomId, RoomRow, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import { bridgeInfo, type BridgedTo } from '../../matrix/rooms/bridge-info.ts';
import { inviteLevel, levelNeeded, powerLevelOf } from '../../matrix/rooms/power.ts';
import type { Effect, MatrixTask, Member, OutboxItem, Portal, Room, Store } from '../../store/store.ts';
import { keyOf, MARKER } from '../keys.ts';
import { memberOf } from '../kinds/member.ts';
import { TOMBSTONE } from '../kinds/upgrade.ts';
import { noticeTask } from '../reports/report.ts';
import { inRooms } from '../reports/telling.ts';

export interface UpgradesDeps {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly isOurs: (user: string) => boolean;
  /** Rooms that the owners of an account share with the bot. */
  readonly ownerRooms: (account: AccountId) => readonly RoomRow[];
  /** Who is asked into a new room of the account. */
  readonly hosts: (account: AccountId) => readonly UserId[];
  readonly bridgedTo: (portal: Portal) => BridgedTo;
  readonly log: Logger;
}

/** Whoever upgrades a room has to let the bridge into the next one; it asks again this often. */
const PATIENCE = 5_000;
/** Ghosts of a larger group come in when they speak. */
const MEMBERS = 100;

/** Follows rooms that were upgraded: the portals of the old room become those of the one that replaces it. */
export class Upgrades {
  readonly #deps: UpgradesDeps;

  constructor(deps: UpgradesDeps) {
    this.#deps = deps;
  }

  /**
   * What makes the next room the portals' own; null where it is not the next one, and everything stays as it is.
   * @throws Retry while the bridge is not let in, Rejected where it cannot go on there
   */
  async follow(row: OutboxItem, { into, via }: Extract<MatrixTask, { kind: 'follow' }>): Promise<readonly Effect[] | null> {
    const { store, homeserver, log } = this.#deps;
    const room = row.room === null ? null : store.room(row.room);
    if (room?.roomId == null || room.roomId === into) return null;
    const known = store.roomById(into);
    const shown = await homeserver.getState(homeserver.bot, room.roomId, TOMBSTONE, '');
    if (shown?.['replacement_room'] !== into || known?.kind === 'portal') {
      log.warn('A room was to be followed into one that does not replace it.', { room: room.roomId, into });
      return null;
    }
    await this.#enter(into, via);
    const state = await homeserver.state(homeserver.bot, into);
    const create = stateOf(state, 'm.room.create');
    const isNext = predecessorOf(create) === room.roomId;
    const isEncrypted = stateOf(state, 'm.room.encryption') !== undefined;
    if (isNext && create !== undefined && !isEncrypted) {
      await this.#mayInvite(row, into, state, create);
      return this.#moved(row, room, into, state, create);
    }
    if (known === null || store.member(known.row, homeserver.bot)?.membership !== 'join') await this.#leave(into);
    if (isNext) throw new Rejected('The room that replaces it is encrypted.', 'encrypted');
    log.warn('A room was to be followed into one that does not say that it replaces it.', { room: room.roomId, into });
    return null;
  }

  /** Where the next room cannot be had, what comes from the network opens one of ours. */
  leftBehind({ room, key, task }: OutboxItem, reason: string): readonly Effect[] {
    const { store, homeserver, hosts, ownerRooms } = this.#deps;
    const portals = room === null ? [] : store.portalsOf(room);
    const other = task?.kind === 'follow' ? store.roomById(task.into) : null;
    const isIn = other !== null && store.portalsOf(other.row).length === 0 && store.member(other.row, homeserver.bot)?.membership === 'join';
    const leave: readonly Effect[] = isIn ? [{ do: 'send', row: { lane: `out:r${other.row}`, key: keyOf('behind', key), room: other.row, task: { to: 'matrix', kind: 'leave', as: null } } }] : [];
    return [...leave, ...portals.flatMap(({ row, account, conversation }) => [
      { do: 'close', portal: row, invite: hosts(account) } as const,
      ...inRooms(ownerRooms(account), `⚠️ The room of ${conversation.title ?? conversation.remoteId} (${account}) was replaced, and the bridge could not follow: ${reason} The next message opens a new room.`, `behind ${key} ${row}`),
    ])];
  }

  /** Whether the homeserver shows the room of this row as replaced, which may not have been handed over yet. */
  async isReplaced({ room: row }: OutboxItem): Promise<boolean> {
    const { store, homeserver } = this.#deps;
    const room = row === null ? null : store.room(row);
    if (room?.roomId == null || room.state === 'gone') return false;
    try {
      return typeof (await homeserver.getState(homeserver.bot, room.roomId, TOMBSTONE, ''))?.['replacement_room'] === 'string';
    } catch (error) {
      if (error instanceof DeliveryError) return false;
      throw error;
    }
  }

  async #enter(into: RoomId, via: string): Promise<void> {
    const { homeserver } = this.#deps;
    try {
      await homeserver.join(homeserver.bot, into, via);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      throw new Retry(`The bridge is not let into the room that replaces it (${into}).`, 'not_invited', { afterMs: PATIENCE, cause: error });
    }
  }

  /**
   * Ghosts have to come in. Whoever upgrades a room of version 12 becomes its creator, and the bot that was has no level in the next one.
   * @throws Retry until somebody gives it one
   */
  async #mayInvite(row: OutboxItem, into: RoomId, state: readonly MatrixEvent[], create: MatrixEvent): Promise<void> {
    const { homeserver } = this.#deps;
    const levels = stateOf(state, 'm.room.power_levels')?.content ?? null;
    const needed = inviteLevel(levels);
    if (stateOf(state, 'm.room.join_rules')?.content['join_rule'] === 'public' || powerLevelOf(homeserver.bot, create, levels) >= needed) return;
    const { type, content } = noticeTask(`⚠️ To bridge this room I have to invite people into it: give me the power level ${Math.max(needed, 50)}, and it goes on here.`);
    await homeserver.send(homeserver.bot, into, type, `${row.key}.level`, { ...content, [MARKER]: { key: `${row.key}.level` } }).catch((error: unknown) => {
      if (!(error instanceof Rejected)) throw error;
    });
    throw new Retry(`The bridge may not invite anybody into the room that replaces it (${into}).`, 'no_level', { afterMs: PATIENCE });
  }

  async #leave(room: RoomId): Promise<void> {
    const { homeserver, log } = this.#deps;
    await homeserver.leave(homeserver.bot, room).catch((error: unknown) => {
      if (!(error instanceof DeliveryError)) throw error;
      log.warn('The bot could not leave a room.', { room, error });
    });
  }

  async #moved(row: OutboxItem, room: Room, into: RoomId, state: readonly MatrixEvent[], create: MatrixEvent): Promise<readonly Effect[]> {
    const { store, homeserver, isOurs } = this.#deps;
    const portals = store.portalsOf(room.row);
    await this.#announce(portals, into);
    const inside = state.filter(({ type }) => type === 'm.room.member').map(memberOf).filter((member) => member !== null);
    const before = store.members(room.row).filter(({ membership }) => membership === 'join');
    const ghosts = before.filter(({ user }) => user !== homeserver.bot && isOurs(user)).flatMap(({ user }): PersonRow[] => {
      const person = store.personByLocalpart(user.slice(1, user.indexOf(':')));
      return person === null ? [] : [person.row];
    });
    const name = stateOf(state, 'm.room.name')?.content['name'];
    const lane = `out:r${room.row}`;
    return [
      { do: 'moved', room: room.row, into, leave: ghosts },
      ...inside.map((member): Effect => ({ do: 'member', room: room.row, member })),
      { do: 'room', room: room.row, change: { createdByUs: room.createdByUs && this.#rules(state, create), ...(typeof name === 'string' ? { name } : {}) } },
      ...ghosts.slice(0, MEMBERS).map((as): Effect => ({ do: 'send', row: { lane, key: keyOf('follow enter', row.key, as), room: room.row, task: { to: 'matrix', kind: 'enter', as } } })),
      ...portals.map(({ row: portal }): Effect => ({ do: 'send', row: { lane, key: keyOf('follow welcome', row.key, portal), portal, room: room.row, task: { to: 'matrix', kind: 'welcome' } } })),
      ...(room.createdByUs ? this.#missing(before, inside) : []).map((user): Effect => ({ do: 'send', row: {
        lane, key: keyOf('follow invite', row.key, user), room: room.row, task: { to: 'matrix', kind: 'invite', user },
      } })),
    ];
  }

  /** Who was in the old room and knows nothing of the next one. */
  #missing(before: readonly Member[], inside: readonly Member[]): readonly UserId[] {
    const asked = new Set(inside.map(({ user }) => user));
    return before.map(({ user }) => user).filter((user) => !this.#deps.isOurs(user) && !asked.has(user));
  }

  /** Whether the name and the picture are the bot's to change there. */
  #rules(state: readonly MatrixEvent[], create: MatrixEvent): boolean {
    const levels = stateOf(state, 'm.room.power_levels')?.content ?? null;
    return powerLevelOf(this.#deps.homeserver.bot, create, levels) >= levelNeeded('m.room.name', true, levels);
  }

  async #announce(portals: readonly Portal[], into: RoomId): Promise<void> {
    const { homeserver, bridgedTo, log } = this.#deps;
    for (const { type, state_key: key, content } of portals.flatMap((portal) => bridgeInfo(homeserver.bot, bridgedTo(portal)))) {
      await homeserver.setState(homeserver.bot, into, type, key, content).catch((error: unknown) => {
        // Where the bot may not, the room is bridged all the same.
        if (!(error instanceof Rejected)) throw error;
        log.info('The next room was not told what it is bridged to.', { room: into, code: error.code });
      });
    }
  }
}

/** The room that this one says it replaces. */
export function predecessorOf(create: MatrixEvent | undefined): RoomId | null {
  const predecessor = create?.content['predecessor'];
  const id = typeof predecessor === 'object' && predecessor !== null && 'room_id' in predecessor ? predecessor.room_id : null;
  return typeof id === 'string' ? (id as RoomId) : null;
}

function stateOf(state: readonly MatrixEvent[], type: string): MatrixEvent | undefined {
  return state.findLast((event) => event.type === type && event.state_key === '');
}
