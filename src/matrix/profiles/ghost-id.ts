import { createHash } from 'node:crypto';
import type { UserId } from '../../model/ids.ts';

/** Where ghosts live. */
export interface GhostNamespace {
  /** Of the localpart, as in the registration: `_drawbridge_`. */
  readonly prefix: string;
  readonly serverName: string;
}

/** Who a ghost stands for. */
export interface GhostKey {
  /** `[a-z][a-z0-9]*` */
  readonly network: string;
  /** What makes the id unique on the network, or empty. */
  readonly scope: string;
  readonly id: string;
}

/** Of a whole Matrix id, sigil and server name included (appendices, "User identifiers"). Bytes. */
const MAX_MXID = 255;
const SCOPE_END = '=.';
const HASH_MARK = '==';
const HASH_LENGTH = 32;

/**
 * The localpart of a ghost: `<prefix><network>_<scope>=.<id>`, or without the scope's part where there is none. Written by the
 * appendices' "Mapping from other character sets": capitals become `_a`, `_` becomes `__`, every other byte `=hh`; the
 * slash too, since proxies mistreat it in paths. An escape is never followed by the marks used here, so it reads back.
 *
 * What would make an id of more than 255 bytes, or is no valid Unicode, ends in `==` and 128 bits of SHA-256 of the
 * whole key instead; who that is only the store knows.
 */
export function ghostLocalpart(namespace: GhostNamespace, key: GhostKey): string {
  const head = `${namespace.prefix}${key.network}_`;
  const scope = key.scope === '' ? '' : `${escape(key.scope)}${SCOPE_END}`;
  const whole = `${head}${scope}${escape(key.id)}`;
  const room = MAX_MXID - 2 - Buffer.byteLength(namespace.serverName);
  const readable = key.id.isWellFormed() && key.scope.isWellFormed();
  if (whole.length <= room && readable) return whole;
  const hash = createHash('sha256').update(Buffer.from(JSON.stringify([key.network, key.scope, key.id])));
  return `${whole.slice(0, room - HASH_MARK.length - HASH_LENGTH)}${HASH_MARK}${hash.digest('hex').slice(0, HASH_LENGTH)}`;
}

/** The ghost's user id. */
export function ghostUserId(namespace: GhostNamespace, key: GhostKey): UserId {
  return `@${ghostLocalpart(namespace, key)}:${namespace.serverName}` as UserId;
}

/**
 * Reads a user id back. Null where it is none that `ghostLocalpart` writes; `'hashed'` where it is one of ours whose key
 * only the store knows.
 */
export function parseGhost(namespace: GhostNamespace, userId: string): GhostKey | 'hashed' | null {
  const start = `@${namespace.prefix}`;
  const end = `:${namespace.serverName}`;
  if (!userId.startsWith(start) || !userId.endsWith(end)) return null;
  const found = /^([a-z][a-z0-9]*)_(.+)$/.exec(userId.slice(start.length, -end.length));
  if (found === null) return null;
  const [, network, rest] = found as unknown as [string, string, string];
  const mark = rest.lastIndexOf(HASH_MARK);
  if (mark >= 0) return /^[0-9a-f]{32}$/.test(rest.slice(mark + HASH_MARK.length)) ? 'hashed' : null;
  const cut = rest.indexOf(SCOPE_END);
  const scope = cut < 0 ? '' : unescape(rest.slice(0, cut));
  const id = unescape(cut < 0 ? rest : rest.slice(cut + SCOPE_END.length));
  if (scope === null || id === null || id === '' || (cut >= 0 && scope === '')) return null;
  return { network, scope, id };
}

function escape(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte);
    if (/[a-z0-9.+-]/.test(char)) out += char;
    else if (/[A-Z_]/.test(char)) out += `_${char.toLowerCase()}`;
    else out += `=${byte.toString(16).padStart(2, '0')}`;
  }
  return out;
}

/** Null for what `escape` never writes, so that no two user ids mean one person. */
function unescape(text: string): string | null {
  const bytes: number[] = [];
  const unit = /([a-z0-9.+-])|_([a-z_])|=([0-9a-f]{2})/gy;
  while (unit.lastIndex < text.length) {
    const found = unit.exec(text);
    if (found === null) return null;
    const [, plain, capital, hex] = found;
    bytes.push(hex !== undefined ? Number.parseInt(hex, 16) : (plain ?? capital!.toUpperCase()).charCodeAt(0));
  }
  const read = Buffer.from(bytes).toString('utf8');
  return escape(read) === text ? read : null;
}
