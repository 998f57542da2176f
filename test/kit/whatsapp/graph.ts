import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): Record<string, unknown>;
}

type Handler = (request: Received, answer: ServerResponse, raw: IncomingMessage) => void;

/** A Graph API that answers as it is told and remembers what it was asked. */
export class FakeGraph {
  readonly received: Received[] = [];
  url = '';
  #handler: Handler = (_request, answer) => reply(answer, 404, {});
  readonly #server = createServer((request, answer) => void this.#take(request, answer));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  on(handler: Handler): void {
    this.#handler = handler;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const received: Received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body,
      json: () => JSON.parse(body.toString()) as Record<string, unknown>,
    };
    this.received.push(received);
    this.#handler(received, answer, request);
  }
}

export function reply(answer: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  answer.writeHead(status, { 'content-type': 'application/json', ...headers });
  answer.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
}

/** As Graph says that something went wrong. */
export function graphError(code: number, rest: Record<string, unknown> = {}): Record<string, unknown> {
  return { error: { message: `(#${code}) Something`, type: 'OAuthException', code, fbtrace_id: 'Az8or2', ...rest } };
}
