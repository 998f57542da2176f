import { Readable } from 'node:stream';
import { Agent, errors, request, type Dispatcher } from 'undici';
import { DeliveryError, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { MediaStream } from '../../model/media.ts';
import { failureToError, type Explain } from './errors.ts';
import { isFields, parseJson, type Fields } from '../shared/json.ts';
import { askedWait } from './limits.ts';
import type { Multipart } from './multipart.ts';

interface GraphOptions {
  /** `https://graph.facebook.com`, or a sandbox's address. */
  readonly url: string;
  /** `v23.0` */
  readonly version: string;
  readonly token: string;
  readonly explain: Explain;
  readonly answered?: (status: number | 'error') => void;
  /** Default 30 s. */
  readonly answerMs?: number;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly body?: string | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** True where repeating the call could do a thing twice: an answer lost on the way is then `Uncertain`. */
  readonly sending?: boolean;
  readonly headersTimeout?: number;
  readonly signal?: AbortSignal;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
/** Meta answers an upload only after it has taken and looked at up to 100 MB. */
const UPLOAD_MS = 300_000;
const MAX_ANSWER = 4 * 1024 * 1024;
const MAX_REDIRECTS = 3;
/** Hosts that the API hands out for media, and those of them that want the token; the CDN's addresses are signed. */
const MEDIA_HOSTS = /(?:^|\.)(?:facebook\.com|fbsbx\.com|fbcdn\.net|whatsapp\.net|whatsapp\.com)$/;
const TOKEN_HOSTS = /(?:^|\.)(?:facebook\.com|fbsbx\.com|whatsapp\.net|whatsapp\.com)$/;

/** Meta's Graph API for one access token. Every call throws only the classes of `model/errors.ts`. */
export class GraphClient {
  readonly #options: GraphOptions;
  readonly #agent: Agent;

  constructor(options: GraphOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') };
    const wait = options.answerMs ?? ANSWER_MS;
    this.#agent = new Agent({ connect: { timeout: CONNECT_MS }, headersTimeout: wait, bodyTimeout: wait, connections: 64 });
  }

  /** `path` without a leading slash; its ids must be encoded by `segment`. */
  get(path: string, query: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<Fields> {
    const search = new URLSearchParams(query).toString();
    return this.#json(`${path}${search === '' ? '' : `?${search}`}`, { method: 'GET', ...(signal && { signal }) });
  }

  /** `sending`: repeating the call could do a thing twice. */
  post(path: string, body: Fields, sending: boolean): Promise<Fields> {
    return this.#json(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
      sending,
    });
  }

  /** An upload shows nothing to anybody, so a lost answer is simply tried again. */
  upload(path: string, form: Multipart): Promise<Fields> {
    return this.#json(path, {
      method: 'POST',
      body: Readable.from(form.bytes()),
      headers: { 'content-type': form.contentType, 'content-length': String(form.length) },
      headersTimeout: UPLOAD_MS,
    });
  }

  /**
   * Streams a file from an address that the API handed out. Only Meta's hosts over https, or the API's own origin, are
   * asked, at most three redirects far, and the token goes only to those that check it, never on to another host.
   * @throws Rejected `media_host` for any other address
   */
  async download(address: string, signal: AbortSignal): Promise<MediaStream> {
    const start = this.#allowed(address);
    let url = start;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const headers = url.origin === start.origin && this.#trusts(url) ? this.#authorization() : {};
      const answer = await this.#ask(url, { method: 'GET', headers, signal });
      if (answer.statusCode >= 300 && answer.statusCode < 400) {
        await answer.body.dump();
        url = this.#allowed(first(answer.headers['location']) ?? '', url);
        continue;
      }
      if (answer.statusCode !== 200) throw await this.#failure(answer, false);
      return stream(answer);
    }
    throw new Rejected('The file’s address leads in circles.', 'media_redirects');
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #json(path: string, call: Call): Promise<Fields> {
    const url = new URL(`${this.#options.url}/${this.#options.version}/${path}`);
    const answer = await this.#ask(url, { ...call, headers: { ...call.headers, ...this.#authorization() } });
    if (answer.statusCode < 200 || answer.statusCode >= 300) throw await this.#failure(answer, call.sending ?? false);
    const body = await this.#read(answer, call.sending ?? false);
    if (isFields(body) && !isFields(body['error'])) return body;
    throw this.#error(answer, body, call.sending ?? false);
  }

  async #ask(url: URL, call: Call): Promise<Dispatcher.ResponseData> {
    const mark = { written: false };
    try {
      const answer = await request(url, {
        method: call.method,
        dispatcher: this.#agent.compose(marking(mark)),
        headers: { accept: '*/*', 'user-agent': 'drawbridge', ...call.headers },
        ...(call.body !== undefined && { body: call.body }),
        ...(call.signal && { signal: call.signal }),
        ...(call.headersTimeout !== undefined && { headersTimeout: call.headersTimeout }),
      });
      this.#options.answered?.(answer.statusCode);
      return answer;
    } catch (cause) {
      this.#options.answered?.('error');
      throw lost(cause, mark.written && (call.sending ?? false));
    }
  }

  async #failure(answer: Dispatcher.ResponseData, sending: boolean): Promise<DeliveryError> {
    // A failure whose text is lost is still a failure: the status alone decides.
    const body = await this.#read(answer, sending).catch(() => undefined);
    return this.#error(answer, body, sending);
  }

  #error(answer: Dispatcher.ResponseData, body: unknown, sending: boolean): DeliveryError {
    const ms = askedWait((name) => first(answer.headers[name]));
    const wait = ms === undefined ? {} : { retryAfterMs: ms };
    return failureToError({ status: answer.statusCode, body, sending, secret: this.#options.token, ...wait }, this.#options.explain);
  }

  /** The parsed body; undefined where it is no JSON. */
  async #read(answer: Dispatcher.ResponseData, sending: boolean): Promise<unknown> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        size += chunk.length;
        if (size > MAX_ANSWER) return undefined;
        chunks.push(chunk);
      }
    } catch (cause) {
      throw lost(cause, sending);
    }
    try {
      return parseJson(Buffer.concat(chunks));
    } catch {
      return undefined;
    }
  }

  #authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.#options.token}` };
  }

  #allowed(address: string, base?: URL): URL {
    const url = URL.parse(address, base?.href);
    const known = url !== null && url.username === '' && url.password === '' && (this.#isOwn(url) || isMeta(url, MEDIA_HOSTS));
    if (!known) throw new Rejected('The file is at an address that is not Meta’s, so it was not fetched.', 'media_host');
    return url;
  }

  #trusts(url: URL): boolean {
    return this.#isOwn(url) || isMeta(url, TOKEN_HOSTS);
  }

  #isOwn(url: URL): boolean {
    return url.origin === new URL(this.#options.url).origin;
  }
}

