import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EventId, InboxSeq, OutboxSeq, RemoteId } from '../../../../src/model/ids.ts';
import { type OutboxState, type OutOutcome, Stale } from '../../../../src/store/store.ts';
import { ALICE, Bench, message, says, type StoreFactory, writes } from './setup.ts';

const LANE = 'out:p1';
const NO_ITEM = 0 as InboxSeq;

/** Whoever comes too late is told so. */
function stillThat(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: unknown) => {
    if (!(error instanceof Stale)) throw error;
  });
}

/** Ways to move a row, and the states from which each may. From every other state it changes nothing. */
const moves: readonly { readonly name: string; readonly from: readonly OutboxState[]; readonly to: OutboxState; readonly run: (bench: Bench, seq: OutboxSeq) => Promise<unknown> }[] = [
  { name: 'begin', from: ['ready', 'uncertain', 'sending'], to: 'sending', run: (bench, seq) => bench.begin(seq) },
  ...([
    ['accepted', { to: 'accepted', remoteId: 'r', at: 1 }], ['confirmed', { to: 'confirmed', remoteId: 'r', at: 1 }],
    ['ready', { to: 'ready', dueAt: 5, tried: true, code: 'c', reason: 'r' }], ['uncertain', { to: 'uncertain', dueAt: 5, code: 'c', reason: 'r' }],
    ['asked', { to: 'asked', code: 'c', reason: 'r' }], ['dead', { to: 'dead', code: 'c', reason: 'r' }],
    ['parked', { to: 'parked', key: 'm:1:x', until: 5 }], ['cancelled', { to: 'cancelled', reason: 'r' }],
  ] as const satisfies readonly (readonly [OutboxState, OutOutcome])[]).map(([to, outcome]) => ({
    name: `settleOut to ${to}`, from: ['ready', 'sending', 'uncertain', 'parked'] as const, to, run: (bench: Bench, seq: OutboxSeq) => bench.store.settleOut(seq, outcome, []),
  })),
  ...(['accepted', 'confirmed'] as const).map((to) => ({
    name: `delivery ${to}`, from: ['sending', 'uncertain', 'asked', 'dead', 'accepted', 'ready', 'parked'] as const, to,
    run: (bench: Bench, seq: OutboxSeq) => bench.store.settleDelivery(NO_ITEM, [{ seq, from: bench.row(seq).state, to, remoteId: 'r' as RemoteId, at: 1 }], []),
  })),
  {
    name: 'delivery dead', from: ['sending', 'uncertain', 'asked', 'accepted'], to: 'dead',
    run: (bench, seq) => bench.store.settleDelivery(NO_ITEM, [{ seq, from: bench.row(seq).state, to: 'dead', remoteId: 'r' as RemoteId, at: 1, code: 'c', reason: 'r' }], []),
  },
  { name: 'cancel', from: ['ready', 'parked', 'asked', 'dead'], to: 'cancelled', run: (bench, seq) => stillThat(bench.store.apply([{ do: 'cancel', seq, reason: 'r' }])) },
  { name: 'proven', from: ['sending', 'uncertain', 'asked', 'dead'], to: 'accepted', run: (bench, seq) => bench.store.apply([{ do: 'proven', seq, remoteId: '$e' }]) },
  { name: 'recover', from: ['sending'], to: 'uncertain', run: (bench) => bench.store.recover(false) },
  { name: 'expire', from: ['parked'], to: 'ready', run: (bench) => bench.store.expire(bench.now + 1_000_000) },
];

