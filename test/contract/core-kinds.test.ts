import { afterEach, describe, expect, test } from '@jest/globals';
import type { NetworkEvent, NetworkItem } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import { BOT } from '../kit/model/homeserver.ts';
import type { Abilities } from '../kit/scripted/network.ts';
import { BOB, CAROL, CHAT, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;

function open(abilities?: Abilities): Stage {
  stage = new Stage(abilities);
  return stage;
}

afterEach(async () => {
  const { log } = stage;
  await stage.close();
  expect(log).toEqual([]);
});

const id = (name: string): RemoteId => name as RemoteId;
const relation = (words: string): unknown => stage.saying(words).content['m.relates_to'];

describe('a thread of a network', () => {
  test('hangs on the event of its root, and each message answers the newest for clients without threads', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'root'), stage.message('m2', 'first', { thread: { root: id('m1') } }), stage.message('m3', 'second', { thread: { root: id('m1') }, sender: CAROL }));
    const [root, first] = [stage.saying('root').event_id, stage.saying('first').event_id];
    expect(relation('first')).toEqual({ rel_type: 'm.thread', event_id: root, is_falling_back: true, 'm.in_reply_to': { event_id: root } });
    expect(relation('second')).toEqual({ rel_type: 'm.thread', event_id: root, is_falling_back: true, 'm.in_reply_to': { event_id: first } });
    await stage.take(stage.message('m4', 'an answer in it', { thread: { root: id('m1') }, replyTo: { id: id('m2') } }));
    expect(relation('an answer in it')).toEqual({ rel_type: 'm.thread', event_id: root, is_falling_back: false, 'm.in_reply_to': { event_id: first } });
    expect(network.calls).toEqual([]);
  });

  test('whose root is older than the room hangs on its first message that comes', async () => {
    open();
    await stage.take(stage.message('m7', 'first', { thread: { root: id('old') } }), stage.message('m8', 'second', { thread: { root: id('old') } }));
    expect(relation('first')).toBeUndefined();
    expect(relation('second')).toMatchObject({ rel_type: 'm.thread', event_id: stage.saying('first').event_id });
    await stage.says('from here', { 'm.relates_to': { rel_type: 'm.thread', event_id: stage.saying('first').event_id, is_falling_back: true, 'm.in_reply_to': { event_id: stage.saying('second').event_id } } });
    expect(stage.network.of('send')).toMatchObject([{ text: 'from here', thread: 'old' }]);
  });

  test('what is said in it and in the conversation too stands where everybody sees it', async () => {
    open();
    await stage.take(stage.message('m1', 'root'), stage.message('m2', 'for all', { thread: { root: id('m1'), broadcast: true } }));
    expect(relation('for all')).toEqual({ 'm.in_reply_to': { event_id: stage.saying('root').event_id } });
    await stage.says('an answer', { 'm.relates_to': { 'm.in_reply_to': { event_id: stage.saying('for all').event_id } } });
    expect(stage.network.of('send')).toMatchObject([{ thread: 'm1', replyTo: 'm2' }]);
  });

  test('outlives the deletion of its root', async () => {
    open();
    await stage.take(stage.message('m1', 'root'), stage.message('m2', 'first', { thread: { root: id('m1') } }));
    const root = stage.saying('root').event_id;
    await stage.take({ type: 'deletion', target: id('m1'), conversation: CHAT, sender: BOB, time: Date.UTC(2026, 0, 1) });
    await stage.take(stage.message('m3', 'second', { thread: { root: id('m1') } }));
    expect(relation('second')).toMatchObject({ rel_type: 'm.thread', event_id: root });
  });
});

