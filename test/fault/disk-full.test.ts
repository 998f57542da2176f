import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { SmallDisk } from '../kit/stack/small-disk.ts';
import { eventually, type StackOptions } from '../kit/stack/stack.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
let disk: SmallDisk;

afterEach(async () => {
  disk.free();
  await scene.stack.stop();
  disk.remove();
  await scene.close();
});

/** The database and the waiting files stand on a disk of their own. */
async function onSmallDisk(options: StackOptions = {}): Promise<void> {
  scene = await setScene({ people: 3, withoutDaemon: true, database: 'data/drawbridge.db', ...options });
  disk = new SmallDisk(join(scene.stack.dir, 'data'), 8);
  await scene.stack.start();
  await scene.settled();
}

const refused = (): { push: number; webhook: number } => ({
  push: scene.stack.homeserver.deliveries.filter(({ status }) => status === 503).length,
  webhook: scene.stack.sandbox.posts.filter(({ status }) => status === 503).length,
});

/** The log of the database is used again from its start, so it takes a while until nothing can be written any more. */
async function sayUntilRefused(): Promise<void> {
  for (let n = 0; n < 400; n++) {
    await scene.say('in', n % 5 === 4 ? 'image' : 'long', n % 3);
    await scene.say('out', n % 5 === 2 ? 'image' : 'long', n % 3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { push, webhook } = refused();
    if (push > 0 && webhook > 0) return;
  }
  throw new Error('the disk never was full');
}

describe('a full disk', () => {
  test('what cannot be kept is refused with 503 on both sides; with room again it comes, once and in order', async () => {
    await onSmallDisk();
    disk.fill();
    await sayUntilRefused();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await fetch(`${scene.stack.adminUrl}/live`).then(({ status }) => status)).toBe(200);
    disk.free();
    expect((await scene.settled({}, 90_000)).problems).toEqual([]);
    await scene.chatter.say(10);
    expect((await scene.settled()).problems).toEqual([]);
  }, 150_000);

  test('in the middle of sends both ways: what was sent is known again, and not sent twice', async () => {
    await onSmallDisk({ delivery: { settle_wait: '30s' } });
    scene.stack.graph.latency = () => 60;
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 6; n++) {
        await scene.say('out', 'long', n % 3);
        await scene.say('in', 'text', n % 3);
      }
      await eventually('work in hand', () => scene.talk.look().phoneMessages.length > round * 6, 20_000);
      disk.fill();
      await sayUntilRefused();
      disk.free();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect((await scene.settled({}, 90_000)).problems).toEqual([]);
  }, 150_000);

  test('the daemon ends in order on it, refuses to start on it with the reason, and lacks nothing once there is room', async () => {
    await onSmallDisk();
    disk.fill();
    await sayUntilRefused();
    await scene.stack.stop();
    disk.free();
    await scene.stack.start();
    expect((await scene.settled({}, 90_000)).problems).toEqual([]);
    await scene.stack.stop();
    scene.stack.homeserver.user('alice').send(scene.room(), 'said meanwhile');
    const ends: unknown[] = [];
    // With each page more it comes further, until it has what it needs.
    for (let pages = 0; pages < 40 && !ends.includes('starts'); pages++) {
      disk.fill(pages * 4_096);
      ends.push(await scene.stack.start().then(() => 'starts', (error: unknown) => error));
      disk.free();
    }
    expect(ends.pop()).toBe('starts');
    expect(ends.length).toBeGreaterThan(0);
    for (const end of ends) expect(end).toMatchObject({ code: 'DB-2003', fix: expect.stringMatching(/space/) });
    await eventually('what was said meanwhile', () => scene.conversation().person.inbox.some(({ body }) => (body as { body?: string }).body === 'said meanwhile'), 30_000);
  }, 150_000);
});
