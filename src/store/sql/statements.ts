import type { Sql, Value } from './driver.ts';

/**
 * Gives the rows of one owner to another, in a table that has one row for each owner and `keys`: where both have one, that of the
 * giver stays.
 */
export function handOver(sql: Sql, table: string, owner: string, keys: readonly string[], from: number | string, to: number | string): void {
  sql.run(`DELETE FROM ${table} AS old WHERE ${owner} = ? AND EXISTS (SELECT 1 FROM ${table} AS given WHERE given.${owner} = ?
    AND ${keys.map((key) => `given.${key} = old.${key}`).join(' AND ')})`, to, from);
  sql.run(`UPDATE ${table} SET ${owner} = ? WHERE ${owner} = ?`, to, from);
}

/** Inserts a row that cannot be there already. */
export function insert(sql: Sql, column: 'id' | 'seq', text: string, ...values: readonly Value[]): number {
  const number = sql.insert(column, text, ...values);
  if (number === null) throw new Error(`it is there already: ${text}`);
  return number;
}

export function setMeta(sql: Sql, key: string, value: string): void {
  sql.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value', key, value);
}

/** What waited for this key goes on, at its old place in its lane. */
export function wakeParked(sql: Sql, table: 'inbox' | 'outbox', key: string, wake: Set<string>): void {
  const lanes = sql.all<{ lane: string }>(`SELECT DISTINCT lane FROM ${table} WHERE wait_key = ? AND state = 'parked'`, key);
  if (lanes.length > 0) sql.run(`UPDATE ${table} SET state = 'ready', wait_key = NULL, due_at = 0 WHERE wait_key = ? AND state = 'parked'`, key);
  for (const { lane } of lanes) wake.add(lane);
}

/** The same, with a remark in each statement: whoever looks at what the database is busy with, or at what it may read, sees what it is for. */
export function remarked(sql: Sql, remark: string): Sql {
  const of = (text: string): string => `/* ${remark} */ ${text}`;
  return {
    tail: sql.tail,
    get: (text, ...values) => sql.get(of(text), ...values), all: (text, ...values) => sql.all(of(text), ...values),
    run: (text, ...values) => sql.run(of(text), ...values), insert: (column, text, ...values) => sql.insert(column, of(text), ...values),
  };
}
