import type { Driver, Sql, Transactions, Value } from '../sql/driver.ts';
import { StoreBusy } from '../store.ts';
import { Link, type PostgresOptions } from './link.ts';

/**
 * PostgreSQL, over one connection that a thread of its own holds. The store asks and decides in one go, without letting anything
 * else come between: so this thread sleeps until the other has the answer, which takes a few times as long as SQLite.
 */
export class PostgresDriver implements Driver {
  readonly sql: Sql;
  readonly transactions: PostgresTransactions;
  readonly #link: Link;

  private constructor(link: Link) {
    this.#link = link;
    this.transactions = new PostgresTransactions(link);
    this.sql = new PostgresSql(link, this.transactions);
  }

  /** @throws CodedError DB-2001, DB-2002, DB-2006, DB-2007 */
  static async open(options: PostgresOptions): Promise<PostgresDriver> {
    return new PostgresDriver(await Link.open(options));
  }

  isThere(): boolean {
    return this.#link.isUp;
  }

  /** Its server clears away by itself. */
  checkpoint(): void {}

  /** Nor does it let others rewrite its files while they are in use: that is for whoever administers it. */
  scrub(): void {}

  close(): void {
    this.#link.close();
  }
}

class PostgresSql implements Sql {
  readonly tail = "nextval(pg_get_serial_sequence('outbox', 'seq'))";
  readonly #link: Link;
  readonly #transactions: PostgresTransactions;
  readonly #statements = new Map<string, number>();

  constructor(link: Link, transactions: PostgresTransactions) {
    this.#link = link;
    this.#transactions = transactions;
  }

  get<T>(text: string, ...values: readonly Value[]): T | undefined {
    return this.#ask(text, values).rows[0] as T | undefined;
  }

  all<T>(text: string, ...values: readonly Value[]): T[] {
    return this.#ask(text, values).rows as T[];
  }

  run(text: string, ...values: readonly Value[]): number {
    return this.#ask(text, values).count;
  }

  insert(column: 'id' | 'seq', text: string, ...values: readonly Value[]): number | null {
    const [row] = this.#ask(`${text} RETURNING ${column} AS number`, values).rows as readonly { readonly number: number }[];
    return row?.number ?? null;
  }

  #ask(text: string, values: readonly Value[]): { readonly rows: readonly unknown[]; readonly count: number } {
    let statement = this.#statements.get(text);
    const isNew = statement === undefined;
    if (statement === undefined) this.#statements.set(text, statement = this.#statements.size);
    // Bytes go in an array of their own: what is handed to a thread is copied with all of the memory that it is a part of.
    const handed = values.map((value) => (value !== null && typeof value === 'object' ? new Uint8Array(value) : value));
    return this.#transactions.apart(() => this.#link.ask({ ask: 'query', statement: statement as number, values: handed, ...(isNew ? { text } : {}) }));
  }
}

class PostgresTransactions implements Transactions {
  readonly #link: Link;
  /** `reading`: in a savepoint of what is only read. */
  #state: 'none' | 'open' | 'reading' | 'command' = 'none';

  constructor(link: Link) {
    this.#link = link;
  }

  get isOpen(): boolean {
    return this.#state !== 'none';
  }

  begin(): void {
    this.#link.post({ ask: 'begin' });
    this.#state = 'open';
  }

  commit(): Promise<void> | null {
    this.#state = 'none';
    return this.#link.commit();
  }

  rollback(): void {
    this.#state = 'none';
    this.#link.post({ ask: 'rollback' });
  }

  savepoint(): void {
    if (this.#state === 'reading') this.release();
    this.#link.post({ ask: 'savepoint' });
    this.#state = 'command';
  }

  release(): void {
    this.#link.post({ ask: 'release' });
    this.#state = 'open';
  }

  undo(): void {
    this.#link.post({ ask: 'undo' });
    this.#state = 'open';
  }

  isBusy(error: unknown): boolean {
    return error instanceof StoreBusy;
  }

  /** What is only read while the commands of others are being joined must not spoil them by failing, as it would here. */
  apart<T>(read: () => T): T {
    if (this.#state === 'open') {
      this.savepoint();
      this.#state = 'reading';
    }
    try {
      return read();
    } catch (error) {
      if (this.#state === 'reading') this.undo();
      throw error;
    }
  }
}
