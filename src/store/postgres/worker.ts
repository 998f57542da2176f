import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { Client, QueryResult } from 'pg';
import { CodedError } from '../../model/errors.ts';
import { connect, hangUp, migrate, newestSchema, schemaVersion, sessionName, STATEMENT_MS, takeLock } from './session.ts';
import type { Answer, News, Question, WorkerData } from './talk.ts';
import { numbered, toWire } from './wire.ts';

const { url, port, answers } = workerData as WorkerData;
const counter = new Int32Array(answers);
const token = randomBytes(8).toString('hex');
/** Tables grow; see the settings of a session. */
const REPLAN_MS = 30_000;
const RETRY_MS = [50, 200, 500, 1_000, 2_000];

/** Null while there is no connection. */
let client: Client | null = null;
/** The connection that the open transaction was begun on; null where there was none. */
let open: { readonly on: Client | null } | null = null;
/** Transactions of which nobody knows yet whether they were committed. */
const unknown = new Set<string>();
const statements: string[] = [];
let ended = false;

const tell = (news: News): void => parentPort?.postMessage(news);

function answer(what: Answer): void {
  if (what.n === 0) return;
  port.postMessage(what);
  Atomics.add(counter, 0, 1);
  Atomics.notify(counter, 0);
}

port.on('message', (question: Question) => void handle(question).catch((error: unknown) => answer({ n: question.n, ok: false, ...about(error) })));

async function handle(question: Question): Promise<void> {
  const { n } = question;
  if (question.ask === 'query' && question.text !== undefined) statements[question.statement] = numbered(question.text);
  if (question.ask === 'end') {
    ended = true;
    if (client !== null) await hangUp(client);
    answer({ n, ok: true, rows: [], count: 0 });
    return;
  }
  if (question.ask === 'begin') open = { on: client };
  const now = open;
  if (question.ask === 'commit' || question.ask === 'rollback') open = null;
  // What was begun on a connection that has broken is over, also where there is another by now.
  if (client === null || (now !== null && now.on !== client)) throw new Away();
  const result = await (question.ask === 'query' ? query(client, question) : question.ask === 'commit' ? commit(client, n) : client.query(commands[question.ask]));
  if (result !== null) answer({ n, ok: true, rows: result.rows, count: result.rowCount ?? 0 });
}

const commands = { begin: 'BEGIN', rollback: 'ROLLBACK', savepoint: 'SAVEPOINT command', release: 'RELEASE command', undo: 'ROLLBACK TO command; RELEASE command' } as const;

/** The server is asked for no longer than it may take: one that does not answer is as good as gone. */
const patience = { query_timeout: STATEMENT_MS + 2_000 };

function query(on: Client, { statement, values }: Extract<Question, { ask: 'query' }>): Promise<QueryResult> {
  return on.query({ name: `s${statement}`, text: statements[statement] ?? '', values: values.map(toWire), ...patience });
}

async function commit(on: Client, n: number): Promise<QueryResult | null> {
  // By its number it can be asked about later. One that has written nothing has none.
  const numbers = await on.query<{ transaction: string | null }>({ text: 'SELECT pg_current_xact_id_if_assigned()::text AS transaction', ...patience });
  const transaction = numbers.rows[0]?.transaction ?? null;
  try {
    const result = await on.query({ text: 'COMMIT', ...patience });
    // PostgreSQL ends a transaction that something in it has failed without an error.
    if (result.command !== 'COMMIT') throw new Away('25P02');
    return result;
  } catch (error) {
    // Where the server is still there it has refused it, whatever words it has for that.
    if (error instanceof Away || transaction === null || await on.query({ text: 'ROLLBACK', ...patience }).then(() => true, () => false)) throw error;
    unknown.add(transaction);
    answer({ n, ok: null, transaction });
    return null;
  }
}

/** There is no connection, or nothing left of what was begun on it. */
class Away extends Error {
  readonly code: string;

