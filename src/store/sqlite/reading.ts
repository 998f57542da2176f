import Database from 'better-sqlite3';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { CodedError } from '../../model/errors.ts';
import { type Db, newestSchema, schemaVersion } from './open.ts';

/**
 * Opens a database to be read, whether a bridge runs on it or not, and leaves no trace: where it has no log, SQLite would make one, and
 * make it the property of whoever looked; so then it is read from a copy in memory.
 * @throws CodedError DB-2003
 */
export function readingDatabase(path: string): { readonly db: Db; readonly version: number; readonly newest: number } {
  try {
    const db = hasLog(path) ? new Database(path, { readonly: true, fileMustExist: true }) : copied(path);
    return { db, version: schemaVersion(db), newest: newestSchema };
  } catch (error) {
    throw new CodedError('DB-2003', `The database ${path} cannot be read: ${(error as Error).message}.`, 'Check the path, and read it as the user that the bridge runs as.', { cause: error });
  }
}

function hasLog(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 && existsSync(`${path}-shm`);
}

function copied(path: string): Db {
  const bytes = readFileSync(path);
  // The header's bytes 18 and 19 ask for a log, which memory has none of.
  bytes.fill(1, 18, 20);
  return new Database(bytes);
}
