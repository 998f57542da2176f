import { createHmac } from 'node:crypto';
import { GraphError, invalid, unknownObject } from './errors.ts';
import { groupInfo } from './group-routes.ts';
import { jsonOf, mustBe, type Call, type Graph } from './graph.ts';
import type { Group, GroupHandle } from './groups.ts';
import { deleteMedia, mediaInfo } from './media-routes.ts';
import type { Sender } from './send.ts';
import type { World } from './state.ts';
import type { Webhooks } from './webhooks.ts';

const scopes = ['whatsapp_business_management', 'whatsapp_business_messaging'];

/** Everything under `/v{N}.0/` but the upload of media. */
export function accountRoutes(graph: Graph, world: World, sender: Sender, webhooks: Webhooks, handleOf: (group: Group) => GroupHandle): void {
  const { phoneNumberId, wabaId } = world.options;
  const appId = world.options.appId ?? '200000000000001';
  graph.on('POST', '/:phone/messages', (call) => {
    mustBe(call.params['phone'], phoneNumberId);
    const { answer, accepted } = sender.handle(jsonOf(call));
    return { json: answer, reset: accepted && world.random.chance(world.faults.acceptThenReset) };
  });
  graph.on('GET', '/:waba/subscribed_apps', (call) => {
    mustBe(call.params['waba'], wabaId);
    const app = { whatsapp_business_api_data: { id: appId, link: 'https://www.facebook.com/games/?app_id=' + appId, name: 'Sandbox' } };
    return { json: { data: webhooks.subscribed ? [app] : [] } };
  });
  graph.on('POST', '/:waba/subscribed_apps', async (call) => {
    mustBe(call.params['waba'], wabaId);
    await subscribeApp(call, webhooks);
    return { json: { success: true } };
  });
  graph.on('DELETE', '/:waba/subscribed_apps', (call) => {
    mustBe(call.params['waba'], wabaId);
    webhooks.subscribed = false;
    return { json: { success: true } };
  });
  graph.on('GET', '/:waba/phone_numbers', (call) => {
    mustBe(call.params['waba'], wabaId);
    const number: Call = { ...call, params: { id: phoneNumberId } };
    return { json: { data: [node(world, number, appId)], paging: { cursors: { before: 'QVFI', after: 'QVFI' } } } };
  });
  graph.on('GET', '/:waba/message_templates', (call) => {
    mustBe(call.params['waba'], wabaId);
    const { name, fields } = call.query;
    const found = world.templates.filter((one) => name === undefined || one.name.includes(name)).map((one, index) => {
      const all: Record<string, unknown> = { id: String(1_000_000 + index), parameter_format: 'POSITIONAL', ...one };
      return fields === undefined ? all : { ...selected(all, fields), id: all['id'] };
    });
    return { json: { data: found, paging: { cursors: { before: 'QVFI', after: 'QVFI' } } } };
  });
  graph.on('GET', '/debug_token', (call) => ({ json: { data: tokenFacts(world, appId, call.query['input_token']) } }));
  graph.on('GET', '/me/permissions', () => ({ json: { data: scopes.map((permission) => ({ permission, status: 'granted' })) } }));
  graph.on('GET', '/:id', (call) => {
    checkProof(world, call);
    return { json: node(world, call, appId) };
  });
  graph.on('DELETE', '/:id', (call) => {
    const group = world.liveGroup(call.params['id'] ?? '');
    if (group === undefined) return { json: deleteMedia(world, call) };
    handleOf(group).delete();
    return { json: { messaging_product: 'whatsapp', request_id: world.random.hex(16) } };
  });
}

/** With `override_callback_uri` and `verify_token` the address is verified first (Subscribe to webhooks, "Override"). */
async function subscribeApp(call: Call, webhooks: Webhooks): Promise<void> {
  const body = call.body.length === 0 ? {} : (jsonOf(call) as Record<string, unknown>);
  const { override_callback_uri: url, verify_token: token, ...rest } = body;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) throw invalid(`Unexpected key "${extra}" on param "body".`);
  if (url === undefined) {
    webhooks.subscribed = webhooks.url !== null;
    return;
  }
  if (typeof url !== 'string' || typeof token !== 'string') throw invalid('The parameters override_callback_uri and verify_token go together.');
  try {
    await webhooks.subscribe(url, token);
  } catch (error) {
    throw new GraphError(100, { message: '(#2200) Callback verification failed', details: error instanceof Error ? error.message : '' });
  }
}

