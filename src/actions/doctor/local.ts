import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { isPostgres, shownDatabase } from '../../config/database.ts';
import type { LoadedConfig } from '../../config/load.ts';
import { permissionOf } from '../../config/permissions.ts';
import { puppetRegistrationPath } from '../../config/registration.ts';
import { CodedError } from '../../model/errors.ts';
import type { Check } from '../../networks/network.ts';
import type { ProbedDatabase } from '../../store/store.ts';

/** Looks at a database and changes nothing; throws where it cannot. */
export type DatabaseProbe = (database: string, sealKey: Uint8Array) => ProbedDatabase | Promise<ProbedDatabase>;

const NODE = 24;
/** What the WAL, the spool and a backup before an upgrade should never run out of. */
const FREE_BYTES = 500e6;

export function checkNode(version: string): Check {
  const ok = Number(version.split('.')[0]) >= NODE;
  return { what: 'Node.js', ok, detail: `version ${version}; at least ${NODE} is needed`, ...(ok ? {} : { fix: `Install Node.js ${NODE}.` }) };
}

/** Files with secrets in them must be their owner's alone. */
export function checkModes({ path, config, sealKeyFile }: LoadedConfig): Check {
  const open = [path, config.registration, puppetRegistrationPath(config.registration), config.database, ...(sealKeyFile === null ? [] : [sealKeyFile])].filter((file) => existsSync(file) && (statSync(file).mode & 0o077) !== 0);
  const what = 'private files';
  if (open.length === 0) return { what, ok: true, detail: `config, registration, ${isPostgres(config.database) ? '' : 'database '}and seal key can be read by their owner alone` };
  return { what, ok: false, detail: `others may read ${open.join(', ')}; the mode should be 0600`, fix: `chmod 600 ${open.join(' ')}` };
}

/** Whoever finds the key beside what it seals needs no key. */
export function checkSealKey({ config, sealKeyFile }: LoadedConfig): Check {
  const what = 'seal key';
  if (sealKeyFile === null) return { what, ok: true, detail: 'it stands in the config or comes from the environment' };
  if (sealKeyFile.startsWith(`${config.data}${sep}`)) {
    return { what, ok: true, detail: `note: ${sealKeyFile} stands in the data folder, and so in every backup of it; better beside the config: stop the bridge, move the file, and change the key seal_key` };
  }
  return { what, ok: true, detail: `${sealKeyFile}; keep a copy apart from those of the database and the data folder` };
}

export async function checkDatabase(loaded: LoadedConfig, probe: DatabaseProbe): Promise<Check> {
  const { database, seal_key: sealKey } = loaded.config;
  const what = 'database';
  if (isPostgres(database)) return checkServer(loaded, probe);
  if (!writable(dirname(database))) {
    return { what, ok: false, detail: `cannot write to ${dirname(database)}; the database's folder has to exist and be writable`, fix: 'Make the folder, give it to the user that runs the bridge, or change the key database.' };
  }
  if (!existsSync(database)) return { what, ok: true, detail: `${database} is not there yet, its folder is writable; the first start makes it` };
  try {
    const seen = await probe(database, sealKey);
    return checkProbed(database, seen, `${database} has schema ${seen.version}, should have ${seen.newest} at most; ${holderOf(seen)}`);
  } catch (error) {
    return { what, ok: false, detail: `${database} cannot be read: ${error instanceof Error ? error.message : String(error)}`, fix: 'Check the key database, and the file\'s owner; else restore it from a backup.' };
  }
}

