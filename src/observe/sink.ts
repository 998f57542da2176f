import { Writable } from 'node:stream';

/**
 * Takes log lines for a destination that may stall (a pipe nobody reads). Node would keep them all in memory; this
 * keeps at most `maxWaiting` bytes, drops what comes beyond, and says how much that was once the destination moves again.
 */
export class LogSink extends Writable {
  readonly #destination: Writable;
  readonly #maxWaiting: number;
  readonly #lost: (count: number) => string;
  #dropped = 0;

  constructor(destination: Writable, lost: (count: number) => string, maxWaiting = 4 * 2 ** 20) {
    super({ decodeStrings: false });
    this.#destination = destination;
    this.#lost = lost;
    this.#maxWaiting = maxWaiting;
    // A reader that goes away (EPIPE) must not end the daemon; one listener, whoever's, is enough for all who write there.
    if (destination.listenerCount('error') === 0) destination.on('error', () => {});
  }

  override _write(line: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#destination.destroyed || this.#destination.writableLength > this.#maxWaiting) this.#dropped += 1;
    else {
      if (this.#dropped > 0) {
        const count = this.#dropped;
        this.#dropped = 0;
        this.#destination.write(`${this.#lost(count)}\n`);
      }
      this.#destination.write(line);
    }
    done();
  }
}
