import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';

/** Small real files of every kind that people send, no two calls alike, so that bytes that arrive are the bytes that were sent. */
const run = promisify(execFile);

const picture = (edge = 96): Sharp =>
  sharp(randomBytes(edge * edge * 3), { raw: { width: edge, height: edge, channels: 3 } });

const frames = async (count: number, edge: number): Promise<Sharp> => {
  const each = Array.from({ length: count }, () => sharp(randomBytes(3), { raw: { width: 1, height: 1, channels: 3 } })
    .resize(edge, edge, { kernel: 'nearest' }).png().toBuffer());
  return sharp(await Promise.all(each), { join: { animated: true } });
};

async function ffmpeg(extension: string, ...args: readonly string[]): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-file-'));
  try {
    const path = join(dir, `made.${extension}`);
    await run('ffmpeg', ['-nostdin', '-v', 'error', ...args, path]);
    return await readFile(path);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const tone = (): readonly string[] => ['-f', 'lavfi', '-i', `sine=frequency=${200 + (randomBytes(2).readUInt16BE() % 800)}:duration=1`];
const film = ['-f', 'lavfi', '-i', 'testsrc=duration=1:size=160x120:rate=10'];

export const make = {
  jpeg: () => picture().jpeg().toBuffer(),
  png: () => picture().png().toBuffer(),
  webp: () => picture().webp().toBuffer(),
  avif: () => picture().avif({ effort: 0 }).toBuffer(),
  gif: async () => (await frames(3, 64)).gif().toBuffer(),
  sticker: () => picture(512).blur(20).webp({ quality: 60 }).toBuffer(),
  movingSticker: async () => (await frames(3, 512)).webp().toBuffer(),
  mp4: () => ffmpeg('mp4', ...film, ...tone(), '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-shortest'),
  webm: () => ffmpeg('webm', ...film, '-c:v', 'libvpx', '-b:v', '200k'),
  mp3: () => ffmpeg('mp3', ...tone()),
  oggVoice: () => ffmpeg('ogg', ...tone(), '-c:a', 'libopus', '-ac', '1', '-b:a', '24k'),
  webmVoice: () => ffmpeg('webm', ...tone(), '-c:a', 'libopus', '-ac', '1'),
  m4aVoice: () => ffmpeg('m4a', ...tone(), '-c:a', 'aac', '-ac', '1'),
  pdf: () => Promise.resolve(Buffer.from(`%PDF-1.4\n% ${randomBytes(9).toString('hex')}\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n`)),
  zip: (size = 20_000) => Promise.resolve(Buffer.concat([Buffer.from('PK\u0003\u0004\u0014\u0000\u0000\u0000\u0000\u0000', 'latin1'), randomBytes(size)])),
} as const;

/** What a player sees in it: `opus,1` for one channel of Opus, `h264` for a film. One line a stream. */
export async function streamsOf(bytes: Uint8Array): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-probe-'));
  try {
    await writeFile(join(dir, 'file'), bytes);
    const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,channels', '-of', 'csv=p=0', join(dir, 'file')]);
    return stdout.trim();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
