import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../../src/daemon.ts';
import { freePorts } from '../../../src/demo/synapse/ports.ts';
import { FakeHomeserver } from '../fake-homeserver/server.ts';

interface Closing { close(): Promise<void> }

/** The daemon between a fake homeserver and the sandbox of one network, all in this process, over real HTTP and real sockets. */
export interface NetworkStack<Sandbox extends Closing> extends AsyncDisposable {
  readonly homeserver: FakeHomeserver;
  readonly sandbox: Sandbox;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Around {
  readonly publicUrl: string;
  /** Who owns the account. */
  readonly owners: readonly string[];
}

/** `make`: the network's sandbox, and what stands under `networks` in the config. */
export async function startNetworkStack<Sandbox extends Closing>(
  make: (around: Around) => Promise<{ readonly sandbox: Sandbox; readonly networks: object }>,
): Promise<NetworkStack<Sandbox>> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-network-'));
  const [asPort = 0, publicPort = 0, adminPort = 0] = await freePorts(3);
  const homeserver = await FakeHomeserver.start({ botLocalpart: 'drawbridge', backoffSecondMs: 20, appserviceUrl: `http://127.0.0.1:${asPort}` });
  const publicUrl = `http://127.0.0.1:${publicPort}`;
  const { sandbox, networks } = await make({ publicUrl, owners: [`@alice:${homeserver.serverName}`] });
  await writeFile(join(dir, 'registration.yaml'), JSON.stringify({
    id: 'drawbridge', url: `http://127.0.0.1:${asPort}`, as_token: homeserver.asToken, hs_token: homeserver.hsToken, sender_localpart: 'drawbridge',
    rate_limited: false, namespaces: { users: [{ exclusive: true, regex: '@_drawbridge_.*:fake\\.test' }] },
  }));
  const configPath = join(dir, 'config.yaml');
  await writeFile(configPath, JSON.stringify({
    homeserver: { url: homeserver.url, domain: homeserver.serverName }, registration: 'registration.yaml', database: 'drawbridge.db', data: 'data',
    seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: publicUrl,
    listen: { homeserver: `127.0.0.1:${asPort}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: { [homeserver.serverName]: 'user', [`@admin:${homeserver.serverName}`]: 'admin' },
    logging: { level: process.env['TEST_LOG'] ?? 'error', format: 'json' },
    networks,
  }));
  let daemon: Daemon | null = null;
  const stack: NetworkStack<Sandbox> = {
    homeserver, sandbox,
    async start() {
      daemon = await startDaemon({ configPath });
    },
    async stop() {
      const running = daemon;
      daemon = null;
      await running?.stop();
    },
    async [Symbol.asyncDispose]() {
      await stack.stop();
      await sandbox.close();
      await homeserver.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await stack.start();
  return stack;
}
