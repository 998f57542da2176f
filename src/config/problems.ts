import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { CodedError } from '../model/errors.ts';
import { pathKey } from './interpolate.ts';
import type { Interpolated } from './interpolate.ts';
import type { Place, Source } from './source.ts';
import { facts, isSecret, keysOf, schemasAt } from './walk.ts';

/** One mistake in the config file. */
export interface ConfigProblem extends Place {
  /** `homeserver.url`; empty for the file as a whole. */
  readonly path: string;
  /** What was found, what fits, and what was probably meant. */
  readonly message: string;
}

/** Everything wrong with the config file at once. */
export class ConfigError extends CodedError {
  readonly problems: readonly ConfigProblem[];

  constructor(code: string, file: string, problems: readonly ConfigProblem[], fix: string) {
    const lines = problems.map(({ line, column, path, message }) => `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`);
    super(code, lines.join('\n'), fix);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** What a mistake of each kind is told as; a message of the schema's own outranks it. */
export const wording: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_format':
      return `must be ${issue.format === 'regex' ? `of the form ${issue.pattern ?? ''}` : `a valid ${issue.format}`}`;
    default:
      return undefined;
  }
};

const KINDS: Readonly<Record<string, string>> = {
  string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list',
  object: 'a group of keys', record: 'a group of keys',
};

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' || origin === 'set' ? ' entries' : '';
}

/** Turns what zod and the interpolation found into lines for the administrator, in the order of the file. */
export function explain(schema: z.core.$ZodType, source: Source, given: Interpolated, issues: readonly z.core.$ZodIssue[]): ConfigProblem[] {
  const spoilt = new Set(given.problems.map(({ path }) => pathKey(path)));
  const problems = given.problems.map(({ path, message, there }) => make(schema, source, path, message, there));
  for (const { path, issue } of issues.flatMap((one) => leaves(one, []))) {
    if (spoilt.has(pathKey(path))) continue;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        problems.push({ ...source.locate([...path, key], true), path: [...path, key].map(String).join('.'), message: unknownKey(schema, path, key) });
      }
    } else if (issue.code === 'invalid_key') {
      const fits = issue.issues[0]?.message ?? issue.message;
      problems.push({ ...source.locate(path, true), path: path.map(String).join('.'), message: `found ${quote(String(path.at(-1)))}; ${fits}` });
    } else {
      problems.push(make(schema, source, path, value(schema, source, given, path, issue)));
    }
  }
  const unique = new Map(problems.map((one) => [`${one.line}:${one.column}:${one.path}:${one.message}`, one]));
  return [...unique.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

function make(schema: z.core.$ZodType, source: Source, path: readonly PropertyKey[], message: string, there = false): ConfigProblem {
  const hint = there ? undefined : schemasAt(schema, path).map((one) => facts(one).hint).find((one) => one !== undefined);
  return { ...source.locate(path), path: path.map(String).join('.'), message: hint === undefined ? message : `${message} (${hint})` };
}

/** Of alternatives that all failed, the one that came furthest says what is wrong. */
function leaves(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): { path: readonly PropertyKey[]; issue: z.core.$ZodIssue }[] {
  const path = [...above, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return [{ path, issue }];
  const depth = (branch: readonly z.core.$ZodIssue[]): number => Math.max(...branch.map((one) => one.path.length), 0);
  const best = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
  return best === undefined ? [{ path, issue }] : best.flatMap((one) => leaves(one, path));
}

function value(schema: z.core.$ZodType, source: Source, given: Interpolated, path: readonly PropertyKey[], issue: z.core.$ZodIssue): string {
  const found = path.reduce<unknown>((at, key) => (at !== null && typeof at === 'object' ? (at as Record<PropertyKey, unknown>)[key] : undefined), given.value);
  const places = schemasAt(schema, path);
  const hide = given.hidden.has(pathKey(path)) || places.some((one) => isSecret(one, path.at(-1)));
  const guess = issue.code === 'invalid_value' && typeof found === 'string' && !hide ? meant(found, issue.values.map(String)) : '';
  const group = issue.code === 'invalid_type' && ['object', 'record', 'array'].includes(issue.expected);
  const keys = issue.code === 'invalid_type' && issue.expected === 'object' ? [...new Set(places.flatMap(neededKeys))] : [];
  const unquoted = issue.code === 'invalid_type' && issue.expected === 'string' && issue.message === 'must be text' && ['number', 'boolean'].includes(typeof found);
  const more = unquoted ? '; put it between quotes' : keys.length > 0 ? `: ${keys.join(', ')}` : guess;
  return `${describe(found, hide, group, source.written(path))}; ${issue.message}${more}`;
}

/** The keys that a group cannot do without. */
function neededKeys(schema: z.core.$ZodType): string[] {
  return keysOf(schema).filter((key) => schemasAt(schema, [key]).some((one) => !facts(one).optional));
}

/** A text where a group should be may be anything, also a secret that lost its key: it is not quoted. */
function describe(found: unknown, hide: boolean, group: boolean, written: string | undefined): string {
  if (found === undefined) return 'missing';
  if (found === null) return 'found nothing';
  if (Array.isArray(found)) return 'found a list';
  if (typeof found === 'object') return 'found a group of keys';
  if (hide) return 'found a value that is not shown here';
  if (typeof found === 'string') return group ? 'found a text' : `found ${quote(found)}`;
  return `found ${written ?? JSON.stringify(found)}`;
}

/** Without the credentials that an address may hold. */
function quote(text: string): string {
  const safe = text.replaceAll(/\/\/.*@/gs, '//…@').replaceAll(/([?&;][^=&\s]*=)[^&\s]+/g, '$1…');
  return JSON.stringify(safe.length > 60 ? `${safe.slice(0, 60)}…` : safe);
}

/** What is said of a key that is not there, with what was probably meant. */
export function unknownKey(schema: z.core.$ZodType, path: readonly PropertyKey[], key: string): string {
  const known = [...new Set(schemasAt(schema, path).flatMap(keysOf))];
  const guess = meant(key, known);
  return `unknown key${guess === '' && known.length > 0 ? `; must be one of ${known.join(', ')}` : guess}`;
}

/** `. Did you mean "…"?` where something known is near, else nothing. */
export function meant(found: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const best = closest(found.toLowerCase(), known);
  return distance(found.toLowerCase(), best.toLowerCase()) <= Math.max(2, Math.floor(best.length / 3)) ? `. Did you mean ${JSON.stringify(best)}?` : '';
}
