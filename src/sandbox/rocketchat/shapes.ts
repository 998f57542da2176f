import { Refused } from './state.ts';

/** What an endpoint takes; a question mark: may be missing. Anything else is refused. */
export type Shape = Readonly<Record<string, 'string' | 'string?' | 'boolean?' | 'object' | 'object?' | 'array?' | 'form'>>;

function check(given: Readonly<Record<string, unknown>>, shape: Shape): void {
  for (const key of Object.keys(given)) if (!Object.hasOwn(shape, key)) throw new Refused('error-invalid-params', `must NOT have additional properties (${key})`);
  for (const [key, rule] of Object.entries(shape)) {
    const value = given[key];
    if (value === undefined || value === null) {
      if (!rule.endsWith('?')) throw new Refused('error-invalid-params', `must have required property '${key}'`);
      continue;
    }
    const kind = rule.replace('?', '');
    const fits = kind === 'array' ? Array.isArray(value) : kind === 'object' ? typeof value === 'object' && !Array.isArray(value) : typeof value === kind;
    if (!fits) throw new Refused('error-invalid-params', `${key} must be ${kind}`);
    if (rule === 'string' && value === '') throw new Refused('error-invalid-params', `${key} must NOT have fewer than 1 characters`);
  }
}

export function query(given: unknown, shape: Shape): Readonly<Record<string, string>> {
  const found = given as Record<string, string>;
  check(found, shape);
  return found;
}

export function body(given: unknown, shape: Shape): Readonly<Record<string, unknown>> {
  if (shape['*'] === 'form') return {};
  let found: unknown;
  try {
    found = JSON.parse(String(given));
  } catch {
    throw new Refused('error-invalid-params', 'The body is no JSON');
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new Refused('error-invalid-params', 'must be object');
  check(found as Record<string, unknown>, shape);
  return found as Record<string, unknown>;
}

/** What is no text or number is nothing. */
export function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export function field(from: Readonly<Record<string, unknown>>, key: string): string {
  return text(from[key]);
}

/** `{success: false, error, errorType, details}` */
export function refused(error: Refused): object {
  if (error.code === '' || error.code === 'error') return { success: false, ...(error.message === '' ? {} : { error: error.message }) };
  return { success: false, error: `${error.message} [${error.code}]`, errorType: error.code, ...(error.details ? { details: error.details } : {}) };
}

interface Form {
  readonly fields: Readonly<Record<string, string>>;
  readonly file: { readonly name: string; readonly type: string; readonly bytes: Buffer };
}

/** A `multipart/form-data` body with one part `file` (RFC 7578). */
export function formOf(contentType: string, raw: Buffer): Form {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (!contentType.startsWith('multipart/form-data') || boundary === undefined || !Buffer.isBuffer(raw)) throw new Refused('invalid-field', 'A multipart form was looked for');
  const fields: Record<string, string> = {};
  let file: Form['file'] | undefined;
  const mark = Buffer.from(`--${boundary}`);
  for (let at = raw.indexOf(mark); at !== -1;) {
    const next = raw.indexOf(mark, at + mark.length);
    if (next === -1) break;
    const part = raw.subarray(at + mark.length + 2, next - 2);
    const split = part.indexOf('\r\n\r\n');
    const head = part.subarray(0, split).toString('utf8');
    const content = part.subarray(split + 4);
    const name = /name="([^"]*)"/.exec(head)?.[1] ?? '';
    const filename = /filename="([^"]*)"/.exec(head)?.[1];
    if (filename === undefined) fields[name] = content.toString('utf8');
    else if (name === 'file') file = { name: filename.replaceAll('%22', '"'), type: /content-type:\s*([^\r\n]+)/i.exec(head)?.[1] ?? 'application/octet-stream', bytes: Buffer.from(content) };
    else throw new Refused('invalid-field', 'Only the field "file" may hold a file');
    at = next;
  }
  if (file === undefined) throw new Refused('invalid-field', 'No file uploaded');
  return { fields, file };
}
