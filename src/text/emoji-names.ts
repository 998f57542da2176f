import { createRequire } from 'node:module';

/**
 * Short names of emoji (`thumbsup`) ↔ the characters. Two sets of names are in use: that of iamcal (Slack) and that of
 * JoyPixels (Rocket.Chat). Characters come out as Matrix wants reactions: with U+FE0F wherever Unicode knows such a form.
 */
export interface EmojiNames {
  /** The characters of `name`, written without its colons; null where it is none of the standard set. */
  emoji(name: string): string | null;
  /** The name of one whole emoji, with or without U+FE0F; null where there is none. */
  name(emoji: string): string | null;
}

interface Sequence {
  readonly hexcode: string;
  readonly unicode: string;
  readonly skins?: readonly Sequence[];
}
type Shortcodes = Readonly<Record<string, string | readonly string[]>>;

const require = createRequire(import.meta.url);
const FIRST_TONE = 0x1f3fb;
const TONES = /[\u{1F3FB}-\u{1F3FF}]/gu;
/** `thumbsup::skin-tone-3`; two people may have two: `handshake::skin-tone-2-5`. */
const TONED = /^(.+?)::skin-tone-([2-6])(?:-([2-6]))?$/;
/** A name as it stands in a text. */
const IN_TEXT = /:((?:[a-z0-9_+'’&-]|[\u00c0-\u024f]|[\u3040-\u30ff]|[\u4e00-\u9fff]){1,100}(?:::skin-tone-[2-6](?:-[2-6])?)?):/giu;

let sequences: ReadonlyMap<string, Sequence> | null = null;

/** Slack's: a skin tone is a suffix of the name. */
export const iamcalNames: EmojiNames = named(() => require('emojibase-data/en/shortcodes/iamcal.json') as Shortcodes);
/** Rocket.Chat's: each tone of an emoji has a name of its own. */
export const joypixelsNames: EmojiNames = named(() => require('emojibase-data/en/shortcodes/joypixels.json') as Shortcodes);

/** Puts the characters in place of each name in a plain text; what is no name of the set stays as it is. */
export function emojiForNames(text: string, names: EmojiNames): string {
  return text.includes(':') ? text.replace(IN_TEXT, (whole, name: string) => typed(names.emoji(name)) ?? whole) : text;
}

/** As people type them into a text: U+FE0F only behind characters that without it are no emoji. */
export function typed<Found extends string | null>(emoji: Found): Found {
  return (emoji === null ? null : emoji.replace(/(\p{Emoji_Presentation})\ufe0f/gu, '$1')) as Found;
}

/** The tables are large: nobody who meets no name pays for them. */
function named(load: () => Shortcodes): EmojiNames {
  let tables: { readonly byName: ReadonlyMap<string, Sequence>; readonly byEmoji: ReadonlyMap<string, string> } | null = null;
  const ready = () => (tables ??= tablesOf(load()));
  return {
    emoji: (name) => {
      const { byName } = ready();
      const plain = byName.get(name);
      if (plain !== undefined) return plain.unicode;
      const [, base, first, second] = TONED.exec(name) ?? [];
      const toned = base === undefined || first === undefined ? undefined : byName.get(base);
      return toned === undefined ? null : withTones(toned, [first ?? '', second ?? first ?? '']);
    },
    name: (emoji) => {
      const { byEmoji } = ready();
      const bare = emoji.replaceAll('\ufe0f', '');
      const exact = byEmoji.get(bare);
      if (exact !== undefined) return exact;
      const tones = [...bare.matchAll(TONES)].map(([tone]) => String((tone.codePointAt(0) ?? 0) - FIRST_TONE + 2));
      const base = tones.length === 0 ? undefined : untoned(bare, byEmoji);
      if (base === undefined) return null;
      const [first, second] = tones;
      return `${base}::skin-tone-${first}${second === undefined || second === first ? '' : `-${second}`}`;
    },
  };
}

function tablesOf(codes: Shortcodes) {
  sequences ??= allSequences();
  const byName = new Map<string, Sequence>();
  const byEmoji = new Map<string, string>();
  for (const [hexcode, given] of Object.entries(codes)) {
    const names = typeof given === 'string' ? [given] : given;
    const sequence = sequences.get(hexcode) ?? { hexcode, unicode: charactersOf(hexcode) };
    for (const name of names) byName.set(name, byName.get(name) ?? sequence);
    if (names[0] !== undefined) byEmoji.set(sequence.unicode.replaceAll('\ufe0f', ''), names[0]);
  }
  return { byName, byEmoji };
}

function allSequences(): ReadonlyMap<string, Sequence> {
  const all = require('emojibase-data/en/compact.json') as readonly Sequence[];
  return new Map(all.flatMap((one) => [one, ...(one.skins ?? [])]).map((one) => [one.hexcode, one]));
}

/** The form whose tones are these, in this order; the bare emoji where there is no such form. */
function withTones(base: Sequence, [first, second]: readonly [string, string]): string {
  const [one, two] = [first, second].map((tone) => String.fromCodePoint(FIRST_TONE + Number(tone) - 2));
  const toned = base.skins?.find(({ unicode }) => {
    const tones = [...unicode.matchAll(TONES)].map(([tone]) => tone);
    return tones[0] === one && (tones[1] ?? tones[0]) === two;
  });
  return toned?.unicode ?? base.unicode;
}

/** The name of what is left without tones; where two people have two, the sequence itself may be another. */
function untoned(bare: string, byEmoji: ReadonlyMap<string, string>): string | undefined {
  const plain = byEmoji.get(bare.replace(TONES, ''));
  if (plain !== undefined) return plain;
  for (const sequence of sequences?.values() ?? []) {
    if (sequence.skins?.some(({ unicode }) => unicode.replaceAll('\ufe0f', '') === bare) === true) return byEmoji.get(sequence.unicode.replaceAll('\ufe0f', ''));
  }
  return undefined;
}

function charactersOf(hexcode: string): string {
  return String.fromCodePoint(...hexcode.split('-').map((hex) => Number.parseInt(hex, 16)));
}
