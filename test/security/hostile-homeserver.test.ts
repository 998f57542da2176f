import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Agent, request } from 'undici';
import type { MediaTools } from '../../src/bridge/media.ts';
import { NetworkMedia } from '../../src/bridge/outbound/network-media.ts';
import { createHomeserver, type HomeserverClient } from '../../src/matrix/client/homeserver.ts';
import { connectorBeyond } from '../../src/media/egress.ts';
import { createSpool } from '../../src/media/spool.ts';
import { DeliveryError, Rejected, Retry } from '../../src/model/errors.ts';
import type { EventId, Mxc, RoomId, UserId } from '../../src/model/ids.ts';
import type { OutboxItem, Store } from '../../src/store/store.ts';

/** A homeserver that is slow, broken or means harm. */
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let seen: IncomingMessage[];
let client: HomeserverClient;
let dir: string;
const TOKEN = 'as-token-that-stays';
const never = new AbortController().signal;
const FILE = 'mxc://fake.test/abc' as Mxc;

beforeEach(async () => {
  seen = [];
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-hostile-'));
  server = createServer((incoming, response) => {
    seen.push(incoming);
    incoming.resume();
    answer(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = createHomeserver({ url: `http://127.0.0.1:${port()}`, asToken: TOKEN, bot: '@bot:fake.test' as UserId });
});
afterEach(async () => {
  await client.close();
  server.close().closeAllConnections();
  await rm(dir, { recursive: true, force: true });
});

const port = (): number => (server.address() as AddressInfo).port;

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of bytes) all.push(piece);
  return Buffer.concat(all);
}

describe('a file', () => {
  test.each(['http://169.254.169.254/latest/meta-data', 'http://[fe80::1]/', 'http://[::ffff:169.254.169.254]/', 'http://[fd00:ec2::254]/', 'http://100.100.100.200/', 'http://0.0.0.0/', 'http://224.0.0.1/', 'http://2852039166/'])(
    'is not fetched from %s, where the homeserver sends us', async (location) => {
      answer = (_request, response) => void response.writeHead(307, { location }).end();
      const failed: unknown = await client.download(FILE, never).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(Rejected);
      expect(failed).toMatchObject({ code: 'BAD_REDIRECT' });
      expect(String(failed)).not.toContain('169.254');
    });

  test('of an address that says it is compressed is taken as it comes', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    answer = (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    expect((await collect((await client.download(FILE, never)).bytes)).equals(bomb)).toBe(true);
  });

  test('that never ends is given up at the limit, and leaves nothing', async () => {
    const closed = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        response.on('close', resolve);
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
          response.once('drain', more);
        };
        more();
      };
    });
    const spool = createSpool({ dir: join(dir, 'spool'), key: Buffer.alloc(32), keyId: 'k' });
    await expect(spool.put((await client.download(FILE, never)).bytes, 1_000_000)).rejects.toMatchObject({ code: 'too_large' });
    await closed;
    expect(await readdir(join(dir, 'spool'))).toEqual([]);
  });

  test('that drips holds its lane no longer than a while', async () => {
    answer = (_request, response) => {
      const drip = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(drip));
    };
    const tools = { take: async (stream: { bytes: AsyncIterable<Uint8Array> }) => collect(stream.bytes) } as unknown as MediaTools;
    const media = new NetworkMedia({} as Store, client, tools, 150);
    const task = { to: 'network', kind: 'message', relay: null, content: { kind: 'file', media: { source: { mxc: FILE } } } } as const;
    await expect(media.ready({} as OutboxItem, task, {} as never, never)).rejects.toBeInstanceOf(Retry);
  });
});

