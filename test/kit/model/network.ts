import { z } from 'zod';
import { type Capabilities, type Capability, FEATURES, type MediaCapability, REACHES } from '../../../src/model/capabilities.ts';
import { type Content, isMedia } from '../../../src/model/content.ts';
import { AccountBroken, Rejected, Retry, Uncertain, Unreachable } from '../../../src/model/errors.ts';
import type { ConversationRef, NetworkEvent, NetworkItem, PersonRef } from '../../../src/model/events.ts';
import type { NetworkId, RemoteId } from '../../../src/model/ids.ts';
import { plain } from '../../../src/model/richtext.ts';
import type { AppSettings, Connection, Network, SendResult, Sink } from '../../../src/networks/network.ts';
import { toPlain } from '../../../src/text/plain.ts';
import type { ManualClock } from './clock.ts';
import { type Life, never } from './life.ts';
import { bytesOf } from './media.ts';
import type { Deck, Delivery, Fault, StatusPlan } from './weather.ts';

/** What this network can do: the core has to make the best of any of it. */
export interface Abilities {
  readonly edit: boolean;
  readonly delete: boolean;
  readonly findSent: boolean;
  /** Of one account on one message. */
  readonly reactions: 1 | 2;
  /** Whether delivery events follow, and what they carry. */
  readonly statuses: 'none' | 'key' | 'id';
  /** Whether what we send comes back as a message of our own, with our key or without. */
  readonly echoes: 'none' | 'key' | 'plain';
}

export interface FakeMessage {
  readonly id: RemoteId;
  readonly conversation: string;
  /** `us`, or the person's number. */
  readonly by: string;
  readonly key: string | null;
  readonly replyTo: string | null;
  text: string;
  deleted: boolean;
  /** Accepted, and then not delivered. */
  failed: boolean;
  /** The answer to the call that made it reached the bridge. */
  answered: boolean;
  /** A delivery event told that it was sent. */
  reported: boolean;
  readonly reactions: Map<string, string>;
  /** What the account shows on it. */
  readonly ours: Set<string>;
}

export interface NetworkDeps {
  /** Also what it is called. */
  readonly id: string;
  readonly clock: ManualClock;
  readonly faults: Deck<Fault>;
  readonly webhooks: Deck<Delivery>;
  readonly statuses: Deck<StatusPlan>;
  readonly abilities: Abilities;
  readonly pulse: () => void;
}

const full: Capability = { level: 'full' };
const capability = (able: boolean): Capability => (able ? full : { level: 'none', reason: 'this network has none' });
const media: MediaCapability = { level: 'full', mimes: ['*'], maxBytes: 1e9, maxCaption: 1_000 };

/** A network in memory: its messages, its people's side, and the adapter of it. */
export class FakeNetwork {
  readonly messages: FakeMessage[] = [];
  down = false;
  broken = false;
  readonly #deps: NetworkDeps;
  /** Every chat by any of its ids; the first id is what messages are filed under. */
  readonly chats = new Map<string, ConversationRef>();
  readonly #flights = new Set<() => void>();
  #sink: { readonly life: Life; readonly sink: Sink } | null = null;
  #waiting = 0;
  #ids = 0;
  #latest = 0;

  constructor(deps: NetworkDeps) {
    this.#deps = deps;
  }

  get abilities(): Abilities {
    return this.#deps.abilities;
  }

  get id(): string {
    return this.#deps.id;
  }

  get idle(): boolean {
    return this.#waiting === 0 && this.#flights.size === 0;
  }

  message(id: string): FakeMessage | undefined {
    return this.messages.find((each) => each.id === id);
  }

  // What people do there.

