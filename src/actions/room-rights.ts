import { inviteLevel, levelNeeded, powerLevelOf } from '../matrix/rooms/power.ts';
import { Rejected } from '../model/errors.ts';
import type { MatrixEvent } from '../model/events.ts';
import type { AccountId, RoomId, UserId } from '../model/ids.ts';
import type { Room } from '../store/store.ts';
import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';

/** What a room's state says of who may do what in it. */
interface RoomRights {
  readonly encrypted: boolean;
  /** Whether anybody can come in without being invited. */
  readonly open: boolean;
  isJoined(user: UserId): boolean;
  /** Whether somebody may set the state that says what a room is bridged to. */
  mayBridge(user: UserId): boolean;
  mayInvite(user: UserId): boolean;
  /** Whether those may speak whom the room gives no level of their own. */
  readonly anyoneSpeaks: boolean;
}

/** @throws Mistake where the bot is not in the room */
async function rightsIn({ homeserver }: ActionContext, room: RoomId): Promise<RoomRights> {
  let state: readonly MatrixEvent[];
  try {
    state = await homeserver.state(homeserver.bot, room);
  } catch (error) {
    if (error instanceof Rejected) throw new Mistake(`I am not in ${room}. Invite me there first: ${homeserver.bot}.`);
    throw error;
  }
  const content = (type: string, key = ''): Readonly<Record<string, unknown>> | null => state.findLast((event) => event.type === type && event.state_key === key)?.content ?? null;
  const create = state.find(({ type, state_key: key }) => type === 'm.room.create' && key === '') ?? { sender: '', content: {} };
  const levels = content('m.room.power_levels');
  const levelOf = (user: string): number => powerLevelOf(user, create, levels);
  return {
    encrypted: content('m.room.encryption') !== null,
    open: content('m.room.join_rules')?.['join_rule'] === 'public',
    isJoined: (user) => content('m.room.member', user)?.['membership'] === 'join',
    mayBridge: (user) => levelOf(user) >= levelNeeded('m.bridge', true, levels),
    mayInvite: (user) => levelOf(user) >= inviteLevel(levels),
    // Nobody has this id: only a server's name can stand behind the colon.
    anyoneSpeaks: levelOf('@:') >= levelNeeded('m.room.message', false, levels),
  };
}

/**
 * Whether whoever asks may say what a room is bridged to: by its power levels; in a room that we made the people have none, and it
 * is for the owners of these accounts to say. @throws Mistake with what is lacking
 */
export async function needRights(context: ActionContext, room: Room, accounts: readonly AccountId[]): Promise<RoomRights> {
  if (room.roomId === null || room.state !== 'live') throw new Mistake(`I am not in that room. Invite me there first: ${context.homeserver.bot}.`);
  const rights = await rightsIn(context, room.roomId);
  const { sender, permission } = context;
  const owns = (id: AccountId): boolean => permission === 'admin' || context.accounts.some((account) => account.id === id && account.settings.owners.includes(sender));
  if (room.createdByUs && accounts.length > 0 && accounts.every(owns)) return rights;
  if (!rights.isJoined(sender)) throw new Mistake('You are not in that room.');
  if (!rights.mayBridge(sender)) {
    throw new Mistake('You may not change what this room is bridged to: your power level in it does not allow you to set the state m.bridge. Ask a moderator of the room.');
  }
  return rights;
}
