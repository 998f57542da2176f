import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { run } from '../../src/cli/program.ts';
import { cliParts } from '../kit/cli.ts';
import * as bodies from '../kit/whatsapp/payloads.ts';

const text = bodies.message('text', { text: { body: 'Hello *there*' } });
const MESSAGE = JSON.stringify(bodies.messages(text));

interface Printed {
  readonly events: readonly { readonly type: string }[];
  readonly unsupported: readonly { readonly what: string; readonly reason: string }[];
}

const schema = JSON.parse(readFileSync(new URL('../../docs/model.schema.json', import.meta.url), 'utf8')) as object;
const valid = new Ajv2020({ strict: true, strictTypes: false, keywords: ['version'] }).compile(schema);

async function inspect(body: string | Uint8Array, network = 'whatsapp'): Promise<{ code: number; printed: string; complained: string }> {
  const cli = cliParts({ stdin: body });
  const code = await run(['inspect', network, '-'], cli);
  return { code, printed: cli.printed(), complained: cli.complained() };
}

/** What is printed of a body that is understood: one document after the published schema, and nothing beside it. */
async function understood(body: unknown): Promise<Printed> {
  const { code, printed, complained } = await inspect(JSON.stringify(body));
  expect({ code, complained }).toEqual({ code: 0, complained: '' });
  const document = JSON.parse(printed) as Printed;
  valid(document);
  expect(valid.errors).toBeNull();
  return document;
}

describe('what is understood is printed by the published schema', () => {
  test('a message', async () => {
    const { events, unsupported } = await understood(bodies.messages(text));
    expect(unsupported).toEqual([]);
    expect(events).toMatchObject([{ type: 'message', id: 'wamid.text', parts: [{ kind: 'text' }] }]);
  });

  test.each([...Object.entries(bodies.MEDIA), ['contacts', bodies.CARD], ['order', bodies.ORDER]] as const)('%s', async (_, message) => {
    expect((await understood(bodies.messages(message))).events).toMatchObject([{ type: 'message' }]);
  });

  test('states of what was sent', async () => {
    for (const state of ['sent', 'delivered', 'read', 'played']) {
      expect((await understood(bodies.body(bodies.value({ statuses: [bodies.status(state)] })))).events).toMatchObject([{ type: 'delivery' }]);
    }
  });

  test.each(Object.entries(bodies.NOTICES))('%s has no place in a room: unsupported, with the reason', async (field, value) => {
    const { events, unsupported } = await understood(bodies.body(value, field));
    expect(events).toEqual([]);
    expect(unsupported.length).toBeGreaterThan(0);
    for (const { what, reason } of unsupported) expect([what, reason].every((part) => part.length > 3)).toBe(true);
  });

  test('a field that nobody knows yet, and a broken item among good ones', async () => {
    expect((await understood(bodies.body(bodies.value({}), 'brand_new_field'))).unsupported).toHaveLength(1);
    const { events, unsupported } = await understood(bodies.messages(text, { ...text, id: 5, from: null }, { ...text, id: 'wamid.last' }));
    expect(events).toHaveLength(2);
    expect(unsupported).toHaveLength(1);
  });

  test('several entries, changes and messages in one post', async () => {
    const entry = (id: string): unknown => ({ id, changes: [bodies.messages(text), bodies.messages(text)].map(() => ({ field: 'messages', value: bodies.value({ messages: [text, { ...text, id: 'wamid.2' }] }) })) });
    expect((await understood({ object: 'whatsapp_business_account', entry: [entry('1'), entry('2')] })).events).toHaveLength(8);
  });
});

