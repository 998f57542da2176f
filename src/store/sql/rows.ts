import type {
  AccountId, ConversationRow, EventId, Millis, Mxc, NetworkId, OutboxSeq, PersonRow, PortalRow, RemoteId, RoomId, RoomRow, UserId,
} from '../../model/ids.ts';
import type { Picture } from '../../model/events.ts';
import type { Seal } from '../seal.ts';
import type { Conversation, MapRow, MediaJob, Member, OutboxItem, Person, Portal, ReactionRow, Room, ThreadRow } from '../store.ts';
import type { MatrixTask, NetworkTask, OutboxState } from '../tasks.ts';
import { conversations, idsOf } from './identities.ts';
import type { Sql } from './driver.ts';

/** Reads rows into the plain data that leaves the store; follows `merged` from what is gone to what stays. */
export class Rows {
  readonly #sql: Sql;
  readonly #seal: Seal;

  constructor(sql: Sql, seal: Seal) {
    this.#sql = sql;
    this.#seal = seal;
  }

  person(row: PersonRow): Person | null {
    return this.#person(this.#sql.get<PersonSql>('SELECT * FROM person WHERE id = (SELECT coalesce(merged, id) FROM person WHERE id = ?)', row));
  }

  writer(row: PersonRow): Person | null {
    return this.#person(this.#sql.get<PersonSql>('SELECT * FROM person WHERE id = ?', row));
  }

  personById(network: string, scope: string, id: string): Person | null {
    const found = this.#sql.get<{ person: number }>('SELECT person FROM person_id WHERE network = ? AND scope = ? AND value = ?', network, scope, id);
    return found ? this.person(found.person as PersonRow) : null;
  }

