import type { ConversationRef, MatrixEvent, NetworkEvent, NetworkItem, PersonRef, Picture } from '../model/events.ts';
import type {
  AccountId, ConversationRow, EventId, InboxSeq, Millis, Mxc, NetworkId, OutboxSeq, PersonRow, PortalRow, RemoteId, RoomId,
  RoomRow, UserId,
} from '../model/ids.ts';
import type { Delivery, MatrixTask, NetworkTask, OutboxState } from './tasks.ts';

export type { Delivery, MatrixTask, NetworkTask, OutboxState } from './tasks.ts';

/**
 * The durable truth. Coarse commands, each one transaction, plain data in and out: no handle and no callback leaves it,
 * so that a worker or another database fits behind the same interface. Every command that writes resolves after the commit.
 * @throws StoreBusy where nothing was written and the caller may come again (disk full, I/O error)
 * @throws Stale where a row that was to be cancelled, replaced or settled by a delivery event has gone on since it was read
 */
export interface Store {
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

  openConversation(request: OpenConversation): Promise<{ readonly conversation: ConversationRow; readonly wake: Wake }>;
  person(row: PersonRow): Person | null;
  /** A person as they were before they turned out to be somebody known: what their ghost wrote stays that ghost's. */
  writer(row: PersonRow): Person | null;
  /** Who is known by this id. */
  personById(network: NetworkId, scope: string, id: string): Person | null;
  personByLocalpart(localpart: string): Person | null;
  conversation(row: ConversationRow): Conversation | null;
  /** The direct chats with somebody, one for each account that has one. */
  directChats(person: PersonRow): readonly Conversation[];
  portal(row: PortalRow): Portal | null;
  portalsOf(room: RoomRow): readonly Portal[];
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
  mapOf(portal: PortalRow, event: EventId): readonly MapRow[];
  mapOfRemote(portal: PortalRow, remote: RemoteId): readonly MapRow[];
  threadOf(portal: PortalRow, root: RemoteId): ThreadRow | null;
  /** The thread that hangs on this event. */
  threadOn(portal: PortalRow, event: EventId): ThreadRow | null;
  /** The newest message of the network that somebody has seen who has read up to this event, whatever that is itself. */
  inboundUpTo(portal: PortalRow, room: RoomRow, event: EventId): RemoteId | null;
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
  /** Deletes what its time has passed for. Returns the spool entries that nothing needs any more. */
  prune(now: Millis, keep: Keep): Promise<readonly string[]>;
  getMeta(key: string): string | null;
  setMeta(key: string, value: string): Promise<void>;
  /** Wipes and truncates the log of the database. */
  checkpoint(): void;
  close(): void;
}

