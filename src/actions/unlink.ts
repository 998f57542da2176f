import { keyOf } from '../bridge/keys.ts';
import { notice } from '../bridge/reports/report.ts';
import type { PersonRow, UserId } from '../model/ids.ts';
import type { Effect, Person, Portal } from '../store/store.ts';
import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';
import { audit } from './audit.ts';
import { accountsCalled, conversationCalled, titleOf } from './called.ts';
import { needRights } from './room-rights.ts';

/**
 * Ends what a room is linked to, whoever made it, and leaves it tidy; the conversation's next message makes a room of its own.
 * Permission: user, and power enough in the room; in a room that we made the owner of the account (or an administrator).
 */
export async function unlink(context: ActionContext, words: readonly string[]): Promise<string> {
  const { store } = context;
  const portal = meant(context, words);
  const room = store.room(portal.room);
  if (room === null) throw new Mistake('Its room is not there any more.');
  const rights = await needRights(context, room, [portal.account]);
  const network = networkOf(context, portal);
  const said = `🔗 This room is no longer linked to ${titleOf(portal.conversation)} on ${network}: nothing goes there any more. The next message from there makes a room of its own.`;
  const owners = (context.accounts.find(({ id }) => id === portal.account)?.settings.owners ?? []) as readonly UserId[];
  const last = store.portalsOf(room.row).every(({ row }) => row === portal.row);
  const lane = `out:r${room.row}`;
  const effects: readonly Effect[] = [
    { do: 'close', portal: portal.row, invite: owners },
    ...(rights.mayBridge(context.homeserver.bot) ? [{ do: 'send', row: {
      lane, key: keyOf('no bridge info', portal.row), portal: portal.row, room: room.row, account: portal.account, task: { to: 'matrix', kind: 'bridge info', shown: false },
    } } as const] : []),
    ...ghostsOf(context, portal).map((person): Effect => ({ do: 'send', row: {
      lane, key: keyOf('unlinked', portal.row, person), room: room.row, task: { to: 'matrix', kind: 'leave', as: person },
    } })),
    // What people say in a room of theirs is no concern of the bridge any more.
    ...(last && !room.createdByUs ? [{ do: 'room', room: room.row, change: { kind: 'unknown' } } as const] : []),
    ...(room.row === context.room ? [] : [notice(room.row, said, keyOf('unlinked', portal.row))]),
  ];
  context.wake(await store.apply(effects));
  await audit(context, 'unlink', `${portal.account} in ${room.roomId ?? ''}`);
  return room.row === context.room ? said : `${titleOf(portal.conversation)} is no longer linked to ${room.roomId}.`;
}

/** One of the room where this is said; from elsewhere one of an account of one's own. */
function meant(context: ActionContext, [networkName = '', ...rest]: readonly string[]): Portal {
  const { store } = context;
  const here = store.portalsOf(context.room);
  const name = rest.join(' ');
  const fits = here.filter((portal) => {
    const { conversation, account } = portal;
    const isNetwork = [conversation.network, networkOf(context, portal).toLowerCase(), account].includes(networkName.toLowerCase());
    return (networkName === '' || isNetwork) && (name === '' || conversation.aliases.includes(name) || conversation.title?.toLowerCase() === name.toLowerCase());
  });
  if (fits.length === 1) return fits[0] as Portal;
  if (fits.length > 1) throw new Mistake(`Say which of them:\n${fits.map(({ conversation }) => `unlink ${conversation.network} ${conversation.remoteId}${conversation.title === null ? '' : ` (${conversation.title})`}`).join('\n')}`);
  if (networkName === '' || name === '') throw new Mistake(here.length > 0 ? 'This room is not linked to that.' : 'This room is linked to nothing. Say what to unlink: unlink <network> <conversation>, or say unlink in its room.');
  const conversation = conversationCalled(context, accountsCalled(context, networkName), name);
  const portal = conversation === null ? null : store.portalOf(conversation.row);
  if (portal === null) throw new Mistake(`${name.slice(0, 80)} on ${networkName.slice(0, 40)} has no room.`);
  return portal;
}

function networkOf({ accounts }: ActionContext, { account, conversation }: Portal): string {
  return accounts.find(({ id }) => id === account)?.network.name ?? conversation.network;
}

/** Ghosts of its people that nothing else here is known of: whoever does speak elsewhere in the room comes back with their next word. */
function ghostsOf({ store, homeserver }: ActionContext, portal: Portal): readonly PersonRow[] {
  const others = store.portalsOf(portal.room).filter(({ row }) => row !== portal.row);
  const isOf = (person: Person, { conversation }: Portal): boolean =>
    conversation.person === person.row || (person.network === conversation.network && person.scope === conversation.scope);
  return store.members(portal.room).flatMap(({ user }) => {
    const person = user.endsWith(`:${homeserver.serverName}`) ? store.personByLocalpart(user.slice(1, user.indexOf(':'))) : null;
    if (person === null || !isOf(person, portal)) return [];
    const stays = others.some((other) => isOf(person, other) && (other.conversation.person === person.row || store.spokeIn(other.row, person.row)));
    return stays ? [] : [person.row];
  });
}
