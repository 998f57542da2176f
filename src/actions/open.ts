import type { AccountId, ConversationRow, RoomId } from '../model/ids.ts';
import type { Found } from '../networks/network.ts';
import type { Portal } from '../store/store.ts';
import { type Asking, Mistake, type UsedAccount } from './action.ts';
import { accountOn } from './own-account.ts';
import { nameOf, portalByNumber } from './portal.ts';
import { resolve } from './resolve.ts';

/** Makes a room for a conversation with somebody, or invites to the one that is there. Permission: user. */
export async function open(context: Asking, networkId: string, who: string): Promise<string> {
  const known = portalByNumber(context, networkId);
  if (known !== null) {
    needWelcome(context, known);
    await inviteTo(context, known);
    return `You are invited to the room with ${nameOf(known, context)}.`;
  }
  const account = accountOn(context, networkId);
  if (who === '') throw new Mistake(`Say with whom: open ${networkId} <number>.`);
  const found = await resolve(context, account, who);
  if (found === null) throw new Mistake(`${account.network.name} knows nobody like ${who.slice(0, 40)}.`);
  const { isNew } = await openFound(context, account, found);
  return isNew ? `Opening a room with ${who.slice(0, 40)} on ${account.network.name}; you will be invited.` : `The room with ${who.slice(0, 40)} is there; you are invited to it.`;
}

/** The same for somebody or something that was found. A new room comes by and by: see `roomMade`. */
export async function openFound(context: Asking, account: UsedAccount, { person, conversation: ref }: Found): Promise<{ readonly conversation: ConversationRow; readonly isNew: boolean }> {
  const { store, sender } = context;
  const { conversation, wake } = await store.openConversation({
    network: account.network.id, account: account.id, person: person ?? null, conversation: ref, invite: [sender],
    ...(context.adapter(account.id)?.hasPast({ ...ref, aliases: ref.aliases ?? [] }) === true ? { backfill: true } : {}),
  });
  context.wake(wake);
  const { portal, room } = store.remoteContext(conversation, null, []);
  if (portal === null || portal.state !== 'live') return { conversation, isNew: true };
  if (room === null || store.member(room.row, sender)?.membership !== 'join') {
    needWelcome(context, portal);
    await inviteTo(context, portal);
  }
  return { conversation, isNew: false };
}

/**
 * Who is in a group of a network may come into the room of that, and into nothing else: others may have linked it to a room of
 * their own, or other chats to its room. Whoever was in a room that everybody has left may return, as nobody is there to ask them in.
 * @throws Mistake
 */
function needWelcome({ store, sender, permission, accounts, isOurs }: Asking, { row, room: at }: Portal): void {
  const room = store.room(at);
  const owns = (id: AccountId): boolean => permission === 'admin' || accounts.some((account) => account.id === id && account.settings.owners.includes(sender));
  if (room?.createdByUs === true && store.portalsOf(at).every((portal) => portal.row === row || owns(portal.account))) return;
  if (store.member(at, sender)?.hasLeft === true && store.members(at).every(({ user }) => isOurs(user))) return;
  throw new Mistake('It has a room already, in which others say who comes in: ask somebody there for an invitation.');
}

const LOOK_MS = 100;

/** The room of a conversation that was opened; null where it is not there after `patience` milliseconds. */
export async function roomMade({ store, clock }: Asking, conversation: ConversationRow, patience: number): Promise<RoomId | null> {
  for (const until = clock.now() + patience; ;) {
    const { room } = store.remoteContext(conversation, null, []);
    if (room?.roomId != null && room.state === 'live') return room.roomId;
    if (clock.now() >= until) return null;
    await clock.sleep(LOOK_MS);
  }
}

async function inviteTo({ store, clock, sender, wake }: Asking, { row, room }: Portal): Promise<void> {
  wake(await store.apply([{ do: 'send', row: {
    lane: `out:r${room}`, key: `open.${row}.${sender}.${clock.now()}`, room, task: { to: 'matrix', kind: 'invite', user: sender },
  } }]));
}
