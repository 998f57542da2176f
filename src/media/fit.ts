import type { MediaCapability } from '../model/capabilities.ts';
import type { MediaKind } from '../model/content.ts';
import type { SpoolEntry, SpoolStore } from '../model/media.ts';
import { AUDIO_FORMATS, isCommonVideo, toAudio, toMp4 } from './av.ts';
import type { AudioFormat, Clip } from './av.ts';
import { heifToJpeg, isHeif } from './heif.ts';
import { STICKER_EDGE, toGif, toSticker, toStill } from './images.ts';
import { clipOf, clipOfBytes, createJob, keepBytes, keepFile, look } from './job.ts';
import type { FitInput, Inspected, Job, Seen } from './job.ts';
import { cleanName } from './names.ts';
import { normalise } from './sniff.ts';
import type { SpooledMedia } from './source.ts';
import type { Tools } from './tools.ts';

export type MediaTable = Readonly<Record<MediaKind, MediaCapability>>;

/**
 * Why a file does not go as what it was sent as.
 * `not_taken`: no such kind or type there; `too_large`; `unreadable`: broken, or too many pixels to decode;
 * `wrong_type`: the bytes are something else than was said; `animation_lost`: only its first picture goes.
 */
export type FitReason = 'not_taken' | 'too_large' | 'unreadable' | 'wrong_type' | 'animation_lost';

export type Fitted =
  | (SpooledMedia & { readonly as: MediaKind; readonly animated: boolean; readonly reason?: FitReason })
  /** What the link would lead to: the file as it came. */
  | (SpooledMedia & { readonly as: 'link'; readonly reason: FitReason });

export interface Fitter {
  /**
   * What a file really is, for showing it: on its way to Matrix this is all there is to do.
   * @throws what `SpoolStore.open` throws
   */
  inspect(input: FitInput, signal?: AbortSignal): Promise<Inspected>;
  /**
   * Decides how a file goes to a conversation: as it is where that is taken, else converted, else as a document, else as a link.
   * Where it was converted, `spoolId` names a new entry that the caller owns, beside the old one.
   *
   * Types that a table names one by one are held to what phones play: MP4 means H.264 with AAC, Opus means one channel, a
   * WebP sticker 512 by 512 pixels. A pattern (`video/*`) takes anything.
   * Media that cannot be read never throws; it goes as a document or a link.
   * @throws what `SpoolStore` throws, or the signal's reason
   */
  fit(input: FitInput, table: MediaTable, signal?: AbortSignal): Promise<Fitted>;
}

/** WhatsApp Cloud API, "Supported media types": 100 KB, and 500 KB where it moves. */
const STICKER_BYTES = { still: 100_000, animated: 500_000 } as const;

export function createFitter(spool: SpoolStore, tools: Tools): Fitter {
  const work = <T>(input: FitInput, signal: AbortSignal | undefined, task: (job: Job) => Promise<T>): Promise<T> =>
    tools.exclusive(() => tools.inTempDir((dir) => {
      signal?.throwIfAborted();
      return task(createJob(spool, tools, input, dir, signal));
    }));
  return {
    inspect: (input, signal) => work(input, signal, async (job) => {
      const { unreadable: _unreadable, image: _image, probed: _probed, channels: _channels, ...inspected } = await look(job);
      signal?.throwIfAborted();
      return inspected;
    }),
    fit: (input, table, signal) => work(input, signal, (job) => decide(job, table)),
  };
}

type Step = (job: Job, seen: Seen, table: MediaTable) => Promise<Fitted | undefined>;

const asIs = (kind: MediaKind): Step => async (_job, seen, table) =>
  (isTaken(kind, seen, table[kind]) ? { ...plain(seen), as: kind, animated: seen.animated } : undefined);

/** Tried in order; the first that works is it. A moving picture is rather handed over whole as a document than stopped. */
const STEPS: Readonly<Record<MediaKind, readonly Step[]>> = {
  image: [asIs('image'), stillWhereStill, movingAsVideo, asIs('file'), stillImage],
  sticker: [asIs('sticker'), sticker, asIs('image'), movingAsVideo, stillImage, asIs('file')],
  video: [asIs('video'), mp4, asIs('file')],
  voice: [asIs('voice'), voice, asIs('audio'), audio, asIs('file')],
  audio: [asIs('audio'), audio, asIs('file')],
  file: [asIs('file')],
};

