import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inputArgs, MAX_ALLOC, probe } from './probe.ts';
import type { Probed } from './probe.ts';
import type { Tools } from './tools.ts';

/** A file in clear in a temporary directory, and what ffprobe said of it. */
export interface Clip {
  readonly dir: string;
  readonly path: string;
  readonly mime: string;
  readonly probed: Probed;
}

export interface MadeClip {
  readonly path: string;
  readonly mime: string;
  readonly probed: Probed;
}

export type AudioFormat = keyof typeof AUDIO;

/** What can be made, in the order in which a voice note wants it. */
const AUDIO = {
  'audio/ogg; codecs=opus': { args: ['-c:a', 'libopus', '-ar', '48000', '-f', 'ogg'], extension: 'ogg', kbps: 96 },
  'audio/mp4': { args: ['-c:a', 'aac', '-movflags', '+faststart', '-f', 'mp4'], extension: 'm4a', kbps: 128 },
  'audio/mpeg': { args: ['-c:a', 'libmp3lame', '-id3v2_version', '3', '-f', 'mp3'], extension: 'mp3', kbps: 128 },
  'audio/aac': { args: ['-c:a', 'aac', '-f', 'adts'], extension: 'aac', kbps: 128 },
} as const satisfies Record<string, { args: readonly string[]; extension: string; kbps: number }>;

export const AUDIO_FORMATS = Object.keys(AUDIO) as readonly AudioFormat[];

const MAX_OUTPUT = 1024 ** 3;
const MIN_AUDIO_KBPS = 12;
const VOICE_KBPS = 32;
const MIN_VIDEO_KBPS = 150;

/**
 * Makes sound of `clip`: one channel for a voice note, with as many bits as `maxBytes` allows. Undefined where it cannot be done.
 */
export async function toAudio(
  tools: Tools, clip: Clip, format: AudioFormat, voice: boolean, maxBytes: number, signal?: AbortSignal,
): Promise<MadeClip | undefined> {
  if (clip.probed.audioCodec === undefined) return undefined;
  const { args, extension, kbps } = AUDIO[format];
  const fitting = Math.min(voice ? VOICE_KBPS : kbps, affordable(maxBytes, clip.probed.durationMs));
  if (fitting < MIN_AUDIO_KBPS) return undefined;
  const opusVoice = voice && format === 'audio/ogg; codecs=opus' ? ['-application', 'voip'] : [];
  const channels = voice || fitting < 48 ? '1' : '2';
  return convert(tools, clip, extension, format, maxBytes, [
    '-map', '0:a:0', '-vn', '-ac', channels, '-b:a', `${fitting}k`, ...opusVoice, ...args,
  ], signal);
}

/** Makes an MP4 with H.264 and AAC of `clip`: repacked where the streams already are that, else encoded anew. Undefined where it cannot. */
export async function toMp4(tools: Tools, clip: Clip, maxBytes: number, signal?: AbortSignal): Promise<MadeClip | undefined> {
  const { probed } = clip;
  if (probed.videoCodec === undefined) return undefined;
  const tail = ['-map', '0:v:0', '-map', '0:a:0?', '-sn', '-dn', '-movflags', '+faststart', '-f', 'mp4'];
  if (isCommonVideo(probed)) {
    const repacked = await convert(tools, clip, 'repacked.mp4', 'video/mp4', maxBytes, ['-c', 'copy', ...tail], signal);
    if (repacked !== undefined) return repacked;
  }
  const audioKbps = probed.audioCodec === undefined ? 0 : 96;
  const videoKbps = Math.min(4000, affordable(maxBytes, probed.durationMs) - audioKbps);
  if (videoKbps < MIN_VIDEO_KBPS) return undefined;
  return convert(tools, clip, 'mp4', 'video/mp4', maxBytes, [
    '-vf', "scale='min(1280,iw)':'min(1280,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2,format=yuv420p",
    '-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-crf', '26', '-maxrate', `${videoKbps}k`, '-bufsize', `${videoKbps * 2}k`,
    '-c:a', 'aac', '-ac', '2', '-b:a', '96k', ...tail,
  ], signal);
}

/** H.264 and AAC in the form that every phone plays. */
export function isCommonVideo(probed: Probed): boolean {
  return probed.videoCodec === 'h264' && (probed.audioCodec ?? 'aac') === 'aac' && /^yuvj?420p$/.test(probed.pixelFormat ?? 'yuv420p');
}

/** Kilobits a second that fill nine tenths of the room; without a known duration, no limit. */
function affordable(maxBytes: number, durationMs: number | undefined): number {
  return durationMs === undefined ? Number.MAX_SAFE_INTEGER : Math.floor(((maxBytes * 8) / durationMs) * 0.9);
}

async function convert(
  tools: Tools, clip: Clip, extension: string, mime: string, maxBytes: number, args: readonly string[], signal: AbortSignal | undefined,
): Promise<MadeClip | undefined> {
  const input = inputArgs(clip.path, clip.mime);
  if (input === undefined) return undefined;
  const path = join(clip.dir, `out.${extension}`);
  // ffmpeg ends quietly at `-fs`; the margin makes an output that was cut off larger than what is taken.
  const limit = String(Math.min(maxBytes, MAX_OUTPUT) + 1024 * 1024);
  const result = await tools.run('ffmpeg', [
    '-nostdin', '-hide_banner', '-v', 'error', '-y', ...MAX_ALLOC, ...input,
    '-map_metadata', '-1', '-map_chapters', '-1', '-threads', '1', ...args, '-fs', limit, `file:${path}`,
  ], signal);
  if (!result.ok) return undefined;
  const size = await stat(path).then((found) => found.size, () => 0);
  if (size === 0 || size > Math.min(maxBytes, MAX_OUTPUT)) return undefined;
  const probed = await probe(tools, path, mime, signal);
  return typeof probed === 'string' ? undefined : { path, mime, probed };
}
