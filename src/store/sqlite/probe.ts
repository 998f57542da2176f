import Database from 'better-sqlite3';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { createSeal, keyMark } from '../seal.ts';
import type { ProbedDatabase } from '../store.ts';
import { type Db, newestSchema, schemaVersion } from './open.ts';

const MAGIC = 'SQLite format 3\0';
const MAX_COPY = 64 * 1024 * 1024;

/**
 * Looks at a database without leaving a trace. SQLite itself, opened for reading alone, would make `-wal` and `-shm`
 * files where there are none, and make them the property of whoever looked: so it is asked only where they are there.
 * @throws Error where the file cannot be read, or is no SQLite database
 */
export function probeDatabase(path: string, sealKey: Uint8Array): ProbedDatabase {
  const mark = keyMark(createSeal(Buffer.from(sealKey)));
  return { ...(hasLog(path) ? asked(path, mark) : alone(path, mark)), newest: newestSchema, running: isHeld(`${path}.lock`) };
}

/** Reads something of a database that a bridge may run on, and leaves no trace. */
export function lookInto<T>(path: string, look: (db: Db) => T): T {
  const db = hasLog(path) ? new Database(path, { readonly: true, fileMustExist: true }) : inMemory(path);
  try {
    return look(db);
  } finally {
    db.close();
  }
}

function inMemory(path: string): Db {
  const bytes = readFileSync(path);
  // The header's bytes 18 and 19 ask for a log, which memory has none of.
  bytes.fill(1, 18, 20);
  return new Database(bytes);
}

type Seen = Pick<ProbedDatabase, 'version' | 'sameKey'>;

function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 && existsSync(`${path}-shm`);
}

function asked(path: string, mark: string): Seen {
  return lookInto(path, (db) => ({ version: schemaVersion(db), sameKey: isMarked(db, mark) }));
}

/** The schema's version comes from the header; more is read from a copy in memory, where that is not too large. */
function alone(path: string, mark: string): Seen {
  const version = inHeader(path);
  return { version, sameKey: version === 0 || statSync(path).size > MAX_COPY ? null : copied(path, mark) };
}

function copied(path: string, mark: string): boolean | null {
  return lookInto(path, (db) => isMarked(db, mark));
}

function isMarked(db: Db, mark: string): boolean | null {
  if (schemaVersion(db) === 0) return null;
  const known = db.prepare("SELECT value FROM meta WHERE key = 'seal_key'").pluck().get();
  return known === undefined ? null : known === mark;
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
