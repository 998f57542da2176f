import Database from 'better-sqlite3';
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { createSeal, keyMark } from '../seal.ts';
import { type Db, newestSchema, schemaVersion } from './open.ts';

export interface Probed {
  readonly version: number;
  /** The newest schema that this program knows. */
  readonly newest: number;
  /** A Drawbridge runs on it at this moment. */
  readonly running: boolean;
  /** Whether it was made with this key; null where nobody can tell. */
  readonly keyFits: boolean | null;
}

const MAGIC = 'SQLite format 3\0';
/** More than enough for the tables that are made first; of a larger database the rest is not read. */
const MOST = 64 * 1024 * 1024;

/**
 * Looks at a database without leaving a trace. SQLite itself, opened for reading alone, would make `-wal` and `-shm`
 * files where there are none, and make them the property of whoever looked: so it is asked only where they are there.
 * @throws Error where the file cannot be read, or is no SQLite database
 */
export function probeDatabase(path: string, sealKey: Uint8Array): Probed {
  const { version, mark } = hasLog(path) ? asked(path) : inFile(path);
  const keyFits = mark === null ? null : mark === keyMark(createSeal(Buffer.from(sealKey)));
  return { version, newest: newestSchema, running: isHeld(`${path}.lock`), keyFits };
}

interface Found {
  readonly version: number;
  readonly mark: string | null;
}

function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 && existsSync(`${path}-shm`);
}

function asked(path: string): Found {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return { version: schemaVersion(db), mark: markIn(db) };
  } finally {
    db.close();
  }
}

function markIn(db: Db): string | null {
  try {
    return (db.prepare("SELECT value FROM meta WHERE key = 'seal_key'").get() as { value: string } | undefined)?.value ?? null;
  } catch {
    return null;
  }
}

/**
 * `user_version` stands at byte 60 (sqlite.org/fileformat2.html, the database header). An empty file is a fresh database.
 * The rest is opened in memory, as a database that never had a log, and that is as long as what was read of it.
 */
function inFile(path: string): Found {
  const bytes = start(path);
  if (bytes.length === 0) return { version: 0, mark: null };
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes.length < 100) throw new Error('it is no SQLite database');
  const version = bytes.readUInt32BE(60);
  const page = bytes.readUInt16BE(16);
  bytes.writeUInt16BE(0x0101, 18);
  bytes.writeUInt32BE(Math.floor(bytes.length / (page === 1 ? 65_536 : page)), 28);
  let db: Db | null = null;
  try {
    db = new Database(bytes);
    return { version, mark: markIn(db) };
  } catch {
    return { version, mark: null };
  } finally {
    db?.close();
  }
}

function start(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(file).size, MOST));
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
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
