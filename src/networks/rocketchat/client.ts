import { Readable } from 'node:stream';
import { Agent, errors, request, type Dispatcher } from 'undici';
import { createEgress, type Egress } from '../../media/egress.ts';
import { DeliveryError, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { MediaStream } from '../../model/media.ts';
import { at, isFields, parseJson, type Fields } from '../meta-graph/json.ts';
import type { Multipart } from '../meta-graph/multipart.ts';
import { failureToError } from './errors.ts';

interface ClientOptions {
  /** Of the server, without a slash at its end. */
  readonly url: string;
  readonly userId: string;
  readonly token: string;
  readonly answered?: (status: number | 'error') => void;
  readonly answerMs?: number;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: Fields;
  readonly form?: Multipart;
  /** Repeating the call could do a thing twice: an answer lost on the way is then `Uncertain`. */
  readonly sending?: boolean;
  readonly signal?: AbortSignal;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
const UPLOAD_MS = 300_000;
const MAX_ANSWER = 16 * 1024 * 1024;
/** A header is not let stop an account for days. */
const MOST_WAIT_MS = 3_600_000;

/** The REST API of one server for one token. Every call throws only the classes of `model/errors.ts`. */
export class RocketChatClient {
  readonly #options: ClientOptions;
  readonly #agent: Agent;
  readonly #egress: Egress;

  constructor(options: ClientOptions) {
    this.#options = options;
    const wait = options.answerMs ?? ANSWER_MS;
    this.#agent = new Agent({ connect: { timeout: CONNECT_MS }, headersTimeout: wait, bodyTimeout: wait, connections: 16 });
    this.#egress = createEgress({ trustedOrigins: [new URL(options.url).origin] });
  }

  get(path: string, query: Call['query'] = {}, signal?: AbortSignal): Promise<Fields> {
    return this.#json(`/api/v1/${path}`, { method: 'GET', query, ...(signal && { signal }) });
  }

  post(path: string, body: Fields, sending = false): Promise<Fields> {
    return this.#json(`/api/v1/${path}`, { method: 'POST', body, sending });
  }

  upload(path: string, form: Multipart, sending = false): Promise<Fields> {
    return this.#json(`/api/v1/${path}`, { method: 'POST', form, sending });
  }

  /** The only call outside of `/api/v1`: what the server is. */
  info(): Promise<Fields> {
    return this.#json('/api/info', { method: 'GET' });
  }

  /** A file of the server; where it keeps files elsewhere it leads there, and the token stays here. */
  async download(path: string, maxBytes: number, signal: AbortSignal): Promise<MediaStream> {
    const url = new URL(`${this.#options.url}${path}`);
    if (!path.startsWith('/') || url.origin !== new URL(this.#options.url).origin) throw new Rejected('The file is at an address that is not the server’s, so it was not fetched.', 'media_host');
    const found = await this.#egress.safeFetch(url.href, { signal, maxBytes, headers: this.#headers(), deadlineMs: UPLOAD_MS });
    // Who may not have it is shown a page.
    if (found.mime?.startsWith('text/html') === true && !/\.html?(?:\?|$)/i.test(path)) throw new Rejected('The server shows a page instead of the file: the account may not see it.', 'media_refused');
    return found;
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#egress.close()]);
  }

  #headers(): Record<string, string> {
    return { 'x-auth-token': this.#options.token, 'x-user-id': this.#options.userId };
  }

  async #json(path: string, call: Call): Promise<Fields> {
    const url = new URL(`${this.#options.url}${path}`);
    for (const [key, value] of Object.entries(call.query ?? {})) if (value !== undefined) url.searchParams.set(key, value);
    const sending = call.sending ?? false;
    const answer = await this.#ask(url, call);
    let body: unknown;
    try {
      body = await this.#read(answer, sending);
    } catch (error) {
      // A failure whose text is lost is still a failure: the status alone decides.
      if (answer.statusCode < 400) throw error;
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300 && isFields(body) && at(body, 'success') !== false && at(body, 'status') !== 'error') return body;
    throw failureToError({ status: answer.statusCode, body, wait: askedWait(answer), sending, secrets: [this.#options.token] });
  }

  async #ask(url: URL, call: Call): Promise<Dispatcher.ResponseData> {
    const mark = { written: false };
    const { form, body } = call;
    try {
      const answer = await request(url, {
        method: call.method,
        dispatcher: this.#agent.compose(marking(mark)),
        headers: {
          accept: 'application/json', 'user-agent': 'drawbridge', ...this.#headers(),
          ...(form ? { 'content-type': form.contentType, 'content-length': String(form.length) } : body ? { 'content-type': 'application/json' } : {}),
        },
        ...(form ? { body: Readable.from(form.bytes()), headersTimeout: UPLOAD_MS } : body ? { body: JSON.stringify(body) } : {}),
        ...(call.signal && { signal: call.signal }),
      });
      this.#options.answered?.(answer.statusCode);
      return answer;
    } catch (cause) {
      this.#options.answered?.('error');
      throw lost(cause, mark.written && (call.sending ?? false));
    }
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
}

/** One id as one part of a path: nothing in it can reach another endpoint. */
export function segment(id: string): string {
  return id === '.' || id === '..' ? encodeURIComponent(`${id}/`) : encodeURIComponent(id);
}

/** `x-ratelimit-reset` is a time, in milliseconds; a proxy before the server may say `retry-after`. */
function askedWait(answer: Dispatcher.ResponseData): number | undefined {
  const header = (name: string): number => Number([answer.headers[name]].flat()[0] ?? 'NaN');
  if (answer.statusCode !== 429 && answer.statusCode < 400) return undefined;
  const seconds = header('retry-after');
  if (Number.isFinite(seconds)) return Math.min(Math.max(seconds * 1000, 0), MOST_WAIT_MS);
  const reset = header('x-ratelimit-reset') - Date.now();
  return Number.isFinite(reset) && answer.statusCode === 429 ? Math.min(Math.max(reset, 0), MOST_WAIT_MS) : undefined;
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
  const code = cause instanceof Error ? ('code' in cause && typeof cause.code === 'string' ? cause.code : cause.name) : 'unknown';
  if (cause instanceof errors.RequestContentLengthMismatchError) return new Retry('The file changed its size while it was sent.', code, { cause });
  return uncertain
    ? new Uncertain('The connection to Rocket.Chat broke before the answer came.', code, { cause })
    : new Unreachable('Rocket.Chat cannot be reached.', code, { cause });
}
