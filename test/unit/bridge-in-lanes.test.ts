import { expect, test } from '@jest/globals';
import { Faces } from '../../src/bridge/people/faces.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { Deciding } from '../../src/bridge/deciding.ts';
import { InLanes } from '../../src/bridge/inbound/in-lanes.ts';
import { silentLogger } from '../../src/model/log.ts';
import { type InboxItem, type InOutcome, type Store, StoreBusy } from '../../src/store/store.ts';

const item = {
  seq: 1, source: 'matrix', key: '$a', lane: 'in:r1', tries: 0, receivedAt: 0, dueAt: 0,
  body: { side: 'matrix', room: 1, doubtful: false, event: { event_id: '$a', room_id: '!r:x', sender: '@a:x', type: 'm.room.member', state_key: '@a:x', content: { membership: 'join' }, origin_server_ts: 1 } },
} as unknown as InboxItem;

/** A store that fails the first time that something is settled. */
function lanes(error: Error): { readonly lanes: InLanes; readonly settled: InOutcome[] } {
  const settled: InOutcome[] = [];
  let failed = false;
  const store = {
    inHead: () => item,
    roomContext: () => ({ room: { row: 1, kind: 'unknown' }, portals: [], members: [], map: [], rows: [], reactions: [], sender: null }),
    portalsOf: () => [],
    settleIn: (_seq: number, outcome: InOutcome) => {
      if (!failed) {
        failed = true;
        return Promise.reject(error);
      }
      settled.push(outcome);
      return Promise.resolve([]);
    },
  } as unknown as Store;
  const faces = new Faces({ store, connection: () => null, clock: systemClock, log: silentLogger });
  const deciding = { isOurs: () => false, bot: '@bot:x', admins: () => ({ rooms: [], people: [] }) } as unknown as Deciding;
  return {
    settled,
    lanes: new InLanes({
      store, deciding: () => deciding, clock: { now: () => 1, sleep: () => Promise.resolve() }, log: silentLogger,
      live() {}, wake() {}, step() {}, count() {}, held: () => false, faces,
    }),
  };
}

test('what cannot be written down is dead, rather than at the head of its lane for ever', async () => {
  const { lanes: under, settled } = lanes(new TypeError('a value that the store does not take'));
  expect(await under.turn('in:r1')).toBe('more');
  expect(settled).toEqual([expect.objectContaining({ to: 'dead', code: 'bug' })]);
});

test('a busy store is nobody’s fault: the item stays as it is', async () => {
  const { lanes: under, settled } = lanes(new StoreBusy('full'));
  await expect(under.turn('in:r1')).rejects.toThrow(StoreBusy);
  expect(settled).toEqual([]);
});
