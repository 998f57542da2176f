import type { ConversationRef, MatrixEvent, NetworkItem, PersonRef } from '../model/events.ts';
import type {
  AccountId, ConversationRow, EventId, InboxSeq, Millis, NetworkId, OutboxSeq, PersonRow, PortalRow, RemoteId, RoomId, RoomRow, UserId,
} from '../model/ids.ts';
import type { AuditRow, Blocked, Conversation, Counts, Filter, InboxItem, MapRow, MediaJob, Member, OutboxItem, OutboxRef, Person, Portal, RemoteContext, Room, RoomContext, StoredAccount, ThreadRow, Undelivered } from './data.ts';
import type { Effect, InOutcome, MediaResult, OutOutcome } from './effects.ts';
import type { PrivacyStore } from './privacy.ts';
import type { Delivery, MatrixTask, NetworkTask } from './tasks.ts';

export type * from './data.ts';
export type * from './effects.ts';
export type * from './privacy.ts';
export type { Delivery, MatrixTask, NetworkTask, OutboxState } from './tasks.ts';

/**
 * The durable truth. Coarse commands, each one transaction, plain data in and out: no handle and no callback leaves it,
 * so that a worker or another database fits behind the same interface. Every command that writes resolves after the commit.
 * @throws StoreBusy where nothing was written and the caller may come again (disk full, I/O error, database away); reading throws
 * it too
 * @throws Stale where a row that was to be cancelled, replaced or settled by a delivery event has gone on since it was read
 */
export interface Store extends PrivacyStore {
  acceptNetwork(batch: NetworkBatch): Promise<Accepted>;
  acceptMatrix(batch: MatrixBatch): Promise<Accepted>;
  /** What a network told of the past when it was asked: people and files are made ready, nothing is put into the inbox. */
  takePast(batch: NetworkBatch): Promise<{ readonly items: readonly InboxItem[]; readonly wake: Wake; readonly media: readonly number[] }>;
  /** Messages of the past that a network handed over by itself and that wait in the lane of their conversation. */
  pastIn(conversation: ConversationRow): readonly InboxItem[];
  /** Those of these events that still wait to be handled are handled in this order. */
  inOrder(events: readonly EventId[]): Promise<void>;
  /** Bytes that could not be decoded: kept to be decoded again after an upgrade. */
  acceptBroken(item: { source: string; key: string; raw: Uint8Array; reason: string }): Promise<void>;

  /**
   * Calls back with the lanes that a command wakes, in the middle of its commit: what an in lane decides on the spot joins it.
   * Out lanes must wait for the answer of the command, for they act on what they read.
   */
  onApplied(listener: (lanes: Wake) => void): void;
  /** Lanes with work, and when their first item is due. */
  lanes(): readonly { readonly lane: string; readonly dueAt: Millis }[];
  /** The first item of an in or status lane, opened; null where the lane is empty. @throws Damaged */
  inHead(lane: string): InboxItem | null;
  /** `mentions`: ids of people as the network writes them. */
  remoteContext(conversation: ConversationRow, person: PersonRow | null, remoteIds: readonly RemoteId[], mentions?: readonly string[]): RemoteContext;
  roomContext(room: RoomRow, sender: UserId, events: readonly EventId[]): RoomContext;
  settleIn(seq: InboxSeq, outcome: InOutcome, effects: readonly Effect[]): Promise<Wake>;

  /** The first item of an out lane, opened; null where the lane is empty. */
  outHead(lane: string): OutboxItem | null;
  /** ready → sending. False where the row was cancelled or replaced since it was read. */
  begin(row: OutboxRef): Promise<boolean>;
  /** Commits the result of one idempotent step of an item, before the next step; nothing where it was replaced meanwhile. */
  step(row: OutboxRef, task: MatrixTask | NetworkTask, effects: readonly Effect[]): Promise<void>;
  settleOut(seq: OutboxSeq, outcome: OutOutcome, effects: readonly Effect[]): Promise<Wake>;
  /** What a network says of rows, wherever they stand; ends the item that it came by. */
  settleDelivery(item: InboxSeq, deliveries: readonly Delivery[], effects: readonly Effect[]): Promise<Wake>;
  /** Rows that a delivery event speaks of: by our key, else by the network's id. */
  deliveryRows(account: AccountId, key: string | undefined, id: RemoteId): readonly OutboxItem[];
  /** Whether somebody is asked about a row on its way to this portal, since then. */
  askedSince(portal: PortalRow, since: Millis): boolean;
  outboxRow(seq: OutboxSeq): OutboxItem | null;
  outboxByKey(key: string): OutboxItem | null;
  /** Every row that a Matrix event became, and those that its edits added. */
  outboxOf(event: EventId): readonly OutboxItem[];
  /**
   * At start-up: everything found `sending` is uncertain; in a database put back from a backup also what is `ready`.
   * Returns how many.
   */
  recover(restored: boolean): Promise<number>;
  /** Wakes what waited too long: parked items past their time. */
  expire(now: Millis): Promise<Wake>;
  /** Applies effects that belong to no item: what an action does. */
  apply(effects: readonly Effect[]): Promise<Wake>;

