import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { RouteAnswer } from '../model/route.ts';

const ERRCODES: Readonly<Record<number, string>> = {
  400: 'M_BAD_JSON', 404: 'M_UNRECOGNIZED', 405: 'M_UNRECOGNIZED', 413: 'M_TOO_LARGE',
};

/** An error as whoever asks reads it: the specification's form on Matrix, `{error}` elsewhere. */
export function errorAnswer(matrix: boolean, status: number, error: string): RouteAnswer {
  return { status, body: matrix ? { errcode: ERRCODES[status] ?? 'M_UNKNOWN', error } : { error } };
}

/** Set unless the route says otherwise: nothing here is a page, a script or fit for a cache. */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
};

/** Writes an answer; bytes that come in pieces are streamed. */
export function write(reply: FastifyReply, answer: RouteAnswer): FastifyReply {
  void reply.code(answer.status).headers({ ...HEADERS, ...lowerCase(answer.headers ?? {}) });
  const { body } = answer;
  if (body === undefined) return reply.send();
  if (typeof body === 'string') return typed(reply, 'text/plain; charset=utf-8').send(body);
  if (body instanceof Uint8Array) return typed(reply, 'application/octet-stream').send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  if (Symbol.asyncIterator in body) return typed(reply, 'application/octet-stream').send(Readable.from(body, { objectMode: false }));
  return typed(reply, 'application/json').send(JSON.stringify(body));
}

function typed(reply: FastifyReply, type: string): FastifyReply {
  return reply.hasHeader('content-type') ? reply : reply.header('content-type', type);
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
