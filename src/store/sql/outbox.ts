import type { AccountId, Millis, OutboxSeq } from '../../model/ids.ts';
import type { Seal } from '../seal.ts';
import { type Delivery, deliveredKey, type Keep, type MatrixTask, type NetworkTask, type OutboxItem, type OutboxRef, type OutOutcome, Stale, verifiedKey } from '../store.ts';
import { mapped } from './inbox.ts';
import type { OutboxSql, Rows } from './rows.ts';
import type { Sql } from './driver.ts';
import { setMeta, wakeParked } from './statements.ts';

export const RESTORED = 'The database was put back from a backup, and this may have been sent since that was made.';

/** A settled row once more: at the lane's tail, with the same key. Nobody waits for it, and the network can still recognise it. */
export function again(sql: Sql, seq: number, now: Millis): void {
  const key = sql.get<{ key: string }>('SELECT key FROM outbox WHERE seq = ?', seq)?.key;
  if (key === undefined) return;
  // Where it went is asked by its key and not by RETURNING, for which SQLite builds a table.
  sql.run(`UPDATE outbox SET seq = ${sql.tail}, state = 'ready', tries = 0, due_at = 0, blocked_since = NULL,
    code = NULL, reason = NULL, settled_at = NULL, told = 0, created_at = ? WHERE seq = ?`, now, seq);
  moved(sql, seq, key);
}

/** What waits, behind all that its lane has now. */
export function toTail(sql: Sql, { seq, key }: { readonly seq: number; readonly key: string }): void {
  sql.run(`UPDATE outbox SET seq = ${sql.tail} WHERE seq = ?`, seq);
  moved(sql, seq, key);
}

/** It may be the report on another. */
function moved(sql: Sql, seq: number, key: string): void {
  sql.run('UPDATE outbox SET report = (SELECT seq FROM outbox WHERE key = ?) WHERE report = ?', key, seq);
}

/** What must be sent and is not yet confirmed. Settled rows lose their content at once, and themselves after a while. */
export class Outbox {
  readonly #sql: Sql;
  readonly #seal: Seal;
  readonly #rows: Rows;
  readonly #now: () => Millis;

  constructor(sql: Sql, seal: Seal, rows: Rows, now: () => Millis) {
    this.#sql = sql;
    this.#seal = seal;
    this.#rows = rows;
    this.#now = now;
  }

  head(lane: string): OutboxItem | null {
    const found = this.#sql.get<OutboxSql>("SELECT * FROM outbox WHERE lane = ? AND state IN ('ready', 'sending', 'uncertain') ORDER BY seq LIMIT 1", lane);
    return found ? this.#rows.outbox(found) : null;
  }

  /** One found `sending` was begun when its outcome could not be written down; its lane has looked for it meanwhile. */
  begin(row: OutboxRef): boolean {
    return this.#sql.run("UPDATE outbox SET state = 'sending', sent_at = ?, wait_key = NULL WHERE seq = ? AND edition = ? AND state IN ('ready', 'uncertain', 'sending')",
      this.#now(), row.seq, row.edition) === 1;
  }

  keep(row: OutboxRef, task: MatrixTask | NetworkTask): void {
    const spool = task.to === 'network' && task.kind === 'message' ? (task.fitted?.spool ?? null) : null;
    this.#sql.run('UPDATE outbox SET body = ?, spool = ? WHERE seq = ? AND edition = ? AND body IS NOT NULL', this.#seal.seal(task), spool, row.seq, row.edition);
  }

