import Database from 'better-sqlite3';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Client } from 'pg';
import { CodedError } from '../model/errors.ts';
import { connect, hangUp, migrate, newestSchema, schemaVersion, takeLock } from './postgres/session.ts';
import { toWire } from './postgres/wire.ts';
import { createSeal, keyMark } from './seal.ts';
import { lockFile, schemaVersion as versionOf } from './sqlite/open.ts';
import type { Value } from './sql/driver.ts';

export interface Copied {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
}

type Db = Database.Database;

/** In an order in which what is pointed at is there already; within a table the older rows come first, for the same reason. */
const TABLES = ['meta', 'account', 'audit', 'blocked', 'person', 'stopped', 'erasure', 'erasure_event', 'person_id', 'conversation', 'conversation_id', 'room', 'member', 'space', 'filter', 'portal', 'inbox', 'seen', 'room_event', 'outbox', 'message_map', 'thread', 'reaction', 'link', 'media'] as const;
/** Those that number their rows themselves. */
const NUMBERED: Readonly<Record<string, string>> = { audit: 'seq', person: 'id', erasure: 'id', conversation: 'id', room: 'id', portal: 'id', inbox: 'seq', outbox: 'seq', media: 'id' };
/** Point at rows of their own table, which may come later. */
const MERGED = ['person', 'conversation', 'portal'];
/** PostgreSQL takes 65,535 values a statement. */
const MOST_VALUES = 20_000;

/**
 * Copies all of a SQLite database that no bridge runs on into an empty one of PostgreSQL's, in one transaction: whole or not at all, so
 * that it can be repeated. The SQLite database stays as it is.
 * @throws CodedError DB-2001, DB-2002, DB-2003, DB-2004, DB-2006, DB-2007, DB-2009
 */
export async function migrateStore(path: string, url: string, sealKey: Uint8Array): Promise<Copied> {
  if (!existsSync(path)) throw new CodedError('DB-2009', `There is no SQLite database ${path}.`, 'Name the config of the bridge that it belongs to, with --config.');
  const unlock = lockFile(path);
  const db = new Database(path, { readonly: true });
  try {
    check(db, path, sealKey);
    const client = await connect(url, randomBytes(8).toString('hex'));
    try {
      await takeLock(client);
      return await copyInto(client, db);
    } finally {
      await hangUp(client);
    }
  } finally {
    db.close();
    unlock();
  }
}

function check(db: Db, path: string, sealKey: Uint8Array): void {
  const version = versionOf(db);
  if (version !== newestSchema) {
    throw new CodedError('DB-2009', `${path} has schema ${version}; this Drawbridge copies ${newestSchema}.`, 'Start and stop the bridge once with this release, which brings it up to date; then copy it.');
  }
  const known = db.prepare("SELECT value FROM meta WHERE key = 'seal_key'").pluck().get();
  if (known !== undefined && known !== keyMark(createSeal(Buffer.from(sealKey)))) {
    throw new CodedError('DB-2004', `${path} was sealed with another key than seal_key.`, 'Put back the seal_key that this database was made with.');
  }
}

async function copyInto(client: Client, db: Db): Promise<Copied> {
  const found = await schemaVersion(client);
  if (found !== 0 && found !== newestSchema) {
    throw new CodedError('DB-2009', `The database that it is to be copied to has schema ${found}, not ${newestSchema}.`, 'Name an empty database.');
  }
  await migrate(client);
  const rows: Record<string, number> = {};
  await client.query('BEGIN; SET LOCAL statement_timeout = 0');
  try {
    for (const table of TABLES) {
      await client.query(`LOCK TABLE ${table} IN EXCLUSIVE MODE`);
      if (await countIn(client, table) > 0) throw new CodedError('DB-2009', `The database that it is to be copied to is not empty: ${table} has rows.`, 'Name an empty database; this one belongs to a bridge.');
    }
    for (const table of TABLES) rows[table] = await copyTable(client, db, table);
    for (const table of MERGED) await link(client, db, table);
    for (const [table, column] of Object.entries(NUMBERED)) await numberOn(client, db, table, column);
    for (const table of TABLES) {
      const [here, there] = [db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number, await countIn(client, table)];
      if (here !== there) throw new CodedError('DB-2009', `${table} has ${here} rows, and ${there} came over.`, 'Nothing was kept; try again, and report it if it comes again.');
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error instanceof CodedError ? error : new CodedError('DB-2009', `It could not be copied: ${(error as Error).message}.`, 'Nothing was kept; put right what the message names, and try again.', { cause: error });
  }
  await client.query('ANALYZE');
  return { rows };
}

async function countIn(client: Client, table: string): Promise<number> {
  return (await client.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n ?? 0;
}

async function copyTable(client: Client, db: Db, table: string): Promise<number> {
  const columns = db.prepare(`SELECT name FROM pragma_table_info('${table}')`).pluck().all() as string[];
  const names = columns.map((name) => `"${name}"`).join(', ');
  const most = Math.floor(MOST_VALUES / columns.length);
  let count = 0;
  let batch: Value[][] = [];
  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    const places = batch.map((_, row) => `(${columns.map((__, column) => `$${row * columns.length + column + 1}`).join(', ')})`).join(', ');
    await client.query(`INSERT INTO ${table} (${names}) VALUES ${places}`, batch.flat().map(toWire));
    count += batch.length;
    batch = [];
  };
  for (const row of db.prepare(`SELECT ${columns.map((name) => (name === 'merged' ? 'NULL' : `"${name}"`)).join(', ')} FROM ${table}`).raw().iterate() as IterableIterator<Value[]>) {
    batch.push(row);
    if (batch.length >= most) await send();
  }
  await send();
  return count;
}

async function link(client: Client, db: Db, table: string): Promise<void> {
  for (const { id, merged } of db.prepare(`SELECT id, merged FROM ${table} WHERE merged IS NOT NULL`).all() as { id: number; merged: number }[]) {
    await client.query(`UPDATE ${table} SET merged = $1 WHERE id = $2`, [merged, id]);
  }
}

/** The next row comes after all that there have been, also after those that are gone: SQLite remembers the numbers of those that are deleted. */
async function numberOn(client: Client, db: Db, table: string, column: string): Promise<void> {
  const last = Math.max(
    (db.prepare(`SELECT max(${column}) FROM ${table}`).pluck().get() as number | null) ?? 0,
    (db.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').pluck().get(table) as number | undefined) ?? 0,
  );
  await client.query(`SELECT setval(pg_get_serial_sequence('${table}', '${column}'), $1, false)`, [last + 1]);
}
