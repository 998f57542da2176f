import { afterEach, describe, expect, test } from '@jest/globals';
import { quiet } from '../kit/invariants/quiet.ts';
import { databaseProblems, rows } from '../kit/invariants/database.ts';
import { eventually } from '../kit/stack/stack.ts';
import type { Act } from '../kit/talk/acts.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';
import { postWebhook, statusOf } from '../kit/whatsapp/webhook.ts';

let scene: Scene;
afterEach(() => scene.close());

const sends = /^POST .*\/messages$/;
const graphError = (code: number, message = 'no'): object => ({ error: { message: `(#${code}) ${message}`, type: 'OAuthException', code, fbtrace_id: 'A1' } });
const shownOf = (act: Act): number => scene.talk.look().onPhone(act).length;

/** Sends to the n-th of the people. */
function sendsTo(n: number): { match: RegExp; body: RegExp } {
  const { waId, userId } = scene.conversation(n).person.person;
  return { match: sends, body: new RegExp(`"(?:to|recipient)":"(?:${waId}|${(userId ?? 'none').replaceAll('.', '\\.')})"`) };
}

describe('a storm of limits', () => {
  test.each([
    ['131056 with its pause', { status: 400, headers: { 'retry-after': '0' }, body: graphError(131056, 'pair rate limit hit') }],
    ['130429', { status: 429, headers: { 'retry-after': '0' }, body: graphError(130429, 'Rate limit hit') }],
    ['429 without a reason', { status: 429, headers: { 'retry-after': '0' }, body: 'slow down' }],
  ])('%s on nine calls of ten: nothing is lost, the order stays, and others go on', async (_what, answer) => {
    scene = await setScene({ people: 3, seed: 11 });
    const over = scene.stack.graph.add({ ...sendsTo(0), chance: 0.9, answer });
    const held: Act[] = [];
    for (let n = 0; n < 4; n++) held.push(await scene.say('out', n === 2 ? 'image' : 'text', 0));
    const others = [await scene.say('out', 'text', 1), await scene.say('out', 'text', 2)];
    await eventually('the others', () => others.every((act) => shownOf(act) === 1), 20_000);
    await eventually('the first that gets through', () => held.some((act) => shownOf(act) > 0), 60_000);
    over();
    expect((await scene.settled()).problems).toEqual([]);
  }, 120_000);

  test('that lasts counts as nobody\'s failure: no try is spent on it', async () => {
    scene = await setScene({ delivery: { max_block: '1s' } });
    const over = scene.stack.graph.add({ match: sends, answer: { status: 429, headers: { 'retry-after': '0' }, body: graphError(130429) } });
    await scene.say('out', 'text');
    await eventually('several tries', () => scene.stack.graph.seen.filter((what) => sends.test(what)).length > 4, 30_000);
    over();
    expect((await scene.settled()).problems).toEqual([]);
  }, 60_000);
});

