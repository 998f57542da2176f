import Database from 'better-sqlite3';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { plain } from '../../src/model/richtext.ts';
import type { EventId } from '../../src/model/ids.ts';
import { createSeal } from '../../src/store/seal.ts';
import { openDatabase } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { openSqlite, SEAL_KEY } from '../kit/model/store/sqlite.ts';
import { ACCOUNT, ALICE, direct, matrixEvent, message, NETWORK, says, writes } from '../kit/model/store/setup.ts';

let dir: string;
let path: string;
let now = Date.UTC(2026, 0, 1);
const open = (key = SEAL_KEY): Store => openSqlite(path, () => now, key);
const raw = (): Database.Database => new Database(path);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'store-file-'));
  path = join(dir, 'bridge.db');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Which of these words stand in clear anywhere in the database's files. */
async function inClear(words: readonly string[]): Promise<readonly string[]> {
  const files = (await readdir(dir)).filter((name) => name.startsWith('bridge.db') && !name.endsWith('.lock'));
  expect(files.length).toBeGreaterThan(0);
  const bytes = Buffer.concat(await Promise.all(files.map((name) => readFile(join(dir, name)))));
  return words.filter((word) => bytes.includes(word) || bytes.includes(Buffer.from(word, 'utf16le')) || bytes.includes(Buffer.from(word).toString('base64').slice(0, 12)));
}

describe('what people say', () => {
  const words = ['Canary-inbound', 'Canary-matrix', 'Canary-outbox', 'Canary-replaced', 'Canary-stepped', 'Canary-handle', 'Canary-filename', 'Canary-broken', 'Canary-dead'];

  test('never stands in the files in clear: not on its way, not after it is settled', async () => {
    const store = open();
    await store.acceptNetwork({ network: NETWORK, account: ACCOUNT, items: [{ key: 'k1', event: message('31', [], { parts: [
      { kind: 'text', text: plain('Canary-inbound') },
      { kind: 'file', media: { source: { network: 'Canary-handle' }, name: 'Canary-filename.pdf', mime: 'application/pdf' }, caption: plain('Canary-inbound') },
    ] }) }] });
    await store.acceptMatrix({ events: [matrixEvent('e1', '!a:test', { msgtype: 'm.text', body: 'Canary-matrix' })], toDevice: [] });
    await store.acceptBroken({ source: 'fake/app', key: 'k', raw: Buffer.from('{"text":"Canary-broken"'), reason: 'It could not be decoded.' });
    await store.apply([
      { do: 'send', row: { lane: 'out:p1', key: 'a', task: says('Canary-outbox'), event: '$e1' as EventId, sender: ALICE } },
      { do: 'send', row: { lane: 'out:r1', key: 'b', task: writes('Canary-dead') } },
    ]);
    const [a, b] = [store.outboxByKey('a'), store.outboxByKey('b')];
    await store.apply([{ do: 'replace', seq: a?.seq as never, task: says('Canary-replaced') }]);
    await store.step(store.outboxByKey('a') as never, says('Canary-stepped'), []);
    const job = store.mediaJobs(1)[0];
    await store.mediaDone(job?.id as never, { to: 'ready', spool: 's1', mime: 'application/pdf', name: 'Canary-filename.pdf', size: 5 });
    expect(store.media(job?.id as never)).toMatchObject({ name: 'Canary-filename.pdf' });
    expect(await inClear(words)).toEqual([]);

    for (const lane of ['in:c1', 'in:r1']) await store.settleIn(store.inHead(lane)?.seq as never, { to: 'done' }, []);
    await store.begin(store.outboxByKey('a') as never);
    await store.settleOut(a?.seq as never, { to: 'accepted', remoteId: 'r', at: 1 }, [{ do: 'dropMedia', media: job?.id as never }]);
    await store.settleOut(b?.seq as never, { to: 'dead', code: 'c', reason: 'r' }, []);
    expect(await inClear(words)).toEqual([]);
    now += 10_000;
    await store.prune(now, { deadContent: 1_000, settled: 1_000, accepted: 86_400_000, seen: null });
    store.checkpoint();
    expect(await inClear(words)).toEqual([]);
    store.close();
    expect(await inClear(words)).toEqual([]);
    const db = raw();
    const bodies = (table: string) => db.prepare(`SELECT count(*) FROM ${table} WHERE body IS NOT NULL`).pluck().get();
    expect(['inbox', 'outbox', 'media'].map(bodies)).toEqual([0, 0, 0]);
    db.close();
  });

  test('is gone from the files, sealed or not, once it is settled and the log is truncated', async () => {
    const store = open();
    await store.apply([{ do: 'send', row: { lane: 'out:p1', key: 'a', task: says('x'), event: '$e1' as EventId, sender: ALICE } }]);
    const peek = raw();
    const sealed = peek.prepare("SELECT body FROM outbox WHERE key = 'a'").pluck().get() as Buffer;
    peek.close();
    const seq = store.outboxByKey('a')?.seq as never;
    await store.begin(store.outboxByKey('a') as never);
    await store.settleOut(seq, { to: 'accepted', remoteId: 'r', at: 1 }, []);
    store.checkpoint();
    const files = (await readdir(dir)).filter((name) => name.startsWith('bridge.db') && !name.endsWith('.lock'));
    for (const name of files) expect([name, (await readFile(join(dir, name))).includes(sealed.subarray(4, 40))]).toEqual([name, false]);
    store.close();
  });

  test('that was altered is known as damaged, and spoils nothing beside it', async () => {
    let store = open();
    await store.apply([
      { do: 'send', row: { lane: 'out:p1', key: 'a', task: says('x'), event: '$a' as EventId } }, { do: 'send', row: { lane: 'out:p1', key: 'b', task: says('y'), event: '$a' as EventId } },
    ]);
    const { wake: [lane = ''] } = await store.acceptMatrix({ events: [matrixEvent('e1', '!a:test')], toDevice: [] });
    store.close();
    const db = raw();
    for (const [table, key] of [['outbox', 'a'], ['inbox', '$e1']] as const) {
      const body = db.prepare(`SELECT body FROM ${table} WHERE key = ?`).pluck().get(key) as Buffer;
      body[body.length - 20] = (body[body.length - 20] ?? 0) ^ 1;
      db.prepare(`UPDATE ${table} SET body = ? WHERE key = ?`).run(body, key);
    }
    db.close();
    store = open();
    expect(store.outHead('out:p1')).toMatchObject({ key: 'a', state: 'ready', task: null });
    expect(store.outboxOf('$a' as EventId).map(({ task }) => task)).toEqual([null, says('y')]);
    expect(() => store.inHead(lane)).toThrow(expect.objectContaining({ name: 'Damaged', item: expect.objectContaining({ source: 'matrix', event: '$e1' }) }));
    store.close();
  });
});

