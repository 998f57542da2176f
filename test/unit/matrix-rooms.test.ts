import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Mxc, UserId } from '../../src/model/ids.ts';
import { bridgeInfo } from '../../src/matrix/rooms/bridge-info.ts';
import { portalRoom } from '../../src/matrix/rooms/portal-room.ts';
import type { PortalRoomOptions } from '../../src/matrix/rooms/portal-room.ts';
import { levelNeeded, powerLevelOf } from '../../src/matrix/rooms/power.ts';

const bot = '@bot:hs' as UserId;
const ghost = '@_drawbridge_whatsapp_1:hs' as UserId;
const owner = '@alice:hs' as UserId;
const options: PortalRoomOptions = {
  roomVersion: '11', bot, aliasLocalpart: '_drawbridge_p1', direct: true, invite: [owner, ghost, owner, bot],
  bridgedTo: { network: { id: 'whatsapp', name: 'WhatsApp' }, conversation: { id: '31', scope: '123', title: 'Bob' } },
  name: 'Bob', avatar: 'mxc://hs/abc' as Mxc,
};
const create = (version: string, more: object = {}) => ({ sender: bot, content: { room_version: version, ...more } });

describe.each(['11', '12'])('a portal of room version %s', (version) => {
  const body = portalRoom({ ...options, roomVersion: version });
  const levels = body.power_level_content_override!;

  test('the bot can do all, a ghost can speak', () => {
    const power = powerLevelOf(bot, create(version), levels);
    for (const type of ['m.room.power_levels', 'm.room.encryption', 'm.bridge', 'm.room.tombstone', 'm.room.name']) {
      expect(power).toBeGreaterThanOrEqual(levelNeeded(type, true, levels));
    }
    expect(powerLevelOf(ghost, create(version), levels)).toBeGreaterThanOrEqual(levelNeeded('m.room.message', false, levels));
    expect(powerLevelOf(ghost, create(version), levels)).toBeGreaterThanOrEqual(levelNeeded('m.reaction', false, levels));
  });

  test('neither members nor moderators change what the bridge owns', () => {
    const owned = ['m.room.name', 'm.room.avatar', 'm.room.topic', 'm.bridge', 'uk.half-shot.bridge', 'm.room.power_levels', 'm.room.encryption', 'm.room.tombstone', 'm.room.history_visibility', 'm.room.guest_access', 'm.room.canonical_alias'];
    for (const type of owned) expect(levelNeeded(type, true, levels)).toBeGreaterThan(50);
    expect(levelNeeded('something.else', true, levels)).toBeGreaterThanOrEqual(50);
  });

  test('creators are named exactly where they must be', () => {
    expect(levels.users).toEqual(version === '12' ? {} : { [bot]: 100 });
  });
});

test('the room can be found again, is private, and invites each once', () => {
  const body = portalRoom(options);
  expect(body).toMatchObject({ room_alias_name: '_drawbridge_p1', preset: 'private_chat', visibility: 'private', is_direct: true, invite: [owner, ghost], room_version: '11' });
  expect(body.initial_state).toContainEqual({ type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } });
  expect(body.initial_state).toContainEqual({ type: 'm.room.avatar', state_key: '', content: { url: 'mxc://hs/abc' } });
});

test('additional creators stand in rooms of version 12 only', () => {
  const more = { ...options, additionalCreators: [owner] };
  expect(portalRoom({ ...more, roomVersion: '12' }).creation_content).toEqual({ additional_creators: [owner] });
  expect(portalRoom(more).creation_content).toEqual({});
});

test('a name is cut without cutting a character', () => {
  const { name } = portalRoom({ ...options, name: '👩‍🚀'.repeat(300) });
  expect(name!.isWellFormed()).toBe(true);
  expect(Array.from(name!).length).toBe(255);
});

describe('bridge info', () => {
  test('both names, one key a conversation, the same bytes for the same facts', () => {
    const [stable, older] = bridgeInfo(bot, options.bridgedTo);
    expect(stable).toEqual({
      type: 'm.bridge', state_key: 'drawbridge://whatsapp/123/31',
      content: { bridgebot: bot, creator: bot, protocol: { id: 'whatsapp', displayname: 'WhatsApp' }, channel: { id: '31', displayname: 'Bob' } },
    });
    expect(older).toEqual({ ...stable, type: 'uk.half-shot.bridge' });
    const shuffled = { conversation: { title: 'Bob', scope: '123', id: '31' }, network: { name: 'WhatsApp', id: 'whatsapp' } };
    expect(JSON.stringify(bridgeInfo(bot, shuffled))).toBe(JSON.stringify(bridgeInfo(bot, options.bridgedTo)));
  });

  test('state keys fit and differ', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'binary', maxLength: 400 }), (one, other) => {
      const keyOf = (id: string): string => bridgeInfo(bot, { network: { id: 'slack', name: 'Slack' }, conversation: { id, scope: '' } })[0]!.state_key;
      expect(Buffer.byteLength(keyOf(one))).toBeLessThanOrEqual(255);
      if (one.toWellFormed() !== other.toWellFormed()) expect(keyOf(one)).not.toBe(keyOf(other));
    }));
  });
});

describe('power levels as found', () => {
  test('creators of version 12 are above all, additional ones too, and nobody else', () => {
    const v12 = create('12', { additional_creators: [owner] });
    expect(powerLevelOf(bot, v12, { users: {} })).toBe(Number.POSITIVE_INFINITY);
    expect(powerLevelOf(owner, v12, { users: {} })).toBe(Number.POSITIVE_INFINITY);
    expect(powerLevelOf(ghost, v12, { users: { [ghost]: 9 } })).toBe(9);
    expect(powerLevelOf(bot, create('11'), { users: {} })).toBe(0);
  });

  test('users_default is the level, events_default the need', () => {
    expect(powerLevelOf(ghost, create('11'), { users_default: 25 })).toBe(25);
    expect(levelNeeded('m.room.message', false, { users_default: 25 })).toBe(0);
  });

  test('strings count, nonsense does not', () => {
    expect(powerLevelOf(ghost, create('9'), { users: { [ghost]: ' 50 ' } })).toBe(50);
    expect(powerLevelOf(ghost, create('9'), { users: { [ghost]: 'x' }, users_default: '7' })).toBe(7);
    expect(powerLevelOf('__proto__', create('9'), { users: {} })).toBe(0);
    expect(powerLevelOf('constructor', create('9'), { users: null })).toBe(0);
  });

  test('without levels the creator has 100', () => {
    expect(powerLevelOf(bot, create('11'), null)).toBe(100);
    expect(powerLevelOf(owner, { sender: bot, content: { creator: owner } }, null)).toBe(100);
    expect(powerLevelOf(ghost, create('11'), null)).toBe(0);
  });
});
