import { z } from 'zod';
import { type Capabilities, type Capability, FEATURES, type MediaCapability, REACHES } from '../../../src/model/capabilities.ts';
import type { Content } from '../../../src/model/content.ts';
import { Rejected, Uncertain } from '../../../src/model/errors.ts';
import type { ConversationRef, NetworkEvent, NetworkItem, PersonRef } from '../../../src/model/events.ts';
import type { NetworkId, RemoteId } from '../../../src/model/ids.ts';
import type { AppSettings, Connection, ConversationFacts, HistoryPage, Network, PartRequest, SendResult, Sink } from '../../../src/networks/network.ts';
import { toPlain } from '../../../src/text/plain.ts';
import { bytesOf } from '../model/media.ts';

/** What a network that a test leads can do. */
export interface Abilities {
  /** What it is called; absent: Fake. */
  readonly name?: string;
  /** It can be asked whether something was sent. */
  readonly finds?: boolean;
  /** Features that it has not, as the core is told. */
  readonly lacks?: readonly (keyof Capabilities['out'])[];
  /** How many reactions an account may have on a message; absent: one. */
  readonly reactions?: number;
  /** What it tells of a group; may throw. */
  readonly describe?: () => ConversationFacts | Promise<ConversationFacts>;
  /** What it tells of somebody; may throw. */
  readonly profile?: (id: string) => PersonRef | null | Promise<PersonRef | null>;
  /** A page of the past; may throw. */
  readonly history?: (limit: number, before?: string) => HistoryPage | Promise<HistoryPage>;
}

/** A call that the core made, as far as tests look at it. */
export interface Call {
  readonly key?: string;
  readonly relay?: string;
  readonly avatar?: string;
  readonly what: 'send' | 'findSent' | 'edit' | 'delete' | 'react' | 'pin' | 'history' | 'read' | 'typing';
  readonly id: RemoteId | null;
  readonly text?: string;
  readonly content?: Content;
  readonly replyTo?: string;
  readonly thread?: string;
  readonly target?: string;
  readonly emoji?: string | null;
  readonly gone?: string;
  readonly pinned?: boolean;
  readonly to?: string;
}

const full: Capability = { level: 'full' };
const media: MediaCapability = { level: 'full', mimes: ['*'], maxBytes: 1e9, maxCaption: 1_000 };

/** A network that does what it is asked and writes down what that was; its people say what the test says. */
export class ScriptedNetwork {
  readonly calls: Call[] = [];
  /** The answer to a send is held back until this resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Emoji that it takes for no reaction. */
  readonly odd = new Set<string>();
  /** Files come once this resolves. */
  files: Promise<void> = Promise.resolve();
  /** Why it refuses what is sent. */
  refuses: string | null = null;
  /** Nothing says whether a send was done. */
  silent = false;
  /** When it says that it did what it was asked. */
  time = Date.UTC(2026, 0, 1);
  readonly #abilities: Abilities;
  #sink: Sink | null = null;
  #ids = 0;
  #items = 0;

  readonly name: string;

  constructor(abilities: Abilities = {}) {
    this.#abilities = abilities;
    this.name = abilities.name ?? 'Fake';
  }

  of(what: Call['what']): readonly Call[] {
    return this.calls.filter((call) => call.what === what);
  }

  async take(...events: readonly NetworkEvent[]): Promise<void> {
    await this.hand(events.map((event): NetworkItem => ({ key: `item ${++this.#items}`, event })));
  }

