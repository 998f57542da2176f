import type { AccountId, ConversationRow, EventId, InboxSeq, Millis, PersonRow, RoomRow } from '../../model/ids.ts';
import type { MatrixEvent, NetworkEvent } from '../../model/events.ts';
import type { Seal } from '../seal.ts';
import { Damaged, type InboxBody, type InboxItem, type InOutcome, type MediaResult } from '../store.ts';
import type { Sql } from './driver.ts';

interface InboxSql {
  seq: number; source: string; key: string; lane: string; tries: number; received_at: number; due_at: number; room: number | null; event_id: string | null;
  account: string | null; conversation: number | null; person: number | null; media: string | null; doubtful: number; body: Buffer;
}

/** Where bytes that could not be decoded are kept; no lane that anything works. */
export const BROKEN = 'broken';

/** What was received and is not handled yet. A handled row is deleted: only the hash of its key stays. */
export class Inbox {
  readonly #sql: Sql;
  readonly #seal: Seal;
  readonly #now: () => Millis;

  constructor(sql: Sql, seal: Seal, now: () => Millis) {
    this.#sql = sql;
    this.#seal = seal;
    this.#now = now;
  }

  head(lane: string): InboxItem | null {
    const found = this.#sql.get<InboxSql>("SELECT * FROM inbox WHERE lane = ? AND state = 'ready' ORDER BY seq LIMIT 1", lane);
    return found ? this.#item(found) : null;
  }

