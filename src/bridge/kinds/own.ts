import type { MatrixEvent } from '../../model/events.ts';
import type { EventId, UserId } from '../../model/ids.ts';
import type { Effect, Portal, RoomContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored } from '../deciding.ts';
import type { Marker } from '../keys.ts';
import { relationsOf } from '../outbound/parse.ts';
import { redactionFromMatrix } from './deletion.ts';

/**
 * What the homeserver hands back of our own: that it is here proves that it was sent, and what a ghost says goes to every portal of
 * its room but the one that it came from. This is the only way from one network to another, so the room's order is the order everywhere.
 * What the bot says goes nowhere, also what it shows of an account's own app: that may be an echo which nobody knew for one.
 */
export function ownFromMatrix(event: MatrixEvent, marker: Marker | null, context: RoomContext, deciding: Deciding, passOn: ((context: RoomContext) => Decision) | null): Decision {
  if (event.type === 'm.room.redaction') return context.portals.length > 1 ? redactionFromMatrix(event, context, deciding) : ignored('own_event');
  if (marker === null) return ignored('own_event');
  const proof = proven(event, marker, context, deciding);
  const nowhere = marker.past === true || marker.unsure === true || event.sender === deciding.bot || context.portals.every(({ row }) => row === marker.portal);
  const others = nowhere ? [] : otherPortals(originOf(marker, deciding), context.portals);
  if (others.length === 0 || passOn === null || context.room.encrypted) return done(proof, { ignored: 'own_event' });
  const decision = passOn({ ...context, portals: others });
  return { ...decision, effects: [...proof, ...decision.effects] };
}

/** Of which portal something is that we wrote; null: of none, for the bot said it for itself. */
export function originOf({ portal, key }: Marker, deciding: Deciding): Portal | null {
  const row = portal ?? deciding.rowByKey(key)?.portal ?? null;
  return row === null ? null : deciding.portal(row);
}

/** Never where it came from, also by another portal: the conversation may have been linked anew since. */
export function otherPortals(origin: Portal | null, portals: readonly Portal[]): readonly Portal[] {
  return origin === null ? [] : portals.filter(({ row, conversation }) => row !== origin.row && conversation.row !== origin.conversation.row);
}

function proven(event: MatrixEvent, marker: Marker, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const row = deciding.rowByKey(marker.key);
  if (row === null) return learnt(event, marker, context, deciding);
  if (row.state !== 'sending' && row.state !== 'uncertain') return [];
  return [
    { do: 'proven', seq: row.seq, remoteId: event.event_id },
    { do: 'reacted', key: row.key, eventId: event.event_id as EventId },
    ...(row.task?.to === 'matrix' && row.task.kind === 'message' && row.task.media?.uploaded !== undefined ? [{ do: 'dropMedia', media: row.task.media.job } as const] : []),
    ...learnt(event, marker, context, deciding),
  ];
}

/** What the event shows, from its marker: also where the row that wrote it is forgotten, as after a restore. */
function learnt(event: MatrixEvent, { portal, id, part, time, thread }: Marker, context: RoomContext, deciding: Deciding): readonly Effect[] {
  if (id === undefined || part === undefined || time === undefined || !context.portals.some(({ row }) => row === portal) || portal === undefined) return [];
  // An edit is found under the event that clients show it in.
  const relations = relationsOf(event.content);
  const eventId = relations.edits ?? (event.event_id as EventId);
  const isGhost = deciding.isOurs(event.sender);
  const person = isGhost ? deciding.personOf(event.sender as UserId) : null;
  // What was said before somebody was erased, and comes after it, makes nothing of theirs known again.
  if (isGhost && person === null && deciding.isErased(event.sender as UserId)) return [];
  const author = isGhost ? (person?.row ?? 0) : event.sender;
  // What stands in no thread here and answers nothing is the first of its thread.
  const root = relations.thread ?? (relations.replyTo === null ? eventId : null);
  return [
    { do: 'map', row: { portal, eventId, outPart: 0, remoteId: id, inPart: part, remoteTime: time, origin: 'network', author: String(author), thread: thread ?? null } },
    ...(thread === undefined || root === null || relations.edits !== null ? [] : [{ do: 'thread', row: { portal, root: thread, eventId: root, last: eventId } } as const]),
  ];
}
