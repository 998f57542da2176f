import { readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { errorCode } from './error-code.ts';
import { parseSource } from './source.ts';
import { CodedError } from '../model/errors.ts';

/** The registration as it stands in its file: what the homeserver was told. */
export interface RegistrationFile {
  /** Absolute. */
  readonly path: string;
  readonly id: string;
  readonly asToken: string;
  readonly hsToken: string;
  /** Every key of the file, unknown ones too. */
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Where the second registration is, by which the bridge acts for people of its homeserver: beside the first, and named after it.
 * Their namespace is everybody's, so it has no address: the homeserver would hand over every event of theirs.
 */
export function puppetRegistrationPath(path: string): string {
  const extension = extname(path);
  return join(dirname(path), `${basename(path, extension)}-doublepuppet${extension}`);
}

const FIX = 'Correct or remove the file, then run `drawbridge register` and give the homeserver what it wrote.';

/**
 * Reads the registration file; null where there is none.
 * @throws CodedError DB-1005 where it is no registration (application service API, registration)
 */
export function readRegistration(path: string): RegistrationFile | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return null;
    throw new CodedError('DB-1005', `The registration file ${path} cannot be read (${code}).`, 'Give the user that runs the bridge the right to read it.', { cause: error });
  }
  const { document, errors } = parseSource(text);
  const wrong = errors[0];
  if (wrong !== undefined) throw new CodedError('DB-1005', `The registration file ${path} is no YAML: line ${wrong.place.line}: ${wrong.message}`, FIX);
  const content: unknown = document.toJS({ maxAliasCount: 100 });
  if (!isRecord(content)) throw new CodedError('DB-1005', `The registration file ${path} holds no keys.`, FIX);
  const take = (key: string): string => {
    const value = content[key];
    if (typeof value !== 'string' || value === '') throw new CodedError('DB-1005', `The registration file ${path} has no ${key}.`, FIX);
    return value;
  };
  return { path, id: take('id'), asToken: take('as_token'), hsToken: take('hs_token'), content };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
