import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { endpoints } from '../../src/http/provisioning/routes.ts';
import { type RocketChatSandbox, startRocketChatSandbox } from '../../src/sandbox/rocketchat/index.ts';
import { CapturedLog } from '../kit/captured-log.ts';
import { type FakeSide, onFake } from '../kit/matrix/fake.ts';
import { Caller } from '../kit/provisioning/caller.ts';
import { type OpenIdServer, startOpenId } from '../kit/provisioning/openid.ts';
import { configOf, TOKEN } from '../kit/rocketchat/account.ts';
import { type Between, daemonBetween } from '../kit/stack/between.ts';

// Who is nobody, or somebody else, gets nothing of the provisioning API, and nothing secret comes out of it.

jest.setTimeout(60_000);

const SECRET = 'cnry-shared-secret-of-the-bridge';
let between: Between<FakeSide>;
let rocketchat: RocketChatSandbox;
let openid: OpenIdServer;
let elsewhere: Server;
const elsewhereAsked: string[] = [];
let log: CapturedLog;

beforeAll(async () => {
  log = new CapturedLog();
  openid = await startOpenId();
  elsewhere = createServer(({ url = '' }, response) => {
    elsewhereAsked.push(url);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ sub: '@alice:fake.test' }));
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  between = await daemonBetween(onFake, async ({ owners }, started) => {
    rocketchat = started.adopt(await startRocketChatSandbox({ token: TOKEN }), (one) => one.close());
    return { rocketchat: configOf(rocketchat, { owners, rate_scale: 1000 }) };
  }, { provisioning: { openid_url: openid.url, shared_secret: SECRET }, permissions: { '@relayed:fake.test': 'relay', '@blocked:fake.test': 'block' } });
  await between.start();
  for (const name of ['alice', 'bob', 'relayed', 'blocked']) openid.tokens.set(`cnry-token-of-${name}`, `@${name}:fake.test`);
}, 60_000);

afterAll(async () => {
  await between[Symbol.asyncDispose]();
  await openid.close();
  elsewhere.closeAllConnections();
  await new Promise((resolve) => elsewhere.close(resolve));
  log.end();
});

const url = (path: string): string => `${between.publicUrl}/_matrix/provision${path}`;
/** Each from an address of its own, as a proxy beside the bridge tells it: failures of one test are not those of another. */
let from = 0;
const raw = (path: string, init: RequestInit = {}): Promise<Response> => fetch(url(path), { ...init, headers: { 'x-forwarded-for': `198.51.100.${(from += 1) % 250}`, ...init.headers } });
const caller = (name: string, token = `openid:cnry-token-of-${name}`): Caller => new Caller(between.publicUrl, `@${name}:fake.test`, token);

