import type { Handler } from './rest.ts';
import type { Shape } from './shapes.ts';
import { Refused, type Room, type User, type World } from './state.ts';

interface Parts {
  route(method: 'GET' | 'POST', path: string, shape: Shape, handler: Handler): void;
  /** A room that the user is in. */
  roomFor(user: User, rid: string): Room;
  /** A user as the API shows them. */
  shown(user: User): object;
}

/** What a room may be called (the setting UTF8_Channel_Names_Validation as it is by default). */
const NAME = /^[0-9a-zA-Z-_.]+$/;
/** `spotlight` shows no more of each. */
const MOST_FOUND = 5;

/** Who is there to be found, and making and changing rooms (rooms.yaml and user-management.yaml in RocketChat/Rocket.Chat-Open-API). */
export function membershipCalls(world: World, { route, roomFor, shown }: Parts): void {
  const need = (user: User, permission: string): void => {
    if (!world.hasPermission(user, permission)) throw new Refused('error-not-allowed', 'Not allowed');
  };
  route('GET', 'users.list', { count: 'string?', offset: 'string?', sort: 'string?', fields: 'string?' }, ({ user, query: { count, offset } }) => {
    if (!world.hasPermission(user, 'view-d-room')) throw new Refused('unauthorized', 'User does not have the permissions required for this action');
    const all = [...world.users.values()].filter(({ active }) => active).sort((one, other) => one.username.localeCompare(other.username));
    const from = Number(offset ?? 0);
    const users = all.slice(from, from + Number(count ?? 50)).map(shown);
    return { users, count: users.length, offset: from, total: all.length };
  });
  route('GET', 'spotlight', { query: 'string' }, ({ user, query: { query = '' } }) => {
    const wanted = query.replace(/^[@#]/, '').toLowerCase();
    const fits = (...names: readonly (string | undefined)[]): boolean => names.some((name) => name?.toLowerCase().includes(wanted) === true);
    const users = query.startsWith('#') ? [] : [...world.users.values()].filter((each) => each.active && each !== user && fits(each.username, each.name));
    const rooms = query.startsWith('@') ? [] : [...world.rooms.values()].filter(({ t, name, fname, archived }) => t === 'c' && archived !== true && fits(name, fname));
    return {
      users: users.slice(0, MOST_FOUND).map(({ _id, username, name }) => ({ _id, username, name, status: 'online', outside: true })),
      rooms: rooms.slice(0, MOST_FOUND).map(({ _id, t, name, fname }) => ({ _id, t, name, fname })),
    };
  });
  route('POST', 'groups.create', { name: 'string', members: 'array?', readOnly: 'boolean?', excludeSelf: 'boolean?', customFields: 'object?', extraData: 'object?' }, ({ user, body: { name, members } }) => {
    need(user, 'create-p');
    const people = ((members as readonly unknown[] | undefined) ?? []).map((each) => world.userNamed(String(each))).filter((each) => each !== undefined);
    const room = world.addRoom('p', freeName(world, String(name)), [...new Set([user, ...people])]);
    return { group: world.roomOf(room) };
  });
  for (const [family, type] of [['channels', 'c'], ['groups', 'p']] as const) {
    const ours = (user: User, rid: unknown): Room => {
      const room = roomFor(user, String(rid));
      if (room.t !== type) throw new Refused('error-room-not-found', `The required "roomId" or "roomName" param provided does not match any ${family}`);
      return room;
    };
    const answer = (room: Room): object => ({ [family.slice(0, -1)]: world.roomOf(room) });
    route('POST', `${family}.invite`, { roomId: 'string', userId: 'string' }, ({ user, body: { roomId, userId } }) => {
      const room = ours(user, roomId);
      need(user, 'add-user-to-joined-room');
      const other = known(world, userId);
      if (!room.members.includes(other._id)) {
        world.join(room, other);
        world.system(user, room, 'au', other.username);
      }
      return answer(room);
    });
    route('POST', `${family}.kick`, { roomId: 'string', userId: 'string' }, ({ user, body: { roomId, userId } }) => {
      const room = ours(user, roomId);
      need(user, 'remove-user');
      const other = known(world, userId);
      if (!room.members.includes(other._id)) throw new Refused('error-user-not-in-room', 'User is not in this room');
      world.system(user, room, 'ru', other.username);
      world.leave(room, other);
      return answer(room);
    });
    route('POST', `${family}.leave`, { roomId: 'string' }, ({ user, body: { roomId } }) => {
      const room = ours(user, roomId);
      if (room.members.length === 1) throw new Refused('error-you-are-last-owner', 'You are the last owner. Please set new owner before leaving the room.');
      world.system(user, room, 'ul', user.username);
      world.leave(room, user);
      return answer(room);
    });
    route('POST', `${family}.rename`, { roomId: 'string', name: 'string' }, ({ user, body: { roomId, name } }) => {
      const room = ours(user, roomId);
      need(user, 'edit-room');
      const next = freeName(world, String(name));
      Object.assign(room, { name: next, fname: next });
      world.system(user, room, 'r', next);
      world.roomChanged(room);
      return answer(room);
    });
  }
}

/** `im.create` with several names. */
export function directOf(world: World, user: User, usernames: readonly string[]): object {
  const people = usernames.map((each) => world.userNamed(each.trim()));
  if (people.includes(undefined)) throw new Refused('error-invalid-user', 'Invalid user');
  const all = [...new Set([user, ...people.filter((each) => each !== undefined)])];
  const found = [...world.rooms.values()].find(({ t, members }) => t === 'd' && members.length === all.length && all.every(({ _id }) => members.includes(_id)));
  const room = found ?? world.addRoom('d', undefined, all);
  return { room: { ...world.roomOf(room), rid: room._id } };
}

function known(world: World, userId: unknown): User {
  const found = world.users.get(String(userId));
  if (found === undefined) throw new Refused('error-invalid-user', 'Invalid user');
  return found;
}

function freeName(world: World, name: string): string {
  if (!NAME.test(name)) throw new Refused('error-invalid-room-name', `${name} is not a valid room name.`);
  if ([...world.rooms.values()].some((room) => room.name === name)) throw new Refused('error-duplicate-channel-name', `A channel with name '${name}' exists`);
  return name;
}
