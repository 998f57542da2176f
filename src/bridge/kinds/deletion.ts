import type { DeletionEvent, MatrixEvent } from '../../model/events.ts';
import type { EventId } from '../../model/ids.ts';
import type { Effect, InboxItem, MapRow, OutboxItem, Portal, ReactionRow, RemoteContext, RoomContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored, targetOf } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { notice, refusal } from '../reports/report.ts';
import { toPortal } from './shared.ts';
import { emojiAfterRemoval } from './reaction.ts';

/** Deleted on a network: what has not been written yet is not, what has is redacted. */
export function deletionFromNetwork(event: DeletionEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal } = context;
  if (portal === null) return ignored('deletion_without_portal');
  const written = context.map.filter(({ remoteId }) => remoteId === event.target);
  const coming = context.coming.filter(({ remoteRef }) => remoteRef === event.target);
  const deadline = item.receivedAt + deciding.settings.targetWait;
  if (written.length === 0 && coming.length === 0) {
    if (deciding.now < deadline) return { outcome: { to: 'park', key: `m:${portal.row}:${event.target}`, until: deadline }, effects: [] };
    return done([notice(portal.room, '🗑️ A message that is not here was deleted.', keyOf(portal.row, event.target, 'deletion-notice'))]);
  }
  const effects: Effect[] = coming.map(({ seq }) => ({ do: 'cancel', seq, reason: 'Deleted before it was shown.' }));
  if (written.some(({ origin }) => origin === 'network') || coming.some(({ state }) => state !== 'ready' && state !== 'parked')) {
    effects.push({ do: 'send', row: {
      lane: `out:r${portal.room}`, key: keyOf(portal.row, event.target, 'deletion'), portal: portal.row, room: portal.room,
      task: { to: 'matrix', kind: 'redaction', as: context.person?.row ?? null, target: event.target },
    } });
  }
  return done(effects);
}

/** A redaction on Matrix: of a message, or of a reaction. Reads the target from both places where room versions put it. */
export function redactionFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  const target = redactedBy(event);
  if (target === null) return ignored('redaction_without_target');
  const reactions = context.reactions.filter(({ eventId }) => eventId === target);
  if (reactions.length > 0) return done(reactions.flatMap((reaction) => unreact(event, reaction, context, deciding)));
  return done(context.portals.flatMap((portal) => deleteInPortal(event, target, portal, context, deciding)));
}

export function redactedBy(event: MatrixEvent): EventId | null {
  const target = event.redacts ?? event.content.redacts;
  return typeof target === 'string' ? (target as EventId) : null;
}

function deleteInPortal(event: MatrixEvent, target: EventId, portal: Portal, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const rows = context.rows.filter((row) => row.portal === portal.row);
  const map = context.map.filter((row) => row.portal === portal.row && row.eventId === target);
  if (rows.length === 0 && map.length === 0) return [];
  const waiting = rows.filter(isWaiting);
  const effects: Effect[] = waiting.map(({ seq }) => ({ do: 'cancel', seq, reason: 'Deleted before it was sent.' }));
  const visible = stillVisible(rows, map);
  if (visible.size === 0) return effects;
  const adapter = deciding.adapter(portal.account);
  if (adapter !== null && adapter.capabilities(targetOf(portal.conversation)).out.delete.level !== 'none') {
    const parts = [...visible].sort((a, b) => a - b);
    parts.forEach((part, index) => effects.push(toPortal(portal, event, { to: 'network', kind: 'deletion', target, part }, index, parts.length)));
    return effects;
  }
  const what = visible.size === 1 ? 'The message stays' : `${visible.size} parts stay`;
  return [...effects, refusal(context.room.row, event.event_id as EventId, `${adapter?.name ?? 'This network'} lets nobody delete what was sent. ${what} visible there.`)];
}

/** Surely not there, or nobody knows: it is not sent any more. */
function isWaiting({ state }: OutboxItem): boolean {
  return ['ready', 'parked', 'asked', 'dead'].includes(state);
}

/** Parts that have gone or may have gone. */
function stillVisible(rows: readonly OutboxItem[], map: readonly MapRow[]): ReadonlySet<number> {
  const going = rows.filter(({ state }) => state === 'sending' || state === 'uncertain');
  return new Set([...map.map(({ outPart }) => outPart), ...going.map(({ part }) => part)]);
}

function unreact(event: MatrixEvent, reaction: ReactionRow, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const portal = context.portals.find(({ row }) => row === reaction.portal);
  // Only what Matrix people put there is taken back on the network.
  if (portal === undefined || !reaction.target.startsWith('$')) return [];
  const gone: Effect = { do: 'unreact', portal: portal.row, target: reaction.target, actor: reaction.actor, emoji: reaction.emoji };
  const rows = context.rows.filter((row) => row.portal === portal.row && row.kind === 'reaction');
  if (rows.length > 0 && rows.every(isWaiting)) return [gone, ...rows.map(({ seq }): Effect => ({ do: 'cancel', seq, reason: 'Taken back before it was sent.' }))];
  const emoji = emojiAfterRemoval(reaction, context, portal, deciding);
  if (emoji === undefined) return [gone];
  const task = { to: 'network', kind: 'reaction', target: reaction.target as EventId, emoji, reaction: event.event_id as EventId } as const;
  return [gone, toPortal(portal, event, task, 0, 1)];
}