describe('a redirect beyond the homeserver', () => {
  /** Names and what they resolve to. */
  const names: Readonly<Record<string, string[]>> = {
    'public.test': ['93.184.216.34'], 'near.test': ['127.0.0.1'], 'mixed.test': ['127.0.0.1', '169.254.169.254'], 'metadata.test': ['169.254.169.254'], 'here.test': ['10.0.0.5'], 'split.test': ['93.184.216.34', '10.0.0.5'],
  };
  const lookup: LookupFunction = (host, options, callback) => {
    const found = (names[host] ?? [host]).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    callback(null, options.all === true ? found : (found[0]?.address ?? ''));
  };

  test.each([
    ['10.0.0.5', 'near.test', true], ['here.test', '127.0.0.1', true], ['[fd00::1]', 'near.test', true], ['split.test', 'near.test', true], ['localhost', '127.0.0.1', true],
    ['public.test', 'near.test', false], ['93.184.216.34', '127.0.0.1', false], ['here.test', 'metadata.test', false], ['here.test', 'mixed.test', false], ['metadata.test', 'near.test', false],
  ])('of %s to %s: %s', async (home, to, allowed) => {
    answer = (_request, response) => void response.end('there');
    const agent = new Agent({ connect: connectorBeyond(home, home === 'localhost' ? undefined : lookup) });
    const asked = request(`http://${to}:${port()}/`, { dispatcher: agent }).then(async ({ body }) => body.text());
    if (allowed) expect(await asked).toBe('there');
    else await expect(asked).rejects.toMatchObject({ code: 'DRAWBRIDGE_BLOCKED' });
    expect(seen).toHaveLength(allowed ? 1 : 0);
    await agent.destroy();
  });
});

describe('answers that are none', () => {
  const room = '!r:fake.test' as RoomId;
  const event = '$e' as EventId;
  const user = '@u:fake.test' as UserId;
  const calls: readonly (() => Promise<unknown>)[] = [
    () => client.ping(), () => client.send(user, room, 'm.room.message', 't', {}), () => client.redact(user, room, event, 't'), () => client.setState(user, room, 'm.room.name', '', {}), () => client.getState(user, room, 'm.room.name', ''),
    () => client.state(user, room), () => client.event(user, room, event), () => client.messages(user, room, { limit: 5 }), () => client.createRoom(user, {}), () => client.resolveAlias('#a:b'), () => client.join(user, room),
    () => client.invite(user, room, user), () => client.members(user, room), () => client.register('u'), () => client.setDisplayName(user, 'n'), () => client.uploadLimit(), () => client.fullyRead(room), () => client.accountData('x'),
    () => client.download(FILE, never).then(async ({ bytes }) => collect(bytes)),
    () => client.upload(user, { bytes: (async function* () { yield Buffer.from('x'); })(), size: 1 }),
  ];
  const headers = fc.constantFrom<Record<string, string>>({}, { 'retry-after': '-1' }, { 'retry-after': '9999999999' }, { 'retry-after': 'x' }, { 'content-type': 'text/html' }, { 'content-disposition': 'attachment; filename*=utf-8\'\'%ff%fe' }, { 'content-length': '5' });

  test('end in one of the classes that the core knows, and tell no token', async () => {
    await fc.assert(fc.asyncProperty(fc.nat(calls.length - 1), fc.constantFrom(200, 204, 400, 401, 403, 404, 413, 418, 429, 500, 502, 503), headers, fc.oneof(fc.json({ maxDepth: 3 }), fc.string(), fc.constantFrom(
      `{"errcode":"M_UNKNOWN","error":"your token ${TOKEN} is wrong"}`, `{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1e308}`, '{"errcode":5,"error":{}}', '['.repeat(2_000), '{"chunk":[null,{},{"type":"x"}],"end":5}', '{"event_id":[]}', '{"content_uri":"mxc://../x"}', '<html>',
    )), async (which, status, more, body) => {
      answer = (_request, response) => {
        const { 'content-length': length, ...rest } = more;
        response.writeHead(status, length === undefined ? rest : { ...rest, 'content-length': String(Buffer.byteLength(body) + 5) });
        response.end(status === 204 ? undefined : body);
        if (length !== undefined) response.destroy();
      };
      const failed: unknown = await calls[which]?.().then(() => null, (error: unknown) => error);
      if (failed !== null) expect(failed).toBeInstanceOf(DeliveryError);
      expect(failed instanceof Error ? `${failed.message}${failed.stack}` : '').not.toContain(TOKEN);
    }), { numRuns: 400 });
  });

  test('that are cut off, or do not come, too', async () => {
    const impatient = createHomeserver({ url: `http://127.0.0.1:${port()}`, asToken: TOKEN, bot: '@bot:fake.test' as UserId, answerTimeoutMs: 100 });
    for (const way of [(response: ServerResponse) => response.destroy(), (response: ServerResponse) => void response.writeHead(200).write('{"event_id":"$'), () => {}]) {
      answer = (_request, response) => {
        way(response);
        setTimeout(() => response.destroy(), 1_000);
      };
      await expect(impatient.send(user, room, 'm.room.message', 't', {})).rejects.toBeInstanceOf(DeliveryError);
    }
    await impatient.close();
  });
});
