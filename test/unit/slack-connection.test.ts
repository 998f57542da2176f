import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Rejected } from '../../src/model/errors.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import type { SlackSandbox } from '../../src/sandbox/slack/index.ts';
import { appSettings, file, part, running, SCALE, secrets, startSandbox, target, textIn, tsIn, type Running } from '../kit/slack/account.ts';
import { eventually } from '../kit/stack/stack.ts';

let sandbox: SlackSandbox;
let account: Running;
let general: string;

beforeEach(async () => {
  sandbox = await startSandbox();
  const bob = sandbox.person('bob', { realName: 'Bob' });
  general = sandbox.channel('general', { members: [bob.id] });
  await sandbox.idle();
  account = await running(appSettings(sandbox));
});

afterEach(async () => {
  await account.stop();
  expect(sandbox.oddities).toEqual([]);
  await sandbox.close();
});

const said = (): (typeof sandbox.messages)[number] => sandbox.messages.at(-1) as never;

describe('what is said on Slack', () => {
  test('arrives, once, and is acknowledged after it is committed', async () => {
    sandbox.faults.duplicate = 1;
    const ts = sandbox.person('bob').sendText(general, 'hello *there*');
    await eventually('the message', () => account.sink.of('message')[0]);
    await sandbox.idle();
    expect(account.sink.of('message')).toHaveLength(1);
    expect(account.sink.duplicates).toBeGreaterThan(0);
    expect(account.sink.of('message')[0]).toMatchObject({
      id: `${general}:${ts}`, conversation: { id: general, kind: 'channel', scope: 'T0SANDBOX', perAccount: false }, sender: { id: sandbox.person('bob').id },
      parts: [{ kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: 'hello ' }, { t: 'bold', children: [{ t: 'text', text: 'there' }] }] }] }],
    });
  });

  test('comes again until its commit succeeds', async () => {
    let refusals = 0;
    account.sink.fail = async () => {
      refusals += 1;
      if (refusals <= 2) throw new Error('the disk is full');
    };
    sandbox.person('bob').sendText(general, 'again');
    await eventually('the message', () => account.sink.of('message')[0]);
    expect(refusals).toBeGreaterThanOrEqual(3);
    await sandbox.idle();
    expect(sandbox.sent.at(-1)).toMatchObject({ acknowledged: true });
  });

  test('an edit is one, a preview is none', async () => {
    const bob = sandbox.person('bob');
    const ts = bob.sendText(general, 'see https://x.org');
    bob.unfurl(general, ts, { from_url: 'https://x.org', title: 'X', text: 'a page', id: 1 });
    bob.edit(general, ts, 'see nothing');
    const edit = await eventually('the edit', () => account.sink.of('edit')[0]);
    await sandbox.idle();
    expect(account.sink.of('edit')).toHaveLength(1);
    expect(edit).toMatchObject({ target: `${general}:${ts}`, sender: { id: bob.id } });
    expect(edit.parts.map(textIn)).toEqual(['see nothing']);
  });

  test('deletions, reactions, pins, comings and goings, names and topics', async () => {
    const bob = sandbox.person('bob');
    const ts = bob.sendText(general, 'x');
    bob.react(general, ts, 'thumbsup::skin-tone-3');
    bob.unreact(general, ts, 'thumbsup::skin-tone-3');
    bob.pin(general, ts);
    bob.setTopic(general, 'about &lt;things&gt;');
    bob.rename(general, 'all-of-us');
    sandbox.person('eve').join(general);
    sandbox.person('eve').leave(general);
    bob.delete(general, ts);
    bob.become('Robert', 'newpicture');
    bob.archive(general);
    await eventually('the end of it', () => account.sink.of('conversation.gone')[0]);
    await sandbox.idle();
    expect(account.sink.of('reaction').map(({ emoji, removed }) => [emoji, removed])).toEqual([['👍🏼', undefined], [null, '👍🏼']]);
    expect(account.sink.of('pin')[0]).toMatchObject({ target: `${general}:${ts}`, pinned: true });
    expect(account.sink.of('conversation.changed').map(({ conversation }) => [conversation.topic, conversation.title])).toEqual(expect.arrayContaining([['about <things>', undefined], [undefined, 'all-of-us']]));
    expect(account.sink.of('member').map(({ person, change }) => [person.id, change])).toEqual(expect.arrayContaining([[sandbox.person('eve').id, 'join'], [sandbox.person('eve').id, 'leave']]));
    expect(account.sink.of('deletion')[0]).toMatchObject({ target: `${general}:${ts}` });
    expect(account.sink.of('profile').at(-1)).toMatchObject({ person: { id: bob.id, name: 'Robert', avatar: { id: 'newpicture' } } });
  });

  test('a thread has its root, and one that is broadcast says so', async () => {
    const bob = sandbox.person('bob');
    const root = bob.sendText(general, 'root');
    bob.sendText(general, 'inside', { thread: root });
    bob.sendText(general, 'outside too', { thread: root, broadcast: true });
    await eventually('all three', () => account.sink.of('message').length === 3);
    expect(account.sink.of('message').map(({ thread }) => thread)).toEqual([undefined, { root: `${general}:${root}` }, { root: `${general}:${root}`, broadcast: true }]);
  });

  test('a direct chat is called after the other person, also where the account spoke first', async () => {
    const bob = sandbox.person('bob');
    const chat = bob.direct();
    bob.sendText(chat.id, 'psst');
    const message = await eventually('the message', () => account.sink.of('message')[0]);
    expect(message.conversation).toEqual({ id: bob.id, scope: 'T0SANDBOX', kind: 'direct', perAccount: true, aliases: [chat.id] });
  });

  test('names of channels and groups that a message mentions', async () => {
    sandbox.group('S123', 'crew');
    sandbox.person('bob').sendText(general, `ask <#${general}> and <!subteam^S123>, <@${sandbox.person('bob').id}>`);
    const message = await eventually('the message', () => account.sink.of('message')[0]);
    expect(JSON.stringify(message.parts)).toContain('ask #general and @crew, ');
  });

  test('files are fetched with the token, and those of other workspaces asked about first', async () => {
    const bob = sandbox.person('bob');
    bob.sendFile(general, Buffer.from('\x89PNG fake', 'latin1'), 'a.png', { text: 'look' });
    bob.sendFile(general, Buffer.from('<html>my own page</html>'), 'page.html', { guarded: true });
    const [first, second] = await eventually('both', () => (account.sink.of('message').length === 2 ? account.sink.of('message') : undefined));
    expect(first?.parts).toMatchObject([{ kind: 'image', media: { mime: 'image/png', name: 'a.png', size: 9 }, caption: [{ t: 'paragraph' }] }]);
    for (const [message, wanted] of [[first, '\x89PNG fake'], [second, '<html>my own page</html>']] as const) {
      const [content] = message?.parts ?? [];
      if (content === undefined || !('media' in content) || !('network' in content.media.source)) throw new Error('no file');
      const stream = await account.connection.openMedia(content.media.source.network, AbortSignal.timeout(5_000));
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream.bytes) chunks.push(chunk);
      expect(Buffer.concat(chunks)).toEqual(Buffer.from(wanted, 'latin1'));
    }
  });
});

