import type { Logger } from '../../model/log.ts';
import type { Lookups } from '../../model/lookups.ts';
import type { Route, RouteAnswer, RouteRequest } from '../../model/route.ts';
import { matrixError, tokenCheck } from './auth.ts';
import { lookupRoutes } from './thirdparty.ts';
import { readTransaction } from './transaction.ts';
import type { BadEvent, Transaction } from './transaction.ts';

export interface AppserviceOptions {
  readonly hsToken: string;
  /** Resolves after the commit. Whatever it throws is answered 503, so that the homeserver keeps the transaction and sends it again. */
  accept(transaction: Transaction): Promise<void>;
  /** Whether the bridge has, or just made, this user of its namespace. */
  userExists(userId: string): Promise<boolean>;
  aliasExists(alias: string): Promise<boolean>;
  readonly lookups: Lookups;
  /** An entry that is no event; it is skipped. */
  onBadEvent(bad: BadEvent): void;
  /** The homeserver answered our ping by calling back. */
  onPing?(transactionId: string | undefined): void;
  readonly log: Logger;
}

/**
 * A body holds at most 100 events of 64 KiB, each up to six times as long once escaped, and as many ephemeral ones whose
 * receipts have no such limit. Refusing a body stops the bridge for good, so the limit only guards memory. Bytes.
 */
const MAX_TRANSACTION = 64 * 1024 * 1024;
const MAX_SMALL = 64 * 1024;

/**
 * What the homeserver calls (application-service API v1.19). Our own instead of matrix-appservice-bridge's or bot-sdk's:
 * both answer before anything is stored, and know neither ping nor the stable `ephemeral`.
 */
export function appserviceRoutes(options: AppserviceOptions): Route[] {
  const admit = tokenCheck(options.hsToken);
  const route = (method: Route['method'], path: string, maxBody: number, handle: (request: RouteRequest) => Promise<RouteAnswer>): Route => ({
    method,
    path,
    listener: 'homeserver',
    maxBody,
    admit,
    handle,
  });
  const transactions = (request: RouteRequest): Promise<RouteAnswer> => acceptTransaction(options, request);
  const users = (request: RouteRequest): Promise<RouteAnswer> => exists(options, 'user', () => options.userExists(request.params['userId'] ?? ''));
  const rooms = (request: RouteRequest): Promise<RouteAnswer> => exists(options, 'room', () => options.aliasExists(request.params['alias'] ?? ''));
  return [
    route('PUT', '/_matrix/app/v1/transactions/:txnId', MAX_TRANSACTION, transactions),
    route('GET', '/_matrix/app/v1/users/:userId', MAX_SMALL, users),
    route('GET', '/_matrix/app/v1/rooms/:alias', MAX_SMALL, rooms),
    // The addresses of before v1.0, which a homeserver tries when the others answer M_UNRECOGNIZED.
    route('PUT', '/transactions/:txnId', MAX_TRANSACTION, transactions),
    route('GET', '/users/:userId', MAX_SMALL, users),
    route('GET', '/rooms/:alias', MAX_SMALL, rooms),
    route('POST', '/_matrix/app/v1/ping', MAX_SMALL, (request) => ping(options, request)),
    ...lookupRoutes(options.lookups, (path, handle) => route('GET', path, MAX_SMALL, handle)),
  ];
}

async function acceptTransaction(options: AppserviceOptions, request: RouteRequest): Promise<RouteAnswer> {
  const read = readTransaction(request.params['txnId'] ?? '', request.raw);
  if ('errcode' in read) return matrixError(400, read.errcode, 'The body is no JSON object.');
  for (const bad of read.bad) options.onBadEvent(bad);
  try {
    await options.accept(read.transaction);
  } catch (error) {
    options.log.warn('a transaction of the homeserver was not stored, it will come again', {
      txnId: read.transaction.txnId,
      error: error instanceof Error ? error.message : 'unknown',
    });
    return matrixError(503, 'M_UNKNOWN', 'Not stored. Send it again.');
  }
  return { status: 200, body: {} };
}

async function exists(options: AppserviceOptions, what: string, ask: () => Promise<boolean>): Promise<RouteAnswer> {
  try {
    return (await ask()) ? { status: 200, body: {} } : matrixError(404, 'M_NOT_FOUND', `There is no such ${what}.`);
  } catch (error) {
    options.log.warn(`a ${what} query of the homeserver could not be answered`, { error: error instanceof Error ? error.message : 'unknown' });
    return matrixError(503, 'M_UNKNOWN', 'The answer is not known now.');
  }
}

/** MSC2659, spec v1.7: only the token matters; the transaction id is the one we gave to the homeserver. */
async function ping(options: AppserviceOptions, request: RouteRequest): Promise<RouteAnswer> {
  let id: unknown;
  try {
    id = (JSON.parse(Buffer.from(request.raw).toString('utf8')) as { transaction_id?: unknown } | null)?.transaction_id;
  } catch {
    // The id is optional, and so is a body.
  }
  options.onPing?.(typeof id === 'string' ? id : undefined);
  return { status: 200, body: {} };
}
