import type { MatrixEvent, NetworkEvent, Picture } from '../model/events.ts';
import type {
  AccountId, ConversationRow, EventId, InboxSeq, Millis, Mxc, NetworkId, OutboxSeq, PersonRow, PortalRow, RemoteId, RoomId, RoomRow, UserId,
} from '../model/ids.ts';
import type { MatrixTask, NetworkTask, OutboxState } from './tasks.ts';

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

/** An account that was logged in while the bridge ran. */
export interface StoredAccount {
  readonly id: AccountId;
  readonly network: NetworkId;
  readonly app: string;
  /** The network's own id of it. */
  readonly remoteId: string;
  readonly kind: 'relay' | 'personal';
  readonly owner: UserId;
  /** As they would stand under `accounts.<name>` in the config; kept sealed. Null: it was logged out. */
  readonly settings: Readonly<Record<string, unknown>> | null;
  readonly createdAt: Millis;
}

/** Something that an administrator did, or that somebody did with accounts and rooms. Never what was said. */
export interface AuditRow {
  readonly at: Millis;
  readonly who: string;
  readonly verb: string;
  readonly object: string;
}

/** A user or a server that administrators have shut out. */
export interface Blocked {
  readonly who: string;
  readonly by: UserId;
  readonly at: Millis;
}

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
  /** Since when they are not to be bridged, as they asked; absent: they are. */
  readonly stopped?: Millis;
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
  /** Its id is the account's own: no other account can serve it. */
  readonly perAccount?: boolean;
  /** Who a direct chat is with. */
  readonly person: PersonRow | null;
  readonly lastInbound: { readonly id: RemoteId; readonly at: Millis } | null;
  /** Of a direct chat: since when its person is not to be bridged, as they asked. */
  readonly stopped?: Millis;
}

export interface Room {
  readonly row: RoomRow;
  readonly roomId: RoomId | null;
  /** `creating`: not made yet; `live`; `gone`: we are out of it, or it is closed. */
  readonly state: 'creating' | 'live' | 'gone';
  readonly kind: 'portal' | 'management' | 'space' | 'unknown';
  readonly encrypted: boolean;
  readonly createdByUs: boolean;
  /** The name, topic and picture (by its id) that the bridge last gave it. */
  readonly name: string | null;
  readonly topic: string | null;
  readonly picture: string | null;
  /** The event by which the last person in it left; null: nobody has, or somebody is in it. */
  readonly deserted: EventId | null;
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
  /** Linked to a room that was there: its name, its picture and its end are for its people to decide. */
  readonly linked: boolean;
  /** Whether others than the owners of the account speak through it. */
  readonly relay: boolean;
}

export interface Member {
  readonly user: UserId;
  readonly membership: 'join' | 'invite' | 'leave' | 'ban' | 'knock';
  readonly name: string | null;
  /** Null: none; absent: as it was. */
  readonly picture?: Mxc | null;
  /** They went out, or were put out, and have not come back since: also while they are asked in again. */
  readonly hasLeft?: boolean;
}

/** What a Matrix user wants to be told of without a sound, or not at all. */
export interface Filter {
  readonly on: { readonly person: PersonRow } | { readonly conversation: ConversationRow };
  readonly mode: 'mute' | 'ignore';
  /** How often something was shown to nobody because of it. */
  readonly leftOut: number;
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
  /** Those that people here put on these events, and of each that is one of these events all that stand beside it. */
  readonly reactions: readonly ReactionRow[];
  /** Who has joined the room or is invited to it, our own users too. */
  readonly members: readonly Member[];
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
