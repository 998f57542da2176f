import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { type Daemon, startDaemon } from '../daemon.ts';
import { startWhatsAppSandbox, type WhatsAppSandbox } from '../sandbox/whatsapp/index.ts';
import { type Account, type Given, type StageHomeserver, theirHomeserver } from './given.ts';
import { MatrixUser } from './matrix/user.ts';
import { installSynapse } from './synapse/install.ts';
import { freePort } from './synapse/ports.ts';
import { newToken, writeRegistration } from './synapse/registration.ts';
import { startSynapse } from './synapse/synapse.ts';

/** Everything the demo runs: a real homeserver, two accounts, the sandbox and the daemon. */
export interface Stage {
  readonly homeserver: string;
  readonly sandbox: WhatsAppSandbox;
  readonly daemon: Daemon;
  readonly users: readonly Account[];
  /** A client of the first account. */
  readonly alice: MatrixUser;
  readonly bot: string;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly progress: (line: string) => void;
  /** A homeserver that runs already, instead of one that is started. */
  readonly homeserver?: Given;
  /** The daemon's edges, by name. */
  readonly step?: (name: string) => void;
  /** Gives up where it stands; what was started is ended. */
  readonly signal?: AbortSignal;
}

const app = { appSecret: newToken(), verifyToken: newToken(), accessToken: newToken() };
const ids = { phoneNumberId: '106540352242922', wabaId: '102290129340398' };
/** Faster than anybody types or any script plays: what a sandbox teaches by its limits is no part of a demo. */
const hurry = 10_000;

/** Starts all of it on free ports, in a folder that is removed again. @throws CodedError where something is missing */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { progress, signal, step } = options;
  await using started = new AsyncDisposableStack();
  const dir = started.adopt(await mkdtemp(join(tmpdir(), 'drawbridge-demo-')), (path) => rm(path, { recursive: true, force: true }));
  const homeserver = options.homeserver === undefined ? await ownHomeserver(dir, started, options) : await theirHomeserver(options.homeserver);
  signal?.throwIfAborted();
  progress('Starting the WhatsApp sandbox and the bridge');
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  const sandbox = started.adopt(await startWhatsAppSandbox({
    ...app, ...ids, displayPhoneNumber: '+31 970 1020 3040', verifiedName: 'Drawbridge demo', webhookUrl: `http://127.0.0.1:${publicPort}/webhooks/whatsapp/main`, clockScale: { pair: hurry },
  }), (one) => one.close());
  const configPath = join(dir, 'config.yaml');
  await writeFile(configPath, stringify(config(homeserver, sandbox.url, publicPort, adminPort)), { mode: 0o600 });
  const daemon = started.adopt(await startDaemon({ configPath, ...(step && { step }) }), (one) => one.stop());
  signal?.throwIfAborted();
  const [first] = homeserver.users;
  const alice = started.adopt(new MatrixUser(homeserver.url, first?.userId ?? '', first?.accessToken ?? ''), (one) => one.close());
  const all = started.move();
  return {
    homeserver: homeserver.url, sandbox, daemon, users: homeserver.users, alice, bot: `@${homeserver.bot}:${homeserver.domain}`,
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

function config(homeserver: StageHomeserver, graphUrl: string, publicPort: number, adminPort: number): object {
  const owners = homeserver.users.slice(0, 1).map(({ userId }) => userId);
  return {
    homeserver: { url: homeserver.url, domain: homeserver.domain }, registration: homeserver.registration, seal_key: randomBytes(32).toString('base64'),
    public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: homeserver.listen, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    bridge: { bot: homeserver.bot, ghost_prefix: homeserver.ghostPrefix },
    permissions: { [homeserver.domain]: 'user', ...Object.fromEntries(owners.map((owner) => [owner, 'admin'])) },
    // What became of a message stands beside it.
    delivery: { status_events: true }, logging: { level: 'warn' },
    networks: { whatsapp: { main: {
      app_secret: app.appSecret, verify_token: app.verifyToken, graph_url: graphUrl,
      accounts: { support: { phone_number_id: ids.phoneNumberId, waba_id: ids.wabaId, access_token: app.accessToken, owners, rate_scale: hurry } },
    } } },
  };
}
