import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Filter, type Member, type OutboxItem, Stale } from '../../../../src/store/store.ts';
import type { EventId, InboxSeq, PersonRow, RemoteId, RoomId, RoomRow, UserId } from '../../../../src/model/ids.ts';
import { ALICE, Bench, KEEP, mapping, matrixEvent, message, roomLane, says, type StoreFactory, writes } from './setup.ts';

const BOB = '@bob:test' as UserId;

/** What decisions write beside rows: members, rooms, portals, people, the map, reactions. */
export function effectsSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  describe('a room', () => {
    const member = (room: RoomRow, user: UserId, membership: Member['membership'], name: string | null = null) =>
      ({ do: 'member', room, member: { user, membership, name } }) as const;

    test('has the members that are in it or invited, with the name last known', async () => {
      const { room } = await bench.portal(message('31'));
      await bench.store.apply([member(room, ALICE, 'invite', 'Alice'), member(room, BOB, 'join', 'Bob')]);
      await bench.store.apply([member(room, ALICE, 'join'), member(room, BOB, 'leave', 'Bob')]);
      expect(bench.store.members(room)).toEqual([{ user: ALICE, membership: 'join', name: 'Alice', picture: null }]);
      expect(bench.store.member(room, BOB)).toEqual({ user: BOB, membership: 'leave', name: 'Bob', picture: null, hasLeft: true });
      expect(bench.store.member(room, '@c:test' as UserId)).toBeNull();
      await bench.store.apply([member(room, ALICE, 'join', 'Alice B.')]);
      expect(bench.store.roomContext(room, ALICE, []).sender).toMatchObject({ name: 'Alice B.' });
    });

    test('remembers who has left until they come back by themselves', async () => {
      const { room } = await bench.portal(message('31'));
      const hasLeft = async (membership: Parameters<typeof member>[2]): Promise<boolean> => {
        await bench.store.apply([member(room, BOB, membership)]);
        return bench.store.member(room, BOB)?.hasLeft === true;
      };
      const course = [];
      for (const membership of ['invite', 'leave', 'invite', 'join', 'invite', 'ban', 'knock'] as const) course.push(await hasLeft(membership));
      expect(course).toEqual([false, true, true, false, false, true, true]);
    });

    test('changes as it is told, and wakes what waits for it', async () => {
      const { room } = await bench.portal(message('31'));
      expect(await bench.store.apply([{ do: 'room', room, change: { encrypted: true, state: 'gone', kind: 'management', createdByUs: false } }])).toEqual([roomLane(room)]);
      expect(bench.store.room(room)).toMatchObject({ encrypted: true, state: 'gone', kind: 'management', createdByUs: false });
      expect(bench.store.liveRooms()).toEqual([]);
    });

    test('that the homeserver told of before our own answer came becomes ours', async () => {
      const { wake } = await bench.take(message('31'));
      const item = bench.store.inHead(wake[0] ?? '');
      const conversation = bench.conversationOf({ wake, fresh: 1, duplicates: 0, media: [] });
      await bench.store.settleIn(item?.seq as never, { to: 'done' }, [{ do: 'portal', conversation, account: 'fake/app/one' as never, invite: [] }]);
      const ours = bench.portalOf(conversation).room;
      // createRoom is under way; its events come first.
      const early = (await bench.hear(matrixEvent('create', '!new:test'))).wake[0] ?? '';
      await bench.hear(matrixEvent('second', '!new:test'));
      const earlyRow = bench.store.roomById('!new:test' as RoomId)?.row as RoomRow;
      expect(earlyRow).not.toBe(ours);
      await bench.store.apply([member(earlyRow, ALICE, 'join', 'Alice')]);
      await bench.send({ lane: roomLane(earlyRow), key: 'said early', task: writes('x'), room: earlyRow });
      const woken = await bench.store.apply([{ do: 'room', room: ours, change: { roomId: '!new:test' as RoomId, state: 'live' } }]);
      expect(woken).toEqual(expect.arrayContaining([`in:r${ours}`, roomLane(ours)]));
      expect(bench.store.roomById('!new:test' as RoomId)?.row).toBe(ours);
      expect(bench.store.room(earlyRow)).toBeNull();
      expect(bench.store.inHead(early)).toBeNull();
      expect(bench.store.inHead(`in:r${ours}`)).toMatchObject({ key: '$create', body: { room: ours } });
      expect(bench.store.members(ours)).toEqual([{ user: ALICE, membership: 'join', name: 'Alice', picture: null }]);
      expect(bench.store.outboxByKey('said early')).toMatchObject({ lane: roomLane(ours), room: ours });
      expect(bench.store.lastEvent(ours)).toEqual({ eventId: '$second', settled: null });
      expect(await bench.hear(matrixEvent('create', '!new:test'))).toMatchObject({ fresh: 0 });
      expect((await bench.hear(matrixEvent('third', '!new:test'))).wake).toEqual([`in:r${ours}`]);
    });

    test('the other order: our answer first, and nothing is doubled', async () => {
      const portal = await bench.portal(message('31'), '!new:test');
      expect((await bench.hear(matrixEvent('create', '!new:test'))).wake).toEqual([`in:r${portal.room}`]);
      expect(bench.store.liveRooms().map(({ row }) => row)).toEqual([portal.room]);
    });

    test('the most recently active comes first', async () => {
      const rooms = ['!a:test', '!b:test', '!c:test'];
      for (const room of [...rooms, '!a:test']) {
        bench.now += 1;
        await bench.hear(matrixEvent(`e${bench.now}`, room));
      }
      expect(bench.store.liveRooms().map(({ roomId }) => roomId)).toEqual(['!a:test', '!c:test', '!b:test']);
    });
  });

  describe('a filter', () => {
    test('holds for the conversation or the person whom it is with, is counted, and goes along when two turn out to be one', async () => {
      const { conversation } = await bench.portal(message('31'));
      const person = conversation.person as PersonRow;
      const set = (on: Filter['on'], mode: Filter['mode'] | null) => ({ do: 'filter', user: ALICE, on, mode }) as const;
      expect(bench.store.filterOf(ALICE, conversation)).toBeNull();
      await bench.store.apply([set({ person }, 'ignore'), { do: 'leftOut', conversation: conversation.row, person }]);
      expect(bench.store.filterOf(ALICE, conversation)).toBe('ignore');
      expect(bench.store.filterOf(BOB, conversation)).toBeNull();
      await bench.store.apply([set({ conversation: conversation.row }, 'mute')]);
      expect(bench.store.filterOf(ALICE, conversation)).toBe('mute');
      expect(bench.store.filters(ALICE)).toEqual([{ on: { conversation: conversation.row }, mode: 'mute', leftOut: 0 }, { on: { person }, mode: 'ignore', leftOut: 1 }]);
      await bench.store.apply([set({ conversation: conversation.row }, null), set({ person }, null)]);
      expect(bench.store.filters(ALICE)).toEqual([]);
      // Known by another id first, and ignored by that.
      const other = (await bench.portal(message('other'))).conversation;
      await bench.store.apply([set({ person: other.person as PersonRow }, 'ignore'), set({ conversation: other.row }, 'ignore')]);
      await bench.take({ type: 'identity.alias', scope: '', from: '31', to: 'other' } as never);
      expect(bench.store.filters(ALICE).map(({ on }) => on)).toEqual([{ conversation: conversation.row }, { person }]);
    });
  });

  describe('a portal', () => {
    test('is made once for a conversation, with a room and the row that makes it', async () => {
      const conversation = bench.conversationOf(await bench.take(message('31')));
      const effect = { do: 'portal', conversation, account: 'fake/app/one', invite: [ALICE, BOB] } as never;
      await bench.store.apply([effect, effect]);
      await bench.store.apply([effect]);
      const portal = bench.portalOf(conversation);
      expect(bench.store.counts().portals).toBe(1);
      expect(bench.store.room(portal.room)).toMatchObject({ roomId: null, state: 'creating', kind: 'portal', createdByUs: true });
      expect(await bench.drain(roomLane(portal.room))).toEqual([`create.${portal.row}`, `welcome.${portal.row}`, `enter.${portal.row}`, `invite.${portal.row}.${ALICE}`, `invite.${portal.row}.${BOB}`]);
    });

    test('that is closed makes place for a new one', async () => {
      const old = await bench.portal(message('31'));
      await bench.store.apply([{ do: 'portalState', portal: old.row, state: 'closed' }]);
      expect(bench.store.portalsOf(old.room)).toEqual([]);
      expect(bench.store.remoteContext(old.conversation.row, null, []).portal).toBeNull();
      await bench.store.apply([{ do: 'portal', conversation: old.conversation.row, account: old.account, invite: [] }]);
      const fresh = bench.portalOf(old.conversation.row);
      expect(fresh.row).not.toBe(old.row);
      expect(fresh.room).not.toBe(old.room);
    });

    test('that ends hands what waits for its room to the next one, after the steps that make it', async () => {
      const old = await bench.portal(message('31'));
      const to = { lane: roomLane(old.room), portal: old.row, room: old.room };
      await bench.send({ ...to, key: 'under way', task: writes('1'), remoteRef: 'r1' as RemoteId });
      await bench.begin(bench.head(roomLane(old.room)).seq);
      for (const key of ['a', 'b']) await bench.send({ ...to, key, task: writes(key), remoteRef: key as RemoteId });
      await bench.send({ ...to, key: 'a notice of ours', task: writes('here only') });
      await bench.store.apply([{ do: 'close', portal: old.row, invite: [ALICE] }]);
      const next = bench.portalOf(old.conversation.row);
      expect(next.room).not.toBe(old.room);
      expect(await bench.drain(roomLane(old.room))).toEqual(['under way', 'a notice of ours']);
      expect(await bench.drain(roomLane(next.room))).toEqual([`create.${next.row}`, `welcome.${next.row}`, `enter.${next.row}`, `invite.${next.row}.${ALICE}`, 'a', 'b']);
      expect(bench.store.outboxByKey('b')).toMatchObject({ portal: next.row, room: next.room });
    });

    test('that ended while something was decided for it takes nothing: that is decided again', async () => {
      const old = await bench.portal(message('31'));
      const lane = (await bench.take(message('31'))).wake[0] ?? '';
      const late = bench.store.inHead(lane)?.seq as InboxSeq;
      await bench.store.apply([{ do: 'close', portal: old.row, invite: [ALICE] }]);
      const decided = bench.store.settleIn(late, { to: 'done' }, [
        { do: 'send', row: { lane: roomLane(old.room), key: 'late', portal: old.row, room: old.room, task: writes('late'), remoteRef: 'late' as RemoteId } },
      ]);
      await expect(decided).rejects.toThrow(Stale);
      expect(bench.store.outboxByKey('late')).toBeNull();
      expect(bench.store.inHead(lane)?.seq).toBe(late);
    });

    test('whose room is replaced is followed before all that waits, reports with what they report; then its row stands for the next room', async () => {
      const { row, room, conversation } = await bench.portal(message('31'), '!old:test');
      const lane = roomLane(room);
      const to = { lane, portal: row, room };
      await bench.send({ ...to, key: 'under way', task: writes('0') });
      await bench.begin(bench.head(lane).seq);
      await bench.send({ ...to, key: 'a', task: writes('a'), remoteRef: 'a' as RemoteId });
      const failed = await bench.send({ lane: `out:p${row}`, key: 'failed' });
      await bench.store.settleOut(failed.seq, { to: 'dead', code: 'c', reason: 'r' }, [{ do: 'send', row: { ...to, key: 'report', task: writes('no'), reports: failed.seq } }]);
      await bench.store.apply([mapping(row, '$e', 'r'), { do: 'member', room, member: { user: ALICE, membership: 'join', name: null } }]);
      const follow = { do: 'follow', room, into: '!new:test' as RoomId, via: 'test', key: 'follow' } as const;
      await bench.store.apply([follow]);
      await bench.store.apply([follow]);
      expect(await bench.drain(lane)).toEqual(['under way', 'follow', 'a', 'report']);
      expect(bench.row(failed.seq).report).toBe(bench.store.outboxByKey('report')?.seq);
      // The homeserver may tell of the next room first.
      await bench.hear(matrixEvent('early', '!new:test'));
      const moved = { do: 'moved', room, into: '!new:test' as RoomId, leave: [conversation.person as PersonRow] } as const;
      await bench.store.apply([moved]);
      await bench.store.apply([moved]);
      expect(bench.store.roomById('!new:test' as RoomId)?.row).toBe(room);
      expect(bench.store.portalsOf(room).map((portal) => portal.row)).toEqual([row]);
      expect(bench.store.members(room)).toEqual([]);
      expect(bench.store.mapOf(row, '$e' as EventId)).toEqual([]);
      expect(bench.store.inHead(`in:r${room}`)?.key).toBe('$early');
      const old = bench.store.roomById('!old:test' as RoomId);
      expect(old).toMatchObject({ kind: 'portal', state: 'live' });
      expect(bench.store.members(old?.row as RoomRow).map(({ user }) => user)).toEqual([ALICE]);
      expect(await bench.drain(roomLane(old?.row as RoomRow))).toEqual([`left.${old?.row}.${conversation.person}`, `left.${old?.row}.bot`]);
    });

    test('that ends with nothing under way makes no new one', async () => {
      const old = await bench.portal(message('31'));
      await bench.store.apply([{ do: 'close', portal: old.row, invite: [ALICE] }]);
      expect(bench.store.remoteContext(old.conversation.row, null, []).portal).toBeNull();
    });
  });

  test('a person is remembered as registered and by the name that was shown', async () => {
    const conversation = bench.conversationOf(await bench.take(message('31')));
    const row = bench.store.conversation(conversation)?.person as never;
    expect(bench.store.person(row)).toMatchObject({ registered: false, shownName: null });
    await bench.store.apply([{ do: 'person', person: row, change: { registered: true } }, { do: 'person', person: row, change: { shownName: 'Bob (Fake)' } }]);
    expect(bench.store.person(row)).toMatchObject({ registered: true, shownName: 'Bob (Fake)' });
  });

  describe('the message map', () => {
    test('is many to many, first parts first, and written by whichever comes first', async () => {
      const { row } = await bench.portal(message('31'));
      await bench.store.apply([mapping(row, '$e', 'r2', 1), mapping(row, '$e', 'r1', 0), mapping(row, '$f', 'r1', 0)]);
      await bench.store.apply([mapping(row, '$e', 'r1', 0)]);
      expect(bench.store.mapOf(row, '$e' as EventId).map(({ remoteId }) => remoteId)).toEqual(['r1', 'r2']);
      expect(bench.store.mapOfRemote(row, 'r1' as RemoteId).map(({ eventId }) => eventId)).toEqual(['$e', '$f']);
      expect(bench.store.mapOf(row, '$e' as EventId)[0]).toEqual({
        portal: row, eventId: '$e', outPart: 0, remoteId: 'r1', inPart: 0, remoteTime: 1_000, origin: 'matrix', author: ALICE,
      });
    });

    test('forgets a deleted message and the reactions to it', async () => {
      const { row, conversation } = await bench.portal(message('31'));
      await bench.store.apply([
        mapping(row, '$e', 'r1'), mapping(row, '$f', 'r2'),
        { do: 'react', row: { portal: row, target: 'r1', actor: '7', emoji: '👍', eventId: null, key: 'k', at: 1 } },
        { do: 'unmap', portal: row, remoteId: 'r1' as RemoteId },
      ]);
      const context = bench.store.remoteContext(conversation.row, null, ['r1', 'r2'] as never);
      expect(context.map.map(({ remoteId }) => remoteId)).toEqual(['r2']);
      expect(context.reactions).toEqual([]);
    });
  });

  test('reactions are rows of target, actor and emoji; the event comes later, and a removal wins', async () => {
    const { row, room, conversation } = await bench.portal(message('31'));
    const react = (actor: string, emoji: string, key: string, at: number) =>
      ({ do: 'react', row: { portal: row, target: 'r1', actor, emoji, eventId: null, key, at } }) as const;
    const shown = () => bench.store.remoteContext(conversation.row, null, ['r1'] as never).reactions.map(({ actor, emoji, eventId }) => [actor, emoji, eventId]);
    await bench.store.apply([react('7', '👍', 'k1', 2), react('8', '👍', 'k2', 1), react('7', '❤️', 'k3', 3)]);
    await bench.store.apply([{ do: 'reacted', key: 'k1', eventId: '$1' as EventId }]);
    expect(shown()).toEqual([['8', '👍', null], ['7', '👍', '$1'], ['7', '❤️', null]]);
    await bench.store.apply([{ do: 'unreact', portal: row, target: 'r1', actor: '7', emoji: '❤️' }]);
    await bench.store.apply([{ do: 'reacted', key: 'k3', eventId: '$3' as EventId }]);
    expect(shown()).toEqual([['8', '👍', null], ['7', '👍', '$1']]);
    expect(bench.store.roomContext(room, ALICE, ['$1' as EventId]).reactions.map(({ actor }) => actor)).toEqual(['8', '7']);
    // Those of people here hang on the event: whoever puts one beside them has to know of them.
    await bench.store.apply([{ do: 'react', row: { portal: row, target: '$m', actor: ALICE, emoji: '👍', eventId: '$r' as EventId, key: 'k4', at: 4 } }]);
    expect(bench.store.roomContext(room, ALICE, ['$m' as EventId]).reactions.map(({ emoji }) => emoji)).toEqual(['👍']);
    await bench.store.apply([{ do: 'unreact', portal: row, target: 'r1', actor: '7', emoji: null }]);
    expect(shown()).toEqual([['8', '👍', null]]);
  });

  describe('a public link to a file', () => {
    const DAY = 86_400_000;
    const made = (key: string, event: string, shows?: string) => bench.send({
      lane: 'out:p1', key, event: event as EventId, sender: ALICE, ...(shows === undefined ? {} : { shows: { event: shows as EventId, part: 1 } }),
    });
    const link = async (row: OutboxItem): Promise<void> => void await bench.store.apply([{ do: 'link', row: row.seq, expiresAt: bench.now + DAY }]);

    test('stands until the event goes that it was made for, also where that was never sent, and after a stop', async () => {
      const [one, two] = [await made('one', '$1'), await made('two', '$2')];
      await link(one);
      await link(two);
      expect(['one', 'two', 'three'].map((key) => bench.store.linkStands(key))).toEqual([true, true, false]);
      await bench.begin(one.seq);
      await bench.store.settleOut(one.seq, { to: 'dead', code: 'c', reason: 'r' }, []);
      await bench.store.apply([{ do: 'unlink', event: '$1' as EventId }]);
      await bench.reopen();
      expect(['one', 'two'].map((key) => bench.store.linkStands(key))).toEqual([false, true]);
    });

    test('that an edit made goes with the edit and with the message', async () => {
      for (const [n, gone] of [['1', '$edit 1'], ['2', '$message']] as const) {
        await link(await made(`key ${n}`, `$edit ${n}`, '$message'));
        expect(bench.store.linkStands(`key ${n}`)).toBe(true);
        await bench.store.apply([{ do: 'unlink', event: gone as EventId }]);
        expect(bench.store.linkStands(`key ${n}`)).toBe(false);
      }
    });

    test('is not made any more for a row that was cancelled while its file was fetched', async () => {
      const row = await made('late', '$1');
      await bench.store.apply([{ do: 'cancel', seq: row.seq, reason: 'Deleted.' }, { do: 'unlink', event: '$1' as EventId }]);
      await bench.store.step(row, says('with its link'), [{ do: 'link', row: row.seq, expiresAt: bench.now + DAY }]);
      expect(bench.store.linkStands('late')).toBe(false);
    });

    test('is forgotten once its time is over, and lives on where it was sent again', async () => {
      const row = await made('again', '$1');
      await link(row);
      bench.now += DAY / 2;
      await link(row);
      await bench.store.prune(bench.now + DAY / 2 + 1, KEEP);
      expect(bench.store.linkStands('again')).toBe(true);
      await bench.store.prune(bench.now + DAY + 1, KEEP);
      expect(bench.store.linkStands('again')).toBe(false);
    });
  });

  describe('the context of a decision', () => {
    test('of a network item holds what is on its way to Matrix, and the sends that an echo may be of', async () => {
      const { row, room, conversation } = await bench.portal(message('31'));
      const coming = await bench.send({ lane: roomLane(room), key: 'c', task: writes('x'), portal: row, room, remoteRef: 'r1' as RemoteId });
      const going = await bench.send({ lane: `out:p${row}`, key: 'g', portal: row, room });
      const context = () => bench.store.remoteContext(conversation.row, conversation.person, ['r1', 'r2'] as never);
      expect(context()).toMatchObject({ coming: [{ seq: coming.seq }], going: [], portal: { row }, room: { row: room }, person: { ids: ['31'] } });
      await bench.begin(going.seq);
      expect(context().going.map(({ seq }) => seq)).toEqual([going.seq]);
      await bench.drain(roomLane(room));
      expect(context().coming).toEqual([]);
    });

    test('of a Matrix event holds the portals of its room and the rows that the event became', async () => {
      const { row, room } = await bench.portal(message('31'));
      const sent = await bench.send({ lane: `out:p${row}`, key: 'g', portal: row, room, event: '$e' as EventId, sender: ALICE });
      await bench.store.apply([mapping(row, '$e', 'r1')]);
      expect(bench.store.roomContext(room, ALICE, ['$e' as EventId])).toMatchObject({
        room: { row: room }, portals: [{ row }], map: [{ remoteId: 'r1' }], rows: [{ seq: sent.seq }], sender: null,
      });
    });
  });

  test('notes outlive a stop, and the last one counts', async () => {
    await bench.store.setMeta('a', '1');
    await bench.store.apply([{ do: 'meta', key: 'a', value: '2' }]);
    await bench.reopen();
    expect(bench.store.getMeta('a')).toBe('2');
    expect(bench.store.getMeta('b')).toBeNull();
  });

  test('a report hangs on the row that it tells of', async () => {
    const row = await bench.send({ lane: 'out:p1', key: 'a' });
    await bench.begin(row.seq);
    await bench.store.settleOut(row.seq, { to: 'dead', code: 'c', reason: 'r' }, [{ do: 'send', row: { lane: 'out:r1', key: 'report', task: writes('not delivered'), reports: row.seq } }]);
    expect(bench.row(row.seq).report).toBe(bench.store.outboxByKey('report')?.seq);
    await bench.store.apply([{ do: 'send', row: { lane: 'out:p1', key: 'b', task: says('x') } }]);
    expect(bench.store.outboxByKey('b')?.report).toBeNull();
  });
}
