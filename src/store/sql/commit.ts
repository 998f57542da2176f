import { StoreBusy } from '../store.ts';
import type { Transactions } from './driver.ts';

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Result {
  readonly ok: boolean;
  readonly value: unknown;
}

interface Applied extends Waiting {
  readonly result: Result;
}

/** Commands in one commit from which on there are many lanes at work; one alone makes a few at a time. */
const CROWD = 8;

/**
 * Joins the commands of one tick into one commit: an fsync costs the same for one row and for a hundred. Where many came
 * at once the next commit waits `joinMs` for more of them; what comes alone never waits. Each command has a savepoint of its
 * own, so that one that fails takes no other with it. Nobody hears of success before the commit.
 *
 * A command that is called while the others are applied joins them too: what is decided on the spot, from what they have
 * written, costs no commit of its own. No I/O comes between, so nobody else can see what is not committed.
 */
export class Commits {
  readonly #transactions: Transactions;
  readonly #joinMs: number;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #crowded = false;
  /** The commit under way. */
  #open: Applied[] | null = null;
  /** Why it cannot be made. */
  #failure: { readonly error: unknown } | null = null;

  constructor(transactions: Transactions, joinMs: number) {
    this.#transactions = transactions;
    this.#joinMs = joinMs;
  }

  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { work, resolve: resolve as (value: never) => void, reject };
      if (this.#open !== null) {
        this.#open.push(this.#apply(waiting));
        return;
      }
      this.#waiting.push(waiting);
      if (this.#scheduled) return;
      this.#scheduled = true;
      if (this.#crowded && this.#joinMs > 0) setTimeout(() => this.#start(), this.#joinMs);
      else setImmediate(() => this.#start());
    });
  }

  /** What waits to be committed is. */
  close(): void {
    this.#start();
    this.#end();
  }

  #start(): void {
    this.#scheduled = false;
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#crowded = batch.length >= CROWD;
    try {
      this.#transactions.begin();
    } catch (error) {
      this.#failure = { error };
    }
    const open: Applied[] = [];
    this.#open = open;
    for (const waiting of batch) open.push(this.#apply(waiting));
    // A tick called for in a microtask comes when there are no microtasks left: whoever decides at once has done so.
    queueMicrotask(() => process.nextTick(() => this.#end()));
  }

  #end(): void {
    const [open, failure] = [this.#open, this.#failure];
    if (open === null) return;
    this.#open = null;
    this.#failure = null;
    try {
      if (failure !== null) throw failure.error;
      const later = this.#transactions.commit();
      if (later === null) answer(open);
      else later.then(() => answer(open), (error: unknown) => this.#refuse(open, error));
    } catch (error) {
      this.#transactions.rollback();
      this.#refuse(open, error);
    }
  }

  #refuse(open: readonly Applied[], error: unknown): void {
    const told = this.#transactions.isBusy(error)
      ? new StoreBusy(`The database takes nothing now (${(error as { code?: string }).code}).`, { cause: error }) : error;
    for (const { reject } of open) reject(told);
  }

  #apply(waiting: Waiting): Applied {
    try {
      if (this.#failure === null) return { ...waiting, result: this.#one(waiting.work) };
    } catch (error) {
      this.#failure = { error };
    }
    return { ...waiting, result: { ok: false, value: undefined } };
  }

  #one(work: () => unknown): Result {
    this.#transactions.savepoint();
    try {
      const value = work();
      this.#transactions.release();
      return { ok: true, value };
    } catch (error) {
      // A full disk may have ended the whole transaction: then every command of the tick comes again.
      if (!this.#transactions.isOpen || this.#transactions.isBusy(error)) throw error;
      this.#transactions.undo();
      return { ok: false, value: error };
    }
  }
}

function answer(open: readonly Applied[]): void {
  for (const { resolve, reject, result } of open) {
    if (result.ok) resolve(result.value as never);
    else reject(result.value);
  }
}
