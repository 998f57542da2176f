export type Value = string | number | null | Uint8Array;

/**
 * What runs the statements of the store: each database brings one. They are written in what SQLite and PostgreSQL both understand,
 * with `?` for values, which come only as parameters; what cannot be said alike has a method here. Each is prepared once.
 */
export interface Sql {
  get<T>(text: string, ...values: readonly Value[]): T | undefined;
  all<T>(text: string, ...values: readonly Value[]): T[];
  /** How many rows it changed. */
  run(text: string, ...values: readonly Value[]): number;
  /** Inserts one row. The number that it got in this column, null where it was there already. */
  insert(column: 'id' | 'seq', text: string, ...values: readonly Value[]): number | null;
  /** An expression: a `seq` of the outbox behind all that there have been. */
  readonly tail: string;
}

/** The transaction that the statements of a driver run in. */
export interface Transactions {
  begin(): void;
  /** A promise where the connection broke in the middle of it: it settles once it is known whether it was committed. */
  commit(): Promise<void> | null;
  /** Nothing where none is open any more. */
  rollback(): void;
  savepoint(): void;
  release(): void;
  /** Takes back what was done since the savepoint. */
  undo(): void;
  /** False also where the database has ended it by itself. */
  readonly isOpen: boolean;
  /** Nothing can be written now, by whatever statement: it may come again. */
  isBusy(error: unknown): boolean;
}

/** What the store needs of a database besides. */
export interface Driver {
  readonly sql: Sql;
  readonly transactions: Transactions;
  isThere(): boolean;
  checkpoint(): void;
  /** Nothing of what was deleted is left in the files, as far as the database can see to that. Never within a transaction. */
  scrub(): void;
  close(): void;
}
