import { afterEach, describe, expect, test } from '@jest/globals';
import { quiet } from '../kit/invariants/quiet.ts';
import { DaemonProcess } from '../kit/stack/process.ts';
import { eventually } from '../kit/stack/stack.ts';
import type { Act } from '../kit/talk/acts.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
afterEach(() => scene.close());

/** Said while a transaction is under way: they wait in the homeserver's memory, and its restart loses them (Synapse issue 11637). */
async function saidAndLost(count: number, downMs: number, meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<Act[]> {
  const { homeserver, push } = scene.stack;
  const stuck = push.add({ match: /transactions/, hang: true });
  const acts = [await scene.say('out', 'text')];
  await eventually('a transaction under way', () => homeserver.service.unsent > 0);
  for (let n = 1; n < count; n++) acts.push(await scene.say('out', 'text'));
  expect(homeserver.service.queued).toBeGreaterThan(0);
  const restarted = homeserver.restart({ loseQueued: true, resendUnsent: true, downMs });
  await meanwhile();
  stuck();
  await restarted;
  return acts;
}

describe('a homeserver that loses what it had queued', () => {
  test('while the daemon is dead: it is found in the rooms, in its order', async () => {
    scene = await setScene({ withoutDaemon: true });
    let daemon = await DaemonProcess.start(scene.stack.configPath);
    await scene.settled();
    const { homeserver, push } = scene.stack;
    const stuck = push.add({ match: /transactions/, hang: true });
    await scene.say('out', 'text');
    await eventually('a transaction under way', () => homeserver.service.unsent > 0);
    for (const kind of ['text', 'image', 'text', 'formatted'] as const) await scene.say('out', kind);
    await daemon.kill();
    await homeserver.restart({ loseQueued: true, resendUnsent: true });
    stuck();
    daemon = await DaemonProcess.start(scene.stack.configPath);
    const { problems } = await scene.settled();
    await daemon.kill();
    expect(problems).toEqual([]);
  }, 60_000);

  test('while the daemon runs and sends: it is found, and stands before what was said after the restart', async () => {
    scene = await setScene();
    await saidAndLost(5, 1_500, () => scene.say('in', 'text'));
    for (let n = 0; n < 3; n++) await scene.say('out', 'text');
    expect((await scene.settled()).problems).toEqual([]);
    expect(scene.talk.look().onPhone(scene.talk.acts.at(-1) as Act)).toHaveLength(1);
  }, 60_000);

  test.each([[2_500, false], [2_500, true], [8_000, false]])('while nobody says anything: the daemon sees that it was away for %d ms (its transactions counted from 1 again: %s)', async (downMs, anew) => {
    scene = await setScene();
    const acts = await saidAndLost(4, downMs, () => {
      if (anew) scene.stack.homeserver.resetTxnIds();
      return Promise.resolve();
    });
    await eventually('what was lost', () => acts.every((act) => scene.talk.look().onPhone(act).length === 1), 45_000);
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);
});

test('what was said in a room before the bot came is not taken for something said to it', async () => {
  scene = await setScene();
  const { homeserver } = scene.stack;
  const { alice } = scene.talk;
  const room = alice.createRoom();
  for (let n = 0; n < 5; n++) alice.send(room, 'status');
  alice.invite(room, homeserver.bot);
  await eventually('the bot', () => homeserver.membership(room, homeserver.bot) === 'join');
  await eventually('its greeting', () => homeserver.eventsOf(room, 'm.room.message').some(({ sender }) => sender === homeserver.bot));
  await quiet(scene.stack);
  const said = (): number => homeserver.eventsOf(room, 'm.room.message').filter(({ sender }) => sender === homeserver.bot).length;
  const before = said();
  await homeserver.restart({ downMs: 1_500 });
  await scene.say('in', 'text');
  expect((await scene.settled()).problems).toEqual([]);
  alice.send(room, 'help');
  await eventually('an answer', () => said() > before, 20_000);
  await quiet(scene.stack);
  expect(said()).toBe(before + 1);
}, 90_000);

test('what a homeserver strands in the moment in which it finds the daemon again is found in the room', async () => {
  scene = await setScene();
  await scene.say('out', 'text');
  await scene.settled();
  const { stack } = scene;
  await stack.stop();
  await scene.say('out', 'text');
  await eventually('that the homeserver has noticed', () => !stack.homeserver.service.up);
  stack.homeserver.strand();
  await stack.start();
  await eventually('that it is over', () => stack.homeserver.service.up);
  const stranded = await scene.say('out', 'text');
  await eventually('its transaction', () => stack.homeserver.service.unsent === 1 && stack.homeserver.service.queued === 0);
  const next = await scene.say('out', 'text');
  await eventually('the next', () => scene.talk.look().onPhone(next).length === 1);
  expect(scene.talk.look().onPhone(stranded)).toEqual([]);
  await eventually('what was stranded', () => scene.talk.look().onPhone(stranded).length === 1, 30_000);
}, 60_000);
