import type { PersonHandle } from '../src/sandbox/whatsapp/index.ts';
import type { World } from './world.ts';

export type Direction = 'to network' | 'to Matrix';

interface Conversation {
  readonly person: PersonHandle;
  room: string;
}

/** As long as what people write. */
const words = 'and some more words, so that it is as long as what people write to each other.';
const patienceMs = 120_000;

/** Conversations between one Matrix user and many people on WhatsApp, through one contender. */
export class Talk {
  readonly #world: World;
  readonly #conversations: Conversation[] = [];
  /** Whom to tell that a message has arrived, by its text. */
  readonly #underWay = new Map<string, (at: number, room: string | undefined) => void>();
  #said = 0;

  constructor(world: World) {
    this.#world = world;
    world.onMatrix = (text, room) => this.#arrived(text, room);
    world.onPhone = (text) => this.#arrived(text);
  }

  /** Opens conversations until there are `count`: each person says something, the room is made, and the user joins it. */
  async open(count: number): Promise<void> {
    const { homeserver, sandbox } = this.#world;
    const alice = homeserver.user('alice');
    while (this.#conversations.length < count) {
      const fresh = Array.from({ length: Math.min(20, count - this.#conversations.length) }, (_, n) => {
        const number = this.#conversations.length + n;
        const conversation: Conversation = { person: sandbox.person(String(31_600_000_000 + number), { name: `Person ${number}` }), room: '' };
        return conversation;
      });
      await Promise.all(fresh.map((conversation) => this.#say('to Matrix', conversation)));
      for (const { room } of fresh) {
        await until(`an invitation to ${room}`, () => homeserver.membership(room, alice.id) === 'invite');
        alice.join(room);
      }
      this.#conversations.push(...fresh);
    }
    await this.quiet();
  }

  /** Says `each` messages in the first `conversations` at once. Resolves to the messages a second until the last has arrived. */
  async burst(direction: Direction, conversations: number, each: number): Promise<number> {
    const arrivals: Promise<unknown>[] = [];
    const started = performance.now();
    for (let n = 0; n < each; n++) {
      for (const conversation of this.#conversations.slice(0, conversations)) arrivals.push(this.#say(direction, conversation));
    }
    await Promise.all(arrivals);
    return arrivals.length / ((performance.now() - started) / 1000);
  }

  /** One message at a time, by turns in the first `conversations`: how long each was on its way, milliseconds. */
  async oneByOne(direction: Direction, conversations: number, count: number): Promise<number[]> {
    const delays: number[] = [];
    for (let n = 0; n < count; n++) {
      const conversation = this.#conversations[n % conversations];
      if (conversation !== undefined) delays.push(await this.#say(direction, conversation));
    }
    return delays;
  }

  /** Resolves when neither side has anything to hand over any more, and the contender nothing to do. */
  async quiet(): Promise<void> {
    await this.#world.bridge.rest();
    await this.#world.sandbox.idle();
    await this.#world.homeserver.idle();
    await this.#world.bridge.rest();
  }

  /** Resolves with the milliseconds that it took. */
  #say(direction: Direction, conversation: Conversation): Promise<number> {
    this.#said += 1;
    const text = `Message ${this.#said} of ${this.#conversations.length} conversations ${words}`;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.#world.side}: a message ${direction} never came`)), patienceMs);
      const started = performance.now();
      this.#underWay.set(text, (at, room) => {
        clearTimeout(late);
        conversation.room ||= room ?? '';
        resolve(at - started);
      });
      if (direction === 'to Matrix') conversation.person.sendText(text);
      else this.#world.homeserver.user('alice').send(conversation.room, text);
    });
  }

  #arrived(text: string, room?: string): void {
    const tell = this.#underWay.get(text);
    if (tell === undefined) return;
    this.#underWay.delete(text);
    tell(performance.now(), room);
  }
}

async function until(what: string, look: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !look();) {
    if (Date.now() > end) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
