import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Check } from '../../src/networks/network.ts';
import { install, type Installation } from '../kit/installation.ts';
import type { Ended, Program } from '../kit/program.ts';
import { eventually } from '../kit/stack/stack.ts';

/** What an administrator does, in their order, with the real program: init, doctor, start, doctor beside it, stop. */
let bridge: Installation;
let daemon: Program;

beforeAll(async () => {
  bridge = await install({ appSecret: 'app-secret-of-the-journey', verifyToken: 'verify-token-of-the-journey', accessToken: 'access-token-of-the-journey' });
});
afterAll(async () => bridge[Symbol.asyncDispose]());

const patience = 60_000;

const failures = ({ stdout }: Ended): Check[] => (JSON.parse(stdout) as { checks: Check[] }).checks.filter(({ ok }) => !ok);

const fingerprint = (): string[] => readdirSync(bridge.dir, { recursive: true, encoding: 'utf8' }).filter((name) => !/-(?:wal|shm)$/.test(name)).sort()
  .map((name) => `${name} ${statSync(join(bridge.dir, name)).mode} ${statSync(join(bridge.dir, name)).isFile() ? readFileSync(join(bridge.dir, name)).toString('base64') : ''}`);

test('init leaves a config that lacks nothing, and says what the homeserver has to be told', () => {
  expect(bridge.init.stdout).toContain('app_service_config_files:');
  expect(bridge.init.stderr).not.toContain('DB-');
  for (const name of ['config.yaml', 'registration.yaml', 'seal.key']) expect(statSync(join(bridge.dir, name)).mode & 0o777).toBe(0o600);
});

test('doctor is content before the first start, stands in for the bridge, and changes nothing', async () => {
  const before = fingerprint();
  const asked = await bridge.run('doctor', '--json');
  expect(failures(asked)).toEqual([]);
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  expect(asked.stdout).toContain('a listener for this check');
  expect(fingerprint()).toEqual(before);
}, patience);

test('start runs, and what a person writes arrives', async () => {
  daemon = bridge.start('start');
  await eventually('the health check of the container', async () => (await fetch(`${bridge.adminUrl}/live`).catch(() => null))?.ok, patience);
  bridge.sandbox.person('31611111111', { name: 'Bob' }).sendText('Hello');
  const room = await eventually('a portal', () => [...bridge.homeserver.rooms.values()].find(({ timeline }) => timeline.some(({ content }) => content['name'] === 'Bob'))?.id, patience);
  await eventually('the message', () => bridge.homeserver.eventsOf(room, 'm.room.message')[0], patience);
  await eventually('the owner in it, by their double puppet', () => bridge.homeserver.membership(room, '@admin:fake.test') === 'join', patience);
}, 2 * patience);

test('doctor is content beside the running bridge, and leaves it alone', async () => {
  const asked = await bridge.run('doctor', '--json');
  expect(failures(asked)).toEqual([]);
  expect(asked).toMatchObject({ code: 0, stderr: '' });
  expect(asked.stdout).toContain('reached the running daemon');
  expect(asked.stdout).toContain('a running Drawbridge holds it');
  expect((await fetch(`${bridge.adminUrl}/ready`)).status).toBe(200);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(await (await fetch(`${bridge.adminUrl}/metrics`)).text()).toContain(`bridge_build_info{version="${version}"`);
}, patience);

test('a second start is refused in words, and init changes nothing of what runs', async () => {
  const second = await bridge.run('start');
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(/^DB-(?:2001|3001): [^\n]+\nFix: [^\n]+\n$/);
  const before = fingerprint();
  const again = await bridge.run('init', '--yes', '--no-doctor');
  expect(again.stdout).toContain('config.yaml: unchanged');
  expect(again.stdout).toContain('registration.yaml: unchanged');
  expect(fingerprint()).toEqual(before);
}, patience);

test('SIGTERM ends it, with 0', async () => {
  daemon.child.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({ code: 0, stderr: '' });
}, patience);
