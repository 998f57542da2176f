import { afterEach, describe, expect, test } from '@jest/globals';
import { Retry, Uncertain } from '../../src/model/errors.ts';
import type { MessageEvent, NetworkItem } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import type { HistoryPage } from '../../src/networks/network.ts';
import type { DeliverySettings } from '../../src/bridge/settings.ts';
import type { Abilities } from '../kit/scripted/network.ts';
import { BOB, CAROL, CHAT, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;

function open(abilities: Abilities, settings?: Partial<DeliverySettings>): Stage {
  stage = new Stage(abilities, settings);
  return stage;
}

afterEach(() => stage.close());

const at = (n: number): number => Date.UTC(2025, 0, 1) + n * 60_000;
const old = (n: number, more: Partial<MessageEvent> = {}): NetworkItem => ({ key: `message h${n}`, event: {
  type: 'message', id: `h${n}` as RemoteId, conversation: CHAT, sender: n % 2 === 0 ? BOB : CAROL, time: at(n), parts: [{ kind: 'text', text: plain(`old ${n}`) }], historical: true, ...more,
} });
/** Ten a page, the newest first. */
const paged = (count: number) => (limit: number, before?: string): HistoryPage => {
  const from = before === undefined ? count : Number(before);
  const size = Math.min(limit, 10, from);
  return { items: Array.from({ length: size }, (_, n) => old(from - n)), ...(from - size > 0 ? { next: String(from - size) } : {}) };
};
const words = (): readonly string[] => stage.events('m.room.message').map(({ content }) => String(content.body));
const olds = (from: number, to: number): readonly string[] => Array.from({ length: to - from + 1 }, (_, n) => `old ${from + n}`);
const invitedAt = (): number => stage.room.timeline.findIndex(({ type, content, state_key: user }) => type === 'm.room.member' && user === '@alice:test' && content.membership === 'invite');

describe('a new room', () => {
  test('begins with the newest of the past, in order and dated as it was said, before anybody is asked in; what comes meanwhile follows', async () => {
    const { network } = open({ history: paged(120) }, { backfill: 25 });
    await stage.take(stage.message('m1', 'now'), stage.message('m2', 'and now'));
    expect(words()).toEqual([...olds(96, 120), 'now', 'and now']);
    expect(stage.saying('old 96').origin_server_ts).toBe(at(96));
    expect(stage.saying('old 96').sender).toContain('bob');
    expect(invitedAt()).toBeGreaterThan(stage.room.timeline.indexOf(stage.saying('old 120')));
    expect(invitedAt()).toBeLessThan(stage.room.timeline.indexOf(stage.saying('now')));
    expect(stage.room.members.get('@alice:test')).toBe('join');
    expect(stage.room.timeline.filter(({ content }) => content.membership === 'invite' && content.displayname === 'alice')).toHaveLength(1);
    expect(network.of('history')).toHaveLength(3);
    expect(stage.log).toEqual([]);
  });

  test('shows what is both of the past and of now once, and answers find what they answer', async () => {
    open({ history: () => ({ items: [
      { key: 'message m1', event: { ...stage.message('m1', 'now'), historical: true } }, old(2, { replyTo: { id: 'h1' as RemoteId }, thread: { root: 'h1' as RemoteId } }), old(1), old(1),
    ] }) });
    await stage.take(stage.message('m1', 'now'), stage.message('m2', 'next', { replyTo: { id: 'h2' as RemoteId } }));
    expect(words()).toEqual(['old 1', 'old 2', 'now', 'next']);
    expect(stage.saying('old 2').content['m.relates_to']).toMatchObject({ rel_type: 'm.thread', event_id: stage.saying('old 1').event_id });
    expect(stage.saying('next').content['m.relates_to']).toEqual({ 'm.in_reply_to': { event_id: stage.saying('old 2').event_id } });
  });

  test('has the reactions and the files of its past too, and what the account said', async () => {
    const reaction: NetworkItem = { key: 'reactions h1', event: { type: 'reactions.set', target: 'h1' as RemoteId, conversation: CHAT, time: at(9), reactions: [{ emoji: '👍', sender: CAROL }] } };
    const stray: NetworkItem = { key: 'reactions h0', event: { type: 'reactions.set', target: 'h0' as RemoteId, conversation: CHAT, time: at(9), reactions: [{ emoji: '👍', sender: CAROL }] } };
    open({ history: () => ({ items: [
      old(3, { sender: { id: 'self', scope: '', isSelf: true } }), old(2, { parts: [{ kind: 'image', media: { source: { network: 'photo' } } }] }), reaction, stray, old(1),
    ] }) });
    await stage.take(stage.message('m1', 'now'));
    await stage.pass(10_000);
    expect(words()).toEqual(['old 1', 'photo.png', expect.stringContaining('old 3'), 'now']);
    expect(stage.events('m.room.message')[2]?.content.body).toContain('Sent from Fake');
    expect(stage.events('m.reaction')).toMatchObject([{ content: { 'm.relates_to': { event_id: stage.saying('old 1').event_id } } }]);
    expect(stage.notices()).toEqual([]);
  });

  test('calls the people of its past by their names, also where the network tells only their ids', async () => {
    const nameless = (n: number): NetworkItem => old(n, { sender: { id: `u${n % 2}`, scope: '' } });
    open({ history: () => ({ items: [nameless(3), nameless(2), nameless(1)] }), profile: (who) => ({ id: who, scope: '', name: `Name of ${who}` }) });
    await stage.take(stage.message('m1', 'now'));
    const names = (words: string): unknown => stage.store.personByLocalpart(stage.saying(words).sender.slice(1).replace(/:test$/, ''))?.shownName;
    expect(['old 1', 'old 2', 'old 3'].map(names)).toEqual(['Name of u1 (Fake)', 'Name of u0 (Fake)', 'Name of u1 (Fake)']);
    const first = stage.homeserver.named.find(([user]) => user === stage.saying('old 1').sender);
    expect(first?.[1]).toBe('Name of u1 (Fake)');
  });

  test('that is opened from Matrix has it, and none where the config says so', async () => {
    open({ history: paged(3) }, { backfill: 0 });
    await stage.take(stage.message('m1', 'now'));
    expect(words()).toEqual(['now']);
    expect(stage.network.of('history')).toEqual([]);
    await stage.close();
    open({ history: paged(3) });
    await stage.pass(100);
    const { wake } = await stage.store.openConversation({ network: 'fake' as never, account: 'fake/app/one' as never, person: BOB, conversation: CHAT, invite: ['@alice:test' as never], backfill: true });
    stage.wake(wake);
    await stage.take(stage.message('m1', 'now'));
    expect(words()).toEqual([...olds(1, 3), 'now']);
  });
});

describe('a network that does not tell all of it', () => {
  test('is asked again for a while', async () => {
    let tries = 0;
    open({ history: (limit, before) => {
      if (++tries < 3) throw new Retry('Busy.', '500');
      return paged(12)(limit, before);
    } });
    await stage.take(stage.message('m1', 'now'));
    await stage.pass(30_000);
    expect(words()).toEqual([...olds(1, 12), 'now']);
  });

  test.each<[string, (limit: number, before?: string) => HistoryPage | Promise<HistoryPage>]>([
    ['that never answers', () => new Promise(() => {})],
    ['that always says later', () => Promise.reject(new Retry('Busy.', '429', { afterMs: 7_000, rateLimited: true }))],
    ['that breaks off', () => Promise.reject(new Uncertain('Reset.', 'ECONNRESET'))],
  ])('%s holds its room up for no longer than a minute', async (_, history) => {
    open({ history });
    await stage.take(stage.message('m1', 'now'));
    await stage.pass(65_000);
    expect(words()).toEqual(['now']);
    expect(stage.room.members.get('@alice:test')).toBe('join');
    expect(stage.log).toEqual([expect.stringContaining('did not tell all of the past')]);
  });

  test('one that breaks at a later page leaves what there is', async () => {
    open({ history: (limit, before) => {
      if (before !== undefined) throw new TypeError('a bug of the adapter');
      return paged(30)(limit, before);
    } });
    await stage.take(stage.message('m1', 'now'));
    expect(words()).toEqual([...olds(21, 30), 'now']);
    expect(stage.log).toEqual([expect.stringContaining('did not tell all of the past')]);
  });

  test('one that tells nonsense has its room without', async () => {
    open({ history: () => ({ items: [{ key: 'x', event: { ...old(1).event, parts: null } as never }], next: 'x' }) });
    await stage.take(stage.message('m1', 'now'));
    expect(words()).toEqual(['now']);
    expect(stage.log).toEqual([expect.stringContaining('A bug met the past')]);
  });
});

test('a stop at any step repeats nothing and leaves nothing out', async () => {
  let edge = 0;
  for (let died = true; died; edge += 1) {
    open({ history: paged(4) });
    await stage.pass(100);
    stage.dieAfter(edge);
    const event = stage.message('m1', 'now');
    // Whoever hears no answer says it again.
    void stage.network.take(event).catch(() => {});
    await stage.pass(3_000);
    died = stage.deaths > 0;
    if (died) await stage.take(event);
    expect([edge, ...words()]).toEqual([edge, ...olds(1, 4), 'now']);
    expect(stage.room.members.get('@alice:test')).toBe('join');
    await stage.close();
  }
  expect(edge).toBeGreaterThan(40);
  open({});
}, 120_000);

describe('what a network hands over of the past by itself', () => {
  const handed = (n: number): MessageEvent => old(n).event as MessageEvent;

  test('goes into a new room in the order it was said, once no more of it comes', async () => {
    open({});
    await stage.pass(100);
    await stage.network.take(handed(3), handed(1));
    await stage.pass(3_000);
    await stage.network.take(stage.message('m1', 'now'), handed(2));
    await stage.pass(15_000);
    expect(words()).toEqual([...olds(1, 3), 'now']);
    expect(invitedAt()).toBeGreaterThan(stage.room.timeline.indexOf(stage.saying('old 3')));
    expect(stage.room.members.get('@alice:test')).toBe('join');
  });

  test('is no news where there is a room already', async () => {
    open({});
    await stage.take(stage.message('m1', 'now'));
    await stage.take(handed(1));
    expect(words()).toEqual(['now']);
  });
});
