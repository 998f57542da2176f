import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rows } from '../kit/invariants/database.ts';
import { DaemonProcess } from '../kit/stack/process.ts';
import { eventually, type StackOptions } from '../kit/stack/stack.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
let daemon: DaemonProcess | null;

beforeEach(() => {
  daemon = null;
});

afterEach(async () => {
  await daemon?.kill();
  await scene.close();
});

const inHand = (): number => rows(scene.stack.database, "SELECT 1 FROM outbox WHERE state = 'sending'").length;
const left = (): number => rows(scene.stack.database, "SELECT 1 FROM outbox WHERE state = 'ready'").length;
const clean = (): unknown => rows(scene.stack.database, "SELECT value FROM meta WHERE key = 'clean'");
const sends = /^POST .*\/messages$/;

async function running(options: StackOptions = {}): Promise<void> {
  scene = await setScene({ people: 4, withoutDaemon: true, ...options });
  daemon = await DaemonProcess.start(scene.stack.configPath);
  await scene.settled();
}

describe('SIGTERM', () => {
  test('with sends in hand both ways, again and again: each ends, nothing is uncertain, and all of it arrives', async () => {
    await running({ seed: 31 });
    scene.stack.graph.latency = () => 200;
    scene.stack.homeserver.faults.add({ match: 'PUT /_matrix/client', answerMs: 300 });
    for (let round = 0; round < 3; round++) {
      await scene.chatter.say(24);
      await eventually('sends in hand', () => inHand() > 1 && left() > 0, 20_000);
      expect(await daemon?.terminate()).toBe(0);
      expect(inHand()).toBe(0);
      expect(rows(scene.stack.database, "SELECT seq, lane, code FROM outbox WHERE state IN ('uncertain', 'asked')")).toEqual([]);
      expect(clean()).toEqual([{ value: 'yes' }]);
      await scene.chatter.say(4);
      daemon = await DaemonProcess.start(scene.stack.configPath);
      scene.talk.look();
    }
    expect(await scene.settled({}, 90_000)).toMatchObject({ problems: [], asked: 0 });
    expect(await daemon?.terminate()).toBe(0);
  }, 150_000);

  test('while a call hangs: it ends all the same, and what became of that call is found out', async () => {
    await running({ delivery: { settle_wait: '20s' } });
    const first = await scene.say('out', 'text');
    const over = scene.stack.graph.add({ match: sends, body: new RegExp(first.token), reset: 'after' });
    // It has arrived, and its answer comes when nobody waits for it any more.
    scene.stack.graph.latency = () => 6_000;
    await eventually('it is in hand', () => inHand() === 1, 20_000);
    expect(await daemon?.terminate()).toBe(0);
    scene.stack.graph.latency = () => 0;
    over();
    expect(rows(scene.stack.database, "SELECT 1 FROM outbox WHERE state IN ('sending', 'uncertain')")).toHaveLength(1);
    daemon = await DaemonProcess.start(scene.stack.configPath);
    await scene.say('out', 'text');
    expect(await scene.settled()).toMatchObject({ problems: [], asked: 0 });
    expect(scene.talk.look().onPhone(first)).toHaveLength(1);
  }, 90_000);
});

test('SIGSTOP for a while and SIGCONT: everything goes on where it stood, and nothing comes twice', async () => {
  await running({ seed: 32, delivery: { settle_wait: '20s' } });
  scene.stack.graph.latency = () => 50;
  await scene.chatter.say(20);
  await eventually('sends in hand', () => inHand() > 0, 20_000);
  daemon?.signal('SIGSTOP');
  await scene.chatter.say(6);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  daemon?.signal('SIGCONT');
  expect(await scene.settled({}, 90_000)).toMatchObject({ problems: [], asked: 0 });
}, 120_000);
