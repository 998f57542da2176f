import { Readable } from 'node:stream';
import { Rejected } from '../../model/errors.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import { first, Http, type Answer } from '../shared/http.ts';
import { at, isFields, list, str, type Fields } from '../shared/json.ts';
import { isHere } from '../shared/settings.ts';
import { failureToError } from './errors.ts';

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

const UPLOAD_MS = 600_000;
const MAX_ANSWER = 16 * 1024 * 1024;
/** A refusal that names a longer time is asked about again before it. */
const MOST_WAIT_MS = 60 * 60_000;
/** Where Slack keeps files (these want the token), and pictures of people and emoji (these must not get it). */
const FILE_HOSTS = /(?:^|\.)(?:slack\.com|slack-files\.com|slack-gov\.com)$/;
/** What lies elsewhere on these hosts may be a method, and one that is asked for with the token is done. */
const FILE_PATH = /^\/files[\w-]*\/(?!(?:.*(?:\/|%2f|%5c))?(?:\.|%2e){2}(?:\/|%2f|%5c|$))/i;
const OPEN_HOSTS = /(?:^|\.)(?:slack-edge\.com|slack-gov-edge\.com|slack\.com|slack-files\.com|slack-imgs\.com|gravatar\.com|wp\.com)$/;

/** Who may not call these can do nothing at all. */
const ESSENTIAL = new Set(['auth.test', 'apps.connections.open', 'chat.postMessage']);

/** Slack's Web API (docs.slack.dev/apis/web-api) for one token. Every call throws only the classes of `model/errors.ts`. */
export class SlackApi {
  readonly #options: ApiOptions;
  readonly #http: Http;

  constructor(options: ApiOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') };
    this.#http = new Http({ name: 'Slack', unreachable: 'Slack cannot be reached.', connections: 32, maxAnswer: MAX_ANSWER, answered: options.answered, answerMs: options.answerTimeoutMs });
  }

  /** A method by its name. Values that are no text go as JSON within the form, which every method takes. */
  async call(method: string, args: Readonly<Record<string, unknown>> = {}, { sending = false, signal }: CallOptions = {}): Promise<Fields> {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(args)) {
      if (value !== undefined) form.set(name, typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value));
    }
    const answer = await this.#http.ask(new URL(`${this.#options.url}/${method}`), {
      method: 'POST', body: form.toString(), sending, ...(signal === undefined ? {} : { signal }),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...this.#authorization() },
    });
    const body = await this.#http.read(answer, sending);
    if (answer.statusCode === 200 && isFields(body) && body['ok'] === true) return body;
    throw failureToError({ status: answer.statusCode, body, sending, afterMs: askedWait(answer), essential: ESSENTIAL.has(method) });
  }

  /** What the token may do, as Slack says in a header of its answers; undefined where it does not. */
  async scopes(): Promise<readonly string[] | undefined> {
    const answer = await this.#http.ask(new URL(`${this.#options.url}/auth.test`), { method: 'POST', body: '', headers: this.#authorization() });
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
    const sent = await this.#http.ask(url, {
      method: 'POST', body: Readable.from(media.open()), headersTimeout: UPLOAD_MS, bodyTimeout: UPLOAD_MS,
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(media.size) },
    });
    if (sent.statusCode === 200) {
      await sent.body.dump();
      return id;
    }
    throw failureToError({ status: sent.statusCode, body: await this.#http.read(sent, false).catch(() => undefined), sending: false, afterMs: askedWait(sent) });
  }

  /**
   * Streams a file. The token goes only to where Slack keeps files, never on to where they lead: of remote files, also those of
   * other workspaces, somebody else says where they lie. Without the scope for it Slack answers with the page to log in, and that
   * is no file.
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
    await this.#http.close();
  }

  async #fetch(address: string, hosts: RegExp, authorized: boolean, signal: AbortSignal): Promise<MediaStream> {
    const answer = await this.#http.follow(address, {
      signal, headers: this.#authorization(), allowed: (each, base) => this.#allowed(each, hosts, base), trusts: (url) => authorized && FILE_PATH.test(url.pathname),
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      if (answer.statusCode === 404 || answer.statusCode === 410) throw new Rejected('The file is not there any more.', `http_${answer.statusCode}`);
      if (answer.statusCode === 403 || answer.statusCode === 401) throw new Rejected('Slack does not let the account have the file.', `http_${answer.statusCode}`);
      throw failureToError({ status: answer.statusCode, body: undefined, sending: false, afterMs: askedWait(answer) });
    }
    if (authorized) await refusePage(answer);
    return this.#http.stream(answer);
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
}

/** Seconds of `Retry-After` in milliseconds. */
function askedWait(answer: Answer): number | undefined {
  const value = first(answer.headers['retry-after']);
  const seconds = value === undefined || value.trim() === '' ? Number.NaN : Number(value);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, MOST_WAIT_MS) : undefined;
}

/** The page to log in; files of the type HTML are let through where they say so themselves. @throws Rejected `login_page` */
async function refusePage(answer: Answer): Promise<void> {
  const type = first(answer.headers['content-type']) ?? '';
  if (!/^text\/html\b/i.test(type) || /attachment/i.test(first(answer.headers['content-disposition']) ?? '')) return;
  await answer.body.dump();
  throw new Rejected('Slack answered with the page to log in instead of the file: the token lacks the scope files:read, or may not see the file.', 'login_page');
}

/** `id` of the first file of an answer. */
export function fileIn(answer: Fields): unknown {
  return at(answer, 'file') ?? list(answer, 'files')[0];
}
