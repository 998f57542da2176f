import { randomBytes } from 'node:crypto';
import { createSeal, keyMark } from '../seal.ts';
import type { ProbedDatabase } from '../store.ts';
import { connect, hangUp, isLocked, newestSchema, schemaVersion } from './session.ts';

/** Looks at a database and changes nothing. @throws CodedError DB-2006, DB-2007 */
export async function probeDatabase(url: string, sealKey: Uint8Array): Promise<ProbedDatabase> {
  const client = await connect(url, randomBytes(4).toString('hex'));
  try {
    const version = await schemaVersion(client);
    const [about] = (await client.query<{ server: string; writable: boolean; durable: boolean }>(`
      SELECT split_part(current_setting('server_version'), ' ', 1) AS server, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS writable,
        current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS durable`)).rows;
    const known = version === 0 ? undefined : (await client.query<{ value: string }>("SELECT value FROM meta WHERE key = 'seal_key'")).rows[0]?.value;
    return {
      server: about?.server ?? '', version, newest: newestSchema, running: await isLocked(client), writable: about?.writable === true, durable: about?.durable === true,
      sameKey: known === undefined ? null : known === keyMark(createSeal(Buffer.from(sealKey))),
    };
  } finally {
    await hangUp(client);
  }
}
