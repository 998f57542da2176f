import { createConnection } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startHttp } from '../../src/http/server.ts';
import type { HttpOptions, HttpServers } from '../../src/http/server.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { Route, RouteAnswer, RouteRequest } from '../../src/model/route.ts';

const opened: HttpServers[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

function route(given: Partial<Route> & { answer?: (request: RouteRequest) => RouteAnswer | Promise<RouteAnswer> }): Route {
  const { answer, ...rest } = given;
  return { method: 'POST', path: '/x', listener: 'public', maxBody: 1000, handle: async (request) => (answer === undefined ? { status: 200, body: 'ok' } : answer(request)), ...rest };
}

async function start(routes: Route[], more: Partial<HttpOptions> = {}): Promise<{ homeserver: string; public: string; servers: HttpServers }> {
  const listeners = (['homeserver', 'public'] as const).map((name) => ({ name, host: '127.0.0.1', port: 0 }));
  const servers = await startHttp({ listeners, routes, log: silentLogger, ...more });
  opened.push(servers);
  return { homeserver: `http://127.0.0.1:${servers.ports.homeserver}`, public: `http://127.0.0.1:${servers.ports.public}`, servers };
}

describe('what a route gets', () => {
  test.each([['application/json'], ['text/plain'], ['application/x-www-form-urlencoded'], ['multipart/form-data; boundary=x'], ['nonsense'], ['text/plain; charset='], [undefined]])('the raw bytes of %s', async (type) => {
    let got: RouteRequest | undefined;
    const at = await start([route({ path: '/w/:network', answer: (request) => ((got = request), { status: 204 }) })]);
    const raw = Buffer.from('{"a": 1}\u0000\ufffd  ');
    const response = await fetch(`${at.public}/w/what%20s?a=1&a=2&b=%2F`, { method: 'POST', body: raw, headers: type === undefined ? {} : { 'content-type': type } });
    expect(response.status).toBe(204);
    expect(Buffer.from(got!.raw).equals(raw)).toBe(true);
    expect(got).toMatchObject({ method: 'POST', path: '/w/what%20s', params: { network: 'what s' }, query: { a: '1', b: '/' } });
    expect(got!.headers['host']).toMatch(/^127/);
    if (type !== undefined) expect(got!.headers['content-type']).toBe(type);
  });

  test('no body is no bytes', async () => {
    let got: RouteRequest | undefined;
    const at = await start([route({ method: 'GET', answer: (request) => ((got = request), { status: 200 }) })]);
    await fetch(`${at.public}/x`);
    expect(got!.raw).toHaveLength(0);
  });

  test('hostile names are only names', async () => {
    let got: RouteRequest | undefined;
    const at = await start([route({ method: 'GET', answer: (request) => ((got = request), { status: 200 }) })]);
    await fetch(`${at.public}/x?__proto__=1&constructor=2`);
    expect(Object.keys(got!.query).toSorted()).toEqual(['__proto__', 'constructor']);
  });
});

describe('what a route answers', () => {
  test.each<[string, RouteAnswer, string, string]>([
    ['text', { status: 200, body: 'hé' }, 'text/plain; charset=utf-8', 'hé'],
    ['an object', { status: 201, body: { a: [1] } }, 'application/json', '{"a":[1]}'],
    ['bytes', { status: 200, body: Buffer.from('b') }, 'application/octet-stream', 'b'],
    ['with its own headers', { status: 200, body: 'p', headers: { 'Content-Type': 'text/html', 'Cache-Control': 'max-age=5' } }, 'text/html', 'p'],
  ])('%s', async (_name, answer, type, body) => {
    const at = await start([route({ method: 'GET', answer: () => answer })]);
    const response = await fetch(`${at.public}/x`);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([answer.status, expect.stringContaining(type), body]);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('cache-control')).toBe(answer.headers?.['Cache-Control'] ?? 'no-store');
  });

  test('a stream, and its source ends when the reader goes', async () => {
    let ended: () => void;
    const end = new Promise<void>((resolve) => (ended = resolve));
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(65_536);
      } finally {
        ended();
      }
    }
    const at = await start([route({ method: 'GET', answer: () => ({ status: 200, body: endless() }) })]);
    const stop = new AbortController();
    const response = await fetch(`${at.public}/x`, { signal: stop.signal });
    await response.body!.getReader().read();
    stop.abort();
    await end;
  });
});

