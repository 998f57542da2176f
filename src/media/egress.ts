import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, buildConnector, request } from 'undici';
import type { Dispatcher } from 'undici';
import { DeliveryError, Rejected, Retry } from '../model/errors.ts';
import type { MediaStream } from '../model/media.ts';

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** A longer body is refused: by its announced length, else as soon as the bytes pass this. */
  readonly maxBytes: number;
  /** Only these hosts may be asked, redirects included; `.example.org` takes every name below it. Absent: any public host. */
  readonly allowHosts?: readonly string[];
  /** Sent to the first origin only, never along with a redirect to another one. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Plain http is refused without it. */
  readonly allowHttp?: boolean;
  /** For the whole transfer, in milliseconds. */
  readonly deadlineMs?: number;
}

export interface Egress {
  /**
   * Fetches a file from an address that a remote person may have chosen.
   *
   * Every address that a name resolves to is checked at the moment of connecting, so a name that changes its mind between
   * check and use gains nothing. Redirects are followed at most three times, each checked like the first.
   * The deadline runs until the last byte; reading past it throws `Retry`.
   * @throws Rejected `blocked_address`, `bad_url`, `too_large`, `too_many_redirects`, `bad_encoding`, `media_gone`, `media_refused`
   * @throws Retry when the other side is slow, overloaded or not to be reached
   */
  safeFetch(url: string, options: FetchOptions): Promise<MediaStream>;
  close(): Promise<void>;
}

export interface EgressOptions {
  /** Origins that the administrator has configured, such as `http://127.0.0.1:8090`: reached wherever they are, by http too. */
  readonly trustedOrigins?: readonly string[];
  /** Stands in for the system's resolver. */
  readonly lookup?: LookupFunction;
}

const MAX_REDIRECTS = 3;
const DEADLINE_MS = 120_000;
const CONNECT_MS = 10_000;
const SILENCE_MS = 20_000;
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** The code of a connection that was not made because of where it led. */
export const BLOCKED = 'DRAWBRIDGE_BLOCKED';
/** Of networks of one's own; link-local addresses are not among them. */
const NEAR = new Set(['private', 'loopback', 'uniqueLocal', 'carrierGradeNat']);
/** Where providers of machines tell of their secrets, in ranges that people use too (docs.aws.amazon.com, "instance metadata"; Alibaba Cloud, the same). */
const METADATA = new Set(['fd00:ec2::254', '100.100.100.200']);

/** Makes the one door through which addresses from outside are fetched. */
export function createEgress(options: EgressOptions = {}): Egress {
  const trusted = new Set(options.trustedOrigins?.map((origin) => new URL(origin).origin));
  const limits = { headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS, maxResponseSize: -1, pipelining: 1 };
  const guarded = new Agent({ ...limits, connect: guardedConnector(options.lookup ?? systemLookup as LookupFunction) });
  const open = new Agent({ ...limits, connect: { timeout: CONNECT_MS } });

  async function safeFetch(address: string, fetchOptions: FetchOptions): Promise<MediaStream> {
    const deadline = AbortSignal.timeout(fetchOptions.deadlineMs ?? DEADLINE_MS);
    const signal = AbortSignal.any([fetchOptions.signal, deadline]);
    let url = parse(address);
    let headers: Readonly<Record<string, string>> = fetchOptions.headers ?? {};
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const isTrusted = trusted.has(url.origin);
      if (!isTrusted) check(url, fetchOptions);
      const answer = await request(url, {
        method: 'GET',
        dispatcher: isTrusted ? open : guarded,
        // Compressed bodies are not asked for: a small answer cannot unfold into a large one.
        headers: { ...headers, 'accept-encoding': 'identity' },
        signal,
      }).catch((error: unknown) => { throw failure(error, fetchOptions.signal); });
      const next = redirect(answer, url);
      if (next === undefined) return stream(answer, fetchOptions);
      discard(answer);
      if (next.origin !== url.origin) headers = {};
      url = next;
    }
    throw new Rejected('The address redirects too often.', 'too_many_redirects');
  }

  return {
    safeFetch,
    async close() {
      await Promise.all([guarded.destroy(), open.destroy()]);
    },
  };
}

function parse(address: string, base?: string): URL {
  const url = address !== '' && address.length <= 8192 ? URL.parse(address, base) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new Rejected('That is not a web address.', 'bad_url');
  if (url.username !== '' || url.password !== '') throw new Rejected('An address with a password in it is not fetched.', 'bad_url');
  return url;
}

function check(url: URL, options: FetchOptions): void {
  if (url.protocol === 'http:' && options.allowHttp !== true) throw new Rejected('Only https addresses are fetched.', 'bad_url');
  const host = url.hostname.replace(/\.$/, '');
  const allowed = options.allowHosts?.some((name) => (name.startsWith('.') ? host.endsWith(name) : host === name)) ?? true;
  if (!allowed) throw blocked();
}

/** Only addresses of the open internet: neither private, local, shared nor reserved ones, in any notation or tunnel. */
function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  // Of IPv6 only 2000::/3 is handed out (RFC 4291, 2.4); outside lie forms such as `::7f00:1`, which hold an IPv4 address.
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

function blocked(): Rejected {
  return new Rejected('That address is not one the bridge may fetch from.', 'blocked_address');
}

