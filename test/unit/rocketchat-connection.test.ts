import { afterEach, describe, expect, test } from '@jest/globals';
import { AccountBroken, Rejected, Retry, Uncertain, Unreachable } from '../../src/model/errors.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import type { PartRequest } from '../../src/networks/network.ts';
import { toPlain } from '../../src/text/plain.ts';
import { file, groupTarget, optionsFor, startTalk, TOKEN, type Talk } from '../kit/rocketchat/account.ts';
import { eventually } from '../kit/stack/stack.ts';
import { rocketchat } from '../../src/networks/rocketchat/index.ts';
import { startRocketChatSandbox } from '../../src/sandbox/rocketchat/index.ts';

let talk: Talk;
afterEach(async () => talk?.close());

let next = 0;
/** As the core makes them: 32 characters. */
const keyOf = (name: string): string => `${name}${++next}`.padEnd(32, '-').slice(0, 32);

function text(words: string, more: Partial<PartRequest> = {}): PartRequest {
  return { conversation: groupTarget('GENERAL'), content: { kind: 'text', text: plain(words) }, relay: null, key: keyOf('text'), ...more };
}

const relay = { name: 'Alice of Matrix', avatarUrl: 'https://matrix.example.org/alice.png' };

describe('receiving', () => {
  test('a text, its edit, reactions coming and going, a pin, and its deletion are told once each and in order', async () => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna', 'Anna');
    const { heard } = talk;
    const sent = anna.sendText(talk.sandbox.general, '*hello* @bridge :smile:');
    const message = await eventually('the text', () => heard.of('message')[0]);
    expect(message).toMatchObject({ id: sent._id, conversation: { id: 'GENERAL', kind: 'channel', title: 'general' }, sender: { id: anna.id, name: 'Anna', aliases: ['@anna'] } });
    expect(message.parts).toEqual([{ kind: 'text', text: [{ t: 'paragraph', children: [
      { t: 'bold', children: [{ t: 'text', text: 'hello' }] }, { t: 'text', text: ' ' }, { t: 'mention', target: 'user', id: talk.sandbox.account._id, name: 'Bridge' }, { t: 'text', text: ' 😄' },
    ] }] }]);
    anna.edit(sent._id, 'hello again');
    const edit = await eventually('the edit', () => heard.of('edit')[0]);
    expect(edit).toMatchObject({ target: sent._id, sender: { id: anna.id }, parts: [{ kind: 'text', text: plain('hello again') }] });
    anna.react(sent._id, 'thumbsup');
    await eventually('the reaction', () => heard.of('reactions.set').find(({ reactions }) => reactions.length === 1));
    anna.unreact(sent._id, 'thumbsup');
    await eventually('no reaction', () => heard.of('reactions.set').find(({ reactions }) => reactions.length === 0));
    expect(heard.of('reactions.set').map(({ reactions }) => reactions.map(({ emoji, sender }) => [emoji, sender?.id]))).toEqual([[['👍️', anna.id]], []]);
    anna.pin(sent._id);
    await eventually('the pin', () => heard.of('pin').find(({ pinned }) => pinned));
    anna.pin(sent._id, false);
    await eventually('the end of the pin', () => heard.of('pin').find(({ pinned }) => !pinned));
    await eventually('the subscription to deletions', () => talk.sandbox.socketCalls.find(({ params }) => params[0] === 'GENERAL/user-activity'));
    anna.remove(sent._id);
    expect(await eventually('the deletion', () => heard.of('deletion')[0])).toMatchObject({ target: sent._id, conversation: { id: 'GENERAL' } });
    expect(heard.of('message').filter(({ id }) => id === sent._id)).toHaveLength(1);
    expect(heard.of('edit')).toHaveLength(1);
  });

  test('a direct chat is with the other person, and what is read and typed there is theirs', async () => {
    talk = await startTalk();
    const bob = talk.sandbox.person('bob', 'Bob');
    const room = bob.direct(talk.sandbox.account);
    bob.sendText(room, 'psst');
    const { conversation, sender } = await eventually('the text', () => talk.heard.of('message')[0]);
    expect(conversation).toMatchObject({ id: bob.id, kind: 'direct', perAccount: true, aliases: [room._id] });
    expect(sender.id).toBe(bob.id);
    await eventually('the subscription to typing', () => talk.sandbox.socketCalls.find(({ params }) => params[0] === `${room._id}/messagesRead`));
    await eventually('typing', () => {
      bob.typing(room);
      return talk.heard.of('typing').find(({ active }) => active);
    });
    await eventually('a receipt', () => {
      bob.read(room);
      return talk.heard.of('receipt')[0];
    });
    expect(talk.heard.of('receipt')[0]).toMatchObject({ conversation: { id: bob.id }, reader: { id: bob.id } });
  });

  test('what a person has read and typed in its own app is told of a personal login, and of a bot it is not', async () => {
    const heardOf = async (kind: string): Promise<readonly unknown[]> => {
      const one = await startTalk({}, { kind });
      try {
        const phone = one.sandbox.person(one.sandbox.account.username);
        one.sandbox.person('bob', 'Bob').sendText(one.sandbox.general, 'hello');
        await eventually('the text', () => one.heard.of('message')[0]);
        await eventually('the subscription to typing', () => one.sandbox.socketCalls.find(({ params }) => params[0] === 'GENERAL/user-activity'));
        phone.typing(one.sandbox.general);
        phone.read(one.sandbox.general);
        phone.sendText(one.sandbox.general, 'after it');
        await eventually('what came after', () => one.heard.of('message')[1]);
        const { ts } = one.sandbox.in(one.sandbox.general)[0] ?? { ts: new Date() };
        return [
          ...one.heard.of('receipt').map(({ reader, upTo }) => [reader.isSelf, 'time' in upTo && upTo.time > ts.getTime()]), ...one.heard.of('typing').map(({ sender, active }) => [sender.isSelf, active]),
        ];
      } finally {
        await one.close();
      }
    };
    expect(await heardOf('user')).toEqual([[true, true], [true, true]]);
    expect(await heardOf('bot')).toEqual([]);
  });

  test('threads, quotes, files, places and encrypted messages', async () => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna', 'Anna');
    const { general } = talk.sandbox;
    const root = anna.sendText(general, 'root');
    anna.sendText(general, 'inside', { thread: root._id, broadcast: true });
    anna.sendText(general, 'an answer', { reply: root._id });
    const picture = anna.sendFile(general, { name: 'a cat.png', mime: 'image/png', bytes: Buffer.from('png'), caption: 'look' });
    anna.sendLocation(general, 52.37, 4.9);
    anna.sendEncrypted(general);
    const messages = await eventually('all of them', () => (talk.heard.of('message').length >= 6 ? talk.heard.of('message') : null));
    const said = (part: string) => messages.find(({ parts }) => parts.some((each) => each.kind === 'text' && toPlain(each.text).includes(part)));
    expect(said('inside')?.thread).toEqual({ root: root._id, broadcast: true });
    expect(said('an answer')).toMatchObject({ replyTo: { id: root._id, quote: 'root', sender: 'anna' }, parts: [{ text: plain('an answer') }] });
    const image = messages.find(({ id }) => id === picture._id)?.parts[0];
    expect(image).toMatchObject({ kind: 'image', media: { name: 'a cat.png', mime: 'image/png', size: 3, width: 16 }, caption: plain('look') });
    expect(messages.flatMap(({ parts }) => parts).find(({ kind }) => kind === 'location')).toEqual({ kind: 'location', latitude: 52.37, longitude: 4.9 });
    expect(messages.flatMap(({ parts }) => parts).find(({ kind }) => kind === 'unsupported')).toMatchObject({ what: 'e2e' });
    if (image?.kind !== 'image' || !('network' in image.media.source)) throw new Error('no picture');
    const stream = await talk.connection.openMedia(image.media.source.network, new AbortController().signal);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream.bytes) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('png');
  });

  test('members, titles, topics and names as they change', async () => {
    talk = await startTalk();
    const { sandbox, heard } = talk;
    const [anna, bob] = [sandbox.person('anna', 'Anna'), sandbox.person('bob', 'Bob')];
    const room = anna.createRoom('plans', [sandbox.account]);
    anna.add(room, bob.user);
    bob.leave(room);
    anna.kick(room, sandbox.person('carl').user);
    anna.setTopic(room, 'what to do');
    anna.rename(room, 'deeds');
    anna.happen(room, 'user-muted', 'bob');
    bob.changeName('Robert');
    bob.changeAvatar();
    anna.archive(room);
    await eventually('the end of the room', () => heard.of('conversation.gone')[0]);
    expect(heard.of('member').map(({ person, change, by }) => [person.id, change, by?.id])).toEqual([
      [bob.id, 'join', anna.id], [bob.id, 'leave', undefined], [sandbox.person('carl').id, 'kick', anna.id],
    ]);
    const changes = heard.of('conversation.changed').filter(({ by }) => by !== undefined).map(({ conversation }) => conversation);
    expect(changes).toMatchObject([{ topic: 'what to do' }, { title: 'deeds' }]);
    expect(heard.of('message').map(({ parts }) => parts[0])).toEqual([{ kind: 'text', style: 'notice', text: plain('Anna muted bob.') }]);
    const profiles = heard.of('profile').map(({ person }) => person);
    expect(profiles[0]).toMatchObject({ id: bob.id, name: 'Robert' });
    expect(profiles[1]).toMatchObject({ id: bob.id, avatar: { id: bob.user.avatarETag } });
  });

  test('after a break what was missed is asked for, also after a restart, and nothing comes twice', async () => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna');
    const first = anna.sendText(talk.sandbox.general, 'one');
    const second = anna.sendText(talk.sandbox.general, 'two');
    anna.react(second._id, 'tada');
    await eventually('the reaction', () => talk.heard.of('reactions.set')[0]);
    talk.sandbox.faults.socketDown = true;
    talk.sandbox.breakSockets();
    await eventually('no socket', () => talk.sandbox.sockets === 0);
    anna.sendText(talk.sandbox.general, 'three');
    anna.edit(first._id, 'one, better');
    anna.unreact(second._id, 'tada');
    const fourth = anna.sendText(talk.sandbox.general, 'four');
    anna.edit(fourth._id, 'four, better');
    anna.remove(second._id);
    talk.sandbox.faults.socketDown = false;
    await eventually('what was missed', () => talk.heard.of('deletion')[0], 20_000);
    expect(talk.heard.of('message').map(({ parts: [part] }) => (part?.kind === 'text' ? toPlain(part.text) : part?.kind))).toEqual(['one', 'two', 'three', 'four, better']);
    expect(talk.heard.of('edit').map(({ target }) => target)).toEqual([first._id]);
    const stop = talk;
    stop.stop.abort();
    await stop.connection.close();
    anna.sendText(talk.sandbox.general, 'five');
    talk = await stop.again();
    await eventually('the last', () => talk.heard.of('message').length === 5);
    anna.sendText(talk.sandbox.general, 'six');
    await eventually('one more', () => talk.heard.of('message').length === 6);
  }, 60_000);

  test('frames that come twice, late or in another order change nothing', async () => {
    talk = await startTalk();
    Object.assign(talk.sandbox.faults, { duplicate: 0.5, reorder: 0.3, delayMs: 2 });
    const anna = talk.sandbox.person('anna');
    for (let n = 0; n < 30; n++) anna.sendText(talk.sandbox.general, `n${n}`);
    await eventually('all', () => talk.heard.of('message').length >= 30);
    expect(new Set(talk.heard.of('message').map(({ id }) => id)).size).toBe(30);
    expect(talk.heard.of('message')).toHaveLength(30);
  });

  test('what the store does not take is asked for again', async () => {
    talk = await startTalk();
    talk.heard.refuse = true;
    talk.sandbox.person('anna').sendText(talk.sandbox.general, 'important');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(talk.heard.of('message')).toHaveLength(0);
    talk.heard.refuse = false;
    await eventually('the text', () => talk.heard.of('message')[0], 20_000);
  }, 40_000);

  test('only the rooms that the admin names are bridged', async () => {
    talk = await startTalk({}, { rooms: ['plans'], direct: false });
    const anna = talk.sandbox.person('anna');
    const room = anna.createRoom('plans', [talk.sandbox.account]);
    anna.sendText(talk.sandbox.general, 'no');
    anna.sendText(anna.direct(talk.sandbox.account), 'no');
    anna.sendText(room, 'yes');
    await eventually('the text', () => talk.heard.of('message')[0]);
    expect(talk.heard.of('message').map(({ conversation }) => conversation.id)).toEqual([room._id]);
  });

  test('pings are answered', async () => {
    talk = await startTalk();
    talk.sandbox.pingSockets();
    talk.sandbox.person('anna').sendText(talk.sandbox.general, 'still there');
    await eventually('the text', () => talk.heard.of('message')[0]);
    expect(talk.sandbox.sockets).toBe(1);
  });
});

