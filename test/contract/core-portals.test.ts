import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConversationRef } from '../../src/model/events.ts';
import type { RemoteId, RoomId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import { ALICE, MALLORY } from '../kit/model/core.ts';
import { BOT, type FakeRoom } from '../kit/model/homeserver.ts';
import { BOB, CHAT, Stage } from '../kit/scripted/stage.ts';

// The rooms that stand for conversations: what they begin with, and how people come into them.

const DIRECT: ConversationRef = { id: BOB.id, scope: '', kind: 'direct', perAccount: true };

let stage: Stage;

function open(...given: ConstructorParameters<typeof Stage>): Stage {
  stage = new Stage(...given);
  return stage;
}

afterEach(async () => {
  await stage.close();
});

const membershipOf = (user: string): unknown[] => stage.events('m.room.member').filter(({ state_key: key }) => key === user).map(({ sender, content }) => ({ sender, ...content }));
const said = (): string[] => stage.events('m.room.message').map(({ sender, content }) => `${sender === BOT ? 'bot' : 'ghost'}: ${String(content.body)}`);

describe('an invitation', () => {
  test('to a direct chat comes from its person, and says that it is direct', async () => {
    open();
    await stage.take(stage.message('m1', 'hello', { conversation: DIRECT }));
    const [invite] = membershipOf(ALICE);
    expect(invite).toMatchObject({ membership: 'invite', is_direct: true, sender: stage.saying('hello').sender });
  });

  test('to a group comes from the bot', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    const [invite] = membershipOf(ALICE);
    expect(invite).toMatchObject({ membership: 'invite', sender: BOT });
    expect(invite).not.toHaveProperty('is_direct');
  });
});

test('who invites a ghost is not brought into a room of somebody’s own that its chat was linked to', async () => {
  open();
  const { homeserver } = stage;
  await stage.take(stage.message('m1', 'hello', { conversation: DIRECT }));
  const ghost = stage.saying('hello').sender;
  homeserver.say(stage.room, ALICE, 'm.room.message', { msgtype: 'm.text', body: '!bridge unlink' });
  await stage.pass(2_000);
  const own = homeserver.createRoom(ALICE);
  homeserver.setMember(own, ALICE, BOT, 'invite');
  await stage.pass(2_000);
  homeserver.say(own, ALICE, 'm.room.message', { msgtype: 'm.text', body: 'link fake bob here' });
  await stage.pass(2_000);
  expect(own.timeline.map(({ content }) => String(content.body))).toContainEqual(expect.stringContaining('This room is linked to'));
  homeserver.setMember(own, MALLORY, MALLORY, 'join');
  homeserver.setMember(own, MALLORY, ALICE, 'leave');
  const other = homeserver.createRoom(ALICE);
  homeserver.setMember(other, ALICE, ghost, 'invite');
  await stage.pass(2_000);
  expect([other.members.get(ghost), own.members.get(ALICE)]).toEqual(['leave', 'leave']);
});

describe('what the administrator says of privacy', () => {
  const privacyNotice = 'Read by {network} through {account}, at {server}; {nothing} else.';
  const notice = 'bot: Read by Fake through fake/app/one, at test; {nothing} else.';

  test('is the first that is said in a room, before what made it', async () => {
    open({}, {}, [], { privacyNotice });
    await stage.take(stage.message('m1', 'hello'), stage.message('m2', 'more'));
    expect(said()).toEqual([notice, 'ghost: hello', 'ghost: more']);
  });

  test('is said before the past too', async () => {
    const event = { type: 'message', id: 'h1' as RemoteId, conversation: CHAT, sender: BOB, time: 1_000, parts: [{ kind: 'text', text: plain('long ago') }], historical: true } as const;
    open({ history: () => ({ items: [{ key: 'h1', event }] }) }, { backfill: 10 }, [], { privacyNotice });
    await stage.take(stage.message('m1', 'hello'));
    expect(said()).toEqual([notice, 'ghost: long ago', 'ghost: hello']);
  });

  test('is said once, wherever the process dies', async () => {
    let edge = 0;
    for (let died = true; died; edge += 1) {
      if (edge > 0) await stage.close();
      open({}, {}, [], { privacyNotice });
      await stage.pass(100);
      const event = stage.message('m1', 'hello', { conversation: DIRECT });
      stage.dieAfter(edge);
      void stage.network.take(event).catch(() => {});
      await stage.pass(4_000);
      died = stage.deaths > 0;
      if (died) await stage.take(event);
      await stage.pass(4_000);
      expect([edge, ...said()]).toEqual([edge, notice, 'ghost: hello']);
    }
    expect(edge).toBeGreaterThan(20);
  }, 120_000);
});

