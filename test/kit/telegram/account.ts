import { systemClock } from '../../../src/model/clock.ts';
import type { Clock } from '../../../src/model/clock.ts';
import type { ConversationRef, NetworkEvent, NetworkItem } from '../../../src/model/events.ts';
import { silentLogger } from '../../../src/model/log.ts';
import type { MediaSource } from '../../../src/model/media.ts';
import { telegram } from '../../../src/networks/telegram/index.ts';
import type { Connection, ConnectOptions, PartRequest, Sink, Target } from '../../../src/networks/network.ts';
import type { TelegramSandbox } from '../../../src/sandbox/telegram/index.ts';

export const TOKEN = '700100200:sandbox-token-of-the-telegram-bot';

/** What stands under `networks.telegram` in the config of a daemon, with one account. `account`: `owners`, `rate_scale` and more. */
export function configOf(sandbox: TelegramSandbox, account: Readonly<Record<string, unknown>>): object {
  return { main: { api_url: sandbox.url, accounts: { bot: { token: TOKEN, ...account } } } };
}

/** What the daemon hands to an account. */
export function options(url: string, more: { readonly app?: Record<string, unknown>; readonly account?: Record<string, unknown>; readonly publicUrl?: string; readonly clock?: Clock } = {}): ConnectOptions {
  const appSettings = telegram.settings.parse({ api_url: url, ...more.app, accounts: { bot: { token: TOKEN, ...more.account } } });
  const settings = appSettings.accounts['bot'];
  if (settings === undefined) throw new Error('no account');
  return { app: 'main', appSettings, account: 'bot', settings, clock: more.clock ?? systemClock, log: silentLogger, ...(more.publicUrl !== undefined && { publicUrl: more.publicUrl }) };
}

/** A sink that commits to memory, as the store would: an item whose key is known already changes nothing. */
export class MemorySink implements Sink {
  readonly items: NetworkItem[] = [];
  readonly states: (Parameters<Sink['state']>[0])[] = [];
  stored: string | null;
  /** Commits that fail before one works. */
  failing = 0;
  readonly #keys = new Set<string>();
  #listeners: (() => void)[] = [];

  constructor(stored: string | null = null) {
    this.stored = stored;
  }

  cursor(): string | null {
    return this.stored;
  }

  async accept(items: readonly NetworkItem[], cursor?: string): Promise<void> {
    await Promise.resolve();
    if (this.failing > 0) {
      this.failing -= 1;
      throw new Error('the store is busy');
    }
    for (const item of items) {
      if (this.#keys.has(item.key)) continue;
      this.#keys.add(item.key);
      this.items.push(item);
    }
    if (cursor !== undefined) this.stored = cursor;
    for (const listener of this.#listeners.splice(0)) listener();
  }

  state(state: Parameters<Sink['state']>[0]): void {
    this.states.push(state);
    for (const listener of this.#listeners.splice(0)) listener();
  }

  get events(): readonly NetworkEvent[] {
    return this.items.map(({ event }) => event);
  }

  /** The first event of a kind that fits, now or later. */
  async event<Type extends NetworkEvent['type']>(type: Type, fits: (event: Extract<NetworkEvent, { type: Type }>) => boolean = () => true): Promise<Extract<NetworkEvent, { type: Type }>> {
    return this.until(`${type} that fits`, () => this.events.find((event): event is Extract<NetworkEvent, { type: Type }> => event.type === type && fits(event as Extract<NetworkEvent, { type: Type }>)));
  }

  async until<T>(what: string, look: () => T | undefined, ms = 15_000): Promise<T> {
    const end = Date.now() + ms;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > end) throw new Error(`it never came: ${what}; there is ${JSON.stringify(this.events).slice(0, 2000)}`);
      await Promise.race([new Promise<void>((resolve) => this.#listeners.push(resolve)), new Promise((resolve) => setTimeout(resolve, 200))]);
    }
  }
}

export function target(conversation: ConversationRef): Target {
  return { id: conversation.id, scope: conversation.scope, kind: conversation.kind, aliases: [] };
}

export function direct(id: number): Target {
  return { id: String(id), scope: '', kind: 'direct', aliases: [] };
}

export function group(id: number, kind: 'group' | 'channel' = 'group'): Target {
  return { id: String(id), scope: '', kind, aliases: [] };
}

let count = 0;

export function part(conversation: Target, content: PartRequest['content'], more: Partial<PartRequest> = {}): PartRequest {
  count += 1;
  return { conversation, content, relay: null, key: `key${count}`, ...more };
}

export function source(bytes: Uint8Array, mime: string, name: string, more: Partial<MediaSource> = {}): MediaSource {
  return {
    mime, name, size: bytes.length, ...more,
    async *open(range) {
      yield bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length);
    },
    publicUrl: () => 'https://bridge.example/file',
  };
}

/** A running connection and what it took in. */
export interface Running {
  readonly connection: Connection;
  readonly sink: MemorySink;
  readonly stop: () => Promise<void>;
}

export async function run(given: ConnectOptions, sink = new MemorySink()): Promise<Running> {
  const connection = telegram.connect(given);
  const ends = new AbortController();
  await connection.start(sink, ends.signal);
  return {
    connection, sink,
    stop: async () => {
      ends.abort();
      await connection.close();
    },
  };
}
