import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { verifyHandshake, verifySignature } from '../../src/networks/meta-graph/webhook.ts';
import { webhooks } from '../../src/networks/whatsapp/webhook.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Chat, sign, Siege } from '../kit/hostile/siege.ts';

/** The public listener, as anybody on the internet reaches it. */
let siege: Siege;
let chat: Chat;

beforeAll(async () => {
  siege = await Siege.lay();
  chat = await siege.chat('Bob', '31611111111');
}, 60_000);

afterAll(async () => {
  await siege.close();
});

const now = (): string => String(Math.floor(Date.now() / 1000));
const text = (id: string, words: string): object => siege.change({
  contacts: [{ wa_id: '31611111111', profile: { name: 'Bob' } }], messages: [{ from: '31611111111', id, timestamp: now(), type: 'text', text: { body: words } }],
});
const arrived = (words: string): number => siege.stack.homeserver.eventsOf(chat.room, 'm.room.message').filter(({ content }) => content['body'] === words).length;

describe('a post that is not signed with the app’s secret', () => {
  test.each<[string, (raw: Buffer) => Readonly<Record<string, string>>]>([
    ['by another secret', (raw) => ({ 'x-hub-signature-256': sign('another-secret', raw) })],
    ['by an empty one', (raw) => ({ 'x-hub-signature-256': sign('', raw) })],
    ['by the verify token', (raw) => ({ 'x-hub-signature-256': sign(siege.stack.app.verifyToken, raw) })],
    ['by another hash', (raw) => ({ 'x-hub-signature-256': `sha1=${createHmac('sha1', siege.stack.app.appSecret).update(raw).digest('hex')}` })],
    ['in the older header only', (raw) => ({ 'x-hub-signature-256': '', 'x-hub-signature': sign(siege.stack.app.appSecret, raw) })],
    ['over other bytes', (raw) => ({ 'x-hub-signature-256': sign(siege.stack.app.appSecret, `${String(raw)} `) })],
    ['by half a signature', (raw) => ({ 'x-hub-signature-256': sign(siege.stack.app.appSecret, raw).slice(0, 39) })],
    ['by one and a bit', (raw) => ({ 'x-hub-signature-256': `${sign(siege.stack.app.appSecret, raw)}00` })],
    ['by two', (raw) => ({ 'x-hub-signature-256': `${sign('x', raw)}, ${sign(siege.stack.app.appSecret, raw)}` })],
    ['without the name of the hash', (raw) => ({ 'x-hub-signature-256': sign(siege.stack.app.appSecret, raw).slice(7) })],
    ['by nothing', () => ({ 'x-hub-signature-256': 'sha256=' })],
    ['by zeros', () => ({ 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })],
    ['by no hex', () => ({ 'x-hub-signature-256': `sha256=${'g'.repeat(64)}` })],
  ])('but %s is refused, and says nothing of the reason', async (_how, headers) => {
    const raw = Buffer.from(JSON.stringify(text('wamid.forged', 'forged')));
    const answer = await siege.post(raw, headers(raw));
    expect(answer).toEqual({ status: 401, text: '{"error":"refused"}' });
    expect(arrived('forged')).toBe(0);
  });

  test('no single changed byte of the body goes through', () => {
    const raw = Buffer.from(JSON.stringify(text('wamid.x', 'x')));
    const header = sign(siege.stack.app.appSecret, raw);
    fc.assert(fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const other = Buffer.from(raw);
      other[at] = (other[at] ?? 0) ^ change;
      expect(verifySignature({ method: 'POST', query: {}, headers: { 'x-hub-signature-256': header }, raw: other }, [siege.stack.app.appSecret])).toMatchObject({ ok: false });
    }));
  });

  test('no secret at all lets nobody in', () => {
    const raw = Buffer.from('{}');
    expect(verifySignature({ method: 'POST', query: {}, headers: { 'x-hub-signature-256': sign('', raw) }, raw }, [])).toMatchObject({ ok: false });
  });
});

describe('the handshake', () => {
  test.each(['', 'verify-token-of-the-tes', 'verify-token-of-the-test ', 'VERIFY-TOKEN-OF-THE-TEST', 'verify-token-of-the-test\u0000', 'app-secret-of-the-test'])('is refused with the token %j', async (token) => {
    const answer = await fetch(`${siege.stack.webhookUrl}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=${encodeURIComponent(token)}`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toBe('{"error":"refused"}');
  });

  test.each(['<script>alert(1)</script>', 'a b', '1\r\nset-cookie: a=b', '', '1'.repeat(300), '${7*7}', '../x'])('gives back no challenge like %j', (challenge) => {
    expect(verifyHandshake({ method: 'GET', query: { 'hub.mode': 'subscribe', 'hub.verify_token': 'token', 'hub.challenge': challenge }, headers: {}, raw: new Uint8Array() }, 'token')).toMatchObject({ ok: false });
  });

  test('takes the first of two tokens, and nothing from a body', async () => {
    const { webhookUrl, app } = siege.stack;
    expect((await fetch(`${webhookUrl}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x&hub.verify_token=${app.verifyToken}`)).status).toBe(403);
    expect((await fetch(webhookUrl, { method: 'POST', body: `hub.mode=subscribe&hub.verify_token=${app.verifyToken}&hub.challenge=1` })).status).toBe(401);
  });
});

describe('a valid post', () => {
  test('that comes again and again arrives once, whatever its bytes look like', async () => {
    const body = text('wamid.again', 'only once');
    const other = JSON.stringify(body, null, 1).replaceAll('o', '\\u006f');
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => siege.post(n % 2 === 0 ? JSON.stringify(body) : other)));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    await eventually('it', () => arrived('only once') > 0);
    await siege.alive(chat);
    expect(arrived('only once')).toBe(1);
  });

  test('signed with the secret before goes through only where that is configured', () => {
    const raw = Buffer.from('{}');
    const request = { method: 'POST', query: {}, headers: { 'x-hub-signature-256': sign('the-one-before', raw) }, raw };
    expect(verifySignature(request, ['the-one-now'])).toMatchObject({ ok: false });
    expect(verifySignature(request, ['the-one-now', 'the-one-before'])).toEqual({ ok: true });
  });
});

