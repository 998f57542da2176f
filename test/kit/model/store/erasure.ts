import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { NetworkEvent } from '../../../../src/model/events.ts';
import type { EventId, PersonRow, RemoteId } from '../../../../src/model/ids.ts';
import type { Effect, Person, Portal } from '../../../../src/store/store.ts';
import { ACCOUNT, ALICE, Bench, direct, KEEP, mapping, matrixEvent, message, NETWORK, person, portalLane, roomLane, says, type StoreFactory, writes } from './setup.ts';

const GROUP = { id: 'g', scope: '', kind: 'group', perAccount: false } as const;
const picture = { kind: 'image', media: { source: { network: 'handle' }, name: 'me.png' } } as const;

/** Who is erased is gone, and nobody else. */
export function erasureSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  const known = (id: string): Person => bench.person(id);
  const from = ({ row }: Portal, author: Person, event: string, remote: string): Effect => ({ do: 'map', row: {
    portal: row, eventId: event as EventId, outPart: 0, remoteId: remote as RemoteId, inPart: 0, remoteTime: 1, origin: 'network', author: String(author.row),
  } });
  const registered = (of: Person): Effect => ({ do: 'person', person: of.row, change: { registered: true, shownName: 'x' } });
  const joined = (portal: Portal, of: Person): Effect => ({ do: 'member', room: portal.room, member: { user: `@${of.localpart}:test` as never, membership: 'join', name: 'Name' } });

  /** 31 has a chat, and is with 32 in a group. */
  async function talk(): Promise<{ chat: Portal; group: Portal }> {
    const chat = await bench.portal(message('31'), '!chat:test');
    const group = await bench.portal(message('32', [], { conversation: GROUP }), '!group:test');
    const about = { conversation: GROUP, sender: person('31') };
    await bench.take(message('31', [], { ...about, id: 'g1' as RemoteId }));
    await bench.drain(roomLane(group.room));
    for (let item = bench.store.inHead(`in:c${group.conversation.row}`); item !== null; item = bench.store.inHead(`in:c${group.conversation.row}`)) await bench.store.settleIn(item.seq, { to: 'done' }, []);
    const [one, two] = [known('31'), known('32')];
    await bench.store.apply([
      registered(one), registered(two), joined(chat, one), joined(group, one), joined(group, two),
      from(chat, one, '$c1', 'c1'), from(group, one, '$g1', 'g1'), from(group, two, '$g2', 'g2'), mapping(chat.row, '$a1', 'a1'), mapping(group.row, '$a2', 'a2'),
      { do: 'react', row: { portal: group.row, target: 'g2', actor: String(one.row), emoji: '👍', eventId: '$r1' as EventId, key: 'r1', at: 1 } },
      { do: 'react', row: { portal: group.row, target: 'g1', actor: String(two.row), emoji: '👍', eventId: '$r2' as EventId, key: 'r2', at: 1 } },
      { do: 'react', row: { portal: group.row, target: 'a2', actor: String(two.row), emoji: '👍', eventId: '$r3' as EventId, key: 'r3', at: 1 } },
      { do: 'room', room: chat.room, change: { name: 'Name of 31', topic: 'With 31' } },
    ]);
    return { chat, group };
  }

  const erase = (id: string, wish = { redact: false, stop: false }) => bench.store.erasePerson(known(id).row, wish);
  const all = (wish: Partial<{ redact: boolean; stop: boolean }>) => ({ redact: false, stop: false, ...wish });

  test('takes a person with their chat, and leaves the others of a group', async () => {
    const { chat, group } = await talk();
    const { rows } = await erase('31');
    expect(rows).toMatchObject({ person: 1, portal: 1, message_map: 3, reaction: 2, member: 2 });
    expect([bench.store.personById(NETWORK, '', '31'), bench.store.portal(chat.row), bench.store.conversation(chat.conversation.row)]).toEqual([null, null, null]);
    expect(bench.store.room(chat.room)).toMatchObject({ state: 'live', kind: 'portal', name: null, topic: null });
    expect([bench.store.mapOf(chat.row, '$a1' as EventId), bench.store.mapOf(group.row, '$g1' as EventId)]).toEqual([[], []]);
    expect([bench.store.mapOf(group.row, '$g2' as EventId), bench.store.mapOf(group.row, '$a2' as EventId)].map((map) => map.length)).toEqual([1, 1]);
    expect(bench.store.remoteContext(group.conversation.row, null, ['g1', 'g2', 'a2'] as RemoteId[]).reactions.map(({ key }) => key)).toEqual(['r3']);
    expect(bench.store.members(group.room).map(({ user }) => user)).toEqual([`@${known('32').localpart}:test`]);
    expect(bench.store.conversation(group.conversation.row)?.lastInbound).toBeNull();
  });

  test('says what is left to be done on the homeserver, over a restart, until it is done', async () => {
    const { chat, group } = await talk();
    const ghost = known('31').localpart;
    await erase('31', all({ redact: true }));
    await bench.reopen();
    const [erasure] = bench.store.erasures();
    expect(erasure).toMatchObject({ redact: true, ghosts: [ghost], left: 3, of: 3 });
    expect([...erasure?.rooms ?? []].sort((a, b) => a.id.localeCompare(b.id))).toEqual([{ id: '!chat:test', direct: true, ghosts: [ghost] }, { id: '!group:test', direct: false, ghosts: [ghost] }]);
    const id = erasure?.id ?? 0;
    expect(bench.store.erasureEvents(id, 10)).toEqual([
      { event: '$c1', room: '!chat:test', ghost }, { event: '$g1', room: '!group:test', ghost }, { event: '$r1', room: '!group:test', ghost },
    ]);
    await bench.store.redacted(id, ['$c1', '$g1'] as EventId[]);
    expect([bench.store.erasures()[0]?.left, bench.store.erasureEvents(id, 10).map(({ event }) => event)]).toEqual([1, ['$r1']]);
    // What a step under way has written down meanwhile.
    await bench.store.apply([{ do: 'member', room: chat.room, member: { user: `@${ghost}:test` as never, membership: 'join', name: 'x' } }]);
    await bench.store.erasureDone(id);
    expect([bench.store.erasures(), bench.store.members(chat.room), bench.store.erasureEvents(id, 10)]).toEqual([[], [], []]);
    expect(bench.store.members(group.room)).toHaveLength(1);
  });

  test('without redaction leaves only names to be cleared and rooms to be left', async () => {
    await talk();
    await erase('31');
    expect(bench.store.erasures()).toMatchObject([{ redact: false, left: 0, of: 0 }]);
  });

  test('takes what waits and what was given up, either way, with its files and links', async () => {
    const { chat, group } = await talk();
    const waiting = await bench.take(message('31', [], { parts: [picture] }));
    const inGroup = await bench.take(message('31', [], { conversation: GROUP, parts: [picture] }));
    const [job, other] = [waiting.media[0] ?? 0, inGroup.media[0] ?? 0];
    await bench.store.mediaDone(job, { to: 'ready', spool: 'file-in', mime: 'image/png', name: 'me.png', size: 1 });
    await bench.store.settleIn(bench.store.inHead(`in:c${chat.conversation.row}`)?.seq as never, { to: 'done' }, [{ do: 'send', row: {
      lane: roomLane(chat.room), key: 'm1', portal: chat.row, room: chat.room, task: writes('x', { as: known('31').row, media: { job, waitUntil: 1 } }),
    } }]);
    await bench.store.settleIn(bench.store.inHead(`in:c${group.conversation.row}`)?.seq as never, { to: 'dead', code: 'c', reason: 'r' }, []);
    await bench.send({ lane: roomLane(group.room), key: 'theirs', portal: group.row, room: group.room, task: writes('x', { as: known('31').row }) });
    await bench.send({ lane: roomLane(group.room), key: 'others', portal: group.row, room: group.room, task: writes('x', { as: known('32').row }) });
    const out = await bench.send({ lane: portalLane(chat.row), key: 'out', portal: chat.row, event: '$f' as EventId, sender: ALICE });
    await bench.store.step(out, { ...says('x'), fitted: { as: 'file', spool: 'file-out', mime: 'x', name: 'x', size: 1 } } as never, []);
    await bench.store.apply([{ do: 'link', row: out.seq, expiresAt: bench.now + 1e9 }]);
    const { spool } = await erase('31');
    expect([...spool].sort()).toEqual(['file-in', 'file-out']);
    expect([bench.store.media(job), bench.store.media(other), bench.store.linkStands('out')]).toEqual([null, null, false]);
    expect(['m1', 'theirs', 'out'].map((key) => bench.store.outboxByKey(key))).toEqual([null, null, null]);
    expect(bench.store.outboxByKey('others')).not.toBeNull();
    expect(bench.store.counts().inbox).toEqual({});
    expect([...bench.store.spoolIds()]).toEqual([]);
  });

  test('takes what they said that went on to other networks', async () => {
    const { group } = await talk();
    const far = await bench.portal(message('50'), '!far:test');
    const ghost = `@${known('31').localpart}:test` as typeof ALICE;
    await bench.send({ lane: portalLane(far.row), key: 'far', portal: far.row, event: '$g1' as EventId, sender: ghost });
    await bench.send({ lane: portalLane(far.row), key: 'other', portal: far.row, event: '$g2' as EventId, sender: `@${known('32').localpart}:test` as typeof ALICE });
    await bench.store.apply([
      { do: 'map', row: { portal: far.row, eventId: '$g1' as EventId, outPart: 0, remoteId: 'f1' as RemoteId, inPart: 0, remoteTime: 1, origin: 'matrix', author: ghost } },
      { do: 'react', row: { portal: far.row, target: '$g2', actor: ghost, emoji: '👍', eventId: '$r9' as EventId, key: 'r9', at: 1 } },
    ]);
    await erase('31');
    expect([bench.store.outboxByKey('far'), bench.store.outboxByKey('other') === null, bench.store.mapOf(far.row, '$g1' as EventId)]).toEqual([null, false, []]);
    expect(bench.store.roomContext(far.room, ALICE, ['$g2'] as EventId[]).reactions).toEqual([]);
    expect(bench.store.portal(group.row)).not.toBeNull();
  });

  test('holds against what was in hand that moment', async () => {
    const { chat } = await talk();
    await bench.take(message('31'));
    const item = bench.store.inHead(`in:c${chat.conversation.row}`);
    const row = await bench.send({ lane: portalLane(chat.row), key: 'out', portal: chat.row, event: '$f' as EventId, sender: ALICE });
    await bench.begin(row.seq);
    // In one commit, the erasure first.
    await Promise.all([
      erase('31'),
      bench.store.settleIn(item?.seq as never, { to: 'done' }, [{ do: 'send', row: { lane: roomLane(chat.room), key: 'late', portal: chat.row, room: chat.room, task: writes('x', { as: known('31').row }) } }]),
      bench.store.settleOut(row.seq, { to: 'confirmed', remoteId: 'late', at: 1 }, [mapping(chat.row, '$f', 'late')]),
    ]);
    expect([bench.store.outboxByKey('late'), bench.store.mapOf(chat.row, '$f' as EventId)]).toEqual([null, []]);
    expect(bench.store.personById(NETWORK, '', '31')).toBeNull();
  });

  test('holds against what is told later of what was sent to them', async () => {
    await talk();
    const { localpart } = known('31');
    expect(bench.store.isErased(localpart)).toBe(false);
    await erase('31');
    const { wake } = await bench.take({ type: 'delivery', id: 'a1' as RemoteId, time: 5, status: 'read', recipient: person('31') });
    expect([wake.length, bench.store.peopleCalled(NETWORK, '31')]).toEqual([1, []]);
    expect([bench.store.isErased(localpart), bench.store.isErased(known('32').localpart)]).toEqual([true, false]);
  });

  test('makes whoever writes again somebody new, in a new chat, and no number means two things', async () => {
    const { chat } = await talk();
    const before = known('31');
    await erase('31');
    const again = await bench.portal(message('31'), '!again:test');
    expect(known('31')).toMatchObject({ localpart: before.localpart, registered: false });
    expect([known('31').row === before.row, again.row === chat.row, again.conversation.row === chat.conversation.row, again.room === chat.room]).toEqual([false, false, false, false]);
    // What is left of the erasure does not touch them.
    await bench.store.apply([joined(again, known('31'))]);
    await bench.store.erasureDone(bench.store.erasures()[0]?.id ?? 0);
    expect(bench.store.members(again.room)).toHaveLength(1);
  });

  test('takes all that turned out to be one person', async () => {
    const older = await bench.portal(message('31'), '!old:test');
    const newer = await bench.portal(message('B2'), '!new:test');
    const ghosts = [known('31').localpart, known('B2').localpart];
    await bench.store.apply([registered(known('31')), registered(known('B2')), from(older, known('31'), '$o', 'o'), from(newer, known('B2'), '$n', 'n')]);
    await bench.take({ type: 'identity.alias', scope: '', from: '31', to: 'B2', time: 1 });
    await erase('B2', all({ redact: true }));
    expect([bench.store.peopleCalled(NETWORK, '31'), bench.store.peopleCalled(NETWORK, 'B2'), bench.store.counts().people, bench.store.counts().portals]).toEqual([[], [], 0, 0]);
    const [erasure] = bench.store.erasures();
    expect([...erasure?.ghosts ?? []].sort()).toEqual([...ghosts].sort());
    expect(bench.store.erasureEvents(erasure?.id ?? 0, 10).map(({ event }) => event)).toEqual(['$n', '$o']);
    expect(bench.store.room(newer.room)).toMatchObject({ name: null });
  });

  test('of somebody unknown changes nothing', async () => {
    await talk();
    expect(await bench.store.erasePerson(999 as PersonRow, all({}))).toEqual({ rows: {}, spool: [] });
  });

  describe('of somebody who is not to be bridged', () => {
    const about = (event: object): NetworkEvent => event as NetworkEvent;

    test.each([['who asked for it', async () => bench.store.apply([{ do: 'consent', person: known('31').row, stopped: 7 }]), false], ['as the administrator wants', async () => {}, true]])('%s nothing comes in any more, not even their name', async (_, before, stop) => {
      const { group } = await talk();
      await before();
      await erase('31', all({ stop }));
      await bench.reopen();
      const accepted = [
        await bench.take(message('31', [], { parts: [picture] })),
        await bench.take(message('31', [], { conversation: GROUP })),
        await bench.take(message('new id', ['31'])),
        await bench.take(about({ type: 'profile', person: person('31'), time: 1 })),
        await bench.take(about({ type: 'member', conversation: GROUP, person: person('31'), change: 'join', time: 1 })),
        await bench.take(message('me', [], { conversation: direct('31'), sender: { ...person('me'), isSelf: true } })),
      ];
      expect(accepted.map(({ wake, media }) => [...wake, ...media])).toEqual(accepted.map(() => []));
      await bench.take(message('32', [], { conversation: GROUP, parts: [{ kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'mention', target: 'user', id: '31', name: '31' }] }] }] }));
      await bench.store.apply([{ do: 'facts', network: NETWORK, account: ACCOUNT, people: [person('31'), person('33')], into: { room: group.room, portal: group.row } }]);
      expect(bench.store.peopleCalled(NETWORK, '31')).toEqual([]);
      expect(bench.store.counts().people).toBe(2);
    });

    test('goes on under another id of theirs', async () => {
      await talk();
      await erase('31', all({ stop: true }));
      await bench.take({ type: 'identity.alias', scope: '', from: '31', to: 'B9', time: 1 });
      expect((await bench.take(message('B9'))).wake).toEqual([]);
    });

    test('ends with their word: they are somebody new who asked not to be bridged, until their lane has decided', async () => {
      await talk();
      await erase('31', all({ stop: true }));
      const event = message('31', ['B3']);
      const { wake } = await bench.store.acceptNetwork({ network: NETWORK, account: ACCOUNT, items: [{ key: 'start', event }], starts: ['start'] });
      expect(wake).toHaveLength(1);
      expect(known('31').stopped).toBe(bench.now);
      expect((await bench.take(message('31'))).wake).toHaveLength(1);
    });

    test('is known to the bridge as such by whoever opens a chat with them', async () => {
      await talk();
      await erase('31', all({ stop: true }));
      await bench.store.openConversation({ network: NETWORK, account: ACCOUNT, person: person('31'), conversation: direct('31'), invite: [ALICE] });
      expect(known('31').stopped).toBe(bench.now);
    });
  });

  test('of a Matrix user takes what bears their name, and no room', async () => {
    const { chat, group } = await talk();
    const bob = '@bob:test' as typeof ALICE;
    await bench.store.apply([
      { do: 'member', room: chat.room, member: { user: ALICE, membership: 'join', name: 'Alice' } }, { do: 'member', room: chat.room, member: { user: bob, membership: 'join', name: 'Bob' } }, { do: 'member', room: group.room, member: { user: ALICE, membership: 'leave', name: 'Alice' } },
      { do: 'react', row: { portal: chat.row, target: 'c1', actor: ALICE, emoji: '👍', eventId: '$x' as EventId, key: 'x', at: 1 } },
    ]);
    const linked = await bench.send({ lane: portalLane(chat.row), key: 'linked', portal: chat.row, event: '$l' as EventId, sender: ALICE });
    await bench.store.apply([{ do: 'link', row: linked.seq, expiresAt: bench.now + 1e9 }]);
    await bench.send({ lane: portalLane(chat.row), key: 'waits', portal: chat.row, event: '$w' as EventId, sender: ALICE });
    await bench.send({ lane: portalLane(chat.row), key: 'others', portal: chat.row, event: '$b' as EventId, sender: bob });
    const going = await bench.send({ lane: portalLane(group.row), key: 'going', portal: group.row, event: '$g' as EventId, sender: ALICE });
    await bench.begin(going.seq);
    await bench.hear(matrixEvent('mine', '!chat:test'), { ...matrixEvent('theirs', '!chat:test'), sender: bob });
    const { rows } = await bench.store.eraseUser(ALICE);
    expect(rows).toMatchObject({ outbox: 2, inbox: 1, message_map: 2, reaction: 1, member: 2, link: 1 });
    expect([bench.store.linkStands('linked'), bench.store.outboxByKey('waits'), bench.store.everMembers(group.room).some(({ user }) => user === ALICE), bench.store.mapOf(chat.row, '$a1' as EventId)]).toEqual([false, null, false, []]);
    expect(bench.store.member(chat.room, ALICE)).toMatchObject({ membership: 'join', name: null, picture: null });
    expect(bench.store.outboxByKey('going')).toMatchObject({ state: 'sending', sender: null });
    expect([bench.store.outboxByKey('others'), bench.store.member(chat.room, bob), bench.store.inHead(`in:r${chat.room}`)]).toMatchObject([{ sender: bob }, { name: 'Bob' }, { key: '$theirs' }]);
    expect(bench.store.portal(chat.row)).toMatchObject({ state: 'live' });
    expect(bench.store.mapOf(chat.row, '$c1' as EventId)).toHaveLength(1);
    await bench.store.prune(bench.now, KEEP);
  });
}
