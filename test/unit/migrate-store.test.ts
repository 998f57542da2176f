import Database from 'better-sqlite3';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { migrateStore as action } from '../../src/actions/migrate-store.ts';
import { run } from '../../src/cli/program.ts';
import type { AccountId, EventId, NetworkId, RemoteId, UserId } from '../../src/model/ids.ts';
import { migrateStore } from '../../src/store/migrate-store.ts';
import { readAudit } from '../../src/store/read-audit.ts';
import type { Store } from '../../src/store/store.ts';
import { cliParts } from '../kit/cli.ts';
import { openPostgres } from '../kit/model/store/postgres.ts';
import { Bench, mapping, message, NETWORK, person, roomLane, says } from '../kit/model/store/setup.ts';
import { openSqlite, SEAL_KEY } from '../kit/model/store/sqlite.ts';
import { PASSWORD, PostgresServer } from '../kit/postgres/server.ts';

let server: PostgresServer;
let dir: string;
let path: string;
let name: string;
let count = 0;

beforeAll(async () => {
  server = await PostgresServer.start();
}, 120_000);
afterAll(() => server.close());
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'migrate-store-'));
  path = join(dir, 'drawbridge.db');
  count += 1;
  name = `copy_${count}`;
  await server.database(name);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const bench = new Bench();
const now = (): number => bench.now;
const url = (): string => server.url(name);

/** A database with a history: two chats that became one, settled and open rows, a deleted tail, odd texts. */
async function fill(): Promise<void> {
  await bench.open(() => {
    const store = openSqlite(path, now);
    return Promise.resolve({ store, reopen: () => Promise.resolve(store), dispose: () => Promise.resolve(store.close()) });
  });
  const old = await bench.portal(message('31'), '!old:test');
  const newer = await bench.portal(message('B2'), '!new:test');
  await bench.store.apply([mapping(newer.row, '$mapped', 'r\0one'), mapping(old.row, '$other', 'r2')]);
  await bench.take({ type: 'identity.alias', scope: '', from: '31', to: 'B2', time: 1 });
  await bench.take(message('32', [], { sender: { ...person('32'), name: 'Zoë \0 👩‍👩‍👧' }, parts: [{ kind: 'image', media: { source: { network: 'handle' } } }] }), 'waiting');
  for (const key of ['a', 'b', 'c']) await bench.send({ lane: 'out:p1', key, task: says(`text ${key}`) });
  await bench.begin(bench.head('out:p1').seq);
  await bench.store.settleOut(bench.head('out:p1').seq, { to: 'accepted', remoteId: 'r9', at: 1 }, []);
  await bench.store.keepAccount({
    id: 'fake/app/two' as AccountId, network: 'fake' as NetworkId, app: 'app', remoteId: 'r', kind: 'relay', owner: '@a:test' as UserId, settings: { token: 'x' }, createdAt: 1,
  });
  await bench.store.block({ who: 'evil.test', by: '@a:test' as UserId, at: 1 });
  await bench.store.audit({ at: 1, who: '@a:test', verb: 'block', object: 'evil.test' });
  // The last row is gone: its number is not given again.
  await bench.take(message('33'), 'gone');
  const gone = bench.store.inHead('in:c4');
  await bench.store.settleIn(gone?.seq as never, { to: 'done' }, []);
  // Somebody who asked not to be bridged, and somebody erased of whom only that is known.
  await bench.store.apply([{ do: 'consent', person: 1 as never, stopped: 9 }]);
  await bench.take(message('35'), 'erased');
  const [erased] = bench.store.peopleCalled(NETWORK, '35');
  await bench.store.apply([{ do: 'person', person: erased as never, change: { registered: true } }]);
  await bench.store.erasePerson(erased as never, { redact: true, stop: true });
}

