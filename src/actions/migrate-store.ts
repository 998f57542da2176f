import { isPostgres, isPostgresAddress, secretsOf, shownDatabase } from '../config/database.ts';
import { type Environment, interpolate } from '../config/interpolate.ts';
import { loadCore } from '../config/load.ts';
import { CodedError } from '../model/errors.ts';
import { createRedactor } from '../observe/redact.ts';

/** Copies a SQLite database into one of PostgreSQL's. Returns the rows of each table. */
export type StoreCopy = (path: string, url: string, sealKey: Uint8Array) => Promise<{ readonly rows: Readonly<Record<string, number>> }>;

export interface Migrated {
  readonly rows: Readonly<Record<string, number>>;
  readonly from: string;
  /** Without what is secret in it. */
  readonly to: string;
}

/**
 * Moves the store of a stopped bridge to PostgreSQL. `to` may name a file or a variable, as the config does.
 * @throws CodedError DB-1xxx, DB-2xxx; none holds a password
 */
export async function migrateStore(configPath: string, to: string, env: Environment, copy: StoreCopy): Promise<Migrated> {
  const { config, path, secrets } = loadCore(configPath, env);
  const given = interpolate(to, path, env);
  const [problem] = given.problems;
  const url = String(given.value);
  if (problem !== undefined) throw new CodedError('DB-2009', `--to cannot be read: ${problem.message}.`, 'Give the address, file:<name>, or ${NAME} between quotes.');
  if (!isPostgresAddress(url)) throw new CodedError('DB-2009', '--to is no address of a PostgreSQL database.', 'Give one such as postgres://user@host/name, with what is special in a password written as %40 and the like.');
  if (isPostgres(config.database)) throw new CodedError('DB-2009', `The config names ${shownDatabase(config.database)} already.`, 'Set the key database to the SQLite file that is to be copied.');
  const redactor = createRedactor([...secrets, ...secretsOf(url)]);
  try {
    const { rows } = await copy(config.database, url, config.seal_key);
    return { rows, from: config.database, to: shownDatabase(url) };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new CodedError(error.code, redactor.text(error.message), redactor.text(error.fix));
  }
}
