import { z } from 'zod';
import type { Tools } from './tools.ts';

/** What ffprobe says of a file; every field may be missing. */
export interface Probed {
  readonly durationMs?: number;
  /** Pixels, as shown: turned where the file says so. */
  readonly width?: number;
  readonly height?: number;
  /** FFmpeg's names: `h264`, `opus`. */
  readonly videoCodec?: string;
  readonly audioCodec?: string;
  readonly channels?: number;
  /** `yuv420p` and so on. */
  readonly pixelFormat?: string;
}

/** FFmpeg's demuxer for each type that is worth trying. Naming it keeps playlists and scripts from being taken for media. */
const DEMUXERS: Readonly<Record<string, string>> = {
  'video/mp4': 'mov', 'video/quicktime': 'mov', 'video/3gpp': 'mov', 'video/3gpp2': 'mov', 'audio/mp4': 'mov', 'audio/3gpp': 'mov',
  'video/webm': 'matroska', 'video/matroska': 'matroska', 'audio/webm': 'matroska', 'audio/matroska': 'matroska',
  'video/ogg': 'ogg', 'audio/ogg': 'ogg', 'audio/ogg; codecs=opus': 'ogg', 'audio/mpeg': 'mp3', 'audio/aac': 'aac',
  'audio/wav': 'wav', 'audio/flac': 'flac', 'audio/amr': 'amr', 'audio/x-caf': 'caf', 'audio/aiff': 'aiff',
  'video/vnd.avi': 'avi', 'video/mpeg': 'mpeg', 'video/mp2p': 'mpeg', 'video/mp2t': 'mpegts', 'video/x-flv': 'flv', 'video/x-ms-asf': 'asf',
  'audio/x-ms-asf': 'asf', 'image/gif': 'gif', 'image/apng': 'apng',
};

/**
 * The arguments before a hostile input: only local files are opened, only as the named format, and no allocation or
 * picture passes the limits. Undefined where the type is none that is tried.
 */
export function inputArgs(path: string, mime: string): string[] | undefined {
  const demuxer = DEMUXERS[mime];
  if (demuxer === undefined) return undefined;
  return ['-protocol_whitelist', 'file,pipe', '-max_pixels', '40000000', '-f', demuxer, '-i', `file:${path}`];
}

/** Bytes that one allocation inside ffmpeg or ffprobe may take. */
export const MAX_ALLOC = ['-max_alloc', String(256 * 1024 * 1024)] as const;

const REPORT = z.object({
  streams: z.array(z.object({
    codec_type: z.string().optional(),
    codec_name: z.string().optional(),
    pix_fmt: z.string().optional(),
    width: z.number().optional(),
    height: z.number().optional(),
    channels: z.number().optional(),
    duration: z.string().optional(),
    disposition: z.object({ attached_pic: z.number().optional() }).optional(),
    side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
  })).default([]),
  format: z.object({ duration: z.string().optional() }).default({}),
});

/**
 * Asks ffprobe for duration, size and codecs. `unknown` where it is not installed or the type is none that is tried,
 * `unreadable` where it makes nothing of the file. Never throws.
 * @param path a file in clear; `mime` as sniffed
 */
export async function probe(tools: Tools, path: string, mime: string, signal?: AbortSignal): Promise<Probed | 'unknown' | 'unreadable'> {
  const input = inputArgs(path, mime);
  if (input === undefined) return 'unknown';
  const fields = 'stream=codec_type,codec_name,pix_fmt,width,height,channels,duration:stream_disposition=attached_pic'
    + ':stream_side_data=rotation:format=duration';
  const result = await tools.run('ffprobe', ['-v', 'error', ...MAX_ALLOC, '-show_entries', fields, '-of', 'json', ...input], signal);
  if (!result.ok) return result.why === 'absent' ? 'unknown' : 'unreadable';
  const report = REPORT.safeParse(parse(result.stdout));
  return report.success && report.data.streams.length > 0 ? summary(report.data) : 'unreadable';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function summary(report: z.infer<typeof REPORT>): Probed {
  // A cover picture in a song is a video stream to ffprobe.
  const video = report.streams.find((stream) => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1);
  const audio = report.streams.find((stream) => stream.codec_type === 'audio');
  const seconds = Number(report.format.duration ?? video?.duration ?? audio?.duration ?? Number.NaN);
  const turned = (video?.side_data_list ?? []).some((data) => Math.abs(data.rotation ?? 0) % 180 === 90);
  const [width, height] = turned ? [video?.height, video?.width] : [video?.width, video?.height];
  return {
    ...(Number.isFinite(seconds) && seconds > 0 && seconds < 1e7 ? { durationMs: Math.round(seconds * 1000) } : {}),
    ...(width !== undefined && width > 0 ? { width } : {}),
    ...(height !== undefined && height > 0 ? { height } : {}),
    ...(video?.codec_name === undefined ? {} : { videoCodec: video.codec_name }),
    ...(video?.pix_fmt === undefined ? {} : { pixelFormat: video.pix_fmt }),
    ...(audio?.codec_name === undefined ? {} : { audioCodec: audio.codec_name }),
    ...(audio?.channels === undefined ? {} : { channels: audio.channels }),
  };
}
