import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { AccountBroken, Rejected, Retry, Uncertain, Unreachable } from '../../src/model/errors.ts';
import type { Content } from '../../src/model/content.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain, type RichText } from '../../src/model/richtext.ts';
import { telegram } from '../../src/networks/telegram/index.ts';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import { direct, group, MemorySink, options, part, run, source, target, TOKEN, type Running } from '../kit/telegram/account.ts';

let sandbox: TelegramSandbox;
let png: Buffer;
const open: Running[] = [];

beforeAll(async () => {
  sandbox = await startTelegramSandbox({ token: TOKEN });
  png = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#3366aa' } }).png().toBuffer();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (each) => each.stop()));
  Object.assign(sandbox.faults, { revoked: false, http500: 0, http502: 0, rateLimit: 0, acceptThenReset: 0, duplicate: 0, reorder: 0, badItem: 0, slowMs: 0, filesGone: false });
});
afterAll(async () => {
  expect([...sandbox.strange]).toEqual([]);
  await sandbox.close();
});

async function started(sink = new MemorySink()): Promise<Running> {
  const running = await run(options(sandbox.url), sink);
  open.push(running);
  return running;
}

const text = (words: string): Content => ({ kind: 'text', text: plain(words) });
let nextPerson = 5000;
const newId = (): number => (nextPerson += 1);

