import type { Found } from '../networks/network.ts';
import type { UsedAccount } from './action.ts';
import { reaching } from './reach.ts';

export interface Contacts {
  readonly found: readonly Found[];
  /** There are more than anybody looks through. */
  readonly truncated: boolean;
}

/** Of one list; a page more than that is asked for at most. */
const MOST = 2_000;

/** People whom an account may write to, as its network lists them. Permission: user, of an account that they may use. */
export function contacts(account: UsedAccount): Promise<Contacts> {
  return reaching(account, 'contacts', 'contacts', (reach) => all((after) => reach.contacts(after)));
}

/** Conversations of several that it is in or could join. Permission: the same. */
export function conversations(account: UsedAccount): Promise<Contacts> {
  return reaching(account, 'conversations', 'conversations', (reach) => all((after) => reach.conversations(after)));
}

async function all(ask: (after?: string) => ReturnType<NonNullable<NonNullable<UsedAccount['connection']['reach']>['contacts']>>): Promise<Contacts> {
  const found: Found[] = [];
  for (let after: string | undefined; ;) {
    const { items, next } = await ask(after);
    found.push(...items);
    if (next === undefined || next === after || items.length === 0) return { found: found.slice(0, MOST), truncated: found.length > MOST };
    if (found.length >= MOST) return { found: found.slice(0, MOST), truncated: true };
    after = next;
  }
}
