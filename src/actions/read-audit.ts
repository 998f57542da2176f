import { isPostgres, shownDatabase } from '../config/database.ts';
import type { Environment } from '../config/interpolate.ts';
import { loadCore } from '../config/load.ts';
import { CodedError } from '../model/errors.ts';
import { createRedactor } from '../observe/redact.ts';
import { auditLine } from './audit.ts';

export type AuditRead = (database: string, isServer: boolean, limit: number) => Promise<readonly { readonly at: number; readonly who: string; readonly verb: string; readonly object: string }[]>;

/** The newest acts, the newest first, for whoever may read the database. @throws CodedError DB-1xxx, DB-2xxx */
export async function readAudit(configPath: string, limit: number, env: Environment, read: AuditRead): Promise<readonly string[]> {
  const { config, secrets } = loadCore(configPath, env);
  try {
    return (await read(config.database, isPostgres(config.database), limit)).map(auditLine);
  } catch (error) {
    const redactor = createRedactor(secrets);
    if (error instanceof CodedError) throw new CodedError(error.code, redactor.text(error.message), redactor.text(error.fix));
    throw new CodedError('DB-2003', `The database ${shownDatabase(config.database)} cannot be read: ${redactor.text((error as Error).message)}.`, 'Start the bridge once, or look at its owner.', { cause: error });
  }
}
