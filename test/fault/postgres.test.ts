import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { migrateStore } from '../../src/actions/migrate-store.ts';
import { migrateStore as copy } from '../../src/store/migrate-store.ts';
import { rows } from '../kit/invariants/database.ts';
import { PASSWORD, PostgresServer } from '../kit/postgres/server.ts';
import { DaemonProcess } from '../kit/stack/process.ts';
import { Keeper } from '../kit/stack/keeper.ts';
import { eventually, type StackOptions } from '../kit/stack/stack.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let server: PostgresServer;
let scene: Scene;
let count = 0;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 120_000);
afterAll(() => server.close());
afterEach(() => scene.close());

const set = async (options: StackOptions & { readonly people?: number } = {}): Promise<void> => {
  count += 1;
  scene = await setScene({ database: await server.database(`bridge_${count}`), ...options });
};
const problems = async (ms?: number): Promise<readonly string[]> => (await scene.settled({ mayAsk: true }, ms)).problems;

describe('on PostgreSQL', () => {
  test('what people say to each other arrives, also what was in hand when the bridge was restarted', async () => {
    await set({ people: 3 });
    for (const kind of ['text', 'image', 'reply', 'react', 'edit', 'delete'] as const) {
      for (const n of [0, 1, 2]) await scene.say('in', kind === 'delete' && n > 0 ? 'text' : kind, n);
      await scene.settled();
    }
    await scene.chatter.say(30);
    expect(await problems()).toEqual([]);
    await scene.stack.graph.down();
    for (const n of [0, 1, 2]) await scene.say('out', 'text', n);
    await scene.stack.homeserver.idle();
    await scene.stack.stop();
    for (const n of [0, 1, 2]) await scene.say('in', 'text', n);
    await scene.stack.graph.up();
    await scene.stack.start();
    await scene.chatter.say(30);
    expect(await problems()).toEqual([]);
  }, 180_000);

  test.each(['transaction.accepted', 'in.decided', 'matrix.sent', 'network.sent'])('killed with -9 at %s, nothing is lost, doubled or out of order', async (step) => {
    await set({ people: 2, withoutDaemon: true, delivery: { settle_wait: '1500ms', target_wait: '5s' } });
    const keeper = new Keeper(scene.stack.configPath);
    try {
      await keeper.start(`${step}:2`);
      await scene.chatter.say(10);
      await scene.settled({ mayAsk: true }, 90_000);
      await scene.chatter.say(10);
      expect(await problems(90_000)).toEqual([]);
      expect(keeper.ends).toEqual(['SIGKILL']);
    } finally {
      await keeper.stop();
    }
  }, 240_000);

  test('whose server falls in the middle of it, again and again, nothing is lost, doubled or out of order, and the bridge lives on', async () => {
    await set({ people: 4 });
    const { adminUrl } = scene.stack;
    const ready = async (): Promise<number> => (await fetch(`${adminUrl}/ready`)).status;
    for (let fall = 0; fall < 6; fall++) {
      await scene.chatter.say(8);
      await new Promise((resolve) => setTimeout(resolve, 40 * fall));
      await server.fall();
      await scene.chatter.say(8);
      await eventually('word of it', async () => await ready() === 503);
      expect((await fetch(`${adminUrl}/metrics`)).status).toBe(200);
      await server.up();
      await eventually('its return', async () => await ready() === 200, 30_000);
    }
    expect(await problems(120_000)).toEqual([]);
    expect(rows(scene.stack.database, "SELECT 1 FROM outbox WHERE code = 'bug'")).toEqual([]);
  }, 300_000);

  test('a second bridge is refused while the first works on; after a kill -9 it may start at once', async () => {
    await set({ withoutDaemon: true });
    const first = await DaemonProcess.start(scene.stack.configPath);
    await scene.settled();
    await expect(scene.stack.start()).rejects.toMatchObject({ code: 'DB-2001' });
    await scene.say('out', 'text');
    expect(await problems()).toEqual([]);
    await first.kill();
    await scene.stack.start();
    await scene.say('out', 'text');
    expect(await problems()).toEqual([]);
  }, 120_000);

  test('a bridge that was moved there from SQLite goes on with what was said before', async () => {
    count += 1;
    scene = await setScene({ people: 3 });
    const { stack } = scene;
    await scene.chatter.say(30);
    await scene.settled();
    await stack.graph.down();
    for (const n of [0, 1, 2]) await scene.say('out', 'text', n);
    await stack.homeserver.idle();
    await stack.stop();
    const address = await server.database(`bridge_${count}`);
    await migrateStore(stack.configPath, address, {}, copy);
    const config = JSON.parse(readFileSync(stack.configPath, 'utf8')) as Record<string, unknown>;
    writeFileSync(stack.configPath, JSON.stringify({ ...config, database: address }));
    Object.assign(stack, { database: address });
    await stack.graph.up();
    await stack.start();
    for (const n of [0, 1, 2]) for (const kind of ['reply', 'edit', 'react'] as const) for (const way of ['in', 'out'] as const) await scene.say(way, kind, n);
    await scene.chatter.say(30);
    expect(await problems(120_000)).toEqual([]);
  }, 240_000);

  test('one whose database somebody else has used meanwhile ends, and says so', async () => {
    await set({ withoutDaemon: true });
    const daemon = await scene.stack.start();
    await server.query(`bridge_${count}`, "UPDATE meta SET value = 'somebody else' WHERE key = 'opened_by'");
    await hangUp();
    expect(await daemon.lost).toMatchObject({ code: 'DB-2008' });
    await expect(fetch(`${scene.stack.adminUrl}/ready`).then(({ status }) => status)).resolves.toBe(503);
  }, 120_000);

  test('one whose lock somebody else has taken meanwhile ends as a process that says why', async () => {
    await set({ withoutDaemon: true });
    const { adminUrl, configPath } = scene.stack;
    const ended = promisify(execFile)(process.execPath, [new URL('../../src/main.ts', import.meta.url).pathname, 'start', '--config', configPath])
      .then(() => null, (error: { code: number; stdout: string; stderr: string }) => error);
    await eventually('the bridge', () => fetch(`${adminUrl}/ready`).then(({ status }) => status === 200, () => false), 60_000);
    const name = `bridge_${count}`;
    const thief = new Client(server.url(name));
    await thief.connect();
    const [lock] = (await thief.query<{ space: string; number: string }>("SELECT classid::text AS space, objid::text AS number FROM pg_locks WHERE locktype = 'advisory'")).rows;
    const waiting = thief.query(`SELECT pg_advisory_lock(${lock?.space}, ${lock?.number})`);
    await hangUp();
    await waiting;
    const end = await ended;
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('DB-2001') });
    expect(`${end?.stdout}${end?.stderr}`).not.toContain(PASSWORD);
    await thief.end();
  }, 120_000);
});

/** As an administrator of the server may do, or a firewall: only who asks for a lock is spared. */
async function hangUp(): Promise<void> {
  await server.query(`bridge_${count}`, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'drawbridge%'");
}
