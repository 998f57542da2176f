import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';

export interface FileLock {
  release(): void;
}

/**
 * A lock between processes that the operating system gives back when its holder dies, however it dies.
 * Node offers no `flock`; an exclusive SQLite transaction is one on every platform.
 * Returns null where another process, or another part of this one, holds it.
 */
function tryFileLock(path: string): FileLock | null {
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { code?: unknown }).code === 'SQLITE_BUSY') return null;
    throw error;
  }
  return { release: () => void database.close() };
}

/** Waits until the lock is free. `waiting` is called once if somebody else holds it. */
export async function fileLock(path: string, waiting?: () => void): Promise<FileLock> {
  for (let tries = 0; ; tries += 1) {
    const lock = tryFileLock(path);
    if (lock) return lock;
    if (tries === 0) waiting?.();
    await sleep(250);
  }
}
