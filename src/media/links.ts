import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import { cleanName } from './names.ts';
import { isSpoolId } from './spool.ts';

/** What a link leads to: the id of a spool entry, or an mxc URI. */
export type LinkTarget = string;

export interface LinkParams {
  readonly id: string;
  readonly expiry: string;
  readonly mac: string;
  readonly name: string;
}

export type LinkVerdict =
  | { readonly ok: true; readonly target: LinkTarget; readonly name: string; readonly of?: string }
  /** 404: not ours, whatever is wrong with it; 410: it was, and is over. */
  | { readonly ok: false; readonly status: 404 | 410 };

export interface Links {
  /**
   * `<publicUrl>/media/<id>/<expiry>/<mac>/<name>`: needs no credentials and expires.
   * @param of the key of what it was made for, by which it can be ended before its time: base64url
   * @throws RangeError where the target is neither a spool id nor an mxc URI
   */
  make(target: LinkTarget, name: string, ttlSeconds: number, of?: string): string;
  /** `params` are decoded path segments, from anybody. Never throws. */
  verify(params: LinkParams): LinkVerdict;
}

export interface LinkOptions {
  /** 32 bytes, used for nothing else. */
  readonly key: Buffer;
  /** With or without a path and a slash at its end. */
  readonly publicUrl: string;
  readonly clock: Clock;
}

/** Matrix specification, "Matrix Content (mxc://) URIs": a server name and an opaque media id. */
const MXC = /^mxc:\/\/([A-Za-z0-9.:[\]-]{1,230})\/([A-Za-z0-9_-]{1,255})$/;
const ENCODED = /^(m\.[A-Za-z0-9_-]{1,680}|[0-9a-f]{32})(?:\.([A-Za-z0-9_-]{1,64}))?$/;
const EXPIRY = /^[1-9][0-9]{0,11}$/;

/**
 * Signs and checks public links. The signature covers the target, the expiry as it stands in the link, and the name, so
 * that a link stays good until it expires and nobody can lend our address to a file name of their own.
 */
export function createLinks(options: LinkOptions): Links {
  const base = options.publicUrl.replace(/\/+$/, '');
  const sign = (id: string, expiry: string, name: string): Buffer =>
    Buffer.from(createHmac('sha256', options.key).update(JSON.stringify(['media-link', id, expiry, name])).digest('base64url'));

  return {
    make(target, name, ttlSeconds, of) {
      const id = of === undefined ? encodeTarget(target) : `${encodeTarget(target)}.${of}`;
      const expiry = String(Math.ceil(options.clock.now() / 1000 + ttlSeconds));
      const clean = cleanName(name, undefined, 'file');
      return `${base}/media/${id}/${expiry}/${sign(id, expiry, clean).toString()}/${encodeURIComponent(clean)}`;
    },
    verify({ id, expiry, mac, name }) {
      const [, encoded = '', of] = ENCODED.exec(id) ?? [];
      const target = decodeTarget(encoded);
      if (target === undefined || !EXPIRY.test(expiry)) return { ok: false, status: 404 };
      const wanted = sign(id, expiry, name);
      const given = Buffer.from(mac);
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return { ok: false, status: 404 };
      if (options.clock.now() >= Number(expiry) * 1000) return { ok: false, status: 410 };
      return { ok: true, target, name, ...(of === undefined ? {} : { of }) };
    },
  };
}

function encodeTarget(target: LinkTarget): string {
  if (isSpoolId(target)) return target;
  if (MXC.test(target)) return `m.${Buffer.from(target.slice('mxc://'.length)).toString('base64url')}`;
  throw new RangeError('a public link leads to a spool entry or an mxc URI');
}

function decodeTarget(id: string): LinkTarget | undefined {
  if (isSpoolId(id)) return id;
  const target = `mxc://${Buffer.from(id.slice(2), 'base64url').toString()}`;
  return MXC.test(target) ? target : undefined;
}
