import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installSynapse } from '../../../src/demo/synapse/install.ts';
import { fileLock } from '../../../src/demo/synapse/lock.ts';
import { registerUser, startSynapse, type Synapse, type SynapseUser } from '../../../src/demo/synapse/synapse.ts';
import { MatrixUser } from '../../../src/demo/matrix/user.ts';
import { puppetFile, writeRegistrations, type BridgeSlot } from './registrations.ts';

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../../.cache');
const slotCount = 48;

/** What test files of one jest process need to know of the Synapse they share. */
interface SharedState {
  readonly url: string;
  readonly serverName: string;
  readonly registrationSecret: string;
  readonly logFile: string;
  readonly slots: readonly BridgeSlot[];
}

export interface SharedSynapse {
  readonly url: string;
  readonly serverName: string;
  readonly logFile: string;
  /** A fresh user; `name` is made unique. `close` ends what they follow. */
  user(name: string): Promise<MatrixUser>;
  /** An account without a client. */
  account(name: string): Promise<SynapseUser>;
  /** A registration that no other test file of this run has had. */
  claimBridge(): Promise<BridgeSlot>;
  /** Ends every user made here; the homeserver itself goes on for the other test files. */
  close(): Promise<void>;
}

/** A Synapse of a test's own, which it may kill and restart, with registrations ready. */
export interface OwnSynapse {
  readonly synapse: Synapse;
  readonly slots: readonly BridgeSlot[];
  user(name: string): Promise<MatrixUser>;
}

/** Installs Synapse when it is not there yet; that takes about a minute, so call it under a long time limit. */
const synapseVenv = (): Promise<string> => installSynapse({
  dir: join(cache, 'synapse-venv'),
  progress: (line) => void process.stderr.write(`${line}\n`),
});

/** Starts a Synapse in `dir` with `bridges` registrations. The caller stops it. */
export async function ownSynapse(dir: string, bridges: number): Promise<OwnSynapse> {
  const serverName = 'localhost';
  const registrations = join(dir, 'registrations');
  const slots = await writeRegistrations(registrations, serverName, bridges);
  const synapse = await startSynapse({
    dir, serverName, venv: await synapseVenv(), registrationFiles: [...slots.map((slot) => slot.registrationFile), puppetFile(registrations)],
  });
  return { synapse, slots, user: (name) => freshUser(synapse, name) };
}

/**
 * The one Synapse of this jest process: the first test file that asks starts it, and it ends with the process.
 * A test file sees none of another's objects, so they find each other by a folder named after the process.
 */
export async function sharedSynapse(): Promise<SharedSynapse> {
  const dir = join(cache, 'e2e', String(process.pid));
  const lock = await fileLock(`${dir}.lock`);
  const state = await readState(dir).finally(() => lock.release());
  const users: MatrixUser[] = [];
  return {
    url: state.url,
    serverName: state.serverName,
    logFile: state.logFile,
    account: (name) => freshAccount(state, name),
    claimBridge: () => claim(dir, state.slots),
    async user(name) {
      const user = await freshUser(state, name);
      users.push(user);
      return user;
    },
    async close() {
      await Promise.all(users.map((user) => user.close()));
    },
  };
}

async function readState(dir: string): Promise<SharedState> {
  const path = join(dir, 'state.json');
  const known = await readFile(path, 'utf8').then((text) => JSON.parse(text) as SharedState, () => null);
  if (known && (await fetch(`${known.url}/_matrix/client/versions`).then((answer) => answer.ok, () => false))) return known;
  await removeOld();
  await rm(dir, { recursive: true, force: true });
  const { synapse, slots } = await ownSynapse(dir, slotCount);
  synapse.unref();
  const { url, serverName, registrationSecret, logFile } = synapse;
  const state: SharedState = { url, serverName, registrationSecret, logFile, slots };
  await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return state;
}

/** Folders of processes that have ended. */
async function removeOld(): Promise<void> {
  const names = await readdir(join(cache, 'e2e')).catch(() => []);
  const ended = names.filter((name) => /^\d+/.test(name) && !isAlive(Number.parseInt(name, 10)));
  await Promise.all(ended.map((name) => rm(join(cache, 'e2e', name), { recursive: true, force: true })));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === 'EPERM';
  }
}

async function claim(dir: string, slots: readonly BridgeSlot[]): Promise<BridgeSlot> {
  for (const slot of slots) {
    const won = await writeFile(join(dir, `${slot.id}.claimed`), '', { flag: 'wx' }).then(() => true, () => false);
    if (won) return slot;
  }
  throw new Error(`All ${slots.length} registrations of the shared Synapse are taken: raise slotCount`);
}

const freshAccount = (server: { url: string; registrationSecret: string }, name: string): Promise<SynapseUser> =>
  registerUser(server.url, server.registrationSecret, `${name}-${randomUUID().slice(0, 8)}`);

async function freshUser(server: { url: string; registrationSecret: string }, name: string): Promise<MatrixUser> {
  const user = await freshAccount(server, name);
  return new MatrixUser(server.url, user.userId, user.accessToken);
}