describe('a thread of Matrix', () => {
  const inThread = (root: string, falling: string, isFalling = true): Record<string, unknown> =>
    ({ 'm.relates_to': { rel_type: 'm.thread', event_id: root, is_falling_back: isFalling, 'm.in_reply_to': { event_id: falling } } });

  test('what may have been sent is looked for in its thread', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'theirs'));
    const theirs = stage.saying('theirs').event_id;
    network.silent = true;
    await stage.says('in it', inThread(theirs, theirs, false));
    expect(network.of('findSent')[0]).toMatchObject({ thread: 'm1', replyTo: 'm1' });
    expect(stage.log).toHaveLength(1);
    stage.log.length = 0;
  });

  test('goes into the thread of its root there, whoever wrote that; a real answer answers too', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'theirs'));
    const theirs = stage.saying('theirs').event_id;
    const ours = await stage.says('ours');
    await stage.says('to theirs', inThread(theirs, theirs));
    await stage.says('to ours', inThread(ours, ours));
    await stage.says('answers', inThread(theirs, theirs, false));
    expect(network.of('send').slice(1)).toEqual([
      expect.objectContaining({ text: 'to theirs', thread: 'm1' }), expect.objectContaining({ text: 'to ours', thread: 'sent1' }),
      expect.objectContaining({ text: 'answers', thread: 'm1', replyTo: 'm1' }),
    ]);
    expect(network.of('send').slice(1, 3).map(({ replyTo }) => replyTo)).toEqual([undefined, undefined]);
    await stage.take(stage.message('m5', 'back', { thread: { root: id('sent1') } }));
    expect(relation('back')).toMatchObject({ rel_type: 'm.thread', event_id: ours });
  });

  test('is not lost where its root is not there', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    await stage.says('from nowhere', inThread('$nowhere', '$nowhere'));
    expect(stage.network.of('send')).toEqual([expect.objectContaining({ text: expect.stringMatching(/not here\s+from nowhere/) })]);
    expect(stage.network.of('send')[0]).not.toHaveProperty('thread');
  });

  test('is an answer to its root where there are no threads', async () => {
    open({ lacks: ['thread'] });
    await stage.take(stage.message('m1', 'hello'));
    const root = stage.saying('hello').event_id;
    await stage.says('plain', inThread(root, root));
    expect(stage.network.of('send')).toEqual([expect.objectContaining({ text: 'plain', replyTo: 'm1' })]);
    expect(stage.network.of('send')[0]).not.toHaveProperty('thread');
  });

  test('an answer to what stands in a thread there goes into it', async () => {
    open();
    await stage.take(stage.message('m1', 'root'), stage.message('m2', 'first', { thread: { root: id('m1') } }));
    await stage.says('plain answer', { 'm.relates_to': { 'm.in_reply_to': { event_id: stage.saying('first').event_id } } });
    await stage.says('answer to the root', { 'm.relates_to': { 'm.in_reply_to': { event_id: stage.saying('root').event_id } } });
    expect(stage.network.of('send')).toMatchObject([{ thread: 'm1', replyTo: 'm2' }, { replyTo: 'm1' }]);
    expect(stage.network.of('send')[1]).not.toHaveProperty('thread');
  });

  test('an answer that comes while the root is being sent finds it', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'hello'));
    let answer = (): void => {};
    network.gate = new Promise((resolve) => {
      answer = resolve;
    });
    const root = await stage.says('root');
    await stage.take(stage.message('m2', 'quick', { thread: { root: id('sent1') } }));
    answer();
    await stage.pass(3_000);
    expect(relation('quick')).toMatchObject({ rel_type: 'm.thread', event_id: root });
  });
});

