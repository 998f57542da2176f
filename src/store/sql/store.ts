import { CodedError } from '../../model/errors.ts';
import type { AccountId, ConversationRow, EventId, InboxSeq, Millis, NetworkId, OutboxSeq, PersonRow, PortalRow, RemoteId, RoomId, RoomRow, UserId } from '../../model/ids.ts';
import { Exports } from '../export.ts';
import { keyMark, type Seal } from '../seal.ts';
import type {
  Accepted, AuditRow, Blocked, Conversation, Counts, Delivery, Effect, Erased, Erasure, ErasureEvent, ErasureWish, Filter, InboxItem, InOutcome, Keep, MapRow, MatrixBatch, MatrixTask, MediaJob, MediaResult, Member, NetworkBatch,
  NetworkTask, OpenConversation, OutboxItem, OutboxRef, OutOutcome, Person, Portal, RemoteContext, Room, RoomContext, Store, StoredAccount, ThreadRow, Undelivered, Wake,
} from '../store.ts';
import { Intake } from './accept.ts';
import { Admin } from './admin.ts';
import { Commits } from './commit.ts';
import { Consent } from './consent.ts';
import { Effects } from './effects.ts';
import { filterOf, filtersOf } from './filters.ts';
import { Inbox } from './inbox.ts';
import { forgetMappings } from './mappings.ts';
import { Outbox } from './outbox.ts';
import type { LocalpartOf } from './people.ts';
import { Queries } from './queries.ts';
import { Rows } from './rows.ts';
import type { Driver, Sql } from './driver.ts';
import { ERASED, Erasing, type Gone } from './erasure.ts';
import { setMeta } from './statements.ts';

export interface StoreOptions {
  readonly seal: Seal;
  readonly localpartOf: LocalpartOf;
  readonly now: () => Millis;
  /** Milliseconds that a busy store waits for more to go into one commit. Default 2. */
  readonly joinMs?: number;
}

/**
 * The store on a database that speaks SQL: one connection, one writer, the commands of one tick in one commit. Closes the driver
 * where it refuses it.
 * @throws CodedError DB-2004
 */