describe('receiving', () => {
  test('a message, its edit, a reaction; the offset is committed with them', async () => {
    const { sink } = await started();
    await sink.until('the first question', () => (sandbox.allowed.length > 0 ? true : undefined));
    expect(sandbox.allowed).toEqual(expect.arrayContaining(['message_reaction', 'message_reaction_count', 'chat_member', 'poll', 'poll_answer']));
    const anna = sandbox.person(newId(), { firstName: 'Anna', username: 'anna' });
    const id = anna.sendText('hello bold', {}, [{ type: 'bold', offset: 6, length: 4 }]);
    const message = await sink.event('message');
    expect(message).toMatchObject({
      id: `${anna.id}:${id}`, conversation: { id: String(anna.id), kind: 'direct', perAccount: true }, sender: { id: String(anna.id), name: 'Anna', username: 'anna' },
      parts: [{ kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: 'hello ' }, { t: 'bold' }] }] }],
    });
    anna.edit(id, 'hello changed');
    expect(await sink.event('edit')).toMatchObject({ target: message.id, parts: [{ kind: 'text' }] });
    anna.react(id, ['👍', '5368324170671202286']);
    const reactions = await sink.event('reactions.set');
    // A custom emoji is told by its number; what it stands for has been asked.
    expect(reactions).toMatchObject({ target: message.id, sender: { id: String(anna.id) }, reactions: [{ emoji: '👍' }, { emoji: '🦊' }] });
    await sink.until('the offset', () => (sandbox.pending === 0 && JSON.parse(sink.stored ?? '{}').offset > 0 ? true : undefined));
  });

  test('what was not committed is asked for again, and nothing is lost or doubled over a restart', async () => {
    const first = await started();
    const anna = sandbox.person(newId());
    first.sink.failing = 1;
    anna.sendText('one');
    await first.sink.event('message');
    anna.sendText('two');
    await first.sink.until('two', () => (first.sink.items.length >= 2 ? true : undefined));
    await first.stop();
    anna.sendText('three');
    const again = await started(new MemorySink(first.sink.stored));
    await again.sink.event('message', (event) => JSON.stringify(event.parts).includes('three'));
    expect(again.sink.items.filter(({ event }) => event.type === 'message').length).toBe(1);
  });

  test('bad updates, duplicates and those that overtake spoil no other', async () => {
    const { sink } = await started();
    Object.assign(sandbox.faults, { badItem: 0.5, duplicate: 0.5, reorder: 0.7 });
    const anna = sandbox.person(newId());
    const ids = Array.from({ length: 30 }, (_, index) => {
      const id = anna.sendText(`number ${index}`);
      if (index % 3 === 0) anna.react(id, ['🔥']);
      return id;
    });
    // A duplicate may be of a message that came before these.
    const hers = (): string[] => sink.events.flatMap((event) => (event.type === 'message' && event.sender.id === String(anna.id) ? [event.id] : []));
    await sink.until('all', () => (hers().length >= 30 ? true : undefined));
    await sink.until('all reactions', () => (sink.events.filter((event) => event.type === 'reactions.set' && event.sender?.id === String(anna.id)).length >= 10 ? true : undefined));
    expect(hers()).toEqual(ids.map((id) => `${anna.id}:${id}`));
  });

  test('groups: who comes and goes, title, picture, pins, topics', async () => {
    const { sink, connection } = await started();
    const [anna, bob] = [sandbox.person(newId(), { firstName: 'Anna' }), sandbox.person(newId(), { firstName: 'Bob' })];
    const chat = sandbox.group('Garden', { members: [anna] });
    chat.join(bob, anna);
    expect(await sink.event('member')).toMatchObject({ change: 'join', person: { id: String(bob.id), name: 'Bob' }, by: { id: String(anna.id) }, conversation: { id: String(chat.id), kind: 'group', perAccount: false, title: 'Garden' } });
    chat.setTitle('Orchard', anna);
    expect(await sink.event('conversation.changed')).toMatchObject({ conversation: { title: 'Orchard' }, by: { name: 'Anna' } });
    chat.setPhoto(png, anna);
    const pictured = await sink.event('conversation.changed', (event) => event.conversation.avatar != null);
    expect(await bytesOf(connection.openMedia(pictured.conversation.avatar?.handle ?? '', AbortSignal.timeout(5000)))).toEqual(png);
    const id = bob.sendText('pin me', { in: chat });
    chat.pin(id, anna);
    expect(await sink.event('pin')).toMatchObject({ target: `${chat.id}:${id}`, pinned: true, sender: { name: 'Anna' } });
    const topic = chat.createTopic('Apples', anna);
    const inTopic = bob.sendText('red ones', { in: chat, topic });
    const message = await sink.event('message', (event) => event.id === `${chat.id}:${inTopic}`);
    expect(message.thread).toEqual({ root: `${chat.id}:t${topic}` });
    expect(message.replyTo).toBeUndefined();
    expect(await sink.event('message', (event) => event.id === `${chat.id}:t${topic}`)).toMatchObject({ parts: [{ kind: 'text', style: 'notice' }] });
    chat.leave(bob);
    expect(await sink.event('member', (event) => event.change === 'leave')).toMatchObject({ person: { id: String(bob.id) } });
    chat.kickBot(anna);
    expect(await sink.event('conversation.gone')).toMatchObject({ conversation: { id: String(chat.id) } });
    await expect(connection.send(part(group(chat.id), text('x')))).rejects.toMatchObject({ name: 'Rejected', code: 'kicked' });
  });

  test('a group that becomes a supergroup is told of once, whoever tells first', async () => {
    const { sink, connection } = await started();
    const anna = sandbox.person(newId());
    const chat = sandbox.group('Small', { type: 'group', members: [anna] });
    const old = chat.id;
    anna.sendText('before', { in: chat });
    const message = await sink.event('message');
    expect(message.conversation).toMatchObject({ id: String(old), perAccount: true });
    chat.migrate(anna);
    const sent = await connection.send(part(target(message.conversation), text('after')));
    expect(sent.id).toBe(`${chat.id}:${Number(sent.id.split(':')[1])}`);
    expect(await sink.event('conversation.replaced')).toMatchObject({ conversation: { id: String(old), perAccount: true }, into: { id: String(chat.id), perAccount: false } });
    await sink.until('all taken', () => (sandbox.pending === 0 ? true : undefined));
    expect(sink.events.filter(({ type }) => type === 'conversation.replaced')).toHaveLength(1);
  });

  test('polls: votes and the end name the message, also after a restart', async () => {
    const first = await started();
    const anna = sandbox.person(newId());
    const chat = sandbox.group('Voters', { members: [anna] });
    const poll: Content = { kind: 'poll', question: 'When?', options: [{ id: 'a', text: 'Now' }, { id: 'b', text: 'Later' }], maxChoices: 1 };
    const sent = await first.connection.send(part(group(chat.id), poll));
    const id = Number(sent.id.split(':')[1]);
    anna.vote(chat.id, id, [1]);
    const vote = await first.sink.event('poll.vote');
    expect(vote).toMatchObject({ target: sent.id, sender: { id: String(anna.id) }, conversation: { id: String(chat.id), kind: 'group' } });
    expect(vote.options).toHaveLength(1);
    expect(vote.time).toBeGreaterThan(0);
    await first.stop();
    const again = await started(new MemorySink(first.sink.stored));
    anna.vote(chat.id, id, []);
    expect(await again.sink.event('poll.vote', ({ options: chosen }) => chosen.length === 0)).toMatchObject({ target: sent.id });
    await again.connection.edit?.({ ...part(group(chat.id), { ...poll, closed: true }), target: sent.id });
    // An end whose answer was lost is tried again.
    await again.connection.edit?.({ ...part(group(chat.id), { kind: 'poll', question: '', options: [], maxChoices: 1, closed: true }), target: sent.id });
    expect(await again.sink.event('poll.end')).toMatchObject({ target: sent.id, results: [{ text: 'Now', votes: 0 }, { text: 'Later', votes: 0 }] });
    expect(again.sink.events.filter(({ type }) => type === 'unsupported')).toEqual([]);
  });

  test('a token that was revoked is told once, and taken up again when it works', async () => {
    const ticking = { now: () => Date.now(), sleep: (ms: number, signal?: AbortSignal) => new Promise<void>((resolve) => { const timer = setTimeout(resolve, Math.min(ms, 20)); signal?.addEventListener('abort', () => { clearTimeout(timer); resolve(); }); }) };
    sandbox.faults.revoked = true;
    const running = await run(options(sandbox.url, { clock: ticking }));
    open.push(running);
    expect(running.sink.states).toEqual([{ ok: false, reason: expect.stringContaining('token'), fix: expect.stringContaining('BotFather') }]);
    sandbox.faults.revoked = false;
    await running.sink.until('works', () => (running.sink.states.at(-1)?.ok === true ? true : undefined));
    const anna = sandbox.person(newId());
    anna.sendText('there?');
    await running.sink.event('message');
    expect(running.sink.states).toHaveLength(2);
  });

  test('where nobody answers, the start says so', async () => {
    const connection = telegram.connect(options('http://127.0.0.1:9'));
    await expect(connection.start(new MemorySink(), new AbortController().signal)).rejects.toBeInstanceOf(Unreachable);
    await connection.close();
  });
});

