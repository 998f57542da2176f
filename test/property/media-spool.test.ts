import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSpool } from '../../src/media/spool.ts';
import type { SpoolStore } from '../../src/model/media.ts';

let dir: string;
let spool: SpoolStore;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spool-property-'));
  spool = createSpool({ dir, key: randomBytes(32), keyId: 'k' });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

async function read(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of bytes) all.push(piece);
  return Buffer.concat(all);
}

const sizes = fc.integer({ min: 0, max: 200_000 });

test('any bytes in any pieces come back, whole and by any range', async () => {
  await fc.assert(fc.asyncProperty(sizes, fc.array(sizes, { maxLength: 6 }), sizes, sizes, async (size, pieces, start, end) => {
    const bytes = randomBytes(size);
    const entry = await spool.put(cut(bytes, pieces), size);
    expect(entry).toEqual({ id: entry.id, size, sha256: createHash('sha256').update(bytes).digest('hex') });
    expect((await read(spool.open(entry.id))).equals(bytes)).toBe(true);
    expect((await read(spool.open(entry.id, { start, end }))).equals(bytes.subarray(start, Math.max(start, end)))).toBe(true);
    await spool.remove(entry.id);
  }), { numRuns: 60 });
});

test('no changed bit and no cut goes unseen', async () => {
  const bytes = randomBytes(150_000);
  const { id } = await spool.put(cut(bytes, []), 1e6);
  const path = join(dir, id);
  const sealed = await readFile(path);
  const where = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: sealed.length - 1 }));
  await fc.assert(fc.asyncProperty(where, fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, change, isCut) => {
    const hurt = Buffer.from(isCut ? sealed.subarray(0, at) : sealed);
    if (!isCut) hurt[at] = (hurt[at] ?? 0) ^ change;
    await writeFile(path, hurt);
    await expect(read(spool.open(id))).rejects.toMatchObject({ name: 'Rejected', code: expect.stringMatching(/^spool_(corrupt|gone)$/) });
  }), { numRuns: 120 });
});
