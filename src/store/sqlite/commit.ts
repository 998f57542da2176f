import { StoreBusy } from '../store.ts';
import type { Statement } from 'better-sqlite3';
import type { Db } from './open.ts';

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Commands in one commit from which on there are many lanes at work; one alone makes a few at a time. */
const CROWD = 8;

/**
 * Joins the commands of one tick into one commit: an fsync costs the same for one row and for a hundred. Where many came
 * at once the next commit waits `joinMs` for more of them; what comes alone never waits. Each command has a savepoint of its
 * own, so that one that fails takes no other with it. Nobody hears of success before the commit.
 */
export class Commits {
  readonly #db: Db;
  readonly #joinMs: number;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #savepoint: Statement;
  readonly #release: Statement;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #crowded = false;

  constructor(db: Db, joinMs: number) {
    this.#db = db;
    this.#joinMs = joinMs;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#savepoint = db.prepare('SAVEPOINT command');
    this.#release = db.prepare('RELEASE command');
  }

  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: never) => void, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      if (this.#crowded && this.#joinMs > 0) setTimeout(() => this.#flush(), this.#joinMs);
      else setImmediate(() => this.#flush());
    });
  }

  /** What waits to be committed is. */
  close(): void {
    if (this.#waiting.length > 0) this.#flush();
  }

  #flush(): void {
    this.#scheduled = false;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    this.#crowded = batch.length >= CROWD;
    const results: { ok: boolean; value: unknown }[] = [];
    try {
      this.#begin.run();
      for (const { work } of batch) results.push(this.#one(work));
      this.#commit.run();
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
      for (const { reject } of batch) reject(busy(error));
      return;
    }
    batch.forEach(({ resolve, reject }, index) => {
      const result = results[index];
      if (result?.ok) resolve(result.value as never);
      else reject(result?.value);
    });
  }

  #one(work: () => unknown): { ok: boolean; value: unknown } {
    this.#savepoint.run();
    try {
      const value = work();
      this.#release.run();
      return { ok: true, value };
    } catch (error) {
      // A full disk may have ended the whole transaction: then every command of the tick comes again.
      if (!this.#db.inTransaction || isBusy(error)) throw error;
      this.#db.exec('ROLLBACK TO command; RELEASE command');
      return { ok: false, value: error };
    }
  }
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(FULL|IOERR|BUSY|LOCKED|NOMEM|READONLY|CANTOPEN)/.test((error as { code?: string }).code ?? '');
}

function busy(error: unknown): unknown {
  return isBusy(error) ? new StoreBusy(`The database takes nothing now (${(error as { code?: string }).code}).`, { cause: error }) : error;
}
