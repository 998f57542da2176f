import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { CodedError } from '../../src/model/errors.ts';
import type { EventId } from '../../src/model/ids.ts';
import { probeDatabase } from '../../src/store/postgres/probe.ts';
import { connect, migrate, schemaVersion } from '../../src/store/postgres/session.ts';
import { type Store, StoreBusy } from '../../src/store/store.ts';
import { openPostgres } from '../kit/model/store/postgres.ts';
import { ACCOUNT, ALICE, matrixEvent, message, NETWORK, says } from '../kit/model/store/setup.ts';
import { SEAL_KEY } from '../kit/model/store/sqlite.ts';
import { PASSWORD, PostgresServer } from '../kit/postgres/server.ts';
import { type Cut, Wire } from '../kit/postgres/wire.ts';
import { eventually } from '../kit/stack/stack.ts';

let server: PostgresServer;
let wire: Wire;
let name: string;
let count = 0;
const stores: Store[] = [];

beforeAll(async () => {
  server = await PostgresServer.start();
  wire = await Wire.to(server.port);
}, 120_000);
afterAll(async () => {
  await wire.close();
  await server.close();
});
beforeEach(async () => {
  count += 1;
  name = `store_${count}`;
  await server.database(name);
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

const url = (): string => server.url(name);
const wired = (): string => url().replace(`:${server.port}/`, `:${wire.port}/`);
const now = (): number => Date.UTC(2026, 0, 1);

async function open(address = url(), options: Parameters<typeof openPostgres>[2] = {}): Promise<Store> {
  const store = await openPostgres(address, now, options);
  stores.push(store);
  return store;
}

/** What it is refused with; never with the password. */
async function refused(work: Promise<unknown>): Promise<CodedError> {
  const error = await work.then(() => null, (reason: unknown) => reason as CodedError);
  expect(error).not.toBeNull();
  expect(`${error?.message} ${error?.fix} ${error?.stack} ${String(error?.cause)}`).not.toContain(PASSWORD);
  return error as CodedError;
}

async function inDatabase<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url());
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const put = (store: Store, key: string): Promise<unknown> => store.apply([{ do: 'send', row: { lane: 'out:p1', key, task: says('x') } }]);

describe('a server', () => {
  test('that is not there, or refuses the user or the database, is told apart', async () => {
    expect(await refused(open(server.url(name).replace(`:${server.port}/`, ':1/')))).toMatchObject({ code: 'DB-2006', fix: expect.stringContaining('runs') });
    expect(await refused(open(server.url(name, 'another password')))).toMatchObject({ code: 'DB-2006', fix: expect.stringContaining('password') });
    expect(await refused(open(server.url('nowhere')))).toMatchObject({ code: 'DB-2006', fix: expect.stringContaining('createdb') });
    await inDatabase((client) => client.query(`CREATE ROLE guest_${count} LOGIN PASSWORD '${PASSWORD}'; REVOKE CREATE ON SCHEMA public FROM public`));
    expect(await refused(open(url().replace('postgres:', 'postgres:').replace('//postgres:', `//guest_${count}:`)))).toMatchObject({ code: 'DB-2006', fix: expect.stringContaining('owner') });
  });

  test('with a database in another encoding is refused, and left alone', async () => {
    await server.database('latin', "ENCODING 'LATIN1' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'");
    expect(await refused(open(server.url('latin')))).toMatchObject({ code: 'DB-2007', message: expect.stringContaining('LATIN1'), fix: expect.stringContaining('UTF8') });
    expect(await server.query('latin', "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
  });

  test('that is older than any that still gets its faults mended is refused, and left alone', async () => {
    // A server of another version is not at hand, so this one says that it is: its own function hides the built-in one.
    await server.query(name, `CREATE FUNCTION public.current_setting(what text) RETURNS text LANGUAGE sql AS
      $$ SELECT CASE what WHEN 'server_version_num' THEN '130022' ELSE pg_catalog.current_setting(what) END $$`);
    await server.query(name, `ALTER DATABASE ${name} SET search_path = public, pg_catalog`);
    expect(await refused(open())).toMatchObject({ code: 'DB-2007', message: expect.stringContaining('PostgreSQL 13'), fix: expect.stringContaining('14') });
    expect(await server.query(name, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
  });

  test('is spoken to over TLS where the address asks for it, and has to prove who it is', async () => {
    const plain = `${url().replace('127.0.0.1', 'localhost')}?sslmode=verify-full`;
    expect(await refused(open(plain))).toMatchObject({ code: 'DB-2006', fix: expect.stringContaining('TLS') });
    await server.fall();
    const authority = server.secure();
    await server.up();
    expect(await refused(open(plain))).toMatchObject({ code: 'DB-2006', message: expect.stringMatching(/self.signed/) });
    expect(await refused(open(`${url()}?sslmode=verify-full&sslrootcert=${authority}`))).toMatchObject({ code: 'DB-2006', message: expect.stringContaining('127.0.0.1') });
    await open(`${plain}&sslrootcert=${authority}`);
    expect(await server.query(name, "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name LIKE 'drawbridge%'")).toEqual([{ ssl: true }]);
  });

  test('is asked to keep what it has committed, whatever it does for others', async () => {
    await server.query(name, `ALTER DATABASE ${name} SET synchronous_commit = off`);
    const client = await connect(url(), 'test');
    expect((await client.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'on' }]);
    await client.end();
  });
});

describe('a database', () => {
  test('is refused to a second instance as long as the first has it', async () => {
    const first = await open();
    expect(await refused(open())).toMatchObject({ code: 'DB-2001' });
    expect(await probeDatabase(url(), SEAL_KEY)).toMatchObject({ version: 1, newest: 1, running: true, sameKey: true, writable: true, durable: false, server: expect.stringMatching(/^\d+\.\d+/) });
    await put(first, 'a');
    first.close();
    expect(await probeDatabase(url(), SEAL_KEY)).toMatchObject({ running: false });
    expect((await open()).outboxByKey('a')).toMatchObject({ state: 'ready' });
  });

  test('that is looked at stays as it is', async () => {
    expect(await probeDatabase(url(), SEAL_KEY)).toMatchObject({ version: 0, running: false, sameKey: null });
    expect(await server.query(name, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
  });

  test('of a newer Drawbridge is refused, untouched, and the lock is let go', async () => {
    (await open()).close();
    await server.query(name, "INSERT INTO migration VALUES (999, 'x', 0)");
    expect(await refused(open())).toMatchObject({ code: 'DB-2002' });
    await server.query(name, 'DELETE FROM migration WHERE version = 999');
    await open();
  });

  test('is brought up to date as a whole or not at all', async () => {
    const client = await connect(url(), 'test');
    const [first, second] = ['CREATE TABLE kept (value TEXT)', 'CREATE TABLE added (value TEXT)'];
    await migrate(client, [first]);
    await expect(migrate(client, [first, `${second}; NONSENSE`])).rejects.toMatchObject({ code: 'DB-2006' });
    expect(await schemaVersion(client)).toBe(1);
    expect((await client.query("SELECT to_regclass('added') AS there")).rows).toEqual([{ there: null }]);
    await migrate(client, [first, second]);
    expect(await schemaVersion(client)).toBe(2);
    expect((await client.query('SELECT version FROM migration ORDER BY version')).rows).toEqual([{ version: 1 }, { version: 2 }]);
    await client.end();
  });

  test('sealed with another key is refused, and opens with its own again', async () => {
    (await open()).close();
    expect(await refused(open(url(), { key: Buffer.alloc(32, 9) }))).toMatchObject({ code: 'DB-2004' });
    expect(await probeDatabase(url(), Buffer.alloc(32, 9))).toMatchObject({ sameKey: false });
    await open();
  });
});

describe('commands', () => {
  test('of one tick are one commit, and one that fails takes no other with it', async () => {
    const store = await open(wired());
    const before = wire.commits;
    const bad = store.apply([
      { do: 'send', row: { lane: 'out:p1', key: 'bad', task: says('x') } },
      { do: 'member', room: 99 as never, member: { user: ALICE, membership: 'join', name: null } },
    ]);
    const results = await Promise.allSettled([put(store, 'a'), bad, put(store, 'b')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(['a', 'bad', 'b'].map((key) => store.outboxByKey(key) !== null)).toEqual([true, false, true]);
    expect(wire.commits - before).toBe(1);
  });

  test('that a reader fails beside are none the worse for it', async () => {
    const store = await open();
    let failure: unknown = null;
    store.onApplied(() => {
      try {
        store.outboxRow(1.5 as never);
      } catch (error) {
        failure = error;
      }
    });
    const { wake } = await store.acceptMatrix({ events: [matrixEvent('e1', '!a:test')], toDevice: [] });
    expect(failure).toMatchObject({ code: '22P02' });
    expect(failure).not.toBeInstanceOf(StoreBusy);
    expect(store.inHead(wake[0] ?? '')).toMatchObject({ key: '$e1' });
  });

  test('that the server refuses only at their commit are told so, and it goes on', async () => {
    const store = await open();
    await server.query(name, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not this one''; END';
      CREATE CONSTRAINT TRIGGER late AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.key = 'bad') EXECUTE FUNCTION refuse()`);
    const results = await Promise.allSettled([put(store, 'a'), put(store, 'bad')]);
    expect(results.map((result) => result.status === 'rejected' && String(result.reason))).toEqual([expect.stringContaining('not this one'), expect.stringContaining('not this one')]);
    await put(store, 'b');
    expect(['a', 'bad', 'b'].map((key) => store.outboxByKey(key) !== null)).toEqual([false, false, true]);
  });

  test('that somebody else makes wait are told to come again, and have written nothing', async () => {
    const store = await open();
    await inDatabase(async (other) => {
      await other.query('BEGIN; LOCK TABLE meta IN EXCLUSIVE MODE');
      await expect(store.setMeta('a', '1')).rejects.toBeInstanceOf(StoreBusy);
      expect(store.getMeta('a')).toBeNull();
      await other.query('ROLLBACK');
    });
    await store.setMeta('a', '1');
    expect(store.getMeta('a')).toBe('1');
  });
});

describe('a text', () => {
  test.each([['a NUL', 'a\0b'], ['the mark that stands for it', 'a\u{10FFFF}0b\u{10FFFF}'], ['half a surrogate pair', 'a\uD800b']])('with %s in it is kept, and found again', async (_, text) => {
    const store = await open();
    const event = message(text, [], { id: text as never, conversation: { id: text, scope: text, kind: 'direct', perAccount: true, title: text } });
    const batch = { network: NETWORK, account: ACCOUNT, items: [{ key: text, event }], cursor: text };
    expect(await store.acceptNetwork(batch)).toMatchObject({ fresh: 1 });
    expect(await store.acceptNetwork(batch)).toMatchObject({ fresh: 0, duplicates: 1 });
    const wellFormed = text.toWellFormed();
    expect(store.getMeta(`cursor:${ACCOUNT}`)).toBe(wellFormed);
    const item = store.inHead(store.lanes()[0]?.lane ?? '');
    expect(item).toMatchObject({ key: wellFormed, body: { event: { id: text } } });
    expect(store.personById(NETWORK, '', text)).toMatchObject({ ids: [wellFormed] });
    await store.apply([{ do: 'map', row: { portal: 1 as never, eventId: text as EventId, outPart: 0, remoteId: text as never, inPart: 0, remoteTime: 1, origin: 'matrix', author: text } }]);
    expect(store.mapOf(1 as never, text as EventId)).toEqual([expect.objectContaining({ eventId: wellFormed, remoteId: wellFormed, author: wellFormed })]);
  });

  test('is ordered by its bytes, whatever order the database has', async () => {
    const store = await open();
    await store.acceptMatrix({ events: [matrixEvent('e1', '!a:test')], toDevice: [] });
    const users = ['@b:test', '@B:test', '@a:test', '@É:test', '@_x:test', '@A:test'];
    await store.apply(users.map((user) => ({ do: 'member', room: 1 as never, member: { user: user as never, membership: 'join', name: null } })));
    expect(store.members(1 as never).map(({ user }) => user)).toEqual([...users].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    const [inItsOwn] = await server.query(name, `SELECT array_agg(user_id ORDER BY user_id) AS users FROM (SELECT unnest(ARRAY[${users.map((user) => `'${user}'`).join(', ')}]) AS user_id) AS all_users`);
    expect(inItsOwn?.['users']).not.toEqual(store.members(1 as never).map(({ user }) => user));
  });

  test('too long for an index fails its own command, and nothing else', async () => {
    const store = await open();
    const long = Array.from({ length: 20_000 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join('');
    const results = await Promise.allSettled([put(store, 'a'), put(store, long), put(store, 'b')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).not.toMatchObject({ reason: { name: 'StoreBusy' } });
  });
});

describe('when the connection breaks', () => {
  /** Waits until it is back. */
  const back = (store: Store): Promise<unknown> => eventually('the database', () => store.isThere(), 30_000);

  test('everything is refused as busy until it is back, and then goes on', async () => {
    const store = await open();
    await put(store, 'a');
    await server.fall();
    await eventually('word of it', () => !store.isThere());
    expect(() => store.outboxByKey('a')).toThrow(StoreBusy);
    await expect(put(store, 'b')).rejects.toBeInstanceOf(StoreBusy);
    await server.up();
    await back(store);
    await put(store, 'b');
    expect(['a', 'b'].map((key) => store.outboxByKey(key)?.state)).toEqual(['ready', 'ready']);
    expect(await refused(open())).toMatchObject({ code: 'DB-2001' });
  });

  test.each<[Cut, boolean]>([['before', false], ['after', true]])('%s the server had the commit, its commands are told what became of them', async (cut, isCommitted) => {
    const store = await open(wired());
    await put(store, 'a');
    wire.cut(cut);
    const results = await Promise.allSettled([put(store, 'b'), put(store, 'c')]);
    if (isCommitted) expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    else expect(results.map((result) => result.status === 'rejected' && result.reason instanceof StoreBusy)).toEqual([true, true]);
    await back(store);
    expect(['a', 'b', 'c'].map((key) => store.outboxByKey(key) !== null)).toEqual([true, isCommitted, isCommitted]);
    await put(store, 'd');
  });

  test('in the middle of a transaction, the rest of it is not written by itself', async () => {
    const store = await open(wired());
    store.onApplied(() => {
      wire.hangUp();
      // Long enough for the other thread to have come back, while this one goes on with what it has begun.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
      void store.apply([{ do: 'meta', key: 'late', value: '1' }]).catch(() => {});
    });
    await expect(store.acceptMatrix({ events: [matrixEvent('e1', '!a:test')], toDevice: [] })).rejects.toBeInstanceOf(StoreBusy);
    await back(store);
    expect(await server.query(name, "SELECT (SELECT count(*) FROM inbox)::int AS inbox, (SELECT count(*) FROM meta WHERE key = 'late')::int AS late")).toEqual([{ inbox: 0, late: 0 }]);
  });

  test('without a word, a server that does not answer holds nobody for ever', async () => {
    const store = await open(wired());
    wire.cut('silence');
    const written = put(store, 'a').then(() => true, (error: unknown) => error instanceof StoreBusy);
    // What was sent out never came: told once the connection is made anew.
    expect(await written).toBe(true);
    await back(store);
    expect(store.outboxByKey('a')).toBeNull();
    await put(store, 'b');
  }, 60_000);

  test('and the database is another afterwards, it is not written to any more', async () => {
    const failed = jest.fn();
    const store = await open(wired(), { failed });
    await server.query(name, "UPDATE meta SET value = 'another' WHERE key = 'opened_by'");
    wire.hangUp();
    await eventually('its end', () => failed.mock.calls.length > 0, 30_000);
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'DB-2008' }));
    await expect(put(store, 'a')).rejects.toBeInstanceOf(StoreBusy);
    expect(() => store.getMeta('a')).toThrow(StoreBusy);
    expect(await server.query(name, 'SELECT 1 FROM outbox')).toEqual([]);
  });
});