describe('a tool’s record of a request is as good as the body itself', () => {
  const request = `POST /webhooks/whatsapp/main HTTP/1.1\r\nHost: matrix.example\r\nContent-Type: application/json\r\n\r\n`;
  const gateway = { resource: '/x', headers: { host: 'matrix.example' }, body: MESSAGE, isBase64Encoded: false };

  test.each<[string, string | Uint8Array]>([
    ['packed with gzip', gzipSync(MESSAGE)],
    ['with a byte order mark', `\ufeff${MESSAGE}`],
    ['in UTF-16', Buffer.from(`\ufeff${MESSAGE}`, 'utf16le')],
    ['in UTF-16, the other way round', Buffer.from(`\ufeff${MESSAGE}`, 'utf16le').swap16()],
    ['with the lines of HTTP', `${request}${MESSAGE}`],
    ['with the lines of HTTP, and packed', Buffer.concat([Buffer.from(request), gzipSync(MESSAGE)])],
    ['with headers alone', `Content-Type: application/json\nX-Hub-Signature-256: sha256=00\n\n${MESSAGE}`],
    ['as text within JSON', JSON.stringify(gateway)],
    ['as base64 within JSON', JSON.stringify({ ...gateway, body: Buffer.from(MESSAGE).toString('base64'), isBase64Encoded: true })],
    ['as JSON within a list', JSON.stringify([{ headers: {}, query: {}, body: JSON.parse(MESSAGE) as unknown }])],
    ['as JSON within text', JSON.stringify(MESSAGE)],
  ])('%s', async (_, record) => {
    const { code, printed } = await inspect(record);
    expect(code).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ events: [{ type: 'message', id: 'wamid.text' }], unsupported: [] });
  });

  test('several, one a line, in a list or one after another; of what is another network’s it is said', async () => {
    const page = '{"object":"page","entry":[]}';
    for (const record of [`${MESSAGE}\n${page}\n\n${MESSAGE}\n`, `[${MESSAGE},${page},${MESSAGE}]`, `${MESSAGE}${page}${MESSAGE}`, [MESSAGE, page, MESSAGE].map((each) => JSON.stringify(JSON.parse(each), null, 2)).join('\n')]) {
      const { code, printed } = await inspect(record);
      expect(code).toBe(0);
      expect(JSON.parse(printed)).toMatchObject({ events: [{ id: 'wamid.text' }, { id: 'wamid.text' }], unsupported: [{ what: 'body 2', reason: expect.stringContaining('Messenger') }] });
    }
  });

  test('of several that are cut off the last is told of', async () => {
    const pretty = JSON.stringify(JSON.parse(MESSAGE), null, 2);
    expect(JSON.parse((await inspect(`${pretty}\n${pretty.slice(0, -20)}`)).printed)).toMatchObject({ events: [{ id: 'wamid.text' }], unsupported: [{ what: 'body 2', reason: expect.stringContaining('does not parse') }] });
  });

  test('digits beyond what JavaScript counts are kept', async () => {
    const record = `{"body":${MESSAGE.replace('"wamid.text"', '12345678901234567890')}}`;
    expect(JSON.parse((await inspect(record)).printed)).toMatchObject({ events: [{ id: '12345678901234567890' }] });
  });

  test.each<[string, string | Uint8Array]>([
    ['a bomb', gzipSync(Buffer.alloc(50_000_000, 32))], ['no gzip after all', Buffer.from('1f8b08000000', 'hex')], ['an empty wrapping', '{"body":null}'],
    ['wrappings without end', JSON.stringify({ body: JSON.stringify({ body: JSON.stringify({ body: JSON.stringify({ body: JSON.stringify({ body: MESSAGE }) }) }) }) })],
    ['lists of another network', '[{"update_id":1},{"update_id":2}]'], ['one after another of another network', '{"update_id":1}{"update_id":2}'], ['text between bodies', `${MESSAGE} and ${MESSAGE}`], ['headers alone', request],
  ])('%s is refused', async (_, record) => {
    const { code, printed, complained } = await inspect(record);
    expect({ code, printed }).toEqual({ code: 2, printed: '' });
    expect(complained).toMatch(/^DB-4001: /);
  });

  test('where JSON fails is told, and nothing of what stands there', async () => {
    const told = async (body: string): Promise<string> => (await inspect(body)).complained;
    expect(await told('{"a": 1,\n "secret" 2}')).toMatch(/does not parse at line 2, column 11\./);
    expect(await told('{"a": "secr')).toMatch(/does not parse: it ends too early\./);
    expect(await told('From=secret&Body=hi')).toMatch(/does not parse: it begins with something else\./);
    expect(await told(' \n')).toMatch(/there is nothing in it\./);
  });
});

