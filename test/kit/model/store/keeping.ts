import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EventId, RoomRow } from '../../../../src/model/ids.ts';
import type { FittedMedia, NetworkTask } from '../../../../src/store/tasks.ts';
import { ALICE, Bench, KEEP, matrixEvent, message, roomLane, says, type StoreFactory, writes } from './setup.ts';

const fitted: FittedMedia = { as: 'image', spool: 'spool-2', mime: 'image/png', name: 'a.png', size: 5 };

/** Files, the read position, what is shown of what did not arrive, and what is forgotten when. */
export function keepingSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  describe('a media job', () => {
    const job = async (): Promise<number> =>
      (await bench.take(message('31', [], { parts: [{ kind: 'image', media: { source: { network: 'handle' }, mime: 'image/gif' } }] }))).media[0] ?? -1;

    test('is wanted until its file is there, also after a stop', async () => {
      const id = await job();
      await bench.reopen();
      expect(bench.store.mediaJobs(5).map((one) => one.id)).toEqual([id]);
      await bench.store.mediaDone(id, { to: 'again', dueAt: bench.now + 500, reason: 'busy' });
      expect(bench.store.media(id)).toMatchObject({ state: 'wanted', tries: 1, dueAt: bench.now + 500, handle: 'handle' });
      await bench.store.mediaDone(id, { to: 'ready', spool: 's1', mime: 'image/png', name: 'a.png', size: 5 });
      expect(bench.store.media(id)).toMatchObject({ state: 'ready', spool: 's1', mime: 'image/png', name: 'a.png', size: 5, handle: '' });
      expect(bench.store.mediaJobs(5)).toEqual([]);
      expect(bench.store.spoolIds()).toEqual(new Set(['s1']));
      await bench.store.apply([{ do: 'dropMedia', media: id }]);
      expect(bench.store.media(id)).toBeNull();
      expect(bench.store.spoolIds()).toEqual(new Set());
    });

    test('wakes the row that waits for it, whether it waits in its lane or beside it', async () => {
      const id = await job();
      const head = await bench.send({ lane: 'out:r1', key: 'a', task: writes('x') });
      await bench.store.settleOut(head.seq, { to: 'ready', dueAt: bench.now + 60_000, tried: false, code: `media:${id}`, reason: 'Waits for its file.' }, []);
      await bench.send({ lane: 'out:r2', key: 'b', task: writes('x'), park: { key: `media:${id}`, until: bench.now + 60_000 } });
      const wake = await bench.store.mediaDone(id, { to: 'failed', reason: 'gone' });
      expect(new Set(wake)).toEqual(new Set(['out:r1', 'out:r2']));
      expect(bench.head('out:r1').dueAt).toBeLessThanOrEqual(bench.now);
      expect(bench.head('out:r2')).toMatchObject({ key: 'b', state: 'ready' });
      expect(bench.store.media(id)).toMatchObject({ state: 'failed', reason: 'gone' });
    });

    test('that was given up while its file was fetched leaves its number to nobody: the file of one message never becomes that of another', async () => {
      const id = await job();
      await bench.store.apply([{ do: 'dropMedia', media: id }]);
      const next = await job();
      expect(next).toBeGreaterThan(id);
      expect(await bench.store.mediaDone(id, { to: 'ready', spool: 's1', mime: 'image/png', name: 'a.png', size: 5 })).toEqual([]);
      expect(bench.store.media(next)).toMatchObject({ state: 'wanted', spool: null });
    });

    test('jobs come the earliest first', async () => {
      const [a, b] = [await job(), await job()];
      await bench.store.mediaDone(a, { to: 'again', dueAt: bench.now + 500, reason: 'busy' });
      expect(bench.store.mediaJobs(5).map(({ id }) => id)).toEqual([b, a]);
      expect(bench.store.mediaJobs(1).map(({ id }) => id)).toEqual([b]);
    });
  });

  test('a fitted file is kept as long as its row may still be sent', async () => {
    const task: NetworkTask = { ...(says('x') as Extract<NetworkTask, { kind: 'message' }>), fitted };
    const { seq } = await bench.send({ lane: 'out:p1', key: 'a' });
    await bench.store.step(bench.row(seq), task, []);
    expect(bench.store.spoolIds()).toEqual(new Set(['spool-2']));
    await bench.begin(seq);
    await bench.store.settleOut(seq, { to: 'accepted', remoteId: 'r', at: 1 }, []);
    expect(bench.store.spoolIds()).toEqual(new Set());
  });

  describe('the read position of a room', () => {
    let room: RoomRow;
    beforeEach(async () => {
      room = (await bench.portal(message('31'), '!a:test')).room;
    });
    const settled = () => bench.store.lastEvent(room)?.settled ?? null;
    /** Hears an event and lets it become a row to the network. */
    const becomes = async (id: string) => {
      await bench.hear(matrixEvent(id, '!a:test'));
      const item = bench.store.inHead(`in:r${room}`);
      await bench.store.settleIn(item?.seq as never, { to: 'done' }, [{ do: 'send', row: { lane: 'out:p1', key: id, task: says(id), event: `$${id}` as EventId, sender: ALICE, room } }]);
      const row = bench.store.outboxByKey(id);
      if (row === null) throw new Error('not queued');
      return row.seq;
    };

    test('is nowhere before the first event is handled', async () => {
      expect(bench.store.lastEvent(room)).toBeNull();
      await bench.hear(matrixEvent('e1', '!a:test'));
      expect(bench.store.lastEvent(room)).toEqual({ eventId: '$e1', settled: null });
    });

    test('moves past an event only once all of it is settled, and never past an open one', async () => {
      const [one, two] = [await becomes('e1'), await becomes('e2')];
      expect(settled()).toBeNull();
      await bench.store.settleOut(two, { to: 'accepted', remoteId: 'r2', at: 1 }, []);
      expect(settled()).toBeNull();
      await bench.begin(one);
      await bench.store.settleOut(one, { to: 'uncertain', dueAt: 0, code: 'c', reason: 'r' }, []);
      expect(settled()).toBeNull();
      await bench.store.settleOut(one, { to: 'confirmed', remoteId: 'r1', at: 1 }, []);
      expect(settled()).toBe('$e2');
    });

    test('waits for the report of what was given up', async () => {
      const seq = await becomes('e1');
      await bench.store.settleOut(seq, { to: 'dead', code: 'c', reason: 'r' }, [{ do: 'send', row: { lane: roomLane(room), key: 'report', task: writes('no'), reports: seq } }]);
      expect(settled()).toBeNull();
      await bench.drain(roomLane(room));
      expect(settled()).toBe('$e1');
    });

    test('takes a report that is found in the room for one that was sent', async () => {
      const seq = await becomes('e1');
      await bench.store.settleOut(seq, { to: 'dead', code: 'c', reason: 'r' }, [{ do: 'send', row: { lane: roomLane(room), key: 'report', task: writes('no'), reports: seq } }]);
      const report = bench.head(roomLane(room));
      await bench.begin(report.seq);
      await bench.store.apply([{ do: 'proven', seq: report.seq, remoteId: '$report' }]);
      expect(settled()).toBe('$e1');
    });

    test('stands where it stood after what is older was forgotten', async () => {
      const [one, two, three, , five] = [await becomes('e1'), await becomes('e2'), await becomes('e3'), await becomes('e4'), await becomes('e5')];
      for (const seq of [one, three, five]) await bench.store.settleOut(seq, { to: 'accepted', remoteId: String(seq), at: 1 }, []);
      await bench.store.settleOut(two, { to: 'dead', code: 'c', reason: 'r' }, []);
      await bench.store.prune(bench.now, KEEP);
      expect(settled()).toBe('$e3');
      await bench.store.retry(two, says('again'));
      expect(settled()).toBeNull();
      await bench.reopen();
      await bench.drain('out:p1');
      expect(settled()).toBe('$e5');
    });

    test('passes what was cancelled and what became nothing, and goes back for what is sent again', async () => {
      const seq = await becomes('e1');
      await bench.store.apply([{ do: 'cancel', seq, reason: 'redacted' }]);
      await bench.hear(matrixEvent('e2', '!a:test'));
      await bench.store.settleIn(bench.store.inHead(`in:r${room}`)?.seq as never, { to: 'done' }, []);
      expect(settled()).toBe('$e2');
      const later = await becomes('e3');
      await bench.store.settleOut(later, { to: 'dead', code: 'c', reason: 'r' }, []);
      expect(settled()).toBe('$e3');
      await bench.store.retry(later, says('again'));
      expect(settled()).toBe('$e2');
    });
  });

  test('what did not arrive is listed, the newest first, as many as asked for', async () => {
    const seqs = [];
    for (const key of ['a', 'b', 'c', 'd']) seqs.push((await bench.send({ lane: 'out:p1', key, event: `$${key}` as EventId, sender: ALICE })).seq);
    const [a, b, c] = seqs as never[];
    await bench.store.settleOut(a as never, { to: 'dead', code: 'code', reason: 'why' }, []);
    await bench.store.settleOut(b as never, { to: 'accepted', remoteId: 'r', at: 1 }, []);
    await bench.store.settleOut(c as never, { to: 'ready', dueAt: 0, tried: true, code: 'again', reason: 'later' }, []);
    const listed = bench.store.undelivered(10);
    expect(listed.map(({ seq }) => seq)).toEqual([c, a]);
    expect(listed[1]).toMatchObject({ state: 'dead', code: 'code', reason: 'why', kind: 'message', event: '$a', sender: ALICE, createdAt: bench.now });
    expect(bench.store.undelivered(1).map(({ seq }) => seq)).toEqual([c]);
  });

  test('counts say how much there is of what, and since when', async () => {
    expect(bench.store.counts()).toEqual({
      inbox: {}, outbox: {}, waiting: { matrix: { count: 0, oldest: null }, network: { count: 0, oldest: null } }, dead: {}, portals: 0, people: 0,
    });
    await bench.portal(message('31'));
    await bench.take(message('32'));
    const since = (bench.now += 5);
    const { seq } = await bench.send({ lane: 'out:p1', key: 'a' });
    bench.now += 5;
    await bench.send({ lane: 'out:p1', key: 'b' });
    expect(bench.store.counts()).toMatchObject({
      inbox: { ready: 1 }, outbox: { ready: 2, confirmed: 3 }, waiting: { network: { count: 2, oldest: since } }, portals: 1, people: 2,
    });
    await bench.store.settleOut(seq, { to: 'dead', code: 'c', reason: 'r' }, []);
    expect(bench.store.counts()).toMatchObject({ outbox: { ready: 1, confirmed: 3, dead: 1 }, waiting: { network: { count: 1, oldest: bench.now } }, dead: { 'fake/app/one': 1 } });
  });

  describe('prune', () => {
    test('forgets settled rows and the content of dead ones after their time, and nothing that is still needed', async () => {
      const keys = ['accepted', 'confirmed', 'cancelled', 'dead', 'ready', 'parked', 'uncertain'];
      for (const key of keys) await bench.send({ lane: `out:r${key}`, key, task: writes(key) });
      const seq = (key: string) => bench.store.outboxByKey(key)?.seq as never;
      await bench.store.settleOut(seq('accepted'), { to: 'accepted', remoteId: 'r', at: 1 }, []);
      await bench.store.settleOut(seq('confirmed'), { to: 'confirmed', remoteId: 'r', at: 1 }, []);
      await bench.store.settleOut(seq('cancelled'), { to: 'cancelled', reason: 'r' }, []);
      await bench.store.settleOut(seq('dead'), { to: 'dead', code: 'c', reason: 'r' }, []);
      await bench.store.settleOut(seq('parked'), { to: 'parked', key: 'm:1:x', until: bench.now + 1e9 }, []);
      await bench.begin(seq('uncertain'));
      await bench.store.recover(false);
      await bench.store.prune(bench.now + 1_000, KEEP);
      expect(keys.filter((key) => bench.store.outboxByKey(key) !== null)).toEqual(keys);
      expect(bench.store.outboxByKey('dead')?.task).toEqual(writes('dead'));
      await bench.store.prune(bench.now + 1_001, KEEP);
      expect(keys.filter((key) => bench.store.outboxByKey(key) !== null)).toEqual(['dead', 'ready', 'parked', 'uncertain']);
      expect(bench.store.outboxByKey('dead')).toMatchObject({ state: 'dead', task: null, reason: 'r' });
      expect(bench.store.outboxByKey('ready')?.task).toEqual(writes('ready'));
      expect(bench.store.undelivered(9).map(({ state }) => state)).toContain('dead');
    });

    test('a dead inbox item loses its content, and stays counted', async () => {
      await bench.store.acceptBroken({ source: 's', key: 'k', raw: Buffer.from('x'), reason: 'r' });
      await bench.store.prune(bench.now + 1_001, KEEP);
      expect(bench.store.counts().inbox).toEqual({ dead: 1 });
    });
  });
}