describe('reactions as a whole set', () => {
  const set = (reactions: readonly { emoji: string; sender?: typeof BOB; count?: number }[], sender?: typeof BOB): NetworkEvent =>
    ({ type: 'reactions.set', target: id('m1'), conversation: CHAT, time: Date.UTC(2026, 0, 1), reactions, ...(sender === undefined ? {} : { sender }) });
  const shown = (): readonly string[] => stage.events('m.reaction').filter(({ event_id: event }) => !stage.room.redacted.has(event))
    .map(({ sender, content }) => `${sender === BOT ? 'bot' : sender.replace(/^.*\./, '').replace(/:.*$/, '').replace(/^.*_/, '')} ${(content['m.relates_to'] as { key: string }).key}`).toSorted();

  test('of one person: what is new is shown, what is gone is taken back, others stay', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    await stage.take({ type: 'reaction', target: id('m1'), conversation: CHAT, time: Date.UTC(2026, 0, 1), sender: CAROL, emoji: '👍', exclusive: false });
    await stage.take(set([{ emoji: '👍' }, { emoji: '🎉' }], BOB));
    expect(shown()).toEqual(['bob 🎉', 'bob 👍', 'carol 👍'].toSorted());
    await stage.take(set([{ emoji: '🎉' }, { emoji: '❤' }], BOB));
    expect(shown()).toEqual(['bob 🎉', 'bob ❤', 'carol 👍'].toSorted());
    await stage.take(set([], BOB));
    expect(shown()).toEqual(['carol 👍']);
  });

  test('of everybody, some of them nameless', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    await stage.take(set([{ emoji: '👍', sender: BOB }, { emoji: '👍', sender: CAROL }, { emoji: '🔥', count: 12 }, { emoji: '🙈', count: 0 }]));
    expect(shown()).toEqual(['bob 👍', 'bot 🔥', 'carol 👍'].toSorted());
    await stage.take(set([{ emoji: '👍', sender: CAROL }, { emoji: '🔥', count: 13 }]));
    expect(shown()).toEqual(['bot 🔥', 'carol 👍'].toSorted());
    await stage.take(set([]));
    expect(shown()).toEqual([]);
    expect(stage.events('m.reaction')).toHaveLength(3);
  });

  test('what the account shows for a Matrix user is not shown once more', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'hello'));
    await stage.alice({ 'm.relates_to': { rel_type: 'm.annotation', event_id: stage.saying('hello').event_id, key: '👍' } }, 'm.reaction');
    const self = { id: 'self', scope: '', isSelf: true };
    await stage.take(set([{ emoji: '👍', sender: self }, { emoji: '🎉', sender: self }]));
    expect(network.of('react')).toHaveLength(1);
    expect(stage.events('m.reaction').filter(({ sender }) => sender === BOT)).toHaveLength(1);
  });

  test('on a message that comes late wait for it; on one that never comes they are told of', async () => {
    open();
    await stage.take(stage.message('m0', 'first'));
    await stage.take(set([{ emoji: '👍' }], BOB));
    expect(stage.events('m.reaction')).toHaveLength(0);
    await stage.take(stage.message('m1', 'late'));
    expect(shown()).toEqual(['bob 👍']);
    await stage.take({ ...set([{ emoji: '🎉' }], CAROL), target: id('never') } as NetworkEvent);
    await stage.pass(10_000);
    expect(stage.notices()).toEqual([expect.stringContaining('Name of carol reacted with 🎉 on a message that is not here')]);
  });
});

describe('pins', () => {
  const pin = (target: string, pinned: boolean): NetworkEvent => ({ type: 'pin', target: id(target), pinned, conversation: CHAT, sender: BOB, time: Date.UTC(2026, 0, 1) });
  const pinned = (): unknown => stage.events('m.room.pinned_events').at(-1)?.content.pinned;

  test('of a network are pinned by the bot, beside what is pinned already, and go nowhere from there', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'one'), stage.message('m2', 'two'));
    await stage.pins('$elsewhere');
    const [one, two] = [stage.saying('one').event_id, stage.saying('two').event_id];
    await stage.take(pin('m1', true), pin('m2', true), pin('m2', true));
    expect(pinned()).toEqual(['$elsewhere', one, two]);
    expect(stage.events('m.room.pinned_events').map(({ sender }) => sender)).toEqual(['@alice:test', BOT, BOT]);
    await stage.take(pin('m1', false));
    expect(pinned()).toEqual(['$elsewhere', two]);
    expect(network.of('pin')).toEqual([]);
  });

  test('of Matrix are pinned there: what has changed, and only what is there', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'one'), stage.message('m2', 'two'));
    const [one, two] = [stage.saying('one').event_id, stage.saying('two').event_id];
    await stage.pins(one, '$elsewhere');
    await stage.pins(two, one, '$elsewhere');
    await stage.pins(two);
    expect(network.of('pin')).toMatchObject([{ target: 'm1', pinned: true }, { target: 'm2', pinned: true }, { target: 'm1', pinned: false }]);
    await stage.take(pin('m2', true));
    expect(pinned()).toEqual([two]);
    expect(stage.notices()).toEqual([]);
  });

  test('are told of once where there are none', async () => {
    const { network } = open({ lacks: ['pin'] });
    await stage.take(stage.message('m1', 'one'), stage.message('m2', 'two'));
    await stage.pins(stage.saying('one').event_id);
    await stage.pins(stage.saying('two').event_id);
    expect(network.of('pin')).toEqual([]);
    expect(stage.notices()).toEqual([expect.stringContaining('not pinned on Fake')]);
  });
});

