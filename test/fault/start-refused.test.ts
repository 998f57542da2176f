import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from '@jest/globals';
import { newestSchema } from '../../src/store/sqlite/open.ts';
import { DaemonProcess } from '../kit/stack/process.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
afterEach(() => scene.close());

const inDatabase = (sql: string): void => {
  const db = new Database(scene.stack.database);
  db.exec(sql);
  db.close();
};

/** What stops the start is named, nothing is changed, and once it is put right what waited arrives. */
async function refused(code: string, wrong: () => void | (() => void), right: () => void): Promise<void> {
  scene = await setScene({ people: 2 });
  await scene.stack.graph.down();
  await scene.say('out', 'text', 0);
  await scene.stack.homeserver.idle();
  await scene.stack.stop();
  await scene.stack.graph.up();
  await scene.say('out', 'text', 1);
  const over = wrong();
  const before = readFileSync(scene.stack.database);
  await expect(scene.stack.start()).rejects.toMatchObject({ name: 'CodedError', code });
  expect(readFileSync(scene.stack.database).equals(before)).toBe(true);
  over?.();
  right();
  await scene.stack.start();
  expect((await scene.settled()).problems).toEqual([]);
}

const nothing = (): void => {};
const key = (byte: number): void => {
  const config = readFileSync(scene.stack.configPath, 'utf8');
  writeFileSync(scene.stack.configPath, config.replace(/"seal_key":"[^"]*"/, `"seal_key":"${Buffer.alloc(32, byte).toString('base64')}"`));
};

test('with another seal key', () => refused('DB-2004', () => key(8), () => key(7)), 60_000);

test('on the database of a newer release', () => refused('DB-2002', () => inDatabase('PRAGMA user_version = 999'), () => inDatabase(`PRAGMA user_version = ${newestSchema}`)), 60_000);

test('on a database that somebody else is writing to', () => refused('DB-2003', () => {
  const other = new Database(scene.stack.database);
  other.exec('BEGIN IMMEDIATE');
  return () => void other.close();
}, nothing), 60_000);

test('beside another, whose work goes on; and after its kill -9 at once', async () => {
  scene = await setScene({ withoutDaemon: true });
  const first = await DaemonProcess.start(scene.stack.configPath);
  await scene.settled();
  for (let n = 0; n < 2; n++) await expect(scene.stack.start()).rejects.toMatchObject({ code: 'DB-2001' });
  await scene.say('out', 'text');
  await scene.say('in', 'text');
  expect((await scene.settled()).problems).toEqual([]);
  await first.kill();
  await scene.stack.start();
  await scene.say('out', 'text');
  expect((await scene.settled()).problems).toEqual([]);
}, 60_000);