describe('sending', () => {
  test('text with formatting arrives as it was meant; edited, reacted to, pinned, deleted', async () => {
    const { connection } = await started();
    const anna = sandbox.person(newId());
    const to = direct(anna.id);
    const rich: RichText = [
      { t: 'heading', level: 1, children: [{ t: 'text', text: 'Title' }] },
      { t: 'paragraph', children: [{ t: 'text', text: 'see ' }, { t: 'link', href: 'https://x.org/', children: [{ t: 'bold', children: [{ t: 'text', text: 'this' }] }] }, { t: 'break' }, { t: 'code', text: 'x*y' }] },
      { t: 'quote', children: [{ t: 'paragraph', children: [{ t: 'mention', target: 'user', id: String(anna.id), name: 'Anna' }] }] },
      { t: 'codeblock', language: 'ts', text: 'let a;' },
      { t: 'list', ordered: true, items: [[{ t: 'paragraph', children: [{ t: 'text', text: 'one' }] }]] },
    ];
    const sent = await connection.send(part(to, { kind: 'text', text: rich }));
    const message = anna.inbox.at(-1);
    expect(sent).toMatchObject({ id: `${anna.id}:${message?.id}`, state: 'confirmed' });
    expect(message?.body['text']).toBe('Title\n\nsee this\nx*y\n\nAnna\n\nlet a;\n\n1. one');
    expect(message?.body['entities']).toMatchObject([
      { type: 'bold', offset: 0, length: 5 }, { type: 'bold', offset: 11 }, { type: 'text_link', offset: 11 }, { type: 'code', offset: 16, length: 3 },
      { type: 'text_mention', user: { id: anna.id } }, { type: 'blockquote', offset: 21, length: 4 }, { type: 'pre', language: 'ts' },
    ]);
    await connection.edit?.({ ...part(to, text('changed')), target: sent.id });
    expect(message?.body).toEqual({ text: 'changed' });
    // The same again is no failure.
    await connection.edit?.({ ...part(to, text('changed')), target: sent.id });
    await connection.react?.(to, sent.id, '❤️', 'k');
    expect([...(message?.reactions.values() ?? [])]).toEqual([[{ type: 'emoji', emoji: '❤' }]]);
    await connection.react?.(to, sent.id, null, 'k');
    expect(message?.reactions.size).toBe(0);
    await expect(connection.react?.(to, sent.id, '🦜', 'k')).rejects.toMatchObject({ code: 'no_such_reaction' });
    await expect(connection.react?.(to, sent.id, 'words', 'k')).rejects.toMatchObject({ code: 'not_emoji' });
    await connection.pin?.(to, sent.id, true, 'k');
    await connection.pin?.(to, sent.id, false, 'k');
    await connection.delete?.(to, sent.id, 'k');
    await connection.delete?.(to, sent.id, 'k');
    expect(message?.deleted).toBe(true);
    await connection.typing?.(to, true);
    expect(sandbox.isTyping(anna.id)).toBe(true);
  });

  test.each([
    ['a picture', { kind: 'image' }, 'image/png', 'photo'],
    ['a picture that is too wide', { kind: 'image' }, 'wide', 'document'],
    ['a moving picture', { kind: 'image' }, 'image/gif', 'animation'],
    ['a film', { kind: 'video' }, 'video/mp4', 'video'],
    ['a film that plays by itself', { kind: 'video', animated: true }, 'video/mp4', 'animation'],
    ['a round film', { kind: 'video', round: true }, 'round', 'video_note'],
    ['sound', { kind: 'audio' }, 'audio/mpeg', 'audio'],
    ['a voice message', { kind: 'voice' }, 'audio/ogg', 'voice'],
    ['a file', { kind: 'file' }, 'application/pdf', 'document'],
    ['a sticker', { kind: 'sticker' }, 'image/webp', 'sticker'],
  ] as const)('%s', async (_name, given, mime, field) => {
    const { connection } = await started();
    const anna = sandbox.person(newId());
    const bytes = mime === 'image/png' ? png
      : mime === 'wide' ? await sharp({ create: { width: 2100, height: 20, channels: 3, background: '#fff' } }).png().toBuffer()
      : mime === 'image/webp' ? await sharp(png).webp().toBuffer()
      : mime === 'audio/ogg' ? Buffer.from('OggS\0rest') : mime === 'audio/mpeg' ? Buffer.from('ID3\x03rest')
      : mime.startsWith('video') || mime === 'round' ? Buffer.from('\0\0\0\x18ftypmp42rest') : mime === 'image/gif' ? Buffer.from('GIF89a') : Buffer.from('%PDF-1.7');
    const real = mime === 'wide' ? 'image/png' : mime === 'round' ? 'video/mp4' : mime;
    const size = mime === 'wide' ? { width: 2100, height: 20 } : mime === 'round' ? { width: 240, height: 240, durationMs: 2000 } : {};
    const content = { ...given, media: { source: { network: '' } }, caption: plain('below') } as Content;
    const bare = given.kind === 'sticker' || 'round' in given;
    await connection.send(part(direct(anna.id), content, { media: source(bytes, real, 'a "name".bin', size) }));
    const message = anna.inbox.at(-1);
    expect(Object.keys(message?.body ?? {})).toContain(field);
    expect(message?.body['caption']).toBe(bare ? undefined : 'below');
    expect(message?.file?.bytes.equals(bytes)).toBe(true);
    if (field === 'document') expect(message?.file?.name).toBe('a %22name%22.bin');
    if (!bare) {
      await connection.edit?.({ ...part(direct(anna.id), { ...content, caption: plain('other') } as Content), target: `${anna.id}:${message?.id}` as RemoteId });
      expect(message?.body['caption']).toBe('other');
      await connection.edit?.({ ...part(direct(anna.id), text('as text')), target: `${anna.id}:${message?.id}` as RemoteId });
      expect(message?.body['caption']).toBe('as text');
    }
  });

  test('places, live ones too, contacts, replies, topics', async () => {
    const { connection } = await started();
    const anna = sandbox.person(newId());
    const chat = sandbox.group('Forum', { members: [anna], forum: true });
    const to = group(chat.id);
    const last = (): Readonly<Record<string, unknown>> => chat.inbox.at(-1)?.body ?? {};
    await connection.send(part(to, { kind: 'location', latitude: 52.37, longitude: 4.89, name: 'Dam' }));
    expect(last()['venue']).toMatchObject({ title: 'Dam', address: '52.37, 4.89' });
    const live = await connection.send(part(to, { kind: 'location', latitude: 1, longitude: 2, live: 'on' }));
    await connection.edit?.({ ...part(to, { kind: 'location', latitude: 3, longitude: 4, live: 'on' }), target: live.id });
    expect(last()['location']).toMatchObject({ latitude: 3, live_period: 86_400 });
    await connection.edit?.({ ...part(to, { kind: 'location', latitude: 3, longitude: 4, live: 'ended' }), target: live.id });
    expect(last()['location']).toEqual({ latitude: 3, longitude: 4 });
    const card = { name: 'Ada', phones: [{ value: '+31 6 1' }], emails: [{ value: 'ada@x.org' }], urls: [], addresses: [] };
    await connection.send(part(to, { kind: 'contacts', contacts: [card] }));
    expect(last()['contact']).toMatchObject({ phone_number: '+31 6 1', first_name: 'Ada', vcard: expect.stringContaining('EMAIL:ada@x.org') });
    const topic = chat.createTopic('T', anna);
    const asked = anna.sendText('what?', { in: chat, topic });
    await connection.send(part(to, text('that'), { replyTo: `${chat.id}:${asked}` as RemoteId, thread: { root: `${chat.id}:t${topic}` as RemoteId } }));
    expect(chat.inbox.at(-1)).toMatchObject({ replyTo: asked, topic });
    await connection.send(part(to, text('aside'), { thread: { root: `${chat.id}:${asked}` as RemoteId } }));
    expect(chat.inbox.at(-1)).toMatchObject({ replyTo: asked });
    await connection.send(part(to, text('to nothing'), { replyTo: `${chat.id}:99999` as RemoteId }));
    expect(chat.inbox.at(-1)).toMatchObject({ replyTo: null });
    chat.closeTopic(topic, anna);
    await expect(connection.send(part(to, text('late'), { thread: { root: `${chat.id}:t${topic}` as RemoteId } }))).rejects.toMatchObject({ code: 'topic_closed' });
  });

  test('what a chat and a person look like', async () => {
    const { connection } = await started();
    const anna = sandbox.person(newId(), { firstName: 'Anna', lastName: 'V', username: 'av' });
    anna.setPhoto(png);
    const chat = sandbox.group('Looks', { members: [anna] });
    chat.setDescription('what it is about');
    expect(await connection.describe?.(group(chat.id))).toMatchObject({ conversation: { id: String(chat.id), title: 'Looks', topic: 'what it is about', avatar: null }, members: null });
    expect(await connection.describe?.(direct(anna.id))).toMatchObject({ conversation: { kind: 'direct' }, members: [{ name: 'Anna V', username: 'av' }] });
    const profile = await connection.profile?.({ id: String(anna.id), scope: '' });
    expect(await bytesOf(connection.openMedia(profile?.avatar?.handle ?? '', AbortSignal.timeout(5000)))).toEqual(png);
    expect(await connection.profile?.({ id: '999999', scope: '' })).toBeNull();
  });

  test('files come back as they went; those over 20 MB are refused before they are asked for', async () => {
    const { connection, sink } = await started();
    const anna = sandbox.person(newId());
    anna.sendMedia('document', Buffer.from('bytes of a file'), { mime: 'text/plain', name: 'a.txt', caption: 'see' });
    const message = await sink.event('message');
    const [content] = message.parts;
    expect(content).toMatchObject({ kind: 'file', media: { mime: 'text/plain', name: 'a.txt', size: 15 }, caption: [{ t: 'paragraph' }] });
    const handle = content !== undefined && 'media' in content && 'network' in content.media.source ? content.media.source.network : '';
    const found = await connection.openMedia(handle, AbortSignal.timeout(5000));
    expect(found).toMatchObject({ mime: 'text/plain', name: 'a.txt', size: 15 });
    expect((await bytesOf(Promise.resolve(found))).toString()).toBe('bytes of a file');
    await expect(connection.openMedia(JSON.stringify({ id: 'x', size: 21 * 1024 * 1024 }), AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'too_large' });
    await expect(connection.openMedia('{', AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'media_handle' });
    sandbox.faults.filesGone = true;
    await expect(connection.openMedia(handle, AbortSignal.timeout(5000))).rejects.toBeInstanceOf(Retry);
  });
});

