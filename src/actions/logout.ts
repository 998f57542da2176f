import { targetOf } from '../bridge/deciding.ts';
import { keyOf } from '../bridge/keys.ts';
import { notice } from '../bridge/reports/report.ts';
import { DeliveryError } from '../model/errors.ts';
import type { AccountId, UserId } from '../model/ids.ts';
import type { Effect, Portal, StoredAccount } from '../store/store.ts';
import type { Asking } from './action.ts';
import { Mistake } from './action.ts';
import { audit } from './audit.ts';

/**
 * Ends an account that was logged in while the bridge ran: its connection is closed, its secrets are wiped, and its conversations
 * go to another account that has them, else their rooms are no longer bridged. Permission: its owner, admin for all.
 */
export async function logout(context: Asking, named: string): Promise<string> {
  const { store, live } = context;
  if (named === '') throw new Mistake('Say which: logout <account>. Your accounts: accounts.');
  const account = find(context, named);
  // The same name may stand in the config meanwhile: then the rooms are that account's.
  if (live.list().some(({ id, inConfig }) => inConfig && id === account.id)) {
    await store.endAccount(account.id);
    await audit(context, 'logout', account.id);
    return `✅ What was logged in as ${account.id} is deleted; the account of that name in the config goes on.`;
  }
  const waiting = store.waitingBy()[account.id] ?? 0;
  const portals = store.openPortals(account.id);
  // First nothing comes in any more; what is written down last is taken up again where the bridge stops in between.
  await live.remove(account.id);
  const served = new Map<Portal, AccountId>();
  for (const portal of portals) {
    const other = await otherFor(context, portal, account.owner);
    if (other !== null) served.set(portal, other);
  }
  context.wake(await store.apply(portals.flatMap((portal) => leave(portal, account.id, served.get(portal)))));
  await store.endAccount(account.id);
  context.accountGone(account.id);
  await audit(context, 'logout', account.id);
  const closed = portals.length - served.size;
  return [
    `✅ ${account.id} is logged out, and its secrets are deleted here. To make them worthless, revoke them at the network too.`,
    ...(closed > 0 ? [`Rooms that are no longer bridged: ${closed}. They stay, with what was said in them.`] : []),
    ...(served.size > 0 ? [`Rooms that go on by another account: ${served.size}.`] : []),
    ...(waiting > 0 ? [`Messages that waited for it: ${waiting}. They are not sent; whoever wrote them is told.`] : []),
  ].join('\n');
}

/** By its id, or the last part of it where that is only one of theirs. */
function find({ store, accounts, sender, permission }: Asking, named: string): StoredAccount {
  const stored = store.storedAccounts().filter(({ settings, owner }) => settings !== null && (permission === 'admin' || owner === sender));
  const exact = stored.find(({ id }) => id === named);
  const short = stored.filter(({ id }) => id.endsWith(`/${named}`));
  const [found] = exact === undefined ? short : [exact];
  if (found !== undefined && (exact !== undefined || short.length === 1)) return found;
  if (short.length > 1) throw new Mistake(`There are several: ${short.map(({ id }) => id).join(', ')}. Give the whole name.`);
  const fixed = accounts.find(({ id, inConfig, settings }) => inConfig && id === named && (permission === 'admin' || settings.owners.includes(sender)));
  if (fixed !== undefined) throw new Mistake(`${fixed.id} is in the config: an administrator takes it out of the file and restarts the bridge.`);
  throw new Mistake('You have no such account. Your accounts: accounts.');
}

/**
 * An account that is in the same conversation, relay accounts first. Where ids are an account's own, or it is a direct chat, there is none.
 * A room of somebody's own goes on by another account of theirs alone, as they could not have linked it by one of others; and nobody
 * speaks by the personal account of somebody who is not in the room.
 */
async function otherFor({ live, store }: Asking, { room, conversation, linked }: Portal, owner: UserId): Promise<AccountId | null> {
  if (conversation.kind === 'direct' || conversation.perAccount !== false) return null;
  const personal = new Set(store.storedAccounts().filter(({ kind }) => kind === 'personal').map(({ id }) => id));
  const mayServe = (id: AccountId, owners: readonly string[]): boolean => (linked ? owners.includes(owner)
    : !personal.has(id) || owners.some((user) => store.member(room, user as UserId)?.membership === 'join'));
  const others = live.list().filter(({ id, network, connection, settings }) => network.id === conversation.network && connection.describe !== undefined && mayServe(id, settings.owners));
  for (const { id, connection } of others.toSorted((a, b) => Number(personal.has(a.id)) - Number(personal.has(b.id)))) {
    try {
      await connection.describe?.(targetOf(conversation));
      return id;
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
    }
  }
  return null;
}

function leave({ row, room }: Portal, account: AccountId, other: AccountId | undefined): readonly Effect[] {
  if (other !== undefined) return [{ do: 'handOver', portal: row, account: other }];
  return [
    { do: 'portalState', portal: row, state: 'closed' },
    notice(room, `ℹ️ This chat is no longer bridged: its account ${account} was logged out.`, keyOf('logged out', row)),
  ];
}
