import type { FastifyRequest } from 'fastify';
import { bad, BotError } from './errors.ts';

export interface Upload {
  readonly name: string;
  readonly mime: string;
  readonly bytes: Buffer;
}

export interface Given {
  /** As they came: texts from a query or a form, values of JSON. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly files: ReadonlyMap<string, Upload>;
}

/**
 * Parameters of a call: query string, `application/x-www-form-urlencoded`, `application/json` or `multipart/form-data`
 * (core.telegram.org/bots/api#making-requests).
 */
export function parse(request: FastifyRequest): Given {
  const values: Record<string, unknown> = { ...(request.query as Record<string, unknown>) };
  const files = new Map<string, Upload>();
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const type = request.headers['content-type'] ?? '';
  if (body.length === 0) return { values, files };
  if (/^application\/json\b/i.test(type)) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(body.toString('utf8'));
    } catch {
      throw bad("can't parse JSON object");
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw bad("can't parse JSON object");
    Object.assign(values, parsed);
  } else if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
    Object.assign(values, Object.fromEntries(new URLSearchParams(body.toString('utf8'))));
  } else if (/^multipart\/form-data\b/i.test(type)) {
    const boundary = /boundary=(?:"([^"]+)"|([^;]+))/i.exec(type);
    multipart(body, boundary?.[1] ?? boundary?.[2] ?? '', values, files);
  } else {
    throw new BotError(400, 'Bad Request: unsupported content type');
  }
  return { values, files };
}

function multipart(body: Buffer, boundary: string, values: Record<string, unknown>, files: Map<string, Upload>): void {
  if (boundary === '') throw bad('boundary not found');
  const mark = Buffer.from(`--${boundary}`);
  let at = body.indexOf(mark);
  if (at === -1) throw bad('boundary not found');
  for (;;) {
    at += mark.length;
    if (body.subarray(at, at + 2).toString() === '--') return;
    const headEnd = body.indexOf('\r\n\r\n', at);
    const next = body.indexOf(Buffer.concat([Buffer.from('\r\n'), mark]), headEnd);
    if (headEnd === -1 || next === -1) throw bad('unexpected end of the form');
    const head = body.subarray(at, headEnd).toString('utf8');
    const content = body.subarray(headEnd + 4, next);
    const name = /content-disposition:[^\r\n]*?\bname="([^"]*)"/i.exec(head)?.[1];
    const filename = /content-disposition:[^\r\n]*?\bfilename="([^"]*)"/i.exec(head)?.[1];
    if (name === undefined) throw bad('a part of the form has no name');
    if (filename === undefined) values[name] = content.toString('utf8');
    else files.set(name, { name: filename, mime: /content-type:\s*([^\r\n;]+)/i.exec(head)?.[1] ?? 'application/octet-stream', bytes: Buffer.from(content) });
    at = next + 2;
  }
}