  say(conversation: ConversationRef, sender: PersonRef, parts: readonly Content[], replyTo?: RemoteId): RemoteId {
    const message = this.#keep(conversation.id, sender.isSelf === true ? 'app' : sender.id, parts.map(textOf).join('|'), null, replyTo ?? null);
    const { id } = message;
    this.post(`message ${id}`, { type: 'message', id, conversation, sender, parts, time: this.#time(), ...(replyTo === undefined ? {} : { replyTo: { id: replyTo } }) });
    return id;
  }

  edit(message: FakeMessage, conversation: ConversationRef, sender: PersonRef, parts: readonly Content[]): string {
    message.text = parts.map(textOf).join('|');
    const key = `edit ${message.id} ${++this.#ids}`;
    this.post(key, { type: 'edit', id: message.id, target: message.id, conversation, sender, parts, time: this.#time() });
    return key;
  }

  remove(message: FakeMessage, conversation: ConversationRef, sender: PersonRef): string {
    message.deleted = true;
    const key = `deletion ${message.id}`;
    this.post(key, { type: 'deletion', target: message.id, conversation, sender, time: this.#time() });
    return key;
  }

  react(message: FakeMessage, conversation: ConversationRef, sender: PersonRef, emoji: string | null): string {
    if (emoji === null) message.reactions.delete(sender.id);
    else message.reactions.set(sender.id, emoji);
    const key = `reaction ${message.id} ${sender.id} ${++this.#ids}`;
    this.post(key, { type: 'reaction', target: message.id, conversation, sender, emoji, exclusive: true, time: this.#time() });
    return key;
  }

  #keep(conversation: string, by: string, text: string, key: string | null, replyTo: string | null): FakeMessage {
    const message: FakeMessage = {
      id: `r${++this.#ids}` as RemoteId, conversation: this.chats.get(conversation)?.id ?? conversation, by, key, replyTo, text, deleted: false, failed: false, answered: true, reported: false, reactions: new Map(), ours: new Set(),
    };
    this.messages.push(message);
    return message;
  }

  /** No two things happen at the same time there. */
  #time(): number {
    this.#latest = Math.max(this.#latest + 1, this.#deps.clock.now());
    return this.#latest;
  }

  /** Hands an event to the bridge, as often as it takes; other events may overtake it. */
  post(key: string, event: NetworkEvent): void {
    const { delay, again } = this.#deps.webhooks.draw();
    const item: NetworkItem = { key, event };
    this.#waiting += 1;
    void (async () => {
      await this.#deps.clock.sleep(delay);
      while (!await this.#hand(item)) await this.#deps.clock.sleep(1_000);
      this.#waiting -= 1;
      if (again === null) return;
      await this.#deps.clock.sleep(again);
      await this.#hand(item);
    })();
  }

  async #hand(item: NetworkItem): Promise<boolean> {
    const to = this.#sink;
    if (to === null || to.life.dead) return false;
    try {
      return await Promise.race([to.sink.accept([item]).then(() => true), to.life.death.then(() => false)]);
    } catch {
      return false;
    }
  }

  bridgeDied(): void {
    for (const arrive of this.#flights) arrive();
    this.#flights.clear();
  }

  // The adapter.

  for(life: Life): Network {
    return {
      id: this.#deps.id as NetworkId,
      name: this.#deps.id,
      settings: z.unknown() as unknown as z.ZodType<AppSettings>,
      capabilities: this.#capabilities(),
      resolve: (input) => ({ person: { id: input, scope: '' }, conversation: this.chats.get(input) ?? directChat(input) }),
      lookups: [],
      webhooks: [],
      logins: [],
      connect: () => this.#connection(life),
      check: async function* () {},
    };
  }

  #capabilities(): Capabilities {
    const { edit, delete: remove, reactions } = this.#deps.abilities;
    const all = Object.fromEntries(FEATURES.map((feature) => [feature, full])) as Capabilities['in'];
    const kinds = ['image', 'video', 'audio', 'voice', 'file', 'sticker'] as const;
    return {
      out: { ...all, edit: capability(edit), delete: capability(remove) }, in: all, reach: Object.fromEntries(REACHES.map((feature) => [feature, capability(false)])) as Capabilities['reach'], maxReactions: reactions,
      media: Object.fromEntries(kinds.map((kind) => [kind, media])) as unknown as Capabilities['media'],
    };
  }

  #connection(life: Life): Connection {
    const { abilities } = this.#deps;
    const probe = (): Promise<void> => this.#call(life, () => {});
    return {
      remoteId: 'one',
      start: async (sink) => {
        await probe();
        this.#sink = { life, sink };
      },
      check: probe,
      capabilities: () => this.#capabilities(),
      // A stroke divides a text into parts, as a limit would.
      plan: ({ content }) => (content.kind === 'text' ? toPlain(content.text).split('|').map((text): Content => ({ ...content, text: plain(text) })) : [content]),
      send: (request) => this.#call(life, () => {
        const message = this.#keep(request.conversation.id, 'us', textOf(request.content), request.key, request.replyTo ?? null);
        this.#report(message);
        return this.#result(message.id);
      }, true),
      ...(abilities.edit ? { edit: (request) => this.#call(life, () => {
        const message = this.message(request.target);
        if (message === undefined || message.deleted) throw new Rejected('The message is gone.', 'gone');
        message.text = textOf(request.content);
        return this.#result(message.id);
      }) } : {}),
      ...(abilities.delete ? { delete: (_target, id) => this.#call(life, () => {
        const message = this.message(id);
        if (message !== undefined) message.deleted = true;
      }) } : {}),
      react: (_target, id, emoji, _key, gone) => this.#call(life, () => {
        const message = this.message(id);
        if (message === undefined || message.deleted) throw new Rejected('The message is gone.', 'gone');
        // One takes the place of the other, where there may be one.
        if (abilities.reactions === 1) message.ours.clear();
        else if (gone !== undefined) message.ours.delete(gone);
        if (emoji !== null) message.ours.add(emoji);
        if (message.ours.size > abilities.reactions) throw new Rejected('There are too many reactions.', 'too_many_reactions');
        return this.#result(message.id);
      }),
      findSent: (key) => this.#call(life, () => {
        if (!abilities.findSent) return 'unknown';
        const message = this.messages.find((each) => each.key === key);
        return message === undefined ? 'absent' : this.#result(message.id);
      }),
      openMedia: (handle) => this.#call(life, () => ({ bytes: bytesOf(handle), mime: 'image/png', name: 'photo.png' })),
      rateKeys: () => [],
      close: () => Promise.resolve(),
      markRead: () => Promise.resolve(),
      typing: () => Promise.resolve(),
    };
  }

  #result(id: RemoteId): SendResult {
    return { id, time: this.#time(), state: this.#deps.abilities.statuses === 'none' ? 'confirmed' : 'accepted' };
  }

  /** Its owner will put it right, and the connection notices. */
  #breaks(): AccountBroken {
    const to = this.#sink;
    void (async () => {
      do await this.#deps.clock.sleep(2_000);
      while (this.broken);
      if (to !== null && !to.life.dead) to.sink.state({ ok: true });
    })();
    return new AccountBroken('The token has expired.', '190');
  }

  /** Echo and delivery events of what we sent. */
  #report(message: FakeMessage): void {
    const { abilities, statuses, clock } = this.#deps;
    const { id, key } = message;
    if (abilities.echoes !== 'none') {
      this.post(`message ${id}`, {
        type: 'message', id, conversation: this.chats.get(message.conversation) ?? directChat(message.conversation), sender: { id: 'self', scope: '', isSelf: true }, time: this.#time(),
        parts: [{ kind: 'text', text: plain(message.text) }], ...(abilities.echoes === 'key' && key !== null ? { key } : {}),
      });
    }
    if (abilities.statuses === 'none') return;
    const { outcome, delay } = statuses.draw();
    message.failed = outcome === 'fails';
    if (outcome === 'never told') return;
    const carried = abilities.statuses === 'key' && key !== null ? { key } : {};
    const tell = (status: 'sent' | 'delivered' | 'read' | 'failed'): void => this.post(`delivery ${id} ${status}`, {
      type: 'delivery', id, ...carried, time: this.#time(), status, recipient: { id: message.conversation, scope: '' },
      ...(status === 'failed' ? { failure: { code: '1', reason: 'The phone is gone.', retryable: false } } : {}),
    });
    this.#waiting += 1;
    void clock.sleep(delay).then(() => {
      this.#waiting -= 1;
      message.reported = outcome === 'arrives' && abilities.statuses === 'key';
      if (outcome === 'fails') tell('failed');
      else for (const status of ['sent', 'delivered', 'read'] as const) tell(status);
    });
  }

  async #call<T>(life: Life, work: () => T, sending = false): Promise<T> {
    const { clock, faults, pulse } = this.#deps;
    pulse();
    if (!life.edge()) return never();
    const fault = faults.draw();
    const does = fault.kind === 'none' || fault.kind === 'lost after';
    let done: { readonly value: T } | { readonly error: unknown } | null = null;
    const arrive = (): void => {
      try {
        done = { value: work() };
      } catch (error) {
        done = { error };
      }
    };
    /** Nobody hears of what was done now. */
    const unheard = (): void => {
      const last = this.messages.at(-1);
      if (sending && last !== undefined && done !== null && 'value' in done) last.answered = false;
    };
    const onDeath = (): void => {
      if (!fault.arrives || !does || this.down || this.broken) return;
      arrive();
      unheard();
    };
    this.#flights.add(onDeath);
    await clock.sleep(fault.before);
    this.#flights.delete(onDeath);
    pulse();
    if (life.dead) return never();
    if (this.down) throw new Unreachable('The network does not answer.', 'ECONNREFUSED');
    if (this.broken) throw this.#breaks();
    if (does) arrive();
    const mine = this.messages.at(-1);
    const alive = life.edge();
    if (alive) await clock.sleep(fault.after);
    pulse();
    if (!alive || life.dead || fault.kind === 'lost after') {
      if (sending && does && done !== null && 'value' in (done as object) && mine !== undefined) mine.answered = false;
    }
    if (!alive || life.dead) return never();
    switch (fault.kind) {
      case 'retry': throw new Retry('Busy.', '500');
      case 'limit': throw new Retry('Slowly.', '429', { rateLimited: true, afterMs: 1_500 });
      case 'reject': throw new Rejected('It is not wanted.', '400');
      case 'lost before':
      case 'lost after': throw new Uncertain('The answer was lost.', 'TIMEOUT');
      case 'unreachable': throw new Unreachable('The network does not answer.', 'ECONNREFUSED');
      case 'broken': throw this.#breaks();
      case 'bug': throw new TypeError('a bug');
      default:
    }
    const answer = done as { readonly value: T } | { readonly error: unknown } | null;
    if (answer !== null && 'error' in answer) throw answer.error;
    return (answer as { readonly value: T }).value;
  }
}

export function directChat(id: string): ConversationRef {
  return { id, scope: '', kind: 'direct', perAccount: true };
}

function textOf(content: Content): string {
  if (content.kind === 'text') return toPlain(content.text);
  return isMedia(content) ? toPlain(content.caption ?? []) : content.kind;
}
