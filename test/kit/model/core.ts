import { runCommand } from '../../../src/bot/commands.ts';
import { Accounts } from '../../../src/bridge/accounts.ts';
import { Bridge } from '../../../src/bridge/bridge.ts';
import { keyOf } from '../../../src/bridge/keys.ts';
import type { MediaTools } from '../../../src/bridge/media.ts';
import { Outages } from '../../../src/bridge/outages.ts';
import { Pictures } from '../../../src/bridge/people/pictures.ts';
import { Rooms } from '../../../src/bridge/portals/rooms.ts';
import { isRestored } from '../../../src/bridge/reconcile/restored.ts';
import { notice } from '../../../src/bridge/reports/report.ts';
import type { DeliverySettings, Permission } from '../../../src/bridge/settings.ts';
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
}

/** The core as `daemon.ts` composes it, over the fakes and one life's view of the store and of time. */
export function compose(clean: boolean, life: Life, homeserver: Homeserver, network: Network, tools: MediaTools, settings: DeliverySettings, log: Logger, { privacyNotice = '', spaces = false }: Wishes = {}): Core {
  const { store, clock } = life;
  const permission = (user: string): Permission | null => (user === ALICE ? 'admin' : null);
  let bridge: Bridge | null = null;
  const outages = new Outages(clock, log, { up: (side, told) => bridge?.sideUp(side, told), long: (side, reason) => bridge?.outageLasts(side, reason) });
  const accounts = new Accounts({
    networks: [network], settings: { [network.id]: { app: { accounts: { one: { owners: [ALICE] } } } } }, clock, log, outages, answered: () => {},
  });
  const connection = (id: AccountId): Connection | null => accounts.get(id)?.connection ?? null;
  const rooms = new Rooms({
    connection, pictures: new Pictures({ homeserver, tools, connection, clock, log }), store, homeserver, ghostPrefix: GHOSTS, roomVersion: '11', displayName: '{name} ({network})', commandPrefix: '!bridge', botName: 'Bridge', privacyNotice, spaceOwners: (id) => (spaces ? accounts.owners(id) : []), networkName: () => network.name,
  });
  bridge = new Bridge({
    store, homeserver, accounts, rooms, outages, tools, settings, clock, log, permission, admins: [ALICE], relayPrefix: 'never', commandPrefix: '!bridge',
    step: () => {}, count: () => {}, limited: () => {}, keep: { deadContent: 1e12, settled: 1e12, accepted: 1e12, seen: null },
    command: async (task, row) => {
      if (row.room === null) return [];
      const text = await runCommand({
        store, homeserver, accounts: accounts.list(), adapter: (id) => accounts.view(id), relayOf: () => null, outages: () => outages.list(), decodeAgain: () => Promise.resolve('It cannot be decoded.'), takeAgain: () => Promise.resolve('It cannot be taken in.'),
        wake: (lanes) => bridge?.wake(lanes), sender: task.sender, permission: permission(task.sender) ?? 'block', room: row.room,
      }, task.text);
      return [notice(row.room, text, keyOf('answer', row.key), task.event)];
    },
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
      await running.stop();
      await accounts.stop();
    },
  };
}

