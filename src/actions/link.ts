import { keyOf } from '../bridge/keys.ts';
import type { AccountId, RoomId } from '../model/ids.ts';
import { type Conversation, type Portal, type Room, Stale } from '../store/store.ts';
import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';
import { audit } from './audit.ts';
import { type Account, accountsCalled, conversationCalled, titleOf } from './called.ts';
import { type Found, resolve } from './resolve.ts';
import { needRights } from './room-rights.ts';

const HOW = 'link <network> <conversation>';

/**
 * Links a room that is there to a conversation: what is said in one is seen in the other, and in all else that the room is linked to.
 * Permission: user; an account of one's own (administrators: any), and power enough in the room.
 */
export async function link(context: ActionContext, words: readonly string[]): Promise<string> {
  const { store } = context;
  const [networkName = '', ...rest] = words;
  if (networkName === '') throw new Mistake(`Say what to link: ${HOW}.`);
  const accounts = accountsCalled(context, networkName);
  const { room, name } = await placeIn(context, networkName, rest);
  const there = store.portalsOf(room.row);
  const account = accounts[0] as Account;
  const rights = await needRights(context, room, there.map((portal) => portal.account));
  if (rights.encrypted || room.encrypted) throw new Mistake('This room is encrypted, and Drawbridge does not bridge encrypted rooms. Encryption cannot be switched off again: make a new room without it.');
  const { bot } = context.homeserver;
  if (!rights.open && !rights.mayInvite(bot)) throw new Mistake(`I may not invite anybody to this room, and people of the network must come into it. Give me (${bot}) the power level that inviting needs.`);
  if (!rights.anyoneSpeaks) throw new Mistake('Only people with a power level of their own may speak in this room; those of the network have none. Lower the level that messages need.');
  const named = conversationCalled(context, accounts, name);
  const found = named === null ? await lookedUp(context, account, name) : null;
  // By what somebody typed it was not found, by what the network makes of that it may be.
  const known = named ?? (found === null ? null : conversationCalled(context, [account], found.conversation.id));
  const at = known === null ? null : store.portalOf(known.row);
  if (known !== null && at !== null) throw new Mistake(at.room === room.row ? `${titleOf(known)} is linked to this room already.` : elsewhere(context, known, at.room, networkName));
  needOneSide(context, there, accounts.find(({ id }) => id === known?.account) ?? account, known, found);
  try {
    const conversation = known ?? await opened(context, account, found, room);
    if (known !== null) context.wake(await store.apply([{ do: 'portalIn', room: room.row, conversation: known.row, account: known.account }]));
    await audit(context, 'link', `${conversation.account} in ${room.roomId ?? ''}`);
    return await linked(context, conversation, room, rights.mayBridge(bot));
  } catch (error) {
    if (error instanceof Stale) throw new Mistake('It has got a room meanwhile. Say it again to see which.');
    throw error;
  }
}

/** The room that is meant: the one where this is said, else the one that is named last. */
async function placeIn(context: ActionContext, networkName: string, words: readonly string[]): Promise<{ readonly room: Room; readonly name: string }> {
  const { store, homeserver } = context;
  const last = words.at(-1) ?? '';
  const named = /^![^\s]+$|^#[^\s:]+:[^\s]+$/.test(last) ? last : null;
  const here = store.room(context.room);
  const isHere = last.toLowerCase() === 'here';
  const name = (named === null && !isHere ? words : words.slice(0, -1)).join(' ');
  if (name === '') throw new Mistake(`Say which conversation: ${HOW.replace('<network>', networkName)}, by its id or its name there.`);
  if (named === null && !isHere && here?.kind === 'management') {
    throw new Mistake(`Say which room, by its id or address: link ${networkName} ${name} !room:server. To make a portal of this very room: link ${networkName} ${name} here.`);
  }
  const id = named === null ? null : named.startsWith('!') ? (named as RoomId) : await homeserver.resolveAlias(named);
  const room = named === null ? here : id === null ? null : store.roomById(id);
  if (room === null) throw new Mistake(`I know no room ${named ?? ''}. Invite me there first: ${homeserver.bot}.`);
  if (room.kind === 'management' && room.createdByUs) throw new Mistake('This is my own room with you, for what has no other. Make another, invite me there, and say it there.');
  return { room, name };
}

