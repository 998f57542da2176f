import type { Clock } from '../model/clock.ts';
import { Rejected } from '../model/errors.ts';
import type { AccountId, Millis, NetworkId, UserId } from '../model/ids.ts';
import type { Logger } from '../model/log.ts';
import type { AccountSettings, AppSettings, Connection, Network, Sink } from '../networks/network.ts';
import type { AdapterView } from './deciding.ts';
import type { LiveAccount } from './outbound/to-network.ts';
import type { Outages } from './outages.ts';

export interface AccountsOptions {
  readonly networks: readonly Network[];
  /** By network, then by app. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, AppSettings>> | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publicUrl?: string;
  readonly outages: Outages;
  /** Told of each call to a network: the status of its answer, or `error` where there was none. */
  readonly answered: (network: NetworkId, status: number | 'error') => void;
  readonly answerTimeoutMs?: number;
}

interface Entry extends LiveAccount {
  readonly network: Network;
  readonly app: string;
  readonly settings: AccountSettings;
  liveSince: Millis | null;
}

/** Every account of the config with its connection. */
export class Accounts {
  readonly #entries = new Map<AccountId, Entry>();
  readonly #options: AccountsOptions;
  readonly #stop = new AbortController();

  constructor(options: AccountsOptions) {
    this.#options = options;
    for (const network of options.networks) {
      for (const [app, appSettings] of Object.entries(options.settings[network.id] ?? {})) this.#add(network, app, appSettings);
    }
  }

  #add(network: Network, app: string, appSettings: AppSettings): void {
    const { clock, log, publicUrl, answered, answerTimeoutMs } = this.#options;
    for (const [account, settings] of Object.entries(appSettings.accounts)) {
      const id = `${network.id}/${app}/${account}` as AccountId;
      const connection = network.connect({
        app, appSettings, account, settings, clock, log: log.child({ account: id }), answered: (status) => answered(network.id, status), ...(publicUrl === undefined ? {} : { publicUrl }),
        ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
      });
      this.#entries.set(id, { id, network, app, settings, networkName: network.name, connection, liveSince: null, probe: () => this.#probe(id) });
    }
  }

  get(id: AccountId): LiveAccount | null {
    return this.#entries.get(id) ?? null;
  }

  list(): readonly { readonly id: AccountId; readonly network: Network; readonly app: string; readonly settings: AccountSettings; readonly connection: Connection }[] {
    return [...this.#entries.values()];
  }

  owners(id: AccountId): readonly UserId[] {
    return (this.#entries.get(id)?.settings.owners ?? []) as readonly UserId[];
  }

  /** The person whose the account is, where it is one person's. */
  personOf(id: AccountId): UserId | null {
    const named = this.#entries.get(id)?.settings.puppet as UserId | undefined;
    const owners = this.owners(id);
    return named ?? (owners.length === 1 ? (owners[0] ?? null) : null);
  }

  view(id: AccountId): AdapterView | null {
    const entry = this.#entries.get(id);
    return entry ? {
      id: entry.network.id, name: entry.network.name,
      capabilities: (target) => entry.connection.capabilities(target), plan: (request) => entry.connection.plan(request),
      hasPast: (target) => entry.connection.history !== undefined && entry.connection.capabilities(target).in.history.level !== 'none',
    } : null;
  }

  /** Our account for the network's own id of it; without an id the app's first. */
  byRemote(network: NetworkId, app: string, remoteId: string | undefined): AccountId | null {
    const of = [...this.#entries.values()].filter((entry) => entry.network.id === network && entry.app === app);
    const found = remoteId === undefined ? of[0] : of.find(({ connection }) => connection.remoteId === remoteId);
    return found?.id ?? null;
  }

  /** Starts every account; one that does not come up is an outage of its own and stops nobody. */
  async start(sinkOf: (account: AccountId, network: NetworkId) => Sink): Promise<void> {
    await Promise.all([...this.#entries.values()].map(async ({ id, network }) => {
      this.#sinks.set(id, sinkOf(id, network.id));
      try {
        await this.#start(id, this.#sinks.get(id) ?? null);
      } catch (error) {
        this.#options.log.warn('An account did not come up.', { account: id, error });
        this.#options.outages.down(id, error instanceof Error ? error.message : String(error), () => this.#probe(id));
      }
    }));
  }

  /** Starts an account that has not come up yet. @throws what `Connection.start` throws */
  async begin(id: AccountId): Promise<void> {
    if (this.#entries.get(id)?.liveSince === null) await this.#start(id, null);
  }

  /** Rejects while the network does not answer; whatever else it answers, it is there. */
  async #probe(id: AccountId): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry?.liveSince == null) return this.begin(id);
    await entry.connection.check().catch((error: unknown) => {
      if (!(error instanceof Rejected)) throw error;
    });
  }

  readonly #sinks = new Map<AccountId, Sink>();

  async #start(id: AccountId, given: Sink | null): Promise<void> {
    const entry = this.#entries.get(id);
    const sink = given ?? this.#sinks.get(id);
    if (entry === undefined || sink === undefined) return;
    await entry.connection.start(sink, this.#stop.signal);
    entry.liveSince ??= this.#options.clock.now();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([...this.#entries.values()].map(({ connection }) => connection.close()));
  }
}