async function decide(job: Job, table: MediaTable): Promise<Fitted> {
  const seen = await look(job);
  for (const step of STEPS[seen.kind]) {
    job.signal?.throwIfAborted();
    const fitted = await step(job, seen, table);
    if (fitted === undefined) continue;
    const lost = fitted.as === 'file' && job.input.kind !== 'file';
    return lost ? { ...fitted, reason: reasonFor(job.input.kind, seen, table) } : fitted;
  }
  job.signal?.throwIfAborted();
  return { ...plain(seen), as: 'link', reason: reasonFor(job.input.kind, seen, table) };
}

function reasonFor(wanted: MediaKind, seen: Seen, table: MediaTable): FitReason {
  if (seen.unreadable) return 'unreadable';
  if (seen.kind === 'file' && wanted !== 'file') return 'wrong_type';
  const capability = table[seen.kind];
  if (capability.level === 'none' || match(seen.mime, capability.mimes) === undefined) return 'not_taken';
  return seen.size > capability.maxBytes ? 'too_large' : 'not_taken';
}

function plain(seen: Seen): SpooledMedia {
  const { spoolId, mime, name, size, width, height, durationMs } = seen;
  return { spoolId, mime, name, size, ...described({ width, height, durationMs }) };
}

function described(facts: { width?: number | undefined; height?: number | undefined; durationMs?: number | undefined }): {
  width?: number; height?: number; durationMs?: number;
} {
  return {
    ...(facts.width === undefined || facts.height === undefined ? {} : { width: facts.width, height: facts.height }),
    ...(facts.durationMs === undefined ? {} : { durationMs: facts.durationMs }),
  };
}

/** `exact`: named one by one; `pattern`: `*`, any type at all, or `image/*`. */
function match(mime: string, patterns: readonly string[]): 'exact' | 'pattern' | undefined {
  const base = mime.split(';')[0] ?? mime;
  const names = patterns.map((pattern) => normalise(pattern) ?? pattern);
  if (names.some((name) => name === mime || name === base)) return 'exact';
  const top = `${base.split('/')[0] ?? ''}/*`;
  return names.some((name) => name === '*' || name === '*/*' || name === top) ? 'pattern' : undefined;
}

function isTaken(kind: MediaKind, seen: Seen, capability: MediaCapability): boolean {
  if (capability.level === 'none' || seen.size > capability.maxBytes) return false;
  const how = match(seen.mime, capability.mimes);
  return how === 'pattern' || (how === 'exact' && isPlayable(kind, seen));
}

function isPlayable(kind: MediaKind, seen: Seen): boolean {
  if (kind === 'sticker') {
    return seen.width === STICKER_EDGE && seen.height === STICKER_EDGE && seen.size <= STICKER_BYTES[seen.animated ? 'animated' : 'still'];
  }
  if (kind === 'image') return seen.image?.plain ?? false;
  if (kind === 'video') return seen.probed === undefined || !/^video\/(mp4|3gpp)$/.test(seen.mime) || isPhoneVideo(seen);
  return kind === 'file' || seen.channels === undefined || seen.channels === 1;
}

function isPhoneVideo(seen: Seen): boolean {
  // A 3GP may hold H.263 and AMR: that is what the format is for.
  return seen.mime === 'video/3gpp' || (seen.probed !== undefined && isCommonVideo(seen.probed));
}

async function stillWhereStill(job: Job, seen: Seen, table: MediaTable): Promise<Fitted | undefined> {
  return seen.animated ? undefined : stillImage(job, seen, table);
}

async function stillImage(job: Job, seen: Seen, table: MediaTable): Promise<Fitted | undefined> {
  const { level, mimes, maxBytes } = table.image;
  if (level === 'none') return undefined;
  const takes = (mime: string): boolean => match(mime, mimes) !== undefined;
  const jpeg = isHeif(seen) ? await heifToJpeg(job) : undefined;
  const made = await toStill(jpeg ?? await job.bytes(), takes, maxBytes);
  if (made === undefined) return undefined;
  const fitted = converted(seen, 'image', made.mime, await keepBytes(job, made.bytes, maxBytes), made);
  return seen.animated ? { ...fitted, animated: false, reason: 'animation_lost' } : fitted;
}

