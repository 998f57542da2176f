import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorCode } from '../../config/error-code.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A listener for the time of a check; null where the address is taken, most likely by the running daemon. */
export interface Stand extends AsyncDisposable {
  /** The port that was got, which the system chooses where the config says 0. */
  readonly port: number;
}

/**
 * Stands in for the daemon at `address`. It answers only what `answer` knows; the homeserver's transactions get a 503,
 * so that it keeps them for the daemon.
 * @throws Error where the address cannot be had for another reason than being taken
 */
export async function standIn(address: Address, answer: (method: string, path: string, authorization: string) => { readonly status: number; readonly body: string } | null): Promise<Stand | null> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { status, body } = answer(request.method ?? '', path, request.headers.authorization ?? '')
      ?? { status: 503, body: '{"errcode":"M_UNKNOWN","error":"The bridge is not running"}' };
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address.port, address.host, resolve);
    });
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return null;
    throw error;
  }
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The answer to the homeserver's ping (application service API, `POST /_matrix/app/v1/ping`), and a page only we know of. */
export function answers(hsToken: string, page: string): Parameters<typeof standIn>[1] {
  return (method, path, authorization) => {
    if (method === 'GET' && path.endsWith(`/${page}`)) return { status: 200, body: page };
    if (method !== 'POST' || path !== '/_matrix/app/v1/ping') return null;
    return same(authorization, `Bearer ${hsToken}`) ? { status: 200, body: '{}' } : { status: 403, body: '{"errcode":"M_FORBIDDEN","error":"Bad token"}' };
  };
}

function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
