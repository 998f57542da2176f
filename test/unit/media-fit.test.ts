import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { createFitter } from '../../src/media/fit.ts';
import type { Fitted, Fitter, MediaTable } from '../../src/media/fit.ts';
import type { FitInput } from '../../src/media/job.ts';
import { createSpool } from '../../src/media/spool.ts';
import { createTools } from '../../src/media/tools.ts';
import type { MediaKind } from '../../src/model/content.ts';
import type { SpoolStore } from '../../src/model/media.ts';

let dir: string;
let spool: SpoolStore;
let fitter: Fitter;
let bare: Fitter;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fit-test-'));
  spool = createSpool({ dir: join(dir, 'spool'), key: randomBytes(32), keyId: 'k' });
  fitter = createFitter(spool, await createTools({ tempDir: join(dir, 'work') }));
  bare = createFitter(spool, await createTools({ tempDir: join(dir, 'bare'), ffmpeg: '/absent/ffmpeg', ffprobe: '/absent/ffprobe', heifConvert: '/absent/heif-convert' }));
});
afterAll(async () => {
  // No conversion leaves anything in clear behind, whatever became of it.
  expect(await readdir(join(dir, 'work'))).toEqual([]);
  expect(await readdir(join(dir, 'bare'))).toEqual([]);
  await rm(dir, { recursive: true, force: true });
});

const take = (maxBytes: number, ...mimes: string[]) => ({ level: 'full', mimes, maxBytes, maxCaption: 1024 }) as const;
const NONE = { level: 'none', reason: 'not there', mimes: [], maxBytes: 0, maxCaption: 0 } as const;
/** As WhatsApp's: every type named. */
const STRICT: MediaTable = {
  image: take(5e6, 'image/jpeg', 'image/png'),
  video: take(16e6, 'video/mp4', 'video/3gpp'),
  audio: take(16e6, 'audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/ogg; codecs=opus'),
  voice: take(16e6, 'audio/ogg; codecs=opus'),
  file: take(100e6, '*'),
  sticker: take(500_000, 'image/webp'),
};
const ANY: MediaTable = {
  image: take(50e6, 'image/*'), video: take(50e6, 'video/*'), audio: take(50e6, 'audio/*'), voice: take(50e6, 'audio/*'),
  file: take(50e6, '*'), sticker: take(50e6, 'image/*'),
};

async function* of(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function put(bytes: Uint8Array, kind: MediaKind, name: string, mime?: string): Promise<FitInput> {
  const { id, size } = await spool.put(of(bytes), 1e9);
  return { spoolId: id, size, kind, name, ...(mime === undefined ? {} : { mime }) };
}

async function bytesOf(fitted: { readonly spoolId: string }): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of spool.open(fitted.spoolId)) all.push(piece);
  return Buffer.concat(all);
}

async function streamsOf(fitted: Fitted): Promise<string> {
  const path = join(dir, `probe-${fitted.spoolId}`);
  await writeFile(path, await bytesOf(fitted));
  return execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,channels', '-of', 'csv=p=0', path]).toString();
}

async function ffmpeg(extension: string, ...args: string[]): Promise<Buffer> {
  const path = join(dir, `${randomBytes(4).toString('hex')}.${extension}`);
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...args, path]);
  return readFile(path);
}

const TONE = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=1'];
const STEREO = ['-f', 'lavfi', '-i', 'aevalsrc=sin(440*2*PI*t)|cos(330*2*PI*t):d=1'];
const FILM = ['-f', 'lavfi', '-i', 'testsrc=duration=1:size=320x240:rate=10'];
const noise = (width: number, height: number, channels: 3 | 4 = 3): Sharp =>
  sharp(randomBytes(width * height * channels), { raw: { width, height, channels } });
const moving = async (count = 4): Promise<Sharp> => sharp(await Promise.all(Array.from({ length: count }, (_, at) =>
  sharp({ create: { width: 64, height: 48, channels: 3, background: { r: at * 60, g: 0, b: 0 } } }).png().toBuffer())), { join: { animated: true } });