  settle(seq: OutboxSeq, outcome: OutOutcome, wake: Set<string>): void {
    const live = "state IN ('ready', 'sending', 'uncertain', 'parked')";
    const now = this.#now();
    switch (outcome.to) {
      case 'accepted':
      case 'confirmed':
        this.#sql.run(`UPDATE outbox SET state = ?, body = NULL, remote_id = ?, settled_at = ?, code = NULL, reason = NULL WHERE seq = ? AND ${live}`,
          outcome.to, outcome.remoteId, now, seq);
        this.#sql.run('UPDATE outbox SET told = 1 WHERE report = ?', seq);
        if (outcome.remoteId !== null) this.#wakeDelivery(seq, outcome.remoteId, wake);
        break;
      case 'ready':
        this.#sql.run(`UPDATE outbox SET state = 'ready', due_at = ?, tries = tries + ?, blocked_since = coalesce(blocked_since, ?), code = ?, reason = ?, wait_key = ? WHERE seq = ? AND ${live}`,
          outcome.dueAt, outcome.tried ? 1 : 0, outcome.tried ? now : null, outcome.code, outcome.reason, outcome.code.startsWith('media:') ? outcome.code : null, seq);
        break;
      case 'uncertain':
        this.#sql.run(`UPDATE outbox SET state = 'uncertain', due_at = ?, tries = tries + CASE WHEN state = 'sending' THEN 1 ELSE 0 END, blocked_since = coalesce(blocked_since, ?), code = ?, reason = ? WHERE seq = ? AND ${live}`,
          outcome.dueAt, now, outcome.code, outcome.reason, seq);
        break;
      case 'asked':
      case 'dead':
        // What came of Matrix can be fetched again by its event id; what came of a network cannot.
        this.#sql.run(`UPDATE outbox SET state = ?, body = CASE WHEN event IS NULL THEN body END, code = ?, reason = ?, settled_at = ? WHERE seq = ? AND ${live}`,
          outcome.to, outcome.code, outcome.reason, now, seq);
        break;
      case 'cancelled':
        this.#sql.run(`UPDATE outbox SET state = 'cancelled', body = NULL, reason = ?, settled_at = ?, told = 1 WHERE seq = ? AND ${live}`, outcome.reason, now, seq);
        break;
      case 'parked':
        if (mapped(this.#sql, outcome.key)) this.#sql.run(`UPDATE outbox SET state = 'ready', due_at = 0 WHERE seq = ? AND ${live}`, seq);
        else this.#sql.run(`UPDATE outbox SET state = 'parked', wait_key = ?, due_at = ? WHERE seq = ? AND ${live}`, outcome.key, outcome.until, seq);
        break;
    }
    this.#wakeLane(seq, wake);
  }

  /** Whether its own answer is still awaited. A delivery event may have come first: that stands. */
  isOpen(seq: OutboxSeq): boolean {
    return this.#sql.get("SELECT 1 FROM outbox WHERE seq = ? AND state IN ('ready', 'sending', 'uncertain', 'parked')", seq) !== undefined;
  }

  deliver(delivery: Delivery, wake: Set<string>): void {
    if (this.#sql.get('SELECT 1 FROM outbox WHERE seq = ? AND state = ?', delivery.seq, delivery.from) === undefined) throw new Stale('The row has gone on.');
    // News of a send that is to be repeated makes the repetition needless.
    const from = delivery.to === 'dead' ? "('sending', 'uncertain', 'asked', 'accepted')" : "('sending', 'uncertain', 'asked', 'dead', 'accepted', 'ready', 'parked')";
    this.#sql.run(`UPDATE outbox SET state = ?, body = NULL, remote_id = coalesce(remote_id, ?), code = ?, reason = ?, settled_at = ? WHERE seq = ? AND state IN ${from}`,
      delivery.to, delivery.remoteId, delivery.code ?? null, delivery.reason ?? null, this.#now(), delivery.seq);
    // One that was accepted has left its lane.
    if (delivery.from !== 'accepted') this.#wakeLane(delivery.seq, wake);
  }

  /** After a stop without warning nobody knows what became of the calls under way. */
  recover(restored: boolean): number {
    const sending = this.#sql.run("UPDATE outbox SET state = 'uncertain', due_at = 0, code = 'restart', reason = 'The bridge was stopped while this was being sent.' WHERE state IN ('ready', 'sending', 'uncertain') AND state = 'sending'");
    // Whoever gave a command has seen what came of it.
    if (restored) this.#sql.run("UPDATE outbox SET state = 'cancelled', body = NULL, settled_at = ?, told = 1 WHERE kind = 'command' AND state IN ('ready', 'uncertain')", this.#now());
    return sending + (restored ? this.#sql.run("UPDATE outbox SET state = 'uncertain', due_at = 0, sent_at = created_at, code = 'restored', reason = ? WHERE state = 'ready'", RESTORED) : 0);
  }

  expire(now: Millis, wake: Set<string>): void {
    const rows = this.#sql.all<{ seq: number; lane: string }>("SELECT seq, lane FROM outbox WHERE wait_key IS NOT NULL AND state = 'parked' AND due_at <= ?", now);
    for (const { seq, lane } of rows) {
      this.#sql.run("UPDATE outbox SET state = 'ready', wait_key = NULL, code = 'target_missing' WHERE seq = ?", seq);
      wake.add(lane);
    }
  }

  retry(seq: OutboxSeq, task: NetworkTask | MatrixTask | null, wake: Set<string>): void {
    const row = this.#sql.get<{ lane: string; body: Buffer | null }>("SELECT lane, body FROM outbox WHERE seq = ? AND state IN ('dead', 'asked')", seq);
    if (!row) return;
    if (task === null && row.body === null) return;
    if (task !== null) this.#sql.run('UPDATE outbox SET body = ? WHERE seq = ?', this.#seal.seal(task), seq);
    again(this.#sql, seq, this.#now());
    wake.add(row.lane);
  }

  /** Returns the spool entries that nothing needs any more. */
  prune(now: Millis, keep: Keep): readonly string[] {
    this.#sql.run("UPDATE outbox SET state = 'confirmed' WHERE state = 'accepted' AND settled_at < ?", now - keep.accepted);
    this.#sql.run("UPDATE outbox SET body = NULL WHERE state = 'dead' AND body IS NOT NULL AND settled_at < ?", now - keep.deadContent);
    this.#sql.run("UPDATE inbox SET body = NULL WHERE state = 'dead' AND body IS NOT NULL AND received_at < ?", now - keep.deadContent);
    this.#sql.run("DELETE FROM outbox WHERE state IN ('confirmed', 'accepted', 'cancelled') AND settled_at < ?", now - keep.settled);
    this.#sql.run("DELETE FROM inbox WHERE source = 'to-device' AND received_at < ?", now - keep.settled);
    this.#sql.run('DELETE FROM link WHERE expires_at < ?', now);
    if (keep.seen !== null && this.#sql.run('DELETE FROM seen WHERE at < ?', now - keep.seen) > 0) {
      setMeta(this.#sql, 'forgotten_before', String(now - keep.seen));
    }
    this.#forgetRoomEvents();
    return this.#dropFiles(now - keep.deadContent);
  }

  /** Before the oldest open thing of all, a room's read position needs only its newest event, and those that can be sent again. */
  #forgetRoomEvents(): void {
    const { open } = this.#sql.get<{ open: number }>(`SELECT coalesce(min(seq), ${Number.MAX_SAFE_INTEGER}) AS open FROM (
      SELECT min(seq) AS seq FROM inbox WHERE room IS NOT NULL AND state <> 'dead' UNION ALL
      SELECT min(origin_seq) FROM outbox WHERE state IN ('ready', 'sending', 'uncertain', 'parked')) AS unsettled`) ?? { open: 0 };
    this.#sql.run(`DELETE FROM room_event WHERE seq < ? AND seq NOT IN (SELECT max(seq) FROM room_event WHERE seq < ? GROUP BY room)
      AND seq NOT IN (SELECT origin_seq FROM outbox WHERE state IN ('dead', 'asked', 'uncertain') AND origin_seq IS NOT NULL)`, open, open);
  }

  /** Files of what is over, and fetched ones that no row came to use. */
  #dropFiles(before: Millis): readonly string[] {
    const over = "spool IS NOT NULL AND state NOT IN ('ready', 'sending', 'uncertain', 'parked')";
    const files = this.#sql.all<{ spool: string }>(`SELECT spool FROM outbox WHERE ${over} UNION SELECT spool FROM media WHERE spool IS NOT NULL AND (state = 'over' OR created_at < ?)`, before);
    this.#sql.run(`UPDATE outbox SET spool = NULL WHERE ${over}`);
    this.#sql.run("DELETE FROM media WHERE state = 'over' OR (state <> 'wanted' AND created_at < ?)", before);
    return files.map(({ spool }) => spool);
  }

  #wakeDelivery(seq: OutboxSeq, remoteId: string, wake: Set<string>): void {
    const account = this.#sql.get<{ account: AccountId | null }>('SELECT account FROM outbox WHERE seq = ?', seq)?.account;
    if (account == null) return;
    wakeParked(this.#sql, 'inbox', deliveredKey(account, remoteId), wake);
  }

  #wakeLane(seq: OutboxSeq, wake: Set<string>): void {
    const row = this.#sql.get<{ lane: string; kind: string; key: string }>('SELECT lane, kind, key FROM outbox WHERE seq = ?', seq);
    if (!row) return;
    wake.add(row.lane);
    if (row.kind === 'verify' && mapped(this.#sql, verifiedKey(row.key))) wakeParked(this.#sql, 'inbox', verifiedKey(row.key), wake);
  }
}
