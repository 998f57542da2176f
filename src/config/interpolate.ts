import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode } from './error-code.ts';

export interface ValueProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** What is asked for is there and only cannot be used: nobody should be told to make another. */
  readonly there: boolean;
}

export interface Interpolated {
  readonly value: unknown;
  readonly problems: readonly ValueProblem[];
  /** Paths (joined by NUL) whose text came from the environment or a file: it is never quoted in a message. */
  readonly hidden: ReadonlySet<string>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const MAX_FILE = 65_536;
/** Deeper than any setting; an alias that holds itself goes on for ever. */
const MAX_DEPTH = 32;

export function pathKey(path: readonly PropertyKey[]): string {
  return path.map(String).join('\0');
}

/**
 * Puts in what texts refer to: `${NAME}` anywhere in a text is the environment's, `$${` stands for `${`, and a text
 * that begins with `file:` is the trimmed content of that file, relative to the config file. What was put in is not
 * looked at again, so that a value from outside can name no further file.
 * @param typed makes of a text that is nothing but one `${NAME}` what its key takes: the environment has only texts
 */
export function interpolate(raw: unknown, configFile: string, env: Environment, typed: (path: readonly PropertyKey[], text: string) => unknown = (_path, text) => text): Interpolated {
  const problems: ValueProblem[] = [];
  const hidden = new Set<string>();

  function text(value: string, path: readonly PropertyKey[]): string {
    const fail = (message: string, there = false): string => {
      problems.push({ path, message, there });
      return value;
    };
    if (value.startsWith('file:')) {
      hidden.add(pathKey(path));
      const file = resolve(dirname(configFile), value.slice('file:'.length).trim());
      const read = readSmall(file);
      return read.ok ? read.text : fail(read.problem, read.there);
    }
    return value.replace(/\$\$\{|\$\{([^}]*)\}/g, (whole, name: string | undefined) => {
      if (name === undefined) return '${';
      hidden.add(pathKey(path));
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return fail(`found ${whole}; must be the name of an environment variable, or $\${ for a plain \${`);
      const found = env[name];
      return found === undefined || found === '' ? fail(`the environment variable ${name} is not set`) : found;
    });
  }

  function visit(value: unknown, path: readonly PropertyKey[]): unknown {
    if (typeof value === 'string') return /^\$\{[^}]*\}$/.test(value) ? typed(path, text(value, path)) : text(value, path);
    if (path.length > MAX_DEPTH) {
      problems.push({ path, message: 'nested too deeply, or an alias that holds itself', there: false });
      return null;
    }
    if (Array.isArray(value)) return value.map((item: unknown, index) => visit(item, [...path, index]));
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
    }
    return value;
  }

  return { value: visit(raw, []), problems, hidden };
}

type Read = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string; readonly there: boolean };

function readSmall(file: string): Read {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE) return { ok: false, problem: `the file ${file} is larger than ${MAX_FILE} bytes`, there: true };
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? { ok: false, problem: `the file ${file} is empty`, there: false } : { ok: true, text };
  } catch (error) {
    const code = errorCode(error);
    const there = code !== 'ENOENT';
    return { ok: false, there, problem: `cannot read ${file} (${code}); ${there ? 'the user that runs this must have the right to' : 'must be a readable file'}` };
  }
}
