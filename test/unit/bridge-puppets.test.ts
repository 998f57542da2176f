import { expect, test } from '@jest/globals';
import type { Deciding } from '../../src/bridge/deciding.ts';
import { MARKER, markerOf } from '../../src/bridge/keys.ts';
import { decideMatrix } from '../../src/bridge/kinds/table.ts';
import type { MatrixEvent } from '../../src/model/events.ts';
import type { Portal, RoomContext } from '../../src/store/store.ts';

const portal = (row: number): Portal => ({ row, room: 1, account: `fake/app/${row}`, state: 'live', relay: true, conversation: { row, kind: 'group', aliases: [], remoteId: `c${row}` } }) as unknown as Portal;
const context = { room: { row: 1, encrypted: false, kind: 'portal' }, portals: [portal(7), portal(8), portal(9)], sender: null, map: [], rows: [], reactions: [], members: [] } as unknown as RoomContext;

/** Portals that an event goes on to, and what else is written down. */
function goes(content: Record<string, unknown>, marker: object, row: object | null = null): { readonly to: readonly unknown[]; readonly does: readonly string[] } {
  const event = { event_id: '$e', room_id: '!r:x', sender: '@alice:x', type: 'm.room.message', origin_server_ts: 1, content: { msgtype: 'm.text', body: 'hi', ...content, [MARKER]: { key: 'k', ...marker } } } as unknown as MatrixEvent;
  const full = { level: 'full' };
  const deciding = {
    isOurs: () => false, origin: ({ content: said }: MatrixEvent) => markerOf(said), bot: '@bot:x', permission: () => 'user', commandPrefix: '!db', relayPrefix: 'never', owners: () => [],
    rowByKey: () => row, shown: () => [], settings: {}, now: 1, portal: (number: number) => context.portals.find(({ row: one }) => Number(one) === number) ?? null,
    adapter: () => ({ id: 'fake', name: 'Fake', capabilities: () => ({ out: { thread: full, poll: full } }), plan: ({ content: one }: { content: unknown }) => [one], hasPast: () => false }),
  } as unknown as Deciding;
  const { effects } = decideMatrix(event, context, deciding, 0);
  return { to: effects.flatMap((effect) => (effect.do === 'send' ? [effect.row.portal] : [])), does: effects.map((effect) => effect.do) };
}

test('what somebody’s own account says for one network goes to the others of the room, and not back', () => {
  expect(goes({}, { portal: 8, id: 'r1', part: 0, time: 5 })).toEqual({ to: [7, 9], does: ['map', 'send', 'send'] });
  const sending = { seq: 3, key: 'k', state: 'sending', remoteId: null, task: null };
  expect(goes({}, { portal: 8, id: 'r1', part: 0, time: 5 }, sending).does).toEqual(['proven', 'reacted', 'map', 'send', 'send']);
});

test('nor does it where nobody knows of which network it is, or where it is of the past', () => {
  expect(goes({}, {}).to).toEqual([]);
  expect(goes({}, { portal: 8, id: 'r1', part: 0, time: 5, past: true }).to).toEqual([]);
});

test('words that would be a command are none, and a copy is what its sender says', () => {
  expect(goes({ body: '!db status' }, { portal: 8, id: 'r1', part: 0, time: 5 }).to).toEqual([7, 9]);
  const sent = { seq: 3, key: 'k', state: 'confirmed', remoteId: '$other', task: null };
  expect(goes({}, { portal: 8, id: 'r1', part: 0, time: 5 }, sent)).toEqual({ to: [7, 8, 9], does: ['send', 'send', 'send'] });
});
