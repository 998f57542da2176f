import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DeletionEvent } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { ALICE } from '../kit/model/core.ts';
import { BOB, CHAT, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = new Stage();
  await stage.take(stage.message('m1', 'hello'));
});

afterEach(async () => {
  const { log } = stage;
  await stage.close();
  expect(log).toEqual([]);
});

const deletion = (target: string, more: Partial<DeletionEvent> = {}): DeletionEvent => ({ type: 'deletion', target: target as RemoteId, conversation: CHAT, time: Date.UTC(2026, 0, 2), ...more });

describe('a deletion on the network of what was written on Matrix', () => {
  test('that the bridge made itself is no news when it comes back', async () => {
    const event = await stage.says('mine');
    stage.homeserver.redact(stage.room, ALICE, event);
    await stage.pass(2_000);
    expect(stage.network.of('delete')).toMatchObject([{ target: 'sent1' }]);
    await stage.take(deletion('sent1'));
    await stage.pass(20_000);
    expect(stage.notices()).toEqual([]);
  });

  test('by somebody in the app is told in an answer to it', async () => {
    const event = await stage.says('mine');
    await stage.take(deletion('sent1', { sender: BOB }));
    await stage.pass(20_000);
    expect(stage.notices()).toEqual([expect.stringMatching(/Name of bob deleted this message in Fake/)]);
    expect(stage.events('m.room.message').at(-1)?.content['m.relates_to']).toEqual({ 'm.in_reply_to': { event_id: event } });
    expect(stage.room.redacted.has(event)).toBe(false);
    // It is known to be gone: nothing more is asked of the network.
    stage.homeserver.redact(stage.room, ALICE, event);
    await stage.pass(2_000);
    expect(stage.network.of('delete')).toEqual([]);
  });

  test('that the bridge made itself may come back before its answer', async () => {
    const event = await stage.says('mine');
    const { promise, resolve } = Promise.withResolvers<void>();
    stage.network.gate = promise;
    stage.homeserver.redact(stage.room, ALICE, event);
    await stage.pass(2_000);
    await stage.take(deletion('sent1'));
    resolve();
    await stage.pass(20_000);
    expect(stage.notices()).toEqual([]);
  });

  test('of many at once is told once', async () => {
    for (const n of [1, 2, 3]) await stage.says(`mine ${n}`);
    await stage.take(deletion('sent1'), deletion('sent2'), deletion('sent3'));
    expect(stage.notices()).toHaveLength(1);
  });
});
