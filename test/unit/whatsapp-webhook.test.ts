import { describe, expect, test } from '@jest/globals';
import { NotThisNetwork, type Verdict } from '../../src/networks/network.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import { body, message, messages, value } from '../kit/whatsapp/payloads.ts';

const SECRET = 'a-secret-of-the-app';
const app = whatsapp.settings.parse({ app_secret: SECRET, verify_token: 'a-token-of-my-own', accounts: {} });
const changing = whatsapp.settings.parse({ app_secret: 'the-new-secret', previous_app_secret: SECRET, verify_token: 'a-token-of-my-own', accounts: {} });
const hooks = whatsapp.webhooks;
const get = hooks.find((hook) => hook.method === 'GET');
const post = hooks.find((hook) => hook.method === 'POST');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function signed(raw: string | Uint8Array, signature: string | undefined): Verdict | undefined {
  const headers = { 'x-hub-signature-256': signature };
  return post?.verify({ method: 'POST', query: {}, headers, raw: typeof raw === 'string' ? bytes(raw) : raw }, app);
}

function shaken(query: Record<string, string>): Verdict | undefined {
  return get?.verify({ method: 'GET', query, headers: {}, raw: new Uint8Array() }, app);
}

describe('signature', () => {
  // Made with `openssl dgst -sha256 -hmac a-secret-of-the-app` over these very bytes.
  const VECTORS: readonly (readonly [string, string])[] = [
    ['{"object":"whatsapp_business_account","entry":[]}', '196eee9554ea3c95dfd3632c8a47b93e2093e17a3df0c8e35eb01ae548b86551'],
    ['', '341732e224ff919bf65953e9c72791c62604e8f557633bb520b10e6ee1079ec4'],
    ['{"text":"Grüß"}', 'aececedb5f864f22f7ecaa31fadcb08706d3c5f05e30bab985601b46334fefdf'],
    [
      String.raw`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messages":[{"text":{"body":"Gr\u00fc\u00df \ud83d\ude00 <\/b>"}}]}}]}]}`,
      'b0b381296e9ef6e58e1078ec014fac7c1462c32d6e1ffe8cc8965bc88aaa5ff6',
    ],
  ];

  test.each(VECTORS)('is taken over the bytes as they came: %s', (raw, hex) => {
    expect(signed(raw, `sha256=${hex}`)).toEqual({ ok: true });
    expect(signed(raw, `sha256=${hex.toUpperCase()}`)).toEqual({ ok: true });
  });

  test('with either secret while one is being changed, and with no third', () => {
    const [raw, hex] = VECTORS[3] ?? ['', ''];
    const verify = (signature: string): Verdict | undefined =>
      post?.verify({ method: 'POST', query: {}, headers: { 'x-hub-signature-256': `sha256=${signature}` }, raw: bytes(raw) }, changing);
    expect(verify(hex)).toEqual({ ok: true });
    // openssl dgst -sha256 -hmac the-new-secret
    expect(verify('3d9179ad95f43e6f1a9bd33daea13257fd5941db682f70432c814ec4abcf48ba')).toEqual({ ok: true });
    expect(verify('0'.repeat(64))).toMatchObject({ ok: false, status: 401 });
  });

  test('of what parsing and printing makes of a body does not fit it', () => {
    const [raw, hex] = VECTORS[3] ?? ['', ''];
    expect(signed(JSON.stringify(JSON.parse(raw)), `sha256=${hex}`)).toMatchObject({ ok: false, status: 401 });
  });

  test.each([undefined, '', 'sha256=', `sha1=${'0'.repeat(40)}`, `sha256=${'0'.repeat(64)}`, `sha256=${'0'.repeat(63)}`, `sha256=${'z'.repeat(64)}`])(
    'is refused: %s',
    (signature) => {
      const verdict = signed('{}', signature);
      expect(verdict).toMatchObject({ ok: false, status: 401 });
      expect(JSON.stringify(verdict)).not.toContain(SECRET);
    },
  );
});

describe('handshake', () => {
  const query = { 'hub.mode': 'subscribe', 'hub.verify_token': 'a-token-of-my-own', 'hub.challenge': '1158201444' };

  test('answers with the bare challenge', () => {
    expect(shaken(query)).toEqual({ ok: true, answer: { status: 200, body: '1158201444' } });
  });

  test.each([
    [{ 'hub.verify_token': 'a-token-of-my-owm' }, 403],
    [{ 'hub.verify_token': '' }, 403],
    [{ 'hub.mode': 'unsubscribe' }, 400],
    [{ 'hub.challenge': '<script>alert(1)</script>' }, 400],
    [{ 'hub.challenge': '' }, 400],
  ])('refuses %j', (change, wanted) => {
    expect(shaken({ ...query, ...change })).toMatchObject({ ok: false, status: wanted });
  });
});