/** Brings a fresh row into a state by legal moves only. */
const ways: Readonly<Record<OutboxState, (bench: Bench, seq: OutboxSeq) => Promise<unknown>>> = {
  ready: async () => {},
  sending: (bench, seq) => bench.begin(seq),
  uncertain: async (bench, seq) => {
    await bench.begin(seq);
    await bench.store.settleOut(seq, { to: 'uncertain', dueAt: 0, code: 'lost', reason: 'lost' }, []);
  },
  asked: async (bench, seq) => {
    await ways.uncertain(bench, seq);
    await bench.store.settleOut(seq, { to: 'asked', code: 'lost', reason: 'lost' }, []);
  },
  parked: (bench, seq) => bench.store.settleOut(seq, { to: 'parked', key: 'm:1:nothing', until: bench.now + 60_000 }, []),
  accepted: async (bench, seq) => {
    await bench.begin(seq);
    await bench.store.settleOut(seq, { to: 'accepted', remoteId: 'r0', at: 1 }, []);
  },
  confirmed: async (bench, seq) => {
    await bench.begin(seq);
    await bench.store.settleOut(seq, { to: 'confirmed', remoteId: 'r0', at: 1 }, []);
  },
  cancelled: (bench, seq) => bench.store.apply([{ do: 'cancel', seq, reason: 'changed' }]),
  dead: async (bench, seq) => {
    await bench.begin(seq);
    await bench.store.settleOut(seq, { to: 'dead', code: 'no', reason: 'no' }, []);
  },
};
const states = Object.keys(ways) as OutboxState[];
/** Where the payload of a row that came of Matrix is still needed. */
const withContent: readonly OutboxState[] = ['ready', 'sending', 'uncertain', 'parked'];

