import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AccountBroken, Rejected, Retry, Uncertain, Unreachable, type DeliveryError } from '../../src/model/errors.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import type { Connection } from '../../src/networks/network.ts';
import { chat, connect, NOW, part, source, TOKEN } from '../kit/whatsapp/account.ts';
import { FakeGraph, graphError, reply, type Received } from '../kit/whatsapp/graph.ts';
import { ANNA, ANNA_ID, NUMBER } from '../kit/whatsapp/payloads.ts';

let graph: FakeGraph;
let connection: Connection;
const text = { kind: 'text', text: plain('Hello') } as const;
const id = (value: string): RemoteId => value as RemoteId;
const taken = { messaging_product: 'whatsapp', contacts: [{ input: ANNA, wa_id: ANNA }], messages: [{ id: 'wamid.sent' }] };

beforeEach(async () => {
  graph = await new FakeGraph().start();
  graph.on((_request, answer) => reply(answer, 200, taken));
  connection = connect(graph.url);
});

afterEach(async () => {
  await connection.close();
  await graph.stop();
});

function last(): Received {
  const found = graph.received.at(-1);
  if (found === undefined) throw new Error('nothing was asked');
  return found;
}

async function failure(call: Promise<unknown>): Promise<DeliveryError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Error);
  const known = error as DeliveryError;
  expect(`${known.message} ${known.code}`).not.toContain(TOKEN);
  return known;
}

