import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { MediaKind } from '../model/content.ts';
import type { SpoolEntry, SpoolStore } from '../model/media.ts';
import type { Clip } from './av.ts';
import { imageInfo, MAX_IMAGE_BYTES } from './images.ts';
import type { ImageInfo } from './images.ts';
import { cleanName } from './names.ts';
import { probe } from './probe.ts';
import type { Probed } from './probe.ts';
import { sniff, SNIFF_BYTES } from './sniff.ts';
import { writeTo } from './tools.ts';
import type { Tools } from './tools.ts';

/** A spooled file, and what its sender says it is. */
export interface FitInput {
  readonly spoolId: string;
  readonly size: number;
  readonly kind: MediaKind;
  readonly mime?: string;
  readonly name?: string;
}

/** What a spooled file really is. */
export interface Inspected {
  readonly spoolId: string;
  /** The sender's wish where the bytes bear it out, else what they are; `file` for pictures and clips that cannot be read. */
  readonly kind: MediaKind;
  readonly mime: string;
  readonly name: string;
  readonly size: number;
  readonly animated: boolean;
  readonly width?: number;
  readonly height?: number;
  readonly durationMs?: number;
}

/** What one conversion works with. */
export interface Seen extends Inspected {
  readonly unreadable: boolean;
  readonly image?: ImageInfo;
  readonly probed?: Probed;
  readonly channels?: number;
}

/** A larger clip is not looked into; it goes as it is. Bytes. */
const MAX_CLIP_BYTES = 512 * 1024 * 1024;

/** One file in work: its bytes are fetched from the spool when first needed, once. */
export interface Job {
  readonly spool: SpoolStore;
  readonly tools: Tools;
  readonly input: FitInput;
  readonly signal: AbortSignal | undefined;
  readonly dir: string;
  bytes(): Promise<Buffer>;
  /** The path of the file in clear. */
  file(): Promise<string>;
}

export function createJob(spool: SpoolStore, tools: Tools, input: FitInput, dir: string, signal: AbortSignal | undefined): Job {
  let bytes: Promise<Buffer> | undefined;
  let file: Promise<string> | undefined;
  const write = async (): Promise<string> => {
    const path = join(dir, 'in');
    await writeTo(path, spool.open(input.spoolId));
    return path;
  };
  return {
    spool, tools, input, dir, signal,
    bytes: () => bytes ??= collect(spool.open(input.spoolId)),
    file: () => file ??= write(),
  };
}

/** Finds out what the file is. Throws only what the spool throws. */
export async function look(job: Job): Promise<Seen> {
  const { input } = job;
  const first = await collect(job.spool.open(input.spoolId, { start: 0, end: SNIFF_BYTES }));
  const sniffed = await sniff(first, input.mime);
  const name = cleanName(input.name, sniffed.mime, input.kind);
  const base = { spoolId: input.spoolId, name, size: input.size, animated: sniffed.animated, mime: sniffed.mime, unreadable: false } as const;
  const channels = sniffed.channels === undefined ? {} : { channels: sniffed.channels };
  if (sniffed.kind === 'file') return { ...base, kind: 'file' };

  if (sniffed.kind === 'image') {
    const image = input.size <= MAX_IMAGE_BYTES ? await imageInfo(await job.bytes()) : undefined;
    if (image === undefined) return { ...base, kind: 'file', unreadable: true };
    return { ...base, kind: wish(input.kind, 'image'), image, width: image.width, height: image.height };
  }

  const probed = input.size <= MAX_CLIP_BYTES ? await probe(job.tools, await job.file(), sniffed.mime, job.signal) : 'unknown';
  if (probed === 'unreadable') return { ...base, kind: 'file', unreadable: true };
  if (probed === 'unknown') return { ...base, ...channels, kind: wish(input.kind, sniffed.kind) };
  // An MP4 or WebM without a picture is sound, whatever its first bytes say.
  const mime = probed.videoCodec === undefined ? sniffed.mime.replace(/^video\//, 'audio/') : sniffed.mime;
  const { durationMs, width, height } = probed;
  return {
    ...base, ...channels, mime, probed,
    ...(mime === sniffed.mime ? {} : { name: cleanName(input.name, mime, input.kind) }),
    kind: wish(input.kind, mime.startsWith('video/') ? 'video' : 'audio'),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(width === undefined || height === undefined ? {} : { width, height }),
  };
}

/** A sender may call any file a document, a picture a sticker and a sound a voice note; nothing else. */
function wish(wanted: MediaKind, found: 'image' | 'video' | 'audio'): MediaKind {
  if (wanted === 'file' || (wanted === 'sticker' && found === 'image') || (wanted === 'voice' && found === 'audio')) return wanted;
  return found;
}

/** The file as ffmpeg wants it; undefined where there is nothing to work on. */
export async function clipOf(job: Job, seen: Seen): Promise<Clip | undefined> {
  if (seen.probed === undefined) return undefined;
  return { dir: job.dir, path: await job.file(), mime: seen.mime, probed: seen.probed };
}

/** Another form of the picture, as a clip. */
export async function clipOfBytes(job: Job, bytes: Uint8Array, mime: string): Promise<Clip | undefined> {
  const path = join(job.dir, 'picture');
  await writeTo(path, pieces(bytes));
  const probed = await probe(job.tools, path, mime, job.signal);
  return typeof probed === 'string' ? undefined : { dir: job.dir, path, mime, probed };
}

export function keepBytes(job: Job, bytes: Uint8Array, maxBytes: number): Promise<SpoolEntry> {
  return job.spool.put(pieces(bytes), maxBytes);
}

export function keepFile(job: Job, path: string, maxBytes: number): Promise<SpoolEntry> {
  return job.spool.put(createReadStream(path), maxBytes);
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of bytes) all.push(piece);
  return Buffer.concat(all);
}
