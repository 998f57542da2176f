import { createHash } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { NetworkItem } from '../../model/events.ts';
import type { AccountId, NetworkId } from '../../model/ids.ts';
import type { LogFields, Logger } from '../../model/log.ts';
import type { Route, RouteAnswer, RouteRequest } from '../../model/route.ts';
import { type AppSettings, type Decoded, type Network, NotThisNetwork, type Webhook } from '../../networks/network.ts';
import { StoreBusy, type Store } from '../../store/store.ts';

export interface WebhookDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** The apps of the config, by network; `settings` as they are when one looks, for accounts come and go. */
  readonly apps: readonly { readonly network: Network; readonly app: string; readonly settings: AppSettings }[];
  /** Our account for the network's own id of it; without an id the app's first. */
  readonly accountOf: (network: NetworkId, app: string, remoteId: string | undefined) => AccountId | null;
  /** It is for an account that was logged out: nobody wants it any more, and nothing of it is kept. */
  readonly isGone?: (network: NetworkId, app: string, remoteId: string | undefined) => boolean;
  readonly accept: (network: NetworkId, account: AccountId, items: Decoded['items']) => Promise<void>;
  readonly step: (name: string) => void;
  /** Tells the administrators; the same `key` once. */
  readonly kept: (text: string, key: string) => void;
}

/** `/webhooks/<network>/<app>`: verified over the raw bytes, decoded piece by piece, committed, and only then answered 2xx. */
export function webhookRoutes(deps: WebhookDeps): Route[] {
  const routes: Route[] = [];
  const refusals = new Refusals(deps.log, deps.clock);
  for (const at of deps.apps) {
    const { network, app } = at;
    for (const webhook of network.webhooks) {
      routes.push({
        method: webhook.method, path: `/webhooks/${network.id}/${app}`, listener: 'public', maxBody: webhook.maxBody,
        handle: (request) => handle(deps, refusals, network, app, at.settings, webhook, request),
      });
    }
  }
  return routes;
}

/**
 * Decodes a kept piece again, as after an upgrade. Null where all of it was taken in, else why not.
 * @param source as it was kept: `<network>/<app>`
 */
export async function decodeAgain(deps: WebhookDeps, source: string, raw: Uint8Array): Promise<string | null> {
  const found = deps.apps.find(({ network, app }) => `${network.id}/${app}` === source);
  if (found === undefined) return `${source} is no longer in the config.`;
  const piece: unknown = JSON.parse(Buffer.from(raw).toString('utf8'));
  for (const webhook of found.network.webhooks.filter(({ method }) => method === 'POST')) {
    try {
      const decoded = webhook.decode(piece, found.settings).map(({ account, items }) => ({ ours: deps.accountOf(found.network.id, found.app, account), items }));
      if (decoded.some(({ ours }) => ours === null)) return 'It is for an account that the bridge does not have.';
      for (const { ours, items } of decoded) if (ours !== null) await deps.accept(found.network.id, ours, items);
      return null;
    } catch (error) {
      if (error instanceof StoreBusy) throw error;
    }
  }
  return 'It still cannot be decoded.';
}

const HOUR = 3_600_000;
/** Lines a minute about what was refused. */
const MOST_LINES = 20;

/** Anybody can have a webhook refused, as often as they like, and a log fills a disk: past a few a minute they are only counted. */
class Refusals {
  readonly #log: Logger;
  readonly #clock: Clock;
  #minute = 0;
  #count = 0;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  tell(facts: LogFields): void {
    const minute = Math.floor(this.#clock.now() / 60_000);
    if (minute !== this.#minute) {
      if (this.#count > MOST_LINES) this.#log.warn('More webhooks were refused.', { count: this.#count - MOST_LINES });
      this.#minute = minute;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count <= MOST_LINES) this.#log.warn('A webhook was refused.', facts);
  }
}

async function handle(deps: WebhookDeps, refusals: Refusals, network: Network, app: string, settings: AppSettings, webhook: Webhook, request: RouteRequest): Promise<RouteAnswer> {
  const verdict = webhook.verify(request, settings);
  if (!verdict.ok) {
    refusals.tell({ network: network.id, app, reason: verdict.reason });
    return { status: verdict.status, body: { error: 'refused' } };
  }
  if (verdict.answer) return { status: verdict.answer.status, body: verdict.answer.body, headers: { 'content-type': 'text/plain' } };
  try {
    await take(deps, network, app, settings, webhook, webhook.split(request.raw));
  } catch (error) {
    if (error instanceof StoreBusy) return { status: 503, headers: { 'retry-after': '5' }, body: { error: 'busy' } };
    if (error instanceof NotThisNetwork) return { status: 400, body: { error: 'not a webhook of this network' } };
    throw error;
  }
  deps.step('webhook.accepted');
  return { status: 200, body: '', headers: { 'content-type': 'text/plain' } };
}

/** Each piece is decoded apart, so that a bad one spoils no other; what they hold is committed together, in order. */
async function take(deps: WebhookDeps, network: Network, app: string, settings: AppSettings, webhook: Webhook, pieces: readonly unknown[]): Promise<void> {
  const items = new Map<AccountId, NetworkItem[]>();
  const kept: Promise<void>[] = [];
  for (const piece of pieces) {
    let decoded: readonly Decoded[];
    try {
      decoded = webhook.decode(piece, settings);
    } catch (error) {
      deps.log.error('A piece of a webhook could not be decoded; it is kept.', { network: network.id, app, error });
      kept.push(keep(deps, network, app, piece, 'It could not be decoded.'));
      continue;
    }
    for (const each of decoded) {
      const ours = deps.accountOf(network.id, app, each.account);
      if (ours !== null) {
        const list = items.get(ours) ?? [];
        items.set(ours, list);
        list.push(...each.items);
      } else if (deps.isGone?.(network.id, app, each.account) !== true) kept.push(keep(deps, network, app, piece, `It is for ${String(each.account).slice(0, 60)}, which is no account of the bridge.`));
    }
  }
  await Promise.all([...kept, ...[...items].map(([account, each]) => deps.accept(network.id, account, each))]);
}

/** The same reason is told once an hour: a number that was left out of the config may be a busy one. */
async function keep({ store, kept, clock }: WebhookDeps, network: Network, app: string, piece: unknown, reason: string): Promise<void> {
  const raw = Buffer.from(JSON.stringify(piece) ?? 'null');
  const key = createHash('sha256').update(raw).digest('hex');
  await store.acceptBroken({ source: `${network.id}/${app}`, key, raw, reason });
  kept(`⚠️ Something that ${network.name} sent to ${network.id}/${app} was kept and not handled: ${reason} See undelivered.`, `kept ${network.id}/${app} ${reason} ${Math.floor(clock.now() / HOUR)}`);
}
