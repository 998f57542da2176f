import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EventId, RemoteId } from '../../../../src/model/ids.ts';
import { deliveredKey, partKey } from '../../../../src/store/store.ts';
import { ACCOUNT, ALICE, Bench, mapping, matrixEvent, message, portalLane, roomLane, says, type StoreFactory, writes } from './setup.ts';

/** Lanes: order, heads, parking and what wakes a parked item. */
export function lanesSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  test('what is decided at once on what a command wrote is committed with it, or after it', async () => {
    const settled: Promise<unknown>[] = [];
    bench.store.onApplied((lanes) => {
      const item = bench.store.inHead(lanes[0] ?? '');
      if (item !== null) settled.push(bench.store.settleIn(item.seq, { to: 'done' }, [{ do: 'send', row: { lane: 'out:p1', key: item.key, task: says('x') } }]));
    });
    const { wake } = await bench.hear(matrixEvent('a', '!r:test'));
    await Promise.all(settled);
    expect([settled.length, bench.store.inHead(wake[0] ?? ''), bench.head('out:p1').key]).toEqual([1, null, '$a']);
    await bench.reopen();
    expect([bench.store.inHead(wake[0] ?? ''), bench.head('out:p1').key]).toEqual([null, '$a']);
    expect(await bench.hear(matrixEvent('a', '!r:test'))).toMatchObject({ fresh: 0, duplicates: 1 });
  });

  describe('an out lane', () => {
    test('has its oldest unsettled row at the head, whatever its state', async () => {
      const rows = [await bench.send({ lane: 'out:p1', key: 'a' }), await bench.send({ lane: 'out:p2', key: 'x' }), await bench.send({ lane: 'out:p1', key: 'b' })];
      expect(bench.head('out:p1').key).toBe('a');
      await bench.begin(rows[0]?.seq as never);
      expect(bench.head('out:p1')).toMatchObject({ key: 'a', state: 'sending' });
      await bench.store.settleOut(rows[0]?.seq as never, { to: 'ready', dueAt: bench.now + 9_000, tried: true, code: 'c', reason: 'r' }, []);
      expect(bench.head('out:p1')).toMatchObject({ key: 'a', dueAt: bench.now + 9_000 });
      expect(bench.store.lanes()).toEqual(expect.arrayContaining([expect.objectContaining({ lane: 'out:p1' }), { lane: 'out:p2', dueAt: 0 }]));
      expect(await bench.drain('out:p1')).toEqual(['a', 'b']);
      expect(bench.store.outHead('out:p1')).toBeNull();
    });

    test('takes a key once: what was queued stands, and nobody is woken', async () => {
      await bench.send({ lane: 'out:p1', key: 'a', task: says('first') });
      expect(await bench.store.apply([{ do: 'send', row: { lane: 'out:p1', key: 'a', task: says('second') } }])).toEqual([]);
      expect(bench.head('out:p1').task).toEqual(says('first'));
      await bench.drain('out:p1');
      expect(await bench.store.apply([{ do: 'send', row: { lane: 'out:p1', key: 'a', task: says('third') } }])).toEqual([]);
      expect(bench.store.outHead('out:p1')).toBeNull();
    });

    test('a cancelled row is not begun', async () => {
      const { seq } = await bench.send({ lane: 'out:p1', key: 'a' });
      const begun = [bench.store.apply([{ do: 'cancel', seq, reason: 'redacted' }]), bench.begin(seq)] as const;
      expect(await begun[1]).toBe(false);
      expect(bench.row(seq)).toMatchObject({ state: 'cancelled', task: null, reason: 'redacted' });
    });

    test('keeps what a row was queued with', async () => {
      const row = await bench.send({
        lane: 'out:p1', key: 'a', task: says('x'), event: '$e' as EventId, sender: ALICE, remoteRef: 'r' as RemoteId, part: 1, parts: 3, dueAt: 77,
      });
      expect(row).toMatchObject({
        lane: 'out:p1', key: 'a', kind: 'message', event: '$e', sender: ALICE, remoteRef: 'r', part: 1, parts: 3, dueAt: 77, account: ACCOUNT,
        state: 'ready', tries: 0, createdAt: bench.now, sentAt: null, remoteId: null, report: null, task: says('x'),
      });
      expect(bench.store.outboxOf('$e' as EventId).map(({ key }) => key)).toEqual(['a']);
    });

    test('settling wakes it, and the answer is found by our key or by the id that the network gave', async () => {
      const { seq } = await bench.send({ lane: 'out:p1', key: 'a' });
      await bench.begin(seq);
      expect(await bench.store.settleOut(seq, { to: 'accepted', remoteId: 'r1', at: 1 }, [])).toContain('out:p1');
      expect(bench.store.deliveryRows(ACCOUNT, 'a', 'other' as RemoteId).map((row) => row.seq)).toEqual([seq]);
      expect(bench.store.deliveryRows(ACCOUNT, undefined, 'r1' as RemoteId).map((row) => row.seq)).toEqual([seq]);
      expect(bench.store.deliveryRows('fake/app/two' as never, 'a', 'r1' as RemoteId)).toEqual([]);
      expect(bench.store.deliveryRows(ACCOUNT, 'unknown', 'unknown' as RemoteId)).toEqual([]);
    });
  });

  describe('an in lane', () => {
    test('keeps an item that is looked at again, or held, at its head', async () => {
      const { wake } = await bench.take(message('31'), 'a');
      await bench.take(message('31'), 'b');
      const lane = wake[0] ?? '';
      const head = bench.store.inHead(lane);
      expect(await bench.store.settleIn(head?.seq as never, { to: 'again' }, [])).toContain(lane);
      expect(bench.store.inHead(lane)).toMatchObject({ key: 'a', tries: 1 });
      await bench.store.settleIn(head?.seq as never, { to: 'hold', until: bench.now + 500 }, []);
      expect(bench.store.inHead(lane)).toMatchObject({ key: 'a', dueAt: bench.now + 500 });
      expect(bench.store.lanes()).toEqual([{ lane, dueAt: 0 }]);
    });

    test('a dead item leaves it and is kept', async () => {
      const { wake } = await bench.take(message('31'), 'a');
      await bench.take(message('31'), 'b');
      await bench.store.settleIn(bench.store.inHead(wake[0] ?? '')?.seq as never, { to: 'dead', code: 'bug', reason: 'r' }, []);
      expect(bench.store.inHead(wake[0] ?? '')?.key).toBe('b');
      expect(bench.store.counts().inbox).toEqual({ dead: 1, ready: 1 });
    });

    test('effects and outcome are one commit: where an effect fails the item stands', async () => {
      const { wake } = await bench.take(message('31'), 'a');
      const head = bench.store.inHead(wake[0] ?? '');
      const effects = [
        { do: 'send', row: { lane: 'out:p1', key: 'x', task: says('x') } },
        { do: 'member', room: 99, member: { user: ALICE, membership: 'join', name: null } },
      ] as never;
      await expect(bench.store.settleIn(head?.seq as never, { to: 'done' }, effects)).rejects.toThrow();
      expect(bench.store.outHead('out:p1')).toBeNull();
      expect(bench.store.inHead(wake[0] ?? '')).toEqual(head);
    });
  });

  test('events that wait change places into the order that they are given, and nothing else moves', async () => {
    const room = '!there:test';
    await bench.hear(...['first', 'late', 'later'].map((id) => matrixEvent(id, room)));
    await bench.hear(matrixEvent('elsewhere', '!other:test'), matrixEvent('lost', room), matrixEvent('last', room));
    const lane = bench.store.lanes().map(({ lane: name }) => name).find((name) => heard(name) === '$first') ?? '';
    await bench.store.settleIn(bench.store.inHead(lane)?.seq as never, { to: 'done' }, []);
    await bench.store.inOrder(['$unknown', '$first', '$lost', '$late', '$later', '$last'] as EventId[]);
    await bench.store.inOrder(['$lost', '$late'] as EventId[]);
    const order: unknown[] = [];
    for (let item = bench.store.inHead(lane); item !== null; item = bench.store.inHead(lane)) {
      order.push(heard(lane));
      await bench.store.settleIn(item.seq, { to: 'done' }, []);
    }
    expect(order).toEqual(['$lost', '$late', '$later', '$last']);
    expect((await bench.hear(matrixEvent('after all', room))).fresh).toBe(1);
  });
  const heard = (lane: string): string | undefined => {
    const body = bench.store.inHead(lane)?.body;
    return body?.side === 'matrix' ? body.event.event_id : undefined;
  };

  describe('a parked item', () => {
    test('leaves its in lane, and comes back to its old place with what it waits for', async () => {
      const portal = await bench.portal(message('31'));
      const lane = `in:c${portal.conversation.row}`;
      await bench.take(message('31'), 'a');
      await bench.take(message('31'), 'b');
      const head = bench.store.inHead(lane);
      await bench.store.settleIn(head?.seq as never, { to: 'park', key: `m:${portal.row}:r`, until: bench.now + 60_000 }, []);
      expect(bench.store.inHead(lane)?.key).toBe('b');
      expect(await bench.store.apply([mapping(portal.row, '$other', 'other')])).toEqual([]);
      expect(await bench.store.apply([mapping(portal.row, '$e', 'r')])).toEqual([lane]);
      expect(bench.store.inHead(lane)).toMatchObject({ key: 'a', dueAt: 0 });
    });

    test('does not leave where what it waits for came between the look and the commit', async () => {
      const portal = await bench.portal(message('31'));
      const lane = `in:c${portal.conversation.row}`;
      await bench.take(message('31'), 'a');
      await bench.store.apply([mapping(portal.row, '$e', 'r')]);
      await bench.store.settleIn(bench.store.inHead(lane)?.seq as never, { to: 'park', key: `m:${portal.row}:r`, until: bench.now + 1 }, []);
      expect(bench.store.inHead(lane)?.key).toBe('a');
    });

    test('comes back when its time is over, and wakes its lane', async () => {
      const portal = await bench.portal(message('31'));
      const lane = `in:c${portal.conversation.row}`;
      await bench.take(message('31'), 'a');
      await bench.store.settleIn(bench.store.inHead(lane)?.seq as never, { to: 'park', key: `m:${portal.row}:r`, until: bench.now + 100 }, []);
      expect(await bench.store.expire(bench.now + 99)).toEqual([]);
      expect(bench.store.inHead(lane)).toBeNull();
      expect(await bench.store.expire(bench.now + 100)).toEqual([lane]);
      expect(bench.store.inHead(lane)?.key).toBe('a');
    });

    test('of an out lane lets the rows behind it go, and keeps its place', async () => {
      const portal = await bench.portal(message('31'));
      const lane = portalLane(portal.row);
      const { seq } = await bench.send({ lane, key: 'a', portal: portal.row });
      await bench.send({ lane, key: 'b', portal: portal.row });
      await bench.store.settleOut(seq, { to: 'parked', key: `e:${portal.row}:$e`, until: bench.now + 100 }, []);
      expect(bench.head(lane).key).toBe('b');
      expect(bench.store.undelivered(5)).toEqual([expect.objectContaining({ seq, state: 'parked' })]);
      expect(await bench.store.apply([mapping(portal.row, '$e', 'r')])).toEqual([lane]);
      expect(await bench.drain(lane)).toEqual(['a', 'b']);
    });

    test('that waits for one part of an event is not woken by another', async () => {
      const portal = await bench.portal(message('31'));
      const lane = portalLane(portal.row);
      const { seq } = await bench.send({ lane, key: 'a', portal: portal.row });
      const park = { to: 'parked', key: partKey(portal.row, 1, '$e:test' as EventId), until: bench.now + 100 } as const;
      await bench.store.apply([mapping(portal.row, '$e:test', 'r0', 0)]);
      await bench.store.settleOut(seq, park, []);
      expect(bench.row(seq).state).toBe('parked');
      expect(await bench.store.apply([mapping(portal.row, '$e:test', 'r1', 1)])).toEqual([lane]);
      await bench.store.settleOut(seq, park, []);
      expect(bench.row(seq).state).toBe('ready');
    });

    test('of an out lane whose time is over says so', async () => {
      const { seq } = await bench.send({ lane: 'out:p1', key: 'a', park: { key: 'e:1:$e', until: bench.now + 100 } });
      expect(bench.row(seq).state).toBe('parked');
      expect(await bench.store.expire(bench.now + 100)).toEqual(['out:p1']);
      expect(bench.row(seq)).toMatchObject({ state: 'ready', code: 'target_missing' });
    });

    test('that tells of a message whose id is not known yet comes back with the answer that names it', async () => {
      const { seq } = await bench.send({ lane: 'out:p1', key: 'a' });
      await bench.begin(seq);
      const lane = (await bench.take({ type: 'delivery', id: 'r:1' as RemoteId, time: 1, status: 'failed' })).wake[0] ?? '';
      const park = { to: 'park', key: deliveredKey(ACCOUNT, 'r:1'), until: bench.now + 60_000 } as const;
      await bench.store.settleIn(bench.store.inHead(lane)?.seq as never, park, []);
      expect(bench.store.inHead(lane)).toBeNull();
      expect(await bench.store.settleOut(seq, { to: 'accepted', remoteId: 'r:1', at: 1 }, [])).toContain(lane);
      const back = bench.store.inHead(lane);
      expect(back).not.toBeNull();
      // Once it is known there is nothing to wait for.
      await bench.store.settleIn(back?.seq as never, park, []);
      expect(bench.store.inHead(lane)?.seq).toBe(back?.seq);
    });

    test('is in no list of lanes with work', async () => {
      await bench.send({ lane: 'out:p1', key: 'a', park: { key: 'e:1:$e', until: bench.now + 100 } });
      expect(bench.store.lanes()).toEqual([]);
    });
  });

  test('a retried row goes to the tail, and is retried only once', async () => {
    const rows = [await bench.send({ lane: 'out:r1', key: 'a', task: writes('a') }), await bench.send({ lane: 'out:r1', key: 'b', task: writes('b') })];
    await bench.store.settleOut(rows[0]?.seq as never, { to: 'dead', code: 'c', reason: 'r' }, []);
    await bench.store.retry(rows[0]?.seq as never, null);
    expect(await bench.store.retry(rows[0]?.seq as never, null)).toEqual([]);
    await bench.send({ lane: 'out:r1', key: 'c', task: writes('c') });
    expect(await bench.drain('out:r1')).toEqual(['b', 'a', 'c']);
  });

  test('everything that can be sent is listed with the lane that it stands in', async () => {
    const portal = await bench.portal(message('31'));
    await bench.take(message('31'));
    await bench.send({ lane: portalLane(portal.row), key: 'a' });
    await bench.send({ lane: roomLane(portal.room), key: 'b', dueAt: 500 });
    expect(bench.store.lanes()).toEqual(expect.arrayContaining([
      { lane: `in:c${portal.conversation.row}`, dueAt: 0 }, { lane: portalLane(portal.row), dueAt: 0 }, { lane: roomLane(portal.room), dueAt: 500 },
    ]));
  });
}
