import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { type Daemon, startDaemon } from '../daemon.ts';
import { startWhatsAppSandbox, type WhatsAppSandbox } from '../sandbox/whatsapp/index.ts';
import { MatrixUser } from './matrix/user.ts';
import { installSynapse } from './synapse/install.ts';
import { freePort } from './synapse/ports.ts';
import { newToken, writeRegistration } from './synapse/registration.ts';
import { startSynapse, type Synapse, type SynapseUser } from './synapse/synapse.ts';

/** Everything the demo runs: a real homeserver, two accounts, the sandbox and the daemon. */
export interface Stage {
  readonly synapse: Synapse;
  readonly sandbox: WhatsAppSandbox;
  readonly daemon: Daemon;
  readonly users: readonly SynapseUser[];
  /** Clients of the two accounts. */
  readonly alice: MatrixUser;
  readonly bot: string;
  close(): Promise<void>;
}

const app = { appSecret: newToken(), verifyToken: newToken(), accessToken: newToken() };
const ids = { phoneNumberId: '106540352242922', wabaId: '102290129340398' };

/** Starts all of it on free ports, in a folder that is removed again. @throws CodedError where something is missing */
export async function setStage(progress: (line: string) => void): Promise<Stage> {
  const venv = await installSynapse({ dir: resolve('.cache/synapse-venv'), progress });
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-demo-'));
  const serverName = 'demo.localhost';
  const [homeserverPort, publicPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const service = {
    id: 'drawbridge', url: `http://127.0.0.1:${homeserverPort}`, asToken: newToken(), hsToken: newToken(), senderLocalpart: 'drawbridge', prefix: '_drawbridge_',
  };
  const registration = join(dir, 'registration.yaml');
  await writeRegistration(registration, service, serverName);
  progress('Starting Synapse');
  await mkdir(join(dir, 'synapse'));
  const synapse = await startSynapse({ dir: join(dir, 'synapse'), venv, serverName, registrationFiles: [registration] });
  const users = [await synapse.register('alice', { admin: true }), await synapse.register('carol')];
  progress('Starting the WhatsApp sandbox and the bridge');
  const sandbox = await startWhatsAppSandbox({
    ...app, ...ids, displayPhoneNumber: '+31 970 1020 3040', webhookUrl: `http://127.0.0.1:${publicPort}/webhooks/whatsapp/main`, clockScale: { pair: 10_000 },
  });
  const configPath = join(dir, 'config.yaml');
  await writeFile(configPath, stringify({
    homeserver: { url: synapse.url, domain: serverName }, registration: 'registration.yaml', seal_key: randomBytes(32).toString('base64'),
    public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: `127.0.0.1:${homeserverPort}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: { [serverName]: 'user', [`@alice:${serverName}`]: 'admin' }, logging: { level: 'warn' },
    networks: { whatsapp: { main: {
      app_secret: app.appSecret, verify_token: app.verifyToken, graph_url: sandbox.url,
      accounts: { support: { phone_number_id: ids.phoneNumberId, waba_id: ids.wabaId, access_token: app.accessToken, owners: [`@alice:${serverName}`], rate_scale: 1_000 } },
    } } },
  }), { mode: 0o600 });
  const daemon = await startDaemon({ configPath });
  const [first] = users;
  const alice = new MatrixUser(synapse.url, first?.userId ?? '', first?.accessToken ?? '');
  return {
    synapse, sandbox, daemon, users, alice, bot: `@drawbridge:${serverName}`,
    async close() {
      await alice.close();
      await daemon.stop();
      await sandbox.close();
      await synapse.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
