import type { Millis, UserId } from '../model/ids.ts';
import type { Blocked, Store } from '../store/store.ts';

/** Users and servers that administrators have shut out, whatever the config allows them. It is asked for every event, so it is kept in memory. */
export class Blocklist {
  readonly #store: Pick<Store, 'block' | 'unblock'>;
  readonly #blocked = new Map<string, Blocked>();

  constructor(store: Pick<Store, 'blocked' | 'block' | 'unblock'>) {
    this.#store = store;
    for (const one of store.blocked()) this.#blocked.set(one.who, one);
  }

  has(user: string): boolean {
    const colon = user.indexOf(':');
    return this.#blocked.size > 0 && (this.#blocked.has(user) || (colon !== -1 && this.#blocked.has(user.slice(colon + 1))));
  }

  list(): readonly Blocked[] {
    return [...this.#blocked.values()];
  }

  /** False where it is blocked already. */
  async add(who: string, by: UserId, at: Millis): Promise<boolean> {
    const isNew = !this.#blocked.has(who);
    if (isNew) await this.#store.block({ who, by, at });
    if (isNew) this.#blocked.set(who, { who, by, at });
    return isNew;
  }

  async remove(who: string): Promise<boolean> {
    await this.#store.unblock(who);
    return this.#blocked.delete(who);
  }
}
