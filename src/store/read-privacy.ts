import { randomBytes } from 'node:crypto';
import { CodedError } from '../model/errors.ts';
import { type Ask, Exports } from './export.ts';
import { createSeal } from './seal.ts';

/**
 * Reads what is held about people, beside a bridge that may be running: nothing is written, and no lock is taken.
 * @throws CodedError DB-2002, DB-2004 where it cannot be read with this program or this key; DB-2006
 */
export async function readExports<T>(database: string, isServer: boolean, sealKey: Uint8Array, look: (exports: Exports) => Promise<T>): Promise<T> {
  const seal = createSeal(Buffer.from(sealKey));
  if (isServer) {
    const [{ connect, hangUp, newestSchema, schemaVersion }, { numbered, toWire }] = await Promise.all([import('./postgres/session.ts'), import('./postgres/wire.ts')]);
    const client = await connect(database, randomBytes(8).toString('hex'));
    try {
      await client.query('SET default_transaction_read_only = on; SET statement_timeout = 0');
      fits(await schemaVersion(client), newestSchema);
      const ask: Ask = async (text, ...values) => (await client.query(numbered(text), values.map(toWire))).rows;
      // All of it as it was at one moment.
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      return await look(new Exports(ask, seal));
    } finally {
      await hangUp(client);
    }
  }
  const { readingDatabase } = await import('./sqlite/reading.ts');
  const { db, version, newest } = readingDatabase(database);
  try {
    fits(version, newest);
    db.exec('BEGIN');
    return await look(new Exports((text, ...values) => db.prepare(text).all(...values) as never[], seal));
  } finally {
    db.close();
  }
}

function fits(version: number, newest: number): void {
  if (version !== newest) throw new CodedError('DB-2002', `The database has schema ${version}; this Drawbridge reads ${newest}.`, 'Use the release that runs on it.');
}
