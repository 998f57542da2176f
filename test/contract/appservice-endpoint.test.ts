import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startHttp } from '../../src/http/server.ts';
import type { HttpServers } from '../../src/http/server.ts';
import { appserviceRoutes } from '../../src/matrix/appservice/routes.ts';
import type { BadEvent, Transaction } from '../../src/matrix/appservice/transaction.ts';
import { silentLogger } from '../../src/model/log.ts';
import { noLookups } from '../kit/lookups.ts';

const HS = 'the-homeserver-token';
let http: HttpServers;
let url: string;
let accepted: Transaction[];
let bad: BadEvent[];
let pings: (string | undefined)[];
let failing: Error | null;

beforeEach(async () => {
  accepted = [];
  bad = [];
  pings = [];
  failing = null;
  const routes = appserviceRoutes({
lookups: noLookups,
    hsToken: HS,
    accept: async (transaction) => {
      if (failing !== null) throw failing;
      accepted.push(transaction);
    },
    userExists: async (user) => {
      if (failing !== null) throw failing;
      return user === '@_drawbridge_whatsapp_1:hs';
    },
    aliasExists: async (alias) => alias === '#_drawbridge_1:hs',
    onBadEvent: (one) => void bad.push(one),
    onPing: (id) => void pings.push(id),
    log: silentLogger,
  });
  http = await startHttp({ listeners: [{ name: 'homeserver', host: '127.0.0.1', port: 0 }], routes, log: silentLogger });
  url = `http://127.0.0.1:${http.ports.homeserver}`;
});
afterEach(() => http.close());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function call(method: string, path: string, body?: string | Uint8Array | object, headers: Record<string, string> = { authorization: `Bearer ${HS}` }): Promise<Answer> {
  const raw = body === undefined ? null : typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await fetch(url + path, { method, headers, body: raw as string | null });
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const put = (body: string | Uint8Array | object, txn = '1'): Promise<Answer> => call('PUT', `/_matrix/app/v1/transactions/${txn}`, body);
const message = (id: string, more: object = {}): object =>
  ({ event_id: id, room_id: '!r:hs', sender: '@a:hs', type: 'm.room.message', origin_server_ts: 1, content: { body: 'x' }, ...more });

describe('transactions', () => {
  test('are answered after they were accepted', async () => {
    let release: () => void = () => {};
    const order: string[] = [];
    const routes = appserviceRoutes({
lookups: noLookups,
      hsToken: HS, userExists: async () => false, aliasExists: async () => false, onBadEvent() {}, log: silentLogger,
      accept: () => new Promise((resolve) => (release = () => (order.push('committed'), resolve()))),
    });
    const running = routes[0]!.handle({ method: 'PUT', path: '', params: { txnId: '1' }, query: {}, headers: { authorization: `Bearer ${HS}` }, address: '', raw: Buffer.from('{"events":[]}') });
    const answered = running.then(() => order.push('answered'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    release();
    await answered;
    expect(order).toEqual(['committed', 'answered']);
  });

  test('carry events, ephemeral data under either key, and to-device', async () => {
    const typing = { type: 'm.typing', room_id: '!r:hs', content: { user_ids: [] } };
    const device = { type: 'm.x', sender: '@a:hs', content: {}, to_user_id: '@b:hs', to_device_id: 'D' };
    expect(await put({ events: [message('$1')], ephemeral: [typing], 'de.sorunome.msc2409.ephemeral': [typing], 'de.sorunome.msc2409.to_device': [device] }, 'a%2Fb')).toEqual({ status: 200, body: {} });
    await put({ 'de.sorunome.msc2409.ephemeral': [typing, typing] }, '2');
    await put({ ephemeral: [], 'de.sorunome.msc2409.ephemeral': [typing] }, '3');
    expect(accepted).toEqual([
      { txnId: 'a/b', events: [message('$1')], ephemeral: [typing], toDevice: [device] },
      { txnId: '2', events: [], ephemeral: [typing, typing], toDevice: [] },
      { txnId: '3', events: [], ephemeral: [], toDevice: [] },
    ]);
    expect(bad).toEqual([]);
  });

  test('come again when they were not stored, whatever the reason', async () => {
    for (const error of [new Error('disk full'), new TypeError('bug')]) {
      failing = error;
      expect(await put({ events: [message('$1')] })).toMatchObject({ status: 503, body: { errcode: 'M_UNKNOWN' } });
    }
    failing = null;
    expect((await put({ events: [message('$1')] })).status).toBe(200);
  });

  test('B4: a hundred events of the largest size come through, and so do forty megabytes', async () => {
    const large = Array.from({ length: 100 }, (_, n) => message(`$${n}`, { content: { body: 'x'.repeat(62_000) } }));
    expect((await put({ events: large })).status).toBe(200);
    expect((await put({ events: [], ephemeral: [{ type: 'm.receipt', content: { x: 'y'.repeat(40_000_000) } }] })).status).toBe(200);
    expect(accepted[0]!.events).toHaveLength(100);
  });

  test.each(['', '{', 'nonsense', '{"events":[}', Buffer.from([0xff, 0xfe])])('malformed JSON is said to be: %j', async (body) => {
    expect(await put(body)).toMatchObject({ status: 400, body: { errcode: 'M_NOT_JSON' } });
  });

  test.each(['[]', 'null', '3', '"x"'])('%s is no transaction', async (body) => {
    expect(await put(body)).toMatchObject({ status: 400, body: { errcode: 'M_BAD_JSON' } });
  });

  test('whatever stands among the events never refuses the others', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.array(fc.jsonValue(), { maxLength: 3 }), async (before, edus) => {
      accepted = [];
      const status = (await put({ events: [...before, message('$good')], ephemeral: edus })).status;
      expect([status, accepted.length, accepted[0]?.events.at(-1)?.event_id]).toEqual([200, 1, '$good']);
    }), { numRuns: 60 });
  });

  test.each<[string, object]>([
    ['event_id is no string', { event_id: 7 }], ['room_id is no string', { room_id: null }], ['sender is no string', { sender: '' }], ['type is no string', { type: [] }],
    ['content is no object', { content: [] }], ['content is no object', { content: null }], ['origin_server_ts is no number', { origin_server_ts: '1' }],
    ['state_key is no string', { state_key: 1 }], ['redacts is no string', { redacts: {} }], ['unsigned is no object', { unsigned: 'x' }],
  ])('%s: skipped and told', async (reason, more) => {
    expect((await put({ events: [message('$1'), message('$2', more), message('$3')] })).status).toBe(200);
    expect(accepted[0]!.events.map((event) => event.event_id)).toEqual(['$1', '$3']);
    expect(bad).toEqual([{ txnId: '1', reason, value: message('$2', more) }]);
  });

  test('events that are no list', async () => {
    expect((await put({ events: { a: 1 }, ephemeral: 'x' })).status).toBe(200);
    expect(bad.map((one) => one.reason)).toEqual(['event_id is no string', 'no object']);
  });

  test('deep JSON is skipped, and what is accepted can be serialised', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const bomb = JSON.stringify(message('$bomb')).replace('"x"', deep);
    expect((await put(`{"events":[${bomb},${JSON.stringify(message('$1'))}]}`)).status).toBe(200);
    expect(JSON.parse(JSON.stringify(accepted[0]!.events))).toEqual([message('$1')]);
    expect(bad.map((one) => one.reason)).toEqual(['nested deeper than 100']);
    expect((await put(deep)).status).toBe(400);
  });

  test('__proto__ is no way in', async () => {
    await put(`{"events":[${JSON.stringify(message('$1')).replace('"body"', '"__proto__":{"polluted":1},"body"')}],"__proto__":{"events":[1]}}`);
    const [event] = accepted[0]!.events;
    expect(Object.assign({}, event!.content)).not.toHaveProperty('polluted');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(accepted[0]!.events).toHaveLength(1);
  });

  test('any content type will do', async () => {
    for (const type of ['text/plain', 'application/octet-stream', 'nonsense', 'application/json; charset=']) {
      expect(await call('PUT', '/_matrix/app/v1/transactions/1', { events: [] }, { authorization: `Bearer ${HS}`, 'content-type': type })).toEqual({ status: 200, body: {} });
    }
  });

  test('the address of before v1 works too', async () => {
    expect((await call('PUT', '/transactions/9', { events: [message('$1')] })).status).toBe(200);
    expect(accepted[0]!.txnId).toBe('9');
  });
});

