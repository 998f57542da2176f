import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/demo/synapse/ports.ts';
import type { WhatsAppSandboxOptions } from '../src/sandbox/whatsapp/index.ts';
import { type Child, startChild } from './child.ts';
import type { HomeserverFacts } from './stubs/homeserver.ts';
import type { NetworkFacts } from './stubs/network.ts';
import { Stub } from './stubs/process.ts';

export type Side = 'ours' | 'theirs';

/** One contender between a homeserver and a network of its own, each of the three in its own process. */
export interface World {
  readonly side: Side;
  readonly homeserver: Stub;
  readonly network: Stub;
  readonly dir: string;
  /** Where the contender takes transactions, and the token that it expects there. */
  readonly appserviceUrl: string;
  readonly hsToken: string;
  readonly bridge: Child;
  /** Stops the contender and starts it again on what it keeps. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const secrets = { appSecret: 'app-secret-of-the-bench', verifyToken: 'verify-token-of-the-bench', accessToken: 'access-token-of-the-bench' };
export const ids = { phoneNumberId: '106540352242922', wabaId: '102290129340398' };
/** The documented rates would make a bench of the sandbox's clock. */
const noLimits = { pair: 1_000_000, throughput: 1_000_000 };

export interface WorldOptions {
  /** Further arguments of Node for our daemon, for profiles. */
  readonly node?: readonly string[];
  /** Before the contender starts; `dir` holds its config. */
  readonly prepare?: (dir: string) => Promise<void>;
}

export async function openWorld(side: Side, { node = [], prepare }: WorldOptions = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-bench-'));
  const [asPort = 0, publicPort = 0, adminPort = 0] = await freePorts(3);
  const appserviceUrl = `http://127.0.0.1:${asPort}`;
  const webhookUrl = `http://127.0.0.1:${publicPort}/webhooks/whatsapp/main`;
  const [homeserver, hs] = await Stub.start<HomeserverFacts>('homeserver.ts', { appserviceUrl });
  const [network, { url: graph }] = await Stub.start<NetworkFacts>('network.ts', {
    ...secrets, ...ids, displayPhoneNumber: '+31 970 1020 3040', webhookUrl, clockScale: noLimits,
  } satisfies WhatsAppSandboxOptions);
  await writeConfigs(dir, { hs, graph, asPort, publicPort, adminPort });
  await prepare?.(dir);
  const start = (): Promise<Child> => (side === 'ours' ? startOurs(dir, node) : startTheirs(dir));
  let bridge = await start();
  return {
    side, homeserver, network, dir, appserviceUrl, hsToken: hs.hsToken,
    get bridge() {
      return bridge;
    },
    async restart() {
      await bridge.stop();
      bridge = await start();
    },
    async close() {
      await bridge.stop();
      await network.close();
      await homeserver.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function startOurs(dir: string, node: readonly string[] = []): Promise<Child> {
  return startChild([...node, join(import.meta.dirname, '../dist/main.js'), 'start', '--config', join(dir, 'config.yaml')], 'Drawbridge runs.');
}

function startTheirs(dir: string): Promise<Child> {
  return startChild([join(import.meta.dirname, 'peer/main.ts'), join(dir, 'peer.json')], 'The peer runs.');
}

interface Addresses {
  readonly hs: HomeserverFacts;
  /** Of the network's API. */
  readonly graph: string;
  readonly asPort: number;
  readonly publicPort: number;
  readonly adminPort: number;
}

/** The config of both contenders, in one folder. */
async function writeConfigs(dir: string, { hs, graph, asPort, publicPort, adminPort }: Addresses): Promise<void> {
  const registration = {
    id: 'drawbridge', url: `http://127.0.0.1:${asPort}`, as_token: hs.asToken, hs_token: hs.hsToken, sender_localpart: 'drawbridge',
    rate_limited: false, namespaces: { users: [{ exclusive: true, regex: '@_drawbridge_.*:fake\\.test' }], aliases: [], rooms: [] },
  };
  const owner = `@alice:${hs.serverName}`;
  const write = (name: string, content: object): Promise<void> => writeFile(join(dir, name), JSON.stringify(content));
  await write('registration.yaml', registration);
  await write('config.yaml', {
    homeserver: { url: hs.url, domain: hs.serverName }, registration: 'registration.yaml', database: 'drawbridge.db', data: 'data',
    seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: `127.0.0.1:${asPort}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: { [hs.serverName]: 'user' }, logging: { level: 'info', format: 'json' },
    networks: { whatsapp: { main: {
      app_secret: secrets.appSecret, verify_token: secrets.verifyToken, graph_url: graph,
      accounts: { support: { phone_number_id: ids.phoneNumberId, waba_id: ids.wabaId, access_token: secrets.accessToken, owners: [owner], rate_scale: 1_000_000 } },
    } } },
  });
  await write('peer.json', {
    registration, homeserver: hs.url, domain: hs.serverName, asPort, publicPort, graph, ...secrets, ...ids, owner,
  });
}