describe('pictures', () => {
  test('go as they are where they are taken, with their size as shown', async () => {
    const input = await put(await noise(40, 20).jpeg().withMetadata({ orientation: 6 }).toBuffer(), 'image', 'a.jpg', 'image/jpeg');
    const fitted = await fitter.fit(input, STRICT);
    expect(fitted).toEqual({ as: 'image', spoolId: input.spoolId, mime: 'image/jpeg', name: 'a.jpg', size: input.size, width: 20, height: 40, animated: false });
  });

  test.each(['webp', 'tiff', 'avif', 'gif'] as const)('%s becomes JPEG', async (format) => {
    const input = await put(await noise(64, 32)[format]().toBuffer(), 'image', `a.${format}`);
    const fitted = await bare.fit(input, { ...STRICT, image: take(5e6, 'image/jpeg') });
    expect(fitted).toMatchObject({ as: 'image', mime: 'image/jpeg', name: 'a.jpg', width: 64, height: 32 });
    expect((await sharp(await bytesOf(fitted)).metadata()).format).toBe('jpeg');
  });

  test('a photograph as phones keep it (HEIC) becomes JPEG; without libheif a document', async () => {
    const [png, heic] = [join(dir, 'photo.png'), join(dir, 'photo.heic')];
    await sharp({ create: { width: 96, height: 64, channels: 3, background: '#cc3300' } }).png().toFile(png);
    execFileSync('heif-enc', [png, '-o', heic]);
    const input = await put(await readFile(heic), 'image', 'IMG_1.HEIC', 'image/heic');
    const fitted = await fitter.fit(input, STRICT);
    expect(fitted).toMatchObject({ as: 'image', mime: 'image/jpeg', name: 'IMG_1.jpg', width: 96, height: 64 });
    const [red = 0, green = 255] = await sharp(await bytesOf(fitted)).raw().toBuffer();
    expect([red > 150, green < 100]).toEqual([true, true]);
    expect(await bare.fit(input, STRICT)).toMatchObject({ as: 'file', mime: 'image/heic', spoolId: input.spoolId });
  });

  test('transparency is kept where PNG is taken, and turns white where it is not', async () => {
    const clear = await sharp({ create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }).webp().toBuffer();
    const input = await put(clear, 'image', 'a.webp');
    expect(await fitter.fit(input, STRICT)).toMatchObject({ as: 'image', mime: 'image/png', name: 'a.png' });
    const fitted = await fitter.fit(input, { ...STRICT, image: take(5e6, 'image/jpeg') });
    const [red] = await sharp(await bytesOf(fitted)).raw().toBuffer();
    expect(red).toBe(255);
  });

  test('too many bytes are brought under the cap, without place and camera data', async () => {
    const large = await noise(900, 900).withExif({ IFD0: { Copyright: 'somebody' } }).png().toBuffer();
    const fitted = await fitter.fit(await put(large, 'image', 'a.png'), { ...STRICT, image: take(150_000, 'image/jpeg', 'image/png') });
    expect(fitted).toMatchObject({ as: 'image', mime: 'image/jpeg' });
    expect(fitted.size).toBeLessThanOrEqual(150_000);
    expect((await sharp(await bytesOf(fitted)).metadata()).exif).toBeUndefined();
  });

  test('sixteen bits a channel become eight', async () => {
    const deep = await noise(16, 16).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    const fitted = await fitter.fit(await put(deep, 'image', 'a.png'), STRICT);
    expect((await sharp(await bytesOf(fitted)).metadata()).depth).toBe('uchar');
  });

  test('moving ones become a film; without ffmpeg a document; where there are none, a still', async () => {
    for (const bytes of [await (await moving()).gif({ delay: 200 }).toBuffer(), await (await moving()).webp({ delay: 200 }).toBuffer()]) {
      const input = await put(bytes, 'image', 'a.gif');
      const film = await fitter.fit(input, STRICT);
      expect(film).toMatchObject({ as: 'video', mime: 'video/mp4', name: 'a.mp4', width: 64, height: 48 });
      expect(film).not.toHaveProperty('reason');
      expect(await streamsOf(film)).toMatch(/^h264/);
      expect(await bare.fit(input, STRICT)).toMatchObject({ as: 'file', spoolId: input.spoolId, reason: 'not_taken' });
      expect(await bare.fit(input, { ...STRICT, file: NONE })).toMatchObject({ as: 'image', animated: false, reason: 'animation_lost' });
      expect(await fitter.fit(input, ANY)).toMatchObject({ as: 'image', animated: true, spoolId: input.spoolId });
    }
  });
});

