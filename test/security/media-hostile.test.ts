import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import { createFitter } from '../../src/media/fit.ts';
import type { Fitter, MediaTable } from '../../src/media/fit.ts';
import type { FitInput } from '../../src/media/job.ts';
import { createSpool } from '../../src/media/spool.ts';
import { createTools } from '../../src/media/tools.ts';
import type { MediaKind } from '../../src/model/content.ts';
import type { SpoolStore } from '../../src/model/media.ts';

let dir: string;
let spool: SpoolStore;
let fitter: Fitter;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hostile-test-'));
  spool = createSpool({ dir: join(dir, 'spool'), key: randomBytes(32), keyId: 'k' });
  fitter = createFitter(spool, await createTools({ tempDir: join(dir, 'work') }));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const take = (...mimes: string[]) => ({ level: 'full', mimes, maxBytes: 20e6, maxCaption: 0 }) as const;
const STRICT: MediaTable = {
  image: take('image/jpeg', 'image/png'), video: take('video/mp4'), audio: take('audio/mpeg'), voice: take('audio/ogg; codecs=opus'),
  file: take('*'), sticker: take('image/webp'),
};
const ANY: MediaTable = { image: take('*'), video: take('*'), audio: take('*'), voice: take('*'), file: take('*'), sticker: take('*') };
const KINDS: readonly MediaKind[] = ['image', 'video', 'audio', 'voice', 'sticker'];

async function put(bytes: Uint8Array, kind: MediaKind, name: string, mime?: string): Promise<FitInput> {
  async function* one(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  const { id, size } = await spool.put(one(), 1e9);
  return { spoolId: id, size, kind, name, ...(mime === undefined ? {} : { mime }) };
}

test('a small file that unfolds into 256 million pixels is never decoded', async () => {
  const bomb = await sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: 'red' }, limitInputPixels: false })
    .png({ palette: true, compressionLevel: 9 }).toBuffer();
  expect(bomb.length).toBeLessThan(1e6);
  const input = await put(bomb, 'image', 'bomb.png', 'image/png');
  for (const table of [STRICT, ANY]) {
    expect(await fitter.fit(input, table)).toMatchObject({ as: 'file', spoolId: input.spoolId, reason: 'unreadable' });
  }
  expect(await fitter.fit({ ...input, kind: 'sticker' }, STRICT)).toMatchObject({ as: 'file', reason: 'unreadable' });
  expect(await fitter.inspect(input)).toMatchObject({ kind: 'file' });
  expect(await fitter.inspect(input)).not.toHaveProperty('width');
});

test('many frames of a few pixels each count together', async () => {
  const frame = await sharp({ create: { width: 1600, height: 1600, channels: 3, background: 'red' } }).png().toBuffer();
  const other = await sharp({ create: { width: 1600, height: 1600, channels: 3, background: 'blue' } }).png().toBuffer();
  const gif = await sharp(Array.from({ length: 18 }, (_, at) => (at % 2 === 0 ? frame : other)), { join: { animated: true } }).gif({ effort: 1 }).toBuffer();
  // 46 million pixels in all: the moving sticker is refused, the first picture of it is not.
  expect(await fitter.fit(await put(gif, 'sticker', 's.gif'), STRICT)).toMatchObject({ as: 'sticker', animated: false, reason: 'animation_lost' });
});

test('a picture cut off in the middle goes as a document where it would have to be decoded', async () => {
  const whole = await sharp(randomBytes(300 * 300 * 3), { raw: { width: 300, height: 300, channels: 3 } }).webp({ lossless: true }).toBuffer();
  const input = await put(whole.subarray(0, whole.length / 2), 'image', 'a.webp');
  expect(await fitter.fit(input, STRICT)).toMatchObject({ as: 'file', spoolId: input.spoolId });
  expect(await fitter.fit({ ...input, kind: 'sticker' }, STRICT)).toMatchObject({ as: 'file' });
});

test('a film or a song cut off before its index goes as a document', async () => {
  const path = join(dir, 'whole.mp4');
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=1', path]);
  const whole = await readFile(path);
  const input = await put(whole.subarray(0, whole.length / 2), 'video', 'f.mp4', 'video/mp4');
  expect(await fitter.fit(input, ANY)).toMatchObject({ as: 'file', reason: 'unreadable', name: 'f.mp4' });
});

test.each([
  ['program', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]), 'x.jpg', 'x.jpg.exe'],
  ['web page', Buffer.from('<html><script>alert(1)</script>'), 'x.png', 'x.png.html'],
  ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'), 'x.png', 'x.png.svg'],
  ['PDF', Buffer.from('%PDF-1.7\n'), 'x.png', 'x.png.pdf'],
])('a %s that is called a picture is a document with its true name', async (_what, bytes, name, wanted) => {
  for (const kind of KINDS) {
    for (const table of [STRICT, ANY]) {
      expect(await fitter.fit(await put(bytes, kind, name, 'image/png'), table)).toMatchObject({ as: 'file', name: wanted, reason: 'wrong_type' });
    }
  }
});