  #item(found: InboxSql): InboxItem {
    return {
      seq: found.seq as InboxSeq, source: found.source, key: found.key, lane: found.lane, tries: found.tries,
      receivedAt: found.received_at, dueAt: found.due_at, body: this.#body(found),
    };
  }

  /** What does not open is met when its turn comes. */
  past(lane: string): readonly InboxItem[] {
    return this.#sql.all<InboxSql>("SELECT * FROM inbox WHERE lane = ? AND state = 'ready' ORDER BY seq LIMIT 5000", lane).flatMap((found) => {
      try {
        const item = this.#item(found);
        return item.body.side === 'network' && item.body.event.type === 'message' && item.body.event.historical === true ? [item] : [];
      } catch (error) {
        if (error instanceof Damaged) return [];
        throw error;
      }
    });
  }

  #open(found: InboxSql): unknown {
    try {
      return this.#seal.open(found.body);
    } catch (cause) {
      throw new Damaged({
        seq: found.seq as InboxSeq, source: found.source, room: found.room as RoomRow | null, event: found.event_id as EventId | null,
        conversation: found.conversation as ConversationRow | null, person: found.person as PersonRow | null,
      }, { cause });
    }
  }

  #body(found: InboxSql): InboxBody {
    const opened = this.#open(found);
    if (found.room !== null) return { side: 'matrix', room: found.room as RoomRow, event: opened as MatrixEvent, doubtful: found.doubtful === 1 };
    return {
      side: 'network', account: found.account as AccountId, event: opened as NetworkEvent, conversation: found.conversation as ConversationRow | null,
      person: found.person as PersonRow | null, media: JSON.parse(found.media ?? '{}') as Record<number, number>,
    };
  }

  settle(seq: InboxSeq, outcome: InOutcome, wake: Set<string>): void {
    switch (outcome.to) {
      case 'done':
        this.#sql.run('DELETE FROM inbox WHERE seq = ?', seq);
        return;
      case 'again':
        this.#sql.run('UPDATE inbox SET tries = tries + 1, due_at = 0 WHERE seq = ?', seq);
        break;
      case 'hold':
        this.#sql.run('UPDATE inbox SET due_at = ? WHERE seq = ?', outcome.until, seq);
        break;
      case 'park':
        // What it waits for may have come between the look and this commit.
        if (mapped(this.#sql, outcome.key)) this.#sql.run('UPDATE inbox SET tries = tries + 1, due_at = 0 WHERE seq = ?', seq);
        else this.#sql.run("UPDATE inbox SET state = 'parked', wait_key = ?, due_at = ? WHERE seq = ?", outcome.key, outcome.until, seq);
        break;
      case 'dead':
        this.#sql.run("UPDATE inbox SET state = 'dead', code = ?, reason = ? WHERE seq = ?", outcome.code, outcome.reason, seq);
        return;
    }
    const lane = this.#sql.get<{ lane: string }>("SELECT lane FROM inbox WHERE seq = ? AND state = 'ready'", seq)?.lane;
    if (lane !== undefined) wake.add(lane);
  }

  dead(seq: InboxSeq): { source: string; key: string; raw: Uint8Array | null } | null {
    const found = this.#sql.get<{ source: string; key: string; lane: string; body: Buffer | null }>("SELECT source, key, lane, body FROM inbox WHERE seq = ? AND state = 'dead'", seq);
    if (!found || found.body === null) return null;
    return { source: found.source, key: found.key, raw: found.lane === BROKEN ? Buffer.from(String(this.#seal.open(found.body)), 'base64') : null };
  }

  retry(seq: InboxSeq, how: 'again' | 'gone', wake: Set<string>): void {
    if (how === 'gone') {
      this.#sql.run("DELETE FROM inbox WHERE seq = ? AND state = 'dead'", seq);
      return;
    }
    const row = this.#sql.get<{ lane: string }>("SELECT lane FROM inbox WHERE seq = ? AND state = 'dead' AND body IS NOT NULL", seq);
    if (!row || row.lane === BROKEN) return;
    this.#sql.run("UPDATE inbox SET state = 'ready', tries = 0, due_at = 0, code = NULL, reason = NULL WHERE seq = ?", seq);
    wake.add(row.lane);
  }

  /** They change places among themselves; nothing has followed from them yet that would name their numbers. */
  reorder(events: readonly EventId[]): void {
    const waiting = events.flatMap((event) => this.#sql.get<{ seq: number }>("SELECT seq FROM inbox WHERE source = 'matrix' AND key = ? AND state <> 'dead'", event) ?? []);
    const places = waiting.map(({ seq }) => seq).sort((a, b) => a - b);
    if (waiting.every(({ seq }, index) => seq === places[index])) return;
    for (const table of ['inbox', 'room_event']) {
      for (const { seq } of waiting) this.#sql.run(`UPDATE ${table} SET seq = -seq WHERE seq = ?`, seq);
      waiting.forEach(({ seq }, index) => this.#sql.run(`UPDATE ${table} SET seq = ? WHERE seq = ?`, places[index] ?? seq, -seq));
    }
    // Perhaps another one comes last in its room now.
    for (const seq of places) this.#sql.run('UPDATE room SET last_event = (SELECT event_id FROM room_event WHERE seq = ?) WHERE id = (SELECT room FROM room_event WHERE seq = ?) AND last_seq = ?', seq, seq, seq);
  }

  /** Items parked past their time come back to their place; they are told by their due time. */
  expire(now: Millis, wake: Set<string>): void {
    const lanes = this.#sql.all<{ lane: string }>("SELECT DISTINCT lane FROM inbox WHERE state = 'parked' AND due_at <= ?", now);
    if (lanes.length === 0) return;
    this.#sql.run("UPDATE inbox SET state = 'ready', wait_key = NULL WHERE state = 'parked' AND due_at <= ?", now);
    for (const { lane } of lanes) wake.add(lane);
  }

  mediaDone(id: number, result: MediaResult, wake: Set<string>): void {
    if (result.to === 'ready') {
      // The name is content like the rest, so it is sealed.
      this.#sql.run("UPDATE media SET state = 'ready', spool = ?, mime = ?, size = ?, body = ? WHERE id = ?", result.spool, result.mime, result.size, this.#seal.seal({ handle: '', name: result.name }), id);
    } else if (result.to === 'again') {
      this.#sql.run('UPDATE media SET tries = tries + 1, due_at = ?, reason = ? WHERE id = ?', result.dueAt, result.reason, id);
      return;
    } else {
      this.#sql.run("UPDATE media SET state = 'failed', reason = ?, body = NULL WHERE id = ?", result.reason, id);
    }
    this.wakeMedia(id, wake);
  }

  /** An out item that waits for this file looks again at once. */
  wakeMedia(id: number, wake: Set<string>): void {
    for (const { lane } of this.#sql.all<{ lane: string }>("SELECT lane FROM outbox WHERE wait_key = ? AND state IN ('ready', 'parked')", `media:${id}`)) wake.add(lane);
    this.#sql.run("UPDATE outbox SET state = 'ready', due_at = ?, wait_key = NULL WHERE wait_key = ? AND state IN ('ready', 'parked')", this.#now(), `media:${id}`);
  }
}

/** What `deliveredKey`, `verifiedKey`, `partKey` and the keys `e:<portal>:<event>` and `m:<portal>:<remote id>` wait for is there. */
export function mapped(sql: Sql, key: string): boolean {
  const [sort, portal = '', ...rest] = key.split(':');
  const id = rest.join(':');
  if (sort === 'd') return sql.get('SELECT 1 FROM outbox WHERE account = ? AND remote_id = ?', portal, id) !== undefined;
  if (sort === 'v') return sql.get("SELECT 1 FROM outbox WHERE key = ? AND state IN ('confirmed', 'cancelled', 'dead')", portal) !== undefined;
  if (sort === 'p') {
    const [part = '', ...event] = rest;
    return sql.get('SELECT 1 FROM message_map WHERE portal = ? AND event_id = ? AND out_part = ?', Number(portal), event.join(':'), Number(part)) !== undefined;
  }
  const column = sort === 'e' ? 'event_id' : sort === 'm' ? 'remote_id' : null;
  return column !== null && sql.get(`SELECT 1 FROM message_map WHERE portal = ? AND ${column} = ?`, Number(portal), id) !== undefined;
}
