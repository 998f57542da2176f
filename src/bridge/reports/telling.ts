import type { AccountId, RoomRow, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Effect, Store } from '../../store/store.ts';
import { keyOf } from '../keys.ts';
import type { Permission } from '../settings.ts';
import { notice } from './report.ts';

export interface TellingDeps {
  readonly store: Store;
  readonly owners: (account: AccountId) => readonly UserId[];
  readonly permission: (user: string) => Permission | null;
  /** The bot or a ghost. */
  readonly isOurs: (user: string) => boolean;
  /** Administrators that the config names by their whole id. */
  readonly admins: readonly UserId[];
  readonly log: Logger;
  readonly wake: (lanes: readonly string[]) => void;
}

/** Whom to tell, and where: in the rooms that they share with the bot alone. Where there is none, one is made. */
export interface Audience {
  readonly rooms: readonly RoomRow[];
  readonly people: readonly UserId[];
}

/** Tells administrators and owners what has no room of its own. */
export class Telling {
  readonly #deps: TellingDeps;

  constructor(deps: TellingDeps) {
    this.#deps = deps;
  }

  admins(): Audience {
    const { permission, admins } = this.#deps;
    return { rooms: this.#roomsWith((user) => permission(user) === 'admin'), people: admins };
  }

  /** The owners of an account, else the administrators. */
  owners(account: AccountId): Audience {
    const owners = this.#deps.owners(account);
    return owners.length === 0 ? this.admins() : { rooms: this.#roomsWith((user) => owners.includes(user)), people: owners };
  }

  person(user: UserId): Audience {
    return { rooms: this.#roomsWith((each) => each === user), people: [user] };
  }

  /** Queues a line; `key` keeps it from being said twice. */
  async tell(who: () => Audience, text: string, key: string): Promise<void> {
    const { store, log, wake } = this.#deps;
    try {
      let { rooms, people } = who();
      if (rooms.length === 0 && people.length > 0) {
        wake(await store.apply([roomFor(people)]));
        ({ rooms, people } = who());
      }
      if (rooms.length === 0) log.warn('Nobody could be told.', { text });
      wake(await store.apply(inRooms(rooms, text, key)));
    } catch (error) {
      log.warn('A line could not be queued.', { error });
    }
  }

  /**
   * Only where all fit who are in, or ever were: whoever has a room with the bot can ask an administrator into it, and would
   * read along; and whoever made it says who may come back into it when they have left.
   */
  #roomsWith(fits: (user: UserId) => boolean): readonly RoomRow[] {
    const { store, isOurs } = this.#deps;
    return store.managementRooms().filter(({ row, encrypted }) => {
      const people = store.members(row).filter(({ user }) => !isOurs(user));
      return !encrypted && people.length > 0 && store.everMembers(row).every(({ user }) => isOurs(user) || fits(user));
    }).map(({ row }) => row);
  }
}

export function inRooms(rooms: readonly RoomRow[], text: string, key: string): readonly Effect[] {
  return rooms.map((room) => notice(room, text, keyOf('told', room, key)));
}

export function roomFor(people: readonly UserId[]): Effect {
  return { do: 'managementRoom', invite: people };
}
