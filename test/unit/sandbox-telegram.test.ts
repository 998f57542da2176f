import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';

const TOKEN = '5:token-of-the-test-token-of-the-test';
let sandbox: TelegramSandbox;

beforeAll(async () => {
  sandbox = await startTelegramSandbox({ token: TOKEN });
});
afterAll(async () => {
  await sandbox.close();
});

interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, number>>;
}

async function call(method: string, values: Readonly<Record<string, unknown>> = {}, token = TOKEN, base = sandbox.url): Promise<Answer> {
  const answer = await request(`${base}/bot${token}/${method}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(values) });
  return { status: answer.statusCode, ...((await answer.body.json()) as Omit<Answer, 'status'>) };
}

describe('what is refused', () => {
  test.each([
    ['a token of somebody else', 'getMe', {}, '5:other', 401, 'Unauthorized'],
    ['a token of no form', 'getMe', {}, 'abc', 404, 'Not Found'],
    ['a method that is none', 'sendTelepathy', {}, TOKEN, 404, 'Not Found: method not found'],
    ['no chat', 'sendMessage', { text: 'x' }, TOKEN, 400, 'chat_id'],
    ['a chat nobody knows', 'sendMessage', { chat_id: 4, text: 'x' }, TOKEN, 400, 'Bad Request: chat not found'],
    ['somebody who never wrote', 'sendMessage', { chat_id: 77, text: 'x' }, TOKEN, 400, 'Bad Request: chat not found'],
    ['no text', 'sendMessage', { chat_id: 10, text: '  \n ' }, TOKEN, 400, 'Bad Request: message text is empty'],
    ['too much text', 'sendMessage', { chat_id: 10, text: 'x'.repeat(4097) }, TOKEN, 400, 'Bad Request: message is too long'],
    ['an entity beyond the text', 'sendMessage', { chat_id: 10, text: 'abc', entities: [{ type: 'bold', offset: 1, length: 3 }] }, TOKEN, 400, 'ends after the end'],
    ['an entity in the middle of a character', 'sendMessage', { chat_id: 10, text: '👍', entities: [{ type: 'bold', offset: 1, length: 1 }] }, TOKEN, 400, 'middle of a UTF-16 symbol'],
    ['entities crosswise', 'sendMessage', { chat_id: 10, text: 'abcd', entities: [{ type: 'bold', offset: 0, length: 3 }, { type: 'italic', offset: 2, length: 2 }] }, TOKEN, 400, 'crosswise'],
    ['bold in code', 'sendMessage', { chat_id: 10, text: 'abcd', entities: [{ type: 'code', offset: 0, length: 4 }, { type: 'bold', offset: 1, length: 1 }] }, TOKEN, 400, 'code'],
    ['an entity of no kind', 'sendMessage', { chat_id: 10, text: 'abcd', entities: [{ type: 'blink', offset: 0, length: 4 }] }, TOKEN, 400, 'entities.0.type'],
    ['a poll without options', 'sendPoll', { chat_id: 10, question: 'q', options: [] }, TOKEN, 400, 'at least 1'],
    ['a poll of thirteen', 'sendPoll', { chat_id: 10, question: 'q', options: Array.from({ length: 13 }, (_, index) => String(index)) }, TOKEN, 400, 'more than 12'],
    ['two reactions', 'setMessageReaction', { chat_id: 10, message_id: 1, reaction: [{ type: 'emoji', emoji: '👍' }, { type: 'emoji', emoji: '🔥' }] }, TOKEN, 400, 'REACTIONS_TOO_MANY'],
    ['a reaction that is not on the list', 'setMessageReaction', { chat_id: 10, message_id: 1, reaction: [{ type: 'emoji', emoji: '🦜' }] }, TOKEN, 400, 'REACTION_INVALID'],
    ['an edit of nothing', 'editMessageText', { chat_id: 10, message_id: 99, text: 'x' }, TOKEN, 400, 'message to edit not found'],
    ['an edit of another’s', 'editMessageText', { chat_id: 10, message_id: 1, text: 'x' }, TOKEN, 400, "message can't be edited"],
    ['a topic where there is none', 'sendMessage', { chat_id: 10, text: 'x', message_thread_id: 5 }, TOKEN, 400, 'message thread not found'],
    ['an answer to nothing', 'sendMessage', { chat_id: 10, text: 'x', reply_parameters: { message_id: 99 } }, TOKEN, 400, 'message to be replied not found'],
    ['a file that is none', 'sendPhoto', { chat_id: 10 }, TOKEN, 400, 'there is no photo in the request'],
    ['a secret that is none', 'setWebhook', { url: 'https://x.org', secret_token: 'ä' }, TOKEN, 400, 'unallowed characters'],
    ['a webhook without https', 'setWebhook', { url: 'http://x.org' }, TOKEN, 400, 'HTTPS URL must be provided'],
  ])('%s', async (_name, method, values, token, status, description) => {
    sandbox.person(77, { started: false });
    if (sandbox.message(10, 1) === undefined) sandbox.person(10).sendText('first');
    const answer = await call(method, values, token);
    expect(answer).toMatchObject({ status, ok: false });
    expect(answer.description).toContain(description);
  });

  test('a file of another kind, or too large', async () => {
    const form = (field: string, bytes: Uint8Array<ArrayBuffer>): FormData => {
      const data = new FormData();
      data.set('chat_id', '10');
      data.set(field, new Blob([bytes]), 'file.bin');
      return data;
    };
    const post = async (method: string, data: FormData): Promise<Answer> => {
      const answer = await fetch(`${sandbox.url}/bot${TOKEN}/${method}`, { method: 'POST', body: data });
      return { status: answer.status, ...((await answer.json()) as Omit<Answer, 'status'>) };
    };
    expect(await post('sendPhoto', form('photo', new TextEncoder().encode('no picture')))).toMatchObject({ status: 400, description: 'Bad Request: IMAGE_PROCESS_FAILED' });
    expect(await post('sendVoice', form('voice', new TextEncoder().encode('no sound')))).toMatchObject({ status: 400 });
    expect(await post('sendDocument', form('document', new Uint8Array(51 * 1024 * 1024)))).toMatchObject({ status: 413 });
    expect(await post('sendDocument', form('document', new TextEncoder().encode('fine')))).toMatchObject({ status: 200, ok: true });
  });

  test('another who asks ends the first; a webhook ends both', async () => {
    const first = call('getUpdates', { timeout: 20, offset: 1_000_000_000 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = call('getUpdates', { timeout: 20 });
    expect(await first).toMatchObject({ status: 409, description: expect.stringContaining('terminated by other getUpdates') });
    expect(await call('setWebhook', { url: 'http://127.0.0.1:9/x' })).toMatchObject({ ok: true });
    expect(await second).toMatchObject({ status: 409, description: expect.stringContaining('setWebhook') });
    expect(await call('getUpdates')).toMatchObject({ status: 409, description: expect.stringContaining('webhook is active') });
    expect(await call('deleteWebhook')).toMatchObject({ ok: true });
  });
});

test('updates stay until they are asked past; some come only where they are asked for', async () => {
  const own = await startTelegramSandbox({ token: TOKEN });
  const ask = async (values: Record<string, unknown> = {}): Promise<readonly { readonly update_id: number; readonly message?: { readonly text?: string } }[]> => (await call('getUpdates', values, TOKEN, own.url)).result as never;
  const anna = own.person(10);
  const id = anna.sendText('one');
  anna.react(id, ['👍']);
  anna.sendText('two');
  const all = await ask();
  expect(all.map(({ message }) => message?.text)).toEqual(['one', 'two']);
  expect(await ask()).toEqual(all);
  expect(await ask({ limit: 1 })).toHaveLength(1);
  expect((await ask({ offset: (all[0]?.update_id ?? 0) + 1 })).map(({ message }) => message?.text)).toEqual(['two']);
  expect(await ask({ offset: (all[1]?.update_id ?? 0) + 1, allowed_updates: ['message_reaction'] })).toEqual([]);
  anna.react(id, []);
  anna.sendText('not asked for');
  expect(await ask()).toMatchObject([{ message_reaction: { new_reaction: [], old_reaction: [{ emoji: '👍' }] } }]);
  await own.close();
});

test('limits, privacy and groups that moved', async () => {
  const own = await startTelegramSandbox({ token: TOKEN, limits: true, privacy: true });
  const anna = own.person(10);
  const chat = own.group('G', { type: 'group', members: [anna], bot: 'member' });
  anna.sendText('among us', { in: chat });
  anna.sendText('/bot listen', { in: chat });
  expect(own.pending).toBe(1);
  let limited: Answer | undefined;
  for (let count = 0; count < 25 && limited === undefined; count += 1) {
    const answer = await call('sendMessage', { chat_id: chat.id, text: `n ${count}` }, TOKEN, own.url);
    if (!answer.ok) limited = answer;
  }
  expect(limited).toMatchObject({ status: 429, parameters: { retry_after: expect.any(Number) } });
  const old = chat.id;
  chat.migrate(anna);
  expect(await call('sendMessage', { chat_id: old, text: 'x' }, TOKEN, own.url)).toMatchObject({ status: 400, parameters: { migrate_to_chat_id: chat.id } });
  await own.close();
});

test('a person can be acted over HTTP, but not by another page', async () => {
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> => {
    const answer = await request(`${sandbox.url}/_sandbox/${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
    return { status: answer.statusCode, body: (await answer.body.json()) as Record<string, unknown> };
  };
  expect(await post('people', { id: 31, firstName: 'Cy' })).toMatchObject({ status: 200, body: { id: 31 } });
  const made = await post('groups', { title: 'Page', members: [31] });
  const chat = Number(made.body['id']);
  const said = await post('people/31/act', { action: 'text', text: 'hi', chat });
  expect(sandbox.message(chat, Number(said.body['id']))?.body['text']).toBe('hi');
  expect(await post('people/31/act', { action: 'react', messageId: said.body['id'], emojis: ['👍'], chat })).toMatchObject({ status: 200 });
  expect(await post('people/99/act', { action: 'text', text: 'x' })).toMatchObject({ status: 404 });
  expect(await post('people/31/act', { action: 'fly' })).toMatchObject({ status: 400 });
  expect(await post('people', { id: 32 }, { origin: 'https://evil.example' })).toMatchObject({ status: 403 });
  expect((await request(`${sandbox.url}/_sandbox/messages?chat=${chat}`)).statusCode).toBe(200);
});
