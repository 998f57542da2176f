import { Readable } from 'node:stream';
import { createEgress, type Egress } from '../../media/egress.ts';
import { Rejected } from '../../model/errors.ts';
import type { MediaStream } from '../../model/media.ts';
import { Http, type Answer } from '../shared/http.ts';
import { at, isFields, type Fields } from '../shared/json.ts';
import type { Multipart } from '../shared/multipart.ts';
import { failureToError } from './errors.ts';
import { isFilePath } from './ids.ts';

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

const UPLOAD_MS = 300_000;
const MAX_ANSWER = 16 * 1024 * 1024;
/** A header is not let stop an account for days. */
const MOST_WAIT_MS = 3_600_000;

/** The REST API of one server for one token. Every call throws only the classes of `model/errors.ts`. */
export class RocketChatClient {
  readonly #options: ClientOptions;
  readonly #http: Http;
  readonly #egress: Egress;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#http = new Http({ name: 'Rocket.Chat', unreachable: 'Rocket.Chat cannot be reached.', connections: 16, maxAnswer: MAX_ANSWER, answered: options.answered, answerMs: options.answerMs });
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
    if (!isFilePath(path) || url.origin !== new URL(this.#options.url).origin) throw new Rejected('The file is at an address that is not the server’s, so it was not fetched.', 'media_host');
    const found = await this.#egress.safeFetch(url.href, { signal, maxBytes, headers: this.#headers(), deadlineMs: UPLOAD_MS });
    // Who may not have it is shown a page.
    if (found.mime?.startsWith('text/html') === true && !/\.html?(?:\?|$)/i.test(path)) throw new Rejected('The server shows a page instead of the file: the account may not see it.', 'media_refused');
    return found;
  }

  async close(): Promise<void> {
    await Promise.all([this.#http.close(), this.#egress.close()]);
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
      body = await this.#http.read(answer, sending);
    } catch (error) {
      // A failure whose text is lost is still a failure: the status alone decides.
      if (answer.statusCode < 400) throw error;
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300 && isFields(body) && at(body, 'success') !== false && at(body, 'status') !== 'error') return body;
    throw failureToError({ status: answer.statusCode, body, wait: askedWait(answer), sending, secret: this.#options.token });
  }

  #ask(url: URL, { method, form, body, sending = false, signal }: Call): Promise<Answer> {
    return this.#http.ask(url, {
      method, sending,
      headers: {
        accept: 'application/json', ...this.#headers(),
        ...(form ? { 'content-type': form.contentType, 'content-length': String(form.length) } : body ? { 'content-type': 'application/json' } : {}),
      },
      ...(form ? { body: Readable.from(form.bytes()), headersTimeout: UPLOAD_MS } : body ? { body: JSON.stringify(body) } : {}),
      ...(signal && { signal }),
    });
  }
}

/** `x-ratelimit-reset` is a time, in milliseconds; a proxy before the server may say `retry-after`. */
function askedWait(answer: Answer): number | undefined {
  const header = (name: string): number => Number([answer.headers[name]].flat()[0] ?? 'NaN');
  if (answer.statusCode !== 429 && answer.statusCode < 400) return undefined;
  const seconds = header('retry-after');
  if (Number.isFinite(seconds)) return Math.min(Math.max(seconds * 1000, 0), MOST_WAIT_MS);
  const reset = header('x-ratelimit-reset') - Date.now();
  return Number.isFinite(reset) && answer.statusCode === 429 ? Math.min(Math.max(reset, 0), MOST_WAIT_MS) : undefined;
}
