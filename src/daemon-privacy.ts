import { join } from 'node:path';
import { Mistake } from './actions/action.ts';
import { documentOf } from './actions/privacy-export.ts';
import { counted, findPerson } from './actions/privacy-person.ts';
import { Erasures } from './bridge/privacy/erasures.ts';
import { isPostgres } from './config/database.ts';
import type { Environment } from './config/interpolate.ts';
import { loadConfig, needRegistration } from './config/load.ts';
import { openStore, subkey } from './daemon.ts';
import { createHomeserver } from './matrix/client/homeserver.ts';
import { ghostLocalpart } from './matrix/profiles/ghost-id.ts';
import { createSpool } from './media/spool.ts';
import { systemClock } from './model/clock.ts';
import { CodedError } from './model/errors.ts';
import type { UserId } from './model/ids.ts';
import { networks } from './networks/registry.ts';
import { createLogger } from './observe/logger.ts';
import { readExports } from './store/read-privacy.ts';
import { createSeal } from './store/seal.ts';
import type { ErasureWish } from './store/store.ts';

/**
 * `drawbridge privacy erase`: what the bridge does when its bot is told to, while it is stopped. A stop in the middle is taken up
 * by the next start, or by the next erasure.
 * @throws CodedError DB-1xxx, DB-2xxx; DB-2010 nobody is meant, DB-2011 the bridge runs
 */
export async function erasePerson(configPath: string, env: Environment, who: readonly string[], wish: ErasureWish, out: (text: string) => void, signal: AbortSignal): Promise<void> {
  const loaded = loadConfig(configPath, networks, env);
  const { config } = loaded;
  const registration = needRegistration(loaded);
  const log = createLogger({ level: 'warn', format: config.logging.format, secrets: loaded.secrets });
  const sealKey = Buffer.from(config.seal_key);
  const store = await openStore(config.database, log, () => {}, {
    seal: createSeal(sealKey), now: () => systemClock.now(),
    localpartOf: (network, scope, id) => ghostLocalpart({ prefix: config.bridge.ghost_prefix, serverName: config.homeserver.domain }, { network, scope, id }),
  }).catch((error: unknown) => {
    throw error instanceof CodedError && error.code === 'DB-2001' ? new CodedError('DB-2011', 'The bridge runs on this database, and only it can erase there.', `Tell its bot, as an administrator: erase ${who.join(' ')}; or stop it first.`) : error;
  });
  const homeserver = createHomeserver({
    url: config.homeserver.url, asToken: registration.asToken, bot: `@${config.bridge.bot}:${config.homeserver.domain}` as UserId, deviceId: 'DRAWBRIDGE', answered: () => {},
  });
  const erasures = new Erasures({
    store, homeserver, clock: systemClock, log, signal,
    spool: createSpool({ dir: join(config.data, 'spool'), key: subkey(sealKey, 'spool'), keyId: subkey(sealKey, 'spool id').subarray(0, 4).toString('hex') }),
    progress: ({ of }, left) => out(`Redacted: ${of - left} of ${of} events.\n`),
    done: (_, refused) => out(`The homeserver is told.${refused === 0 ? '' : ` It would not redact ${refused} events.`}\n`),
  });
  try {
    const { row: person } = await meant(findPerson(store, who));
    const { rows } = await erasures.person(person, wish);
    out(`Erased here: ${counted(rows)}.\n`);
    await erasures.look();
    if (store.erasures().length > 0) out('What is left to be done on the homeserver is done when the bridge is started, or something else is erased.\n');
  } finally {
    store.close();
    await homeserver.close();
  }
}

async function meant<T>(found: Promise<T>): Promise<T> {
  try {
    return await found;
  } catch (error) {
    throw error instanceof Mistake ? new CodedError('DB-2010', error.message, 'Name them as the network does, or by the user id of their ghost, which clients show in their profile.') : error;
  }
}

/**
 * `drawbridge privacy export`: all that is held about somebody of a network, or about a Matrix user, beside a bridge that may be running.
 * @throws CodedError DB-1xxx, DB-2xxx; DB-2010 nobody is meant
 */
export async function exportPerson(configPath: string, env: Environment, who: readonly string[]): Promise<object> {
  const { config } = loadConfig(configPath, networks, env, { save: false });
  const { database, seal_key: sealKey } = config;
  return readExports(database, isPostgres(database), sealKey, async (exports) => {
    const [user = ''] = who;
    const isOwn = user.startsWith(`@${config.bridge.ghost_prefix}`) && user.endsWith(`:${config.homeserver.domain}`);
    if (user.startsWith('@') && !isOwn) {
      const accounts = networks.flatMap((network) => Object.entries(config.networks[network.id] ?? {}).flatMap(([app, settings]) =>
        Object.entries(settings.accounts).map(([name, account]) => ({ id: `${network.id}/${app}/${name}`, network, settings: account }))));
      return documentOf(user as UserId, await exports.ofUser(user as UserId), { accounts });
    }
    const { row, network } = await meant(findPerson(exports, who));
    return { about: network, made: new Date().toISOString(), held: await exports.ofPerson(row) };
  });
}
