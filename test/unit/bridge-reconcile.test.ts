import { expect, test } from '@jest/globals';
import { Reconcile } from '../../src/bridge/reconcile/reconcile.ts';
import type { Homeserver } from '../../src/matrix/homeserver.ts';
import type { EventId, RoomId, RoomRow, UserId } from '../../src/model/ids.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { Room, Store } from '../../src/store/store.ts';

test('what an earlier round took in and did not live to put in order is put in order by the next', async () => {
  const ordered: (readonly EventId[])[] = [];
  const store = {
    liveRooms: () => [{ row: 1 as RoomRow, roomId: '!r:x' as RoomId, kind: 'portal' } as Room],
    unseen: () => [],
    inOrder: (events: readonly EventId[]) => Promise.resolve(void ordered.push(events)),
  } as unknown as Store;
  const newestFirst = ['$3', '$2', '$1'].map((event_id) => ({ event_id, type: 'm.room.message', content: {} }));
  const homeserver = { bot: '@bot:x' as UserId, messages: () => Promise.resolve({ events: newestFirst }) } as unknown as Homeserver;
  const reconcile = new Reconcile({ store, homeserver, log: silentLogger, wake: () => {}, unreachable: () => {}, later: () => {} });
  reconcile.start();
  expect(reconcile.held(1 as RoomRow)).toBe(true);
  await reconcile.idle();
  expect(ordered).toEqual([['$1', '$2', '$3']]);
  expect(reconcile.held(1 as RoomRow)).toBe(false);
});
