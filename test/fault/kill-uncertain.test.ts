import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../src/sandbox/random.ts';
import { check } from '../kit/invariants/check.ts';
import { quiet } from '../kit/invariants/quiet.ts';
import { Keeper } from '../kit/stack/keeper.ts';
import { eventually, type Stack, startStack } from '../kit/stack/stack.ts';
import type { Act } from '../kit/talk/acts.ts';
import { Samples } from '../kit/talk/samples.ts';
import { Talk } from '../kit/talk/talk.ts';

let samples: Samples;
let stack: Stack;
let keeper: Keeper;

beforeAll(async () => {
  samples = await Samples.make();
}, 60_000);

afterEach(async () => {
  await keeper.stop();
  await stack.close();
});

/** Bob and a room with him; the daemon dies at its second send, of which WhatsApp never says what became. */
async function killedWhileSending(step: string, uncertain: 'ask' | 'retry'): Promise<{ talk: Talk; said: Act }> {
  stack = await startStack({ withoutDaemon: true, clockScale: { pair: 1000, throughput: 1000, retry: 100 }, delivery: { settle_wait: '500ms', uncertain } });
  stack.sandbox.faults.neverConfirm = true;
  keeper = new Keeper(stack.configPath);
  await keeper.start(`${step}:2`);
  const talk = new Talk(stack, samples, seededRandom(1));
  const bob = talk.meet('Bob');
  await talk.do(bob, 'in', 'text');
  await quiet(stack);
  talk.look();
  await talk.do(bob, 'out', 'text');
  const said = await talk.do(bob, 'out', 'text');
  if (said === null) throw new Error('there is no room');
  await talk.do(bob, 'out', 'text');
  await eventually('the kill', () => keeper.ends.length === 1, 20_000);
  await quiet(stack);
  talk.look();
  return { talk, said };
}

const numberIn = (text: string): string => /retry (\d+)/.exec(text)?.[1] ?? 'none';

describe('a send that nobody can tell of', () => {
  test.each([['network.begun', 0], ['network.sent', 1]] as const)('killed at %s: the sender is asked, and retry sends it under the same key', async (step, before) => {
    const { talk, said } = await killedWhileSending(step, 'ask');
    const [question, ...more] = talk.look().toldAbout(said.id);
    expect(question?.text).toMatch(/not known whether this reached WhatsApp/);
    expect(more).toEqual([]);
    expect(talk.look().onPhone(said)).toHaveLength(before);
    expect(check(stack, talk, { mayAsk: true }).problems).toEqual([]);

    const room = talk.roomOf(said.conversation) ?? '';
    talk.alice.send(room, `!db retry ${numberIn(question?.text ?? '')}`);
    await eventually('the second try', () => talk.look().onPhone(said).length === before + 1, 20_000);
    await quiet(stack);
    expect(new Set(talk.look().onPhone(said).map(({ callbackData }) => callbackData)).size).toBe(1);
    expect(check(stack, talk, { mayAsk: true, retried: new Set([said]) }).problems).toEqual([]);
    // It is not to be sent again by mistake.
    talk.alice.send(room, `!db retry ${numberIn(question?.text ?? '')}`);
    await quiet(stack);
    expect(talk.look().onPhone(said)).toHaveLength(before + 1);
  }, 60_000);

  test('with the policy retry it is sent again, and nobody is asked', async () => {
    const { talk, said } = await killedWhileSending('network.begun', 'retry');
    expect(talk.look().toldAbout(said.id)).toEqual([]);
    expect(talk.look().onPhone(said)).toHaveLength(1);
    expect(check(stack, talk).problems).toEqual([]);
  }, 60_000);

  test('a late status answers the question, and the notice is put right', async () => {
    const { talk, said } = await killedWhileSending('network.sent', 'ask');
    expect(talk.look().toldAbout(said.id)).toHaveLength(1);
    stack.sandbox.faults.neverConfirm = false;
    said.conversation.person.readAll();
    await quiet(stack);
    expect(talk.look().toldAbout(said.id).map(({ text }) => text)).toEqual([expect.stringMatching(/after all/)]);
    expect(check(stack, talk).problems).toEqual([]);
  }, 60_000);
});