describe('what is said through the bridge', () => {
  test('text goes with blocks, mark and thread; its echo carries the key', async () => {
    const request = part(target(general), { kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: 'a <b> ' }, { t: 'bold', children: [{ t: 'text', text: 'c' }] }] }] });
    const sent = await account.connection.send(request);
    expect(sent).toMatchObject({ id: `${general}:${said().ts}`, state: 'confirmed' });
    expect(said()).toMatchObject({ text: 'a &lt;b&gt; *c*', user: sandbox.botUserId, metadata: { event_type: 'drawbridge', event_payload: { key: request.key } } });
    const echo = await eventually('the echo', () => account.sink.of('message')[0]);
    expect(echo).toMatchObject({ id: sent.id, key: request.key, sender: { isSelf: true } });
    const answer = await account.connection.send(part(target(general), 'below', { replyTo: sent.id }));
    expect(said()).toMatchObject({ threadTs: tsIn(sent.id) });
    // An answer to an answer is in the same thread.
    await account.connection.send(part(target(general), 'below that', { replyTo: answer.id }));
    expect(said()).toMatchObject({ threadTs: tsIn(sent.id) });
    await account.connection.send(part(target(general), 'for all', { thread: { root: sent.id, broadcast: true } }));
    expect(said()).toMatchObject({ threadTs: tsIn(sent.id), subtype: 'thread_broadcast' });
  });

  test('others speak by name and picture, and that is an echo too', async () => {
    const request = part(target(general), 'hi', { relay: { name: 'Alice\u202e (Matrix)', avatarUrl: 'https://example.org/alice.png' } });
    await account.connection.send(request);
    expect(said()).toMatchObject({ username: 'Alice (Matrix)', iconUrl: 'https://example.org/alice.png', subtype: 'bot_message' });
    expect(await eventually('the echo', () => account.sink.of('message')[0])).toMatchObject({ key: request.key, sender: { isSelf: true } });
  });

  test('a first word to somebody opens the chat, and teaches its id', async () => {
    const bob = sandbox.person('bob');
    const sent = await account.connection.send(part(target(bob.id, 'direct'), 'hello you'));
    expect(sent.learnt).toEqual({ alias: bob.direct().id });
    expect(said()).toMatchObject({ channel: bob.direct().id, text: 'hello you' });
    // Its echo names nobody: the account knows whom it is with.
    expect((await eventually('the echo', () => account.sink.of('message')[0])).conversation).toMatchObject({ id: bob.id, kind: 'direct' });
  });

  test('a file goes in three steps, under what is said of it, and tells which message it became', async () => {
    const picture = file(Buffer.from('\x89PNG something', 'latin1'), 'b.png', 'image/png');
    const content = account.connection.plan({ conversation: target(general), relay: { name: 'Alice' }, content: { kind: 'image', media: { source: { network: '' } }, caption: [{ t: 'paragraph', children: [{ t: 'text', text: 'my dog' }] }] } });
    expect(content).toHaveLength(1);
    const sent = await account.connection.send(part(target(general), content[0] as never, { media: picture, relay: { name: 'Alice' } }));
    expect(sent.id).toBe(`${general}:${said().ts}`);
    expect(JSON.stringify(said().blocks)).toContain('"Alice","style":{"bold":true}');
    expect(JSON.stringify(said().blocks)).toContain('my dog');
    await account.connection.delete(target(general), sent.id);
    expect(said().deleted).toBe(true);
  });

  test('edits, deletes, reacts and pins, and none of it comes back as news', async () => {
    const { connection, sink } = account;
    const sent = await connection.send(part(target(general), 'first'));
    await connection.edit({ ...part(target(general), 'second'), target: sent.id });
    expect(said()).toMatchObject({ text: 'second', edited: { user: sandbox.botUserId } });
    const bobs = sandbox.person('bob').sendText(general, 'mine');
    const id = `${general}:${bobs}` as RemoteId;
    const shown = () => [...said().reactions].map(([name, users]) => [name, ...users]);
    await connection.react(target(general), id, '👍🏽', 'k1');
    await connection.react(target(general), id, '❤️', 'k2');
    await connection.react(target(general), id, '❤', 'k3');
    expect(shown()).toEqual([['+1::skin-tone-4', sandbox.botUserId], ['heart', sandbox.botUserId]]);
    await connection.react(target(general), id, '🎉', 'k4', '👍🏽');
    expect(shown()).toEqual([['heart', sandbox.botUserId], ['tada', sandbox.botUserId]]);
    await connection.react(target(general), id, null, 'k5', '❤️');
    await connection.react(target(general), id, null, 'k6', '❤️');
    await connection.react(target(general), id, null, 'k7', 'no emoji');
    expect(shown()).toEqual([['tada', sandbox.botUserId]]);
    await connection.pin(target(general), id, true);
    await connection.pin(target(general), id, true);
    await connection.pin(target(general), id, false);
    await connection.delete(target(general), sent.id);
    await connection.delete(target(general), sent.id);
    await expect(connection.react(target(general), id, 'no emoji', 'k8')).rejects.toThrow(Rejected);
    await sandbox.idle();
    expect(sink.of('edit')).toEqual([]);
    expect(sink.of('reaction')).toEqual([]);
    expect(sink.of('pin')).toEqual([]);
  });

  test('what is too long is several messages', async () => {
    const text = Array.from({ length: 1_500 }, (_each, index) => `word${index}`).join(' ');
    const parts = account.connection.plan({ conversation: target(general), relay: null, content: { kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text }] }] } });
    expect(parts.length).toBeGreaterThan(2);
    for (const content of parts) await account.connection.send(part(target(general), content));
    expect(sandbox.messages.slice(-parts.length).map((message) => message.text).join(' ')).toBe(text);
  });

  test('a place, a card and a poll are told in text', async () => {
    const plan = (content: Parameters<typeof account.connection.plan>[0]['content']) => account.connection.plan({ conversation: target(general), relay: null, content });
    for (const content of [
      ...plan({ kind: 'location', latitude: 52.1, longitude: 4.3, name: 'Here' }),
      ...plan({ kind: 'contacts', contacts: [{ name: 'Eve', phones: [{ value: '+31 6', type: 'mobile' }], emails: [], urls: [], addresses: [] }] }),
      ...plan({ kind: 'poll', question: 'Lunch?', options: [{ id: '1', text: 'Soup' }, { id: '2', text: 'Bread' }], maxChoices: 1 }),
    ]) await account.connection.send(part(target(general), content));
    expect(sandbox.messages.slice(-3).map(({ text }) => text)).toEqual([
      '📍 <https://www.openstreetmap.org/?mlat=52.1&amp;mlon=4.3#map=16/52.1/4.3|Here>', '👤 *Eve*\n+31 6 (mobile)', expect.stringContaining('Lunch?'),
    ]);
  });
});

