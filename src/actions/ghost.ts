import { localpartOf } from '../model/ids.ts';
import type { Person } from '../store/store.ts';
import type { Asking } from './action.ts';

/** Who a ghost of ours stands for; null where it is none, the bot for instance. */
export function ghostOf({ isOurs, store, homeserver }: Pick<Asking, 'isOurs' | 'store' | 'homeserver'>, user: string): Person | null {
  return user.startsWith('@') && user.includes(':') && isOurs(user) && user !== homeserver.bot ? store.personByLocalpart(localpartOf(user)) : null;
}