/** How long things are kept, in milliseconds. */
export interface Keep {
  /** Content of dead items, and files that nothing came to use. */
  readonly deadContent: Millis;
  readonly settled: Millis;
  /** Accepted sends without a delivery event count as confirmed after this. */
  readonly accepted: Millis;
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

export interface InboxItem {
  readonly seq: InboxSeq;
  readonly source: string;
  readonly key: string;
  readonly lane: string;
  readonly tries: number;
  readonly receivedAt: Millis;
  readonly dueAt: Millis;
  readonly body: InboxBody;
}

export type InboxBody =
  | {
      readonly side: 'network';
      readonly account: AccountId;
      readonly event: NetworkEvent;
      readonly conversation: ConversationRow | null;
      readonly person: PersonRow | null;
      /** Media job of each media part, by its index in `parts`. */
      readonly media: Readonly<Record<number, number>>;
    }
  | { readonly side: 'matrix'; readonly room: RoomRow; readonly event: MatrixEvent; readonly doubtful: boolean };

export interface Person {
  readonly row: PersonRow;
  readonly network: NetworkId;
  /** What makes their ids unique. */
  readonly scope: string;
  readonly localpart: string;
  readonly name: string | null;
  readonly registered: boolean;
  /** The display name that the homeserver last took. */
  readonly shownName: string | null;
  /** Undefined: nobody has told. Null: they have none. */
  readonly picture: Picture | null | undefined;
  /** The id of the picture that Matrix shows; null: none. */
  readonly shownPicture: string | null;
  readonly ids: readonly string[];
}

export interface Conversation {
  readonly row: ConversationRow;
  readonly network: NetworkId;
  readonly scope: string;
  readonly remoteId: string;
  readonly kind: 'direct' | 'group' | 'channel';
  readonly title: string | null;
  readonly topic: string | null;
  readonly picture: Picture | null | undefined;
  readonly aliases: readonly string[];
  readonly account: AccountId;
  /** Who a direct chat is with. */
  readonly person: PersonRow | null;
  readonly lastInbound: { readonly id: RemoteId; readonly at: Millis } | null;
}

export interface Room {
  readonly row: RoomRow;
  readonly roomId: RoomId | null;
  /** `creating`: not made yet; `live`; `gone`: we are out of it, or it is closed. */
  readonly state: 'creating' | 'live' | 'gone';
  readonly kind: 'portal' | 'management' | 'unknown';
  readonly encrypted: boolean;
  readonly createdByUs: boolean;
  /** The name, topic and picture (by its id) that the bridge last gave it. */
  readonly name: string | null;
  readonly topic: string | null;
  readonly picture: string | null;
  /** What its pinned events were when the homeserver last told. */
  readonly pinned: readonly EventId[];
}

export interface Portal {
  readonly row: PortalRow;
  readonly room: RoomRow;
  readonly conversation: Conversation;
  readonly account: AccountId;
  /** `backfilling`: its past is being written; what comes in meanwhile waits. */
  readonly state: 'creating' | 'backfilling' | 'live' | 'closed';
}

export interface Member {
  readonly user: UserId;
  readonly membership: 'join' | 'invite' | 'leave' | 'ban' | 'knock';
  readonly name: string | null;
  /** Null: none; absent: as it was. */
  readonly picture?: Mxc | null;
}

export interface MapRow {
  readonly portal: PortalRow;
  readonly eventId: EventId;
  readonly outPart: number;
  readonly remoteId: RemoteId;
  readonly inPart: number;
  /** When it was said on the network, or last edited there. */
  readonly remoteTime: Millis;
  /** Which side it was born on. */
  readonly origin: 'matrix' | 'network';
  /** The author: a person's row id, or a Matrix user id. */
  readonly author: string;
  /** The root, as the network calls it, of the thread that it stands in; absent or null: in none. */
  readonly thread?: RemoteId | null;
}

/** A thread of a network: the event that stands for its root, and the newest in it. */
export interface ThreadRow {
  readonly portal: PortalRow;
  readonly root: RemoteId;
  readonly eventId: EventId;
  readonly last: EventId;
}

export interface ReactionRow {
  readonly portal: PortalRow;
  /** From a network: the message's id there. From Matrix: the event id. */
  readonly target: string;
  readonly actor: string;
  readonly emoji: string;
  /** Null while on its way to Matrix. */
  readonly eventId: EventId | null;
  /** The outbox key of the row that carries it: finds the event while `eventId` is not known. */
  readonly key: string;
  readonly at: Millis;
}

export interface RemoteContext {
  readonly conversation: Conversation;
  readonly portal: Portal | null;
  readonly room: Room | null;
  readonly person: Person | null;
  readonly map: readonly MapRow[];
  /** Threads whose root is one of these remote ids. */
  readonly threads: readonly ThreadRow[];
  /** Unsettled rows on their way to Matrix that carry one of these remote ids. */
  readonly coming: readonly OutboxItem[];
  /** Unsettled or uncertain sends to this conversation, for echoes. */
  readonly going: readonly OutboxItem[];
  /** Those of Matrix people on the events of these messages too. */
  readonly reactions: readonly ReactionRow[];
  /** Whom the event mentions, by the network's id of each. */
  readonly mentioned: Readonly<Record<string, Person>>;
  /** Who has joined the portal's room or is invited to it, our own users too: the store cannot tell them apart. */
  readonly members: readonly Member[];
  /** Portals that became one with this one, in rooms that are still there. */
  readonly joined: readonly Pick<Portal, 'row' | 'room'>[];
}

export interface RoomContext {
  readonly room: Room;
  readonly portals: readonly Portal[];
  readonly sender: Member | null;
  readonly map: readonly MapRow[];
  /** Rows that these events became, and what later edits made of them, settled or not. */
  readonly rows: readonly OutboxItem[];
  readonly reactions: readonly ReactionRow[];
  /** Who has joined the room or is invited to it, our own users too. */
  readonly members: readonly Member[];
}

/** What a delivery event waits for that came before the answer which names its message. */
export const deliveredKey = (account: AccountId, id: string): string => `d:${account}:${id}`;
/** What waits for an answer that a row of ours fetches, by its key. */
export const verifiedKey = (key: string): string => `v:${key}`;
/** What waits for one part of a Matrix event to be on the network. */
export const partKey = (portal: PortalRow, part: number, event: EventId): string => `p:${portal}:${part}:${event}`;

export type InOutcome =
  | { readonly to: 'done' }
  /** Stays at the head and is looked at again: the effects have changed its context. */
  | { readonly to: 'again' }
  | { readonly to: 'hold'; readonly until: Millis }
  | { readonly to: 'park'; readonly key: string; readonly until: Millis }
  | { readonly to: 'dead'; readonly code: string; readonly reason: string };

export type OutOutcome =
  | { readonly to: 'accepted' | 'confirmed'; readonly remoteId: string | null; readonly at: Millis }
  | { readonly to: 'ready'; readonly dueAt: Millis; readonly tried: boolean; readonly code: string; readonly reason: string }
  | { readonly to: 'uncertain'; readonly dueAt: Millis; readonly code: string; readonly reason: string }
  | { readonly to: 'asked' | 'dead'; readonly code: string; readonly reason: string }
  | { readonly to: 'parked'; readonly key: string; readonly until: Millis }
  | { readonly to: 'cancelled'; readonly reason: string };

/** A row as it was read: an edit that replaces what it sends makes a new edition of it. */
export interface OutboxRef {
  readonly seq: OutboxSeq;
  readonly edition: number;
}

export interface Shows {
  readonly event: EventId;
  readonly part: number;
}

export interface OutboxItem extends OutboxRef {
  readonly lane: string;
  readonly state: OutboxState;
  /** Stored once, never derived again: the transaction id, or the network's callback data. */
  readonly key: string;
  readonly portal: PortalRow | null;
  readonly room: RoomRow | null;
  readonly account: AccountId | null;
  /** The Matrix event that it came of, and its sender. */
  readonly event: EventId | null;
  readonly sender: UserId | null;
  /** Where an edit or what an edit adds stands: in that event, as this part of it. Null: in the event that it came of. */
  readonly shows: Shows | null;
  /** The network message that it came of. */
  readonly remoteRef: RemoteId | null;
  readonly part: number;
  readonly parts: number;
  readonly tries: number;
  readonly dueAt: Millis;
  readonly blockedSince: Millis | null;
  readonly createdAt: Millis;
  readonly sentAt: Millis | null;
  /** The id that the other side gave it. */
  readonly remoteId: string | null;
  readonly code: string | null;
  readonly reason: string | null;
  /** The outbox row of the notice that told the sender. */
  readonly report: OutboxSeq | null;
  /** Null once settled: no content is kept after delivery. Null before it: what was sealed does not open any more. */
  readonly task: MatrixTask | NetworkTask | null;
  readonly kind: string;
}

export interface NewOutbox {
  readonly lane: string;
  readonly key: string;
  readonly task: MatrixTask | NetworkTask;
  readonly portal?: PortalRow;
  readonly room?: RoomRow;
  readonly account?: AccountId;
  readonly event?: EventId;
  readonly sender?: UserId;
  readonly shows?: Shows;
  readonly remoteRef?: RemoteId;
  readonly part?: number;
  readonly parts?: number;
  readonly dueAt?: Millis;
  /** It may have been sent before: `uncertain` from the start. */
  readonly doubtful?: boolean;
  /** Parked at once, until this comes or the time is over. */
  readonly park?: { readonly key: string; readonly until: Millis };
  /** This row tells what became of that one. */
  readonly reports?: OutboxSeq;
}

export type Effect =
  | { readonly do: 'send'; readonly row: NewOutbox }
  /** Only a row that is not on its way: ready, parked, asked or dead. Wiped. @throws Stale where it has gone meanwhile */
  | { readonly do: 'cancel'; readonly seq: OutboxSeq; readonly reason: string }
  /** Only a row that waits: ready or parked. @throws Stale where it has gone meanwhile */
  | { readonly do: 'replace'; readonly seq: OutboxSeq; readonly task: NetworkTask }
  | { readonly do: 'map'; readonly row: MapRow }
  /** The first event that a thread hangs on stays; the newest moves on. */
  | { readonly do: 'thread'; readonly row: ThreadRow }
  /** A message is gone, or only this part of it. */
  | { readonly do: 'unmap'; readonly portal: PortalRow; readonly remoteId: RemoteId; readonly part?: number }
  | { readonly do: 'react'; readonly row: ReactionRow }
  /** The event id of a reaction that has arrived on Matrix; nothing where it was taken back meanwhile. */
  | { readonly do: 'reacted'; readonly key: string; readonly eventId: EventId }
  /** A copy in the inbox proves that this row was sent, also where it had been given up. */
  | { readonly do: 'proven'; readonly seq: OutboxSeq; readonly remoteId: string }
  | { readonly do: 'unreact'; readonly portal: PortalRow; readonly target: string; readonly actor: string; readonly emoji: string | null }
  | { readonly do: 'member'; readonly room: RoomRow; readonly member: Member }
  | { readonly do: 'room'; readonly room: RoomRow; readonly change: Partial<Pick<Room, 'roomId' | 'state' | 'kind' | 'encrypted' | 'createdByUs' | 'name' | 'topic' | 'picture' | 'pinned'>> }
  | { readonly do: 'person'; readonly person: PersonRow; readonly change: Partial<Pick<Person, 'registered' | 'shownName' | 'shownPicture'>> }
  /** What a network tells of people and of a conversation when it is asked. `into`: their ghosts come into this room. */
  | { readonly do: 'facts'; readonly network: NetworkId; readonly account: AccountId; readonly conversation?: ConversationRef; readonly people?: readonly PersonRef[]; readonly into?: { readonly room: RoomRow; readonly portal: PortalRow } }
  /** Makes the rows of a room and a portal for a conversation that has none; the room itself is made by the lane. `backfill`: the past comes first, then the invites. */
  | { readonly do: 'portal'; readonly conversation: ConversationRow; readonly account: AccountId; readonly invite: readonly UserId[]; readonly backfill?: boolean }
  /** Makes the row of a room of the bot's own with these people; the room itself is made by the lane. */
  | { readonly do: 'managementRoom'; readonly invite: readonly UserId[] }
  /** What waited in the inbox has been dealt with by other means. */
  | { readonly do: 'handled'; readonly seq: InboxSeq }
  | { readonly do: 'portalState'; readonly portal: PortalRow; readonly state: Portal['state'] }
  /** Ends a portal. What still waits for its room goes into a new one, to which these are invited. */
  | { readonly do: 'close'; readonly portal: PortalRow; readonly invite: readonly UserId[] }
  | { readonly do: 'alias'; readonly conversation: ConversationRow; readonly alias: string }
  /** A public link to a file, made for this row: it stands while the row's event does. Nothing where the row was cancelled meanwhile. */
  | { readonly do: 'link'; readonly row: OutboxSeq; readonly expiresAt: Millis }
  /** Ends the links of an event that is gone, and those of its edits. */
  | { readonly do: 'unlink'; readonly event: EventId }
  /** Nothing needs the file any more, nor the job that fetches it. */
  | { readonly do: 'dropMedia'; readonly media: number }
  | { readonly do: 'meta'; readonly key: string; readonly value: string };

export interface OpenConversation {
  readonly network: NetworkId;
  readonly account: AccountId;
  readonly person: PersonRef;
  readonly conversation: ConversationRef;
  readonly invite: readonly UserId[];
  readonly backfill?: boolean;
}

export interface MediaJob {
  readonly id: number;
  readonly account: AccountId;
  readonly handle: string;
  readonly state: 'wanted' | 'ready' | 'failed';
  readonly spool: string | null;
  readonly mime: string | null;
  readonly name: string | null;
  readonly size: number | null;
  readonly tries: number;
  readonly dueAt: Millis;
  readonly reason: string | null;
}

export type MediaResult =
  | { readonly to: 'ready'; readonly spool: string; readonly mime: string; readonly name: string; readonly size: number }
  | { readonly to: 'again'; readonly dueAt: Millis; readonly reason: string }
  | { readonly to: 'failed'; readonly reason: string };

/** `in`: received and not handled; `out`: not sent, or not known to be. */
export interface Undelivered {
  readonly side: 'in' | 'out';
  readonly seq: number;
  readonly state: OutboxState;
  readonly lane: string;
  readonly kind: string;
  readonly portal: PortalRow | null;
  readonly room: RoomRow | null;
  readonly event: EventId | null;
  readonly sender: UserId | null;
  readonly code: string | null;
  readonly reason: string | null;
  readonly createdAt: Millis;
}

export interface Counts {
  readonly inbox: Readonly<Record<string, number>>;
  readonly outbox: Readonly<Record<string, number>>;
  /** What is unsettled in the outbox, by the side it goes to. */
  readonly waiting: Readonly<Record<'matrix' | 'network', { readonly count: number; readonly oldest: Millis | null }>>;
  /** Dead items of the outbox by account; the empty name counts those that belong to none. */
  readonly dead: Readonly<Record<string, number>>;
  readonly portals: number;
  readonly people: number;
}
