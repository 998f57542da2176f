import type { Readable } from 'node:stream';
import { Agent, errors, request, type Dispatcher } from 'undici';
import { DeliveryError, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { MediaStream } from '../../model/media.ts';
import { parseJson } from './json.ts';

export type Answer = Dispatcher.ResponseData;

interface HttpOptions {
  /** Who is called, as a sentence has it: `The connection to … broke`. */
  readonly name: string;
  /** What an error says when nobody answers. */
  readonly unreachable: string;
  readonly connections: number;
  /** Bytes; a longer answer counts as one that is no JSON. */
  readonly maxAnswer: number;
  readonly answered?: ((status: number | 'error') => void) | undefined;
  /** Milliseconds for an answer to begin, and between two pieces of it; default 30 s. */
  readonly answerMs?: number | undefined;
  /** The address holds a secret: what a library puts into an error is then not kept as its cause. */
  readonly secretAddress?: boolean;
  /** A call that we break off ourselves is not counted as an error. */
  readonly breaksOff?: boolean;
  /** Default `parseJson`. */
  readonly parse?: (raw: Buffer) => unknown;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly body?: string | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** True where repeating the call could do a thing twice: an answer lost on the way is then `Uncertain`. */
  readonly sending?: boolean;
  readonly headersTimeout?: number;
  readonly bodyTimeout?: number;
  readonly signal?: AbortSignal;
}

interface Trip {
  readonly signal: AbortSignal;
  /** @throws Rejected for an address that is not to be asked */
  readonly allowed: (address: string, base?: URL) => URL;
  /** Whether the headers go along to this address; they never do to another origin than the first. */
  readonly trusts: (url: URL) => boolean;
  readonly headers: Readonly<Record<string, string>>;
}

export const ANSWER_MS = 30_000;
const CONNECT_MS = 10_000;
const MAX_REDIRECTS = 3;

/** Calls to one platform's API. Throws only the classes of `model/errors.ts`, and knows a lost answer from a call never made. */
export class Http {
  readonly #options: HttpOptions;
  readonly #agent: Agent;

  constructor(options: HttpOptions) {
    this.#options = options;
    const wait = options.answerMs ?? ANSWER_MS;
    this.#agent = new Agent({ connect: { timeout: CONNECT_MS }, headersTimeout: wait, bodyTimeout: wait, connections: options.connections });
  }

  /**
   * Whatever its status.
   * @throws Unreachable where nothing can have been done; Uncertain where a call that sends was written; Retry where a file
   * changed its size; what a media source throws comes through as it is
   */
  async ask(url: URL, { sending = false, headers, ...call }: Call): Promise<Answer> {
    const mark = { written: false };
    try {
      const answer = await request(url, { ...call, dispatcher: this.#agent.compose(marking(mark)), headers: { accept: '*/*', 'user-agent': 'drawbridge', ...headers } });
      this.#options.answered?.(answer.statusCode);
      return answer;
    } catch (cause) {
      if (this.#options.breaksOff !== true || call.signal?.aborted !== true) this.#options.answered?.('error');
      throw this.#lost(cause, mark.written && sending);
    }
  }

  /** The parsed body; undefined where it is no JSON. */
  async read(answer: Answer, sending: boolean): Promise<unknown> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        size += chunk.length;
        if (size > this.#options.maxAnswer) return undefined;
        chunks.push(chunk);
      }
    } catch (cause) {
      throw this.#lost(cause, sending);
    }
    try {
      return (this.#options.parse ?? parseJson)(Buffer.concat(chunks));
    } catch {
      return undefined;
    }
  }

  /**
   * A file, over at most three redirects; whatever the last answer's status.
   * @throws Rejected `media_redirects`
   */
  async follow(address: string, { signal, allowed, trusts, headers }: Trip): Promise<Answer> {
    const start = allowed(address);
    let url = start;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const answer = await this.ask(url, { method: 'GET', headers: url.origin === start.origin && trusts(url) ? headers : {}, signal });
      if (answer.statusCode < 300 || answer.statusCode >= 400) return answer;
      await answer.body.dump();
      url = allowed(first(answer.headers['location']) ?? '', url);
    }
    throw new Rejected('The file’s address leads in circles.', 'media_redirects');
  }

  stream(answer: Answer): MediaStream {
    const mime = first(answer.headers['content-type']);
    const size = Number(first(answer.headers['content-length']) ?? 'NaN');
    return { bytes: this.#guarded(answer.body), ...(mime !== undefined && { mime }), ...(Number.isSafeInteger(size) && size >= 0 && { size }) };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async *#guarded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (cause) {
      throw this.#lost(cause, false);
    }
  }

  /** What a call without an answer ended in. */
  #lost(cause: unknown, uncertain: boolean): DeliveryError {
    if (cause instanceof DeliveryError) return cause;
    const code = codeOf(cause);
    const kept = this.#options.secretAddress === true ? undefined : { cause };
    if (cause instanceof errors.RequestContentLengthMismatchError) return new Retry('The file changed its size while it was sent.', code, kept);
    return uncertain
      ? new Uncertain(`The connection to ${this.#options.name} broke before the answer came.`, code, kept)
      : new Unreachable(this.#options.unreachable, code, kept);
  }
}

export function first(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

/** One id as one part of a path: nothing in it can reach another endpoint. */
export function segment(id: string): string {
  return id === '.' || id === '..' ? encodeURIComponent(`${id}/`) : encodeURIComponent(id);
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

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
