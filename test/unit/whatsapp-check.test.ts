import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Check } from '../../src/networks/network.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import { startWhatsAppSandbox } from '../../src/sandbox/whatsapp/index.ts';
import { options, TOKEN } from '../kit/whatsapp/account.ts';
import { FakeGraph, graphError, reply } from '../kit/whatsapp/graph.ts';
import { NUMBER, WABA } from '../kit/whatsapp/payloads.ts';

const QUESTIONS = ['access token and phone number', 'business account', 'permissions of the token', 'sending', 'app secret', 'webhook subscription'];
const PROOF = createHmac('sha256', 'secret-of-the-app').update(TOKEN).digest('hex');
let graph: FakeGraph;
/** Answers that differ from those of an account where all is well, by the end of the path. */
let differing: Record<string, unknown>;

beforeEach(async () => {
  graph = await new FakeGraph().start();
  differing = {};
  graph.on((request, answer) => {
    const [path = '', query = ''] = request.path.replace('/v23.0/', '').split('?');
    const asked = new URLSearchParams(query);
    const name = path === NUMBER ? (asked.get('fields')?.includes('health') === true ? 'health' : 'number') : (path.split('/').at(-1) ?? '');
    const found = differing[name] ?? well(name, asked);
    reply(answer, (found as { error?: unknown }).error === undefined ? 200 : 400, found);
  });
});

afterEach(() => graph.stop());

function well(name: string, asked: URLSearchParams): object {
  switch (name) {
    case 'number': return { id: NUMBER, display_phone_number: '+31 20 123 4567', verified_name: 'Smit', platform_type: 'CLOUD_API' };
    case 'health': return { health_status: { can_send_message: 'AVAILABLE', entities: [] }, throughput: { level: 'STANDARD' } };
    case 'phone_numbers': return { data: [{ id: NUMBER }] };
    case 'permissions': return { data: ['whatsapp_business_messaging', 'whatsapp_business_management'].map((permission) => ({ permission, status: 'granted' })) };
    case 'app': return asked.get('appsecret_proof') === PROOF ? { id: '77', name: 'Bridge' } : graphError(100, { message: 'Invalid appsecret_proof provided in the API argument' });
    default: return { data: [{ whatsapp_business_api_data: { id: '77', name: 'Bridge' } }] };
  }
}

