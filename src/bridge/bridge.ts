import type { Clock } from '../model/clock.ts';
import type { AccountId, InboxSeq, NetworkId, RoomRow, UserId } from '../model/ids.ts';
import type { Logger } from '../model/log.ts';
import { type ConsentWords, consentWords } from '../i18n/consent.ts';
import type { Homeserver } from '../matrix/homeserver.ts';
import type { Decoded, Sink } from '../networks/network.ts';
import { type Effect, type Keep, type MatrixBatch, type MatrixTask, type OutboxItem, type Store, StoreBusy } from '../store/store.ts';
import type { Accounts } from './accounts.ts';
import type { Deciding } from './deciding.ts';
import { Backfill } from './backfill/backfill.ts';
import { InLanes } from './inbound/in-lanes.ts';
import { Lively } from './inbound/live.ts';
import { MediaJobs } from './inbound/media-jobs.ts';
import { Taking } from './inbound/taking.ts';
import type { Markers } from './keys.ts';
import { wordIn } from './kinds/consent.ts';
import { hostsOf } from './kinds/shared.ts';
import { Lanes, type Turn } from './lanes/lanes.ts';
import type { MediaTools } from './media.ts';
import type { Outages } from './outages.ts';
import { MatrixMedia } from './outbound/matrix-media.ts';
import { NetworkMedia } from './outbound/network-media.ts';
import { Rates } from './outbound/rates.ts';
import { ToMatrix } from './outbound/to-matrix.ts';
import { ToNetwork } from './outbound/to-network.ts';
import { Faces } from './people/faces.ts';
import { Puppets } from './people/puppets.ts';
import type { Rooms } from './portals/rooms.ts';
import { Upgrades } from './portals/upgrades.ts';
import { Erasures } from './privacy/erasures.ts';
import { Backlog } from './reconcile/backlog.ts';
import { ReadPosition, Reconcile } from './reconcile/reconcile.ts';
import { Returning } from './reconcile/returning.ts';
import { relayOf } from './relay/names.ts';
import { Telling } from './reports/telling.ts';
import type { DeliverySettings, Permission, RelayPrefix } from './settings.ts';

export interface BridgeOptions {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly accounts: Accounts;
  readonly rooms: Rooms;
  /** Seals the markers of events from people's own accounts. */
  readonly markers: Markers;
  /** Whether the homeserver was asked to let us act for its people. */
  readonly actsForPeople: boolean;
  readonly outages: Outages;
  readonly tools: MediaTools;
  readonly settings: DeliverySettings;
  readonly relayPrefix: RelayPrefix;
  readonly commandPrefix: string;
  readonly permission: (user: string) => Permission | null;
  /** Administrators that the config names by their whole id. */
  readonly admins: readonly UserId[];
  readonly command: (task: Extract<MatrixTask, { kind: 'command' }>, row: OutboxItem) => Promise<readonly Effect[]>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly step: (name: string) => void;
  readonly count: (direction: 'in' | 'out', network: string, outcome: string, seconds?: number) => void;
  /** Seconds that a send to this network waits for its rate limit. */
  readonly limited: (network: string, seconds: number) => void;
  readonly keep: Keep;
  /** By which people on networks say that they do not want to be bridged; absent: those of every language. */
  readonly consentIn?: ConsentWords;
}

/** How long calls under way may take to end when the daemon stops. */
const DRAIN_MS = 8_000;
const BEAT_MS = 2_000;
/** Mappings that are looked at in one commit. */
const FORGET = 500;
/** Nothing that was sent longer ago comes back as an echo. */
const ASKED_OF_LATE = 600_000;