describe('B10: the token', () => {
  const send = (headers: Record<string, string>, query = ''): Promise<Answer> => call('PUT', `/_matrix/app/v1/transactions/1${query}`, { events: [] }, headers);

  test.each<[string, Record<string, string>, string, number, string | undefined]>([
    ['in the header', { authorization: `Bearer ${HS}` }, '', 200, undefined],
    ['in the query, without a header', {}, `?access_token=${HS}`, 200, undefined],
    ['in both', { authorization: `Bearer ${HS}` }, `?access_token=${HS}`, 200, undefined],
    ['right in the header, wrong in the query', { authorization: `Bearer ${HS}` }, '?access_token=x', 403, 'M_FORBIDDEN'],
    ['right in the query, wrong in the header', { authorization: 'Bearer x' }, `?access_token=${HS}`, 403, 'M_FORBIDDEN'],
    ['missing', {}, '', 401, 'M_UNAUTHORIZED'],
    ['wrong', { authorization: 'Bearer x' }, '', 403, 'M_FORBIDDEN'],
    ['one character short', { authorization: `Bearer ${HS.slice(0, -1)}` }, '', 403, 'M_FORBIDDEN'],
    ['of another scheme', { authorization: `Basic ${HS}` }, '', 401, 'M_UNAUTHORIZED'],
    ['empty', { authorization: 'Bearer ' }, '', 401, 'M_UNAUTHORIZED'],
    ['empty in the query', {}, '?access_token=', 403, 'M_FORBIDDEN'],
  ])('%s', async (_name, headers, query, status, errcode) => {
    const answer = await send(headers, query);
    expect([answer.status, answer.body['errcode']]).toEqual([status, errcode]);
    expect(accepted).toHaveLength(status === 200 ? 1 : 0);
    expect(JSON.stringify(answer.body)).not.toContain(HS);
  });

  test('guards every address', async () => {
    for (const [method, path] of [['PUT', '/transactions/1'], ['POST', '/_matrix/app/v1/ping'], ['GET', '/_matrix/app/v1/users/@a:b'], ['GET', '/_matrix/app/v1/rooms/%23a:b'], ['GET', '/_matrix/app/v1/thirdparty/user']] as const) {
      expect((await call(method, path, method === 'GET' ? undefined : {}, {})).status).toBe(401);
    }
  });

  test('an empty one is refused at once', () => {
    expect(() => appserviceRoutes({ lookups: noLookups, hsToken: '', accept: async () => {}, userExists: async () => true, aliasExists: async () => true, onBadEvent() {}, log: silentLogger })).toThrow(/empty/);
  });
});

