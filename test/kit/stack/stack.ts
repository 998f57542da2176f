import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isPostgres } from '../../../src/config/database.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../../../src/daemon.ts';
import { freePorts } from '../../../src/demo/synapse/ports.ts';
import { type WhatsAppSandboxOptions, startWhatsAppSandbox, type WhatsAppSandbox } from '../../../src/sandbox/whatsapp/index.ts';
import { FakeHomeserver, type FakeOptions } from '../fake-homeserver/server.ts';
import { FaultProxy } from '../fault-proxy/proxy.ts';
import { app, configOf } from '../whatsapp/app.ts';

export interface StackOptions {
  readonly delivery?: Readonly<Record<string, unknown>>;
  readonly bridge?: Readonly<Record<string, unknown>>;
  readonly media?: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly owners?: readonly string[];
  /** Of the sandbox; where it is one number, of the daemon's rate limits too. */
  readonly clockScale?: NonNullable<WhatsAppSandboxOptions['clockScale']>;
  readonly homeserver?: Partial<FakeOptions>;
  readonly seed?: number;
  /** The caller runs the daemon itself, in a process that it can kill. */
  readonly withoutDaemon?: boolean;
  /** Where the database is, when not beside the config: a relative path is taken from there; or an address. */
  readonly database?: string;
  readonly daemon?: Partial<DaemonOptions>;
}

/** The daemon between a fake homeserver and the WhatsApp sandbox, all in this process, over real HTTP. */
export interface Stack {
  readonly homeserver: FakeHomeserver;
  readonly sandbox: WhatsAppSandbox;
  /** On the way from the daemon to the sandbox. */
  readonly graph: FaultProxy;
  /** On the way from the homeserver to the daemon. */
  readonly push: FaultProxy;
  readonly webhookUrl: string;
  readonly adminUrl: string;
  readonly configPath: string;
  readonly database: string;
  readonly dir: string;
  /** What Meta's side knows of the app. */
  readonly app: typeof app;
  /** In this process; ended by `stop` and `close`. */
  start(options?: Partial<DaemonOptions>): Promise<Daemon>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-stack-'));
  const [asPort = 0, publicPort = 0, adminPort = 0] = await freePorts(3);
  const push = await FaultProxy.start({ target: `http://127.0.0.1:${asPort}` });
  const homeserver = await FakeHomeserver.start({ botLocalpart: 'drawbridge', backoffSecondMs: 20, appserviceUrl: push.url, ...options.homeserver });
  const webhookUrl = `http://127.0.0.1:${publicPort}/webhooks/whatsapp/main`;
  const clockScale = options.clockScale ?? 1000;
  const sandbox = await startWhatsAppSandbox({ ...app, webhookUrl, clockScale, seed: options.seed ?? 1 });
  const graph = await FaultProxy.start({ target: sandbox.url });
  const configPath = join(dir, 'config.yaml');
  const database = isPostgres(options.database ?? '') ? (options.database ?? '') : resolve(dir, options.database ?? 'drawbridge.db');
  await writeFile(join(dir, 'registration.yaml'), JSON.stringify({
    id: 'drawbridge', url: push.url, as_token: homeserver.asToken, hs_token: homeserver.hsToken, sender_localpart: 'drawbridge',
    rate_limited: false, namespaces: { users: [{ exclusive: true, regex: '@_drawbridge_.*:fake\\.test' }] },
  }));
  await writeFile(configPath, JSON.stringify({
    homeserver: { url: homeserver.url, domain: homeserver.serverName }, registration: 'registration.yaml', database, data: 'data',
    seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: `127.0.0.1:${asPort}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: options.permissions ?? { [homeserver.serverName]: 'user', [`@admin:${homeserver.serverName}`]: 'admin' },
    delivery: { ...options.delivery }, bridge: { privacy_notice: '', ...options.bridge }, media: { ...options.media },
    logging: { level: process.env.TEST_LOG ?? 'error', format: 'json' },
    networks: { whatsapp: configOf(graph.url, {
      owners: options.owners ?? [`@alice:${homeserver.serverName}`], rate_scale: typeof clockScale === 'number' ? clockScale : (clockScale.pair ?? 1),
    }) },
  }));
  let daemon: Daemon | null = null;
  const stack: Stack = {
    homeserver, sandbox, graph, push, webhookUrl, app, adminUrl: `http://127.0.0.1:${adminPort}`, configPath, database, dir,
    async start(more = {}) {
      daemon = await startDaemon({ configPath, ...options.daemon, ...more });
      return daemon;
    },
    async stop() {
      const running = daemon;
      daemon = null;
      await running?.stop();
    },
    async close() {
      await stack.stop();
      await sandbox.close();
      await homeserver.close();
      await graph.close();
      await push.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  if (options.withoutDaemon !== true) await stack.start();
  return stack;
}

/** Polls until `look` gives something; bounded, so that a test that cannot pass fails with what it waited for. Where the disk is busy a commit can take a hundred times as long. */
export async function eventually<T>(what: string, look: () => T | null | undefined | false | Promise<T | null | undefined | false>, ms = 30_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