describe('a token that expires', () => {
  /** What the bot told its owner of the account; administrators hear it in rooms of their own. */
  const saidOfAccount = (): string[] => scene.talk.look().told.filter(({ event }) => scene.stack.homeserver.membership(event.room_id, scene.talk.alice.id) === 'join')
    .map(({ text }) => text).filter((text) => text.includes('whatsapp/main/support'));

  test('holds the account\'s lanes, its owner hears of it once, and all goes on when it is renewed', async () => {
    scene = await setScene({ people: 3 });
    scene.stack.sandbox.faults.expireToken = true;
    for (let n = 0; n < 6; n++) await scene.say('out', 'text', n % 3);
    await eventually('the notice', () => saidOfAccount().length > 0, 20_000);
    const seen = scene.stack.graph.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(saidOfAccount()).toEqual([expect.stringMatching(/does not work/)]);
    expect(scene.stack.graph.seen.slice(seen).filter((what) => sends.test(what))).toEqual([]);
    expect(scene.talk.look().phoneMessages).toEqual([]);
    scene.stack.sandbox.faults.expireToken = false;
    // Any call that is taken shows that it works again: here a read mark.
    const first = scene.talk.look().onMatrix(scene.talk.acts[0] as Act)[0]?.event_id ?? '';
    await eventually('the first sends', () => {
      scene.talk.alice.read(scene.room(0), first);
      return scene.talk.look().phoneMessages.length > 0;
    }, 30_000);
    expect((await scene.settled()).problems).toEqual([]);
    expect(saidOfAccount().map((text) => /does not work|works again/.exec(text)?.[0])).toEqual(['does not work', 'works again']);
  }, 90_000);

  test('already when the daemon starts: what is written waits', async () => {
    scene = await setScene();
    await scene.stack.stop();
    scene.stack.sandbox.faults.expireToken = true;
    await scene.stack.start();
    const said = await scene.say('out', 'text');
    await scene.say('in', 'text');
    await eventually('the notice', () => saidOfAccount().length > 0, 20_000);
    expect(shownOf(said)).toBe(0);
    scene.stack.sandbox.faults.expireToken = false;
    const first = scene.talk.look().onMatrix(scene.talk.acts[0] as Act)[0]?.event_id ?? '';
    await eventually('it', () => {
      scene.talk.alice.read(scene.room(), first);
      return shownOf(said) === 1;
    }, 30_000);
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);
});

describe('the network', () => {
  test('refuses connections for a while: everything waits, and goes in order', async () => {
    scene = await setScene({ people: 3, seed: 12 });
    await scene.stack.graph.down();
    for (let n = 0; n < 12; n++) await scene.say('out', n % 4 === 0 ? 'image' : 'text', n % 3);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(scene.talk.look().phoneMessages).toEqual([]);
    await scene.stack.graph.up();
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);

  test('breaks connections after it took the message: the status tells, and nothing is sent twice', async () => {
    scene = await setScene({ people: 3, seed: 13, delivery: { settle_wait: '20s' } });
    scene.stack.graph.add({ match: sends, reset: 'after', chance: 0.3 });
    scene.stack.graph.add({ match: sends, reset: 'half', chance: 0.3 });
    await scene.chatter.say(40);
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);

  test.each([
    ['breaks connections before it took the message', { reset: 'before' as const }],
    ['answers 502 with a page', { answer: { status: 502, body: '<html>Bad gateway</html>' } }],
    ['answers 200 with nonsense', { answer: { status: 200, body: 'OK' } }],
  ])('%s: the sender is asked, and retry sends it', async (_what, fault) => {
    scene = await setScene({ people: 2, delivery: { settle_wait: '300ms' } });
    const over = scene.stack.graph.add({ match: sends, ...fault });
    const acts = [await scene.say('out', 'text', 0), await scene.say('out', 'text', 1)];
    await quiet(scene.stack);
    expect(acts.flatMap(({ id }) => scene.talk.look().toldAbout(id)).map(({ text }) => text[0])).toEqual(['❓', '❓']);
    over();
    scene.talk.alice.send(scene.room(), '!db retry all');
    const { problems } = await scene.settled({ mayAsk: true, retried: new Set(acts) });
    expect(problems).toEqual([]);
    expect(acts.map(shownOf)).toEqual([1, 1]);
  }, 60_000);
});

describe('statuses', () => {
  test('that never come: what was taken counts as sent, and nobody is asked', async () => {
    scene = await setScene({ people: 2, seed: 14, delivery: { settle_wait: '200ms' } });
    scene.stack.sandbox.faults.neverConfirm = true;
    await scene.chatter.say(30);
    expect((await scene.settled()).problems).toEqual([]);
  }, 60_000);

  test('that come before the answer settle it', async () => {
    scene = await setScene({ people: 3, seed: 15 });
    scene.stack.sandbox.faults.slowMs = 400;
    await scene.chatter.say(30);
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);

  test('that say `failed` after `sent` reach the sender, once, in whatever order they come', async () => {
    scene = await setScene();
    const said = [await scene.say('out', 'text'), await scene.say('out', 'image'), await scene.say('out', 'text')];
    await quiet(scene.stack);
    const errors = [{ code: 131026, title: 'Message undeliverable', message: 'Message undeliverable', error_data: { details: 'nobody there' } }];
    for (const act of said) {
      const [message] = scene.talk.look().onPhone(act);
      const to = { id: message?.id ?? '', key: message?.callbackData ?? '', to: scene.conversation().key };
      // They were delivered before, so the news is late and wrong; what was delivered stays delivered.
      expect(await postWebhook(scene.stack, statusOf(scene.stack, to, 'failed', { errors }))).toBe(200);
    }
    expect((await scene.settled()).problems).toEqual([]);

    scene.stack.sandbox.faults.failCode = 131026;
    const failed = [await scene.say('out', 'text'), await scene.say('out', 'text')];
    await quiet(scene.stack);
    for (const act of failed) {
      const [message] = scene.talk.look().onPhone(act);
      const to = { id: message?.id ?? '', key: message?.callbackData ?? '', to: scene.conversation().key };
      expect(await postWebhook(scene.stack, statusOf(scene.stack, to, 'sent'))).toBe(200);
    }
    expect((await scene.settled()).problems).toEqual([]);
    expect(failed.map(({ id }) => scene.talk.look().toldAbout(id).map(({ text }) => text))).toEqual([[expect.stringMatching(/^⚠️ Not delivered/)], [expect.stringMatching(/^⚠️ Not delivered/)]]);
  }, 60_000);

  test('for what was given up already put the report right', async () => {
    scene = await setScene({ delivery: { max_block: '500ms' } });
    const over = scene.stack.graph.add({ match: sends, answer: { status: 500, body: graphError(131000, 'Something went wrong') } });
    const said = await scene.say('out', 'text');
    await eventually('the report', () => scene.talk.look().toldAbout(said.id).length === 1, 40_000);
    over();
    const [key] = rows(scene.stack.database, `SELECT key FROM outbox WHERE event = '${said.id}'`) as { key: string }[];
    await postWebhook(scene.stack, statusOf(scene.stack, { id: 'wamid.late', key: key?.key ?? '', to: scene.conversation().key }, 'delivered'));
    await quiet(scene.stack);
    expect(scene.talk.look().toldAbout(said.id).map(({ text }) => text)).toEqual([expect.stringMatching(/after all/)]);
    expect(databaseProblems(scene.stack)).toEqual([]);
  }, 60_000);
});