/** The core: takes in what both sides send and drives the lanes until nothing is left to do. */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #lanes: Lanes;
  readonly #media: MediaJobs;
  readonly #live: Lively;
  readonly #reconcile: Reconcile;
  readonly #backlog: Backlog;
  readonly #returning: Returning;
  readonly #position: ReadPosition;
  readonly #telling: Telling;
  readonly #taking: Taking;
  readonly erasures: Erasures;
  readonly #puppets: Puppets;
  /** Accounts that cannot work until somebody does something. */
  readonly #broken = new Set<AccountId>();
  readonly #touched = new Set<RoomRow>();
  readonly #consentIn: ConsentWords;
  readonly #stop = new AbortController();
  #released = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#consentIn = options.consentIn ?? consentWords({ stop: [], start: [] });
    const { store, homeserver, accounts, rooms, outages, tools, settings, clock, log, step } = options;
    const wake = (lanes: readonly string[]): void => this.wake(lanes);
    const account = (id: AccountId): ReturnType<Accounts['get']> => accounts.get(id);
    this.#telling = new Telling({
      store, owners: (id) => accounts.owners(id), permission: options.permission, isOurs: (user) => rooms.isOurs(user), admins: options.admins, log, wake,
    });
    this.#taking = new Taking(store, log);
    this.erasures = new Erasures({
      store, homeserver, spool: tools.spool, clock, log, signal: this.#stop.signal,
      done: ({ id, of, redact }, refused) => this.tellAdmins(`✅ Erasure ${id} is complete.${redact ? ` Events redacted: ${of - refused} of ${of}.` : ''}`, `erasure ${id}`),
    });
    this.#puppets = new Puppets({
      store, homeserver, markers: options.markers, registered: options.actsForPeople, personOf: (id) => accounts.personOf(id), owners: (id) => accounts.owners(id), permission: options.permission,
      isOurs: (user) => rooms.isOurs(user), tell: (user, text, key) => void this.#telling.tell(() => (user === null ? this.#telling.admins() : this.#telling.person(user)), text, key), clock, log,
    });
    this.#reconcile = new Reconcile({ store, homeserver, log, wake, unreachable: (reason) => this.#homeserverDown(reason), later: (work) => this.#later(work) });
    this.#backlog = new Backlog({ clock, bot: homeserver.bot, isOwn: (event) => rooms.isOurs(event.sender) || this.#puppets.origin(event) !== null, compare: () => this.#reconcile.start(), signal: this.#stop.signal });
    this.#returning = new Returning({ store, clock, compare: () => this.#reconcile.start() });
    this.#position = new ReadPosition({ store, homeserver, log });
    this.#live = new Lively({
      store, homeserver, rooms, puppets: this.#puppets, account, clock, log, readReceipts: settings.readReceipts,
      permitted: (user) => (options.permission(user) ?? 'block') !== 'block',
    });
    const faces = new Faces({ store, connection: (id) => accounts.get(id)?.connection ?? null, clock, log });
    const inLanes = new InLanes({
      store, deciding: () => this.#deciding(), clock, log, wake, step, live: (outputs) => this.#live.fromNetwork(outputs),
      // What the homeserver had lost comes before what it hands over on its return.
      held: (room) => outages.isDown('matrix') || this.#reconcile.held(room),
      faces,
      count: (outcome, item) => options.count('in', item.body.side === 'network' ? networkOf(item.body.account) : 'matrix', outcome),
    });
    const count = (outcome: string, row: OutboxItem): void =>
      options.count('out', row.task?.to === 'network' ? networkOf(row.account) : 'matrix', outcome, (clock.now() - row.createdAt) / 1000);
    const backfill = new Backfill({ store, account, faces, deciding: () => this.#deciding(), clock, log, wake, media: () => this.#media.look(), signal: this.#stop.signal });
    const ownerRooms = (id: AccountId): readonly RoomRow[] => this.#telling.owners(id).rooms;
    const hosts = (id: AccountId): readonly UserId[] => hostsOf(id, this.#deciding());
    const upgrades = new Upgrades({ store, homeserver, ownerRooms, hosts, isOurs: (user) => rooms.isOurs(user), bridgedTo: (portal) => rooms.bridgedTo(portal), log });
    const toMatrix = new ToMatrix({
      store, backfill, upgrades, homeserver, rooms, puppets: this.#puppets, spoke: (portal, user, event) => this.#live.spoke(portal, user, event), media: new MatrixMedia(store, homeserver, tools, settings, clock), outages, settings, clock, log, wake, step, count, command: options.command,
      said: (room, event) => this.#returning.sent(room, event), ownerRooms, hosts,
    });
    const toNetwork = new ToNetwork({
      store, account, media: new NetworkMedia(store, homeserver, tools), portrait: (mxc) => tools.portrait(mxc), rates: new Rates(clock), outages, settings, clock, log, wake, step, count,
      alsoTold: (row) => this.#alsoTold(row), accountBroken: (id, reason) => this.#accountBroken(id, reason), limited: (id, ms) => options.limited(networkOf(id), ms / 1000), signal: this.#stop.signal,
    });
    this.#media = new MediaJobs({ store, tools, connection: (id) => accounts.get(id)?.connection ?? null, clock, log, wake, step });
    const turn = (lane: string): Promise<Turn> => {
      if (!this.#released && lane.startsWith('out:')) return Promise.resolve('empty');
      const room = /^(?:in|out):r(\d+)$/.exec(lane)?.[1];
      if (room !== undefined) this.#touched.add(Number(room) as RoomRow);
      return lane.startsWith('out:r') ? toMatrix.turn(lane) : lane.startsWith('out:p') ? toNetwork.turn(lane) : inLanes.turn(lane);
    };
    this.#lanes = new Lanes({ turn, places: { in: 64, status: 16, 'out:r': 48, 'out:p': 64 }, clock, log });
    store.onApplied((lanes) => this.wake(lanes.filter((lane) => !lane.startsWith('out:'))));
  }

  wake(lanes: readonly string[]): void {
    this.#lanes.wake(lanes);
  }

  /** Before anything comes in: afterwards a send under way, or a file just fetched, would look like one left over. */
  async recover(): Promise<void> {
    const { store, log, tools } = this.#options;
    const uncertain = await store.recover(false);
    if (uncertain > 0) log.warn('Sends were under way when the bridge stopped; each is looked into.', { uncertain });
    await tools.spool.sweep(store.spoolIds());
  }

  /** Takes up what was left. `clean` is false after a stop without warning. */
  start(clean: boolean): void {
    if (!clean) this.#reconcile.start();
    this.#media.look();
    void this.#housekeeping();
    void this.#heartbeat();
  }

  /** Nothing is sent before it is known whether the database was put back from a backup: what it holds may have been sent. */
  async release(restored: boolean): Promise<void> {
    const { store, log, clock } = this.#options;
    if (restored) {
      log.warn('The database is older than what the bridge has done since: it was put back from a backup.', { doubtful: await store.recover(true) });
      this.#reconcile.start(true);
      this.tellAdmins('⚠️ The database was put back from a backup. What was written since that was made is looked into and not sent again; who wrote it may be asked.', `restored ${clock.now()}`);
    }
    this.#released = true;
    this.wake(store.lanes().map(({ lane }) => lane));
    void this.erasures.look();
  }

  /** Whether nothing is owed by the homeserver that only a look into the rooms would show to be missing. */
  get isWhole(): boolean {
    return !this.#returning.waits;
  }

  async stop(): Promise<void> {
    const { clock } = this.#options;
    this.#stop.abort();
    this.#media.stop();
    // What is still under way after that is found `sending` at the next start, and looked into.
    const drained = new AbortController();
    await Promise.race([this.#lanes.stop().finally(() => drained.abort()), clock.sleep(DRAIN_MS, drained.signal)]);
  }

  async acceptMatrix(batch: MatrixBatch): Promise<void> {
    if (batch.events.length === 0 && batch.toDevice.length === 0) return;
    const accepted = await this.#taking.matrix(batch);
    this.#options.step('transaction.accepted');
    this.#options.outages.heard('matrix');
    this.#backlog.look(batch.events);
    this.wake(accepted.wake);
  }

  ephemeral(edus: readonly unknown[]): void {
    this.#live.fromMatrix(edus);
  }

  async acceptNetwork(network: NetworkId, account: AccountId, items: Decoded['items'], cursor?: string): Promise<void> {
    if (items.length === 0 && cursor === undefined) return;
    const starts = items.filter(({ event }) => wordIn(event, this.#consentIn)?.means === 'start').map(({ key }) => key);
    const accepted = await this.#taking.network({ network, account, items, ...(cursor === undefined ? {} : { cursor }), ...(starts.length === 0 ? {} : { starts }) });
    this.wake(accepted.wake);
    if (accepted.media.length > 0) this.#media.look();
  }

  /** The name under which somebody in a room speaks through an account. */
  relayOf(sender: UserId, account: AccountId, room: RoomRow): { readonly name: string } | null {
    const { store } = this.#options;
    return relayOf(sender, account, { sender: store.member(room, sender), members: store.members(room), portals: store.portalsOf(room) }, this.#deciding());
  }

  /** Something that could not be taken in when it came, as before an upgrade. Null where it was, else why not. */
  async takeAgain(seq: InboxSeq): Promise<string | null> {
    try {
      const accepted = await this.#options.store.takeAgain(seq);
      this.wake(accepted?.wake ?? []);
      this.#media.look();
      return null;
    } catch (error) {
      if (error instanceof StoreBusy) throw error;
      this.#options.log.error('A bug met an item that was to be taken in again; it stays kept.', { seq, error });
      return 'It still cannot be taken in; the log has why.';
    }
  }

  sinkOf(account: AccountId, network: NetworkId): Sink {
    return {
      cursor: () => this.#options.store.getMeta(`cursor:${account}`),
      accept: (items, cursor) => this.acceptNetwork(network, account, items, cursor),
      state: (state) => {
        if (state.ok) this.#options.outages.up(account);
        else this.#accountBroken(account, `${state.reason} ${state.fix}`);
      },
    };
  }

  /** An account was logged out: what waits for it is refused, and nobody is told that it works again. */
  accountGone(account: AccountId): void {
    this.#broken.delete(account);
    this.#options.outages.forget(account);
    this.#wakeAll();
  }

  /** A line in every room that an administrator shares with the bot alone; the same `key` is told once. */
  tellAdmins(text: string, key: string): void {
    void this.#telling.tell(() => this.#telling.admins(), text, key);
  }

  /** A side has been down for a while; of a broken account its people know already. */
  outageLasts(side: string, reason: string): void {
    if (!this.#broken.has(side as AccountId)) this.tellAdmins(`⚠️ ${side} does not answer: ${reason} What goes there waits.`, `down ${side} ${this.#options.clock.now()}`);
  }

  /** Whether an account waits for its owner, and not for the network. */
  isBroken(account: AccountId): boolean {
    return this.#broken.has(account);
  }

  /** A side is up again; `told`: somebody knows that it was down. */
  sideUp(side: string, told: boolean): void {
    if (side === 'matrix') this.#reconcile.start();
    this.#wakeAll();
    const text = `✅ ${side} works again; what waited is on its way.`;
    const key = `up ${side} ${this.#options.clock.now()}`;
    if (this.#broken.delete(side as AccountId)) this.#tellOwners(side as AccountId, text, key);
    else if (told) this.tellAdmins(text, key);
  }

  /** Every lane that has work, as soon as the database can tell which. */
  #wakeAll(): void {
    try {
      this.wake(this.#options.store.lanes().map(({ lane }) => lane));
    } catch (error) {
      if (!(error instanceof StoreBusy)) throw error;
      this.#later(() => this.#wakeAll());
    }
  }

  #later(work: () => void): void {
    void this.#options.clock.sleep(1_000, this.#stop.signal).then(() => {
      if (!this.#stop.signal.aborted) work();
    });
  }

  #homeserverDown(reason: string): void {
    const { outages, homeserver } = this.#options;
    outages.down('matrix', reason, () => homeserver.ping());
  }

  /**
   * A homeserver that was away may have lost what it had for us, also where nothing was sent to it meanwhile. None starts
   * again in less time than passes between two beats.
   */
  async #heartbeat(): Promise<void> {
    const { outages, homeserver, clock } = this.#options;
    for (;;) {
      await clock.sleep(BEAT_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      if (outages.isDown('matrix')) continue;
      await homeserver.beat().catch((error: unknown) => this.#homeserverDown(error instanceof Error ? error.message : String(error)));
    }
  }

  #accountBroken(account: AccountId, reason: string): void {
    const { outages, accounts, log, clock } = this.#options;
    if (this.#broken.has(account) || accounts.get(account) === null) return;
    this.#broken.add(account);
    log.error('An account does not work.', { account, reason });
    // Who has logged it in has no config to put anything into.
    const again = accounts.list().find(({ id }) => id === account)?.inConfig === false ? ` To log it in anew, say here: login ${networkOf(account)}.` : '';
    this.#tellOwners(account, `⚠️ The account ${account} does not work: ${reason} What is written to it waits.${again}`, `broken ${account} ${clock.now()}`);
    // Only the connection can tell when it works again, once it has come up.
    outages.down(account, reason, async () => {
      await accounts.begin(account);
      throw new Error('It waits for its owner.');
    });
  }

  #tellOwners(account: AccountId, text: string, key: string): void {
    void this.#telling.tell(() => this.#telling.owners(account), text, key).then(() => this.tellAdmins(text, key));
  }

  #alsoTold({ sender, room, account }: OutboxItem): readonly RoomRow[] {
    const { store, rooms } = this.#options;
    if (sender === null || room === null || account === null || !rooms.isOurs(sender)) return [];
    const owners = this.#telling.owners(account);
    return owners.people.some((user) => store.member(room, user)?.membership === 'join') ? [] : owners.rooms;
  }

  #deciding(): Deciding {
    const { store, accounts, rooms, homeserver, settings, clock, relayPrefix, commandPrefix, permission } = this.#options;
    return {
      now: clock.now(), settings, bot: homeserver.bot, relayPrefix, commandPrefix, permission,
      userIdOf: (person) => rooms.userIdOf(person), person: (row) => store.person(row), personOf: (ghost) => store.personByLocalpart(ghost.slice(1, ghost.indexOf(':'))),
      isErased: (ghost) => store.isErased(ghost.slice(1, ghost.indexOf(':'))),
      chatsWith: (person) => store.directChats(person.row).map((conversation) => ({ conversation, portal: store.remoteContext(conversation.row, null, []).portal })),
      isOurs: (user) => rooms.isOurs(user), adapter: (id) => accounts.view(id), portal: (row) => store.portal(row), networkName: (id) => rooms.networkName(id),
      owners: (id): readonly UserId[] => accounts.owners(id), puppetOf: (id) => this.#puppets.of(id), origin: (event) => this.#puppets.origin(event),
      underWay: (room) => underWay(store.outHead(`out:r${room}`)), shown: (portal, remote) => store.mapOfRemote(portal, remote), admins: () => this.#telling.admins(), alsoTold: (row) => this.#alsoTold(row), rowByKey: (key) => store.outboxByKey(key),
      lastBy: ({ row, room }, time) => store.shownUpTo(row, room, time),
      audience: (id) => this.#telling.owners(id), filterOf: (user, conversation) => store.filterOf(user, conversation),
      isSent: (account, id) => store.deliveryRows(account, undefined, id).length > 0,
      consentIn: this.#consentIn,
      isAsked: (portal) => store.askedSince(portal, clock.now() - ASKED_OF_LATE),
      hasSeen: (event) => store.unseen('matrix', [event]).length === 0,
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
        if (!this.#options.outages.isDown('matrix')) this.#returning.look();
        if (second % 10 === 0 && this.#touched.size > 0) {
          const rooms = [...this.#touched];
          this.#touched.clear();
          await this.#position.write(rooms);
        }
        if (second % 3600 === 60) void this.#forget();
        if (second % 600 === 0) {
          for (const spool of await store.prune(clock.now(), keep)) await this.#options.tools.spool.remove(spool);
          store.checkpoint();
        }
      } catch (error) {
        log.warn('Housekeeping failed; it is tried again.', { error });
      }
    }
  }

  /** A little at a time: between two looks everything else has its turn. */
  async #forget(): Promise<void> {
    const { store, clock, log, keep } = this.#options;
    if (keep.mappings == null) return;
    const before = clock.now() - keep.mappings;
    try {
      for (let after = await store.forgetMappings(before, null, FORGET); after !== null && !this.#stop.signal.aborted; after = await store.forgetMappings(before, after, FORGET)) {
        await clock.sleep(50, this.#stop.signal);
      }
    } catch (error) {
      log.warn('Old mappings could not be forgotten; it is tried again.', { error });
    }
  }
}

function underWay(row: OutboxItem | null): OutboxItem | null {
  return row !== null && (row.state === 'sending' || row.state === 'uncertain') ? row : null;
}

/** `whatsapp` of `whatsapp/main/support`. */
function networkOf(account: AccountId | null): string {
  return account?.split('/', 1)[0] ?? '';
}
