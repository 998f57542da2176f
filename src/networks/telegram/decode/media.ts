import type { MediaContent, MediaKind } from '../../../model/content.ts';
import type { Picture } from '../../../model/events.ts';
import type { RichText } from '../../../model/richtext.ts';
import { at, defined, flag, isFields, list, num, str } from '../../shared/json.ts';

/** What `openMedia` gets back. */
export interface Handle {
  /** `file_id`: good for this bot alone, and for as long as Telegram keeps the file. */
  readonly id: string;
  readonly name?: string;
  readonly mime?: string;
  readonly size?: number;
}

interface Given {
  readonly kind: MediaKind;
  readonly file: unknown;
  readonly mime?: string | undefined;
  readonly name?: string | undefined;
  readonly animated?: true | undefined;
  readonly round?: true | undefined;
  readonly spoiler?: true | undefined;
  readonly caption?: RichText | undefined;
}

/** Undefined where there is no file. */
function media(given: Given): MediaContent | undefined {
  const { file, kind, animated, round, spoiler, caption } = given;
  const id = str(file, 'file_id');
  if (id === undefined) return undefined;
  const mime = str(file, 'mime_type') ?? given.mime;
  const name = given.name ?? str(file, 'file_name');
  const size = whole(num(file, 'file_size'));
  const edge = whole(num(file, 'length'));
  const seconds = num(file, 'duration');
  return defined({
    kind,
    media: defined({
      source: { network: JSON.stringify(defined({ id, name, mime, size })) },
      mime,
      name,
      size,
      width: whole(num(file, 'width')) ?? edge,
      height: whole(num(file, 'height')) ?? edge,
      durationMs: seconds === undefined || seconds < 0 ? undefined : Math.round(seconds * 1000),
    }),
    caption: caption === undefined || caption.length === 0 ? undefined : caption,
    animated,
    round,
    spoiler,
  });
}

function whole(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The largest of a photo's sizes; a lone object counts as the only one. */
function largest(photo: unknown): unknown {
  const sizes = list({ photo }, 'photo').filter((size) => str(size, 'file_id') !== undefined);
  const area = (size: unknown): number => (num(size, 'width') ?? 0) * (num(size, 'height') ?? 0);
  return sizes.reduce<unknown>((best, size) => (best === undefined || area(size) > area(best) ? size : best), undefined);
}

/**
 * The files of a message, of a block of a rich one, or of a poll: one field a kind (core.telegram.org/bots/api#message). An
 * animation and some older kinds stand there a second time as `document`; the first that fits is it.
 */
export function filesOf(holder: unknown, caption?: RichText): readonly MediaContent[] {
  const spoiler = flag(holder, 'has_media_spoiler') || flag(holder, 'has_spoiler') ? (true as const) : undefined;
  const found = first(holder, caption, spoiler);
  return found.filter((each) => each !== undefined);
}

function first(holder: unknown, caption: RichText | undefined, spoiler: true | undefined): readonly (MediaContent | undefined)[] {
  const has = (key: string): boolean => isFields(at(holder, key)) || Array.isArray(at(holder, key));
  const file = (key: string): unknown => at(holder, key);
  if (has('animation')) return [animation(file('animation'), caption, spoiler)];
  if (has('live_photo')) return livePhoto(file('live_photo'), file('photo'), caption, spoiler);
  if (has('photo')) return [media({ kind: 'image', file: largest(file('photo')), mime: 'image/jpeg', caption, spoiler })];
  if (has('video')) return [media({ kind: 'video', file: file('video'), mime: 'video/mp4', caption, spoiler })];
  if (has('video_note')) return [media({ kind: 'video', file: file('video_note'), mime: 'video/mp4', round: true, caption })];
  if (has('voice')) return [media({ kind: 'voice', file: file('voice'), mime: 'audio/ogg', caption })];
  if (has('voice_note')) return [media({ kind: 'voice', file: file('voice_note'), mime: 'audio/ogg', caption })];
  if (has('audio')) return [media({ kind: 'audio', file: file('audio'), name: songName(file('audio')), caption })];
  if (has('sticker')) return [sticker(file('sticker'))];
  if (has('document')) return [media({ kind: 'file', file: file('document'), caption })];
  return [];
}

function animation(file: unknown, caption: RichText | undefined, spoiler: true | undefined): MediaContent | undefined {
  const kind = str(file, 'mime_type')?.startsWith('image/') ? 'image' : 'video';
  return media({ kind, file, mime: 'video/mp4', animated: true, caption, spoiler });
}

/** A photo and the moment around it: the picture, and the film as one that plays by itself. */
function livePhoto(live: unknown, photo: unknown, caption: RichText | undefined, spoiler: true | undefined): readonly (MediaContent | undefined)[] {
  const still = media({ kind: 'image', file: largest(at(live, 'photo') ?? photo), mime: 'image/jpeg', caption, spoiler });
  const film = media({ kind: 'video', file: live, mime: 'video/mp4', animated: true, spoiler, ...(still === undefined && { caption }) });
  return [still, film];
}

/**
 * A still one is WebP, one that is a film WebM, which plays everywhere. The third kind (`.tgs`, gzipped Lottie) no Matrix
 * client can show: its still picture stands for it, or else the file itself.
 */
function sticker(file: unknown): MediaContent | undefined {
  const name = str(file, 'emoji') ?? str(file, 'set_name');
  if (flag(file, 'is_video')) return media({ kind: 'video', file, mime: 'video/webm', name: name === undefined ? undefined : `${name}.webm`, animated: true });
  if (!flag(file, 'is_animated')) return media({ kind: 'sticker', file, mime: 'image/webp', name });
  const still = at(file, 'thumbnail') ?? at(file, 'thumb');
  return media({ kind: 'sticker', file: still, mime: 'image/webp', name }) ?? media({ kind: 'file', file, mime: 'application/x-tgsticker', name: `${name ?? 'sticker'}.tgs` });
}

function songName(file: unknown): string | undefined {
  const given = str(file, 'file_name');
  if (given !== undefined) return given;
  const [performer, title] = [str(file, 'performer'), str(file, 'title')];
  const name = [performer, title].filter((each) => each !== undefined).join(' - ');
  return name === '' ? undefined : name;
}

/** The largest of the sizes of a new picture of a chat. */
export function pictureOf(photo: unknown): Picture | undefined {
  const size = largest(photo);
  const id = str(size, 'file_id');
  return id === undefined ? undefined : { id: str(size, 'file_unique_id') ?? id, handle: JSON.stringify({ id, mime: 'image/jpeg' } satisfies Handle) };
}

/** A `ChatPhoto`, as `getChat` gives it. */
export function chatPicture(photo: unknown): Picture | undefined {
  const id = str(photo, 'big_file_id') ?? str(photo, 'small_file_id');
  if (id === undefined) return undefined;
  return { id: str(photo, 'big_file_unique_id') ?? id, handle: JSON.stringify({ id, mime: 'image/jpeg' } satisfies Handle) };
}
