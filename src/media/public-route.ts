import { DeliveryError, Rejected } from '../model/errors.ts';
import type { MediaSource } from '../model/media.ts';
import type { Route, RouteAnswer, RouteRequest } from '../model/route.ts';
import { type LinkedFile, releasing } from './linked.ts';
import type { Links, LinkTarget } from './links.ts';
import { cleanName } from './names.ts';
import { normalise } from './sniff.ts';

export interface MediaRouteOptions {
  readonly links: Links;
  /** Undefined, or `Rejected`, where it is not there any more; another `DeliveryError` where it cannot be had now. */
  open(target: LinkTarget): Promise<LinkedFile | undefined>;
  /** Whether a link made for this has ended before its time, for instance because the message was redacted. */
  isRevoked(of: string): boolean;
}

/** Types that no browser runs as a document with scripts of its own; anything else goes out as plain bytes. */
const INERT = /^(image\/(?!.*svg)[a-z0-9.-]+|(audio|video)\/[a-z0-9.-]+(; codecs=opus)?|application\/(pdf|zip|gzip|msword|rtf|vnd\.[a-z0-9.-]+)|text\/(plain|vcard|calendar|csv))$/;

/**
 * `GET` and `HEAD /media/…` for links made by `Links`. The answer can only be saved: attachment, no sniffing, sandboxed.
 * Single byte ranges as in RFC 9110, section 14; several ranges in one request are ignored, which it allows.
 */
export function mediaRoutes(options: MediaRouteOptions): Route[] {
  return (['GET', 'HEAD'] as const).map((method): Route => ({
    method,
    path: '/media/:id/:expiry/:mac/:name',
    listener: 'public',
    maxBody: 0,
    handle: (request) => answer(options, request, method === 'HEAD'),
  }));
}

async function answer(options: MediaRouteOptions, request: RouteRequest, head: boolean): Promise<RouteAnswer> {
  const { id = '', expiry = '', mac = '', name = '' } = request.params;
  const verdict = options.links.verify({ id, expiry, mac, name });
  if (!verdict.ok) return refusal(verdict.status, head);
  if (verdict.of !== undefined && options.isRevoked(verdict.of)) return refusal(410, head);
  let file: LinkedFile | undefined;
  try {
    file = await options.open(verdict.target);
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    return refusal(error instanceof Rejected ? 410 : 503, head);
  }
  if (file === undefined) return refusal(410, head);
  const given = hand(file.source, verdict.name, request, head);
  if (given.body === undefined) await file.release();
  return given.body === undefined ? given : { ...given, body: releasing(given.body, file.release) };
}

type Given = Omit<RouteAnswer, 'body'> & { readonly body?: AsyncIterable<Uint8Array> };

function hand(source: MediaSource, name: string, request: RouteRequest, head: boolean): Given {
  const headers = { ...SAFETY, ...fileHeaders(source, name), 'accept-ranges': 'bytes' };
  // `If-Range` needs a validator, and we hand none out: such a request gets the whole file.
  const range = request.headers['if-range'] === undefined ? parseRange(request.headers['range'], source.size) : undefined;
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { ...SAFETY, 'content-range': `bytes */${source.size}` } };
  }
  const length = range === undefined ? source.size : range.end - range.start;
  const body = head ? {} : { body: source.open(range) };
  const size = { 'content-length': String(length) };
  if (range === undefined) return { status: 200, headers: { ...headers, ...size }, ...body };
  const contentRange = { 'content-range': `bytes ${range.start}-${range.end - 1}/${source.size}` };
  return { status: 206, headers: { ...headers, ...size, ...contentRange }, ...body };
}

const SAFETY = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow',
  'cache-control': 'private, no-store',
} as const;

const WORDS = { 404: 'Not found.\n', 410: 'This link has expired.\n', 503: 'The file cannot be had now. Come again.\n' } as const;

function refusal(status: keyof typeof WORDS, head: boolean): RouteAnswer {
  const headers = { ...SAFETY, 'content-type': 'text/plain; charset=utf-8', ...(status === 503 ? { 'retry-after': '5' } : {}) };
  return head ? { status, headers } : { status, headers, body: WORDS[status] };
}

function fileHeaders(source: MediaSource, name: string): Record<string, string> {
  const mime = normalise(source.mime) ?? '';
  const clean = cleanName(name, undefined, 'file');
  // RFC 6266, with RFC 8187 for what is not ASCII.
  const ascii = clean.replace(/[^ !#$&+\-.^_`{}~A-Za-z0-9]/g, '_');
  const extended = encodeURIComponent(clean).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return {
    'content-type': INERT.test(mime) ? mime : 'application/octet-stream',
    'content-disposition': `attachment; filename="${ascii}"; filename*=UTF-8''${extended}`,
  };
}

/** Undefined: no range, or one that is to be ignored. `end` is exclusive. */
function parseRange(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? 'unsatisfiable' : { start: size - suffix, end: size };
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}
