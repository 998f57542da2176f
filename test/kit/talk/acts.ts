import type { PersonHandle } from '../../../src/sandbox/whatsapp/index.ts';

/** What a person can do, on either side. */
export type Kind =
  | 'text' | 'formatted' | 'long' | 'reply' | 'image' | 'video' | 'audio' | 'voice' | 'file' | 'sticker' | 'location' | 'contacts' | 'order' | 'emote'
  | 'edit' | 'react' | 'unreact' | 'delete' | 'command';

/** Somebody on WhatsApp, and the one Matrix user that talks with them. */
export interface Conversation {
  readonly key: string;
  readonly name: string;
  readonly person: PersonHandle;
}

/** One thing that somebody did, and what must come of it. */
export interface Act {
  /** Stands in whatever the act says; no two acts share one. */
  readonly token: string;
  readonly conversation: Conversation;
  /** `in`: on the phone, towards Matrix. */
  readonly way: 'in' | 'out';
  readonly kind: Kind;
  /** The message's id at WhatsApp, or the event's id. */
  readonly id: string;
  /** What it replies to, edits, reacts to or deletes. */
  readonly target?: Act;
  readonly emoji?: string;
  /** Of the file's bytes. */
  readonly sha?: string;
  /** Of a long text: where it is cut is the bridge's business. */
  readonly lines?: readonly string[];
}

const spoken: ReadonlySet<Kind> = new Set<Kind>([
  'text', 'formatted', 'long', 'reply', 'image', 'video', 'audio', 'voice', 'file', 'sticker', 'location', 'contacts', 'order', 'emote',
]);

/** A message of its own, rather than something about another. */
export function isSpoken(kind: Kind): boolean {
  return spoken.has(kind);
}

export const tokenPattern = /tok\d+z/g;
