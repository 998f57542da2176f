import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Rejected } from '../../src/model/errors.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import type { Connection, PartRequest, Target } from '../../src/networks/network.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import { chat, connect, NOW, options, part, source } from '../kit/whatsapp/account.ts';
import { FakeGraph, graphError, reply } from '../kit/whatsapp/graph.ts';
import { ANNA, WABA } from '../kit/whatsapp/payloads.ts';

// What is written while only a template may go, and what groups add to sending.

let graph: FakeGraph;
let connection: Connection;
const template = { template: 'news', language: 'nl' };
const { lastInbound: _last, ...never } = chat();
const closed = chat({ lastInbound: { id: 'wamid.in' as RemoteId, at: NOW - 24 * 3_600_000 } });

beforeEach(async () => {
  graph = await new FakeGraph().start();
  graph.on((_request, answer) => reply(answer, 200, { messaging_product: 'whatsapp', contacts: [{ input: ANNA, wa_id: ANNA }], messages: [{ id: 'wamid.sent', message_status: 'accepted' }] }));
  connection = connect(graph.url, { closed_window: template });
});

afterEach(async () => {
  await connection.close();
  await graph.stop();
});

const last = (): Record<string, unknown> => graph.received.at(-1)?.json() ?? {};
const value = (): string => (last() as { template: { components: { parameters: { text: string }[] }[] } }).template.components[0]?.parameters[0]?.text ?? '';
const text = (words: string): PartRequest['content'] => ({ kind: 'text', text: plain(words) });
/** As the core does it: what is planned is what is sent. */
async function say(content: PartRequest['content'], rest: Partial<PartRequest> = {}, conversation: Target = closed): ReturnType<Connection['send']> {
  const [one, ...more] = connection.plan({ conversation, content, relay: rest.relay ?? null });
  expect(more).toEqual([]);
  return connection.send(part(one ?? content, { ...rest, conversation }));
}
const refused = async (call: Promise<unknown>): Promise<Rejected> => {
  const error = await call.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Rejected);
  return error as Rejected;
};

