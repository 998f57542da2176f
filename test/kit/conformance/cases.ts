import { expect } from '@jest/globals';
import type { Feature } from '../../../src/model/capabilities.ts';
import type { MediaKind } from '../../../src/model/content.ts';
import type { ClientEvent } from '../../../src/demo/matrix/timelines.ts';
import { eventually } from '../stack/stack.ts';
import { Samples } from '../talk/samples.ts';
import type { Conversation, Place, Remote, Shown } from './driver.ts';
import { redactedBy } from '../client-events.ts';
import { patience, stateOf } from '../matrix/side.ts';
import type { ConformanceStage } from './stage.ts';

/** One conversation of a case, met by both sides. */
export interface Scene {
  readonly stage: ConformanceStage;
  readonly chat: Conversation;
  readonly room: string;
  readonly samples: Samples;
}

/** One thing that every adapter does, unless the floor table lets its network off. */
export interface Case {
  readonly what: string;
  readonly way: 'in' | 'out';
  /** What its network's descriptor must not deny for the case to be played; absent: every network. */
  readonly needs?: Feature | MediaKind;
  /** What the network's people must be able to do. */
  readonly act?: keyof Remote;
  /** Where it is played, when not everywhere. */
  readonly place?: Place;
  run(scene: Scene): Promise<void>;
}

type Json = Record<string, unknown>;
const relation = ({ content }: ClientEvent): Json => (content['m.relates_to'] ?? {}) as Json;
const body = ({ content }: ClientEvent): string => (typeof content['body'] === 'string' ? content['body'] : '');
const ghostly = ({ stage, room }: Scene, type?: string): readonly ClientEvent[] => stage.matrix.events(room, type).filter(({ sender }) => stage.matrix.isGhost(sender));

function ghostSays({ stage, room }: Scene, what: string, fits: (event: ClientEvent) => boolean): Promise<ClientEvent> {
  return stage.seen(room, what, (event) => stage.matrix.isGhost(event.sender) && fits(event));
}

/** Alice says something; resolves to the event's id. */
function say({ stage, room }: Scene, content: string | Json, type?: string): Promise<string> {
  return stage.matrix.send(room, content, type);
}

function goes({ stage, room }: Scene, what: string, event: string): Promise<ClientEvent> {
  return stage.seen(room, what, (one) => redactedBy(one) === event);
}

function accountSays({ chat }: Scene, what: string, fits: (message: Shown) => boolean): Promise<Shown> {
  return eventually(what, () => chat.shown().find(fits), patience);
}

/** Alice says something, and somebody sees it. */
async function said(scene: Scene, text: string, more: object = {}): Promise<{ readonly event: string; readonly message: Shown }> {
  const event = await say(scene, { msgtype: 'm.text', body: text, ...more });
  return { event, message: await accountSays(scene, text, (message) => message.text.includes(text) && !message.deleted) };
}

async function heard(scene: Scene, text: string): Promise<{ readonly id: string; readonly event: ClientEvent }> {
  const id = await scene.chat.ada.text(text);
  return { id, event: await ghostSays(scene, text, (event) => body(event) === text) };
}

/** What a thread can begin with: any message, or what the network has for it. */
async function rooted(scene: Scene, text: string): Promise<{ readonly id: string; readonly event: ClientEvent }> {
  const { root } = scene.chat.ada;
  if (root === undefined) return heard(scene, text);
  return { id: await root(text), event: await ghostSays(scene, text, (event) => body(event).includes(text)) };
}

const act = <K extends keyof Remote>(remote: Remote, name: K): NonNullable<Remote[K]> => {
  const done = remote[name];
  if (done === undefined) throw new Error(`nobody can ${name} here`);
  return done as NonNullable<Remote[K]>;
};

const mediaKinds: readonly MediaKind[] = ['image', 'video', 'audio', 'voice', 'file', 'sticker'];
const msgtypes: Readonly<Record<MediaKind, string>> = { image: 'm.image', video: 'm.video', audio: 'm.audio', voice: 'm.audio', file: 'm.file', sticker: 'm.sticker' };

