import type { Clock } from '../../../src/model/clock.ts';
import { type Store, StoreBusy } from '../../../src/store/store.ts';
import type { ManualClock } from './clock.ts';

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** Commands that write; each is an edge before and an edge after which the process can die. */
const WRITES: ReadonlySet<string> = new Set<keyof Store>([
  'acceptNetwork', 'takePast', 'acceptMatrix', 'acceptBroken', 'takeAgain', 'settleIn', 'begin', 'step', 'settleOut', 'settleDelivery', 'recover', 'expire', 'apply',
  'openConversation', 'mediaDone', 'retry', 'prune', 'setMeta', 'erasePerson', 'redacted', 'erasureDone', 'eraseUser', 'forgetMappings',
]);

/** Seen from outside: what reached the store, and that something goes on at all. */
export interface Watch {
  /** Something happened; the world is not idle yet. */
  pulse(): void;
  wrote(command: string, args: readonly unknown[]): void;
}

/**
 * One life of the daemon's process: its view of the store and of time. It can end at any edge. From then on nothing of it
 * goes on: its promises never settle, and what it had asked of the store stays committed or never came.
 */
export class Life {
  readonly clock: Clock;
  readonly store: Store;
  readonly death: Promise<void>;
  dead = false;
  /** Dies at this edge, counted from now on. */
  #edgesLeft: number | null = null;
  /** So many commands find the disk full. */
  busy = 0;
  #die: () => void = () => {};
  /** Commands under way. */
  pending = 0;

  constructor(store: Store, clock: ManualClock, watch: Watch) {
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.clock = {
      now: () => clock.now(),
      sleep: (ms, signal) => {
        watch.pulse();
        return this.dead ? never() : clock.sleep(ms, signal).then(() => (this.dead ? never<void>() : undefined));
      },
    };
    this.store = new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as unknown;
        if (typeof method !== 'function') return method;
        const call = method as (...args: unknown[]) => unknown;
        return WRITES.has(String(name)) ? (...args: unknown[]) => this.#write(target, String(name), call, args, watch) : (...args: unknown[]) => {
          if (this.dead) throw new Error('This process has died.');
          watch.pulse();
          return call.apply(target, args);
        };
      },
    });
  }

  dieAfter(edges: number): void {
    this.#edgesLeft = edges;
  }

  kill(): void {
    if (this.dead) return;
    this.dead = true;
    this.#die();
  }

  /** A place between two steps; false where the process has died, here or before. */
  edge(): boolean {
    if (this.#edgesLeft !== null && !this.dead && --this.#edgesLeft < 0) this.kill();
    return !this.dead;
  }

  async #write(store: Store, name: string, call: (...args: unknown[]) => unknown, args: unknown[], watch: Watch): Promise<unknown> {
    watch.pulse();
    if (!this.edge()) return never();
    if (this.busy > 0) {
      this.busy -= 1;
      throw new StoreBusy('The database takes nothing now.');
    }
    watch.wrote(name, args);
    this.pending += 1;
    const outcome = await Promise.allSettled([call.apply(store, args)]).then(([one]) => one);
    this.pending -= 1;
    watch.pulse();
    if (outcome.status === 'rejected') return this.dead ? never() : Promise.reject(outcome.reason as Error);
    return this.edge() ? outcome.value : never();
  }
}
