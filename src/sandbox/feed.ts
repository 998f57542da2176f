import type { FastifyReply } from 'fastify';

/** Something that happened, told to whoever listens: tests that wait, and pages that show it live. */
export class Feed<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  emit(event: Event): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns the function that ends it. */
  listen(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves with the first defined result of `look`, tried now and after every event.
   * @throws Error when `timeoutMs` passed first; `what` names what was waited for.
   */
  async until<Found>(look: () => Found | undefined, what: string, timeoutMs: number): Promise<Found> {
    const already = look();
    if (already !== undefined) return already;
    return new Promise<Found>((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`waited ${timeoutMs} ms in vain for ${what}`));
      }, timeoutMs);
      const stop = this.listen(() => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        stop();
        resolve(found);
      });
    });
  }

  /** Answers as a stream of server-sent events (WHATWG HTML, section 9.2), one JSON object each. */
  serve(reply: FastifyReply): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    reply.raw.write(': open\n\n');
    const stop = this.listen((event) => reply.raw.write(`data: ${JSON.stringify(event)}\n\n`));
    reply.raw.on('close', stop);
  }
}