describe('errors', () => {
  test('are in the specification\'s form for the homeserver and plain for others, without a trace', async () => {
    const boom = (): never => {
      throw new Error('secret detail');
    };
    const at = await start([route({ answer: boom }), route({ listener: 'homeserver', path: '/_matrix/x', answer: boom })]);
    const cases: [string, RequestInit, number, unknown][] = [
      [`${at.public}/x`, { method: 'POST' }, 500, { error: expect.any(String) }],
      [`${at.public}/none`, {}, 404, { error: expect.any(String) }],
      [`${at.public}/x`, { method: 'PATCH' }, 405, { error: expect.any(String) }],
      [`${at.public}/x`, { method: 'POST', body: 'x'.repeat(1001) }, 413, { error: expect.any(String) }],
      [`${at.public}/%zz`, {}, 400, { error: expect.any(String) }],
      [`${at.homeserver}/_matrix/x`, { method: 'POST' }, 500, { errcode: 'M_UNKNOWN', error: expect.any(String) }],
      [`${at.homeserver}/_matrix/none`, {}, 404, { errcode: 'M_UNRECOGNIZED', error: expect.any(String) }],
      [`${at.homeserver}/_matrix/x`, { method: 'GET' }, 405, { errcode: 'M_UNRECOGNIZED', error: expect.any(String) }],
      [`${at.homeserver}/_matrix/x`, { method: 'POST', body: 'x'.repeat(1001) }, 413, { errcode: 'M_TOO_LARGE', error: expect.any(String) }],
    ];
    for (const [url, init, status, body] of cases) {
      const response = await fetch(url, init);
      const text = await response.text();
      expect([url, response.status, JSON.parse(text)]).toEqual([url, status, body]);
      expect(text).not.toMatch(/secret|at .*\.ts/);
    }
  });

  test('a route is on its own listener only', async () => {
    const at = await start([route({ method: 'GET' })]);
    expect((await fetch(`${at.public}/x`)).status).toBe(200);
    expect((await fetch(`${at.homeserver}/x`)).status).toBe(404);
  });

  test('a port in use is named, and nothing stays open', async () => {
    const first = await start([]);
    const port = first.servers.ports.public!;
    const listeners = [{ name: 'homeserver', host: '127.0.0.1', port: 0 }, { name: 'public', host: '127.0.0.1', port }] as const;
    await expect(startHttp({ listeners, routes: [], log: silentLogger })).rejects.toMatchObject({ code: 'DB-3001', message: expect.stringContaining(String(port)), fix: expect.stringMatching(/^Stop what uses the port, or change the key listen\./) });
    // Nobody's: RFC 5737 keeps it for documentation.
    await expect(startHttp({ listeners: [{ name: 'admin', host: '192.0.2.1', port: 0 }], routes: [], log: silentLogger })).rejects.toMatchObject({ code: 'DB-3001', fix: 'Put an address of this machine into the key listen.admin.' });
  });
});

describe('listeners', () => {
  test('with one address share it, each with its own form of errors', async () => {
    const free = await start([]);
    const port = free.servers.ports.public!;
    await Promise.all(opened.splice(0).map((one) => one.close()));
    const listeners = (['homeserver', 'public'] as const).map((name) => ({ name, host: '127.0.0.1', port }));
    const servers = await startHttp({ listeners, routes: [route({ method: 'GET' }), route({ method: 'GET', listener: 'homeserver', path: '/_matrix/y' })], log: silentLogger });
    opened.push(servers);
    expect(servers.ports).toEqual({ homeserver: port, public: port });
    const get = async (path: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}${path}`)).json().catch(() => 'ok');
    expect(await get('/x')).toBe('ok');
    expect(await get('/_matrix/z')).toMatchObject({ errcode: 'M_UNRECOGNIZED' });
    expect(await get('/z')).toEqual({ error: expect.any(String) });
  });

  test('closing lets a request under way end', async () => {
    let release: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    let arrived: () => void;
    const here = new Promise<void>((resolve) => (arrived = resolve));
    const at = await start([route({ method: 'GET', answer: async () => (arrived(), await held, { status: 200, body: 'done' }) })]);
    const running = fetch(`${at.public}/x`);
    await here;
    const closing = at.servers.close();
    release!();
    expect(await (await running).text()).toBe('done');
    await closing;
  });

  test('closing does not wait for ever', async () => {
    let arrived: () => void;
    const here = new Promise<void>((resolve) => (arrived = resolve));
    const at = await start([route({ method: 'GET', answer: () => (arrived(), new Promise<never>(() => {})) })], { closeTimeoutMs: 20 });
    const running = fetch(`${at.public}/x`).catch(() => 'cut');
    await here;
    await at.servers.close();
    expect(await running).toBe('cut');
  });

  test('a request that does not arrive is cut off', async () => {
    const at = await start([route({})], { requestTimeoutMs: 50 });
    const socket = createConnection(at.servers.ports.public!, '127.0.0.1');
    socket.write('POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc');
    socket.on('error', () => {});
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });
});
