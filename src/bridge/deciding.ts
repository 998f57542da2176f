import type { Capabilities } from '../model/capabilities.ts';
import type { Content } from '../model/content.ts';
import type { MatrixEvent } from '../model/events.ts';
import type { AccountId, EventId, Millis, NetworkId, PersonRow, PortalRow, RemoteId, RoomRow, UserId } from '../model/ids.ts';
import type { ConsentWords } from '../i18n/consent.ts';
import type { SendRequest, Target } from '../networks/network.ts';
import type { Conversation, Effect, InOutcome, MapRow, OutboxItem, Person, Portal } from '../store/store.ts';
import type { Marker } from './keys.ts';
import { type Audience, inRooms, roomFor } from './reports/telling.ts';
import type { DeliverySettings, Permission, RelayPrefix } from './settings.ts';

/** What in lanes decide with: pure, no I/O. */
export interface Deciding {
  readonly now: Millis;
  readonly settings: DeliverySettings;
  readonly bot: UserId;
  readonly relayPrefix: RelayPrefix;
  readonly commandPrefix: string;
  userIdOf(person: Person): UserId;
  person(row: PersonRow): Person | null;
  /** Who one of our ghosts stands for. */
  personOf(ghost: UserId): Person | null;
  /** Whether somebody was erased for whom this ghost stood. */
  isErased(ghost: UserId): boolean;
  /** The direct chats with somebody, and the portal of each. */
  chatsWith(person: Person): readonly { readonly conversation: Conversation; readonly portal: Portal | null }[];
  /** The bot or a ghost. */
  isOurs(user: string): boolean;
  adapter(account: AccountId): AdapterView | null;
  /** A portal, also one that is closed; what has become one with another is that. */
  portal(row: PortalRow): Portal | null;
  /** A network as people write it. */
  networkName(network: NetworkId): string;
  /** Null: the config does not name them. */
  permission(user: string): Permission | null;
  owners(account: AccountId): readonly UserId[];
  /** Whose own account shows what this account itself does in its network's app; null: the bot does. */
  puppetOf(account: AccountId): UserId | null;
  /** The marker of an event that we wrote, also from somebody's own account; null: it is somebody's own, or bears none. */
  origin(event: MatrixEvent): Marker | null;
  /** What is under way to this room at this moment. */
  underWay(room: RoomRow): OutboxItem | null;
  /** The newest event of a portal that shows what was said there until then. */
  lastBy(portal: Portal, time: Millis): EventId | null;
  /** The events that show a message of a network. */
  shown(portal: PortalRow, remote: RemoteId): readonly MapRow[];
  /** Where the owners of an account are told what has no room of its own. */
  audience(account: AccountId): Audience;
  /** How somebody wants to hear of a conversation; null: as usual. */
  filterOf(user: UserId, conversation: Conversation): 'mute' | 'ignore' | null;
  admins(): Audience;
  /** Rooms beside its own where it is told that a row has failed: of what a ghost said, those of the account's owners who are not there. */
  alsoTold(row: OutboxItem): readonly RoomRow[];
  /** The row that an event of our own was sent by. */
  rowByKey(key: string): OutboxItem | null;
  /** Whether this message of the network is one that we sent, also where it is deleted meanwhile. */
  isSent(account: AccountId, id: RemoteId): boolean;
  /** What a whole message of a network means, where it is about being bridged at all. */
  readonly consentIn: ConsentWords;
  /** Whether nobody knows of something that was sent there of late whether it arrived, and a person is asked. */
  isAsked(portal: PortalRow): boolean;
  /** Whether this event of Matrix has ever come. */
  hasSeen(event: EventId): boolean;
}

/** The pure half of a connection. */
export interface AdapterView {
  readonly id: NetworkId;
  /** As people write it. */
  readonly name: string;
  capabilities(target: Target): Capabilities;
  plan(request: SendRequest): readonly Content[];
  /** Whether the network tells the past of a conversation. */
  hasPast(target: Target): boolean;
}

export interface Decision {
  readonly outcome: InOutcome;
  readonly effects: readonly Effect[];
  /** In memory only: shown if it arrives, lost with the process. */
  readonly live?: readonly Live[];
  /** For metrics: why something was left out on purpose. */
  readonly ignored?: string;
}

/** `seq`: of the row that the event went out in, which tells the newer of two. */
export type Live =
  | { readonly do: 'read'; readonly portal: PortalRow; readonly person: Person; readonly event: EventId; readonly seq: number }
  | { readonly do: 'types'; readonly portal: PortalRow; readonly person: Person; readonly active: boolean }
  /** What somebody does in the network's own app shows by their own Matrix account. */
  | { readonly do: 'puppet reads'; readonly portal: PortalRow; readonly user: UserId; readonly event: EventId }
  | { readonly do: 'puppet types'; readonly portal: PortalRow; readonly user: UserId; readonly active: boolean };

export const done = (effects: readonly Effect[] = [], extra: Partial<Decision> = {}): Decision => ({ outcome: { to: 'done' }, effects, ...extra });
export const ignored = (why: string): Decision => ({ outcome: { to: 'done' }, effects: [], ignored: why });

/** What the administrators are told; where they have no room with the bot yet, the item is looked at again once it is there. */
export function toAdmins(deciding: Deciding, text: string, key: string, and: readonly Effect[] = []): Decision {
  const { rooms, people } = deciding.admins();
  if (rooms.length > 0) return done([...inRooms(rooms, text, key), ...and]);
  return people.length > 0 ? { outcome: { to: 'again' }, effects: [roomFor(people)] } : done(and, { ignored: 'nobody_to_tell' });
}

export function targetOf(conversation: Conversation): Target {
  return {
    id: conversation.remoteId, scope: conversation.scope, kind: conversation.kind, aliases: conversation.aliases,
    ...(conversation.lastInbound ? { lastInbound: conversation.lastInbound } : {}),
  };
}