describe('sending', () => {
  test('text under a name and a picture of its own, as a reply and in a thread', async () => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna');
    const root = anna.sendText(talk.sandbox.general, 'root');
    const request = text('hello *there*', { relay, replyTo: root._id as RemoteId, thread: { root: root._id as RemoteId } });
    const result = await talk.connection.send(request);
    expect(result).toMatchObject({ id: request.key, state: 'confirmed' });
    const sent = talk.sandbox.messages.get(request.key);
    expect(sent).toMatchObject({ alias: relay.name, avatar: relay.avatarUrl, tmid: root._id });
    expect(sent?.msg).toContain('\\*there\\*');
    expect(sent?.['attachments']).toMatchObject([{ message_link: expect.stringContaining(`msg=${root._id}`), text: 'root' }]);
    // The echo comes with our key.
    expect(await eventually('the echo', () => talk.heard.of('message').find(({ id }) => id === request.key))).toMatchObject({ key: request.key, sender: { isSelf: true } });
  });

  test('the same key never writes twice, whatever becomes of the answer', async () => {
    talk = await startTalk();
    const request = text('once');
    talk.sandbox.faults.failures.push({ path: 'chat.sendMessage', status: 0, done: true, times: 1 });
    await expect(talk.connection.send(request)).rejects.toBeInstanceOf(Uncertain);
    expect(await talk.connection.findSent(request.key, request.conversation, 0)).toMatchObject({ id: request.key });
    expect(await talk.connection.send(request)).toMatchObject({ id: request.key });
    expect(talk.sandbox.in(talk.sandbox.general)).toHaveLength(1);
    expect(await talk.connection.findSent(keyOf('other'), request.conversation, Date.now())).toBe('absent');
  });

  test('files in two steps with a name of their own; on an old server in one', async () => {
    for (const version of ['8.5.1', '6.13.0']) {
      talk = await startTalk({ version });
      const media = file('notes.txt', 'text/plain', 'some notes');
      const request = { ...text(''), content: { kind: 'file' as const, media: { source: { network: '' } }, caption: plain('read this') }, media, relay };
      const { id } = await talk.connection.send(request);
      expect(talk.sandbox.messages.get(id)).toMatchObject({ file: { name: 'notes.txt', size: 10 }, ...(version === '8.5.1' ? { alias: relay.name, msg: 'read this' } : { msg: '*Alice of Matrix*: read this' }) });
      if (version === '8.5.1') await talk.close();
    }
  });

  test('a lost confirmation of a file is found by its upload', async () => {
    talk = await startTalk();
    const request = { ...text(''), content: { kind: 'image' as const, media: { source: { network: '' } } }, media: file('a.png', 'image/png', 'png') };
    talk.sandbox.faults.failures.push({ path: 'rooms.mediaConfirm', status: 0, done: true, times: 1 });
    await expect(talk.connection.send(request)).rejects.toBeInstanceOf(Uncertain);
    const found = await talk.connection.findSent(request.key, request.conversation, Date.now() - 1000);
    expect(found).toMatchObject({ id: talk.sandbox.in(talk.sandbox.general)[0]?._id });
  });

  test('without the permission names stand before the text', async () => {
    talk = await startTalk({ roles: ['user'] });
    expect(talk.connection.capabilities(groupTarget('GENERAL')).out.impersonation.level).toBe('none');
    const request = text('hi', { relay });
    const [planned] = talk.connection.plan(request);
    if (planned === undefined) throw new Error('nothing planned');
    await talk.connection.send({ ...request, content: planned });
    expect(talk.sandbox.in(talk.sandbox.general)[0]).toMatchObject({ msg: '*Alice of Matrix*: hi' });
    expect(talk.sandbox.in(talk.sandbox.general)[0]?.['alias']).toBeUndefined();
  });

  test('a permission that goes while the bridge runs', async () => {
    talk = await startTalk();
    talk.sandbox.permissions['message-impersonate'] = [];
    await talk.connection.send(text('hi', { relay }));
    expect(talk.sandbox.in(talk.sandbox.general)[0]?.msg).toBe('*Alice of Matrix*: hi');
  });

  test('edit, delete, react, pin, typing and read marks', async () => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna');
    const target = anna.sendText(talk.sandbox.general, 'target')._id as RemoteId;
    const conversation = groupTarget('GENERAL');
    const { connection, sandbox } = talk;
    const sent = await connection.send(text('first'));
    await connection.edit?.({ ...text('second'), target: sent.id });
    expect(sandbox.messages.get(sent.id)?.msg).toBe('second');
    const reactions = (): unknown => Object.keys((sandbox.messages.get(target)?.['reactions'] ?? {}) as object);
    await connection.react?.(conversation, target, '👍', 'k1');
    expect(reactions()).toEqual([':thumbsup:']);
    await connection.react?.(conversation, target, '🎉', 'k2');
    expect(reactions()).toEqual([':thumbsup:', ':tada:']);
    await connection.react?.(conversation, target, ':party_parrot:', 'k3', '👍️');
    expect(reactions()).toEqual([':tada:', ':party_parrot:']);
    await connection.react?.(conversation, target, null, 'k4', '🎉');
    await connection.react?.(conversation, target, null, 'k4', '🎉');
    expect(reactions()).toEqual([':party_parrot:']);
    await expect(connection.react?.(conversation, target, 'no emoji', 'k5')).rejects.toThrow('emoji');
    await connection.pin?.(conversation, target, true, 'k6');
    expect(sandbox.messages.get(target)?.['pinned']).toBe(true);
    await connection.pin?.(conversation, target, false, 'k7');
    expect(sandbox.messages.get(target)?.['pinned']).toBe(false);
    await connection.typing?.(conversation, true);
    expect(sandbox.socketCalls.at(-1)).toMatchObject({ name: 'stream-notify-room', params: ['GENERAL/user-activity', 'bridge', ['user-typing'], {}] });
    await connection.markRead?.(conversation, target);
    expect(sandbox.reads).toEqual([{ rid: 'GENERAL', uid: sandbox.account._id }]);
    await connection.delete?.(conversation, sent.id, 'k8');
    await connection.delete?.(conversation, sent.id, 'k8');
    expect(sandbox.messages.has(sent.id)).toBe(false);
  });

  test('somebody by their user name: the chat is opened, and their id learnt', async () => {
    talk = await startTalk();
    const bob = talk.sandbox.person('bob');
    const meant = rocketchat.resolve('@bob', talk.options.settings);
    expect(meant).toMatchObject({ person: { id: '@bob', scope: new URL(talk.sandbox.url).host }, conversation: { id: '@bob', kind: 'direct' } });
    const result = await talk.connection.send(text('hi', { conversation: { ...groupTarget('@bob'), kind: 'direct' } }));
    expect(result.learnt).toEqual({ alias: bob.id });
    expect(talk.sandbox.messages.get(result.id)?.rid).toBe([bob.id, talk.sandbox.account._id].sort().join(''));
    await expect(talk.connection.send(text('hi', { conversation: { ...groupTarget('@nobody'), kind: 'direct' } }))).rejects.toBeInstanceOf(Rejected);
  });

  test('a long text is split below the server’s limit, measured as it is sent', async () => {
    talk = await startTalk({ settings: { Message_MaxAllowedSize: 200 } });
    const words = Array.from({ length: 120 }, (_, n) => `w${n}*`).join(' ');
    const parts = talk.connection.plan(text(words));
    expect(parts.length).toBeGreaterThan(3);
    for (const content of parts) await talk.connection.send(text('', { content }));
    expect(talk.sandbox.in(talk.sandbox.general).every(({ msg }) => msg.length <= 200)).toBe(true);
    await expect(talk.connection.send(text('x'.repeat(201)))).rejects.toMatchObject({ code: 'too_long' });
  });

  test('what a room says of itself, who is in it, and its past', async () => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna', 'Anna');
    for (let n = 0; n < 5; n++) anna.sendText(talk.sandbox.general, `n${n}`);
    const conversation = groupTarget('GENERAL');
    const facts = await talk.connection.describe?.(conversation);
    expect(facts).toMatchObject({ conversation: { id: 'GENERAL', title: 'general', kind: 'channel' }, members: [{ id: talk.sandbox.account._id, isSelf: true }, { id: anna.id, name: 'Anna' }] });
    const page = await talk.connection.history?.(conversation, 3);
    const told = (items = page?.items) => items?.map(({ event }) => (event.type === 'message' && event.parts[0]?.kind === 'text' ? [toPlain(event.parts[0].text), event.historical] : null));
    expect(told()).toEqual([['n4', true], ['n3', true], ['n2', true]]);
    const older = await talk.connection.history?.(conversation, 3, page?.next);
    expect(told(older?.items)).toEqual([['n1', true], ['n0', true]]);
    expect(older?.next).toBeUndefined();
    expect(await talk.connection.profile?.({ id: anna.id, scope: '' })).toMatchObject({ name: 'Anna', avatar: { id: 'initials' } });
  });
});

