import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Document, parseDocument } from 'yaml';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';

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

const ID = 'drawbridge';

/** What the registration should be by the config, with the tokens and the id that the file has. */
export async function expectedRegistration({ config, registration }: Pick<LoadedConfig, 'config' | 'registration'>, tools: RegistrationTools, rotate = false): Promise<Registration> {
  const kept = rotate ? null : registration;
  return tools.buildRegistration({
    id: registration?.id ?? ID,
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

export interface Registered {
  readonly path: string;
  readonly outcome: 'created' | 'updated' | 'unchanged';
  /** Keys that were written anew. */
  readonly changed: readonly string[];
}

const COMMENT = ' The registration of Drawbridge at the homeserver: name this file in app_service_config_files.\n It holds secrets: only the homeserver and the bridge may read it. Made by `drawbridge register`.';

/**
 * Writes the registration file, mode 0600. An existing file keeps its tokens (unless `rotate`), its comments, every key
 * that is not ours and every further namespace, for instance that of an earlier ghost prefix.
 */
export async function register(loaded: Pick<LoadedConfig, 'config' | 'registration'>, tools: RegistrationTools, options: { readonly rotate: boolean }): Promise<Registered> {
  const path = loaded.config.registration;
  const expected = await expectedRegistration(loaded, tools, options.rotate);
  const actual = loaded.registration?.content ?? {};
  const document = loaded.registration === null ? new Document({}) : parseDocument(readFileSync(path, 'utf8'));
  if (loaded.registration === null) document.commentBefore = COMMENT;
  const wrong = new Set(tools.compareRegistration(actual, expected).map(({ key }) => key.split('.')[0] ?? key));
  const changed = Object.entries(expected).filter(([key]) => wrong.has(key));
  for (const [key, value] of changed) {
    document.set(key, document.createNode(key === 'namespaces' ? joined(actual['namespaces'], expected.namespaces) : value));
  }
  if (changed.length > 0) writePrivate(path, document.toString({ lineWidth: 0 }));
  else chmodSync(path, 0o600);
  const outcome = loaded.registration === null ? 'created' : changed.length > 0 ? 'updated' : 'unchanged';
  return { path, outcome, changed: changed.map(([key]) => key) };
}

function joined(actual: unknown, expected: Registration['namespaces']): Record<string, unknown[]> {
  const before = actual !== null && typeof actual === 'object' ? (actual as Record<string, unknown>) : {};
  return Object.fromEntries(Object.entries(expected).map(([kind, ours]: [string, readonly Namespace[]]) => {
    const found: unknown[] = Array.isArray(before[kind]) ? before[kind] : [];
    const regexes = new Set(ours.map(({ regex }) => regex));
    const others = found.filter((one) => !(one !== null && typeof one === 'object' && 'regex' in one && regexes.has(String(one.regex))));
    return [kind, [...ours, ...others]];
  }));
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivate(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.new`;
  writeFileSync(fresh, content, { mode: 0o600 });
  // The mode above counts only for a file that was not there.
  chmodSync(fresh, 0o600);
  renameSync(fresh, path);
}

/** What the homeserver's administrator adds to homeserver.yaml (Synapse). */
export function homeserverSnippet(path: string): string {
  return `app_service_config_files:\n  - ${JSON.stringify(path)}\n`;
}
