import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ConversationRow, EventId, RemoteId } from '../../../../src/model/ids.ts';
import { ACCOUNT, Bench, direct, mapping, message, person, portalLane, roomLane, says, type StoreFactory, writes } from './setup.ts';

const alias = (from: string, to: string) => ({ type: 'identity.alias', scope: '', from, to, time: 5_000 }) as const;

/** DECISIONS 15: several ids, one person and one conversation; the older survives, and what waits moves along. */
export function identitiesSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  const heard = async (id: string, ...aliases: string[]): Promise<ConversationRow> => bench.conversationOf(await bench.take(message(id, aliases)));
  const personOf = (conversation: ConversationRow) => {
    const row = bench.store.conversation(conversation)?.person;
    return row == null ? null : bench.store.person(row);
  };

  describe('people', () => {
    test('one id is one person, whose name follows the network', async () => {
      const conversation = await heard('31');
      const before = personOf(conversation);
      await bench.take(message('31', [], { sender: { id: '31', scope: '', name: 'Bob' } }));
      expect(personOf(conversation)).toMatchObject({ row: before?.row, localpart: before?.localpart, name: 'Bob', ids: ['31'] });
      await bench.take(message('31', [], { sender: { id: '31', scope: '' } }));
      expect(personOf(conversation)?.name).toBe('Bob');
    });

    test('the same id in another scope is somebody else', async () => {
      const here = bench.conversationOf(await bench.take(message('31')));
      const there = bench.conversationOf(await bench.take(message('31', [], {
        sender: { id: '31', scope: 'elsewhere' }, conversation: { ...direct('31'), scope: 'elsewhere' },
      })));
      expect(personOf(there)?.row).not.toBe(personOf(here)?.row);
      expect(personOf(there)?.localpart).not.toBe(personOf(here)?.localpart);
    });

    test('are found by their ghost', async () => {
      const found = personOf(await heard('31'));
      expect(bench.store.personByLocalpart(found?.localpart ?? '')).toEqual(found);
      expect(bench.store.personByLocalpart('nobody')).toBeNull();
    });

    test('a weak id learns its strong one and stays the same person, strongest first', async () => {
      const weak = await heard('31');
      const both = await heard('BS.1', '31');
      expect(both).toBe(weak);
      expect(personOf(both)).toMatchObject({ row: personOf(weak)?.row, ids: ['BS.1', '31'] });
      expect(bench.store.conversation(both)?.aliases).toEqual(['BS.1', '31']);
      expect(await heard('BS.1')).toBe(weak);
    });

    test('a strong id may take a further weak one', async () => {
      const first = await heard('BS.1', '31');
      expect(await heard('BS.1', '32')).toBe(first);
      expect(personOf(first)?.ids).toEqual(['BS.1', '31', '32']);
    });

    test('a known number with another strong id and no change event is a new person, and the number moves', async () => {
      const before = await heard('BS.1', '31');
      const after = await heard('BS.2', '31');
      expect(after).not.toBe(before);
      expect(personOf(after)?.ids).toEqual(['BS.2', '31']);
      expect(personOf(before)?.ids).toEqual(['BS.1']);
      expect(personOf(after)?.localpart).not.toBe(personOf(before)?.localpart);
      expect(await heard('31')).toBe(after);
      expect(await heard('BS.1')).toBe(before);
    });
  });

  describe('two ids that turn out to be one', () => {
    test('become the older person and the older conversation', async () => {
      const older = await heard('31');
      const newer = await heard('32');
      const kept = personOf(older);
      await bench.take(alias('31', '32'));
      expect(bench.store.conversation(newer)?.row).toBe(older);
      expect(personOf(newer)?.row).toBe(kept?.row);
      expect(await heard('31')).toBe(older);
      expect(await heard('32')).toBe(older);
      expect(personOf(older)?.ids).toEqual(['32', '31']);
    });

    test('the other way round as well: the older survives, whichever id outranks', async () => {
      const older = await heard('31');
      await heard('32');
      await bench.take(alias('32', '31'));
      expect(await heard('32')).toBe(older);
      expect(personOf(older)?.ids).toEqual(['31', '32']);
    });

    test('a new id joins whoever has the old one', async () => {
      const known = await heard('31');
      await bench.take(alias('31', '33'));
      expect(await heard('33')).toBe(known);
    });

    test('a change event says so even where the number has a strong id already', async () => {
      const known = await heard('BS.1', '31');
      await bench.take(alias('31', 'BS.2'));
      expect(await heard('BS.2', '31')).toBe(known);
    });

    test('a change that overtakes the first word of both holds for what comes later', async () => {
      await bench.take(alias('31', '32'));
      const first = await heard('32');
      expect(await heard('31')).toBe(first);
      expect(personOf(first)?.ids).toEqual(['32', '31']);
      expect(bench.store.conversation(first)?.remoteId).toBe('32');
    });

    test('a chat is the same whichever id of its person calls it', async () => {
      const group = { id: 'g', scope: '', kind: 'group', perAccount: false } as const;
      await bench.take(message('31', [], { conversation: group }));
      await bench.take(alias('31', '32'));
      expect(await heard('31')).toBe(await heard('32'));
    });

    test('when only one has a portal, that one serves both', async () => {
      await heard('31');
      const portal = await bench.portal(message('32'));
      await bench.take(alias('31', '32'));
      expect(bench.portalOf(await heard('31'))).toMatchObject({ row: portal.row, room: portal.room, state: 'live' });
    });

    test('when both have a portal, the older stays and the newer is closed', async () => {
      const older = await bench.portal(message('31'));
      const newer = await bench.portal(message('32'));
      await bench.take(alias('31', '32'));
      expect(bench.portalOf(await heard('32')).row).toBe(older.row);
      expect(bench.store.portal(newer.row)?.row).toBe(older.row);
      expect(bench.store.portalsOf(newer.room)).toEqual([]);
    });

    test('what waits in the in lane goes on in the older one, in its order, and that lane is woken', async () => {
      const older = await heard('31');
      const first = bench.store.inHead(`in:c${older}`);
      await bench.store.settleIn(first?.seq as never, { to: 'done' }, []);
      const newer = bench.conversationOf(await bench.take(message('32', [], { id: 'a' as RemoteId })));
      await bench.take(message('32', [], { id: 'b' as RemoteId }));
      expect((await bench.take(alias('31', '32'))).wake).toContain(`in:c${older}`);
      expect(bench.store.inHead(`in:c${newer}`)).toBeNull();
      const order: unknown[] = [];
      for (let head = bench.store.inHead(`in:c${older}`); head !== null; head = bench.store.inHead(`in:c${older}`)) {
        order.push(head.body.side === 'network' && head.body.event.type === 'message' ? head.body.event.id : head.body.side === 'network' && head.body.event.type);
        await bench.store.settleIn(head.seq, { to: 'done' }, []);
      }
      expect(order).toEqual(['a', 'b', 'identity.alias']);
    });

    test('waiting rows, map and reactions move to the portal that stays, and their lanes are woken', async () => {
      const older = await bench.portal(message('31'));
      const newer = await bench.portal(message('32'));
      await bench.send({ lane: portalLane(newer.row), key: 'n1', portal: newer.row, room: newer.room });
      await bench.send({ lane: portalLane(older.row), key: 'n2', portal: older.row, room: older.room });
      await bench.send({ lane: roomLane(newer.room), key: 'm1', task: writes('x'), portal: newer.row, room: newer.room });
      await bench.store.apply([
        mapping(newer.row, '$e', 'r'),
        { do: 'react', row: { portal: newer.row, target: '$e', actor: '@a:test', emoji: '👍', eventId: '$re' as EventId, key: 'k', at: 1 } },
      ]);
      const { wake } = await bench.take(alias('31', '32'));
      expect(bench.store.mapOf(older.row, '$e' as EventId)).toHaveLength(1);
      expect(bench.store.remoteContext(older.conversation.row, null, ['$e' as RemoteId]).reactions).toHaveLength(1);
      expect(bench.store.outboxByKey('m1')).toMatchObject({ lane: roomLane(older.room), portal: older.row, room: older.room });
      expect(wake).toEqual(expect.arrayContaining([portalLane(older.row), roomLane(older.room)]));
      expect(await bench.drain(portalLane(older.row))).toEqual(['n1', 'n2']);
      expect(await bench.drain(roomLane(older.room))).toEqual(['m1']);
      expect(bench.store.lanes().filter(({ lane }) => lane.startsWith('out:'))).toEqual([]);
    });

    test('what is under way is not moved: its answer still finds its row', async () => {
      await bench.portal(message('31'));
      const newer = await bench.portal(message('32'));
      const row = await bench.send({ lane: portalLane(newer.row), key: 'n1', portal: newer.row });
      await bench.begin(row.seq);
      await bench.take(alias('31', '32'));
      await bench.store.settleOut(row.seq, { to: 'accepted', remoteId: 'r1', at: 1 }, [mapping(newer.row, '$e', 'r1')]);
      expect(bench.row(row.seq)).toMatchObject({ state: 'accepted', remoteId: 'r1' });
    });

    test('three in a chain are one in the end', async () => {
      const one = await bench.portal(message('31'));
      const two = await bench.portal(message('32'));
      const three = await bench.portal(message('33'));
      await bench.take(alias('32', '33'));
      await bench.take(alias('31', '32'));
      for (const portal of [two, three]) expect(bench.store.portal(portal.row)?.row).toBe(one.row);
      for (const id of ['31', '32', '33']) expect(await heard(id)).toBe(one.conversation.row);
      expect(bench.store.counts().people).toBe(1);
      expect(bench.store.counts().portals).toBe(1);
    });

    test('it survives a stop', async () => {
      const older = await heard('31');
      await heard('32');
      await bench.take(alias('31', '32'));
      await bench.reopen();
      expect(await heard('32')).toBe(older);
    });
  });

  describe('an id that a send has taught', () => {
    test('leads to the conversation it was learnt in', async () => {
      const portal = await bench.portal(message('31'));
      await bench.store.apply([{ do: 'alias', conversation: portal.conversation.row, alias: '310' }]);
      expect(await heard('310')).toBe(portal.conversation.row);
      expect(bench.store.conversation(portal.conversation.row)?.remoteId).toBe('31');
    });

    test('joins the conversation that had it already, the older staying', async () => {
      const older = await bench.portal(message('310'));
      const newer = await bench.portal(message('31'));
      const row = await bench.send({ lane: portalLane(newer.row), key: 'n1', portal: newer.row, room: newer.room, account: ACCOUNT, task: says('x') });
      await bench.store.apply([{ do: 'alias', conversation: newer.conversation.row, alias: '310' }]);
      expect(await heard('310')).toBe(older.conversation.row);
      expect(await heard('31')).toBe(older.conversation.row);
      expect(bench.store.conversation(older.conversation.row)?.aliases).toEqual(expect.arrayContaining(['31', '310']));
      expect(bench.row(row.seq)).toMatchObject({ lane: portalLane(older.row), portal: older.row });
    });
  });

  test('the sender of a group message is no id of the group', async () => {
    const group = { id: 'g', scope: '', kind: 'group', perAccount: false } as const;
    const conversation = bench.conversationOf(await bench.take(message('31', [], { conversation: group, sender: person('31') })));
    await bench.take(message('32', [], { conversation: group, sender: person('32') }));
    expect(bench.store.conversation(conversation)).toMatchObject({ person: null, aliases: ['g'] });
    expect(bench.store.counts().people).toBe(2);
  });
}
