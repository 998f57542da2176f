import type { Clock } from '../../model/clock.ts';
import { DeliveryError, Retry } from '../../model/errors.ts';
import type { NetworkItem } from '../../model/events.ts';
import type { Logger } from '../../model/log.ts';
import { isFields, list, str, type Fields } from '../shared/json.ts';
import type { SlackApi } from './api.ts';
import { TS } from './ids.ts';

interface CatchUpOptions {
  readonly api: SlackApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** `ts` of the last moment when nothing was missing. */
  readonly since: string;
  readonly signal: AbortSignal;
  readonly decode: (channel: string, conversation: unknown, message: Fields) => readonly NetworkItem[];
  readonly accept: (items: readonly NetworkItem[]) => Promise<void>;
  readonly note: (conversation: unknown) => void;
}

const TYPES = 'public_channel,private_channel,mpim,im';
const PAGE = 100;
/** Pages of one conversation: what is more was said too long ago to be caught up with. */
const MOST_PAGES = 20;
const TRIES = 5;
/** What comes in meanwhile waits at most this long for what was said before it. */
const PATIENCE_MS = 20_000;

/**
 * Fetches what was said while nobody listened, conversation by conversation, oldest first. An event that arrives meanwhile has its
 * own conversation fetched first, so that it does not overtake. What is here already is known by its key.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;
  readonly #conversations = new Map<string, Promise<void>>();
  readonly #patience = new Map<string, Promise<void>>();
  #over = false;
  readonly done: Promise<void>;

  constructor(options: CatchUpOptions) {
    this.#options = options;
    this.done = this.#all().catch((error: unknown) => options.log.warn('Slack could not be asked for what was missed.', { error })).finally(() => {
      this.#over = true;
    });
  }

  /**
   * Resolves when the conversation is caught up with, or is not waited for any longer: all that comes in it has one patience, for
   * events that each waited anew would hold up the socket, and with it all other conversations. Never rejects.
   */
  async ready(channel: string | undefined): Promise<void> {
    if (this.#over || channel === undefined || !/^[CDG]/.test(channel)) return;
    const patience = this.#patience.get(channel) ?? Promise.race([this.#one(channel, undefined), this.#options.clock.sleep(PATIENCE_MS, this.#options.signal)]);
    this.#patience.set(channel, patience);
    await patience;
  }

  async #all(): Promise<void> {
    const { api, signal } = this.#options;
    for await (const page of api.pages('users.conversations', { types: TYPES, exclude_archived: true, limit: 200 }, 'channels', signal)) {
      for (const conversation of page) {
        this.#options.note(conversation);
        const channel = str(conversation, 'id');
        if (channel !== undefined && !signal.aborted) await this.#one(channel, conversation);
      }
    }
  }

  #one(channel: string, conversation: unknown): Promise<void> {
    const known = this.#conversations.get(channel);
    if (known !== undefined) return known;
    const work = this.#fetch(channel, conversation).catch((error: unknown) => {
      if (!this.#options.signal.aborted) this.#options.log.debug('A conversation could not be caught up with.', { channel, error });
    });
    this.#conversations.set(channel, work);
    return work;
  }

  async #fetch(channel: string, conversation: unknown): Promise<void> {
    const { since, decode, accept } = this.#options;
    const found = new Map<string, Fields>();
    const threads: string[] = [];
    let cursor: string | undefined;
    // The first page is looked at as a whole: older messages may have newer answers.
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const answer = await this.#call('conversations.history', { channel, limit: PAGE, include_all_metadata: true, cursor });
      const messages = messagesIn(answer);
      for (const message of messages) {
        const ts = str(message, 'ts') ?? '';
        if (Number(ts) > Number(since) || Number(str(message, 'edited', 'ts') ?? 0) > Number(since)) found.set(ts, message);
        if (Number(str(message, 'latest_reply') ?? 0) > Number(since)) threads.push(ts);
      }
      cursor = str(answer, 'response_metadata', 'next_cursor');
      const oldest = Number(str(messages.at(-1), 'ts') ?? 0);
      if (cursor === undefined || messages.length === 0 || oldest <= Number(since)) break;
    }
    for (const root of threads) {
      const answer = await this.#call('conversations.replies', { channel, ts: root, oldest: since, limit: PAGE, include_all_metadata: true });
      for (const message of messagesIn(answer)) if (Number(str(message, 'ts')) > Number(since)) found.set(str(message, 'ts') ?? '', message);
    }
    const ordered = [...found].sort(([left], [right]) => Number(left) - Number(right));
    for (let at = 0; at < ordered.length; at += PAGE) {
      await accept(ordered.slice(at, at + PAGE).flatMap(([ts, message]) => {
        const items = decode(channel, conversation, message);
        // Of an older message only what became of it since is news; it may be from before there was a bridge.
        return Number(ts) > Number(since) ? items : items.filter(({ event }) => event.type !== 'message');
      }));
    }
  }

  /** A rate limit is waited for; that is nobody's fault. */
  async #call(method: string, args: Readonly<Record<string, unknown>>): Promise<Fields> {
    const { api, clock, signal } = this.#options;
    for (let tries = 0; ; tries += 1) {
      try {
        return await api.call(method, args, { signal });
      } catch (error) {
        const passes = error instanceof DeliveryError && (error instanceof Retry || error.name === 'Unreachable');
        if (signal.aborted || !passes || (tries >= TRIES && !(error instanceof Retry && error.rateLimited))) throw error;
        await clock.sleep(error instanceof Retry && error.afterMs !== undefined ? error.afterMs : 1_000 * 2 ** Math.min(tries, 5), signal);
      }
    }
  }
}

export function messagesIn(answer: Fields): readonly Fields[] {
  return list(answer, 'messages').filter((each): each is Fields => isFields(each) && TS.test(str(each, 'ts') ?? ''));
}
