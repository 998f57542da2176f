import { afterEach, describe, expect, test } from '@jest/globals';
import type { MatrixEvent } from '../../src/model/events.ts';
import { ALICE, MALLORY } from '../kit/model/core.ts';
import { BOT, type FakeRoom } from '../kit/model/homeserver.ts';
import { SETTINGS } from '../kit/model/settings.ts';
import { chat } from '../kit/scripted/network.ts';
import { CAROL, Stage } from '../kit/scripted/stage.ts';

// Rooms that somebody replaces by another (client-server API, "Room Upgrades").

let stage: Stage;

afterEach(async () => {
  await stage.close();
});

const said = ({ timeline }: FakeRoom): string[] => timeline.filter(({ type, sender, content }) => type === 'm.room.message' && !(sender === BOT && content.msgtype === 'm.notice')).map(({ content }) => String(content.body));
const people = ({ members }: FakeRoom): string[] => [...members].filter(([, membership]) => membership === 'join').map(([user]) => user).toSorted();

async function meet(): Promise<FakeRoom> {
  stage = new Stage();
  await stage.take(stage.message('m1', 'hello'), stage.message('m2', 'me too', { sender: CAROL }));
  return stage.room;
}

/** A room that says that it replaces this one. Its maker is in it, and who else is asked. */
function next(old: FakeRoom, invite: readonly string[] = [BOT], predecessor: string = old.id): FakeRoom {
  const room = stage.homeserver.createRoom(ALICE, undefined, { room_version: '11', predecessor: { room_id: predecessor } });
  stage.homeserver.say(room, ALICE, 'm.room.name', { name: 'Anew' }, '');
  for (const user of invite) stage.homeserver.setMember(room, ALICE, user, 'invite');
  return room;
}

const replace = (old: FakeRoom, into: string, stateKey: string | undefined = ''): string =>
  stage.homeserver.say(old, ALICE, 'm.room.tombstone', { body: 'It goes on elsewhere', replacement_room: into }, stateKey);

describe('a room that is replaced', () => {
  test('is followed: its chat goes on in the next with everybody in it, and the old one is left', async () => {
    const old = await meet();
    const room = next(old);
    replace(old, room.id);
    await stage.pass(3_000);
    await stage.take(stage.message('m3', 'still there?'));
    expect(said(old)).toEqual(['hello', 'me too']);
    expect(said(room)).toEqual(['still there?']);
    expect(people(room)).toEqual([ALICE, BOT, '@_bridge_fake_bob:test', '@_bridge_fake_carol:test'].toSorted());
    expect(people(old)).toEqual([ALICE]);
    expect(room.timeline.filter(({ type }) => type === 'm.bridge')).toEqual([expect.objectContaining({ sender: BOT, content: expect.objectContaining({ bridgebot: BOT }) })]);
    stage.homeserver.say(room, ALICE, 'm.room.message', { msgtype: 'm.text', body: 'here I am' });
    stage.homeserver.say(old, ALICE, 'm.room.message', { msgtype: 'm.text', body: 'and here' });
    await stage.pass(2_000);
    expect(stage.network.of('send').map(({ text }) => text)).toEqual(['here I am']);
    // The bot was asked in as by anybody, and yet this is no chat with it.
    expect(room.timeline.some(({ content }) => String(content.body).includes('I am the bridge'))).toBe(false);
    expect(stage.log).toEqual([]);
  });

  test('holds up what is written until the bridge is let into the next, and nothing of it is lost or shown twice', async () => {
    const old = await meet();
    const room = next(old, []);
    replace(old, room.id);
    await stage.take(stage.message('m3', 'one'), stage.message('m4', 'two', { sender: CAROL }));
    await stage.pass(10_000);
    expect(said(old)).toEqual(['hello', 'me too']);
    stage.homeserver.setMember(room, ALICE, BOT, 'invite');
    await stage.pass(30_000);
    expect(said(room)).toEqual(['one', 'two']);
    expect(said(old)).toEqual(['hello', 'me too']);
  });

  test('and whose next does not let the bridge in gets a room of ours, with what waited, and its owner is told', async () => {
    const old = await meet();
    replace(old, next(old, []).id);
    await stage.take(stage.message('m3', 'one'));
    await stage.pass(3 * SETTINGS.maxBlock);
    const rooms = [...stage.homeserver.rooms.values()].filter((room) => said(room).includes('one'));
    expect(rooms.map(said)).toEqual([['one']]);
    expect(rooms[0]).not.toBe(old);
    expect(rooms[0]?.members.get(ALICE)).toBe('join');
    await stage.take(stage.message('m4', 'two'));
    expect(said(rooms[0] as FakeRoom)).toEqual(['one', 'two']);
  });

  test('by an encrypted one is not followed: a room of ours takes its place, and the bot leaves the other', async () => {
    const old = await meet();
    const room = next(old);
    stage.homeserver.say(room, ALICE, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }, '');
    replace(old, room.id);
    await stage.pass(3_000);
    await stage.take(stage.message('m3', 'in clear'));
    expect(said(room)).toEqual([]);
    expect(said(old)).not.toContain('in clear');
    expect([...stage.homeserver.rooms.values()].some((each) => each !== room && each !== old && said(each).includes('in clear'))).toBe(true);
  });

  test('by nothing ends there, and the next message opens a room', async () => {
    const old = await meet();
    stage.homeserver.say(old, ALICE, 'm.room.tombstone', { body: 'Over' }, '');
    await stage.pass(2_000);
    await stage.take(stage.message('m3', 'knock'));
    expect(said(old)).not.toContain('knock');
    expect([...stage.homeserver.rooms.values()].map(said)).toContainEqual(['knock']);
  });

  test('is forgotten with its messages: what answers one of them says so', async () => {
    const old = await meet();
    const room = next(old);
    replace(old, room.id);
    await stage.pass(3_000);
    await stage.says('a reply there', { 'm.relates_to': { 'm.in_reply_to': { event_id: (old.timeline.find(({ content }) => content.body === 'hello') as MatrixEvent).event_id } } });
    expect(stage.network.of('send').map(({ text, replyTo }) => [text, replyTo])).toEqual([[expect.stringMatching(/message that is not here\s+a reply there$/), undefined]]);
  });
});

