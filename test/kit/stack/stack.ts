import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { type Daemon, startDaemon } from '../../../src/daemon.ts';
import { startWhatsAppSandbox, type WhatsAppSandbox } from '../../../src/sandbox/whatsapp/index.ts';
import { FakeHomeserver } from '../fake-homeserver/server.ts';

export interface StackOptions {
  readonly delivery?: Readonly<Record<string, unknown>>;
  readonly bridge?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly owners?: readonly string[];
  readonly clockScale?: number;
  /** The caller runs the daemon itself, in a process that it can kill. */
  readonly withoutDaemon?: boolean;
}

/** The daemon between a fake homeserver and the WhatsApp sandbox, all in this process, over real HTTP. */
export interface Stack {
  readonly homeserver: FakeHomeserver;
  readonly sandbox: WhatsAppSandbox;
  readonly configPath: string;
  readonly dir: string;
  /** What Meta's side knows of the app. */
  readonly app: typeof app;
  readonly webhookUrl: string;
  close(): Promise<void>;
}

const app = { appSecret: 'app-secret-of-the-test', verifyToken: 'verify-token-of-the-test', accessToken: 'access-token-of-the-test', phoneNumberId: '106540352242922', wabaId: '102290129340398' };

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-stack-'));
  const [asPort, publicPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const homeserver = await FakeHomeserver.start({ botLocalpart: 'drawbridge', backoffSecondMs: 20, appserviceUrl: `http://127.0.0.1:${asPort}` });
  const webhookUrl = `http://127.0.0.1:${publicPort}/webhooks/whatsapp/main`;
  const sandbox = await startWhatsAppSandbox({ ...app, displayPhoneNumber: '+31 970 1020 3040', webhookUrl, clockScale: options.clockScale ?? 1000 });
  const configPath = join(dir, 'config.yaml');
  await writeFile(join(dir, 'registration.yaml'), JSON.stringify({
    id: 'drawbridge', url: `http://127.0.0.1:${asPort}`, as_token: homeserver.asToken, hs_token: homeserver.hsToken, sender_localpart: 'drawbridge',
    rate_limited: false, namespaces: { users: [{ exclusive: true, regex: '@_drawbridge_.*:fake\\.test' }] },
  }));
  await writeFile(configPath, JSON.stringify({
    homeserver: { url: homeserver.url, domain: homeserver.serverName }, registration: 'registration.yaml', database: 'drawbridge.db', data: 'data',
    seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: `127.0.0.1:${asPort}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: options.permissions ?? { [homeserver.serverName]: 'user', [`@admin:${homeserver.serverName}`]: 'admin' },
    delivery: { ...options.delivery }, bridge: { ...options.bridge }, logging: { level: process.env.TEST_LOG ?? 'error', format: 'json' },
    networks: { whatsapp: { main: {
      app_secret: app.appSecret, verify_token: app.verifyToken, graph_url: sandbox.url,
      accounts: { support: {
        phone_number_id: app.phoneNumberId, waba_id: app.wabaId, access_token: app.accessToken,
        owners: options.owners ?? [`@alice:${homeserver.serverName}`], rate_scale: options.clockScale ?? 1000,
      } },
    } } },
  }));
  const daemon: Daemon | null = options.withoutDaemon === true ? null : await startDaemon({ configPath });
  return {
    homeserver, sandbox, configPath, dir, app, webhookUrl,
    async close() {
      await daemon?.stop();
      await sandbox.close();
      await homeserver.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Polls until `look` gives something; bounded, so that a test that cannot pass fails with what it waited for. */
export async function eventually<T>(what: string, look: () => T | null | undefined | false | Promise<T | null | undefined | false>, ms = 10_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
