import { isMedia } from '../../model/content.ts';
import type { ConversationRef, MatrixEvent, NetworkEvent, PersonRef } from '../../model/events.ts';
import type { AccountId, ConversationRow, InboxSeq, Millis, NetworkId, PersonRow } from '../../model/ids.ts';
import type { Seal } from '../seal.ts';
import type { Accepted, InboxItem, MatrixBatch, NetworkBatch, OpenConversation } from '../store.ts';
import type { Consent } from './consent.ts';
import { BROKEN } from './inbox.ts';
import { namedIn } from '../../model/named.ts';
import { isKnown, joinIds, type LocalpartOf, replaceConversation, resolveConversation, resolvePerson } from './people.ts';
import type { Sql } from './driver.ts';
import { insert, setMeta } from './statements.ts';

/** Most to-device data that is kept. What clients send for encryption has a few thousand bytes each. */
const TO_DEVICE = { one: 65_536, count: 5_000, bytes: 16_777_216 } as const;

/** An index of PostgreSQL's takes up to 2,704 bytes. */
const LONGEST_KEY = 500;

/** Takes in what both sides send: dedupe, identities, inbox rows and media jobs, all in the caller's transaction. */
export class Intake {
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

  network(batch: NetworkBatch): Accepted {
    const wake = new Set<string>();
    const media: number[] = [];
    let fresh = 0;
    for (const { key, event } of batch.items) {
      if (!this.#isNew(batch.account, key)) continue;
      fresh += 1;
      const starts = batch.starts?.includes(key) === true && this.#startsAgain(batch.network, event);
      if (this.#consent.isOfErased(batch.network, event, personOf(event))) continue;
      const { conversation, person } = this.#identify(batch.network, batch.account, event, wake);
      if (starts && person !== null) this.#consent.set(person, this.#now());
      const lane = event.type === 'delivery' || conversation === null ? `status:${batch.account}` : `in:c${conversation}`;
      const jobs = this.#mediaJobs(batch.account, event, () => this.#isUnwanted(person, lane));
      media.push(...Object.values(jobs));
      this.#sql.run(
        `INSERT INTO inbox (source, key, lane, state, received_at, account, conversation, person, media, body)
         VALUES (?, ?, ?, 'ready', ?, ?, ?, ?, ?, ?)`,
        batch.account, key, lane, this.#now(), batch.account, conversation, person, JSON.stringify(jobs), this.#seal.seal(event),
      );
      wake.add(lane);
    }
    if (batch.cursor !== undefined) setMeta(this.#sql, `cursor:${batch.account}`, batch.cursor);
    return { wake: [...wake], fresh, duplicates: batch.items.length - fresh, media };
  }

  past(batch: NetworkBatch): { items: readonly InboxItem[]; wake: readonly string[]; media: readonly number[] } {
    const wake = new Set<string>();
    const items = batch.items.filter(({ event }) => !this.#consent.isOfErased(batch.network, event, personOf(event))).map(({ key, event }): InboxItem => {
      const { conversation, person } = this.#identify(batch.network, batch.account, event, wake);
      const media = this.#mediaJobs(batch.account, event, () => person !== null && this.#consent.isStopped(person));
      return {
        seq: 0 as InboxSeq, source: batch.account, key, lane: '', tries: 0, receivedAt: this.#now(), dueAt: 0,
        body: { side: 'network', account: batch.account, event, conversation, person, media },
      };
    });
    return { items, wake: [...wake], media: items.flatMap(({ body }) => (body.side === 'network' ? Object.values(body.media) : [])) };
  }

  matrix(batch: MatrixBatch): Accepted {
    const wake = new Set<string>();
    let fresh = 0;
    // Ids older than this were forgotten: nobody can tell whether such an event was handled.
    const forgotten = Number(this.#sql.get<{ value: string }>("SELECT value FROM meta WHERE key = 'forgotten_before'")?.value ?? 0);
    for (const event of batch.events) {
      if (!this.#isNew('matrix', event.event_id)) continue;
      fresh += 1;
      const room = this.#roomRow(event.room_id);
      if (batch.restored === 'settled') continue;
      if (forgotten > 0 && event.origin_server_ts < forgotten) {
        this.#tooOld(event, room);
        continue;
      }
      const lane = `in:r${room}`;
      const seq = insert(this.#sql, 'seq',
        "INSERT INTO inbox (source, key, lane, state, received_at, room, event_id, doubtful, body) VALUES ('matrix', ?, ?, 'ready', ?, ?, ?, ?, ?)",
        event.event_id, lane, this.#now(), room, event.event_id, batch.restored === 'doubtful' ? 1 : 0, this.#seal.seal(event satisfies MatrixEvent),
      );
      this.#sql.run('INSERT INTO room_event (seq, room, event_id) VALUES (?, ?, ?)', seq, room, event.event_id);
      this.#sql.run('UPDATE room SET last_event = ?, last_seq = ?, active_at = ? WHERE id = ?', event.event_id, seq, this.#now(), room);
      wake.add(lane);
    }
    this.#toDevice(batch.toDevice);
    return { wake: [...wake], fresh, duplicates: batch.events.length - fresh, media: [] };
  }

  #tooOld(event: MatrixEvent, room: number): void {
    this.#sql.run(
      `INSERT INTO inbox (source, key, lane, state, received_at, room, event_id, body, code, reason)
       VALUES ('matrix', ?, ?, 'dead', ?, ?, ?, ?, 'too_old', 'It is older than what the bridge remembers (delivery.horizon), so it may have been delivered before.')`,
      event.event_id, `in:r${room}`, this.#now(), room, event.event_id, this.#seal.seal(event),
    );
  }

  /**
   * Kept for encryption, which nothing reads yet: it has no event id, so its key is made of all of it. Anybody on any homeserver
   * can send as much of it as they like, so only so much is kept; the homeserver is never refused for it.
   */
  #toDevice(messages: readonly unknown[]): void {
    if (messages.length === 0) return;
    const kept = this.#sql.get<{ count: number; bytes: number }>("SELECT count(*) AS count, coalesce(sum(length(body)), 0) AS bytes FROM inbox WHERE wait_key = 'to-device' AND state = 'parked'") ?? { count: 0, bytes: 0 };
    for (const message of messages) {
      const { sender, type, content } = message as { sender?: unknown; type?: unknown; content?: unknown };
      const key = JSON.stringify([sender, type, content]);
      const body = key.length > TO_DEVICE.one ? null : this.#seal.seal(message);
      if (body === null || kept.count >= TO_DEVICE.count || kept.bytes + body.length > TO_DEVICE.bytes) {
        this.#tooMuch();
        continue;
      }
      const inboxKey = this.#seal.hash('to-device', key).toString('hex');
      if (!this.#isNew('to-device', key, inboxKey)) continue;
      kept.count += 1;
      kept.bytes += body.length;
      this.#sql.run(
        "INSERT INTO inbox (source, key, lane, state, wait_key, due_at, received_at, body) VALUES ('to-device', ?, 'to-device', 'parked', 'to-device', ?, ?, ?)",
        inboxKey, Number.MAX_SAFE_INTEGER, this.#now(), body,
      );
    }
  }