describe('what goes out', () => {
  test('text, with our key, a reply and a preview', async () => {
    const result = await connection.send(part({ kind: 'text', text: plain('See https://example.org') }, { replyTo: id('wamid.q') }));
    expect(result).toEqual({ id: 'wamid.sent', time: NOW, state: 'accepted' });
    expect(last()).toMatchObject({ method: 'POST', path: `/v23.0/${NUMBER}/messages`, headers: { authorization: `Bearer ${TOKEN}` } });
    expect(last().json()).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: ANNA,
      type: 'text',
      text: { body: 'See https://example.org', preview_url: true },
      context: { message_id: 'wamid.q' },
      biz_opaque_callback_data: 'key-1',
    });
  });

  test('to an id where no number is known, to a group by its id', async () => {
    await connection.send(part(text, { conversation: chat({ aliases: [ANNA_ID] }) }));
    expect(last().json()).toMatchObject({ recipient: ANNA_ID });
    expect(last().json()).not.toHaveProperty('to');
    await connection.send(part(text, { conversation: chat({ id: 'Y2Fw', kind: 'group', aliases: [] }) }));
    expect(last().json()).toMatchObject({ recipient_type: 'group', to: 'Y2Fw' });
  });

  test('learns an id that the answer names', async () => {
    graph.on((_request, answer) => reply(answer, 200, { ...taken, contacts: [{ input: ANNA, wa_id: ANNA, user_id: 'NL.777' }] }));
    expect(await connection.send(part(text))).toMatchObject({ learnt: { alias: 'NL.777' } });
  });

  test('location and contact cards', async () => {
    await connection.send(part({ kind: 'location', latitude: 52.37, longitude: 4.89, name: 'Dam', url: 'https://x.example' }));
    expect(last().json()).toMatchObject({ type: 'location', location: { latitude: 52.37, longitude: 4.89, name: 'Dam' } });
    const card = { name: 'Bo', organization: 'Smit', birthday: 'someday', phones: [{ value: '+31 6', person: ANNA, type: 'CELL' }], emails: [], urls: [], addresses: [{ value: 'Damrak' }] };
    await connection.send(part({ kind: 'contacts', contacts: [card] }));
    expect(last().json()['contacts']).toEqual([
      { name: { formatted_name: 'Bo', first_name: 'Bo' }, org: { company: 'Smit' }, phones: [{ phone: '+31 6', type: 'CELL', wa_id: ANNA }], addresses: [{ street: 'Damrak' }] },
    ]);
  });

  test('a file is uploaded as a stream, then sent by its id', async () => {
    graph.on((request, answer) => reply(answer, 200, request.path.endsWith('/media') ? { id: '4242' } : taken));
    const bytes = new TextEncoder().encode('%PDF-1.7 \r\n--not-a-boundary\r\n');
    const media = source(bytes, 'application/pdf', 'an "offer"\r\n.pdf');
    const content = { kind: 'file', media: { source: { network: '' } }, caption: plain('Look') } as const;
    await connection.send(part(content, { media }));
    const [upload, message] = graph.received;
    expect(upload?.path).toBe(`/v23.0/${NUMBER}/media`);
    expect(Number(upload?.headers['content-length'])).toBe(upload?.body.length);
    const form = await new Response(new Uint8Array(upload?.body ?? []), { headers: { 'content-type': upload?.headers['content-type'] ?? '' } }).formData();
    expect(form.get('messaging_product')).toBe('whatsapp');
    expect(form.get('type')).toBe('application/pdf');
    const file = form.get('file') as File;
    expect(file.name).toBe('an "offer" .pdf');
    expect(file.type).toBe('application/pdf');
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes);
    expect(message?.json()).toMatchObject({ type: 'document', document: { id: '4242', filename: 'an "offer"\r\n.pdf', caption: 'Look' } });
  });

  test.each([
    ['image', { type: 'image', image: { id: '4242' } }],
    ['video', { type: 'video', video: { id: '4242' } }],
    ['audio', { type: 'audio', audio: { id: '4242' } }],
    ['voice', { type: 'audio', audio: { id: '4242', voice: true } }],
    ['sticker', { type: 'sticker', sticker: { id: '4242' } }],
  ] as const)('%s', async (kind, wanted) => {
    graph.on((request, answer) => reply(answer, 200, request.path.endsWith('/media') ? { id: '4242' } : taken));
    await connection.send(part({ kind, media: { source: { network: '' } } }, { media: source(new Uint8Array(9), 'x/y', 'n') }));
    const sent = last().json();
    expect(sent).toMatchObject(wanted);
    expect(sent[wanted.type]).toEqual(Object.values(wanted)[1]);
  });

  test('a text of any kind is uploaded as plain text', async () => {
    graph.on((request, answer) => reply(answer, 200, request.path.endsWith('/media') ? { id: '4242' } : taken));
    await connection.send(part({ kind: 'file', media: { source: { network: '' } } }, { media: source(new Uint8Array(9), 'text/csv', 'a.csv') }));
    expect(graph.received[0]?.body.toString()).toMatch(/name="type"\r\n\r\ntext\/plain\r\n[^]*Content-Type: text\/plain\r\n/);
    expect(last().json()).toMatchObject({ document: { filename: 'a.csv' } });
  });

  test('a file is not uploaded again when only its message has to be', async () => {
    let refusals = 1;
    graph.on((request, answer) => {
      if (request.path.endsWith('/media')) return reply(answer, 200, { id: '4242' });
      return refusals-- > 0 ? reply(answer, 400, graphError(131016)) : reply(answer, 200, taken);
    });
    const request = part({ kind: 'image', media: { source: { network: '' } } }, { media: source(new Uint8Array(9), 'image/png', 'n') });
    expect(await failure(connection.send(request))).toBeInstanceOf(Retry);
    await connection.send(request);
    expect(graph.received.map((each) => each.path.split('/').at(-1))).toEqual(['media', 'messages', 'messages']);
  });

  test('a reaction, its removal, and what is no emoji', async () => {
    await connection.react?.(chat(), id('wamid.t'), '❤', 'key-2');
    expect(last().json()).toMatchObject({ type: 'reaction', reaction: { message_id: 'wamid.t', emoji: '❤️' }, biz_opaque_callback_data: 'key-2' });
    await connection.react?.(chat(), id('wamid.t'), null, 'key-3');
    expect(last().json()).toMatchObject({ reaction: { message_id: 'wamid.t', emoji: '' } });
    const before = graph.received.length;
    for (const odd of ['yes', '', '👍👍', 'a👍']) expect((await failure(connection.react?.(chat(), id('t'), odd, 'k') ?? Promise.resolve())).code).toBe('not_emoji');
    expect(graph.received).toHaveLength(before);
  });

  test.each([
    ['👍\ufe0f', '👍'], ['👍🏽\ufe0f', '👍🏽'], ['❤\ufe0e', '❤\ufe0f'], ['❤\u200d🔥', '❤\ufe0f\u200d🔥'], ['🏳\u200d🌈', '🏳\ufe0f\u200d🌈'], ['1\u20e3', '1\ufe0f\u20e3'], ['🇳🇱', '🇳🇱'],
  ])('an emoji goes out fully qualified, whatever selectors a client put in: %j', async (typed, sent) => {
    await connection.react?.(chat(), id('wamid.t'), typed, 'key-2');
    expect(last().json()).toMatchObject({ reaction: { emoji: sent } });
  });

  test('read marks; typing hangs on the newest message, and without one nothing happens', async () => {
    await connection.markRead?.(chat(), id('wamid.in'));
    expect(last().json()).toEqual({ messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.in' });
    await connection.typing?.(chat(), true);
    expect(last().json()).toEqual({ messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.in', typing_indicator: { type: 'text' } });
    const { lastInbound: _last, ...silent } = chat();
    await connection.typing?.(silent, true);
    await connection.typing?.(chat(), false);
    await connection.typing?.(chat({ kind: 'group' }), true);
    expect(graph.received).toHaveLength(2);
  });

  test('a name that is too long keeps its ending', async () => {
    graph.on((request, answer) => reply(answer, 200, request.path.endsWith('/media') ? { id: '4242' } : taken));
    for (const [name, sent] of [[`${'n'.repeat(250)}.pdf`, `${'n'.repeat(236)}.pdf`], [`${'n'.repeat(235)}😀${'n'.repeat(9)}.pdf`, `${'n'.repeat(235)}.pdf`], ['n'.repeat(250), 'n'.repeat(240)], ['short.pdf', 'short.pdf']]) {
      const content = { kind: 'file', media: { source: { network: '' } } } as const;
      await connection.send(part(content, { key: `key-${name}`, media: source(new TextEncoder().encode('%PDF'), 'application/pdf', name ?? '') }));
      expect(last().json()).toMatchObject({ document: { filename: sent } });
    }
  });

  test('an id that we made up goes nowhere', async () => {
    const odd = id('digest:0123');
    await connection.send(part(text, { replyTo: odd }));
    expect(last().json()).not.toHaveProperty('context');
    await connection.markRead?.(chat(), odd);
    await connection.typing?.(chat({ lastInbound: { id: odd, at: NOW } }), true);
    expect((await failure(connection.react?.(chat(), odd, '👍', 'k') ?? Promise.resolve())).code).toBe('no_target');
    expect(graph.received).toHaveLength(1);
  });

  test('nothing outside the 24 hours', async () => {
    const { lastInbound: _last, ...never } = chat();
    const closed = chat({ lastInbound: { id: id('wamid.in'), at: NOW - 24 * 3_600_000 } });
    for (const conversation of [never, closed]) {
      const error = await failure(connection.send(part(text, { conversation })));
      expect(error).toBeInstanceOf(Rejected);
      expect(error.code).toBe('window_closed');
      expect(error.message).toContain('24 hours');
      expect((await failure(connection.react?.(conversation, id('t'), '👍', 'k') ?? Promise.resolve())).code).toBe('window_closed');
    }
    expect(graph.received).toHaveLength(0);
    await connection.send(part(text, { conversation: chat({ lastInbound: { id: id('wamid.in'), at: NOW - 24 * 3_600_000 + 1 } }) }));
  });

  test('limits: one a pair every six seconds after 45, and the number’s own', () => {
    const scaled = connect(graph.url, { rate_scale: 100, throughput: 20 });
    expect(connection.rateKeys(chat())).toEqual([
      { key: `throughput:${NUMBER}`, perSecond: 80, burst: 8 },
      { key: `pair:${NUMBER}:${ANNA_ID}`, perSecond: 1 / 6.1, burst: 45, borrows: true },
    ]);
    expect(scaled.rateKeys(chat())).toMatchObject([{ perSecond: 2000, burst: 2 }, { perSecond: expect.closeTo(100 / 6.1) }]);
  });

  test('a lost send cannot be asked for', async () => {
    expect(await connection.findSent('key-1', chat(), 0)).toBe('unknown');
  });
});

describe('what an answer means', () => {
  test.each([
    [400, graphError(131047), Rejected, '131047'],
    [400, graphError(131026), Rejected, '131026'],
    [400, graphError(131062), Rejected, '131062'],
    [400, graphError(100, { error_subcode: 33 }), AccountBroken, '100/33'],
    [400, graphError(100), Rejected, '100'],
    [400, graphError(100, { message: 'API calls from the server require an appsecret_proof argument' }), AccountBroken, '100'],
    [400, graphError(131064), Rejected, '131064'],
    [404, graphError(803), AccountBroken, '803'],
    [400, graphError(999_998, { is_transient: true }), Retry, '999998'],
    [500, graphError(999_997), Uncertain, '999997'],
    [408, '', Uncertain, 'http_408'],
    [400, graphError(999_999), Rejected, '999999'],
    [429, graphError(130429), Retry, '130429'],
    [400, graphError(131056), Retry, '131056'],
    [400, graphError(80007), Retry, '80007'],
    [500, graphError(2), Retry, '2'],
    [500, graphError(131000), Retry, '131000'],
    [503, graphError(131016), Retry, '131016'],
    [500, graphError(1), Uncertain, '1'],
    [400, graphError(1), Rejected, '1'],
    [401, graphError(190, { message: `Malformed access token ${TOKEN}` }), AccountBroken, '190'],
    [403, graphError(10), AccountBroken, '10'],
    [403, graphError(200), AccountBroken, '200'],
    [403, graphError(131031), AccountBroken, '131031'],
    [400, graphError(133010), AccountBroken, '133010'],
    ...[133005, 133007, 133008, 133009, 133015].map((code) => [400, graphError(code), AccountBroken, String(code)] as const),
    ...[131001, 131006, 134101, 137000].map((code) => [400, graphError(code), Rejected, String(code)] as const),
    [502, '<html>bad gateway</html>', Uncertain, 'http_502'],
    [504, '', Uncertain, 'http_504'],
    [429, '', Retry, 'http_429'],
    [404, 'not here', Rejected, 'http_404'],
    [401, '', AccountBroken, 'http_401'],
    [302, '', Rejected, 'http_302'],
    [200, '<html>hotel wifi</html>', Uncertain, 'http_200'],
    [200, {}, Uncertain, 'no_id'],
    [200, { messages: 7 }, Uncertain, 'no_id'],
    [200, graphError(131056), Retry, '131056'],
  ])('%i %j', async (status, answerBody, kind, code) => {
    graph.on((_request, answer) => reply(answer, status, answerBody));
    const error = await failure(connection.send(part(text)));
    expect(error).toBeInstanceOf(kind);
    expect(error.code).toBe(code);
  });

  test('limits cost no try, and Retry-After is heard', async () => {
    graph.on((_request, answer) => reply(answer, 429, graphError(130429), { 'retry-after': '7' }));
    expect(await failure(connection.send(part(text)))).toMatchObject({ rateLimited: true, afterMs: 7000 });
    graph.on((_request, answer) => reply(answer, 400, graphError(131016)));
    expect(await failure(connection.send(part(text)))).toMatchObject({ rateLimited: false });
  });

  test.each([
    [{ 'retry-after': new Date(Date.now() + 1_800_000).toUTCString() }, 60_001, 1_801_000],
    [{ 'retry-after': 'soon' }, 60_000, 60_000],
    [{ 'retry-after': '999999' }, 3_600_000, 3_600_000],
    [{ 'x-business-use-case-usage': '{"200":[{"type":"whatsapp","call_count":100,"estimated_time_to_regain_access":4}]}' }, 240_000, 240_000],
    [{ 'x-business-use-case-usage': '{"200":[{"type":"whatsapp","estimated_time_to_regain_access":0}]}' }, 60_000, 60_000],
    [{ 'x-business-use-case-usage': 'not json' }, 60_000, 60_000],
  ])('the wait that an answer asks for: %j', async (headers, least, most) => {
    graph.on((_request, answer) => reply(answer, 400, graphError(80007), headers as Record<string, string>));
    const error = (await failure(connection.send(part(text)))) as Retry;
    expect(error.rateLimited).toBe(true);
    expect(error.afterMs).toBeGreaterThanOrEqual(least);
    expect(error.afterMs).toBeLessThanOrEqual(most);
  });

  test('nobody at the other end: surely not sent', async () => {
    await graph.stop();
    expect(await failure(connection.send(part(text)))).toBeInstanceOf(Unreachable);
    graph = await new FakeGraph().start();
  });

  test('the connection breaks after the request was written: nobody knows', async () => {
    graph.on((_request, _answer, raw) => raw.socket.destroy());
    expect(await failure(connection.send(part(text)))).toBeInstanceOf(Uncertain);
    expect(graph.received).toHaveLength(1);
  });

  test('the answer breaks off half-way: nobody knows', async () => {
    graph.on((_request, answer) => {
      answer.writeHead(200, { 'content-length': '1000' });
      answer.write('{"messages":[');
      setImmediate(() => answer.destroy());
    });
    expect(await failure(connection.send(part(text)))).toBeInstanceOf(Uncertain);
  });

  test('a broken upload showed nothing to anybody', async () => {
    graph.on((_request, _answer, raw) => raw.socket.destroy());
    const request = part({ kind: 'image', media: { source: { network: '' } } }, { media: source(new Uint8Array(9), 'image/png', 'n') });
    expect(await failure(connection.send(request))).toBeInstanceOf(Unreachable);
    graph.on((_request, answer) => reply(answer, 502, ''));
    expect(await failure(connection.send(request))).toBeInstanceOf(Unreachable);
  });

  test('a file that cannot be opened keeps its own reason', async () => {
    const media = {
      ...source(new Uint8Array(9), 'image/png', 'n'),
      // eslint-disable-next-line require-yield
      async *open(): AsyncGenerator<Uint8Array> {
        throw new Rejected('The file is gone.', 'spool_gone');
      },
    };
    const error = await failure(connection.send(part({ kind: 'image', media: { source: { network: '' } } }, { media })));
    expect(error.code).toBe('spool_gone');
  });

  test('read marks are never uncertain', async () => {
    graph.on((_request, _answer, raw) => raw.socket.destroy());
    expect(await failure(connection.markRead?.(chat(), id('wamid.in')) ?? Promise.resolve())).toBeInstanceOf(Unreachable);
  });

  test('a broken account is told once, and that it works again', async () => {
    const states: unknown[] = [];
    const stop = new AbortController();
    let broken = true;
    graph.on((request, answer) => (broken ? reply(answer, 401, graphError(190)) : reply(answer, 200, request.method === 'GET' ? { id: NUMBER } : taken)));
    const again = new Promise<void>((resolve) => {
      const sink = { cursor: () => null, accept: () => Promise.resolve(), state: (state: { ok: boolean }) => void (states.push(state), state.ok && resolve()) };
      void connection.start(sink, stop.signal);
    });
    await failure(connection.send(part(text)));
    await failure(connection.send(part(text)));
    broken = false;
    await again;
    stop.abort();
    expect(states).toEqual([{ ok: false, reason: expect.stringContaining('token'), fix: expect.stringContaining('access_token') }, { ok: true }]);
  });
});
