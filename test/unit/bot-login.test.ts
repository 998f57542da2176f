import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type LoginSession, LOGIN_TTL } from '../../src/actions/login-session.ts';
import type { RoomRow, UserId } from '../../src/model/ids.ts';
import { ADMIN, ALICE, BotStage, GOOD } from '../kit/bot/stage.ts';
import { turnOfLoop } from '../kit/model/clock.ts';

let stage: BotStage;
let room: RoomRow;

beforeEach(async () => {
  stage = new BotStage();
  room = await stage.room(ALICE);
  await stage.start();
});
afterEach(() => stage.close());

const say = async (text: string, sender = ALICE): Promise<string> => (await stage.say(text, sender)).answer;
const ids = (): readonly string[] => stage.accounts.list().map(({ id }) => id);

describe('a login, step by step', () => {
  test('asks field by field, takes the secret out of the room, and the account is live', async () => {
    expect(await say('login')).toMatch(/Fetch it there[^]*User id\?[^]*cancel/);
    expect(await say('alice')).toMatch(/Token\?/);
    const { answer, event } = await stage.say(GOOD);
    expect(answer).toMatch(/removed[^]*Logged in: `net\/main\/alice`/);
    expect(stage.redacted).toEqual([event]);
    expect(stage.asked).toEqual([{ id: 'alice', token: GOOD }]);
    expect(stage.lines.at(-1)).toEqual({ id: 'acc1', state: 'live' });
    expect(stage.accounts.owners('net/main/alice' as never)).toEqual([ALICE]);
    expect(stage.secrets).toEqual([GOOD]);
    expect(await say('accounts')).toMatch(/net\/main\/alice.*personal/);
  });

  test.each([['login net user alice ', 'with it'], ['login user', null]])('"%s" is understood, %s', async (line, how) => {
    if (how === null) expect(await say(line)).toMatch(/no login for that/);
    else expect((await stage.say(`${line}${GOOD}`)).answer).toMatch(/Logged in/);
  });

  test('takes all that is asked in one line', async () => {
    await say('login net');
    expect(await say(`alice ${GOOD}`)).toMatch(/removed[^]*Logged in/);
  });

  test('says what is wrong with the form of an answer, and asks again; a secret is removed all the same', async () => {
    await say('login');
    expect(await say('not an id!')).toMatch(/User id: must be an id/);
    await say('alice');
    const { answer, event } = await stage.say('hunter2');
    expect(answer).toMatch(/Token: must be a token/);
    expect(answer).not.toContain('hunter2');
    expect(stage.redacted).toContain(event);
    expect(stage.asked).toEqual([]);
    expect(await say(GOOD)).toMatch(/Logged in/);
  });

  test('what the network does not take can be given again', async () => {
    await say('login');
    await say('alice');
    expect(await say('acc1-bad-token-1')).toMatch(/did not take it: The token is not valid[^]*User id\?/);
    expect(await say(`alice ${GOOD}`)).toMatch(/Logged in/);
  });

  test('is not a way to try out tokens without end', async () => {
    await say('login');
    let answer = '';
    for (let n = 0; n < 12; n++) answer = `${answer}\n${await say(`alice acc1-bad-token-${n}`)}`;
    expect(stage.asked).toHaveLength(10);
    expect(answer).toContain('The login is ended');
  });

  test('nor is one after the other, until an hour has passed', async () => {
    const answers: string[] = [];
    for (let n = 0; n < 40; n++) {
      if (n % 5 === 0) await say('login');
      answers.push(await say(`alice acc1-bad-token-${n}`));
    }
    expect(stage.asked).toHaveLength(30);
    expect(answers.at(-1)).toMatch(/too many of your answers/);
    await say('login');
    expect(await say(`alice ${GOOD}`)).toMatch(/too many/);
    await stage.pass(3_600_000);
    await say('login');
    expect(await say(`alice ${GOOD}`)).toMatch(/Logged in/);
  });

  test('ends with cancel, at any moment', async () => {
    await say('login');
    await say('alice');
    expect(await say('Cancel')).toMatch(/ended; nothing was kept/);
    expect(await say('cancel')).toMatch(/nothing to end/);
    expect(await say('status')).toContain('✅ homeserver');
  });

  test('where the bot may not remove it, says that it is for them to do', async () => {
    stage.mayRedact = false;
    await say('login');
    expect(await say('alice')).toMatch(/Token\?\n⚠️ I may not remove messages in this room/);
    expect(await say(GOOD)).toMatch(/delete yours yourself[^]*Logged in/);
  });

  test('leaves all commands as they are, and goes on after them; another login takes its place', async () => {
    await say('login');
    expect(await say('status')).toContain('✅ homeserver');
    expect(await say('help login')).toContain('step by step');
    expect(await say('alice')).toMatch(/Token\?/);
    expect(await say(`login net user ben ${GOOD}`)).toMatch(/net\/main\/ben/);
    expect(await say('cancel')).toMatch(/nothing to end/);
  });

  test('a line that is handed over twice counts once', async () => {
    await say('login');
    const { answer, event } = await stage.say('alice');
    expect((await stage.say('alice', ALICE, room, event)).answer).toBe(answer);
    const last = await stage.say(GOOD);
    expect(last.answer).toMatch(/Logged in/);
    expect((await stage.say(GOOD, ALICE, room, last.event)).answer).toBe(last.answer);
    expect(stage.asked).toHaveLength(1);
  });
});

