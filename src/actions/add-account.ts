import { accountId, type Accounts } from '../bridge/accounts.ts';
import type { Clock } from '../model/clock.ts';
import type { AccountId, NetworkId, UserId } from '../model/ids.ts';
import type { LoginDone, LoginFlow } from '../networks/login.ts';
import type { Store, StoredAccount } from '../store/store.ts';
import { Mistake } from './action.ts';
import { audit } from './audit.ts';

export interface AddingDeps {
  readonly store: Store;
  readonly accounts: Pick<Accounts, 'add' | 'list' | 'problem'>;
  readonly clock: Clock;
}

/** What an account that somebody logged in is to be. */
export interface NewAccount {
  readonly network: NetworkId;
  readonly app: string;
  readonly makes: LoginFlow['makes'];
  readonly owner: UserId;
}

export interface AddedAccount {
  readonly account: AccountId;
  /** `changed`: it was there, and has other settings now. */
  readonly outcome: 'added' | 'changed';
}

/**
 * Keeps what a login came to, and brings the account up. The same account of the network is the same account here, also after it
 * was logged out. Permission: user for a personal account, admin for a relay account, as `LoginSessions` has seen to.
 * @throws Mistake where it is there already and not theirs, or does not fit beside the others of its app
 */
export async function addAccount({ store, accounts, clock }: AddingDeps, done: LoginDone, { network, app, makes, owner }: NewAccount): Promise<AddedAccount> {
  const there = accounts.list().find((one) => one.network.id === network && one.connection.remoteId === done.remoteId);
  const before = store.storedAccounts();
  const kept = before.find((one) => one.id === there?.id);
  if (there !== undefined && (there.inConfig || kept === undefined)) throw new Mistake(`That account is there already: ${there.id}, which is in the config.`);
  if (kept !== undefined && kept.owner !== owner && makes === 'personal') throw new Mistake('Somebody else has logged in that account already.');
  if (kept !== undefined && kept.kind !== makes) throw new Mistake(`That account is there already, as another sort: log ${kept.id} out first.`);
  const again = kept ?? before.find((one) => one.network === network && one.app === app && one.remoteId === done.remoteId);
  const given = {
    network, app: again?.app ?? app, name: again === undefined ? freeName(done, (name) => isTaken(accountId(network, app, name))) : nameOf(again),
    settings: { ...done.settings, owners: [kept?.owner ?? owner] },
  };
  const problem = accounts.problem(given);
  if (problem !== null) throw new Mistake(`It cannot be added: ${problem}`);
  const account = accountId(given.network, given.app, given.name);
  await store.keepAccount({
    id: account, network, app: given.app, remoteId: done.remoteId, kind: makes, owner: kept?.owner ?? owner, settings: given.settings, createdAt: kept?.createdAt ?? clock.now(),
  });
  await audit({ store, clock, sender: owner }, 'login', account);
  await accounts.add(given);
  return { account, outcome: kept === undefined ? 'added' : 'changed' };

  function isTaken(id: AccountId): boolean {
    return before.some((one) => one.id === id) || accounts.list().some((one) => one.id === id);
  }
}

/** The last part of an account's id. */
export function nameOf({ id, network, app }: Pick<StoredAccount, 'id' | 'network' | 'app'>): string {
  return id.slice(`${network}/${app}/`.length);
}

/** By what the network calls it; never one that another account has or had: its conversations would become this one's. */
function freeName({ name, remoteId }: LoginDone, isTaken: (name: string) => boolean): string {
  const bare = [name.toLowerCase(), remoteId].map((one) => one.replaceAll(/[^a-zA-Z0-9_-]+/g, '_').replaceAll(/^[_-]+|[_-]+$/g, '').slice(0, 40)).find((one) => one !== '') ?? 'account';
  for (let n = 1; ; n++) {
    const wanted = n === 1 ? bare : `${bare}-${n}`;
    if (!isTaken(wanted)) return wanted;
  }
}
