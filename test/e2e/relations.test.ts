import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { Message, PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { eventually } from '../kit/stack/stack.ts';
import { redactedBy, relationOf } from '../kit/client-events.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { make } from '../kit/synapse/files.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// What is said about a message that is there already: replies, reactions, edits and removals, both ways.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let carla: PersonHandle;
let room: string;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], delivery: { target_wait: '1s' } });
  await bridge.start();
  ({ person: carla, room } = await bridge.meet(alice, '31612345678', { name: 'Carla' }));
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

interface Pair {
  readonly event: string;
  readonly message: string;
}

/** A message of Carla, by its ids on both sides. */
async function theirs(text: string): Promise<Pair> {
  const message = carla.sendText(text);
  return { message, event: (await alice.waitForText(room, text)).event_id };
}
async function ours(text: string): Promise<Pair> {
  const event = await alice.text(room, text);
  return { event, message: (await onPhone(carla, text)).id };
}
/** A picture of theirs; what stands below it names it, for WhatsApp gives pictures no file name. */
async function picture(caption: string): Promise<Pair> {
  const message = await carla.sendMedia('image', await make.jpeg(), { mime: 'image/jpeg', caption });
  return { message, event: (await alice.waitForEvent(room, (event) => bodyOf(event) === caption)).event_id };
}
const repliedTo = (event: ClientEvent): string | undefined => relationOf(event)['m.in_reply_to']?.event_id;
const state = (id: string): Readonly<Message> | undefined => bridge.sandbox.messages.find((message) => message.id === id);
const shows = (id: string, emoji: string | undefined): Promise<unknown> =>
  eventually(`${emoji ?? 'no reaction'} on the phone`, () => state(id)?.reactions.business === emoji, patience);
const annotations = (target: string): ClientEvent[] => {
  const gone = new Set(alice.timeline(room).map(redactedBy));
  return alice.timeline(room).filter((event) => event.type === 'm.reaction' && relationOf(event).event_id === target && !gone.has(event.event_id));
};
const annotated = (target: string, ...emoji: string[]): Promise<unknown> =>
  eventually(`${emoji.join(' ') || 'nothing'} on the event`, () => annotations(target).map((event) => relationOf(event).key).join(' ') === emoji.join(' '), patience);

