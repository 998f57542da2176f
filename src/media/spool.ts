import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Rejected } from '../model/errors.ts';
import type { SpoolEntry, SpoolStore } from '../model/media.ts';

/*
 * A sealed file is a header (magic, key id, salt) and a row of chunks, each encrypted with AES-256-GCM.
 *
 * Every file has a key of its own, derived with HKDF from the spool's key, a random salt and the entry's id: nonces of
 * two files can never meet, and a file renamed to another id does not open. Within a file the nonce is the chunk's
 * number and a flag on the last one, so chunks cannot be reordered, dropped or cut off unseen (the STREAM construction
 * of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
 */
const MAGIC = Buffer.from('DBSP1\0');
const CHUNK = 64 * 1024;
const TAG = 16;
const SEALED_CHUNK = CHUNK + TAG;
const SALT = 32;
const KEY_ID_BYTES = 64;
const HEADER = MAGIC.length + KEY_ID_BYTES + SALT;
const PART = '.part';

const ID = /^[0-9a-f]{32}$/;

/** Whether a string can be the id of a spool entry. Ids become file names, so nothing else ever reaches the disk. */
export function isSpoolId(id: string): boolean {
  return ID.test(id);
}

export interface SpoolOptions {
  /** Made where it is missing, mode 0700. It belongs to the spool alone. */
  readonly dir: string;
  /** 32 bytes. */
  readonly key: Buffer;
  /** Names the key in each file; at most 64 bytes. A file sealed with another key counts as gone. */
  readonly keyId: string;
}

/**
 * Opens the sealed spool in a directory.
 * @throws RangeError where the key or its id has the wrong length
 */
export function createSpool(options: SpoolOptions): SpoolStore {
  const keyId = Buffer.alloc(KEY_ID_BYTES);
  if (options.key.length !== 32) throw new RangeError('the spool key must have 32 bytes');
  if (Buffer.byteLength(options.keyId) > KEY_ID_BYTES) throw new RangeError('the spool key id is longer than 64 bytes');
  keyId.write(options.keyId);
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });

  const path = (id: string): string => join(options.dir, id);
  const fileKey = (id: string, salt: Buffer): Buffer =>
    Buffer.from(hkdfSync('sha256', options.key, salt, Buffer.concat([MAGIC, keyId, Buffer.from(id)]), 32));
  const writing = new Set<string>();

  async function put(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<SpoolEntry> {
    const id = randomBytes(16).toString('hex');
    const part = id + PART;
    const salt = randomBytes(SALT);
    writing.add(part);
    try {
      const file = await open(path(part), 'wx', 0o600);
      let written: Omit<SpoolEntry, 'id'>;
      try {
        await writeAll(file, Buffer.concat([MAGIC, keyId, salt]));
        written = await seal(file, fileKey(id, salt), bytes, maxBytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(path(part), path(id));
      await syncDirectory(options.dir);
      return { id, ...written };
    } catch (error) {
      await Promise.all([removeFile(path(part)), removeFile(path(id))]);
      throw error;
    } finally {
      writing.delete(part);
    }
  }

  async function* read(id: string, range?: { readonly start: number; readonly end: number }): AsyncGenerator<Uint8Array> {
    if (!isSpoolId(id)) throw gone();
    const file = await open(path(id), 'r').catch((error: unknown) => {
      throw isMissing(error) ? gone(error) : error;
    });
    try {
      const header = await readAt(file, 0, HEADER);
      if (header.length < HEADER || !header.subarray(0, MAGIC.length).equals(MAGIC)) throw corrupt();
      if (!header.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES).equals(keyId)) throw gone();
      const key = fileKey(id, header.subarray(MAGIC.length + KEY_ID_BYTES));
      yield* unseal(file, key, (await file.stat()).size - HEADER, range);
    } finally {
      await file.close();
    }
  }

  return {
    put,
    open: read,
    async remove(id) {
      if (isSpoolId(id)) await removeFile(path(id));
    },
    async sweep(keep) {
      const names = await readdir(options.dir);
      const stale = names.filter((name) => !writing.has(name) && !keep.has(name)
        && (isSpoolId(name) || (name.endsWith(PART) && isSpoolId(name.slice(0, -PART.length)))));
      for (const name of stale) await removeFile(path(name));
      return stale.length;
    },
  };
}

function nonce(index: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(index, 5, 6);
  bytes.writeUInt8(last ? 1 : 0, 11);
  return bytes;
}

/** Holds one chunk back, because only the end of the stream tells which one is the last. */
async function seal(
  file: FileHandle, key: Buffer, bytes: AsyncIterable<Uint8Array>, maxBytes: number,
): Promise<Omit<SpoolEntry, 'id'>> {
  const hash = createHash('sha256');
  const held = Buffer.alloc(CHUNK);
  let filled = 0;
  let index = 0;
  let size = 0;
  const flush = async (last: boolean): Promise<void> => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(index, last));
    const sealed = cipher.update(held.subarray(0, filled));
    await writeAll(file, Buffer.concat([sealed, cipher.final(), cipher.getAuthTag()]));
    index += 1;
    filled = 0;
  };
  for await (const piece of bytes) {
    size += piece.length;
    if (size > maxBytes) throw new Rejected(`The file is larger than ${maxBytes} bytes.`, 'too_large');
    hash.update(piece);
    for (let at = 0; at < piece.length;) {
      if (filled === CHUNK) await flush(false);
      const taken = piece.subarray(at, at + CHUNK - filled);
      held.set(taken, filled);
      filled += taken.length;
      at += taken.length;
    }
  }
  await flush(true);
  return { size, sha256: hash.digest('hex') };
}