const files: readonly Case[] = mediaKinds.flatMap((kind): readonly Case[] => [
  { what: `a file: ${kind}`, way: 'in', needs: kind, act: 'file', async run(scene) {
    const sample = scene.samples.of(kind, `in ${kind}`);
    await act(scene.chat.ada, 'file')(kind, sample.bytes, { mime: sample.mime, name: `in.${sample.extension}` });
    const others = new Set<unknown>();
    await eventually(`the ${kind}`, async () => {
      for (const { content } of ghostly(scene)) {
        const url = (content['m.new_content'] as Json | undefined)?.['url'] ?? content['url'];
        if (typeof url !== 'string' || others.has(url)) continue;
        if ((await scene.stage.matrix.download(url))?.equals(sample.bytes) === true) return true;
        others.add(url);
      }
      return false;
    }, patience);
  } },
  { what: `a file: ${kind}`, way: 'out', needs: kind, async run(scene) {
    const sample = scene.samples.of(kind, `out ${kind}`);
    const name = `out.${sample.extension}`;
    const url = await scene.stage.matrix.upload(sample.bytes, sample.mime, name);
    const info = { mimetype: sample.mime, size: sample.bytes.length };
    if (kind === 'sticker') await say(scene, { body: name, url, info }, 'm.sticker');
    else await say(scene, { msgtype: msgtypes[kind], body: name, filename: name, url, info, ...(kind === 'voice' ? { 'org.matrix.msc3245.voice': {} } : {}) });
    await accountSays(scene, `the ${kind}`, ({ sha256 }) => sha256 === sample.sha);
  } },
]);

