import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A process that is measured. */
export interface Child {
  readonly pid: number;
  /** From spawn to its ready line, milliseconds. */
  readonly readyMs: number;
  /** Processor time so far, its threads' too, milliseconds. */
  cpuMs(): number;
  /** Resident memory, MB. */
  rssMb(): number;
  /** Resolves when it has nothing to do any more. */
  rest(): Promise<void>;
  /** SIGTERM, and resolves when it is gone. */
  stop(): Promise<void>;
}

/** Runs Node with these arguments and waits for a line of output that holds `ready`. @throws Error with its output when it ends before */
export async function startChild(args: readonly string[], ready: string): Promise<Child> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const kept = (line: string): void => void (lines.push(line) > 200 && lines.shift());
  createInterface(child.stderr).on('line', kept);
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      kept(line);
      if (line.includes(ready)) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code !== 0 && signal !== 'SIGTERM') console.error(`${args.join(' ')} ended with ${code ?? signal}:\n${lines.join('\n')}`);
      reject(new Error(`${args.join(' ')} ended too soon`));
    });
  });
  const readyMs = performance.now() - started;
  const pid = child.pid ?? 0;
  return { pid, readyMs, cpuMs: () => cpuMs(pid), rssMb: () => rssMb(pid), rest: () => rest(pid), stop: () => stop(child) };
}

/** Spawn to exit of a process that ends by itself, milliseconds. */
export async function lifeMs(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - started;
}

/** Three tenths of a second in which it used next to no processor time. */
async function rest(pid: number): Promise<void> {
  for (let still = 0, before = cpuMs(pid); still < 3;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = cpuMs(pid);
    still = now - before <= 10 ? still + 1 : 0;
    before = now;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(timer);
}

/** proc_pid_stat(5): fields 14 and 15, in hundredths of a second; the name before them may hold blanks. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function rssMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
