import type { ConversationRow, EventId, Millis, PersonRow, PortalRow, RemoteId, RoomRow, UserId } from '../../model/ids.ts';
import type { Seal } from '../seal.ts';
import type { Counts, ReactionRow, RemoteContext, Room, RoomContext, Undelivered } from '../store.ts';
import { room, type RoomSql, type Rows } from './rows.ts';
import type { Sql } from './driver.ts';

const unsettled = "('ready', 'sending', 'uncertain', 'parked')";
// Partial indexes are used only where their own condition stands in the question word for word; what is too much is taken away beside it.
const going = "state IN ('ready', 'sending', 'uncertain') AND state <> 'ready'";
const givenUp = "state IN ('dead', 'asked', 'uncertain') AND state <> 'uncertain'";

/** Everything that is only read. */
export class Queries {
  readonly #sql: Sql;
  readonly #seal: Seal;
  readonly #rows: Rows;

  constructor(sql: Sql, seal: Seal, rows: Rows) {
    this.#sql = sql;
    this.#seal = seal;
    this.#rows = rows;
  }

  lanes(): readonly { lane: string; dueAt: Millis }[] {
    return this.#sql.all<{ lane: string; dueAt: Millis }>(`
      SELECT lane, min(due_at) AS "dueAt" FROM (
        SELECT lane, due_at FROM inbox WHERE state = 'ready' UNION ALL
        SELECT lane, due_at FROM outbox WHERE state IN ('ready', 'sending', 'uncertain')
      ) AS waiting GROUP BY lane`);
  }

  remoteContext(conversation: ConversationRow, person: PersonRow | null, remoteIds: readonly RemoteId[], mentions: readonly string[]): RemoteContext {
    const found = this.#rows.conversation(conversation);
    if (!found) throw new Error(`conversation ${conversation} is not there`);
    const portal = this.#rows.portalOf(found.row);
    const each = <T>(read: (portal: PortalRow, id: RemoteId) => readonly T[]): readonly T[] =>
      portal === null ? [] : remoteIds.flatMap((id) => read(portal.row, id));
    const map = each((row, id) => this.#rows.mapWhere('portal = ? AND remote_id = ?', row, id));
    return {
      conversation: found,
      portal,
      room: portal === null ? null : this.#rows.room(portal.room),
      person: person === null ? null : this.#rows.person(person),
      map,
      threads: each((row, id) => this.#rows.threadsWhere('portal = ? AND root = ?', row, id)),
      coming: each((row, id) => this.#rows.outboxWhere(`portal = ? AND remote_ref = ? AND state IN ${unsettled} ORDER BY seq`, row, id)),
      going: portal === null ? [] : this.#rows.outboxWhere(`lane = ? AND ${going} ORDER BY seq`, `out:p${portal.row}`),
      reactions: [
        ...each((row, id) => this.#rows.reactionsWhere('portal = ? AND target = ?', row, id)),
        ...map.flatMap(({ portal: row, eventId }) => this.#rows.reactionsWhere('portal = ? AND target = ?', row, eventId)),
      ],
      mentioned: Object.fromEntries(mentions.flatMap((id) => {
        const known = this.#rows.personById(found.network, found.scope, id);
        return known === null ? [] : [[id, known]];
      })),
      members: portal === null ? [] : this.#rows.members(portal.room),
      joined: portal === null ? [] : this.#joined(portal.row),
    };
  }

  #joined(portal: PortalRow): readonly { row: PortalRow; room: RoomRow }[] {
    return this.#sql.all<{ row: PortalRow; room: RoomRow }>('SELECT id AS row, room FROM portal WHERE merged = ? ORDER BY id', portal)
      .filter(({ room: row }) => this.#rows.room(row)?.state === 'live');
  }

  roomContext(roomRow: RoomRow, sender: UserId, events: readonly EventId[]): RoomContext {
    const found = this.#rows.room(roomRow);
    if (!found) throw new Error(`room ${roomRow} is not there`);
    const portals = this.#rows.portalsIn(roomRow);
    return {
      room: found,
      portals,
      sender: this.#rows.member(roomRow, sender),
      map: portals.flatMap((portal) => events.flatMap((id) => this.#rows.mapWhere('portal = ? AND event_id = ?', portal.row, id))),
      rows: events.flatMap((id) => this.#rows.outboxOf(id)),
      // Those on the events, and each of the events with its neighbours: when one comes or goes, another may have to go or be shown.
      reactions: [
        ...portals.flatMap((portal) => events.flatMap((id) => this.#reactionsOn(portal.row, id))),
        ...events.flatMap((id) => this.#rows.reactionsWhere('event_id = ?', id)).flatMap(({ portal, target }) => this.#reactionsOn(portal, target)),
      ],
      members: this.#rows.members(roomRow),
    };
  }

  /** Those on what an event shows, whichever of the events that show it they were put to. */
  #reactionsOn(portal: PortalRow, target: string): readonly ReactionRow[] {
    const shown = this.#rows.mapWhere('portal = ? AND event_id = ?', portal, target).flatMap(({ remoteId }) => this.#rows.mapWhere('portal = ? AND remote_id = ?', portal, remoteId));
    return [...new Set([target, ...shown.map(({ eventId }) => eventId)])].flatMap((id) => this.#rows.reactionsWhere('portal = ? AND target = ?', portal, id));
  }

  liveRooms(): readonly Room[] {
    return this.#rooms("state = 'live' ORDER BY active_at DESC, id");
  }

  managementRooms(): readonly Room[] {
    return this.#rooms("kind = 'management' AND state <> 'gone' ORDER BY id");
  }

  #rooms(where: string): readonly Room[] {
    return this.#sql.all<RoomSql>(`SELECT * FROM room WHERE ${where}`).map((found) => room(found)).filter((found) => found !== null);
  }

  /**
   * The newest event of a room, and the newest one before which everything is settled: handled, sent, cancelled, or given
   * up with its report sent.
   */
  lastEvent(roomRow: RoomRow): { eventId: EventId; settled: EventId | null } | null {
    const last = this.#sql.get<{ last_event: string | null; last_seq: number | null }>('SELECT last_event, last_seq FROM room WHERE id = ?', roomRow);
    if (!last || last.last_event === null) return null;
    const open = this.#sql.get<{ seq: number | null }>(`
      SELECT min(seq) AS seq FROM (
        SELECT min(seq) AS seq FROM inbox WHERE room = ? AND state <> 'dead' UNION ALL
        SELECT min(seq) FROM room_event e WHERE room = ? AND seq >= (SELECT min(origin_seq) FROM outbox WHERE state IN ${unsettled})
           AND EXISTS (SELECT 1 FROM outbox WHERE origin_seq = e.seq AND state IN ${unsettled}) UNION ALL
        SELECT min(origin_seq) FROM outbox o WHERE ${givenUp} AND told = 0 AND report IS NOT NULL
           AND EXISTS (SELECT 1 FROM room_event WHERE seq = o.origin_seq AND room = ?)
      ) AS unsettled`, roomRow, roomRow, roomRow);
    const settled = this.#sql.get<{ seq: number; event_id: string }>(
      'SELECT seq, event_id FROM room_event WHERE room = ? AND seq < ? ORDER BY seq DESC LIMIT 1', roomRow, open?.seq ?? Number.MAX_SAFE_INTEGER);
    return { eventId: last.last_event as EventId, settled: (settled?.event_id as EventId | undefined) ?? null };
  }

  /** Read marks stand at the end of a room: further back than a thousand events only the event itself counts. */
  inboundUpTo(portal: PortalRow, roomRow: RoomRow, event: EventId): RemoteId | null {
    const found = this.#sql.get<{ remote_id: string }>(`
      WITH late AS (SELECT seq, event_id FROM room_event WHERE room = ? ORDER BY seq DESC LIMIT 1000)
      SELECT m.remote_id FROM late JOIN message_map m ON m.portal = ? AND m.event_id = late.event_id AND m.origin = 'network'
       WHERE late.seq <= (SELECT max(seq) FROM late WHERE event_id = ?) ORDER BY late.seq DESC, m.in_part DESC LIMIT 1`, roomRow, portal, event);
    const own = found ?? this.#sql.get<{ remote_id: string }>("SELECT remote_id FROM message_map WHERE portal = ? AND event_id = ? AND origin = 'network' ORDER BY out_part, in_part LIMIT 1", portal, event);
    return (own?.remote_id as RemoteId | undefined) ?? null;
  }

  shownUpTo(portal: PortalRow, roomRow: RoomRow, time: Millis): EventId | null {
    const found = this.#sql.get<{ event_id: string }>(`
      WITH late AS (SELECT seq, event_id FROM room_event WHERE room = ? ORDER BY seq DESC LIMIT 1000)
      SELECT m.event_id FROM late JOIN message_map m ON m.portal = ? AND m.event_id = late.event_id AND m.remote_time <= ? ORDER BY late.seq DESC LIMIT 1`, roomRow, portal, time);
    return (found?.event_id as EventId | undefined) ?? null;
  }

  unseen(source: string, keys: readonly string[]): readonly string[] {
    return keys.filter((key) => this.#sql.get('SELECT 1 FROM seen WHERE hash = ?', this.#seal.hash(source, key)) === undefined);
  }

  spoolIds(): ReadonlySet<string> {
    const rows = this.#sql.all<{ spool: string }>(`
      SELECT spool FROM media WHERE spool IS NOT NULL AND state <> 'over' UNION
      SELECT spool FROM outbox WHERE spool IS NOT NULL AND state IN ${unsettled}`);
    return new Set(rows.map(({ spool }) => spool));
  }

  undelivered(limit: number, of?: UserId): readonly Undelivered[] {
    const user = of ?? null;
    return this.#sql.all<Undelivered>(`
      SELECT 'out' AS side, seq, state, lane, kind, portal, room, event, sender, code, reason, created_at AS "createdAt" FROM outbox
       WHERE (state IN ('dead', 'asked', 'uncertain', 'parked') OR (state = 'ready' AND tries > 0)) AND (CAST(? AS TEXT) IS NULL OR sender = ?)
      UNION ALL
      SELECT 'in', seq, state, lane, source, NULL, room, event_id, NULL, code, reason, received_at FROM inbox WHERE state = 'dead' AND CAST(? AS TEXT) IS NULL
       ORDER BY "createdAt" DESC, seq DESC LIMIT ?`, user, user, user, limit);
  }

  counts(): Counts {
    const by = (table: string): Record<string, number> => Object.fromEntries(
      this.#sql.all<{ state: string; n: number }>(`SELECT state, count(*) AS n FROM ${table} GROUP BY state`).map(({ state, n }) => [state, n]));
    const waiting = (like: string): { count: number; oldest: Millis | null } =>
      this.#sql.get(`SELECT count(*) AS count, min(created_at) AS oldest FROM outbox WHERE state IN ${unsettled} AND lane LIKE ?`, like) ?? { count: 0, oldest: null };
    const dead = this.#sql.all<{ account: string | null; n: number }>("SELECT account, count(*) AS n FROM outbox WHERE state = 'dead' GROUP BY account");
    return {
      inbox: by('inbox'), outbox: by('outbox'), waiting: { matrix: waiting('out:r%'), network: waiting('out:p%') },
      dead: Object.fromEntries(dead.map(({ account, n }) => [account ?? '', n])),
      portals: this.#sql.get<{ n: number }>("SELECT count(*) AS n FROM portal WHERE state <> 'closed'")?.n ?? 0,
      people: this.#sql.get<{ n: number }>('SELECT count(*) AS n FROM person WHERE merged IS NULL')?.n ?? 0,
    };
  }
}
