import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { LookupAddress } from 'node:dns';
import type { AddressInfo, LookupFunction } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createEgress } from '../../src/media/egress.ts';
import type { Egress, FetchOptions } from '../../src/media/egress.ts';

let server: Server;
let origin: string;
let seen: IncomingMessage[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let egress: Egress;

beforeEach(async () => {
  seen = [];
  answer = (_request, response) => void response.end('hello');
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  egress = createEgress({ trustedOrigins: [origin] });
});
afterEach(async () => {
  await egress.close();
  server.closeAllConnections();
  server.close();
});

const signal = new AbortController().signal;
const limits: FetchOptions = { signal, maxBytes: 1000 };

async function read(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of bytes) all.push(piece);
  return Buffer.concat(all).toString();
}

/** A resolver that says what it is told, one answer after the other. */
function resolver(...answers: string[][]): { readonly lookup: LookupFunction; asked: number } {
  const state = {
    asked: 0,
    lookup: ((_host, options, callback) => {
      const found = answers[Math.min(state.asked, answers.length - 1)] ?? [];
      state.asked += 1;
      const addresses: LookupAddress[] = found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      callback(null, options.all === true ? addresses : addresses[0]?.address ?? '');
    }) as LookupFunction,
  };
  return state;
}

describe('addresses that are not of the open internet', () => {
  const port = (): string => new URL(origin).port;

  test.each([
    '127.0.0.1', '127.1', '0x7f.1', '0177.0.0.1', '2130706433', '0', '0.0.0.0', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]',
    '169.254.169.254', '[::ffff:169.254.169.254]', '100.64.0.1', '100.127.255.254', '10.0.0.1', '172.16.0.1', '192.168.1.1', '198.18.0.1', '192.0.2.1',
    '224.0.0.1', '255.255.255.255', '240.0.0.1', '[fd00::1]', '[fe80::1]', '[fec0::1]', '[ff02::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001::1]',
    '127.0.0.1.', '①②⑦.0.0.1', '127。0。0。1',
  ])('%s is refused by http and https', async (host) => {
    const own = createEgress();
    for (const scheme of ['http', 'https']) {
      await expect(own.safeFetch(`${scheme}://${host}:${port()}/x`, { ...limits, allowHttp: true }))
        .rejects.toMatchObject({ name: 'Rejected', code: 'blocked_address' });
    }
    expect(seen).toHaveLength(0);
    await own.close();
  });

  test('the name of this machine is refused', async () => {
    await expect(egress.safeFetch(`http://localhost:${port()}/x`, { ...limits, allowHttp: true })).rejects.toMatchObject({ code: 'blocked_address' });
    expect(seen).toHaveLength(0);
  });

  test.each([[['127.0.0.1']], [['93.184.216.34', '10.0.0.1']], [['2606:4700::1', '::1']], [['::ffff:10.0.0.1']], [[]]])(
    'a name that resolves to %j is refused', async (addresses) => {
      const dns = resolver(addresses);
      const own = createEgress({ lookup: dns.lookup });
      await expect(own.safeFetch(`http://files.example.org:${port()}/x`, { ...limits, allowHttp: true }))
        .rejects.toMatchObject({ name: 'Rejected', code: 'blocked_address' });
      expect(dns.asked).toBe(1);
      expect(seen).toHaveLength(0);
      await own.close();
    });

  test('a name is resolved once for each connection, and what is checked is what is connected to', async () => {
    // The second answer would be let through by a check made apart from connecting.
    const dns = resolver(['127.0.0.1'], ['93.184.216.34']);
    const own = createEgress({ lookup: dns.lookup });
    await expect(own.safeFetch(`http://rebind.example.org:${port()}/x`, { ...limits, allowHttp: true })).rejects.toMatchObject({ code: 'blocked_address' });
    expect(dns.asked).toBe(1);
    await own.close();
  });
});

