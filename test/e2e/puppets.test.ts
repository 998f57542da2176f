import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { type PersonHandle, type RocketChatSandbox, type Room, startRocketChatSandbox } from '../../src/sandbox/rocketchat/index.ts';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import { patience } from '../kit/matrix/side.ts';
import { onSynapse, type SynapseSide } from '../kit/matrix/synapse.ts';
import * as rocketchat from '../kit/rocketchat/account.ts';
import { type Between, daemonBetween } from '../kit/stack/between.ts';
import { eventually } from '../kit/stack/stack.ts';
import { sharedSynapse } from '../kit/synapse/shared.ts';

// Alice has her own login on a Rocket.Chat server, and uses its app too. What she does there shows on a real homeserver as herself.

jest.setTimeout(180_000);

const MARKER = 'io.drawbridge.origin';

let between: Between<SynapseSide>;
let sandbox: RocketChatSandbox;
/** Alice in Rocket.Chat's own app. */
let phone: PersonHandle;
let bob: PersonHandle;
let there: Room;
let room: string;
let alice: MatrixUser;
/** Owns the account too, and only reads along. */
let ben: MatrixUser;

beforeAll(async () => {
  ben = await (await sharedSynapse()).user('ben');
  between = await daemonBetween(onSynapse, async ({ owners }, started) => {
    sandbox = started.adopt(await startRocketChatSandbox({ token: rocketchat.TOKEN, username: 'alice', roles: ['user'] }), (one) => one.close());
    return { rocketchat: rocketchat.configOf(sandbox, { owners: [...owners, ben.id], puppet: owners[0], kind: 'user', rate_scale: 10_000 }) };
  }, { asProcess: true });
  alice = between.matrix.user;
  await between.start();
  phone = sandbox.person('alice');
  bob = sandbox.person('bob', 'Bob');
  there = bob.createRoom('garden', [sandbox.account]);
  bob.sendText(there, 'hello');
  room = await eventually('the room, which Alice is in', () => alice.rooms().find((id) => named(id, 'garden')), patience);
}, 300_000);

afterAll(async () => {
  await between[Symbol.asyncDispose]();
  await ben.close();
}, 60_000);

const named = (id: string, name: string): boolean => alice.events(id).some(({ type, content }) => type === 'm.room.name' && content['name'] === name);
const said = (id = room): readonly ClientEvent[] => alice.timeline(id).filter(({ type }) => type === 'm.room.message');
const bodies = (prefix: string): readonly unknown[] => said().flatMap(({ sender, content }) => (String(content['body']).startsWith(prefix) ? [[sender, content['body']]] : []));
const shown = (body: string): Promise<ClientEvent> => eventually(`"${body}" in the room`, () => said().find(({ content }) => content['body'] === body), patience);
/** What stands in Rocket.Chat of this. */
const copies = (text: string): number => sandbox.in(there).filter(({ msg }) => msg.includes(text)).length;

test('she is in the room of a conversation of hers without being asked', () => {
  expect(alice.invitations()).toEqual([]);
  const joins = alice.events(room).filter(({ type, state_key: who, content }) => type === 'm.room.member' && who === alice.id && content['membership'] === 'join');
  expect(joins.map(({ sender }) => sender)).toEqual([alice.id]);
});

test('a message, its edit, a reaction and a deletion are hers, and each is there once', async () => {
  const message = phone.sendText(there, 'teh garden');
  const event = await shown('teh garden');
  expect(event.sender).toBe(alice.id);
  expect(event.content).not.toHaveProperty(['formatted_body']);
  phone.edit(message._id, 'the garden');
  const edit = await shown('* the garden');
  expect([edit.sender, edit.content['m.relates_to']]).toEqual([alice.id, { rel_type: 'm.replace', event_id: event.event_id }]);
  const hello = sandbox.in(there).find(({ msg }) => msg === 'hello');
  phone.react(hello?._id ?? '', 'tada');
  const reaction = await eventually('her reaction', () => alice.timeline(room).find(({ type }) => type === 'm.reaction'), patience);
  expect(reaction.sender).toBe(alice.id);
  phone.unreact(hello?._id ?? '', 'tada');
  const redacted = (target: string) => (): ClientEvent | undefined => alice.timeline(room).find((one) => one.type === 'm.room.redaction' && [one['redacts' as never], one.content['redacts']].includes(target as never));
  expect((await eventually('its end', redacted(reaction.event_id), patience)).sender).toBe(alice.id);
  phone.remove(message._id);
  expect((await eventually('the deletion', redacted(event.event_id), patience)).sender).toBe(alice.id);
  // Whatever would come of it comes before this.
  phone.sendText(there, 'after all that');
  await shown('after all that');
  const answer = await alice.text(room, 'from Matrix');
  await eventually('the message there', () => copies('from Matrix') === 1, patience);
  expect([copies('garden'), copies('after all that'), copies('from Matrix')]).toEqual([0, 1, 1]);
  expect(said().filter(({ content }) => String(content['body']).includes('garden'))).toHaveLength(2);
  expect(said().filter(({ event_id }) => event_id === answer)).toHaveLength(1);
  expect(sandbox.messages.get(hello?._id ?? '')?.['reactions'] ?? {}).toEqual({});
});