describe('what only looks like a replaced room', () => {
  const stays = async (old: FakeRoom, ...others: readonly FakeRoom[]): Promise<void> => {
    await stage.pass(5_000);
    await stage.take(stage.message('m9', 'as ever'));
    expect(said(old)).toContain('as ever');
    for (const other of others) expect(said(other)).not.toContain('as ever');
  };

  test('because a message of that type was sent', async () => {
    const old = await meet();
    const room = stage.homeserver.createRoom(MALLORY, undefined, { predecessor: { room_id: old.id } });
    stage.homeserver.setMember(room, MALLORY, BOT, 'invite');
    stage.homeserver.say(old, MALLORY, 'm.room.tombstone', { replacement_room: room.id });
    await stays(old, room);
    expect(people(room)).not.toContain(BOT);
  });

  test('because it has another state key', async () => {
    const old = await meet();
    const room = next(old, []);
    stage.homeserver.say(old, ALICE, 'm.room.tombstone', { replacement_room: room.id }, 'x');
    await stays(old, room);
  });

  test('because the other room says that it replaces none, or another', async () => {
    const old = await meet();
    const room = next(old, [BOT], '!elsewhere:test');
    replace(old, room.id);
    await stays(old, room);
    expect(people(room)).not.toContain('@_bridge_fake_bob:test');
  });

  test('because the other room is bridged itself', async () => {
    const old = await meet();
    await stage.take(stage.message('x1', 'elsewhere', { conversation: chat('c2'), sender: CAROL }));
    const other = [...stage.homeserver.rooms.values()].find((room) => said(room).includes('elsewhere')) as FakeRoom;
    replace(old, other.id);
    await stays(old, other);
    expect(said(other)).toEqual(['elsewhere']);
  });

  test.each([{}, { replacement_room: 7 }, { replacement_room: '#alias:test' }, { replacement_room: `!${'x'.repeat(300)}` }])('%j names no room that could be followed', async (content) => {
    const old = await meet();
    stage.homeserver.say(old, ALICE, 'm.room.tombstone', content, '');
    await stage.pass(2_000);
    await stage.take(stage.message('m9', 'on it goes'));
    // Without a next room the old one is closed; a name that is none is passed over.
    expect([...stage.homeserver.rooms.values()].some((room) => said(room).includes('on it goes'))).toBe(true);
    expect(stage.log).toEqual([]);
  });
});

test('a stop at any step moves the chat once, and loses nothing', async () => {
  let edge = 0;
  for (let died = true; died; edge += 1) {
    if (edge > 0) await stage.close();
    stage = new Stage();
    await stage.take(stage.message('m1', 'hello'));
    const old = stage.room;
    const room = next(old);
    stage.dieAfter(edge);
    replace(old, room.id);
    await stage.pass(800);
    died = stage.deaths > 0;
    if (died) await stage.pass(3_000);
    else stage.dieAfter(1e9);
    await stage.take(stage.message('m3', 'after'));
    await stage.pass(2_000);
    expect([edge, said(old), said(room)]).toEqual([edge, ['hello'], ['after']]);
    expect(people(old)).toEqual([ALICE]);
  }
  expect(edge).toBeGreaterThan(30);
}, 120_000);
