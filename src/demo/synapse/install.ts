import { execFile, spawn } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { CodedError } from '../../model/errors.ts';
import { fileLock } from './lock.ts';

const run = promisify(execFile);

/** The release of `matrix-synapse` on PyPI that the tests and the demo run against; it wants Python 3.10 or newer. */
const synapseVersion = '1.163.2';

export interface InstallOptions {
  /** The virtual environment's folder. A half-made one is made again. */
  readonly dir: string;
  readonly progress: (line: string) => void;
  /** Ends pip too; what it leaves is made again the next time. */
  readonly signal?: AbortSignal;
}

/** The Python of a virtual environment. */
export const pythonOf = (venv: string): string => join(venv, 'bin', 'python');

/**
 * Makes a Python virtual environment with Synapse in it, or finds the one made before. Safe when two processes do it
 * at once: the second waits. Returns `dir`.
 * @throws CodedError where no fit Python is found, or pip fails
 */
export async function installSynapse(options: InstallOptions): Promise<string> {
  const { dir, progress, signal } = options;
  const lock = await fileLock(`${dir}.lock`, () => progress('Another process is installing Synapse; waiting for it'));
  try {
    if (await isComplete(dir)) return dir;
    const python = await findPython();
    progress(`Installing Synapse ${synapseVersion} with Python ${python.version} (once; about a minute)`);
    await rm(dir, { recursive: true, force: true });
    await run(python.path, ['-m', 'venv', dir], { signal });
    await pip(dir, progress, signal);
    await run(pythonOf(dir), ['-c', 'import synapse.app.homeserver']);
    // The marker comes last and in one step: what lacks it was interrupted.
    await writeFile(`${markerOf(dir)}.new`, synapseVersion);
    await rename(`${markerOf(dir)}.new`, markerOf(dir));
    progress('Synapse is installed');
    return dir;
  } finally {
    lock.release();
  }
}

const markerOf = (dir: string): string => join(dir, 'drawbridge-synapse-version');

async function isComplete(dir: string): Promise<boolean> {
  const version = await readFile(markerOf(dir), 'utf8').catch(() => null);
  // The Python that it was made with may have gone since.
  return version === synapseVersion && (await run(pythonOf(dir), ['-c', '']).then(() => true, () => false));
}

async function pip(dir: string, progress: (line: string) => void, signal: AbortSignal | undefined): Promise<void> {
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const child = spawn(pythonOf(dir), [...args, `matrix-synapse==${synapseVersion}`], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const errors: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    const step = /^(?:Collecting \S+|Building wheel\S*|Installing collected packages)/.exec(line)?.[0];
    if (step !== undefined) progress(step);
  });
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status === 0) return;
  const reason = errors.filter((line) => line.startsWith('ERROR')).at(-1) ?? errors.at(-1) ?? `pip ended with ${status}`;
  throw new CodedError('DB-8103', `Synapse ${synapseVersion} could not be installed: ${reason}.`,
    'Look whether this machine reaches the Python package index, or give --homeserver with one that runs already.');
}

interface Python {
  readonly path: string;
  readonly version: string;
}

/** Names that a fit Python goes by, the best first. 3.14 and later are left to `python3`. */
const candidates = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3'];

/** @throws CodedError which says whether Python itself or its venv module is missing */
export async function findPython(names: readonly string[] = candidates): Promise<Python> {
  let withoutVenv: string | null = null;
  for (const path of names) {
    const found = await probe(path);
    if (found === null) continue;
    if (found.venv) return { path, version: found.version };
    withoutVenv ??= found.version;
  }
  if (withoutVenv !== null) {
    throw new CodedError('DB-8102', `Python ${withoutVenv} is here, but not its venv module, which Synapse is installed with.`,
      'Install it: on Debian and Ubuntu `apt-get install python3-venv`.');
  }
  throw new CodedError('DB-8101', 'Synapse needs Python 3.10 or newer, and none was found.',
    'Install Python (on Debian and Ubuntu `apt-get install python3 python3-venv`), or give --homeserver with one that runs already.');
}

/** Debian ships `venv` without `ensurepip` unless python3-venv is installed, so both are asked for. */
const probeCode = `
import sys
from importlib.util import find_spec
print(".".join(map(str, sys.version_info[:3])), sys.version_info >= (3, 10), all(map(find_spec, ("venv", "ensurepip"))))
`;

async function probe(path: string): Promise<{ version: string; venv: boolean } | null> {
  const output = await run(path, ['-c', probeCode], { timeout: 20_000 }).then(({ stdout }) => stdout, () => '');
  const [version, fit, venv] = output.trim().split(' ');
  return version !== undefined && fit === 'True' ? { version, venv: venv === 'True' } : null;
}
