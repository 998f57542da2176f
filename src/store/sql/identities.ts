import type { ConversationRow, PersonRow } from '../../model/ids.ts';
import type { Sql } from './driver.ts';

/** Where the ids of one sort of thing stand: people, or conversations. */
export interface IdTable {
  readonly ids: 'person_id' | 'conversation_id';
  readonly owner: 'person' | 'conversation';
}

export const people: IdTable = { ids: 'person_id', owner: 'person' };
export const conversations: IdTable = { ids: 'conversation_id', owner: 'conversation' };

/** What makes a value unique: network, scope, and for conversations the receiver. */
export interface IdSpace {
  readonly network: string;
  readonly scope: string;
  readonly receiver: string;
}

interface Found {
  readonly owner: number;
  readonly strong: number;
}

function findId(sql: Sql, table: IdTable, space: IdSpace, value: string): Found | null {
  const row = table.ids === 'person_id'
    ? sql.get<Found>('SELECT person AS owner, strong FROM person_id WHERE network = ? AND scope = ? AND value = ?', space.network, space.scope, value)
    : sql.get<Found>('SELECT conversation AS owner, strong FROM conversation_id WHERE network = ? AND scope = ? AND receiver = ? AND value = ?', space.network, space.scope, space.receiver, value);
  return row ?? null;
}

/** The rank of an id that another has taken the place of: it still finds its owner, and comes after all that are in use. */
const RETIRED = 1000;

/** Gives the id to this owner, taking it from another. Stronger ids have the smaller rank. */
export function putId(sql: Sql, table: IdTable, space: IdSpace, value: string, owner: number, strong: boolean, rank: number): void {
  // A late message may still name a retired id: only a new owner, or `reviveId`, brings it back. What stands already, which is
  // nearly always, is not written again.
  const update = (column: IdTable['owner']): string => `
    strong = CASE WHEN old.${column} = excluded.${column} AND old.rank >= ${RETIRED} THEN 0 WHEN old.strong > excluded.strong THEN old.strong ELSE excluded.strong END,
    rank = CASE WHEN old.${column} <> excluded.${column} THEN excluded.rank WHEN old.rank >= ${RETIRED} OR old.rank < excluded.rank THEN old.rank ELSE excluded.rank END,
    ${column} = excluded.${column}
    WHERE old.${column} <> excluded.${column} OR CASE WHEN old.rank >= ${RETIRED} THEN old.strong <> 0 ELSE old.strong < excluded.strong OR old.rank > excluded.rank END`;
  if (table.ids === 'person_id') {
    sql.run(`INSERT INTO person_id AS old (network, scope, value, person, strong, rank) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (network, scope, value) DO UPDATE SET ${update('person')}`, space.network, space.scope, value, owner, strong ? 1 : 0, rank);
  } else {
    sql.run(`INSERT INTO conversation_id AS old (network, scope, receiver, value, conversation, strong, rank) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (network, scope, receiver, value) DO UPDATE SET ${update('conversation')}`, space.network, space.scope, space.receiver, value, owner, strong ? 1 : 0, rank);
  }
}

/** From now on nothing is sent to this id while its owner has another. */
export function retireId(sql: Sql, table: IdTable, space: IdSpace, value: string): void {
  setRank(sql, table, space, value, 0, RETIRED);
}

/** The strongest id of its owner, even where it had been retired: people go back to an old number. */
export function reviveId(sql: Sql, table: IdTable, space: IdSpace, value: string): void {
  setRank(sql, table, space, value, 1, 0);
}

function setRank(sql: Sql, table: IdTable, space: IdSpace, value: string, strong: number, rank: number): void {
  if (table.ids === 'person_id') sql.run('UPDATE person_id SET strong = ?, rank = ? WHERE network = ? AND scope = ? AND value = ?', strong, rank, space.network, space.scope, value);
  else sql.run('UPDATE conversation_id SET strong = ?, rank = ? WHERE network = ? AND scope = ? AND receiver = ? AND value = ?', strong, rank, space.network, space.scope, space.receiver, value);
}

/**
 * Whose these ids are. The first is the strongest. A weaker id whose owner has another strong id has moved to somebody
 * new: it is no proof of identity (at WhatsApp a number outlived by its account). Where several owners turn out to be one,
 * the rest is returned to be merged, the oldest first.
 */
export function ownersOf(sql: Sql, table: IdTable, space: IdSpace, ids: readonly string[]): readonly number[] {
  const owners = new Set<number>();
  const strongest = ids[0] === undefined ? null : findId(sql, table, space, ids[0]);
  if (strongest) owners.add(strongest.owner);
  for (const value of ids.slice(1)) {
    const found = findId(sql, table, space, value);
    if (found && !hasOtherStrongId(sql, table, found.owner, ids)) owners.add(found.owner);
  }
  return [...owners].sort((a, b) => a - b);
}

function hasOtherStrongId(sql: Sql, table: IdTable, owner: number, ids: readonly string[]): boolean {
  const strong = sql.all<{ value: string }>(`SELECT value FROM ${table.ids} WHERE ${table.owner} = ? AND strong = 1`, owner);
  return strong.length > 0 && !strong.some(({ value }) => ids.includes(value));
}

export function hasStrongId(sql: Sql, table: IdTable, owner: number): boolean {
  return sql.get(`SELECT 1 FROM ${table.ids} WHERE ${table.owner} = ? AND strong = 1`, owner) !== undefined;
}

export function idsOf(sql: Sql, table: IdTable, owner: PersonRow | ConversationRow): readonly string[] {
  return sql.all<{ value: string }>(`SELECT value FROM ${table.ids} WHERE ${table.owner} = ? ORDER BY strong DESC, rank, value`, owner).map(({ value }) => value);
}
