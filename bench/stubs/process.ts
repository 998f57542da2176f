import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A text that has come to the end of its way. */
export interface Arrival {
  readonly text: string;
  /** On the clock of `sharedNow`. */
  readonly at: number;
  /** On the homeserver: the room that it came into. */
  readonly room?: string;
}

/** Milliseconds on the one clock that all processes of a machine share. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6;

/** What a stub can be asked for. */
type Commands = Readonly<Record<string, (argument: never) => unknown>>;
type Question = { readonly id: number; readonly name: string; readonly argument: unknown };
type Message = { readonly arrival: Arrival } | { readonly id: number; readonly result?: unknown; readonly error?: string };

/** In the stub: makes it, tells where it listens, and does what it is asked, until the bench lets go of it. */
export async function serve<O>(start: (options: O, arrived: (text: string, room?: string) => void) => Promise<{ facts: unknown; commands: Commands }>): Promise<void> {
  const tell = (message: Message): void => void process.send?.(message);
  process.once('disconnect', () => process.exit(0));
  const { facts, commands } = await start(JSON.parse(process.argv[2] ?? '') as O, (text, room) => {
    tell({ arrival: { text, at: sharedNow(), ...(room === undefined ? {} : { room }) } });
  });
  const run = async (name: string, argument: unknown): Promise<unknown> => commands[name]?.(argument as never);
  process.on('message', ({ id, name, argument }: Question) => {
    void run(name, argument).then((result) => tell({ id, result }), (error: unknown) => tell({ id, error: String(error) }));
  });
  tell({ id: 0, result: facts });
}

/** In the bench: one stub, in a process of its own. */
export class Stub {
  onArrival: (arrival: Arrival) => void = () => {};
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }>();
  #count = 0;

  private constructor(file: string, options: object) {
    this.#process = fork(join(import.meta.dirname, file), [JSON.stringify(options)]);
    this.#process.on('message', (message: Message) => this.#heard(message));
    this.#process.once('exit', (code, signal) => {
      for (const { reject } of this.#asked.values()) reject(new Error(`${file} ended with ${code ?? signal}`));
    });
  }

  /** Resolves to the stub and what it tells of itself once it listens. */
  static async start<F>(file: string, options: object): Promise<readonly [Stub, F]> {
    const stub = new Stub(file, options);
    const facts = await new Promise<unknown>((resolve, reject) => stub.#asked.set(0, { resolve, reject }));
    return [stub, facts as F];
  }

  ask<T>(name: string, argument?: unknown): Promise<T> {
    const id = ++this.#count;
    return new Promise<T>((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#process.send({ id, name, argument } satisfies Question);
    });
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }

  #heard(message: Message): void {
    if ('arrival' in message) return this.onArrival(message.arrival);
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.error === undefined) asked?.resolve(message.result);
    else asked?.reject(new Error(message.error));
  }
}
