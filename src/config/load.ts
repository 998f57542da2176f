import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../model/errors.ts';
import { isPostgres, secretsOf } from './database.ts';
import { errorCode } from './error-code.ts';
import { type Environment, interpolate } from './interpolate.ts';
import { ConfigError, explain, wording } from './problems.ts';
import { puppetRegistrationPath, readRegistration } from './registration.ts';
import type { RegistrationFile } from './registration.ts';
import { configSchema } from './schema.ts';
import type { Config, NetworkSettings } from './schema.ts';
import { parseSource } from './source.ts';
import type { Source } from './source.ts';
import { saveUpgraded, upgradeDocument } from './upgrade.ts';
import { schemasAt, secretsIn } from './walk.ts';

export interface LoadedConfig<App = unknown> {
  /** Absolute. */
  readonly path: string;
  readonly config: Config<App>;
  /** Null until `drawbridge register` has made it. */
  readonly registration: RegistrationFile | null;
  /** The one for double puppets; null where there is none, or the config wants none. */
  readonly puppetRegistration: RegistrationFile | null;
  /** Where `seal_key` names a file, absolute. */
  readonly sealKeyFile: string | null;
  /** Everything that must never be written to a log. */
  readonly secrets: readonly string[];
  /** What was changed in a config of an older format, one line a step. */
  readonly upgraded: readonly string[];
}

const FIX = 'Correct the lines named above; docs/config.md describes every key.';

/**
 * Reads, upgrades and checks the config file. Durations come out in milliseconds, sizes in bytes, paths absolute
 * (relative ones are relative to the config file). A config of an older format is upgraded in the file, comments kept;
 * without `save` only in memory.
 * @throws ConfigError DB-1001 with every mistake; CodedError DB-1002 (no such file), DB-1003 (newer format), DB-1005 (registration)
 */
export function loadConfig<App>(path: string, networks: readonly NetworkSettings<App>[], env: Environment, { save = true }: { readonly save?: boolean } = {}): LoadedConfig<App> {
  return load(path, configSchema(networks), env, (raw) => raw, save);
}

/**
 * The same without a look at the networks' settings, whose secrets may not be there yet: every network that the file
 * names comes out empty.
 */
export function loadCore(path: string, env: Environment): LoadedConfig<never> {
  let named: string[] = [];
  const loaded = load(path, configSchema<never>([]), env, (raw) => {
    if (raw === null || typeof raw !== 'object') return raw;
    const { networks, ...rest } = raw as Record<string, unknown>;
    if (networks !== null && typeof networks === 'object') named = Object.keys(networks).filter((id) => /^[a-z][a-z0-9]*$/.test(id));
    return rest;
  }, false);
  return { ...loaded, config: { ...loaded.config, networks: Object.fromEntries(named.map((id) => [id, {}])) } };
}

export interface LoadedApp<App> {
  /** As configured, but without accounts. */
  readonly settings: App;
  /** Its accounts by name, and whether all that their settings refer to is there. */
  readonly accounts: Readonly<Record<string, { readonly complete: boolean }>>;
  /** The people among the administrators. */
  readonly admins: readonly string[];
}

/**
 * One app of a network, to which an account is to be added; the others, and its other accounts, need not be complete. Null where the file has no such app.
 * @throws ConfigError, CodedError as `loadConfig`
 */
export function loadApp<App>(path: string, network: NetworkSettings<App>, app: string, env: Environment): LoadedApp<App> | null {
  let accounts: LoadedApp<App>['accounts'] | null = null;
  const of = (value: unknown, key: string): Fields | null => {
    const found = value !== null && typeof value === 'object' && Object.hasOwn(value, key) ? (value as Fields)[key] : null;
    return found !== null && typeof found === 'object' ? (found as Fields) : null;
  };
  const loaded = load(path, configSchema([network]), env, (raw) => {
    const found = of(of(of(raw, 'networks'), network.id), app);
    const complete = (account: unknown): boolean => interpolate(account, resolve(path), env).problems.length === 0;
    if (found !== null) accounts = Object.fromEntries(Object.entries(of(found, 'accounts') ?? {}).map(([name, account]) => [name, { complete: complete(account) }]));
    return { ...(raw as Fields | null), networks: found === null ? {} : { [network.id]: { [app]: { ...found, accounts: {} } } } };
  }, false);
  const settings = loaded.config.networks[network.id]?.[app];
  const admins = Object.entries(loaded.config.permissions).flatMap(([who, permission]) => (permission === 'admin' && who.startsWith('@') ? [who] : []));
  return accounts === null || settings === undefined ? null : { settings, accounts, admins };
}

