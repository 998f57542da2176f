import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { Message, PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { eventually } from '../kit/stack/stack.ts';
import { relationOf } from '../kit/client-events.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { make } from '../kit/synapse/files.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// Several Matrix users in one portal, and those who may do less than others.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bob: MatrixUser;
let mallory: MatrixUser;
let bridge: Bridged;
let carla: PersonHandle;
let room: string;

beforeAll(async () => {
  synapse = await sharedSynapse();
  [alice, bob, mallory] = await Promise.all([synapse.user('alice'), synapse.user('bob'), synapse.user('mallory')]);
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], permissions: { [bob.id]: 'relay', [mallory.id]: 'block' } });
  await bridge.start();
  ({ person: carla, room } = await bridge.meet(alice, '31612345678', { name: 'Carla' }));
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

const rename = (user: MatrixUser, displayname: string): Promise<unknown> => user.client.put(`/profile/${encodeURIComponent(user.id)}/displayname`, { displayname });
/** As an administrator would: members cannot. */
const bringIn = async (user: MatrixUser): Promise<void> => {
  await bridge.asBot.post(`/rooms/${encodeURIComponent(room)}/invite`, { user_id: user.id });
  await user.join(room);
};
const containing = (text: string): Promise<Readonly<Message>> => onPhone(carla, (message) => bodyOf(message).includes(text));
const toldTo = (event: string, by: MatrixUser): Promise<unknown> =>
  by.waitForEvent(room, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event);

test('an owner who is alone speaks for the account, without a name before it', async () => {
  await alice.text(room, 'all by myself');
  expect(bodyOf(await containing('all by myself'))).toBe('all by myself');
});

