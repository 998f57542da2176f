import { targetOf } from '../bridge/deciding.ts';
import { inviteLevel, powerLevelOf } from '../matrix/rooms/power.ts';
import { Rejected } from '../model/errors.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { Portal } from '../store/store.ts';
import { type ActionContext, Mistake, type UsedAccount } from './action.ts';
import { audit } from './audit.ts';
import { namedBy } from './create.ts';
import { usableAccounts } from './own-account.ts';
import { reaching } from './reach.ts';

/**
 * Brings somebody into the conversation of this room: a person of a network, or a Matrix user. Permission: user; into a network
 * by an account that they may use, on Matrix with the power to invite, or into a room that we made for an account that they may use.
 */
export async function invite(context: ActionContext, words: readonly string[]): Promise<string> {
  const portals = context.store.portalsOf(context.room).filter(({ state }) => state !== 'closed');
  if (portals.length === 0) throw new Mistake('This room is no bridged one. To begin a chat: open.');
  if (words.length === 0) throw new Mistake('Say whom: invite [network] <person>.');
  const [first = '', ...rest] = words;
  if (/^@[^:\s]+:\S+$/.test(first) && !context.isOurs(first)) return inviteUser(context, portals, first as UserId);
  const named = rest.length > 0 && context.accounts.some(({ network }) => network.id === first.toLowerCase());
  const whom = (named ? rest : words).join(' ');
  const { portal, account } = theirs(context, portals, named ? first.toLowerCase() : null);
  if (portal.conversation.kind === 'direct') throw new Mistake('This is a chat of two. To make a group: create.');
  const person = await namedBy(context, account, whom);
  const { refused: [refused], link } = await reaching(account, 'invite', 'invite', (reach) => reach.invite(targetOf(portal.conversation), [person]));
  if (refused !== undefined) throw new Mistake(`${account.network.name} did not let ${whom} in: ${refused.reason}`);
  await audit(context, 'invite', `${account.id} ${portal.conversation.remoteId}`);
  return link === undefined ? `${whom} is in it on ${account.network.name} now.` : `${account.network.name} lets nobody be put into a group: send ${whom} this link. ${link}`;
}

/** @throws Mistake where the room has none that they may use, or several */
function theirs(context: ActionContext, portals: readonly Portal[], network: string | null): { readonly portal: Portal; readonly account: UsedAccount } {
  const usable = usableAccounts(context);
  const found = portals.filter(({ conversation }) => network === null || conversation.network === network).flatMap((portal) => {
    const account = usable.find(({ id }) => id === portal.account);
    return account === undefined ? [] : [{ portal, account }];
  });
  const [only, ...others] = found;
  if (only === undefined) throw new Mistake('This room is bridged by no account of yours: ask its owner to invite them.');
  if (others.length > 0) throw new Mistake(`This room is on several: say which. invite <network> <person>: ${found.map(({ account }) => account.network.id).join(', ')}.`);
  return only;
}

/** In their name, so only where they might do it themselves: nobody of Matrix has power in the rooms that we make. */
async function inviteUser(context: ActionContext, portals: readonly Portal[], user: UserId): Promise<string> {
  const { homeserver, store, room } = context;
  const found = store.room(room);
  if (found?.roomId == null) throw new Mistake('This room is not there yet.');
  const isTheirs = found.createdByUs && usableAccounts(context).some(({ id }) => portals.some(({ account }) => account === id));
  if (!isTheirs && !await mayInvite(context, found.roomId)) throw new Mistake('You may not invite here.');
  try {
    await homeserver.invite(homeserver.bot, found.roomId, user);
  } catch (error) {
    if (error instanceof Rejected) throw new Mistake(`${user} was not invited: ${error.message}`);
    throw error;
  }
  await audit(context, 'invite', `${user} ${found.roomId}`);
  return `${user} is invited.`;
}

async function mayInvite({ homeserver, sender }: ActionContext, room: RoomId): Promise<boolean> {
  const state = await homeserver.state(homeserver.bot, room);
  const event = (type: string): (typeof state)[number] | undefined => state.find((one) => one.type === type && one.state_key === '');
  const [made, levels] = [event('m.room.create'), event('m.room.power_levels')?.content ?? null];
  return made !== undefined && powerLevelOf(sender, made, levels) >= inviteLevel(levels);
}
