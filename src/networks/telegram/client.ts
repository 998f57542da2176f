import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, sep } from 'node:path';
import { Readable } from 'node:stream';
import { Agent, errors, request, type Dispatcher } from 'undici';
import { DeliveryError, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import { isFields, str } from '../meta-graph/json.ts';
import { failureToError } from './errors.ts';
import { multipart } from './multipart.ts';

interface ClientOptions {
  /** `https://api.telegram.org`, or a server of one's own. */
  readonly url: string;
  readonly token: string;
  /** The working directory of a server that runs with `--local` here. */
  readonly localDir?: string | undefined;
  readonly answered?: ((status: number | 'error') => void) | undefined;
  /** How long an answer is waited for that does not wait for anything itself. */
  readonly answerMs?: number | undefined;
}

interface Call {
  /** True where repeating the call could do a thing twice: an answer lost on the way is then `Uncertain`. */
  readonly sending?: boolean;
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
  /** A file, and the name of the field it goes in. */
  readonly file?: { readonly field: string; readonly source: MediaSource };
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
/** Telegram answers an upload only after it has taken and looked at all of it. */
const UPLOAD_MS = 300_000;
/** A hundred updates of the longest texts. */
const MAX_ANSWER = 32 * 1024 * 1024;

/**
 * Telegram's Bot API for one token (core.telegram.org/bots/api#making-requests). The token is part of every address, so no
 * address ever stands in an error or a log. Every call throws only the classes of `model/errors.ts`.
 */
export class BotClient {
  readonly #base: URL;
  readonly #options: ClientOptions;
  readonly #agent = new Agent({ connect: { timeout: CONNECT_MS }, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS, connections: 64 });

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#base = new URL(options.url.replace(/\/*$/, '/'));
  }

  /** The answer's `result`. */
  async call(method: string, values: Readonly<Record<string, unknown>>, call: Call = {}): Promise<unknown> {
    const sending = call.sending ?? false;
    const answer = await this.#ask(this.#address(`bot${this.#options.token}/${method}`), { method: 'POST', sending, ...this.#body(values, call) });
    const body = await this.#read(answer, sending);
    if (answer.statusCode >= 200 && answer.statusCode < 300 && isFields(body) && body['ok'] === true) return body['result'];
    throw this.#error(answer, body, sending);
  }

  /** A file by the path that `getFile` gave: over HTTP, or from the disk where the server runs here with `--local`. */
  async download(path: string, signal: AbortSignal): Promise<MediaStream> {
    if (path.startsWith('/')) return this.#local(path);
    const segments = path.split('/');
    if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) throw new Rejected('Telegram gave the file an odd path, so it was not fetched.', 'media_path');
    const address = this.#address(`file/bot${this.#options.token}/${segments.map(encodeURIComponent).join('/')}`);
    const answer = await this.#ask(address, { method: 'GET', sending: false, signal });
    if (answer.statusCode !== 200) throw this.#error(answer, await this.#read(answer, false).catch(() => undefined), false);
    return stream(answer);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #address(path: string): URL {
    // A token has a colon: without the dot all before it would be taken for a scheme.
    return new URL(`./${path}`, this.#base);
  }

  #body(values: Readonly<Record<string, unknown>>, call: Call): Partial<Request> {
    const signal = call.signal === undefined ? {} : { signal: call.signal };
    if (call.file === undefined) {
      return { ...signal, body: JSON.stringify(values), headers: { 'content-type': 'application/json' }, ...(call.answerMs !== undefined && { answerMs: call.answerMs }) };
    }
    const form = multipart(values, call.file.field, call.file.source);
    return { ...signal, body: Readable.from(form.bytes()), headers: { 'content-type': form.contentType, 'content-length': String(form.length) }, answerMs: this.#options.answerMs ?? UPLOAD_MS };
  }

  async #ask(url: URL, call: Request): Promise<Dispatcher.ResponseData> {
    const mark = { written: false };
    try {
      const answer = await request(url, {
        method: call.method,
        dispatcher: this.#agent.compose(marking(mark)),
        headers: { accept: '*/*', 'user-agent': 'drawbridge', ...call.headers },
        ...(call.body !== undefined && { body: call.body }),
        ...(call.signal && { signal: call.signal }),
        headersTimeout: call.answerMs ?? this.#options.answerMs ?? ANSWER_MS,
      });
      this.#options.answered?.(answer.statusCode);
      return answer;
    } catch (cause) {
      if (call.signal?.aborted !== true) this.#options.answered?.('error');
      throw lost(cause, mark.written && call.sending);
    }
  }

  #error(answer: Dispatcher.ResponseData, body: unknown, sending: boolean): DeliveryError {
    const seconds = Number(first(answer.headers['retry-after']) ?? 'NaN');
    const wait = Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {};
    return failureToError({ status: answer.statusCode, body, sending, token: this.#options.token, ...wait });
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
      // Whole numbers here have 52 bits at most, and one person's deeply nested message must not hide those of others.
      return JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch {
      return undefined;
    }
  }

  /** Nothing outside of the server's own directory is opened, whatever the path leads over. */
  async #local(path: string): Promise<MediaStream> {
    const dir = this.#options.localDir;
    if (dir === undefined) throw new Rejected('The Bot API server hands over files on its disk; set local_dir.', 'media_local');
    try {
      const [root, real] = await Promise.all([realpath(dir), realpath(path)]);
      if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) throw new Rejected('The Bot API server named a file outside of local_dir, so it was not opened.', 'media_path');
      const { size } = await stat(real);
      return { bytes: createReadStream(real) as AsyncIterable<Uint8Array>, name: basename(real), size };
    } catch (cause) {
      if (cause instanceof DeliveryError) throw cause;
      throw new Rejected('The file is not where the Bot API server says it is.', 'media_gone', { cause });
    }
  }
}

interface Request {
  readonly method: 'GET' | 'POST';
  readonly sending: boolean;
  readonly body?: string | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answerMs?: number;
  readonly signal?: AbortSignal;
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
  if (cause instanceof errors.RequestContentLengthMismatchError) return new Retry('The file changed its size while it was sent.', code);
  // Without its cause: what a library puts into an error may hold the address, and with it the token.
  return uncertain ? new Uncertain('The connection to Telegram broke before the answer came.', code) : new Unreachable('Telegram’s Bot API cannot be reached.', code);
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}

function stream(answer: Dispatcher.ResponseData): MediaStream {
  const size = Number(first(answer.headers['content-length']) ?? 'NaN');
  return { bytes: guarded(answer.body), ...(Number.isSafeInteger(size) && size >= 0 && { size }) };
}

async function* guarded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw lost(cause, false);
  }
}

/** The path that `getFile` answered. @throws Rejected `media_gone` */
export function filePath(file: unknown): string {
  const path = str(file, 'file_path');
  if (path === undefined) throw new Rejected('Telegram does not say where the file is.', 'media_gone');
  return path;
}
