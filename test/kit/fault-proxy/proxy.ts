import { createServer, request as send, Agent, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** What goes wrong with requests whose `METHOD path` fits `match`. */
export interface ProxyFault {
  readonly match?: RegExp;
  /** The request's body as text. */
  readonly body?: RegExp;
  /** How often; absent: until removed. */
  readonly times?: number;
  /** 0 to 1. */
  readonly chance?: number;
  /** Answered by the proxy; the target never hears of the request. */
  readonly answer?: { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown };
  /** Breaks the connection: before the target hears of it, after the target has handled it, or in the middle of the answer. */
  readonly reset?: 'before' | 'after' | 'half';
  /** Neither handled nor answered. */
  readonly hang?: boolean;
  /** Another body in the place of the target's; pieces, each after a pause, for ever where `endless`. */
  readonly stream?: { readonly pieces: readonly Uint8Array[]; readonly pauseMs: number; readonly endless?: boolean; readonly length?: number };
}

export interface ProxyOptions {
  /** `http://host:port` */
  readonly target: string;
  /** Drawn for the way there, and again for the way back; milliseconds. */
  readonly latency?: () => number;
  readonly random?: () => number;
  readonly port?: number;
}

interface Rule extends ProxyFault {
  left: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Stands between two parties and does to their requests what a bad network does. */
export class FaultProxy {
  /** May be changed at any time. */
  latency: () => number;
  /** Every request since the start, `METHOD path`. */
  readonly seen: string[] = [];
  /** What each of them held. */
  readonly bodies: string[] = [];
  readonly #target: URL;
  readonly #random: () => number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  #rules: Rule[] = [];
  #port: number;

  constructor(options: ProxyOptions) {
    this.#target = new URL(options.target);
    this.latency = options.latency ?? (() => 0);
    this.#random = options.random ?? Math.random;
    this.#port = options.port ?? 0;
    this.#server = createServer((request, response) => void this.#serve(request, response).catch(() => request.socket.destroy()));
  }

  static async start(options: ProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await proxy.up();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Returns the function that removes it. */
  add(fault: ProxyFault): () => void {
    const rule: Rule = { ...fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#rules.push(rule);
    return () => {
      this.#rules = this.#rules.filter((one) => one !== rule);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** Connections are refused until `up`. */
  async down(): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async up(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await this.down();
    this.#agent.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const what = `${request.method ?? 'GET'} ${request.url ?? '/'}`;
    this.seen.push(what);
    this.bodies.push(body.length > 100_000 ? '' : body.toString('latin1'));
    const fault = this.#strike(what, body);
    await pause(this.latency());
    if (fault?.hang === true) return;
    if (fault?.reset === 'before') return void request.socket.resetAndDestroy();
    const answer = fault?.answer === undefined ? await this.#forward(request, body) : made(fault.answer);
    await pause(this.latency());
    if (fault?.reset === 'after') return void request.socket.resetAndDestroy();
    if (fault?.stream !== undefined) return drip(response, answer, fault.stream);
    response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.length) });
    if (fault?.reset !== 'half') return void response.end(answer.body);
    response.write(answer.body.subarray(0, answer.body.length >> 1), () => request.socket.resetAndDestroy());
  }

  #strike(what: string, body: Buffer): Rule | undefined {
    const rule = this.#rules.find((one) => one.left > 0 && (one.match?.test(what) ?? true) && (one.body?.test(body.toString('latin1')) ?? true)
      && this.#random() < (one.chance ?? 1));
    if (rule !== undefined) rule.left -= 1;
    return rule;
  }

  async #forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const { connection: _hop, 'keep-alive': _keep, 'transfer-encoding': _coding, ...headers } = request.headers;
    const outgoing = send({
      host: this.#target.hostname, port: this.#target.port, method: request.method, path: request.url, agent: this.#agent,
      headers: { ...headers, 'content-length': String(body.length) },
    });
    outgoing.end(body);
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
    const { connection: _c, 'keep-alive': _k, 'transfer-encoding': _t, ...back } = incoming.headers;
    return { status: incoming.statusCode ?? 502, headers: back, body: this.#own(await readAll(incoming), back) };
  }

  /** Addresses of the target in its answers lead here, so that what they name meets the same faults. */
  #own(body: Buffer, headers: IncomingHttpHeaders): Buffer {
    if (!/json/.test(headers['content-type'] ?? '')) return body;
    return Buffer.from(body.toString('utf8').replaceAll(this.#target.origin, this.url));
  }
}

function made({ status, headers = {}, body = '' }: NonNullable<ProxyFault['answer']>): Answer {
  const text = typeof body === 'string';
  return { status, headers: { 'content-type': text ? 'text/html' : 'application/json', ...headers }, body: Buffer.from(text ? body : JSON.stringify(body)) };
}

async function drip(response: ServerResponse, answer: Answer, { pieces, pauseMs, endless, length }: NonNullable<ProxyFault['stream']>): Promise<void> {
  const { 'content-length': _length, ...headers } = answer.headers;
  response.writeHead(answer.status, { ...headers, ...(length === undefined ? {} : { 'content-length': String(length) }) });
  do {
    for (const piece of pieces) {
      if (response.destroyed) return;
      response.write(piece);
      await pause(pauseMs);
    }
  } while (endless === true);
  // Fewer bytes than were said: the connection ends in the middle.
  if (length === undefined) response.end();
  else response.destroy();
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
