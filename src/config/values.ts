import { z } from 'zod';

/**
 * The kinds of value that settings are made of, for the daemon's own schema and the networks'.
 * Each says in its message what fits, because that message is what the administrator reads.
 */

const DURATION = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

function quantity(pattern: RegExp, units: Readonly<Record<string, number>>, error: string): z.ZodType<number, string> {
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform((text) => {
      const [, count = '', unit = ''] = pattern.exec(text) ?? [];
      return Number(count) * (units[unit] ?? 1);
    });
}

/** `500ms`, `30s`, `15m`, `24h`, `7d`; comes out as milliseconds. */
export function duration(): z.ZodType<number, string> {
  return quantity(/^(\d{1,9})(ms|s|m|h|d)$/, DURATION, 'must be a duration such as 500ms, 30s, 15m, 24h or 7d');
}

/** `100MB`, `64KiB`; comes out as bytes. */
export function size(): z.ZodType<number, string> {
  return quantity(/^(\d{1,9})(B|[kK]B|MB|GB|KiB|MiB|GiB)$/, SIZE, 'must be a size such as 512KiB, 100MB or 2GB');
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

const LISTEN = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]/@]+):(\d{1,5})$/;

/** `host:port`, IPv6 in brackets; comes out as its two halves, the brackets gone. */
export function listenAddress(): z.ZodType<Address, string> {
  const error = 'must be host:port such as 127.0.0.1:29330, [::1]:29330 or 0.0.0.0:29330, the port at most 65535';
  return z
    .string({ error })
    .regex(LISTEN, { error })
    .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, { error })
    .transform((text) => {
      const colon = text.lastIndexOf(':');
      return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
    });
}

/** An http(s) address of a server, without a trailing slash. No credentials, query or fragment. */
export function webAddress(): z.ZodType<string, string> {
  const error = 'must be an address such as https://bridge.example.org, without user name, "?" or "#"';
  return z
    .string({ error })
    .refine((text) => {
      const url = URL.canParse(text) ? new URL(text) : null;
      return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && !/[?#\s]/.test(text);
    }, { error })
    .transform((text) => text.replace(/\/+$/, ''));
}

const HOST = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?`;

/** A Matrix server name: the part of user ids after the colon (spec, appendices: server name). */
export function serverName(): z.ZodType<string, string> {
  const error = 'must be the server name, the part of Matrix ids after the colon, such as example.org';
  return z.string({ error }).max(230, { error }).regex(new RegExp(`^${HOST}$`), { error });
}

/** `*`, a server name or a user id: whom a permission is for. */
export function audience(): z.ZodType<string, string> {
  const error = 'must be "*" for everybody, a server name such as example.org, or a user id such as @admin:example.org';
  return z.string({ error }).max(255, { error }).regex(new RegExp(`^(?:\\*|${HOST}|@[!-9;-~]+:${HOST})$`), { error });
}

/** 32 random bytes in base64; comes out as the bytes. */
export function key32(): z.ZodType<Uint8Array, string> {
  const error = 'must be 32 random bytes in base64 (44 characters)';
  return z
    .string({ error })
    .regex(/^[A-Za-z0-9+/_-]{43}=?$/, { error })
    .transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
}
