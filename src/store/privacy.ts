import type { EventId, Millis, NetworkId, PersonRow, RoomId, UserId } from '../model/ids.ts';

/** How somebody of a network is erased. */
export interface ErasureWish {
  /** What they wrote is taken away from the homeserver, too. */
  readonly redact: boolean;
  /** They are not to be bridged from now on. Who asked for that already stays so in any case. */
  readonly stop: boolean;
}

/** What was erased in one commit. */
export interface Erased {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Files that nothing needs any more. */
  readonly spool: readonly string[];
}

/** What is left to be done on the homeserver about somebody of whom nothing else is known any more. */
export interface Erasure {
  readonly id: number;
  readonly at: Millis;
  readonly redact: boolean;
  /** Localparts. */
  readonly ghosts: readonly string[];
  /** Where ghosts are. `direct`: the room was made for a chat with them. */
  readonly rooms: readonly ErasureRoom[];
  /** Events to be redacted. */
  readonly left: number;
  readonly of: number;
}

export interface ErasureRoom {
  readonly id: RoomId;
  readonly direct: boolean;
  readonly ghosts: readonly string[];
}

export interface ErasureEvent {
  readonly event: EventId;
  readonly room: RoomId;
  /** Whose event it is. */
  readonly ghost: string;
}

/** What people can ask of the store about themselves, or have asked for them. */
export interface PrivacyStore {
  /** Everybody of a network who is known by this id, in whatever scope. */
  peopleCalled(network: NetworkId, id: string): readonly PersonRow[];
  /** Forgets all that is known of somebody, in one commit; what is to be done on the homeserver stays, sealed, until it is done. */
  erasePerson(person: PersonRow, wish: ErasureWish): Promise<Erased>;
  /** Whether somebody of this ghost was erased; whoever has come back is known all the same. */
  isErased(localpart: string): boolean;
  /** The oldest first. */
  erasures(): readonly Erasure[];
  erasureEvents(erasure: number, limit: number): readonly ErasureEvent[];
  /** These are redacted, or never will be. */
  redacted(erasure: number, events: readonly EventId[]): Promise<void>;
  /** Nothing is left to do. */
  erasureDone(erasure: number): Promise<void>;
  /**
   * Looks at so many mappings behind this one (null: from the first) and forgets those from before this time, with the reactions and
   * threads that hang on them. The last that it has looked at; null: there are no more.
   */
  forgetMappings(before: Millis, after: string | null, limit: number): Promise<string | null>;
  /** All that is held about a Matrix user, as plain data. */
  exportUser(user: UserId): Promise<object>;
  /** Forgets what is held about a Matrix user, but for which rooms they are in: those stay bridged. */
  eraseUser(user: UserId): Promise<Erased>;
}
