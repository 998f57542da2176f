import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { EventId, RemoteId } from '../../../../src/model/ids.ts';
import type { Effect, Portal } from '../../../../src/store/store.ts';
import { ALICE, Bench, message, type StoreFactory } from './setup.ts';

/** What is older than it is to be remembered goes, a little at a time. */
export function mappingsSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  const map = ({ row }: Portal, n: number, time: number, thread?: string): Effect => ({ do: 'map', row: {
    portal: row, eventId: `$e${n}` as EventId, outPart: 0, remoteId: `r${n}` as RemoteId, inPart: 0, remoteTime: time, origin: 'network', author: '9', ...(thread === undefined ? {} : { thread: thread as RemoteId }),
  } });
  const react = ({ row }: Portal, target: string): Effect => ({ do: 'react', row: { portal: row, target, actor: ALICE, emoji: '👍', eventId: `$on-${target}` as EventId, key: `on ${target}`, at: 1 } });
  const reactions = (portal: Portal, ...targets: string[]) => bench.store.remoteContext(portal.conversation.row, null, targets as RemoteId[]).reactions.map(({ key }) => key);

  async function sweep(before: number, limit: number): Promise<number> {
    let looks = 0;
    for (let after = await bench.store.forgetMappings(before, null, limit); after !== null; after = await bench.store.forgetMappings(before, after, limit)) {
      looks += 1;
      // What comes in between is not lost from sight, nor in the way.
      await bench.take(message('99'));
    }
    return looks;
  }

  test.each([1, 3, 7, 100])('all of it, and nothing else, %i at a time', async (limit) => {
    const [one, two] = [await bench.portal(message('31'), '!one:test'), await bench.portal(message('32'), '!two:test')];
    await bench.store.apply([...Array.from({ length: 20 }, (_, n) => map(n % 2 === 0 ? one : two, n, n * 10)), { do: 'map', row: { ...(map(one, 0, 0) as Extract<Effect, { do: 'map' }>).row, inPart: 1, remoteTime: 0 } }]);
    const looks = await sweep(100, limit);
    expect(looks).toBe(Math.floor(21 / limit));
    const left = Array.from({ length: 20 }, (_, n) => n).filter((n) => bench.store.mapOf((n % 2 === 0 ? one : two).row, `$e${n}` as EventId).length > 0);
    expect(left).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test('with the reactions on it, and the thread of which it was the last', async () => {
    const portal = await bench.portal(message('31'));
    const threaded = (root: string, last: string): Effect => ({ do: 'thread', row: { portal: portal.row, root: root as RemoteId, eventId: '$root' as EventId, last: last as EventId } });
    await bench.store.apply([
      map(portal, 1, 10), map(portal, 2, 10, 't'), map(portal, 3, 500), map(portal, 4, 10, 'u'), map(portal, 5, 500, 'u'),
      react(portal, 'r1'), react(portal, '$e2'), react(portal, 'r3'), threaded('t', '$e2'), threaded('u', '$e4'), threaded('u', '$e5'),
    ]);
    await sweep(100, 2);
    expect(reactions(portal, 'r1', 'r2', 'r3')).toEqual(['on r3']);
    expect(bench.store.roomContext(portal.room, ALICE, ['$e2'] as EventId[]).reactions).toEqual([]);
    expect([bench.store.threadOf(portal.row, 't' as RemoteId), bench.store.threadOf(portal.row, 'u' as RemoteId)]).toMatchObject([null, { last: '$e5' }]);
  });

  test('counts from its last edit', async () => {
    const portal = await bench.portal(message('31'));
    await bench.store.apply([map(portal, 1, 10), map(portal, 1, 500), map(portal, 2, 10)]);
    await sweep(100, 10);
    expect([1, 2].map((n) => bench.store.mapOf(portal.row, `$e${n}` as EventId).length)).toEqual([1, 0]);
  });
}
