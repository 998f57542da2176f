import { fileTypeFromBuffer } from 'file-type';
import sharp from 'sharp';
import { invalid } from './errors.ts';
import type { Media, MediaContent } from './state.ts';

const MB = 1024 * 1024;
const office = 'application/vnd.openxmlformats-officedocument';
const documents = [
  'text/plain', 'application/pdf', 'application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint',
  `${office}.wordprocessingml.document`, `${office}.spreadsheetml.sheet`, `${office}.presentationml.presentation`,
];

/** Types that an upload may have and their largest size in bytes (Cloud API, Media, "Supported media types"). */
const uploads: Readonly<Record<string, number>> = {
  'audio/aac': 16 * MB, 'audio/amr': 16 * MB, 'audio/mpeg': 16 * MB, 'audio/mp4': 16 * MB, 'audio/ogg': 16 * MB,
  'image/jpeg': 5 * MB, 'image/png': 5 * MB, 'image/webp': 500 * 1024, 'video/mp4': 16 * MB, 'video/3gpp': 16 * MB,
  ...Object.fromEntries(documents.map((mime) => [mime, 100 * MB])),
};

const takes: Readonly<Record<string, (mime: string) => boolean>> = {
  image: (mime) => mime === 'image/jpeg' || mime === 'image/png',
  video: (mime) => mime === 'video/mp4' || mime === 'video/3gpp',
  audio: (mime) => mime.startsWith('audio/'),
  sticker: (mime) => mime === 'image/webp',
};

/** What bytes of each declared type may look like to `file-type`; the types not named are not looked into. */
const looksLike: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['image/jpeg'], 'image/png': ['image/png'], 'image/webp': ['image/webp'],
  'video/mp4': ['video/mp4', 'video/x-m4v'], 'video/3gpp': ['video/3gpp', 'video/mp4'],
  'audio/ogg': ['audio/ogg; codecs=opus'], 'audio/mp4': ['audio/x-m4a', 'audio/mp4', 'video/mp4'],
  'audio/mpeg': ['audio/mpeg'], 'audio/aac': ['audio/aac'], 'audio/amr': ['audio/amr'],
  'application/pdf': ['application/pdf'],
};

/** The type without its parameters, in lower case. */
export function bareMime(mime: string): string {
  return (mime.split(';')[0] ?? '').trim().toLowerCase();
}

/** @throws GraphError 100 when an upload of this type and size is not taken */
export function checkUpload(mime: string, size: number): void {
  const limit = uploads[mime];
  if (limit === undefined) {
    throw invalid(`Param file must be a file with one of the following types: ${Object.keys(uploads).join(', ')}. Received file of type '${mime}'.`);
  }
  if (size === 0) throw invalid('Param file must not be empty.');
  if (size > limit) throw invalid(`Param file must be at most ${limit} bytes for type '${mime}'. Received ${size} bytes.`);
}

/** Looks into the bytes: their real type, and for images the size and whether they move. Never throws. */
export async function inspect(bytes: Buffer): Promise<MediaContent> {
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined);
  const mime = found?.mime ?? null;
  const image = mime?.startsWith('image/') ? await sharp(bytes, { animated: true }).metadata().catch(() => undefined) : undefined;
  return {
    mime, width: image?.width ?? null, height: image ? (image.pageHeight ?? image.height) : null, animated: (image?.pages ?? 1) > 1,
  };
}

/** Why WhatsApp would fail a message of this type with this media (131053), or null when it would not. */
export function mediaFault(type: string, media: Media, voice: boolean): string | null {
  const mime = bareMime(media.mime);
  if (takes[type] && !takes[type](mime)) return `A message of type ${type} cannot carry media of type ${mime}.`;
  const like = looksLike[mime];
  if (like && !like.includes(media.content.mime ?? '')) return `The file is declared as ${mime} and is ${media.content.mime ?? 'of no known type'}.`;
  if (voice && mime !== 'audio/ogg') return 'A voice message must be audio/ogg with the Opus codec.';
  return type === 'sticker' ? stickerFault(media) : null;
}

/** 512 by 512 pixels; 100 KB when still, 500 KB when moving (Sticker messages). */
function stickerFault(media: Media): string | null {
  const { width, height, animated } = media.content;
  if (width !== 512 || height !== 512) return 'A sticker must be 512 by 512 pixels.';
  const limit = animated ? 500 * 1024 : 100 * 1024;
  return media.bytes.length > limit ? `A${animated ? 'n animated' : ' static'} sticker must be at most ${limit} bytes.` : null;
}