describe('split', () => {
  const split = (text: string): readonly unknown[] => post?.split(bytes(text)) ?? [];

  test.each([
    '', 'null', '[]', '7', '"text"', '{', '{}', '{"object":"page","entry":[{"id":"1","messaging":[]}]}', '{"object":"instagram","entry":[]}',
    '{"ok":true,"update_id":1}', '{"messages":[{"id":"x"}]}', `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    `{"object":"whatsapp_business_account","entry":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`, '\ud800{"object"',
  ])('says that it is another network’s: %.60s', (text) => {
    expect(() => split(text)).toThrow(NotThisNetwork);
  });

  test('refuses bytes that are no UTF-8', () => {
    expect(() => post?.split(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]))).toThrow(NotThisNetwork);
  });

  test('cuts entries, changes and messages apart, in order', () => {
    const two = { ...messages(message('text', { text: { body: 'a' } }), message('text', { text: { body: 'b' } }, { id: 'wamid.b' })) };
    const entries = [...(two['entry'] as unknown[]), ...(messages(message('text', { text: { body: 'c' } }, { id: 'wamid.c' }))['entry'] as unknown[])];
    const pieces = split(JSON.stringify({ object: 'whatsapp_business_account', entry: entries }));
    const ids = pieces.flatMap((piece) => post?.decode(piece) ?? []).flatMap(({ items }) => items.map(({ event }) => 'id' in event && event.id));
    expect(ids).toEqual(['wamid.text', 'wamid.b', 'wamid.c']);
  });

  test.each([
    ['{"object":"page","entry":[{"messaging":[]}]}', '"object":"page", so it is from Messenger'],
    ['{"object":"instagram"}', 'Instagram'],
    ['{"update_id":1,"message":{"text":"private words"}}', 'has update_id, message'],
    ['[]', 'empty list'],
    ['7', 'bare value'],
  ])('says what it found instead, and nothing of what was written: %s', (text, words) => {
    const refused = (): unknown => split(text);
    expect(refused).toThrow(words);
    expect(refused).not.toThrow('private');
  });

  test('takes entries alone, a message or a status alone, and the older form of the API', () => {
    const entry = { id: '9', changes: [{ field: 'account_update', value: { event: 'ACCOUNT_DELETED' } }] };
    const types = (form: unknown): unknown[] => split(JSON.stringify(form)).flatMap((piece) => post?.decode(piece) ?? []).flatMap(({ items }) => items.map(({ event }) => event.type));
    for (const form of [entry, [entry, entry], { entry: [entry] }]) expect(new Set(types(form))).toEqual(new Set(['unsupported']));
    const alone = message('text', { text: { body: 'a' } });
    expect(types(alone)).toEqual(['message']);
    expect(types([alone, alone])).toEqual(['message', 'message']);
    expect(types({ id: 'wamid.out', status: 'read', timestamp: '1', recipient_id: '31600000001' })).toEqual(['delivery']);
    expect(types({ statuses: [{ id: 'gBEG', status: 'read', timestamp: '1', recipient_id: '31600000001' }] })).toEqual(['delivery']);
    expect(() => types({ ...alone, id: 'SM123' })).toThrow(NotThisNetwork);
  });

  test('takes a bare change, a bare value and a list of values too', () => {
    const bare = value({ messages: [message('text', { text: { body: 'a' } })] });
    for (const form of [{ field: 'messages', value: bare }, bare, [bare], { ...bare, field: 'messages' }, { entry: [{ changes: [{ value: bare }] }] }]) {
      const pieces = split(JSON.stringify(form));
      expect(pieces).toHaveLength(1);
      expect(post?.decode(pieces[0])[0]?.items[0]?.event.type).toBe('message');
    }
    expect(split('{"field":"account_update","value":{"event":"ACCOUNT_DELETED"}}')).toHaveLength(1);
  });

  test('keeps every digit of large numbers, and __proto__ out', () => {
    const raw = '{"object":"whatsapp_business_account","entry":[{"id":98765432109876543210,"time":1760000000,"changes":[{"field":"message_template_status_update","value":{"message_template_id":9007199254740993,"event":"APPROVED","__proto__":{"event":"x"},"score":0.25}}]}]}';
    const items = split(raw).flatMap((piece) => post?.decode(piece) ?? []).flatMap((each) => each.items);
    expect(items[0]?.event).toMatchObject({
      type: 'unsupported',
      what: 'message_template_status_update',
      detail: { message_template_id: '9007199254740993', event: 'APPROVED', score: '0.25' },
    });
    expect(items[0]?.key).toContain('98765432109876543210');
    expect(Object.prototype).not.toHaveProperty('event');
  });

  test('turns an entry without changes into something that is seen', () => {
    for (const odd of [{ entry: [] }, {}, { entry: [{ id: '1' }] }, { entry: [{ id: '1', changes: [null, 7, { value: null }] }] }]) {
      const pieces = split(JSON.stringify({ object: 'whatsapp_business_account', ...odd }));
      expect(pieces.length).toBeGreaterThan(0);
      for (const piece of pieces) expect(post?.decode(piece)[0]?.items.length).toBeGreaterThan(0);
    }
  });

  test('names the account of a change', () => {
    const [piece] = split(JSON.stringify(body(value({ messages: [message('text', { text: { body: 'a' } })] }))));
    expect(post?.decode(piece)[0]?.account).toBe('300000000000001');
  });
});
