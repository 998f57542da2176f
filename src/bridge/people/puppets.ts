import type { Clock } from '../../model/clock.ts';
import { Rejected } from '../../model/errors.ts';
import type { MatrixEvent } from '../../model/events.ts';
import type { AccountId, Millis, RoomId, RoomRow, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { OutboxItem, Store } from '../../store/store.ts';
import { type Marker, markerOf, type Markers } from '../keys.ts';
import type { Permission } from '../settings.ts';

export interface PuppetsOptions {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly markers: Markers;
  /** Whether the homeserver was asked to let us act for its people. */
  readonly registered: boolean;
  /** Whose an account is, where that is one person. */
  readonly personOf: (account: AccountId) => UserId | null;
  readonly owners: (account: AccountId) => readonly UserId[];
  readonly permission: (user: string) => Permission | null;
  /** The bot or a ghost. */
  readonly isOurs: (user: string) => boolean;
  /** Null: the administrators. The same key is told once. */
  readonly tell: (user: UserId | null, text: string, key: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the homeserver says of an account that may not do something, and not of what was to be done. */
const REFUSALS = new Set(['M_FORBIDDEN', 'M_UNKNOWN_TOKEN', 'M_MISSING_TOKEN', 'M_USER_DEACTIVATED', 'M_USER_LOCKED', 'M_USER_SUSPENDED', 'M_EXCLUSIVE', 'M_CONSENT_NOT_GIVEN', 'WRONG_USER']);
const BAD_TOKEN = new Set(['M_UNKNOWN_TOKEN', 'M_MISSING_TOKEN']);
/** Then it is tried again. */
const PATIENCE: Millis = 10 * 60_000;
const EVERYBODY = 'everybody';

/** What the store remembers of somebody's choice. */
export const choiceKey = (user: string): string => `puppet ${user}`;
const refusalKey = (who: string): string => `puppet refused ${who}`;

/**
 * People's own Matrix accounts, by which is shown what they do in a network's own app. Whatever stands in the way of that, the bot
 * shows it instead.
 */
export class Puppets {
  readonly #options: PuppetsOptions;
  /** Until when the homeserver is not asked again: by user, by room and user, or for everybody. */
  readonly #refused = new Map<string, Millis>();
  /** Who has been seen to work since the start. */
  readonly #works = new Set<string>();
  /** Account data is read, changed and written: one at a time for each user. */
  readonly #filing = new Map<UserId, Promise<void>>();

  constructor(options: PuppetsOptions) {
    this.#options = options;
  }

  /** Where one of our own events came of: its marker, which counts from our users, or with its seal. Null: it is somebody's own, or has none. */
  origin(event: MatrixEvent): Marker | null {
    return this.#options.isOurs(event.sender) ? markerOf(event.content) : this.#options.markers.proven(event);
  }

  sealed(room: RoomId, as: UserId, marker: Marker): Marker {
    return this.#options.isOurs(as) ? marker : this.#options.markers.sealed(room, as, marker);
  }

  /** Who shows what an account itself does in its network's app; null: the bot. */
  of(account: AccountId): UserId | null {
    const user = this.#options.personOf(account);
    return user !== null && this.#may(user) ? user : null;
  }

  #may(user: UserId): boolean {
    const { registered, homeserver, permission, store, isOurs } = this.#options;
    const isLocal = user.slice(user.indexOf(':') + 1) === homeserver.serverName && !isOurs(user);
    return registered && isLocal && ['user', 'admin'].includes(permission(user) ?? 'block') && store.getMeta(choiceKey(user)) !== 'off';
  }

  /**
   * Whether their own account can write in the row's room now. Somebody who was never in it is brought in; who has left stays out.
   * @throws what passes, as `Homeserver` says
   */
  async enter(user: UserId, row: OutboxItem): Promise<boolean> {
    const { store } = this.#options;
    const room = row.room === null ? null : store.room(row.room);
    if (room?.roomId == null || !this.#may(user) || this.#isRefused(user, room.row)) return false;
    const member = store.member(room.row, user);
    if (member?.membership === 'join') return true;
    if (member?.hasLeft === true || member?.membership === 'knock') return false;
    try {
      await this.#bringIn(user, room.row, room.roomId);
      return true;
    } catch (error) {
      if (!(error instanceof Rejected) || !REFUSALS.has(error.code)) throw error;
      await this.refused(user, room.row, error);
      return false;
    }
  }

  /** Whether their own account is in the room, and may be used. */
  isIn(user: UserId, room: RoomRow): boolean {
    return this.#may(user) && !this.#isRefused(user, room) && this.#options.store.member(room, user)?.membership === 'join';
  }

  /** Who is to be asked into a room of theirs is in it at once. False: they have to be asked. @throws what passes */
  async welcome(user: UserId, row: OutboxItem): Promise<boolean> {
    const isTheirs = row.room !== null && this.#options.store.portalsOf(row.room).some(({ account }) => this.of(account) === user || isSole(user, this.#options.owners(account)));
    return isTheirs && this.enter(user, row);
  }

  async #bringIn(user: UserId, room: RoomRow, id: RoomId): Promise<void> {
    const { store, homeserver } = this.#options;
    const direct = this.#directWith(room);
    await homeserver.invite(homeserver.bot, id, user, direct !== null).catch((error: unknown) => {
      // Already in, or already asked: going in tells.
      if (!(error instanceof Rejected)) throw error;
    });
    await homeserver.join(user, id);
    await store.apply([{ do: 'member', room, member: { user, membership: 'join', name: null } }]);
    if (direct !== null) await this.#fileAsDirect(user, id, direct);
  }

  /** The ghost that a room which we made is a chat with. */
  #directWith(room: RoomRow): UserId | null {
    const { store, homeserver } = this.#options;
    if (store.room(room)?.createdByUs !== true) return null;
    const person = store.portalsOf(room).find(({ conversation }) => conversation.kind === 'direct')?.conversation.person ?? null;
    const found = person === null ? null : store.person(person);
    return found === null ? null : (`@${found.localpart}:${homeserver.serverName}` as UserId);
  }

  /** Clients file a room under people by their user's own `m.direct`; what stands there stays. */
  async #fileAsDirect(user: UserId, room: RoomId, ghost: UserId): Promise<void> {
    const { homeserver, log } = this.#options;
    const before = this.#filing.get(user) ?? Promise.resolve();
    const filed = before.then(async () => {
      const direct = (await homeserver.accountData('m.direct', user)) ?? {};
      const rooms: readonly unknown[] = Object.hasOwn(direct, ghost) && Array.isArray(direct[ghost]) ? direct[ghost] : [];
      if (!rooms.includes(room)) await homeserver.setAccountData('m.direct', { ...direct, [ghost]: [...rooms, room] }, user);
    }).catch((error: unknown) => log.info('A room could not be filed as a direct chat.', { user, error }));
    this.#filing.set(user, filed);
    await filed;
    if (this.#filing.get(user) === filed) this.#filing.delete(user);
  }

  #isRefused(user: UserId, room: RoomRow): boolean {
    const now = this.#options.clock.now();
    return [EVERYBODY, user, `${room} ${user}`].some((key) => now < (this.#refused.get(key) ?? 0));
  }

  /** Whether it is their account that the homeserver refused, and not what was to be done. */
  isRefusal(error: unknown): error is Rejected {
    return error instanceof Rejected && REFUSALS.has(error.code);
  }

  /** The bot stands in for a while; whoever can change that is told, once until it works again. @throws what passes */
  async refused(user: UserId, room: RoomRow, error: Rejected): Promise<void> {
    const { homeserver, clock, log, tell } = this.#options;
    log.warn('Somebody’s own account could not be used.', { user, room, error });
    const until = clock.now() + PATIENCE;
    if (BAD_TOKEN.has(error.code)) {
      this.#refused.set(EVERYBODY, until);
      await this.#once(EVERYBODY, (key) => tell(null, `⚠️ The homeserver does not take the token for double puppets: what people do in a network's own app is shown by me. \`drawbridge doctor\` says what to do.`, key));
      return;
    }
    const refusal = await homeserver.actsFor(user).then(() => null, (why: unknown) => {
      if (why instanceof Rejected) return why;
      throw why;
    });
    if (refusal === null) {
      // In this room alone: they have left it meanwhile, or may not write there.
      this.#refused.set(`${room} ${user}`, until);
      return;
    }
    if (BAD_TOKEN.has(refusal.code)) return this.refused(user, room, refusal);
    this.#refused.set(user, until);
    await this.#once(user, (key) => tell(user, `⚠️ What you do in a network's own app is shown by me and not as yourself: ${refusal.message}`, key));
  }

  async #once(who: string, tell: (key: string) => void): Promise<void> {
    const { store, clock } = this.#options;
    this.#works.delete(who);
    if ((store.getMeta(refusalKey(who)) ?? '') !== '') return;
    const key = `${refusalKey(who)} ${clock.now()}`;
    await store.setMeta(refusalKey(who), key);
    tell(key);
  }

  /** It has worked: the next time that it does not is told again. */
  async worked(user: UserId): Promise<void> {
    const { store } = this.#options;
    for (const who of [EVERYBODY, user]) {
      if (this.#works.has(who)) continue;
      this.#works.add(who);
      if ((store.getMeta(refusalKey(who)) ?? '') !== '') await store.setMeta(refusalKey(who), '');
    }
  }
}

/** Whose the rooms of an account are: of several owners each is asked. */
const isSole = (user: UserId, owners: readonly UserId[]): boolean => owners.length === 1 && owners[0] === user;
