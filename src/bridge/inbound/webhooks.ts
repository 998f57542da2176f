import { createHash } from 'node:crypto';
import type { AccountId, NetworkId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Route, RouteAnswer, RouteRequest } from '../../model/route.ts';
import { type AppSettings, type Decoded, type Network, NotThisNetwork, type Webhook } from '../../networks/network.ts';
import { StoreBusy, type Store } from '../../store/store.ts';

export interface WebhookDeps {
  readonly store: Store;
  readonly log: Logger;
  /** The apps of the config, by network. */
  readonly apps: readonly { readonly network: Network; readonly app: string; readonly settings: AppSettings }[];
  /** Our account for the network's own id of it; without an id the app's first. */
  readonly accountOf: (network: NetworkId, app: string, remoteId: string | undefined) => AccountId | null;
  readonly accept: (network: NetworkId, account: AccountId, items: Decoded['items']) => Promise<void>;
  readonly step: (name: string) => void;
}

/** `/webhooks/<network>/<app>`: verified over the raw bytes, decoded piece by piece, committed, and only then answered 2xx. */
export function webhookRoutes(deps: WebhookDeps): Route[] {
  const routes: Route[] = [];
  for (const { network, app, settings } of deps.apps) {
    for (const webhook of network.webhooks) {
      routes.push({
        method: webhook.method, path: `/webhooks/${network.id}/${app}`, listener: 'public', maxBody: webhook.maxBody,
        handle: (request) => handle(deps, network, app, settings, webhook, request),
      });
    }
  }
  return routes;
}

async function handle(deps: WebhookDeps, network: Network, app: string, settings: AppSettings, webhook: Webhook, request: RouteRequest): Promise<RouteAnswer> {
  const verdict = webhook.verify(request, settings);
  if (!verdict.ok) {
    deps.log.warn('A webhook was refused.', { network: network.id, app, reason: verdict.reason });
    return { status: verdict.status, body: { error: 'refused' } };
  }
  if (verdict.answer) return { status: verdict.answer.status, body: verdict.answer.body, headers: { 'content-type': 'text/plain' } };
  try {
    for (const piece of webhook.split(request.raw)) await takePiece(deps, network, app, webhook, piece);
  } catch (error) {
    if (error instanceof StoreBusy) return { status: 503, headers: { 'retry-after': '5' }, body: { error: 'busy' } };
    if (error instanceof NotThisNetwork) return { status: 400, body: { error: 'not a webhook of this network' } };
    throw error;
  }
  deps.step('webhook.accepted');
  return { status: 200, body: '', headers: { 'content-type': 'text/plain' } };
}

async function takePiece(deps: WebhookDeps, network: Network, app: string, webhook: Webhook, piece: unknown): Promise<void> {
  let decoded: readonly Decoded[];
  try {
    decoded = webhook.decode(piece);
  } catch (error) {
    await keep(deps, network, app, piece, `It could not be decoded: ${(error as Error).message}`);
    deps.log.error('A piece of a webhook could not be decoded; it is kept.', { network: network.id, app, error });
    return;
  }
  for (const { account, items } of decoded) {
    const ours = deps.accountOf(network.id, app, account);
    if (ours !== null) {
      await deps.accept(network.id, ours, items);
      continue;
    }
    deps.log.warn('A webhook is for an account that the config does not name; it is kept.', { network: network.id, app, account });
    await keep(deps, network, app, piece, 'It is for an account that the config does not name.');
  }
}

async function keep({ store }: WebhookDeps, network: Network, app: string, piece: unknown, reason: string): Promise<void> {
  const raw = Buffer.from(JSON.stringify(piece) ?? 'null');
  await store.acceptBroken({ source: `${network.id}/${app}`, key: createHash('sha256').update(raw).digest('hex'), raw, reason });
}
