import { StoreBusy } from '../store.ts';
import type { Db } from './open.ts';

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins the commands of one tick into one commit: an fsync costs the same for one row and for a hundred. Each command has
 * a savepoint of its own, so that one that fails takes no other with it. Nobody hears of success before the commit.
 */
export class Commits {
  readonly #db: Db;
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(db: Db) {
    this.#db = db;
  }

  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: never) => void, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    this.#scheduled = false;
    const batch = this.#waiting;
    this.#waiting = [];
    const results: { ok: boolean; value: unknown }[] = [];
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      for (const { work } of batch) results.push(this.#one(work));
      this.#db.exec('COMMIT');
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
    this.#db.exec('SAVEPOINT command');
    try {
      const value = work();
      this.#db.exec('RELEASE command');
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