describe('stickers', () => {
  test('become WebP of 512 by 512 under 100 KB', async () => {
    const fitted = await fitter.fit(await put(await noise(700, 300).png().toBuffer(), 'sticker', 's.png'), STRICT);
    expect(fitted).toMatchObject({ as: 'sticker', mime: 'image/webp', name: 's.webp', width: 512, height: 512, animated: false });
    expect(fitted.size).toBeLessThanOrEqual(100_000);
    const again = await fitter.fit({ spoolId: fitted.spoolId, size: fitted.size, kind: 'sticker' }, STRICT);
    expect(again.spoolId).toBe(fitted.spoolId);
  });

  test('that move go on moving', async () => {
    const fitted = await fitter.fit(await put(await (await moving()).gif().toBuffer(), 'sticker', 's.gif'), STRICT);
    expect(fitted).toMatchObject({ as: 'sticker', mime: 'image/webp', animated: true });
    expect(await sharp(await bytesOf(fitted), { animated: true }).metadata()).toMatchObject({ pages: 4, width: 512 });
  });

  test('go as a picture where there are none, and as they are where any will do', async () => {
    const input = await put(await noise(30, 30).webp().toBuffer(), 'sticker', 's.webp');
    expect(await fitter.fit(input, { ...STRICT, sticker: NONE })).toMatchObject({ as: 'image', mime: 'image/jpeg' });
    expect(await fitter.fit(input, ANY)).toMatchObject({ as: 'sticker', spoolId: input.spoolId });
  });
});

describe('sound', () => {
  test('voice becomes Ogg Opus in one channel, with its length', async () => {
    for (const [extension, codec] of [['mp3', 'libmp3lame'], ['m4a', 'aac'], ['webm', 'libopus'], ['ogg', 'libopus'], ['wav', 'pcm_s16le']] as const) {
      const input = await put(await ffmpeg(extension, ...STEREO, '-ac', '2', '-c:a', codec), 'voice', `v.${extension}`);
      const fitted = await fitter.fit(input, STRICT);
      expect(fitted).toMatchObject({ as: 'voice', mime: 'audio/ogg; codecs=opus', name: 'v.ogg' });
      expect(fitted.spoolId).not.toBe(input.spoolId);
      expect(Math.round((fitted.durationMs ?? 0) / 1000)).toBe(1);
      expect((await streamsOf(fitted)).trim()).toBe('opus,1');
    }
  });

  test('voice that is right goes as it is', async () => {
    const input = await put(await ffmpeg('ogg', ...TONE, '-c:a', 'libopus', '-ac', '1'), 'voice', 'v.ogg');
    expect(await fitter.fit(input, STRICT)).toMatchObject({ as: 'voice', spoolId: input.spoolId, mime: 'audio/ogg; codecs=opus' });
    expect(await bare.fit(input, STRICT)).toMatchObject({ as: 'voice', spoolId: input.spoolId });
  });

  test('voice goes as sound where there is no voice or no ffmpeg', async () => {
    const input = await put(await ffmpeg('mp3', ...TONE), 'voice', 'v.mp3');
    expect(await bare.fit(input, STRICT)).toMatchObject({ as: 'audio', spoolId: input.spoolId, mime: 'audio/mpeg' });
    expect(await fitter.fit(input, { ...STRICT, voice: NONE })).toMatchObject({ as: 'audio', spoolId: input.spoolId });
  });

  test('music is converted, or goes as a document', async () => {
    const input = await put(await ffmpeg('flac', ...STEREO), 'audio', 'm.flac');
    const fitted = await fitter.fit(input, STRICT);
    expect(fitted).toMatchObject({ as: 'audio', mime: 'audio/mp4', name: 'm.m4a' });
    expect(await bare.fit(input, STRICT)).toMatchObject({ as: 'file', mime: 'audio/flac', reason: 'not_taken' });
  });

  test('an MP4 without a picture is sound', async () => {
    const input = await put(await ffmpeg('mp4', ...TONE, '-c:a', 'aac'), 'video', 'v.mp4', 'video/mp4');
    expect(await fitter.fit(input, STRICT)).toMatchObject({ as: 'audio', mime: 'audio/mp4', spoolId: input.spoolId });
  });
});

