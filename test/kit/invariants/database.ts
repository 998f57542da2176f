import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { isPostgres } from '../../../src/config/database.ts';
import type { Stack } from '../stack/stack.ts';

/** Looks into the daemon's database from outside, also while it runs. */
export function rows(database: string, sql: string): unknown[] {
  return isPostgres(database) ? onServer(database, sql) : inFile(database, (db) => db.prepare(sql).all());
}

function inFile<T>(path: string, look: (db: Database.Database) => T): T {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 10_000 });
  try {
    return look(db);
  } finally {
    db.close();
  }
}

/** By the server's own client program, which can be waited for. */
function onServer(url: string, sql: string): unknown[] {
  const found = execFileSync('psql', ['--no-psqlrc', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', '--command', `SELECT coalesce(json_agg(found), '[]') FROM (${sql}) AS found`, url], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return JSON.parse(found) as unknown[];
}

/** What is parked behind a send that somebody is asked about waits for their answer, and for nothing else. */
const OPEN = `(state IN ('ready', 'sending', 'uncertain')
  OR (state = 'parked' AND NOT EXISTS (SELECT 1 FROM outbox AS asked WHERE asked.lane = outbox.lane AND asked.state = 'asked')))`;

export interface Pending {
  readonly inbox: number;
  readonly outbox: number;
  readonly media: number;
}

/** Work that is not settled yet. */
export function pending(database: string): Pending {
  const [found] = rows(database, `SELECT
    (SELECT count(*) FROM inbox WHERE state <> 'dead' AND source <> 'to-device') AS inbox,
    (SELECT count(*) FROM outbox WHERE ${OPEN}) AS outbox,
    (SELECT count(*) FROM media WHERE state = 'wanted') AS media`) as [Pending];
  return found;
}

/** What the store promises once all is quiet: nothing unsettled, no content of settled rows, no file, no damage. */
export function databaseProblems(stack: Stack): string[] {
  const none = (what: string, sql: string): string[] => {
    const found = rows(stack.database, sql);
    return found.length === 0 ? [] : [`${what}: ${JSON.stringify(found.slice(0, 5))}${found.length > 5 ? ` and ${found.length - 5} more` : ''}`];
  };
  return [
    ...none('left in the inbox', "SELECT seq, lane, key, state, code, reason FROM inbox WHERE (state <> 'dead' AND source <> 'to-device') OR code = 'bug'"),
    ...none('left in the outbox', `SELECT seq, lane, kind, state, tries, code, reason FROM outbox WHERE ${OPEN}`),
    ...none('died of a bug', "SELECT seq, lane, kind, reason FROM outbox WHERE code = 'bug'"),
    ...none('content of a settled row', "SELECT seq, lane, kind, state FROM outbox WHERE body IS NOT NULL AND state IN ('accepted', 'confirmed', 'cancelled')"),
    ...none('content that Matrix still has', "SELECT seq, lane, kind, state FROM outbox WHERE body IS NOT NULL AND state IN ('dead', 'asked') AND event IS NOT NULL"),
    ...none('a report that was not sent', "SELECT seq, state FROM outbox WHERE told = 0 AND report IS NOT NULL AND state IN ('dead', 'asked')"),
    // What is over goes with its file when the store is pruned.
    ...none('a file job', "SELECT id, state, tries, reason FROM media WHERE state <> 'over'"),
    ...(isPostgres(stack.database) ? [] : fileProblems(stack.database)),
    ...spoolProblems(stack),
  ];
}

function fileProblems(path: string): string[] {
  return inFile(path, (db) => [
    ...(db.pragma('integrity_check', { simple: true }) === 'ok' ? [] : ['the database is damaged']),
    ...((db.pragma('foreign_key_check') as unknown[]).length === 0 ? [] : ['a row points at nothing']),
  ]);
}

function spoolProblems(stack: Stack): string[] {
  const over = new Set((rows(stack.database, `SELECT spool FROM media WHERE state = 'over' UNION SELECT spool FROM outbox
    WHERE state NOT IN ('ready', 'sending', 'uncertain', 'parked')`) as { spool: string | null }[]).map(({ spool }) => spool));
  const left = readdirSync(join(stack.dir, 'data', 'spool')).filter((name) => !over.has(name));
  return left.length === 0 ? [] : [`files left in the spool: ${left.join(', ')}`];
}
