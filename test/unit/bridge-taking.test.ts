import { expect, test } from '@jest/globals';
import { Taking } from '../../src/bridge/inbound/taking.ts';
import type { MatrixEvent } from '../../src/model/events.ts';
import type { AccountId, NetworkId } from '../../src/model/ids.ts';
import { silentLogger } from '../../src/model/log.ts';
import { type Accepted, type MatrixBatch, type NetworkBatch, StoreBusy, type Store } from '../../src/store/store.ts';

const BAD = 'one that no store takes';

/** A store that fails on one item, and takes all of a batch or nothing. */
function stage(error: Error = new TypeError('bad value')) {
  const taken: string[] = [];
  const kept: string[] = [];
  const cursors: string[] = [];
  const accept = (keys: readonly string[]): Promise<Accepted> => {
    if (keys.includes(BAD)) return Promise.reject(error);
    taken.push(...keys);
    return Promise.resolve({ wake: keys.map((key) => `in:${key}`), fresh: keys.length, duplicates: 0, media: [] });
  };
  const store = {
    acceptMatrix: ({ events, toDevice }: MatrixBatch) => accept([...events.map(({ event_id }) => event_id), ...toDevice.map(String)]),
    acceptNetwork: async ({ items, cursor }: NetworkBatch) => {
      const accepted = await accept(items.map(({ key }) => key));
      if (cursor !== undefined) cursors.push(cursor);
      return accepted;
    },
    acceptBroken: ({ source, key }: { source: string; key: string }) => Promise.resolve(void kept.push(source === 'to-device' ? source : key)),
  } as unknown as Store;
  return { taking: new Taking(store, silentLogger), taken, kept, cursors };
}

const event = (id: string): MatrixEvent => ({ event_id: id }) as MatrixEvent;

test('one bad event refuses no other of its transaction', async () => {
  const { taking, taken, kept } = stage();
  const accepted = await taking.matrix({ events: [event('$1'), event(BAD), event('$2')], toDevice: ['device', BAD] });
  expect(taken).toEqual(['$1', '$2', 'device']);
  expect(kept).toEqual([BAD, 'to-device']);
  expect(accepted).toMatchObject({ wake: ['in:$1', 'in:$2', 'in:device'], fresh: 3 });
});

test('one bad item refuses no other of its batch, nor the cursor', async () => {
  const { taking, taken, kept, cursors } = stage();
  const item = (key: string): NetworkBatch['items'][number] => ({ key, event: { type: 'unsupported', what: 'x', reason: 'y', time: 1 } });
  await taking.network({ network: 'n' as NetworkId, account: 'n/a/b' as AccountId, items: [item('1'), item(BAD), item('2')], cursor: 'c' });
  expect([taken, kept, cursors]).toEqual([['1', '2'], [BAD], ['c']]);
});

test('a busy store takes nothing and keeps nothing: all of it comes again', async () => {
  const { taking, taken, kept } = stage(new StoreBusy('full'));
  await expect(taking.matrix({ events: [event('$1'), event(BAD)], toDevice: [] })).rejects.toThrow(StoreBusy);
  expect([taken, kept]).toEqual([[], []]);
});
