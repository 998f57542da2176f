import type { MatrixEvent } from '../../model/events.ts';
import type { EventId, UserId } from '../../model/ids.ts';
import type { Effect, InboxItem, Member, NetworkTask, Portal, RemoteContext, RoomContext } from '../../store/store.ts';
import type { Deciding, Decision } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import type { RelayPrefix } from '../settings.ts';

/** The rows come first; the lane looks again and finds them. */
export function openPortal(item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  if (item.tries > 3) return { outcome: { to: 'dead', code: 'no_portal', reason: 'No room could be made for this conversation.' }, effects: [] };
  const account = item.body.side === 'network' ? item.body.account : context.conversation.account;
  return { outcome: { to: 'again' }, effects: [{ do: 'portal', conversation: context.conversation.row, account, invite: deciding.owners(account) }] };
}

/** One row of a Matrix event for one portal. */
export function toPortal(portal: Portal, event: MatrixEvent, task: NetworkTask, part: number, parts: number): Effect {
  return { do: 'send', row: {
    lane: `out:p${portal.row}`, key: keyOf(portal.row, event.event_id, task.kind, part), task, portal: portal.row, room: portal.room,
    account: portal.account, event: event.event_id as EventId, sender: event.sender as UserId, part, parts,
  } };
}

/** Whether the speaker's name stands before what they say: the network sees only the account. */
export function relayOf(sender: UserId, portal: Portal, context: RoomContext, deciding: Deciding): { readonly name: string } | null {
  return relayIn(sender, deciding.owners(portal.account), context.sender, context.members, deciding.relayPrefix, (user) => deciding.isOurs(user));
}

/** `auto`: an owner who is alone with the ghosts speaks for the account; everybody else by name. */
export function relayIn(
  sender: UserId, owners: readonly UserId[], member: Member | null, members: readonly Member[], prefix: RelayPrefix, isOurs: (user: string) => boolean,
): { readonly name: string } | null {
  if (prefix === 'never') return null;
  const people = members.filter(({ membership, user }) => membership === 'join' && !isOurs(user));
  const alone = owners.includes(sender) && people.length <= 1;
  return prefix === 'auto' && alone ? null : { name: member?.name ?? sender.slice(1, sender.indexOf(':')) };
}
