import { keyOf } from '../bridge/keys.ts';
import { notice } from '../bridge/reports/report.ts';
import { powerLevelOf } from '../matrix/rooms/power.ts';
import { Rejected } from '../model/errors.ts';
import { worded } from '../text/worded.ts';
import type { ActionContext } from './action.ts';

/** Takes what was just said out of the room, as it held a secret. False where the bot may not, or the homeserver refuses. */
export async function takeBack({ homeserver, store, room, event }: Pick<ActionContext, 'homeserver' | 'store' | 'room' | 'event'>): Promise<boolean> {
  const id = store.room(room)?.roomId;
  if (id == null) return false;
  try {
    await homeserver.redact(homeserver.bot, id, event, keyOf('secret', event), 'It held a secret.');
    return true;
  } catch (error) {
    if (error instanceof Rejected) return error.code === 'M_NOT_FOUND';
    throw error;
  }
}

/** Whether the bot has the power to do that here; where it cannot be told, not. */
export async function mayTakeBack({ homeserver, store, room }: Pick<ActionContext, 'homeserver' | 'store' | 'room'>): Promise<boolean> {
  const found = store.room(room);
  if (found?.roomId == null) return false;
  if (found.createdByUs) return true;
  try {
    const state = await homeserver.state(homeserver.bot, found.roomId);
    const of = (type: string): (typeof state)[number] | undefined => state.find((event) => event.type === type && event.state_key === '');
    const create = of('m.room.create');
    const levels = of('m.room.power_levels')?.content ?? null;
    return create !== undefined && powerLevelOf(homeserver.bot, create, levels) >= Number(levels?.['redact'] ?? 50);
  } catch (error) {
    if (error instanceof Rejected) return false;
    throw error;
  }
}

/** A line of the bot that answers nothing. */
export async function say({ store, room, wake }: Pick<ActionContext, 'store' | 'room' | 'wake'>, text: string, key: string): Promise<void> {
  wake(await store.apply([notice(room, worded(text), keyOf('said', room, key))]));
}

/** Longer than anybody waits before they answer a question that is there no more. */
const REMEMBERED = 86_400_000;

/**
 * Who was asked for a secret and has not answered yet: what they say next may be one, also where the dialog is forgotten by then,
 * as after a restart. Says nothing of the secret itself.
 */
export async function markAsked(context: Asked, isOpen: boolean): Promise<void> {
  if (isOpen) await context.store.setMeta(markOf(context), String(context.clock.now()));
  else if (context.store.getMeta(markOf(context)) !== null) await context.store.dropMeta(markOf(context));
}

export function wasAsked(context: Asked): boolean {
  return Number(context.store.getMeta(markOf(context)) ?? 0) > context.clock.now() - REMEMBERED;
}

type Asked = Pick<ActionContext, 'store' | 'room' | 'sender' | 'clock'>;

const markOf = ({ room, sender }: Asked): string => `asked:${room}:${sender}`;