function isMeta(url: URL, hosts: RegExp): boolean {
  return url.protocol === 'https:' && url.port === '' && hosts.test(url.hostname);
}

/** One id as one part of a path: nothing in it can reach another endpoint. */
export function segment(id: string): string {
  return id === '.' || id === '..' ? encodeURIComponent(`${id}/`) : encodeURIComponent(id);
}

function first(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

/** Notes when a request starts to be written: before that moment it surely did nothing. */
function marking(mark: { written: boolean }): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        mark.written = true;
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...rest) => handler.onRequestUpgrade?.(...rest),
      onResponseStart: (...rest) => handler.onResponseStart?.(...rest),
      onResponseData: (...rest) => handler.onResponseData?.(...rest),
      onResponseEnd: (...rest) => handler.onResponseEnd?.(...rest),
      onResponseError: (...rest) => handler.onResponseError?.(...rest),
    });
}

/** What a call without an answer ended in. A media source's own refusal comes through as it is. */
function lost(cause: unknown, uncertain: boolean): DeliveryError {
  if (cause instanceof DeliveryError) return cause;
  const code = codeOf(cause);
  if (cause instanceof errors.RequestContentLengthMismatchError) {
    return new Retry('The file changed its size while it was sent.', code, { cause });
  }
  return uncertain
    ? new Uncertain('The connection to Meta’s API broke before the answer came.', code, { cause })
    : new Unreachable('Meta’s API cannot be reached.', code, { cause });
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}

function stream(answer: Dispatcher.ResponseData): MediaStream {
  const mime = first(answer.headers['content-type']);
  const size = Number(first(answer.headers['content-length']) ?? 'NaN');
  return {
    bytes: guarded(answer.body),
    ...(mime !== undefined && { mime }),
    ...(Number.isSafeInteger(size) && size >= 0 && { size }),
  };
}

async function* guarded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw lost(cause, false);
  }
}
