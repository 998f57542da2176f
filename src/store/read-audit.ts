import type { AuditRow } from './data.ts';

const NEWEST = 'SELECT at, who, verb, object FROM audit ORDER BY seq DESC LIMIT';

/** The newest rows of the audit log, the newest first, beside a bridge that may be running. @throws Error where the database cannot be read */
export async function readAudit(database: string, isServer: boolean, limit: number): Promise<readonly AuditRow[]> {
  if (isServer) {
    const [{ connect, hangUp }, { randomBytes }] = await Promise.all([import('./postgres/session.ts'), import('node:crypto')]);
    const client = await connect(database, randomBytes(8).toString('hex'));
    try {
      return (await client.query<AuditRow>(`${NEWEST} $1`, [limit])).rows;
    } finally {
      await hangUp(client);
    }
  }
  const { lookInto } = await import('./sqlite/probe.ts');
  return lookInto(database, (db) => db.prepare(`${NEWEST} ?`).all(limit) as AuditRow[]);
}
