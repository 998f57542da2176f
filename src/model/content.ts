import type { Millis, Mxc } from './ids.ts';
import type { RichText } from './richtext.ts';

/** What a message can carry, the same on both sides. One value is one part: one event on Matrix, one call to a network. */
export type Content =
  | TextContent
  | MediaContent
  | LocationContent
  | ContactsContent
  | ChoiceContent
  | OrderContent
  | PollContent
  | UnsupportedContent;

export interface TextContent {
  readonly kind: 'text';
  readonly text: RichText;
  /** `notice`: written by a machine. `emote`: "/me". */
  readonly style?: 'notice' | 'emote';
  /** The first link's preview, where the network hands one over. */
  readonly preview?: { readonly url: string; readonly title?: string; readonly description?: string };
}

export type MediaKind = 'image' | 'video' | 'audio' | 'voice' | 'file' | 'sticker';

export interface MediaContent {
  readonly kind: MediaKind;
  readonly media: MediaRef;
  readonly caption?: RichText;
  /** A sticker that moves; a film that plays by itself, over and over, without sound. */
  readonly animated?: boolean;
  /** A film that is shown as a circle. */
  readonly round?: true;
  /** Hidden until somebody wants to see it. */
  readonly spoiler?: true;
}

/** Points at bytes that are somewhere else. */
export interface MediaRef {
  /** On a network: the adapter's own handle, opaque to the core. On Matrix: an mxc URI. */
  readonly source: { readonly network: string } | { readonly mxc: Mxc };
  /** As declared by the sender; the truth is sniffed from the bytes. */
  readonly mime?: string;
  readonly name?: string;
  readonly size?: number;
  /** Hex, of the bytes. */
  readonly sha256?: string;
  readonly width?: number;
  readonly height?: number;
  readonly durationMs?: number;
  /** After this time the source answers no more. */
  readonly expiresAt?: Millis;
}

export interface LocationContent {
  readonly kind: 'location';
  /** Degrees, WGS 84. */
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string;
  readonly address?: string;
  readonly url?: string;
  /** Where somebody is as they go; each new place is an edit of the same message. */
  readonly live?: 'on' | 'ended';
}

export interface ContactsContent {
  readonly kind: 'contacts';
  readonly contacts: readonly ContactCard[];
}

export interface ContactCard {
  readonly name: string;
  readonly organization?: string;
  readonly title?: string;
  readonly birthday?: string;
  readonly phones: readonly { readonly value: string; readonly type?: string; readonly person?: string }[];
  readonly emails: readonly { readonly value: string; readonly type?: string }[];
  readonly urls: readonly { readonly value: string; readonly type?: string }[];
  readonly addresses: readonly { readonly value: string; readonly type?: string }[];
  /** Names on other messaging services; `type` is the service. */
  readonly ims?: readonly { readonly value: string; readonly type?: string }[];
  readonly note?: string;
}

/** A press on a button, a row picked from a list, a filled-in form. */
export interface ChoiceContent {
  readonly kind: 'choice';
  /** What the person saw and chose. */
  readonly title: string;
  readonly description?: string;
  /** The id or payload behind it, shown only where the title is empty. */
  readonly value?: string;
  /** A form's answers, in order. */
  readonly fields?: readonly { readonly name: string; readonly value: string }[];
}

export interface OrderContent {
  readonly kind: 'order';
  readonly catalog?: string;
  readonly note?: string;
  readonly items: readonly {
    readonly id: string;
    readonly quantity: number;
    readonly price?: string;
    readonly currency?: string;
  }[];
}

export interface PollContent {
  readonly kind: 'poll';
  readonly question: string;
  /** `id`: what a vote names. At least one. */
  readonly options: readonly { readonly id: string; readonly text: string }[];
  /** How many of them one person may choose. */
  readonly maxChoices: number;
  /** Nobody sees who voted for what. */
  readonly anonymous?: true;
  readonly closed?: true;
}

/** Something real that has no counterpart here; shown as a notice, never dropped. */
export interface UnsupportedContent {
  readonly kind: 'unsupported';
  /** The network's own word for it, for instance `poll`. */
  readonly what: string;
  readonly reason: string;
}

export function isMedia(content: Content): content is MediaContent {
  return 'media' in content;
}
