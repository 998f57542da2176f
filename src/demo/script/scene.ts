import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { Message, PersonHandle } from '../../sandbox/whatsapp/index.ts';
import type { ClientEvent } from '../matrix/timelines.ts';
import type { MatrixUser } from '../matrix/user.ts';
import type { Stage } from '../stage.ts';

export interface Step {
  readonly what: string;
  /** Acts on one side and waits for it on the other. @throws Error where it does not arrive, or not as it should */
  run(scene: Scene): Promise<void>;
}

/** One place that a message passed, and when: milliseconds since the step began. */
export interface Hop {
  readonly at: string;
  readonly ms: number;
}

/** Both sides of the conversation, and what the steps have made so far. */
export class Scene {
  readonly stage: Stage;
  readonly bob: PersonHandle;
  room = '';
  /** Event and message ids by a name, for replies and reactions. */
  readonly #names = new Map<string, { readonly event: string; readonly message: string }>();
  #began = 0;
  #hops: Hop[] = [];

  constructor(stage: Stage) {
    this.stage = stage;
    this.bob = stage.sandbox.person('31612345678', { name: 'Bob' });
  }

  get alice(): MatrixUser {
    return this.stage.alice;
  }

  /** Runs a step and returns the hops of its message. */
  async play(step: Step): Promise<readonly Hop[]> {
    this.#began = Date.now();
    this.#hops = [];
    await step.run(this);
    return this.#hops.toSorted((one, other) => one.ms - other.ms);
  }

  #hop(at: string, when = Date.now()): void {
    this.#hops.push({ at, ms: Math.max(0, when - this.#began) });
  }

  /** Does something on the phone and resolves with what came of it in the room, among the events that were not there before. */
  async toMatrix(act: () => string | Promise<string>, fits: (event: ClientEvent) => boolean): Promise<{ readonly event: ClientEvent; readonly message: string }> {
    const known = new Set(this.alice.timeline(this.room).map(({ event_id }) => event_id));
    this.#hop('phone');
    const message = await act();
    if (this.room === '') await this.#enter();
    const event = await this.alice.waitForEvent(this.room, (one) => !known.has(one.event_id) && fits(one));
    // Meta's servers write a slash with a backslash before it.
    const post = this.stage.sandbox.posts.find(({ body, status }) => status === 200 && body.includes(message.replaceAll('/', '\\/')));
    if (post !== undefined) this.#hop('bridge', post.at);
    this.#hop('Matrix client');
    return { event, message };
  }

  async #enter(): Promise<void> {
    this.room = await this.alice.waitForInvite();
    this.#hop('invitation');
    await this.alice.join(this.room);
  }

  /** Does something as Alice and resolves with the message that it became on the phone. */
  async toPhone(act: () => Promise<string>, fits: (message: Readonly<Message>) => boolean): Promise<{ readonly event: string; readonly message: Readonly<Message> }> {
    const known = new Set(this.bob.inbox.map(({ id }) => id));
    this.#hop('Matrix client');
    const event = await act();
    this.#hop('homeserver');
    const message = await this.bob.waitFor((one) => !known.has(one.id) && fits(one), 30_000);
    this.#hop('phone', message.at);
    return { event, message };
  }

  /** As `toPhone`, for what changes on the phone and is no message of its own. */
  async changesPhone(act: () => Promise<unknown>, done: () => boolean): Promise<void> {
    this.#hop('Matrix client');
    await act();
    this.#hop('homeserver');
    await this.until(done);
    this.#hop('phone');
  }

  /** @throws Error when it does not come true */
  async until(done: () => boolean): Promise<void> {
    for (const end = Date.now() + 30_000; !done();) {
      if (Date.now() > end) throw new Error('it did not arrive');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Opens the chat on the phone and waits for the ghost's read mark on this event. */
  async readsUpTo(event: string): Promise<void> {
    this.#hop('phone');
    this.bob.readAll();
    await this.alice.waitForEphemeral(this.room, 'm.receipt', (content) => content[event] !== undefined);
    this.#hop('Matrix client');
  }

  /** What the bot says about this event. */
  async told(event: string): Promise<string> {
    const said = await this.alice.waitForEvent(this.room, (one) => one.sender === this.stage.bot && repliesTo(one) === event);
    this.#hop('notice');
    return String(said.content['body']);
  }

  name(name: string, event: string, message: string): void {
    this.#names.set(name, { event, message });
  }

  named(name: string): { readonly event: string; readonly message: string } {
    const found = this.#names.get(name);
    if (found === undefined) throw new Error(`"${name}" did not arrive`);
    return found;
  }

  message(id: string): Readonly<Message> | undefined {
    return this.stage.sandbox.messages.find((one) => one.id === id);
  }
}

type Relation = { readonly event_id?: string; readonly rel_type?: string; readonly key?: string; readonly 'm.in_reply_to'?: { readonly event_id?: string } };

export const relation = (event: ClientEvent): Relation => (event.content['m.relates_to'] ?? {}) as Relation;
export const repliesTo = (event: ClientEvent): string | undefined => relation(event)['m.in_reply_to']?.event_id;
export const redacts = (event: ClientEvent): unknown => (event.type === 'm.room.redaction' ? (event.redacts ?? event.content['redacts']) : undefined);
export const textOf = (message: Readonly<Message>): string => (message.body as { body?: string } | null)?.body ?? '';

/** @throws Error saying what is wrong */
export function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Files for both ways. Pictures are drawn, the rest stands beside this file. */
export const files = {
  picture: (color: string): Promise<Buffer> => sharp({ create: { width: 320, height: 200, channels: 3, background: color } }).jpeg().toBuffer(),
  sticker: (color: string): Promise<Buffer> => sharp({ create: { width: 512, height: 512, channels: 4, background: color } }).webp().toBuffer(),
  film: (): Promise<Buffer> => readFile(new URL('files/film.mp4', import.meta.url)),
  music: (): Promise<Buffer> => readFile(new URL('files/music.mp3', import.meta.url)),
  voice: (): Promise<Buffer> => readFile(new URL('files/voice.ogg', import.meta.url)),
  list: Buffer.from('bread\nbutter\ncheese\n'),
};

/** @throws Error where a file is not byte for byte what was sent */
export async function sameInRoom(scene: Scene, event: ClientEvent, bytes: Uint8Array): Promise<void> {
  const { bytes: got } = await scene.alice.client.download(String(event.content['url']));
  expect(Buffer.from(got).equals(bytes), 'the file is not what was sent');
}

/** @throws Error where a file is not byte for byte what was sent */
export function sameOnPhone(message: Readonly<Message>, bytes: Uint8Array): void {
  expect(message.media?.bytes.equals(bytes) === true, 'the file is not what was sent');
}
