import type { Content } from '../model/content.ts';
import type { EventId, Millis, OutboxSeq, PersonRow, RemoteId, RoomId, UserId } from '../model/ids.ts';

/**
 * ready → sending → accepted → confirmed; sending → ready | uncertain | dead; uncertain → accepted | ready | asked;
 * asked → accepted | ready | dead; ready ↔ parked; ready, parked → cancelled | dead; accepted → dead (a late failure);
 * dead → ready at the lane's tail, with the same key.
 */
export type OutboxState =
  | 'ready' | 'sending' | 'uncertain' | 'asked' | 'parked' | 'accepted' | 'confirmed' | 'cancelled' | 'dead';

/** Something that a task points at, looked up at the moment of sending. */
export type TargetRef =
  | { readonly event: EventId }
  /** A message of a network; of several parts the first, or the one that is named. */
  | { readonly remote: RemoteId; readonly part?: number }
  /** The event that another outbox row became. */
  | { readonly row: OutboxSeq };

/**
 * One call to the homeserver. `as` null is the bot. `puppet`: whose own account shows it where that can be; else `as` does.
 */
export type MatrixTask =
  | {
      readonly to: 'matrix';
      readonly kind: 'message';
      readonly as: PersonRow | null;
      readonly puppet?: UserId;
      /** Said before it where the bot shows what somebody's own account should have. */
      readonly sentFrom?: string;
      readonly type: string;
      readonly content: Readonly<Record<string, unknown>>;
      readonly ts?: Millis;
      /** A reply to this. */
      readonly replyTo?: TargetRef;
      readonly thread?: { readonly root: RemoteId; readonly broadcast?: true };
      /** Replaces this. */
      readonly edits?: TargetRef;
      /** Bytes: uploaded first, then `url` and `info` join the content. `placeholder`: sent while the file is still coming. */
      readonly media?: { readonly job: number; readonly waitUntil: Millis; readonly uploaded?: { readonly mxc: string; readonly content: Readonly<Record<string, unknown>> } };
      readonly map?: { readonly remoteId: RemoteId; readonly inPart: number; readonly remoteTime: Millis };
      /** It is of before the room was made. */
      readonly past?: true;
      /** It may be the echo of something that was sent and of which nobody knows whether it arrived. */
      readonly unsure?: true;
      /** It stands for a file that comes later and takes its place. */
      readonly late?: true;
    }
  | {
      readonly to: 'matrix';
      readonly kind: 'reaction';
      readonly as: PersonRow | null;
      readonly puppet?: UserId;
      readonly target: RemoteId;
      readonly emoji: string;
      readonly ts: Millis;
    }
  /** Takes a reaction away: by its event, or by the outbox key of the row that is still carrying it. */
  | { readonly to: 'matrix'; readonly kind: 'unreaction'; readonly as: PersonRow | null; readonly puppet?: UserId; readonly event: EventId | null; readonly key: string }
  /** All of a message, or one part of it that its edit has left out. */
  | { readonly to: 'matrix'; readonly kind: 'redaction'; readonly as: PersonRow | null; readonly puppet?: UserId; readonly target: RemoteId; readonly part?: number }
  | { readonly to: 'matrix'; readonly kind: 'pin'; readonly as: null; readonly target: RemoteId; readonly pinned: boolean }
  /** What somebody chose in a poll: ids of its options as the network calls them. */
  | { readonly to: 'matrix'; readonly kind: 'vote'; readonly as: PersonRow | null; readonly puppet?: UserId; readonly target: RemoteId; readonly options: readonly string[]; readonly ts: Millis }
  | { readonly to: 'matrix'; readonly kind: 'poll end'; readonly as: PersonRow | null; readonly target: RemoteId; readonly text: string; readonly ts: Millis }
  /** Whether the homeserver shows an event as redacted: confirmed where it does, cancelled where it does not. */
  | { readonly to: 'matrix'; readonly kind: 'verify'; readonly event: EventId }
  | { readonly to: 'matrix'; readonly kind: 'create' }
  /** Writes the conversation's past into the new room, then invites these. `since`: the network is being asked from then on. */
  | { readonly to: 'matrix'; readonly kind: 'backfill'; readonly invite: readonly UserId[]; readonly since?: Millis }
  /** Says which parties can read the room, first of all in it. */
  | { readonly to: 'matrix'; readonly kind: 'welcome' }
  /** The state that tells clients of the portal stands in the room, or does not. */
  | { readonly to: 'matrix'; readonly kind: 'bridge info'; readonly shown: boolean }
  /** A room comes into a space, or goes out of it. */
  | { readonly to: 'matrix'; readonly kind: 'child'; readonly child: RoomId; readonly present: boolean }
  /** The room was replaced by this one, and its portals go there. `via`: a server that is in it. */
  | { readonly to: 'matrix'; readonly kind: 'follow'; readonly into: RoomId; readonly via: string }
  /** The room's name, topic and picture become what the conversation's are. */
  | { readonly to: 'matrix'; readonly kind: 'refresh' }
  /** The ghost comes into the room before it has said anything; one that is there looks as the network shows it now. */
  | { readonly to: 'matrix'; readonly kind: 'enter'; readonly as: PersonRow }
  | { readonly to: 'matrix'; readonly kind: 'invite'; readonly user: UserId }
  | { readonly to: 'matrix'; readonly kind: 'join' }
  /** The bot, or a ghost. */
  | { readonly to: 'matrix'; readonly kind: 'leave'; readonly as: PersonRow | null; readonly reason?: string }
  /** `literal`: as it was typed, where formatting has changed it: a client makes emphasis of the underscores in a token. */
  | { readonly to: 'matrix'; readonly kind: 'command'; readonly text: string; readonly literal?: string; readonly sender: UserId; readonly event: EventId };

/** One call to a network, for one part. */
export type NetworkTask =
  | {
      readonly to: 'network';
      readonly kind: 'message';
      readonly content: Content;
      readonly relay: { readonly name: string } | null;
      readonly replyTo?: EventId;
      /** The event that its thread hangs on. */
      readonly thread?: EventId;
      /** What the first step made of a media part: fitted to the network and kept in the spool. */
      readonly fitted?: FittedMedia;
    }
  /** `emoji`: comes to those that the account shows; null: none does. `gone`: goes. */
  | { readonly to: 'network'; readonly kind: 'reaction'; readonly target: EventId; readonly emoji: string | null; readonly gone?: string; readonly reaction: EventId }
  | { readonly to: 'network'; readonly kind: 'pin'; readonly target: EventId; readonly pinned: boolean }
  | { readonly to: 'network'; readonly kind: 'edit'; readonly target: EventId; readonly part: number; readonly content: Content; readonly relay: { readonly name: string } | null }
  /** One part of an event; its id is looked up when it is sent, for it may be on its way still. */
  | { readonly to: 'network'; readonly kind: 'deletion'; readonly target: EventId; readonly part: number };

export interface FittedMedia {
  readonly as: 'image' | 'video' | 'audio' | 'voice' | 'file' | 'sticker';
  readonly spool: string;
  readonly mime: string;
  readonly name: string;
  readonly size: number;
  readonly width?: number;
  readonly height?: number;
  readonly durationMs?: number;
}

/** What became of a row, as the network or a person says. */
export interface Delivery {
  readonly seq: OutboxSeq;
  /** As it stood when this was decided. */
  readonly from: OutboxState;
  readonly to: 'accepted' | 'confirmed' | 'dead';
  readonly remoteId: RemoteId | null;
  readonly at: Millis;
  readonly code?: string;
  readonly reason?: string;
}
