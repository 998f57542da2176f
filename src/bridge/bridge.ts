import type { Clock } from '../model/clock.ts';
import type { AccountId, NetworkId, RoomRow, UserId } from '../model/ids.ts';
import type { Logger } from '../model/log.ts';
import type { Homeserver } from '../matrix/homeserver.ts';
import type { Decoded, Sink } from '../networks/network.ts';
import type { Effect, MatrixBatch, MatrixTask, OutboxItem, Store } from '../store/store.ts';
import type { Accounts } from './accounts.ts';
import type { Deciding } from './deciding.ts';
import { InLanes } from './inbound/in-lanes.ts';
import { Lively } from './inbound/live.ts';
import { MediaJobs } from './inbound/media-jobs.ts';
import { keyOf } from './keys.ts';
import { Lanes, type Turn } from './lanes/lanes.ts';
import type { MediaTools } from './media.ts';
import type { Outages } from './outages.ts';
import { MatrixMedia } from './outbound/matrix-media.ts';
import { NetworkMedia } from './outbound/network-media.ts';
import { Rates } from './outbound/rates.ts';
import { ToMatrix } from './outbound/to-matrix.ts';
import { ToNetwork } from './outbound/to-network.ts';
import type { Rooms } from './portals/rooms.ts';
import { ReadPosition, Reconcile } from './reconcile/reconcile.ts';
import { notice } from './reports/report.ts';
import type { DeliverySettings, Permission, RelayPrefix } from './settings.ts';

export interface BridgeOptions {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly accounts: Accounts;
  readonly rooms: Rooms;
  readonly outages: Outages;
  readonly tools: MediaTools;
  readonly settings: DeliverySettings;
  readonly relayPrefix: RelayPrefix;
  readonly commandPrefix: string;
  readonly permission: (user: string) => Permission | null;
  readonly command: (task: Extract<MatrixTask, { kind: 'command' }>, row: OutboxItem) => Promise<readonly Effect[]>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly step: (name: string) => void;
  readonly count: (direction: 'in' | 'out', network: string, outcome: string) => void;
  readonly keep: { readonly deadContent: number; readonly settled: number; readonly seen: number | null };
}

