import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createEmulator, type Emulator } from 'emulate';
import { Rejected } from '../../src/model/errors.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { settings } from '../../src/networks/slack/settings.ts';
import type { SlackConnection } from '../../src/networks/slack/connection.ts';
import { connect, file, part, target, textIn, tsIn } from '../kit/slack/account.ts';

/**
 * The Web API half of the adapter against a stand-in that others wrote (npm `emulate`, exactly 0.12.2). What it cannot do is said at
 * the end, as tests of its own: if it learns one of these things, that test fails and the case belongs above.
 */
const TOKEN = 'xoxb-token-for-the-emulator';

let emulator: Emulator;
let connection: SlackConnection;
let general: string;
let self: string;
let bob: string;

async function ask(method: string, args: Record<string, string> = {}): Promise<Record<string, never>> {
  const answer = await fetch(`${emulator.url}/api/${method}`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body: new URLSearchParams(args) });
  return answer.status === 404 ? ({ ok: false, error: 'http_404' } as never) : ((await answer.json()) as Record<string, never>);
}

beforeAll(async () => {
  emulator = await createEmulator({
    service: 'slack', port: 0,
    seed: { slack: { team: { name: 'Contract' }, users: [{ name: 'bridge' }, { name: 'bob', real_name: 'Bob' }], channels: [{ name: 'contract', topic: 'The topic' }], tokens: [{ token: TOKEN, user: 'bridge', type: 'bot' }] } },
  });
  const who = await ask('auth.test');
  self = who['user_id'] as unknown as string;
  bob = ((await ask('users.list'))['members'] as unknown as { id: string; name: string }[]).find(({ name }) => name === 'bob')?.id ?? '';
  general = ((await ask('conversations.list'))['channels'] as unknown as { id: string; name: string }[]).find(({ name }) => name === 'contract')?.id ?? '';
  const app = settings.parse({ app_token: 'xapp-nobody-asks', api_url: `${emulator.url}/api`, accounts: { bot: { team_id: who['team_id'], user_id: self, token: TOKEN } } });
  connection = connect(app);
}, 30_000);

afterAll(async () => {
  await connection?.close();
  await emulator?.close();
});

const history = async (): Promise<Record<string, unknown>[]> => (await ask('conversations.history', { channel: general, include_all_metadata: 'true' }))['messages'] as unknown as Record<string, unknown>[];

