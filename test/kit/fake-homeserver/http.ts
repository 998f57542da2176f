import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ENDPOINTS } from './client-api.ts';
import type { BytesAnswer, Call, Caller, Context, Endpoint } from './client-api.ts';
import { MatrixFailure, forbidden } from './errors.ts';
import type { Fault, Faults } from './faults.ts';

/** One request as it came; for assertions. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
}

export interface HttpParts {
  readonly context: Context;
  readonly faults: Faults;
  readonly asToken: string;
  /** Of the registration for double puppets; absent: there is none. */
  readonly puppetToken?: string;
  readonly bot: string;
  /** Access tokens of people. */
  readonly tokens: ReadonlyMap<string, string>;
  readonly seen: Seen[];
  /** Everything under /_fake/. */
  readonly control?: (method: string, path: string, body: unknown) => Promise<unknown>;
}

/** As it came: nothing may tidy up a path of dots. */
interface Address {
  readonly path: string;
  readonly query: URLSearchParams;
}

function split(url: string): Address {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: new URLSearchParams() } : { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) };
}

interface Result {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** The homeserver's listener: authentication, transaction ids, faults, and the endpoints' table. */
export class HttpFace {
  readonly #parts: HttpParts;
  /** Synapse's: by path and application service, whoever is masqueraded as; gone with the process. */
  readonly #txns = new Map<string, Promise<Result>>();
  readonly server: Server;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.server = createServer((request, response) => void this.#serve(request, response));
  }

  forgetTransactions(): void {
    this.#txns.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = split(request.url ?? '/');
    const raw = await readAll(request).catch(() => null);
    if (raw === null) return;
    if (url.path.startsWith('/_fake/')) return this.#controlled(request, response, url, raw);
    const method = request.method ?? 'GET';
    this.#parts.seen.push({ method, path: url.path, query: Object.fromEntries(url.query), authorization: request.headers.authorization });
    const faults = this.#parts.faults.strike(method, url.path);
    for (const { latencyMs } of faults) if (latencyMs !== undefined) await new Promise((resolve) => setTimeout(resolve, latencyMs).unref());
    if (faults.some((fault) => fault.reset === 'before')) return void request.socket.resetAndDestroy();
    const refusal = faults.find((fault) => fault.status !== undefined);
    const done = refusal === undefined || refusal.done === true ? await this.#answer(method, url, request, raw) : null;
    const result = refusal === undefined ? done : faulty(refusal);
    if (result === null) return;
    for (const { answerMs } of faults) if (answerMs !== undefined) await new Promise((resolve) => setTimeout(resolve, answerMs).unref());
    if (faults.some((fault) => fault.reset === 'after')) return void request.socket.resetAndDestroy();
    response.writeHead(result.status, { ...result.headers, 'content-length': String(result.body.length) });
    if (!faults.some((fault) => fault.reset === 'half')) return void response.end(result.body);
    response.write(result.body.subarray(0, result.body.length >> 1), () => request.socket.resetAndDestroy());
  }