describe('addresses that are none', () => {
  test.each([
    'file:///etc/passwd', 'data:text/plain,hello', 'ftp://example.org/', 'javascript:alert(1)', 'gopher://example.org/', 'blob:https://example.org/x', '', 'x',
    '//example.org/x', 'https://', 'http://example.org/', `https://example.org/${'x'.repeat(9000)}`, 'https://me:secret@example.org/', 'https://me@example.org/',
  ])('%s is refused before anything is resolved', async (url) => {
    const dns = resolver(['93.184.216.34']);
    const own = createEgress({ lookup: dns.lookup });
    const failed: unknown = await own.safeFetch(url, limits).catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: 'Rejected', code: 'bad_url' });
    expect(String(failed)).not.toContain('secret');
    expect(dns.asked).toBe(0);
    await own.close();
  });

  test.each(['https://evil.example.com/x', 'https://notexample.org/', 'https://example.org.evil.net/'])('%s is not of the allowed hosts', async (url) => {
    const dns = resolver(['93.184.216.34']);
    const own = createEgress({ lookup: dns.lookup });
    await expect(own.safeFetch(url, { ...limits, allowHosts: ['example.org', '.example.org'] })).rejects.toMatchObject({ code: 'blocked_address' });
    expect(dns.asked).toBe(0);
    await own.close();
  });

  test('a host among the allowed ones is still checked for its address', async () => {
    const own = createEgress({ lookup: resolver(['10.0.0.1']).lookup });
    await expect(own.safeFetch('https://a.example.org/', { ...limits, allowHosts: ['.example.org'] })).rejects.toMatchObject({ code: 'blocked_address' });
    await own.close();
  });
});