  /** Items under keys of their own; handed over again they are the same ones. */
  async hand(items: readonly NetworkItem[]): Promise<void> {
    if (this.#sink === null) throw new Error('the account is not live');
    await this.#sink.accept(items);
  }

  get network(): Network {
    return {
      id: this.name.toLowerCase() as NetworkId, name: this.name, settings: z.unknown() as unknown as z.ZodType<AppSettings>, capabilities: this.#capabilities(), lookups: [], webhooks: [], logins: [],
      resolve: (input) => ({ person: person(input), conversation: chat(input) }),
      connect: () => this.#connection(),
      check: async function* () {},
    };
  }

  #capabilities(): Capabilities {
    const all = Object.fromEntries(FEATURES.map((feature) => [feature, full])) as Capabilities['in'];
    const lacks = Object.fromEntries((this.#abilities.lacks ?? []).map((feature) => [feature, { level: 'none', reason: 'it has none' }]));
    const kinds = ['image', 'video', 'audio', 'voice', 'file', 'sticker'] as const;
    return { out: { ...all, ...lacks }, in: all, reach: Object.fromEntries(REACHES.map((feature) => [feature, { level: 'none', reason: 'it has none' }])) as Capabilities['reach'], maxReactions: this.#abilities.reactions ?? 1, media: Object.fromEntries(kinds.map((kind) => [kind, media])) as unknown as Capabilities['media'] };
  }

  #connection(): Connection {
    const done = (call: Omit<Call, 'id'>): Promise<SendResult> => this.#done(call);
    const { history, describe, profile } = this.#abilities;
    return {
      remoteId: 'one',
      start: (sink) => {
        this.#sink = sink;
        return Promise.resolve();
      },
      check: () => Promise.resolve(),
      capabilities: () => this.#capabilities(),
      plan: ({ content }) => [content],
      send: async (request) => {
        if (this.refuses !== null) throw new Rejected(this.refuses, 'refused');
        const sent = await done({ what: 'send', ...said(request) });
        if (this.silent) throw new Uncertain('The answer was lost.', 'lost');
        return sent;
      },
      edit: async (request) => ({ ...await done({ what: 'edit', target: request.target, ...said(request) }), id: request.target }),
      delete: async (_conversation, target, key) => void await done({ what: 'delete', target, key }),
      react: (_conversation, target, emoji, key, gone) => (this.odd.has(emoji ?? '') ? Promise.reject(new Rejected('It has no such emoji.', 'not_emoji')) : done({ what: 'react', target, emoji, key, ...(gone === undefined ? {} : { gone }) })),
      pin: async (_conversation, target, pinned) => void await done({ what: 'pin', target, pinned }),
      ...(history === undefined ? {} : { history: async (_conversation, limit, before) => {
        this.calls.push({ what: 'history', id: null });
        return history(limit, before);
      } }),
      ...(describe === undefined ? {} : { describe: async () => describe() }),
      ...(profile === undefined ? {} : { profile: async ({ id }) => profile(id) }),
      markRead: (_conversation, target) => {
        this.calls.push({ what: 'read', id: null, target });
        return Promise.resolve();
      },
      typing: () => {
        this.calls.push({ what: 'typing', id: null });
        return Promise.resolve();
      },
      findSent: (key, _conversation, _since, place) => {
        if (this.#abilities.finds === true) {
          const found = this.calls.find((call) => call.key === key);
          return Promise.resolve(found?.id == null ? 'absent' : { id: found.what === 'edit' ? id(found.target) : found.id, time: this.time, state: 'confirmed' });
        }
        this.calls.push({ what: 'findSent', id: null, ...(place?.thread === undefined ? {} : { thread: place.thread.root }), ...(place?.replyTo === undefined ? {} : { replyTo: place.replyTo }) });
        return Promise.resolve('unknown');
      },
      openMedia: (handle) => this.files.then(() => ({ bytes: bytesOf(handle), mime: 'image/png', name: 'photo.png' })),
      rateKeys: () => [],
      close: () => Promise.resolve(),
    };
  }

  async #done(call: Omit<Call, 'id'>): Promise<SendResult> {
    const id = `sent${++this.#ids}` as RemoteId;
    this.calls.push({ ...call, id });
    await this.gate;
    return { id, time: this.time, state: 'confirmed' };
  }
}

const id = (value: string | undefined): RemoteId => (value ?? '') as RemoteId;

function said({ key, content, conversation, replyTo, thread, relay }: PartRequest): Partial<Call> {
  return {
    key, content, to: conversation.id, ...(relay === null ? {} : { relay: relay.name }), ...(relay?.avatarUrl === undefined ? {} : { avatar: relay.avatarUrl }), ...(content.kind === 'text' ? { text: toPlain(content.text) } : {}),
    ...(replyTo === undefined ? {} : { replyTo }), ...(thread === undefined ? {} : { thread: thread.root }),
  };
}

export const chat = (id: string): ConversationRef => ({ id, scope: '', kind: 'group', perAccount: false, title: `Chat ${id}` });
export const person = (id: string): PersonRef => ({ id, scope: '', name: `Name of ${id}` });
