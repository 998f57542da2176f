import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { NetworkId } from '../model/ids.ts';

export type Direction = 'to_matrix' | 'to_network';
export type Outcome = 'delivered' | 'rejected' | 'expired' | 'uncertain' | 'cancelled' | 'bug';

/**
 * What the daemon counts. Labels are directions, networks, outcomes, codes and the names of accounts in the config:
 * never a room's, a user's or a message's id, which would make a series each and tell who talks to whom.
 */
export interface Metrics {
  /** One outbox item that reached its end. */
  message(direction: Direction, network: NetworkId, outcome: Outcome): void;
  /** From the inbox commit to the answer of the other side. */
  delivered(direction: Direction, network: NetworkId, seconds: number): void;
  /** Items that wait, and the age of the oldest; 0 where there is none. */
  queue(direction: Direction, depth: number, oldestSeconds: number): void;
  deadLetters(network: NetworkId, count: number): void;
  /** Whether an account can work. */
  login(account: string, ok: boolean): void;
  /** There is no such account any more. */
  loggedOut(account: string): void;
  /** One call to a network or the homeserver (`matrix`); `code` is the HTTP status, or `error` where there was none. */
  request(network: NetworkId | 'matrix', code: number | 'error'): void;
  /** Time spent waiting because a limit was reached. */
  rateLimited(network: NetworkId | 'matrix', seconds: number): void;
  /** The Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Seconds: from a bridge's own share (milliseconds) to an outage. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600];

/** A registry of its own, with the process's metrics (event loop lag among them) beside the bridge's. */
export function createMetrics(build: { readonly version: string }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const messages = new Counter({ name: 'bridge_messages_total', help: 'Items that reached their end', labelNames: ['direction', 'network', 'outcome'], registers });
  const delivery = new Histogram({ name: 'bridge_delivery_seconds', help: 'From acceptance to delivery', labelNames: ['direction', 'network'], buckets: BUCKETS, registers });
  const depth = new Gauge({ name: 'bridge_queue_depth', help: 'Items that wait', labelNames: ['direction'], registers });
  const oldest = new Gauge({ name: 'bridge_queue_oldest_seconds', help: 'Age of the oldest item that waits', labelNames: ['direction'], registers });
  const dead = new Gauge({ name: 'bridge_dead_letters', help: 'Undelivered items that are kept', labelNames: ['network'], registers });
  const login = new Gauge({ name: 'bridge_login_state', help: '1 where the account can work, else 0', labelNames: ['account'], registers });
  const requests = new Counter({ name: 'bridge_remote_requests_total', help: 'Calls to networks and the homeserver', labelNames: ['network', 'code'], registers });
  const limited = new Counter({ name: 'bridge_rate_limited_seconds_total', help: 'Time waited for rate limits', labelNames: ['network'], registers });
  new Gauge({ name: 'bridge_build_info', help: 'Always 1', labelNames: ['version', 'node'], registers }).set({ version: build.version, node: process.versions.node }, 1);
  return {
    message: (direction, network, outcome) => messages.inc({ direction, network, outcome }),
    delivered: (direction, network, seconds) => delivery.observe({ direction, network }, Math.max(0, seconds)),
    queue(direction, count, oldestSeconds) {
      depth.set({ direction }, count);
      oldest.set({ direction }, oldestSeconds);
    },
    deadLetters: (network, count) => dead.set({ network }, count),
    login: (account, ok) => login.set({ account }, ok ? 1 : 0),
    loggedOut: (account) => login.remove({ account }),
    request: (network, code) => requests.inc({ network, code: String(code) }),
    rateLimited: (network, seconds) => limited.inc({ network }, Math.max(0, seconds)),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