  #person(found: PersonSql | undefined): Person | null {
    if (!found) return null;
    const ids = this.#sql.all<{ scope: string; value: string }>('SELECT scope, value FROM person_id WHERE person = ? ORDER BY strong DESC, rank, value', found.id);
    return {
      ...(found.stopped === null ? {} : { stopped: found.stopped }),
      row: found.id as PersonRow, network: found.network as NetworkId, localpart: found.localpart, name: found.name,
      scope: ids[0]?.scope ?? '',
      registered: found.registered === 1, shownName: found.shown_name, picture: picture(found), shownPicture: found.shown_picture || null,
      ids: ids.map(({ value }) => value),
    };
  }

  conversation(row: ConversationRow): Conversation | null {
    const found = this.#sql.get<ConversationSql>('SELECT c.*, p.stopped FROM conversation c LEFT JOIN person p ON p.id = c.person WHERE c.id = (SELECT coalesce(merged, id) FROM conversation WHERE id = ?)', row);
    if (!found) return null;
    const ids = idsOf(this.#sql, conversations, found.id as ConversationRow);
    return {
      ...(found.stopped === null || found.kind !== 'direct' ? {} : { stopped: found.stopped }),
      row: found.id as ConversationRow, network: found.network as NetworkId, scope: found.scope, remoteId: ids[0] ?? '',
      kind: found.kind, title: found.title, topic: found.topic, picture: picture(found), aliases: ids, account: found.account as AccountId, perAccount: found.receiver !== '', person: found.person as PersonRow | null,
      lastInbound: found.last_inbound_id === null ? null : { id: found.last_inbound_id as RemoteId, at: found.last_inbound_at ?? 0 },
    };
  }

  directChats(person: PersonRow): readonly Conversation[] {
    return this.#sql.all<{ id: number }>("SELECT id FROM conversation WHERE person = ? AND kind = 'direct' AND merged IS NULL ORDER BY id", person)
      .map(({ id }) => this.conversation(id as ConversationRow)).filter((found) => found !== null);
  }

  /** Known by this id of the network, or called this there. */
  conversationsCalled(account: AccountId, name: string): readonly Conversation[] {
    return this.#sql.all<{ id: number }>(`SELECT id FROM conversation WHERE account = ? AND merged IS NULL AND (lower(title) = lower(?)
      OR id IN (SELECT conversation FROM conversation_id WHERE value = ?)) ORDER BY id`, account, name, name)
      .map(({ id }) => this.conversation(id as ConversationRow)).filter((found) => found !== null);
  }

  room(row: RoomRow): Room | null {
    return room(this.#sql.get<RoomSql>('SELECT * FROM room WHERE id = ?', row));
  }

  portal(row: PortalRow): Portal | null {
    return this.#portal(this.#sql.get<PortalSql>('SELECT * FROM portal WHERE id = (SELECT coalesce(merged, id) FROM portal WHERE id = ?)', row));
  }

  portalOf(conversation: ConversationRow): Portal | null {
    return this.#portal(this.#sql.get<PortalSql>("SELECT * FROM portal WHERE conversation = ? AND state <> 'closed'", conversation));
  }

  portalsIn(roomRow: RoomRow): readonly Portal[] {
    return this.#sql.all<PortalSql>("SELECT * FROM portal WHERE room = ? AND state <> 'closed' ORDER BY id", roomRow)
      .map((found) => this.#portal(found)).filter((found) => found !== null);
  }

  openPortals(account: AccountId | null): readonly Portal[] {
    return this.#sql.all<PortalSql>(`SELECT * FROM portal WHERE state <> 'closed'${account === null ? '' : ' AND account = ?'} ORDER BY id`, ...(account === null ? [] : [account]))
      .map((found) => this.#portal(found)).filter((found) => found !== null);
  }

  #portal(found: PortalSql | undefined): Portal | null {
    if (!found) return null;
    const conversation = this.conversation(found.conversation as ConversationRow);
    return conversation === null ? null : {
      row: found.id as PortalRow, room: found.room as RoomRow, conversation, account: found.account as AccountId, state: found.state,
      linked: found.linked === 1, relay: found.relay === 1,
    };
  }

  members(roomRow: RoomRow): readonly Member[] {
    return this.#sql.all<MemberSql>(`SELECT * FROM member WHERE room = ? AND membership IN ('join', 'invite') ORDER BY "user"`, roomRow).map(member);
  }

  everMembers(roomRow: RoomRow): readonly Member[] {
    return this.#sql.all<MemberSql>('SELECT * FROM member WHERE room = ? ORDER BY "user"', roomRow).map(member);
  }

  member(roomRow: RoomRow, user: UserId): Member | null {
    const found = this.#sql.get<MemberSql>('SELECT * FROM member WHERE room = ? AND "user" = ?', roomRow, user);
    return found ? member(found) : null;
  }

  outbox(found: OutboxSql): OutboxItem {
    return {
      seq: found.seq as OutboxSeq, lane: found.lane, state: found.state, key: found.key, portal: found.portal as PortalRow | null,
      room: found.room as RoomRow | null, account: found.account as AccountId | null, event: found.event as EventId | null,
      sender: found.sender as UserId | null, remoteRef: found.remote_ref as RemoteId | null, part: found.part, parts: found.parts,
      tries: found.tries, dueAt: found.due_at, blockedSince: found.blocked_since, createdAt: found.created_at, sentAt: found.sent_at,
      remoteId: found.remote_id, code: found.code, reason: found.reason, report: found.report as OutboxSeq | null, kind: found.kind, edition: found.edition,
      shows: found.shows_event === null ? null : { event: found.shows_event as EventId, part: found.shows_part ?? 0 },
      task: found.body === null ? null : (this.#opened(found.body) as MatrixTask | NetworkTask | null),
    };
  }

  /** Null where it does not open: one damaged row must not spoil what is read together with it. */
  #opened(body: Buffer): unknown {
    try {
      return this.#seal.open(body);
    } catch {
      return null;
    }
  }

  outboxWhere(where: string, ...values: readonly (string | number | null)[]): readonly OutboxItem[] {
    return this.#sql.all<OutboxSql>(`SELECT * FROM outbox WHERE ${where}`, ...values).map((found) => this.outbox(found));
  }

  /** Put in order here: told to do so, PostgreSQL would rather walk through a small table than find two rows by their indexes. */
  outboxOf(event: EventId): readonly OutboxItem[] {
    return [...this.outboxWhere('event = ? OR shows_event = ?', event, event)].sort((a, b) => a.seq - b.seq);
  }

  mapWhere(where: string, ...values: readonly (string | number)[]): readonly MapRow[] {
    return this.#sql.all<MapSql>(`SELECT * FROM message_map WHERE ${where} ORDER BY out_part, in_part, remote_id, event_id`, ...values).map((found) => ({
      portal: found.portal as PortalRow, eventId: found.event_id as EventId, outPart: found.out_part, remoteId: found.remote_id as RemoteId,
      inPart: found.in_part, remoteTime: found.remote_time, origin: found.origin, author: found.author,
      ...(found.thread === null ? {} : { thread: found.thread as RemoteId }),
    }));
  }

  threadsWhere(where: string, ...values: readonly (string | number)[]): readonly ThreadRow[] {
    return this.#sql.all<ThreadSql>(`SELECT * FROM thread WHERE ${where} ORDER BY root`, ...values).map((found) => ({
      portal: found.portal as PortalRow, root: found.root as RemoteId, eventId: found.event_id as EventId, last: found.last_event as EventId,
    }));
  }

  reactionsWhere(where: string, ...values: readonly (string | number)[]): readonly ReactionRow[] {
    return this.#sql.all<ReactionSql>(`SELECT * FROM reaction WHERE ${where} ORDER BY at, emoji, actor`, ...values).map((found) => ({
      portal: found.portal as PortalRow, target: found.target, key: found.key, actor: found.actor, emoji: found.emoji,
      eventId: found.event_id as EventId | null, at: found.at,
    }));
  }

  mediaWhere(where: string, ...values: readonly (string | number)[]): readonly MediaJob[] {
    return this.#sql.all<MediaSql>(`SELECT * FROM media WHERE ${where}`, ...values).map((found) => ({
      id: found.id, account: found.account as AccountId, state: found.state, spool: found.spool, mime: found.mime, size: found.size,
      tries: found.tries, dueAt: found.due_at, reason: found.reason,
      ...(((found.body === null ? null : this.#opened(found.body)) ?? { handle: '', name: null }) as { handle: string; name: string | null }),
    }));
  }
}

export function room(found: RoomSql | undefined): Room | null {
  return found ? {
    row: found.id as RoomRow, roomId: found.room_id as RoomId | null, state: found.state, kind: found.kind,
    encrypted: found.encrypted === 1, createdByUs: found.created_by_us === 1, name: found.name, topic: found.topic, picture: found.picture || null, deserted: found.deserted as EventId | null,
    pinned: JSON.parse(found.pinned) as EventId[],
  } : null;
}

function picture({ picture: id, picture_handle: handle }: PictureSql): Picture | null | undefined {
  return id === null ? undefined : id === '' ? null : { id, handle: handle ?? '' };
}

function member(found: MemberSql): Member {
  return { user: found.user as UserId, membership: found.membership, name: found.name, picture: found.picture as Mxc | null, ...(found.has_left === 1 ? { hasLeft: true } : {}) };
}

interface PictureSql { picture: string | null; picture_handle: string | null }
interface PersonSql extends PictureSql { id: number; network: string; localpart: string; name: string | null; registered: number; shown_name: string | null; shown_picture: string | null; stopped: Millis | null }
interface ConversationSql extends PictureSql {
  id: number; network: string; scope: string; receiver: string; kind: Conversation['kind']; title: string | null; topic: string | null; account: string;
  person: number | null; stopped: Millis | null; last_inbound_id: string | null; last_inbound_at: number | null;
}
export interface RoomSql {
  id: number; room_id: string | null; state: Room['state']; kind: Room['kind']; name: string | null; topic: string | null; picture: string | null; deserted: string | null; encrypted: number; pinned: string;
  created_by_us: number; active_at: Millis; last_event: string | null; last_seq: number | null; settled_event: string | null;
}
interface PortalSql { id: number; room: number; conversation: number; account: string; state: Portal['state']; linked: number; relay: number }
interface MemberSql { room: number; user: string; membership: Member['membership']; has_left: number; name: string | null; picture: string | null }
export interface OutboxSql {
  seq: number; lane: string; kind: string; key: string; state: OutboxState; portal: number | null; room: number | null; account: string | null;
  event: string | null; sender: string | null; remote_ref: string | null; part: number; parts: number; body: Buffer | null; tries: number;
  due_at: number; blocked_since: number | null; created_at: number; sent_at: number | null; remote_id: string | null; code: string | null;
  reason: string | null; report: number | null; edition: number; shows_event: string | null; shows_part: number | null;
}
interface MapSql { portal: number; event_id: string; out_part: number; remote_id: string; in_part: number; remote_time: number; origin: 'matrix' | 'network'; author: string; thread: string | null }
interface ThreadSql { portal: number; root: string; event_id: string; last_event: string }
interface ReactionSql { portal: number; target: string; actor: string; emoji: string; event_id: string | null; key: string; at: number }
interface MediaSql {
  id: number; account: string; body: Buffer | null; state: MediaJob['state']; spool: string | null; mime: string | null;
  size: number | null; tries: number; due_at: number; reason: string | null;
}
