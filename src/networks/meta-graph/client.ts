import { Readable } from 'node:stream';
import { Rejected, type DeliveryError } from '../../model/errors.ts';
import type { MediaStream } from '../../model/media.ts';
import { first, Http, type Answer, type Call } from '../shared/http.ts';
import { isFields, type Fields } from '../shared/json.ts';
import type { Multipart } from '../shared/multipart.ts';
import { failureToError, type Explain } from './errors.ts';
import { askedWait } from './limits.ts';

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

/** Meta answers an upload only after it has taken and looked at up to 100 MB. */
const UPLOAD_MS = 300_000;
const MAX_ANSWER = 4 * 1024 * 1024;
/** Hosts that the API hands out for media, and those of them that want the token; the CDN's addresses are signed. */
const MEDIA_HOSTS = /(?:^|\.)(?:facebook\.com|fbsbx\.com|fbcdn\.net|whatsapp\.net|whatsapp\.com)$/;
const TOKEN_HOSTS = /(?:^|\.)(?:facebook\.com|fbsbx\.com|whatsapp\.net|whatsapp\.com)$/;

/** Meta's Graph API for one access token. Every call throws only the classes of `model/errors.ts`. */
export class GraphClient {
  readonly #options: GraphOptions;
  readonly #http: Http;

  constructor(options: GraphOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, '') };
    this.#http = new Http({ name: 'Meta’s API', unreachable: 'Meta’s API cannot be reached.', connections: 64, maxAnswer: MAX_ANSWER, answered: options.answered, answerMs: options.answerMs });
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

  /** What is not there any more is as it should be, so a lost answer is simply tried again. */
  delete(path: string, body: Fields): Promise<Fields> {
    return this.#json(path, { method: 'DELETE', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
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
    const answer = await this.#http.follow(address, {
      signal, headers: this.#authorization(), allowed: (each, base) => this.#allowed(each, base), trusts: (url) => this.#isOwn(url) || isMeta(url, TOKEN_HOSTS),
    });
    if (answer.statusCode !== 200) throw await this.#failure(answer, false);
    return this.#http.stream(answer);
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  async #json(path: string, call: Call): Promise<Fields> {
    const url = new URL(`${this.#options.url}/${this.#options.version}/${path}`);
    const sending = call.sending ?? false;
    const answer = await this.#http.ask(url, { ...call, headers: { ...call.headers, ...this.#authorization() } });
    if (answer.statusCode < 200 || answer.statusCode >= 300) throw await this.#failure(answer, sending);
    const body = await this.#http.read(answer, sending);
    if (isFields(body) && !isFields(body['error'])) return body;
    throw this.#error(answer, body, sending);
  }

  async #failure(answer: Answer, sending: boolean): Promise<DeliveryError> {
    // A failure whose text is lost is still a failure: the status alone decides.
    const body = await this.#http.read(answer, sending).catch(() => undefined);
    return this.#error(answer, body, sending);
  }

  #error(answer: Answer, body: unknown, sending: boolean): DeliveryError {
    const ms = askedWait((name) => first(answer.headers[name]));
    const wait = ms === undefined ? {} : { retryAfterMs: ms };
    return failureToError({ status: answer.statusCode, body, sending, secret: this.#options.token, ...wait }, this.#options.explain);
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

  #isOwn(url: URL): boolean {
    return url.origin === new URL(this.#options.url).origin;
  }
}

function isMeta(url: URL, hosts: RegExp): boolean {
  return url.protocol === 'https:' && url.port === '' && hosts.test(url.hostname);
}
