import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccountId, InboxSeq, RemoteId } from '../../../../src/model/ids.ts';
import { plain } from '../../../../src/model/richtext.ts';
import { ACCOUNT, ALICE, Bench, direct, item, KEEP, matrixEvent, message, NETWORK, person, type StoreFactory } from './setup.ts';

const SECOND = 'fake/app/two' as AccountId;

/** What both sides send is taken in once, in order, and committed before the answer. */
export function acceptSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  describe('what comes in from a network', () => {
    test('is taken in once, however often the same key comes', async () => {
      const event = message('31');
      expect(await bench.take(event, 'a')).toMatchObject({ fresh: 1, duplicates: 0 });
      expect(await bench.take(event, 'a')).toEqual({ wake: [], fresh: 0, duplicates: 1, media: [] });
      expect(await bench.take({ ...event, time: 2 }, 'b')).toMatchObject({ fresh: 1 });
      expect(bench.store.counts().inbox).toEqual({ ready: 2 });
    });

    test('with one key twice in one batch counts once', async () => {
      const items = [item('a', message('31')), item('a', message('31')), item('b', message('31'))];
      expect(await bench.store.acceptNetwork({ network: NETWORK, account: ACCOUNT, items })).toMatchObject({ fresh: 2, duplicates: 1 });
    });

    test('has keys of its account: the same key of another account is another item', async () => {
      await bench.take(message('31'), 'a');
      expect(await bench.take(message('31'), 'a', SECOND)).toMatchObject({ fresh: 1 });
    });

    test('keeps its order in the lane of its conversation, each conversation its own', async () => {
      const first = await bench.take(message('31', [], { id: 'r1' as RemoteId }));
      await bench.take(message('32', [], { id: 'r2' as RemoteId }));
      await bench.take(message('31', [], { id: 'r3' as RemoteId }));
      const lane = first.wake[0] ?? '';
      const ids: unknown[] = [];
      for (let head = bench.store.inHead(lane); head !== null; head = bench.store.inHead(lane)) {
        ids.push(head.body.side === 'network' && head.body.event.type === 'message' ? head.body.event.id : null);
        await bench.store.settleIn(head.seq, { to: 'done' }, []);
      }
      expect(ids).toEqual(['r1', 'r3']);
      expect(bench.store.lanes()).toHaveLength(1);
    });

    test('gives a direct chat a conversation per account, and a group one for all accounts', async () => {
      const one = bench.conversationOf(await bench.take(message('31')));
      const two = bench.conversationOf(await bench.take(message('31'), 'k2', SECOND));
      expect(two).not.toBe(one);
      const group = { id: 'g', scope: 's', kind: 'group', perAccount: false, title: 'Friends' } as const;
      const three = bench.conversationOf(await bench.take(message('31', [], { conversation: group })));
      const four = bench.conversationOf(await bench.take(message('32', [], { conversation: group }), 'k4', SECOND));
      expect(four).toBe(three);
      expect(bench.store.conversation(three)).toMatchObject({ kind: 'group', title: 'Friends', remoteId: 'g', person: null });
    });

    test('sends delivery events to a lane of their own', async () => {
      await bench.take(message('31'));
      const accepted = await bench.take({ type: 'delivery', id: 'r' as RemoteId, time: 1, status: 'sent', recipient: person('31') });
      expect(accepted.wake).toEqual([`status:${ACCOUNT}`]);
    });

    test('commits the cursor together with its items', async () => {
      await bench.store.acceptNetwork({ network: NETWORK, account: ACCOUNT, items: [item('a', message('31'))], cursor: 'page 7' });
      expect(bench.store.getMeta(`cursor:${ACCOUNT}`)).toBe('page 7');
      await bench.store.acceptNetwork({ network: NETWORK, account: ACCOUNT, items: [], cursor: 'page 8' });
      await bench.reopen();
      expect(bench.store.getMeta(`cursor:${ACCOUNT}`)).toBe('page 8');
      expect(bench.store.counts().inbox).toEqual({ ready: 1 });
    });

    test('notes the newest message in, and a late one does not move it back', async () => {
      const conversation = bench.conversationOf(await bench.take(message('31', [], { id: 'new' as RemoteId, time: 2_000 })));
      await bench.take(message('31', [], { id: 'old' as RemoteId, time: 1_000 }));
      expect(bench.store.conversation(conversation)?.lastInbound).toEqual({ id: 'new', at: 2_000 });
    });

    test('does not take what the account itself says for the other person', async () => {
      const conversation = bench.conversationOf(await bench.take(message('31', [], { sender: { id: 'me', scope: '', isSelf: true } })));
      const found = bench.store.conversation(conversation);
      expect(found?.lastInbound).toBeNull();
      expect(found?.person === null || found?.person === undefined ? null : bench.store.person(found.person)?.ids).toEqual(['31']);
    });

    test('makes a job for each media part, opened only with the handle', async () => {
      const media = { source: { network: 'handle-1' }, mime: 'image/png', name: 'a.png', size: 5 };
      const accepted = await bench.take(message('31', [], { parts: [{ kind: 'text', text: plain('x') }, { kind: 'image', media }] }));
      expect(accepted.media).toHaveLength(1);
      expect(bench.store.mediaJobs(10)).toEqual([expect.objectContaining({
        id: accepted.media[0], account: ACCOUNT, handle: 'handle-1', state: 'wanted', mime: 'image/png', name: 'a.png', size: 5, tries: 0,
      })]);
      const head = bench.store.inHead(accepted.wake[0] ?? '');
      expect(head?.body).toMatchObject({ side: 'network', media: { 1: accepted.media[0] } });
    });

    test('is still there after a stop without warning', async () => {
      const event = message('31');
      const { wake } = await bench.take(event, 'a');
      await bench.reopen();
      expect(bench.store.inHead(wake[0] ?? '')?.body).toMatchObject({ side: 'network', event });
      expect(await bench.take(event, 'a')).toMatchObject({ duplicates: 1 });
    });
  });

  describe('what comes in from the homeserver', () => {
    test('is keyed by its event id, whatever transaction or body brings it', async () => {
      expect(await bench.hear(matrixEvent('e1', '!a:test'), matrixEvent('e2', '!a:test'))).toMatchObject({ fresh: 2 });
      const changed = matrixEvent('e1', '!a:test', { msgtype: 'm.text', body: 'another body' });
      expect(await bench.hear(changed, matrixEvent('e3', '!a:test'))).toMatchObject({ fresh: 1, duplicates: 1 });
    });

    test('has a lane per room', async () => {
      const { wake } = await bench.hear(matrixEvent('e1', '!a:test'), matrixEvent('e2', '!b:test'), matrixEvent('e3', '!a:test'));
      expect(wake).toHaveLength(2);
      const row = bench.store.roomById('!a:test' as never)?.row;
      expect(wake).toContain(`in:r${row}`);
      expect(bench.store.room(row as never)).toMatchObject({ roomId: '!a:test', state: 'live', kind: 'unknown', encrypted: false });
    });

    test('tells which events were never taken in', async () => {
      await bench.hear(matrixEvent('e1', '!a:test'));
      await bench.take(message('31'), '$e2');
      expect(bench.store.unseen('matrix', ['$e1', '$e2', '$e3'])).toEqual(['$e2', '$e3']);
    });
  });

  test('a key is recognised long after its row has gone', async () => {
    const event = message('31');
    const { wake } = await bench.take(event, 'a');
    const [head] = [bench.store.inHead(wake[0] ?? '')];
    await bench.store.settleIn(head?.seq as never, { to: 'done' }, []);
    await bench.hear(matrixEvent('e1', '!a:test'));
    const matrix = bench.store.inHead('in:r1');
    await bench.store.settleIn(matrix?.seq as never, { to: 'done' }, []);
    bench.now += 86_400_000 * 365;
    await bench.store.prune(bench.now, KEEP);
    expect(bench.store.counts().inbox).toEqual({});
    expect(await bench.take(event, 'a')).toMatchObject({ fresh: 0 });
    expect(await bench.hear(matrixEvent('e1', '!a:test'))).toMatchObject({ fresh: 0 });
  });

  test('hashes past the horizon go, and only those', async () => {
    await bench.take(message('31'), 'old');
    bench.now += 10_000;
    await bench.take(message('31'), 'new');
    await bench.store.prune(bench.now, { ...KEEP, seen: 5_000 });
    expect(bench.store.unseen(ACCOUNT, ['old', 'new'])).toEqual(['old']);
  });

  test('what is kept is recognised where its hash is forgotten, on both sides', async () => {
    const { wake } = await bench.take(message('31'), 'kept');
    await bench.store.settleIn(bench.store.inHead(wake[0] ?? '')?.seq as never, { to: 'dead', code: 'bug', reason: 'x' }, []);
    await bench.hear(matrixEvent('e1', '!a:test'));
    await bench.store.settleIn(bench.store.inHead('in:r1')?.seq as never, { to: 'dead', code: 'bug', reason: 'x' }, []);
    bench.now += 10_000;
    await bench.store.prune(bench.now, { ...KEEP, deadContent: 86_400_000, seen: 5_000 });
    expect(bench.store.unseen(ACCOUNT, ['kept'])).toEqual(['kept']);
    expect(await bench.take(message('31'), 'kept')).toMatchObject({ fresh: 0 });
    expect(await bench.hear(matrixEvent('e1', '!a:test'))).toMatchObject({ fresh: 0 });
    expect(bench.store.counts().inbox).toEqual({ dead: 2 });
  });

  describe('data for devices', () => {
    const device = (n: number, size = 1): unknown => ({ type: 'm.room.encrypted', sender: '@eve:evil.test', content: { n, ciphertext: 'x'.repeat(size) } });
    const hear = (...toDevice: unknown[]): Promise<unknown> => bench.store.acceptMatrix({ events: [matrixEvent(`e${++bench.now}`, '!a:test')], toDevice });
    const inbox = (): Readonly<Record<string, number>> => bench.store.counts().inbox;

    test('is kept once, and comes to no lane', async () => {
      await hear(device(1), device(2));
      await hear(device(2));
      expect(inbox()).toEqual({ parked: 2, ready: 2 });
      expect(bench.store.lanes().map(({ lane }) => lane)).toEqual(['in:r1']);
    });

    test('of any size and number is taken without a refusal, and only so much of it is kept, with a word about the rest', async () => {
      await hear(device(0, 70_000), device(1));
      expect(inbox()).toEqual({ dead: 1, parked: 1, ready: 1 });
      for (let batch = 0; batch < 6; batch++) await hear(...Array.from({ length: 1_000 }, (_, n) => device(batch * 1_000 + n + 2)));
      expect(inbox()).toEqual({ dead: 1, parked: 5_000, ready: 7 });
      expect(bench.store.undelivered(10)).toEqual([expect.objectContaining({ side: 'in', kind: 'to-device', code: 'too_much', reason: expect.stringContaining('encryption') })]);
      bench.now += KEEP.settled * 2;
      await bench.store.prune(bench.now, KEEP);
      await hear(device(9_999));
      expect(inbox()).toMatchObject({ parked: 1 });
    });

    test('that is large fills its place sooner', async () => {
      for (let batch = 0; batch < 3; batch++) await hear(...Array.from({ length: 100 }, (_, n) => device(batch * 100 + n, 64_000)));
      expect(inbox()).toEqual({ dead: 1, parked: Math.floor(16_777_216 / 64_100), ready: 3 });
    });
  });

  test('bytes that could not be decoded are kept, dead, once', async () => {
    const broken = { source: 'fake/app', key: 'k', raw: Buffer.from('??'), reason: 'no JSON' };
    await bench.store.acceptBroken(broken);
    await bench.store.acceptBroken(broken);
    expect(bench.store.counts().inbox).toEqual({ dead: 1 });
    expect(bench.store.lanes()).toEqual([]);
  });

  test('bytes that could not be decoded are kept however long their key is, once', async () => {
    // No repetition, which a database might make shorter.
    const key = Array.from({ length: 20_000 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join('');
    for (const one of [key, key, `${key}!`]) await bench.store.acceptBroken({ source: 'fake/app', key: one, raw: Buffer.from(JSON.stringify(message('31'))), reason: 'r' });
    expect(bench.store.counts().inbox).toEqual({ dead: 2 });
    expect(bench.store.unseen('fake/app', [key])).toEqual([]);
    expect(await bench.store.takeAgain(bench.store.undelivered(1)[0]?.seq as InboxSeq)).toMatchObject({ fresh: 1 });
  });

  describe('what could not be taken in', () => {
    const keep = async (source: string, key: string, value: unknown): Promise<InboxSeq> => {
      await bench.store.acceptBroken({ source, key, raw: Buffer.from(JSON.stringify(value)), reason: 'a bug' });
      return bench.store.undelivered(1)[0]?.seq as InboxSeq;
    };

    test('is taken in again as if it came now, once', async () => {
      const event = matrixEvent('late', '!a:test');
      const seq = await keep('matrix', event.event_id, event);
      expect(await bench.store.takeAgain(seq)).toMatchObject({ wake: ['in:r1'], fresh: 1 });
      expect(bench.store.inHead('in:r1')?.body).toMatchObject({ side: 'matrix', event });
      expect(await bench.store.takeAgain(seq)).toBeNull();
      expect(await bench.hear(event)).toMatchObject({ fresh: 0 });
      const said = message('31');
      expect(await bench.store.takeAgain(await keep(ACCOUNT, 'late', said))).toMatchObject({ fresh: 1 });
      expect(await bench.take(said, 'late')).toMatchObject({ fresh: 0 });
      expect(await bench.store.takeAgain(await keep('to-device', 'x', { type: 'm.x', sender: ALICE, content: {} }))).toMatchObject({ wake: [] });
      expect(bench.store.counts().inbox).toEqual({ ready: 2, parked: 1 });
    });

    test('and still cannot be stays as it was', async () => {
      const seq = await keep('matrix', '$bad', null);
      await expect(bench.store.takeAgain(seq)).rejects.toThrow(TypeError);
      expect(bench.store.counts().inbox).toEqual({ dead: 1 });
      expect(bench.store.deadIn(seq)).toMatchObject({ source: 'matrix' });
      expect(bench.store.unseen('matrix', ['$bad'])).toEqual([]);
    });
  });

  test('opening a conversation makes its person, its portal and the invitation, and repeating it nothing', async () => {
    const request = { network: NETWORK, account: ACCOUNT, person: person('31'), conversation: direct('31'), invite: [ALICE] };
    const first = await bench.store.openConversation(request);
    const portal = bench.portalOf(first.conversation);
    expect(first.wake).toEqual([`out:r${portal.room}`]);
    expect(portal).toMatchObject({ state: 'creating', account: ACCOUNT, conversation: { remoteId: '31' } });
    const again = await bench.store.openConversation(request);
    expect(again).toEqual({ conversation: first.conversation, wake: [] });
    expect(bench.conversationOf(await bench.take(message('31')))).toBe(first.conversation);
    expect(await bench.drain(`out:r${portal.room}`)).toEqual([`create.${portal.row}`, `welcome.${portal.row}`, `enter.${portal.row}`, `invite.${portal.row}.${ALICE}`]);
  });
}
