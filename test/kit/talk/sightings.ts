import type { Message } from '../../../src/sandbox/whatsapp/index.ts';
import type { FakeEvent } from '../fake-homeserver/world.ts';
import type { Stack } from '../stack/stack.ts';
import { type Act, type Conversation, tokenPattern } from './acts.ts';
import { shaOf } from './samples.ts';

/** A notice of the bot, as it stands after its corrections. */
export interface Told {
  readonly event: FakeEvent;
  /** The event it answers. */
  readonly about: string | null;
  readonly text: string;
}

type Json = Record<string, unknown>;

const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const relation = (content: Json): Json => record(content['m.relates_to']);

/** What both sides show at one moment, found by tokens and by the bytes of files. */
export class Sightings {
  readonly stack: Stack;
  /** The order of an event in its room, and of a message on its phone. */
  readonly place = new Map<string, number>();
  readonly told: Told[] = [];
  readonly ghostEvents: FakeEvent[] = [];
  readonly phoneMessages: Message[] = [];
  readonly #rooms = new Map<string, string[]>();
  readonly #onMatrix = new Map<string, FakeEvent[]>();
  readonly #onPhone = new Map<string, Message[]>();
  readonly #redactions = new Map<string, FakeEvent[]>();

  constructor(stack: Stack) {
    this.stack = stack;
    for (const room of stack.homeserver.rooms.values()) room.timeline.forEach((event, at) => this.#event(event, at));
    for (const message of stack.sandbox.messages) if (message.from === 'business') this.#message(message);
  }

  /** The rooms named after a person. */
  roomsOf({ name }: Conversation): readonly string[] {
    return this.#rooms.get(name) ?? [];
  }

  /** Events of ghosts that show this act, edits of placeholders among them. */
  onMatrix(act: Act): readonly FakeEvent[] {
    const byBytes = act.sha === undefined ? [] : (this.#onMatrix.get(act.sha) ?? []);
    return [...new Set([...byBytes, ...(this.#onMatrix.get(act.token) ?? [])])];
  }

  /** Messages of the business that show this act, reactions left out. */
  onPhone(act: Act): readonly Message[] {
    const byBytes = act.sha === undefined ? [] : (this.#onPhone.get(act.sha) ?? []);
    return [...new Set([...byBytes, ...(this.#onPhone.get(act.token) ?? [])])];
  }

  redactionsOf(event: string): readonly FakeEvent[] {
    return this.#redactions.get(event) ?? [];
  }

  toldAbout(event: string): readonly Told[] {
    return this.told.filter(({ about, text }) => about === event && !text.startsWith('🗑️'));
  }

  /** That it stays on the phone, though it was deleted here: nothing of it is lost. */
  toldToStay(event: string): readonly Told[] {
    return this.told.filter(({ about, text }) => about === event && text.startsWith('🗑️'));
  }

  contentOf(event: FakeEvent): Json {
    return this.stack.homeserver.originalOf(event);
  }

  #event(event: FakeEvent, at: number): void {
    const { homeserver } = this.stack;
    this.place.set(event.event_id, at);
    if (event.type === 'm.room.name' && typeof event.content['name'] === 'string') this.#push(this.#rooms, event.content['name'], event.room_id);
    if (event.type === 'm.room.redaction' && event.redacts !== undefined) this.#push(this.#redactions, event.redacts, event);
    if (event.sender === homeserver.bot && event.type === 'm.room.message') this.#notice(event);
    if (!event.sender.startsWith('@_drawbridge_') || !['m.room.message', 'm.sticker', 'm.reaction'].includes(event.type)) return;
    this.ghostEvents.push(event);
    const content = this.contentOf(event);
    for (const token of tokensIn(content)) this.#push(this.#onMatrix, token, event);
    const url = record(content['m.new_content'])['url'] ?? content['url'];
    const media = typeof url === 'string' ? homeserver.media(url) : null;
    if (media !== null) this.#push(this.#onMatrix, shaOf(media.data), event);
  }

  #notice(event: FakeEvent): void {
    const content = this.contentOf(event);
    const replaced = relation(content)['rel_type'] === 'm.replace' ? relation(content)['event_id'] : undefined;
    const body = record(content['m.new_content'])['body'] ?? content['body'];
    const text = typeof body === 'string' ? body : '';
    const before = this.told.findIndex(({ event: told }) => told.event_id === replaced);
    const known = this.told[before];
    if (known !== undefined) this.told[before] = { ...known, text };
    else this.told.push({ event, about: (record(relation(content)['m.in_reply_to'])['event_id'] as string | undefined) ?? null, text });
  }

  #message(message: Message): void {
    this.place.set(message.id, message.seq);
    this.phoneMessages.push(message);
    if (message.type === 'reaction') return;
    for (const token of tokensIn(message.body)) this.#push(this.#onPhone, token, message);
    if (message.media !== null) this.#push(this.#onPhone, message.media.sha256, message);
  }

  #push<T>(map: Map<string, T[]>, key: string, value: T): void {
    const list = map.get(key);
    if (list === undefined) map.set(key, [value]);
    else list.push(value);
  }
}

function tokensIn(value: unknown): ReadonlySet<string> {
  return new Set((JSON.stringify(value) ?? '').match(tokenPattern) ?? []);
}