describe('a space', () => {
  const spaces = (): FakeRoom[] => [...stage.homeserver.rooms.values()].filter(({ timeline }) => timeline.some(({ type, content }) => type === 'm.room.name' && content.name === 'Fake (app/one)'));
  const children = (): Record<string, unknown> => Object.fromEntries(spaces().flatMap(({ timeline }) => timeline.filter(({ type }) => type === 'm.space.child').map(({ state_key: child, content }) => [child ?? '', content])));

  test('is made for the owner of an account with its first room, and holds each room once, whatever dies', async () => {
    let edge = 0;
    for (let died = true; died; edge += 1) {
      if (edge > 0) await stage.close();
      open({}, {}, [], { spaces: true });
      await stage.pass(100);
      const event = stage.message('m1', 'hello', { conversation: DIRECT });
      stage.dieAfter(edge);
      void stage.network.take(event).catch(() => {});
      await stage.pass(1_000);
      died = stage.deaths > 0;
      if (died) await stage.pass(3_000);
      else stage.dieAfter(1e9);
      await stage.take(event, stage.message('m2', 'and here'));
      const portals = stage.store.liveRooms().filter(({ kind }) => kind === 'portal').map(({ roomId }) => roomId);
      expect([edge, spaces().length, portals.length]).toEqual([edge, 1, 2]);
      expect(children()).toEqual(Object.fromEntries(portals.map((id) => [id, { via: ['test'] }])));
      expect(spaces()[0]?.members.get(ALICE)).toBe('join');
      for (const id of portals) {
        const parents = stage.homeserver.rooms.get(id as RoomId)?.timeline.filter(({ type }) => type === 'm.space.parent').map(({ state_key: key }) => key);
        expect(new Set(parents)).toEqual(new Set([spaces()[0]?.id]));
      }
    }
    expect(edge).toBeGreaterThan(20);
  }, 120_000);

  test('loses a room that is no portal any more, and gets the next one', async () => {
    open({}, {}, [], { spaces: true });
    await stage.take(stage.message('m1', 'hello'));
    const { room } = stage;
    stage.homeserver.setMember(room, ALICE, BOT, 'leave');
    await stage.pass(1_000);
    expect(children()).toEqual({ [room.id]: {} });
    await stage.take(stage.message('m2', 'anew'));
    expect(children()).toEqual({ [room.id]: {}, [stage.room.id]: { via: ['test'] } });
  });

  test('whose owner has left it stays left, and is no second time made', async () => {
    open({}, {}, [], { spaces: true });
    await stage.take(stage.message('m1', 'hello'));
    const [space] = spaces();
    stage.homeserver.setMember(space as FakeRoom, ALICE, ALICE, 'leave');
    await stage.take(stage.message('m2', 'more', { conversation: DIRECT }));
    expect(spaces()).toHaveLength(1);
    expect(space?.members.get(ALICE)).toBe('leave');
  });

  test('takes nothing in that others say is in it, and makes no portal of what says that it is of it', async () => {
    open({}, {}, [], { spaces: true });
    await stage.take(stage.message('m1', 'hello'));
    const before = stage.store.counts().portals;
    const room = stage.homeserver.createRoom(MALLORY);
    stage.homeserver.setMember(room, MALLORY, BOT, 'invite');
    stage.homeserver.say(room, MALLORY, 'm.space.parent', { via: ['evil'], canonical: true }, spaces()[0]?.id);
    stage.homeserver.say(stage.room, MALLORY, 'm.space.child', { via: ['evil'] }, room.id);
    await stage.pass(2_000);
    expect(children()).toEqual({ [stage.room.id]: { via: ['test'] } });
    expect(stage.store.counts().portals).toBe(before);
    expect(room.members.get(BOT)).toBe('leave');
  });
});

describe('a portal that is deleted', () => {
  const ask = async (line: string, user = ALICE): Promise<string> => {
    const { room } = stage;
    const before = room.timeline.length;
    stage.homeserver.say(room, user, 'm.room.message', { msgtype: 'm.text', body: `!bridge ${line}` });
    await stage.pass(1_500);
    return room.timeline.slice(before + 1).map(({ content }) => String(content.body)).join('\n');
  };

  test('is left by all of ours once that is confirmed, and the next message makes another', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    const { room } = stage;
    expect(await ask('delete-portal')).toMatch(/If you mean it: delete-portal #1 yes/);
    await stage.take(stage.message('m2', 'still here'));
    expect(said()).toContain('ghost: still here');
    expect(await ask('delete-portal #1 yes')).toMatch(/no longer bridged/);
    expect([...room.members].filter(([, membership]) => membership === 'join').map(([user]) => user)).toEqual([ALICE]);
    await stage.take(stage.message('m3', 'anew'));
    expect(stage.room.id).not.toBe(room.id);
    expect(said()).toEqual(['ghost: anew']);
    expect(stage.room.members.get(ALICE)).toBe('join');
  });

  test('is deleted by nobody who may not', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    stage.homeserver.setMember(stage.room, BOT, MALLORY, 'join');
    await stage.pass(500);
    expect(await ask('delete-portal #1 yes', MALLORY)).toMatch(/takes no commands from you/);
    await stage.take(stage.message('m2', 'as ever'));
    expect(said()).toContain('ghost: as ever');
  });
});
