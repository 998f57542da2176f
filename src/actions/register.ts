import { readFileSync } from 'node:fs';
import { Document, parseDocument } from 'yaml';
import { loadCore } from '../config/load.ts';
import type { LoadedConfig } from '../config/load.ts';
import { puppetRegistrationPath, type RegistrationFile } from '../config/registration.ts';
import type { Config } from '../config/schema.ts';
import { makePrivate, writePrivate } from './private-file.ts';

interface Namespace {
  readonly exclusive: boolean;
  readonly regex: string;
}

/** What is looked at here of a registration; its builder adds the rest. */
interface Registration {
  readonly as_token: string;
  readonly hs_token: string;
  readonly namespaces: { readonly users: readonly Namespace[]; readonly aliases: readonly Namespace[]; readonly rooms: readonly Namespace[] };
}

/** The homeserver's side of a registration, handed in by who knows it. */
export interface RegistrationTools {
  buildRegistration(options: {
    readonly id: string;
    readonly url: string;
    readonly asToken: string;
    readonly hsToken: string;
    readonly botLocalpart: string;
    readonly ghostPrefix: string;
    readonly aliasPrefix: string;
    readonly domain: string;
    readonly protocols: readonly string[];
  }): Promise<Registration>;
  buildPuppetRegistration(options: {
    readonly id: string;
    readonly asToken: string;
    readonly hsToken: string;
    readonly senderLocalpart: string;
    readonly domain: string;
  }): Registration;
  generateToken(): string;
  compareRegistration(actual: unknown, expected: Registration): readonly { readonly key: string; readonly found: string; readonly expected: string }[];
}

/** The address that the homeserver is told: `homeserver.bridge_url`, else that of the listener. */
export function bridgeUrl({ homeserver, listen }: Pick<Config, 'homeserver' | 'listen'>): string {
  if (homeserver.bridge_url !== undefined) return homeserver.bridge_url;
  const { host, port } = listen.homeserver;
  // An address that means "every interface" is none that one can call.
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** What the registration should be by the config, with the tokens and the id that the file has. */
export async function expectedRegistration({ config, registration }: Pick<LoadedConfig, 'config' | 'registration'>, tools: RegistrationTools, rotate = false): Promise<Registration> {
  const kept = rotate ? null : registration;
  return tools.buildRegistration({
    // Two bridges on one homeserver differ in their bots, and must in their ids.
    id: registration?.id ?? config.bridge.bot,
    url: bridgeUrl(config),
    asToken: kept?.asToken ?? tools.generateToken(),
    hsToken: kept?.hsToken ?? tools.generateToken(),
    botLocalpart: config.bridge.bot,
    ghostPrefix: config.bridge.ghost_prefix,
    aliasPrefix: config.bridge.ghost_prefix,
    domain: config.homeserver.domain,
    protocols: Object.keys(config.networks),
  });
}

/** The second one, or null where the config wants no double puppets. */
export function expectedPuppetRegistration({ config, puppetRegistration }: Pick<LoadedConfig, 'config' | 'puppetRegistration'>, tools: RegistrationTools, rotate = false): Registration | null {
  if (config.bridge.double_puppet === 'off') return null;
  const kept = rotate ? null : puppetRegistration;
  const sender = puppetRegistration?.content['sender_localpart'];
  return tools.buildPuppetRegistration({
    id: puppetRegistration?.id ?? `${config.bridge.bot}-doublepuppet`,
    asToken: kept?.asToken ?? tools.generateToken(),
    hsToken: kept?.hsToken ?? tools.generateToken(),
    // Nobody has, nor will choose, this name.
    senderLocalpart: typeof sender === 'string' ? sender : `${config.bridge.bot}-doublepuppet-${tools.generateToken().toLowerCase().replace(/[^a-z0-9]/g, '').slice(0, 12)}`,
    domain: config.homeserver.domain,
  });
}

export interface Registered {
  readonly path: string;
  readonly outcome: 'created' | 'updated' | 'unchanged';
  /** Keys that were written anew. */
  readonly changed: readonly string[];
}

const COMMENT = ' The registration of Drawbridge at the homeserver: name this file in app_service_config_files.\n It holds secrets: only the homeserver and the bridge may read it. Made by `drawbridge register`.';
const PUPPET_COMMENT = `${COMMENT}\n It lets the bridge act for everybody of this homeserver, which it does only to show what they do in a network's own app.`;

export interface RegisterRequest {
  readonly configPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tools: RegistrationTools;
  /** New tokens, though there are some. */
  readonly rotate: boolean;
}

/**
 * Writes the registration files, mode 0600: the bridge's own, and that for double puppets. An existing file keeps its tokens
 * (unless `rotate`), its comments, every key that is not ours and every further namespace, for instance that of an earlier ghost prefix.
 * @throws CodedError DB-10xx where the config or the file does not allow it
 */
export async function register({ configPath, env, tools, rotate }: RegisterRequest): Promise<readonly Registered[]> {
  const loaded = loadCore(configPath, env);
  const path = loaded.config.registration;
  const own = write(path, loaded.registration, await expectedRegistration(loaded, tools, rotate), COMMENT, tools);
  const puppets = expectedPuppetRegistration(loaded, tools, rotate);
  return puppets === null ? [own] : [own, write(puppetRegistrationPath(path), loaded.puppetRegistration, puppets, PUPPET_COMMENT, tools)];
}

function write(path: string, found: RegistrationFile | null, expected: Registration, comment: string, tools: RegistrationTools): Registered {
  const actual = found?.content ?? {};
  const document = found === null ? new Document({}) : parseDocument(readFileSync(path, 'utf8'));
  if (found === null) document.commentBefore = comment;
  // Names of keys hold dots themselves: only those of the namespaces are paths.
  const wrong = new Set(tools.compareRegistration(actual, expected).map(({ key }) => (key.startsWith('namespaces.') ? 'namespaces' : key)));
  const changed = Object.entries(expected).filter(([key]) => wrong.has(key));
  for (const [key, value] of changed) {
    document.set(key, document.createNode(key === 'namespaces' ? joined(actual['namespaces'], expected.namespaces) : value));
  }
  if (changed.length > 0) writePrivate(path, document.toString({ lineWidth: 0 }));
  else makePrivate(path);
  const outcome = found === null ? 'created' : changed.length > 0 ? 'updated' : 'unchanged';
  return { path, outcome, changed: changed.map(([key]) => key) };
}

function joined(actual: unknown, expected: Registration['namespaces']): Record<string, unknown> {
  const before = actual !== null && typeof actual === 'object' ? (actual as Record<string, unknown>) : {};
  const all = Object.entries(expected).map(([kind, ours]: [string, readonly Namespace[]]): [string, unknown[]] => {
    const found: unknown[] = Array.isArray(before[kind]) ? before[kind] : [];
    const regexes = new Set(ours.map(({ regex }) => regex));
    const others = found.filter((one) => !(one !== null && typeof one === 'object' && 'regex' in one && regexes.has(String(one.regex))));
    return [kind, [...ours, ...others]];
  });
  return { ...before, ...Object.fromEntries(all) };
}

/** What the homeserver's administrator adds to homeserver.yaml (Synapse). */
export function homeserverSnippet(paths: readonly string[]): string {
  return `app_service_config_files:\n${paths.map((path) => `  - ${JSON.stringify(path)}\n`).join('')}`;
}
