import type { ConversationRef } from '../model/events.ts';
import type { ConversationRow } from '../model/ids.ts';
import type { Named } from '../networks/network.ts';
import type { Room } from '../store/store.ts';
import { type ActionContext, type Asking, inRoom, Mistake, type UsedAccount } from './action.ts';
import { audit } from './audit.ts';
import { link } from './link.ts';
import { openFound } from './open.ts';
import { accountOn } from './own-account.ts';
import { reaching } from './reach.ts';
import { resolve } from './resolve.ts';
import { needRights } from './room-rights.ts';

export interface Wanted {
  readonly title: string | null;
  /** As `resolve` takes them. */
  readonly people: readonly string[];
}

export interface Group {
  readonly conversation: ConversationRef | null;
  /** Its row; null: the network makes it in a moment, and its room comes by itself. */
  readonly row: ConversationRow | null;
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
  readonly link?: string;
  /** It is made, and not linked to the room that it was to be in; why. */
  readonly unlinked?: string;
}

/**
 * Makes a conversation of several on the network, and then a room for it; or links it to one that is there. Permission: user, of an
 * account that they may use; `into` a room as `link` wants it.
 * @throws NoAnswer, also where it may have been made
 */
export async function createGroup(context: Asking, account: UsedAccount, { title, people }: Wanted, into: Room | null = null): Promise<Group> {
  if (into !== null) await needLinkable(inRoom(context, into), into);
  const named = await Promise.all(people.map((one) => namedBy(context, account, one)));
  const made = await reaching(account, 'createGroup', 'create', (reach) => reach.create({ title: title?.trim() || null, people: named }));
  const { conversation } = made;
  await audit(context, 'create', `${account.id} ${conversation?.id ?? ''}`);
  if (conversation === null) return { ...made, row: null };
  if (into === null) return { ...made, row: (await openFound(context, account, { conversation })).conversation };
  const unlinked = await link(inRoom(context, into), [account.id, conversation.id, 'here']).then(() => null, why);
  const [found] = context.store.conversationsCalled(account.id, conversation.id);
  return { ...made, row: found?.row ?? null, ...(unlinked === null ? {} : { unlinked }) };
}

/** Before anything is made. */
async function needLinkable(context: ActionContext, room: Room): Promise<void> {
  const { encrypted } = await needRights(context, room, context.store.portalsOf(room.row).map(({ account }) => account));
  if (encrypted || room.encrypted) throw new Mistake('This room is encrypted, and Drawbridge does not bridge encrypted rooms.');
}

function why(error: unknown): string {
  if (error instanceof Mistake) return error.message;
  throw error;
}

/** @throws Mistake where that is nobody */
export async function namedBy(context: Asking, account: UsedAccount, input: string): Promise<Named> {
  const person = (await resolve(context, account, input))?.person;
  if (person === undefined) throw new Mistake(`${account.network.name} knows nobody like ${input.slice(0, 60)}.`);
  return { ids: [person.id, ...(person.aliases ?? [])] };
}

/** The same for somebody who asks in a room: the title, then who is to be in it. */
export async function create(context: ActionContext, network: string, title: string, people: readonly string[]): Promise<string> {
  if (network === '' || title === '') throw new Mistake('Say where, its title and who is in it: create <network> "<title>" <person> <person> ….');
  const account = accountOn(context, network);
  // A conversation cannot be made under a key of ours, so what a stop cut off is not made again by itself.
  const mark = `create:${context.room}`;
  if (context.store.getMeta(mark) === context.event) throw new Mistake(`The bridge was stopped while this was being made. Look on ${account.network.name} whether it is there, before you ask again.`);
  await context.store.setMeta(mark, context.event);
  const here = context.store.room(context.room);
  const into = here === null || here.kind === 'management' ? null : here;
  const { conversation, refused, link: way, unlinked } = await createGroup(context, account, { title, people }, into);
  return [
    ...(conversation === null ? [`${account.network.name} makes it now; its room comes in a moment.`] : [`"${title}" is made on ${account.network.name}${into === null ? '; you will be invited to its room.' : unlinked === undefined ? ' and linked to this room.' : `, but not linked to this room: ${unlinked}`}`]),
    ...refused.map(({ id, reason }) => `${id} is not in it: ${reason}`),
    ...(way === undefined ? [] : [`People come in by this link: ${way}`]),
  ].join('\n');
}
