import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { Rejected } from '../../src/model/errors.ts';
import { alone } from '../../src/networks/rocketchat/decode/context.ts';
import { decodeMessage } from '../../src/networks/rocketchat/decode/message.ts';
import { Ddp } from '../../src/networks/rocketchat/ddp.ts';
import type { RichText } from '../../src/model/richtext.ts';
import { toPlain } from '../../src/text/plain.ts';
import { file, groupTarget, startTalk, type Talk } from '../kit/rocketchat/account.ts';
import { eventually } from '../kit/stack/stack.ts';

let talk: Talk;
afterEach(async () => {
  await (talk as Talk | undefined)?.close();
  talk = undefined as unknown as Talk;
});

describe('a file of a message', () => {
  test.each([
    ['climbs out of the folder', '/file-upload/../api/v1/me'],
    ['climbs out in other letters', '/file-upload/%2e%2e/api/v1/me'],
    ['climbs out backwards', '/file-upload/x\\..\\..\\api\\v1\\me'],
    ['climbs out of a store', '/ufs/GridFS:Uploads/../../api/v1/me'],
    ['climbs out past a proxy that reads what is encoded', '/file-upload/..%2f..%2Fapi/v1/me'],
  ])('that %s is none: nobody reads with the token of the account', async (_name, address) => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna');
    anna.send(talk.sandbox.general, { msg: '', attachments: [{ type: 'file', title: 'x.txt', title_link: address, title_link_download: true }] });
    const message = await eventually('the message', () => talk.heard.of('message')[0]);
    expect(message.parts.filter((part) => 'media' in part)).toEqual([]);
    // Nor where such a path has been stored before.
    const failed = await talk.connection.openMedia(JSON.stringify({ path: address }), AbortSignal.timeout(5_000)).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Rejected);
    expect(failed).toMatchObject({ code: 'media_host' });
  });
});

describe('one room', () => {
  const missed = async (write: () => void): Promise<void> => {
    talk.sandbox.person('anna').sendText(talk.sandbox.general, 'before');
    await eventually('the first', () => talk.heard.of('message').length === 1);
    talk.sandbox.faults.socketDown = true;
    talk.sandbox.breakSockets();
    await eventually('no socket', () => talk.sandbox.sockets === 0);
    write();
    talk.sandbox.faults.socketDown = false;
    await eventually('the socket', () => talk.sandbox.sockets === 1, 20_000);
    talk.sandbox.person('anna').sendText(talk.sandbox.general, 'after');
  };
  const said = (): readonly string[] => talk.heard.of('message').map(({ parts: [part] }) => (part?.kind === 'text' ? toPlain(part.text).slice(0, 6) : ''));

  test('that does not let itself be caught up with stops no other', async () => {
    talk = await startTalk();
    talk.sandbox.faults.failures.push({ path: 'chat.syncMessages', status: 400, times: 1_000 });
    await missed(() => {});
    // What is said before it listens again is what cannot be caught up with.
    await eventually('what is said now', () => {
      talk.sandbox.person('anna').sendText(talk.sandbox.general, 'now');
      return said().includes('now');
    }, 20_000);
  }, 60_000);

  test('where more was said than one answer holds is caught up with in parts', async () => {
    talk = await startTalk();
    await missed(() => {
      for (let n = 0; n < 100; n++) talk.sandbox.person('bob').send(talk.sandbox.general, { msg: `n${n}`, attachments: [{ text: 'y'.repeat(200_000) }] });
    });
    await eventually('what is said now', () => said().includes('after'), 30_000);
    expect(said().filter((text) => text.startsWith('n'))).toHaveLength(100);
  }, 60_000);
});

test('public rooms that the account is not in, which anybody makes, cost it no calls', async () => {
  talk = await startTalk();
  const anna = talk.sandbox.person('anna');
  for (let n = 0; n < 5; n++) anna.sendText(anna.createRoom(`bait${n}`, [], 'c'), `@nobody${n} bites`);
  anna.sendText(talk.sandbox.general, 'after');
  await eventually('the text', () => talk.heard.of('message')[0]);
  expect(talk.heard.of('message')).toHaveLength(1);
  expect(talk.sandbox.calls.filter(({ path }) => path === 'rooms.info')).toEqual([]);
  expect(talk.sandbox.socketCalls.filter(({ params: [subject] }) => String(subject).endsWith('/user-activity') && subject !== 'GENERAL/user-activity')).toEqual([]);
});

test('frames of odd kinds end nothing', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => socket.on('message', (data) => {
    const { msg, id } = JSON.parse(String(data as Buffer)) as { msg: string; id?: string };
    if (msg === 'connect') socket.send('{"msg":"connected"}');
    if (msg === 'method') socket.send(JSON.stringify({ msg: 'result', id }));
    if (msg === 'sub') {
      for (const odd of ['null', '[]', '{"msg":"ready","subs":[{"toString":1,"valueOf":1},null,[[]]]}', '{"msg":"ready","subs":{"toString":1}}', '{"msg":"result","id":{"toString":1},"error":{"toString":1}}', '{"msg":"changed","fields":1}']) socket.send(odd);
      socket.send(JSON.stringify({ msg: 'ready', subs: [id] }));
    }
  }));
  const stop = new AbortController();
  await new Promise((resolve) => void server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const ddp = await Ddp.open({ url: `http://127.0.0.1:${port}`, token: 't', signal: stop.signal, changed: () => {}, odd: () => {} });
  await ddp.subscribe('stream-room-messages', '__my_messages__');
  stop.abort();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => { server.close(resolve); });
});

test.each([[{}, '@\u200broom wake up'], [{ mention_everybody: 'here' }, '@here wake up']])('whoever mentions the whole room on Matrix wakes those whom the config says: %j', async (account, wanted) => {
  talk = await startTalk({}, account);
  const text: RichText = [{ t: 'paragraph', children: [{ t: 'mention', target: 'room', id: '', name: 'room' }, { t: 'text', text: ' wake up' }] }];
  const { id } = await talk.connection.send({ conversation: groupTarget('GENERAL'), content: { kind: 'text', text }, relay: null, key: 'wake'.padEnd(32, '-') });
  expect(talk.sandbox.messages.get(id)?.msg).toBe(wanted);
});

test.each([['6.13.0', undefined], ['8.5.1', []]])('a name before a file is a name and no markup (server %s)', async (version, may) => {
  talk = await startTalk({ version });
  if (may !== undefined) talk.sandbox.permissions['message-impersonate'] = may;
  const { id } = await talk.connection.send({
    conversation: groupTarget('GENERAL'), content: { kind: 'file', media: { source: { mxc: 'mxc://a/b' } as never, name: 'a.txt' } }, media: file('a.txt', 'text/plain', 'x'),
    relay: { name: 'Eve @all [here](https://evil.example.org) *x*' }, key: 'named'.padEnd(32, '-'),
  });
  const said = talk.sandbox.messages.get(id)?.msg ?? '';
  expect(said).toContain('Eve');
  expect(said).not.toMatch(/@all|\]\(/);
});

test('an id and a name that somebody chose longer than an index takes are none', () => {
  const message = { _id: 'm1', rid: 'GENERAL', msg: 'hi', ts: { $date: 1_714_557_599_000 }, u: { _id: 'bobBobBobBob23456', username: 'bob' } };
  expect(decodeMessage(alone, { ...message, _id: 'x'.repeat(5_000) })).toMatchObject([{ event: { type: 'unsupported' } }]);
  const [written] = decodeMessage(alone, { ...message, alias: 'x'.repeat(5_000) });
  expect(written?.event.type === 'message' && written.event.sender.id.length).toBeLessThan(100);
});
