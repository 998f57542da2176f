import { NotThisNetwork } from '../network.ts';

/** A JSON object nobody has checked yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Deeper than any documented webhook by far; the recursive reviver needs a bound. */
const MAX_DEPTH = 64;

/**
 * Parses JSON without losing digits: an integer beyond 2^53 comes out as a string. A key `__proto__` is dropped.
 * @throws NotThisNetwork for bytes that are no UTF-8, no JSON, or nested deeper than 64 levels
 */
export function parseJson(raw: Uint8Array | string): unknown {
  const text = typeof raw === 'string' ? raw : utf8(raw);
  if (tooDeep(text)) throw new NotThisNetwork(`JSON nested at most ${MAX_DEPTH} levels deep was looked for.`);
  try {
    return JSON.parse(text, revive);
  } catch (error) {
    throw new NotThisNetwork(`A JSON body was looked for; this one does not parse${whereOf(error, text)}.`);
  }
}

/** Where it fails, without a word of what stands there. */
function whereOf(error: unknown, text: string): string {
  if (text.trim() === '') return ': there is nothing in it';
  if (!/^\s*[[{"\d]/.test(text)) return ': it begins with something else';
  const said = error instanceof Error ? error.message : '';
  if (/end of JSON|Unterminated/.test(said)) return ': it ends too early';
  const position = Number(/position (\d+)/.exec(said)?.[1] ?? Number.NaN);
  if (Number.isNaN(position)) return '';
  const before = text.slice(0, position);
  return ` at line ${before.split('\n').length}, column ${position - before.lastIndexOf('\n')}`;
}

function utf8(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    throw new NotThisNetwork('A UTF-8 body was looked for.');
  }
}

function revive(key: string, value: unknown, context?: { source?: string }): unknown {
  if (key === '__proto__') return undefined;
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  const lossy = !Number.isFinite(value) || (source !== undefined && /^-?\d+$/.test(source));
  return lossy && source !== undefined ? source : value;
}

function tooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === 0x5c) index++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object with nothing in it where there is none. */
export function fieldsOf(value: unknown, ...path: readonly string[]): Fields {
  const found = at(value, ...path);
  return isFields(found) ? found : {};
}

/** Own properties only: `constructor` in a webhook is a word like any other. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (!isFields(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key];
  }
  return here;
}

/** A text that is not empty, without lone surrogates; a number counts as its digits. */
export function str(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  if (typeof found === 'string') return found === '' ? undefined : found.toWellFormed();
  return typeof found === 'number' || typeof found === 'bigint' ? String(found) : undefined;
}

/** A finite number; digits in a string count. */
export function num(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

export function flag(value: unknown, ...path: readonly string[]): boolean {
  const found = at(value, ...path);
  return found === true || found === 'true';
}

/** The elements of an array; a lone object counts as one element, anything else as none. */
export function list(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  if (Array.isArray(found)) return found;
  return isFields(found) ? [found] : [];
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
};

/** The same object without the keys whose value is undefined. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}

/** Headers of HTTP before a body. */
const HEAD = /^\s*(?:[A-Z]{3,7} \S+ HTTP\/|HTTP\/\d|[\w-]+: [^\r\n]*\r?\n(?:[\w-]+:[^\r\n]*\r?\n)*\r?\n)/;

/** The lines of a capture that holds one document a line, be it of a list that lost its brackets; none where it is a request of HTTP, whose lines are no documents. */
export function linesOf(raw: Uint8Array): readonly string[] {
  const text = Buffer.from(raw).toString('utf8');
  if (HEAD.test(text)) return [];
  return text.split('\n').map((line) => line.trim().replace(/,$/, '')).filter((line) => line !== '');
}