  async #controlled(request: IncomingMessage, response: ServerResponse, url: Address, raw: Buffer): Promise<void> {
    let result: Result;
    try {
      if (this.#parts.control === undefined) throw new MatrixFailure(404, 'M_UNRECOGNIZED', 'no control here');
      result = json(200, (await this.#parts.control(request.method ?? 'GET', url.path.slice('/_fake/'.length), parse(raw))) ?? {});
    } catch (error) {
      result = failure(error);
    }
    response.writeHead(result.status, result.headers).end(result.body);
  }

  async #answer(method: string, url: Address, request: IncomingMessage, raw: Buffer): Promise<Result> {
    try {
      const fitting = ENDPOINTS.filter((one) => one.pattern.test(url.path));
      const endpoint = fitting.find((one) => one.method === method);
      if (endpoint === undefined) throw new MatrixFailure(fitting.length > 0 ? 405 : 404, 'M_UNRECOGNIZED', 'Unrecognized request');
      const caller = endpoint.open === true ? { user: '', service: false, device: undefined } : this.#authenticate(request, endpoint.unmasked === true ? new URLSearchParams() : url.query);
      const call: Call = {
        method, query: url.query, raw, headers: request.headers, caller,
        params: endpoint.pattern.exec(url.path)!.slice(1).map((part) => decodeURIComponent(part ?? '')),
        body: /json/.test(request.headers['content-type'] ?? '') ? object(raw) : {},
      };
      if (endpoint.txn !== true) return await this.#run(endpoint, call);
      const key = `${url.path} ${caller.service ? 'appservice' : caller.user}`;
      const known = this.#txns.get(key);
      if (known !== undefined) return await known;
      const running = this.#run(endpoint, call);
      this.#txns.set(key, running);
      // A failure is not remembered.
      running.catch(() => this.#txns.delete(key));
      return await running;
    } catch (error) {
      return failure(error);
    }
  }

  async #run(endpoint: Endpoint, call: Call): Promise<Result> {
    const answer = await endpoint.run(this.#parts.context, call);
    return isBytes(answer) ? bytes(answer) : json(200, answer);
  }

  #authenticate(request: IncomingMessage, query: URLSearchParams): Caller {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new MatrixFailure(401, 'M_MISSING_TOKEN', 'Missing access token');
    const person = this.#parts.tokens.get(token);
    if (person !== undefined) return { user: person, service: false, device: undefined };
    if (token === this.#parts.puppetToken) return this.#puppet(query.get('user_id'));
    if (token !== this.#parts.asToken) throw new MatrixFailure(401, 'M_UNKNOWN_TOKEN', 'Invalid access token passed.');
    const { bot, context } = this.#parts;
    const user = query.get('user_id') ?? bot;
    if (user !== bot && !context.inNamespace(user)) throw forbidden(`Application service cannot masquerade as this user (${user}).`);
    if (user !== bot && !context.world.users.has(user)) throw forbidden(`Application service has not registered this user (${user})`);
    const device = query.get('device_id') ?? undefined;
    if (device !== undefined && !context.world.devices.has(`${user} ${device}`)) {
      throw new MatrixFailure(400, 'M_UNKNOWN_DEVICE', `Application service trying to use a device that doesn't exist`);
    }
    return { user, service: true, device };
  }

  #puppet(user: string | null): Caller {
    const { bot, context } = this.#parts;
    if (user === null || user === bot || context.inNamespace(user)) throw forbidden(`Application service cannot masquerade as this user (${user}).`);
    if (!context.world.users.has(user)) throw forbidden(`Application service has not registered this user (${user})`);
    return { user, service: true, device: undefined };
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function parse(raw: Buffer): unknown {
  return raw.length === 0 ? {} : JSON.parse(raw.toString('utf8'));
}

function object(raw: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(raw);
  } catch {
    throw new MatrixFailure(400, 'M_NOT_JSON', 'Content not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MatrixFailure(400, 'M_BAD_JSON', 'Content must be a JSON object.');
  return value as Record<string, unknown>;
}

function json(status: number, value: unknown): Result {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}

function failure(error: unknown): Result {
  if (error instanceof MatrixFailure) return json(error.status, { errcode: error.errcode, error: error.message, ...error.more });
  return json(500, { errcode: 'M_UNKNOWN', error: `Internal server error: ${error instanceof Error ? error.message : ''}` });
}

function faulty(fault: Fault): Result {
  const made = fault.body === undefined || typeof fault.body === 'string' ? { status: fault.status!, headers: { 'content-type': 'text/html' }, body: Buffer.from(fault.body ?? '<html>') } : json(fault.status!, fault.body);
  return { ...made, headers: { ...made.headers, ...fault.headers } };
}

function isBytes(answer: unknown): answer is BytesAnswer {
  return typeof answer === 'object' && answer !== null && 'bytes' in answer && Buffer.isBuffer(answer.bytes);
}

function bytes(answer: BytesAnswer): Result {
  const disposition = answer.name === undefined ? 'inline' : `inline; filename*=utf-8''${encodeURIComponent(answer.name)}`;
  return { status: 200, headers: { 'content-type': answer.mime, 'content-disposition': disposition }, body: answer.bytes };
}
