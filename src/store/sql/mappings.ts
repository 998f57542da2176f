import type { Millis } from '../../model/ids.ts';
import type { Sql } from './driver.ts';

interface Mapping { portal: number; event_id: string; out_part: number; in_part: number; remote_id: string; remote_time: Millis; thread: string | null }

/** In the order of their key, so that a look reads only what it looks at. */
export function forgetMappings(sql: Sql, before: Millis, after: string | null, limit: number): string | null {
  const [portal, event, out, inPart, remote] = after === null ? [0, '', 0, 0, ''] : JSON.parse(after) as [number, string, number, number, string];
  const rows = sql.all<Mapping>(`SELECT portal, event_id, out_part, in_part, remote_id, remote_time, thread FROM message_map
    WHERE (portal, event_id, out_part, in_part, remote_id) > (?, ?, ?, ?, ?) ORDER BY portal, event_id, out_part, in_part, remote_id LIMIT ?`, portal, event, out, inPart, remote, limit);
  for (const row of rows) if (row.remote_time < before) forget(sql, row);
  const last = rows.length < limit ? undefined : rows.at(-1);
  return last === undefined ? null : JSON.stringify([last.portal, last.event_id, last.out_part, last.in_part, last.remote_id]);
}

/** A thread goes with the newest that stands in it. */
function forget(sql: Sql, { portal, event_id: event, out_part: out, in_part: inPart, remote_id: remote, thread }: Mapping): void {
  sql.run('DELETE FROM message_map WHERE portal = ? AND event_id = ? AND out_part = ? AND in_part = ? AND remote_id = ?', portal, event, out, inPart, remote);
  for (const target of [remote, event]) sql.run('DELETE FROM reaction WHERE portal = ? AND target = ?', portal, target);
  sql.run('DELETE FROM thread WHERE portal = ? AND root = ? AND last_event = ?', portal, thread ?? remote, event);
}
