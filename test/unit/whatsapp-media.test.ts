import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Rejected, Retry, Unreachable } from '../../src/model/errors.ts';
import type { MediaStream } from '../../src/model/media.ts';
import type { Connection } from '../../src/networks/network.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import { connect, options, TOKEN } from '../kit/whatsapp/account.ts';
import { FakeGraph, graphError, reply } from '../kit/whatsapp/graph.ts';
import { NUMBER, WABA } from '../kit/whatsapp/payloads.ts';

let graph: FakeGraph;
let elsewhere: FakeGraph;
let connection: Connection;
const never = new AbortController().signal;
const handle = JSON.stringify({ id: '900001', mime: 'image/jpeg', name: 'photo.jpg' });

beforeEach(async () => {
  graph = await new FakeGraph().start();
  elsewhere = await new FakeGraph().start();
  elsewhere.on((_request, answer) => reply(answer, 200, 'secret'));
  connection = connect(graph.url);
});

afterEach(async () => {
  await connection.close();
  await Promise.all([graph.stop(), elsewhere.stop()]);
});

async function bytesOf(stream: MediaStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Answers for the media id with an address, and for `/file…` with `file`. */
function serve(url: string, file: (hop: number) => { status: number; body: string; location?: string } = () => ({ status: 200, body: 'bytes' })): void {
  let hop = 0;
  graph.on((request, answer) => {
    if (request.path.startsWith('/v23.0/')) {
      return reply(answer, 200, { messaging_product: 'whatsapp', url, mime_type: 'image/png', sha256: 'x', file_size: '5', id: '900001' });
    }
    const { status, body, location } = file(hop++);
    return reply(answer, status, body, location === undefined ? { 'content-type': 'image/jpeg' } : { location });
  });
}

describe('openMedia', () => {
  test('asks for the address by id, then fetches with the token', async () => {
    serve(`${graph.url}/file/1`);
    const stream = await connection.openMedia(handle, never);
    expect((await bytesOf(stream)).toString()).toBe('bytes');
    expect(stream).toMatchObject({ mime: 'image/png', name: 'photo.jpg' });
    expect(graph.received.map((each) => each.path)).toEqual([`/v23.0/900001?phone_number_id=${NUMBER}`, '/file/1']);
    expect(graph.received.every((each) => each.headers.authorization === `Bearer ${TOKEN}`)).toBe(true);
  });

  test.each([0, 1, 2, 3])('follows %i redirects', async (count) => {
    serve(`${graph.url}/file/0`, (hop) => (hop < count ? { status: 302, body: '', location: `/file/${hop + 1}` } : { status: 200, body: 'bytes' }));
    expect((await bytesOf(await connection.openMedia(handle, never))).toString()).toBe('bytes');
  });

  test('follows no more than three', async () => {
    serve(`${graph.url}/file/0`, (hop) => ({ status: 302, body: '', location: `/file/${hop + 1}` }));
    await expect(connection.openMedia(handle, never)).rejects.toMatchObject({ code: 'media_redirects' });
    expect(graph.received).toHaveLength(5);
  });

  test.each([
    'http://lookaside.fbsbx.com/x', 'https://lookaside.fbsbx.com:8443/x', 'https://fbsbx.com.evil.example/x', 'https://evilfbsbx.com/x', 'https://user:pw@lookaside.fbsbx.com/x',
    'http://127.0.0.1:1/x', 'http://169.254.169.254/latest/meta-data', 'file:///etc/passwd', 'https://[::1]/x', 'ftp://facebook.com/x', 'not an address', '',
  ])('never asks %s', async (url) => {
    serve(url);
    const error = await connection.openMedia(handle, never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Rejected);
    expect((error as Rejected).code).toMatch(/^media_(host|gone)$/);
  });

  test('neither directly nor by a redirect is anybody else asked', async () => {
    serve(`${graph.url}/file/0`, () => ({ status: 302, body: '', location: `${elsewhere.url}/x` }));
    await expect(connection.openMedia(handle, never)).rejects.toMatchObject({ code: 'media_host' });
    serve(`${elsewhere.url}/x`);
    await expect(connection.openMedia(handle, never)).rejects.toMatchObject({ code: 'media_host' });
    await expect(connection.openMedia(JSON.stringify({ url: `${elsewhere.url}/x` }), never)).rejects.toMatchObject({ code: 'media_host' });
    expect(elsewhere.received).toHaveLength(0);
  });

  test('an id cannot reach another endpoint', async () => {
    serve(`${graph.url}/file/0`);
    for (const id of ['../me/accounts', '..', '1?fields=access_token', 'a/b#c']) await connection.openMedia(JSON.stringify({ id }), never).catch(() => undefined);
    const asked = graph.received.map((each) => each.path).filter((path) => path.startsWith('/v23.0/'));
    expect(asked.every((path) => /^\/v23\.0\/[^/?]+\?phone_number_id=\d+$/.test(path))).toBe(true);
  });

  test.each(['', 'null', '{}', '{"id":""}', '[1]', 'not json'])('a damaged handle is refused: %s', async (damaged) => {
    await expect(connection.openMedia(damaged, never)).rejects.toMatchObject({ code: 'media_handle' });
  });

  test('a file that is gone, and one that breaks off', async () => {
    graph.on((_request, answer) => reply(answer, 400, graphError(100, { error_subcode: 33 })));
    await expect(connection.openMedia(handle, never)).rejects.toBeInstanceOf(Rejected);
    graph.on((request, answer) => {
      if (request.path.startsWith('/v23.0/')) return reply(answer, 200, { url: `${graph.url}/file/1` });
      answer.writeHead(200, { 'content-length': '1000' });
      answer.write('half');
      return void setImmediate(() => answer.destroy());
    });
    const stream = await connection.openMedia(handle, never);
    await expect(bytesOf(stream)).rejects.toBeInstanceOf(Unreachable);
  });

  test('bytes that do not fit their hash are fetched once more; the same again are taken', async () => {
    const hash = '277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9';
    const bodies = ['bytes', 'byt', 'oops', 'oops', 'oops'];
    graph.on((request, answer) => {
      if (request.path.startsWith('/v23.0/')) return reply(answer, 200, { url: `${graph.url}/file/1`, sha256: hash });
      return reply(answer, 200, bodies.shift());
    });
    const fetched = async (): Promise<string> => (await bytesOf(await connection.openMedia(handle, never))).toString();
    expect(await fetched()).toBe('bytes');
    for (let tries = 0; tries < 2; tries++) await expect(fetched()).rejects.toMatchObject({ name: 'Retry', code: 'media_hash' });
    expect(await fetched()).toBe('oops');
    await expect(fetched()).rejects.toBeInstanceOf(Retry);
  });

  test('can be given up', async () => {
    const stop = new AbortController();
    graph.on(() => stop.abort());
    await expect(connection.openMedia(handle, stop.signal)).rejects.toBeInstanceOf(Unreachable);
  });
});

describe('settings and resolve', () => {
  const good = { app_secret: 'secret-of-app', verify_token: 'verify-token', accounts: {} };

  test.each([
    [{}, true],
    [{ graph_url: 'http://127.0.0.1:8080' }, true],
    [{ graph_url: 'http://graph.facebook.com' }, false],
    [{ graph_url: 'https://user:pw@graph.facebook.com' }, false],
    [{ api_version: '23' }, false],
    [{ app_secrets: 'x' }, false],
    [{ accounts: { a: { phone_number_id: 106540352242922, waba_id: '123456', access_token: 'x'.repeat(30) } } }, false],
    [{ accounts: { a: { phone_number_id: '106540352242922', waba_id: '123456', access_token: 'x'.repeat(30) } } }, true],
  ])('%j fits: %s', (change, fits) => {
    expect(whatsapp.settings.safeParse({ ...good, ...change }).success).toBe(fits);
  });

  test.each([
    ['+31 6 1234-5678', '31612345678'],
    ['0031612345678', '31612345678'],
    ['(1) 650 555 1234', undefined],
    ['1 (650) 555-1234', '16505551234'],
    ['US.13491208655302741918', 'US.13491208655302741918'],
    ['0612345678', undefined],
    ['anna', undefined],
    ['', undefined],
    ['+1', undefined],
  ])('resolve %s', (input, wanted) => {
    const { settings } = options(graph.url);
    if (wanted === undefined) expect(() => whatsapp.resolve(input, settings)).toThrow(Rejected);
    else expect(whatsapp.resolve(input, settings)).toMatchObject({ person: { id: wanted, scope: WABA }, conversation: { id: wanted, scope: WABA, kind: 'direct', perAccount: true } });
  });
});
