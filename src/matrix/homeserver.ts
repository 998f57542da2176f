import type { MatrixEvent } from '../model/events.ts';
import type { EventId, Millis, Mxc, RoomId, UserId } from '../model/ids.ts';
import type { MediaStream } from '../model/media.ts';

/**
 * What the core asks of the homeserver. Every call runs as one of our own users, the bot or a ghost (`as`), or as somebody of
 * this homeserver whose own account we act for; where that may not be it is Rejected.
 * @throws Retry (429, surely not done), Rejected (4xx, `code` is the errcode), Uncertain (outcome unknown: reset, timeout,
 * 502, 504 after the request was written), Unreachable (surely not done: connect error, 503, token refused)
 */
export interface Homeserver {
  /** The bot. */
  readonly bot: UserId;
  readonly serverName: string;
  /** GET /versions and whoami; throws Unreachable. */
  ping(): Promise<void>;
  /** GET whoami as this user. Rejected where we may not act for them, or there is no such account any more. */
  actsFor(user: UserId): Promise<void>;
  /** GET /versions alone, which costs the homeserver next to nothing; throws Unreachable. */
  beat(): Promise<void>;

  /** PUT /rooms/{room}/send/{type}/{txn}?ts= ; the same `txn` is the same event for the homeserver. */
  send(as: UserId, room: RoomId, type: string, txn: string, content: object, ts?: Millis): Promise<EventId>;
  /** PUT /rooms/{room}/redact/{event}/{txn} */
  redact(as: UserId, room: RoomId, event: EventId, txn: string, reason?: string): Promise<EventId>;
  setState(as: UserId, room: RoomId, type: string, stateKey: string, content: object): Promise<EventId>;
  /** The state event's content, or null where there is none. */
  getState(as: UserId, room: RoomId, type: string, stateKey: string): Promise<Record<string, unknown> | null>;
  /** All current state. */
  state(as: UserId, room: RoomId): Promise<readonly MatrixEvent[]>;
  event(as: UserId, room: RoomId, event: EventId): Promise<MatrixEvent>;
  /** Newest first from `from` (absent: from the end of the room). */
  messages(as: UserId, room: RoomId, options: { readonly from?: string; readonly limit: number }): Promise<{
    readonly events: readonly MatrixEvent[];
    readonly end?: string;
  }>;

  /** Returns the room; on M_ROOM_IN_USE throws Rejected with that code. */
  createRoom(as: UserId, body: object): Promise<RoomId>;
  /** Null where the alias does not exist. */
  resolveAlias(alias: string): Promise<RoomId | null>;
  /** `via`: a server that is in it, where ours may not be. */
  join(as: UserId, room: RoomId, via?: string): Promise<void>;
  /** `direct`: clients file the room under people. */
  invite(as: UserId, room: RoomId, user: UserId, direct?: boolean): Promise<void>;
  leave(as: UserId, room: RoomId, reason?: string): Promise<void>;
  members(as: UserId, room: RoomId): Promise<readonly MatrixEvent[]>;

  /** POST /register with `m.login.application_service` and `inhibit_login`; M_USER_IN_USE is success. */
  register(localpart: string): Promise<void>;
  setDisplayName(as: UserId, name: string): Promise<void>;
  setAvatar(as: UserId, mxc: Mxc): Promise<void>;

  /** Streams. */
  upload(as: UserId, media: MediaStream): Promise<Mxc>;
  /** Authenticated media; streams; follows at most three redirects and drops the token when the host changes. */
  download(mxc: Mxc, signal: AbortSignal): Promise<MediaStream>;
  /** Bytes the homeserver takes as one upload. */
  uploadLimit(): Promise<number>;

  typing(as: UserId, room: RoomId, active: boolean, timeoutMs: number): Promise<void>;
  /** m.read */
  receipt(as: UserId, room: RoomId, event: EventId): Promise<void>;
  /** m.read and m.fully_read at once. */
  readUpTo(as: UserId, room: RoomId, event: EventId): Promise<void>;
  /** The bot's m.fully_read, and its reading. */
  setFullyRead(room: RoomId, event: EventId): Promise<void>;
  fullyRead(room: RoomId): Promise<EventId | null>;
  /** The bot's account data, or somebody's (`as`); null where there is none. */
  accountData(type: string, as?: UserId): Promise<Readonly<Record<string, unknown>> | null>;
  setAccountData(type: string, content: object, as?: UserId): Promise<void>;
}
