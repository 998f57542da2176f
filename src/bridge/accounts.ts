import { secretsIn } from '../config/walk.ts';
import type { Clock } from '../model/clock.ts';
import { Rejected, Unreachable } from '../model/errors.ts';
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
  /** Learns a secret of an account that was added, so that no line of the log shows it. */
  readonly secret?: (text: string) => void;
}

/** An account as `Accounts` was given it. */
export interface GivenAccount {
  readonly network: NetworkId;
  readonly app: string;
  /** The key that it would have under `accounts` in the config. */
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface ListedAccount {
  readonly id: AccountId;
  readonly network: Network;
  readonly app: string;
  readonly settings: AccountSettings;
  readonly connection: Connection;
  /** It stands in the config, and so only an administrator's editor takes it away. */
  readonly inConfig: boolean;
  /** Null: it has not come up yet. */
  readonly liveSince: Millis | null;
}

interface Entry extends LiveAccount, ListedAccount {
  liveSince: Millis | null;
  starting: Promise<void> | null;
  /** Ends its connection, and nobody else's. */
  readonly end: AbortController;
}

/** An app of the config; its settings hold the accounts that were added too. */
interface App {
  readonly network: Network;
  readonly app: string;
  /** As the config has them, one object for as long as the process lives: what the accounts of an app share hangs on it. */
  readonly fixed: AppSettings;
  settings: AppSettings;
}

export const accountId = (network: string, app: string, name: string): AccountId => `${network}/${app}/${name}` as AccountId;

/** Every account with its connection: those of the config, and those that were logged in while the bridge runs. */
export class Accounts {
  readonly #entries = new Map<AccountId, Entry>();
  readonly #apps: readonly App[];
  readonly #options: AccountsOptions;
  readonly #stop = new AbortController();
  #sinkOf: ((account: AccountId, network: NetworkId) => Sink) | null = null;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.#apps = options.networks.flatMap((network) => Object.entries(options.settings[network.id] ?? {}).map(([app, settings]) => ({ network, app, fixed: settings, settings })));
    for (const app of this.#apps) for (const [name, settings] of Object.entries(app.settings.accounts)) this.#enter(app, name, settings, true);
  }

  #enter(at: App, name: string, settings: AccountSettings, inConfig: boolean): Entry {
    const { clock, log, publicUrl, answered, answerTimeoutMs } = this.#options;
    const { network, app } = at;
    const id = accountId(network.id, app, name);
    const connection = network.connect({
      app, appSettings: at.fixed, account: name, settings, clock, log: log.child({ account: id }), answered: (status) => answered(network.id, status), ...(publicUrl === undefined ? {} : { publicUrl }),
      ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
    });
    const entry: Entry = { id, network, app, settings, networkName: network.name, connection, inConfig, liveSince: null, starting: null, end: new AbortController(), probe: () => this.#probe(id) };
    this.#entries.set(id, entry);
    return entry;
  }

  /** The apps that accounts can be added to, as they are now: one looks again for each webhook. */
  apps(): readonly { readonly network: Network; readonly app: string; readonly settings: AppSettings }[] {
    return this.#apps;
  }

  /** What keeps such an account from being added, in words; null where nothing does. One that is there already may change. */
  problem(given: GivenAccount): string | null {
    const merged = this.#merged(given);
    return typeof merged === 'string' ? merged : null;
  }

  #merged({ network, app: name, name: account, settings }: GivenAccount): { readonly at: App; readonly settings: AppSettings; readonly own: AccountSettings } | string {
    const at = this.#apps.find((one) => one.network.id === network && one.app === name);
    if (at === undefined) return `networks.${network}.${name} is not in the config.`;
    if (this.#entries.get(accountId(network, name, account))?.inConfig === true) return `${accountId(network, name, account)} is in the config.`;
    const parsed = at.network.settings.safeParse({ ...at.settings, accounts: { ...at.settings.accounts, [account]: settings } });
    const own = parsed.data?.accounts[account];
    if (own === undefined) return `${parsed.error?.issues.map(({ path, message }) => `${path.at(-1)?.toString() ?? ''} ${message}`.trim()).join('; ') ?? 'its settings do not fit'}.`;
    // The others stay the objects that they are: adapters know them by that.
    return { at, own, settings: { ...at.settings, accounts: { ...at.settings.accounts, [account]: own } } };
  }

