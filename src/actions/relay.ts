import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';
import { audit } from './audit.ts';
import { needRights } from './room-rights.ts';

/** Whether others than the owners of an account speak through it in this room. Permission: user, and power enough in the room. */
export async function relay(context: ActionContext, which: string): Promise<string> {
  const { store } = context;
  const portals = store.portalsOf(context.room);
  const room = store.room(context.room);
  if (room === null || portals.length === 0) throw new Mistake('This room is linked to nothing. Say it in the room that you mean.');
  if (which !== 'on' && which !== 'off') throw new Mistake(`Relay is ${portals.every((portal) => portal.relay) ? 'on' : 'off'} here. Say relay on or relay off.`);
  await needRights(context, room, portals.map(({ account }) => account));
  context.wake(await store.apply(portals.map(({ row }) => ({ do: 'relay', portal: row, on: which === 'on' }))));
  await audit(context, `relay ${which}`, room.roomId ?? '');
  return which === 'on' ? 'Relay is on: what anybody here says is sent, under their name.'
    : 'Relay is off: only what the owners of the accounts say is sent. Others are told so.';
}