  constructor(code = '08006') {
    super('The database is away.');
    this.code = code;
  }
}

/**
 * Whether it may come again (PostgreSQL's manual, appendix A): lost connections, full disks and memory, a server that is being
 * stopped or takes no writes, waits that took too long, transactions that had failed already.
 */
function about(error: unknown): { readonly message: string; readonly code: string; readonly busy: boolean } {
  const { message, code = '', severity } = error as { message: string; code?: string; severity?: string };
  // What the server has not said is a connection that broke, unless it is a mistake of ours.
  const busy = severity === undefined ? !(error instanceof TypeError) : /^(?:08|25P|25006|40|53|55P03|57|58)/.test(code);
  return { message, code, busy };
}

function adopt(fresh: Client): void {
  client = fresh;
  const replan = setInterval(() => void fresh.query('DISCARD PLANS').catch(() => {}), REPLAN_MS);
  const lost = (error?: Error): void => {
    clearInterval(replan);
    if (client !== fresh) return;
    client = null;
    if (ended) return;
    tell({ news: 'down', reason: error?.message ?? 'The connection was closed.' });
    void hangUp(fresh);
    void comeBack();
  };
  fresh.on('error', lost);
  fresh.on('end', () => lost());
}

async function comeBack(): Promise<void> {
  for (let tries = 0; !ended; tries++) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS[tries] ?? RETRY_MS.at(-1)));
    let fresh: Client | null = null;
    try {
      fresh = await connect(url, token, { pipeline: true });
      await takeAgain(fresh);
      const settled = await Promise.all([...unknown].map(async (transaction) => ({ transaction, committed: await wasCommitted(fresh as Client, transaction) })));
      adopt(fresh);
      unknown.clear();
      for (const one of settled) tell({ news: 'settled', ...one });
      tell({ news: 'up' });
      return;
    } catch (error) {
      if (fresh !== null) await hangUp(fresh);
      if (!(error instanceof CodedError) || error.code === 'DB-2006' || error.code === 'DB-2007') continue;
      failed(error);
      return;
    }
  }
}

/** The same database, ours alone as before: else there is no going on, for what is in hand was read from what it was. */
async function takeAgain(fresh: Client): Promise<void> {
  // The server may not have seen yet that our last connection is dead.
  await fresh.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()', [sessionName(token)]);
  await takeLock(fresh);
  const version = await schemaVersion(fresh);
  const known = version === newestSchema ? (await fresh.query<{ value: string }>("SELECT value FROM meta WHERE key = 'opened_by'")).rows[0]?.value : undefined;
  if (known === token) return;
  throw new CodedError('DB-2008', `The database is another than it was before the connection broke (schema ${version}): it was put back from a backup, or a second Drawbridge has been at work on it.`, 'Start the bridge again, one alone.');
}

async function wasCommitted(fresh: Client, transaction: string): Promise<boolean> {
  for (;;) {
    const status = (await fresh.query<{ status: string }>('SELECT pg_xact_status($1::xid8) AS status', [transaction])).rows[0]?.status;
    if (status !== 'in progress') return status === 'committed';
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function failed(error: unknown): void {
  ended = true;
  if (error instanceof CodedError) tell({ news: 'failed', code: error.code, message: error.message, fix: error.fix });
  else tell({ news: 'failed', code: 'DB-9001', message: error instanceof Error ? error.message : String(error), fix: 'This is a mistake in Drawbridge; report it.' });
}

async function start(): Promise<void> {
  const fresh = await connect(url, token, { pipeline: true });
  try {
    await takeLock(fresh);
    await migrate(fresh);
    await fresh.query("INSERT INTO meta (key, value) VALUES ('opened_by', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value", [token]);
  } catch (error) {
    await hangUp(fresh);
    throw error;
  }
  adopt(fresh);
  tell({ news: 'ready' });
}

await start().catch(failed);
