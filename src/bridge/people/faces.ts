import type { Clock } from '../../model/clock.ts';
import type { AccountId, Millis, PersonRow } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Connection } from '../../networks/network.ts';
import type { Person, Store } from '../../store/store.ts';

export interface FacesDeps {
  readonly store: Store;
  readonly connection: (account: AccountId) => Connection | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Somebody whose name could not be had is asked for again after this; one who was told of is not asked for again. */
const PATIENCE: Millis = 10 * 60_000;

/** Asks networks whose messages hold only ids what those people are called. Beside the lanes: what is written waits for it a moment, no longer. */
export class Faces {
  readonly #deps: FacesDeps;
  readonly #asking = new Set<PersonRow>();
  /** Until when nobody asks for them. */
  readonly #asked = new Map<PersonRow, Millis>();

  constructor(deps: FacesDeps) {
    this.#deps = deps;
  }

  /** True while somebody of these is being asked for. */
  learn(account: AccountId, people: readonly Person[]): boolean {
    const connection = this.#deps.connection(account);
    if (connection?.profile === undefined) return false;
    const now = this.#deps.clock.now();
    for (const person of people) {
      const known = person.name !== null && person.picture !== undefined;
      if (known || this.#asking.has(person.row) || now < (this.#asked.get(person.row) ?? 0)) continue;
      this.#asking.add(person.row);
      void this.#ask(account, connection, person);
    }
    return people.some(({ row, name }) => name === null && this.#asking.has(row));
  }

  async #ask(account: AccountId, connection: Connection, person: Person): Promise<void> {
    const { store, clock, log } = this.#deps;
    try {
      const found = await connection.profile?.({ id: person.ids[0] ?? '', scope: person.scope });
      if (found) await store.apply([{ do: 'facts', network: person.network, account, people: [found] }]);
      this.#asked.set(person.row, store.person(person.row)?.name === null ? clock.now() + PATIENCE : Infinity);
    } catch (error) {
      log.debug('A network did not say who somebody is.', { account, person: person.row, error });
      this.#asked.set(person.row, clock.now() + PATIENCE);
    } finally {
      this.#asking.delete(person.row);
      if (this.#asked.size > 10_000) this.#asked.clear();
    }
  }
}