describe('replies', () => {
  test('of WhatsApp to the other and to themselves', async () => {
    const [mine, own] = [await ours('what I said'), await theirs('what they said')];
    carla.reply(mine.message, 'to yours');
    carla.reply(own.message, 'to my own');
    expect(repliedTo(await alice.waitForText(room, 'to yours'))).toBe(mine.event);
    expect(repliedTo(await alice.waitForText(room, 'to my own'))).toBe(own.event);
  });

  test('of Matrix to the other and to oneself, without the quoted text', async () => {
    const [mine, own] = [await ours('said here'), await theirs('said there')];
    await alice.send(room, 'm.room.message', {
      msgtype: 'm.text', body: '> <@somebody:localhost> said there\n\nto theirs', format: 'org.matrix.custom.html',
      formatted_body: '<mx-reply><blockquote>said there</blockquote></mx-reply>to theirs', 'm.relates_to': { 'm.in_reply_to': { event_id: own.event } },
    });
    await alice.reply(room, mine.event, 'to what I said');
    expect(await onPhone(carla, 'to theirs')).toMatchObject({ replyTo: own.message, quoteMissing: false });
    expect(await onPhone(carla, 'to what I said')).toMatchObject({ replyTo: mine.message, quoteMissing: false });
  });

  test('to files, and files as replies', async () => {
    const target = await picture('the boat');
    await alice.reply(room, target.event, 'nice picture');
    expect(await onPhone(carla, 'nice picture')).toMatchObject({ replyTo: target.message });
    const sent = await alice.file(room, { name: 'b.jpg', type: 'image/jpeg', bytes: await make.jpeg(), extra: { 'm.relates_to': { 'm.in_reply_to': { event_id: target.event } } } });
    const got = await onPhone(carla, ({ type }) => type === 'image');
    expect(got).toMatchObject({ replyTo: target.message });
    await carla.sendMedia('video', await make.mp4(), { mime: 'video/mp4', replyTo: got.id });
    expect(repliedTo(await alice.waitForEvent(room, ({ content }) => content['msgtype'] === 'm.video'))).toBe(sent);
  });

  test('to any part of a long text mean the whole', async () => {
    const event = await alice.text(room, `a long one ${'word '.repeat(1_500)}last`);
    const last = await onPhone(carla, (message) => bodyOf(message).endsWith('last'));
    carla.reply(last.id, 'to the end of it');
    expect(repliedTo(await alice.waitForText(room, 'to the end of it'))).toBe(event);
  });

  test('in a thread go on, as a reply to what it is about', async () => {
    const root = await theirs('the root');
    await alice.send(room, 'm.room.message', {
      msgtype: 'm.text', body: 'in the thread', 'm.relates_to': { rel_type: 'm.thread', event_id: root.event, is_falling_back: true, 'm.in_reply_to': { event_id: root.event } },
    });
    expect(await onPhone(carla, 'in the thread')).toMatchObject({ replyTo: root.message });
  });

  test('to what is not there say so', async () => {
    carla.sendRaw('text', { body: 'about something old' }, { context: { from: '319701020304', id: 'wamid.OLD' } });
    const event = await alice.waitForEvent(room, (one) => bodyOf(one).includes('about something old'));
    expect(bodyOf(event)).toMatch(/reply/);
    expect(repliedTo(event)).toBeUndefined();
  });
});

describe('reactions', () => {
  test('of WhatsApp to the other’s and to their own, changed and taken away', async () => {
    for (const target of [await ours('react to mine'), await theirs('react to your own')]) {
      carla.react(target.message, '👍');
      await annotated(target.event, '👍');
      expect(annotations(target.event).every(({ sender }) => bridge.isGhost(sender))).toBe(true);
      carla.react(target.message, '❤️');
      await annotated(target.event, '❤️');
      carla.react(target.message, null);
      await annotated(target.event);
    }
  });

  test('of Matrix, the newest is shown, and the one before it when that goes', async () => {
    for (const target of [await theirs('react to theirs'), await ours('react to one’s own')]) {
      await alice.react(room, target.event, '👍');
      await shows(target.message, '👍');
      const second = await alice.react(room, target.event, '🎉');
      await shows(target.message, '🎉');
      await alice.redact(room, second);
      await shows(target.message, '👍');
      for (const { event_id } of annotations(target.event)) await alice.redact(room, event_id);
      await shows(target.message, undefined);
    }
  });

  test('to a picture', async () => {
    const target = await picture('the bread');
    await alice.react(room, target.event, '😍');
    await shows(target.message, '😍');
    carla.react(target.message, '🙏');
    await eventually('the ghost’s own', () => annotations(target.event).some(({ sender, content }) => bridge.isGhost(sender) && JSON.stringify(content).includes('🙏')), patience);
  });

  test('that are no emoji are refused with the reason', async () => {
    const target = await theirs('no emoji');
    const reaction = await alice.react(room, target.event, 'lol');
    const told = await alice.waitForEvent(room, (event) => event.sender === bridge.bot && repliedTo(event) === reaction);
    expect(bodyOf(told)).toMatch(/emoji/);
    expect(state(target.message)?.reactions.business).toBeUndefined();
  });
});

