import { Readable } from 'node:stream';
import { Agent, Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { BLOCKED, connectorBeyond } from '../../media/egress.ts';
import { systemClock } from '../../model/clock.ts';
import type { Clock } from '../../model/clock.ts';
import { Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { UserId } from '../../model/ids.ts';
import { answerError, transportError } from './outcome.ts';
import type { Repeat } from './outcome.ts';

export interface RequesterOptions {
  /** The homeserver's base address; may hold a path prefix. */
  readonly url: string;
  readonly asToken: string;
  /** The second token, for people whose own accounts we act for. Absent: for nobody. */
  readonly puppets?: { readonly asToken: string; readonly covers: (user: UserId) => boolean };
  /** Open connections for calls; media has its own, a quarter of these, so that files never hold up messages. Default 64. */
  readonly sockets?: number;
  readonly connectTimeoutMs?: number;
  /** Waiting for the head of an answer. Default 60 s, what proxies allow. */
  readonly answerTimeoutMs?: number;
  readonly clock?: Clock;
  /** Told of each request: the status of its answer, or `error` where there was none. */
  readonly answered?: (status: number | 'error') => void;
}

export interface RequestSpec {
  /** For errors: `send`, `join`. */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** From `/_matrix`, every segment already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Masquerade; without it the bot speaks. */
  readonly as?: UserId;
  readonly body?: object;
  /** Instead of `body`: raw bytes. */
  readonly stream?: { readonly bytes: AsyncIterable<Uint8Array>; readonly mime: string; readonly size?: number };
  readonly repeat: Repeat;
  readonly signal?: AbortSignal;
}

/** A larger answer is no Matrix answer. Bytes. */
const MAX_JSON = 128 * 1024 * 1024;
const MAX_ERROR = 64 * 1024;
const MAX_REDIRECTS = 3;

/**
 * Every request to the homeserver goes through here: one place that knows the token, and one that says what an outcome
 * means. Our own instead of bot-sdk's `doRequest`: that one buffers whole files, has no bound on sockets, invents its
 * transaction ids and throws the bare response where it is not JSON, so "surely not done" cannot be told from "unknown".
 */
export class Requester {
  readonly #calls: Pool;
  readonly #media: Pool;
  /** Where redirects lead. */
  readonly #elsewhere: Agent;
  readonly #base: URL;
  readonly #prefix: string;
  readonly #token: string;
  readonly #puppets: RequesterOptions['puppets'];
  readonly #clock: Clock;
  readonly #answered: (status: number | 'error') => void;

  constructor(options: RequesterOptions) {
    this.#base = new URL(options.url);
    this.#prefix = this.#base.pathname.replace(/\/+$/, '');
    this.#token = options.asToken;
    this.#puppets = options.puppets;
    this.#clock = options.clock ?? systemClock;
    this.#answered = options.answered ?? (() => {});
    const sockets = options.sockets ?? 64;
    const limits = {
      pipelining: 1,
      connect: { timeout: options.connectTimeoutMs ?? 10_000 },
      headersTimeout: options.answerTimeoutMs ?? 60_000,
      bodyTimeout: 60_000,
    };
    this.#calls = new Pool(this.#base.origin, { ...limits, connections: sockets });
    this.#media = new Pool(this.#base.origin, { ...limits, connections: Math.max(2, sockets >> 2) });
    this.#elsewhere = new Agent({ ...limits, connections: 8, connect: connectorBeyond(this.#base.hostname) });
  }

  async close(): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#media.destroy(), this.#elsewhere.destroy()]);
  }

  /** The body of a 2xx answer, an object. @throws the classes of `Homeserver` */
  async json(spec: RequestSpec): Promise<Record<string, unknown>> {
    const value = await this.#value(spec);
    return isObject(value) ? value : this.#nonsense(spec);
  }

  /** The body of a 2xx answer, an array. @throws the classes of `Homeserver` */
  async list(spec: RequestSpec): Promise<unknown[]> {
    const value = await this.#value(spec);
    return Array.isArray(value) ? value : this.#nonsense(spec);
  }

  /** A 2xx answer whose body is still to be read; follows redirects (MSC3860) without the token where the host changes. */
  async bytes(spec: RequestSpec): Promise<Dispatcher.ResponseData> {
    let answer = await this.#dispatch(spec, this.#media);
    let from = new URL(this.#address(spec), this.#base);
    for (let hop = 0; answer.statusCode >= 300 && answer.statusCode < 400; hop++) {
      await answer.body.dump();
      from = redirectTarget(spec.what, from, answer, hop);
      answer = await this.#follow(spec, from);
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    throw this.#refusal(spec, answer, parse(await this.#readBody(spec, answer)));
  }

  async #value(spec: RequestSpec): Promise<unknown> {
    const answer = await this.#dispatch(spec, spec.stream === undefined ? this.#calls : this.#media);
    const value = parse(await this.#readBody(spec, answer));
    if (answer.statusCode < 200 || answer.statusCode > 299) throw this.#refusal(spec, answer, value);
    return value;
  }

  #nonsense(spec: RequestSpec): never {
    const text = `${spec.what}: the homeserver's answer has not the shape that it should`;
    throw spec.repeat === 'twice' ? new Uncertain(text, 'BAD_ANSWER') : new Retry(text, 'BAD_ANSWER');
  }

  /** Put together as text: the URL class would resolve a segment of dots. */
  #address(spec: RequestSpec): string {
    const query = new URLSearchParams();
    if (spec.as !== undefined) query.set('user_id', spec.as);
    for (const [name, value] of Object.entries(spec.query ?? {})) {
      if (value !== undefined) query.set(name, String(value));
    }
    return `${this.#prefix}${spec.path}${query.size === 0 ? '' : `?${query.toString()}`}`;
  }

  async #dispatch(spec: RequestSpec, pool: Pool): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#tokenOf(spec)}`, accept: 'application/json' };
    let body: Readable | string | null = null;
    if (spec.stream !== undefined) {
      headers['content-type'] = spec.stream.mime;
      if (spec.stream.size !== undefined) headers['content-length'] = String(spec.stream.size);
      body = Readable.from(spec.stream.bytes, { objectMode: false });
    } else if (spec.method !== 'GET') {
      headers['content-type'] = 'application/json';
      body = wellFormedJson(spec.body ?? {});
    }
    return this.#attempt(spec, pool, { path: this.#address(spec), method: spec.method, headers, body });
  }

  /** Whether it goes out under a person's own account. */
  isPuppet({ as }: Pick<RequestSpec, 'as'>): boolean {
    return as !== undefined && this.#puppets?.covers(as) === true;
  }

  #tokenOf(spec: RequestSpec): string {
    return this.isPuppet(spec) ? (this.#puppets?.asToken ?? this.#token) : this.#token;
  }

  #follow(spec: RequestSpec, url: URL): Promise<Dispatcher.ResponseData> {
    const home = url.origin === this.#base.origin;
    return this.#attempt(spec, home ? this.#media : this.#elsewhere, {
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: home ? { authorization: `Bearer ${this.#token}` } : {},
    });
  }

  async #attempt(spec: RequestSpec, pool: Pool | Agent, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const start: Start = { written: false };
    try {
      const signal = spec.signal === undefined ? {} : { signal: spec.signal };
      const answer = await pool.compose(markStart(start)).request({ ...options, ...signal });
      this.#answered(answer.statusCode);
      return answer;
    } catch (error) {
      this.#answered('error');
      const elsewhere = pool === this.#elsewhere;
      if (error instanceof Error && 'code' in error && error.code === BLOCKED) throw new Rejected(`${spec.what}: the homeserver redirects to nowhere usable`, 'BAD_REDIRECT');
      throw transportError(spec.what, error, { started: start.written || elsewhere, aborted: spec.signal?.aborted === true }, spec.repeat);
    }
  }

  async #readBody(spec: RequestSpec, answer: Dispatcher.ResponseData): Promise<Buffer> {
    const limit = answer.statusCode < 300 ? MAX_JSON : MAX_ERROR;
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > limit) break;
        chunks.push(chunk);
      }
    } catch (error) {
      // A 4xx was refused whether or not its reason arrives whole.
      if (answer.statusCode >= 300) return Buffer.alloc(0);
      throw transportError(spec.what, error, { started: true, aborted: spec.signal?.aborted === true }, spec.repeat);
    }
    return size > limit ? Buffer.alloc(0) : Buffer.concat(chunks);
  }

  #refusal(spec: RequestSpec, answer: Dispatcher.ResponseData, value: unknown): Error {
    const header = answer.headers['retry-after'];
    const body = isObject(value) ? { ...value, error: this.#withoutToken(value['error']) } : null;
    const facts = { status: answer.statusCode, retryAfter: Array.isArray(header) ? header[0] : header, body };
    const error = answerError(spec.what, facts, spec.repeat, this.#clock.now());
    // A second token that is not taken closes nothing but that way: the bot can still speak.
    return error instanceof Unreachable && answer.statusCode === 401 && this.isPuppet(spec) ? new Rejected(error.message, error.code) : error;
  }

  #withoutToken(text: unknown): unknown {
    if (typeof text !== 'string') return undefined;
    const clean = text.replaceAll(this.#token, '[token]');
    return this.#puppets === undefined ? clean : clean.replaceAll(this.#puppets.asToken, '[token]');
  }
}

