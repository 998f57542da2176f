import { afterEach, describe, expect, test } from '@jest/globals';
import { quiet } from '../kit/invariants/quiet.ts';
import { DaemonProcess } from '../kit/stack/process.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
afterEach(() => scene.close());

const client = '/_matrix/(client|media)';

/** As a homeserver that makes no devices for a bridge, and so does not remember the ids of its sends over a restart. */
async function withoutDevices(): Promise<void> {
  scene.stack.homeserver.faults.add({ match: 'PUT .*/devices/', status: 404, body: { errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' } });
  await scene.talk.do(scene.talk.meet('Nan'), 'in', 'text');
  await quiet(scene.stack);
  expect(scene.stack.homeserver.requests.findLast(({ method, path }) => method === 'PUT' && path.includes('/send/'))?.query).not.toHaveProperty('device_id');
}

/** The daemon starts, takes in what these people say, and delivers both ways once the homeserver is there. */
async function startedFirst(kind: 'image' | 'text', people: number): Promise<void> {
  await scene.stack.homeserver.down();
  await scene.stack.start();
  for (let n = 0; n < people; n++) await scene.say('in', kind, n);
  await scene.stack.sandbox.idle();
  await scene.stack.homeserver.up();
  expect((await scene.settled()).problems).toEqual([]);
  await scene.say('out', 'text');
  expect((await scene.settled()).problems).toEqual([]);
}

describe('the homeserver', () => {
  test('down when the daemon starts: it starts, takes in, and delivers once the homeserver is there', async () => {
    scene = await setScene({ withoutDaemon: true, people: 3 });
    await startedFirst('image', 3);
  }, 90_000);

  test('down when the daemon starts after it was killed: whatever finds that out first, all of it is delivered once the homeserver is there', async () => {
    scene = await setScene({ people: 2 });
    await scene.stack.stop();
    await (await DaemonProcess.start(scene.stack.configPath)).kill();
    await startedFirst('text', 2);
  }, 90_000);

  test('down for a while, then back: all of it arrives, in order', async () => {
    scene = await setScene({ people: 4 });
    await scene.chatter.say(20);
    const back = scene.stack.homeserver.restart({ downMs: 2_500 });
    await scene.chatter.say(40);
    await back;
    scene.talk.look();
    await scene.chatter.say(10);
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);

  test('hands over late what its author has deleted: nothing is sent, and nothing is said about it', async () => {
    scene = await setScene();
    const better = scene.stack.push.add({ match: /transactions/, answer: { status: 503 } });
    const said = [await scene.say('out', 'text'), await scene.say('out', 'image')];
    for (const { id } of said) scene.talk.alice.redact(scene.room(), id);
    better();
    await quiet(scene.stack);
    expect(said.flatMap((act) => scene.talk.look().onPhone(act))).toEqual([]);
    expect(said.flatMap(({ id }) => scene.talk.look().toldAbout(id))).toEqual([]);
  }, 60_000);

  test.each([[502, undefined], [504, undefined], [503, { errcode: 'M_UNKNOWN', error: 'busy' }], [500, { errcode: 'M_UNKNOWN', error: 'Internal server error' }]] as const)(
    'answers %s to everything for a while', async (status, body) => {
      scene = await setScene({ people: 3 });
      const better = scene.stack.homeserver.faults.add({ match: client, status, ...(body === undefined ? {} : { body }) });
      await scene.chatter.say(25);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      better();
      await scene.chatter.say(5);
      expect((await scene.settled()).problems).toEqual([]);
    }, 90_000);

  test('breaks connections, before and after it has done what was asked: nothing is shown twice', async () => {
    scene = await setScene({ people: 3, seed: 7 });
    const { faults } = scene.stack.homeserver;
    faults.add({ match: client, reset: 'after', chance: 0.2 });
    faults.add({ match: client, reset: 'before', chance: 0.1 });
    faults.add({ match: client, reset: 'half', chance: 0.1 });
    faults.add({ match: `PUT ${client}`, status: 504, chance: 0.1 });
    for (let round = 0; round < 9; round++) {
      await scene.chatter.say(5);
      await new Promise((resolve) => setTimeout(resolve, 500));
      scene.talk.look();
    }
    faults.clear();
    expect((await scene.settled({}, 90_000)).problems).toEqual([]);
  }, 150_000);

  test('forgets transaction ids while answers are lost: the room is looked into before anything is repeated', async () => {
    scene = await setScene({ people: 3, seed: 9 });
    const { homeserver } = scene.stack;
    await withoutDevices();
    for (let round = 0; round < 4; round++) {
      const worse = homeserver.faults.add({ match: `PUT ${client}.*/send/`, reset: 'after', chance: 0.7 });
      await scene.chatter.say(8);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await homeserver.restart({ resendUnsent: true });
      worse();
      scene.talk.look();
    }
    expect((await scene.settled()).problems).toEqual([]);
  }, 120_000);

  test('hangs: what waits for it goes on once its time is over', async () => {
    scene = await setScene({ people: 2, daemon: { answerTimeoutMs: 400 } });
    const better = scene.stack.homeserver.faults.add({ match: `PUT ${client}`, latencyMs: 1_500 });
    await scene.chatter.say(10);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    better();
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);

  test('says 429 with a time: it is kept, other rooms go on, nothing is lost', async () => {
    scene = await setScene({ people: 3 });
    const { homeserver } = scene.stack;
    const limited = encodeURIComponent(scene.room(0)).replaceAll('.', '\\.');
    const better = homeserver.faults.add({ match: `PUT .*/rooms/${limited}/send/`, status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', error: 'Too Many Requests', retry_after_ms: 700 } });
    const held = await scene.say('in', 'text', 0);
    const others = [await scene.say('in', 'text', 1), await scene.say('in', 'text', 2)];
    await eventually('the other rooms', () => others.every((act) => scene.talk.look().onMatrix(act).length === 1), 20_000);
    expect(scene.talk.look().onMatrix(held)).toEqual([]);
    const tries = (): number => homeserver.requests.filter(({ path }) => path.includes(`${encodeURIComponent(scene.room(0))}/send/`)).length;
    const before = tries();
    await eventually('another try', () => tries() > before, 20_000);
    better();
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);

  test('says 429 with Retry-After: it is not asked again before that', async () => {
    scene = await setScene();
    const { homeserver } = scene.stack;
    homeserver.faults.add({ match: 'PUT .*/send/', times: 1, status: 429, headers: { 'retry-after': '3' }, body: { errcode: 'M_LIMIT_EXCEEDED', error: 'Too Many Requests' } });
    const tries = (): number => homeserver.requests.filter(({ path }) => path.includes('/send/')).length;
    const before = tries();
    const held = await scene.say('in', 'text');
    await eventually('the first try', () => tries() === before + 1, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(tries()).toBe(before + 1);
    expect((await scene.settled()).problems).toEqual([]);
    expect(scene.talk.look().onMatrix(held)).toHaveLength(1);
  }, 60_000);

  test.each([502, 504])('answers %s to what it has really done: it is looked for, and not done twice', async (status) => {
    scene = await setScene({ people: 3, seed: 8 });
    const { homeserver } = scene.stack;
    await withoutDevices();
    // No copy of what was done is handed over that would tell.
    const handedOver = scene.stack.push.add({ match: /transactions/, answer: { status: 503 } });
    // Rooms are made in this weather too, and nothing is known again by its transaction id.
    const forgets = setInterval(() => homeserver.forgetTransactions(), 10).unref();
    homeserver.faults.add({ match: `(?:PUT|POST) ${client}.*/(?:send|redact|state|join|invite|createRoom)`, status, done: true, chance: 0.5 });
    await scene.talk.do(scene.talk.meet('Olaf'), 'in', 'text');
    for (let round = 0; round < 4; round++) {
      await scene.chatter.say(10);
      await new Promise((resolve) => setTimeout(resolve, 300));
      scene.talk.look();
    }
    homeserver.faults.clear();
    clearInterval(forgets);
    handedOver();
    expect((await scene.settled({}, 90_000)).problems).toEqual([]);
  }, 150_000);
});

describe('a ghost that was thrown out', () => {
  test('by the bridge\'s own bot: it is back with its next message', async () => {
    scene = await setScene();
    const first = await scene.say('in', 'text');
    await quiet(scene.stack);
    const ghost = scene.talk.look().onMatrix(first)[0]?.sender ?? '';
    scene.stack.homeserver.user(scene.stack.homeserver.bot).kick(scene.room(), ghost);
    await scene.say('in', 'text');
    expect((await scene.settled()).problems).toEqual([]);
    expect(scene.stack.homeserver.membership(scene.room(), ghost)).toBe('join');
  }, 60_000);

  test('without the bridge hearing of it: it is back too', async () => {
    scene = await setScene();
    const first = await scene.say('in', 'text');
    await quiet(scene.stack);
    const ghost = scene.talk.look().onMatrix(first)[0]?.sender ?? '';
    const better = scene.stack.push.add({ match: /transactions/, answer: { status: 503 } });
    scene.stack.homeserver.user(scene.stack.homeserver.bot).kick(scene.room(), ghost);
    const next = await scene.say('in', 'text');
    await eventually('the message', () => scene.talk.look().onMatrix(next).length === 1, 20_000);
    better();
    expect((await scene.settled()).problems).toEqual([]);
  }, 60_000);
});
