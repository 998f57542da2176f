import { describe, expect, test } from '@jest/globals';
import type { Inspection } from '../../src/actions/inspect.ts';
import type { MessageEvent } from '../../src/model/events.ts';
import { toPlain } from '../../src/text/plain.ts';
import { refused, understood } from '../kit/inspected.ts';
import * as kit from '../kit/rocketchat/payloads.ts';

const read = (name: string): Promise<Inspection> => understood('rocketchat', kit.UNDERSTOOD[name]);
const shown = async (name: string): Promise<readonly string[]> => {
  const { events } = await read(name);
  return events.flatMap((event) => (event.type === 'message' || event.type === 'edit' ? event.parts.map((part) => (part.kind === 'text' ? toPlain(part.text) : part.kind)) : [event.type]));
};
const message = async (name: string): Promise<MessageEvent> => (await read(name)).events.find((event) => event.type === 'message') as MessageEvent;

describe('every way and age of Rocket.Chat', () => {
  test.each(Object.keys(kit.UNDERSTOOD))('%s is understood', async (name) => {
    await read(name);
  });

  test.each(Object.entries(kit.REFUSED))('%s is refused', async (_name, body) => {
    expect(await refused('rocketchat', body)).toMatch(/Rocket\.Chat|empty/);
  });
});

describe('outgoing webhooks', () => {
  test('a text is no more than itself, and says where and whose it is', async () => {
    for (const name of ['a message', 'a trigger word', 'of a server before 0.50']) expect((await read(`outgoing webhook: ${name}`)).unsupported).toEqual([]);
    expect(await message('outgoing webhook: a message')).toMatchObject({ conversation: { id: kit.ROOM, title: 'gardeners' }, sender: { id: kit.ANNA, username: 'anna.berg' }, time: kit.SENT });
    expect(await message('outgoing webhook: a message of a bot')).toMatchObject({ sender: { name: 'Nightly build', isBot: true } });
    expect(await message('outgoing webhook: in a thread')).toMatchObject({ thread: { root: 'GkR2B8tZ5vX7nQ9aL' } });
  });

  test('a file that it tells of is there, and whoever sent it by their name', async () => {
    expect(await message('outgoing webhook: a file')).toMatchObject({ sender: { name: 'Anna Berg' }, conversation: { kind: 'channel', title: 'Gardeners' }, parts: [{ kind: 'image', media: { width: 640 }, caption: [{}] }] });
    expect(await shown('outgoing webhook: with attachments that a script put in')).toEqual(['T\n\nwords']);
  });

  test('what happened to a room or a user', async () => {
    expect((await read('outgoing webhook: a room was made')).events).toMatchObject([{ type: 'conversation.changed', by: { id: kit.ANNA }, conversation: { title: 'Gardeners' } }]);
    expect((await read('outgoing webhook: a room was archived')).events).toMatchObject([{ type: 'conversation.gone' }]);
    for (const name of ['somebody joined', 'somebody left']) expect((await read(`outgoing webhook: ${name}`)).unsupported).toMatchObject([{ reason: 'Anna Berg came into the room or left it: an outgoing webhook does not say which.' }]);
    expect((await read('outgoing webhook: a user was made')).unsupported).toMatchObject([{ reason: 'A user was made in Rocket.Chat: Bob Okoro.' }]);
  });
});

describe('Omnichannel’s webhooks', () => {
  test('what was said, in the chat that the body is of', async () => {
    expect(await message('omnichannel: a message of the visitor')).toMatchObject({ conversation: { title: 'Beds by post', topic: 'seeds' }, sender: { name: 'Guest three' } });
    expect(await message('omnichannel: of a server that gives no room with a message')).toMatchObject({ conversation: { id: 'fasd6f5a4sd6f8a4s' }, sender: { name: 'Guest three' } });
    expect((await read('omnichannel: the test of the settings page')).events).toMatchObject([{ sender: { name: 'visitor name' } }, { sender: { id: 'agentid', name: 'Agent Name' } }, { type: 'conversation.gone' }]);
    expect(await shown('omnichannel: blocks instead of words')).toEqual(['choose']);
    expect(await shown('omnichannel: what the visitor looked at')).toEqual(['Guest three went to Beds, https://example.org/beds.']);
    expect(await message('omnichannel: a message for later')).toMatchObject({ conversation: { kind: 'direct', id: 'g@example.org' }, sender: { name: 'Guest three' } });
  });

  test.each([
    ['began', 'Guest three began a chat.'], ['waits', 'Guest three waits for somebody to take the chat.'], ['was taken', 'Anna Berg took the chat.'], ['was handed on', 'The chat was handed on from bob to Anna Berg.'], ['whose facts changed', 'What is known of the chat or its visitor was changed.'],
  ])('a session that %s', async (name, reason) => {
    const found = [`omnichannel: a session that ${name}`, `omnichannel: a session ${name}`].find((each) => Object.hasOwn(kit.UNDERSTOOD, each)) ?? '';
    expect((await read(found)).unsupported).toMatchObject([{ reason }]);
  });

  test('a session that is closed closes its room', async () => {
    expect((await read('omnichannel: a session that was closed')).events.at(-1)).toMatchObject({ type: 'conversation.gone', reason: 'Anna Berg closed the conversation.' });
  });
});

