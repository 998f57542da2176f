import { createConnection, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type HttpOptions, type HttpServers, startHttp } from '../../src/http/server.ts';
import { appserviceRoutes } from '../../src/matrix/appservice/routes.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { Route, RouteRequest } from '../../src/model/route.ts';
import { talk } from '../kit/hostile/siege.ts';
import { noLookups } from '../kit/lookups.ts';

const HS = 'hs-token-0123456789abcdef';
const servers: HttpServers[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((one) => one.close()));
});

interface Listening {
  readonly homeserver: number;
  readonly public: number;
  /** What reached a route. */
  readonly seen: RouteRequest[];
}

async function listen(more: Partial<HttpOptions> = {}): Promise<Listening> {
  const seen: RouteRequest[] = [];
  const open: Route = { method: 'POST', path: '/hook', listener: 'public', maxBody: 400_000, handle: async (request) => (seen.push(request), { status: 200, body: 'taken' }) };
  const routes = [open, ...appserviceRoutes({
lookups: noLookups,
    hsToken: HS, log: silentLogger, onBadEvent() {}, userExists: async () => true, aliasExists: async () => true,
    accept: async () => void seen.push({} as RouteRequest),
  })];
  const listeners = (['homeserver', 'public'] as const).map((name) => ({ name, host: '127.0.0.1', port: 0 }));
  const started = await startHttp({ listeners, routes, log: silentLogger, closeTimeoutMs: 10, ...more });
  servers.push(started);
  return { homeserver: started.ports.homeserver ?? 0, public: started.ports.public ?? 0, seen };
}

/** A connection that stays, and what has come back on it. */
async function connect(port: number): Promise<{ readonly socket: Socket; text: string; readonly closed: Promise<void> }> {
  const socket = createConnection(port, '127.0.0.1');
  sockets.push(socket);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const found = { socket, text: '', closed };
  socket.on('data', (data) => (found.text += String(data))).on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return found;
}

const head = (length: number | string, extra = ''): string => `POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n${extra}\r\n`;
const post = (port: number, body: string): Promise<Response> => fetch(`http://127.0.0.1:${port}/hook`, { method: 'POST', body });

describe('the homeserver’s listener', () => {
  test.each([
    ['no token', ''], ['an empty one', 'Bearer '], ['another', 'Bearer nonsense'], ['the beginning', `Bearer ${HS.slice(0, -1)}`], ['one more character', `Bearer ${HS}x`],
    ['other capitals', `Bearer ${HS.toUpperCase()}`], ['two', `Bearer ${HS}, Bearer ${HS}`], ['another scheme', `Basic ${HS}`], ['no scheme', HS], ['NUL behind it', `Bearer ${HS}\u0000`],
  ])('refuses a body of 60 MB with %s before it reads any of it', async (_what, token) => {
    const { homeserver, seen } = await listen();
    const line = token === '' ? '' : `authorization: ${token}\r\n`;
    const answer = await talk(homeserver, `PUT /_matrix/app/v1/transactions/1 HTTP/1.1\r\nhost: a\r\n${line}content-length: 60000000\r\n\r\n{"events":[`, 10_000, /\r\n\r\n/);
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(seen).toHaveLength(0);
  });

  test('asks for the token at every address, in the path too', async () => {
    const { homeserver } = await listen();
    const routes = appserviceRoutes({ lookups: noLookups, hsToken: HS, log: silentLogger, onBadEvent() {}, userExists: async () => true, aliasExists: async () => true, accept: async () => {} });
    for (const { method, path } of routes) {
      const url = `http://127.0.0.1:${homeserver}${path.replaceAll(/:\w+/g, 'x')}`;
      for (const [headers, query] of [[{}, ''], [{ authorization: 'Bearer x' }, ''], [{}, '?access_token=x'], [{ authorization: `Bearer ${HS}` }, '?access_token=x'], [{}, `?access_token=${HS}x`]] as const) {
        const answer = await fetch(`${url}${query}`, { method, headers: headers as Record<string, string>, ...(method === 'GET' ? {} : { body: '{}' }) });
        expect([method, path, query, [401, 403].includes(answer.status)]).toEqual([method, path, query, true]);
        expect(await answer.text()).not.toContain(HS);
      }
    }
  });
});

describe('bodies of anybody', () => {
  test('are held together up to a sum: whoever sends slowest is cut off, and nobody else', async () => {
    const { public: port, seen } = await listen({ maxHeld: 300_000 });
    const slow = await connect(port);
    slow.socket.write(head(200_000));
    slow.socket.write('x'.repeat(150_000));
    const second = await connect(port);
    second.socket.write(head(100_000));
    second.socket.write('y'.repeat(50_000));
    for (let n = 0; n < 5; n++) expect((await post(port, 'z'.repeat(200_000))).status).toBe(200);
    await slow.closed;
    expect(slow.text).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after/i);
    second.socket.write('y'.repeat(50_000));
    await waitFor(() => second.text.includes('taken'));
    expect(seen.map(({ raw }) => raw.length)).toEqual([200_000, 200_000, 200_000, 200_000, 200_000, 100_000]);
  });

  test('are forgotten when they were answered, refused or given up', async () => {
    const { public: port } = await listen({ maxHeld: 450_000 });
    for (let n = 0; n < 20; n++) {
      expect((await post(port, 'x'.repeat(300_000))).status).toBe(200);
      expect((await post(port, 'x'.repeat(400_001))).status).toBe(413);
      const gone = await connect(port);
      gone.socket.write(`${head(300_000)}${'x'.repeat(100_000)}`);
      await new Promise<void>((resolve) => gone.socket.write('x', () => resolve()));
      gone.socket.destroy();
      const chunked = await talk(port, `POST /hook HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n61a81\r\n${'x'.repeat(400_001)}\r\n0\r\n\r\n`, 5_000, /413/);
      expect(chunked).toMatch(/^HTTP\/1.1 413 /);
    }
    expect((await post(port, 'x'.repeat(390_000))).status).toBe(200);
  });

  test('in pieces of one byte count for what they cost', async () => {
    const { public: port, seen } = await listen({ maxHeld: 1_000_000 });
    const answer = await talk(port, `POST /hook HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`, 5_000, /503/);
    expect(answer).toMatch(/^HTTP\/1.1 503 /);
    expect(seen).toHaveLength(0);
    expect((await post(port, 'x'.repeat(100_000))).status).toBe(200);
  });
});

