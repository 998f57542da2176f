import { seededRandom } from '../../../src/sandbox/random.ts';
import { type Result, check, type CheckOptions } from '../invariants/check.ts';
import { quiet } from '../invariants/quiet.ts';
import { type Stack, type StackOptions, startStack } from '../stack/stack.ts';
import type { Act, Conversation, Kind } from './acts.ts';
import { Chatter } from './chatter.ts';
import { Samples } from './samples.ts';
import { Talk } from './talk.ts';

/** A seeded stack on which people have begun to talk: each has written once, and Alice is in every room. */
export interface Scene {
  readonly stack: Stack;
  readonly talk: Talk;
  readonly chatter: Chatter;
  /** Alice's room with the n-th of them. */
  room(n?: number): string;
  conversation(n?: number): Conversation;
  say(way: Act['way'], kind: Kind, n?: number): Promise<Act>;
  /** Waits until all is quiet, lets Alice look, and holds everything against the promises. */
  settled(options?: CheckOptions, ms?: number): Promise<Result>;
  close(): Promise<void>;
}

let samples: Promise<Samples> | null = null;
const names = ['Ada', 'Bob', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gus', 'Hana', 'Ivo', 'Jo'];

/** No limit of WhatsApp's is met but where a test is about it; redelivery of webhooks is quick. */
const quick = { pair: 1_000_000, throughput: 1000, retry: 100 } as const;

export async function setScene(options: StackOptions & { readonly people?: number } = {}): Promise<Scene> {
  const seed = options.seed ?? 1;
  const stack = await startStack({ clockScale: quick, seed, ...options });
  samples ??= Samples.make();
  const talk = new Talk(stack, await samples, seededRandom(seed));
  const scene: Scene = {
    stack, talk, chatter: new Chatter(talk, seededRandom(seed + 1)),
    room: (n = 0) => talk.roomOf(scene.conversation(n)) ?? '',
    conversation(n = 0) {
      const found = talk.conversations[n];
      if (found === undefined) throw new Error(`nobody has number ${n}`);
      return found;
    },
    async say(way, kind, n = 0) {
      const act = await talk.do(scene.conversation(n), way, kind);
      if (act === null) throw new Error(`${kind} cannot be done now`);
      return act;
    },
    async settled(what = {}, ms = 60_000) {
      await quiet(stack, ms);
      talk.look();
      return check(stack, talk, what);
    },
    close: () => stack.close(),
  };
  for (let n = 0; n < (options.people ?? 1); n++) await talk.do(talk.meet(names[n] ?? `Person ${n}`), 'in', 'text');
  if (options.withoutDaemon !== true) await scene.settled();
  return scene;
}
