import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLinks } from '../../src/media/links.ts';
import type { LinkParams } from '../../src/media/links.ts';
import { mediaRoutes } from '../../src/media/public-route.ts';
import { spoolSource } from '../../src/media/source.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { SpoolStore } from '../../src/model/media.ts';
import type { RouteAnswer } from '../../src/model/route.ts';

const ID = 'a1'.repeat(16);
let time = 1_700_000_000_400;
const clock: Clock = { now: () => time, sleep: () => Promise.resolve() };
const links = createLinks({ key: randomBytes(32), publicUrl: 'https://bridge.example.org/base/', clock });

function params(url: string): LinkParams {
  const match = /^https:\/\/bridge\.example\.org\/base\/media\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(url);
  const [, id = '', expiry = '', mac = '', name = ''] = (match ?? []).map((part) => decodeURIComponent(part));
  return { id, expiry, mac, name };
}

describe('links', () => {
  test('hold until they expire, not only in the second in which they were made', () => {
    time = 1_700_000_000_400;
    const made = params(links.make(ID, 'a b.png', 60));
    expect(links.verify(made)).toEqual({ ok: true, target: ID, name: 'a b.png' });
    time += 59_000;
    expect(links.verify(made)).toMatchObject({ ok: true });
    time += 1_600;
    expect(links.verify(made)).toEqual({ ok: false, status: 410 });
  });

  test('lead to mxc URIs too', () => {
    const made = params(links.make('mxc://example.org:8448/AbC_-1', 'x', 60));
    expect(links.verify(made)).toMatchObject({ ok: true, target: 'mxc://example.org:8448/AbC_-1' });
  });

  test('name what they were made for, and that cannot be taken off them', () => {
    for (const target of [ID, 'mxc://example.org/abc']) {
      const made = params(links.make(target, 'x', 60, 'key_-1'));
      expect(links.verify(made)).toEqual({ ok: true, target, name: 'x', of: 'key_-1' });
      for (const id of [made.id.replace('.key_-1', ''), made.id.replace('key_-1', 'key2'), `${made.id}.x`]) {
        expect(links.verify({ ...made, id })).toEqual({ ok: false, status: 404 });
      }
    }
  });

  test.each(['', '../x', 'mxc://a/b/c', 'mxc:///x', 'https://x/y', 'A1'.repeat(16)])('are not made to %j', (target) => {
    expect(() => links.make(target, 'x', 60)).toThrow(RangeError);
  });

  test('any name survives the way through the address', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(links.verify(params(links.make(ID, name, 60)))).toMatchObject({ ok: true, target: ID });
    }));
  });

  test('any change makes them void', () => {
    const made = params(links.make(ID, 'x.png', 60));
    const changed: Partial<LinkParams>[] = [
      { id: 'b1'.repeat(16) }, { id: `${ID} ` }, { expiry: String(Number(made.expiry) + 1) }, { expiry: `0${made.expiry}` }, { expiry: `+${made.expiry}` },
      { expiry: '1e99' }, { expiry: '' }, { name: 'x.exe' }, { name: '' }, { mac: made.mac.slice(1) }, { mac: '' }, { mac: made.mac.toUpperCase() },
      { mac: `${made.mac}=` }, { mac: 'é'.repeat(22) },
    ];
    for (const change of changed) expect(links.verify({ ...made, ...change })).toEqual({ ok: false, status: 404 });
  });

  test('of another key are void', () => {
    const other = createLinks({ key: randomBytes(32), publicUrl: 'https://bridge.example.org/base', clock });
    expect(links.verify(params(other.make(ID, 'x', 60)))).toEqual({ ok: false, status: 404 });
  });

  test('no made-up parameters throw or pass', () => {
    const any = fc.string({ unit: 'binary' });
    fc.assert(fc.property(any, any, any, any, (id, expiry, mac, name) => {
      expect(links.verify({ id, expiry, mac, name }).ok).toBe(false);
    }));
  });
});

const BYTES = Buffer.from('0123456789');
const ranges: unknown[] = [];
const spool: SpoolStore = {
  put: () => Promise.reject(new Error('unused')),
  remove: () => Promise.resolve(),
  sweep: () => Promise.resolve(0),
  async* open(_id, range) {
    ranges.push(range);
    yield BYTES.subarray(range?.start ?? 0, range?.end ?? BYTES.length);
  },
};
const revoked = new Set<string>();
let mime = 'image/png';
let present = true;
const routes = mediaRoutes({
  links,
  isRevoked: (of) => revoked.has(of),
  open: (target) => Promise.resolve(present ? {
    source: spoolSource(spool, { spoolId: target, mime, name: 'ignored', size: BYTES.length }, links),
    release: () => Promise.resolve(),
  } : undefined),
});

