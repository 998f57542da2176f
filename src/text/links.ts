/**
 * Addresses in texts: which may be shown as links, which point at something on Matrix, and where a bare
 * one stands in a line of text.
 */

/** Matrix spec, client-server API, m.room.message: the schemes that `a href` may have. */
const ALLOWED_SCHEME = /^(https?|ftp|mailto|magnet):/i;

/**
 * The address as it may be put in a link, or undefined if its scheme is not one the Matrix spec allows. Browsers ignore
 * white space and control characters inside an address, so `java\tscript:` must not get past the check: they are removed first.
 */
export function safeHref(href: string): string | undefined {
  // eslint-disable-next-line no-control-regex
  const bare = href.toWellFormed().trim().replace(/[\u0000-\u001f\u007f]/g, '').replace(/\s/g, '%20');
  const scheme = ALLOWED_SCHEME.exec(bare)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  const hasHost = scheme !== 'mailto' && scheme !== 'magnet';
  return !hasHost || URL.canParse(bare) ? bare : undefined;
}

/** Matrix spec, appendices, user identifiers: the historical grammar, at most 255 bytes. */
const USER_ID = /^@[\x21-\x39\x3b-\x7e]*:[A-Za-z0-9.\-:[\]]+$/;

/** Whether a string has the form of a Matrix user id. */
export function isUserId(id: string): boolean {
  return id.length <= 255 && USER_ID.test(id);
}

/** The matrix.to address of a user (Matrix spec, appendices, matrix.to navigation). */
export function userLink(userId: string): string {
  return matrixTo(userId);
}

function matrixTo(...identifiers: string[]): string {
  const path = identifiers.map((id) => encodeURIComponent(id).replace(/%40/g, '@').replace(/%3A/g, ':').replace(/%24/g, '$'));
  return `https://matrix.to/#/${path.join('/')}`;
}

/** What a link says about Matrix: a user, or the https address of a room or an event. */
export type MatrixTarget = { readonly user: string } | { readonly href: string };

/**
 * Reads a matrix.to link or a `matrix:` URI (both: Matrix spec, appendices, "URIs"). A user is told as such; a room or event
 * comes back as an https link that opens anywhere. Undefined if it is neither.
 */
export function matrixTarget(href: string): MatrixTarget | undefined {
  const trimmed = href.toWellFormed().trim();
  const legacy = /^https?:\/\/(?:www\.)?matrix\.to\/#\/([^?]*)/i.exec(trimmed);
  if (legacy?.[1] !== undefined) {
    const id = decoded(legacy[1]);
    return id !== undefined && isUserId(id) ? { user: id } : undefined;
  }
  const uri = /^matrix:(?:\/\/[^/]*\/)?([^?#]*)/i.exec(trimmed);
  return uri?.[1] === undefined ? undefined : fromUriPath(uri[1].split('/'));
}

const SIGILS: Readonly<Record<string, string>> = { u: '@', user: '@', r: '#', room: '#', roomid: '!' };

function fromUriPath(parts: readonly string[]): MatrixTarget | undefined {
  const [kind = '', rawId = '', subKind, rawSubId] = parts;
  const sigil = Object.hasOwn(SIGILS, kind) ? SIGILS[kind] : undefined;
  const id = decoded(rawId);
  if (sigil === undefined || id === undefined || id === '') return undefined;
  if (sigil === '@') return isUserId(`@${id}`) && parts.length === 2 ? { user: `@${id}` } : undefined;
  const event = (subKind === 'e' || subKind === 'event') && rawSubId !== undefined ? decoded(rawSubId) : undefined;
  return { href: event === undefined ? matrixTo(sigil + id) : matrixTo(sigil + id, `$${event}`) };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** What follows a link's text where the text alone does not tell the address: ` (address)`, or nothing. */
export function linkSuffix(label: string, href: string): string {
  return bareAddress(label) === bareAddress(href) ? '' : ` (${href})`;
}

function bareAddress(address: string): string {
  return address.trim().replace(/^(?:https?:\/\/|mailto:)/i, '').replace(/\/$/, '');
}

/** A bare address in a line of text: its place (UTF-16 units, end exclusive) and the link it stands for. */
export interface FoundUrl {
  readonly start: number;
  readonly end: number;
  readonly href: string;
}

const START = /https?:\/\/|www\./gi;
/** The host ends at anything that markup is made of, so that what is an address does not depend on the marks written around it. */
const HOST = /[\p{L}\p{N}[][^\s\u200b<>"`*_~/?#]{0,254}(?![^\s\u200b<>"`*_~/?#])(?!_[\p{L}\p{N}])/uy;
const PATH = /[/?#][^\s\u200b<>"`]*/uy;

/**
 * Finds bare http(s) addresses and those that begin with `www.`, in time linear in the text. Punctuation and markup at the end
 * is not part of an address, nor is a closing bracket that has no opening one inside it.
 */
export function findUrls(text: string): FoundUrl[] {
  const found: FoundUrl[] = [];
  for (let start = matchFrom(START, text, 0); start; start = matchFrom(START, text, START.lastIndex)) {
    const begin = start.index;
    const scheme = start[0];
    const host = matchFrom(HOST, text, START.lastIndex)?.[0] ?? '';
    const prefix = scheme.toLowerCase() === 'www.' ? 'https://' : '';
    if (host === '' || safeHref(prefix + scheme + trimmedUrl(host)) === undefined) continue;
    const path = matchFrom(PATH, text, HOST.lastIndex)?.[0] ?? '';
    const url = trimmedUrl(scheme + host + path);
    const href = safeHref(prefix + url);
    if (href === undefined) continue;
    START.lastIndex = begin + url.length;
    found.push({ start: begin, end: START.lastIndex, href });
  }
  return found;
}

function matchFrom(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(text);
}

function trimmedUrl(candidate: string): string {
  let opening = 0;
  let closing = 0;
  for (const char of candidate) {
    if (char === '(') opening += 1;
    else if (char === ')') closing += 1;
  }
  let end = candidate.length;
  for (; end > 0; end -= 1) {
    const last = candidate.charAt(end - 1);
    if (last === ')') {
      if (closing <= opening) break;
      closing -= 1;
    } else if (!'.,;:!?\'*_~]}'.includes(last)) break;
  }
  return candidate.slice(0, end);
}
