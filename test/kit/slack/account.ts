import { systemClock } from '../../../src/model/clock.ts';
import type { Content } from '../../../src/model/content.ts';
import type { NetworkEvent, NetworkItem } from '../../../src/model/events.ts';
import type { RemoteId } from '../../../src/model/ids.ts';
import { type Logger, silentLogger } from '../../../src/model/log.ts';
import type { MediaSource } from '../../../src/model/media.ts';
import { plain } from '../../../src/model/richtext.ts';
import type { ConnectOptions, PartRequest, Sink, Target } from '../../../src/networks/network.ts';
import { SlackConnection } from '../../../src/networks/slack/connection.ts';
import { settings } from '../../../src/networks/slack/settings.ts';
import { type SlackSandbox, type SlackSandboxOptions, startSlackSandbox } from '../../../src/sandbox/slack/index.ts';

export const secrets = { botToken: 'xoxb-token-of-the-test', appToken: 'xapp-token-of-the-test', signingSecret: 'signing-secret-of-the-test' };
export const SCALE = 1000;

export function startSandbox(options: Partial<SlackSandboxOptions> = {}): Promise<SlackSandbox> {
  return startSlackSandbox({ ...secrets, clockScale: SCALE, seed: 1, ...options });
}

export type Receive = 'socket' | 'http';

/** A sandbox that tells its news over Socket Mode, or posts them to the daemon's webhooks. */
export function startReceiving(receive: Receive, webhooks: string): Promise<SlackSandbox> {
  return startSandbox(receive === 'http' ? { requestUrl: `${webhooks}/slack/main` } : {});
}

/** What stands under `networks.slack` in the config of a daemon, with one account. `account`: `owners`, `rate_scale` and more. */
export function configOf(sandbox: SlackSandbox, account: Readonly<Record<string, unknown>>, receive: Receive = 'socket'): object {
  return { main: {
    receive, app_token: secrets.appToken, signing_secret: secrets.signingSecret, api_url: sandbox.apiUrl,
    accounts: { team: { team_id: sandbox.teamId, user_id: sandbox.botUserId, token: secrets.botToken, rate_scale: SCALE, ...account } },
  } };
}

/** What the config says of one app with some accounts. */
export function appSettings(sandbox: Pick<SlackSandbox, 'apiUrl' | 'teamId' | 'botUserId'>, more: Readonly<Record<string, unknown>> = {}, accounts: Readonly<Record<string, unknown>> = {}): ConnectOptions['appSettings'] {
  const bot = { team_id: sandbox.teamId, user_id: sandbox.botUserId, token: secrets.botToken, owners: [], rate_scale: SCALE };
  return settings.parse({ app_token: secrets.appToken, api_url: sandbox.apiUrl, accounts: { bot, ...accounts }, ...more });
}

/** Keeps what an account takes in, as the store would: by key, and where the cursor stands. */
export class MemorySink implements Sink {
  readonly items: NetworkItem[] = [];
  readonly states: Parameters<Sink['state']>[0][] = [];
  readonly seen = new Set<string>();
  /** Arrivals that were known already. */
  duplicates = 0;
  last: string | null;
  /** What a commit runs into. */
  fail: (() => Promise<void>) | null = null;

  constructor(cursor: string | null = null) {
    this.last = cursor;
  }

  cursor(): string | null {
    return this.last;
  }

  async accept(items: readonly NetworkItem[], cursor?: string): Promise<void> {
    await this.fail?.();
    for (const item of items) {
      if (this.seen.has(item.key)) this.duplicates += 1;
      else {
        this.seen.add(item.key);
        this.items.push(item);
      }
    }
    if (cursor !== undefined) this.last = cursor;
  }

  state(state: Parameters<Sink['state']>[0]): void {
    this.states.push(state);
  }

  get events(): readonly NetworkEvent[] {
    return this.items.map(({ event }) => event);
  }

  of<Type extends NetworkEvent['type']>(type: Type): Extract<NetworkEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<NetworkEvent, { type: Type }> => event.type === type);
  }

  texts(): string[] {
    return this.of('message').map(({ parts }) => parts.map(textIn).join('|'));
  }
}

export function textIn(content: Content): string {
  const text = content.kind === 'text' ? content.text : 'caption' in content ? (content.caption ?? []) : [];
  return text.map((block) => ('children' in block ? JSON.stringify(block.children).replace(/[^]*?"text":"((?:[^"\\]|\\.)*)"[^]*?(?="text"|$)/g, '$1') : 'text' in block ? block.text : '')).join('\n');
}

export interface Running extends AsyncDisposable {
  readonly connection: SlackConnection;
  readonly sink: MemorySink;
  stop(): Promise<void>;
}

/** An account that listens. */
export async function running(app: ConnectOptions['appSettings'], account = 'bot', given: { readonly cursor?: string | null; readonly log?: Logger; readonly sink?: MemorySink } = {}): Promise<Running> {
  const sink = given.sink ?? new MemorySink(given.cursor ?? null);
  const connection = connect(app, account, given.log);
  const stopping = new AbortController();
  await connection.start(sink, stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await connection.close();
  };
  return { connection, sink, stop, [Symbol.asyncDispose]: stop };
}

export function connect(app: ConnectOptions['appSettings'], account = 'bot', log: Logger = silentLogger, more: Partial<ConnectOptions> = {}): SlackConnection {
  const settingsOf = app.accounts[account];
  if (settingsOf === undefined) throw new Error(`no account ${account}`);
  return new SlackConnection({ app: 'main', appSettings: app, account, settings: settingsOf, clock: systemClock, log, ...more });
}

export const target = (id: string, kind: Target['kind'] = 'channel', more: Partial<Target> = {}): Target => ({ id, scope: 'T0SANDBOX', kind, aliases: [], ...more });

let count = 0;
export function part(conversation: Target, content: Content | string, more: Partial<PartRequest> = {}): PartRequest {
  count += 1;
  return { conversation, content: typeof content === 'string' ? { kind: 'text', text: plain(content) } : content, relay: null, key: `key-${count}`, ...more };
}

export function file(bytes: Uint8Array, name: string, mime: string): MediaSource {
  return {
    mime, name, size: bytes.length,
    async *open(range) {
      yield bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length);
    },
    publicUrl: () => '',
  };
}

export const tsIn = (id: RemoteId): string => id.split(':')[1] ?? '';
