import type { Millis, UserId } from '../model/ids.ts';
import type { Blocked, Store } from '../store/store.ts';

/** Users and servers that administrators have shut out, whatever the config allows them. It is asked for every event, so it is kept in memory. */
export class Blocklist {
  readonly #store: Pick<Store, 'block' | 'unblock'>;
  readonly #blocked = new Map<string, Blocked>();

  constructor(store: Pick<Store, 'blocked' | 'block' | 'unblock'>) {
    this.#store = store;
    for (const one of store.blocked()) this.#blocked.set(named(one.who), one);
  }

  has(user: string): boolean {
    const colon = user.indexOf(':');
    return this.#blocked.size > 0 && (this.#blocked.has(user) || (colon !== -1 && this.#blocked.has(named(user.slice(colon + 1)))));
  }

  list(): readonly Blocked[] {
    return [...this.#blocked.values()];
  }

  /** False where it is blocked already. */
  async add(who: string, by: UserId, at: Millis): Promise<boolean> {
    const isNew = !this.#blocked.has(named(who));
    if (isNew) await this.#store.block({ who, by, at });
    if (isNew) this.#blocked.set(named(who), { who, by, at });
    return isNew;
  }

  async remove(who: string): Promise<boolean> {
    await this.#store.unblock(this.#blocked.get(named(who))?.who ?? who);
    return this.#blocked.delete(named(who));
  }
}

/** Capital letters make no other server: whoever runs one may write its name as they like. */
function named(who: string): string {
  return who.startsWith('@') ? who : who.toLowerCase();
}
