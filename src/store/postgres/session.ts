import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { CodedError } from '../../model/errors.ts';
import { init } from './migrations/001-init.ts';
import { readAsSqlite } from './wire.ts';

/** Numbered from 1, in step with SQLite's; never changed once released: each is recorded with its checksum. */
const released: readonly string[] = [init];
export const newestSchema = released.length;

/** 14 is the oldest that PostgreSQL's makers still mend. */
const OLDEST = 14;
/** A statement that takes longer fails; the thread that waits for it gives the server a little more before it gives up the connection. */
export const STATEMENT_MS = 10_000;
const CONNECT_MS = 10_000;
/** The advisory lock: two numbers that nobody else has reason to use. A database has its own. */
const LOCK = '1148350838, 1768187238';

/** How each session works, whatever the server's settings are. */
const SETTINGS = `
  SET client_encoding = 'UTF8'; SET TIME ZONE 'UTC'; SET bytea_output = 'hex'; SET default_transaction_isolation = 'read committed';
  SET lock_timeout = '5s'; SET statement_timeout = ${STATEMENT_MS}; SET idle_in_transaction_session_timeout = '60s'; SET idle_session_timeout = 0;
  -- A lost peer is noticed within half a minute, and its lock let go.
  SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
  -- A power cut must not take back what was answered 2xx.
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
  -- A statement is planned once. Planned on an empty table it would read the whole of it, also when that has grown: so plans are
  -- thrown away now and then, and until then no table is read as a whole that has an index to find the rows by.
  SET enable_seqscan = off; SET jit = off;`;

/** How a connection names itself to the server, so that it is known again. */
export const sessionName = (token: string): string => `drawbridge ${token}`;

/**
 * Connects to a server that fits, and readies the session.
 * @throws CodedError DB-2006 (not to be reached), DB-2007 (does not fit)
 */
export async function connect(url: string, token: string, { pipeline = false } = {}): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: sessionName(token), connectionTimeoutMillis: CONNECT_MS, keepAlive: true, pipeline });
  // What breaks later is met by whoever asks next.
  client.on('error', () => {});
  readAsSqlite(client);
  try {
    await client.connect();
    await fits(client);
    await client.query(SETTINGS);
    return client;
  } catch (error) {
    await hangUp(client);
    throw error instanceof CodedError ? error : unreachable(error);
  }
}

/** Ends a connection, also one that does not answer any more. */
export async function hangUp(client: Client): Promise<void> {
  await Promise.race([client.end().catch(() => {}), new Promise((resolve) => void setTimeout(resolve, 1_000).unref())]);
}

async function fits(client: Client): Promise<void> {
  const [found] = (await client.query<{ version: number; encoding: string; standby: boolean }>(`
    SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS standby`)).rows;
  if (found === undefined || found.version < OLDEST) {
    throw new CodedError('DB-2007', `The server is PostgreSQL ${found?.version}; ${OLDEST} is the oldest that will do.`, `Use a server of PostgreSQL ${OLDEST} or newer.`);
  }
  if (found.encoding !== 'UTF8') {
    throw new CodedError('DB-2007', `The database has the encoding ${found.encoding}, not UTF8.`, 'Make another: createdb --encoding UTF8 --template template0 --owner <user> <name>.');
  }
  if (found.standby) throw new CodedError('DB-2007', 'The server is a standby, which takes nothing.', 'Name the primary server in the key database.');
}

/** By the system's code, or PostgreSQL's (its manual, appendix A). */
function unreachable(error: unknown): CodedError {
  const { code = '', message } = error as { code?: string; message?: string };
  return new CodedError('DB-2006', `PostgreSQL cannot be used: ${message === undefined || message === '' ? code : message}.`, advice(code), { cause: error });
}

function advice(code: string): string {
  if (['28P01', '28000'].includes(code)) return 'Check the user and the password in the key database, and pg_hba.conf on the server.';
  if (code === '3D000') return 'Make the database: createdb --encoding UTF8 --template template0 --owner <user> <name>.';
  if (code === '42501') return 'Make the user the owner of the database: ALTER DATABASE <name> OWNER TO <user>.';
  if (['53100', '58030'].includes(code)) return 'Free some space on the server, and check its disk.';
  return 'Check that the server runs, and the host, port and TLS parameters in the key database.';
}

/**
 * Takes the lock that keeps a second instance away. It ends with the session; of one that has just died the server may need a
 * moment to see it.
 * @throws CodedError DB-2001
 */
export async function takeLock(client: Client, patienceMs = 3_000): Promise<void> {
  const end = Date.now() + patienceMs;
  for (;;) {
    if ((await client.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${LOCK}) AS taken`)).rows[0]?.taken === true) return;
    if (Date.now() >= end) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new CodedError('DB-2001', 'Another Drawbridge already runs on this database.', 'Stop the other one, or give this one a database of its own.');
}

/** Whether somebody holds the lock. */
export async function isLocked(client: Client): Promise<boolean> {
  const [space, number] = LOCK.split(', ');
  return (await client.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = ${space} AND objid = ${number} AND objsubid = 2
    AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)).rows.length > 0;
}

/** The schema's version: 0 for a fresh database. */
export async function schemaVersion(client: Client): Promise<number> {
  const [found] = (await client.query<{ there: boolean }>("SELECT to_regclass('migration') IS NOT NULL AS there")).rows;
  if (found?.there !== true) return 0;
  return (await client.query<{ version: number | null }>('SELECT max(version)::int AS version FROM migration')).rows[0]?.version ?? 0;
}

/**
 * Brings the database to this version's schema: whole or not at all.
 * @throws CodedError DB-2002 (newer schema), DB-2006
 */
export async function migrate(client: Client, migrations: readonly string[] = released): Promise<void> {
  const version = await schemaVersion(client);
  if (version > migrations.length) {
    throw new CodedError('DB-2002', `The database has schema ${version}; this Drawbridge knows up to ${migrations.length}.`, 'Start the newer Drawbridge again, or restore the backup made before it was upgraded.');
  }
  if (version === migrations.length) return;
  try {
    await client.query('BEGIN; SET LOCAL statement_timeout = 0');
    await client.query('CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY, checksum TEXT NOT NULL, at BIGINT NOT NULL)');
    for (let next = version; next < migrations.length; next++) {
      const sql = migrations[next] ?? '';
      await client.query(sql);
      await client.query('INSERT INTO migration VALUES ($1, $2, $3)', [next + 1, createHash('sha256').update(sql).digest('hex'), Date.now()]);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw unreachable(error);
  }
}
