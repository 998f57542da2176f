import type { Random } from '../../../src/sandbox/random.ts';
import type { Act, Kind } from './acts.ts';
import type { Talk } from './talk.ts';

/** How often each kind comes, beside the others. */
const weights: Readonly<Record<Act['way'], readonly (readonly [Kind, number])[]>> = {
  in: [
    ['text', 20], ['formatted', 6], ['long', 3], ['reply', 10], ['image', 5], ['video', 2], ['audio', 2], ['voice', 3], ['file', 3], ['sticker', 3],
    ['location', 3], ['contacts', 3], ['order', 2], ['react', 12], ['unreact', 5], ['edit', 7], ['delete', 4],
  ],
  out: [
    ['text', 20], ['formatted', 6], ['long', 3], ['emote', 3], ['reply', 10], ['image', 5], ['video', 2], ['audio', 2], ['voice', 3], ['file', 3],
    ['sticker', 3], ['location', 3], ['react', 12], ['unreact', 5], ['edit', 7], ['delete', 4], ['command', 3],
  ],
};

/** Everybody does something, of any kind, in any conversation. */
export class Chatter {
  readonly #talk: Talk;
  readonly #random: Random;

  constructor(talk: Talk, random: Random) {
    this.#talk = talk;
    this.#random = random;
  }

  /** `count` acts that can be done now. */
  async say(count: number): Promise<void> {
    const { conversations } = this.#talk;
    for (let done = 0, tries = 0; done < count && tries < count * 20; tries++) {
      const conversation = conversations[this.#random.int(conversations.length)];
      const way = this.#random.chance(0.5) ? 'in' : 'out';
      if (conversation !== undefined && await this.#talk.do(conversation, way, this.#kind(way)) !== null) done += 1;
    }
  }

  #kind(way: Act['way']): Kind {
    const all = weights[way].reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.#random.int(all);
    for (const [kind, weight] of weights[way]) {
      if (left < weight) return kind;
      left -= weight;
    }
    return 'text';
  }
}
