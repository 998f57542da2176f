import { type Asking, Mistake, type UsedAccount } from './action.ts';

/** Accounts that are somebody's own. */
export function ownAccounts({ accounts, sender }: Pick<Asking, 'accounts' | 'sender'>): readonly UsedAccount[] {
  return accounts.filter(({ settings }) => settings.owners.includes(sender));
}

/** Accounts that somebody may use: their own, administrators all, their own first. */
export function usableAccounts(context: Pick<Asking, 'accounts' | 'sender' | 'permission'>): readonly UsedAccount[] {
  const own = ownAccounts(context);
  return context.permission === 'admin' ? [...own, ...context.accounts.filter((one) => !own.includes(one))] : own;
}

/** The account of a network that somebody may use. @throws Mistake where there is none */
export function accountOn(context: Asking, network: string): UsedAccount {
  const there = context.accounts.filter((one) => one.network.id === network);
  const known = [...new Set(context.accounts.map((one) => one.network.id))];
  if (there.length === 0) throw new Mistake(`There is no account on "${network.slice(0, 40)}" here. Networks: ${known.join(', ') || 'none'}.`);
  const found = usableAccounts(context).find((one) => one.network.id === network);
  if (found === undefined) throw new Mistake(`You own no account on ${network}. To add one: login ${network}. Or the administrator names you in the config, under owners.`);
  return found;
}
