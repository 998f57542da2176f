import { Agent, request, type Dispatcher } from 'undici';
import { DeliveryError, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import { at, isFields, list, parseJson, str, type Fields } from '../meta-graph/json.ts';
import { failureToError } from './errors.ts';
import { isHere } from './settings.ts';

interface ApiOptions {
  /** `https://slack.com/api` */
  readonly url: string;
  readonly token: string;
  readonly answered?: ((status: number | 'error') => void) | undefined;
  readonly answerTimeoutMs?: number | undefined;
}

interface CallOptions {
  /** True where repeating the call could do a thing twice: an answer lost on the way is then `Uncertain`. */
  readonly sending?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
const UPLOAD_MS = 600_000;
const MAX_ANSWER = 16 * 1024 * 1024;
const MAX_REDIRECTS = 3;
/** A refusal that names a longer time is asked about again before it. */
const MOST_WAIT_MS = 60 * 60_000;
/** Where Slack keeps files (these want the token), and pictures of people and emoji (these must not get it). */
const FILE_HOSTS = /(?:^|\.)(?:slack\.com|slack-files\.com|slack-gov\.com)$/;
const OPEN_HOSTS = /(?:^|\.)(?:slack-edge\.com|slack-gov-edge\.com|slack\.com|slack-files\.com|slack-imgs\.com|gravatar\.com|wp\.com)$/;

/** Who may not call these can do nothing at all. */
const ESSENTIAL = new Set(['auth.test', 'apps.connections.open', 'chat.postMessage']);

/** Slack's Web API (docs.slack.dev/apis/web-api) for one token. Every call throws only the classes of `model/errors.ts`. */
export class SlackApi {
  readonly #options: ApiOptions;
  readonly #agent: Agent;

  constructor(options: ApiOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') };
    const patience = options.answerTimeoutMs ?? ANSWER_MS;
    this.#agent = new Agent({ connect: { timeout: CONNECT_MS }, headersTimeout: patience, bodyTimeout: patience, connections: 32 });
  }

  /** A method by its name. Values that are no text go as JSON within the form, which every method takes. */
  async call(method: string, args: Readonly<Record<string, unknown>> = {}, { sending = false, signal }: CallOptions = {}): Promise<Fields> {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(args)) {
      if (value !== undefined) form.set(name, typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value));
    }
    const answer = await this.#ask(new URL(`${this.#options.url}/${method}`), {
      method: 'POST', body: form.toString(), sending, ...(signal === undefined ? {} : { signal }),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...this.#authorization() },
    });
    const body = await this.#read(answer, sending);
    if (answer.statusCode === 200 && isFields(body) && body['ok'] === true) return body;
    throw failureToError({ status: answer.statusCode, body, sending, afterMs: askedWait(answer), essential: ESSENTIAL.has(method) });
  }

  /** What the token may do, as Slack says in a header of its answers; undefined where it does not. */
  async scopes(): Promise<readonly string[] | undefined> {
    const answer = await this.#ask(new URL(`${this.#options.url}/auth.test`), { method: 'POST', body: '', sending: false, headers: this.#authorization() });
    await answer.body.dump();
    return first(answer.headers['x-oauth-scopes'])?.split(',').map((scope) => scope.trim());
  }

  /** All pages of a list, or as many as `most` elements. */
  async *pages(method: string, args: Readonly<Record<string, unknown>>, key: string, signal?: AbortSignal): AsyncGenerator<readonly unknown[]> {
    let cursor: string | undefined;
    do {
      const answer = await this.call(method, { ...args, cursor }, { signal });
      yield list(answer, key);
      const next = str(answer, 'response_metadata', 'next_cursor');
      if (next === cursor) return;
      cursor = next;
    } while (cursor !== undefined);
  }

  /**
   * Brings the bytes of a file to where files.getUploadURLExternal says. Nobody sees them before files.completeUploadExternal,
   * so an answer that is lost is simply tried again.
   */
  async upload(media: MediaSource): Promise<string> {
    const answer = await this.call('files.getUploadURLExternal', { filename: media.name, length: media.size });
    const id = str(answer, 'file_id');
    const address = str(answer, 'upload_url');
    const url = address === undefined ? null : URL.parse(address);
    if (id === undefined || url === null || !this.#mayHold(url)) throw new Rejected('Slack does not say where the file is to go.', 'upload_url');
    const sent = await this.#ask(url, {
      method: 'POST', body: media.open() as AsyncIterable<Uint8Array>, sending: false, headersTimeout: UPLOAD_MS,
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(media.size) },
    });
    if (sent.statusCode === 200) {
      await sent.body.dump();
      return id;
    }
    throw failureToError({ status: sent.statusCode, body: await this.#read(sent, false).catch(() => undefined), sending: false, afterMs: askedWait(sent) });
  }

  /**
   * Streams a file. The token goes only to Slack's own hosts for files, never on to where they lead; without the scope for it
   * Slack answers with the page to log in, and that is no file.
   * @throws Rejected `media_host` for any other address
   */
  async download(address: string, signal: AbortSignal): Promise<MediaStream> {
    return this.#fetch(address, FILE_HOSTS, true, signal);
  }

  /** A picture of a person or an emoji, which anybody may see: without the token. */
  async picture(address: string, signal: AbortSignal): Promise<MediaStream> {
    return this.#fetch(address, OPEN_HOSTS, false, signal);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #fetch(address: string, hosts: RegExp, authorized: boolean, signal: AbortSignal): Promise<MediaStream> {
    const start = this.#allowed(address, hosts);
    let url = start;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const headers = authorized && url.origin === start.origin ? this.#authorization() : {};
      const answer = await this.#ask(url, { method: 'GET', headers, signal, sending: false });
      if (answer.statusCode >= 300 && answer.statusCode < 400) {
        await answer.body.dump();
        url = this.#allowed(first(answer.headers['location']) ?? '', hosts, url);
        continue;
      }
      if (answer.statusCode !== 200) {
        await answer.body.dump();
        if (answer.statusCode === 404 || answer.statusCode === 410) throw new Rejected('The file is not there any more.', `http_${answer.statusCode}`);
        if (answer.statusCode === 403 || answer.statusCode === 401) throw new Rejected('Slack does not let the account have the file.', `http_${answer.statusCode}`);
        throw failureToError({ status: answer.statusCode, body: undefined, sending: false, afterMs: askedWait(answer) });
      }
      return authorized ? fileOnly(answer) : stream(answer, answer.body);
    }
    throw new Rejected('The file’s address leads in circles.', 'media_redirects');
  }

  #authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.#options.token}` };
  }

  #allowed(address: string, hosts: RegExp, base?: URL): URL {
    const url = URL.parse(address, base?.href);
    const known = url !== null && url.username === '' && url.password === '' && (this.#isOwn(url) || (url.protocol === 'https:' && url.port === '' && hosts.test(url.hostname)));
    if (!known) throw new Rejected('The file is at an address that is not Slack’s, so it was not fetched.', 'media_host');
    return url;
  }

  #mayHold(url: URL): boolean {
    return this.#isOwn(url) || (url.protocol === 'https:' && FILE_HOSTS.test(url.hostname));
  }

  /** The same server as the API, or another port of this machine while that is on it. */
  #isOwn(url: URL): boolean {
    const own = new URL(this.#options.url);
    return url.origin === own.origin || (isHere(own.hostname) && isHere(url.hostname));
  }

  async #ask(url: URL, call: { readonly method: 'GET' | 'POST'; readonly body?: string | AsyncIterable<Uint8Array>; readonly headers: Readonly<Record<string, string>>; readonly sending: boolean; readonly signal?: AbortSignal; readonly headersTimeout?: number }): Promise<Dispatcher.ResponseData> {
    const mark = { written: false };
    try {
      const answer = await request(url, {
        method: call.method,
        dispatcher: this.#agent.compose(marking(mark)),
        headers: { accept: '*/*', 'user-agent': 'drawbridge', ...call.headers },
        ...(call.body === undefined ? {} : { body: call.body as string }),
        ...(call.signal && { signal: call.signal }),
        ...(call.headersTimeout !== undefined && { headersTimeout: call.headersTimeout, bodyTimeout: call.headersTimeout }),
      });
      this.#options.answered?.(answer.statusCode);
      return answer;
    } catch (cause) {
      this.#options.answered?.('error');
      throw lost(cause, mark.written && call.sending);
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

/** Seconds of `Retry-After` in milliseconds. */
function askedWait(answer: Dispatcher.ResponseData): number | undefined {
  const value = first(answer.headers['retry-after']);
  const seconds = value === undefined || value.trim() === '' ? Number.NaN : Number(value);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, MOST_WAIT_MS) : undefined;
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
  const code = cause instanceof Error ? ('code' in cause && typeof cause.code === 'string' ? cause.code : cause.name) : 'unknown';
  if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return new Retry('The file changed its size while it was sent.', code, { cause });
  return uncertain ? new Uncertain('The connection to Slack broke before the answer came.', code, { cause }) : new Unreachable('Slack cannot be reached.', code, { cause });
}

/** How the page to log in begins; files of the type HTML are let through where they say so themselves. */
async function fileOnly(answer: Dispatcher.ResponseData): Promise<MediaStream> {
  const type = first(answer.headers['content-type']) ?? '';
  if (!/^text\/html\b/i.test(type) || /attachment/i.test(first(answer.headers['content-disposition']) ?? '')) return stream(answer, answer.body);
  await answer.body.dump();
  throw new Rejected('Slack answered with the page to log in instead of the file: the token lacks the scope files:read, or may not see the file.', 'login_page');
}

function stream(answer: Dispatcher.ResponseData, body: AsyncIterable<Uint8Array>): MediaStream {
  const mime = first(answer.headers['content-type']);
  const size = Number(first(answer.headers['content-length']) ?? 'NaN');
  return { bytes: guarded(body), ...(mime !== undefined && { mime }), ...(Number.isSafeInteger(size) && size >= 0 && { size }) };
}

async function* guarded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw lost(cause, false);
  }
}

/** `id` of the first file of an answer. */
export function fileIn(answer: Fields): unknown {
  return at(answer, 'file') ?? list(answer, 'files')[0];
}
