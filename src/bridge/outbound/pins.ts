import type { EventId, RoomId } from '../../model/ids.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import { MARKER, type Marker } from '../keys.ts';

export const PINNED = 'm.room.pinned_events';
/** Of a longer list only the end is looked at; clients show fewer. */
const MOST = 200;

export function pinnedIn(content: Readonly<Record<string, unknown>> | null, most = MOST): readonly EventId[] {
  const list = content?.pinned;
  return Array.isArray(list) ? [...new Set(list.filter((id): id is EventId => typeof id === 'string' && id.startsWith('$')))].slice(-most) : [];
}

/** Reads the list, changes it and writes it: doing so twice changes nothing more. */
export async function pin(homeserver: Homeserver, room: RoomId, event: EventId, pinned: boolean, marker: Marker): Promise<void> {
  const before = pinnedIn(await homeserver.getState(homeserver.bot, room, PINNED, ''), Infinity);
  if (before.includes(event) === pinned) return;
  await homeserver.setState(homeserver.bot, room, PINNED, '', { pinned: pinned ? [...before, event] : before.filter((id) => id !== event), [MARKER]: marker });
}
