import type { Asking, UsedAccount } from '../../actions/action.ts';
import { ownAccounts, usableAccounts } from '../../actions/own-account.ts';
import type { Call } from './endpoint.ts';
import { Refusal } from './errors.ts';

/** An account's id as clients carry it: they put it into paths, where a slash would be read as one. */
export function loginIdOf({ id }: Pick<UsedAccount, 'id'>): string {
  return id.replaceAll('/', '.');
}

export const LOGIN_QUERY = { login_id: 'Which of the user’s accounts; needed where they have several.' } as const;

/** @throws Refusal where they may use no such account */
export function loginNamed(context: Asking, named: string): UsedAccount {
  const found = usableAccounts(context).find((account) => loginIdOf(account) === named || account.id === named);
  if (found === undefined) throw new Refusal(404, 'M_NOT_FOUND', 'Login not found.');
  return found;
}

/** The account that a call is about: the one it names, else the only one that there is. @throws Refusal */
export function loginOf({ context, query }: Call): UsedAccount {
  if (query['login_id'] !== undefined) return loginNamed(context, query['login_id']);
  const own = ownAccounts(context);
  const [only, ...others] = own.length > 0 ? own : usableAccounts(context);
  if (only === undefined) throw new Refusal(400, 'FI.MAU.NOT_LOGGED_IN', 'You have no account here: log one in first.');
  if (others.length > 0) throw new Refusal(400, 'M_MISSING_PARAM', `You have several accounts. Name one with login_id: ${[only, ...others].map(loginIdOf).join(', ')}.`);
  return only;
}