describe('a login that nobody ends', () => {
  test('is over after ten minutes, says so, and what comes then is removed', async () => {
    await say('login');
    await say('alice');
    await stage.pass(LOGIN_TTL);
    expect(stage.notices).toContainEqual([room, 'The login is over: ten minutes went by without an answer. To begin again: login.']);
    const { answer, event } = await stage.say(GOOD);
    expect(answer).toMatch(/removed[^]*The login is over/);
    expect(stage.redacted).toEqual([event]);
    expect(ids()).toEqual(['net/main/fixed']);
    // Asked once, forgiven once: from here on it is a line like any other, of which nothing is said again.
    expect(await say(GOOD)).not.toContain(GOOD);
  });

  test('does not outlive a restart, and no late secret stays', async () => {
    await say('login');
    await say('alice');
    await stage.restart();
    expect(await say('status')).toContain('✅ homeserver');
    const { answer, event } = await stage.say(GOOD);
    expect(answer).toMatch(/removed[^]*The login is over/);
    expect(stage.redacted).toEqual([event]);
  });
});

describe('a line that is run again after a stop, for nobody knows whether it was answered', () => {
  test('in the middle of a dialog makes no second account, and nothing is said of the secret', async () => {
    await say('login');
    await say('alice');
    const { event } = await stage.say(GOOD);
    await stage.restart();
    expect((await stage.say(GOOD, ALICE, room, event)).answer).not.toContain(GOOD.slice(0, 8));
    expect(ids()).toEqual(['net/main/fixed', 'net/main/alice']);
  });

  test('of a login in one line comes to the same account', async () => {
    const line = `login net user alice ${GOOD}`;
    const { event } = await stage.say(line);
    await stage.restart();
    expect((await stage.say(line, ALICE, room, event)).answer).toMatch(/Logged in anew: `net\/main\/alice`/);
    expect(ids()).toEqual(['net/main/fixed', 'net/main/alice']);
    expect(stage.redacted).toEqual([event, event]);
  });
});

