import type { MessagePort } from 'node:worker_threads';
import type { Value } from '../sql/driver.ts';

/** What the thread that owns the connection is given. */
export interface WorkerData {
  readonly url: string;
  /** Two threads talk over this: questions one way, answers the other. */
  readonly port: MessagePort;
  /** Counts the answers; whoever waits for one sleeps on it. */
  readonly answers: SharedArrayBuffer;
}

/** `n` is 0 where nobody waits for an answer: what fails of such is met by what comes after it. */
export type Question = { readonly n: number } & (
  | { readonly ask: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'undo' | 'end' }
  /** `text` comes with the first use of a statement; from then on its number will do. */
  | { readonly ask: 'query'; readonly statement: number; readonly text?: string; readonly values: readonly Value[] }
);

export type Answer = { readonly n: number } & (
  | { readonly ok: true; readonly rows: readonly unknown[]; readonly count: number }
  /** `busy`: whatever was asked may come again. */
  | { readonly ok: false; readonly message: string; readonly code: string; readonly busy: boolean }
  /** The connection broke while this was being committed; what became of it comes as news. */
  | { readonly ok: null; readonly transaction: string }
);

/** What the thread tells by itself. */
export type News =
  | { readonly news: 'ready' | 'up' }
  | { readonly news: 'down'; readonly reason: string }
  | { readonly news: 'settled'; readonly transaction: string; readonly committed: boolean }
  /** There is no going on. */
  | { readonly news: 'failed'; readonly code: string; readonly message: string; readonly fix: string };
