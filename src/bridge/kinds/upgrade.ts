import type { MatrixEvent } from '../../model/events.ts';
import type { RoomId } from '../../model/ids.ts';
import type { RoomContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { notice } from '../reports/report.ts';
import { closing } from './member.ts';

export const TOMBSTONE = 'm.room.tombstone';

/**
 * A portal's room is given up for another (client-server API, "Room Upgrades"). As state the homeserver took it only from
 * somebody who may; as a message anybody can send one. Whether the other room really is the next one is looked at when it is followed.
 */
export function tombstoneFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  if (event.state_key !== '') return ignored('bad_tombstone');
  if (context.portals.length === 0 || event.room_id !== context.room.roomId) return ignored('tombstone_elsewhere');
  const into = event.content['replacement_room'];
  if (typeof into !== 'string' || into === '') {
    return done([
      ...context.portals.map((portal) => closing(portal, deciding)),
      notice(context.room.row, 'ℹ️ This room was closed, so this chat is no longer bridged here. The next message from the other side opens a new room.', keyOf('closed', event.event_id)),
    ]);
  }
  if (!into.startsWith('!') || into.length > 255 || into === event.room_id) return ignored('bad_tombstone');
  const via = event.sender.slice(event.sender.indexOf(':') + 1);
  return done([{ do: 'follow', room: context.room.row, into: into as RoomId, via, key: keyOf('follow', event.event_id) }]);
}
