import { systemClock } from '../../../src/model/clock.ts';
import type { NetworkEvent, NetworkItem } from '../../../src/model/events.ts';
import { silentLogger } from '../../../src/model/log.ts';
import type { MediaSource } from '../../../src/model/media.ts';
import { rocketchat } from '../../../src/networks/rocketchat/index.ts';
import type { AccountSettings, AppSettings, Connection, ConnectOptions, Sink, Target } from '../../../src/networks/network.ts';
import { type RocketChatSandbox, type RocketChatSandboxOptions, startRocketChatSandbox } from '../../../src/sandbox/rocketchat/index.ts';

export const TOKEN = 'token-of-the-rocketchat-test';

/** What stands under `networks.rocketchat` in the config of a daemon, with one account. `account`: `owners`, `rate_scale` and more. */
export function configOf(sandbox: RocketChatSandbox, account: Readonly<Record<string, unknown>>): object {
  return { main: { url: sandbox.url, accounts: { bridge: { user_id: sandbox.account._id, token: TOKEN, ...account } } } };
}

/** A sink that keeps what it is handed, and its cursor as the store would. */
export class Heard implements Sink {
  readonly items: NetworkItem[] = [];
  readonly keys = new Set<string>();
  readonly states: { readonly ok: boolean; readonly reason?: string; readonly fix?: string }[] = [];
  stored: string | null = null;
  refuse = false;

  cursor(): string | null {
    return this.stored;
  }

  async accept(items: readonly NetworkItem[], cursor?: string): Promise<void> {
    await Promise.resolve();
    if (this.refuse) throw new Error('the store does not take it');
    // As the inbox does: a second arrival changes nothing.
    for (const item of items) {
      if (!this.keys.has(item.key)) this.items.push(item);
      this.keys.add(item.key);
    }
    if (cursor !== undefined) this.stored = cursor;
  }

  state(state: { readonly ok: boolean; readonly reason?: string; readonly fix?: string }): void {
    this.states.push(state);
  }

  of<T extends NetworkEvent['type']>(type: T): readonly Extract<NetworkEvent, { type: T }>[] {
    return this.items.flatMap(({ event }) => (event.type === type ? [event as Extract<NetworkEvent, { type: T }>] : []));
  }
}

export interface Talk {
  readonly sandbox: RocketChatSandbox;
  readonly heard: Heard;
  readonly connection: Connection;
  readonly stop: AbortController;
  readonly options: ConnectOptions;
  /** Ends this connection and begins another with the same sink, as a restart of the daemon does. */
  again(): Promise<Talk>;
  close(): Promise<void>;
}

export function optionsFor(sandbox: RocketChatSandbox, account: Readonly<Record<string, unknown>> = {}, url = sandbox.url): ConnectOptions {
  const settings = { user_id: sandbox.account._id, token: TOKEN, rate_scale: 1000, ...account };
  const appSettings = rocketchat.settings.parse({ url, accounts: { main: settings } }) as AppSettings;
  return { app: 'main', appSettings, account: 'main', settings: appSettings.accounts['main'] as AccountSettings, clock: systemClock, log: silentLogger, answerTimeoutMs: 5_000 };
}

export async function startTalk(given: Partial<RocketChatSandboxOptions> = {}, account: Readonly<Record<string, unknown>> = {}, prepare?: (sandbox: RocketChatSandbox) => void): Promise<Talk> {
  const sandbox = await startRocketChatSandbox({ token: TOKEN, ...given });
  prepare?.(sandbox);
  return connect(sandbox, new Heard(), optionsFor(sandbox, account));
}

async function connect(sandbox: RocketChatSandbox, heard: Heard, options: ConnectOptions): Promise<Talk> {
  const connection = rocketchat.connect(options);
  const stop = new AbortController();
  await connection.start(heard, stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await connection.close();
  };
  return {
    sandbox, heard, connection, stop, options,
    again: async () => {
      await end();
      return connect(sandbox, heard, options);
    },
    close: async () => {
      await end();
      await sandbox.close();
    },
  };
}

export function groupTarget(id: string, scope = ''): Target {
  return { id, scope, kind: 'group', aliases: [] };
}

export function file(name: string, mime: string, content: string): MediaSource {
  const bytes = Buffer.from(content);
  return {
    name, mime, size: bytes.length,
    async* open(range) {
      yield bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length);
    },
    publicUrl: () => 'https://example.org/file',
  };
}
