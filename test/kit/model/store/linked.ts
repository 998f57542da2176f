import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Stale } from '../../../../src/store/store.ts';
import type { AccountId, EventId, PersonRow, RemoteId } from '../../../../src/model/ids.ts';
import { ACCOUNT, Bench, message, NETWORK, person, portalLane, says, type StoreFactory } from './setup.ts';

const GROUP = { id: 'g1', scope: '', kind: 'group', perAccount: false, title: 'The Garden' } as const;

/** Rooms that hold several portals. */
export function linkedSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  describe('a room with several portals', () => {
    test('holds each conversation that is linked to it, and each only once', async () => {
      const first = await bench.portal(message('31'));
      const conversation = bench.conversationOf(await bench.take(message('32')));
      expect(bench.store.portalOf(conversation)).toBeNull();
      await bench.store.apply([{ do: 'portalIn', room: first.room, conversation, account: ACCOUNT }]);
      expect(bench.store.portalsOf(first.room).map(({ conversation: { remoteId }, linked, relay, state }) => [remoteId, linked, relay, state])).toEqual([['31', false, true, expect.anything()], ['32', true, true, 'live']]);
      await expect(bench.store.apply([{ do: 'portalIn', room: first.room, conversation, account: ACCOUNT }])).rejects.toThrow(Stale);
      const second = bench.portalOf(conversation);
      await bench.store.apply([{ do: 'relay', portal: second.row, on: false }]);
      expect([bench.store.portal(first.row)?.relay, bench.store.portal(second.row)?.relay]).toEqual([true, false]);
      await bench.store.apply([{ do: 'close', portal: second.row, invite: [] }]);
      expect(bench.store.portalsOf(first.room).map(({ row }) => row)).toEqual([first.row]);
      expect(bench.store.portalOf(conversation)).toBeNull();
    });

    test('takes a conversation that is opened for it, unless that has a room', async () => {
      const first = await bench.portal(message('31'));
      const request = { network: NETWORK, account: ACCOUNT, person: person('33'), conversation: { id: '33', scope: '', kind: 'direct', perAccount: true }, invite: [], into: first.room } as const;
      const { conversation } = await bench.store.openConversation(request);
      expect(bench.portalOf(conversation)).toMatchObject({ room: first.room, linked: true });
      await expect(bench.store.openConversation(request)).rejects.toThrow(Stale);
    });

    test('knows who spoke by which of them', async () => {
      const { row } = await bench.portal(message('31'));
      const spoke = (author: string, origin: 'matrix' | 'network') => ({ do: 'map', row: { portal: row, eventId: `$${author}` as EventId, outPart: 0, remoteId: author as RemoteId, inPart: 0, remoteTime: 1, origin, author } }) as const;
      await bench.store.apply([spoke('7', 'network'), spoke('8', 'matrix')]);
      expect([7, 8, 9].map((who) => bench.store.spokeIn(row, who as PersonRow))).toEqual([true, false, false]);
    });
  });

  test('a conversation is found by its id or its title, by those whose account it is', async () => {
    const group = bench.conversationOf(await bench.take(message('31', [], { conversation: GROUP })));
    const found = (name: string, account = ACCOUNT): readonly number[] => bench.store.conversationsCalled(account, name).map(({ row }) => row);
    expect([found('g1'), found('the garden'), found('The Gard'), found('G1'), found('g1', 'fake/app/two' as AccountId)]).toEqual([[group], [group], [], [], []]);
  });

  test('what waits beside its lane is sent once it is replaced, at its old place', async () => {
    const { row } = await bench.portal(message('31'));
    const lane = portalLane(row);
    await bench.send({ lane, key: 'late', task: says('soon'), portal: row, park: { key: 'the file', until: 1e15 } });
    await bench.send({ lane, key: 'after', task: says('after'), portal: row });
    expect(bench.head(lane).key).toBe('after');
    const seq = bench.store.outboxByKey('late')?.seq ?? 0;
    expect(await bench.store.apply([{ do: 'replace', seq: seq as never, task: says('here') }])).toEqual([lane]);
    expect(bench.head(lane)).toMatchObject({ key: 'late', state: 'ready', dueAt: 0, task: says('here') });
  });

  test('whether somebody is asked about what was sent there, of late', async () => {
    const { row } = await bench.portal(message('31'));
    const lane = portalLane(row);
    await bench.send({ lane, key: 'k', task: says('x'), portal: row, event: '$k' as EventId });
    const { seq } = bench.head(lane);
    await bench.begin(seq);
    expect(bench.store.askedSince(row, 0)).toBe(false);
    await bench.store.settleOut(seq, { to: 'asked', code: 'lost', reason: 'lost' }, []);
    const at = bench.now;
    expect([bench.store.askedSince(row, at), bench.store.askedSince(row, at + 1)]).toEqual([true, false]);
  });
}