describe('nobody', () => {
  test('gets anything but the refusal at any address, and no hint of what is there', async () => {
    for (const { method, path } of endpoints) {
      for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${SECRET}` }, { authorization: 'Bearer openid:wrong' }]) {
        const answer = await raw(`${path.replaceAll(/\{\w+\}/g, 'x')}?user_id=@alice:fake.test&access_token=${SECRET}`, { method, headers, ...(method === 'POST' ? { body: '{}' } : {}) });
        const body = await answer.json() as { errcode: string; error: string };
        expect([path, answer.status, Object.keys(body)]).toEqual([path, 401, ['errcode', 'error']]);
        expect(body.errcode).toMatch(/^M_(?:MISSING|UNKNOWN)_TOKEN$/);
      }
    }
  });

  test('gets in by the token of another user, or of another server', async () => {
    for (const user of ['@bob:fake.test', '@ALICE:fake.test', '@alice:fake.test ', '@alice:fake.test:8448', '@alice:elsewhere.test', '']) {
      const answer = await raw(`/v3/whoami?user_id=${encodeURIComponent(user)}`, { headers: { authorization: 'Bearer openid:cnry-token-of-alice' } });
      expect([user, answer.status]).toEqual([user, 401]);
    }
  });

  test('makes the bridge ask a server of their choosing', async () => {
    const { port } = elsewhere.address() as AddressInfo;
    const before = openid.asked.length;
    for (const user of [`@alice:127.0.0.1:${port}`, `@alice:localhost:${port}`, `@alice:fake.test@127.0.0.1:${port}`]) {
      const answer = await raw(`/v3/whoami?user_id=${encodeURIComponent(user)}`, { headers: { authorization: 'Bearer openid:any', 'x-forwarded-host': `127.0.0.1:${port}`, host: `127.0.0.1:${port}` } });
      expect(answer.status).toBe(401);
    }
    const odd = await raw('/v3/whoami?user_id=@alice:fake.test', { headers: { authorization: `Bearer openid:x&access_token=cnry-token-of-alice#@127.0.0.1:${port}/` } });
    expect(odd.status).toBe(401);
    expect(elsewhereAsked).toEqual([]);
    // What stands in a token stays in the one value that it is.
    expect(openid.asked.slice(before)).toEqual([`/_matrix/federation/v1/openid/userinfo?access_token=x%26access_token%3Dcnry-token-of-alice%23%40127.0.0.1%3A${port}%2F`]);
  });

  test('who may not use the bridge, a ghost or the bot', async () => {
    expect(await caller('relayed').get('/v3/whoami')).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
    expect(await caller('blocked').get('/v3/whoami')).toMatchObject({ status: 403 });
    for (const user of [between.matrix.bot, '@_drawbridge_rocketchat_x:fake.test', '@stranger:elsewhere.test']) {
      expect(await new Caller(between.publicUrl, user, SECRET).get('/v3/whoami')).toMatchObject({ status: 403 });
    }
  });

  test('a homeserver that answers nonsense lets nobody in', async () => {
    for (const broken of [
      { status: 200, body: '' }, { status: 200, body: '[]' }, { status: 200, body: '{"sub":7}' }, { status: 200, body: '{"sub":["@alice:fake.test"]}' }, { status: 200, body: `{"sub":"${'x'.repeat(100_000)}"}` },
      { status: 302, body: '' }, { status: 500, body: '{"sub":"@alice:fake.test"}' }, { status: 404, body: '{"sub":"@alice:fake.test"}' }, { status: 401, body: '{"sub":"@alice:fake.test"}' },
    ]) {
      openid.broken = broken;
      const answer = await raw('/v3/whoami?user_id=@alice:fake.test', { headers: { authorization: `Bearer openid:broken-${broken.status}-${broken.body.length}` } });
      expect([401, 503]).toContain(answer.status);
    }
    openid.broken = null;
    expect((await caller('alice').get('/v3/whoami')).status).toBe(200);
  });
});

describe('what one may not', () => {
  test('is to see or use an account of somebody else', async () => {
    const bob = caller('bob');
    const at = { login_id: 'rocketchat.main.bridge' };
    rocketchat.person('ada', 'Ada');
    for (const answer of [
      await bob.get('/v3/contacts', at), await bob.get('/v3/conversations', at), await bob.post('/v3/search_users', { query: 'a' }, at), await bob.get('/v3/resolve_identifier/@ada', at), await bob.post('/v3/create_dm/@ada', undefined, at),
      await bob.post('/v3/create_group/group', { name: { name: 'x' } }, at), await bob.get('/v3/capabilities', at), await bob.post('/v3/logout/rocketchat.main.bridge'),
    ]) expect(answer).toMatchObject({ status: 404, body: { errcode: 'M_NOT_FOUND' } });
    expect(rocketchat.calls.filter(({ path }) => path === 'groups.create' || path === 'im.create')).toEqual([]);
  });

  test('is to guess the shared secret: who fails often waits', async () => {
    const statuses = [];
    for (let n = 0; n < 30; n += 1) statuses.push((await fetch(url('/v3/whoami?user_id=@alice:fake.test'), { headers: { authorization: `Bearer guess-${n}`, 'x-forwarded-for': '203.0.113.9' } })).status);
    expect(statuses).toContain(429);
    const right = await fetch(url('/v3/whoami?user_id=@alice:fake.test'), { headers: { authorization: `Bearer ${SECRET}`, 'x-forwarded-for': '203.0.113.9' } });
    expect([right.status, Number(right.headers.get('retry-after')) > 0]).toEqual([429, true]);
  });

  test('is to send more than a call takes, or what is none', async () => {
    const headers = { authorization: `Bearer ${SECRET}` };
    const post = (body: string): Promise<Response> => raw('/v3/search_users?user_id=@alice:fake.test&login_id=rocketchat.main.bridge', { method: 'POST', headers, body });
    expect((await post('x'.repeat(70_000))).status).toBe(413);
    for (const body of ['', 'null', '[]', '{"query":7}', '{"query":""}', '{"__proto__":{"query":"a"}}', '{"query":{"toString":"x"}}', '['.repeat(30_000), `{"query":"${'a'.repeat(300)}"}`]) {
      const answer = await post(body);
      const text = await answer.text();
      expect([body.slice(0, 30), answer.status]).toEqual([body.slice(0, 30), 400]);
      expect(text).toContain('M_');
    }
    const many = await raw('/v3/create_group/group?user_id=@alice:fake.test&login_id=rocketchat.main.bridge', { method: 'POST', headers, body: JSON.stringify({ participants: Array(101).fill('@ada') }) });
    expect(many.status).toBe(400);
    for (const path of ['/v3/logout/..%2F..%2Fx', '/v3/resolve_identifier/%00', '/v3/resolve_identifier/__proto__', '/v3/create_group/__proto__', '/v3/login/start/constructor', '/v3/login/step/a/b/c']) {
      const method = path.includes('resolve') ? 'GET' : 'POST';
      const answer = await raw(`${path}?user_id=@alice:fake.test`, { method, headers, ...(method === 'POST' ? { body: '{}' } : {}) });
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
    }
  });
});

test('pages of any origin may ask, errors too, and no cookie or other login of a browser counts', async () => {
  const ask = await raw('/v3/whoami', { method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' } });
  expect([ask.status, ask.headers.get('access-control-allow-origin'), ask.headers.get('access-control-allow-headers')?.toLowerCase().includes('authorization')]).toEqual([200, '*', true]);
  expect(ask.headers.get('access-control-allow-credentials')).toBeNull();
  const refused = await raw('/v3/whoami?user_id=@alice:fake.test', { headers: { origin: 'https://app.example', cookie: `token=${SECRET}` } });
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
  const large = await raw('/v3/search_users?user_id=@alice:fake.test', { method: 'POST', body: 'x'.repeat(70_000) });
  expect([large.status, large.headers.get('access-control-allow-origin'), await large.json()]).toEqual([413, '*', { errcode: 'M_TOO_LARGE', error: 'The body is too large.' }]);
});

test('the listener of the homeserver and that of the metrics have none of it', async () => {
  const hs = between.matrix.listen;
  expect((await fetch(`http://${hs}/_matrix/provision/v3/whoami?user_id=@alice:fake.test`, { headers: { authorization: `Bearer ${SECRET}` } })).status).toBe(404);
});

test('no token and no secret is in the log', async () => {
  await caller('alice').get('/v3/whoami');
  expect(log.text.length).toBeGreaterThan(0);
  expect(log.text).not.toContain('cnry-');
});
