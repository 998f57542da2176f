import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install, type Installation } from '../kit/installation.ts';
import type { Program } from '../kit/program.ts';
import { eventually } from '../kit/stack/stack.ts';

/** What an administrator does for somebody who asks, with the real program: export beside the running bridge, erase once it is stopped. */
let bridge: Installation;
let daemon: Program;
let room: string;
let ghost: string;

const patience = 60_000;
const NUMBER = '31611111111';
const said = () => bridge.homeserver.eventsOf(room, 'm.room.message').filter(({ content }) => String(content['body']).startsWith('Canary'));

beforeAll(async () => {
  bridge = await install({ appSecret: 'app-secret-of-the-journey', verifyToken: 'verify-token-of-the-journey', accessToken: 'access-token-of-the-journey' });
  daemon = bridge.start('start');
  await eventually('the start', async () => (await fetch(`${bridge.adminUrl}/live`).catch(() => null))?.ok, patience);
  const bob = bridge.sandbox.person(NUMBER, { name: 'Bob Canary' });
  bob.sendText('Canary one');
  bob.sendText('Canary two');
  room = await eventually('a portal', () => [...bridge.homeserver.rooms.values()].find(({ timeline }) => timeline.some(({ content }) => content['name'] === 'Bob Canary'))?.id, patience);
  ghost = (await eventually('the last message', () => said().find(({ content }) => content['body'] === 'Canary two'), patience)).sender;
}, 3 * patience);
afterAll(async () => bridge[Symbol.asyncDispose]());

test('export says all that is held, beside the running bridge, and no secret', async () => {
  const { code, stdout, stderr } = await bridge.run('privacy', 'export', 'whatsapp', `+${NUMBER}`);
  expect([code, stderr]).toEqual([0, '']);
  const held = JSON.parse(stdout) as object;
  expect(held).toMatchObject({ about: 'whatsapp', held: { person: { name: 'Bob Canary' }, chats: [{ kind: 'direct', room_id: room }], messages: { count: 2 } } });
  for (const secret of ['app-secret-of-the-journey', 'access-token-of-the-journey', bridge.registration.as_token]) expect(stdout).not.toContain(secret);
  const file = join(bridge.dir, 'bob.json');
  expect(await bridge.run('privacy', 'export', ghost, '--output', file)).toMatchObject({ code: 0, stdout: '' });
  expect([statSync(file).mode & 0o777, (JSON.parse(readFileSync(file, 'utf8')) as { held: { messages: object } }).held.messages]).toMatchObject([0o600, { count: 2 }]);
  // Nothing is written over.
  expect((await bridge.run('privacy', 'export', 'whatsapp', NUMBER, '--output', file)).stderr).toMatch(/^DB-1009/);
}, patience);

test('erase is refused while the bridge runs, with what to tell its bot; and of whom nobody knows', async () => {
  expect((await bridge.run('privacy', 'erase', 'whatsapp', NUMBER)).stderr).toMatch(new RegExp(`^DB-2011: .*\nFix: Tell its bot.*erase whatsapp ${NUMBER}`));
  expect((await bridge.run('privacy', 'export', 'whatsapp', '4912345')).stderr).toMatch(/^DB-2010: /);
  daemon.child.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({ code: 0 });
  expect((await bridge.run('privacy', 'erase', 'whatsapp', '4912345')).stderr).toMatch(/^DB-2010: /);
}, patience);

test('erase forgets, redacts, takes the ghost away, and leaves no byte in the database', async () => {
  const ids = (JSON.parse(readFileSync(join(bridge.dir, 'bob.json'), 'utf8')) as { held: { ids: { value: string }[] } }).held.ids.map(({ value }) => value);
  expect(ids).toContain(NUMBER);
  const { code, stdout } = await bridge.run('privacy', 'erase', 'whatsapp', `+${NUMBER}`, '--redact');
  expect(code).toBe(0);
  expect(stdout).toMatch(/Erased here: .*person 1[^]*Redacted: 2 of 2 events\.[^]*The homeserver is told/);
  expect(bridge.homeserver.membership(room, ghost)).toBe('leave');
  const redactions = bridge.homeserver.eventsOf(room, 'm.room.redaction').map(({ redacts, content }) => redacts ?? content['redacts']);
  expect(redactions).toEqual(expect.arrayContaining(said().map(({ event_id: id }) => id)));
  const bytes = Buffer.concat(readdirSync(bridge.dir).filter((name) => name.startsWith('drawbridge.db')).map((name) => readFileSync(join(bridge.dir, name))));
  expect([NUMBER, 'Canary', ghost.slice(1, ghost.indexOf(':')), ...ids].filter((word) => bytes.includes(word))).toEqual([]);
  expect(readdirSync(join(bridge.dir, 'data', 'spool'), { recursive: true }).filter((name) => !String(name).startsWith('.'))).toEqual([]);
}, patience);

test('whoever writes again is somebody new', async () => {
  daemon = bridge.start('start');
  await eventually('the start', async () => (await fetch(`${bridge.adminUrl}/live`).catch(() => null))?.ok, patience);
  bridge.sandbox.person(NUMBER, { name: 'Bob Canary' }).sendText('here again');
  const again = await eventually('another room', () => [...bridge.homeserver.rooms.values()].find(({ timeline }) => timeline.some(({ content }) => content['body'] === 'here again'))?.id, patience);
  expect(again).not.toBe(room);
  daemon.child.kill('SIGTERM');
  expect(await daemon.ended).toMatchObject({ code: 0 });
}, 2 * patience);
