import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConversationRef } from '../../src/model/events.ts';
import { ALICE, MALLORY } from '../kit/model/core.ts';
import { BOT, type FakeRoom } from '../kit/model/homeserver.ts';
import { CAROL, Stage } from '../kit/scripted/stage.ts';

// Whom people hear of: rooms that they have left, and what they mute or ignore.

let stage: Stage;
let talk: FakeRoom;

afterEach(async () => {
  await stage.close();
});

const direct = (id: string): ConversationRef => ({ id, scope: '', kind: 'direct', perAccount: true });
const bodies = ({ timeline }: FakeRoom): string[] => timeline.filter(({ type }) => type === 'm.room.message').map(({ content }) => String(content.body));
const rooms = (): FakeRoom[] => [...stage.homeserver.rooms.values()].filter((room) => room !== talk);
const invitesOf = (room: FakeRoom, user: string): number => room.timeline.filter(({ type, state_key: key, content }) => type === 'm.room.member' && key === user && content.membership === 'invite').length;

async function open(): Promise<void> {
  stage = new Stage();
  await stage.pass(500);
  talk = stage.homeserver.createRoom(ALICE);
  stage.homeserver.setMember(talk, ALICE, BOT, 'invite');
  await stage.pass(1_000);
}

async function ask(line: string, room = talk): Promise<string> {
  const before = bodies(room).length;
  stage.homeserver.say(room, ALICE, 'm.room.message', { msgtype: 'm.text', body: line });
  await stage.pass(1_500);
  return bodies(room).slice(before + 1).join('\n');
}

async function leave(room: FakeRoom, user = ALICE): Promise<void> {
  stage.homeserver.setMember(room, user, user, 'leave');
  await stage.pass(500);
}

describe('a room that its owner has left', () => {
  test('stays left whatever is written; they hear of it once, and come back when they want to', async () => {
    await open();
    await stage.take(stage.message('m1', 'hello'));
    const { room } = stage;
    await leave(room);
    await stage.take(stage.message('m2', 'one'), stage.message('m3', 'two'));
    await stage.take(stage.message('m4', 'three'));
    expect(room.members.get(ALICE)).toBe('leave');
    expect(invitesOf(room, ALICE)).toBe(1);
    const told = bodies(talk).filter((text) => text.includes('you have left'));
    expect(told).toEqual([expect.stringMatching(/^ℹ️ Name of bob \(Fake\) wrote in a chat that you have left\..* open #1\..* filter ignore #1$/)]);
    expect(await ask('open #1')).toMatch(/invited to the room with Chat c1/);
    await stage.pass(500);
    expect(room.members.get(ALICE)).toBe('join');
    // All of it is there.
    expect(bodies(room)).toEqual(['hello', 'one', 'two', 'three']);
    await leave(room);
    await stage.take(stage.message('m5', 'four'));
    expect(bodies(talk).filter((text) => text.includes('you have left'))).toHaveLength(2);
    expect(rooms()).toHaveLength(1);
  });

  test('stays left where it is a direct chat', async () => {
    await open();
    await stage.take(stage.message('m1', 'hello', { conversation: direct('bob') }));
    await leave(stage.room);
    await stage.take(stage.message('m2', 'and?', { conversation: direct('bob') }));
    expect(invitesOf(stage.room, ALICE)).toBe(1);
  });

  test('makes them a room with the bot to be told in, where they have none', async () => {
    stage = new Stage();
    await stage.take(stage.message('m1', 'hello'));
    const { room } = stage;
    await leave(room);
    await stage.take(stage.message('m2', 'one'));
    expect([...stage.homeserver.rooms.values()].filter((each) => bodies(each).some((text) => text.includes('you have left')))).toHaveLength(1);
    expect(bodies(room)).toEqual(['hello', 'one']);
  });
});

describe('ignored', () => {
  test('somebody who has not written yet makes no room, and is counted; allowed again they do', async () => {
    await open();
    expect(await ask('filter ignore fake bob')).toMatch(/bob \(fake\) is ignored/);
    await stage.take(stage.message('m1', 'psst', { conversation: direct('bob') }), stage.message('m2', 'psst!', { conversation: direct('bob') }));
    expect(rooms()).toEqual([]);
    expect(await ask('filter list')).toBe('ignore: Name of bob (fake), 2 left out');
    // In a group others speak too.
    await stage.take(stage.message('m3', 'in the group'));
    expect(bodies(stage.room)).toEqual(['in the group']);
    await ask('filter allow fake bob');
    await stage.take(stage.message('m4', 'hello', { conversation: direct('bob') }));
    expect(rooms()).toHaveLength(2);
    expect(await ask('filter list')).toBe('You hear of everybody.');
    expect(stage.log).toEqual([]);
  });

  test('a conversation shows nothing in its room, while nobody else is there to read it', async () => {
    await open();
    await stage.take(stage.message('m1', 'hello'));
    const { room } = stage;
    expect(await ask('!bridge filter ignore', room)).toMatch(/Chat c1 \(fake\) is ignored/);
    const before = bodies(room).length;
    await stage.take(stage.message('m2', 'unheard', { sender: CAROL }));
    expect(bodies(room)).toHaveLength(before);
    stage.homeserver.setMember(room, BOT, MALLORY, 'join');
    await stage.pass(500);
    await stage.take(stage.message('m3', 'heard by another'));
    expect(bodies(room).slice(before)).toEqual(['heard by another']);
    // What is written here goes there as ever.
    await ask('from here', room);
    expect(stage.network.of('send').map(({ text }) => text)).toEqual(['from here']);
  });

  test('after a new start, too', async () => {
    await open();
    await ask('filter ignore fake bob');
    stage.dieAfter(0);
    await stage.pass(3_000);
    expect(stage.deaths).toBe(1);
    await stage.take(stage.message('m1', 'psst', { conversation: direct('bob') }));
    expect(rooms()).toEqual([]);
  });
});

describe('muted', () => {
  test('texts come as notices, as long as nobody else in the room wants to hear them', async () => {
    await open();
    await stage.take(stage.message('m1', 'loud', { conversation: direct('bob') }));
    const { room } = stage;
    expect(await ask('filter mute #1')).toMatch(/Name of bob \(fake\) is muted/);
    await stage.take(stage.message('m2', 'soft', { conversation: direct('bob') }));
    stage.homeserver.setMember(room, BOT, MALLORY, 'join');
    await stage.pass(500);
    await stage.take(stage.message('m3', 'loud again', { conversation: direct('bob') }));
    const kinds = room.timeline.filter(({ sender, type }) => type === 'm.room.message' && sender !== BOT).map(({ content }) => [content.body, content.msgtype]);
    expect(kinds).toEqual([['loud', 'm.text'], ['soft', 'm.notice'], ['loud again', 'm.text']]);
  });
});

test.each([
  ['filter', /Say how/], ['filter shout', /Say how/], ['filter mute', /Say whom/], ['filter mute slack bob', /own no account on "slack"/], ['filter mute fake', /Say whom/],
  ['filter ignore #99', /no conversation #99/], ['open #99', /no conversation #99/], ['filter ignore #99999999999999999999', /own no account/],
])('%s is answered with what to do', async (line, answer) => {
  await open();
  expect(await ask(line)).toMatch(answer);
  expect(stage.log).toEqual([]);
});