describe('a server of one’s own', () => {
  test('files are read from its directory, and from nowhere else', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'drawbridge-botapi-'));
    const local = await startTelegramSandbox({ token: TOKEN, localDir: dir });
    const running = await run(options(local.url, { app: { local_dir: dir } }));
    const anna = local.person(1);
    anna.sendMedia('document', Buffer.from('large'), { name: 'l.bin', fields: { file_size: 1_500_000_000 } });
    const message = await running.sink.event('message');
    const [content] = message.parts;
    const handle = content !== undefined && 'media' in content && 'network' in content.media.source ? content.media.source.network : '';
    await expect(running.connection.openMedia(handle, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'media_gone' });
    await mkdir(join(dir, 'documents'));
    await writeFile(join(dir, 'documents', 'file_1.bin'), 'large');
    expect((await bytesOf(running.connection.openMedia(handle, AbortSignal.timeout(5000)))).toString()).toBe('large');
    await rm(join(dir, 'documents', 'file_1.bin'));
    await symlink('/etc/hostname', join(dir, 'documents', 'file_1.bin'));
    await expect(running.connection.openMedia(handle, AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'media_path' });
    expect(running.connection.capabilities(direct(1)).media.file.maxBytes).toBe(2_000_000_000);
    await running.stop();
    // A server that names its disk to one that was not told of it.
    const plainly = await run(options(local.url));
    await expect(plainly.connection.openMedia(JSON.stringify({ id: JSON.parse(handle).id }), AbortSignal.timeout(5000))).rejects.toMatchObject({ code: 'media_local' });
    await plainly.stop();
    await local.close();
    await rm(dir, { recursive: true });
  });
});

