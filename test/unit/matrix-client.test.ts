import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHomeserver } from '../../src/matrix/client/homeserver.ts';
import type { HomeserverClient, HomeserverOptions } from '../../src/matrix/client/homeserver.ts';
import { portalRoom } from '../../src/matrix/rooms/portal-room.ts';
import { Rejected, Retry, Uncertain, Unreachable } from '../../src/model/errors.ts';
import type { EventId, Mxc, RoomId, UserId } from '../../src/model/ids.ts';
import { FakeHomeserver } from '../kit/fake-homeserver/server.ts';

const bot = '@bridgebot:fake.test' as UserId;
const ghost = '@_drawbridge_whatsapp_1:fake.test' as UserId;
const text = { msgtype: 'm.text', body: 'hello' };
const SEND = 'PUT .*/send/';

let fake: FakeHomeserver;
let client: HomeserverClient;
const opened: { close(): Promise<void> }[] = [];

function open(options: Partial<HomeserverOptions> = {}): HomeserverClient {
  const made = createHomeserver({ url: fake.url, asToken: fake.asToken, bot, ...options });
  opened.push(made);
  return made;
}

async function room(roomVersion = '11'): Promise<RoomId> {
  const id = await client.createRoom(bot, portalRoom({
    roomVersion, bot, aliasLocalpart: `_drawbridge_${roomVersion}`, direct: true, invite: [ghost],
    bridgedTo: { network: { id: 'whatsapp', name: 'WhatsApp' }, conversation: { id: '1', scope: '' } },
  }));
  await client.join(ghost, id);
  return id;
}

beforeEach(async () => {
  fake = await FakeHomeserver.start();
  client = open();
  await client.register('_drawbridge_whatsapp_1');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await fake.close();
});

describe('every call against a homeserver', () => {
  test.each(['11', '12'])('a portal of version %s lives', async (version) => {
    const id = await room(version);
    await client.register('_drawbridge_whatsapp_1');
    await client.setDisplayName(ghost, 'Bob');
    const event = await client.send(ghost, id, 'm.room.message', 'txn/1 ?', text, 1_000);
    expect(await client.event(bot, id, event)).toMatchObject({ sender: ghost, origin_server_ts: 1000, content: text });
    expect(await client.resolveAlias(`#_drawbridge_${version}:fake.test`)).toBe(id);
    expect(await client.resolveAlias('#none:fake.test')).toBeNull();
    expect(await client.getState(bot, id, 'm.room.member', ghost)).toMatchObject({ membership: 'join', displayname: 'Bob' });
    expect(await client.getState(bot, id, 'm.room.topic', '')).toBeNull();
    const named = await client.setState(bot, id, 'm.room.name', '', { name: 'x' });
    expect(await client.setState(bot, id, 'm.room.name', '', { name: 'x' })).toBe(named);
    expect((await client.state(bot, id)).some((one) => one.type === 'm.bridge')).toBe(true);
    expect(new Set((await client.members(bot, id)).map((one) => one.state_key))).toEqual(new Set([ghost, bot]));
    await expect(client.setState(ghost, id, 'm.room.name', '', { name: 'mine' })).rejects.toMatchObject({ code: 'M_FORBIDDEN' });
    await client.redact(ghost, id, event, 'txn2', 'gone');
    expect((await client.event(bot, id, event)).content).toEqual({});
    await client.typing(ghost, id, true, 5000);
    await client.receipt(ghost, id, event);
    expect(await client.fullyRead(id)).toBeNull();
    await client.setFullyRead(id, event);
    expect(await client.fullyRead(id)).toBe(event);
    await client.leave(ghost, id);
    expect(fake.membership(id, ghost)).toBe('leave');
  });

  test('an event whose time nobody told is of now', async () => {
    const id = await room();
    const event = await client.send(ghost, id, 'm.room.message', 'timeless', text, 0);
    expect((await client.event(bot, id, event)).origin_server_ts).toBeGreaterThan(1_000_000_000_000);
  });

  test('messages are read backwards to the beginning', async () => {
    const id = await room();
    const sent: EventId[] = [];
    for (let n = 0; n < 5; n++) sent.push(await client.send(ghost, id, 'm.room.message', `t${n}`, text));
    const read: string[] = [];
    for (let from: string | undefined, first = true; first || from !== undefined; first = false) {
      const page = await client.messages(bot, id, { limit: 3, ...(from === undefined ? {} : { from }) });
      read.push(...page.events.map((one) => one.event_id));
      from = page.end;
    }
    expect(read.slice(0, 5)).toEqual(sent.toReversed());
    expect(read.at(-1)).toBe(fake.eventsOf(id)[0]!.event_id);
  });

  test('the same transaction id is the same event, until the homeserver restarts', async () => {
    const id = await room();
    const first = await client.send(ghost, id, 'm.room.message', 'same', text);
    expect(await client.send(ghost, id, 'm.room.message', 'same', text)).toBe(first);
    await fake.restart();
    expect(await client.send(ghost, id, 'm.room.message', 'same', text)).not.toBe(first);
  });

  test('with a device the transaction id is remembered over a restart', async () => {
    const id = await room();
    const device = open({ deviceId: 'DRAWBRIDGE' });
    const first = await device.send(ghost, id, 'm.room.message', 'same', text);
    await fake.restart();
    expect(await device.send(ghost, id, 'm.room.message', 'same', text)).toBe(first);
    expect(fake.eventsOf(id, 'm.room.message')).toHaveLength(1);
  });

  test('a homeserver without devices for us is sent to without', async () => {
    const id = await room();
    fake.faults.add({ match: 'PUT .*/devices/', status: 404, body: { errcode: 'M_UNRECOGNIZED', error: 'no' } });
    const device = open({ deviceId: 'DRAWBRIDGE' });
    await device.send(ghost, id, 'm.room.message', 'one', text);
    await device.send(ghost, id, 'm.room.message', 'two', text);
    expect(fake.requests.filter((one) => one.path.includes('/devices/'))).toHaveLength(1);
    expect(fake.eventsOf(id, 'm.room.message')).toHaveLength(2);
  });

  test('a room that is there is said to be in use', async () => {
    await room();
    await expect(room()).rejects.toMatchObject({ name: 'Rejected', code: 'M_ROOM_IN_USE' });
  });

  test('a path cannot be left through a type, key or id', async () => {
    const id = await room();
    await client.send(ghost, id, '..', '../../x?y#z', text);
    await client.setState(bot, id, 'x', '../..', {});
    expect(fake.eventsOf(id).slice(-2).map((one) => [one.type, one.state_key])).toEqual([['..', undefined], ['x', '../..']]);
  });

  test('half a surrogate pair does not reach the homeserver', async () => {
    const id = await room();
    await client.send(ghost, id, 'm.room.message', 't', { msgtype: 'm.text', body: 'a\ud800b \\ud800' });
    expect(fake.eventsOf(id).at(-1)!.content['body']).toBe('a\ufffdb \\ud800');
  });
});