/** All that somebody can ask of a store. */
function look(store: Store): unknown {
  const lanes = [...store.lanes()].sort((a, b) => a.lane.localeCompare(b.lane));
  return {
    lanes, heads: lanes.map(({ lane }) => (lane.startsWith('in:') ? store.inHead(lane) : store.outHead(lane))),
    counts: store.counts(), undelivered: store.undelivered(100), rooms: store.liveRooms(), media: store.mediaJobs(10),
    erasures: store.erasures(), people: [1, 2, 3, 4].map((row) => store.person(row as never)), conversations: [1, 2, 3, 4].map((row) => store.conversation(row as never)),
    portals: [1, 2].map((row) => store.portal(row as never)), members: store.everMembers(1 as never),
    map: ['$mapped', '$other'].map((event) => store.mapOf(1 as never, event as EventId)), byRemote: store.mapOfRemote(1 as never, 'r\0one' as RemoteId),
    accounts: store.storedAccounts(), blocked: store.blocked(), audited: store.audited(9),
    settled: store.outboxByKey('a'), rows: ['b', 'c'].map((key) => store.outboxByKey(key)), seen: store.unseen('fake/app/one', ['waiting', 'gone', 'never']),
  };
}

/** Plain data: bytes are no content of what the store hands out. */
const plainly = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('a copy', () => {
  test('has all that the SQLite database has, and goes on behind it', async () => {
    await fill();
    const before = plainly(look(bench.store));
    const { seq } = await bench.send({ lane: 'out:p9', key: 'last' });
    await bench.store.apply([{ do: 'cancel', seq, reason: 'x' }]);
    const expected = plainly(look(bench.store));
    await bench.close();
    const file = readFileSync(path);
    const { rows } = await migrateStore(path, url(), SEAL_KEY);
    expect(rows).toMatchObject({ inbox: expect.any(Number), outbox: expect.any(Number), seen: expect.any(Number), message_map: 2 });
    expect(Object.values(rows).every((n) => Number.isInteger(n))).toBe(true);
    expect(readFileSync(path).equals(file)).toBe(true);
    const store = await openPostgres(url(), now);
    expect(plainly(look(store))).toEqual(expected);
    await store.audit({ at: 2, who: '@a:test', verb: 'unblock', object: 'evil.test' });
    expect(store.audited(1)).toMatchObject([{ verb: 'unblock' }]);
    expect(await readAudit(url(), true, 1)).toEqual([{ at: 2, who: '@a:test', verb: 'unblock', object: 'evil.test' }]);
    expect(before).not.toEqual(expected);
    await bench.open(() => Promise.resolve({ store, reopen: () => Promise.resolve(store), dispose: () => Promise.resolve(store.close()) }));
    expect((await bench.send({ lane: 'out:p9', key: 'next' })).seq).toBeGreaterThan(seq);
    await bench.take(message('34'), 'new');
    const lane = store.lanes().map(({ lane: one }) => one).filter((one) => one.startsWith('in:c')).sort().at(-1) ?? '';
    expect(store.inHead(lane)?.seq).toBeGreaterThan(5);
    expect(await bench.take(message('33'), 'gone')).toMatchObject({ duplicates: 1 });
    expect(await bench.drain(roomLane(1 as never))).toEqual([]);
    await bench.close();
  });

  test('is refused of a database that a bridge runs on, into one that another has, and into a full one', async () => {
    const running = openSqlite(path, now);
    await expect(migrateStore(path, url(), SEAL_KEY)).rejects.toMatchObject({ code: 'DB-2001' });
    running.close();
    const other = await openPostgres(url(), now);
    await expect(migrateStore(path, url(), SEAL_KEY)).rejects.toMatchObject({ code: 'DB-2001' });
    other.close();
    await expect(migrateStore(path, url(), SEAL_KEY)).rejects.toMatchObject({ code: 'DB-2009', message: expect.stringContaining('not empty') });
  });

  test('is refused of what is not there, of another schema and of another key', async () => {
    await expect(migrateStore(path, url(), SEAL_KEY)).rejects.toMatchObject({ code: 'DB-2009', message: expect.stringContaining('no SQLite database') });
    openSqlite(path, now).close();
    await expect(migrateStore(path, url(), Buffer.alloc(32, 9))).rejects.toMatchObject({ code: 'DB-2004' });
    const db = new Database(path);
    db.pragma('user_version = 999');
    db.close();
    await expect(migrateStore(path, url(), SEAL_KEY)).rejects.toMatchObject({ code: 'DB-2009', message: expect.stringContaining('999') });
    expect(await server.query(name, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
  });

  test('that failed keeps nothing, and can be made again', async () => {
    await fill();
    await bench.close();
    // What only PostgreSQL refuses: a row that points at nothing.
    const db = new Database(path);
    db.pragma('foreign_keys = OFF');
    db.exec("INSERT INTO member (room, user, membership) VALUES (99, '@x:test', 'join')");
    db.close();
    await expect(migrateStore(path, url(), SEAL_KEY)).rejects.toMatchObject({ code: 'DB-2009', message: expect.stringContaining('member') });
    expect(await server.query(name, 'SELECT (SELECT count(*) FROM person)::int AS people, (SELECT count(*) FROM meta)::int AS meta')).toEqual([{ people: 0, meta: 0 }]);
    const again = new Database(path);
    again.exec('DELETE FROM member WHERE room = 99');
    again.close();
    await migrateStore(path, url(), SEAL_KEY);
    expect((await server.query(name, 'SELECT count(*)::int AS n FROM person'))[0]?.['n']).toBeGreaterThan(2);
  });

  test('takes many rows', async () => {
    openSqlite(path, now).close();
    const db = new Database(path);
    const put = db.prepare("INSERT INTO seen (hash, at) VALUES (?, ?)");
    db.transaction(() => {
      for (let n = 0; n < 25_000; n++) put.run(Buffer.from(String(n).padStart(16, '0')), n);
    })();
    db.close();
    expect((await migrateStore(path, url(), SEAL_KEY)).rows['seen']).toBe(25_000);
  });
});

describe('drawbridge migrate-store', () => {
  const config = (): string => join(dir, 'config.yaml');
  const write = (database = 'drawbridge.db'): void =>
    writeFileSync(config(), `homeserver: { url: "http://127.0.0.1:8008", domain: example.org }\nseal_key: ${SEAL_KEY.toString('base64')}\ndatabase: "${database}"\n`);
  const command = async (...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> => {
    const parts = cliParts({ env: { TO: url() }, migrateStore: () => Promise.resolve((path_, to, env) => action(path_, to, env, migrateStore)) });
    const code = await run(['migrate-store', '--config', config(), ...args], parts);
    return { code, text: parts.printed() + parts.complained() };
  };

  test('copies, and says what to do then; the password is never said', async () => {
    write();
    await fill();
    await bench.close();
    writeFileSync(join(dir, 'to'), `${url()}\n`);
    const { code, text } = await command('--to', 'file:to');
    expect([code, text]).toEqual([0, expect.stringMatching(/outbox: \d+\n/)]);
    expect(text).toContain(`postgres://postgres@127.0.0.1:${server.port}/${name}`);
    expect(text).toContain('change the key database');
    expect(text).not.toContain(PASSWORD);
    const again = await command('--to', '${TO}');
    expect(again).toMatchObject({ code: 1, text: expect.stringContaining('DB-2009') });
    expect(again.text).not.toContain(PASSWORD);
  });

  test.each([
    ['no address', () => ['--to', 'other.db'], 'DB-2009: --to is no address'],
    ['a variable that is not set', () => ['--to', '${NOBODY}'], 'NOBODY'],
    ['a wrong password', () => ['--to', server.url(name, 'wrong-canary')], 'DB-2006'],
    ['nothing', () => [], 'DB-1010'],
  ])('refuses %s', async (_, args, expected) => {
    write();
    openSqlite(path, now).close();
    const { code, text } = await command(...args());
    expect([code, text]).toEqual([1, expect.stringContaining(expected)]);
    expect(text).not.toContain('canary');
  });

  test('refuses a config that names a server already', async () => {
    write(url());
    const { code, text } = await command('--to', url());
    expect([code, text]).toEqual([1, expect.stringContaining('already')]);
    expect(text).not.toContain(PASSWORD);
  });
});