/** Graph API, "Secure requests": a proof, where one is given, is the HMAC of the token under the secret of the token's app. */
function checkProof(world: World, call: Call): void {
  const proof = call.query['appsecret_proof'];
  const { appSecret, accessToken } = world.options;
  if (proof === undefined || proof === createHmac('sha256', appSecret).update(accessToken).digest('hex')) return;
  throw new GraphError(100, { message: 'Invalid appsecret_proof provided in the API argument', type: 'GraphMethodException' });
}

/** `GET /{id}?fields=…`: the phone number, the business account, the token's own user and app, or a media id. */
function node(world: World, call: Call, appId: string): Record<string, unknown> {
  const { phoneNumberId, wabaId, displayPhoneNumber, verifiedName } = world.options;
  const name = verifiedName ?? 'Sandbox Business';
  const id = call.params['id'] ?? '';
  const nodes: Readonly<Record<string, Record<string, unknown>>> = {
    [phoneNumberId]: {
      verified_name: name, display_phone_number: displayPhoneNumber, quality_rating: 'GREEN', code_verification_status: 'VERIFIED',
      platform_type: 'CLOUD_API', throughput: { level: 'STANDARD' }, status: 'CONNECTED', name_status: 'APPROVED', account_mode: 'LIVE', is_official_business_account: false,
      health_status: health(world),
    },
    [wabaId]: { name, currency: 'EUR', timezone_id: '1', message_template_namespace: 'sandbox' },
    me: { name: 'Sandbox System User' },
    app: { name: 'Sandbox' },
  };
  const ids: Readonly<Record<string, string>> = { me: '100000000000001', app: appId };
  const found = Object.hasOwn(nodes, id) ? nodes[id] : undefined;
  if (!found) return groupInfo(world, id, call.query['fields']) ?? mediaInfo(world, call);
  return { ...selected(found, call.query['fields']), id: ids[id] ?? id };
}

/** Cloud API, "Messaging health status": what can send, and why not. */
function health({ options, faults }: World): Record<string, unknown> {
  const state = faults.expireToken ? 'BLOCKED' : 'AVAILABLE';
  const entity = (entity_type: string, id: string): Record<string, string> => ({ entity_type, id, can_send_message: state });
  return { can_send_message: state, entities: [entity('PHONE_NUMBER', options.phoneNumberId), entity('WABA', options.wabaId)] };
}

const defaultFields = ['verified_name', 'display_phone_number', 'quality_rating', 'code_verification_status', 'platform_type', 'throughput', 'name', 'currency', 'timezone_id', 'message_template_namespace'];

function selected(found: Record<string, unknown>, fields: string | undefined): Record<string, unknown> {
  const asked = fields === undefined ? defaultFields.filter((field) => field in found) : fields.split(',').filter((field) => field !== 'id');
  for (const field of asked) {
    if (!Object.hasOwn(found, field)) throw new GraphError(100, { message: `(#100) Tried accessing nonexisting field (${field})` });
  }
  return Object.fromEntries(asked.map((field) => [field, found[field]]));
}

/** `GET /debug_token?input_token=` (Graph API, Debug Token). */
function tokenFacts(world: World, appId: string, token: string | undefined): Record<string, unknown> {
  if (token === undefined) throw invalid('The parameter input_token is required.');
  if (token !== world.options.accessToken) {
    return { error: { code: 190, message: 'Invalid OAuth access token - Cannot parse access token' }, is_valid: false, scopes: [] };
  }
  const granular = [
    { scope: scopes[0], target_ids: [world.options.wabaId] },
    { scope: scopes[1], target_ids: [world.options.wabaId] },
  ];
  return {
    app_id: appId, type: 'SYSTEM_USER', application: 'Sandbox', data_access_expires_at: 0, expires_at: 0, is_valid: true,
    issued_at: 1_700_000_000, scopes, granular_scopes: granular, user_id: '100000000000001',
  };
}

/** For any path that is none of ours. */
export function unknownPath(path: string): GraphError {
  return path.split('/').length > 3 ? new GraphError(2500, { message: `Unknown path components: ${path}`, status: 400 }) : unknownObject(path);
}
