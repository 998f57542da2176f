import { describe, expect, test } from '@jest/globals';
import type { FakeEvent } from '../kit/fake-homeserver/world.ts';
import { type RocketChatStack, startRocketChatStack } from '../kit/rocketchat/stack.ts';
import { eventually } from '../kit/stack/stack.ts';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');
const LONG = 30_000;

/** The room of a conversation by something said in it, once Alice is invited and has joined. */
async function roomWith({ homeserver }: RocketChatStack, body: string): Promise<string> {
  const alice = homeserver.user('alice');
  const room = await eventually(`the room of ${body}`, () => [...homeserver.rooms.keys()].find((id) => bodies(homeserver.eventsOf(id, 'm.room.message')).includes(body) && ['invite', 'join'].includes(homeserver.membership(id, alice.id))), LONG);
  if (homeserver.membership(room, alice.id) === 'invite') alice.join(room);
  return room;
}

const bodies = (events: readonly FakeEvent[]): string[] => events.map(({ content }) => String(content['body']));

describe('the daemon with Rocket.Chat', () => {
  test('a group: text, a file, an edit, reactions, a thread and a deletion both ways; a direct chat; a restart', async () => {
    await using stack = await startRocketChatStack();
    const { homeserver, sandbox } = stack;
    const alice = homeserver.user('alice');
    const bob = sandbox.person('bob', 'Bob');
    const group = bob.createRoom('plans', [sandbox.account]);
    const first = bob.sendText(group, 'hello *Matrix*');
    const room = await roomWith(stack, 'hello Matrix');
    const hello = homeserver.eventsOf(room, 'm.room.message').find(({ content }) => content['body'] === 'hello Matrix');
    if (hello === undefined) throw new Error('no hello');
    expect(hello.content['formatted_body']).toBe('hello <strong>Matrix</strong>');
    await eventually('its name', () => homeserver.eventsOf(room, 'm.room.name').at(-1)?.content['name'] === 'plans', LONG);
    await eventually('Bob’s name', () => String(homeserver.profile(hello.sender)?.['displayname']).includes('Bob'), LONG);

    const sent = alice.send(room, 'hello Rocket.Chat');
    const there = await eventually('the text in Rocket.Chat', () => sandbox.in(group).find(({ msg }) => msg === 'hello Rocket.Chat'), LONG);
    expect(there.u._id).toBe(sandbox.account._id);
    alice.send(room, { msgtype: 'm.text', body: '* hello edited', 'm.new_content': { msgtype: 'm.text', body: 'hello edited' }, 'm.relates_to': { rel_type: 'm.replace', event_id: sent } });
    await eventually('the edit in Rocket.Chat', () => there.msg === 'hello edited', LONG);
    bob.edit(there._id, 'hello moderated');
    const moderated = await eventually('what a moderator made of it', () => homeserver.eventsOf(room, 'm.room.message').find(({ content }) => String(content['body']).includes('hello moderated')), LONG);
    expect(moderated).toMatchObject({ sender: hello.sender, content: { 'm.relates_to': { 'm.in_reply_to': { event_id: sent } } } });
    expect(bodies(homeserver.eventsOf(room, 'm.room.message')).filter((body) => body.includes('Edited in'))).toHaveLength(1);
    bob.edit(first._id, 'hello edited Matrix');
    await eventually('the edit', () => homeserver.eventsOf(room, 'm.room.message').find(({ content }) => JSON.stringify(content).includes('m.replace') && JSON.stringify(content).includes('hello edited Matrix')), LONG);

    bob.react(first._id, 'tada');
    await eventually('the reaction', () => homeserver.eventsOf(room, 'm.reaction').find(({ content }) => JSON.stringify(content).includes('🎉')), LONG);
    bob.unreact(first._id, 'tada');
    await eventually('the reaction gone', () => homeserver.eventsOf(room, 'm.room.redaction')[0], LONG);
    alice.send(room, { 'm.relates_to': { rel_type: 'm.annotation', event_id: hello.event_id, key: '👍️' } }, 'm.reaction');
    await eventually('the reaction in Rocket.Chat', () => Object.keys((sandbox.messages.get(first._id)?.['reactions'] ?? {}) as object).includes(':thumbsup:'), LONG);

    bob.sendFile(group, { name: 'dot.png', mime: 'image/png', bytes: PNG, caption: 'a dot' });
    const picture = await eventually('the picture', () => homeserver.eventsOf(room, 'm.room.message').find(({ content }) => content['msgtype'] === 'm.image' && typeof content['url'] === 'string'), LONG);
    expect(homeserver.media(String(picture.content['url']))?.data).toEqual(PNG);
    alice.send(room, { msgtype: 'm.image', body: 'mine.png', url: homeserver.addMedia(PNG, 'image/png', 'mine.png'), info: { mimetype: 'image/png', size: PNG.length } });
    await eventually('the picture in Rocket.Chat', () => sandbox.in(group).find((message) => message.u._id === sandbox.account._id && message['file'] !== undefined), LONG);

    bob.sendText(group, 'in the thread', { thread: first._id });
    const inThread = await eventually('the thread', () => homeserver.eventsOf(room, 'm.room.message').find(({ content }) => content['body'] === 'in the thread'), LONG);
    expect(inThread.content['m.relates_to']).toMatchObject({ rel_type: 'm.thread', event_id: hello.event_id });
    alice.send(room, { msgtype: 'm.text', body: 'me too', 'm.relates_to': { rel_type: 'm.thread', event_id: hello.event_id, is_falling_back: true, 'm.in_reply_to': { event_id: inThread.event_id } } });
    expect((await eventually('the thread in Rocket.Chat', () => sandbox.in(group).find(({ msg }) => msg.endsWith('me too')), LONG))['tmid']).toBe(first._id);

    bob.remove(first._id);
    await eventually('the deletion', () => homeserver.eventsOf(room, 'm.room.redaction').find((event) => event.redacts === hello.event_id || event.content['redacts'] === hello.event_id), LONG);
    alice.redact(room, sent);
    await eventually('the deletion in Rocket.Chat', () => !sandbox.messages.has(there._id), LONG);

    bob.sendText(bob.direct(sandbox.account), 'just you');
    const direct = await roomWith(stack, 'just you');
    alice.send(direct, 'just you too');
    await eventually('the answer to Bob', () => sandbox.in(bob.direct(sandbox.account)).some(({ msg }) => msg === 'just you too'), LONG);

    await stack.stop();
    bob.sendText(group, 'while you were away');
    await stack.start();
    await eventually('what was said meanwhile', () => bodies(homeserver.eventsOf(room, 'm.room.message')).includes('while you were away'), LONG);
    await homeserver.idle();
    // Nothing of what the bridge itself did came back, and nothing came twice.
    const all = bodies(homeserver.eventsOf(room, 'm.room.message'));
    expect(all.filter((body) => body === 'while you were away')).toHaveLength(1);
    expect(all.filter((body) => body === 'me too')).toHaveLength(1);
    expect(homeserver.eventsOf(room, 'm.room.message').filter(({ sender, content, event_id }) => sender !== alice.id && event_id !== moderated.event_id && /Rocket\.Chat|me too|mine\.png/.test(JSON.stringify(content)))).toEqual([]);
  }, 180_000);
});