describe('bodies that are signed and odd all the same', () => {
  const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}${close.repeat(depth)}`;
  test.each<[string, () => string | Uint8Array]>([
    ['nothing', () => ''], ['no JSON', () => 'hello'], ['half of it', () => JSON.stringify(text('x', 'x')).slice(0, -5)], ['no UTF-8', () => Buffer.from([0x22, 0xff, 0xfe, 0x22])], ['UTF-16', () => Buffer.from('{}', 'utf16le')],
    ['gzip', () => gzipSync(JSON.stringify(text('x', 'x')))], ['an array 100,000 deep', () => nested('[', ']', 100_000)], ['an object 100,000 deep', () => nested('{"a":', '}', 100_000)],
    ['an open array 2,000,000 deep', () => '['.repeat(2_000_000)], ['65 levels in a message', () => JSON.stringify(text('x', 'x')).replace('"x"}', `"x","y":${nested('[', ']', 65)}}`)],
    ['another network’s', () => '{"object":"page","entry":[]}'], ['null', () => 'null'], ['a number', () => '1e999'], ['a form', () => 'payload=%7B%7D'], ['markup', () => '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'],
  ])('%s is answered 400, and nothing ends', async (_what, make) => {
    const answer = await siege.post(make());
    expect(answer).toEqual({ status: 400, text: '{"error":"not a webhook of this network"}' });
  });

  test('one of more than 4 MiB is refused without being looked at', async () => {
    expect((await siege.post('x'.repeat(10_000_000))).status).toBe(413);
    expect((await siege.post(JSON.stringify(text('wamid.big', 'x'.repeat(4 * 1024 * 1024))))).status).toBe(413);
  });

  test('a claimed encoding is not unpacked', async () => {
    expect((await siege.post(gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' })).status).toBe(400);
  });

  test('names of the language are only names', async () => {
    const raw = JSON.stringify(text('wamid.proto', 'polluted')).replace('"messaging_product"', '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"messaging_product"')
      .replace('"from"', '"__proto__":{"type":"x"},"hasOwnProperty":1,"toString":null,"from"');
    expect((await siege.post(raw)).status).toBe(200);
    await eventually('it', () => arrived('polluted') === 1);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect((await siege.post(siege.change({ statuses: [{ id: 'wamid.s', status: name, timestamp: now(), recipient_id: '31611111111' }] }))).status).toBe(200);
      expect((await siege.post(siege.change({ messages: [{ id: `wamid.${name}`, from: '31611111111', timestamp: now(), type: name, [name]: { id: '1' } }] }))).status).toBe(200);
      expect((await siege.post(siege.change({ [name]: [{}], event: name }, name))).status).toBe(200);
    }
    await siege.alive(chat);
    for (const { content } of siege.stack.homeserver.eventsOf(chat.room, 'm.room.message')) expect(String(content['body'])).not.toMatch(/\[object|undefined|function/);
  });
});

test('effort grows with the body and not with its square', () => {
  const hook = webhooks.find(({ method }) => method === 'POST');
  const many = <T>(n: number, one: (index: number) => T): T[] => Array.from({ length: n }, (_, index) => one(index));
  const shapes: readonly ((n: number) => object)[] = [
    (n) => ({ contacts: many(n, (at) => ({ wa_id: String(10_000 + at) })), messages: many(n, (at) => ({ id: `w${at}`, from: String(10_000 + at), type: 'text', text: { body: 'x' } })) }),
    (n) => ({ contacts: many(n, () => ({ wa_id: '10000' })), messages: many(n, (at) => ({ id: `w${at}`, from: '10000', type: 'text', text: { body: 'x' } })) }),
    (n) => ({ contacts: [{ wa_id: '5' }], messages: many(n, (at) => ({ id: `w${at}`, from: String(10_000 + at) })) }),
    (n) => ({ messages: [{ id: 'x', from: '1', type: 'contacts', contacts: [{ vcard: `${'a-.'.repeat(n * 5)}\n${'TEL;'.repeat(n * 5)}` }] }] }),
    (n) => ({ messages: [{ id: 'x', from: '1', type: 'system', system: { type: 'user_changed_number', body: `from ${'a to '.repeat(n * 4)}` } }] }),
    (n) => ({ messages: [{ id: 'x'.repeat(n * 5), from: '(-.'.repeat(n * 5), type: 'text', text: { body: '*_~`> - 1. '.repeat(n / 4) } }] }),
  ];
  const cost = (make: (n: number) => object, n: number): number => {
    const raw = Buffer.from(JSON.stringify(siege.change(make(n))));
    const before = process.cpuUsage();
    for (const piece of hook?.split(raw) ?? []) hook?.decode(piece);
    return process.cpuUsage(before).user + 2_000;
  };
  for (const make of shapes) {
    cost(make, 500);
    // Sixteen times as much: a square would be 256 times.
    expect(cost(make, 16_000) / cost(make, 1_000)).toBeLessThan(64);
  }
});