  /** @throws Stale where it is to be linked to a room and has a portal already */
  openConversation(request: OpenConversation): Promise<{ readonly conversation: ConversationRow; readonly wake: Wake }>;
  person(row: PersonRow): Person | null;
  /** A person as they were before they turned out to be somebody known: what their ghost wrote stays that ghost's. */
  writer(row: PersonRow): Person | null;
  /** Who is known by this id. */
  personById(network: NetworkId, scope: string, id: string): Person | null;
  personByLocalpart(localpart: string): Person | null;
  conversation(row: ConversationRow): Conversation | null;
  /** A group or channel that is the same for every account, by its id. */
  groupById(network: string, scope: string, id: string): Conversation | null;
  /** The direct chats with somebody, one for each account that has one. */
  directChats(person: PersonRow): readonly Conversation[];
  /** Those of an account that the network knows by this id, or people by this title. */
  conversationsCalled(account: AccountId, name: string): readonly Conversation[];
  /** The portal that a conversation has. */
  portalOf(conversation: ConversationRow): Portal | null;
  portal(row: PortalRow): Portal | null;
  portalsOf(room: RoomRow): readonly Portal[];
  /** Those that are not closed: all of them, or those of one account. */
  openPortals(account?: AccountId): readonly Portal[];
  /** Whether something of this person came by this portal. */
  spokeIn(portal: PortalRow, person: PersonRow): boolean;
  room(row: RoomRow): Room | null;
  roomById(id: RoomId): Room | null;
  /** Live rooms, most recently active first. */
  liveRooms(): readonly Room[];
  /** Rooms of the bot with somebody, the ones still to be made among them. */
  managementRooms(): readonly Room[];
  members(room: RoomRow): readonly Member[];
  /** Those who have left, too. */
  everMembers(room: RoomRow): readonly Member[];
  member(room: RoomRow, user: UserId): Member | null;
  /** Whose space this room is, and of which account; null where it is none. */
  spaceOf(room: RoomRow): { readonly account: AccountId; readonly user: UserId } | null;
  /** What somebody wants to hear of in another way than usual. */
  filters(user: UserId): readonly Filter[];
  /** How they want to hear of this conversation; null: as usual. */
  filterOf(user: UserId, conversation: Conversation): Filter['mode'] | null;
  mapOf(portal: PortalRow, event: EventId): readonly MapRow[];
  mapOfRemote(portal: PortalRow, remote: RemoteId): readonly MapRow[];
  threadOf(portal: PortalRow, root: RemoteId): ThreadRow | null;
  /** The thread that hangs on this event. */
  threadOn(portal: PortalRow, event: EventId): ThreadRow | null;
  /** The newest message of the network that somebody has seen who has read up to this event, whatever that is itself. */
  inboundUpTo(portal: PortalRow, room: RoomRow, event: EventId): RemoteId | null;
  /** The newest event that shows something said on the network until then; of old ones none is looked for. */
  shownUpTo(portal: PortalRow, room: RoomRow, time: Millis): EventId | null;
  /** The events that were written for a message: its parts, and every edit of them. `part`: for this one alone. */
  writtenFor(portal: PortalRow, remote: RemoteId, part?: number): readonly EventId[];
  lastEvent(room: RoomRow): { readonly eventId: EventId; readonly settled: EventId | null } | null;
  /** Whether the link that was made for the row of this key has neither expired nor been ended. */
  linkStands(key: string): boolean;
  /** Of these event ids those that were never taken in. */
  unseen(source: string, keys: readonly string[]): readonly string[];

  mediaJobs(limit: number): readonly MediaJob[];
  media(id: number): MediaJob | null;
  mediaDone(id: number, result: MediaResult): Promise<Wake>;
  spoolIds(): ReadonlySet<string>;

  /** Accounts that were logged in while the bridge ran, those that were logged out too. */
  storedAccounts(): readonly StoredAccount[];
  /** Where it is there already its settings and its owner become these. */
  keepAccount(account: StoredAccount): Promise<void>;
  /** Logged out: its settings are wiped, and its id stays that of the same account of the network. */
  endAccount(id: AccountId): Promise<void>;
  audit(row: AuditRow): Promise<void>;
  /** The newest first. */
  audited(limit: number): readonly AuditRow[];
  blocked(): readonly Blocked[];
  block(blocked: Blocked): Promise<void>;
  unblock(who: string): Promise<void>;