async function movingAsVideo(job: Job, seen: Seen, table: MediaTable): Promise<Fitted | undefined> {
  if (!seen.animated || !makes('video/mp4', table.video)) return undefined;
  // FFmpeg reads GIF and APNG, but no moving WebP.
  const gif = seen.mime === 'image/webp' ? await toGif(await job.bytes()) : undefined;
  if (seen.mime === 'image/webp' && gif === undefined) return undefined;
  return asMp4(job, seen, table, await clipOfBytes(job, gif ?? await job.bytes(), gif === undefined ? seen.mime : 'image/gif'));
}

async function mp4(job: Job, seen: Seen, table: MediaTable): Promise<Fitted | undefined> {
  return makes('video/mp4', table.video) ? asMp4(job, seen, table, await clipOf(job, seen)) : undefined;
}

async function asMp4(job: Job, seen: Seen, table: MediaTable, clip: Clip | undefined): Promise<Fitted | undefined> {
  const { maxBytes } = table.video;
  const made = clip === undefined ? undefined : await toMp4(job.tools, clip, maxBytes, job.signal);
  if (made === undefined) return undefined;
  return converted(seen, 'video', made.mime, await keepFile(job, made.path, maxBytes), made.probed);
}

function voice(job: Job, seen: Seen, table: MediaTable): Promise<Fitted | undefined> {
  return sound(job, seen, 'voice', table.voice, AUDIO_FORMATS);
}

/** Opus last: where it is taken it is for voice, in one channel. */
function audio(job: Job, seen: Seen, table: MediaTable): Promise<Fitted | undefined> {
  const formats = AUDIO_FORMATS.toSorted((a, b) => Number(a.includes('opus')) - Number(b.includes('opus')));
  return sound(job, seen, 'audio', table.audio, formats);
}

async function sound(
  job: Job, seen: Seen, kind: 'voice' | 'audio', capability: MediaCapability, formats: readonly AudioFormat[],
): Promise<Fitted | undefined> {
  const format = formats.find((candidate) => makes(candidate, capability));
  const clip = await clipOf(job, seen);
  if (format === undefined || clip === undefined) return undefined;
  const oneChannel = kind === 'voice' || format.includes('opus');
  const made = await toAudio(job.tools, clip, format, oneChannel, capability.maxBytes, job.signal);
  if (made === undefined) return undefined;
  return converted(seen, kind, made.mime, await keepFile(job, made.path, capability.maxBytes), made.probed);
}

async function sticker(job: Job, seen: Seen, table: MediaTable): Promise<Fitted | undefined> {
  if (!makes('image/webp', table.sticker)) return undefined;
  const bytes = await job.bytes();
  for (const animated of seen.animated ? [true, false] : [false]) {
    const maxBytes = Math.min(table.sticker.maxBytes, STICKER_BYTES[animated ? 'animated' : 'still']);
    const made = await toSticker(bytes, animated, maxBytes);
    if (made === undefined) continue;
    const fitted = converted(seen, 'sticker', made.mime, await keepBytes(job, made.bytes, maxBytes), made);
    return animated === seen.animated ? { ...fitted, animated } : { ...fitted, animated, reason: 'animation_lost' };
  }
  return undefined;
}

function makes(mime: string, capability: MediaCapability): boolean {
  return capability.level !== 'none' && match(mime, capability.mimes) !== undefined;
}

function converted(
  seen: Seen, as: MediaKind, mime: string, entry: SpoolEntry, facts: { width?: number; height?: number; durationMs?: number },
): SpooledMedia & { readonly as: MediaKind; readonly animated: boolean } {
  const { width, height, durationMs } = facts;
  const name = cleanName(seen.name, mime, as);
  return { as, spoolId: entry.id, mime, name, size: entry.size, animated: false, ...described({ width, height, durationMs }) };
}
