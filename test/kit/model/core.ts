import { Accounts } from '../../../src/bridge/accounts.ts';
import { Blocklist } from '../../../src/bridge/blocklist.ts';
import { Bridge } from '../../../src/bridge/bridge.ts';
import { Markers } from '../../../src/bridge/keys.ts';
import type { MediaTools } from '../../../src/bridge/media.ts';
import { Outages } from '../../../src/bridge/outages.ts';
import { Pictures } from '../../../src/bridge/people/pictures.ts';
import { Rooms } from '../../../src/bridge/portals/rooms.ts';
import { isRestored } from '../../../src/bridge/reconcile/restored.ts';
import type { DeliverySettings, Permission } from '../../../src/bridge/settings.ts';
import { botCommands, loginSessions } from '../../../src/daemon-bot.ts';
import type { Homeserver } from '../../../src/matrix/homeserver.ts';
import type { AccountId, UserId } from '../../../src/model/ids.ts';
import type { Logger } from '../../../src/model/log.ts';
import type { Connection, Network } from '../../../src/networks/network.ts';
import { GHOSTS } from './homeserver.ts';
import type { Life } from './life.ts';

export const ALICE = '@alice:test' as UserId;
/** Nobody names them: the bridge is not open to them. */
export const MALLORY = '@mallory:test' as UserId;

export interface Core {
  readonly bridge: Bridge;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What most tests do without. */
export interface Wishes {
  readonly privacyNotice?: string;
  readonly spaces?: boolean;
  /** The bridge may act for people of the homeserver. */
  readonly puppets?: boolean;
}

/** The core as `daemon.ts` composes it, over the fakes and one life's view of the store and of time. */
export function compose(clean: boolean, life: Life, homeserver: Homeserver, networks: readonly Network[], tools: MediaTools, settings: DeliverySettings, log: Logger, { privacyNotice = '', puppets = false, spaces = false }: Wishes = {}): Core {
  const { store, clock } = life;
  const permission = (user: string): Permission | null => (user === ALICE ? 'admin' : null);
  let bridge: Bridge | null = null;
  const outages = new Outages(clock, log, { up: (side, told) => bridge?.sideUp(side, told), long: (side, reason) => bridge?.outageLasts(side, reason) });
  const accounts = new Accounts({
    networks, settings: Object.fromEntries(networks.map(({ id }) => [id, { app: { accounts: { one: { owners: [ALICE], kind: 'user' } } } }])), clock, log, outages, answered: () => {},
  });
  const connection = (id: AccountId): Connection | null => accounts.get(id)?.connection ?? null;
  const rooms = new Rooms({
    connection, pictures: new Pictures({ homeserver, tools, connection, clock, log }), store, homeserver, ghostPrefix: GHOSTS, roomVersion: '11', displayName: '{name} ({network})', commandPrefix: '!bridge', botName: 'Bridge', privacyNotice, spaceOwners: (id) => (spaces ? accounts.owners(id) : []), networkName: (id) => networks.find((network) => network.id === id)?.name ?? id,
  });
  const commands = botCommands({
    store, homeserver, clock, accounts, permissionOf: (user) => permission(user) ?? 'block', logins: loginSessions(store, accounts, clock), blocklist: new Blocklist(store), maxFile: 1e8,
    isOurs: (user) => rooms.isOurs(user), adapter: (id) => accounts.view(id), relayOf: (sender, account, at) => bridge?.relayOf(sender, account, at) ?? null, outages: () => outages.list(), isBroken: (id) => bridge?.isBroken(id) ?? false, accountGone: (id) => bridge?.accountGone(id),
    get erasures() { return running.erasures; },
    decodeAgain: () => Promise.resolve('It cannot be decoded.'), takeAgain: () => Promise.resolve('It cannot be taken in.'), wake: (lanes) => bridge?.wake(lanes),
  });
  bridge = new Bridge({
    store, homeserver, accounts, rooms, outages, tools, settings, clock, log, permission, markers: new Markers(Buffer.alloc(32, 5)), actsForPeople: puppets, admins: [ALICE], relayPrefix: 'never', commandPrefix: '!bridge',
    step: () => {}, count: () => {}, limited: () => {}, keep: { deadContent: 1e12, settled: 1e12, accepted: 1e12, seen: null, mappings: settings.forgetful === true ? 60_000 : null },
    command: (task, row) => commands.command(task, row),
  });
  const running = bridge;
  let released = false;
  const prepare = async (): Promise<void> => {
    await homeserver.ping();
    if (!released) await running.release(await isRestored(store, homeserver, clean));
    released = true;
  };
  return {
    bridge: running,
    start: async () => {
      await running.recover();
      running.start(clean);
      await prepare().catch((error: unknown) => {
        outages.owe('matrix', prepare);
        outages.down('matrix', String(error), () => homeserver.ping());
      });
      await accounts.start((account, id) => running.sinkOf(account, id));
    },
    stop: async () => {
      outages.stop();
      commands.close();
      await running.stop();
      await accounts.stop();
    },
  };
}

