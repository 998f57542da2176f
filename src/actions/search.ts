import type { Found } from '../networks/network.ts';
import { visibleName } from '../model/names.ts';
import { type Asking, Mistake, type UsedAccount } from './action.ts';
import { accountOn } from './own-account.ts';
import { reaching } from './reach.ts';
import { shown } from './resolve.ts';

const LINES = 20;

/** People and conversations that an account's network finds. Permission: user, of an account that they may use. */
export async function find(account: UsedAccount, query: string): Promise<readonly Found[]> {
  const wanted = query.trim();
  if (wanted === '' || wanted.length > 200) throw new Mistake('Say what to look for, in at most 200 characters.');
  return reaching(account, 'search', 'search', (reach) => reach.search(wanted));
}

/** The same in words, by the name of a network. */
export async function search(context: Asking, network: string, query: string): Promise<string> {
  if (network === '' || query === '') throw new Mistake('Say where and what: search <network> <name>.');
  const account = accountOn(context, network);
  const found = await find(account, query);
  if (found.length === 0) return `${account.network.name} finds nobody and nothing like that.`;
  const lines = found.slice(0, LINES).map((one) => {
    const { id, name, room } = shown(context, account, one);
    const kind = one.person === undefined ? ` (${one.conversation.kind})` : one.person.isBot === true ? ' (a program)' : '';
    return `• ${visibleName(name ?? '') || id}${kind}: \`${id}\`${room === null ? '' : `, in the room ${room}`}`;
  });
  const more = found.length > LINES ? [`… and ${found.length - LINES} more: say it more exactly.`] : [];
  return [...lines, ...more, `To begin a chat: open ${network} <id>.`].join('\n');
}
