import { describe, expect, test } from '@jest/globals';
import type { FakeEvent } from '../kit/fake-homeserver/world.ts';
import { startSlackStack, type SlackStack } from '../kit/slack/stack.ts';
import { eventually } from '../kit/stack/stack.ts';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');

/** The room of a channel, once Alice is invited and has joined. */
async function roomOf({ homeserver }: SlackStack, name: string): Promise<string> {
  const alice = homeserver.user('alice');
  const room = await eventually(`the room ${name}`, () => [...homeserver.rooms.keys()].find((id) => homeserver.eventsOf(id, 'm.room.name').at(-1)?.content['name'] === name && ['invite', 'join'].includes(homeserver.membership(id, alice.id))), 30_000);
  if (homeserver.membership(room, alice.id) === 'invite') alice.join(room);
  return room;
}

const bodies = (events: readonly FakeEvent[]): string[] => events.map(({ content }) => String(content['body']));

describe.each(['socket', 'http'] as const)('the daemon with Slack (%s)', (receive) => {
  test('text both ways, a group, files, edits, reactions, deletions, a direct chat, a restart', async () => {
    await using stack = await startSlackStack(receive);
    const { homeserver, sandbox } = stack;
    const alice = homeserver.user('alice');
    const bob = sandbox.person('bob', { realName: 'Bob', avatar: 'face' });
    const general = sandbox.channel('general', { members: [bob.id], topic: 'All and everything' });
    const first = bob.sendText(general, 'hello *Matrix*');
    const room = await roomOf(stack, 'general');
    const hello = await eventually('the text', () => homeserver.eventsOf(room, 'm.room.message').find(({ content }) => content['body'] === 'hello Matrix'));
    expect(hello.content['formatted_body']).toBe('hello <strong>Matrix</strong>');
    expect(homeserver.eventsOf(room, 'm.room.topic').at(-1)?.content['topic']).toContain('All and everything');
    await eventually('the name', () => homeserver.profile(hello.sender)?.['displayname'] !== undefined);
    expect(String(homeserver.profile(hello.sender)?.['displayname'])).toContain('Bob');

    const sent = alice.send(room, 'hello Slack');
    const post = await eventually('the text on Slack', () => sandbox.messages.find(({ text }) => text.includes('hello Slack')));
    expect(post).toMatchObject({ channel: general, botId: sandbox.botId });
    alice.send(room, { msgtype: 'm.text', body: '* hello *Slack*', 'm.new_content': { msgtype: 'm.text', body: 'hello edited' }, 'm.relates_to': { rel_type: 'm.replace', event_id: sent } });
    await eventually('the edit on Slack', () => post.text.includes('hello edited'));
    bob.edit(general, first, 'hello edited Matrix');
    await eventually('the edit', () => homeserver.eventsOf(room, 'm.room.message').find(({ content }) => (content['m.relates_to'] as { rel_type?: string } | undefined)?.rel_type === 'm.replace' && JSON.stringify(content).includes('hello edited Matrix')));

    bob.react(general, first, 'tada');
    await eventually('the reaction', () => homeserver.eventsOf(room, 'm.reaction').find(({ content }) => JSON.stringify(content).includes('🎉')));
    bob.unreact(general, first, 'tada');
    await eventually('the reaction gone', () => homeserver.eventsOf(room, 'm.room.redaction')[0]);
    alice.send(room, { 'm.relates_to': { rel_type: 'm.annotation', event_id: hello.event_id, key: '👍️' } }, 'm.reaction');
    await eventually('the reaction on Slack', () => sandbox.messages.find(({ ts }) => ts === first)?.reactions.has('+1'));

    bob.sendFile(general, PNG, 'dot.png', { text: 'a dot' });
    const picture = await eventually('the picture', () => homeserver.eventsOf(room, 'm.room.message').find(({ content }) => content['msgtype'] === 'm.image' && typeof content['url'] === 'string'));
    expect(homeserver.media(String(picture.content['url']))?.data).toEqual(PNG);
    alice.send(room, { msgtype: 'm.image', body: 'mine.png', url: homeserver.addMedia(PNG, 'image/png', 'mine.png'), info: { mimetype: 'image/png', size: PNG.length } });
    await eventually('the picture on Slack', () => sandbox.messages.find(({ files, user }) => files !== undefined && user === sandbox.botUserId));

    bob.delete(general, first);
    await eventually('the deletion', () => homeserver.eventsOf(room, 'm.room.redaction').find((event) => event.redacts === hello.event_id || event.content['redacts'] === hello.event_id));
    alice.redact(room, sent);
    await eventually('the deletion on Slack', () => post.deleted === true);

    bob.sendText(bob.direct().id, 'just you');
    await eventually('the direct chat', () => [...homeserver.rooms.keys()].find((id) => id !== room && bodies(homeserver.eventsOf(id, 'm.room.message')).includes('just you')));

    await stack.stop();
    bob.sendText(general, 'while you were away');
    await stack.start();
    await eventually('what was said meanwhile', () => bodies(homeserver.eventsOf(room, 'm.room.message')).includes('while you were away'), 30_000);
    await sandbox.idle();
    await homeserver.idle();
    // Nothing of what the bridge itself did came back.
    const ghosts = homeserver.eventsOf(room, 'm.room.message').filter(({ sender }) => sender !== alice.id && sender !== homeserver.bot);
    expect(ghosts.filter(({ content }) => JSON.stringify(content).includes('Slack'))).toEqual([]);
    expect(bodies(homeserver.eventsOf(room, 'm.room.message')).filter((body) => body === 'while you were away')).toHaveLength(1);
    expect(sandbox.oddities).toEqual([]);
  }, 120_000);
});
