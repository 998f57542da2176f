import { afterEach, describe, expect, test } from '@jest/globals';
import { rows } from '../kit/invariants/database.ts';
import { eventually } from '../kit/stack/stack.ts';
import type { Act } from '../kit/talk/acts.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
afterEach(() => scene.close());

const sends = /^POST .*\/messages$/;
const failing = { status: 500, body: { error: { message: '(#2) Service temporarily unavailable', type: 'OAuthException', code: 2, fbtrace_id: 'A1' } } };

const shown = (act: Act): number => scene.talk.look()[act.way === 'out' ? 'onPhone' : 'onMatrix'](act).length;
const told = (act: Act): string[] => scene.talk.look().toldAbout(act.id).map(({ text }) => text);
const callsFor = (act: Act): number => scene.stack.graph.bodies.filter((body) => body.includes(act.token)).length;
const waiting = (): unknown[] => rows(scene.stack.database, "SELECT tries, blocked_since FROM outbox WHERE lane LIKE 'out:p%' AND state IN ('ready', 'sending', 'uncertain') ORDER BY seq");

describe('an item that fails time and again', () => {
  test('dies after max_block with one report, what stands behind it goes on, and other lanes never stopped', async () => {
    scene = await setScene({ people: 2, delivery: { max_block: '2s' } });
    const first = await scene.say('out', 'text', 0);
    scene.stack.graph.add({ match: sends, body: new RegExp(first.token), answer: failing });
    const behind = [await scene.say('out', 'text', 0), await scene.say('out', 'image', 0)];
    const other = await scene.say('out', 'text', 1);
    await eventually('the other conversation', () => shown(other) === 1, 20_000);
    expect(behind.map(shown)).toEqual([0, 0]);
    await eventually('those behind it', () => behind.every((act) => shown(act) === 1), 40_000);
    expect((await scene.settled()).problems).toEqual([]);
    expect(told(first)).toEqual([expect.stringMatching(/^⚠️ Not delivered.*Tried \d+ times/)]);
    expect(callsFor(first)).toBeGreaterThan(1);
  }, 90_000);

  test('on its way to Matrix, too, and the room says whose message is missing', async () => {
    scene = await setScene({ people: 2, delivery: { max_block: '2s' } });
    const room = encodeURIComponent(scene.room(0)).replaceAll('.', '\\.');
    const over = scene.stack.homeserver.faults.add({ match: `PUT .*/rooms/${room}/send/m\\.room\\.message`, times: 400, status: 408, body: { errcode: 'M_UNKNOWN', error: 'slow' } });
    const first = await scene.say('in', 'text', 0);
    const other = await scene.say('in', 'text', 1);
    await eventually('the other room', () => shown(other) === 1, 20_000);
    await eventually('its death', () => rows(scene.stack.database, "SELECT 1 FROM outbox WHERE state = 'dead'").length === 1, 40_000);
    over();
    const behind = await scene.say('in', 'text', 0);
    await eventually('what was said behind it', () => shown(behind) === 1, 20_000);
    const { problems } = await scene.settled();
    expect(problems).toEqual([expect.stringContaining(`${first.token} with Ada: lost without a word`)]);
    expect(scene.talk.look().told.filter(({ event }) => event.room_id === scene.room(0)).map(({ text }) => text)).toContainEqual(expect.stringMatching(/^⚠️ A message from Ada could not be shown: .*Tried \d+ times/));
  }, 90_000);
});

describe('what is no item\'s fault kills nothing', () => {
  test('a network that cannot be reached for longer than max_block', async () => {
    scene = await setScene({ people: 2, delivery: { max_block: '300ms' } });
    await scene.stack.graph.down();
    for (let n = 0; n < 6; n++) await scene.say('out', n === 2 ? 'image' : 'text', n % 2);
    await eventually('they wait', () => waiting().length === 6, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(waiting()).toEqual(Array.from({ length: 6 }, () => ({ tries: 0, blocked_since: null })));
    await scene.stack.graph.up();
    expect(await scene.settled()).toMatchObject({ problems: [], told: 0 });
  }, 90_000);

  test('an account that does not work for longer than max_block', async () => {
    scene = await setScene({ people: 2, delivery: { max_block: '300ms' } });
    scene.stack.sandbox.faults.expireToken = true;
    const acts = [await scene.say('out', 'text', 0), await scene.say('out', 'text', 1), await scene.say('out', 'text', 0)];
    await eventually('they wait', () => waiting().length === 3, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(waiting()).toEqual(Array.from({ length: 3 }, () => ({ tries: 0, blocked_since: null })));
    scene.stack.sandbox.faults.expireToken = false;
    const seen = scene.talk.look().onMatrix(scene.talk.acts[0] as Act)[0]?.event_id ?? '';
    await eventually('the first', () => {
      scene.talk.alice.read(scene.room(0), seen);
      return acts.some((act) => shown(act) > 0);
    }, 30_000);
    expect(await scene.settled()).toMatchObject({ problems: [], told: 0 });
  }, 90_000);

  test('a homeserver that is away for longer than max_block', async () => {
    scene = await setScene({ people: 2, delivery: { max_block: '300ms' } });
    await scene.stack.homeserver.down();
    for (let n = 0; n < 4; n++) await scene.say('in', 'text', n % 2);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(rows(scene.stack.database, "SELECT tries, blocked_since FROM outbox WHERE state = 'ready'")).toEqual(Array.from({ length: 4 }, () => ({ tries: 0, blocked_since: null })));
    await scene.stack.homeserver.up();
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);
});

describe('what is older than max_age', () => {
  test('is given up while its network is still away, its sender is told, and what is said later goes', async () => {
    scene = await setScene({ delivery: { max_age: '3s' } });
    await scene.stack.graph.down();
    const old = [await scene.say('out', 'text'), await scene.say('out', 'image')];
    await eventually('the reports', () => old.every((act) => told(act).length === 1), 30_000);
    await scene.stack.graph.up();
    const before = scene.stack.graph.seen.length;
    await eventually('the account is tried again', () => scene.stack.graph.seen.length > before, 40_000);
    const late = await scene.say('out', 'text');
    expect((await scene.settled()).problems).toEqual([]);
    expect([...old, late].map(shown)).toEqual([0, 0, 1]);
    expect(old.flatMap(told)).toEqual([expect.stringMatching(/^⚠️ Not delivered/), expect.stringMatching(/^⚠️ Not delivered/)]);
  }, 60_000);

  test('for want of a homeserver: the room is made all the same, and says what it lacks', async () => {
    scene = await setScene({ delivery: { max_age: '2s' } });
    await scene.stack.homeserver.down();
    const bob = scene.talk.meet('Bob');
    const old = await scene.talk.do(bob, 'in', 'text') as Act;
    await eventually('it is in', () => rows(scene.stack.database, "SELECT 1 FROM outbox WHERE state = 'ready'").length > 0, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await scene.stack.homeserver.up();
    await eventually('the notice', () => scene.talk.look().told.some(({ text }) => /could not be shown: It waited too long/.test(text)), 30_000);
    const next = await scene.talk.do(bob, 'in', 'text') as Act;
    await eventually('what he says next', () => shown(next) === 1, 30_000);
    const { problems } = await scene.settled();
    expect(problems).toEqual([expect.stringContaining(`${old.token} with Bob: lost without a word`)]);
  }, 90_000);
});
