import type { EventId, Millis, PersonRow, RoomId, UserId } from '../../model/ids.ts';
import type { Seal } from '../seal.ts';
import type { Erased, Erasure, ErasureEvent, ErasureRoom, ErasureWish } from '../privacy.ts';
import type { Consent } from './consent.ts';
import type { Sql, Value } from './driver.ts';
import { insert, remarked } from './statements.ts';

/** Rows that were deleted while somebody may still have them in hand. */
export interface Gone {
  readonly inbox: readonly number[];
  readonly outbox: readonly number[];
}

/** What is to be done on the homeserver, as it is sealed. */
interface Plan {
  readonly redact: boolean;
  /** By the row that each had: events name it. */
  readonly ghosts: Readonly<Record<number, string>>;
  readonly rooms: readonly ErasureRoom[];
}

interface Row {
  readonly seq: number;
  readonly body: Buffer | null;
}

/** Under which hashes of erased ghosts stand among those of what was seen. */
export const ERASED = 'erased';

/** Counts what goes, by table. */
class Tally {
  readonly rows: Record<string, number> = {};
  readonly spool = new Set<string>();
  readonly inbox: number[] = [];
  readonly outbox: number[] = [];

  count(table: string, changes: number): void {
    if (changes > 0) this.rows[table] = (this.rows[table] ?? 0) + changes;
  }
}

/** Forgets people: of a network, or of Matrix. */
export class Erasing {
  readonly #sql: Sql;
  readonly #seal: Seal;
  readonly #consent: Consent;
  readonly #now: () => Millis;

  constructor(sql: Sql, seal: Seal, consent: Consent, now: () => Millis) {
    this.#sql = remarked(sql, 'erasure');
    this.#seal = seal;
    this.#consent = consent;
    this.#now = now;
  }

  people(network: string, id: string): readonly PersonRow[] {
    return this.#sql.all<{ person: PersonRow }>('SELECT DISTINCT person FROM person_id WHERE network = ? AND value = ? ORDER BY person', network, id).map(({ person }) => person);
  }

