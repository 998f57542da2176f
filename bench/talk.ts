import type { SaidInRoom } from './stubs/homeserver.ts';
import type { SaidOnPhone } from './stubs/network.ts';
import type { Arrival } from './stubs/process.ts';
import type { World } from './world.ts';

export type Direction = 'to network' | 'to Matrix';

interface Conversation {
  readonly number: string;
  readonly name: string;
  room: string;
}

/** Texts that were said at once. */
interface Said {
  /** When, and when each arrived; milliseconds on one clock. */
  readonly from: number;
  readonly arrivals: readonly number[];
}

/** As long as what people write. */
const words = 'and some more words, so that it is as long as what people write to each other.';
const patienceMs = 120_000;

/** Conversations between one Matrix user and many people on WhatsApp, through one contender. */
export class Talk {
  readonly #world: World;
  readonly #conversations: Conversation[] = [];
  /** Whom to tell that a message has arrived, by its text. */
  readonly #underWay = new Map<string, (arrival: Arrival) => void>();
  #said = 0;

  constructor(world: World) {
    this.#world = world;
    const arrived = (arrival: Arrival): void => {
      this.#underWay.get(arrival.text)?.(arrival);
      this.#underWay.delete(arrival.text);
    };
    world.homeserver.onArrival = arrived;
    world.network.onArrival = arrived;
  }

  /** Opens conversations until there are `count`: each person says something, the room is made, and the user joins it. */
  async open(count: number): Promise<void> {
    const { homeserver } = this.#world;
    while (this.#conversations.length < count) {
      const fresh = Array.from({ length: Math.min(20, count - this.#conversations.length) }, (_, n): Conversation => {
        const number = this.#conversations.length + n;
        return { number: String(31_600_000_000 + number), name: `Person ${number}`, room: '' };
      });
      await this.#say('to Matrix', fresh);
      for (const { room } of fresh) await homeserver.ask('join', room);
      this.#conversations.push(...fresh);
    }
    await this.quiet();
  }

  /** Says `each` messages in the first `conversations` at once. Resolves to the messages a second until the last has arrived. */
  async burst(direction: Direction, conversations: number, each: number): Promise<number> {
    const all = Array.from({ length: each }, () => this.#conversations.slice(0, conversations)).flat();
    const { from, arrivals } = await this.#say(direction, all);
    return arrivals.length / ((Math.max(...arrivals) - from) / 1000);
  }

  /** One message at a time, by turns in the first `conversations`: how long each was on its way, milliseconds. */
  async oneByOne(direction: Direction, conversations: number, count: number): Promise<number[]> {
    const delays: number[] = [];
    for (let n = 0; n < count; n++) {
      const { from, arrivals } = await this.#say(direction, this.#conversations.slice(n % conversations, (n % conversations) + 1));
      delays.push(...arrivals.map((at) => at - from));
    }
    return delays;
  }

  /** Resolves when neither side has anything to hand over any more, and the contender nothing to do. */
  async quiet(): Promise<void> {
    const { bridge, network, homeserver } = this.#world;
    await bridge.rest();
    await network.ask('idle');
    await homeserver.ask('idle');
    await bridge.rest();
  }

  async #say(direction: Direction, conversations: readonly Conversation[]): Promise<Said> {
    const { homeserver, network } = this.#world;
    const texts = conversations.map(() => `Message ${++this.#said} of ${this.#conversations.length} conversations ${words}`);
    const coming = conversations.map((conversation, n) => this.#arrival(direction, conversation, texts[n] ?? ''));
    const from = direction === 'to Matrix'
      ? network.ask<number>('say', conversations.map(({ number, name }, n): SaidOnPhone => ({ number, name, text: texts[n] ?? '' })))
      : homeserver.ask<number>('say', conversations.map(({ room }, n): SaidInRoom => ({ room, text: texts[n] ?? '' })));
    const [began, ...arrivals] = await Promise.all([from, ...coming]);
    return { from: began, arrivals };
  }

  #arrival(direction: Direction, conversation: Conversation, text: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.#world.side}: a message ${direction} never came`)), patienceMs);
      this.#underWay.set(text, ({ at, room }) => {
        clearTimeout(late);
        conversation.room ||= room ?? '';
        resolve(at);
      });
    });
  }
}