describe('what an outcome means', () => {
  test('the token is in the header of every request and nowhere else', async () => {
    const id = await room();
    await client.send(ghost, id, 'm.room.message', 't', text);
    for (const { authorization, path, query } of fake.requests) {
      expect(authorization).toBe(`Bearer ${fake.asToken}`);
      expect(JSON.stringify([path, query])).not.toContain(fake.asToken);
    }
  });

  test.each([
    ['reset before it is done', { reset: 'before' }, Uncertain, 0],
    ['reset after it is done', { reset: 'after' }, Uncertain, 1],
    ['half an answer', { reset: 'half' }, Uncertain, 1],
    ['502', { status: 502 }, Uncertain, 0],
    ['503', { status: 503 }, Unreachable, 0],
    ['429', { status: 429, headers: { 'retry-after': '2' } }, Retry, 0],
    ['an answer that is no JSON', { status: 200, body: 'ok' }, Uncertain, 0],
    ['an answer without an id', { status: 200, body: {} }, Uncertain, 0],
    ['401', { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: 'token as-token-of-the-fake is not known' } }, Unreachable, 0],
  ] as const)('%s', async (_name, fault, kind, done) => {
    const id = await room();
    fake.faults.add({ match: SEND, times: 1, ...fault });
    const error = await client.send(ghost, id, 'm.room.message', 't', text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(kind);
    expect(String(error)).not.toContain(fake.asToken);
    expect(fake.eventsOf(id, 'm.room.message')).toHaveLength(done);
  });

  test('a rate limit carries the wait', async () => {
    const id = await room();
    fake.faults.add({ match: SEND, status: 429, headers: { 'retry-after': '2' } });
    await expect(client.send(ghost, id, 'm.room.message', 't', text)).rejects.toMatchObject({ rateLimited: true, afterMs: 2000 });
  });

  test('a homeserver that is down is unreachable, and works again when it is back', async () => {
    const id = await room();
    await fake.down();
    await expect(client.send(ghost, id, 'm.room.message', 't', text)).rejects.toBeInstanceOf(Unreachable);
    await expect(client.messages(bot, id, { limit: 1 })).rejects.toBeInstanceOf(Unreachable);
    await expect(client.ping()).rejects.toBeInstanceOf(Unreachable);
    await fake.up();
    await client.ping();
    await client.send(ghost, id, 'm.room.message', 't', text);
  });

  test('a read that breaks may simply be repeated', async () => {
    const id = await room();
    fake.faults.add({ match: 'GET .*/messages', reset: 'half', times: 1 });
    await expect(client.messages(bot, id, { limit: 1 })).rejects.toBeInstanceOf(Retry);
    fake.faults.add({ match: 'GET .*/messages', status: 504, times: 1 });
    await expect(client.messages(bot, id, { limit: 1 })).rejects.toBeInstanceOf(Retry);
  });

  test('no answer in time is uncertain for a send', async () => {
    const id = await room();
    const hasty = open({ answerTimeoutMs: 50 });
    const stop = fake.faults.add({ match: SEND, latencyMs: 3000 });
    await expect(hasty.send(ghost, id, 'm.room.message', 't', text)).rejects.toBeInstanceOf(Uncertain);
    stop();
  });

  test('ping refuses a token of somebody else', async () => {
    await expect(open({ bot: '@other:fake.test' as UserId }).ping()).rejects.toMatchObject({ name: 'Unreachable', code: 'WRONG_USER' });
  });

  test('connections are bounded, and calls beyond the bound wait their turn', async () => {
    const connections = new Set<unknown>();
    let inHand = 0;
    let most = 0;
    const slow = createServer((request, response) => {
      connections.add(request.socket);
      most = Math.max(most, ++inHand);
      setTimeout(() => {
        inHand -= 1;
        response.end('{"event_id":"$x"}');
      }, 5);
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const bounded = open({ url: `http://127.0.0.1:${(slow.address() as AddressInfo).port}/prefix/`, sockets: 4 });
    await Promise.all(Array.from({ length: 40 }, (_, n) => bounded.send(ghost, '!x' as RoomId, 'm.room.message', `t${n}`, text)));
    expect(most).toBe(4);
    expect(connections.size).toBe(4);
    slow.close().closeAllConnections();
  });
});

describe('media', () => {
  async function* pieces(...parts: string[]): AsyncGenerator<Uint8Array> {
    for (const part of parts) yield Buffer.from(part);
  }
  async function read(bytes: AsyncIterable<Uint8Array>): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }
  const never = new AbortController().signal;

  test('goes up and comes down as it was', async () => {
    const mxc = await client.upload(ghost, { bytes: pieces('ab', 'cd'), mime: 'text/plain', name: 'ü "x".txt', size: 4 });
    const back = await client.download(mxc, never);
    expect(back).toMatchObject({ mime: 'text/plain', name: 'ü "x".txt', size: 4 });
    expect(await read(back.bytes)).toBe('abcd');
    const unsized = await client.upload(ghost, { bytes: pieces('ab', 'c'), mime: 'text/plain\r\nX-Evil: 1' });
    expect(fake.media(unsized)).toMatchObject({ mime: 'application/octet-stream', data: Buffer.from('abc') });
    expect(await client.uploadLimit()).toBe(50 * 1024 * 1024);
  });

  test('what the source throws comes through', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a');
      throw new Rejected('the file is gone', 'spool_gone');
    }
    await expect(client.upload(ghost, { bytes: broken(), mime: 'text/plain' })).rejects.toMatchObject({ code: 'spool_gone' });
  });

  test('a broken upload may be repeated, a broken download says so', async () => {
    fake.faults.add({ match: 'upload', reset: 'after', times: 1 });
    await expect(client.upload(ghost, { bytes: pieces('a'), mime: 'text/plain' })).rejects.toBeInstanceOf(Retry);
    const mxc = fake.addMedia(Buffer.alloc(100_000, 1), 'image/png') as Mxc;
    fake.faults.add({ match: 'download', reset: 'half', times: 1 });
    const back = await client.download(mxc, never);
    await expect(read(back.bytes)).rejects.toBeInstanceOf(Retry);
  });

  test('only an mxc URI is fetched', async () => {
    await expect(client.download('mxc://fake.test/../../secret' as Mxc, never)).rejects.toMatchObject({ code: 'BAD_MXC' });
    await expect(client.download('mxc://fake.test/none' as Mxc, never)).rejects.toMatchObject({ code: 'M_NOT_FOUND' });
  });

  describe('redirects', () => {
    const seen: (string | undefined)[] = [];
    let elsewhere: Server;
    let answer: (request: IncomingMessage, response: ServerResponse) => void;
    let there: string;
    beforeEach(async () => {
      seen.length = 0;
      answer = (_request, response) => void response.end('from afar');
      elsewhere = createServer((request, response) => {
        seen.push(request.headers.authorization);
        answer(request, response);
      });
      await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
      there = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    });
    afterEach(() => {
      elsewhere.close().closeAllConnections();
    });

    test('are followed, and the token stays at home', async () => {
      fake.faults.add({ match: 'download', status: 307, headers: { location: `${there}/x` } });
      expect(await read((await client.download('mxc://fake.test/abc' as Mxc, never)).bytes)).toBe('from afar');
      expect(seen).toEqual([undefined]);
      expect(fake.requests.at(-1)!.query).toMatchObject({ allow_redirect: 'true' });
    });

    test('end after three', async () => {
      answer = (_request, response) => void response.writeHead(302, { location: '/again' }).end();
      fake.faults.add({ match: 'download', status: 307, headers: { location: `${there}/x` } });
      await expect(client.download('mxc://fake.test/abc' as Mxc, never)).rejects.toMatchObject({ code: 'BAD_REDIRECT' });
      expect(seen).toHaveLength(3);
    });

    test.each(['file:///etc/passwd', 'data:text/plain,x', '', 'http://'])('to %j are not', async (location) => {
      fake.faults.add({ match: 'download', status: 302, headers: { location } });
      await expect(client.download('mxc://fake.test/abc' as Mxc, never)).rejects.toBeInstanceOf(Rejected);
    });
  });

  test('an aborted download ends', async () => {
    const stop = new AbortController();
    fake.faults.add({ match: 'download', latencyMs: 2000 });
    const running = client.download('mxc://fake.test/abc' as Mxc, stop.signal);
    setTimeout(() => stop.abort(), 20);
    await expect(running).rejects.toMatchObject({ name: 'Retry', code: 'ABORTED' });
  });
});