function call(method: 'GET' | 'HEAD', link: LinkParams, headers: Record<string, string> = {}): Promise<RouteAnswer> {
  const route = routes.find((candidate) => candidate.method === method);
  if (route === undefined) throw new Error('no route');
  return route.handle({ method, path: '/', params: { ...link }, query: {}, headers, address: '127.0.0.1', raw: new Uint8Array() });
}

async function text(answer: RouteAnswer): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of answer.body as AsyncIterable<Uint8Array>) all.push(piece);
  return Buffer.concat(all).toString();
}

describe('the route', () => {
  const fresh = (name = 'x.png'): LinkParams => params(links.make(ID, name, 60));

  test('hands the file out to be saved, never to be shown', async () => {
    const answer = await call('GET', fresh('Füße "1".png'));
    expect(answer.status).toBe(200);
    expect(await text(answer)).toBe('0123456789');
    expect(answer.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': '10',
      'content-disposition': `attachment; filename="F__e _1_.png"; filename*=UTF-8''F%C3%BC%C3%9Fe%20_1_.png`,
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
    });
    expect(answer.headers?.['content-security-policy']).toContain('sandbox');
  });

  test.each(['text/html', 'image/svg+xml', 'application/xhtml+xml', 'text/xml', 'application/javascript', 'text/javascript', 'x', 'image/png\r\nx: y',
    'application/octet-stream', 'multipart/x-mixed-replace'])('never sends the type %j', async (type) => {
    mime = type;
    expect((await call('GET', fresh())).headers?.['content-type']).toBe('application/octet-stream');
    mime = 'image/png';
  });

  test('answers HEAD with the same headers and no body', async () => {
    const { body: _body, ...wanted } = await call('GET', fresh());
    expect(await call('HEAD', fresh())).toEqual(wanted);
  });

  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'], ['bytes=7-', '789', 'bytes 7-9/10'], ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=0-99', '0123456789', 'bytes 0-9/10'], ['bytes=-99', '0123456789', 'bytes 0-9/10'],
  ])('answers the range %s', async (range, wanted, header) => {
    const answer = await call('GET', fresh(), { range });
    expect(answer.status).toBe(206);
    expect(answer.headers).toMatchObject({ 'content-range': header, 'content-length': String(wanted.length) });
    expect(await text(answer)).toBe(wanted);
  });

  test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=999999999999999-'])('refuses the range %s', async (range) => {
    const answer = await call('GET', fresh(), { range });
    expect(answer).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } });
    expect(answer.body).toBeUndefined();
  });

  test.each(['bytes=0-1,3-4', 'bytes=4-2', 'bytes=-', 'lines=1-2', 'bytes=a-b', `bytes=${'9'.repeat(99)}-`, ''])('ignores the range %j', async (range) => {
    expect((await call('GET', fresh(), { range })).status).toBe(200);
  });

  test('ignores a range that hangs on a validator', async () => {
    expect((await call('GET', fresh(), { range: 'bytes=0-1', 'if-range': '"x"' })).status).toBe(200);
  });

  test('a revoked link, and one whose file is gone, is over; a forged one was never there', async () => {
    revoked.add('key1');
    expect((await call('GET', params(links.make(ID, 'x.png', 60, 'key1')))).status).toBe(410);
    expect((await call('GET', params(links.make(ID, 'x.png', 60, 'key2')))).status).toBe(200);
    present = false;
    expect((await call('GET', fresh())).status).toBe(410);
    present = true;
    expect((await call('GET', { ...fresh(), mac: 'x' })).status).toBe(404);
    const opened = ranges.length;
    expect((await call('HEAD', { ...fresh(), mac: 'x' })).body).toBeUndefined();
    expect(ranges).toHaveLength(opened);
  });
});

describe('a spooled source', () => {
  const media = { spoolId: ID, mime: 'image/png', name: '../x\u202e.png', size: 10, width: 3, height: 4 };

  test('opens ranges, cleans its name and makes addresses that hold', async () => {
    const source = spoolSource(spool, media, links);
    expect(source).toMatchObject({ mime: 'image/png', name: 'x.png', size: 10, width: 3, height: 4 });
    expect(source).not.toHaveProperty('durationMs');
    expect(await text({ status: 200, body: source.open({ start: 1, end: 3 }) })).toBe('12');
    expect(links.verify(params(source.publicUrl(60)))).toEqual({ ok: true, target: ID, name: 'x.png' });
  });

  test('says so where there is no public address', () => {
    expect(() => spoolSource(spool, media).publicUrl(60)).toThrow(expect.objectContaining({ code: 'no_public_url' }));
  });
});