test('what was forwarded says from whom, and each piece of an album is shown', async () => {
  open();
  const photo = { kind: 'image', media: { source: { network: 'photo' } } } as const;
  await stage.take(
    stage.message('m1', 'words', { forwarded: 'once', forwardedFrom: 'Daily\u202e News' }), stage.message('m2', 'more', { forwardedFrom: 'Eve', forwarded: 'often' }),
    stage.message('m3', '', { parts: [photo], album: 'a1' }), stage.message('m4', '', { parts: [{ ...photo, caption: [{ t: 'paragraph', children: [{ t: 'text', text: 'both' }] }] }], album: 'a1' }),
  );
  await stage.pass(10_000);
  expect(stage.events('m.room.message').map(({ content }) => content.body)).toEqual([
    expect.stringMatching(/^Forwarded from Daily News\s+words$/), expect.stringMatching(/^Forwarded many times from Eve\s+more$/), 'photo.png', 'both',
  ]);
});

test('a stop at any step leaves each of them as it would be without', async () => {
  const poll = { kind: 'poll', question: 'Lunch?', options: [{ id: 'x', text: 'Pizza' }], maxChoices: 1 } as const;
  const of = { conversation: CHAT, time: Date.UTC(2026, 0, 1) };
  const script = (on: Stage): readonly NetworkItem[] => ([
    on.message('m1', 'first', { thread: { root: id('old') } }), on.message('m2', 'second', { thread: { root: id('old') }, sender: CAROL }),
    on.message('p1', '', { parts: [{ ...poll }] }), { type: 'poll.vote', target: id('p1'), options: ['x'], sender: CAROL, ...of }, { type: 'poll.end', target: id('p1'), ...of },
    { type: 'pin', target: id('m1'), pinned: true, ...of }, { type: 'pin', target: id('m2'), pinned: true, ...of },
    { type: 'reactions.set', target: id('m1'), reactions: [{ emoji: '👍', sender: BOB }, { emoji: '🔥', count: 3 }], ...of }, { type: 'reactions.set', target: id('m1'), reactions: [{ emoji: '🔥', count: 4 }], ...of },
  ] as const).map((event, n): NetworkItem => ({ key: `item ${n}`, event }));
  const seen = (): unknown => ({
    talk: stage.events('m.room.message').map(({ content }) => [content.body, (content['m.relates_to'] as { event_id?: string } | undefined)?.event_id === stage.saying('first').event_id]),
    polls: ['start', 'response', 'end'].map((kind) => stage.events(`org.matrix.msc3381.poll.${kind}`).length),
    pinned: ((stage.events('m.room.pinned_events').at(-1)?.content.pinned ?? []) as string[]).map((event) => [stage.saying('first').event_id, stage.saying('second').event_id].indexOf(event)),
    reactions: stage.events('m.reaction').filter(({ event_id: event }) => !stage.room.redacted.has(event)).map(({ sender, content }) => [sender === BOT, (content['m.relates_to'] as { key: string }).key]),
  });
  const asEver = { talk: [['first', false], ['second', true]], polls: [1, 1, 1], pinned: [0, 1], reactions: [[true, '🔥']] };
  let edge = 0;
  for (let died = true; died; edge += 1) {
    if (edge > 0) await stage.close();
    open();
    await stage.pass(100);
    const items = script(stage);
    stage.dieAfter(edge);
    void stage.network.hand(items).catch(() => {});
    await stage.pass(4_000);
    died = stage.deaths > 0;
    if (died) await stage.network.hand(items);
    await stage.pass(4_000);
    expect([edge, seen()]).toEqual([edge, asEver]);
    stage.log.length = 0;
  }
  expect(edge).toBeGreaterThan(80);
}, 120_000);

test('our own edit that comes back holds nothing up', async () => {
  const { network } = open();
  await stage.take(stage.message('m1', 'hello'));
  await stage.says('mine');
  const target = network.of('send')[0]?.id ?? id('');
  await stage.take({ type: 'edit', id: id('e1'), target, conversation: CHAT, sender: { id: 'me', scope: '', isSelf: true }, time: Date.UTC(2026, 0, 1), parts: [{ kind: 'text', text: plain('from here') }] }, stage.message('m2', 'and on'));
  expect(stage.saying('and on').sender).toBe(stage.saying('hello').sender);
  expect(stage.events('m.room.message').map(({ content }) => content.body)).toEqual(['hello', 'mine', 'and on']);
});