describe('edits', () => {
  test('of WhatsApp replace the event, the second too', async () => {
    const target = await theirs('Befor');
    carla.edit(target.message, 'Before');
    carla.edit(target.message, '*Before* noon');
    const edit = (body: string): Promise<ClientEvent> => alice.waitForEvent(room, (event) => (event.content['m.new_content'] as { body?: string } | undefined)?.body === body);
    for (const body of ['Before', 'Before noon']) expect(relationOf(await edit(body))).toMatchObject({ rel_type: 'm.replace', event_id: target.event });
    expect((await edit('Before noon')).content['m.new_content']).toMatchObject({ formatted_body: '<strong>Before</strong> noon' });
    const now = await alice.client.get<ClientEvent>(`/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(target.event)}`);
    expect(JSON.stringify(now.unsigned)).toContain('Before noon');
  });

  test('of Matrix become a correction that answers the message, for WhatsApp has no edits', async () => {
    const target = await ours('tomorow');
    await alice.edit(room, target.event, 'tomorrow');
    const correction = await onPhone(carla, (message) => bodyOf(message).includes('tomorrow'));
    expect(correction).toMatchObject({ replyTo: target.message });
    expect(bodyOf(correction)).not.toContain('* tomorrow');
    expect(bodyOf({ ...correction, body: state(target.message)?.body })).toBe('tomorow');
  });

  test('can be replied to, and reacted to, like what they edit', async () => {
    const target = await theirs('frist');
    carla.edit(target.message, 'first');
    await alice.waitForEvent(room, (event) => relationOf(event).event_id === target.event && relationOf(event).rel_type === 'm.replace');
    await alice.reply(room, target.event, 'answer to the edited');
    expect(await onPhone(carla, 'answer to the edited')).toMatchObject({ replyTo: target.message });
    carla.react(target.message, '👌');
    await annotated(target.event, '👌');
  });
});

describe('removals', () => {
  const redactionOf = (event: string): Promise<ClientEvent> => alice.waitForEvent(room, (one) => redactedBy(one) === event);

  test('on WhatsApp redact the event, also an edited one and a file', async () => {
    const plain = await theirs('take it back');
    const edited = await theirs('edited and taken back');
    carla.edit(edited.message, 'edited and taken back!');
    const shot = await picture('a secret');
    for (const { message } of [plain, edited, shot]) carla.revoke(message);
    for (const { event } of [plain, edited, shot]) await redactionOf(event);
    const past = await alice.history(room);
    for (const { event } of [plain, edited, shot]) expect(past.find(({ event_id }) => event_id === event)?.content).toEqual({});
    // Nor can what it said be read in its edits.
    expect(JSON.stringify(past)).not.toContain('edited and taken back');
  });

  test('on Matrix are answered with what stays visible, for WhatsApp’s API takes nothing back', async () => {
    const target = await ours('never mind');
    await alice.redact(room, target.event);
    const told = await alice.waitForEvent(room, (event) => event.sender === bridge.bot && event.content['msgtype'] === 'm.notice' && /delet/i.test(bodyOf(event)));
    expect(bodyOf(told)).toContain('WhatsApp');
    expect(state(target.message)?.revoked).toBe(false);
  });

  test('of something that was never bridged disturb nobody', async () => {
    const before = alice.timeline(room).filter(({ sender }) => sender === bridge.bot).length;
    const custom = await alice.send(room, 'org.example.custom', { body: 'x' });
    await alice.redact(room, custom);
    await ours('and on it goes');
    expect(alice.timeline(room).filter(({ sender }) => sender === bridge.bot)).toHaveLength(before);
  });
});

test('a reaction, an edit and a removal of what is not here are told after a while, and hold up nothing', async () => {
  carla.sendRaw('reaction', { message_id: 'wamid.NEVER', emoji: '🤷' });
  carla.sendRaw('edit', { original_message_id: 'wamid.NEVER2', message: { type: 'text', text: { body: 'what I meant' } } });
  carla.sendRaw('revoke', { original_message_id: 'wamid.NEVER3' });
  await theirs('not held up by that');
  for (const text of ['🤷', 'what I meant', 'deleted']) await alice.waitForEvent(room, (event) => event.type === 'm.room.message' && bodyOf(event).includes(text) && /not here/.test(bodyOf(event)));
});