describe('a text in a closed window', () => {
  test.each([['24 hours later', closed], ['before their first word', never]] as const)('%s goes inside the template', async (_when, conversation) => {
    const result = await say(text('The shop is open'), {}, conversation);
    expect(result).toEqual({ id: 'wamid.sent', time: NOW, state: 'accepted' });
    expect(last()).toEqual({
      messaging_product: 'whatsapp', recipient_type: 'individual', to: ANNA, type: 'template', biz_opaque_callback_data: 'key-1',
      template: { name: 'news', language: { code: 'nl' }, components: [{ type: 'body', parameters: [{ type: 'text', text: 'The shop is open' }] }] },
    });
  });

  test('under the name of the variable, where it has one', async () => {
    await connection.close();
    connection = connect(graph.url, { closed_window: { ...template, parameter: 'text' } });
    await say(text('Hello'));
    expect(last()).toMatchObject({ template: { components: [{ parameters: [{ type: 'text', parameter_name: 'text', text: 'Hello' }] }] } });
  });

  test('says who speaks, on the same line', async () => {
    await connection.close();
    connection = connect(graph.url, { closed_window: template, relay_prefix: 'line' });
    expect((await say(text('Hello'), { relay: { name: 'Ben' } })).note).toBeUndefined();
    expect(value()).toBe('*Ben*: Hello');
  });

  test('with line ends, tabs and gaps, which no template takes: its writer hears of it', async () => {
    const { note } = await say(text('one\ntwo \t three\n\n  four        five\u2028six'));
    expect(value()).not.toMatch(/[\n\r\t\u2028]| {5}/);
    expect(value()).toMatch(/^one \/ two +three \/ four {4}five \/ six$/);
    expect(note).toMatch(/"news".*joined.*gaps/);
  });

  test.each([[1024, false], [1025, true]] as const)('of %i characters', async (length, isCut) => {
    const { note } = await say(text(`${'x'.repeat(length - 1)}y`));
    expect(value()).toHaveLength(1024);
    expect(value().endsWith(isCut ? 'x…' : 'y')).toBe(true);
    expect(note === undefined).toBe(!isCut);
    if (isCut) expect(note).toContain('cut off after 1023 characters');
  });

  test('no half of a character is left at the cut, and a text of any length is one message', async () => {
    await say(text(`${'x'.repeat(1022)}${'😀'.repeat(3_000)}`));
    expect(value()).toBe(`${'x'.repeat(1022)}…`);
    expect(graph.received.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('that has its place in the template, whose own words count too and are asked for once', async () => {
    const components = [{ type: 'HEADER', format: 'TEXT', text: 'Shop' }, { type: 'BODY', text: 'News: {{1}}. Bye!' }];
    graph.on((request, answer) => reply(answer, 200, request.method === 'POST' ? { messages: [{ id: 'wamid.sent' }] } : { data: [{ name: 'news', language: 'en', components: [] }, { name: 'news', language: 'nl', components }] }));
    for (const length of [1012, 1013]) {
      const { note } = await say(text('x'.repeat(length)));
      expect(value()).toHaveLength(1012);
      expect(note === undefined).toBe(length === 1012);
    }
    expect(graph.received.filter(({ method }) => method === 'GET').map(({ path }) => path)).toEqual([`/v23.0/${WABA}/message_templates?name=news&fields=name%2Clanguage%2Cstatus%2Ccomponents&limit=200`]);
  });

  test('as a reply: no template shows what it answers', async () => {
    const { note } = await say(text('Yes'), { replyTo: 'wamid.q' as RemoteId });
    expect(last()).not.toHaveProperty('context');
    expect(note).toContain('does not show what it answers');
  });

  test('that was planned for a template, when they wrote in the meantime', async () => {
    const long = `${'word '.repeat(1_500)}end`;
    const [one] = connection.plan({ conversation: closed, content: text(long), relay: null });
    const result = await connection.send(part(one ?? text(long)));
    expect(last()).toMatchObject({ type: 'text' });
    expect(result.note).toContain('cut off');
    expect(connection.plan({ conversation: chat(), content: text(long), relay: null })).toHaveLength(2);
  });

  test('a file is refused whole, with the reason, and nothing of it goes', async () => {
    const content = { kind: 'voice', media: { source: { network: '' } }, caption: plain('listen') } as const;
    const error = await refused(say(content, { relay: { name: 'Ben' }, media: source(new Uint8Array(9), 'audio/ogg', 'a.ogg') }));
    expect(error.code).toBe('window_closed');
    expect(error.message).toContain('text only');
    expect((await refused(connection.react?.(closed, 'wamid.t' as RemoteId, '👍', 'k') ?? Promise.resolve())).code).toBe('window_closed');
    expect(graph.received).toHaveLength(0);
  });

  test.each([
    [132000, /number of values/], [132001, /not approved/], [132005, /too long/], [132012, /another form/], [132015, /paused/], [132018, /do not fit/],
  ])('refused with %i, in words', async (code, words) => {
    graph.on((_request, answer) => reply(answer, 400, graphError(code)));
    expect(await refused(say(text('Hello')))).toMatchObject({ code: String(code), message: expect.stringMatching(words) });
  });

  test('a choice, a poll and a place go in words', async () => {
    await say({ kind: 'location', latitude: 52.37, longitude: 4.89, name: 'Dam' });
    expect(value()).toBe('📍 Dam / https://www.openstreetmap.org/?mlat=52.37&mlon=4.89');
    await say({ kind: 'choice', title: 'Red' });
    expect(value()).toBe('Red');
    await say({ kind: 'poll', question: 'When?', options: [{ id: 'a', text: 'Now' }, { id: 'b', text: 'Later' }], maxChoices: 1 });
    expect(value()).toBe('📊 When? / 1. Now / 2. Later');
  });
});

test('without a template all is as before', async () => {
  await connection.close();
  connection = connect(graph.url);
  expect((await refused(say(text('Hello')))).code).toBe('window_closed');
  expect(graph.received).toHaveLength(0);
  expect(() => options(graph.url, { closed_window: { template: 'News!', language: 'nl' } })).toThrow();
  expect(() => options(graph.url, { closed_window: { template: 'news' } })).toThrow();
});

describe('a group', () => {
  const group = chat({ id: 'Y2Fw/x', kind: 'group', aliases: [] });

  test('takes texts as a group, and templates too', async () => {
    await say(text('Hello all'), { replyTo: 'wamid.q' as RemoteId }, group);
    expect(last()).toMatchObject({ recipient_type: 'group', to: 'Y2Fw/x', type: 'text', context: { message_id: 'wamid.q' } });
    await say(text('Hello all'), {}, { ...never, id: 'Y2Fw/x', kind: 'group', aliases: [] });
    expect(last()).toMatchObject({ recipient_type: 'group', to: 'Y2Fw/x', type: 'template' });
  });

  test('takes places and contact cards in words', async () => {
    await say({ kind: 'location', latitude: 52.37, longitude: 4.89 }, { relay: { name: 'Ben' } }, group);
    expect(last()).toMatchObject({ type: 'text', text: { body: '*Ben*: 📍 52.37,4.89\nhttps://www.openstreetmap.org/?mlat=52.37&mlon=4.89' } });
    await say({ kind: 'contacts', contacts: [{ name: 'Bo', phones: [{ value: '+31 6' }], emails: [], urls: [], addresses: [] }] }, {}, group);
    expect(last()).toMatchObject({ text: { body: '👤 Bo\n+31 6' } });
  });

  test('pins, and takes pins away; a direct chat does not', async () => {
    await connection.pin?.(group, 'wamid.t' as RemoteId, true, 'key-p');
    expect(last()).toMatchObject({ recipient_type: 'group', to: 'Y2Fw/x', type: 'pin', pin: { type: 'pin', message_id: 'wamid.t', expiration_days: 30 }, biz_opaque_callback_data: 'key-p' });
    await connection.pin?.(group, 'wamid.t' as RemoteId, false, 'key-q');
    expect(last()).toMatchObject({ pin: { type: 'unpin', message_id: 'wamid.t' } });
    expect((await refused(connection.pin?.(chat(), 'wamid.t' as RemoteId, true, 'k') ?? Promise.resolve())).code).toBe('no_direct_pins');
    expect((await refused(connection.pin?.(group, 'digest:1' as RemoteId, true, 'k') ?? Promise.resolve())).code).toBe('no_target');
  });

  test('is described: name, description, and who is in it', async () => {
    graph.on((_request, answer) => reply(answer, 200, { id: group.id, subject: 'Kuip', description: '', participants: [{ wa_id: ANNA }, { user_id: 'NL.5', username: 'bo' }, {}] }));
    expect(await connection.describe?.(group)).toEqual({
      conversation: { id: group.id, scope: WABA, kind: 'group', perAccount: false, title: 'Kuip' },
      members: [{ id: ANNA, scope: WABA, phone: `+${ANNA}` }, { id: 'NL.5', scope: WABA, username: 'bo' }],
    });
    expect(graph.received.at(-1)?.path).toBe('/v23.0/Y2Fw%2Fx?fields=subject%2Cdescription%2Cparticipants');
  });

  test('can and cannot, with a reason for what it cannot', () => {
    const { out, in: into } = connection.capabilities(group);
    for (const feature of ['react', 'edit', 'delete', 'readReceipts', 'typing', 'location', 'contacts', 'thread', 'poll'] as const) {
      expect(out[feature]).toMatchObject({ level: 'none', reason: expect.stringMatching(/./) });
    }
    expect([out.pin.level, out.reply.level, into.members.level, into.react.level]).toEqual(['partial', 'full', 'full', 'none']);
    expect(connection.capabilities(chat()).out.pin.level).toBe('none');
  });

  test('is opened by its id', () => {
    const { settings } = options(graph.url);
    expect(whatsapp.resolve(' group:Y2Fw/x ', settings)).toMatchObject({ conversation: { id: 'Y2Fw/x', scope: WABA, kind: 'group', perAccount: false } });
    for (const bad of ['group:', 'group:a b', 'Y2Fw']) expect(() => whatsapp.resolve(bad, settings)).toThrow(Rejected);
  });

  test.each([
    [131020, /group of one/], [131041, /no member/], [131201, /only a part/i], [131202, /already/], [131204, /full/], [131207, /suspended/], [131209, /wide/], [131210, /192/],
    [131211, /as many groups/], [131212, /no member/], [131213, /no longer/], [131214, /cannot be made/], [131215, /may not use groups/],
  ])('error %i in words', async (code, words) => {
    graph.on((_request, answer) => reply(answer, 400, graphError(code)));
    expect(await refused(say(text('Hello'), {}, group))).toMatchObject({ code: String(code), message: expect.stringMatching(words) });
  });
});
