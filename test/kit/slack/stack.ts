import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../../src/daemon.ts';
import type { SlackSandbox } from '../../../src/sandbox/slack/index.ts';
import { FakeHomeserver } from '../fake-homeserver/server.ts';
import { SCALE, secrets, startSandbox } from './account.ts';

/** The daemon between a fake homeserver and the Slack sandbox, all in this process, over real HTTP and a real socket. */
export interface SlackStack extends AsyncDisposable {
  readonly homeserver: FakeHomeserver;
  readonly sandbox: SlackSandbox;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSlackStack(receive: 'socket' | 'http' = 'socket'): Promise<SlackStack> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-slack-'));
  const [asPort = 0, publicPort = 0, adminPort = 0] = await freePorts(3);
  const homeserver = await FakeHomeserver.start({ botLocalpart: 'drawbridge', backoffSecondMs: 20, appserviceUrl: `http://127.0.0.1:${asPort}` });
  const sandbox = await startSandbox(receive === 'http' ? { requestUrl: `http://127.0.0.1:${publicPort}/webhooks/slack/main` } : {});
  await writeFile(join(dir, 'registration.yaml'), JSON.stringify({
    id: 'drawbridge', url: `http://127.0.0.1:${asPort}`, as_token: homeserver.asToken, hs_token: homeserver.hsToken, sender_localpart: 'drawbridge',
    rate_limited: false, namespaces: { users: [{ exclusive: true, regex: '@_drawbridge_.*:fake\\.test' }] },
  }));
  const configPath = join(dir, 'config.yaml');
  await writeFile(configPath, JSON.stringify({
    homeserver: { url: homeserver.url, domain: homeserver.serverName }, registration: 'registration.yaml', database: 'drawbridge.db', data: 'data',
    seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: `127.0.0.1:${asPort}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: { [homeserver.serverName]: 'user', [`@admin:${homeserver.serverName}`]: 'admin' },
    logging: { level: process.env['TEST_LOG'] ?? 'error', format: 'json' },
    networks: { slack: { main: {
      receive, app_token: secrets.appToken, signing_secret: secrets.signingSecret, api_url: sandbox.apiUrl,
      accounts: { team: { team_id: sandbox.teamId, user_id: sandbox.botUserId, token: secrets.botToken, owners: [`@alice:${homeserver.serverName}`], rate_scale: SCALE } },
    } } },
  }));
  let daemon: Daemon | null = null;
  const stack: SlackStack = {
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

/** All held at once before they are let go: one by one, the same could come twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return server;
  }));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => void server.close(resolve))));
  return ports;
}
