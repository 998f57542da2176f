import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findPython } from '../../../src/demo/synapse/install.ts';
import { fileLock } from '../../../src/demo/synapse/lock.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-python-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** A command that answers any question as a Python of this kind would. */
async function python(name: string, says: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, `#!/bin/sh\necho "${says}"\n`);
  await chmod(path, 0o755);
  return path;
}

test('the first Python that is new enough and has venv is taken', async () => {
  const old = await python('old', '3.9.2 False True');
  const bare = await python('bare', '3.12.1 True False');
  const fit = await python('fit', '3.11.7 True True');
  expect(await findPython([join(dir, 'absent'), old, bare, fit])).toEqual({ path: fit, version: '3.11.7' });
});

test('without Python, or without its venv module, the error says what to install', async () => {
  const old = await python('old', '3.9.2 False True');
  const bare = await python('bare', '3.12.1 True False');
  const broken = await python('broken', 'not installed');
  await expect(findPython([join(dir, 'absent'), old, broken])).rejects.toMatchObject({ code: 'DB-8101', fix: expect.stringContaining('--homeserver') });
  await expect(findPython([old, bare])).rejects.toMatchObject({ code: 'DB-8102', fix: expect.stringContaining('python3-venv') });
});

test('a file lock is held by one at a time, in the order of release', async () => {
  const path = join(dir, 'some/where.lock');
  const order: string[] = [];
  const first = await fileLock(path);
  const second = fileLock(path, () => order.push('second waits')).then((lock) => {
    order.push('second has it');
    lock.release();
  });
  order.push('first releases');
  first.release();
  await second;
  expect(order).toEqual(['second waits', 'first releases', 'second has it']);
});