describe('refusals', () => {
  test('each ends in the class that tells the lane what to do', async () => {
    const { connection } = await started();
    const anna = sandbox.person(newId());
    const to = direct(anna.id);
    sandbox.faults.rateLimit = 1;
    const limited = await connection.send(part(to, text('x'))).catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(Retry);
    expect(limited).toMatchObject({ rateLimited: true, afterMs: expect.any(Number) });
    Object.assign(sandbox.faults, { rateLimit: 0, http502: 1 });
    await expect(connection.send(part(to, text('x')))).rejects.toBeInstanceOf(Uncertain);
    Object.assign(sandbox.faults, { http502: 0, acceptThenReset: 1 });
    await expect(connection.send(part(to, text('x')))).rejects.toBeInstanceOf(Uncertain);
    Object.assign(sandbox.faults, { acceptThenReset: 0, revoked: true });
    const refused = await connection.send(part(to, text('x'))).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(AccountBroken);
    expect(JSON.stringify({ ...(refused as Error), message: (refused as Error).message, stack: (refused as Error).stack })).not.toContain(TOKEN);
    sandbox.faults.revoked = false;
    await expect(connection.send(part(direct(424_242), text('x')))).rejects.toMatchObject({ code: 'chat_not_found' });
    anna.block();
    await expect(connection.send(part(to, text('x')))).rejects.toMatchObject({ name: 'Rejected', code: 'blocked' });
    await expect(connection.edit?.({ ...part(to, text('x')), target: `${anna.id}:777` as RemoteId })).rejects.toBeInstanceOf(Rejected);
    await expect(connection.edit?.({ ...part(to, text('x')), target: 'digest:abc' as RemoteId })).rejects.toMatchObject({ code: 'no_target' });
    expect(await connection.findSent('key', to, 0)).toBe('unknown');
  });

  test('blocking is told, and the opposite', async () => {
    const { sink } = await started();
    const anna = sandbox.person(newId());
    anna.sendText('hi');
    anna.block();
    expect(await sink.event('conversation.gone')).toMatchObject({ conversation: { id: String(anna.id), kind: 'direct' } });
    anna.block(false);
    expect(await sink.event('unsupported')).toMatchObject({ what: 'my_chat_member', conversation: { id: String(anna.id) } });
  });

  test('no address with the token is in an error, whoever the other side is', async () => {
    const connection = telegram.connect(options('http://127.0.0.1:9'));
    const error = await connection.send(part(direct(1), text('x'))).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(Unreachable);
    expect(inspected(error)).not.toContain(TOKEN);
    await connection.close();
  });
});

function inspected(error: unknown): string {
  const seen: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) seen.push(at.message, String(at.stack), JSON.stringify(at));
  return seen.join('\n');
}

async function bytesOf(stream: Promise<{ readonly bytes: AsyncIterable<Uint8Array> }>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await stream).bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
