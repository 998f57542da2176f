import type { DeliveryEvent } from '../../model/events.ts';
import type { EventId, RemoteId, RoomRow, UserId } from '../../model/ids.ts';
import type { Effect, OutboxItem, Person, Portal } from '../../store/store.ts';
import { type Decision, done, ignored, type Live } from '../deciding.ts';
import { corrected, report, statusEvent } from '../reports/report.ts';
import { standsAt } from './shared.ts';

/** What a delivery event means for one row: what to write, and what to say. */
export interface DeliveryFacts {
  readonly rows: readonly OutboxItem[];
  readonly portal: Portal | null;
  /** Whose ghost reads. */
  readonly person: Person | null;
  /** Their user id. */
  readonly recipient: UserId | null;
  /** Events already mapped to this id. */
  readonly events: readonly EventId[];
  readonly networkName: string;
  /** The thread of the network that a row goes into. */
  readonly threadOf: (row: OutboxItem) => RemoteId | undefined;
  readonly statusEvents: boolean;
  /** Rooms beside its own where it is told that a row has failed. */
  readonly alsoTold: (row: OutboxItem) => readonly RoomRow[];
}

/** Statuses come in any order and more than once: a row only ever moves forward. */
export function delivery(event: DeliveryEvent, facts: DeliveryFacts): Decision & { readonly settle: readonly OutboxItem[] } {
  const { portal } = facts;
  const live = readBy(event, facts);
  if (portal === null || facts.rows.length === 0) return { ...(live.length > 0 ? done([], { live }) : ignored('delivery_of_unknown')), settle: [] };
  const rows = facts.rows.filter((row) => !overtaken(event, row));
  const effects = rows.flatMap((row): readonly Effect[] => {
    const room = portal.room;
    if (event.status === 'failed') {
      if (!['sending', 'uncertain', 'asked', 'accepted'].includes(row.state)) return [];
      const reason = event.failure?.reason ?? 'the network does not say why.';
      return [...report(row, room, facts.networkName, { state: 'dead', reason }, facts.alsoTold(row)), ...(facts.statusEvents ? statusEvent(row, room, facts.networkName, 'FAIL_PERMANENT', { reason }) : [])];
    }
    const at = row.event === null ? null : standsAt(row, row.event);
    const mapped: Effect[] = at === null || row.kind !== 'message' ? [] : [{ do: 'map', row: {
      portal: portal.row, eventId: at.event, outPart: at.part, remoteId: event.id, inPart: 0, remoteTime: event.time, origin: 'matrix', author: row.sender ?? '',
      thread: facts.threadOf(row) ?? null,
    } }];
    const wrong = ['dead', 'asked', 'ready', 'parked'].includes(row.state) ? corrected(row, room, facts.networkName) : [];
    const arrived = event.status !== 'sent' && portal.conversation.kind === 'direct' && facts.recipient !== null && facts.statusEvents && row.part === row.parts - 1;
    return [...mapped, ...wrong, ...(arrived ? statusEvent(row, room, facts.networkName, 'SUCCESS', { deliveredTo: [facts.recipient] }) : [])];
  });
  return { ...done(effects, { live }), settle: rows };
}

/** That it was taken is no news once its own answer has said so, nor after it failed. That it arrived would be. */
function overtaken(event: DeliveryEvent, row: OutboxItem): boolean {
  return event.status === 'sent' && row.remoteId === event.id && ['accepted', 'confirmed', 'dead', 'ready', 'parked'].includes(row.state);
}

/** In memory only, like every receipt. */
function readBy(event: DeliveryEvent, { portal, person, rows, events }: DeliveryFacts): readonly Live[] {
  if ((event.status !== 'read' && event.status !== 'played') || portal === null || person === null || person.stopped !== undefined) return [];
  const row = rows.find(({ event: said }) => said !== null);
  const read = row?.event ?? events[0];
  return read === undefined ? [] : [{ do: 'read', portal: portal.row, person, event: read, seq: row?.seq ?? 0 }];
}

export function deliveredTo(event: DeliveryEvent): { to: 'accepted' | 'confirmed' | 'dead'; remoteId: RemoteId } {
  const to = event.status === 'failed' ? 'dead' : event.status === 'sent' ? 'accepted' : 'confirmed';
  return { to, remoteId: event.id };
}
