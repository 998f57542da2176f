import { notice } from '../bridge/reports/report.ts';
import { levelNeeded, powerLevelOf } from '../matrix/rooms/power.ts';
import type { RoomId, UserId } from '../model/ids.ts';
import type { Effect, Portal } from '../store/store.ts';
import { type ActionContext, Mistake } from './action.ts';
import { audit } from './audit.ts';
import { nameOf, portalByNumber } from './portal.ts';

/**
 * Gives a room that the bridge made up: ghosts and bot leave it, and the next message opens another. Nothing is deleted on the network, and
 * people keep the room and what was said in it. Permission: admin, or the level to change the room's levels.
 */
export async function deletePortal(context: ActionContext, words: readonly string[]): Promise<string> {
  const sure = words.at(-1)?.toLowerCase() === 'yes';
  const portal = portalByNumber(context, words[0] ?? '') ?? here(context);
  const room = context.store.room(portal.room);
  if (room?.roomId == null || room.state !== 'live') throw new Mistake('Its room is not there yet, or not any more.');
  if (context.store.portalsOf(room.row).length > 1) throw new Mistake('Its room is linked to other conversations too. To take this one out of it: unlink.');
  if (!room.createdByUs) throw new Mistake('This room is not the bridge’s own, so it is not given up.');
  if (context.permission !== 'admin' && !await rules(context, room.roomId)) throw new Mistake('For that you have to be an administrator of the bridge or of the room.');
  const name = nameOf(portal, context);
  if (!sure) return `The bridge would leave the room of ${name}; the next message there opens a new one. If you mean it: delete-portal #${portal.row} yes`;
  context.wake(await context.store.apply(givenUp(context, portal)));
  await audit(context, 'delete-portal', `${portal.account} in ${room.roomId}`);
  return `The room of ${name} is given up; the next message opens a new one.`;
}

function here({ store, room }: ActionContext): Portal {
  const [portal, other] = store.portalsOf(room);
  if (portal === undefined || other !== undefined) throw new Mistake('Say it in the room that is meant, or with its number: delete-portal #12.');
  return portal;
}

/** By the homeserver's word, whatever the bridge has kept. */
async function rules({ sender, homeserver }: ActionContext, room: RoomId): Promise<boolean> {
  const state = await homeserver.state(homeserver.bot, room);
  const create = state.find(({ type }) => type === 'm.room.create');
  const levels = state.findLast(({ type, state_key: key }) => type === 'm.room.power_levels' && key === '')?.content ?? null;
  const inside = state.some(({ type, state_key: key, content }) => type === 'm.room.member' && key === sender && content['membership'] === 'join');
  return create !== undefined && inside && powerLevelOf(sender, create, levels) >= levelNeeded('m.room.power_levels', true, levels);
}

function givenUp({ store, homeserver, accounts }: ActionContext, portal: Portal): readonly Effect[] {
  const { row, room, account } = portal;
  const owners = accounts.find(({ id }) => id === account)?.settings.owners ?? [];
  const ghosts = store.members(room).flatMap(({ user, membership }) => {
    const person = user.endsWith(`:${homeserver.serverName}`) ? store.personByLocalpart(user.slice(1, user.indexOf(':'))) : null;
    return person === null || membership !== 'join' ? [] : [person.row];
  });
  return [
    { do: 'close', portal: row, invite: owners as readonly UserId[] },
    notice(room, 'ℹ️ This room is no longer bridged. The next message from the other side opens a new one.', `deleted.${row}`),
    ...[...ghosts, null].map((as): Effect => ({ do: 'send', row: { lane: `out:r${room}`, key: `deleted.${row}.${as ?? 'bot'}`, room, task: { to: 'matrix', kind: 'leave', as } } })),
  ];
}
