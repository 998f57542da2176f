import type { MediaKind } from './content.ts';

/** `partial` and `none` carry the reason that people and the capability table are shown. */
export interface Capability {
  readonly level: 'full' | 'partial' | 'none';
  readonly reason?: string;
}

export interface MediaCapability extends Capability {
  /** Types taken as they are; `*` and `image/*` count as patterns. Empty with level none. */
  readonly mimes: readonly string[];
  readonly maxBytes: number;
  /** Characters; 0 where there are no captions. */
  readonly maxCaption: number;
}

export const FEATURES = [
  'text', 'edit', 'delete', 'react', 'reply', 'thread', 'pin', 'typing', 'readReceipts', 'deliveryReceipts',
  'location', 'contacts', 'poll', 'groups', 'members', 'profiles', 'history', 'impersonation',
] as const;
export type Feature = (typeof FEATURES)[number];

/** What one can look for on a network from Matrix, and make and change there besides messages. */
export const REACHES = ['contacts', 'conversations', 'search', 'resolve', 'createDirect', 'createGroup', 'invite', 'kick', 'leave', 'setTitle'] as const;
export type ReachFeature = (typeof REACHES)[number];

/** What one conversation can do now. The core turns what it cannot into the best thing it can. */
export interface Capabilities {
  readonly out: Readonly<Record<Feature, Capability>>;
  readonly in: Readonly<Record<Feature, Capability>>;
  readonly media: Readonly<Record<MediaKind, MediaCapability>>;
  /** Of the account as a whole. What is not `none` is a call of `Connection.reach`. */
  readonly reach: Readonly<Record<ReachFeature, Capability>>;
  /** Reactions of one account on one message. */
  readonly maxReactions: number;
  /** To show there that somebody is typing also tells that what came before is read. */
  readonly typingReads?: true;
}