describe('emulate 0.12.2', () => {
  test('knows the token, and refuses another', async () => {
    await connection.check();
    expect(self).toMatch(/^U/);
  });

  test('takes a text with blocks and a mark, and the mark is found again', async () => {
    const request = part(target(general), { kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: 'a <b> ' }, { t: 'bold', children: [{ t: 'text', text: 'c' }] }] }] });
    const sent = await connection.send(request);
    const [message] = await history();
    expect(message).toMatchObject({ ts: tsIn(sent.id), metadata: { event_type: 'drawbridge', event_payload: { key: request.key } } });
    expect(message?.['blocks']).toMatchObject([{ type: 'rich_text', elements: [{ type: 'rich_text_section' }] }]);
    expect(await connection.findSent(request.key, target(general), Date.now())).toMatchObject({ id: sent.id });
    expect(await connection.findSent('never', target(general), Date.now())).toBe('absent');
  });

  test('takes answers in threads', async () => {
    const root = await connection.send(part(target(general), 'root'));
    const below = await connection.send(part(target(general), 'below', { thread: { root: root.id } }));
    const replies = (await ask('conversations.replies', { channel: general, ts: tsIn(root.id) }))['messages'] as unknown as { ts: string; thread_ts?: string }[];
    expect(replies.map(({ ts }) => ts)).toEqual([tsIn(root.id), tsIn(below.id)]);
  });

  test('changes and deletes', async () => {
    const sent = await connection.send(part(target(general), 'first'));
    await connection.edit({ ...part(target(general), 'second'), target: sent.id });
    expect((await history()).find(({ ts }) => ts === tsIn(sent.id))).toMatchObject({ text: 'second' });
    await connection.delete(target(general), sent.id);
    expect((await history()).some(({ ts }) => ts === tsIn(sent.id))).toBe(false);
    await connection.delete(target(general), sent.id);
  });

  test('reacts, once, and takes it back', async () => {
    const sent = await connection.send(part(target(general), 'react to this'));
    await connection.react(target(general), sent.id, '👍', 'k');
    await connection.react(target(general), sent.id, '👍', 'k');
    const reactions = async () => (await history()).find(({ ts }) => ts === tsIn(sent.id))?.['reactions'];
    expect(await reactions()).toMatchObject([{ name: '+1', users: [self], count: 1 }]);
    await connection.react(target(general), sent.id, '❤️', 'k', '👍');
    expect(await reactions()).toMatchObject([{ name: 'heart', count: 1 }]);
    await connection.react(target(general), sent.id, null, 'k', '❤️');
    expect((await reactions()) ?? []).toEqual([]);
  });

  test('pins', async () => {
    const sent = await connection.send(part(target(general), 'pin this'));
    await connection.pin(target(general), sent.id, true);
    await connection.pin(target(general), sent.id, true);
    await connection.pin(target(general), sent.id, false);
    await connection.pin(target(general), sent.id, false);
  });

  test('takes a file in three steps, and hands its bytes out', async () => {
    const bytes = Buffer.from('the bytes of a file');
    const sent = await connection.send(part(target(general), { kind: 'file', media: { source: { network: '' } } }, { media: file(bytes, 'notes.txt', 'text/plain') }));
    const page = await connection.history(target(general), 20);
    const event = page.items.map((item) => item.event).find((each) => each.type === 'message' && each.id === sent.id);
    if (event?.type !== 'message') throw new Error('the message of the file is not in the history');
    const content = event.parts.find((each) => 'media' in each);
    if (content === undefined || !('media' in content) || !('network' in content.media.source)) throw new Error('no file');
    expect(content.media.name).toBe('notes.txt');
    const stream = await connection.openMedia(content.media.source.network, AbortSignal.timeout(5_000));
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream.bytes) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(bytes);
  });

  test('opens a direct chat, and tells who is who', async () => {
    const sent = await connection.send(part(target(bob, 'direct'), 'hello Bob'));
    expect(sent.learnt?.alias).toMatch(/^D/);
    expect(await connection.profile({ id: bob, scope: '' })).toMatchObject({ id: bob, username: 'bob' });
    const facts = await connection.describe(target(general));
    expect(facts.conversation).toMatchObject({ id: general, title: 'contract', topic: 'The topic' });
    expect(facts.members?.map(({ id }) => id)).toEqual(expect.arrayContaining([self, bob]));
  });

  test('the past comes with its text', async () => {
    await connection.send(part(target(general), 'remember *this*'));
    const page = await connection.history(target(general), 10);
    const texts = page.items.flatMap(({ event }) => (event.type === 'message' ? event.parts.map(textIn) : []));
    expect(texts).toContain('remember *this*');
  });

  test('refuses what it cannot find', async () => {
    await expect(connection.send(part(target('C0NOWHERE'), 'x'))).rejects.toThrow(Rejected);
    await expect(connection.edit({ ...part(target(general), 'x'), target: `${general}:1700000000.000100` as RemoteId })).rejects.toThrow(Rejected);
  });
});

describe('what it cannot do', () => {
  test('there is no Socket Mode, so nothing can be received', async () => {
    expect((await ask('apps.connections.open')).ok).toBe(false);
  });

  test('a message by another name stays that of the token’s user, without bot_message, bot_id and app_id: own messages are known only by their user', async () => {
    await connection.send(part(target(general), 'as Alice', { relay: { name: 'Alice', avatarUrl: 'https://example.org/a.png' } }));
    const [message] = await history();
    expect(message).toMatchObject({ text: 'as Alice', user: self });
    expect(message?.['subtype']).toBeUndefined();
  });

  test('it has no limits: no 429, however fast', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, async () => ask('chat.postMessage', { channel: general, text: 'quick' })));
    expect(answers.every(({ ok }) => ok === true)).toBe(true);
  });

  test('it does not look at what blocks hold', async () => {
    expect((await ask('chat.postMessage', { channel: general, text: 'x', blocks: JSON.stringify([{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [] }] }]) })).ok).toBe(true);
  });

  test('it knows no custom emoji and no groups of people', async () => {
    for (const method of ['emoji.list', 'usergroups.list']) expect((await ask(method)).ok).toBe(false);
  });
});
