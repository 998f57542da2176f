import { gunzipSync } from 'node:zlib';

/** Wrappings within wrappings: a log of what a gateway handed on, packed. */
const DEEPEST = 4;
const MOST_BODIES = 10_000;
/** Where gateways and tools keep the body of the request that they show. */
const BODY_KEYS = ['body', 'rawBody', 'body_params', 'payload'] as const;

/**
 * The bodies in what a tool kept of a request rather than the body itself: packed with gzip, in UTF-16, with the lines of
 * HTTP before it, as JSON beside other facts of the request (`{headers, body}`, its body as text or base64 too), or several,
 * one a line, in a list or one after another. Empty where it is none of these. Never throws.
 * @param most bytes that one body may have
 */
export function bodiesIn(raw: Uint8Array, most: number, depth = 0): readonly Uint8Array[] {
  if (depth >= DEEPEST || raw.byteLength === 0) return [];
  const inner = unpacked(raw, most) ?? withoutBom(raw) ?? afterHeaders(raw) ?? fromJson(raw) ?? lines(raw) ?? documents(raw);
  return inner.slice(0, MOST_BODIES).flatMap((each) => {
    const further = bodiesIn(each, most, depth + 1);
    return further.length > 0 ? further : [each];
  });
}

function unpacked(raw: Uint8Array, most: number): readonly Uint8Array[] | undefined {
  if (raw[0] !== 0x1f || raw[1] !== 0x8b) return undefined;
  try {
    return [gunzipSync(raw, { maxOutputLength: most })];
  } catch {
    return [];
  }
}

/** As shells of Windows write what a program prints. */
function withoutBom(raw: Uint8Array): readonly Uint8Array[] | undefined {
  const encoding = raw[0] === 0xff && raw[1] === 0xfe ? 'utf-16le' : raw[0] === 0xfe && raw[1] === 0xff ? 'utf-16be' : undefined;
  return encoding === undefined ? undefined : [Buffer.from(new TextDecoder(encoding).decode(raw))];
}

/** A request or status line, or a header, then more headers; looked at as bytes, since a packed body may follow. */
const HEAD = /^\s*(?:[A-Z]{3,7} \S+(?: HTTP\/[\d.]+)?|HTTP\/[\d.]+ [^\r\n]*|[\w-]+: [^\r\n]*)(?:\r?\n[\w-]+:[^\r\n]*)*\r?\n\r?\n/;

function afterHeaders(raw: Uint8Array): readonly Uint8Array[] | undefined {
  const head = HEAD.exec(Buffer.from(raw.subarray(0, 65_536)).toString('latin1'));
  return head === null ? undefined : [raw.subarray(head[0].length)];
}

function fromJson(raw: Uint8Array): readonly Uint8Array[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(raw).toString('utf8'), exactly);
  } catch {
    return undefined;
  }
  if (typeof value === 'string') return [Buffer.from(value)];
  if (Array.isArray(value)) return value.map((each) => bodyOf(each) ?? Buffer.from(JSON.stringify(each)));
  return [bodyOf(value)].filter((each) => each !== undefined);
}

function bodyOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const facts = value as Readonly<Record<string, unknown>>;
  const key = BODY_KEYS.find((name) => Object.hasOwn(facts, name) && facts[name] !== null);
  const body = key === undefined ? undefined : facts[key];
  if (typeof body === 'string') return Buffer.from(body, facts['isBase64Encoded'] === true ? 'base64' : 'utf8');
  return typeof body === 'object' ? Buffer.from(JSON.stringify(body)) : undefined;
}

/** Keeps the digits of a number that JavaScript would round. */
function exactly(_: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

function lines(raw: Uint8Array): readonly Uint8Array[] | undefined {
  const found = Buffer.from(raw).toString('utf8').split(/\r?\n/).filter((line) => line.trim() !== '');
  return found.length > 1 && found.every((line) => /^\s*[[{]/.test(line)) ? found.map((line) => Buffer.from(line)) : undefined;
}

/** As tools print several that they indent; the last may have been cut off. */
function documents(raw: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(raw).toString('utf8');
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length && found.length < MOST_BODIES; at += 1) {
    const char = text[at] ?? '';
    if (quoted) {
      if (char === '\\') at += 1;
      else quoted = char !== '"';
    } else if (char === '{' || char === '[') {
      if (depth === 0) from = at;
      depth += 1;
    } else if (depth === 0) {
      if (char.trim() !== '' && char !== ',') return [];
    } else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) found.push(text.slice(from, at + 1));
    } else quoted = char === '"';
  }
  if (depth > 0) found.push(text.slice(from));
  return found.length > 1 ? found.map((each) => Buffer.from(each)) : [];
}