describe('who may', () => {
  test('a relay account is for administrators: others are not offered one', async () => {
    await stage.room(ADMIN);
    expect(await say('login net bot', ADMIN)).toMatch(/User id\?/);
    await say('login', ALICE);
    expect(stage.context(ALICE, room).logins.flows('user').map(({ id }) => id)).toEqual(['user']);
    expect(stage.context(ALICE, room).logins.flows('relay')).toEqual([]);
  });

  test('whoever has a choice is asked', async () => {
    await stage.room(ADMIN);
    expect(await say('login', ADMIN)).toMatch(/1\. Net, A bot[^]*2\. Net, A person/);
    expect(await say('3', ADMIN)).toMatch(/number of one/);
    const pasted = await stage.say(GOOD, ADMIN);
    expect(pasted.answer).toMatch(/removed[^]*number of one/);
    expect(await say('2', ADMIN)).toMatch(/User id\?/);
  });

  test('where somebody comes in meanwhile it ends, before anything more is said there', async () => {
    await say('login');
    await say('alice');
    await stage.store.apply([{ do: 'member', room, member: { user: '@carol:test' as UserId, membership: 'invite', name: null } }]);
    const { answer, event } = await stage.say(GOOD);
    expect(answer).toMatch(/removed[^]*Somebody else is in this room/);
    expect(stage.redacted).toEqual([event]);
    expect(stage.asked).toEqual([]);
  });

  test('in a room with others nothing is asked, and what was said there is removed', async () => {
    const shared = await stage.room('@carol:test' as UserId, [ALICE]);
    const { answer, event } = await stage.say(`login net user alice ${GOOD}`, ALICE, shared);
    expect(answer).toMatch(/not for this room[^]*removed/);
    expect(stage.redacted).toEqual([event]);
    expect(ids()).toEqual(['net/main/fixed']);
  });

  test('the account of somebody else is not taken over; one’s own gets its new token', async () => {
    await say(`login net user alice ${GOOD}`);
    const carol = '@carol:test' as UserId;
    await stage.room(carol);
    expect(await say(`login net user carol ${GOOD}`, carol)).toMatch(/Somebody else has logged in/);
    // While the old line is closed, what waits must find an account.
    const found: boolean[] = [];
    stage.closing = async () => {
      await turnOfLoop();
      found.push(stage.accounts.get('net/main/alice' as never) !== null);
    };
    expect(await say('login net user alice acc1-good-token-77')).toMatch(/Logged in anew: `net\/main\/alice`/);
    expect(found).toEqual([true]);
    expect(stage.lines.map(({ id, state }) => `${id} ${state}`)).toEqual(['fixed live', 'acc1 closed', 'acc1 live']);
    expect(await say('login net user x fixed-good-token-5')).toMatch(/in the config/);
  });

  test('what does not fit beside the others of its app is refused, and nothing is kept', async () => {
    for (const n of [1, 2]) await say(`login net user u${n} acc${n}-good-token-1`);
    expect(await say('login net user u3 acc3-good-token-1')).toMatch(/cannot be added: .*three at most[^]*ended/);
    expect(stage.store.storedAccounts()).toHaveLength(2);
  });

  test('two of one name are told apart, also from one that is in the config', async () => {
    await say('login net user fixed acc1-good-token-1');
    await say('login net user fixed acc2-good-token-1');
    expect(ids()).toEqual(['net/main/fixed', 'net/main/fixed-2', 'net/main/fixed-3']);
  });
});