function blockedError(): NodeJS.ErrnoException {
  return Object.assign(new Error('address not allowed'), { code: BLOCKED });
}

/** Calls back whether all of these addresses may be connected to. */
type Guard = (addresses: readonly string[], callback: (allowed: boolean) => void) => void;

const onlyPublic: Guard = (addresses, callback) => callback(addresses.every(isPublic));

/**
 * Connects to where `home`, a server that the administrator has configured, sends us on: to the open internet, and to
 * networks of one's own where `home` is in one itself.
 */
export function connectorBeyond(home: string, lookup: LookupFunction = systemLookup as LookupFunction): buildConnector.connector {
  return guardedConnector(lookup, (addresses, callback) => {
    if (addresses.every(isPublic)) return callback(true);
    if (!addresses.every((address) => isPublic(address) || isNear(address))) return callback(false);
    lookup(bare(home), { all: true }, (error, found) => callback(error === null && listOf(found).some(({ address }) => isNear(address))));
  });
}

function isNear(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return NEAR.has(parsed.range()) && !METADATA.has(parsed.toString());
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

function listOf(found: string | readonly LookupAddress[]): readonly LookupAddress[] {
  return typeof found === 'string' ? [{ address: found, family: found.includes(':') ? 6 : 4 }] : found;
}

/** Literal addresses never reach a lookup, so they are checked here; names are checked in the lookup that connects. */
function guardedConnector(lookup: LookupFunction, guard: Guard = onlyPublic): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_MS, lookup: guardedLookup(lookup, guard) });
  return (options, callback) => {
    const host = bare(options.hostname);
    if (!ipaddr.isValid(host)) return connect(options, callback);
    guard([host], (allowed) => (allowed ? connect(options, callback) : callback(blockedError(), null)));
  };
}

/** One bad answer spoils them all: a mix of public and private addresses is an attack, not a configuration. */
function guardedLookup(lookup: LookupFunction, guard: Guard): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = [...listOf(found)];
      const first = addresses[0];
      if (first === undefined) return callback(blockedError(), []);
      guard(addresses.map(({ address }) => address), (allowed) => {
        if (!allowed) return callback(blockedError(), []);
        if (options.all === true) return callback(null, addresses);
        callback(null, first.address, first.family);
      });
    });
  };
}

function header(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function redirect(answer: Dispatcher.ResponseData, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.statusCode)) return undefined;
  try {
    return parse(header(answer, 'location') ?? '', from.href);
  } catch (error) {
    discard(answer);
    throw error;
  }
}

function discard(answer: Dispatcher.ResponseData): void {
  // Destroying a body reports an abort to whoever listens; nobody is meant to.
  answer.body.on('error', () => undefined).destroy();
}

function stream(answer: Dispatcher.ResponseData, options: FetchOptions): MediaStream {
  const size = Number(header(answer, 'content-length') ?? Number.NaN);
  const encoding = header(answer, 'content-encoding') ?? 'identity';
  const refused = refusal(answer)
    ?? (size > options.maxBytes ? tooLarge(options.maxBytes) : undefined)
    ?? (encoding === 'identity' ? undefined : new Rejected('The server sends the file in an encoding that was not asked for.', 'bad_encoding'));
  if (refused !== undefined) {
    discard(answer);
    throw refused;
  }
  const mime = header(answer, 'content-type');
  return {
    bytes: capped(answer, options),
    ...(mime === undefined ? {} : { mime: mime.slice(0, 200) }),
    ...(Number.isSafeInteger(size) ? { size } : {}),
  };
}

function refusal(answer: Dispatcher.ResponseData): Rejected | Retry | undefined {
  const status = answer.statusCode;
  if (status === 200) return undefined;
  const code = `http_${status}`;
  if (status === 429 || status === 503) {
    const seconds = Number(header(answer, 'retry-after') ?? Number.NaN);
    const wait = Number.isFinite(seconds) && seconds >= 0 ? { afterMs: seconds * 1000 } : {};
    return new Retry('The server of the file asks to come back later.', code, { ...wait, rateLimited: status === 429 });
  }
  if (status >= 500 || status === 408 || status === 425) return new Retry('The server of the file has a fault.', code);
  if (status === 404 || status === 410) return new Rejected('The file is not there any more.', 'media_gone');
  return new Rejected(`The server of the file refuses to hand it out (status ${status}).`, 'media_refused');
}

async function* capped(answer: Dispatcher.ResponseData, options: FetchOptions): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const piece of answer.body as AsyncIterable<Uint8Array>) {
      size += piece.length;
      if (size > options.maxBytes) throw tooLarge(options.maxBytes);
      yield piece;
    }
  } catch (error) {
    throw failure(error, options.signal);
  } finally {
    discard(answer);
  }
}

function tooLarge(maxBytes: number): Rejected {
  return new Rejected(`The file is larger than ${maxBytes} bytes.`, 'too_large');
}

/** Undici's own messages may quote the address, which may hold a token: only their code goes on. */
function failure(error: unknown, caller: AbortSignal): unknown {
  if (error instanceof DeliveryError) return error;
  if (caller.aborted) return caller.reason;
  const { code, name } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; name?: unknown };
  if (code === BLOCKED) return blocked();
  const known = typeof code === 'string' ? code : 'media_failed';
  return new Retry('The server of the file could not be reached, or stopped in the middle.', name === 'TimeoutError' ? 'media_timeout' : known);
}
