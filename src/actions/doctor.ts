import type { LoadedConfig } from '../config/load.ts';
import { loadConfig } from '../config/load.ts';
import { CodedError } from '../model/errors.ts';
import type { Clock } from '../model/clock.ts';
import { silentLogger } from '../model/log.ts';
import { type AppSettings, type Check, type Network, notTried } from '../networks/network.ts';
import { createRedactor } from '../observe/redact.ts';
import type { Fetch } from './discover.ts';
import { checkOpenId, checkPing, checkPuppets, checkToken, checkVersions, PING, PUPPETS, TOKEN } from './doctor/homeserver.ts';
import { checkDatabase, checkDisk, checkModes, checkNode, checkOwners, checkPermissions, checkSealKey } from './doctor/local.ts';
import type { DatabaseProbe } from './doctor/local.ts';
import { checkPublicUrl } from './doctor/public.ts';
import { puppetRegistrationPath } from '../config/registration.ts';
import { expectedPuppetRegistration, expectedRegistration } from './register.ts';
import type { RegistrationTools } from './register.ts';

export interface DoctorOptions {
  readonly configPath: string;
  readonly networks: readonly Network[];
  readonly registration: RegistrationTools;
  readonly probeDatabase: DatabaseProbe;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly nodeVersion: string;
}

/**
 * Looks at everything the bridge needs, in the order in which one would repair it. Changes nothing; where the daemon is
 * down its listeners are stood in for while they are tried. No line holds a secret.
 */
export async function* doctor(options: DoctorOptions): AsyncGenerator<Check> {
  yield checkNode(options.nodeVersion);
  let loaded: LoadedConfig<AppSettings>;
  try {
    loaded = loadConfig(options.configPath, options.networks, options.env, { save: false });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    yield { what: error.code === 'DB-1005' ? 'registration' : 'config', ok: false, detail: `${error.code}: ${error.message}`, fix: error.fix };
    return;
  }
  const redactor = createRedactor(loaded.secrets);
  for await (const check of checks(loaded, options)) {
    yield { ...check, detail: redactor.text(check.detail), ...(check.fix === undefined ? {} : { fix: redactor.text(check.fix) }) };
  }
}

async function* checks(loaded: LoadedConfig<AppSettings>, options: DoctorOptions): AsyncGenerator<Check> {
  const old = loaded.upgraded.length > 0 ? '; it is of an older format, which the next start changes in the file' : '';
  yield { what: 'config', ok: true, detail: `${loaded.path} fits the schema${old}` };
  yield checkPermissions(loaded);
  yield checkModes(loaded);
  yield checkSealKey(loaded);
  yield await checkDatabase(loaded, options.probeDatabase);
  yield await checkDisk(loaded);
  yield await checkRegistration(loaded, options.registration);
  yield checkPuppetRegistration(loaded, options.registration);
  const versions = await checkVersions(loaded, options.fetch, options.clock);
  yield* versions;
  yield* checkTogether(loaded, versions[0]?.ok === true, options.fetch);
  yield* checkPublicUrl(loaded, options.fetch);
  yield* checkNetworks(loaded, options);
}

/** What the homeserver and the bridge make of each other, as far as one can be asked about the other. */
async function* checkTogether(loaded: LoadedConfig<AppSettings>, answers: boolean, fetch: Fetch): AsyncGenerator<Check> {
  const { registration } = loaded;
  const because = registration === null ? 'there is no registration.' : 'the homeserver does not answer.';
  if (registration === null || !answers) {
    yield* [TOKEN, PING].map((what) => notTried(what, because));
    return;
  }
  const token = await checkToken(loaded, registration, fetch);
  yield token;
  yield token.ok ? await checkPing(loaded, registration, fetch) : notTried(PING, 'the homeserver has to take the token first.');
  const { puppetRegistration } = loaded;
  const user = localUser(loaded);
  yield await checkOpenId(loaded, fetch);
  if (puppetRegistration !== null && user !== null) yield await checkPuppets(loaded, puppetRegistration, user, fetch);
}

/** Somebody of the homeserver whom the config names: an owner, else whoever has a permission. */
function localUser({ config }: LoadedConfig<AppSettings>): string | null {
  const owners = Object.values(config.networks).flatMap((apps) => Object.values(apps ?? {}).flatMap(({ accounts }) => Object.values(accounts).flatMap((account) => account.owners)));
  return [...owners, ...Object.keys(config.permissions)].find((who) => who.startsWith('@') && who.slice(who.indexOf(':') + 1) === config.homeserver.domain) ?? null;
}

/** Without it the bridge does all the rest, so its absence is told and nothing more. */
function checkPuppetRegistration(loaded: LoadedConfig, tools: RegistrationTools): Check {
  const what = PUPPETS;
  const { puppetRegistration: found, config } = loaded;
  const expected = expectedPuppetRegistration(loaded, tools);
  if (expected === null) return { what, ok: true, detail: 'off (bridge.double_puppet)' };
  if (found === null) {
    return { what, ok: true, detail: `none, for there is no ${puppetRegistrationPath(config.registration)}: what people do in a network's own app is shown by the bot; \`drawbridge register\` makes it` };
  }
  const differences = tools.compareRegistration(found.content, expected);
  if (differences.length === 0) return { what, ok: true, detail: `${found.path} fits the config` };
  const lines = differences.map(({ key, found: is, expected: should }) => `${key} is ${is}, should be ${should}`);
  return { what, ok: false, detail: `${found.path} does not fit the config: ${lines.join('; ')}`, fix: 'Run `drawbridge register`, then restart the homeserver.' };
}

async function checkRegistration(loaded: LoadedConfig, tools: RegistrationTools): Promise<Check> {
  const what = 'registration';
  const { registration, config } = loaded;
  const fix = 'Run `drawbridge register`, then restart the homeserver.';
  if (registration === null) return { what, ok: false, detail: `${config.registration} is not there`, fix };
  const differences = tools.compareRegistration(registration.content, await expectedRegistration(loaded, tools));
  if (differences.length === 0) return { what, ok: true, detail: `${registration.path} fits the config` };
  const lines = differences.map(({ key, found, expected }) => `${key} is ${found}, should be ${expected}`);
  return { what, ok: false, detail: `${registration.path} does not fit the config: ${lines.join('; ')}`, fix };
}

async function* checkNetworks(loaded: LoadedConfig<AppSettings>, { networks, clock }: DoctorOptions): AsyncGenerator<Check> {
  const { config } = loaded;
  let accounts = 0;
  for (const network of networks) {
    for (const [app, appSettings] of Object.entries(config.networks[network.id] ?? {})) {
      for (const [account, settings] of Object.entries(appSettings.accounts)) {
        accounts += 1;
        const owners = checkOwners(loaded, `networks.${network.id}.${app}.accounts.${account}`, settings.owners);
        yield { ...owners, what: `${network.id}/${app}/${account}: ${owners.what}` };
        const connection = { app, appSettings, account, settings, clock, log: silentLogger, ...(config.public_url === undefined ? {} : { publicUrl: config.public_url }) };
        try {
          for await (const check of network.check(connection)) yield { ...check, what: `${network.id}/${app}/${account}: ${check.what}` };
        } catch (error) {
          yield { what: `${network.id}/${app}/${account}`, ok: false, detail: `the check itself failed: ${error instanceof Error ? error.message : String(error)}` };
        }
      }
    }
  }
  if (accounts === 0) yield { what: 'networks', ok: false, detail: 'no network has an account; at least one should', fix: 'Add one under networks; docs/config.md shows how.' };
}
