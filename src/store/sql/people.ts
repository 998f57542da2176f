import type { ConversationRef, PersonRef } from '../../model/events.ts';
import type { ConversationRow, Millis, PersonRow } from '../../model/ids.ts';
import { visibleName } from '../../model/names.ts';
import { conversations, hasStrongId, idsOf, type IdSpace, type IdTable, ownersOf, people, putId, retireId, reviveId } from './identities.ts';
import type { Sql } from './driver.ts';
import { joinFilters } from './filters.ts';
import { handOver, insert } from './statements.ts';

/** Makes a ghost's localpart of a network and an id; handed in, for the store knows nothing of Matrix. */
export type LocalpartOf = (network: string, scope: string, id: string) => string;

/** The person that a network means, made if new. Ids that turn out to be one person are joined, the older one stays. */
export function resolvePerson(sql: Sql, network: string, ref: PersonRef, localpartOf: LocalpartOf, now: Millis): PersonRow {
  const space: IdSpace = { network, scope: ref.scope, receiver: '' };
  const ids = unique([ref.id, ...(ref.aliases ?? [])]);
  const [first, ...rest] = ownersOf(sql, people, space, ids);
  const owner = first ?? insertPerson(sql, network, ref, localpartOf, now);
  for (const gone of rest) mergePeople(sql, owner as PersonRow, gone as PersonRow);
  claimIds(sql, people, space, ids, owner);
  const name = visibleName(ref.name ?? '');
  // Of somebody who is not to be bridged nothing new is kept.
  if (name !== '') sql.run('UPDATE person SET name = ? WHERE id = ? AND name IS DISTINCT FROM ? AND stopped IS NULL', name, owner, name);
  if (ref.avatar !== undefined) sql.run('UPDATE person SET picture = ?, picture_handle = ? WHERE id = ? AND stopped IS NULL', ref.avatar?.id ?? '', ref.avatar?.handle ?? null, owner);
  return owner as PersonRow;
}

/** Whether a person is known by any of these ids. */
export function isKnown(sql: Sql, network: string, ref: PersonRef): boolean {
  return ownersOf(sql, people, { network, scope: ref.scope, receiver: '' }, unique([ref.id, ...(ref.aliases ?? [])])).length > 0;
}

function insertPerson(sql: Sql, network: string, ref: PersonRef, localpartOf: LocalpartOf, now: Millis): number {
  const base = localpartOf(network, ref.scope, ref.id);
  let localpart = base;
  // A number that moved to somebody new: the ghost of the one before keeps its name.
  for (let n = 2; sql.get('SELECT 1 FROM person WHERE localpart = ?', localpart) !== undefined; n++) localpart = `${base}.${n}`;
  const name = visibleName(ref.name ?? '') || visibleName(ref.username ?? '') || ref.phone || null;
  return insert(sql, 'id', 'INSERT INTO person (network, localpart, name, created_at) VALUES (?, ?, ?, ?)', network, localpart, name, now);
}

/** The conversation that a network means, made if new. `wake` collects the lanes that something moved to. */
export function resolveConversation(
  sql: Sql, network: string, account: string, ref: ConversationRef, person: PersonRow | null, now: Millis, wake: Set<string>,
): ConversationRow {
  const space: IdSpace = { network, scope: ref.scope, receiver: ref.perAccount ? account : '' };
  const ids = unique([ref.id, ...(ref.aliases ?? [])]);
  // A direct chat is with one person, by whatever id of theirs it is called.
  const theirs = person !== null && ref.kind === 'direct' ? idsOf(sql, people, person) : [];
  const [first, ...rest] = ownersOf(sql, conversations, space, unique([...ids, ...theirs]));
  const owner = first ?? insert(sql, 'id',
    'INSERT INTO conversation (network, scope, receiver, kind, title, account, person, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    network, ref.scope, space.receiver, ref.kind, visibleName(ref.title ?? '') || null, account, person, now,
  );
  for (const gone of rest) mergeConversations(sql, owner as ConversationRow, gone as ConversationRow, wake);
  claimIds(sql, conversations, space, ids, owner, theirs);
  if (person !== null) sql.run('UPDATE conversation SET person = ? WHERE id = ? AND person IS NULL', person, owner);
  noteFacts(sql, owner, ref);
  return owner as ConversationRow;
}