type Fields = Readonly<Record<string, unknown>>;

function load<App>(path: string, schema: z.ZodType<Config<App>>, env: Environment, prepare: (raw: unknown) => unknown, save: boolean): LoadedConfig<App> {
  const file = resolve(path);
  const text = readText(file, path);
  const source = parseSource(text);
  if (source.errors.length > 0) {
    throw new ConfigError('DB-1001', path, source.errors.map(({ place, message }) => ({ ...place, path: '', message })), FIX);
  }
  if (source.document.contents === null) {
    const message = 'the file is empty; must be a group of keys, such as `drawbridge init` writes';
    throw new ConfigError('DB-1001', path, [{ line: 1, column: 1, path: '', message }], FIX);
  }
  const { from, changes } = upgradeDocument(source.document);
  const raw = plain(source, path);
  const given = interpolate(prepare(raw), file, env, (at, text) => typedAs(schema, at, text));
  const parsed = schema.safeParse(given.value, { error: wording });
  if (!parsed.success || given.problems.length > 0) {
    throw new ConfigError('DB-1001', path, explain(schema, source, given, parsed.error?.issues ?? []), FIX);
  }
  if (save && changes.length > 0) saveUpgraded(file, text, source.document, from);
  const config = absolute(parsed.data, dirname(file));
  const registration = readRegistration(config.registration);
  const puppetRegistration = config.bridge.double_puppet === 'off' ? null : readRegistration(puppetRegistrationPath(config.registration));
  const tokens = [registration, puppetRegistration].flatMap((one) => (one === null ? [] : [one.asToken, one.hsToken]));
  return { path: file, config, registration, puppetRegistration, sealKeyFile: sealKeyFile(raw, file), secrets: [...new Set([...secretsIn(schema, given.value), ...secretsOf(config.database), ...tokens])], upgraded: changes };
}

/** The document as plain data. @throws ConfigError where aliases lead nowhere, or make too much of it */
function plain({ document, alias }: Source, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    const message = 'what begins with "*" is a reference in YAML, and this one leads nowhere or repeats too much; a text that does has to stand between quotes';
    throw new ConfigError('DB-1001', path, [{ ...alias(), path: '', message }], FIX);
  }
}

/** A number, or true or false, where the key at `path` takes that and no text. */
function typedAs(schema: z.ZodType, path: readonly PropertyKey[], text: string): unknown {
  const value = text === 'true' || text === 'false' ? text === 'true' : /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  const takes = (one: unknown): boolean => schemasAt(schema, path).some((place) => z.safeParse(place, one).success);
  return !takes(text) && takes(value) ? value : text;
}

function sealKeyFile(raw: unknown, file: string): string | null {
  const named = (raw as { readonly seal_key?: unknown } | null)?.seal_key;
  return typeof named === 'string' && named.startsWith('file:') ? resolve(dirname(file), named.slice('file:'.length).trim()) : null;
}

function absolute<App>(config: Config<App>, folder: string): Config<App> {
  const { registration, database, data } = config;
  return { ...config, registration: resolve(folder, registration), database: isPostgres(database) ? database : resolve(folder, database), data: resolve(folder, data) };
}

function readText(file: string, given: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') throw new CodedError('DB-1002', `There is no config file ${given}.`, 'Run `drawbridge init` to make one, or name another with --config.', { cause: error });
    throw new CodedError('DB-1002', `The config file ${given} cannot be read (${code}).`, 'Give the user that runs this the right to read it, or name another file with --config.', { cause: error });
  }
}

/**
 * The registration, which `start` cannot do without.
 * @throws CodedError DB-1004 where there is none yet
 */
export function needRegistration({ registration, config }: LoadedConfig): RegistrationFile {
  if (registration !== null) return registration;
  throw new CodedError('DB-1004', `There is no registration file ${config.registration}.`,
    'Run `drawbridge register`, name the file in the homeserver\'s app_service_config_files and restart the homeserver.');
}
