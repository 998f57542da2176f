import type { Asking } from '../../actions/action.ts';
import type { UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Route, RouteAnswer, RouteRequest } from '../../model/route.ts';
import { accountEndpoints } from './account-endpoints.ts';
import { chatEndpoints } from './chat-endpoints.ts';
import type { About, Endpoint } from './endpoint.ts';
import { refusalOf, Refusal, refused } from './errors.ts';
import { Gate, type GateOptions } from './gate.ts';
import { BASE, openApi } from './openapi.ts';

export interface ProvisioningOptions extends GateOptions {
  readonly about: About;
  readonly log: Logger;
  /** What actions work with for this user; null where they may not use the bridge. */
  asking(user: UserId): Asking | null;
}

export const endpoints: readonly Endpoint[] = [...accountEndpoints, ...chatEndpoints];

const MAX_BODY = 64 * 1024;
/** Pages of any origin may ask: what lets them in is a token that they were given, and nothing that a browser adds by itself. */
const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS', 'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization' };

/** The provisioning API: the shape of bridgev2's, so that clients which know that one can use it. */
export function provisioningRoutes(options: ProvisioningOptions): Route[] {
  const gate = new Gate(options);
  const route = (method: Route['method'], path: string, handle: Route['handle']): Route => ({ method, path, listener: 'public', maxBody: MAX_BODY, headers: CORS, handle });
  const paths = [...new Set(endpoints.map(pathOf)), `${BASE}/v3/openapi.json`];
  return [
    ...endpoints.map((endpoint) => route(endpoint.method, pathOf(endpoint), (request) => handle(endpoint, request, gate, options))),
    ...paths.map((path) => route('OPTIONS', path, () => Promise.resolve({ status: 200 }))),
    route('GET', `${BASE}/v3/openapi.json`, () => Promise.resolve({ status: 200, body: openApi(endpoints) })),
  ];
}

function pathOf({ path }: Endpoint): string {
  return `${BASE}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
}

async function handle(endpoint: Endpoint, request: RouteRequest, gate: Gate, { about, asking, log }: ProvisioningOptions): Promise<RouteAnswer> {
  try {
    const context = asking(await gate.who(request));
    if (context === null) throw new Refusal(403, 'M_FORBIDDEN', 'You may not use the bridge.');
    return await endpoint.run({ context, params: request.params, query: request.query, body: bodyOf(endpoint, request.raw) }, about);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) log.error('A provisioning call met an error that nothing expects.', { operation: endpoint.operation, error });
    else log.debug('A provisioning call was refused.', { operation: endpoint.operation, errcode: refusal.errcode, status: refusal.status });
    return refused(refusal ?? new Refusal(500, 'M_UNKNOWN', 'Something went wrong here.'));
  }
}

/** @throws Refusal M_NOT_JSON, M_BAD_JSON; nothing of what was given stands in it */
function bodyOf({ body: schema }: Endpoint, raw: Uint8Array): unknown {
  if (schema === undefined) return undefined;
  let given: unknown;
  try {
    given = JSON.parse(raw.length === 0 ? '{}' : Buffer.from(raw).toString('utf8'));
  } catch {
    throw new Refusal(400, 'M_NOT_JSON', 'The body is no JSON.');
  }
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new Refusal(400, 'M_BAD_JSON', `${issue?.path.map(String).join('.') || 'The body'}: ${issue?.message ?? 'does not fit'}`.slice(0, 300));
}
