import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { CodedError } from '../../model/errors.ts';
import type { Logger } from '../../model/log.ts';
import { StoreBusy } from '../store.ts';
import { STATEMENT_MS } from './session.ts';
import type { Answer, News, Question, WorkerData } from './talk.ts';

type Asked = Question extends infer One ? (One extends Question ? Omit<One, 'n'> : never) : never;

export interface PostgresOptions {
  readonly url: string;
  readonly log: Logger;
  /** The connection broke and cannot be had back: nothing is written any more. */
  readonly failed: (error: CodedError) => void;
}

/** Longer than the thread itself waits for the server. */
const PATIENCE_MS = STATEMENT_MS + 5_000;
/** A commit may be three statements. */
const COMMIT_PATIENCE_MS = 3 * PATIENCE_MS;
const END_MS = 3_000;
const TIMEOUT = 'timeout';

interface Outcome {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The way to the thread and back. */
export class Link {
  isUp = true;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #answers: Int32Array;
  readonly #options: PostgresOptions;
  /** By transaction. */
  readonly #unknown = new Map<string, Outcome>();
  #count = 0;
  #closed = false;

  private constructor(worker: Worker, port: MessagePort, answers: Int32Array, options: PostgresOptions) {
    this.#worker = worker;
    this.#port = port;
    this.#answers = answers;
    this.#options = options;
  }

  static async open(options: PostgresOptions): Promise<Link> {
    const { port1, port2 } = new MessageChannel();
    const answers = new SharedArrayBuffer(4);
    const file = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);
    const worker = new Worker(file, { workerData: { url: options.url, port: port2, answers } satisfies WorkerData, transferList: [port2], execArgv: [] });
    const link = new Link(worker, port1, new Int32Array(answers), options);
    await new Promise<void>((resolve, reject) => {
      worker.once('message', (news: News) => {
        if (news.news === 'failed') reject(new CodedError(news.code, news.message, news.fix));
        else resolve();
        worker.on('message', (later: News) => link.#heard(later));
      });
      worker.once('error', reject);
    }).catch(async (error: unknown) => {
      link.#closed = true;
      await worker.terminate();
      throw error;
    });
    worker.on('error', (error) => link.#fail(stuck(`ended: ${error.message}`)));
    // It is no reason to go on living.
    worker.unref();
    return link;
  }

  ask(question: Asked): Extract<Answer, { ok: true }> {
    const answer = this.#answer(question, PATIENCE_MS);
    if (answer.ok === true) return answer;
    throw answer.ok === null ? new Error('nothing was being committed') : refusal(answer);
  }

  commit(): Promise<void> | null {
    const answer = this.#answer({ ask: 'commit' }, COMMIT_PATIENCE_MS);
    // Nobody will ever say what became of it: the next start looks at what is there.
    if (answer.ok === false && answer.code === TIMEOUT) this.#fail(stuck('does not answer.'));
    if (answer.ok === false) throw refusal(answer);
    if (answer.ok) return null;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#unknown.set(answer.transaction, { resolve, reject });
    return promise;
  }

  /** Nobody waits for it, which saves a way there and back; what comes next meets what it failed of. */
  post(question: Asked): void {
    if (!this.#closed) this.#port.postMessage({ ...question, n: 0 });
  }

  close(): void {
    if (this.#closed) return;
    this.#answer({ ask: 'end' }, END_MS);
    this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.isUp = false;
    this.#port.close();
    void this.#worker.terminate();
    // Not busy: they may have been written.
    for (const { reject } of this.#unknown.values()) reject(new Error('Nobody knows whether this was committed: the connection broke, and the store was closed.'));
    this.#unknown.clear();
  }

  #answer(question: Asked, patience: number): Answer {
    if (this.#closed) throw away('closed');
    const n = ++this.#count;
    this.#port.postMessage({ ...question, n });
    const end = Date.now() + patience;
    for (;;) {
      const seen = Atomics.load(this.#answers, 0);
      const received = receiveMessageOnPort(this.#port) as { readonly message: Answer } | undefined;
      // One that was given up may still be answered.
      if (received?.message.n === n) return received.message;
      if (received !== undefined) continue;
      if (Date.now() > end) return { n, ok: false, message: 'The thread of the database does not answer.', code: TIMEOUT, busy: true };
      Atomics.wait(this.#answers, 0, seen, end - Date.now() + 1);
    }
  }

  #heard(news: News): void {
    if (news.news === 'down') {
      this.isUp = false;
      this.#options.log.warn('The database is away; what comes in is refused until it is back.', { reason: news.reason });
    } else if (news.news === 'up') {
      this.isUp = true;
      this.#options.log.info('The database is back.');
    } else if (news.news === 'settled') {
      const outcome = this.#unknown.get(news.transaction);
      this.#unknown.delete(news.transaction);
      if (news.committed) outcome?.resolve();
      else outcome?.reject(away('40000'));
    } else if (news.news === 'failed') this.#fail(new CodedError(news.code, news.message, news.fix));
  }

  #fail(error: CodedError): void {
    if (this.#closed) return;
    this.#end();
    this.#options.failed(error);
  }
}

function stuck(what: string): CodedError {
  return new CodedError('DB-9001', `The thread of the database ${what}`, 'This is a mistake in Drawbridge; report it.');
}

function away(code: string): StoreBusy {
  return busy('The database is away.', code);
}

function busy(message: string, code: string): StoreBusy {
  return Object.assign(new StoreBusy(`The database takes nothing now (${code}): ${message}`), { code });
}

/** As the server tells it, with its code. */
function refusal({ message, code, busy: mayComeAgain }: Extract<Answer, { ok: false }>): Error {
  return mayComeAgain ? busy(message, code) : Object.assign(new Error(`PostgreSQL refuses a statement (${code}): ${message}`), { code });
}