async function lines(extra: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Promise<ReadonlyMap<string, Check>> {
  const found = new Map<string, Check>();
  for await (const line of whatsapp.check({ ...options(graph.url, extra), ...more })) found.set(line.what, line);
  expect(JSON.stringify([...found])).not.toContain(TOKEN);
  return found;
}

async function one(what: string, extra: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Promise<Check> {
  const found = await lines(extra, more);
  const line = found.get(what);
  if (line === undefined) throw new Error(`no line ${what}`);
  expect([...found.values()].filter(({ ok }) => !ok)).toEqual(line.ok ? [] : [line]);
  expect(line.detail.length).toBeGreaterThan(20);
  if (!line.ok) expect((line.fix ?? '').length).toBeGreaterThan(10);
  return line;
}

test('all is well', async () => {
  const found = await lines({}, { publicUrl: 'https://bridge.example/' });
  expect([...found.keys()]).toEqual(QUESTIONS);
  expect([...found.values()].filter(({ ok }) => !ok)).toEqual([]);
  expect(graph.received.every(({ path }) => !path.includes(TOKEN) && !path.includes('secret-of'))).toBe(true);
});

test('a number that is not of the Cloud API', async () => {
  differing['number'] = { id: NUMBER, platform_type: 'NOT_APPLICABLE' };
  expect(await one('access token and phone number')).toMatchObject({ ok: false, detail: expect.stringContaining('NOT_APPLICABLE'), fix: expect.stringContaining('phone_number_id') });
});

test('a number that Meta does not know', async () => {
  differing['number'] = differing['health'] = graphError(100, { error_subcode: 33 });
  const found = await lines();
  expect(found.get('access token and phone number')).toMatchObject({ ok: false, fix: expect.stringContaining('phone_number_id') });
  expect(found.get('business account')).toMatchObject({ ok: true });
});

test('the business account of another number', async () => {
  differing['phone_numbers'] = { data: [{ id: '1' }] };
  expect(await one('business account')).toMatchObject({ ok: false, detail: expect.stringContaining('it names 1'), fix: expect.stringContaining('waba_id') });
});

test('a permission is missing, or withdrawn', async () => {
  differing['permissions'] = { data: [{ permission: 'whatsapp_business_messaging', status: 'granted' }, { permission: 'whatsapp_business_management', status: 'declined' }] };
  expect(await one('permissions of the token')).toMatchObject({ ok: false, detail: expect.stringMatching(/lacks whatsapp_business_management/), fix: expect.stringContaining('access_token') });
});

test('a number that may not send says why, in Meta’s words', async () => {
  const errors = [{ error_code: 141000, error_description: 'There is no valid way of payment.', possible_solution: 'Add a card in the Business manager.' }];
  differing['health'] = { health_status: { can_send_message: 'BLOCKED', entities: [{ entity_type: 'PHONE_NUMBER' }, { entity_type: 'WABA', can_send_message: 'BLOCKED', errors }] } };
  expect(await one('sending')).toMatchObject({ ok: false, detail: expect.stringContaining('no valid way of payment'), fix: 'Add a card in the Business manager.' });
  differing['health'] = { health_status: { can_send_message: 'LIMITED', entities: [{ errors }] } };
  expect(await one('sending')).toMatchObject({ ok: true, detail: expect.stringContaining('LIMITED') });
});

test('more messages a second than Meta allows', async () => {
  expect(await one('sending', { throughput: 1000 })).toMatchObject({ ok: false, fix: expect.stringContaining('throughput to 80') });
  differing['health'] = { health_status: { can_send_message: 'AVAILABLE' }, throughput: { level: 'HIGH' } };
  expect(await one('sending', { throughput: 1000 })).toMatchObject({ ok: true });
});

test('the secret of another app', async () => {
  differing['app'] = graphError(100, { message: 'Invalid appsecret_proof provided in the API argument' });
  expect(await one('app secret')).toMatchObject({ ok: false, fix: expect.stringContaining('networks.whatsapp.test.app_secret') });
});

test('the app is not subscribed, or its webhooks go somewhere else', async () => {
  differing['subscribed_apps'] = { data: [{ whatsapp_business_api_data: { id: '5', name: 'Other' } }] };
  expect(await one('webhook subscription')).toMatchObject({ ok: false, detail: expect.stringContaining('it names Other'), fix: expect.stringContaining('subscribed_apps') });
  differing['subscribed_apps'] = { data: [{ whatsapp_business_api_data: { id: '77', name: 'Bridge' }, override_callback_uri: 'https://old.example/hook' }] };
  expect(await one('webhook subscription', {}, { publicUrl: 'https://bridge.example' })).toMatchObject({ ok: false, detail: expect.stringContaining('https://bridge.example/webhooks/whatsapp/test') });
  differing['subscribed_apps'] = { data: [{ whatsapp_business_api_data: { id: '77', name: 'Bridge' }, override_callback_uri: 'https://bridge.example/webhooks/whatsapp/test' }] };
  expect(await one('webhook subscription', {}, { publicUrl: 'https://bridge.example/' })).toMatchObject({ ok: true });
});

test('a refused token, or nobody there, is told once', async () => {
  graph.on((_request, answer) => reply(answer, 401, graphError(190, { message: `Malformed access token ${TOKEN}` })));
  const [first, ...others] = QUESTIONS;
  const rest = others.map((what) => ({ what, ok: true, skipped: true, detail: `not tried: "${first}" has to be mended first.` }));
  expect([...(await lines()).values()]).toEqual([{ what: first, ok: false, detail: expect.stringContaining('[190'), fix: expect.stringContaining('access_token') }, ...rest]);
  await graph.stop();
  expect([...(await lines()).values()]).toEqual([{ what: first, ok: false, detail: expect.stringContaining('cannot be reached'), fix: expect.stringContaining('graph_url') }, ...rest]);
  graph = await new FakeGraph().start();
});

test('a question that a stand-in does not know is no failure', async () => {
  for (const unknown of [graphError(2500), graphError(100, { error_subcode: 33 }), graphError(100, { message: '(#100) Tried accessing nonexisting field (health_status)' })]) {
    differing = { app: unknown };
    expect(await one('app secret')).toMatchObject({ ok: true });
  }
  differing = { phone_numbers: graphError(2500), health: graphError(100, { message: '(#100) Tried accessing nonexisting field (health_status)' }) };
  const found = await lines();
  expect(found.get('business account')).toMatchObject({ ok: true, detail: expect.stringContaining('Not asked') });
  expect(found.get('sending')).toMatchObject({ ok: true });
});

test('the sandbox answers every question', async () => {
  const sandbox = await startWhatsAppSandbox({
    port: 0, appSecret: 'secret-of-the-app', verifyToken: 'verify-token', accessToken: TOKEN, phoneNumberId: NUMBER, wabaId: WABA, displayPhoneNumber: '+31 20 123 4567', webhookUrl: 'http://127.0.0.1:9/hook',
  });
  try {
    const found: Check[] = [];
    for await (const line of whatsapp.check(options(sandbox.url))) found.push(line);
    expect(found.filter(({ ok, detail }) => !ok || detail.includes('Not asked') || detail.includes('not known'))).toEqual([]);
    const other = options(sandbox.url);
    const wrong = { ...other, appSettings: whatsapp.settings.parse({ ...other.appSettings, app_secret: 'another-secret' }) };
    const refused: Check[] = [];
    for await (const line of whatsapp.check(wrong)) refused.push(line);
    expect(refused.filter(({ ok }) => !ok).map(({ what }) => what)).toEqual(['app secret']);
  } finally {
    await sandbox.close();
  }
});
