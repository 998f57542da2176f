import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EventId, RemoteId } from '../../../../src/model/ids.ts';
import { plain } from '../../../../src/model/richtext.ts';
import { ACCOUNT, ALICE, Bench, direct, item, mapping, message, NETWORK, person, roomLane, type StoreFactory } from './setup.ts';

const event = (name: string): EventId => name as EventId;
const remote = (name: string): RemoteId => name as RemoteId;

/** Threads, pins, and what was said before there was a room. */
export function pastSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  describe('a thread', () => {
    test('stays on the event that it was first hung on, and remembers its newest', async () => {
      const { row, conversation } = await bench.portal(message('31'));
      expect(bench.store.threadOf(row, remote('t'))).toBeNull();
      await bench.store.apply([{ do: 'thread', row: { portal: row, root: remote('t'), eventId: event('$root'), last: event('$a') } }]);
      await bench.store.apply([{ do: 'thread', row: { portal: row, root: remote('t'), eventId: event('$other'), last: event('$b') } }]);
      const thread = { portal: row, root: 't', eventId: '$root', last: '$b' };
      expect(bench.store.threadOf(row, remote('t'))).toEqual(thread);
      expect(bench.store.threadOn(row, event('$root'))).toEqual(thread);
      expect(bench.store.threadOn(row, event('$b'))).toBeNull();
      expect(bench.store.remoteContext(conversation.row, null, [remote('t'), remote('u')]).threads).toEqual([thread]);
    });

    test('of a message is told by whichever comes first, and not forgotten by what comes after', async () => {
      const { row } = await bench.portal(message('31'));
      const mapped = mapping(row, '$e', 'r1');
      if (mapped.do !== 'map') throw new Error('it is a row of the map');
      await bench.store.apply([mapped]);
      expect(bench.store.mapOf(row, event('$e'))[0]?.thread).toBeUndefined();
      await bench.store.apply([{ ...mapped, row: { ...mapped.row, thread: remote('t') } }]);
      await bench.store.apply([mapped]);
      expect(bench.store.mapOf(row, event('$e'))[0]?.thread).toBe('t');
    });

    test('goes with its portal where two chats turn out to be one', async () => {
      const old = await bench.portal(message('31'), '!old:test');
      const newer = await bench.portal(message('B2'), '!new:test');
      await bench.store.apply([{ do: 'thread', row: { portal: newer.row, root: remote('t'), eventId: event('$root'), last: event('$a') } }]);
      await bench.take({ type: 'identity.alias', scope: '', from: '31', to: 'B2', time: 1 });
      expect(bench.store.threadOf(old.row, remote('t'))).toMatchObject({ portal: old.row, eventId: '$root' });
    });
  });

  test('the reactions of Matrix people on a message come with those of its network', async () => {
    const { row, conversation } = await bench.portal(message('31'));
    const reaction = (target: string, actor: string) => ({ do: 'react', row: { portal: row, target, actor, emoji: '👍', eventId: null, key: `${target} ${actor}`, at: 1 } }) as const;
    await bench.store.apply([mapping(row, '$e', 'r1'), reaction('r1', '5'), reaction('$e', ALICE), reaction('$f', ALICE)]);
    expect(bench.store.remoteContext(conversation.row, null, [remote('r1')]).reactions.map(({ key }) => key)).toEqual(['r1 5', `$e ${ALICE}`]);
  });

  test('a room knows what was pinned in it', async () => {
    const { room } = await bench.portal(message('31'));
    expect(bench.store.room(room)?.pinned).toEqual([]);
    await bench.store.apply([{ do: 'room', room, change: { pinned: [event('$a'), event('$b')] } }]);
    expect(bench.store.room(room)?.pinned).toEqual(['$a', '$b']);
  });

  describe('a portal that begins with the past', () => {
    test('has that row before anybody is invited, and lives only then', async () => {
      const conversation = bench.conversationOf(await bench.take(message('31')));
      await bench.store.apply([{ do: 'portal', conversation, account: ACCOUNT, invite: [ALICE], backfill: true }]);
      const portal = bench.portalOf(conversation);
      expect(portal.state).toBe('backfilling');
      expect(bench.store.outboxByKey(`backfill.${portal.row}`)).toMatchObject({ portal: portal.row, room: portal.room, account: ACCOUNT, task: { kind: 'backfill', invite: [ALICE] } });
      expect(await bench.drain(roomLane(portal.room))).toEqual([`create.${portal.row}`, `welcome.${portal.row}`, `enter.${portal.row}`, `backfill.${portal.row}`]);
    });

    test('keeps that row to itself where it becomes one with another', async () => {
      await bench.portal(message('31'), '!old:test');
      const conversation = bench.conversationOf(await bench.take(message('B2')));
      await bench.store.apply([{ do: 'portal', conversation, account: ACCOUNT, invite: [ALICE], backfill: true }]);
      const { row, room } = bench.portalOf(conversation);
      await bench.take({ type: 'identity.alias', scope: '', from: '31', to: 'B2', time: 1 });
      expect(bench.store.outboxByKey(`backfill.${row}`)).toMatchObject({ room, lane: roomLane(room) });
      expect(bench.store.portal(row)?.state).toBe('live');
    });
  });

  describe('what was said before', () => {
    const past = (id: string, text: string) => message('31', [], { id: remote(id), historical: true, parts: [{ kind: 'text', text: plain(text) }] });

    test('makes people and files ready, and waits nowhere', async () => {
      const media = { source: { network: 'photo' } };
      const taken = await bench.store.takePast({ network: NETWORK, account: ACCOUNT, items: [item('a', { ...past('r1', 'x'), parts: [{ kind: 'image', media }] })] });
      expect(taken.media).toHaveLength(1);
      expect(taken.items).toEqual([expect.objectContaining({ key: 'a', source: ACCOUNT, body: expect.objectContaining({ side: 'network', media: { 0: taken.media[0] } }) })]);
      const [first] = taken.items;
      if (first?.body.side !== 'network' || first.body.person === null || first.body.conversation === null) throw new Error('it is of somebody');
      expect(bench.store.person(first.body.person)?.ids).toEqual(['31']);
      expect(bench.store.conversation(first.body.conversation)?.lastInbound).toBeNull();
      expect(bench.store.lanes()).toEqual([]);
      // It may still come as news.
      expect(await bench.take(past('r1', 'x'), 'a')).toMatchObject({ fresh: 1 });
    });

    test('is found in its lane among what is new, and gone once it is handled', async () => {
      await bench.take(message('31'), 'news');
      await bench.take(past('r1', 'one'), 'one');
      await bench.take({ type: 'typing', conversation: direct('31'), sender: person('31'), active: true, time: 1 }, 'typing');
      const { wake } = await bench.take(past('r2', 'two'), 'two');
      const conversation = bench.conversationOf({ wake, fresh: 1, duplicates: 0, media: [] });
      const found = bench.store.pastIn(conversation);
      expect(found.map(({ key }) => key)).toEqual(['one', 'two']);
      await bench.store.apply(found.map(({ seq }) => ({ do: 'handled', seq })));
      expect(bench.store.pastIn(conversation)).toEqual([]);
      expect(bench.store.counts().inbox).toEqual({ ready: 2 });
      expect(await bench.take(past('r1', 'one'), 'one')).toMatchObject({ duplicates: 1 });
    });
  });
}
