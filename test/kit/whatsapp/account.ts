import { silentLogger, type Logger } from '../../../src/model/log.ts';
import type { MediaSource } from '../../../src/model/media.ts';
import type { RemoteId } from '../../../src/model/ids.ts';
import type { ConnectOptions, Connection, PartRequest, Target } from '../../../src/networks/network.ts';
import { whatsapp } from '../../../src/networks/whatsapp/index.ts';
import { ANNA, ANNA_ID, NUMBER, WABA } from './payloads.ts';

export const TOKEN = 'EAAtoken-that-nobody-may-see';
export const NOW = 1_760_000_000_000;

/** Options for the one account `main`, whose clock stands still. */
export function options(url: string, extra: Record<string, unknown> = {}, log: Logger = silentLogger): ConnectOptions {
  const account = { phone_number_id: NUMBER, waba_id: WABA, access_token: TOKEN, owners: [], ...extra };
  const appSettings = whatsapp.settings.parse({ app_secret: 'secret-of-the-app', verify_token: 'verify-token', graph_url: url, accounts: { main: account } });
  const settings = appSettings.accounts['main'];
  if (settings === undefined) throw new Error('the account is missing');
  const clock = { now: () => NOW, sleep: () => new Promise<void>((resolve) => void setImmediate(resolve)) };
  return { app: 'test', appSettings, account: 'main', settings, clock, log };
}

export function connect(url: string, extra: Record<string, unknown> = {}): Connection {
  return whatsapp.connect(options(url, extra));
}

/** A chat in which Anna wrote a minute ago. */
export function chat(rest: Partial<Target> = {}): Target {
  return { id: ANNA_ID, scope: WABA, kind: 'direct', aliases: [ANNA_ID, ANNA], lastInbound: { id: 'wamid.in' as RemoteId, at: NOW - 60_000 }, ...rest };
}

export function part(content: PartRequest['content'], rest: Partial<PartRequest> = {}): PartRequest {
  return { conversation: chat(), content, relay: null, key: 'key-1', ...rest };
}

export function source(bytes: Uint8Array, mime: string, name: string): MediaSource {
  return {
    mime,
    name,
    size: bytes.length,
    async *open() {
      yield bytes.subarray(0, 3);
      yield bytes.subarray(3);
    },
    publicUrl: () => 'https://unused.example',
  };
}