/**
 * Two accounts of the bridge that write to each other: with both sides of their chat in one room each would pass on what the other
 * says without end. @throws Mistake
 */
function needOneSide({ store, accounts }: ActionContext, there: readonly Portal[], account: Account, wanted: Conversation | null, found: Found | null): void {
  const idsOf = (conversation: Conversation): readonly string[] => (conversation.kind !== 'direct' || conversation.person === null ? [] : store.person(conversation.person)?.ids ?? []);
  const person = found?.conversation.kind === 'direct' ? found.person : undefined;
  const theirs = wanted === null ? (person === undefined ? [] : [person.id, ...(person.aliases ?? [])]) : idsOf(wanted);
  // Some networks count people by workspace: `T0123/U0123`.
  const isOne = (id: AccountId, ids: readonly string[]): boolean => {
    const remote = accounts.find((one) => one.id === id)?.connection.remoteId;
    return remote !== undefined && ids.some((each) => remote === each || remote.endsWith(`/${each}`));
  };
  const other = there.find((portal) => portal.conversation.network === account.network.id && isOne(portal.account, theirs) && isOne(account.id, idsOf(portal.conversation)));
  if (other !== undefined) throw new Mistake(`That is the other side of the chat that ${other.account} has here: each would be told what the other says, without end.`);
}

/** Nothing was said in it yet: then it is looked for as `open` would. */
async function lookedUp(context: ActionContext, account: Account, name: string): Promise<Found> {
  const found = await resolve(context, account, name).catch((error: unknown) => {
    if (error instanceof Mistake) throw new Mistake(unknown(account, name, error.message));
    throw error;
  });
  if (found === null) throw new Mistake(unknown(account, name, `${account.network.name} knows nobody like that.`));
  return found;
}

async function opened({ store, wake: awake }: ActionContext, account: Account, found: Found | null, room: Room): Promise<Conversation> {
  if (found === null) throw new Mistake('There is no such conversation.');
  const { conversation, wake } = await store.openConversation({ network: account.network.id, account: account.id, person: found.person ?? null, conversation: found.conversation, invite: [], into: room.row });
  awake(wake);
  return store.conversation(conversation) as Conversation;
}

function unknown({ id, network }: Account, name: string, otherwise: string): string {
  return `I know no conversation ${name.slice(0, 80)} on ${network.name} yet. If it is a group: say something in it there first, where the account ${id} can see it. If it is a person: ${otherwise}`;
}

async function linked(context: ActionContext, conversation: Conversation, room: Room, showsIt: boolean): Promise<string> {
  const { store } = context;
  const portal = store.portalOf(conversation.row);
  const network = context.accounts.find(({ id }) => id === conversation.account)?.network.name ?? conversation.network;
  if (portal !== null && showsIt) {
    context.wake(await store.apply([{ do: 'send', row: {
      lane: `out:r${room.row}`, key: keyOf('bridge info', portal.row), portal: portal.row, room: room.row, account: portal.account, task: { to: 'matrix', kind: 'bridge info', shown: true },
    } }]));
  }
  const others = store.portalsOf(room.row).length - 1;
  return [
    `🔗 This room is linked to ${titleOf(conversation)} on ${network}: what is said here from now on is seen there, and what is said there is seen here${others > 0 ? ` and in the ${others} other conversation${others > 1 ? 's' : ''} that it is linked to` : ''}.`,
    `Whoever is in that conversation and ${network} itself can read along; it is not end-to-end encrypted there.`,
    ...(showsIt ? [] : [`I may not set the state m.bridge here, by which clients show that a room is bridged. With a higher power level I could.`]),
    `To end it: unlink ${conversation.network} ${conversation.remoteId}`,
  ].join('\n');
}

function elsewhere({ store }: ActionContext, conversation: Conversation, room: Room['row'], networkName: string): string {
  const where = store.room(room)?.roomId ?? 'a room that is being made';
  return `${titleOf(conversation)} has a room already: ${where}. A conversation has one room at a time. End that first: unlink ${networkName} ${conversation.remoteId}. Then link it here.`;
}
