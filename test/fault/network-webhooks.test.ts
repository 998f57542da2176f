import { afterEach, describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../src/sandbox/random.ts';
import { rows } from '../kit/invariants/database.ts';
import { quiet } from '../kit/invariants/quiet.ts';
import type { Kind } from '../kit/talk/acts.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';
import { changeOf, postWebhook } from '../kit/whatsapp/webhook.ts';

let scene: Scene;
afterEach(() => scene.close());

/** Everybody says these, in turn. */
async function everybody(kinds: readonly Kind[]): Promise<void> {
  for (const kind of kinds) for (const conversation of scene.talk.conversations) await scene.talk.do(conversation, 'in', kind);
}

describe('webhooks', () => {
  test('that come twice, at once or later, and all of them again at the end: everything is shown once', async () => {
    scene = await setScene({ people: 4, seed: 3 });
    scene.stack.sandbox.faults.duplicate = 1;
    await scene.chatter.say(40);
    await quiet(scene.stack);
    scene.talk.look();
    await scene.chatter.say(20);
    await quiet(scene.stack);
    const random = seededRandom(3);
    const posts = scene.stack.sandbox.posts.filter(({ status }) => status === 200).map(({ body }) => ({ body, at: random.next() })).sort((a, b) => a.at - b.at);
    for (const { body } of posts) expect(await postWebhook(scene.stack, body)).toBe(200);
    expect((await scene.settled()).problems).toEqual([]);
  }, 120_000);

  test('out of order: edits, answers, reactions and deletions wait for what they belong to', async () => {
    scene = await setScene({ people: 4, seed: 4, delivery: { target_wait: '10s' } });
    scene.stack.sandbox.faults.reorder = 0.4;
    for (let round = 0; round < 3; round++) await everybody(['text', 'edit', 'image', 'react', 'reply', 'text', 'delete', 'voice', 'formatted']);
    expect((await scene.settled({ reordered: true })).problems).toEqual([]);
  }, 120_000);

  test('with several people in one post, out of order and twice', async () => {
    scene = await setScene({ people: 6, seed: 5 });
    Object.assign(scene.stack.sandbox.faults, { batch: 10, duplicate: 0.5, reorder: 0.2 });
    for (let round = 0; round < 3; round++) await everybody(['text', 'location', 'react', 'contacts', 'reply', 'order']);
    expect((await scene.settled({ reordered: true })).problems).toEqual([]);
  }, 120_000);

  test('with something malformed beside the good: the good arrives, the bad is told', async () => {
    // A malformed status may name a message that nobody sent: it waits a while for the answer that would name it.
    scene = await setScene({ people: 4, seed: 6, delivery: { target_wait: '2s', echo_wait: '1s' } });
    Object.assign(scene.stack.sandbox.faults, { badItem: 0.7, batch: 4 });
    await scene.chatter.say(50);
    await quiet(scene.stack);
    scene.stack.sandbox.faults.badItem = 0;
    expect(scene.stack.sandbox.posts.every(({ status }) => status === 200)).toBe(true);
    expect((await scene.settled()).problems).toEqual([]);
    const told = scene.talk.look().told.map(({ text }) => text).filter((text) => text.startsWith('ℹ️ whatsapp/main/support'));
    expect(told).toContainEqual(expect.stringMatching(/without any word of whom it is from/));
  }, 120_000);

  test('of which a piece is for an account that nobody knows: each is kept as it came, that is told once, and the rest goes on', async () => {
    scene = await setScene();
    const body = changeOf(scene.stack, { messages: [{ from: '31610000001', id: 'wamid.good', timestamp: '1760000000', type: 'text', text: { body: 'the good one' } }] });
    const other = body.replace(scene.stack.app.phoneNumberId, '999999999999999').replaceAll('wamid.good', 'wamid.elsewhere');
    for (const each of [body, other, other, other.replace('wamid.elsewhere', 'wamid.elsewhere2')]) expect(await postWebhook(scene.stack, each)).toBe(200);
    await quiet(scene.stack);
    expect(rows(scene.stack.database, "SELECT state, code FROM inbox WHERE lane = 'broken'")).toEqual([{ state: 'dead', code: 'undecodable' }, { state: 'dead', code: 'undecodable' }]);
    expect(scene.talk.look().told.filter(({ text }) => /was kept and not handled: It is for 999999999999999/.test(text))).toHaveLength(1);
    expect(scene.talk.look().ghostEvents.filter(({ content }) => content['body'] === 'the good one')).toHaveLength(1);
  }, 60_000);
});
