import { readFileSync } from 'node:fs';
import { isMap } from 'yaml';
import type { Document } from 'yaml';
import { fitValue } from '../config/edit.ts';
import { errorCode } from '../config/error-code.ts';
import { questions } from '../config/sample.ts';
import type { Question } from '../config/sample.ts';
import { configSchema } from '../config/schema.ts';
import type { NetworkSettings } from '../config/schema.ts';
import { parseSource } from '../config/source.ts';
import { schemasAt } from '../config/walk.ts';
import { CodedError } from '../model/errors.ts';

type Path = readonly string[];

/** The config as it stands before `init`: what it says already, and whether an answer would fit. */
export interface Draft {
  /** There is no config yet. */
  readonly isNew: boolean;
  has(path: Path): boolean;
  /** The text at a key; undefined where there is none. */
  text(path: Path): string | undefined;
  /** Why an answer does not fit its key. */
  problem(path: Path, answer: string): string | undefined;
  /** What one app of a network has to be told, where its entry in the config is `main`. */
  questions(network: string): readonly Question[];
  /** Whether there is such a key. */
  takes(path: Path): boolean;
}

/** @throws CodedError DB-1001 (no YAML), DB-1002 (cannot be read) */
export function readDraft(path: string, networks: readonly NetworkSettings[]): Draft {
  const document = readDocument(path);
  const schema = configSchema(networks);
  return {
    isNew: document === null,
    has: (key) => document?.hasIn(key) ?? false,
    text(key) {
      const found: unknown = document?.getIn(key);
      return typeof found === 'string' ? found : undefined;
    },
    problem(key, answer) {
      const one = fitValue(schema, key, answer);
      return one.ok ? undefined : one.problem;
    },
    questions(network) {
      const app = schemasAt(schema, ['networks', network, 'main'])[0];
      return app === undefined ? [] : questions(app, ['networks', network, 'main']);
    },
    takes: (key) => schemasAt(schema, key).length > 0,
  };
}

/** Null where there is no file, or an empty one. */
export function readDocument(path: string): Document | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new CodedError('DB-1002', `The config file ${path} cannot be read (${errorCode(error)}).`, 'Check its owner, or name another with --config.', { cause: error });
  }
  if (text.trim() === '') return null;
  const { document, errors } = parseSource(text);
  const fix = 'Correct the file, or name another with --config.';
  const wrong = errors[0];
  if (wrong !== undefined) throw new CodedError('DB-1001', `${path}:${wrong.place.line}:${wrong.place.column}: ${wrong.message}`, fix);
  if (document.contents !== null && !isMap(document.contents)) throw new CodedError('DB-1001', `${path}:1:1: must be a group of keys, such as \`homeserver:\``, fix);
  return document;
}
