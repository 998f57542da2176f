import type { AccountId, ConversationRow, InboxSeq, Millis, OutboxSeq, PersonRow, PortalRow, RoomRow, UserId } from '../../model/ids.ts';
import type { Seal } from '../seal.ts';
import { type Effect, type NewOutbox, partKey, type Room, Stale } from '../store.ts';
import type { Consent } from './consent.ts';
import { learnId, type LocalpartOf, resolveConversation, resolvePerson } from './people.ts';
import { again, RESTORED, toTail } from './outbox.ts';
import type { Sql } from './driver.ts';
import { countLeftOut, setFilter } from './filters.ts';
import { inSpaces, intoSpaces } from './spaces.ts';
import { handOver, insert, setMeta, wakeParked } from './statements.ts';

/** Applies effects inside the caller's transaction and collects the lanes that they woke. */
export class Effects {
  readonly #sql: Sql;
  readonly #seal: Seal;
  readonly #localpartOf: LocalpartOf;
  readonly #now: () => Millis;
  readonly #consent: Consent;

  constructor(sql: Sql, seal: Seal, localpartOf: LocalpartOf, consent: Consent, now: () => Millis) {
    this.#sql = sql;
    this.#seal = seal;
    this.#localpartOf = localpartOf;
    this.#now = now;
    this.#consent = consent;
  }

  apply(effects: readonly Effect[], origin: InboxSeq | null, wake: Set<string>): void {
    for (const effect of effects) this.#one(effect, origin, wake);
  }

