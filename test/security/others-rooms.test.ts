import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import { invite } from '../../src/actions/invite.ts';
import { link } from '../../src/actions/link.ts';
import { logout } from '../../src/actions/logout.ts';
import { open, openFound } from '../../src/actions/open.ts';
import type { AccountId, ConversationRow, NetworkId, RoomId, RoomRow, UserId } from '../../src/model/ids.ts';
import type { Effect, Portal } from '../../src/store/store.ts';
import { ADMIN, ALICE, BotStage } from '../kit/bot/stage.ts';

// Alice and Carol each have an account of their own in one group of a network. What Alice has made of it in rooms of hers is not Carol's.

const CAROL = '@carol:test' as UserId;
const NET = 'net' as NetworkId;
const [ALICES, CAROLS] = ['net/main/alice', 'net/main/carol'] as AccountId[] as [AccountId, AccountId];
const GROUP = { id: 'g1', scope: '', kind: 'group', perAccount: false } as const;

let stage: BotStage;
let management: RoomRow;
let effects: Effect[];

beforeEach(async () => {
  stage = new BotStage();
  effects = [];
  const apply = stage.store.apply.bind(stage.store);
  stage.store.apply = (given) => {
    effects.push(...given);
    return apply(given);
  };
  management = await stage.room(ALICE);
  const hers = await stage.room(CAROL);
  await stage.start();
  expect((await stage.say('login net user alice acc1-good-token-1', ALICE, management)).answer).toMatch(/Logged in/);
  expect((await stage.say('login net user carol acc2-good-token-1', CAROL, hers)).answer).toMatch(/Logged in/);
  stage.groups.set('acc1', 'g1').set('acc2', 'g1');
});
afterEach(() => stage.close());

const joins = (room: RoomRow, ...users: readonly UserId[]): Promise<unknown> => stage.store.apply(users.map((user): Effect => ({ do: 'member', room, member: { user, membership: 'join', name: null } })));

/** Their own room, linked to the group by their account. */
async function linked(user: UserId, account: AccountId): Promise<{ readonly room: RoomRow; readonly conversation: ConversationRow }> {
  const room = await stage.room(user);
  const { conversation } = await stage.store.openConversation({ network: NET, account, person: null, conversation: GROUP, invite: [], into: room });
  return { room, conversation };
}

/** The room that the bridge has made for the group. */
async function made(account: AccountId, ...users: readonly UserId[]): Promise<RoomRow> {
  const { conversation } = await stage.store.openConversation({ network: NET, account, person: null, conversation: GROUP, invite: [] });
  const { room, row } = stage.store.portalOf(conversation) as Portal;
  await stage.store.apply([{ do: 'room', room, change: { roomId: `!made${room}:test` as RoomId, state: 'live', createdByUs: true } }, { do: 'portalState', portal: row, state: 'live' }]);
  await joins(room, ...users);
  return room;
}

/** Whom the bot was to invite there. */
const invited = (room: RoomRow): unknown[] => effects.flatMap((effect) => (effect.do === 'send' && effect.row.room === room && effect.row.task.to === 'matrix' && effect.row.task.kind === 'invite' ? [effect.row.task.user] : []));
const opens = (user: UserId, id: AccountId): ReturnType<typeof openFound> => {
  const account = stage.accounts.list().find((one) => one.id === id);
  if (account === undefined) throw new Error('no such account');
  // The past is no part of this.
  return openFound({ ...stage.context(user, management), adapter: () => null }, account, { conversation: GROUP });
};

describe('open', () => {
  test('brings nobody into a room of somebody else’s that the group was linked to', async () => {
    const { room } = await linked(ALICE, ALICES);
    await expect(opens(CAROL, CAROLS)).rejects.toThrow(/ask somebody there for an invitation/);
    expect(invited(room)).toEqual([]);
  });

  test('nor an administrator who is not in it, by the number of its portal', async () => {
    const { room, conversation } = await linked(ALICE, ALICES);
    const { row } = stage.store.portalOf(conversation) as Portal;
    await expect(open(stage.context(ADMIN, management), `#${row}`, '')).rejects.toThrow(/ask somebody there/);
    await joins(room, CAROL);
    await stage.store.apply([{ do: 'member', room, member: { user: ALICE, membership: 'leave', name: null } }]);
    await expect(open(stage.context(ALICE, management), `#${row}`, '')).rejects.toThrow(/ask somebody there/);
    expect(invited(room)).toEqual([]);
    // With everybody else gone there is nobody whom she could ask.
    await stage.store.apply([{ do: 'member', room, member: { user: CAROL, membership: 'leave', name: null } }]);
    expect(await open(stage.context(ALICE, management), `#${row}`, '')).toMatch(/You are invited/);
    expect(invited(room)).toEqual([ALICE]);
  });

  test('brings somebody of the group into its own room, unless another chat is in there too', async () => {
    const room = await made(ALICES, ALICE);
    await opens(CAROL, CAROLS);
    expect(invited(room)).toEqual([CAROL]);
    await stage.store.openConversation({ network: NET, account: ALICES, person: null, conversation: { ...GROUP, id: 'private' }, invite: [], into: room });
    await expect(opens(CAROL, CAROLS)).rejects.toThrow(/ask somebody there/);
  });
});