describe('when things go wrong', () => {
  test.each([
    ['error-message-size-exceeded', 'chat.sendMessage', 429, Retry], ['a lost server', 'chat.sendMessage', 500, Uncertain],
  ])('%s', async (_, path, status, kind) => {
    talk = await startTalk();
    talk.sandbox.faults.failures.push({ path, status, times: 1 });
    await expect(talk.connection.send(text('x'))).rejects.toBeInstanceOf(kind);
  });

  test('the limit of calls is waited for as long as the server says', async () => {
    talk = await startTalk({ roles: ['user'] });
    talk.sandbox.faults.callsPerMinute = 2;
    const sends = await Promise.allSettled([1, 2, 3].map((n) => talk.connection.send(text(`n${n}`))));
    const refused = sends.find((each) => each.status === 'rejected');
    expect(refused?.reason).toMatchObject({ name: 'Retry', rateLimited: true });
    expect((refused?.reason as Retry | undefined)?.afterMs).toBeGreaterThan(1000);
    expect(talk.connection.rateKeys(groupTarget('GENERAL'))[0]?.burst).toBe(10);
  });

  test('rooms that are archived or encrypted, and messages that are not there', async () => {
    talk = await startTalk();
    const anna = talk.sandbox.person('anna');
    const archived = anna.createRoom('old', [talk.sandbox.account]);
    archived.archived = true;
    await expect(talk.connection.send(text('x', { conversation: groupTarget(archived._id) }))).rejects.toMatchObject({ name: 'Rejected', code: 'room_is_archived' });
    const secret = anna.createRoom('secret', [talk.sandbox.account]);
    secret.encrypted = true;
    await eventually('the room', () => talk.heard.items.length > 1);
    await expect(talk.connection.send(text('x', { conversation: groupTarget(secret._id) }))).rejects.toBeInstanceOf(Rejected);
    await expect(talk.connection.react?.(groupTarget('GENERAL'), 'gone' as RemoteId, '👍', 'k')).rejects.toBeInstanceOf(Rejected);
    await expect(talk.connection.edit?.({ ...text('x'), target: 'gone' as RemoteId })).rejects.toBeInstanceOf(Rejected);
  });

  test('a token that is refused breaks the account, says what to do, and shows nowhere', async () => {
    talk = await startTalk();
    talk.sandbox.faults.expired = true;
    const error = await talk.connection.send(text('x')).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(AccountBroken);
    expect(JSON.stringify([error, String(error)])).not.toContain(TOKEN);
    expect(talk.heard.states).toEqual([{ ok: false, reason: expect.stringContaining('token'), fix: expect.stringContaining('personal access token') }]);
    talk.sandbox.faults.expired = false;
    await talk.connection.check();
    expect(talk.heard.states.at(-1)).toEqual({ ok: true });
  });

  test('a second factor, a wrong user and a server that is not there', async () => {
    talk = await startTalk();
    talk.sandbox.faults.totp = true;
    await expect(talk.connection.check()).rejects.toMatchObject({ name: 'AccountBroken', code: 'totp-required' });
    talk.sandbox.faults.totp = false;
    const other = rocketchat.connect(optionsFor(talk.sandbox, { token: 'x'.repeat(20) }));
    await other.start(talk.heard, talk.stop.signal);
    expect(talk.heard.states.some(({ ok }) => !ok)).toBe(true);
    await other.close();
    const sandbox = await startRocketChatSandbox({ token: TOKEN });
    const lonely = rocketchat.connect(optionsFor(sandbox));
    await sandbox.close();
    await expect(lonely.start(talk.heard, talk.stop.signal)).rejects.toBeInstanceOf(Unreachable);
    await lonely.close();
  });
});
