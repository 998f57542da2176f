import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What becomes of the next COMMIT that passes: the server never has it, or it is its answer that is lost; or nobody answers any more. */
export const cuts = ['none', 'before', 'after', 'silence'] as const;
export type Cut = (typeof cuts)[number];
/** Places in what both threads see. */
export const CUT = 0;
export const COMMITS = 1;

/** The line to a server, which can be cut. */
export class Wire {
  readonly port: number;
  readonly #worker: Worker;
  readonly #state: Int32Array;

  private constructor(port: number, worker: Worker, state: Int32Array) {
    this.port = port;
    this.#worker = worker;
    this.#state = state;
  }

  static async to(port: number): Promise<Wire> {
    const shared = new SharedArrayBuffer(8);
    const worker = new Worker(new URL('./wire-main.ts', import.meta.url), { workerData: { port, shared }, execArgv: [] });
    const [own] = (await once(worker, 'message')) as [number];
    return new Wire(own, worker, new Int32Array(shared));
  }

  /** Once. */
  cut(how: Cut): void {
    Atomics.store(this.#state, CUT, cuts.indexOf(how));
  }

  /** How many commits have passed. */
  get commits(): number {
    return Atomics.load(this.#state, COMMITS);
  }

  /** Every connection there is. */
  hangUp(): void {
    this.#worker.postMessage('hang up');
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
