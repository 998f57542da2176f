import sharp from 'sharp';
import { bad, BotError } from './errors.ts';
import { documented } from './options.ts';
import type { Given, Upload } from './parse.ts';
import type { Json, StoredFile, World } from './state.ts';
import { fileView } from './views.ts';

export type FileField = 'photo' | 'video' | 'animation' | 'audio' | 'voice' | 'video_note' | 'document' | 'sticker';

/** The file of a call: uploaded, or one that the server knows. */
export function fileOf(world: World, field: string, folder: string, given: Given, value: unknown): StoredFile {
  const attached = typeof value === 'string' ? /^attach:\/\/(.+)$/.exec(value)?.[1] : undefined;
  const upload = given.files.get(attached ?? field);
  if (upload !== undefined) return store(world, upload, folder);
  const known = typeof value === 'string' ? world.files.get(value) : undefined;
  if (known !== undefined) return known;
  if (typeof value === 'string' && /^https?:/.test(value)) throw bad('failed to get HTTP URL content');
  if (value === undefined) throw bad(`there is no ${field.replace('_', ' ')} in the request`);
  throw bad('wrong file identifier/HTTP URL specified');
}

function store(world: World, upload: Upload, folder: string): StoredFile {
  const most = world.options.localDir === undefined ? documented.uploadBytes : documented.localBytes;
  if (upload.bytes.length > most) throw new BotError(413, 'Request Entity Too Large');
  if (upload.bytes.length === 0) throw bad('file must be non-empty');
  return world.store(upload.bytes, upload.mime, upload.name, folder);
}

/** The first bytes tell: what is said in the form is not looked at. */
function kindOf(bytes: Buffer): string {
  const head = bytes.subarray(0, 12).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('\x89PNG')) return 'image/png';
  if (head.startsWith('GIF8')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'image/webp';
  if (head.startsWith('OggS')) return 'audio/ogg';
  if (head.slice(4, 8) === 'ftyp') return 'video/mp4';
  if (head.startsWith('\x1aE\xdf\xa3')) return 'video/webm';
  if (head.startsWith('\x1f\x8b')) return 'application/gzip';
  if (head.startsWith('ID3') || /^\xff[\xe2-\xfb]/.test(head)) return 'audio/mpeg';
  return 'application/octet-stream';
}

/** What a message shows of a file (core.telegram.org/bots/api#available-types). @throws BotError as the server refuses it */
export async function mediaBody(field: FileField, file: StoredFile, values: Json): Promise<Record<string, unknown>> {
  const kind = kindOf(file.bytes);
  const said = { ...(typeof values['duration'] === 'number' ? { duration: values['duration'] } : { duration: 0 }) };
  const size = { width: values['width'] ?? 640, height: values['height'] ?? 480 };
  const named = { ...(file.name !== null && { file_name: file.name }), mime_type: file.mime };
  switch (field) {
    case 'photo': return { photo: await photo(file, kind) };
    case 'sticker': return { sticker: await sticker(file, kind, values) };
    case 'voice':
      if (!['audio/ogg', 'audio/mpeg', 'video/mp4'].includes(kind)) throw bad('wrong type of the file for a voice note');
      return { voice: { ...fileView(file), ...said, mime_type: file.mime } };
    case 'audio':
      // Other sound than MP3 and M4A the server makes a document of; a program that knows the rule sends it as one.
      if (!['audio/mpeg', 'video/mp4'].includes(kind)) throw bad('wrong type of the file for an audio');
      return { audio: { ...fileView(file), ...said, ...named } };
    case 'video': return { video: { ...fileView(file), ...said, ...size, ...named } };
    case 'video_note': return { video_note: { ...fileView(file), ...said, length: values['length'] ?? 240 } };
    case 'animation': {
      const animation = { ...fileView(file), ...said, ...size, ...named, mime_type: 'video/mp4' };
      return { animation, document: { ...fileView(file), ...named, mime_type: 'video/mp4' } };
    }
    case 'document': return { document: { ...fileView(file), ...named } };
  }
}

/** …#sendphoto: 10 MB, width and height 10,000 together, at most 20 to 1. */
async function photo(file: StoredFile, kind: string): Promise<readonly Json[]> {
  if (file.bytes.length > documented.photoBytes) throw bad('file of photo is too big');
  if (!['image/jpeg', 'image/png', 'image/webp', 'image/gif'].includes(kind)) throw bad('IMAGE_PROCESS_FAILED');
  const { width, height } = await sharp(file.bytes).metadata().catch(() => ({ width: 0, height: 0 }));
  if (width === 0 || height === 0) throw bad('IMAGE_PROCESS_FAILED');
  if (width + height > 10_000 || Math.max(width, height) > 20 * Math.min(width, height)) throw bad('PHOTO_INVALID_DIMENSIONS');
  const view = fileView(file);
  return [{ ...view, width: Math.max(1, Math.round(width / 4)), height: Math.max(1, Math.round(height / 4)), file_size: Math.max(1, Math.round(file.bytes.length / 8)), file_id: `${file.id}` }, { ...view, width, height }];
}

async function sticker(file: StoredFile, kind: string, values: Json): Promise<Json> {
  if (!['image/webp', 'video/webm', 'application/gzip'].includes(kind)) throw bad('wrong type of the file for a sticker');
  const { width, height } = kind === 'image/webp' ? await sharp(file.bytes).metadata().catch(() => ({ width: 512, height: 512 })) : { width: 512, height: 512 };
  return {
    ...fileView(file), type: 'regular', width, height, is_animated: kind === 'application/gzip', is_video: kind === 'video/webm',
    ...(typeof values['emoji'] === 'string' && { emoji: values['emoji'] }),
  };
}