describe('a logout', () => {
  const goesOn = (): unknown[] => stage.store.openPortals().map(({ account }) => account);

  test('leaves a room of one’s own to no account of somebody else, relay or personal', async () => {
    stage.groups.set('fixed', 'g1');
    const { room } = await linked(CAROL, CAROLS);
    await joins(room, ALICE, ADMIN);
    await logout(stage.context(CAROL, management), CAROLS);
    expect(goesOn()).toEqual([]);
  });

  test('makes nobody’s personal account speak in a room that they are not in', async () => {
    await made(CAROLS, CAROL);
    await logout(stage.context(CAROL, management), CAROLS);
    expect(goesOn()).toEqual([]);
  });

  test('leaves the room of a group to the account of somebody who is in it', async () => {
    await made(CAROLS, CAROL, ALICE);
    await logout(stage.context(CAROL, management), CAROLS);
    expect(goesOn()).toEqual([ALICES]);
  });
});

describe('link', () => {
  test('takes one side of a chat of two accounts of the bridge, and not the other into the same room', async () => {
    const side = async (account: AccountId, other: string): Promise<void> => {
      const { conversation } = await stage.store.openConversation({ network: NET, account, person: { id: other, scope: '' }, conversation: { id: other, scope: '', kind: 'direct', perAccount: true }, invite: [] });
      await stage.store.apply([{ do: 'portalState', portal: (stage.store.portalOf(conversation) as Portal).row, state: 'closed' }]);
    };
    await side(CAROLS, 'acc1');
    await side(ALICES, 'acc2');
    const room = await stage.room(ADMIN);
    const state = [
      { type: 'm.room.create', state_key: '', sender: ADMIN, content: { room_version: '11' } }, { type: 'm.room.power_levels', state_key: '', sender: ADMIN, content: { users: { [ADMIN]: 100, '@bot:test': 50 } } },
      { type: 'm.room.member', state_key: ADMIN, sender: ADMIN, content: { membership: 'join' } },
    ];
    const context = (): ActionContext => ({ ...stage.context(ADMIN, room), homeserver: { bot: '@bot:test', state: () => Promise.resolve(state) } as never });
    expect(await link(context(), [CAROLS, 'acc1', 'here'])).toMatch(/is linked to/);
    await expect(link(context(), [ALICES, 'acc2', 'here'])).rejects.toThrow(/the other side of the chat/);
    expect(stage.store.portalsOf(room)).toHaveLength(1);
  });
});

describe('invite', () => {
  test('takes a level that an old room writes as a word for what it is', async () => {
    const room = await made(ALICES, ALICE, CAROL);
    await stage.store.openConversation({ network: NET, account: ALICES, person: null, conversation: { ...GROUP, id: 'other' }, invite: [], into: room });
    const asked: unknown[] = [];
    const context = { ...stage.context('@dave:test' as UserId, room), homeserver: {
      bot: '@bot:test', invite: (_: UserId, __: RoomId, user: UserId) => Promise.resolve(void asked.push(user)),
      state: () => Promise.resolve([{ type: 'm.room.create', state_key: '', sender: ALICE, content: { room_version: '9' } }, { type: 'm.room.power_levels', state_key: '', sender: ALICE, content: { invite: '50' } }]),
    } as never };
    await expect(invite(context, ['@friend:evil.test'])).rejects.toThrow(/may not invite here/);
    expect(asked).toEqual([]);
  });
});

describe('an announcement to administrators', () => {
  test('is not made where somebody else was', async () => {
    const own = await stage.room(ADMIN);
    const trap = await stage.room(CAROL, [ADMIN]);
    await stage.store.apply([{ do: 'member', room: trap, member: { user: CAROL, membership: 'leave', name: null } }]);
    expect((await stage.say('announce admins "the token is due"', ADMIN, own)).answer).toBe('Said to 1 person.');
    expect(stage.notices.map(([room, text]) => [room, text])).toEqual([[own, '📢 the token is due']]);
  });
});

describe('a room with the bot that somebody else has made and left', () => {
  test('is no place for a login, nor for what is one’s own alone', async () => {
    const trap = await stage.room(CAROL, [ALICE]);
    await stage.store.apply([{ do: 'member', room: trap, member: { user: CAROL, membership: 'leave', name: null } }]);
    expect((await stage.say('login net user', ALICE, trap)).answer).toMatch(/not for this room/);
    expect((await stage.say('accounts', ALICE, trap)).answer).toMatch(/not for everybody here/);
  });
});

describe('a secret that is said with others in the room', () => {
  test('is removed, however little else is said', async () => {
    const shared = await stage.room(CAROL, [ALICE]);
    for (const line of ['login net acc1-good-token-12345', 'login acc1-good-token-12345']) {
      const { answer, event } = await stage.say(line, ALICE, shared);
      expect(answer).toMatch(/not for this room.*removed/);
      expect(stage.redacted.at(-1)).toBe(event);
    }
  });

  test('is removed too where the login that asked for it was over before they came in', async () => {
    await stage.say('login net user', ALICE, management);
    await stage.say('alice', ALICE, management);
    await stage.restart();
    await joins(management, CAROL);
    const { answer, event } = await stage.say('acc1-good-token-12345', ALICE, management);
    expect(answer).toMatch(/removed/);
    expect(stage.redacted).toEqual(expect.arrayContaining([event]));
  });
});