describe('B9: queries are answered truthfully', () => {
  test.each([
    ['/_matrix/app/v1/users/%40_drawbridge_whatsapp_1%3Ahs', 200], ['/users/@_drawbridge_whatsapp_1:hs', 200], [`/_matrix/app/v1/users/@_drawbridge_${'x'.repeat(230)}:hs`, 404],
    ['/_matrix/app/v1/users/@none:hs', 404], ['/_matrix/app/v1/rooms/%23_drawbridge_1%3Ahs', 200], ['/_matrix/app/v1/rooms/%23none%3Ahs', 404], ['/rooms/%23none%3Ahs', 404],
    ['/_matrix/app/v1/thirdparty/protocol/whatsapp', 404], ['/_matrix/app/v1/thirdparty/user/whatsapp?phone=1', 404], ['/_matrix/app/v1/thirdparty/location', 404],
  ])('%s is %d', async (path, status) => {
    const answer = await call('GET', path);
    expect(answer).toEqual({ status, body: status === 200 ? {} : { errcode: 'M_NOT_FOUND', error: expect.any(String) } });
  });

  test('not known is not yes', async () => {
    failing = new Error('database is gone');
    const answer = await call('GET', '/_matrix/app/v1/users/@_drawbridge_whatsapp_1:hs');
    expect(answer.status).toBe(503);
    expect(answer.body['error']).not.toContain('database');
  });
});

describe('B11: what is not there', () => {
  test.each([
    ['GET', '/_matrix/app/v1/nothing', 404], ['GET', '/', 404], ['PUT', '/_matrix/app/v2/transactions/1', 404], ['GET', '/_matrix/app/v1/transactions/1', 405],
    ['POST', '/_matrix/app/v1/transactions/1', 405], ['DELETE', '/_matrix/app/v1/users/@a:b', 405], ['GET', '/_matrix/app/v1/ping', 405],
  ])('%s %s is %d M_UNRECOGNIZED', async (method, path, status) => {
    expect(await call(method, path)).toEqual({ status, body: { errcode: 'M_UNRECOGNIZED', error: expect.any(String) } });
  });
});

describe('B12: ping', () => {
  test('is answered, with or without an id', async () => {
    expect(await call('POST', '/_matrix/app/v1/ping', { transaction_id: 'abc' })).toEqual({ status: 200, body: {} });
    expect((await call('POST', '/_matrix/app/v1/ping', '')).status).toBe(200);
    expect((await call('POST', '/_matrix/app/v1/ping', 'null')).status).toBe(200);
    expect(pings).toEqual(['abc', undefined, undefined]);
  });
});
