import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readAudit } from '../../src/actions/read-audit.ts';
import { run } from '../../src/cli/program.ts';
import { readAudit as read } from '../../src/store/read-audit.ts';
import { createSeal } from '../../src/store/seal.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';
import { cliParts } from '../kit/cli.ts';

let dir: string;
let config: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'drawbridge-audit-'));
  config = join(dir, 'config.yaml');
  writeFileSync(config, JSON.stringify({ homeserver: { url: 'http://127.0.0.1:8008', domain: 'example.org' }, seal_key: Buffer.alloc(32, 7).toString('base64'), database: 'drawbridge.db' }));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const opened = (): Store => openSqliteStore({ path: join(dir, 'drawbridge.db'), seal: createSeal(Buffer.alloc(32, 7)), now: () => 1, localpartOf: () => 'x' });
const parts = (): ReturnType<typeof cliParts> => cliParts({ readAudit: () => Promise.resolve((path, limit, env) => readAudit(path, limit, env, read)) });

async function audit(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const cli = parts();
  const code = await run(['audit', '-c', config, ...args], cli);
  return { code, out: cli.printed(), err: cli.complained() };
}

test('prints the newest acts, the newest last, beside a running bridge and after it, and leaves no file behind', async () => {
  const store = opened();
  for (const [n, verb] of ['login', 'block', 'logout'].entries()) await store.audit({ at: Date.UTC(2026, 0, 1, 12, n), who: '@a:test', verb, object: `thing ${n}` });
  const lines = ['2026-01-01 12:00:00 @a:test login thing 0', '2026-01-01 12:01:00 @a:test block thing 1', '2026-01-01 12:02:00 @a:test logout thing 2'];
  expect(await audit()).toEqual({ code: 0, out: `${lines.join('\n')}\n`, err: '' });
  store.close();
  const files = readdirSync(dir).sort();
  expect((await audit('--last', '2')).out).toBe(`${lines.slice(1).join('\n')}\n`);
  expect(readdirSync(dir).sort()).toEqual(files);
});

test('an id that somebody else has chosen makes no line of its own, and moves no terminal', async () => {
  const store = opened();
  await store.audit({ at: 0, who: '@a:test', verb: 'link', object: 'x in !a\n1970-01-01 00:00:01 @root:test erase\u001b[2J\u2028\u202ey' });
  store.close();
  expect((await audit()).out).toBe('1970-01-01 00:00:00 @a:test link x in !a\ufffd1970-01-01 00:00:01 @root:test erase\ufffd[2J\ufffd\ufffdy\n');
});

test('says that nothing was done, that there is no database, and what a number is', async () => {
  expect(await audit()).toMatchObject({ code: 1, err: expect.stringMatching(/^DB-2003: The database .*drawbridge\.db cannot be read/) });
  opened().close();
  expect(await audit()).toMatchObject({ code: 0, out: 'Nothing was done yet.\n' });
  expect(await audit('--last', 'x')).toMatchObject({ code: 1, err: expect.stringContaining('DB-1006') });
});