describe('two people', () => {
  beforeAll(async () => {
    await Promise.all([rename(alice, 'Alice A.'), rename(bob, 'Bob')]);
    await bringIn(bob);
  });

  test('are told apart by their names', async () => {
    await alice.text(room, 'I am the first');
    await bob.text(room, 'and I the second');
    expect(bodyOf(await containing('the first'))).toBe('*Alice A.*: I am the first');
    expect(bodyOf(await containing('the second'))).toBe('*Bob*: and I the second');
  });

  test('also with emotes, lists, places and files', async () => {
    await bob.send(room, 'm.room.message', { msgtype: 'm.emote', body: 'waves' });
    expect(bodyOf(await containing('waves'))).toBe('*Bob* waves');
    await bob.html(room, '* milk', '<ul><li>milk</li></ul>');
    expect(bodyOf(await containing('milk'))).toMatch(/^\*Bob:\*\n+[-*•] milk$/);
    await bob.file(room, { name: 'b.jpg', type: 'image/jpeg', bytes: await make.jpeg() });
    expect((await onPhone(carla, ({ type }) => type === 'image')).body).toMatchObject({ caption: '*Bob*' });
    const before = carla.inbox.length;
    await bob.file(room, { name: 'v.ogg', type: 'audio/ogg', bytes: await make.oggVoice(), extra: { 'org.matrix.msc3245.voice': {} } });
    await onPhone(carla, ({ type }) => type === 'audio');
    await bob.send(room, 'm.room.message', { msgtype: 'm.location', body: 'here', geo_uri: 'geo:1,2' });
    await onPhone(carla, ({ type }) => type === 'location');
    expect(carla.inbox.slice(before).map((message) => (message.type === 'text' ? bodyOf(message) : message.type))).toEqual(['*Bob:*', 'audio', '*Bob:*', 'location']);
  });

  test('answer and correct what they said themselves, not what the other did', async () => {
    const mine = await alice.text(room, 'Alice said it');
    const his = await bob.text(room, 'Bob siad it');
    await containing('Bob siad it');
    await alice.edit(room, his, 'Alice would say it otherwise');
    await bob.edit(room, his, 'Bob said it');
    expect(bodyOf(await containing('Bob said it'))).toMatch(/^\*Bob\*: .*Bob said it$/);
    await bob.reply(room, mine, 'I agree');
    expect(await containing('I agree')).toMatchObject({ replyTo: (await containing('Alice said it')).id });
    expect(carla.inbox.map(bodyOf).filter((body) => body.includes('otherwise'))).toEqual([]);
  });

  test('react as one account: the newest is shown, and the other’s when that goes', async () => {
    const id = carla.sendText('what do you think?');
    const { event_id: event } = await alice.waitForText(room, 'what do you think?');
    const shows = (emoji: string | undefined): Promise<unknown> => eventually(String(emoji), () => carla.sent.find((message) => message.id === id)?.reactions.business === emoji, patience);
    const hers = await alice.react(room, event, '👍');
    await shows('👍');
    const his = await bob.react(room, event, '👎');
    await shows('👎');
    await bob.redact(room, his);
    await shows('👍');
    await alice.redact(room, hers);
    await shows(undefined);
  });

  test.each([
    ['formatting', '*x*'], ['a prefix of another', '*Alice A.*: I owe you'], ['lines', 'Bob\n*Alice A.*: I owe you'], ['a call to all', '@room'],
    ['code', '```x```'], ['slashes and strokes', '_x_ ~y~ `z`'], ['directions', '\u202eecilA\u202c'], ['nothing to see', '\u200b\u2060'],
    ['a tower', `Z${'\u0301'.repeat(60)}`], ['no end', 'x'.repeat(250)], ['a link', 'https://evil.example/'],
  ])('cannot forge with a name of %s', async (what, name) => {
    await rename(bob, name);
    await bob.waitForEvent(room, (event) => event.type === 'm.room.member' && event.state_key === bob.id && event.content['displayname'] === name);
    await bob.text(room, `said under a name of ${what}`);
    const body = bodyOf(await containing(`said under a name of ${what}`));
    // One line, one bold name without a sign of markup in it, a colon, and then what was said.
    expect(body).toMatch(/^\*[^*_~`\n\p{Bidi_Control}]{1,64}\*: said under a name of /u);
    expect(body.match(/\p{M}{4}/u)).toBeNull();
    expect(body.indexOf('said under')).toBeLessThanOrEqual(70);
  });

  test('cannot forge with what they type', async () => {
    await rename(bob, 'Bobby');
    await bob.waitForEvent(room, (event) => event.type === 'm.room.member' && event.state_key === bob.id && event.content['displayname'] === 'Bobby');
    await bob.text(room, 'typed this\n*Alice A.*: and this');
    const body = bodyOf(await containing('typed this'));
    expect(body).toMatch(/^\*Bobby\*: typed this\n/);
    expect(body).not.toContain('*Alice A.*');
  });
});

describe('somebody who may only be relayed', () => {
  test('commands nothing, and the phone does not see that they tried', async () => {
    const before = carla.inbox.length;
    await toldTo(await bob.text(room, '!db status'), bob);
    expect(carla.inbox).toHaveLength(before);
    const seen = bob.timeline(room).filter(({ sender }) => sender === bridge.bot).map(bodyOf);
    expect(seen.some((body) => body.includes('homeserver'))).toBe(false);
  });

  test('has no room with the bot', async () => {
    const own = await bob.createRoom({ is_direct: true, invite: [bridge.bot] });
    await bob.waitForEvent(own, (event) => event.type === 'm.room.member' && event.state_key === bridge.bot && event.content['membership'] === 'leave');
  });
});

describe('somebody whom the config blocks', () => {
  beforeAll(() => bringIn(mallory));

  test('is told, and nothing of theirs is sent', async () => {
    const before = carla.inbox.length;
    await toldTo(await mallory.text(room, 'let me in'), mallory);
    await toldTo(await mallory.file(room, { name: 'm.jpg', type: 'image/jpeg', bytes: await make.jpeg() }), mallory);
    await toldTo(await mallory.text(room, '!db status'), mallory);
    await alice.text(room, 'after Mallory');
    await containing('after Mallory');
    expect(carla.inbox.slice(before)).toHaveLength(1);
    expect(alice.timeline(room).filter(({ sender }) => sender === bridge.bot).map(bodyOf).some((body) => body.includes('✅'))).toBe(false);
  });

  test('reacts, types, reads and edits in vain', async () => {
    const id = carla.sendText('not for Mallory');
    const { event_id: event } = await mallory.waitForText(room, 'not for Mallory');
    await mallory.react(room, event, '💀');
    await mallory.typing(room, true);
    await mallory.markRead(room, event);
    const own = await mallory.text(room, 'never sent');
    await toldTo(own, mallory);
    await mallory.edit(room, own, 'edited in');
    await mallory.redact(room, own);
    await alice.text(room, 'after all that');
    await containing('after all that');
    expect(carla.sent.find((message) => message.id === id)).toMatchObject({ status: 'delivered', reactions: {} });
    expect(carla.person.typingUntil).toBeLessThan(Date.now());
    expect(carla.inbox.map(bodyOf).filter((body) => /edited in|never sent/.test(body))).toEqual([]);
  });

  test('has no room with the bot', async () => {
    const own = await mallory.createRoom({ is_direct: true, invite: [bridge.bot] });
    await mallory.waitForEvent(own, (event) => event.type === 'm.room.member' && event.state_key === bridge.bot && event.content['membership'] === 'leave');
  });
});

test('once the others have left, the owner speaks for the account again', async () => {
  await bob.leave(room);
  await mallory.leave(room);
  await eventually('a message without a name', async () => {
    await alice.text(room, 'alone again');
    return bodyOf(await onPhone(carla, (message) => carla.inbox.at(-1) === message && bodyOf(message).endsWith('alone again'))) === 'alone again';
  }, patience);
});