describe('acting for people of the homeserver', () => {
  const alice = '@alice:fake.test' as UserId;
  const puppets = { asToken: 'second-token-of-the-fake', covers: (user: UserId): boolean => user === alice };

  async function started(): Promise<RoomId> {
    await fake.close();
    fake = await FakeHomeserver.start({ puppetToken: puppets.asToken });
    client = open({ puppets, deviceId: 'DRAWBRIDGE' });
    await client.register('_drawbridge_whatsapp_1');
    fake.user(alice);
    const id = await room();
    await client.invite(bot, id, alice);
    return id;
  }

  test('goes by the second token, and leaves no device among their sessions', async () => {
    const id = await started();
    await client.join(alice, id);
    const event = await client.send(alice, id, 'm.room.message', 'txn', text);
    expect(fake.eventsOf(id).find(({ event_id: found }) => found === event)?.sender).toBe(alice);
    await client.setAccountData('m.direct', { [ghost]: [id] }, alice);
    expect(await client.accountData('m.direct', alice)).toEqual({ [ghost]: [id] });
    expect(await client.accountData('m.direct')).toBeNull();
    await client.readUpTo(alice, id, event);
    await client.actsFor(alice);
    const theirs = fake.requests.filter(({ query }) => query['user_id'] === alice);
    expect(new Set(theirs.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${puppets.asToken}`]));
    expect(theirs.filter(({ path, query }) => 'device_id' in query || path.includes('/devices/'))).toEqual([]);
    expect(fake.requests.filter(({ query }) => query['user_id'] === ghost).every(({ authorization }) => authorization === `Bearer ${fake.asToken}`)).toBe(true);
  });

  test('refused, it is their account that is, and not the homeserver that is closed; no error shows the token', async () => {
    const id = await started();
    const other = open({ puppets: { ...puppets, asToken: 'another' } });
    await expect(other.send(alice, id, 'm.room.message', 'txn', text)).rejects.toMatchObject({ name: 'Rejected', code: 'M_UNKNOWN_TOKEN' });
    const gone = '@gone:fake.test' as UserId;
    const anybody = open({ puppets: { ...puppets, covers: () => true } });
    await expect(anybody.actsFor(gone)).rejects.toMatchObject({ name: 'Rejected', code: 'M_FORBIDDEN' });
    fake.faults.add({ match: SEND, status: 403, body: { errcode: 'M_FORBIDDEN', error: `not with ${puppets.asToken}` }, times: 1 });
    await expect(client.send(alice, id, 'm.room.message', 'txn2', text)).rejects.toThrow('not with [token]');
  });
});