test('what she changes or deletes here of what she said there, is changed and deleted there', async () => {
  const message = phone.sendText(there, 'six o’clock');
  const event = await shown('six o’clock');
  await alice.edit(room, event.event_id, 'seven o’clock');
  await eventually('the edit there', () => sandbox.messages.get(message._id)?.msg === 'seven o’clock', patience);
  await alice.redact(room, event.event_id);
  await eventually('the deletion there', () => !sandbox.messages.has(message._id), patience);
  phone.sendText(there, 'and then');
  await shown('and then');
  expect(said().filter(({ content }) => String(content['body']).includes('seven'))).toHaveLength(1);
  expect(said().filter(({ content }) => content['msgtype'] === 'm.notice')).toEqual([]);
});

test('what she reads there is read here, and marked there no second time', async () => {
  const marker = (): Promise<string | undefined> => alice.client.getOrNull<{ event_id: string }>(`/user/${encodeURIComponent(alice.id)}/rooms/${encodeURIComponent(room)}/account_data/m.fully_read`)
    .then((found) => found?.event_id);
  // Whoever writes has read.
  phone.sendText(there, 'what now');
  const { event_id: mine } = await shown('what now');
  await eventually('her mark at what she says', async () => await marker() === mine, patience);
  bob.sendText(there, 'lunch');
  const { event_id: theirs } = await shown('lunch');
  expect(await marker()).toBe(mine);
  const before = sandbox.reads.length;
  // Nobody reads faster than the bridge writes down what it has shown; this client does.
  let reads = 0;
  await eventually('her mark at what she has read', async () => {
    phone.read(there);
    reads += 1;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return await marker() === theirs;
  }, patience);
  await alice.waitForEphemeral(room, 'm.receipt', (content) => JSON.stringify(content[theirs] ?? {}).includes(alice.id));
  // And the other way round: what she reads here is marked there, once.
  bob.sendText(there, 'or dinner');
  await alice.markRead(room, (await shown('or dinner')).event_id);
  await eventually('the mark there', () => sandbox.reads.length > before + reads, patience);
  bob.sendText(there, 'well then');
  await shown('well then');
  expect(sandbox.reads.slice(before).map(({ uid }) => uid)).toEqual(Array.from({ length: reads + 1 }, () => phone.id));
});

test('a chat of her own is filed as one', async () => {
  const chat = bob.direct(sandbox.account);
  bob.sendText(chat, 'are you there?');
  const find = (text: string) => (): string | undefined => alice.rooms().find((one) => said(one).some(({ sender, content }) => content['body'] === text && (sender === alice.id) === (text === 'just us')));
  const id = await eventually('the chat', find('are you there?'), patience);
  phone.sendText(chat, 'just us');
  expect(await eventually('what she says there', find('just us'), patience)).toBe(id);
  const direct = await eventually('m.direct', () => alice.client.getOrNull<Record<string, string[]>>(`/user/${encodeURIComponent(alice.id)}/account_data/m.direct`), patience);
  expect(Object.entries(direct).map(([who, rooms]) => [between.matrix.isGhost(who), rooms])).toEqual([[true, [id]]]);
});

describe('markers', () => {
  test('a copy of hers, from her or from somebody else, is an ordinary message', async () => {
    phone.sendText(there, 'mine alone');
    const { content } = await shown('mine alone');
    expect(content[MARKER]).toMatchObject({ mac: expect.any(String) });
    await ben.join(await ben.waitForInvite((state) => state.some(({ content: { name } }) => name === 'garden')));
    await ben.send(room, 'm.room.message', { ...content, body: 'not mine' });
    await eventually('what Ben says, there', () => copies('not mine') === 1, patience);
    await alice.send(room, 'm.room.message', { ...content });
    await eventually('what she forwards, there', () => copies('mine alone') === 2, patience);
  });
});

test('killed again and again while she writes, each of her messages is there once, and none goes back', async () => {
  const count = 24;
  for (let n = 0; n < count; n += 1) {
    phone.sendText(there, `storm ${n}`);
    if (n % 6 !== 3) continue;
    // Wherever it is at that moment.
    await new Promise((resolve) => setTimeout(resolve, 40 * n));
    await between.kill();
    await between.start();
  }
  await shown(`storm ${count - 1}`);
  const all = (await alice.history(room)).filter(({ content }) => String(content['body']).startsWith('storm '));
  expect(all.map(({ sender, content }) => [sender, content['body']])).toEqual(Array.from({ length: count }, (_, n) => [alice.id, `storm ${n}`]));
  expect(copies('storm ')).toBe(count);
});

test('once she has left she stays out, and the bot tells for whom it speaks', async () => {
  await alice.leave(room);
  phone.sendText(there, 'from outside');
  const event = await ben.waitForEvent(room, ({ content }) => String(content['body']).includes('from outside'));
  expect([event.sender, event.content['body']]).toEqual([between.matrix.bot, 'Sent from Rocket.Chat\nfrom outside']);
  expect((await ben.members(room)).includes(alice.id)).toBe(false);
  expect(bodies('from outside')).toEqual([]);
});