  #one(effect: Effect, origin: InboxSeq | null, wake: Set<string>): void {
    switch (effect.do) {
      case 'send': return this.#send(effect.row, origin, wake);
      case 'cancel': return this.#cancel(effect);
      case 'replace': return this.#replace(effect, wake);
      case 'proven': return this.#proven(effect, wake);
      case 'map': return this.#map(effect.row, wake);
      case 'unmap': return this.#unmap(effect);
      case 'thread':
        this.#sql.run('INSERT INTO thread (portal, root, event_id, last_event) VALUES (?, ?, ?, ?) ON CONFLICT (portal, root) DO UPDATE SET last_event = excluded.last_event',
          effect.row.portal, effect.row.root, effect.row.eventId, effect.row.last);
        return;
      case 'react': return this.#react(effect.row);
      case 'reacted':
        this.#sql.run('UPDATE reaction SET event_id = ? WHERE key = ?', effect.eventId, effect.key);
        return;
      case 'unreact': return this.#unreact(effect);
      case 'member': return this.#member(effect);
      case 'room': return this.#room(effect.room, effect.change, wake);
      case 'person': return this.#person(effect);
      case 'consent': return this.#consent.set(effect.person, effect.stopped);
      case 'facts': return this.#facts(effect, origin, wake);
      case 'portal': return this.#portal(effect, origin, wake);
      case 'portalIn': return this.#portalIn(effect, wake);
      case 'relay':
        this.#sql.run('UPDATE portal SET relay = ? WHERE id = ?', effect.on ? 1 : 0, effect.portal);
        return;
      case 'managementRoom': return this.#managementRoom(effect.invite, origin, wake);
      case 'portalState':
        this.#sql.run('UPDATE portal SET state = ? WHERE id = ?', effect.state, effect.portal);
        return;
      case 'handled':
        this.#sql.run('DELETE FROM inbox WHERE seq = ?', effect.seq);
        return;
      case 'handOver':
        this.#sql.run('UPDATE portal SET account = ? WHERE id = ?', effect.account, effect.portal);
        this.#sql.run('UPDATE conversation SET account = ? WHERE id = (SELECT conversation FROM portal WHERE id = ?)', effect.account, effect.portal);
        return;
      case 'close': return this.#close(effect, origin, wake);
      case 'filter': return setFilter(this.#sql, effect);
      case 'leftOut': return countLeftOut(this.#sql, effect.conversation, effect.person);
      case 'space': return intoSpaces(this.#sql, effect.account, effect.users, effect.child, this.#now(), (row) => this.#send(row, null, wake));
      case 'follow': return this.#follow(effect, wake);
      case 'moved': return this.#moved(effect, wake);
      case 'alias': return learnId(this.#sql, effect.conversation, effect.alias, wake);
      case 'link': return this.#link(effect);
      case 'unlink':
        this.#sql.run('DELETE FROM link WHERE event = ? OR shows_event = ?', effect.event, effect.event);
        return;
      case 'dropMedia':
        // Its file is removed by whoever has it in hand, else when the store is pruned.
        this.#sql.run("UPDATE media SET state = 'over', body = NULL WHERE id = ? AND spool IS NOT NULL", effect.media);
        this.#sql.run('DELETE FROM media WHERE id = ? AND spool IS NULL', effect.media);
        return;
      case 'meta': return setMeta(this.#sql, effect.key, effect.value);
    }
  }

  #cancel({ seq, reason }: Extract<Effect, { do: 'cancel' }>): void {
    const cancelled = this.#sql.run("UPDATE outbox SET state = 'cancelled', body = NULL, reason = ?, settled_at = ?, told = 1 WHERE seq = ? AND state IN ('ready', 'parked', 'asked', 'dead')",
      reason, this.#now(), seq);
    if (cancelled === 0 && !this.#isCancelled(seq)) throw new Stale('The row has been begun.');
  }

  #replace({ seq, task }: Extract<Effect, { do: 'replace' }>, wake: Set<string>): void {
    const replaced = this.#sql.run(`UPDATE outbox SET body = ?, edition = edition + 1, due_at = CASE WHEN state = 'parked' THEN 0 ELSE due_at END,
      wait_key = NULL, state = 'ready' WHERE seq = ? AND state IN ('ready', 'parked')`, this.#seal.seal(task), seq);
    if (replaced === 0) throw new Stale('The row has been begun.');
    this.#wakeLaneOf(seq, wake);
  }

  #proven({ seq, remoteId }: Extract<Effect, { do: 'proven' }>, wake: Set<string>): void {
    this.#sql.run("UPDATE outbox SET state = 'accepted', body = NULL, remote_id = ?, settled_at = ?, code = NULL, reason = NULL WHERE seq = ? AND state IN ('sending', 'uncertain', 'asked', 'dead')",
      remoteId, this.#now(), seq);
    this.#sql.run('UPDATE outbox SET told = 1 WHERE report = ?', seq);
    this.#wakeLaneOf(seq, wake);
  }

  #unmap({ portal, remoteId, part }: Extract<Effect, { do: 'unmap' }>): void {
    if (part !== undefined) {
      this.#sql.run('DELETE FROM message_map WHERE portal = ? AND remote_id = ? AND in_part = ?', portal, remoteId, part);
      return;
    }
    // All parts are at least 0: said so, SQLite takes the index of remote ids and not the whole chat.
    this.#sql.run('DELETE FROM message_map WHERE portal = ? AND remote_id = ? AND out_part >= 0', portal, remoteId);
    this.#sql.run('DELETE FROM reaction WHERE portal = ? AND target = ?', portal, remoteId);
  }

  #react({ portal, target, actor, emoji, eventId, key, at }: Extract<Effect, { do: 'react' }>['row']): void {
    this.#sql.run(`INSERT INTO reaction (portal, target, actor, emoji, event_id, key, at) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (portal, target, actor, emoji) DO UPDATE SET event_id = excluded.event_id, key = excluded.key, at = excluded.at`,
      portal, target, actor, emoji, eventId, key, at);
  }

  #unreact({ portal, target, actor, emoji }: Extract<Effect, { do: 'unreact' }>): void {
    if (emoji === null) this.#sql.run('DELETE FROM reaction WHERE portal = ? AND target = ? AND actor = ?', portal, target, actor);
    else this.#sql.run('DELETE FROM reaction WHERE portal = ? AND target = ? AND actor = ? AND emoji = ?', portal, target, actor, emoji);
  }

  #member({ room, member }: Extract<Effect, { do: 'member' }>): void {
    this.#sql.run(`INSERT INTO member (room, "user", membership, has_left, name, picture) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (room, "user") DO UPDATE SET
      membership = excluded.membership, has_left = CASE excluded.membership WHEN 'join' THEN 0 WHEN 'leave' THEN 1 WHEN 'ban' THEN 1 ELSE member.has_left END,
      name = coalesce(excluded.name, member.name), picture = nullif(coalesce(excluded.picture, member.picture), '')`,
      room, member.user, member.membership, member.membership === 'leave' || member.membership === 'ban' ? 1 : 0, member.name, member.picture === null ? '' : (member.picture ?? null));
  }

  #person({ person, change: { registered, shownName, shownPicture } }: Extract<Effect, { do: 'person' }>): void {
    if (registered !== undefined) this.#sql.run('UPDATE person SET registered = ? WHERE id = ?', registered ? 1 : 0, person);
    if (shownName !== undefined) this.#sql.run('UPDATE person SET shown_name = ? WHERE id = ?', shownName, person);
    if (shownPicture !== undefined) this.#sql.run('UPDATE person SET shown_picture = ? WHERE id = ?', shownPicture, person);
  }

  #link({ row, expiresAt }: Extract<Effect, { do: 'link' }>): void {
    this.#sql.run(`INSERT INTO link (key, event, shows_event, expires_at)
      SELECT key, event, shows_event, CAST(? AS BIGINT) FROM outbox WHERE seq = ? AND event IS NOT NULL AND body IS NOT NULL
      ON CONFLICT (key) DO UPDATE SET event = excluded.event, shows_event = excluded.shows_event, expires_at = excluded.expires_at`, expiresAt, row);
  }

  #isCancelled(seq: OutboxSeq): boolean {
    return this.#sql.get("SELECT 1 FROM outbox WHERE seq = ? AND state = 'cancelled'", seq) !== undefined;
  }

  /**
   * Before something is written for the room of a portal.
   * @throws Stale where the portal was closed since that was decided
   */
  #ready(portal: PortalRow, wake: Set<string>): void {
    const found = this.#sql.get<{ state: string; room: number; made: string }>('SELECT portal.state, portal.room, room.state AS made FROM portal JOIN room ON room.id = portal.room WHERE portal.id = ?', portal);
    if (found === undefined || found.state === 'closed') throw new Stale('The portal has been closed, or erased.');
    if (found.made === 'creating' && this.#makeAgain(portal)) wake.add(`out:r${found.room}`);
  }

  /** A room that could not be made before can perhaps be now; the steps that follow died with it. */
  #makeAgain(portal: PortalRow): boolean {
    if (this.#sql.get("SELECT 1 FROM outbox WHERE key = ? AND state = 'dead'", `create.${portal}`) === undefined) return false;
    const steps = this.#sql.all<{ seq: number }>("SELECT seq FROM outbox WHERE (key = ? OR key = ? OR key = ? OR (key > ? AND key < ?)) AND state = 'dead' AND (body IS NOT NULL OR kind = 'create') ORDER BY seq",
      `create.${portal}`, `welcome.${portal}`, `enter.${portal}`, `invite.${portal}.`, `invite.${portal}/`);
    for (const { seq } of steps) again(this.#sql, seq, this.#now());
    return true;
  }

  #send(row: NewOutbox, origin: InboxSeq | null, wake: Set<string>): void {
    if (origin !== null && row.task.to === 'matrix' && row.portal !== undefined) this.#ready(row.portal, wake);
    const id = this.#sql.insert('seq',
      `INSERT INTO outbox (lane, kind, key, state, portal, room, account, event, sender, person, remote_ref, origin_seq, part, parts, body, due_at, created_at, wait_key, sent_at, reason, shows_event, shows_part)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
      row.lane, row.task.kind, row.key, row.park ? 'parked' : row.doubtful ? 'uncertain' : 'ready', row.portal ?? null, row.room ?? null, row.account ?? null, row.event ?? null, row.sender ?? null,
      'as' in row.task ? row.task.as : null, row.remoteRef ?? null, origin, row.part ?? 0, row.parts ?? 1, this.#seal.seal(row.task), row.park?.until ?? row.dueAt ?? 0, this.#now(), row.park?.key ?? null,
      row.doubtful ? this.#now() : null, row.doubtful ? RESTORED : null, row.shows?.event ?? null, row.shows?.part ?? null,
    );
    if (id === null) return;
    if (row.reports !== undefined) this.#sql.run('UPDATE outbox SET report = ?, told = 0 WHERE seq = ?', id, row.reports);
    wake.add(row.lane);
  }

  #map(row: Extract<Effect, { do: 'map' }>['row'], wake: Set<string>): void {
    const changes = this.#sql.run('INSERT INTO message_map (portal, event_id, out_part, remote_id, in_part, remote_time, origin, author, thread) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
      row.portal, row.eventId, row.outPart, row.remoteId, row.inPart, row.remoteTime, row.origin, row.author, row.thread ?? null);
    // Whoever parks looks whether the row is there in the same commit, so nobody waits for one that stands already.
    if (changes === 0) {
      this.#sql.run(`UPDATE message_map SET remote_time = CASE WHEN remote_time < ? THEN ? ELSE remote_time END, thread = coalesce(thread, ?)
        WHERE portal = ? AND event_id = ? AND out_part = ? AND remote_id = ? AND in_part = ?`, row.remoteTime, row.remoteTime, row.thread ?? null, row.portal, row.eventId, row.outPart, row.remoteId, row.inPart);
      return;
    }
    for (const key of [`e:${row.portal}:${row.eventId}`, partKey(row.portal, row.outPart, row.eventId), `m:${row.portal}:${row.remoteId}`]) {
      wakeParked(this.#sql, 'inbox', key, wake);
      wakeParked(this.#sql, 'outbox', key, wake);
    }
  }

  #wakeLaneOf(seq: number, wake: Set<string>): void {
    const row = this.#sql.get<{ lane: string }>('SELECT lane FROM outbox WHERE seq = ?', seq);
    if (row) wake.add(row.lane);
  }

  #room(row: RoomRow, change: Partial<Room>, wake: Set<string>): void {
    if (change.roomId !== undefined) this.#takeRoomId(row, change.roomId, wake);
    if (change.state !== undefined) this.#sql.run('UPDATE room SET state = ? WHERE id = ?', change.state, row);
    if (change.kind !== undefined) this.#sql.run('UPDATE room SET kind = ? WHERE id = ?', change.kind, row);
    if (change.encrypted !== undefined) this.#sql.run('UPDATE room SET encrypted = ? WHERE id = ?', change.encrypted ? 1 : 0, row);
    if (change.name !== undefined) this.#sql.run('UPDATE room SET name = ? WHERE id = ?', change.name, row);
    if (change.topic !== undefined) this.#sql.run('UPDATE room SET topic = ? WHERE id = ?', change.topic, row);
    if (change.picture !== undefined) this.#sql.run('UPDATE room SET picture = ? WHERE id = ?', change.picture, row);
    if (change.deserted !== undefined) this.#sql.run('UPDATE room SET deserted = ? WHERE id = ?', change.deserted, row);
    if (change.pinned !== undefined) this.#sql.run('UPDATE room SET pinned = ? WHERE id = ?', JSON.stringify(change.pinned), row);
    if (change.createdByUs !== undefined) this.#sql.run('UPDATE room SET created_by_us = ? WHERE id = ?', change.createdByUs ? 1 : 0, row);
    wake.add(`out:r${row}`);
  }

  /** The homeserver may have told of the room before our own answer came: what waits under that row moves to ours. */
  #takeRoomId(row: RoomRow, roomId: string | null, wake: Set<string>): void {
    const early = this.#sql.get<{ id: number }>('SELECT id FROM room WHERE room_id = ? AND id <> ?', roomId, row);
    if (early) {
      this.#sql.run('UPDATE inbox SET room = ?, lane = ? WHERE room = ?', row, `in:r${row}`, early.id);
      this.#sql.run('UPDATE room_event SET room = ? WHERE room = ?', row, early.id);
      handOver(this.#sql, 'member', 'room', ['"user"'], early.id, row);
      // What is settled stays as it is: nobody asks for it by its room.
      for (const open of ["state IN ('ready', 'sending', 'uncertain')", 'wait_key IS NOT NULL', "state IN ('dead', 'asked', 'uncertain')"]) {
        this.#sql.run(`UPDATE outbox SET room = ?, lane = ? WHERE room = ? AND lane = ? AND ${open}`, row, `out:r${row}`, early.id, `out:r${early.id}`);
      }
      this.#sql.run('UPDATE room SET last_event = (SELECT last_event FROM room WHERE id = ?), last_seq = (SELECT last_seq FROM room WHERE id = ?) WHERE id = ?', early.id, early.id, row);
      this.#sql.run('UPDATE portal SET room = ? WHERE room = ?', row, early.id);
      this.#sql.run('DELETE FROM room WHERE id = ?', early.id);
      wake.add(`in:r${row}`);
    }
    this.#sql.run('UPDATE room SET room_id = ? WHERE id = ?', roomId, row);
  }

  #portal(effect: Extract<Effect, { do: 'portal' }>, origin: InboxSeq | null, wake: Set<string>): void {
    if (this.#sql.get("SELECT 1 FROM portal WHERE conversation = ? AND state <> 'closed'", effect.conversation) !== undefined) return;
    const room = insert(this.#sql, 'id', "INSERT INTO room (state, kind, created_by_us, active_at) VALUES ('creating', 'portal', 1, ?)", this.#now()) as RoomRow;
    const portal = insert(this.#sql, 'id', 'INSERT INTO portal (room, conversation, account, state) VALUES (?, ?, ?, ?)',
      room, effect.conversation, effect.account, effect.backfill === true ? 'backfilling' : 'creating') as PortalRow;
    const lane = `out:r${room}`;
    this.#send({ lane, key: `create.${portal}`, room, task: { to: 'matrix', kind: 'create' } }, origin, wake);
    this.#send({ lane, key: `welcome.${portal}`, portal, room, task: { to: 'matrix', kind: 'welcome' } }, null, wake);
    const person = this.#sql.get<{ person: number | null }>('SELECT person FROM conversation WHERE id = ?', effect.conversation)?.person ?? null;
    if (person !== null) this.#send({ lane, key: `enter.${portal}`, room, task: { to: 'matrix', kind: 'enter', as: person as PersonRow } }, origin, wake);
    if (effect.backfill === true) {
      this.#send({ lane, key: `backfill.${portal}`, portal, room, account: effect.account, task: { to: 'matrix', kind: 'backfill', invite: effect.invite } }, origin, wake);
      return;
    }
    for (const user of effect.invite) {
      this.#send({ lane, key: `invite.${portal}.${user}`, room, task: { to: 'matrix', kind: 'invite', user } }, origin, wake);
    }
  }

  #portalIn({ room, conversation, account }: Extract<Effect, { do: 'portalIn' }>, wake: Set<string>): void {
    if (this.#sql.get("SELECT 1 FROM portal WHERE conversation = ? AND state <> 'closed'", conversation) !== undefined) throw new Stale('The conversation has a portal.');
    insert(this.#sql, 'id', "INSERT INTO portal (room, conversation, account, state, linked) VALUES (?, ?, ?, 'live', 1)", room, conversation, account);
    this.#sql.run("UPDATE room SET kind = 'portal' WHERE id = ?", room);
    wake.add(`in:c${conversation}`);
  }

  #facts({ network, account, conversation, people, into }: Extract<Effect, { do: 'facts' }>, origin: InboxSeq | null, wake: Set<string>): void {
    if (conversation !== undefined) resolveConversation(this.#sql, network, account, conversation, null, this.#now(), wake);
    for (const ref of people ?? []) {
      if (ref.isSelf === true || this.#consent.isErased(network, ref)) continue;
      const person = resolvePerson(this.#sql, network, ref, this.#localpartOf, this.#now());
      if (into !== undefined && !this.#consent.isStopped(person)) this.#send({ lane: `out:r${into.room}`, key: `enter.${into.portal}.${person}`, room: into.room, task: { to: 'matrix', kind: 'enter', as: person } }, origin, wake);
    }
  }

  /** The end of a room is no message's fault: those that wait for it are shown in the next, after the steps that make it. */
  #close(effect: Extract<Effect, { do: 'close' }>, origin: InboxSeq | null, wake: Set<string>): void {
    this.#sql.run("UPDATE portal SET state = 'closed' WHERE id = ?", effect.portal);
    const old = this.#sql.get<{ room: number; conversation: number; account: string }>('SELECT room, conversation, account FROM portal WHERE id = ?', effect.portal);
    if (old !== undefined) this.#spaces(old.account, this.#sql.get<{ room_id: string | null }>('SELECT room_id FROM room WHERE id = ?', old.room)?.room_id ?? null, null, wake);
    const waiting = old === undefined ? [] : this.#sql.all<{ seq: number }>(
      "SELECT seq FROM outbox WHERE portal = ? AND lane = ? AND kind = 'message' AND remote_ref IS NOT NULL AND state IN ('ready', 'parked') ORDER BY seq",
      effect.portal, `out:r${old.room}`);
    if (old === undefined || waiting.length === 0) return;
    this.#portal({ do: 'portal', conversation: old.conversation as ConversationRow, account: old.account as AccountId, invite: effect.invite }, origin, wake);
    const next = this.#sql.get<{ id: number; room: number }>("SELECT id, room FROM portal WHERE conversation = ? AND state <> 'closed'", old.conversation);
    if (next === undefined) return;
    for (const { seq } of waiting) {
      this.#sql.run(`UPDATE outbox SET seq = ${this.#sql.tail}, portal = ?, room = ?, lane = ? WHERE seq = ?`, next.id, next.room, `out:r${next.room}`, seq);
    }
    wake.add(`out:r${next.room}`);
  }

