import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { quiet } from '../kit/invariants/quiet.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;

beforeEach(async () => {
  scene = await setScene();
}, 60_000);

afterEach(() => scene.close());

const inDelivery = (): number => scene.stack.homeserver.deliveries.findLast(({ status }) => status === 200)?.txn ?? 0;

describe('the homeserver hands over again what it has handed over', () => {
  test('the same transaction', async () => {
    await scene.say('out', 'text');
    await quiet(scene.stack);
    for (let n = 0; n < 3; n++) expect(await scene.stack.homeserver.replay({ sameId: true })).toBe(true);
    await scene.say('out', 'text');
    expect((await scene.settled()).problems).toEqual([]);
  }, 60_000);

  test('the same events under new ids', async () => {
    for (let n = 0; n < 5; n++) await scene.say('out', 'text');
    await quiet(scene.stack);
    const events = scene.stack.homeserver.eventsOf(scene.room());
    expect(await scene.stack.homeserver.push(inDelivery() + 100, events)).toBe(true);
    expect(await scene.stack.homeserver.replay({ sameId: false })).toBe(true);
    expect((await scene.settled()).problems).toEqual([]);
  }, 60_000);

  test('an id that is known with other events: those are new', async () => {
    await scene.say('out', 'text');
    await quiet(scene.stack);
    const event = { event_id: '$of-another-time', room_id: scene.room(), sender: scene.talk.alice.id, type: 'm.room.message', origin_server_ts: Date.now(), content: { msgtype: 'm.text', body: 'under an old id' } };
    expect(await scene.stack.homeserver.replay({ sameId: true, otherBody: [event] })).toBe(true);
    await quiet(scene.stack);
    const bodies = scene.conversation().person.inbox.map(({ body }) => (body as { body: string }).body);
    expect(bodies.filter((body) => body === 'under an old id')).toHaveLength(1);
  }, 60_000);

  test('ids that begin at 1 again', async () => {
    await scene.say('out', 'text');
    await quiet(scene.stack);
    scene.stack.homeserver.resetTxnIds();
    for (let n = 0; n < 3; n++) await scene.say('out', 'text');
    expect((await scene.settled()).problems).toEqual([]);
    expect(inDelivery()).toBeLessThan(5);
  }, 60_000);

  test('two copies at once', async () => {
    const events = ['$a', '$b', '$c'].map((event_id) => ({
      event_id, room_id: scene.room(), sender: scene.talk.alice.id, type: 'm.room.message', origin_server_ts: Date.now(), content: { msgtype: 'm.text', body: event_id },
    }));
    const answers = await Promise.all([1, 2, 3].map((n) => scene.stack.homeserver.push(n < 3 ? 1_000 : 1_001, events)));
    expect(answers).toEqual([true, true, true]);
    await quiet(scene.stack);
    expect(scene.conversation().person.inbox.map(({ body }) => (body as { body: string }).body)).toEqual(['$a', '$b', '$c']);
  }, 60_000);

  test('with lost answers and broken connections: nothing comes twice', async () => {
    const { push } = scene.stack;
    push.add({ match: /transactions/, reset: 'after', chance: 0.4 });
    push.add({ match: /transactions/, reset: 'before', chance: 0.2 });
    push.add({ match: /transactions/, reset: 'half', chance: 0.2 });
    push.add({ match: /transactions/, answer: { status: 504 }, chance: 0.2 });
    for (let n = 0; n < 20; n++) {
      await scene.say('out', 'text');
      await scene.say('in', 'text');
    }
    expect((await scene.settled()).problems).toEqual([]);
    expect(scene.stack.homeserver.deliveries.some(({ status }) => status === 0)).toBe(true);
  }, 90_000);
});
