import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface ProgramOptions {
  /** Default: this checkout's. */
  readonly script?: string;
  readonly stdin?: string;
  /** Arguments for Node, before the script. */
  readonly before?: readonly string[];
  /** Closes our end of its output at the first bytes. */
  readonly leave?: boolean;
  /** Default: an empty folder. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program as a process of its own. */
export interface Program {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<Ended>;
}

export function startProgram(args: readonly string[], { script = main, stdin = '', before = [], leave = false, cwd, env }: ProgramOptions = {}): Program {
  const child = spawn(process.execPath, [...before, script, ...args], {
    cwd: cwd ?? mkdtempSync(join(tmpdir(), 'drawbridge-program-')), stdio: 'pipe', env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (leave) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

export function program(args: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return startProgram(args, options).ended;
}
