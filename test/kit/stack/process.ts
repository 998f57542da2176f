import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = new URL('./daemon-main.ts', import.meta.url).pathname;
/** Loading is most of a start; what was compiled once is kept between runs. */
const compiled = join(tmpdir(), `drawbridge-compiled-${process.versions.node}`);

/** The daemon as a process that can be killed. */
export class DaemonProcess {
  readonly pid: number;
  /** Resolves to the signal or the exit code that it ended with. */
  readonly ended: Promise<NodeJS.Signals | number>;
  /** What it wrote to standard output and standard error. */
  output = '';
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.ended = once(child, 'exit').then(([code, signal]: unknown[]) => (signal ?? code) as NodeJS.Signals | number);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (piece: Buffer) => {
        this.output = (this.output + piece.toString('utf8')).slice(-100_000);
        if (process.env['TEST_LOG'] !== undefined) process.stderr.write(piece);
      });
    }
  }

  /** Resolves when it is up, or has ended. `crashAt`: `<step>:<n>`. `command`: run through this shell line's `"$@"`. */
  static async start(configPath: string, options: { readonly crashAt?: string; readonly shell?: string } = {}): Promise<DaemonProcess> {
    const env = { ...process.env, CRASH_AT: options.crashAt ?? ':0', NODE_COMPILE_CACHE: compiled };
    const args = [process.execPath, main, configPath] as const;
    const [command, ...rest] = options.shell === undefined ? args : (['/bin/sh', '-c', `${options.shell}; exec "$@"`, 'sh', ...args] as const);
    const started = new DaemonProcess(spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    await Promise.race([started.#up(), started.ended]);
    return started;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  /** Asks it to end; resolves to what it ended with. */
  async terminate(): Promise<NodeJS.Signals | number> {
    this.#child.kill('SIGTERM');
    return this.ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async #up(): Promise<void> {
    while (!this.output.includes('{"up":true}')) await once(this.#child.stdout ?? this.#child, 'data');
  }
}
