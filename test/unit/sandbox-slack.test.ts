import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { startSlackSandbox, type SlackSandbox } from '../../src/sandbox/slack/index.ts';

const secrets = { botToken: 'xoxb-bot-token', appToken: 'xapp-app-token', signingSecret: 'a-signing-secret' };
let sandbox: SlackSandbox;
let general: string;

beforeEach(async () => {
  sandbox = await startSlackSandbox({ ...secrets, clockScale: 1000 });
  general = sandbox.channel('general', { members: [sandbox.person('bob').id] });
});
afterEach(async () => sandbox.close());

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, never>;
}

async function call(method: string, args: Record<string, unknown> = {}, token: string | null = secrets.botToken): Promise<Answered> {
  const answer = await fetch(`${sandbox.apiUrl}/${method}`, { method: 'POST', headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) }, body: JSON.stringify(args) });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, never> };
}
const error = async (method: string, args: Record<string, unknown> = {}, token?: string | null): Promise<unknown> => (await call(method, args, token)).body['error'];

describe('the Web API', () => {
  test('tokens', async () => {
    expect(await error('auth.test', {}, null)).toBe('not_authed');
    expect(await error('auth.test', {}, 'xoxb-another')).toBe('invalid_auth');
    expect(await error('apps.connections.open')).toBe('not_allowed_token_type');
    expect(await error('chat.postMessage', { channel: general, text: 'x' }, secrets.appToken)).toBe('not_allowed_token_type');
    expect((await call('auth.test')).body).toMatchObject({ ok: true, team_id: sandbox.teamId, user_id: sandbox.botUserId, bot_id: sandbox.botId });
    expect((await call('auth.test')).headers.get('x-oauth-scopes')).toContain('chat:write');
    sandbox.revoke(secrets.botToken);
    expect(await error('auth.test')).toBe('token_revoked');
  });

  test('methods, bodies and arguments', async () => {
    expect(await error('chat.doMagic')).toBe('unknown_method');
    const bad = async (type: string, body: string): Promise<unknown> => ((await (await fetch(`${sandbox.apiUrl}/auth.test`, { method: 'POST', headers: { 'content-type': type, authorization: `Bearer ${secrets.botToken}` }, body })).json()) as { error?: string }).error;
    expect(await bad('application/json', '{')).toBe('invalid_json');
    expect(await bad('application/json', '[]')).toBe('json_not_object');
    expect(await bad('text/plain', 'x')).toBe('invalid_post_type');
    expect(await error('conversations.info')).toBe('invalid_arguments');
    await call('chat.postMessage', { channel: general, text: 'x', colour: 'red' });
    expect(sandbox.oddities).toEqual(['chat.postMessage takes no argument colour']);
  });

  test('scopes', async () => {
    const poor = await startSlackSandbox({ ...secrets, botScopes: ['chat:write'] });
    const channel = poor.channel('general');
    const answer = async (method: string, args: object): Promise<Record<string, unknown>> => (await (await fetch(`${poor.apiUrl}/${method}`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${secrets.botToken}` }, body: JSON.stringify(args) })).json()) as Record<string, unknown>;
    expect(await answer('users.info', { user: poor.botUserId })).toMatchObject({ ok: false, error: 'missing_scope', needed: 'users:read', provided: 'chat:write' });
    expect(await answer('chat.postMessage', { channel, text: 'x', username: 'Alice' })).toMatchObject({ error: 'missing_scope', needed: 'chat:write.customize' });
    await poor.close();
  });

  test('what may be posted, and where', async () => {
    const post = async (args: Record<string, unknown>): Promise<unknown> => error('chat.postMessage', { channel: general, text: 'x', ...args });
    expect(await post({ text: '' })).toBe('no_text');
    expect(await post({ text: 'x'.repeat(40_000) })).toBeUndefined();
    expect(await post({ text: 'x'.repeat(40_001) })).toBe('msg_too_long');
    expect(await post({ channel: 'C0NONE' })).toBe('channel_not_found');
    expect(await post({ channel: sandbox.channel('away', { withoutBot: true }) })).toBe('not_in_channel');
    expect(await post({ channel: sandbox.channel('private', { withoutBot: true, kind: 'group' }) })).toBe('channel_not_found');
    expect(await post({ thread_ts: '1.1' })).toBe('thread_not_found');
    expect(await post({ markdown_text: '**x**' })).toBe('markdown_text_conflict');
    expect(await post({ metadata: { event_type: 'x' } })).toBe('invalid_metadata_format');
    expect(await post({ blocks: 'no' })).toBe('invalid_blocks_format');
    expect(await post({ blocks: [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [] }] }] })).toBe('invalid_blocks');
    expect(await post({ blocks: [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: '' }] }] }] })).toBe('invalid_blocks');
    expect(await post({ blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) })).toBe('invalid_blocks');
    sandbox.person('bob').archive(general);
    expect(await post({})).toBe('is_archived');
  });

  test('only what is one’s own is changed and deleted', async () => {
    const bobs = sandbox.person('bob').sendText(general, 'mine');
    expect(await error('chat.update', { channel: general, ts: bobs, text: 'no' })).toBe('cant_update_message');
    expect(await error('chat.delete', { channel: general, ts: bobs })).toBe('cant_delete_message');
    const { ts } = (await call('chat.postMessage', { channel: general, text: 'x', username: 'Alice' })).body as unknown as { ts: string };
    expect(await error('chat.update', { channel: general, ts, text: 'y'.repeat(4_001) })).toBe('msg_too_long');
    expect(await error('chat.update', { channel: general, ts, text: 'y' })).toBeUndefined();
    expect(sandbox.messages.at(-1)).toMatchObject({ text: 'y', username: 'Alice', subtype: 'bot_message' });
    expect(await error('chat.delete', { channel: general, ts })).toBeUndefined();
    expect(await error('chat.delete', { channel: general, ts })).toBe('message_not_found');
  });

  test('reactions and pins say what is so already', async () => {
    const ts = sandbox.person('bob').sendText(general, 'x');
    const one = { channel: general, timestamp: ts };
    expect(await error('reactions.add', { ...one, name: 'heart' })).toBeUndefined();
    expect(await error('reactions.add', { ...one, name: 'heart' })).toBe('already_reacted');
    expect(await error('reactions.add', { ...one, name: ':heart:' })).toBe('invalid_name');
    expect(await error('reactions.remove', { ...one, name: 'tada' })).toBe('no_reaction');
    expect(await error('pins.add', one)).toBeUndefined();
    expect(await error('pins.add', one)).toBe('already_pinned');
    expect(await error('pins.remove', { channel: general, timestamp: '1.1' })).toBe('message_not_found');
  });

  test('a file is nothing before its bytes, and is completed once', async () => {
    expect(await error('files.getUploadURLExternal', { filename: 'a.txt' })).toBe('invalid_arguments');
    const { upload_url: url, file_id: id } = (await call('files.getUploadURLExternal', { filename: 'a.txt', length: 5 })).body as unknown as { upload_url: string; file_id: string };
    expect(await error('files.completeUploadExternal', { files: [{ id }], channel_id: general })).toBe('file_not_found');
    expect((await fetch(url, { method: 'POST', body: 'four' })).status).toBe(400);
    expect(await (await fetch(url, { method: 'POST', body: 'bytes' })).text()).toBe('OK - 5');
    expect(await error('files.completeUploadExternal', { files: [{ id, title: 'A' }], channel_id: general })).toBeUndefined();
    expect(await error('files.completeUploadExternal', { files: [{ id, title: 'A' }], channel_id: general })).toBe('invalid_arguments');
    const file = (await call('files.info', { file: id })).body['file'] as unknown as { url_private_download: string };
    const page = await fetch(file.url_private_download);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await (await fetch(file.url_private_download, { headers: { authorization: `Bearer ${secrets.botToken}` } })).text()).toBe('bytes');
  });

  test('pages of lists, and the past in order', async () => {
    for (let each = 0; each < 5; each += 1) sandbox.person('bob').sendText(general, `m${each}`);
    const first = (await call('conversations.history', { channel: general, limit: 2 })).body as unknown as { messages: { text: string }[]; has_more: boolean; response_metadata: { next_cursor: string } };
    expect([first.messages.map(({ text }) => text), first.has_more]).toEqual([['m4', 'm3'], true]);
    const second = (await call('conversations.history', { channel: general, limit: 2, cursor: first.response_metadata.next_cursor })).body as unknown as { messages: { text: string }[] };
    expect(second.messages.map(({ text }) => text)).toEqual(['m2', 'm1']);
    expect(await error('conversations.history', { channel: general, cursor: 'x' })).toBe('invalid_cursor');
    expect(await error('users.conversations', { types: 'nonsense' })).toBe('invalid_types');
  });

  test('limits by tier, at the documented speed', async () => {
    const slow = await startSlackSandbox(secrets);
    const answers = await Promise.all(Array.from({ length: 22 }, async () => fetch(`${slow.apiUrl}/emoji.list`, { method: 'POST', headers: { authorization: `Bearer ${secrets.botToken}` } })));
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2);
    expect(Number(answers.find(({ status }) => status === 429)?.headers.get('retry-after'))).toBeGreaterThan(30);
    await slow.close();
  });

  test('no other web page acts here', async () => {
    expect((await fetch(`${sandbox.apiUrl}/auth.test`, { method: 'POST', headers: { origin: 'https://evil.example', authorization: `Bearer ${secrets.botToken}` } })).status).toBe(403);
  });
});

describe('events', () => {
  test('a ticket opens one socket; what is not acknowledged comes again', async () => {
    const { url } = (await call('apps.connections.open', {}, secrets.appToken)).body as unknown as { url: string };
    const socket = new WebSocket(url);
    const frames: Record<string, unknown>[] = [];
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as Record<string, unknown>));
    await once(socket, 'open');
    const again = new WebSocket(url);
    const [refused] = (await once(again, 'error')) as [Error];
    expect(refused.message).toContain('408');
    const seen = async (wanted: number): Promise<void> => {
      while (frames.filter(({ envelope_id: id }) => id !== undefined).length < wanted) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await seen(1);
    expect(frames[0]).toMatchObject({ type: 'hello', num_connections: 1, connection_info: { app_id: 'A0SANDBOX' } });
    sandbox.person('bob').sendText(general, 'hear me');
    const said = () => frames.find(({ payload }) => (payload as { event?: { text?: string } } | undefined)?.event?.text === 'hear me');
    while (said() === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    const first = said();
    expect(first).toMatchObject({ retry_attempt: 0, payload: { type: 'event_callback', authorizations: [{ user_id: sandbox.botUserId, is_bot: true }] } });
    const event = (first?.['payload'] as { event_id?: string } | undefined)?.event_id;
    const repeats = () => frames.filter(({ payload }) => (payload as { event_id?: string } | undefined)?.event_id === event);
    while (repeats().length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(repeats()[1]).toMatchObject({ retry_attempt: 1, retry_reason: 'timeout' });
    socket.send(JSON.stringify({ envelope_id: repeats()[1]?.['envelope_id'] }));
    sandbox.refresh('warning', 10);
    await once(socket, 'close');
    expect(frames.some(({ type, reason }) => type === 'disconnect' && reason === 'warning')).toBe(true);
  });

  test('posts are signed over the bytes, escaped, and repeated with their number', async () => {
    const seen: { headers: IncomingMessage['headers']; raw: string }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({ headers: request.headers, raw: Buffer.concat(chunks).toString() });
        const { challenge } = JSON.parse(Buffer.concat(chunks).toString()) as { challenge?: string };
        response.writeHead(challenge === undefined && seen.length < 4 ? 500 : 200).end(challenge ?? '');
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    await sandbox.subscribe(url);
    await sandbox.idle();
    const start = seen.length;
    sandbox.person('bob').sendText(general, 'naïve');
    await sandbox.idle();
    const posts = seen.slice(start);
    for (const { headers, raw } of posts) expect(headers['x-slack-signature']).toBe(`v0=${createHmac('sha256', secrets.signingSecret).update(`v0:${String(headers['x-slack-request-timestamp'])}:${raw}`).digest('hex')}`);
    expect(posts[0]?.raw).toContain('na\\u00efve');
    expect(posts.at(-1)?.headers['x-slack-retry-num']).toBe(posts.length === 1 ? undefined : String(posts.length - 1));
    server.close();
    server.closeAllConnections();
  });
});
