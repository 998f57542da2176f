import type { ConversationRow, PersonRow, UserId } from '../../model/ids.ts';
import type { Effect, Filter } from '../store.ts';
import type { Sql } from './driver.ts';
import { handOver } from './statements.ts';

/** What a filter is about, as it stands in the table: people and conversations have numbers of their own. */
const nameOf = (on: Filter['on']): string => ('person' in on ? `p${on.person}` : `c${on.conversation}`);

export function setFilter(sql: Sql, { user, on, mode }: Extract<Effect, { do: 'filter' }>): void {
  if (mode === null) sql.run('DELETE FROM filter WHERE "user" = ? AND target = ?', user, nameOf(on));
  else sql.run('INSERT INTO filter ("user", target, mode) VALUES (?, ?, ?) ON CONFLICT ("user", target) DO UPDATE SET mode = excluded.mode', user, nameOf(on), mode);
}

/** Something was shown to nobody, because of these. */
export function countLeftOut(sql: Sql, conversation: ConversationRow, person: PersonRow | null): void {
  for (const target of [`c${conversation}`, ...(person === null ? [] : [`p${person}`])]) sql.run("UPDATE filter SET left_out = left_out + 1 WHERE target = ? AND mode = 'ignore'", target);
}

export function filtersOf(sql: Sql, user: UserId): readonly Filter[] {
  return sql.all<{ target: string; mode: Filter['mode']; left_out: number }>('SELECT target, mode, left_out FROM filter WHERE "user" = ?', user)
    .sort((a, b) => (a.target < b.target ? -1 : 1)).map(({ target, mode, left_out: leftOut }) => ({
    on: target.startsWith('p') ? { person: Number(target.slice(1)) as PersonRow } : { conversation: Number(target.slice(1)) as ConversationRow }, mode, leftOut,
  }));
}

/** What somebody said of the conversation outranks what they said of the person whom it is with. */
export function filterOf(sql: Sql, user: UserId, conversation: ConversationRow, person: PersonRow | null): Filter['mode'] | null {
  const of = (target: string): Filter['mode'] | undefined => sql.get<{ mode: Filter['mode'] }>('SELECT mode FROM filter WHERE "user" = ? AND target = ?', user, target)?.mode;
  return of(`c${conversation}`) ?? (person === null ? null : (of(`p${person}`) ?? null));
}

/** Two people, or two conversations, turned out to be one. */
export function joinFilters(sql: Sql, kind: 'p' | 'c', gone: number, keep: number): void {
  handOver(sql, 'filter', 'target', ['"user"'], `${kind}${gone}`, `${kind}${keep}`);
}
