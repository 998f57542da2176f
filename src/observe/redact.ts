import { types } from 'node:util';

/** What a secret is replaced by. */
const REDACTED = '[redacted]';

/** Keys whose values are never printed, however they are spelt. */
const SECRET_KEY = /authorization|cookie|token|secret|passw|passphrase|credential|api[-_]?key|(?:seal|private|access|signing)[-_]?key|signature/i;
/** Credentials that stand in running text, for instance in an address or a header that somebody else's error quotes. */
const IN_TEXT = /(\b(?:bearer|basic)\s+)[^\s"',;]+|([?&;\s"](?:[a-z_]{0,20}(?:token|secret|signature|password))=)[^&\s"';]+/gi;

const MAX_TEXT = 8192;
const MAX_ITEMS = 100;
const MAX_DEPTH = 6;

export interface Redactor {
  /** Learns a secret that came up while running, for instance a rotated token. */
  add(secret: string): void;
  text(value: string): string;
  /** Plain, JSON-safe, bounded data without secrets: what may be printed of anything. Never throws. */
  value(value: unknown): unknown;
}

/** Replaces every registered secret wherever it stands, also URL-encoded, as base64, hex or JSON; and the values of keys with telling names. */
export function createRedactor(secrets: Iterable<string>): Redactor {
  const forms = new Set<string>();
  let pattern: RegExp | null = null;

  function add(secret: string): void {
    if (secret === '') return;
    for (const form of formsOf(secret)) forms.add(form);
    // The longest first, so that no tail of a long form is left standing behind a short one.
    const sorted = [...forms].sort((a, b) => b.length - a.length);
    pattern = new RegExp(sorted.map((form) => form.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)).join('|'), 'g');
  }

  function text(value: string): string {
    const known = pattern === null ? value : value.replaceAll(pattern, REDACTED);
    const told = known.replaceAll(IN_TEXT, (_, scheme?: string, key?: string) => `${scheme ?? key ?? ''}${REDACTED}`);
    // Cut after redacting: a secret that straddles the cut is gone by then.
    return told.length > MAX_TEXT ? `${told.slice(0, MAX_TEXT)}… (${told.length} characters)` : told;
  }

  function visit(value: unknown, depth: number, above: readonly object[]): unknown {
    switch (typeof value) {
      case 'string': return text(value);
      case 'boolean': case 'undefined': return value;
      case 'number': case 'bigint': {
        const shown = text(String(value));
        return shown === String(value) && typeof value === 'number' && Number.isFinite(value) ? value : shown;
      }
      case 'symbol': return text(String(value));
      case 'function': return '[function]';
      case 'object':
        if (value === null) return null;
        if (above.includes(value)) return '[circular]';
        if (depth >= MAX_DEPTH) return '[deep]';
        return visitObject(value, (child) => visit(child, depth + 1, [...above, value]));
    }
  }

  function visitObject(value: object, inner: (child: unknown) => unknown): unknown {
    if (types.isNativeError(value) || value instanceof Error) return errorFacts(value, inner);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
    if (value instanceof URL || value instanceof RegExp) return text(String(value));
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (Array.isArray(value)) return cutList(value.slice(0, MAX_ITEMS).map(inner), value.length);
    if (value instanceof Set) return inner([...value].slice(0, MAX_ITEMS));
    const entries = value instanceof Map ? [...value].map(([key, item]) => [String(key), item] as const) : Object.entries(value);
    const shown = entries.slice(0, MAX_ITEMS).map(([key, item]) => [
      text(key), SECRET_KEY.test(key) && typeof item !== 'boolean' && item !== null && item !== undefined ? REDACTED : inner(item),
    ]);
    if (entries.length > MAX_ITEMS) shown.push(['…', `${entries.length - MAX_ITEMS} more`]);
    return Object.fromEntries(shown);
  }

  for (const secret of secrets) add(secret);
  return {
    add,
    text,
    value(value) {
      try {
        return visit(value, 0, []);
      } catch {
        // A getter or a proxy that throws must not take the log line with it.
        return '[unreadable]';
      }
    },
  };
}

function cutList(list: unknown[], length: number): unknown[] {
  return length > list.length ? [...list, `${length - list.length} more`] : list;
}

/** Name, message, code, stack, cause: never an error's other properties, where clients keep whole requests. */
function errorFacts(error: Error, inner: (value: unknown) => unknown): Record<string, unknown> {
  const facts: Record<string, unknown> = { name: error.name, message: error.message };
  for (const key of ['code', 'status', 'errcode'] as const) {
    const value: unknown = (error as unknown as Record<string, unknown>)[key];
    if (typeof value === 'string' || typeof value === 'number') facts[key] = value;
  }
  if (typeof error.stack === 'string') facts['stack'] = error.stack;
  if (error.cause !== undefined) facts['cause'] = error.cause;
  if (error instanceof AggregateError) facts['errors'] = error.errors;
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, inner(value)]));
}

/** The ways in which a secret can stand in a text. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const encoded = [percent(secret), new URLSearchParams([['', secret]]).toString().slice(1)];
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    ...encoded,
    ...encoded.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())),
  ];
  // Short texts make encodings so short that they would be found everywhere.
  if (bytes.length >= 8) forms.push(bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...base64Forms(bytes));
  return forms;
}

function percent(secret: string): string {
  return encodeURIComponent(secret.toWellFormed());
}

/**
 * Base64 of the secret by itself and as it looks inside something longer (`user:secret`): a group of three bytes can
 * begin at any of three places, and only the characters that hang on the secret alone are the same everywhere.
 */
function base64Forms(bytes: Buffer): string[] {
  const inside = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return whole.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  const forms = [bytes.toString('base64').replace(/=+$/, ''), ...inside];
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