describe('films', () => {
  test('WebM is encoded anew, MOV with the right streams repacked', async () => {
    const webm = await put(await ffmpeg('webm', ...FILM, ...TONE, '-c:v', 'libvpx', '-c:a', 'libopus'), 'video', 'f.webm');
    const mov = await put(await ffmpeg('mov', ...FILM, ...TONE, '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac'), 'video', 'f.mov');
    for (const input of [webm, mov]) {
      const fitted = await fitter.fit(input, STRICT);
      expect(fitted).toMatchObject({ as: 'video', mime: 'video/mp4', name: 'f.mp4', width: 320, height: 240 });
      expect(Math.round((fitted.durationMs ?? 0) / 1000)).toBe(1);
      expect(await streamsOf(fitted)).toMatch(/^h264\n+aac,/);
    }
    expect(await bare.fit(webm, STRICT)).toMatchObject({ as: 'file', mime: 'video/webm', spoolId: webm.spoolId, reason: 'not_taken' });
  });

  test('an MP4 that phones do not play is encoded anew; where anything is taken it stays', async () => {
    const input = await put(await ffmpeg('mp4', ...FILM, '-c:v', 'libx264', '-pix_fmt', 'yuv444p'), 'video', 'f.mp4');
    expect(await fitter.fit(input, ANY)).toMatchObject({ as: 'video', spoolId: input.spoolId, width: 320, height: 240 });
    const fitted = await fitter.fit(input, STRICT);
    expect(fitted).toMatchObject({ as: 'video', mime: 'video/mp4' });
    expect(fitted.spoolId).not.toBe(input.spoolId);
  });

  test('what cannot be made small enough goes as a document, and then as a link', async () => {
    const input = await put(await ffmpeg('mp4', ...FILM, '-c:v', 'libx264', '-pix_fmt', 'yuv420p'), 'video', 'f.mp4');
    const small = { ...STRICT, video: take(3000, 'video/mp4') };
    expect(await fitter.fit(input, small)).toMatchObject({ as: 'file', reason: 'too_large' });
    expect(await fitter.fit(input, { ...small, file: take(3000, '*') })).toMatchObject({ as: 'link', spoolId: input.spoolId, reason: 'too_large', name: 'f.mp4' });
    expect(await fitter.fit(input, { ...STRICT, video: NONE, file: NONE })).toMatchObject({ as: 'link', reason: 'not_taken' });
  });
});

describe('what the sender says', () => {
  test('a document stays a document', async () => {
    const input = await put(await noise(9, 9).png().toBuffer(), 'file', 'scan.png');
    expect(await fitter.fit(input, STRICT)).toMatchObject({ as: 'file', spoolId: input.spoolId, mime: 'image/png', width: 9 });
    expect(await fitter.fit(input, STRICT)).not.toHaveProperty('reason');
  });

  test('inspecting tells what a file is and changes nothing', async () => {
    const picture = await put(await noise(30, 10).webp().toBuffer(), 'file', 'x.webp');
    expect(await fitter.inspect({ ...picture, kind: 'image' })).toEqual({
      spoolId: picture.spoolId, kind: 'image', mime: 'image/webp', name: 'x.webp', size: picture.size, animated: false, width: 30, height: 10,
    });
    const film = await put(await ffmpeg('mp4', ...FILM), 'image', 'x.png', 'image/png');
    expect(await fitter.inspect(film)).toMatchObject({ kind: 'video', mime: 'video/mp4', name: 'x.mp4', width: 320, height: 240, durationMs: 1000 });
  });

  test('a file that left the spool is an error, not a document', async () => {
    const input = await put(Buffer.from('x'), 'file', 'x');
    await spool.remove(input.spoolId);
    await expect(fitter.fit(input, STRICT)).rejects.toMatchObject({ code: 'spool_gone' });
  });

  test('an abort ends the work', async () => {
    const input = await put(await ffmpeg('webm', ...FILM), 'video', 'f.webm');
    const abort = new AbortController();
    const running = fitter.fit(input, STRICT, abort.signal);
    abort.abort(new Error('shutting down'));
    await expect(running).rejects.toThrow('shutting down');
  });
});
