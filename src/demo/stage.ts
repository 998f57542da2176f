import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { type Daemon, startDaemon } from '../daemon.ts';
import { type Account, type Given, type StageHomeserver, theirHomeserver } from './given.ts';
import { MatrixUser } from './matrix/user.ts';
import { type DemoNetwork, demoNetworks } from './networks/table.ts';
import { installSynapse } from './synapse/install.ts';
import { freePort, freePorts } from './synapse/ports.ts';
import { newToken, writeRegistration } from './synapse/registration.ts';
import { startSynapse } from './synapse/synapse.ts';

/** Everything the demo runs: a real homeserver, two accounts, the sandboxes and the daemon. */
export interface Stage {
  readonly homeserver: string;
  readonly networks: readonly DemoNetwork[];
  readonly daemon: Daemon;
  readonly users: readonly Account[];
  /** A client of the first account. */
  readonly alice: MatrixUser;
  readonly bot: string;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly progress: (line: string) => void;
  /** Ids of networks, of those in `demoNetworks`. */
  readonly networks: readonly string[];
  /** A homeserver that runs already, instead of one that is started. */
  readonly homeserver?: Given;
  /** The daemon's edges, by name. */
  readonly step?: (name: string) => void;
  /** Gives up where it stands; what was started is ended. */
  readonly signal?: AbortSignal;
}

/** Starts all of it on free ports, in a folder that is removed again. @throws CodedError where something is missing */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { progress, signal, step } = options;
  await using started = new AsyncDisposableStack();
  const dir = started.adopt(await mkdtemp(join(tmpdir(), 'drawbridge-demo-')), (path) => rm(path, { recursive: true, force: true }));
  const homeserver = options.homeserver === undefined ? await ownHomeserver(dir, started, options) : await theirHomeserver(options.homeserver);
  signal?.throwIfAborted();
  progress('Starting the sandboxes and the bridge');
  const [publicPort = 0, adminPort = 0] = await freePorts(2);
  const owners = homeserver.users.slice(0, 1).map(({ userId }) => userId);
  const networks = new Map<string, DemoNetwork>();
  for (const id of options.networks) {
    const load = await demoNetworks[id]?.();
    if (load !== undefined) networks.set(id, started.adopt(await load({ webhooks: `http://127.0.0.1:${publicPort}/webhooks`, owners }), (one) => one.close()));
  }
  const configPath = join(dir, 'config.yaml');
  await writeFile(configPath, stringify(config(homeserver, networks, owners, publicPort, adminPort)), { mode: 0o600 });
  const daemon = started.adopt(await startDaemon({ configPath, ...(step && { step }) }), (one) => one.stop());
  signal?.throwIfAborted();
  const [first] = homeserver.users;
  const alice = started.adopt(new MatrixUser(homeserver.url, first?.userId ?? '', first?.accessToken ?? ''), (one) => one.close());
  const all = started.move();
  return {
    homeserver: homeserver.url, networks: [...networks.values()], daemon, users: homeserver.users, alice, bot: `@${homeserver.bot}:${homeserver.domain}`,
    close: () => all.disposeAsync(),
  };
}

async function ownHomeserver(dir: string, started: AsyncDisposableStack, { progress, signal }: StageOptions): Promise<StageHomeserver> {
  const venv = await installSynapse({ dir: resolve('.cache/synapse-venv'), progress, ...(signal && { signal }) });
  signal?.throwIfAborted();
  const domain = 'demo.localhost';
  const listen = `127.0.0.1:${await freePort()}`;
  const service = { id: 'drawbridge', url: `http://${listen}`, asToken: newToken(), hsToken: newToken(), senderLocalpart: 'drawbridge', prefix: '_drawbridge_' };
  const registration = join(dir, 'registration.yaml');
  await writeRegistration(registration, service, domain);
  progress('Starting Synapse');
  await mkdir(join(dir, 'synapse'));
  const synapse = started.adopt(await startSynapse({ dir: join(dir, 'synapse'), venv, serverName: domain, registrationFiles: [registration] }), (one) => one.stop());
  signal?.throwIfAborted();
  const users = [await synapse.register('alice', { admin: true, displayName: 'Alice' }), await synapse.register('carol', { displayName: 'Carol' })];
  return { url: synapse.url, domain, registration, listen, bot: service.senderLocalpart, ghostPrefix: service.prefix, users };
}

function config(homeserver: StageHomeserver, networks: ReadonlyMap<string, DemoNetwork>, owners: readonly string[], publicPort: number, adminPort: number): object {
  return {
    homeserver: { url: homeserver.url, domain: homeserver.domain }, registration: homeserver.registration, seal_key: randomBytes(32).toString('base64'),
    public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: homeserver.listen, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    // Whoever looks on sees the invitation, and accepts it.
    bridge: { bot: homeserver.bot, ghost_prefix: homeserver.ghostPrefix, double_puppet: 'off' },
    permissions: { [homeserver.domain]: 'user', ...Object.fromEntries(owners.map((owner) => [owner, 'admin'])) },
    // What became of a message stands beside it.
    delivery: { status_events: true }, logging: { level: 'warn' },
    networks: Object.fromEntries([...networks].map(([id, network]) => [id, network.config])),
  };
}
