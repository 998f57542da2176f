import { expect, test } from '@jest/globals';
import type { Deciding } from '../../src/bridge/deciding.ts';
import { MARKER, markerOf } from '../../src/bridge/keys.ts';
import { delivery } from '../../src/bridge/kinds/delivery.ts';
import { decideMatrix } from '../../src/bridge/kinds/table.ts';
import type { MatrixEvent } from '../../src/model/events.ts';
import type { OutboxItem, Portal, RoomContext } from '../../src/store/store.ts';

const portal = { row: 7, room: 1, conversation: { kind: 'group' } } as unknown as Portal;

/** What the room teaches a database that has forgotten it. */
function learnt(content: Record<string, unknown>): readonly unknown[] {
  const event = { event_id: '$e', room_id: '!r:x', sender: '@ghost:x', type: 'm.room.message', origin_server_ts: 1, content: {
    ...content, [MARKER]: { key: 'k', portal: 7, id: 'r2', part: 0, time: 5, thread: 'root' },
  } } as unknown as MatrixEvent;
  const context = { room: { row: 1 }, portals: [portal], map: [], rows: [], reactions: [], members: [] } as unknown as RoomContext;
  const deciding = { isOurs: () => true, origin: ({ content: said }: MatrixEvent) => markerOf(said), bot: '@bot:x', rowByKey: () => null, personOf: () => ({ row: 3 }) } as unknown as Deciding;
  return decideMatrix(event, context, deciding, 0).effects;
}

const mapped = { do: 'map', row: expect.objectContaining({ eventId: '$e', remoteId: 'r2', thread: 'root' }) };

test('after a restore the room tells which thread an event stands in, and what that hangs on', () => {
  expect(learnt({ 'm.relates_to': { rel_type: 'm.thread', event_id: '$first', is_falling_back: true, 'm.in_reply_to': { event_id: '$first' } } }))
    .toEqual([mapped, { do: 'thread', row: { portal: 7, root: 'root', eventId: '$first', last: '$e' } }]);
  expect(learnt({})).toEqual([mapped, { do: 'thread', row: { portal: 7, root: 'root', eventId: '$e', last: '$e' } }]);
  // Said in the conversation too: it answers the root and hangs nowhere.
  expect(learnt({ 'm.relates_to': { 'm.in_reply_to': { event_id: '$first' } } })).toEqual([mapped]);
});

test('a delivery event that comes before the answer tells the thread as well', () => {
  const row = { seq: 1, state: 'sending', kind: 'message', event: '$e', part: 0, sender: '@a:x', shows: null, report: null } as unknown as OutboxItem;
  const decision = delivery({ type: 'delivery', id: 'r9' as never, time: 5, status: 'sent' }, {
    rows: [row], portal, person: null, recipient: null, events: [], networkName: 'Fake', threadOf: () => 'root' as never, statusEvents: false, alsoTold: () => [],
  });
  expect(decision.effects).toEqual([{ do: 'map', row: expect.objectContaining({ eventId: '$e', remoteId: 'r9', thread: 'root' }) }]);
});
