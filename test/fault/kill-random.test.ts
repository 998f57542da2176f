import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Random, seededRandom } from '../../src/sandbox/random.ts';
import { check } from '../kit/invariants/check.ts';
import { pending } from '../kit/invariants/database.ts';
import { quiet } from '../kit/invariants/quiet.ts';
import { DaemonProcess } from '../kit/stack/process.ts';
import { type Stack, startStack } from '../kit/stack/stack.ts';
import { Chatter } from '../kit/talk/chatter.ts';
import { Samples } from '../kit/talk/samples.ts';
import { Talk } from '../kit/talk/talk.ts';

const seed = Number(process.env['FAULT_SEED'] ?? 20_261_124);
const messages = 1_000;
const people = 20;
const kills = 50;
const homeserverKills = 5;

let samples: Samples;
let stack: Stack;
let daemon: DaemonProcess | null = null;

beforeAll(async () => {
  samples = await Samples.make();
}, 60_000);

afterEach(async () => {
  await daemon?.kill();
  await stack.close();
});

/** Networks of three speeds: at once, 120 ms there and back, half a second. */
function slow(random: Random): void {
  stack.homeserver.faults.add({ match: '/_matrix/', chance: 0.25, latencyMs: 60, answerMs: 60 });
  stack.homeserver.faults.add({ match: '/_matrix/', chance: 0.08, latencyMs: 250, answerMs: 250 });
  stack.graph.latency = () => [0, 0, 0, 60, 60, 250][random.int(6)] ?? 0;
  stack.push.latency = () => [0, 0, 60, 120][random.int(4)] ?? 0;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(`killed at random, ${messages} messages of every kind arrive once and in order (FAULT_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  stack = await startStack({
    withoutDaemon: true, seed, clockScale: { pair: 1000, throughput: 1000, retry: 100 }, homeserver: { random: () => random.next() },
    delivery: { settle_wait: '600ms', target_wait: '5s', media_wait: '2m' },
  });
  Object.assign(stack.sandbox.faults, { dropStatus: 0.1, lateStatus: { fraction: 0.1, ms: 800 } });
  slow(random);
  const talk = new Talk(stack, samples, random);
  for (let n = 0; n < people; n++) await talk.do(talk.meet(`Person ${n}`), 'in', 'text');
  const chatter = new Chatter(talk, random);
  const counts = { kills: 0, withWork: 0, homeserver: 0, inTransaction: 0 };
  while (talk.acts.length < messages || counts.withWork < kills || counts.inTransaction < homeserverKills) {
    const share = Math.max(Math.ceil((messages - talk.acts.length) / Math.max(kills - counts.kills, 1)), 4);
    talk.look();
    await chatter.say(share >> 1);
    daemon = await DaemonProcess.start(stack.configPath);
    expect(daemon.running).toBe(true);
    const left = 150 + random.int(750);
    await sleep(left >> 1);
    talk.look();
    await chatter.say(share - (share >> 1));
    if (random.chance(0.2)) {
      counts.homeserver += 1;
      for (let wait = 0; wait < 20 && stack.homeserver.service.unsent === 0; wait++) await sleep(10);
      if (stack.homeserver.service.unsent > 0) counts.inTransaction += 1;
      await stack.homeserver.restart({ resendUnsent: true, downMs: random.int(100) });
    }
    await sleep(left >> 1);
    await daemon.kill();
    counts.kills += 1;
    const { inbox, outbox, media } = pending(stack.database);
    if (inbox + outbox + media > 0) counts.withWork += 1;
  }
  daemon = await DaemonProcess.start(stack.configPath);
  await quiet(stack, 180_000);
  const { problems, asked, told } = check(stack, talk, { mayAsk: true });
  console.info(JSON.stringify({ seed, messages: talk.acts.length, ...counts, asked, told, transactions: stack.homeserver.deliveries.length, webhooks: stack.sandbox.posts.length }));
  expect(problems).toEqual([]);
}, 420_000);