  /** The newest first; `of`: only what this user sent. */
  undelivered(limit: number, of?: UserId): readonly Undelivered[];
  /** What was received, is dead and can be tried again; `raw` where it could not even be decoded. */
  deadIn(seq: InboxSeq): { readonly source: string; readonly raw: Uint8Array | null } | null;
  /**
   * An item that could not be taken in, as `acceptBroken` kept it: it is forgotten and taken in as if it came now. Null where
   * there is none. Throws what taking it in throws, and then it is kept as before.
   */
  takeAgain(seq: InboxSeq): Promise<Accepted | null>;
  /** dead → ready at its old place; what was decoded anew goes instead (`gone`). */
  retryIn(seq: InboxSeq, how: 'again' | 'gone'): Promise<Wake>;
  /** dead or asked → ready at the lane's tail, with the same key. */
  retry(seq: OutboxSeq, task: NetworkTask | MatrixTask | null): Promise<Wake>;
  counts(): Counts;
  /** What waits to go to the networks, by account. */
  waitingBy(): Readonly<Record<string, number>>;
  /** Deletes what its time has passed for. Returns the spool entries that nothing needs any more. */
  prune(now: Millis, keep: Keep): Promise<readonly string[]>;
  getMeta(key: string): string | null;
  setMeta(key: string, value: string): Promise<void>;
  dropMeta(key: string): Promise<void>;
  /** False while the database cannot be reached: what is asked of it is refused as busy. */
  isThere(): boolean;
  /** Wipes and truncates the log of the database. */
  checkpoint(): void;
  /** Clears what was deleted out of the files for good. It takes a second for about a hundred megabytes, in which nothing else happens. */
  scrub(): Promise<void>;
  close(): void;
}

/** How long things are kept, in milliseconds. */
export interface Keep {
  /** Content of dead items, and files that nothing came to use. */
  readonly deadContent: Millis;
  readonly settled: Millis;
  /** Accepted sends without a delivery event count as confirmed after this. */
  readonly accepted: Millis;
  /** Which event is which message; null or absent: for ever. */
  readonly mappings?: Millis | null;
  /** Hashes of handled ids; null: for ever. */
  readonly seen: Millis | null;
}

/** What was decided on has changed meanwhile: nothing was written; look again and decide anew. */
export class Stale extends Error {
  override name = 'Stale';
}

/** A sealed item that does not open any more: altered, or sealed with another key. What stands beside it is still known. */
export class Damaged extends Error {
  override name = 'Damaged';
  readonly item: {
    readonly seq: InboxSeq; readonly source: string; readonly room: RoomRow | null; readonly event: EventId | null;
    readonly conversation: ConversationRow | null; readonly person: PersonRow | null;
  };

  constructor(item: Damaged['item'], options?: { cause?: unknown }) {
    super('A sealed item does not open.', options);
    this.item = item;
  }
}

/** Nothing was written; come again later. */
export class StoreBusy extends Error {
  override name = 'StoreBusy';
}

export interface NetworkBatch {
  readonly network: NetworkId;
  readonly account: AccountId;
  readonly items: readonly NetworkItem[];
  readonly cursor?: string;
  /** Keys of those in which somebody asks to be bridged again. */
  readonly starts?: readonly string[];
}

export interface MatrixBatch {
  readonly events: readonly MatrixEvent[];
  readonly toDevice: readonly unknown[];
  /**
   * Found in the rooms after the database was put back from a backup. `settled`: surely handled before; `doubtful`: what it
   * became may have been sent already.
   */
  readonly restored?: 'settled' | 'doubtful';
}

/** Lanes that have something to do now. */
export type Wake = readonly string[];

export interface Accepted {
  readonly wake: Wake;
  readonly fresh: number;
  readonly duplicates: number;
  /** Jobs to start at once. */
  readonly media: readonly number[];
}

/** What a delivery event waits for that came before the answer which names its message. */
export const deliveredKey = (account: AccountId, id: string): string => `d:${account}:${id}`;
/** What waits for an answer that a row of ours fetches, by its key. */
export const verifiedKey = (key: string): string => `v:${key}`;
/** What waits for one part of a Matrix event to be on the network. */
export const partKey = (portal: PortalRow, part: number, event: EventId): string => `p:${portal}:${part}:${event}`;

export interface OpenConversation {
  readonly network: NetworkId;
  readonly account: AccountId;
  /** Who a direct chat is with; null: it is a conversation of several. */
  readonly person: PersonRef | null;
  readonly conversation: ConversationRef;
  readonly invite: readonly UserId[];
  readonly backfill?: boolean;
  /** Linked to this room, instead of one of its own. */
  readonly into?: RoomRow;
}

/** What can be seen of a database without opening it as a store. */
export interface ProbedDatabase {
  /** Of its schema; 0: it is empty. */
  readonly version: number;
  /** The newest schema that this program knows. */
  readonly newest: number;
  /** A Drawbridge runs on it at this moment. */
  readonly running: boolean;
  /** Whether it was sealed with the key given; null where that cannot be seen. */
  readonly sameKey: boolean | null;
  /** Of a server: its own version. */
  readonly server?: string;
  /** Of a server: whether the schema can be made or changed. */
  readonly writable?: boolean;
  /** Of a server: whether it keeps over a power cut what it has committed. */
  readonly durable?: boolean;
}