/** The table of states: what may follow what, and what is kept in each. */
export function statesSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  const row = (key = 'k', event: string | null = '$e') => bench.send({ lane: LANE, key, ...(event === null ? {} : { event: event as EventId, sender: ALICE }) });

  describe.each(states)('a row that is %s', (state) => {
    test.each(moves.map((move) => [move.name, move] as const))('%s', async (_name, move) => {
      const { seq } = await row();
      await ways[state](bench, seq);
      expect(bench.row(seq).state).toBe(state);
      const before = bench.row(seq);
      // What was decided on a row that has gone on is decided again.
      await move.run(bench, seq).catch((error: unknown) => {
        if (!(error instanceof Stale) || move.from.includes(state)) throw error;
      });
      const after = bench.row(seq);
      if (!move.from.includes(state)) expect(after).toEqual(before);
      else {
        expect(after).toMatchObject({ state: move.to, key: 'k', lane: LANE });
        expect(after.task === null).toBe(!withContent.includes(move.to));
      }
    });

    test('retry', async () => {
      const { seq } = await row();
      await row('later');
      await ways[state](bench, seq);
      const wake = await bench.store.retry(seq, says('again'));
      const after = bench.store.outboxByKey('k');
      if (state !== 'dead' && state !== 'asked') {
        expect(wake).toEqual([]);
        expect(after).toMatchObject({ seq, state });
        return;
      }
      expect(wake).toEqual([LANE]);
      expect(after).toMatchObject({ state: 'ready', tries: 0, code: null, reason: null, blockedSince: null, task: says('again') });
      expect(await bench.drain(LANE)).toEqual(['later', 'k']);
    });
  });

  test('a row from a network keeps its content while it is dead, for nobody else has it', async () => {
    const { seq } = await bench.send({ lane: 'out:r1', key: 'k', task: writes('only here') });
    await ways.dead(bench, seq);
    expect(bench.row(seq).task).toEqual(writes('only here'));
    await bench.store.retry(seq, null);
    expect(bench.store.outboxByKey('k')).toMatchObject({ state: 'ready', task: writes('only here') });
  });

  test('without content and without a new task nothing can be retried', async () => {
    const { seq } = await row();
    await ways.dead(bench, seq);
    expect(await bench.store.retry(seq, null)).toEqual([]);
    expect(bench.row(seq).state).toBe('dead');
  });

  test('tries and the time of blocking count only failures of the row itself', async () => {
    const { seq } = await row();
    bench.now += 10;
    await bench.store.settleOut(seq, { to: 'ready', dueAt: 0, tried: false, code: 'limit', reason: 'r' }, []);
    expect(bench.row(seq)).toMatchObject({ tries: 0, blockedSince: null, code: 'limit' });
    const since = bench.now + 10;
    bench.now = since;
    await bench.store.settleOut(seq, { to: 'ready', dueAt: 0, tried: true, code: 'x', reason: 'r' }, []);
    bench.now += 10;
    await bench.store.settleOut(seq, { to: 'ready', dueAt: 0, tried: true, code: 'x', reason: 'r' }, []);
    expect(bench.row(seq)).toMatchObject({ tries: 2, blockedSince: since });
  });

  test('a step keeps its result for the next try, and nothing once the row is settled', async () => {
    const { seq } = await row();
    await bench.store.step(bench.row(seq), says('fitted'), []);
    await bench.reopen();
    expect(bench.row(seq).task).toEqual(says('fitted'));
    await ways.accepted(bench, seq);
    await bench.store.step(bench.row(seq), says('late'), []);
    expect(bench.row(seq).task).toBeNull();
  });

  test('begin says whether the row is to be sent', async () => {
    for (const state of states) {
      const { seq } = await row(`k ${state}`);
      await ways[state](bench, seq);
      expect([state, await bench.begin(seq)]).toEqual([state, ['ready', 'uncertain', 'sending'].includes(state)]);
    }
  });

  test('replace changes only what is not on its way', async () => {
    for (const state of states) {
      const { seq } = await row(`k ${state}`);
      await ways[state](bench, seq);
      const done = bench.store.apply([{ do: 'replace', seq, task: says('new') }]);
      if (state === 'ready' || state === 'parked') await done;
      else await expect(done).rejects.toThrow(Stale);
      const { task } = bench.row(seq);
      if (state === 'ready' || state === 'parked') expect(task).toEqual(says('new'));
      else expect(task).not.toEqual(says('new'));
    }
  });

  test('what was replaced since it was read is not begun, and no step of the old edition is kept', async () => {
    const old = await row();
    await bench.store.apply([{ do: 'replace', seq: old.seq, task: says('new') }]);
    expect(await bench.store.begin(old)).toBe(false);
    await bench.store.step(old, says('old, fitted'), []);
    expect(bench.row(old.seq)).toMatchObject({ state: 'ready', task: says('new') });
    expect(await bench.store.begin(bench.row(old.seq))).toBe(true);
  });

  test('a decision that comes too late for its row writes nothing at all', async () => {
    const { seq } = await row();
    const results = await Promise.allSettled([
      bench.begin(seq), bench.store.apply([{ do: 'meta', key: 'k', value: 'v' }, { do: 'cancel', seq, reason: 'redacted' }]),
    ]);
    expect(results).toEqual([{ status: 'fulfilled', value: true }, { status: 'rejected', reason: expect.any(Stale) }]);
    expect(bench.store.getMeta('k')).toBeNull();
    expect(bench.row(seq).state).toBe('sending');
  });

  test('recover finds everything that was under way, also after a stop', async () => {
    const rows = [await row('a'), await row('b'), await row('c')];
    await bench.begin(rows[0]?.seq as OutboxSeq);
    await bench.begin(rows[1]?.seq as OutboxSeq);
    await bench.reopen();
    expect(await bench.store.recover(false)).toBe(2);
    expect(rows.map(({ seq }) => bench.row(seq).state)).toEqual(['uncertain', 'uncertain', 'ready']);
    expect(bench.row(rows[0]?.seq as OutboxSeq)).toMatchObject({ dueAt: 0, code: 'restart' });
    expect(await bench.store.recover(false)).toBe(0);
  });

  test('deliveries settle in any order and more than once: the row only moves forward', async () => {
    const { seq } = await row();
    await bench.begin(seq);
    const say = (to: 'accepted' | 'confirmed' | 'dead') => bench.store.settleDelivery(NO_ITEM, [{ seq, from: bench.row(seq).state, to, remoteId: 'r' as RemoteId, at: 1, ...(to === 'dead' ? { code: 'c', reason: 'why' } : {}) }], []);
    await say('confirmed');
    for (const to of ['accepted', 'dead', 'confirmed', 'accepted'] as const) await say(to);
    expect(bench.row(seq)).toMatchObject({ state: 'confirmed', remoteId: 'r', code: null });
    // Our own answer comes last and changes nothing either.
    await bench.store.settleOut(seq, { to: 'accepted', remoteId: 'other', at: 2 }, []);
    expect(bench.row(seq)).toMatchObject({ state: 'confirmed', remoteId: 'r' });
  });

  test('a delivery before our own answer settles the row, and wakes its lane', async () => {
    const { seq } = await row();
    await bench.begin(seq);
    expect(await bench.store.settleDelivery(NO_ITEM, [{ seq, from: bench.row(seq).state, to: 'accepted', remoteId: 'r' as RemoteId, at: 1 }], [])).toContain(LANE);
    expect(bench.store.outHead(LANE)).toBeNull();
  });

  test('a delivery settles every row that it speaks of, does what follows, and ends its own item, in one command', async () => {
    const rows = [await row('k1', '$e1'), await row('k2', '$e2')];
    for (const { seq } of rows) await bench.begin(seq);
    const [lane = ''] = (await bench.take(message('31'))).wake;
    const item = bench.store.inHead(lane);
    await bench.store.settleDelivery(item?.seq ?? NO_ITEM, rows.map(({ seq }) => ({ seq, from: bench.row(seq).state, to: 'confirmed', remoteId: 'r' as RemoteId, at: 1 })), [{ do: 'meta', key: 'k', value: 'v' }]);
    expect(rows.map(({ seq }) => bench.row(seq).state)).toEqual(['confirmed', 'confirmed']);
    expect(bench.store.inHead(lane)).toBeNull();
    expect(bench.store.getMeta('k')).toBe('v');
  });

  test('what was given up and arrives after all is delivered', async () => {
    const { seq } = await row();
    await ways.asked(bench, seq);
    await bench.store.settleDelivery(NO_ITEM, [{ seq, from: bench.row(seq).state, to: 'confirmed', remoteId: 'r' as RemoteId, at: 1 }], []);
    expect(bench.row(seq)).toMatchObject({ state: 'confirmed', remoteId: 'r' });
    expect(bench.store.undelivered(10)).toEqual([]);
  });

  test('a delivery decided on what the row was before writes nothing, nor does what hangs on it', async () => {
    const { seq } = await row();
    await bench.begin(seq);
    await bench.store.settleOut(seq, { to: 'uncertain', dueAt: 0, code: 'lost', reason: 'lost' }, []);
    const asked = bench.store.settleOut(seq, { to: 'asked', code: 'lost', reason: 'lost' }, []);
    const late = bench.store.settleDelivery(NO_ITEM, [{ seq, from: 'uncertain', to: 'accepted', remoteId: 'r' as RemoteId, at: 1 }], [{ do: 'meta', key: 'told', value: 'yes' }]);
    await expect(late).rejects.toThrow(Stale);
    await asked;
    expect(bench.row(seq).state).toBe('asked');
    expect(bench.store.getMeta('told')).toBeNull();
  });

  test('nobody is asked about what a delivery event has settled in the same moment', async () => {
    const { seq } = await row();
    await bench.begin(seq);
    const both = [
      bench.store.settleDelivery(NO_ITEM, [{ seq, from: 'sending', to: 'accepted', remoteId: 'r' as RemoteId, at: 1 }], []),
      bench.store.settleOut(seq, { to: 'asked', code: 'lost', reason: 'lost' }, [{ do: 'meta', key: 'told', value: 'yes' }]),
    ];
    await Promise.all(both);
    expect(bench.row(seq).state).toBe('accepted');
    expect(bench.store.getMeta('told')).toBeNull();
  });
}
