import { Rejected } from '../model/errors.ts';
import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';
import { nameOf, portalByNumber } from './portal.ts';
import type { Portal } from '../store/store.ts';

/** Makes a room for a conversation with somebody, or invites to the one that is there. Permission: user. */
export async function open(context: ActionContext, networkId: string, who: string): Promise<string> {
  const known = portalByNumber(context, networkId);
  if (known !== null) {
    await invite(context, known);
    return `You are invited to the room with ${nameOf(known, context)}.`;
  }
  const accounts = context.accounts.filter(({ network }) => network.id === networkId);
  const networks = [...new Set(context.accounts.map(({ network }) => network.id))];
  if (accounts.length === 0) throw new Mistake(`There is no account on "${networkId.slice(0, 40)}" here. Networks: ${networks.join(', ') || 'none'}.`);
  if (who === '') throw new Mistake(`Say with whom: open ${networkId} <number>.`);
  const own = accounts.find(({ settings }) => settings.owners.includes(context.sender));
  const account = own ?? (context.permission === 'admin' ? accounts[0] : undefined);
  if (account === undefined) throw new Mistake(`You own no account on ${networkId}. The administrator names owners in the config, under owners.`);
  let meant: ReturnType<typeof account.network.resolve>;
  try {
    meant = account.network.resolve(who, account.settings);
  } catch (error) {
    if (error instanceof Rejected) throw new Mistake(error.message);
    throw error;
  }
  const { conversation, wake } = await context.store.openConversation({
    network: account.network.id, account: account.id, person: meant.person, conversation: meant.conversation, invite: [context.sender],
    ...(context.adapter(account.id)?.hasPast({ ...meant.conversation, aliases: [] }) === true ? { backfill: true } : {}),
  });
  context.wake(wake);
  const portal = context.store.remoteContext(conversation, null, []).portal;
  if (portal !== null && portal.state === 'live') {
    await invite(context, portal);
    return `The room with ${who.slice(0, 40)} is there; you are invited to it.`;
  }
  return `Opening a room with ${who.slice(0, 40)} on ${account.network.name}; you will be invited.`;
}

async function invite(context: ActionContext, { row, room }: Portal): Promise<void> {
  context.wake(await context.store.apply([{ do: 'send', row: {
    lane: `out:r${room}`, key: `open.${row}.${context.sender}.${Date.now()}`, room, task: { to: 'matrix', kind: 'invite', user: context.sender },
  } }]));
}
