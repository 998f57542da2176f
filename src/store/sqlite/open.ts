import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { CodedError } from '../../model/errors.ts';
import { init } from './migrations/001-init.ts';

/** Numbered from 1; never changed once released: each is recorded with its checksum. */
const released: readonly string[] = [init];

export type Db = Database.Database;

/**
 * Opens the database for writing, alone, and brings it to this version's schema; copies it beside itself first.
 * @throws CodedError DB-2001 (a second instance), DB-2002 (newer schema), DB-2003 (cannot be opened)
 */
export function openDatabase(path: string, migrations: readonly string[] = released): { readonly db: Db; readonly unlock: () => void } {
  const unlock = path === ':memory:' ? () => {} : lockFile(path);
  try {
    const db = openFile(path);
    migrate(db, path, migrations);
    return { db, unlock };
  } catch (error) {
    unlock();
    if (error instanceof CodedError) throw error;
    throw new CodedError('DB-2003', `The database ${path} cannot be opened: ${(error as Error).message}.`, advice(error), { cause: error });
  }
}

/** By SQLite's result code (sqlite.org/rescode.html). */
function advice(error: unknown): string {
  const [, code = ''] = /^SQLITE_([A-Z]+)/.exec(String((error as { code?: unknown }).code)) ?? [];
  if (['NOTADB', 'CORRUPT'].includes(code)) return 'Restore it from a backup, or change the key database.';
  if (['READONLY', 'CANTOPEN', 'PERM'].includes(code)) return 'Give the file and its folder to the user that runs the bridge, or change the key database.';
  if (['FULL', 'IOERR'].includes(code)) return 'Free some space, and check the disk.';
  return 'Check the path, its owner and the free space.';
}

function openFile(path: string): Db {
  const fresh = path !== ':memory:' && !existsSync(path);
  const db = new Database(path);
  if (fresh) chmodSync(path, 0o600);
  db.pragma('journal_mode = WAL');
  // A power cut must not take back what was answered 2xx.
  db.pragma('synchronous = FULL');
  db.pragma('busy_timeout = 5000');
  db.pragma('foreign_keys = ON');
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  // Deleted content is overwritten, not only unlinked.
  db.pragma('secure_delete = ON');
  db.pragma('journal_size_limit = 67108864');
  db.pragma('cache_size = -32768');
  return db;
}

/** A lock that ends with the process, also by kill -9: an exclusive transaction on a file of its own. */
export function lockFile(path: string): () => void {
  let holder: Db;
  try {
    holder = new Database(`${path}.lock`, { timeout: 0 });
    holder.pragma('journal_mode = DELETE');
    holder.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) {
      throw new CodedError('DB-2001', `Another Drawbridge already runs on ${path}.`, 'Stop the other one, or give this one a database of its own.');
    }
    throw new CodedError('DB-2003', `The database ${path} cannot be locked: ${(error as Error).message}.`, 'Check that the folder exists, is writable and has free space.', { cause: error });
  }
  return () => {
    holder.close();
  };
}

/** The schema's version: 0 for a fresh file. */
export function schemaVersion(db: Db): number {
  return db.pragma('user_version', { simple: true }) as number;
}

export const newestSchema = released.length;

function migrate(db: Db, path: string, migrations: readonly string[]): void {
  const version = schemaVersion(db);
  if (version > migrations.length) {
    throw new CodedError('DB-2002', `The database has schema ${version}; this Drawbridge knows up to ${migrations.length}.`, 'Start the newer Drawbridge again, or restore the backup made when it was upgraded.');
  }
  if (version === migrations.length) return;
  if (version > 0) backUp(db, `${path}.before-${version + 1}.backup`);
  db.transaction(() => {
    db.exec('CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL, at INTEGER NOT NULL) STRICT');
    for (let next = version; next < migrations.length; next++) {
      const sql = migrations[next] ?? '';
      db.exec(sql);
      db.prepare('INSERT INTO migration VALUES (?, ?, ?)').run(next + 1, createHash('sha256').update(sql).digest('hex'), Date.now());
    }
    db.pragma(`user_version = ${migrations.length}`);
  })();
}

/** Whole or not at all, also where a stop in the middle has left one behind. */
function backUp(db: Db, path: string): void {
  const part = `${path}.part`;
  rmSync(part, { force: true });
  // Nobody else's even while it is written: SQLite takes an empty file for none.
  writeFileSync(part, '', { mode: 0o600 });
  db.exec(`VACUUM INTO '${part.replaceAll("'", "''")}'`);
  renameSync(part, path);
}
