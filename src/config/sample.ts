import { stringify } from 'yaml';
import type { z } from 'zod';
import { facts, isSecret } from './walk.ts';

const WIDTH = 100;

const HEADER = `# yaml-language-server: $schema=./config.schema.json
# Drawbridge's settings. Every key is here, with its default or an example; keys behind "# " are optional.
# In any text: \${NAME} is put in from the environment, $\${ is a plain \${, and file:name is the content of a file
# (relative to this one). Keep secrets that way, or this file to yourself (mode 0600).
`;

/** The sample file: every key of the schema with what it means, and its default or an example. Optional ones are off but for those in `on`. */
export function sampleConfig(schema: z.core.$ZodType, on: ReadonlySet<string> = new Set()): string {
  return `${HEADER}\n${children(schema, '', [], on).join('\n')}\n`;
}

function children(schema: z.core.$ZodType, indent: string, path: readonly string[], on: ReadonlySet<string>): string[] {
  const def = facts(schema).core._zod.def;
  if (def.type === 'object') {
    return Object.entries(def.shape).flatMap(([key, child], index) => {
      const gap = path.length === 0 && index > 0 ? [''] : [];
      return [...gap, ...entry(key, child, indent, [...path, key], on)];
    });
  }
  if (def.type === 'record') {
    const name = sampleName(def.keyType);
    return entry(name, def.valueType, indent, [...path, name], on);
  }
  return [];
}

function entry(key: string, schema: z.core.$ZodType, indent: string, path: readonly string[], on: ReadonlySet<string>): string[] {
  const { description, optional, fallback, core } = facts(schema);
  const text = [description, choices(core)].filter((one) => one !== undefined).join(' ');
  const comment = text === '' ? [] : wrap(text, `${indent}# `);
  const nested = children(schema, `${indent}  `, path, on);
  const value = sampleValue(schema, path);
  const yaml = nested.length > 0 && !isFilled(value)
    ? [`${indent}${key}:`, ...nested]
    : stringify({ [key]: value }, { lineWidth: 0 }).trimEnd().split('\n').map((line) => indent + line);
  // The networks themselves stay switched on in the sample, so that every key of theirs can be seen and tried.
  const off = optional && fallback === undefined && !on.has(path.join('.')) && !(path[0] === 'networks' && path.length === 2);
  return [...comment, ...(off ? yaml.map((line) => line.replace(/^(\s*)(?=[^#\s])/, '$1# ')) : yaml)];
}

/** An example that is a whole group stands as it is; an empty default group is spelled out key by key. */
function isFilled(value: unknown): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length > 0;
}

/** What the sample says for a key: its default, else its example, else something of its kind. */
export function sampleValue(schema: z.core.$ZodType, path: readonly string[]): unknown {
  const { fallback, example, core } = facts(schema);
  if (fallback !== undefined && !(isFilled(example) && !isFilled(fallback))) return fallback;
  if (example !== undefined) return example;
  if (isSecret(schema, path.at(-1)) || core._zod.def.type === 'string') return `\${${path.slice(1).join('_').toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}}`;
  const def = core._zod.def;
  switch (def.type) {
    case 'enum': return Object.values(def.entries)[0];
    case 'literal': return def.values[0];
    case 'boolean': return false;
    case 'number': return 0;
    case 'array': return [];
    case 'object': case 'record': return {};
    default: return null;
  }
}

/** The name that stands in the sample for an entry that the administrator names. */
export function sampleName(key: z.core.$ZodType): string {
  const { example } = facts(key);
  return typeof example === 'string' ? example : 'main';
}

function choices(core: z.core.$ZodTypes): string | undefined {
  const def = core._zod.def;
  return def.type === 'enum' ? `(${Object.values(def.entries).join(' | ')})` : undefined;
}

function wrap(text: string, lead: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && lead.length + line.length + 1 + word.length > WIDTH) {
      lines.push(lead + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, lead + line];
}

/** A key that somebody has to fill in. */
export interface Question {
  readonly path: readonly string[];
  readonly description: string;
  readonly secret: boolean;
}

/** The texts below `schema` that have neither a default nor a way around them. */
export function questions(schema: z.core.$ZodType, path: readonly string[]): Question[] {
  const { core, optional, description } = facts(schema);
  if (optional) return [];
  const def = core._zod.def;
  if (def.type === 'object') return Object.entries(def.shape).flatMap(([key, child]) => questions(child, [...path, key]));
  if (def.type === 'record') return questions(def.valueType, [...path, sampleName(def.keyType)]);
  return def.type === 'string' ? [{ path, description: description ?? '', secret: isSecret(schema, path.at(-1)) }] : [];
}
