import type { ConversationRef, PersonRef } from '../model/events.ts';
import type {
  AccountId, ConversationRow, EventId, InboxSeq, Millis, NetworkId, OutboxSeq, PersonRow, PortalRow, RemoteId, RoomId, RoomRow, UserId,
} from '../model/ids.ts';
import type { Filter, MapRow, Member, Person, Portal, ReactionRow, Room, Shows, ThreadRow } from './data.ts';
import type { MatrixTask, NetworkTask } from './tasks.ts';

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
  /** Only a row that waits: ready or parked; what it waited for is no matter any more. @throws Stale where it has gone meanwhile */
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
  | { readonly do: 'room'; readonly room: RoomRow; readonly change: Partial<Pick<Room, 'roomId' | 'state' | 'kind' | 'encrypted' | 'createdByUs' | 'name' | 'topic' | 'picture' | 'pinned' | 'deserted'>> }
  | { readonly do: 'person'; readonly person: PersonRow; readonly change: Partial<Pick<Person, 'registered' | 'shownName' | 'shownPicture'>> }
  /** A person asked not to be bridged any more, or to be bridged again (null). */
  | { readonly do: 'consent'; readonly person: PersonRow; readonly stopped: Millis | null }
  /** What a network tells of people and of a conversation when it is asked. `into`: their ghosts come into this room. */
  | { readonly do: 'facts'; readonly network: NetworkId; readonly account: AccountId; readonly conversation?: ConversationRef; readonly people?: readonly PersonRef[]; readonly into?: { readonly room: RoomRow; readonly portal: PortalRow } }
  /** Makes the rows of a room and a portal for a conversation that has none; the room itself is made by the lane. `backfill`: the past comes first, then the invites. */
  | { readonly do: 'portal'; readonly conversation: ConversationRow; readonly account: AccountId; readonly invite: readonly UserId[]; readonly backfill?: boolean }
  /** The portal of a conversation that has none, in a room that is there. @throws Stale where it has one */
  | { readonly do: 'portalIn'; readonly room: RoomRow; readonly conversation: ConversationRow; readonly account: AccountId }
  /** Whether others than the owners of the account speak through a portal. */
  | { readonly do: 'relay'; readonly portal: PortalRow; readonly on: boolean }
  /** Makes the row of a room of the bot's own with these people; the room itself is made by the lane. */
  | { readonly do: 'managementRoom'; readonly invite: readonly UserId[] }
  /** What waited in the inbox has been dealt with by other means. */
  | { readonly do: 'handled'; readonly seq: InboxSeq }
  | { readonly do: 'portalState'; readonly portal: PortalRow; readonly state: Portal['state'] }
  /** Ends a portal. What still waits for its room goes into a new one, to which these are invited. */
  | { readonly do: 'close'; readonly portal: PortalRow; readonly invite: readonly UserId[] }
  /** Another account serves the conversation from now on; what waits for the one before stays that one's. */
  | { readonly do: 'handOver'; readonly portal: PortalRow; readonly account: AccountId }
  /** Null: they hear of everything again. */
  | { readonly do: 'filter'; readonly user: UserId; readonly on: Filter['on']; readonly mode: Filter['mode'] | null }
  /** Something of this conversation was shown to nobody, because all ignore it. */
  | { readonly do: 'leftOut'; readonly conversation: ConversationRow; readonly person: PersonRow | null }
  /** This room of the account comes into the spaces of these, which are made where they are not there. */
  | { readonly do: 'space'; readonly account: AccountId; readonly users: readonly UserId[]; readonly child: RoomId }
  /** Queues the row that follows a room into the one that replaces it, before all that waits for the room. */
  | { readonly do: 'follow'; readonly room: RoomRow; readonly into: RoomId; readonly via: string; readonly key: string }
  /** The row of a room, with its portals, stands for another room from now on: what is here of the old one's messages is forgotten, and the bot and these leave it. */
  | { readonly do: 'moved'; readonly room: RoomRow; readonly into: RoomId; readonly leave: readonly PersonRow[] }
  | { readonly do: 'alias'; readonly conversation: ConversationRow; readonly alias: string }
  /** A public link to a file, made for this row: it stands while the row's event does. Nothing where the row was cancelled meanwhile. */
  | { readonly do: 'link'; readonly row: OutboxSeq; readonly expiresAt: Millis }
  /** Ends the links of an event that is gone, and those of its edits. */
  | { readonly do: 'unlink'; readonly event: EventId }
  /** Nothing needs the file any more, nor the job that fetches it. */
  | { readonly do: 'dropMedia'; readonly media: number }
  | { readonly do: 'meta'; readonly key: string; readonly value: string };

export type MediaResult =
  | { readonly to: 'ready'; readonly spool: string; readonly mime: string; readonly name: string; readonly size: number }
  | { readonly to: 'again'; readonly dueAt: Millis; readonly reason: string }
  | { readonly to: 'failed'; readonly reason: string };
