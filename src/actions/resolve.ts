import type { RoomId, UserId } from '../model/ids.ts';
import type { Found } from '../networks/network.ts';
import type { Person } from '../store/store.ts';
import { asMistake, type Asking, Mistake, type UsedAccount } from './action.ts';

/**
 * Who or what is meant by what somebody typed: a ghost, or whatever the network knows people and conversations by. Null: the
 * network was asked, and knows nobody like that. Permission: user, of an account that they may use.
 */
export async function resolve(context: Asking, account: UsedAccount, input: string): Promise<Found | null> {
  const ghost = ghostOf(context, input.trim());
  if (ghost !== null) {
    if (ghost.network !== account.network.id) throw new Mistake(`${input.trim()} is not on ${account.network.name}.`);
    const [id = '', ...aliases] = ghost.ids;
    return { person: { id, aliases, scope: ghost.scope, ...(ghost.name === null ? {} : { name: ghost.name }) }, conversation: { id, scope: ghost.scope, kind: 'direct', perAccount: true } };
  }
  try {
    const { reach } = account.connection;
    if (reach?.resolve !== undefined) return await reach.resolve(input);
    const { person, conversation } = account.network.resolve(input, account.settings);
    return conversation.kind === 'direct' ? { person, conversation } : { conversation };
  } catch (error) {
    return asMistake(error);
  }
}

function ghostOf({ isOurs, store, homeserver }: Asking, user: string): Person | null {
  return user.startsWith('@') && user.includes(':') && isOurs(user) && user !== homeserver.bot ? store.personByLocalpart(user.slice(1, user.indexOf(':'))) : null;
}

export type { Found } from '../networks/network.ts';

/** Somebody or something found, as the faces show it. */
export interface Shown {
  readonly id: string;
  readonly name: string | null;
  /** Addresses such as `tel:+31612345678` and `slack:U0123ABCD`. */
  readonly identifiers: readonly string[];
  /** Their ghost, where the bridge has met them. */
  readonly mxid: UserId | null;
  /** The room of the conversation, where there is one. */
  readonly room: RoomId | null;
}

export function shown(context: Asking, account: UsedAccount, { person, conversation }: Found): Shown {
  const { store } = context;
  if (person === undefined) {
    return { id: conversation.id, name: conversation.title ?? null, identifiers: [`${account.network.id}:${conversation.id}`], mxid: null, room: roomOf(context, account, conversation) };
  }
  const known = store.personById(account.network.id, person.scope, person.id);
  return {
    id: person.id, name: person.name ?? known?.name ?? null, identifiers: identifiersOf(account, person), mxid: known === null ? null : mxidOf(context, known),
    room: known === null ? null : directRoom(context, account, known),
  };
}

export function mxidOf({ homeserver }: Asking, { localpart }: Person): UserId {
  return `@${localpart}:${homeserver.serverName}` as UserId;
}

function identifiersOf({ network }: UsedAccount, { id, phone, username }: NonNullable<Found['person']>): readonly string[] {
  return [`${network.id}:${id}`, ...(username === undefined ? [] : [`${network.id}:@${username.replace(/^@/, '')}`]), ...(phone === undefined ? [] : [`tel:+${phone.replace(/\D/g, '')}`])];
}

function directRoom({ store }: Asking, { id }: UsedAccount, { row }: Person): RoomId | null {
  const chat = store.directChats(row).find(({ account }) => account === id);
  return chat === undefined ? null : liveRoom(store.remoteContext(chat.row, null, []).room);
}

function roomOf({ store }: Asking, account: UsedAccount, { id, scope }: Found['conversation']): RoomId | null {
  const portal = store.openPortals().find(({ conversation }) => conversation.network === account.network.id && conversation.scope === scope
    && (conversation.remoteId === id || conversation.aliases.includes(id)) && (conversation.perAccount !== true || conversation.account === account.id));
  return portal === undefined ? null : liveRoom(store.room(portal.room));
}

function liveRoom(room: { readonly roomId: RoomId | null; readonly state: string } | null): RoomId | null {
  return room === null || room.state !== 'live' ? null : room.roomId;
}
