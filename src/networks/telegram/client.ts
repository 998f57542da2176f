import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, sep } from 'node:path';
import { Readable } from 'node:stream';
import { DeliveryError, Rejected } from '../../model/errors.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import { ANSWER_MS, first, Http, type Answer, type Call as Request } from '../shared/http.ts';
import { defined, isFields, str } from '../shared/json.ts';
import { multipart } from '../shared/multipart.ts';
import { failureToError } from './errors.ts';

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
  readonly #http: Http;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#base = new URL(options.url.replace(/\/*$/, '/'));
    this.#http = new Http({
      name: 'Telegram', unreachable: 'Telegram’s Bot API cannot be reached.', connections: 64, maxAnswer: MAX_ANSWER, answered: options.answered, secretAddress: true, breaksOff: true,
      // Whole numbers here have 52 bits at most, and one person's deeply nested message must not hide those of others.
      parse: (raw) => JSON.parse(raw.toString('utf8')) as unknown,
    });
  }

  /** The answer's `result`. */
  async call(method: string, values: Readonly<Record<string, unknown>>, call: Call = {}): Promise<unknown> {
    const sending = call.sending ?? false;
    const answer = await this.#http.ask(this.#address(`bot${this.#options.token}/${method}`), { method: 'POST', sending, ...this.#body(values, call) });
    const body = await this.#http.read(answer, sending);
    if (answer.statusCode >= 200 && answer.statusCode < 300 && isFields(body) && body['ok'] === true) return body['result'];
    throw this.#error(answer, body, sending);
  }

  /** A file by the path that `getFile` gave: over HTTP, or from the disk where the server runs here with `--local`. */
  async download(path: string, signal: AbortSignal): Promise<MediaStream> {
    if (path.startsWith('/')) return this.#local(path);
    const segments = path.split('/');
    if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) throw new Rejected('Telegram gave the file an odd path, so it was not fetched.', 'media_path');
    const address = this.#address(`file/bot${this.#options.token}/${segments.map(encodeURIComponent).join('/')}`);
    const answer = await this.#http.ask(address, { method: 'GET', headersTimeout: this.#options.answerMs ?? ANSWER_MS, signal });
    if (answer.statusCode !== 200) throw this.#error(answer, await this.#http.read(answer, false).catch(() => undefined), false);
    // The type that it is served as says nothing of it.
    const { bytes, size } = this.#http.stream(answer);
    return defined({ bytes, size });
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  #address(path: string): URL {
    // A token has a colon: without the dot all before it would be taken for a scheme.
    return new URL(`./${path}`, this.#base);
  }

  #body(values: Readonly<Record<string, unknown>>, call: Call): Partial<Request> {
    const signal = call.signal === undefined ? {} : { signal: call.signal };
    if (call.file === undefined) {
      return { ...signal, body: JSON.stringify(values), headers: { 'content-type': 'application/json' }, headersTimeout: call.answerMs ?? this.#options.answerMs ?? ANSWER_MS };
    }
    const form = multipart(values, call.file.source, { field: call.file.field });
    return { ...signal, body: Readable.from(form.bytes()), headers: { 'content-type': form.contentType, 'content-length': String(form.length) }, headersTimeout: this.#options.answerMs ?? UPLOAD_MS };
  }

  #error(answer: Answer, body: unknown, sending: boolean): DeliveryError {
    const seconds = Number(first(answer.headers['retry-after']) ?? 'NaN');
    const wait = Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {};
    return failureToError({ status: answer.statusCode, body, sending, token: this.#options.token, ...wait });
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

/** The path that `getFile` answered. @throws Rejected `media_gone` */
export function filePath(file: unknown): string {
  const path = str(file, 'file_path');
  if (path === undefined) throw new Rejected('Telegram does not say where the file is.', 'media_gone');
  return path;
}