/** What the network says of it now; what it leaves out is as before. */
function noteFacts(sql: Sql, row: number, { title, topic, avatar }: ConversationRef): void {
  const name = visibleName(title ?? '');
  if (name !== '') sql.run('UPDATE conversation SET title = ? WHERE id = ? AND title IS DISTINCT FROM ?', name, row, name);
  if (topic !== undefined) sql.run('UPDATE conversation SET topic = ? WHERE id = ?', topic, row);
  if (avatar !== undefined) sql.run('UPDATE conversation SET picture = ?, picture_handle = ? WHERE id = ?', avatar?.id ?? '', avatar?.handle ?? null, row);
}

/** A conversation goes on under another id: the same one, also where something was said under the new one already. */
export function replaceConversation(sql: Sql, network: string, account: string, ref: ConversationRef, into: ConversationRef, now: Millis, wake: Set<string>): ConversationRow {
  const row = resolveConversation(sql, network, account, ref, null, now, wake);
  const space: IdSpace = { network, scope: ref.scope, receiver: ref.perAccount ? account : '' };
  const kept = joinIn(sql, conversations, space, ref.id, into.id, (keep, gone) => mergeConversations(sql, keep as ConversationRow, gone as ConversationRow, wake)) ?? row;
  sql.run('UPDATE conversation SET kind = ? WHERE id = ?', into.kind, kept);
  noteFacts(sql, kept, into);
  return kept as ConversationRow;
}

/**
 * `to` takes the place of `from`: applied to people and to the direct chats keyed by them. Returns the conversation that
 * stays. Nobody need be known by either yet: the change may overtake the first word.
 */
export function joinIds(
  sql: Sql, network: string, account: string, scope: string, from: string, to: string, localpartOf: LocalpartOf, now: Millis, wake: Set<string>,
): ConversationRow | null {
  resolvePerson(sql, network, { id: from, scope }, localpartOf, now);
  joinIn(sql, people, { network, scope, receiver: '' }, from, to, (keep, gone) => mergePeople(sql, keep as PersonRow, gone as PersonRow));
  return joinIn(sql, conversations, { network, scope, receiver: account }, from, to, (keep, gone) =>
    mergeConversations(sql, keep as ConversationRow, gone as ConversationRow, wake)) as ConversationRow | null;
}

/** A further id of a conversation, and of the person that it is with: whoever has it already is the same. */
export function learnId(sql: Sql, conversation: ConversationRow, id: string, wake: Set<string>): void {
  const found = sql.get<IdSpace & { person: PersonRow | null }>('SELECT network, scope, receiver, person FROM conversation WHERE id = ?', conversation);
  if (!found) return;
  learnIn(sql, conversations, found, conversation, id, (keep, gone) => mergeConversations(sql, keep as ConversationRow, gone as ConversationRow, wake));
  if (found.person !== null) learnIn(sql, people, found, found.person, id, (keep, gone) => mergePeople(sql, keep as PersonRow, gone as PersonRow));
}

/** Two that each have a strong id of their own are two: then the id has only moved. */
function learnIn(sql: Sql, table: IdTable, space: IdSpace, owner: number, id: string, merge: (keep: number, gone: number) => void): void {
  const [other = owner] = ownersOf(sql, table, space, [id]);
  const same = other !== owner && !(hasStrongId(sql, table, owner) && hasStrongId(sql, table, other));
  const keep = same ? Math.min(owner, other) : owner;
  if (same) merge(keep, Math.max(owner, other));
  putId(sql, table, space, id, keep, false, 1);
}

