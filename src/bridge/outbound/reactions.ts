import type { Millis } from '../../model/ids.ts';
import type { Effect, OutboxItem, ReactionRow, Store } from '../../store/store.ts';

/** The reaction that a row carries to its network; null where it carries the removal of one, or none that is known. */
function carriedBy(store: Store, row: OutboxItem): ReactionRow | null {
  if (row.kind !== 'reaction' || row.room === null || row.sender === null || row.event === null) return null;
  return store.roomContext(row.room, row.sender, [row.event]).reactions.find(({ key, portal }) => key === row.key && portal === row.portal) ?? null;
}

/** One that the network did not take takes nobody's place: what is worked out from what is shown goes without it. */
export function notTaken(store: Store, row: OutboxItem): readonly Effect[] {
  const reaction = carriedBy(store, row);
  return reaction === null ? [] : [{ do: 'unreact', portal: reaction.portal, target: reaction.target, actor: reaction.actor, emoji: reaction.emoji }];
}

/** One that was given up on, as its author was told, and is taken after all is shown again. A removal says what goes; a second try does not. */
export function takenAfterAll(store: Store, row: OutboxItem, at: Millis): readonly Effect[] {
  const task = row.task?.to === 'network' && row.task.kind === 'reaction' ? row.task : null;
  if (row.report === null || task === null || task.emoji === null || task.gone !== undefined || row.portal === null || row.sender === null || carriedBy(store, row) !== null) return [];
  return [{ do: 'react', row: { portal: row.portal, target: task.target, actor: row.sender, emoji: task.emoji, eventId: task.reaction, key: row.key, at } }];
}
