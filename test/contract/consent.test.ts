import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConversationRef, MessageEvent } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { BOT } from '../kit/model/homeserver.ts';
import { BOB, CAROL, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;

function open(...given: ConstructorParameters<typeof Stage>): Stage {
  stage = new Stage(...given);
  return stage;
}

afterEach(async () => {
  await stage.close();
});

const DIRECT: ConversationRef = { id: 'bob', scope: '', kind: 'direct', perAccount: true };
const bob = (id: string, text: string, more: Partial<MessageEvent> = {}): MessageEvent => stage.message(id, text, { conversation: DIRECT, ...more });
const shown = (): readonly string[] => stage.events('m.room.message').filter(({ sender }) => sender !== BOT).map(({ content }) => String(content.body));
const sent = (): readonly (string | undefined)[] => stage.network.of('send').map(({ text }) => text);
const picture = { kind: 'image', media: { source: { network: 'secret photo' } } } as const;

describe('a person who writes STOP', () => {
  test('is bridged no longer, either way, until START; both sides are told once', async () => {
    open();
    await stage.take(bob('m1', 'hello'));
    await stage.take(bob('m2', ' stop. '), bob('m3', 'not for you'), bob('m4', '', { parts: [picture] }));
    expect(shown()).toEqual(['hello']);
    expect(sent()).toEqual([expect.stringContaining('no longer bridged')]);
    expect(stage.notices()).toEqual([expect.stringContaining('Name of bob asked not to be bridged')]);
    expect([stage.store.counts().inbox, stage.store.mediaJobs(10), [...stage.store.spoolIds()]]).toEqual([{}, [], []]);

    await stage.says('are you there?');
    await stage.says('hello?');
    expect(sent()).toHaveLength(1);
    expect(stage.notices().slice(1)).toEqual([expect.stringContaining('asked not to be bridged'), expect.stringContaining('asked not to be bridged')]);

    // Once more changes nothing and is answered by nothing.
    await stage.take(bob('m5', 'STOP'));
    expect([sent().length, stage.notices().length]).toEqual([1, 3]);

    await stage.take(bob('m6', 'Start!'), bob('m7', 'back again'));
    expect(shown()).toEqual(['hello', 'are you there?', 'hello?', 'back again']);
    expect(sent().slice(1)).toEqual([expect.stringContaining('bridged again')]);
    expect(stage.notices().slice(3)).toEqual([expect.stringContaining('Name of bob asked to be bridged again')]);
    await stage.says('good');
    expect(sent().at(-1)).toBe('good');
  });

  test('in their own language is answered in it', async () => {
    open();
    await stage.take(bob('m1', 'Guten Tag'), bob('m2', 'Abmelden'));
    expect(sent()).toEqual([expect.stringMatching(/nicht mehr verbunden.*ANMELDEN/)]);
    await stage.take(bob('m3', 'anmelden'));
    expect(sent()[1]).toMatch(/wieder verbunden/);
  });

  test('first of all is told so, and nothing else of theirs is shown', async () => {
    open();
    await stage.take(bob('m1', 'STOP'));
    await stage.take(bob('m2', 'not for you'));
    expect([shown(), sent()]).toEqual([[], [expect.stringContaining('no longer bridged')]]);
  });

  test('can still take back what is shown, but adds, changes and reacts to nothing', async () => {
    open();
    await stage.take(bob('m1', 'one'), bob('m2', 'two'), bob('m3', 'STOP'));
    const about = { conversation: DIRECT, sender: BOB, time: Date.UTC(2026, 0, 1) };
    await stage.take(
      { ...about, type: 'edit', id: 'e1' as RemoteId, target: 'm1' as RemoteId, parts: bob('x', 'changed').parts },
      { ...about, type: 'reaction', target: 'm1' as RemoteId, emoji: '👍', exclusive: true },
      { type: 'profile', person: { ...BOB, name: 'Another' }, time: about.time },
      { ...about, type: 'unsupported', what: 'A game', reason: 'no games' },
      { ...about, type: 'deletion', target: 'm2' as RemoteId },
    );
    expect(shown()).toEqual(['one', undefined].map(String));
    expect(stage.events('m.reaction')).toEqual([]);
    expect(stage.homeserver.profiles.get(stage.saying('one').sender)?.name).toBe('Name of bob (Fake)');
    expect(stage.notices()).toEqual([expect.stringContaining('asked not to be bridged')]);
  });

  test('gets nothing that was waiting, and whoever wrote it hears that', async () => {
    const { network } = open();
    await stage.take(bob('m1', 'hello'));
    let release = (): void => {};
    network.gate = new Promise((resolve) => {
      release = resolve;
    });
    await stage.says('under way');
    await stage.says('waits');
    await stage.take(bob('m2', 'STOP'));
    release();
    await stage.pass(2_000);
    expect(sent()).toEqual(['under way', expect.stringContaining('no longer bridged')]);
    expect(stage.notices()).toContainEqual(expect.stringMatching(/Not delivered to Fake: this person asked not to be bridged/));
  });

  test('as a member of a group is silent there; the others go on', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'), stage.message('m2', 'stop', { sender: CAROL }), stage.message('m3', 'STOP'));
    await stage.take(stage.message('m4', 'not for you'), stage.message('m5', 'for all', { sender: CAROL }));
    expect(shown()).toEqual(['hello', 'stop', 'for all']);
    expect(stage.notices()).toEqual([expect.stringMatching(/Name of bob asked not to be bridged.*others say here goes on/)]);
    await stage.says('to the group');
    expect(sent()).toEqual([expect.stringMatching(/^Name of bob: You are no longer bridged/), 'to the group']);
    await stage.take(stage.message('m6', 'START'), stage.message('m7', 'again'));
    expect(shown().at(-1)).toBe('again');
  });

  test('as somebody with two ids is silent under both', async () => {
    open();
    await stage.take(bob('m1', 'hello'), bob('m2', 'STOP'));
    await stage.take({ type: 'identity.alias', scope: '', from: 'bob', to: 'robert', time: 1, conversation: DIRECT, notice: 'Their number changed to robert.' });
    await stage.take(stage.message('m3', 'not for you', { conversation: { ...DIRECT, id: 'robert' }, sender: { id: 'robert', scope: '' } }));
    expect(shown()).toEqual(['hello']);
    expect(stage.notices().join()).not.toContain('robert');
  });
});

test.each(Array.from({ length: 14 }, (_, edges) => edges))('the answer to STOP is sent once, also where the process dies %i steps later', async (edges) => {
  open();
  await stage.take(bob('m1', 'hello'));
  stage.dieAfter(edges);
  void stage.network.hand([{ key: 'stop', event: bob('m2', 'STOP') }]);
  await stage.pass(30_000);
  // The network hands over again what was not answered.
  await stage.network.hand([{ key: 'stop', event: bob('m2', 'STOP') }]);
  await stage.pass(30_000);
  await stage.take(bob('m3', 'not for you'));
  // This network cannot say whether it got there: then it is not sent again, and stands among what is not known.
  const unknown = stage.store.undelivered(10).some(({ side, state }) => side === 'out' && state === 'asked');
  expect([sent().length <= 1, sent().length === 1 || unknown]).toEqual([true, true]);
  expect(shown()).toEqual(['hello']);
  expect(stage.notices().filter((text) => text.includes('asked not to be bridged'))).toHaveLength(1);
});