interface Start {
  written: boolean;
}

/** Notes the moment a request is given an open connection: what fails before it was surely not done. */
function markStart(start: Start): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const onRequestStart = handler.onRequestStart?.bind(handler);
    handler.onRequestStart = (controller, context) => {
      onRequestStart?.(controller, context);
      start.written = !controller.aborted;
    };
    return dispatch(options, handler);
  };
}

function redirectTarget(what: string, from: URL, answer: Dispatcher.ResponseData, hop: number): URL {
  const location = answer.headers['location'];
  const target = typeof location === 'string' && URL.canParse(location, from.href) ? new URL(location, from) : null;
  const sound = target !== null && (target.protocol === 'https:' || target.protocol === from.protocol) && /^https?:$/.test(target.protocol);
  if (!sound || hop >= MAX_REDIRECTS) {
    throw new Rejected(`${what}: the homeserver redirects ${sound ? 'too often' : 'to nowhere usable'}`, 'BAD_REDIRECT');
  }
  return target;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Half a surrogate pair, which a network may well send, is no character: homeservers refuse or choke on it. */
function wellFormedJson(body: object): string {
  const json = JSON.stringify(body);
  if (!/\\u[dD][89a-fA-F]/.test(json)) return json;
  return JSON.stringify(body, (_key, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value));
}
