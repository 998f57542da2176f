import type { MatrixEvent } from '../../model/events.ts';
import type { RoomId } from '../../model/ids.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { OutboxItem } from '../../store/store.ts';

/** Looks for a row's own event in the room, back to where the row was made: the homeserver forgets transaction ids. */
export async function lookFor(homeserver: Homeserver, { sentAt }: OutboxItem, room: RoomId, isOwn: (event: MatrixEvent) => boolean): Promise<MatrixEvent | null> {
  let from: string | undefined;
  for (let page = 0; page < 20; page++) {
    const { events, end } = await homeserver.messages(homeserver.bot, room, { limit: 100, ...(from === undefined ? {} : { from }) });
    const own = events.find(isOwn);
    if (own !== undefined) return own;
    // `?ts=` moves single events into the past, and clocks differ a little: a whole page must be older, by a wide margin.
    const newest = Math.max(...events.map(({ origin_server_ts: at }) => at));
    if (end === undefined || events.length === 0 || (sentAt !== null && newest < sentAt - 86_400_000)) return null;
    from = end;
  }
  return null;
}
