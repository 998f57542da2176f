import Database from 'better-sqlite3';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { newestSchema, schemaVersion } from './open.ts';

export interface Probed {
  readonly version: number;
  /** The newest schema that this program knows. */
  readonly newest: number;
  /** A Drawbridge runs on it at this moment. */
  readonly running: boolean;
}

const MAGIC = 'SQLite format 3\0';

/**
 * Looks at a database without leaving a trace. SQLite itself, opened for reading alone, would make `-wal` and `-shm`
 * files where there are none, and make them the property of whoever looked: so it is asked only where they are there.
 * @throws Error where the file cannot be read, or is no SQLite database
 */
export function probeDatabase(path: string): Probed {
  return { version: hasLog(path) ? asked(path) : inHeader(path), newest: newestSchema, running: isHeld(`${path}.lock`) };
}

function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 && existsSync(`${path}-shm`);
}

function asked(path: string): number {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return schemaVersion(db);
  } finally {
    db.close();
  }
}

/** `user_version` stands at byte 60 (sqlite.org/fileformat2.html, the database header). An empty file is a fresh database. */
function inHeader(path: string): number {
  const header = Buffer.alloc(100);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, header) === 0) return 0;
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('it is no SQLite database');
  return header.readUInt32BE(60);
}

function isHeld(lock: string): boolean {
  if (!existsSync(lock)) return false;
  const db = new Database(lock, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    return false;
  } catch (error) {
    return String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
  } finally {
    db.close();
  }
}
