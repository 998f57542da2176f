import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NetworkEvent } from '../../src/model/events.ts';
import type { AppSettings, Webhook } from '../../src/networks/network.ts';
import { telegram } from '../../src/networks/telegram/index.ts';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import { MemorySink, options, TOKEN } from '../kit/telegram/account.ts';

const SECRET = 'a-secret-of-the-test_0123456789';
const hook = telegram.webhooks[0] as Webhook;
const settings = (more: Record<string, unknown> = {}): AppSettings => telegram.settings.parse({ receive: 'webhook', webhook_secret: SECRET, accounts: { bot: { token: TOKEN } }, ...more });

function verdict(headers: Readonly<Record<string, string | undefined>>, app = settings()): number {
  const found = hook.verify({ method: 'POST', query: {}, headers, raw: new Uint8Array() }, app);
  return found.ok ? 200 : found.status;
}

describe('the secret', () => {
  test('only the right one is let in, whole', () => {
    expect(verdict({ 'x-telegram-bot-api-secret-token': SECRET })).toBe(200);
    expect(verdict({})).toBe(401);
    expect(verdict({ 'x-telegram-bot-api-secret-token': SECRET.slice(1) })).toBe(401);
    expect(verdict({ 'x-telegram-bot-api-secret-token': `${SECRET}x` })).toBe(401);
    expect(verdict({ 'x-telegram-bot-api-secret-token': '' })).toBe(401);
  });

  test('an app that asks by itself takes no webhooks', () => {
    expect(verdict({ 'x-telegram-bot-api-secret-token': SECRET }, settings({ receive: 'poll' }))).toBe(404);
  });
});

describe('settings', () => {
  const problems = (value: unknown): string => telegram.settings.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') ?? '';
  const account = { token: TOKEN };
  test.each([
    ['a token that is none', { accounts: { a: { token: 'abc' } } }, /accounts\.a\.token: must be the token/],
    ['two accounts of one bot', { accounts: { a: account, b: account } }, /accounts\.b\.token: must be of another bot/],
    ['a webhook without a secret', { receive: 'webhook', accounts: { a: account } }, /webhook_secret: is needed/],
    ['a webhook for two bots', { receive: 'webhook', webhook_secret: SECRET, accounts: { a: account, b: { token: '5:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' } } }, /accounts: can hold one bot/],
    ['an address that anybody can read', { api_url: 'http://example.org', accounts: { a: account } }, /api_url: must be an https address/],
    ['a directory that is none', { local_dir: 'here', accounts: { a: account } }, /local_dir: must be an absolute path/],
    ['a key that is not known', { accounts: { a: { ...account, no_such: 1 } } }, /no_such/],
  ])('%s', (_name, value, problem) => {
    expect(problems(value)).toMatch(problem);
  });

  test('whom one can open a chat with', () => {
    const found = telegram.resolve(' 123456789 ', { owners: [] });
    expect(found.conversation).toEqual({ id: '123456789', scope: '', kind: 'direct', perAccount: true });
    expect(telegram.resolve('-1001234567890', { owners: [] }).conversation).toMatchObject({ kind: 'group', perAccount: false });
    expect(telegram.resolve('-4001234', { owners: [] }).conversation).toMatchObject({ kind: 'group', perAccount: true });
    expect(() => telegram.resolve('@anna', { owners: [] })).toThrow(/ask them to write to the bot first/);
  });
});

describe('from the sandbox over HTTP', () => {
  let sandbox: TelegramSandbox;
  let server: Server;
  let publicUrl = '';
  const events: NetworkEvent[] = [];
  /** Answers to give before 200s. */
  const failing: number[] = [];

  beforeAll(async () => {
    sandbox = await startTelegramSandbox({ token: TOKEN, clockScale: 1000 });
    server = createServer((request, response) => void take(request).then((status) => response.writeHead(status).end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await sandbox.close();
    await new Promise((resolve) => server.close(resolve));
  });

  async function take(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    if (request.url !== '/webhooks/telegram/main') return 404;
    const found = hook.verify({ method: 'POST', query: {}, headers: request.headers as Record<string, string>, raw }, settings());
    if (!found.ok) return found.status;
    const fail = failing.shift();
    if (fail !== undefined) return fail;
    for (const piece of hook.split(raw)) for (const { account, items } of hook.decode(piece, settings())) {
      expect(account).toBeUndefined();
      events.push(...items.map(({ event }) => event));
    }
    return 200;
  }

  test('the bridge sets it, with its secret and all that it wants to be told; what is refused comes again', async () => {
    const connection = telegram.connect(options(sandbox.url, { app: { receive: 'webhook', webhook_secret: SECRET }, publicUrl }));
    const sink = new MemorySink();
    await connection.start(sink, new AbortController().signal);
    expect(sandbox.webhook).toEqual({ url: `${publicUrl}/webhooks/telegram/main`, secret: SECRET });
    expect(sandbox.allowed).toEqual(expect.arrayContaining(['message', 'message_reaction', 'chat_member']));
    const anna = sandbox.person(9001, { firstName: 'Anna' });
    failing.push(503, 500);
    const id = anna.sendText('over the wire');
    anna.react(id, ['👍']);
    await sandbox.idle();
    expect(events.map(({ type }) => type).sort()).toEqual(['message', 'reactions.set']);
    expect(sandbox.posts.map(({ status }) => status).filter((status) => status !== 200)).toEqual([503, 500]);
    sandbox.tell('message', { message_id: 9, from: { id: 700100200, is_bot: true, first_name: 'b' }, chat: { id: -100, type: 'supergroup', title: 'x' }, date: 1, new_chat_title: 'y' });
    await sandbox.idle();
    expect(events.at(-1)).toMatchObject({ type: 'conversation.changed', by: { isSelf: true } });
    await connection.close();
  });

  test('without a public address the account says what to do', async () => {
    const connection = telegram.connect(options(sandbox.url, { app: { receive: 'webhook', webhook_secret: SECRET } }));
    const sink = new MemorySink();
    await connection.start(sink, new AbortController().signal);
    expect(sink.states).toMatchObject([{ ok: false, fix: 'Set public_url, or receive: poll.' }]);
    await connection.close();
  });

  test('asked by polling, the webhook of before is taken away', async () => {
    const connection = telegram.connect(options(sandbox.url));
    const sink = new MemorySink();
    await connection.start(sink, new AbortController().signal);
    expect(sandbox.webhook).toBeNull();
    sandbox.person(9002).sendText('by polling');
    await sink.event('message');
    await connection.close();
  });
});