describe('connections', () => {
  test('past the limit are hung up on, and there is room again when one goes', async () => {
    const { public: port } = await listen({ maxConnections: 3 });
    const held = await Promise.all([connect(port), connect(port), connect(port)]);
    const fourth = await connect(port);
    await fourth.closed;
    held[0]?.socket.destroy();
    await waitFor(async () => (await talk(port, `${head(1)}x`, 1_000, /taken/)).includes('taken'));
  });

  test.each([['nothing', ''], ['half a line', 'POST /ho'], ['headers one by one', 'POST /hook HTTP/1.1\r\na: b\r\n'], ['half of a body', `${head(100)}x`]])(
    'that send %s and no more are cut off', async (_what, bytes) => {
      const { public: port, seen } = await listen({ requestTimeoutMs: 100 });
      const one = await connect(port);
      if (bytes !== '') one.socket.write(bytes);
      const drip = setInterval(() => bytes.endsWith('\r\n') && one.socket.write('x: y\r\n'), 20);
      await one.closed;
      clearInterval(drip);
      expect(seen).toHaveLength(0);
      expect((await post(port, 'x')).status).toBe(200);
    });
});

test('a reader who stalls is hung up on, and what they read is closed', async () => {
  let ended: () => void = () => {};
  const end = new Promise<void>((resolve) => (ended = resolve));
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(65_536);
    } finally {
      ended();
    }
  }
  const endlessly: Route = { method: 'GET', path: '/file', listener: 'public', maxBody: 0, handle: async () => ({ status: 200, body: endless() }) };
  const started = await startHttp({ listeners: [{ name: 'public', host: '127.0.0.1', port: 0 }], routes: [endlessly], log: silentLogger, silenceMs: 200 });
  servers.push(started);
  const reader = createConnection(started.ports.public ?? 0, '127.0.0.1');
  sockets.push(reader);
  reader.on('error', () => {}).write('GET /file HTTP/1.1\r\nhost: a\r\n\r\n');
  reader.pause();
  await end;
});

describe('requests that two programs could read in two ways', () => {
  const inner = 'POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx';
  test.each([
    ['both lengths', `POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['two lengths', `POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`],
    ['a length with a sign', `POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: +1\r\n\r\nx${inner}`],
    ['a length in other digits', `POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: 0x1\r\n\r\nx${inner}`],
    ['an encoding nobody knows', `POST /hook HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`],
    ['an encoding behind another', `POST /hook HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`],
    ['a space before the colon', `POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length : 0\r\n\r\n${inner}`],
    ['a folded header', `POST /hook HTTP/1.1\r\nhost: a\r\nx: y\r\n transfer-encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['NUL in a header', `POST /hook HTTP/1.1\r\nhost: a\r\nx: \u0000\r\ncontent-length: 0\r\n\r\n${inner}`],
    ['a chunk that is longer than it says', `POST /hook HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n${inner}`],
    ['a chunk size that overflows', `POST /hook HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff1\r\nx\r\n0\r\n\r\n${inner}`],
  ])('with %s are refused, and what follows them is not read', async (_what, bytes) => {
    const { public: port, seen } = await listen();
    const answer = await talk(port, bytes);
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(answer.split('HTTP/1.1 ')).toHaveLength(2);
    expect(seen).toHaveLength(0);
  });
});

test('odd methods, addresses and headers are refused, and nothing ends', async () => {
  const { public: port, homeserver, seen } = await listen();
  const lines = [
    ...['TRACE', 'CONNECT', 'PROPFIND', 'post', 'PRI', 'M-SEARCH', 'OPTIONS', 'DELETE', 'PATCH'].map((method) => `${method} /hook HTTP/1.1\r\nhost: a\r\n\r\n`),
    ...[`/${'a'.repeat(100_000)}`, `/hook?${'a'.repeat(100_000)}`, '/%00', '/%zz', '/hook/%2e%2e/hook', '/..//hook/..', '*', '//', 'http://other.example/hook', `/${'%2f'.repeat(3_000)}`, '/__proto__', '/constructor']
      .map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`),
    `GET / HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(5_000)}\r\n`,
    `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
    'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n', '\u0016\u0003\u0001\u0002\u0000', 'GET / HTTP/1.1\r\nhost: a\r\nexpect: nonsense\r\n\r\n',
    'GET /hook HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    'POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\n', 'POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n',
  ];
  for (const to of [port, homeserver]) {
    const answers = await Promise.all(lines.map((line) => talk(to, line, 500)));
    expect(answers.filter((answer) => answer !== '' && !/^HTTP\/1.1 4\d\d /.test(answer))).toEqual([]);
  }
  expect(seen).toHaveLength(0);
  expect((await post(port, 'x')).status).toBe(200);
});

async function waitFor(look: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; n < 1_000; n++) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it never came');
}
