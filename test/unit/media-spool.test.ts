import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createSpool } from '../../src/media/spool.ts';
import type { SpoolStore } from '../../src/model/media.ts';

const CHUNK = 64 * 1024;
const key = randomBytes(32);
let dir: string;
let spool: SpoolStore;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spool-test-'));
  spool = createSpool({ dir, key, keyId: 'k1' });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function* of(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of bytes) all.push(piece);
  return Buffer.concat(all);
}

test('gives back what was put, in a sealed file that only the owner reads', async () => {
  const text = Buffer.from('a message nobody else may read '.repeat(10_000));
  const entry = await spool.put(of(text.subarray(0, 7), text.subarray(7)), 1e7);
  expect(entry.size).toBe(text.length);
  expect((await read(spool.open(entry.id))).equals(text)).toBe(true);
  const onDisk = await readFile(join(dir, entry.id));
  expect(onDisk.includes('nobody else')).toBe(false);
  expect((await stat(join(dir, entry.id))).mode & 0o777).toBe(0o600);
  expect(await readdir(dir)).toEqual([entry.id]);
});

test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])('keeps %d bytes whole', async (size) => {
  const bytes = randomBytes(size);
  const entry = await spool.put(of(bytes), 1e7);
  expect(entry.size).toBe(size);
  expect((await read(spool.open(entry.id))).equals(bytes)).toBe(true);
});

test('stops a source that goes on for ever at the cap, and leaves nothing behind', async () => {
  let given = 0;
  let ended = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      while (given < 200 * 1024 * 1024) {
        given += CHUNK;
        yield Buffer.alloc(CHUNK);
      }
    } finally {
      ended = true;
    }
  }
  await expect(spool.put(endless(), 1024 * 1024)).rejects.toMatchObject({ name: 'Rejected', code: 'too_large' });
  expect(given).toBe(1024 * 1024 + CHUNK);
  expect(ended).toBe(true);
  expect(await readdir(dir)).toEqual([]);
});

test('leaves nothing behind when the source fails', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(10);
    throw new Error('connection lost');
  }
  await expect(spool.put(broken(), 100)).rejects.toThrow('connection lost');
  expect(await readdir(dir)).toEqual([]);
});

test('takes exactly the cap', async () => {
  expect((await spool.put(of(Buffer.alloc(100)), 100)).size).toBe(100);
});

test.each(['../../etc/passwd', '', 'x'.repeat(32), '0'.repeat(31), `${'0'.repeat(32)}/..`])('calls the id %j gone and touches no file', async (id) => {
  await expect(read(spool.open(id))).rejects.toMatchObject({ code: 'spool_gone' });
  await spool.remove(id);
});

test('calls a removed entry gone; removing twice is fine', async () => {
  const { id } = await spool.put(of(Buffer.from('x')), 10);
  await spool.remove(id);
  await spool.remove(id);
  await expect(read(spool.open(id))).rejects.toMatchObject({ name: 'Rejected', code: 'spool_gone' });
});

test('calls an entry of another key gone', async () => {
  const { id } = await spool.put(of(Buffer.from('x')), 10);
  const other = createSpool({ dir, key: randomBytes(32), keyId: 'k2' });
  await expect(read(other.open(id))).rejects.toMatchObject({ code: 'spool_gone' });
  const wrong = createSpool({ dir, key: randomBytes(32), keyId: 'k1' });
  await expect(read(wrong.open(id))).rejects.toMatchObject({ code: 'spool_corrupt' });
});

test('sees a file cut off at a chunk border, also in a range that ends beyond it', async () => {
  const { id } = await spool.put(of(randomBytes(3 * CHUNK)), 1e7);
  const size = (await stat(join(dir, id))).size;
  await truncate(join(dir, id), size - (CHUNK + 16));
  await expect(read(spool.open(id))).rejects.toMatchObject({ code: 'spool_corrupt' });
  await expect(read(spool.open(id, { start: 10, end: 3 * CHUNK }))).rejects.toMatchObject({ code: 'spool_corrupt' });
});

test('sees chunks changed round, and one file put in the place of another', async () => {
  const { id } = await spool.put(of(randomBytes(3 * CHUNK)), 1e7);
  const path = join(dir, id);
  const bytes = await readFile(path);
  const start = bytes.length - 3 * (CHUNK + 16);
  const [a, b] = [bytes.subarray(start, start + CHUNK + 16), bytes.subarray(start + CHUNK + 16, start + 2 * (CHUNK + 16))];
  await writeFile(path, Buffer.concat([bytes.subarray(0, start), b, a, bytes.subarray(start + 2 * (CHUNK + 16))]));
  await expect(read(spool.open(id))).rejects.toMatchObject({ code: 'spool_corrupt' });

  const other = await spool.put(of(Buffer.from('for somebody else')), 100);
  await rename(join(dir, other.id), path);
  await expect(read(spool.open(id))).rejects.toMatchObject({ code: 'spool_corrupt' });
});

test('an empty or foreign file is corrupt, not a crash', async () => {
  const id = 'a'.repeat(32);
  await writeFile(join(dir, id), '');
  await expect(read(spool.open(id))).rejects.toMatchObject({ code: 'spool_corrupt' });
  await writeFile(join(dir, id), randomBytes(500));
  await expect(read(spool.open(id))).rejects.toMatchObject({ code: 'spool_corrupt' });
});

test('sweeps entries that nobody names and leftovers of a crash, and nothing that is not its own', async () => {
  const kept = await spool.put(of(Buffer.from('x')), 10);
  await spool.put(of(Buffer.from('y')), 10);
  await writeFile(join(dir, `${'b'.repeat(32)}.part`), 'half');
  await writeFile(join(dir, 'README'), 'not ours');
  expect(await spool.sweep(new Set([kept.id]))).toBe(2);
  expect((await readdir(dir)).toSorted()).toEqual(['README', kept.id].toSorted());
});

test('a sweep leaves alone what is being written', async () => {
  let swept = -1;
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    swept = await spool.sweep(new Set());
    yield Buffer.from('b');
  }
  const { id } = await spool.put(slow(), 10);
  expect(swept).toBe(0);
  expect((await read(spool.open(id))).toString()).toBe('ab');
});

test('refuses keys of the wrong length', () => {
  expect(() => createSpool({ dir, key: randomBytes(16), keyId: 'k' })).toThrow(RangeError);
  expect(() => createSpool({ dir, key, keyId: 'k'.repeat(65) })).toThrow(RangeError);
});