/** `sealedSize`: bytes after the header. Only the chunks that the range touches are read. */
async function* unseal(
  file: FileHandle, key: Buffer, sealedSize: number, range: { readonly start: number; readonly end: number } | undefined,
): AsyncGenerator<Uint8Array> {
  const chunks = Math.ceil(sealedSize / SEALED_CHUNK);
  if (chunks === 0) throw corrupt();
  const size = sealedSize - chunks * TAG;
  const start = Math.max(range?.start ?? 0, 0);
  const end = Math.min(range?.end ?? size, size);
  // A range that runs to or past the end reads the last chunk too, since its flag is what proves that nothing was cut off.
  const until = range !== undefined && range.end < size ? Math.ceil(end / CHUNK) : chunks;
  for (let index = Math.min(Math.floor(start / CHUNK), chunks - 1); index < until; index++) {
    const sealed = await readAt(file, HEADER + index * SEALED_CHUNK, SEALED_CHUNK);
    const plain = unsealChunk(key, sealed, index, index === chunks - 1);
    const from = Math.max(start - index * CHUNK, 0);
    const to = Math.min(end - index * CHUNK, plain.length);
    if (from < to) yield plain.subarray(from, to);
  }
}

function unsealChunk(key: Buffer, sealed: Buffer, index: number, last: boolean): Buffer {
  if (sealed.length < TAG) throw corrupt();
  const decipher = createDecipheriv('aes-256-gcm', key, nonce(index, last), { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(-TAG));
  const plain = decipher.update(sealed.subarray(0, -TAG));
  try {
    decipher.final();
  } catch (error) {
    throw corrupt(error);
  }
  return plain;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

/** Without this a rename may be lost with the power, though the file's own bytes are safe. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function removeFile(path: string): Promise<void> {
  return rm(path, { force: true });
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

function gone(cause?: unknown): Rejected {
  return new Rejected('The file is no longer held by the bridge.', 'spool_gone', { cause });
}

function corrupt(cause?: unknown): Rejected {
  return new Rejected('The stored file was altered or cut off.', 'spool_corrupt', { cause });
}