  #spaces(account: string, gone: string | null, came: string | null, wake: Set<string>): void {
    inSpaces(this.#sql, account, gone, false, (row) => this.#send(row, null, wake));
    inSpaces(this.#sql, account, came, true, (row) => this.#send(row, null, wake));
  }

  #follow({ room, into, via, key }: Extract<Effect, { do: 'follow' }>, wake: Set<string>): void {
    const lane = `out:r${room}`;
    const waiting = ["state IN ('ready', 'sending', 'uncertain') AND state = 'ready'", "wait_key IS NOT NULL AND state = 'parked'"]
      .flatMap((open) => this.#sql.all<{ seq: number; key: string }>(`SELECT seq, key FROM outbox WHERE lane = ? AND ${open}`, lane)).sort((a, b) => a.seq - b.seq);
    this.#send({ lane, key, room, task: { to: 'matrix', kind: 'follow', into, via } }, null, wake);
    for (const row of waiting) if (row.key !== key) toTail(this.#sql, row);
  }

  /** The old room keeps a row of its own: who writes there is told, and we have to leave it. */
  #moved({ room, into, leave }: Extract<Effect, { do: 'moved' }>, wake: Set<string>): void {
    const old = this.#sql.get<{ room_id: string | null }>('SELECT room_id FROM room WHERE id = ?', room)?.room_id ?? null;
    if (old === into) return;
    this.#sql.run("UPDATE room SET room_id = NULL, last_event = NULL, last_seq = NULL, settled_event = NULL, pinned = '[]' WHERE id = ?", room);
    const left = insert(this.#sql, 'id', "INSERT INTO room (room_id, state, kind, active_at) VALUES (?, 'live', 'portal', ?)", old, this.#now()) as RoomRow;
    for (const table of ['room_event', 'member']) this.#sql.run(`UPDATE ${table} SET room = ? WHERE room = ?`, left, room);
    this.#takeRoomId(room, into, wake);
    for (const { account } of this.#sql.all<{ account: string }>("SELECT DISTINCT account FROM portal WHERE room = ? AND state <> 'closed'", room)) this.#spaces(account, old, into, wake);
    for (const table of ['message_map', 'thread', 'reaction']) this.#sql.run(`DELETE FROM ${table} WHERE portal IN (SELECT id FROM portal WHERE room = ?)`, room);
    for (const as of [...leave, null]) {
      this.#send({ lane: `out:r${left}`, key: `left.${left}.${as ?? 'bot'}`, room: left, task: { to: 'matrix', kind: 'leave', as, reason: 'This room was replaced.' } }, null, wake);
    }
    wake.add(`in:r${room}`);
  }

  #managementRoom(invite: readonly UserId[], origin: InboxSeq | null, wake: Set<string>): void {
    const room = insert(this.#sql, 'id', "INSERT INTO room (state, kind, created_by_us, active_at) VALUES ('creating', 'management', 1, ?)", this.#now()) as RoomRow;
    const lane = `out:r${room}`;
    this.#send({ lane, key: `create.m${room}`, room, task: { to: 'matrix', kind: 'create' } }, origin, wake);
    for (const user of invite) {
      // At once, so that the room is found before the homeserver tells of the invitation.
      this.#sql.run('INSERT INTO member (room, "user", membership) VALUES (?, ?, \'invite\')', room, user);
      this.#send({ lane, key: `invite.m${room}.${user}`, room, task: { to: 'matrix', kind: 'invite', user } }, origin, wake);
    }
  }
}
