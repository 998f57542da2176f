import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../../src/daemon.ts';
import { freePorts } from '../../../src/demo/synapse/ports.ts';
import type { MatrixSide } from '../matrix/side.ts';
import { DaemonProcess } from './process.ts';

/** The daemon in this process, between a Matrix side and some networks' sandboxes. */
export interface Between<Side extends MatrixSide = MatrixSide> extends AsyncDisposable {
  readonly matrix: Side;
  /** Where the config and the database are. */
  readonly dir: string;
  readonly publicUrl: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** kill -9, of one that runs as a process. */
  kill(): Promise<void>;
}

export interface Around {
  /** Where the daemon takes webhooks: `…/webhooks`. */
  readonly webhooks: string;
  /** Whose the accounts are. */
  readonly owners: readonly string[];
}

/** `networks`: starts the sandboxes, tells what the config says of them, and closes them with `started`. */
export async function daemonBetween<Side extends MatrixSide>(
  maker: (dir: string) => Promise<Side>, networks: (around: Around, started: AsyncDisposableStack) => Promise<object>, more: { readonly delivery?: object; readonly provisioning?: object; readonly asProcess?: boolean; readonly permissions?: object } = {},
): Promise<Between<Side>> {
  await using started = new AsyncDisposableStack();
  const dir = started.adopt(await mkdtemp(join(tmpdir(), 'drawbridge-between-')), (path) => rm(path, { recursive: true, force: true }));
  const matrix = started.adopt(await maker(dir), (side) => side.close());
  const [publicPort = 0, adminPort = 0] = await freePorts(2);
  const publicUrl = `http://127.0.0.1:${publicPort}`;
  const configPath = join(dir, 'config.yaml');
  await writeFile(configPath, JSON.stringify({
    ...matrix.config, database: 'drawbridge.db', data: 'data', seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: publicUrl,
    listen: { homeserver: matrix.listen, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: { [matrix.serverName]: 'user', [matrix.alice]: 'admin', ...more.permissions }, delivery: { ...more.delivery }, provisioning: { ...more.provisioning },
    logging: { level: process.env['TEST_LOG'] ?? 'error', format: 'json' }, networks: await networks({ webhooks: `${publicUrl}/webhooks`, owners: [matrix.alice] }, started),
  }), { mode: 0o600 });
  let daemon: Pick<Daemon, 'stop'> | null = null;
  let separate: DaemonProcess | null = null;
  const stop = async (): Promise<void> => {
    const running = daemon;
    daemon = null;
    await running?.stop();
  };
  started.defer(stop);
  const all = started.move();
  return {
    matrix, dir, publicUrl, stop,
    async start() {
      if (more.asProcess !== true) daemon = await startDaemon({ configPath });
      else {
        const started = await DaemonProcess.start(configPath);
        if (!started.running) throw new Error(started.output);
        separate = started;
        daemon = { stop: async () => void await started.terminate() };
      }
    },
    async kill() {
      daemon = null;
      await separate?.kill();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
