import type { Content, MediaKind } from '../../../model/content.ts';
import type { Millis } from '../../../model/ids.ts';
import { plain } from '../../../model/richtext.ts';
import { at, defined, flag, isFields, num, str } from '../../shared/json.ts';
import { decode } from '../markup.ts';
import { withMentions } from './mentions.ts';

/** Media ids of webhooks answer for seven days (…/whatsapp/cloud-api/reference/media). */
const MEDIA_TTL_MS = 7 * 24 * 60 * 60 * 1000;

/** What `openMedia` gets back. `url` only where Meta gave no id. */
export interface Handle {
  readonly id?: string;
  readonly url?: string;
  readonly mime?: string;
  readonly sha256?: string;
  readonly name?: string;
}

const KINDS: Readonly<Record<string, MediaKind>> = {
  image: 'image',
  video: 'video',
  audio: 'audio',
  voice: 'voice',
  document: 'file',
  sticker: 'sticker',
};

export function isMediaType(type: string): boolean {
  return Object.hasOwn(KINDS, type);
}

/** `{id, mime_type, sha256, caption?, filename?, voice?, animated?, url?}` under the message's type; undefined where there is no file. */
export function decodeMedia(type: string, message: unknown, time: Millis): Content | undefined {
  const found = at(message, type);
  const id = str(found, 'id');
  const url = str(found, 'url');
  const caption = str(found, 'caption');
  if (id === undefined && url === undefined) return linked(str(found, 'link'), caption);
  const mime = str(found, 'mime_type');
  const name = str(found, 'filename');
  const sha256 = hex(str(found, 'sha256'));
  const handle: Handle = id === undefined ? defined({ url, mime, sha256, name }) : defined({ id, mime, sha256, name });
  return defined({
    kind: kindOf(type, found, message),
    media: defined({
      source: { network: JSON.stringify(handle) },
      mime,
      name,
      sha256,
      size: sizeOf(found),
      expiresAt: time > 0 ? time + MEDIA_TTL_MS : undefined,
    }),
    caption: caption === undefined ? undefined : withMentions(decode(caption), message),
    animated: isFields(found) && Object.hasOwn(found, 'animated') ? flag(found, 'animated') : undefined,
  });
}

/** A file that came as the answer to a question of a form: it says no kind but its media type. */
export function formFile(file: unknown, time: Millis): Content | undefined {
  const [top = ''] = (str(file, 'mime_type') ?? '').split('/');
  const type = top === 'image' || top === 'video' || top === 'audio' ? top : 'document';
  const name = str(file, 'file_name');
  return decodeMedia(type, { [type]: { ...(isFields(file) ? file : {}), ...(name !== undefined && { filename: name }) } }, time);
}

/** A voicemail is an audio message whose id is that of a call (…/whatsapp/cloud-api/calling/call-settings). */
function kindOf(type: string, found: unknown, message: unknown): MediaKind {
  if (type === 'audio' && (flag(found, 'voice') || str(message, 'id')?.startsWith('wacid.'))) return 'voice';
  return KINDS[type] ?? 'file';
}

/** What a program sent by the address of a file: anybody's address, so it is shown and not fetched. */
function linked(link: string | undefined, caption: string | undefined): Content | undefined {
  return link === undefined ? undefined : { kind: 'text', text: plain(caption === undefined ? link : `${link}\n${caption}`) };
}

function sizeOf(found: unknown): number | undefined {
  const size = num(found, 'file_size');
  return size !== undefined && Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

/** Webhooks have the hash in base64, the media endpoint and some webhooks in hex. */
export function hex(hash: string | undefined): string | undefined {
  if (hash === undefined) return undefined;
  if (/^[0-9a-f]{64}$/i.test(hash)) return hash.toLowerCase();
  const bytes = Buffer.from(hash, 'base64');
  return bytes.length === 32 ? bytes.toString('hex') : undefined;
}
