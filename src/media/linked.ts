import { Retry } from '../model/errors.ts';
import type { MediaSource } from '../model/media.ts';
import type { LinkTarget } from './links.ts';

/** A file that a link leads to, while somebody reads it. */
export interface LinkedFile {
  readonly source: MediaSource;
  /** To be called once it is not read any more; what calls twice calls once. */
  release(): Promise<void>;
}

/** What was fetched for a link, and how it is thrown away. */
export interface Fetched {
  readonly source: MediaSource;
  remove(): Promise<void>;
}

interface Held {
  readonly fetched: Promise<Fetched>;
  readers: number;
}

/**
 * Files behind links: fetched once however many read them at a time, and gone with the last reader. Anybody who has a link can
 * ask as often as they like, so that only `most` are held at once.
 */
export class LinkedFiles {
  readonly #fetch: (target: LinkTarget) => Promise<Fetched>;
  readonly #most: number;
  readonly #held = new Map<LinkTarget, Held>();

  constructor(fetch: (target: LinkTarget) => Promise<Fetched>, most = 16) {
    this.#fetch = fetch;
    this.#most = most;
  }

  /** @throws Retry `busy`, and what fetching throws */
  async open(target: LinkTarget): Promise<LinkedFile> {
    const held = this.#held.get(target) ?? this.#add(target);
    held.readers += 1;
    const release = this.#leaving(target, held);
    try {
      return { source: (await held.fetched).source, release };
    } catch (error) {
      await release();
      throw error;
    }
  }

  #add(target: LinkTarget): Held {
    if (this.#held.size >= this.#most) throw new Retry('Too many files are being read at once.', 'busy', { afterMs: 5_000 });
    const held = { fetched: this.#fetch(target), readers: 0 };
    this.#held.set(target, held);
    return held;
  }

  #leaving(target: LinkTarget, held: Held): () => Promise<void> {
    let left = false;
    return async () => {
      if (left) return;
      left = true;
      held.readers -= 1;
      if (held.readers > 0) return;
      this.#held.delete(target);
      await held.fetched.then(({ remove }) => remove(), () => {});
    };
  }
}

/** The same bytes; `release` is called when they end or are given up, also before the first was asked for. */
export function releasing(bytes: AsyncIterable<Uint8Array>, release: () => Promise<void>): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const inner = bytes[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const step = await inner.next();
            if (step.done === true) await release();
            return step;
          } catch (error) {
            await release();
            throw error;
          }
        },
        async return() {
          await inner.return?.();
          await release();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
