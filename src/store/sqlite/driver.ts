import type { Statement } from 'better-sqlite3';
import type { Driver, Sql, Transactions, Value } from '../sql/driver.ts';
import type { Db } from './open.ts';

/** SQLite in this process: a statement is a call. */
export class SqliteDriver implements Driver {
  readonly sql: Sql;
  readonly transactions: Transactions;
  readonly #db: Db;
  readonly #unlock: () => void;

  constructor(db: Db, unlock: () => void) {
    this.#db = db;
    this.#unlock = unlock;
    this.sql = new SqliteSql(db);
    this.transactions = new SqliteTransactions(db);
  }

  isThere(): boolean {
    return true;
  }

  checkpoint(): void {
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
  }

  /** Overwriting what is deleted does not reach the copies that moving rows between pages has left: so the file is written anew. */
  scrub(): void {
    this.#db.exec('VACUUM');
    this.checkpoint();
  }

  close(): void {
    this.#db.close();
    this.#unlock();
  }
}

class SqliteSql implements Sql {
  readonly tail = '(SELECT max(seq) + 1 FROM outbox)';
  readonly #db: Db;
  readonly #statements = new Map<string, Statement<Value[]>>();

  constructor(db: Db) {
    this.#db = db;
  }

  get<T>(text: string, ...values: readonly Value[]): T | undefined {
    return this.#prepare(text).get(...values) as T | undefined;
  }

  all<T>(text: string, ...values: readonly Value[]): T[] {
    return this.#prepare(text).all(...values) as T[];
  }

  run(text: string, ...values: readonly Value[]): number {
    return this.#prepare(text).run(...values).changes;
  }

  /** Not by RETURNING, for which SQLite builds a table. */
  insert(_column: string, text: string, ...values: readonly Value[]): number | null {
    const { changes, lastInsertRowid } = this.#prepare(text).run(...values);
    return changes === 0 ? null : Number(lastInsertRowid);
  }

  #prepare(text: string): Statement<Value[]> {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#db.prepare<Value[]>(quick(text));
      this.#statements.set(text, statement);
    }
    return statement;
  }
}

export class SqliteTransactions implements Transactions {
  readonly #db: Db;
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #savepoint: Statement;
  readonly #release: Statement;

  constructor(db: Db) {
    this.#db = db;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#savepoint = db.prepare('SAVEPOINT command');
    this.#release = db.prepare('RELEASE command');
  }

  get isOpen(): boolean {
    return this.#db.inTransaction;
  }

  begin(): void {
    this.#begin.run();
  }

  commit(): null {
    this.#commit.run();
    return null;
  }

  rollback(): void {
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
  }

  savepoint(): void {
    this.#savepoint.run();
  }

  release(): void {
    this.#release.run();
  }

  undo(): void {
    this.#db.exec('ROLLBACK TO command; RELEASE command');
  }

  isBusy(error: unknown): boolean {
    return /^SQLITE_(FULL|IOERR|BUSY|LOCKED|NOMEM|READONLY|CANTOPEN)/.test((error as { code?: string }).code ?? '');
  }
}

/** The same, worded so that SQLite is quick with it. */
function quick(text: string): string {
  return text
    // The sign changes nothing but this: SQLite built with STAT4 plans a statement anew whenever a bare parameter is bound that
    // an ORDER BY may depend on, and that takes twenty times as long as the statement itself.
    .replaceAll(' = ?', ' = +?')
    // As the partial indexes have it: of a list SQLite would build a table at every use, which takes longer than the statement.
    .replace(/\bstate IN \(('[^)]+)\)/g, (_, list: string) => `(${list.split(', ').map((state) => `state = ${state}`).join(' OR ')})`);
}
