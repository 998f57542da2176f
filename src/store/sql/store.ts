import { CodedError } from '../../model/errors.ts';
import type { AccountId, ConversationRow, EventId, InboxSeq, Millis, NetworkId, OutboxSeq, PersonRow, PortalRow, RemoteId, RoomId, RoomRow, UserId } from '../../model/ids.ts';
import { keyMark, type Seal } from '../seal.ts';
import type {
  Accepted, Conversation, Counts, Filter, Delivery, Effect, InboxItem, InOutcome, Keep, MapRow, MatrixBatch, MatrixTask, MediaJob, MediaResult, Member, NetworkBatch,
  NetworkTask, OpenConversation, OutboxItem, OutboxRef, OutOutcome, Person, Portal, RemoteContext, Room, RoomContext, Store, ThreadRow, Undelivered, Wake,
} from '../store.ts';
import { Intake } from './accept.ts';
import { Commits } from './commit.ts';
import { Effects } from './effects.ts';
import { filterOf, filtersOf } from './filters.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';
import type { LocalpartOf } from './people.ts';
import { Queries } from './queries.ts';
import { Rows } from './rows.ts';
import type { Driver, Sql } from './driver.ts';
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
  #applied: (lanes: Wake) => void = () => {};

  constructor(driver: Driver, { seal, localpartOf, now, joinMs = 2 }: StoreOptions) {
    this.#driver = driver;
    this.#sql = driver.sql;
    this.#commits = new Commits(driver.transactions, joinMs);
    this.#rows = new Rows(this.#sql, seal);
    this.#intake = new Intake(this.#sql, seal, localpartOf, now);
    this.#effects = new Effects(this.#sql, seal, localpartOf, now);
    this.#inbox = new Inbox(this.#sql, seal, now);
    this.#outbox = new Outbox(this.#sql, seal, this.#rows, now);
    this.#queries = new Queries(this.#sql, seal, this.#rows);
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
      this.#effects.apply([{ do: 'portal', conversation, account: request.account, invite: request.invite, ...(request.backfill === true ? { backfill: true } : {}) }], null, wake);
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
    await this.#write(null, effects, () => this.#outbox.keep(row, task));
  }
  settleOut(seq: OutboxSeq, outcome: OutOutcome, effects: readonly Effect[]): Promise<Wake> {
    return this.#commits.run(() => {
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
  portal(row: PortalRow): Portal | null {
    return this.#rows.portal(row);
  }
  portalsOf(room: RoomRow): readonly Portal[] {
    return this.#rows.portalsIn(room);
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
  counts(): Counts {
    return this.#queries.counts();
  }
  prune(now: Millis, keep: Keep): Promise<readonly string[]> {
    return this.#commits.run(() => this.#outbox.prune(now, keep));
  }
  getMeta(key: string): string | null {
    return this.#sql.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', key)?.value ?? null;
  }
  setMeta(key: string, value: string): Promise<void> {
    return this.#commits.run(() => setMeta(this.#sql, key, value));
  }
  isThere(): boolean {
    return this.#driver.isThere();
  }
  checkpoint(): void {
    this.#driver.checkpoint();
  }
  close(): void {
    this.#commits.close();
    this.#driver.close();
  }
}