  /** One row a day says so, however much it was. */
  #tooMuch(): void {
    this.#sql.run(
      `INSERT INTO inbox (source, key, lane, state, received_at, code, reason)
       VALUES ('to-device', ?, 'to-device', 'dead', ?, 'too_much', 'More came for encryption than is kept; what was too much is gone.') ON CONFLICT DO NOTHING`,
      `too much ${new Date(this.#now()).toISOString().slice(0, 10)}`, this.#now(),
    );
  }

  broken(source: string, key: string, raw: Uint8Array, reason: string): void {
    // What could not be taken in because its key fits no index would be lost if that were so here too.
    const kept = key.length > LONGEST_KEY ? this.#seal.hash('long key', key).toString('hex') : key;
    if (!this.#isNew(source, key, kept)) return;
    this.#sql.run(
      "INSERT INTO inbox (source, key, lane, state, received_at, body, code, reason) VALUES (?, ?, ?, 'dead', ?, ?, 'undecodable', ?)",
      source, kept, BROKEN, this.#now(), this.#seal.seal(Buffer.from(raw).toString('base64')), reason,
    );
  }

  /** What `broken` kept of either side, once more. */
  again(seq: InboxSeq, source: string, key: string, raw: Uint8Array): Accepted {
    const item: unknown = JSON.parse(Buffer.from(raw).toString('utf8'));
    this.#sql.run('DELETE FROM inbox WHERE seq = ?', seq);
    this.#sql.run('DELETE FROM seen WHERE hash = ?', this.#seal.hash(source, key));
    if (source === 'matrix') return this.matrix({ events: [item as MatrixEvent], toDevice: [] });
    if (source === 'to-device') return this.matrix({ events: [], toDevice: [item] });
    // A cursor that has been kept has been overtaken.
    const items = typeof item === 'string' ? [] : [{ key, event: item as NetworkEvent }];
    return this.network({ network: source.split('/', 1)[0] as NetworkId, account: source as AccountId, items });
  }

  open(request: OpenConversation, wake: Set<string>): ConversationRow {
    const { person: named } = request;
    const unwanted = named !== null && this.#consent.isErased(request.network, named);
    const person = named === null ? null : resolvePerson(this.#sql, request.network, named, this.#localpartOf, this.#now());
    if (unwanted && person !== null) this.#consent.set(person, this.#now());
    return resolveConversation(this.#sql, request.network, request.account, request.conversation, person, this.#now(), wake);
  }

  /** Somebody who was erased and was not to be bridged wants to be again; their lane tells everybody. */
  #startsAgain(network: string, event: NetworkEvent): boolean {
    const author = personOf(event);
    if (author === undefined || !this.#consent.isErased(network, author)) return false;
    this.#consent.forget(network, author);
    return true;
  }

  /** Whose files are not even fetched. Where something of theirs waits still, that may be the word that changes it: then its lane decides. */
  #isUnwanted(person: PersonRow | null, lane: string): boolean {
    return person !== null && this.#consent.isStopped(person) && this.#sql.get("SELECT 1 FROM inbox WHERE lane = ? AND state = 'ready' LIMIT 1", lane) === undefined;
  }

  /** What is kept as dead outlives the hash of its key, where hashes are forgotten. */
  #isNew(source: string, key: string, inboxKey = key): boolean {
    const fresh = this.#sql.run('INSERT INTO seen (hash, at) VALUES (?, ?) ON CONFLICT DO NOTHING', this.#seal.hash(source, key), this.#now()) === 1;
    return fresh && this.#sql.get('SELECT 1 FROM inbox WHERE source = ? AND key = ?', source, inboxKey) === undefined;
  }

  #roomRow(roomId: string): number {
    const found = this.#sql.get<{ id: number }>('SELECT id FROM room WHERE room_id = ?', roomId);
    return found?.id ?? insert(this.#sql, 'id', "INSERT INTO room (room_id, state, kind, active_at) VALUES (?, 'live', 'unknown', ?)", roomId, this.#now());
  }

  #identify(network: string, account: string, event: NetworkEvent, wake: Set<string>): { conversation: ConversationRow | null; person: PersonRow | null } {
    if (event.type === 'identity.alias') {
      const joined = joinIds(this.#sql, network, account, event.scope, event.from, event.to, this.#localpartOf, this.#now(), wake);
      const conversation = event.conversation ? this.#conversation(network, account, event.conversation, null, wake) : joined;
      return { conversation, person: null };
    }
    for (const named of namedIn(event)) if (named.isSelf !== true && !this.#consent.isErased(network, named)) resolvePerson(this.#sql, network, named, this.#localpartOf, this.#now());
    if (event.type === 'conversation.replaced') {
      return { conversation: replaceConversation(this.#sql, network, account, event.conversation, event.into, this.#now(), wake), person: null };
    }
    const ref = personOf(event);
    // What became of something that was sent makes nobody known anew who has been forgotten meanwhile.
    if (event.type === 'delivery' && (ref === undefined || !isKnown(this.#sql, network, ref))) return { conversation: null, person: null };
    const person = ref === undefined || ref.isSelf === true || this.#consent.isErased(network, ref) ? null : resolvePerson(this.#sql, network, ref, this.#localpartOf, this.#now());
    const conversation = 'conversation' in event && event.conversation
      ? this.#conversation(network, account, event.conversation, event.conversation.kind === 'direct' ? person : null, wake) : null;
    if (event.type === 'message' && event.historical !== true && conversation !== null && person !== null) this.#noteInbound(conversation, event.id, event.time);
    return { conversation, person };
  }

  #conversation(network: string, account: string, ref: ConversationRef, person: PersonRow | null, wake: Set<string>): ConversationRow {
    // What the account itself says in a direct chat names no other person, yet the chat is with one.
    const other = person ?? (ref.kind === 'direct' ? resolvePerson(this.#sql, network, withAliases(ref), this.#localpartOf, this.#now()) : null);
    return resolveConversation(this.#sql, network, account, ref, other, this.#now(), wake);
  }

  /** The newest message in: windows, typing and read marks hang on it. Late arrivals do not move it back, nor one of the future ahead of all others. */
  #noteInbound(conversation: ConversationRow, id: string, time: Millis): void {
    const at = Math.min(time, this.#now());
    this.#sql.run('UPDATE conversation SET last_inbound_id = ?, last_inbound_at = ? WHERE id = ? AND coalesce(last_inbound_at, 0) <= ?', id, at, conversation, at);
  }

  #mediaJobs(account: string, event: NetworkEvent, isUnwanted: () => boolean): Record<number, number> {
    const jobs: Record<number, number> = {};
    if (event.type !== 'message' && event.type !== 'edit') return jobs;
    if (!event.parts.some(isMedia) || isUnwanted()) return jobs;
    event.parts.forEach((part, index) => {
      if (!isMedia(part) || !('network' in part.media.source)) return;
      jobs[index] = insert(this.#sql, 'id',
        "INSERT INTO media (account, body, state, mime, size, created_at) VALUES (?, ?, 'wanted', ?, ?, ?)",
        account, this.#seal.seal({ handle: part.media.source.network, name: part.media.name ?? null }), part.media.mime ?? null, part.media.size ?? null, this.#now(),
      );
    });
    return jobs;
  }
}

function withAliases(ref: ConversationRef): PersonRef {
  return { id: ref.id, scope: ref.scope, ...(ref.aliases ? { aliases: ref.aliases } : {}) };
}

function personOf(event: NetworkEvent): PersonRef | undefined {
  if ('sender' in event) return event.sender;
  if ('reader' in event) return event.reader;
  if ('person' in event) return event.person;
  return event.type === 'delivery' ? event.recipient : undefined;
}
