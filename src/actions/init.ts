import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isMap, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { fitValue } from '../config/edit.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problems.ts';
import { sampleConfig } from '../config/sample.ts';
import { configSchema } from '../config/schema.ts';
import type { NetworkSettings } from '../config/schema.ts';
import { CodedError } from '../model/errors.ts';
import { readDocument } from './draft.ts';
import { createPrivate, makePrivate, writePrivate } from './private-file.ts';

/** One value as the administrator typed it, for a key of the config. */
export interface Edit {
  readonly path: readonly string[];
  readonly value: string | readonly string[];
  /** What to call it when it does not fit: a flag, or the key itself. */
  readonly from?: string;
}

export interface InitRequest {
  /** Where the config is, or will be. */
  readonly path: string;
  /** Every network there is. */
  readonly networks: readonly NetworkSettings[];
  /** The JSON Schema of the config, which the file points editors to. */
  readonly schemaFile: string;
  /** Networks to add where the file has none of them yet. */
  readonly added: readonly string[];
  readonly edits: readonly Edit[];
}

export interface Initialised {
  readonly path: string;
  readonly outcome: 'created' | 'updated' | 'unchanged';
  /** Keys that changed. */
  readonly changed: readonly string[];
  /** The file of the seal key, where one was made. */
  readonly sealKey?: string;
}

/**
 * Writes the config (mode 0600), and the seal key's file where that is missing. A new config is the sample, comments
 * and all, with what was given; in an existing one only what differs is touched.
 * @throws CodedError DB-1006 where a value does not fit its key, DB-2004 where a database is there whose key is not:
 * nothing is written then
 */
export function init(given: InitRequest): Initialised {
  const request = { ...given, schema: configSchema(given.networks) };
  const path = resolve(request.path);
  const edits = fitted(request);
  const existing = readDocument(path);
  const document = existing ?? fresh(request);
  const changed = [
    ...(existing === null ? [] : addNetworks(document, request)),
    ...edits.filter((edit) => apply(document, edit)).map(({ path: key }) => key.join('.')),
  ];
  const sealKey = makeSealKey(document, path);
  if (existing === null || changed.length > 0) writePrivate(path, document.toString({ lineWidth: 0 }));
  else makePrivate(path);
  const outcome = existing === null ? 'created' : changed.length > 0 ? 'updated' : 'unchanged';
  return { path, outcome, changed, ...(sealKey === null ? {} : { sealKey }) };
}

interface Request extends InitRequest {
  readonly schema: z.core.$ZodType;
}

/** What the config still lacks before the bridge can start, a line each; null where it is complete. */
export function stillToDo(path: string, networks: readonly NetworkSettings[], env: Readonly<Record<string, string | undefined>>): string | null {
  try {
    loadConfig(path, networks, env, { save: false });
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

function fitted({ schema, edits }: Request): { readonly path: readonly string[]; readonly value: unknown }[] {
  const wrong: string[] = [];
  const fits = edits.map(({ path, value, from }) => {
    if (typeof value !== 'string') return { path, value };
    const one = fitValue(schema, path, value);
    if (one.ok) return { path, value: one.value };
    wrong.push(`${from ?? path.join('.')}: ${one.problem}`);
    return { path, value };
  });
  if (wrong.length > 0) throw new CodedError('DB-1006', wrong.join('\n'), 'Give other values; docs/config.md describes every key.');
  return fits;
}

function fresh({ schema, schemaFile, added, edits }: Request): Document {
  const sampleText = sampleConfig(schema, new Set(edits.map(({ path }) => path.join('.'))));
  const document = parseDocument(sampleText.replace('$schema=./config.schema.json', () => `$schema=${schemaFile}`));
  const sample = document.get('networks');
  if (isMap(sample)) {
    for (const { key } of [...sample.items]) if (!added.includes(String(key))) sample.delete(key);
    // An empty map of several lines has no valid notation.
    if (sample.items.length === 0) sample.flow = true;
  }
  // The sample's permissions are examples: nobody is let in whom the administrator did not name.
  const permissions = document.get('permissions');
  if (isMap(permissions)) for (const { key } of [...permissions.items]) permissions.delete(key);
  if (isMap(permissions)) permissions.flow = edits.every(({ path }) => path[0] !== 'permissions');
  return document;
}

function addNetworks(document: Document, { schema, added }: Request): string[] {
  const missing = added.filter((id) => !document.hasIn(['networks', id]));
  if (missing.length === 0) return [];
  const sample = parseDocument(sampleConfig(schema));
  const target = document.get('networks');
  if (!isMap(target)) document.set('networks', document.createNode({}));
  else target.flow = false;
  for (const id of missing) document.setIn(['networks', id], sample.getIn(['networks', id], true));
  return missing.map((id) => `networks.${id}`);
}

/** False where the document said so already. */
function apply(document: Document, { path, value }: { readonly path: readonly string[]; readonly value: unknown }): boolean {
  const parent = path.slice(0, -1);
  const found: unknown = document.getIn(path);
  const plain: unknown = found !== null && typeof found === 'object' && 'toJSON' in found && typeof found.toJSON === 'function' ? found.toJSON() : found;
  if (isDeepStrictEqual(plain, value)) return false;
  if (parent.length > 0 && document.getIn(parent) === null) document.deleteIn(parent);
  try {
    document.setIn(path, typeof value === 'object' && value !== null ? document.createNode(value) : value);
  } catch (error) {
    throw new CodedError('DB-1001', `${path.join('.')} cannot be set: what the config says above it is no group of keys.`, 'Correct the file; docs/config.md describes every key.', { cause: error });
  }
  return true;
}

function makeSealKey(document: Document, config: string): string | null {
  const reference = document.get('seal_key');
  if (typeof reference !== 'string' || !reference.startsWith('file:')) return null;
  const file = resolve(dirname(config), reference.slice('file:'.length).trim());
  if (existsSync(file)) return null;
  const named: unknown = document.get('database');
  const database = resolve(dirname(config), (typeof named === 'string' ? named : 'drawbridge.db').replace(/^sqlite:(\/\/)?/, ''));
  if (existsSync(database)) {
    throw new CodedError('DB-2004', `The seal key ${file} is not there, but the database ${database}, which was made with it, is.`,
      'Put the key back from its backup; or move the database away to begin anew.');
  }
  createPrivate(file, `${randomBytes(32).toString('base64')}\n`);
  return file;
}