describe('the seal', () => {
  test('seals the same value differently each time, and opens each', () => {
    const seal = createSeal(SEAL_KEY);
    const [one, two] = [seal.seal({ a: ['é', null] }), seal.seal({ a: ['é', null] })];
    expect(one.equals(two)).toBe(false);
    expect([seal.open(one), seal.open(two)]).toEqual([{ a: ['é', null] }, { a: ['é', null] }]);
  });

  test('hashes lists of parts apart, and only with its key', () => {
    const seal = createSeal(SEAL_KEY);
    expect(seal.hash('ab', 'c').equals(seal.hash('a', 'bc'))).toBe(false);
    expect(seal.hash('a').equals(seal.hash('a'))).toBe(true);
    expect(seal.hash('a').equals(createSeal(Buffer.alloc(32, 8)).hash('a'))).toBe(false);
    expect(seal.hash('a')).toHaveLength(16);
  });

  test.each([0, 16, 31, 33])('takes no key of %d bytes', (length) => {
    expect(() => createSeal(Buffer.alloc(length))).toThrow(expect.objectContaining({ code: 'DB-1007' }));
  });
});

describe('the file', () => {
  test('is for its owner alone', async () => {
    const store = open();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    store.close();
  });

  test('is refused to a second instance as long as the first runs', () => {
    const store = open();
    expect(() => open()).toThrow(expect.objectContaining({ code: 'DB-2001' }));
    store.close();
    open().close();
  });

  test('of a newer Drawbridge is refused, untouched, and the lock is let go', () => {
    open().close();
    const db = raw();
    db.pragma('user_version = 999');
    db.close();
    expect(() => open()).toThrow(expect.objectContaining({ code: 'DB-2002' }));
    const after = raw();
    expect(after.pragma('user_version', { simple: true })).toBe(999);
    after.pragma('user_version = 1');
    after.close();
    open().close();
  });

  test('is copied beside itself before a migration, also where an earlier copy or half of one is left', async () => {
    const first = 'CREATE TABLE kept (value TEXT) STRICT';
    const second = 'CREATE TABLE added (value TEXT) STRICT';
    const one = openDatabase(path, [first]);
    one.db.prepare("INSERT INTO kept VALUES ('mine')").run();
    one.db.close();
    one.unlock();
    for (const left of [`${path}.before-2.backup`, `${path}.before-2.backup.part`]) await writeFile(left, 'left over');
    const two = openDatabase(path, [first, second]);
    expect(two.db.prepare('SELECT count(*) AS n FROM added').get()).toEqual({ n: 0 });
    two.db.close();
    two.unlock();
    const backup = new Database(`${path}.before-2.backup`, { readonly: true });
    expect(backup.prepare('SELECT value FROM kept').all()).toEqual([{ value: 'mine' }]);
    expect(backup.pragma('user_version', { simple: true })).toBe(1);
    backup.close();
    expect((await readdir(dir)).filter((name) => name.includes('part'))).toEqual([]);
    expect((await stat(`${path}.before-2.backup`)).mode & 0o777).toBe(0o600);
  });

  test('that a migration fails on stays as it was, and the copy is there', async () => {
    const first = 'CREATE TABLE kept (value TEXT) STRICT';
    const one = openDatabase(path, [first]);
    one.db.close();
    one.unlock();
    expect(() => openDatabase(path, [first, 'CREATE TABLE added (value TEXT) STRICT; NONSENSE'])).toThrow(expect.objectContaining({ code: 'DB-2003' }));
    const after = openDatabase(path, [first]);
    expect(after.db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'added'").get()).toEqual({ n: 0 });
    after.db.close();
    after.unlock();
    expect(await readdir(dir)).toContain('bridge.db.before-2.backup');
  });

  test('sealed with another key is refused, and opens with its own again', () => {
    open().close();
    expect(() => open(Buffer.alloc(32, 9))).toThrow(expect.objectContaining({ code: 'DB-2004' }));
    open().close();
  });

  test('that is no database, or stands nowhere, is told apart with a code', async () => {
    await writeFile(path, 'This is no database, but a text that is long enough to be taken for the beginning of one, and then some more of it.');
    expect(() => open()).toThrow(expect.objectContaining({ code: 'DB-2003', fix: expect.stringContaining('backup') }));
    await rm(dir, { recursive: true });
    expect(() => open()).toThrow(expect.objectContaining({ code: 'DB-2003' }));
  });

  test('is written with full durability', () => {
    const store = open();
    const db = raw();
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    db.close();
    store.close();
  });

  test('joined commands are isolated: one that fails takes no other with it', async () => {
    const store = open();
    const good = (key: string) => store.apply([{ do: 'send', row: { lane: 'out:p1', key, task: says('x') } }]);
    const bad = store.apply([
      { do: 'send', row: { lane: 'out:p1', key: 'bad', task: says('x') } },
      { do: 'member', room: 99 as never, member: { user: ALICE, membership: 'join', name: null } },
    ]);
    const results = await Promise.allSettled([good('a'), bad, good('b'), store.acceptNetwork({ network: NETWORK, account: ACCOUNT, items: [{ key: 'k', event: message('31') }] })]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(['a', 'bad', 'b'].map((key) => store.outboxByKey(key) !== null)).toEqual([true, false, true]);
    expect(store.counts().inbox).toEqual({ ready: 1 });
    store.close();
  });

  test('commands that another process makes wait are told to come again, and have written nothing', async () => {
    const store = open();
    await store.openConversation({ network: NETWORK, account: ACCOUNT, person: { id: '31', scope: '' }, conversation: direct('31'), invite: [] });
    const other = raw();
    other.exec('BEGIN IMMEDIATE');
    await expect(store.setMeta('a', '1')).rejects.toThrow(expect.objectContaining({ name: 'StoreBusy' }));
    expect(store.getMeta('a')).toBeNull();
    other.exec('ROLLBACK');
    other.close();
    await store.setMeta('a', '1');
    expect(store.getMeta('a')).toBe('1');
    store.close();
  });
});