export const cases: readonly Case[] = [
  { what: 'text, as it is', way: 'in', async run(scene) {
    const { event } = await heard(scene, 'plain <b>words</b> & signs 🌍');
    expect(body(event)).toBe('plain <b>words</b> & signs 🌍');
  } },
  { what: 'text, as it is', way: 'out', async run(scene) {
    const { message } = await said(scene, 'plain words & signs 🌍');
    expect(message.kind).toBe('text');
  } },
  { what: 'formatting', way: 'in', act: 'bold', async run(scene) {
    await act(scene.chat.ada, 'bold')('in bold');
    const event = await ghostSays(scene, 'the bold', (one) => body(one).includes('in bold'));
    expect(event.content['formatted_body']).toMatch(/<(?:strong|b)>in bold<\/(?:strong|b)>/);
  } },
  { what: 'formatting', way: 'out', async run(scene) {
    const { message } = await said(scene, 'out bold', { format: 'org.matrix.custom.html', formatted_body: '<strong>out bold</strong>' });
    expect(message.marked).not.toBe(message.text);
  } },
  { what: 'the order of what is said in a row', way: 'in', async run(scene) {
    const all = Array.from({ length: 10 }, (_, n) => `in order ${n}`);
    for (const text of all) await scene.chat.ada.text(text);
    await ghostSays(scene, 'the last', (event) => body(event) === all.at(-1));
    expect(ghostly(scene).map(body).filter((text) => text.startsWith('in order'))).toEqual(all);
  } },
  { what: 'the order of what is said in a row', way: 'out', async run(scene) {
    const all = Array.from({ length: 10 }, (_, n) => `out order ${n}`);
    for (const text of all) await say(scene, text);
    await accountSays(scene, 'the last', ({ text }) => text.includes(all.at(-1) ?? ''));
    expect(scene.chat.shown().map(({ text }) => all.find((one) => text.includes(one))).filter((one) => one !== undefined)).toEqual(all);
  } },
  { what: 'a text that is too long for one message, all of it and in order', way: 'out', async run(scene) {
    const lines = Array.from({ length: 900 }, (_, n) => `line ${n} ${'.'.repeat(40)}`);
    await say(scene, lines.join('\n'));
    await accountSays(scene, 'the end', ({ text }) => text.includes('line 899 '));
    const text = scene.chat.shown().map((message) => message.text).join('\n');
    expect([...text.matchAll(/line (\d+) /g)].map(([, n]) => Number(n))).toEqual(lines.map((_, n) => n));
  } },
  { what: 'a reply', way: 'in', needs: 'reply', act: 'reply', async run(scene) {
    const { event, message } = await said(scene, 'to be answered');
    await act(scene.chat.ada, 'reply')(message.id, 'the answer');
    const answer = await ghostSays(scene, 'the answer', (one) => body(one).includes('the answer'));
    expect((relation(answer)['m.in_reply_to'] as Json | undefined)?.['event_id'] ?? relation(answer)['event_id']).toBe(event);
  } },
  { what: 'a reply', way: 'out', needs: 'reply', async run(scene) {
    const { id, event } = await heard(scene, 'say something');
    const { message } = await said(scene, 'something', { 'm.relates_to': { 'm.in_reply_to': { event_id: event.event_id } } });
    expect(message.replyTo ?? message.thread).toBe(id);
  } },
  { what: 'a thread', way: 'in', needs: 'thread', act: 'thread', async run(scene) {
    const { event, id } = await rooted(scene, 'the root of a thread');
    await act(scene.chat.ben, 'thread')(id, 'inside the thread');
    const inside = await ghostSays(scene, 'the answer in the thread', (one) => body(one).includes('inside the thread'));
    expect([relation(inside)['rel_type'], relation(inside)['event_id']]).toEqual(['m.thread', event.event_id]);
  } },
  { what: 'a thread', way: 'out', needs: 'thread', async run(scene) {
    const { event, id } = await rooted(scene, 'another root');
    const { message } = await said(scene, 'into the thread', { 'm.relates_to': { rel_type: 'm.thread', event_id: event.event_id, is_falling_back: true, 'm.in_reply_to': { event_id: event.event_id } } });
    expect(message.thread).toBe(id);
  } },
  { what: 'an edit', way: 'in', needs: 'edit', act: 'edit', async run(scene) {
    const { id, event } = await heard(scene, 'before the edit');
    await act(scene.chat.ada, 'edit')(id, 'after the edit');
    const edit = await ghostSays(scene, 'the edit', (one) => relation(one)['rel_type'] === 'm.replace' && body(one).includes('after the edit'));
    expect(relation(edit)['event_id']).toBe(event.event_id);
  } },
  { what: 'an edit, or its correction', way: 'out', async run(scene) {
    const { event } = await said(scene, 'before my edit');
    await say(scene, { msgtype: 'm.text', body: '* after my edit', 'm.new_content': { msgtype: 'm.text', body: 'after my edit' }, 'm.relates_to': { rel_type: 'm.replace', event_id: event } });
    await accountSays(scene, 'the edit', ({ text }) => text.includes('after my edit'));
  } },
  { what: 'a removal', way: 'in', needs: 'delete', act: 'remove', async run(scene) {
    const { id, event } = await heard(scene, 'to be removed');
    await act(scene.chat.ada, 'remove')(id);
    await goes(scene, 'the redaction', event.event_id);
  } },
  { what: 'a removal, or word that it stays', way: 'out', async run(scene) {
    const { event, message } = await said(scene, 'I will remove this');
    const before = scene.stage.matrix.events(scene.room, 'm.room.message').length;
    await scene.stage.matrix.redact(scene.room, event);
    await eventually('the removal, or a notice', () => scene.chat.shown().every(({ id, deleted }) => id !== message.id || deleted)
      || scene.stage.matrix.events(scene.room, 'm.room.message').slice(before).some((one) => one.sender === scene.stage.matrix.bot && /🗑️|⚠️/u.test(body(one))), patience);
  } },
  { what: 'a reaction, and its removal', way: 'in', needs: 'react', act: 'react', async run(scene) {
    const { event, message } = await said(scene, 'worth a thumb');
    await act(scene.chat.ada, 'react')(message.id, '👍');
    const reaction = await ghostSays(scene, 'the reaction', (one) => one.type === 'm.reaction' && relation(one)['event_id'] === event);
    expect(relation(reaction)['key']).toMatch(/^👍/);
    await act(scene.chat.ada, 'unreact')(message.id, '👍');
    await goes(scene, 'that it is gone', reaction.event_id);
  } },
  { what: 'a reaction, and its removal', way: 'out', needs: 'react', async run(scene) {
    const { id, event } = await heard(scene, 'worth a heart');
    const reaction = await say(scene, { 'm.relates_to': { rel_type: 'm.annotation', event_id: event.event_id, key: '❤️' } }, 'm.reaction');
    await eventually('the reaction', () => scene.chat.reactionsOn(id).some((emoji) => emoji.startsWith('❤')), patience);
    await scene.stage.matrix.redact(scene.room, reaction);
    await eventually('that it is gone', () => scene.chat.reactionsOn(id).length === 0, patience);
  } },
  ...files,
  { what: 'a file with words', way: 'in', needs: 'image', act: 'file', async run(scene) {
    const sample = scene.samples.of('image', 'with words');
    await act(scene.chat.ada, 'file')('image', sample.bytes, { mime: sample.mime, name: 'in.jpg', caption: 'words below' });
    await ghostSays(scene, 'the words', (event) => body(event).includes('words below'));
  } },
  { what: 'a place', way: 'in', needs: 'location', act: 'location', async run(scene) {
    await act(scene.chat.ada, 'location')(52.1, 5.2);
    const event = await ghostSays(scene, 'the place', ({ content }) => content['msgtype'] === 'm.location');
    expect(event.content['geo_uri']).toMatch(/^geo:52\.1\d*,5\.2/);
  } },
  { what: 'a place, or where it is', way: 'out', async run(scene) {
    await say(scene, { msgtype: 'm.location', body: 'here', geo_uri: 'geo:52.25,5.75' });
    await accountSays(scene, 'the place', ({ kind, text }) => kind === 'location' || text.includes('52.25'));
  } },
  { what: 'a poll', way: 'in', needs: 'poll', act: 'poll', async run(scene) {
    await act(scene.chat.ada, 'poll')('Which day?', ['Friday', 'Saturday']);
    const event = await ghostSays(scene, 'the poll', ({ content }) => JSON.stringify(content).includes('Which day?'));
    expect(JSON.stringify(event.content)).toContain('Saturday');
  } },
  { what: 'a poll, or what it asks', way: 'out', async run(scene) {
    const poll = { question: { 'org.matrix.msc1767.text': 'Which colour?', body: 'Which colour?', msgtype: 'm.text' }, kind: 'org.matrix.msc3381.poll.disclosed', max_selections: 1,
      answers: [{ id: 'a', 'org.matrix.msc1767.text': 'Red' }, { id: 'b', 'org.matrix.msc1767.text': 'Blue' }] };
    await say(scene, { 'org.matrix.msc3381.poll.start': poll, 'org.matrix.msc1767.text': 'Which colour?\n1. Red\n2. Blue' }, 'org.matrix.msc3381.poll.start');
    await accountSays(scene, 'the poll', ({ text, kind }) => kind === 'poll' || (text.includes('Which colour?') && text.includes('Blue')));
  } },
  { what: 'a new name', way: 'in', act: 'rename', async run(scene) {
    await act(scene.chat.ada, 'rename')('Ada the Second');
    await eventually('the new name', () => [...stateOf(scene.stage.matrix, scene.room, 'm.room.member').values()].some(({ displayname }) => String(displayname).startsWith('Ada the Second')), patience);
  } },
  { what: 'a pin', way: 'in', needs: 'pin', act: 'pin', place: 'group', async run(scene) {
    const { id, event } = await heard(scene, 'to be pinned');
    await act(scene.chat.ada, 'pin')(id);
    await eventually('the pin', () => {
      const pinned = stateOf(scene.stage.matrix, scene.room, 'm.room.pinned_events').get('')?.['pinned'];
      return Array.isArray(pinned) && pinned.includes(event.event_id);
    }, patience);
  } },
  { what: 'a new title', way: 'in', needs: 'groups', act: 'retitle', place: 'group', async run(scene) {
    const title = `orchard-${scene.chat.title.replaceAll(/\D/g, '')}`;
    await act(scene.chat.ada, 'retitle')(title);
    await eventually('the new title', () => stateOf(scene.stage.matrix, scene.room, 'm.room.name').get('')?.['name'] === title, patience);
    await heard(scene, 'under another title');
  } },
  { what: 'a kind that nobody knows: a notice, and what comes after it', way: 'in', async run(scene) {
    const before = scene.stage.matrix.events(scene.room, 'm.room.message').length;
    await scene.chat.ada.unknown();
    await eventually('a notice', () => scene.stage.matrix.events(scene.room, 'm.room.message').slice(before).some((event) => body(event).includes('⚠️')), patience);
    await heard(scene, 'and on we go');
  } },
  { what: 'everything twice: shown once', way: 'in', async run(scene) {
    scene.stage.peer.faults.duplicate(true);
    try {
      for (let n = 0; n < 5; n++) await scene.chat.ada.text(`twice ${n}`);
      await ghostSays(scene, 'the last', (event) => body(event) === 'twice 4');
      await scene.stage.peer.idle();
    } finally {
      scene.stage.peer.faults.duplicate(false);
    }
    await heard(scene, 'once');
    const texts = ghostly(scene, 'm.room.message').map(body).filter((text) => text.startsWith('twice'));
    expect(texts).toEqual(Array.from({ length: 5 }, (_, n) => `twice ${n}`));
  } },
  { what: 'over the rate: waits, and nothing is lost or doubled', way: 'out', async run(scene) {
    scene.stage.peer.faults.rateLimit(true);
    const all = Array.from({ length: 4 }, (_, n) => `slowly ${n}`);
    for (const text of all) await say(scene, text);
    await new Promise((resolve) => void setTimeout(resolve, 300));
    scene.stage.peer.faults.rateLimit(false);
    await accountSays(scene, 'the last', ({ text }) => text.includes('slowly 3'));
    expect(scene.chat.shown().filter(({ text }) => text.includes('slowly')).map(({ text }) => all.find((one) => text.includes(one)))).toEqual(all);
  } },
  { what: 'with work in hand the daemon stops and starts: nothing is lost or doubled', way: 'out', async run(scene) {
    const all = Array.from({ length: 8 }, (_, n) => `over a restart ${n}`);
    for (const text of all) await say(scene, text);
    for (let n = 0; n < 4; n++) await scene.chat.ada.text(`in over a restart ${n}`);
    await scene.stage.restart();
    await accountSays(scene, 'the last', ({ text }) => text.includes('over a restart 7'));
    await ghostSays(scene, 'the last', (event) => body(event) === 'in over a restart 3');
    expect(scene.chat.shown().map(({ text }) => all.find((one) => text.includes(one))).filter((one) => one !== undefined)).toEqual(all);
  } },
  { what: 'refused with its token: the owner hears of it, and it goes out once that is good again', way: 'out', async run(scene) {
    scene.stage.peer.faults.expireToken(true);
    await say(scene, 'kept until the token is good');
    await eventually('word of it', async () => (await scene.stage.matrix.rooms()).some((room) => scene.stage.matrix.events(room, 'm.room.message')
      .some((event) => event.sender === scene.stage.matrix.bot && /does not work/.test(body(event)))), patience);
    scene.stage.peer.faults.expireToken(false);
    // The account is looked at again by itself within a minute; a start looks at once.
    await scene.stage.restart();
    await accountSays(scene, 'the text', ({ text }) => text.includes('kept until the token is good'));
    expect(scene.chat.shown().filter(({ text }) => text.includes('kept until the token is good'))).toHaveLength(1);
  } },
  // Last, for Ben does not come back.
  { what: 'somebody leaves', way: 'in', needs: 'members', act: 'leave', place: 'group', async run(scene) {
    await scene.chat.ben.text('before I go');
    const { sender } = await ghostSays(scene, 'his last words', (event) => body(event) === 'before I go');
    await act(scene.chat.ben, 'leave')();
    await eventually('that he has left', () => stateOf(scene.stage.matrix, scene.room, 'm.room.member').get(sender)?.['membership'] === 'leave', patience);
    await heard(scene, 'without him');
  } },
];