describe('what was', () => {
  test('describes a channel with its people', async () => {
    const facts = await account.connection.describe(target(general));
    expect(facts.conversation).toMatchObject({ id: general, kind: 'channel', title: 'general', topic: '' });
    expect(facts.members?.map(({ name, isSelf }) => [name, isSelf])).toEqual(expect.arrayContaining([['Bob', undefined], [undefined, true]]));
    expect(await account.connection.profile({ id: sandbox.person('bob').id, scope: '' })).toMatchObject({ name: 'Bob', username: 'bob' });
    expect(await account.connection.profile({ id: 'U0NOBODY', scope: '' })).toBeNull();
    const chat = sandbox.person('bob').direct();
    expect(await account.connection.profile({ id: chat.id, scope: '' })).toMatchObject({ id: sandbox.person('bob').id, aliases: [chat.id] });
  });

  test('hands over the past, newest first, with threads and reactions', async () => {
    const bob = sandbox.person('bob');
    const root = bob.sendText(general, 'one');
    bob.sendText(general, 'two');
    bob.sendText(general, 'in the thread', { thread: root });
    bob.react(general, root, 'tada');
    const page = await account.connection.history(target(general), 50);
    const messages = page.items.flatMap(({ event }) => (event.type === 'message' ? [event] : []));
    expect(messages.map(({ parts }) => textIn(parts[0] as never))).toEqual(['in the thread', 'two', 'one']);
    expect(messages.every(({ historical }) => historical === true)).toBe(true);
    expect(page.items.find(({ event }) => event.type === 'reactions.set')?.event).toMatchObject({ target: `${general}:${root}`, reactions: [{ emoji: '🎉', sender: { id: bob.id } }] });
    const small = await account.connection.history(target(general), 2);
    expect(small.next).toBeDefined();
    const older = await account.connection.history(target(general), 2, small.next);
    expect(older.items.filter(({ event }) => event.type === 'message').length).toBeGreaterThan(0);
  });

  test('finds what was sent by its key, in threads as well, and says where it cannot tell', async () => {
    const since = Date.now();
    const request = part(target(general), 'find me');
    const sent = await account.connection.send(request);
    const below = part(target(general), 'and me', { thread: { root: sent.id } });
    const inThread = await account.connection.send(below);
    expect(await account.connection.findSent(request.key, target(general), since)).toMatchObject({ id: sent.id });
    expect(await account.connection.findSent(below.key, target(general), since)).toMatchObject({ id: inThread.id });
    expect(await account.connection.findSent('never', target(general), since)).toBe('absent');
    // A thread that began long ago stands on none of the newest pages: only who knows its root finds what is in it.
    expect(await account.connection.findSent(below.key, target(general), since, { thread: { root: sent.id } })).toMatchObject({ id: inThread.id });
    expect(await account.connection.findSent(request.key, target(general), since, { thread: { root: `${general}:${sandbox.person('bob').sendText(general, 'other')}` as RemoteId } })).toBe('absent');
    expect(await account.connection.findSent('never', target(general), since, { replyTo: inThread.id })).toBe('absent');
    expect(await account.connection.findSent(request.key, target(general), since, { replyTo: `${general}:1500000000.000100` as RemoteId })).toMatchObject({ id: sent.id });
    await account.connection.send(part(target(general), { kind: 'file', media: { source: { network: '' } } }, { media: file(Buffer.from('x'), 'x.txt', 'text/plain') }));
    expect(await account.connection.findSent('never', target(general), since)).toBe('unknown');
  });

  test('nobody else’s mark counts as ours', async () => {
    sandbox.person('bob').raw(general, { type: 'message', ts: '1700000000.000100', text: 'forged', metadata: { event_type: 'drawbridge', event_payload: { key: 'key-1' } }, app_id: 'A0OTHER', bot_id: 'B0OTHER' });
    const message = await eventually('the message', () => account.sink.of('message')[0]);
    expect(message.key).toBeUndefined();
  });
});