test('messages as an app in the server gets them', async () => {
  expect(await message('Apps-Engine: a message')).toMatchObject({ id: '7aDSXtjMA3KPLxLjt', conversation: { id: kit.ROOM, kind: 'channel', title: 'Gardeners' }, sender: { id: kit.ANNA, name: 'Anna Berg' }, time: kit.SENT, parts: [{ text: [{ children: [{}, { t: 'bold' }] }] }] });
  expect((await read('Apps-Engine: a message in a thread, edited, with a reaction')).events.map(({ type }) => type)).toEqual(['edit', 'reactions.set']);
  expect(await shown('Apps-Engine: a message with a file')).toEqual(['image']);
  // A name taken for one message is nobody whom one could write to.
  expect(await message('Apps-Engine: a message with a card')).toMatchObject({ conversation: { kind: 'direct', id: kit.ANNA }, sender: { id: `${kit.ANNA}/Forge` } });
});

test('rooms, what the account sees of them, and exports', async () => {
  expect((await read('REST: rooms.get, as short as can be')).events).toMatchObject([{ type: 'conversation.changed', conversation: { kind: 'direct' } }, { conversation: { title: 'Gardeners' } }]);
  expect(await read('REST: subscriptions.get')).toMatchObject({ events: [], unsupported: [{ what: 'subscription' }] });
  expect(await shown('REST: an export')).toEqual(['hello', 'User has joined the channel.', 'image']);
  expect(await read('message: off the record')).toMatchObject({ events: [], unsupported: [{ what: 'e2e' }] });
});

test.each([['deleteMessage', [null]], ['deleteMessage', []]])('a %s of nothing says so', async (kind, args) => {
  const frame = { msg: 'changed', collection: 'stream-notify-room', id: 'id', fields: { eventName: `${kit.ROOM}/${kind}`, args } };
  expect(await understood('rocketchat', frame)).toMatchObject({ events: [], unsupported: [{ reason: 'Nothing in it can be read.' }] });
});

describe('what attachments and blocks show', () => {
  test.each([
    ['attached: what only a fallback says', ['deployed to the field']], ['attached: blocks beside a text', ['asked\n\nthe question itself']], ['attached: a card of a poll app', ['Tea or coffee?\n\n- Finish\n\n---\n\nTea\n\n[Vote]']],
    ['files: a file that is encrypted', []], ['attached: a quote', ['yes']],
  ])('%s', async (name, expected) => {
    expect(await shown(name)).toEqual(expected);
  });

  test('every kind of block has its words', async () => {
    const [text = ''] = await shown('attached: blocks of an app');
    for (const word of ['Which bed?', 'left', '[This one] (https://beds.example.org)', '[Yes]', '[pick]', 'One', 'a spade', 'https://x.example.org/i.png', 'Name', '[yours]', 'P', 'D', 'F', 'R', 'C', 'T']) expect(text).toContain(word);
  });

  test('a quote in a quote says no address; a file of before has its own name', async () => {
    expect((await message('attached: a quote in a quote')).replyTo).toEqual({ id: 'GkR2B8tZ5vX7nQ9aL', quote: 'mid', sender: 'bob' });
    expect(await message('files: a file of a server before 0.48')).toMatchObject({ parts: [{ kind: 'file', media: { name: 'a.zip' } }] });
  });
});

test.each([
  ['message: marks of integrations and no tree', 'see the plan (https://example.org/x) on 2024-05-01 10:00 UTC'],
  ['message: lists within lists, as its newest parser gives them', '- First\n  1. within\n- Last\n\n- ☐ beds\n  - ☑ seeds'],
])('%s', async (name, expected) => {
  expect(await shown(name)).toEqual([expected]);
});
