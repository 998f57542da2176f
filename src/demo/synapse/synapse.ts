import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../model/errors.ts';
import { writeHomeserverConfig } from './config.ts';
import { pythonOf } from './install.ts';
import { freePort } from './ports.ts';

export interface SynapseOptions {
  /** Its own folder: config, database, media, log. */
  readonly dir: string;
  /** As `installSynapse` returned it. */
  readonly venv: string;
  readonly serverName?: string;
  /** A free one is taken when absent. */
  readonly port?: number;
  /** Paths of application services' registration.yaml. */
  readonly registrationFiles?: readonly string[];
  /** Laid over the experimental features that a bridge asks for. */
  readonly experimental?: Readonly<Record<string, unknown>>;
  readonly registrationSecret?: string;
}

export interface SynapseUser {
  readonly userId: string;
  readonly accessToken: string;
  readonly deviceId: string;
}

interface UserOptions {
  readonly admin?: boolean;
  readonly displayName?: string;
}

export interface Synapse {
  /** `http://127.0.0.1:<port>`, the same after a restart. */
  readonly url: string;
  readonly port: number;
  readonly serverName: string;
  readonly logFile: string;
  /** Opens the admin API that makes users. */
  readonly registrationSecret: string;
  /** Makes a local user; see `registerUser`. */
  register(localpart: string, options?: UserOptions): Promise<SynapseUser>;
  /** Ends it in order: SIGTERM, and SIGKILL after ten seconds. Nothing happens when it does not run. */
  stop(): Promise<void>;
  /** SIGKILL. Resolves when it is gone. */
  kill9(): Promise<void>;
  /** Starts it again, after `stop` or `kill9`, or stops it first. Resolves when it answers. */
  restart(): Promise<void>;
  /** This process may end while it runs; it is ended then. For a Synapse that several test files share. */
  unref(): void;
}

/**
 * Starts a Synapse in one process on SQLite, on 127.0.0.1 only, and waits until it answers `/versions`.
 * It ends with this process, however that ends.
 * @throws CodedError with the last lines of the log when it does not come up
 */
export async function startSynapse(options: SynapseOptions): Promise<Synapse> {
  const { dir, venv } = options;
  const serverName = options.serverName ?? 'localhost';
  const registrationSecret = options.registrationSecret ?? randomBytes(24).toString('hex');
  await mkdir(dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const configPath = await writeHomeserverConfig({
    dir, port, serverName, registrationSecret,
    registrationFiles: options.registrationFiles ?? [],
    experimental: options.experimental ?? {},
  });
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(dir, 'homeserver.log');
  let child: ChildProcess | null = null;

  const start = async (): Promise<void> => {
    child = await launch(venv, configPath, logFile);
    await answers(url, child, logFile);
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const ending = child;
    child = null;
    if (ending) await endProcess(ending, signal);
  };
  try {
    await start();
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  return {
    url, port, serverName, logFile, registrationSecret,
    register: (localpart, as) => registerUser(url, registrationSecret, localpart, as),
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      await start();
    },
    unref() {
      child?.unref();
      (child?.stdin as { unref?(): void } | null | undefined)?.unref?.();
    },
  };
}

/**
 * Synapse lives as long as its standard input is open: the operating system closes that when our process dies, also
 * by SIGKILL, where no handler of ours would run.
 */
const launcher = `
import os, runpy, sys, threading
def watch():
    sys.stdin.buffer.read()
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
runpy.run_module("synapse.app.homeserver", run_name="__main__")
`;

async function launch(venv: string, configPath: string, logFile: string): Promise<ChildProcess> {
  const log = await open(logFile, 'a');
  try {
    const child = spawn(pythonOf(venv), ['-c', launcher, '--config-path', configPath], { stdio: ['pipe', log.fd, log.fd] });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    // A pipe to a process that was killed breaks; nothing is ever written to it.
    child.stdin?.on('error', () => {});
    return child;
  } finally {
    await log.close();
  }
}

const startLimitMs = 120_000;

async function answers(url: string, child: ChildProcess, logFile: string): Promise<void> {
  for (const end = Date.now() + startLimitMs; Date.now() < end;) {
    const ok = await fetch(`${url}/_matrix/client/versions`, { signal: AbortSignal.timeout(5_000) })
      .then(async (answer) => (await answer.arrayBuffer(), answer.ok), () => false);
    if (ok) return;
    if (hasEnded(child)) break;
    await sleep(100);
  }
  const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-15).join('\n');
  throw new CodedError('DB-8104', `Synapse did not start. The end of ${logFile}:\n${lines}\n`, 'Look at the whole log.');
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

/**
 * Makes a user by Synapse's admin API, which takes an HMAC-SHA1 of nonce, name, password and admin flag under the
 * registration secret (Synapse's documentation, "Shared-Secret Registration"), and logs it in.
 */
export async function registerUser(
  url: string, secret: string, localpart: string, options: UserOptions = {},
): Promise<SynapseUser> {
  const endpoint = `${url}/_synapse/admin/v1/register`;
  const { nonce } = (await (await fetch(endpoint)).json()) as { nonce: string };
  const password = randomBytes(18).toString('base64url');
  const admin = options.admin ?? false;
  const mac = createHmac('sha1', secret).update([nonce, localpart, password, admin ? 'admin' : 'notadmin'].join('\0')).digest('hex');
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ nonce, username: localpart, displayname: options.displayName, password, admin, mac }),
  });
  const body = (await answer.json()) as { user_id: string; access_token: string; device_id: string; error?: string };
  if (!answer.ok) throw new Error(`Synapse refused the user ${localpart}: ${answer.status} ${body.error ?? ''}`);
  return { userId: body.user_id, accessToken: body.access_token, deviceId: body.device_id };
}