describe('a person’s own login', () => {
  test('speaks as the person, sees direct chats, and does not take itself for another', async () => {
    const bob = sandbox.person('bob');
    const eve = sandbox.person('eve');
    bob.login('xoxp-token-of-bob');
    const accounts = { bob: { team_id: sandbox.teamId, user_id: bob.id, kind: 'user', token: 'xoxp-token-of-bob', rate_scale: SCALE } };
    await account.stop();
    const app = appSettings(sandbox, {}, accounts);
    account = await running(app);
    await using own = await running(app, 'bob');
    const chat = bob.direct(eve.id);
    eve.sendText(chat.id, 'hi bob');
    expect((await eventually('the direct chat', () => own.sink.of('message')[0])).conversation).toMatchObject({ id: eve.id, kind: 'direct', aliases: [chat.id] });
    const request = part(target(eve.id, 'direct', { aliases: [chat.id] }), 'hi eve');
    await own.connection.send(request);
    expect(said()).toMatchObject({ user: bob.id, channel: chat.id });
    expect(await eventually('the echo', () => own.sink.of('message').find(({ key }) => key === request.key))).toMatchObject({ sender: { isSelf: true }, conversation: { id: eve.id } });
    // What the person does in Slack itself is told.
    bob.sendText(chat.id, 'from my phone');
    const native = await eventually('what was said in Slack', () => own.sink.of('message').find(({ parts }) => textIn(parts[0] as never) === 'from my phone'));
    expect(native).toMatchObject({ sender: { isSelf: true } });
    expect(native.key).toBeUndefined();
    // What was sent for them they can change there; that is no echo, and it is later than ours.
    const sent = await own.connection.send(part(target(eve.id, 'direct', { aliases: [chat.id] }), 'with a tpyo'));
    const edited = await own.connection.edit({ ...part(target(eve.id, 'direct'), 'with a typo'), target: sent.id });
    await sandbox.idle();
    expect(own.sink.of('edit').filter(({ time }) => time > edited.time)).toEqual([]);
    bob.edit(chat.id, tsIn(sent.id), 'changed in Slack');
    const change = await eventually('the edit in Slack', () => own.sink.of('edit').find(({ time }) => time > edited.time));
    expect(change).toMatchObject({ target: sent.id, sender: { isSelf: true } });
    // A reaction that stands there already has no echo: the next like it is the person's own.
    bob.react(chat.id, tsIn(sent.id), 'wave');
    await eventually('the reaction', () => own.sink.of('reaction')[0]);
    await own.connection.react(target(eve.id, 'direct'), sent.id, '👋', 'k1');
    bob.unreact(chat.id, tsIn(sent.id), 'wave');
    bob.react(chat.id, tsIn(sent.id), 'wave');
    await eventually('all that was done in Slack', () => own.sink.of('reaction').length === 3);
    await own.connection.markRead(target(eve.id, 'direct'), native.id);
    expect(sandbox.readTo(chat.id, bob.id)).toBe(tsIn(native.id));
    // Nothing of it was for the bot.
    expect(account.sink.texts()).toEqual([]);
    // Others who speak through it are named.
    const [named] = own.connection.plan({ conversation: target(eve.id, 'direct'), relay: { name: 'Zoe' }, content: { kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: 'hey' }] }] } });
    expect(textIn(named as never)).toContain('Zoe');
  });

  test('a direct chat between two of them shows for both', async () => {
    const [bob, eve] = [sandbox.person('bob'), sandbox.person('eve')];
    bob.login('xoxp-token-of-bob');
    eve.login('xoxp-token-of-eve');
    const login = (user: string, token: string) => ({ team_id: sandbox.teamId, user_id: user, kind: 'user', token, rate_scale: SCALE });
    const app = appSettings(sandbox, {}, { bob: login(bob.id, 'xoxp-token-of-bob'), eve: login(eve.id, 'xoxp-token-of-eve') });
    await account.stop();
    account = await running(app);
    await using one = await running(app, 'bob');
    await using other = await running(app, 'eve');
    bob.sendText(bob.direct(eve.id).id, 'between us');
    expect(await eventually('with bob', () => one.sink.of('message')[0])).toMatchObject({ sender: { isSelf: true }, conversation: { id: eve.id } });
    expect(await eventually('with eve', () => other.sink.of('message')[0])).toMatchObject({ sender: { id: bob.id }, conversation: { id: bob.id } });
    expect(sandbox.sockets).toBe(1);
  });
});

describe('secrets', () => {
  test('stay out of every error', async () => {
    sandbox.revoke(secrets.botToken, false);
    const error: unknown = await account.connection.send(part(target(general), 'x')).catch((found: unknown) => found);
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain(secrets.botToken);
    sandbox.restore(secrets.botToken);
  });
});
