import { fileTypeFromBuffer, supportedMimeTypes } from 'file-type';
import type { MediaKind } from '../model/content.ts';

/** How many bytes from the start of a file `sniff` wants: office documents show themselves only after some entries. */
export const SNIFF_BYTES = 64 * 1024;

export interface Sniffed {
  /** Lower case; parameters only where they decide: `audio/ogg; codecs=opus`. */
  readonly mime: string;
  /** What the bytes are; whether audio is a voice note, or an image a sticker, only the sender knows. */
  readonly kind: Extract<MediaKind, 'image' | 'video' | 'audio' | 'file'>;
  /** More than one frame (GIF, WebP, APNG). */
  readonly animated: boolean;
  /** Ogg Opus only: voice notes have one. */
  readonly channels?: number;
}

/** Containers that cannot be told apart by their first bytes alone: within a family the sender's word is taken. */
const FAMILIES: readonly { readonly found: RegExp; readonly declared: RegExp }[] = [
  { found: /^(video|audio)\/(mp4|x-m4v|x-m4a|quicktime|3gpp2?)$/, declared: /^audio\/(mp4|x-m4a|aac|3gpp2?)$/ },
  { found: /^video\/(webm|matroska)$/, declared: /^audio\/(webm|matroska|x-matroska)$/ },
  { found: /^(application|audio|video)\/ogg$/, declared: /^(audio|video)\/ogg$/ },
  { found: /^application\/zip$/, declared: /^application\/(vnd\.(openxmlformats|oasis\.opendocument)[a-z0-9.-]*|epub\+zip)$/ },
  { found: /^application\/x-cfb$/, declared: /^application\/(msword|vnd\.ms-[a-z0-9.-]*)$/ },
  { found: /^application\/xml$/, declared: /^application\/[a-z0-9.-]+\+xml$/ },
];

/** One name a type, so that capability tables need only list that one. */
const ALIASES: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg', 'image/pjpeg': 'image/jpeg', 'image/x-png': 'image/png', 'audio/mp3': 'audio/mpeg',
  'audio/x-m4a': 'audio/mp4', 'audio/m4a': 'audio/mp4', 'video/x-m4v': 'video/mp4', 'audio/x-wav': 'audio/wav',
  'audio/vnd.wave': 'audio/wav', 'audio/wave': 'audio/wav', 'audio/x-flac': 'audio/flac', 'application/ogg': 'audio/ogg',
  'audio/opus': 'audio/ogg; codecs=opus', 'video/x-matroska': 'video/matroska',
};

/**
 * Finds what bytes really are. The declared type counts only where the bytes say nothing, and never where they would
 * have said something: a claimed `image/png` without a PNG signature is not believed.
 *
 * SVG and HTML are documents that a browser runs, so their kind is `file`.
 * @param first the first `SNIFF_BYTES` of the file, or all of it
 * @param declared as the sender wrote it, with or without parameters
 */
export async function sniff(first: Uint8Array, declared?: string): Promise<Sniffed> {
  const claim = normalise(declared);
  const found = await detect(first);
  if (found === undefined) return whole(guess(first, claim), false);
  if (found === 'application/xml') return whole(markup(first) ?? refine(found, claim), false);
  const opus = found === 'audio/ogg; codecs=opus' ? opusChannels(first) : undefined;
  const base = whole(refine(found, claim), isAnimated(first, found));
  return opus === undefined ? base : { ...base, channels: opus };
}

