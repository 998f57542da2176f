import type { Capabilities } from '../../../src/model/capabilities.ts';
import type { MediaKind } from '../../../src/model/content.ts';
import type { Network } from '../../../src/networks/network.ts';
import type { Around } from '../stack/between.ts';

/** One network's sandbox, driven by the cases that every adapter must pass. */
export interface Driver {
  readonly network: Network;
  /** Conversations that the cases are played in: `direct` with one person, `group` with several. */
  readonly places: readonly Place[];
  start(around: Around): Promise<Peer>;
}

export type Place = 'direct' | 'group';

/** What the descriptor says of conversations of this sort. */
export function capabilitiesIn({ capabilities, groupCapabilities = capabilities }: Network, place: Place): Capabilities {
  return place === 'group' ? groupCapabilities : capabilities;
}

/** A running sandbox. */
export interface Peer {
  /** What stands under `networks.<id>` in the config, with one account. */
  readonly config: object;
  /** Two people in a fresh conversation of this sort with the account, both of whom have said something. */
  meet(place: Place): Promise<Conversation>;
  readonly faults: PeerFaults;
  /** Resolves when nothing that the network sends is on its way. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export interface PeerFaults {
  /** Everything that it sends comes twice. */
  duplicate(on: boolean): void;
  /** Calls are refused for a moment, as over a rate limit. */
  rateLimit(on: boolean): void;
  /** Calls are refused as with a token that is no longer good. */
  expireToken(on: boolean): void;
  /** Calls are answered 500. */
  fail(on: boolean): void;
}

export interface Conversation {
  readonly ada: Remote;
  /** In a group another one; in a direct chat the same. */
  readonly ben: Remote;
  /** What Alice's room with it is called. */
  readonly title: string;
  /** Everything that the account has said here, as somebody sees it now. */
  shown(): readonly Shown[];
  /** What the account has put to a message of somebody's. */
  reactionsOn(message: string): readonly string[];
}

/** What one person can do here; each resolves to the network's id of the message. Absent: the network has no such thing. */
export interface Remote {
  readonly name: string;
  text(text: string): Promise<string>;
  /** Bold, in the network's own markup. */
  bold?(text: string): Promise<string>;
  reply?(to: string, text: string): Promise<string>;
  /** Something that begins a thread and says this, where not every message does. */
  root?(text: string): Promise<string>;
  thread?(root: string, text: string): Promise<string>;
  file?(kind: MediaKind, bytes: Buffer, given: { readonly mime: string; readonly name: string; readonly caption?: string }): Promise<string>;
  location?(latitude: number, longitude: number): Promise<string>;
  poll?(question: string, options: readonly string[]): Promise<string>;
  edit?(message: string, text: string): Promise<void>;
  remove?(message: string): Promise<void>;
  react?(message: string, emoji: string): Promise<void>;
  unreact?(message: string, emoji: string): Promise<void>;
  pin?(message: string): Promise<void>;
  rename?(name: string): Promise<void>;
  leave?(): Promise<void>;
  retitle?(title: string): Promise<void>;
  /** Something that this network has and nobody here knows. */
  unknown(): Promise<void>;
}

/** A message of the account. */
export interface Shown {
  readonly id: string;
  /** As it stands after edits, without markup. */
  readonly text: string;
  /** The same with the network's own markup. */
  readonly marked: string;
  readonly kind: 'text' | 'location' | 'poll' | MediaKind;
  /** Hex, of the bytes. */
  readonly sha256?: string;
  readonly replyTo?: string;
  readonly thread?: string;
  readonly deleted: boolean;
}