function joinIn(sql: Sql, table: IdTable, space: IdSpace, from: string, to: string, merge: (keep: number, gone: number) => void): number | null {
  const owners = [...new Set([...ownersOf(sql, table, space, [from]), ...ownersOf(sql, table, space, [to])])].sort((a, b) => a - b);
  const [keep, gone] = owners;
  if (keep === undefined) return null;
  if (gone !== undefined) merge(keep, gone);
  putId(sql, table, space, from, keep, false, 1);
  retireId(sql, table, space, from);
  putId(sql, table, space, to, keep, true, 0);
  reviveId(sql, table, space, to);
  return keep;
}

/**
 * The strongest of several ids is remembered as strong: from then on the weaker ones prove nothing against it. `ranked`: in
 * which order they count, where that is known.
 */
function claimIds(sql: Sql, table: IdTable, space: IdSpace, ids: readonly string[], owner: number, ranked: readonly string[] = []): void {
  ids.forEach((value, index) => {
    putId(sql, table, space, value, owner, index === 0 && ids.length > 1, ranked.includes(value) ? ranked.indexOf(value) : index);
  });
}

function mergePeople(sql: Sql, keep: PersonRow, gone: PersonRow): void {
  // Whoever said it, it was the same person.
  sql.run('UPDATE person SET stopped = coalesce(stopped, (SELECT other.stopped FROM person other WHERE other.id = ?)) WHERE id = ?', gone, keep);
  sql.run('UPDATE person_id SET person = ? WHERE person = ?', keep, gone);
  sql.run('UPDATE person SET merged = ? WHERE id = ? OR merged = ?', keep, gone, gone);
  sql.run('UPDATE conversation SET person = ? WHERE person = ?', keep, gone);
  sql.run('UPDATE inbox SET person = ? WHERE person = ?', keep, gone);
  handOver(sql, 'reaction', 'actor', ['portal', 'target', 'emoji'], String(gone), String(keep));
  joinFilters(sql, 'p', gone, keep);
}

/** Rows that point at what is gone find what stays by `merged`; lanes and maps move, so that order and targets hold. */
function mergeConversations(sql: Sql, keep: ConversationRow, gone: ConversationRow, wake: Set<string>): void {
  sql.run('UPDATE conversation_id SET conversation = ? WHERE conversation = ?', keep, gone);
  sql.run('UPDATE conversation SET merged = ? WHERE id = ? OR merged = ?', keep, gone, gone);
  sql.run('UPDATE inbox SET conversation = ?, lane = ? WHERE conversation = ?', keep, `in:c${keep}`, gone);
  joinFilters(sql, 'c', gone, keep);
  wake.add(`in:c${keep}`);
  const portalOf = (row: ConversationRow): { id: number; room: number } | undefined =>
    sql.get<{ id: number; room: number }>("SELECT id, room FROM portal WHERE conversation = ? AND state <> 'closed'", row);
  const old = portalOf(keep);
  const newer = portalOf(gone);
  if (newer === undefined) return;
  if (old === undefined) {
    sql.run('UPDATE portal SET conversation = ? WHERE id = ?', keep, newer.id);
    return;
  }
  sql.run("UPDATE portal SET state = 'closed', merged = ? WHERE id = ? OR merged = ?", old.id, newer.id, newer.id);
  handOver(sql, 'message_map', 'portal', ['event_id', 'out_part', 'in_part', 'remote_id'], newer.id, old.id);
  handOver(sql, 'thread', 'portal', ['root'], newer.id, old.id);
  handOver(sql, 'reaction', 'portal', ['target', 'actor', 'emoji'], newer.id, old.id);
  sql.run('UPDATE outbox SET portal = ?, lane = ? WHERE portal = ? AND lane = ?', old.id, `out:p${old.id}`, newer.id, `out:p${newer.id}`);
  sql.run("UPDATE outbox SET portal = ?, room = ?, lane = ? WHERE portal = ? AND lane = ? AND kind NOT IN ('create', 'welcome', 'enter', 'invite', 'backfill', 'follow') AND state IN ('ready', 'parked')",
    old.id, old.room, `out:r${old.room}`, newer.id, `out:r${newer.room}`);
  wake.add(`out:p${old.id}`).add(`out:r${old.room}`);
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== ''))];
}
