import { isMap } from 'yaml';
import { loadApp } from '../config/load.ts';
import { type Environment, interpolate } from '../config/interpolate.ts';
import { CodedError } from '../model/errors.ts';
import type { LoginDone, LoginFlow, LoginStep } from '../networks/login.ts';
import type { AppSettings, Network } from '../networks/network.ts';
import { readDocument } from './draft.ts';
import { init } from './init.ts';
import { knownNetwork } from './known-network.ts';

export type { LoginDone, LoginField, LoginFields, LoginFlow } from '../networks/login.ts';

export interface LoginRequest {
  /** Where the config is. */
  readonly path: string;
  readonly networks: readonly Network[];
  readonly network: string;
  /** The name of the app in the config; absent: the only one there. */
  readonly app?: string;
  readonly env: Environment;
  readonly schemaFile: string;
}

/** An account of a network that is being added, whoever answers the questions. */
export interface Login {
  readonly network: Network;
  readonly flows: readonly LoginFlow[];
  /** An entry of the config that waits to be filled in. */
  readonly unfinished: string | undefined;
  /** Who is invited unless somebody else is named: the administrators. */
  readonly admins: readonly string[];
  has(name: string): boolean;
  begin(flow: LoginFlow): LoginStep;
  /**
   * What an answer stands for: `file:…` and `${NAME}` are looked up, and it is they that `save` writes.
   * @throws CodedError DB-1006 where it stands for nothing
   */
  meaning(answer: string): string;
  /** No owners: those that the config has stay. */
  save(done: LoginDone, name: string, owners: readonly string[]): { readonly key: string; readonly outcome: 'added' | 'changed' | 'unchanged' };
}

/**
 * @throws CodedError DB-4002 (no such network), DB-4003 (no such app in the config), and as `loadConfig`
 */
export function openLogin({ path, networks, network: id, app: wanted, env, schemaFile }: LoginRequest): Login {
  const network = knownNetwork(networks, id);
  const app = appOf(path, network, wanted);
  const loaded = loadApp<AppSettings>(path, network, app, env);
  if (loaded === null) throw missing(network.id, app);
  const references = new Map<string, string>();
  const has = (name: string): boolean => Object.hasOwn(loaded.accounts, name);
  return {
    network,
    flows: network.logins,
    unfinished: Object.entries(loaded.accounts).find(([, { complete }]) => !complete)?.[0],
    admins: loaded.admins,
    has,
    begin: (flow) => flow.start({ appSettings: loaded.settings }),
    meaning(answer) {
      const { value, problems: [problem] } = interpolate(answer, path, env);
      if (problem !== undefined || typeof value !== 'string') throw new CodedError('DB-1006', `The answer stands for nothing: ${problem?.message ?? 'it is no text'}.`, 'Give what it stands for, or another.');
      references.set(value, answer);
      return value;
    },
    save(done, name, owners) {
      const at = ['networks', network.id, app, 'accounts', name];
      const settings = Object.entries(done.settings).map(([key, value]) => ({ path: [...at, key], value: references.get(value) ?? value.replaceAll('${', '$${') }));
      const edits = owners.length > 0 ? [...settings, { path: [...at, 'owners'], value: owners }] : settings;
      const { outcome } = init({ path, networks, schemaFile, added: [], edits });
      return { key: at.join('.'), outcome: outcome === 'unchanged' ? outcome : has(name) ? 'changed' : 'added' };
    },
  };
}

function appOf(path: string, { id }: Network, wanted: string | undefined): string {
  const node = readDocument(path)?.getIn(['networks', id]);
  const apps = isMap(node) ? node.items.map(({ key }) => String(key)) : [];
  if (wanted !== undefined) return wanted;
  const [only, ...others] = apps;
  if (only === undefined) throw missing(id, 'main');
  if (others.length > 0) throw new CodedError('DB-4003', `The config has several apps of ${id}: ${apps.join(', ')}.`, 'Name one with --app.');
  return only;
}

function missing(network: string, app: string): CodedError {
  return new CodedError('DB-4003', `The config has no networks.${network}.${app}.`, `Run \`drawbridge init --network ${network}\` to add it, or name another with --app.`);
}