  /**
   * Adds an account, or gives one that is there other settings; where accounts run already it comes up by itself.
   * @throws Rejected with what keeps it from being added
   */
  async add(given: GivenAccount): Promise<AccountId> {
    const merged = this.#merged(given);
    if (typeof merged === 'string') throw new Rejected(merged, 'bad_account');
    const id = accountId(given.network, given.app, given.name);
    const before = this.#entries.get(id);
    for (const secret of secretsIn(merged.at.network.settings, { accounts: { [given.name]: merged.own } })) this.#options.secret?.(secret);
    merged.at.settings = merged.settings;
    // There is no moment without it, in which what waits for it would be given up.
    this.#enter(merged.at, given.name, merged.own, false);
    if (before !== undefined) await this.#end(before);
    if (this.#sinkOf !== null) await this.#comeUp(id);
    return id;
  }

  /** Its connection is closed, and nothing comes in or goes out by it any more. */
  async remove(id: AccountId): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    const at = this.#apps.find(({ network, app }) => network === entry.network && app === entry.app);
    if (at !== undefined) at.settings = { ...at.settings, accounts: Object.fromEntries(Object.entries(at.settings.accounts).filter(([name]) => accountId(entry.network.id, entry.app, name) !== id)) };
    await this.#end(entry);
  }

  async #end({ id, end, connection }: Entry): Promise<void> {
    end.abort();
    await connection.close().catch((error: unknown) => this.#options.log.warn('A connection did not close.', { account: id, error }));
  }

  get(id: AccountId): LiveAccount | null {
    return this.#entries.get(id) ?? null;
  }

  list(): readonly ListedAccount[] {
    return [...this.#entries.values()];
  }

  owners(id: AccountId): readonly UserId[] {
    return (this.#entries.get(id)?.settings.owners ?? []) as readonly UserId[];
  }

  /** The person whose the account is, where it is one person's: what others can write as a bot is not shown as its owner's. */
  personOf(id: AccountId): UserId | null {
    const settings = this.#entries.get(id)?.settings;
    const owners = this.owners(id);
    return (settings?.puppet as UserId | undefined) ?? (settings?.kind === 'user' && owners.length === 1 ? (owners[0] ?? null) : null);
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
    this.#sinkOf = sinkOf;
    await Promise.all([...this.#entries.keys()].map((id) => this.#comeUp(id)));
  }

  async #comeUp(id: AccountId): Promise<void> {
    try {
      await this.#start(id);
      this.#options.outages.up(id);
    } catch (error) {
      if (!this.#entries.has(id)) return;
      this.#options.log.warn('An account did not come up.', { account: id, error });
      this.#options.outages.down(id, error instanceof Error ? error.message : String(error), () => this.#probe(id));
    }
  }

  /** Starts an account that has not come up yet. @throws what `Connection.start` throws */
  async begin(id: AccountId): Promise<void> {
    if (this.#entries.get(id)?.liveSince === null) await this.#start(id);
  }

  /** Rejects while the network does not answer; whatever else it answers, it is there. */
  async #probe(id: AccountId): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry?.liveSince == null) return this.begin(id);
    await entry.connection.check().catch((error: unknown) => {
      if (!(error instanceof Rejected)) throw error;
    });
  }

  async #start(id: AccountId): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || this.#sinkOf === null) return;
    // Whoever adds it and whoever probes it may come at once: it is started once.
    entry.starting ??= entry.connection.start(this.#whileThere(entry, this.#sinkOf(id, entry.network.id)), AbortSignal.any([this.#stop.signal, entry.end.signal]))
      .finally(() => { entry.starting = null; });
    await entry.starting;
    entry.liveSince ??= this.#options.clock.now();
  }

  /** What a connection still hands over after its account was removed is not taken, so that it opens no room again. */
  #whileThere({ id, end }: Entry, sink: Sink): Sink {
    return {
      cursor: () => sink.cursor(),
      accept: async (items, cursor) => {
        if (end.signal.aborted) throw new Unreachable(`The account ${id} was logged out.`, 'logged_out');
        await sink.accept(items, cursor);
      },
      state: (state) => {
        if (!end.signal.aborted) sink.state(state);
      },
    };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([...this.#entries.values()].map(({ connection }) => connection.close()));
  }
}
