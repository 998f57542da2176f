import type { Sql } from './sql.ts';

/** What waited for this key goes on, at its old place in its lane. */
export function wakeParked(sql: Sql, table: 'inbox' | 'outbox', key: string, wake: Set<string>): void {
  const lanes = sql.all<{ lane: string }>(`SELECT DISTINCT lane FROM ${table} WHERE wait_key = ? AND state = 'parked'`, key);
  if (lanes.length > 0) sql.run(`UPDATE ${table} SET state = 'ready', wait_key = NULL, due_at = 0 WHERE wait_key = ? AND state = 'parked'`, key);
  for (const { lane } of lanes) wake.add(lane);
}
