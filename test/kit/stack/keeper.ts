import { DaemonProcess } from './process.ts';

/** Starts the daemon again whenever it ends, as a service manager does, without the trap that it fell into. */
export class Keeper {
  /** How each run ended. */
  readonly ends: (NodeJS.Signals | number)[] = [];
  readonly #configPath: string;
  #process: DaemonProcess | null = null;
  #stopped = false;
  #run: Promise<void> = Promise.resolve();

  constructor(configPath: string) {
    this.#configPath = configPath;
  }

  async start(crashAt?: string): Promise<void> {
    const first = await DaemonProcess.start(this.#configPath, crashAt === undefined ? {} : { crashAt });
    this.#run = this.#watch(first);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#process?.kill();
    await this.#run;
  }

  async #watch(process: DaemonProcess): Promise<void> {
    for (let current = process; ; current = await DaemonProcess.start(this.#configPath)) {
      this.#process = current;
      if (this.#stopped) await current.kill();
      const end = await current.ended;
      if (this.#stopped) return;
      this.ends.push(end);
      if (end !== 'SIGKILL') throw new Error(`the daemon ended with ${end}: ${current.output}`);
    }
  }
}