describe('logout', () => {
  test('closes the connection, forgets the secret and keeps the name for the same account', async () => {
    await say(`login net user alice ${GOOD}`);
    expect(await say('logout alice')).toMatch(/net\/main\/alice is logged out/);
    expect(stage.lines.at(-1)).toEqual({ id: 'acc1', state: 'closed' });
    expect(stage.gone).toEqual(['net/main/alice']);
    expect(stage.store.storedAccounts()).toMatchObject([{ id: 'net/main/alice', settings: null }]);
    await say('login net user alice acc9-good-token-1');
    expect(ids()).toContain('net/main/alice-2');
    await say(`login net user whatever ${GOOD}`);
    expect(ids()).toContain('net/main/alice');
    expect(stage.store.audited(9).map(({ who, verb, object }) => `${who} ${verb} ${object}`)).toEqual([
      '@alice:test login net/main/alice', '@alice:test login net/main/alice-2', '@alice:test logout net/main/alice', '@alice:test login net/main/alice',
    ]);
  });

  test('of somebody else is for administrators; of the config for an editor', async () => {
    await say(`login net user alice ${GOOD}`);
    const carol = '@carol:test' as UserId;
    await stage.room(carol);
    await stage.room(ADMIN);
    expect(await say('logout net/main/alice', carol)).toMatch(/no such account/);
    expect(await say('logout net/main/fixed', carol)).toMatch(/no such account/);
    expect(await say('logout net/main/fixed', ADMIN)).toMatch(/in the config/);
    expect(await say('logout net/main/alice', ADMIN)).toMatch(/logged out/);
  });

  test('a group goes on by another account that is in it, and the rest is closed', async () => {
    await say(`login net user alice ${GOOD}`);
    for (const id of ['shared', 'alone']) {
      const { conversation } = await stage.store.openConversation({
        network: 'net' as never, account: 'net/main/alice' as never, person: { id: 'p', scope: '' }, conversation: { id, scope: '', kind: 'group', perAccount: false }, invite: [],
      });
      expect(stage.store.conversation(conversation)?.perAccount).toBe(false);
    }
    stage.groups.set('fixed', 'shared');
    expect(await say('logout alice')).toMatch(/no longer bridged: 1[^]*another account: 1/);
    expect(stage.store.openPortals().map(({ account, conversation }) => `${conversation.remoteId} ${account}`)).toEqual(['shared net/main/fixed']);
  });

  test('where the config has come to name another account so, only what was logged in is forgotten', async () => {
    await stage.store.keepAccount({ id: 'net/main/fixed' as never, network: 'net' as never, app: 'main', remoteId: 'old', kind: 'personal', owner: ALICE, settings: { kind: 'user', id: 'x', token: 'old-good-token-1' }, createdAt: 1 });
    await stage.restart();
    const lines = stage.lines.length;
    expect(await say('logout fixed')).toMatch(/in the config goes on/);
    expect(stage.lines.at(-1)).toEqual({ id: 'fixed', state: 'live' });
    expect(stage.lines).toHaveLength(lines);
    expect(stage.store.storedAccounts()).toMatchObject([{ settings: null }]);
  });

  test('a restart keeps who is logged in, and nobody else', async () => {
    await say(`login net user alice ${GOOD}`);
    await say('login net user ben acc2-good-token-1');
    await say('logout ben');
    await stage.restart();
    expect(ids()).toEqual(['net/main/fixed', 'net/main/alice']);
  });
});

describe('sessions, as other faces use them', () => {
  const user = { user: ALICE, permission: 'user' } as const;
  const begin = (): LoginSession => stage.context(ALICE, room).logins.start(user, { network: 'net' });

  test('belong to who began them, and there are few of them', async () => {
    const { logins } = stage.context(ALICE, room);
    const { id } = begin();
    expect(logins.get(id, '@carol:test' as UserId)).toBeNull();
    await expect(logins.submit(id, '@carol:test' as UserId, {})).rejects.toThrow(/over/);
    begin();
    begin();
    expect(begin).toThrow(/3 logins open/);
    expect(logins.cancel(id, ALICE)).toBe(true);
    expect(begin().step).toMatchObject({ type: 'fields', fields: [{ id: 'id' }, { id: 'token', secret: true }] });
    await stage.pass(LOGIN_TTL);
    expect(begin().id).not.toBe(id);
  });

  test('check every answer, and end with the account', async () => {
    const { logins } = stage.context(ALICE, room);
    const { id } = begin();
    await expect(logins.submit(id, ALICE, { id: 'alice' })).rejects.toThrow(/Token: nothing was given/);
    await expect(logins.submit(id, ALICE, { id: 'alice', token: 'x'.repeat(9_000) })).rejects.toThrow(/too long/);
    expect(await logins.submit(id, ALICE, { id: 'alice', token: GOOD, more: 'left out' })).toEqual({ type: 'done', says: '@alice', account: 'net/main/alice', outcome: 'added' });
    expect(stage.asked).toEqual([{ id: 'alice', token: GOOD }]);
    await expect(logins.submit(id, ALICE, {})).rejects.toThrow(/over/);
  });

  test('two at once of one account make one', async () => {
    const { logins } = stage.context(ALICE, room);
    const [one, two] = [begin(), begin()];
    const done = await Promise.all([one, two].map(({ id }) => logins.submit(id, ALICE, { id: 'alice', token: GOOD })));
    expect(done.map((step) => (step.type === 'done' ? step.outcome : ''))).toEqual(['added', 'changed']);
    expect(stage.store.storedAccounts()).toHaveLength(1);
  });
});