/** Lower case, known aliases resolved, parameters cut off but for Opus; undefined where it is no media type at all. */
export function normalise(mime: string | undefined): string | undefined {
  const match = /^\s*([a-z]+\/[a-z0-9][a-z0-9.+_-]{0,100})\s*(;.{0,200})?$/is.exec(mime?.slice(0, 400) ?? '');
  if (!match?.[1]) return undefined;
  const base = match[1].toLowerCase();
  if (base === 'audio/ogg' && /codecs="?opus/i.test(match[2] ?? '')) return 'audio/ogg; codecs=opus';
  return ALIASES[base] ?? base;
}

async function detect(first: Uint8Array): Promise<string | undefined> {
  // The detector walks containers that a hostile sender wrote; what it throws on is simply not known.
  const found = await fileTypeFromBuffer(first).catch(() => undefined);
  return normalise(found?.mime);
}

function refine(found: string, claim: string | undefined): string {
  if (claim === undefined) return found;
  return FAMILIES.some((family) => family.found.test(found) && family.declared.test(claim)) ? claim : found;
}

function whole(mime: string, animated: boolean): Sniffed {
  const top = mime.split('/')[0];
  const media = top === 'image' || top === 'video' || top === 'audio';
  return { mime, kind: media && !mime.endsWith('+xml') ? top : 'file', animated };
}

/** Nothing is known from a signature: text, or some type without one. */
function guess(first: Uint8Array, claim: string | undefined): string {
  if (!isText(first)) {
    return claim === undefined || isDetectable(claim) || /^text\/|[+/]xml$|html|svg|script/.test(claim) ? 'application/octet-stream' : claim;
  }
  const found = markup(first);
  if (found !== undefined) return found;
  return claim !== undefined && /^(text\/.*|application\/(.*json|.*xml|x-yaml|yaml|toml|sql|x-sh|javascript))$/.test(claim) && !/svg|html/.test(claim)
    ? claim : 'text/plain';
}

function isDetectable(mime: string): boolean {
  return /^(image|video|audio)\//.test(mime) || supportedMimeTypes.has(mime);
}

function isText(first: Uint8Array): boolean {
  try {
    // `stream`: the sample may end inside a character.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(first, { stream: true });
    // eslint-disable-next-line no-control-regex
    return !/[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text);
  } catch {
    return false;
  }
}

/** What a browser would render, wherever in the sample it begins: comments and doctypes may come first. */
function markup(first: Uint8Array): string | undefined {
  const text = Buffer.from(first).toString('latin1').toLowerCase();
  if (/<(?:[a-z0-9]{1,20}:)?svg[\s>/]/.test(text)) return 'image/svg+xml';
  if (/<(?:!doctype\s+html|html|head|body|script|iframe)[\s>/]/.test(text)) return 'text/html';
  return undefined;
}

function isAnimated(first: Uint8Array, mime: string): boolean {
  if (mime === 'image/apng') return true;
  if (mime === 'image/gif') return gifFrames(first) > 1;
  // WebP container specification: `VP8X` first, bit 1 of its flags says animation.
  if (mime === 'image/webp') return Buffer.from(first.subarray(12, 16)).toString('latin1') === 'VP8X' && ((first[20] ?? 0) & 0x02) !== 0;
  return false;
}

/** GIF89a specification: counts image descriptors in the sample; a loop extension promises that there are more. */
function gifFrames(bytes: Uint8Array): number {
  const tableSize = (flags: number): number => ((flags & 0x80) !== 0 ? 3 << ((flags & 0x07) + 1) : 0);
  let at = 13 + tableSize(bytes[10] ?? 0);
  let frames = 0;
  let loops = false;
  const skipBlocks = (): void => {
    for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) at += length + 1;
    at += 1;
  };
  while (at < bytes.length && frames < 2) {
    if (bytes[at] === 0x21) {
      loops ||= bytes[at + 1] === 0xff && Buffer.from(bytes.subarray(at + 3, at + 11)).toString('latin1') === 'NETSCAPE';
      at += 2;
    } else if (bytes[at] === 0x2c) {
      frames += 1;
      at += 11 + tableSize(bytes[at + 9] ?? 0);
    } else {
      return frames;
    }
    skipBlocks();
  }
  return loops && at >= bytes.length ? Math.max(frames, 2) : frames;
}

/** RFC 7845, section 5.1: the tenth byte of the identification header. */
function opusChannels(first: Uint8Array): number | undefined {
  const at = Buffer.from(first.subarray(0, 1024)).indexOf('OpusHead', 0, 'latin1');
  return at < 0 ? undefined : first[at + 9];
}