describe('redirects', () => {
  const to = (location: string, status = 302) => (_request: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(status, { location }).end();

  test.each(['http://169.254.169.254/latest/meta-data', 'http://[::ffff:127.0.0.1]:80/', 'https://2130706433/', 'http://localhost/'])('to %s are refused', async (location) => {
    answer = to(location);
    await expect(egress.safeFetch(`${origin}/x`, { ...limits, allowHttp: true })).rejects.toMatchObject({ code: 'blocked_address' });
  });

  test.each(['file:///etc/passwd', 'data:text/plain,x', 'http://example.org/', 'https://a:b@example.org/', ''])('to %j are refused', async (location) => {
    answer = to(location);
    await expect(egress.safeFetch(`${origin}/x`, limits)).rejects.toMatchObject({ code: 'bad_url' });
  });

  test('are followed three times, not four', async () => {
    answer = (request, response) => {
      const at = Number(new URL(request.url ?? '/', origin).searchParams.get('at'));
      if (at === 0) response.end('there');
      else response.writeHead(307, { location: `/x?at=${at - 1}` }).end();
    };
    expect(await read((await egress.safeFetch(`${origin}/x?at=3`, limits)).bytes)).toBe('there');
    await expect(egress.safeFetch(`${origin}/x?at=4`, limits)).rejects.toMatchObject({ code: 'too_many_redirects' });
  });

  test('take credentials along to the same origin only', async () => {
    const headers: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      headers.push(request.headers.authorization);
      response.end('x');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const both = createEgress({ trustedOrigins: [origin, elsewhere] });
    answer = (request, response) => void response.writeHead(302, { location: request.url === '/a' ? '/b' : `${elsewhere}/c` }).end();
    await read((await both.safeFetch(`${origin}/a`, { ...limits, headers: { authorization: 'Bearer token' } })).bytes);
    expect(seen.map((request) => request.headers.authorization)).toEqual(['Bearer token', 'Bearer token']);
    expect(headers).toEqual([undefined]);
    await both.close();
    other.closeAllConnections();
    other.close();
  });
});

describe('bodies', () => {
  test('come with their type and length, and nothing compressed is asked for', async () => {
    answer = (_request, response) => void response.writeHead(200, { 'content-type': 'image/png', 'content-length': 5 }).end('hello');
    const stream = await egress.safeFetch(`${origin}/x`, limits);
    expect(stream).toMatchObject({ mime: 'image/png', size: 5 });
    expect(await read(stream.bytes)).toBe('hello');
    expect(seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('announced as too large are not read', async () => {
    answer = (_request, response) => void response.writeHead(200, { 'content-length': 5 * 1024 ** 3 }).write('x');
    await expect(egress.safeFetch(`${origin}/x`, limits)).rejects.toMatchObject({ name: 'Rejected', code: 'too_large' });
  });

  test('that never end are cut at the cap, and the server is hung up on', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        response.on('close', resolve);
        const more = (): void => {
          while (!response.destroyed && sent < 200 * 1024 ** 2) {
            sent += 65_536;
            if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more);
          }
        };
        more();
      };
    });
    const { bytes } = await egress.safeFetch(`${origin}/x`, { ...limits, maxBytes: 1_000_000 });
    await expect(read(bytes)).rejects.toMatchObject({ code: 'too_large' });
    await closed;
    expect(sent).toBeLessThan(100 * 1024 ** 2);
  });

  test('that drip are cut by the deadline', async () => {
    answer = (_request, response) => {
      const timer = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(timer));
    };
    const { bytes } = await egress.safeFetch(`${origin}/x`, { ...limits, maxBytes: 1e9, deadlineMs: 200 });
    await expect(read(bytes)).rejects.toMatchObject({ name: 'Retry', code: 'media_timeout' });
  });

  test('that never begin are cut by the deadline', async () => {
    answer = () => undefined;
    await expect(egress.safeFetch(`${origin}/x`, { ...limits, deadlineMs: 100 })).rejects.toMatchObject({ name: 'Retry', code: 'media_timeout' });
  });

  test('cut off before their announced length are an error, never a short file', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    };
    const { bytes } = await egress.safeFetch(`${origin}/x`, limits);
    await expect(read(bytes)).rejects.toMatchObject({ name: 'Retry' });
  });

  test('that were compressed all the same are refused', async () => {
    answer = (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1000)));
    await expect(egress.safeFetch(`${origin}/x`, limits)).rejects.toMatchObject({ code: 'bad_encoding' });
  });

  test('end with the reason of whoever gives up', async () => {
    answer = (_request, response) => void response.write('x');
    const abort = new AbortController();
    const { bytes } = await egress.safeFetch(`${origin}/x`, { ...limits, signal: abort.signal });
    abort.abort(new Error('shutting down'));
    await expect(read(bytes)).rejects.toThrow('shutting down');
  });

  test('never read at all end with the deadline, and crash nothing', async () => {
    const closed = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        response.on('close', resolve);
        response.write('x');
      };
    });
    const crashed: unknown[] = [];
    const watch = (error: unknown): void => void crashed.push(error);
    process.on('uncaughtException', watch);
    const { bytes } = await egress.safeFetch(`${origin}/x`, { ...limits, deadlineMs: 50 });
    await closed;
    await new Promise((resolve) => setImmediate(resolve));
    process.off('uncaughtException', watch);
    expect(crashed).toEqual([]);
    await expect(read(bytes)).rejects.toMatchObject({ name: 'Retry', code: 'media_timeout' });
  });

  test('left unread part-way are let go of', async () => {
    const closed = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        response.on('close', resolve);
        response.write('x');
      };
    });
    for await (const piece of (await egress.safeFetch(`${origin}/x`, limits)).bytes) {
      expect(piece).toHaveLength(1);
      break;
    }
    await closed;
  });
});

test.each([
  [404, {}, { name: 'Rejected', code: 'media_gone' }],
  [410, {}, { name: 'Rejected', code: 'media_gone' }],
  [401, {}, { name: 'Rejected', code: 'media_refused' }],
  [204, {}, { name: 'Rejected', code: 'media_refused' }],
  [500, {}, { name: 'Retry', code: 'http_500', rateLimited: false }],
  [503, { 'retry-after': '7' }, { name: 'Retry', afterMs: 7000 }],
  [429, { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' }, { name: 'Retry', rateLimited: true, afterMs: undefined }],
])('status %d becomes the right error', async (status, headers, wanted) => {
  answer = (_request, response) => void response.writeHead(status, headers).end();
  await expect(egress.safeFetch(`${origin}/secret-token`, limits)).rejects.toMatchObject(wanted);
});

test('a server that is not there is worth another try, and its address stays out of the error', async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const failed: unknown = await egress.safeFetch(`${origin}/secret-token`, limits).catch((error: unknown) => error);
  expect(failed).toMatchObject({ name: 'Retry', code: 'ECONNREFUSED' });
  expect(JSON.stringify(failed) + String(failed)).not.toMatch(/secret-token|127\.0\.0\.1/);
});