/** The core: takes in what both sides send and drives the lanes until nothing is left to do. */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #lanes: Lanes;
  readonly #media: MediaJobs;
  readonly #live: Lively;
  readonly #reconcile: Reconcile;
  readonly #position: ReadPosition;
  readonly #touched = new Set<RoomRow>();
  readonly #stop = new AbortController();

  constructor(options: BridgeOptions) {
    this.#options = options;
    const { store, homeserver, accounts, rooms, outages, tools, settings, clock, log, step } = options;
    const wake = (lanes: readonly string[]): void => this.wake(lanes);
    const account = (id: AccountId): ReturnType<Accounts['get']> => accounts.get(id);
    this.#reconcile = new Reconcile({ store, homeserver, log, wake });
    this.#position = new ReadPosition({ store, homeserver, log });
    this.#live = new Lively({
      store, homeserver, rooms, account, clock, log, readReceipts: settings.readReceipts, tellAdmins: (text) => this.tellAdmins(text),
      permitted: (user) => (options.permission(user) ?? 'block') !== 'block',
    });
    const inLanes = new InLanes({
      store, deciding: () => this.#deciding(), clock, log, wake, step, live: (outputs) => this.#live.fromNetwork(outputs),
      held: (room) => this.#reconcile.held(room),
      count: (outcome, item) => options.count('in', item.body.side === 'network' ? item.body.account.split('/', 1)[0] ?? '' : 'matrix', outcome),
    });
    const count = (outcome: string, row: OutboxItem): void => options.count('out', row.task?.to === 'network' ? row.account?.split('/', 1)[0] ?? '' : 'matrix', outcome);
    const toMatrix = new ToMatrix({
      store, homeserver, rooms, media: new MatrixMedia(store, homeserver, tools, settings, clock), outages, settings, clock, log, wake, step, count, command: options.command,
    });
    const toNetwork = new ToNetwork({
      store, account, media: new NetworkMedia(store, homeserver, tools), rates: new Rates(clock), outages, settings, clock, log, wake, step, count,
      accountBroken: (id, reason) => this.#accountBroken(id, reason), signal: this.#stop.signal,
    });
    this.#media = new MediaJobs({ store, tools, connection: (id) => accounts.get(id)?.connection ?? null, clock, log, wake, step });
    const turn = (lane: string): Promise<Turn> => {
      const room = /^(?:in|out):r(\d+)$/.exec(lane)?.[1];
      if (room !== undefined) this.#touched.add(Number(room) as RoomRow);
      return lane.startsWith('out:r') ? toMatrix.turn(lane) : lane.startsWith('out:p') ? toNetwork.turn(lane) : inLanes.turn(lane);
    };
    this.#lanes = new Lanes({ turn, places: { in: 64, status: 16, 'out:r': 48, 'out:p': 64 }, clock, log });
  }

  wake(lanes: readonly string[]): void {
    this.#lanes.wake(lanes);
  }

  /** Before anything comes in: afterwards a send under way, or a file just fetched, would look like one left over. */
  async recover(): Promise<void> {
    const { store, log, tools } = this.#options;
    const uncertain = await store.recover();
    if (uncertain > 0) log.warn('Sends were under way when the bridge stopped; each is looked into.', { uncertain });
    await tools.spool.sweep(store.spoolIds());
  }

  /** Takes up what was left. `clean` is false after a stop without warning. */
  start(clean: boolean): void {
    const { store } = this.#options;
    if (!clean) this.#reconcile.start();
    this.#media.look();
    this.wake(store.lanes().map(({ lane }) => lane));
    void this.#housekeeping();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#media.stop();
    await this.#lanes.stop();
  }

  /** The homeserver was away: it may have lost what it had for us. */
  homeserverBack(): void {
    this.#reconcile.start();
    this.wake(this.#options.store.lanes().map(({ lane }) => lane));
  }

  async acceptMatrix(batch: MatrixBatch): Promise<void> {
    if (batch.events.length === 0) return;
    const accepted = await this.#options.store.acceptMatrix(batch);
    this.#options.step('transaction.accepted');
    this.wake(accepted.wake);
  }

  ephemeral(edus: readonly unknown[]): void {
    this.#live.fromMatrix(edus);
  }

  async acceptNetwork(network: NetworkId, account: AccountId, items: Decoded['items'], cursor?: string): Promise<void> {
    if (items.length === 0 && cursor === undefined) return;
    const accepted = await this.#options.store.acceptNetwork({ network, account, items, ...(cursor === undefined ? {} : { cursor }) });
    this.wake(accepted.wake);
    if (accepted.media.length > 0) this.#media.look();
  }

  sinkOf(account: AccountId, network: NetworkId): Sink {
    return {
      accept: (items, cursor) => this.acceptNetwork(network, account, items, cursor),
      state: (state) => {
        if (state.ok) this.#options.outages.up(account);
        else this.#accountBroken(account, `${state.reason} ${state.fix}`);
      },
    };
  }

  /** A line in every room that an administrator shares with the bot alone. */
  tellAdmins(text: string): void {
    const { store, permission, log } = this.#options;
    const rooms = store.liveRooms().filter(({ kind, row }) => kind === 'management' && store.members(row).some(({ user }) => permission(user) === 'admin'));
    if (rooms.length === 0) log.warn('For the administrator.', { text });
    this.#say(rooms.map(({ row }) => row), text);
  }

  #accountBroken(account: AccountId, reason: string): void {
    const { store, accounts, outages, log } = this.#options;
    if (outages.isDown(account)) return;
    log.error('An account does not work.', { account, reason });
    const owners = accounts.owners(account);
    const rooms = store.liveRooms().filter(({ kind, row }) => kind === 'management' && store.members(row).some(({ user }) => owners.includes(user)));
    this.#say(rooms.map(({ row }) => row), `⚠️ The account ${account} does not work: ${reason} What is written to it waits.`);
  }

  #say(rooms: readonly RoomRow[], text: string): void {
    const at = this.#options.clock.now();
    this.#options.store.apply(rooms.map((row) => notice(row, text, keyOf('told', row, text, at))))
      .then((lanes) => this.wake(lanes), (error: unknown) => this.#options.log.warn('A line could not be queued.', { error }));
  }

  #deciding(): Deciding {
    const { store, accounts, rooms, homeserver, settings, clock, relayPrefix, commandPrefix, permission } = this.#options;
    return {
      now: clock.now(), settings, bot: homeserver.bot, relayPrefix, commandPrefix, permission,
      userIdOf: (person) => rooms.userIdOf(person), isOurs: (user) => rooms.isOurs(user), adapter: (id) => accounts.view(id),
      owners: (id): readonly UserId[] => accounts.owners(id), rowByKey: (key) => store.outboxByKey(key),
    };
  }

  /** Every second what waited too long; every ten the read positions; every ten minutes what may be forgotten. */
  async #housekeeping(): Promise<void> {
    const { store, clock, log, keep } = this.#options;
    for (let second = 1; !this.#stop.signal.aborted; second++) {
      await clock.sleep(1_000, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      try {
        this.wake(await store.expire(clock.now()));
        if (second % 10 === 0 && this.#touched.size > 0) {
          const rooms = [...this.#touched];
          this.#touched.clear();
          await this.#position.write(rooms);
        }
        if (second % 600 === 0) {
          await store.prune(clock.now(), keep);
          store.checkpoint();
        }
      } catch (error) {
        log.warn('Housekeeping failed; it is tried again.', { error });
      }
    }
  }
}
