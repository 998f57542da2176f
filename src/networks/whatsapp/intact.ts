import { createHash } from 'node:crypto';
import { Retry } from '../../model/errors.ts';
import { Recent } from '../shared/recent.ts';

const MOST = 256;

/**
 * Compares what was fetched with the hash that WhatsApp gave for it. Other bytes are fetched once more; where the same come
 * again, that is the file as WhatsApp has it, and better than none.
 */
export class Intact {
  readonly #odd = new Recent<string>(MOST);

  /** @throws Retry `media_hash`, after the last byte */
  async *check(id: string, wanted: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    for await (const chunk of bytes) {
      hash.update(chunk);
      yield chunk;
    }
    const found = hash.digest('hex');
    const again = this.#odd.get(id) === found;
    this.#odd.delete(id);
    if (found === wanted || again) return;
    this.#odd.set(id, found);
    throw new Retry('The file arrived with other bytes than WhatsApp announced.', 'media_hash');
  }
}
