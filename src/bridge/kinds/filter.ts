import type { UserId } from '../../model/ids.ts';
import type { InboxItem, Portal, RemoteContext } from '../../store/store.ts';
import type { Deciding } from '../deciding.ts';
import { hostsOf } from './shared.ts';

/** Who has to know of this all the same, whoever wants to hear of it. */
const ALWAYS = new Set(['identity.alias', 'delivery', 'receipt', 'typing', 'conversation.replaced', 'conversation.gone']);

/** Whether everybody whom this would be shown to ignores it: then no room is made for it, and nothing is shown in the one that is there. */
export function isIgnored(item: InboxItem, { conversation, portal, members }: RemoteContext, deciding: Deciding): boolean {
  if (item.body.side !== 'network' || ALWAYS.has(item.body.event.type)) return false;
  // In a room of somebody's own others read along, also on other networks.
  if (portal?.linked === true) return false;
  const ignores = (user: UserId): boolean => deciding.filterOf(user, conversation) === 'ignore';
  const hosts = hostsOf(item.body.account, deciding);
  return hosts.length > 0 && hosts.every(ignores) && members.every(({ user }) => deciding.isOurs(user) || ignores(user));
}

/**
 * Whether nobody in the room wants to be notified: what is written comes as notices then, of which clients make no sound
 * (client-server API, the push rule `.m.rule.suppress_notices`).
 */
export function isMuted({ conversation, account }: Portal, { members }: RemoteContext, deciding: Deciding): boolean {
  const people = members.map(({ user }) => user).filter((user) => !deciding.isOurs(user));
  const readers = people.length > 0 ? people : hostsOf(account, deciding);
  return readers.length > 0 && readers.every((user) => deciding.filterOf(user, conversation) !== null);
}