describe("what is not that network's ends with 2, nothing printed and the reason told", () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /it is empty/], ['no JSON', '{"object":', /does not parse/], ['no text', Buffer.from('ff00fe', 'hex'), /UTF-8/], ['a number', '1', /looked for/],
    ['a list', '[]', /looked for/], ['null', 'null', /looked for/], ['deep JSON', '['.repeat(200_000), /./], ['5 MB', `"${'x'.repeat(5e6)}"`, /larger than 4194304 bytes/],
    ['Messenger', '{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"sender":{"id":"2"},"recipient":{"id":"1"},"message":{"mid":"m","text":"hi"}}]}]}', /looked for/],
    ['Instagram', '{"object":"instagram","entry":[{"id":"1","changes":[{"field":"comments","value":{}}]}]}', /looked for/],
    ['Slack', '{"token":"x","team_id":"T1","type":"event_callback","event":{"type":"message","channel":"C1","user":"U1","text":"hi","ts":"1.2"}}', /looked for/],
    ['Telegram', '{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"},"from":{"id":1,"is_bot":false,"first_name":"A"},"text":"hi"}}', /looked for/],
    ['Viber', '{"event":"message","timestamp":1,"message_token":1,"sender":{"id":"a","name":"A"},"message":{"type":"text","text":"hi"}}', /looked for/],
    ['prototypes', '{"__proto__":{"object":"whatsapp_business_account"},"constructor":{"entry":[]}}', /looked for/],
  ])('%s', async (_, body, reason) => {
    const { code, printed, complained } = await inspect(body);
    expect({ code, printed }).toEqual({ code: 2, printed: '' });
    expect(complained).toMatch(/^DB-4001: This is no webhook body of WhatsApp: [^\n]+\.\nFix: [^\n]+\n$/);
    expect(complained).toMatch(reason);
  });
});

describe('where the body comes from', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-inspect-'));
  const file = join(folder, 'body.json');
  writeFileSync(file, MESSAGE);
  const endless: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() { for (;;) yield await Promise.resolve(Buffer.alloc(65_536, 32)); } };

  test('a file, with no config at all', async () => {
    expect(await run(['inspect', 'whatsapp', file], cliParts({}))).toBe(0);
    expect(await run(['--config', '/nowhere', 'inspect', 'whatsapp', file], cliParts({ env: { DRAWBRIDGE_CONFIG: '/nowhere' } }))).toBe(0);
  });

  test('no more is read than a body can have', async () => {
    const cli = { ...cliParts({}), stdin: endless };
    expect(await run(['inspect', 'whatsapp', '-'], cli)).toBe(2);
    expect(cli.complained()).toContain('larger than');
  });

  test.each([['none there', join(folder, 'none.json'), 'ENOENT'], ['a folder', folder, 'EISDIR']])('%s: exit code 1 and why', async (_, path, why) => {
    const cli = cliParts({});
    expect(await run(['inspect', 'whatsapp', path], cli)).toBe(1);
    expect(cli.complained()).toContain(`DB-1008: ${path} cannot be read (${why}).\nFix: `);
    expect(cli.printed()).toBe('');
  });

  test.each([['watsapp', 'Did you mean "whatsapp"?'], ['constructor', 'There is no network'], ['', 'There is no network']])('a network that there is not names those that there are: %j', async (network, expected) => {
    const { code, printed, complained } = await inspect(MESSAGE, network);
    expect({ code, printed }).toEqual({ code: 1, printed: '' });
    expect(complained).toContain('DB-4002: ');
    expect(complained).toMatch(/Choose among whatsapp(?:, \w+)*\./);
    expect(complained).toContain(expected);
  });
});
