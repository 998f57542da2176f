import { Transform, type Readable, type TransformCallback } from 'node:stream';

interface Body {
  bytes: number;
  readonly cut: () => void;
  arriving: boolean;
}

/** What a piece costs besides its bytes: who sends them one by one would else hold a hundred times what is counted. */
const PER_PIECE = 200;

/**
 * What is held in memory of requests that anybody may send: together at most `most` bytes. Where it becomes more, whoever has
 * been sending for the longest time is cut off with 503, so that those who send slowly never shut out those who do not.
 */
export class Bodies {
  readonly #most: number;
  readonly #bodies = new Set<Body>();
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** The same bytes, counted from now until `done` is called. */
  count(source: Readable): { readonly stream: Readable; readonly done: () => void } {
    const stream = new Transform({ transform: (chunk: Buffer, _encoding, next) => this.#add(body, chunk, next) });
    const body: Body = {
      bytes: 0, arriving: true,
      cut: () => void stream.destroy(Object.assign(new Error('too much is being sent at once'), { statusCode: 503 })),
    };
    this.#bodies.add(body);
    stream.once('end', () => (body.arriving = false));
    source.once('error', (error) => stream.destroy(error));
    source.pipe(stream);
    return { stream, done: () => this.#forget(body) };
  }

  #add(body: Body, chunk: Buffer, next: TransformCallback): void {
    if (this.#bodies.has(body)) {
      body.bytes += chunk.length + PER_PIECE;
      this.#held += chunk.length + PER_PIECE;
    }
    for (const oldest of this.#bodies) {
      if (this.#held <= this.#most) break;
      if (!oldest.arriving) continue;
      this.#forget(oldest);
      oldest.cut();
    }
    next(null, chunk);
  }

  #forget(body: Body): void {
    if (!this.#bodies.delete(body)) return;
    this.#held -= body.bytes;
  }
}