  person(given: PersonRow, wish: ErasureWish): Erased & { readonly gone: Gone } {
    const row = this.#sql.get<{ id: number }>('SELECT coalesce(merged, id) AS id FROM person WHERE id = ?', given)?.id;
    const tally = new Tally();
    if (row === undefined) return this.#erased(tally);
    const people = this.#numbers('SELECT id AS number FROM person WHERE id = ? OR merged = ?', row, row);
    const chats = people.flatMap((person) => this.#numbers("SELECT id AS number FROM conversation WHERE person = ? AND kind = 'direct'", person))
      .flatMap((chat) => this.#numbers('SELECT id AS number FROM conversation WHERE id = ? OR merged = ?', chat, chat));
    const portals = [...new Set(chats.flatMap((chat) => this.#numbers('SELECT id AS number FROM portal WHERE conversation = ?', chat)))];
    this.#optOut(row, wish);
    this.#plan(people, portals, wish);
    this.#lastWords(people);
    this.#waiting(people, chats, portals, tally);
    this.#mappings(people, portals, tally);
    this.#chats(new Set(chats), portals, tally);
    this.#names(people, tally);
    return this.#erased(tally);
  }

  /** Somebody who asked not to be bridged is not to be bridged by being forgotten. */
  #optOut(row: number, { stop }: ErasureWish): void {
    const found = this.#sql.get<{ network: string; stopped: Millis | null }>('SELECT network, stopped FROM person WHERE id = ?', row);
    if (found === undefined || (!stop && found.stopped === null)) return;
    const ids = this.#sql.all<{ scope: string; value: string }>('SELECT scope, value FROM person_id WHERE person = ?', row);
    for (const { scope, value } of ids) this.#consent.remember(found.network, scope, [value], found.stopped ?? this.#now());
  }

  #plan(people: readonly number[], portals: readonly number[], { redact }: ErasureWish): void {
    const ghosts = people.flatMap((id) => this.#sql.all<{ id: number; localpart: string }>('SELECT id, localpart FROM person WHERE id = ? AND registered = 1', id));
    const rooms = this.#ghostRooms(ghosts.map(({ localpart }) => localpart), new Set(portals.flatMap((portal) => this.#ownRoom(portal, portals))));
    const plan: Plan = { redact, ghosts: Object.fromEntries(ghosts.map(({ id, localpart }) => [id, localpart])), rooms };
    if (ghosts.length === 0 && rooms.length === 0) return;
    const id = insert(this.#sql, 'id', 'INSERT INTO erasure (at, body, total) VALUES (?, ?, 0)', this.#now(), this.#seal.seal(plan));
    if (!redact) return;
    for (const person of people) this.#toRedact(id, person);
    this.#sql.run('UPDATE erasure SET total = (SELECT count(*) FROM erasure_event WHERE erasure = ?) WHERE id = ?', id, id);
  }

  /** The room of a portal, where it holds nothing but chats with the one who is erased. */
  #ownRoom(portal: number, portals: readonly number[]): readonly number[] {
    const [room] = this.#numbers('SELECT room AS number FROM portal WHERE id = ?', portal);
    if (room === undefined) return [];
    return this.#numbers("SELECT id AS number FROM portal WHERE room = ? AND (state <> 'closed' OR merged IS NOT NULL)", room).every((other) => portals.includes(other)) ? [room] : [];
  }

  #ghostRooms(localparts: readonly string[], direct: ReadonlySet<number>): readonly ErasureRoom[] {
    const rooms = new Map<number, { id: RoomId; direct: boolean; ghosts: string[] }>();
    const add = (room: number, ghost?: string): void => {
      const found = this.#sql.get<{ room_id: string | null; created_by_us: number }>('SELECT room_id, created_by_us FROM room WHERE id = ?', room);
      if (found?.room_id == null) return;
      const known = rooms.get(room) ?? { id: found.room_id as RoomId, direct: direct.has(room) && found.created_by_us === 1, ghosts: [] };
      rooms.set(room, known);
      if (ghost !== undefined) known.ghosts.push(ghost);
    };
    for (const room of direct) add(room);
    for (const ghost of localparts) {
      for (const room of this.#numbers(`SELECT room AS number FROM member WHERE ${isGhost('"user"')} AND membership IN ('join', 'invite')`, ...ghostValues(ghost))) add(room, ghost);
    }
    return [...rooms.values()];
  }

  /** What they wrote, what their edits of it kept of their own, and their reactions. */
  #toRedact(erasure: number, person: number): void {
    const into = 'INSERT INTO erasure_event (erasure, event_id, room_id, person)';
    this.#sql.run(`${into} SELECT DISTINCT CAST(? AS BIGINT), m.event_id, r.room_id, CAST(? AS BIGINT) FROM message_map m JOIN portal p ON p.id = m.portal JOIN room r ON r.id = p.room
      WHERE m.author = ? AND m.origin = 'network' AND r.room_id IS NOT NULL ON CONFLICT DO NOTHING`, erasure, person, String(person));
    this.#sql.run(`${into} SELECT DISTINCT CAST(? AS BIGINT), o.remote_id, r.room_id, CAST(? AS BIGINT) FROM outbox o JOIN room r ON r.id = o.room
      WHERE o.person = ? AND o.kind IN ('message', 'reaction', 'vote') AND o.remote_id IS NOT NULL AND r.room_id IS NOT NULL ON CONFLICT DO NOTHING`, erasure, person, person);
    this.#sql.run(`${into} SELECT DISTINCT CAST(? AS BIGINT), a.event_id, r.room_id, CAST(? AS BIGINT) FROM reaction a JOIN portal p ON p.id = a.portal JOIN room r ON r.id = p.room
      WHERE a.actor = ? AND a.event_id IS NOT NULL AND r.room_id IS NOT NULL ON CONFLICT DO NOTHING`, erasure, person, String(person));
  }

  /** A group keeps the id of its newest message, which is theirs unless it is known to be somebody else's. */
  #lastWords(people: readonly number[]): void {
    for (const person of people) {
      const groups = new Set([
        ...this.#numbers('SELECT DISTINCT conversation AS number FROM inbox WHERE person = ? AND conversation IS NOT NULL', person),
        ...this.#numbers("SELECT DISTINCT p.conversation AS number FROM message_map m JOIN portal p ON p.id = m.portal WHERE m.author = ? AND m.origin = 'network'", String(person)),
      ]);
      for (const group of groups) {
        this.#sql.run(`UPDATE conversation SET last_inbound_id = NULL, last_inbound_at = NULL WHERE id = ? AND NOT EXISTS (
          SELECT 1 FROM message_map m JOIN portal p ON p.id = m.portal WHERE p.conversation = conversation.id AND m.remote_id = conversation.last_inbound_id AND m.author <> ?)`, group, String(person));
      }
    }
  }

  /** What is on its way or was given up, either way, and its files. */
  #waiting(people: readonly number[], chats: readonly number[], portals: readonly number[], tally: Tally): void {
    for (const person of people) {
      this.#dropInbox('person = ?', [person], tally);
      this.#dropOutbox('person = ?', [person], tally);
      // Of what is settled only the id of their message is left.
      this.#dropOutbox("(portal, remote_ref) IN (SELECT portal, remote_id FROM message_map WHERE author = ? AND origin = 'network')", [String(person)], tally);
    }
    for (const chat of chats) this.#dropInbox('conversation = ?', [chat], tally);
    // What they said in a room with chats of other networks went there as what a Matrix user says.
    for (const ghost of this.#ghostsOf(people)) this.#dropOutbox(isGhost('sender'), ghostValues(ghost), tally);
    for (const portal of portals) {
      for (const column of ['event', 'shows_event']) tally.count('link', this.#sql.run(`DELETE FROM link WHERE ${column} IN (SELECT event_id FROM message_map WHERE portal = ?)`, portal));
      this.#dropOutbox('portal = ?', [portal], tally);
    }
  }

  #dropInbox(where: string, values: readonly Value[], tally: Tally): void {
    const rows = this.#sql.all<Row & { media: string | null }>(`SELECT seq, media, body FROM inbox WHERE ${where}`, ...values);
    for (const { media } of rows) for (const job of Object.values(JSON.parse(media ?? '{}') as Record<string, number>)) this.#dropMedia(job, tally);
    tally.inbox.push(...rows.map(({ seq }) => seq));
    tally.count('inbox', this.#sql.run(`DELETE FROM inbox WHERE ${where}`, ...values));
  }

  #dropOutbox(where: string, values: readonly Value[], tally: Tally): void {
    const rows = this.#sql.all<Row & { key: string; event: string | null; spool: string | null }>(`SELECT seq, key, event, spool, body FROM outbox WHERE ${where}`, ...values);
    for (const { key, event, spool, body } of rows) {
      const job = body === null ? undefined : this.#jobOf(body);
      if (job !== undefined) this.#dropMedia(job, tally);
      if (spool !== null) tally.spool.add(spool);
      tally.count('link', this.#sql.run('DELETE FROM link WHERE key = ?', key) + (event === null ? 0 : this.#sql.run('DELETE FROM link WHERE event = ?', event)));
    }
    tally.outbox.push(...rows.map(({ seq }) => seq));
    tally.count('outbox', this.#sql.run(`DELETE FROM outbox WHERE ${where}`, ...values));
  }

  #jobOf(body: Buffer): number | undefined {
    try {
      return (this.#seal.open(body) as { media?: { job?: number } }).media?.job;
    } catch {
      return undefined;
    }
  }

  #dropMedia(job: number, tally: Tally): void {
    const spool = this.#sql.get<{ spool: string | null }>('SELECT spool FROM media WHERE id = ?', job)?.spool;
    if (spool != null) tally.spool.add(spool);
    tally.count('media', this.#sql.run('DELETE FROM media WHERE id = ?', job));
  }

  #mappings(people: readonly number[], portals: readonly number[], tally: Tally): void {
    for (const author of people.map(String)) {
      const theirs = "(SELECT portal, remote_id FROM message_map WHERE author = ? AND origin = 'network')";
      tally.count('reaction', this.#sql.run('DELETE FROM reaction WHERE actor = ?', author));
      tally.count('reaction', this.#sql.run(`DELETE FROM reaction WHERE (portal, target) IN ${theirs}`, author));
      tally.count('thread', this.#sql.run(`DELETE FROM thread WHERE (portal, root) IN ${theirs}`, author));
      tally.count('message_map', this.#sql.run("DELETE FROM message_map WHERE author = ? AND origin = 'network'", author));
    }
    for (const ghost of this.#ghostsOf(people)) {
      tally.count('reaction', this.#sql.run(`DELETE FROM reaction WHERE ${isGhost('actor')}`, ...ghostValues(ghost)));
      tally.count('message_map', this.#sql.run(`DELETE FROM message_map WHERE ${isGhost('author')}`, ...ghostValues(ghost)));
    }
    for (const portal of portals) for (const table of ['message_map', 'reaction', 'thread']) tally.count(table, this.#sql.run(`DELETE FROM ${table} WHERE portal = ?`, portal));
  }

  /** The chats with them. Their rooms stay with whoever is in them, without a name, and are no longer bridged. */
  #chats(chats: ReadonlySet<number>, portals: readonly number[], tally: Tally): void {
    const own = new Set(portals.flatMap((portal) => this.#ownRoom(portal, portals)));
    for (const portal of portals) this.#sql.run('UPDATE portal SET merged = NULL WHERE merged = ?', portal);
    for (const portal of portals) tally.count('portal', this.#sql.run('DELETE FROM portal WHERE id = ?', portal));
    for (const room of own) {
      // What was to make it has nothing to make any more.
      this.#dropOutbox("room = ? AND EXISTS (SELECT 1 FROM room WHERE id = outbox.room AND state = 'creating')", [room], tally);
      this.#sql.run('UPDATE room SET name = NULL, topic = NULL, picture = NULL WHERE id = ?', room);
    }
    for (const chat of chats) this.#sql.run('UPDATE conversation SET merged = NULL WHERE merged = ?', chat);
    for (const chat of chats) {
      this.#sql.run('DELETE FROM conversation_id WHERE conversation = ?', chat);
      tally.count('filter', this.#sql.run('DELETE FROM filter WHERE target = ?', `c${chat}`));
      tally.count('conversation', this.#sql.run('DELETE FROM conversation WHERE id = ?', chat));
    }
  }

  #names(people: readonly number[], tally: Tally): void {
    for (const ghost of this.#ghostsOf(people)) this.#sql.run('INSERT INTO seen (hash, at) VALUES (?, ?) ON CONFLICT DO NOTHING', this.#seal.hash(ERASED, ghost), this.#now());
    for (const ghost of this.#ghostsOf(people)) tally.count('member', this.#sql.run(`DELETE FROM member WHERE ${isGhost('"user"')}`, ...ghostValues(ghost)));
    for (const person of people) {
      this.#sql.run('UPDATE conversation SET person = NULL WHERE person = ?', person);
      this.#sql.run('DELETE FROM person_id WHERE person = ?', person);
      tally.count('filter', this.#sql.run('DELETE FROM filter WHERE target = ?', `p${person}`));
      this.#sql.run('UPDATE person SET merged = NULL WHERE merged = ?', person);
    }
    for (const person of people) tally.count('person', this.#sql.run('DELETE FROM person WHERE id = ?', person));
  }

  list(): readonly Erasure[] {
    return this.#sql.all<{ id: number; at: Millis; body: Buffer; total: number }>('SELECT id, at, body, total FROM erasure ORDER BY id').map(({ id, at, body, total }) => {
      const { redact, ghosts, rooms } = this.#seal.open(body) as Plan;
      const left = this.#sql.get<{ n: number }>('SELECT count(*) AS n FROM erasure_event WHERE erasure = ?', id)?.n ?? 0;
      return { id, at, redact, ghosts: Object.values(ghosts), rooms, left, of: total };
    });
  }

  events(erasure: number, limit: number): readonly ErasureEvent[] {
    const found = this.#sql.get<{ body: Buffer }>('SELECT body FROM erasure WHERE id = ?', erasure);
    if (found === undefined) return [];
    const { ghosts } = this.#seal.open(found.body) as Plan;
    return this.#sql.all<{ event_id: string; room_id: string; person: number }>('SELECT event_id, room_id, person FROM erasure_event WHERE erasure = ? ORDER BY event_id LIMIT ?', erasure, limit)
      .map(({ event_id: event, room_id: room, person }) => ({ event: event as EventId, room: room as RoomId, ghost: ghosts[person] ?? '' }));
  }

  redacted(erasure: number, events: readonly EventId[]): void {
    for (const event of events) this.#sql.run('DELETE FROM erasure_event WHERE erasure = ? AND event_id = ?', erasure, event);
  }

  /** What a step under way wrote down of their ghosts meanwhile goes, too; not where they have come back. */
  done(erasure: number): void {
    const found = this.#sql.get<{ body: Buffer }>('SELECT body FROM erasure WHERE id = ?', erasure);
    if (found === undefined) return;
    for (const ghost of Object.values((this.#seal.open(found.body) as Plan).ghosts)) {
      if (this.#sql.get('SELECT 1 FROM person WHERE localpart = ?', ghost) === undefined) this.#sql.run(`DELETE FROM member WHERE ${isGhost('"user"')}`, ...ghostValues(ghost));
    }
    this.#sql.run('DELETE FROM erasure_event WHERE erasure = ?', erasure);
    this.#sql.run('DELETE FROM erasure WHERE id = ?', erasure);
  }

  user(user: UserId): Erased & { readonly gone: Gone } {
    const tally = new Tally();
    for (const column of ['event', 'shows_event']) {
      tally.count('link', this.#sql.run(`DELETE FROM link WHERE ${column} IN (SELECT event_id FROM message_map WHERE author = ?) OR ${column} IN (SELECT event FROM outbox WHERE sender = ?)`, user, user));
    }
    // What is being sent this moment has an outcome to come, which nobody is told of.
    this.#sql.run("UPDATE outbox SET sender = NULL WHERE sender = ? AND state IN ('sending', 'uncertain')", user);
    this.#dropOutbox('sender = ?', [user], tally);
    this.#dropHeard(user, tally);
    tally.count('reaction', this.#sql.run('DELETE FROM reaction WHERE actor = ?', user));
    tally.count('message_map', this.#sql.run('DELETE FROM message_map WHERE author = ?', user));
    tally.count('filter', this.#sql.run('DELETE FROM filter WHERE "user" = ?', user));
    // Of what was logged out the name stays taken: conversations of another account must not become this one's.
    tally.count('account', this.#sql.run("UPDATE account SET owner = '', remote_id = '' WHERE owner = ? AND state = 'gone'", user));
    // That they are in a room is what makes it work, for as long as they are.
    tally.count('member', this.#sql.run("DELETE FROM member WHERE \"user\" = ? AND membership NOT IN ('join', 'invite')", user)
      + this.#sql.run('UPDATE member SET name = NULL, picture = NULL WHERE "user" = ?', user));
    return this.#erased(tally);
  }

  /** Who sent it stands only inside. */
  #dropHeard(user: UserId, tally: Tally): void {
    const sent = ({ body }: Row): boolean => {
      try {
        return body !== null && (this.#seal.open(body) as { sender?: unknown }).sender === user;
      } catch {
        return false;
      }
    };
    for (const row of this.#sql.all<Row>('SELECT seq, body FROM inbox WHERE room IS NOT NULL').filter(sent)) this.#dropInbox('seq = ?', [row.seq], tally);
  }

  #ghostsOf(people: readonly number[]): readonly string[] {
    return people.flatMap((person) => this.#sql.all<{ localpart: string }>('SELECT localpart FROM person WHERE id = ?', person).map(({ localpart }) => localpart));
  }

  #erased({ rows, spool, inbox, outbox }: Tally): Erased & { readonly gone: Gone } {
    return { rows, spool: [...spool], gone: { inbox, outbox } };
  }

  #numbers(text: string, ...values: readonly Value[]): number[] {
    return this.#sql.all<{ number: number }>(text, ...values).map(({ number }) => number);
  }
}

/** A user id begins with the ghost's localpart; which server's, the store does not know. */
const isGhost = (column: string): string => `substr(${column}, 1, CAST(? AS INTEGER)) = ?`;
const ghostValues = (localpart: string): readonly [number, string] => [Array.from(localpart).length + 2, `@${localpart}:`];
