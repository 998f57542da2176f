import type { MediaTools } from '../../../src/bridge/media.ts';
import { Rejected } from '../../../src/model/errors.ts';
import type { SpoolStore } from '../../../src/model/media.ts';

/** Files in memory: the spool that outlives a process, as a disk does. */
export class MemorySpool implements SpoolStore {
  readonly files = new Map<string, Buffer>();
  #count = 0;

  async put(bytes: AsyncIterable<Uint8Array>): Promise<{ id: string; size: number; sha256: string }> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    const id = `spool-${++this.#count}`;
    this.files.set(id, Buffer.concat(chunks));
    return { id, size: Buffer.concat(chunks).length, sha256: '' };
  }

  async* open(id: string): AsyncGenerator<Uint8Array> {
    const found = this.files.get(id);
    if (found === undefined) throw new Rejected('The file is gone.', 'spool_gone');
    yield await Promise.resolve(found);
  }

  remove(id: string): Promise<void> {
    this.files.delete(id);
    return Promise.resolve();
  }

  sweep(keep: ReadonlySet<string>): Promise<number> {
    const gone = [...this.files.keys()].filter((id) => !keep.has(id));
    for (const id of gone) this.files.delete(id);
    return Promise.resolve(gone.length);
  }
}

/** The media room without its converters: every file fits as it is. */
export function memoryTools(spool: MemorySpool): MediaTools {
  return {
    spool,
    maxBytes: 1_000_000,
    async take(stream) {
      const entry = await spool.put(stream.bytes);
      return { spool: entry.id, mime: stream.mime ?? 'image/png', name: stream.name ?? 'file.png', size: entry.size };
    },
    describe: () => Promise.resolve({}),
    fit: (file, wanted) => Promise.resolve({ fitted: { as: wanted, ...file } }),
    source: ({ spool: id, mime, name, size }) => ({ mime, name, size, open: () => spool.open(id), publicUrl: () => '' }),
    portrait: () => null,
    link: () => null,
  };
}

export async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}