test('the picture library itself opens no SVG and no PDF', async () => {
  await expect(sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')).png().toBuffer()).rejects.toThrow();
});

test('a picture with a program behind it loses the program when it is converted', async () => {
  const picture = await sharp({ create: { width: 30, height: 30, channels: 3, background: 'red' } }).webp().toBuffer();
  const fitted = await fitter.fit(await put(Buffer.concat([picture, Buffer.from('<script>alert(1)</script>')]), 'image', 'x.webp'), STRICT);
  const all: Uint8Array[] = [];
  for await (const piece of spool.open(fitted.spoolId)) all.push(piece);
  expect(fitted).toMatchObject({ as: 'image', mime: 'image/jpeg' });
  expect(Buffer.concat(all).includes('script')).toBe(false);
});

test('no playlist makes a converter read a file or call an address', async () => {
  let calls = 0;
  const server = createServer((_request, response) => {
    calls += 1;
    response.end('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.ts`;
  try {
    const lists = [
      `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\n${url}\n#EXT-X-ENDLIST`,
      '#EXTM3U\n#EXTINF:10.0,\nconcat:/etc/passwd|/etc/hostname\n#EXT-X-ENDLIST',
      `ffconcat version 1.0\nfile '${url}'\n`,
      `v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n`,
    ];
    for (const list of lists) {
      for (const mime of ['video/mp4', 'audio/mpeg', 'application/vnd.apple.mpegurl', 'video/mp2t']) {
        const fitted = await fitter.fit(await put(Buffer.from(list), 'video', 'x.mp4', mime), STRICT);
        expect(fitted.as).toBe('file');
      }
    }
    expect(calls).toBe(0);
  } finally {
    server.close();
  }
});

test('file names are never part of a command or a path', async () => {
  const picture = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } }).webp().toBuffer();
  const names = ['$(touch pwned).webp', '`id`', '-i', '../../../x.webp', 'a\nb', ';rm -rf x'];
  for (const name of names) {
    const fitted = await fitter.fit(await put(picture, 'image', name), STRICT);
    expect(fitted).toMatchObject({ as: 'image' });
    expect(fitted.name).toMatch(/\.jpg$/);
  }
  expect(existsSync('pwned')).toBe(false);
});

test('noise behind any known header never throws, and leaves nothing in clear', async () => {
  const heads = ['GIF89a', 'RIFF\x20\0\0\0WEBPVP8X', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'OggS', '\xff\xd8\xff\xe0', '\x1a\x45\xdf\xa3', '\0\0\0\x18ftypisom', 'ID3\x04',
    'fLaC', 'II*\0', '\0\0\0\x1cftypavif'];
  await fc.assert(fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...KINDS), async (head, rest, kind) => {
    const input = await put(Buffer.concat([Buffer.from(head, 'latin1'), rest]), kind, 'x');
    const fitted = await fitter.fit(input, STRICT);
    expect(fitted.size).toBeGreaterThan(0);
    expect(await readdir(join(dir, 'work'))).toEqual([]);
  }), { numRuns: 60 });
});

test('a converter that hangs is killed, and the file goes as a document', async () => {
  const path = join(dir, 'sleeper');
  await writeFile(path, '#!/bin/sh\nexec sleep 600\n');
  await chmod(path, 0o700);
  const slow = createFitter(spool, await createTools({ tempDir: join(dir, 'slow'), ffmpeg: path, ffprobe: path, timeoutMs: 200 }));
  const sound = join(dir, 'a.ogg');
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'sine=duration=1', '-c:a', 'libvorbis', sound]);
  expect(await slow.fit(await put(await readFile(sound), 'voice', 'a.ogg'), STRICT)).toMatchObject({ as: 'file' });
  expect(await readdir(join(dir, 'slow'))).toEqual([]);
});

test('what a killed process left in clear is removed at the next start', async () => {
  const temp = join(dir, 'left');
  const tools = await createTools({ tempDir: temp });
  await tools.inTempDir(async () => {
    expect(await readdir(temp)).toHaveLength(1);
    await createTools({ tempDir: temp });
    expect(await readdir(temp)).toEqual([]);
  });
});

test('converters see nothing of the environment', async () => {
  const path = join(dir, 'env');
  await writeFile(path, '#!/bin/sh\nexec env\n');
  await chmod(path, 0o700);
  process.env['DRAWBRIDGE_TEST_CANARY'] = 'canary-value';
  const tools = await createTools({ tempDir: join(dir, 'env-work'), ffmpeg: path });
  const result = await tools.run('ffmpeg', []);
  delete process.env['DRAWBRIDGE_TEST_CANARY'];
  expect(result).toMatchObject({ ok: true });
  expect(JSON.stringify(result)).not.toContain('canary');
});

test('at most the set number of conversions run at a time, and a failed one frees its place', async () => {
  const tools = await createTools({ tempDir: join(dir, 'queue'), concurrency: 2 });
  let running = 0;
  let most = 0;
  const done = await Promise.allSettled(Array.from({ length: 9 }, (_, at) => tools.exclusive(async () => {
    most = Math.max(most, running += 1);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (at % 3 === 0) throw new Error('no');
  })));
  expect(done).toHaveLength(9);
  expect(most).toBe(2);
});

test('one conversion that takes its time holds up no other', async () => {
  const tools = await createTools({ tempDir: join(dir, 'slow') });
  let end = (): void => {};
  const slow = tools.exclusive(() => new Promise<void>((resolve) => {
    end = resolve;
  }));
  expect(await tools.exclusive(() => Promise.resolve('done'))).toBe('done');
  end();
  await slow;
});