export function storeOn(driver: Driver, options: StoreOptions): Store {
  const store = new SqlStore(driver, options);
  try {
    store.checkKey(options.seal);
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}

class SqlStore implements Store {
  readonly #driver: Driver;
  readonly #sql: Sql;
  readonly #commits: Commits;
  readonly #intake: Intake;
  readonly #effects: Effects;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #rows: Rows;
  readonly #queries: Queries;
  readonly #admin: Admin;
  readonly #erasing: Erasing;
  readonly #exports: Exports;
  /** Rows that were erased while somebody had them in hand: what becomes of them is nothing any more. */
  readonly #gone = { inbox: new Set<number>(), outbox: new Set<number>() };
  #applied: (lanes: Wake) => void = () => {};

  constructor(driver: Driver, { seal, localpartOf, now, joinMs = 2 }: StoreOptions) {
    this.#driver = driver;
    this.#sql = driver.sql;
    this.#commits = new Commits(driver.transactions, joinMs);
    this.#rows = new Rows(this.#sql, seal);
    const consent = new Consent(this.#sql, seal);
    this.#intake = new Intake(this.#sql, seal, localpartOf, consent, now);
    this.#effects = new Effects(this.#sql, seal, localpartOf, consent, now);
    this.#erasing = new Erasing(this.#sql, seal, consent, now);
    this.#exports = new Exports((text, ...values) => this.#sql.all(text, ...values), seal);
    this.#inbox = new Inbox(this.#sql, seal, now);
    this.#outbox = new Outbox(this.#sql, seal, this.#rows, now);
    this.#queries = new Queries(this.#sql, seal, this.#rows);
    this.#admin = new Admin(this.#sql, seal);
  }

  /** With another key nothing that waits could be read, and what was handled would not be known again. */
  checkKey(seal: Seal): void {
    const mark = keyMark(seal);
    const known = this.getMeta('seal_key');
    if (known === null) setMeta(this.#sql, 'seal_key', mark);
    else if (known !== mark) throw new CodedError('DB-2004', 'The database was sealed with another key.', 'Put back the seal_key that this database was made with.');
  }

  onApplied(listener: (lanes: Wake) => void): void {
    this.#applied = listener;
  }

  /** One command, one savepoint; the lanes it woke come back with it. */
  #write(origin: InboxSeq | null, effects: readonly Effect[], work: (wake: Set<string>) => void): Promise<Wake> {
    return this.#commits.run(() => {
      if (origin !== null && this.#gone.inbox.has(origin)) return [];
      const wake = new Set<string>();
      this.#effects.apply(effects, origin, wake);
      work(wake);
      return this.#told([...wake]);
    });
  }

  /** Once the command is whole, for what is written then has a savepoint of its own. */
  #told(wake: Wake): Wake {
    if (wake.length > 0) queueMicrotask(() => this.#applied(wake));
    return wake;
  }

  acceptNetwork(batch: NetworkBatch): Promise<Accepted> {
    return this.#commits.run(() => {
      const accepted = this.#intake.network(batch);
      this.#told(accepted.wake);
      return accepted;
    });
  }
  acceptMatrix(batch: MatrixBatch): Promise<Accepted> {
    return this.#commits.run(() => {
      const accepted = this.#intake.matrix(batch);
      this.#told(accepted.wake);
      return accepted;
    });
  }
  takePast(batch: NetworkBatch): ReturnType<Store['takePast']> {
    return this.#commits.run(() => this.#intake.past(batch));
  }
  pastIn(conversation: ConversationRow): readonly InboxItem[] {
    return this.#inbox.past(`in:c${conversation}`);
  }
  inOrder(events: readonly EventId[]): Promise<void> {
    return this.#commits.run(() => this.#inbox.reorder(events));
  }
  acceptBroken(item: { source: string; key: string; raw: Uint8Array; reason: string }): Promise<void> {
    return this.#commits.run(() => this.#intake.broken(item.source, item.key, item.raw, item.reason));
  }
  openConversation(request: OpenConversation): Promise<{ conversation: ConversationRow; wake: Wake }> {
    return this.#commits.run(() => {
      const wake = new Set<string>();
      const conversation = this.#intake.open(request, wake);
      this.#effects.apply([request.into === undefined
        ? { do: 'portal', conversation, account: request.account, invite: request.invite, ...(request.backfill === true ? { backfill: true } : {}) }
        : { do: 'portalIn', room: request.into, conversation, account: request.account }], null, wake);
      return { conversation, wake: [...wake] };
    });
  }

  lanes(): readonly { lane: string; dueAt: Millis }[] {
    return this.#queries.lanes();
  }
  inHead(lane: string): InboxItem | null {
    return this.#inbox.head(lane);
  }
  settleIn(seq: InboxSeq, outcome: InOutcome, effects: readonly Effect[]): Promise<Wake> {
    return this.#write(seq, effects, (wake) => this.#inbox.settle(seq, outcome, wake));
  }
  outHead(lane: string): OutboxItem | null {
    return this.#outbox.head(lane);
  }
  begin(row: OutboxRef): Promise<boolean> {
    return this.#commits.run(() => this.#outbox.begin(row));
  }
  async step(row: OutboxRef, task: MatrixTask | NetworkTask, effects: readonly Effect[]): Promise<void> {
    await this.#commits.run(() => {
      if (this.#gone.outbox.has(row.seq)) return;
      const wake = new Set<string>();
      this.#effects.apply(effects, null, wake);
      this.#outbox.keep(row, task);
      this.#told([...wake]);
    });
  }
  settleOut(seq: OutboxSeq, outcome: OutOutcome, effects: readonly Effect[]): Promise<Wake> {
    return this.#commits.run(() => {
      if (this.#gone.outbox.has(seq)) return [];
      const wake = new Set<string>();
      // Nobody is told of a failure that a delivery event has disproved meanwhile.
      const disproved = (outcome.to === 'asked' || outcome.to === 'dead') && !this.#outbox.isOpen(seq);
      if (!disproved) this.#effects.apply(effects, null, wake);
      this.#outbox.settle(seq, outcome, wake);
      return this.#told([...wake]);
    });
  }
  settleDelivery(item: InboxSeq, deliveries: readonly Delivery[], effects: readonly Effect[]): Promise<Wake> {
    return this.#write(item, effects, (wake) => {
      for (const delivery of deliveries) this.#outbox.deliver(delivery, wake);
      this.#inbox.settle(item, { to: 'done' }, wake);
    });
  }
  deliveryRows(account: AccountId, key: string | undefined, id: RemoteId): readonly OutboxItem[] {
    const byKey = key === undefined ? [] : this.#rows.outboxWhere('key = ? AND account = ?', key, account);
    return byKey.length > 0 ? byKey : this.#rows.outboxWhere('account = ? AND remote_id = ? ORDER BY seq', account, id);
  }
  askedSince(portal: PortalRow, since: Millis): boolean {
    // Word for word the condition of the index, which is short.
    return this.#sql.get("SELECT 1 FROM outbox WHERE state IN ('dead', 'asked', 'uncertain') AND state = 'asked' AND lane = ? AND settled_at >= ?", `out:p${portal}`, since) !== undefined;
  }
  outboxRow(seq: OutboxSeq): OutboxItem | null {
    return this.#rows.outboxWhere('seq = ?', seq)[0] ?? null;
  }
  outboxByKey(key: string): OutboxItem | null {
    return this.#rows.outboxWhere('key = ?', key)[0] ?? null;
  }
  outboxOf(event: EventId): readonly OutboxItem[] {
    return this.#rows.outboxOf(event);
  }
  recover(restored: boolean): Promise<number> {
    return this.#commits.run(() => this.#outbox.recover(restored));
  }
  expire(now: Millis): Promise<Wake> {
    return this.#write(null, [], (wake) => {
      this.#inbox.expire(now, wake);
      this.#outbox.expire(now, wake);
    });
  }
  apply(effects: readonly Effect[]): Promise<Wake> {
    return this.#write(null, effects, () => {});
  }
  retry(seq: OutboxSeq, task: NetworkTask | MatrixTask | null): Promise<Wake> {
    return this.#write(null, [], (wake) => this.#outbox.retry(seq, task, wake));
  }

  remoteContext(conversation: ConversationRow, person: PersonRow | null, remoteIds: readonly RemoteId[], mentions: readonly string[] = []): RemoteContext {
    return this.#queries.remoteContext(conversation, person, remoteIds, mentions);
  }
  roomContext(room: RoomRow, sender: UserId, events: readonly EventId[]): RoomContext {
    return this.#queries.roomContext(room, sender, events);
  }
  person(row: PersonRow): Person | null {
    return this.#rows.person(row);
  }
  writer(row: PersonRow): Person | null {
    return this.#rows.writer(row);
  }
  personById(network: NetworkId, scope: string, id: string): Person | null {
    return this.#rows.personById(network, scope, id);
  }
  personByLocalpart(localpart: string): Person | null {
    const found = this.#sql.get<{ id: number }>('SELECT id FROM person WHERE localpart = ?', localpart);
    return found ? this.#rows.person(found.id as PersonRow) : null;
  }
  conversation(row: ConversationRow): ReturnType<Store['conversation']> {
    return this.#rows.conversation(row);
  }
  groupById(network: string, scope: string, id: string): Conversation | null {
    const found = this.#sql.get<{ conversation: number }>("SELECT conversation FROM conversation_id WHERE network = ? AND scope = ? AND receiver = '' AND value = ?", network, scope, id);
    return found ? this.#rows.conversation(found.conversation as ConversationRow) : null;
  }
  directChats(person: PersonRow): readonly Conversation[] {
    return this.#rows.directChats(person);
  }
  conversationsCalled(account: AccountId, name: string): readonly Conversation[] {
    return this.#rows.conversationsCalled(account, name);
  }
  portalOf(conversation: ConversationRow): Portal | null {
    return this.#rows.portalOf(conversation);
  }
  spokeIn(portal: PortalRow, person: PersonRow): boolean {
    return this.#sql.get("SELECT 1 FROM message_map WHERE portal = ? AND origin = 'network' AND author = ?", portal, String(person)) !== undefined;
  }
  portal(row: PortalRow): Portal | null {
    return this.#rows.portal(row);
  }
  portalsOf(room: RoomRow): readonly Portal[] {
    return this.#rows.portalsIn(room);
  }
  openPortals(account?: AccountId): readonly Portal[] {
    return this.#rows.openPortals(account ?? null);
  }
  room(row: RoomRow): Room | null {
    return this.#rows.room(row);
  }
  roomById(id: RoomId): Room | null {
    const found = this.#sql.get<{ id: number }>('SELECT id FROM room WHERE room_id = ?', id);
    return found ? this.#rows.room(found.id as RoomRow) : null;
  }
  liveRooms(): readonly Room[] {
    return this.#queries.liveRooms();
  }
  managementRooms(): readonly Room[] {
    return this.#queries.managementRooms();
  }
  members(room: RoomRow): readonly Member[] {
    return this.#rows.members(room);
  }
  everMembers(room: RoomRow): readonly Member[] {
    return this.#rows.everMembers(room);
  }
  member(room: RoomRow, user: UserId): Member | null {
    return this.#rows.member(room, user);
  }
  spaceOf(room: RoomRow): ReturnType<Store['spaceOf']> {
    return this.#sql.get<{ account: AccountId; user: UserId }>('SELECT account, "user" FROM space WHERE room = ?', room) ?? null;
  }
  filters(user: UserId): readonly Filter[] {
    return filtersOf(this.#sql, user);
  }
  filterOf(user: UserId, conversation: Conversation): Filter['mode'] | null {
    return filterOf(this.#sql, user, conversation.row, conversation.kind === 'direct' ? conversation.person : null);
  }
  mapOf(portal: PortalRow, event: EventId): readonly MapRow[] {
    return this.#rows.mapWhere('portal = ? AND event_id = ?', portal, event);
  }
  mapOfRemote(portal: PortalRow, remote: RemoteId): readonly MapRow[] {
    return this.#rows.mapWhere('portal = ? AND remote_id = ?', portal, remote);
  }
  threadOf(portal: PortalRow, root: RemoteId): ThreadRow | null {
    return this.#rows.threadsWhere('portal = ? AND root = ?', portal, root)[0] ?? null;
  }
  threadOn(portal: PortalRow, event: EventId): ThreadRow | null {
    return this.#rows.threadsWhere('portal = ? AND event_id = ?', portal, event)[0] ?? null;
  }
  shownUpTo(portal: PortalRow, room: RoomRow, time: Millis): EventId | null {
    return this.#queries.shownUpTo(portal, room, time);
  }
  inboundUpTo(portal: PortalRow, room: RoomRow, event: EventId): RemoteId | null {
    return this.#queries.inboundUpTo(portal, room, event);
  }
  writtenFor(portal: PortalRow, remote: RemoteId, part?: number): readonly EventId[] {
    return this.#rows.outboxWhere('portal = ? AND remote_ref = ? AND remote_id IS NOT NULL ORDER BY seq', portal, remote)
      .filter((row) => part === undefined || row.part === part).map(({ remoteId }) => remoteId as EventId);
  }
  lastEvent(room: RoomRow): { eventId: EventId; settled: EventId | null } | null {
    return this.#queries.lastEvent(room);
  }
  linkStands(key: string): boolean {
    return this.#sql.get('SELECT 1 FROM link WHERE key = ?', key) !== undefined;
  }
  unseen(source: string, keys: readonly string[]): readonly string[] {
    return this.#queries.unseen(source, keys);
  }

  mediaJobs(limit: number): readonly MediaJob[] {
    return this.#rows.mediaWhere("state = 'wanted' ORDER BY due_at, id LIMIT ?", limit);
  }
  media(id: number): MediaJob | null {
    return this.#rows.mediaWhere("id = ? AND state <> 'over'", id)[0] ?? null;
  }
  mediaDone(id: number, result: MediaResult): Promise<Wake> {
    return this.#write(null, [], (wake) => this.#inbox.mediaDone(id, result, wake));
  }
  spoolIds(): ReadonlySet<string> {
    return this.#queries.spoolIds();
  }
  storedAccounts(): readonly StoredAccount[] {
    return this.#admin.accounts();
  }
  keepAccount(account: StoredAccount): Promise<void> {
    return this.#commits.run(() => this.#admin.keep(account));
  }
  endAccount(id: AccountId): Promise<void> {
    return this.#commits.run(() => this.#admin.end(id));
  }
  audit(row: AuditRow): Promise<void> {
    return this.#commits.run(() => this.#admin.audit(row));
  }
  audited(limit: number): readonly AuditRow[] {
    return this.#admin.audited(limit);
  }
  blocked(): readonly Blocked[] {
    return this.#admin.blocked();
  }
  block(blocked: Blocked): Promise<void> {
    return this.#commits.run(() => this.#admin.block(blocked));
  }
  unblock(who: string): Promise<void> {
    return this.#commits.run(() => this.#admin.unblock(who));
  }
  undelivered(limit: number, of?: UserId): readonly Undelivered[] {
    return this.#queries.undelivered(limit, of);
  }
  deadIn(seq: InboxSeq): ReturnType<Store['deadIn']> {
    return this.#inbox.dead(seq);
  }
  takeAgain(seq: InboxSeq): Promise<Accepted | null> {
    return this.#commits.run(() => {
      const kept = this.#inbox.dead(seq);
      return kept?.raw == null ? null : this.#intake.again(seq, kept.source, kept.key, kept.raw);
    });
  }
  retryIn(seq: InboxSeq, how: 'again' | 'gone'): Promise<Wake> {
    return this.#write(null, [], (wake) => this.#inbox.retry(seq, how, wake));
  }
  waitingBy(): Readonly<Record<string, number>> {
    return this.#admin.waitingBy();
  }
  counts(): Counts {
    return this.#queries.counts();
  }
  prune(now: Millis, keep: Keep): Promise<readonly string[]> {
    return this.#commits.run(() => this.#outbox.prune(now, keep));
  }
  peopleCalled(network: NetworkId, id: string): readonly PersonRow[] {
    return this.#erasing.people(network, id);
  }
  erasePerson(person: PersonRow, wish: ErasureWish): Promise<Erased> {
    return this.#erase(() => this.#erasing.person(person, wish));
  }
  isErased(localpart: string): boolean {
    return this.#queries.unseen(ERASED, [localpart]).length === 0;
  }
  erasures(): readonly Erasure[] {
    return this.#erasing.list();
  }
  erasureEvents(erasure: number, limit: number): readonly ErasureEvent[] {
    return this.#erasing.events(erasure, limit);
  }
  redacted(erasure: number, events: readonly EventId[]): Promise<void> {
    return this.#commits.run(() => this.#erasing.redacted(erasure, events));
  }
  erasureDone(erasure: number): Promise<void> {
    return this.#commits.run(() => this.#erasing.done(erasure));
  }
  forgetMappings(before: Millis, after: string | null, limit: number): Promise<string | null> {
    return this.#commits.run(() => forgetMappings(this.#sql, before, after, limit));
  }
  exportUser(user: UserId): Promise<object> {
    return this.#exports.ofUser(user);
  }
  eraseUser(user: UserId): Promise<Erased> {
    return this.#erase(() => this.#erasing.user(user));
  }

  /** What comes of the rows that go is refused from the moment they go, also within the same commit; not where that is taken back. */
  async #erase(work: () => Erased & { readonly gone: Gone }): Promise<Erased> {
    let gone: Gone = { inbox: [], outbox: [] };
    try {
      const { rows, spool } = await this.#commits.run(() => {
        const erased = work();
        gone = erased.gone;
        for (const side of ['inbox', 'outbox'] as const) for (const seq of gone[side]) this.#gone[side].add(seq);
        return erased;
      });
      return { rows, spool };
    } catch (error) {
      for (const side of ['inbox', 'outbox'] as const) for (const seq of gone[side]) this.#gone[side].delete(seq);
      throw error;
    }
  }

  getMeta(key: string): string | null {
    return this.#sql.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', key)?.value ?? null;
  }
  setMeta(key: string, value: string): Promise<void> {
    return this.#commits.run(() => setMeta(this.#sql, key, value));
  }
  dropMeta(key: string): Promise<void> {
    return this.#commits.run(() => void this.#sql.run('DELETE FROM meta WHERE key = ?', key));
  }
  isThere(): boolean {
    return this.#driver.isThere();
  }
  checkpoint(): void {
    this.#driver.checkpoint();
  }
  async scrub(): Promise<void> {
    // By then whatever was being committed is.
    await new Promise((resolve) => void setImmediate(resolve));
    this.#driver.scrub();
  }
  close(): void {
    this.#commits.close();
    this.#driver.close();
  }
}
