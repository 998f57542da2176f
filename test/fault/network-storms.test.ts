import { afterEach, describe, expect, test } from '@jest/globals';
import { quiet } from '../kit/invariants/quiet.ts';
import { rows } from '../kit/invariants/database.ts';
import { eventually } from '../kit/stack/stack.ts';
import type { Act } from '../kit/talk/acts.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
afterEach(() => scene.close());

const sends = /^POST .*\/messages$/;
const graphError = (code: number): object => ({ error: { message: `(#${code}) no`, type: 'OAuthException', code, fbtrace_id: 'A1' } });
const shownOf = (act: Act): number => scene.talk.look().onPhone(act).length;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a network in trouble', () => {
  test('that refuses, fails, breaks off and is slow, all at once: nothing is lost, nothing comes twice, the order stays', async () => {
    scene = await setScene({ people: 4, seed: 21, delivery: { settle_wait: '40s' } });
    const { graph } = scene.stack;
    // What WhatsApp took it confirms, however its answer was lost.
    graph.add({ match: sends, chance: 0.15, reset: 'after' });
    graph.add({ match: sends, chance: 0.15, reset: 'half' });
    graph.add({ match: sends, chance: 0.2, answer: { status: 429, headers: { 'retry-after': '0' }, body: graphError(130429) } });
    graph.add({ match: sends, chance: 0.2, answer: { status: 503, body: graphError(2) } });
    graph.add({ match: /^POST .*\/media$/, chance: 0.3, answer: { status: 500, body: '<html>no</html>' } });
    graph.add({ match: /^GET /, chance: 0.2, reset: 'half' });
    graph.latency = () => (Math.random() < 0.2 ? 300 : 0);
    for (let round = 0; round < 6; round++) {
      await scene.chatter.say(12);
      await pause(300);
      scene.talk.look();
    }
    await pause(1_500);
    graph.clear();
    graph.latency = () => 0;
    expect((await scene.settled({}, 90_000)).problems).toEqual([]);
  }, 150_000);

  test.each([
    ['503 and a reason', { status: 503, body: graphError(2) }],
    ['500 and a reason that it may pass', { status: 500, body: { error: { message: 'Try later', code: 99_999, is_transient: true } } }],
  ])('that answers %s to everything for a while: all of it goes, in order, and nobody is asked', async (_what, answer) => {
    scene = await setScene({ people: 2, seed: 22 });
    const over = scene.stack.graph.add({ match: /./, answer });
    for (let n = 0; n < 8; n++) await scene.say('out', n % 3 === 0 ? 'image' : 'text', n % 2);
    await pause(2_000);
    expect(scene.talk.look().phoneMessages).toEqual([]);
    over();
    expect(await scene.settled()).toMatchObject({ problems: [], told: 0 });
  }, 90_000);

  test('that hangs in one conversation: others go on, its sender is asked, and what stands behind goes', async () => {
    scene = await setScene({ people: 2, daemon: { answerTimeoutMs: 1_500 }, delivery: { settle_wait: '300ms' } });
    const first = await scene.say('out', 'text', 0);
    scene.stack.graph.add({ match: sends, body: new RegExp(first.token), hang: true });
    const behind = await scene.say('out', 'text', 0);
    const others = [await scene.say('out', 'text', 1), await scene.say('out', 'image', 1)];
    await eventually('the other conversation', () => others.every((act) => shownOf(act) === 1), 20_000);
    await eventually('what stands behind it', () => shownOf(behind) === 1, 40_000);
    await quiet(scene.stack);
    expect(scene.talk.look().toldAbout(first.id).map(({ text }) => text)).toEqual([expect.stringMatching(/^❓/)]);
    expect((await scene.settled({ mayAsk: true })).problems).toEqual([]);
  }, 90_000);

  test('that hangs with every call: nothing stops but what goes there, and it goes on once that is over', async () => {
    scene = await setScene({ people: 2, daemon: { answerTimeoutMs: 1_000 }, delivery: { settle_wait: '300ms', media_wait: '1m' } });
    const over = scene.stack.graph.add({ match: /./, hang: true });
    const out = [await scene.say('out', 'text', 0), await scene.say('out', 'text', 1)];
    const text = [await scene.say('in', 'text', 0), await scene.say('in', 'text', 1)];
    const file = await scene.say('in', 'image', 0);
    await eventually('what comes in', () => text.every((act) => scene.talk.look().onMatrix(act).length === 1), 20_000);
    await eventually('a call that is given up', () => rows(scene.stack.database, "SELECT 1 FROM outbox WHERE state IN ('uncertain', 'asked')").length > 0, 20_000);
    over();
    expect((await scene.settled({ mayAsk: true })).problems).toEqual([]);
    expect(scene.talk.look().onMatrix(file)).toHaveLength(1);
    scene.talk.alice.send(scene.room(0), '!db retry all');
    expect((await scene.settled({ mayAsk: true, retried: new Set(out) })).problems).toEqual([]);
    expect(out.map(shownOf)).toEqual([1, 1]);
  }, 90_000);
});

describe('statuses', () => {
  test('a fifth late or never, the others before our answer is there: nobody is asked, and nothing comes twice', async () => {
    scene = await setScene({ people: 4, seed: 23 });
    Object.assign(scene.stack.sandbox.faults, { dropStatus: 0.1, lateStatus: { fraction: 0.1, ms: 1_500 }, slowMs: 60 });
    for (let round = 0; round < 3; round++) {
      await scene.chatter.say(20);
      await quiet(scene.stack);
      scene.talk.look();
    }
    expect(await scene.settled()).toMatchObject({ problems: [], asked: 0 });
  }, 90_000);

  test('late ones settle what broke off, before its sender is asked', async () => {
    scene = await setScene({ people: 2, seed: 24, delivery: { settle_wait: '20s' } });
    scene.stack.sandbox.faults.lateStatus = { fraction: 1, ms: 1_500 };
    scene.stack.graph.add({ match: sends, reset: 'after', chance: 0.5 });
    const acts = [];
    for (let n = 0; n < 6; n++) acts.push(await scene.say('out', n === 3 ? 'image' : 'text', n % 2));
    expect(await scene.settled()).toMatchObject({ problems: [], told: 0 });
    expect(acts.map(shownOf)).toEqual([1, 1, 1, 1, 1, 1]);
  }, 90_000);
});