async function checkServer({ config: { database, seal_key: sealKey } }: LoadedConfig, probe: DatabaseProbe): Promise<Check> {
  const what = 'database';
  const name = shownDatabase(database);
  try {
    const seen = await probe(database, sealKey);
    const schema = seen.version === 0 ? 'is empty, the first start makes its tables' : `has schema ${seen.version}, should have ${seen.newest} at most`;
    const found = checkProbed(name, seen, `${name} answers (PostgreSQL ${seen.server}) and ${schema}; ${holderOf(seen)}`);
    if (!found.ok) return found;
    const bad = (problem: string, fix: string): Check => ({ what, ok: false, detail: `${found.detail}; ${problem}`, fix });
    if (seen.writable === false && seen.version < seen.newest) {
      return bad('its user may make no tables in it and should', 'Make the user the owner of the database: ALTER DATABASE <name> OWNER TO <user>.');
    }
    if (seen.durable === false) return bad('a power cut may take back what it has committed, and should not', 'Set fsync and full_page_writes to on at the server, and restart it.');
    return found;
  } catch (error) {
    if (error instanceof CodedError) return { what, ok: false, detail: `${name}: ${error.code}: ${error.message}`, fix: error.fix };
    return { what, ok: false, detail: `${name} cannot be looked at: ${error instanceof Error ? error.message : String(error)}`, fix: 'Check the key database.' };
  }
}

/** What is asked of either database. */
function checkProbed(name: string, { version, newest, sameKey }: ProbedDatabase, detail: string): Check {
  const what = 'database';
  if (sameKey === false) {
    return { what, ok: false, detail: `${name} was sealed with another key than seal_key; it should be the same`, fix: 'Put back the seal_key that this database was made with.' };
  }
  return version <= newest ? { what, ok: true, detail } : { what, ok: false, detail, fix: 'Install the release that last ran on this database.' };
}

function holderOf({ running }: ProbedDatabase): string {
  return running ? 'a running Drawbridge holds it' : 'no Drawbridge runs on it';
}

export async function checkDisk({ config: { data } }: LoadedConfig): Promise<Check> {
  const what = 'disk';
  const folder = nearest(data);
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const detail = `${Math.floor(free / 1e6)} MB free at ${folder}; at least ${FREE_BYTES / 1e6} MB should be`;
    if (!writable(folder)) return { what, ok: false, detail: `cannot write to ${folder}`, fix: 'Change the folder\'s owner, or the key data.' };
    return free >= FREE_BYTES ? { what, ok: true, detail } : { what, ok: false, detail, fix: 'Free some space, or change the key data.' };
  } catch (error) {
    return { what, ok: false, detail: `${folder} cannot be looked at: ${error instanceof Error ? error.message : String(error)}`, fix: 'Check the key data.' };
  }
}

/** Whether anybody may use the bridge at all, which is the first thing to be forgotten. */
export function checkPermissions({ config: { permissions } }: LoadedConfig): Check {
  const allowed = Object.entries(permissions).filter(([, level]) => level !== 'block').map(([who, level]) => `${who}: ${level}`);
  const what = 'permissions';
  if (allowed.length > 0) return { what, ok: true, detail: allowed.join(', ') };
  return { what, ok: false, detail: 'nobody may use the bridge; at least one user or server should be named', fix: 'Add yourself under permissions, for instance "@you:example.org": admin.' };
}

/** Who is asked into the rooms of an account, and may write there. */
export function checkOwners({ config: { permissions } }: LoadedConfig, account: string, owners: readonly string[]): Check {
  const what = 'owners';
  const admins = Object.keys(permissions).filter((who) => who.startsWith('@') && permissionOf(permissions, who) === 'admin');
  const invited = owners.length > 0 ? owners : admins;
  if (invited.length === 0) return { what, ok: false, detail: 'nobody would be invited when somebody new writes; at least one should', fix: `Add your user id to ${account}.owners.` };
  const refused = owners.filter((owner) => permissionOf(permissions, owner) === 'block');
  if (refused.length > 0) return { what, ok: false, detail: `${refused.join(', ')} may not use the bridge; an owner should`, fix: 'Name them or their server under permissions.' };
  return { what, ok: true, detail: `${invited.join(', ')} ${owners.length > 0 ? '' : '(administrator, since there are no owners) '}will be invited when somebody new writes` };
}

function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
