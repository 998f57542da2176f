import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { announce } from '../../src/actions/announce.ts';
import { who } from '../../src/actions/who.ts';
import { wordsOf } from '../../src/bot/words.ts';
import { Blocklist } from '../../src/bridge/blocklist.ts';
import type { AccountId, NetworkId, RoomRow, UserId } from '../../src/model/ids.ts';
import { ADMIN, ALICE, BotStage } from '../kit/bot/stage.ts';

let stage: BotStage;
beforeEach(async () => {
  stage = new BotStage();
  await stage.room(ALICE);
  await stage.room(ADMIN);
  await stage.start();
});
afterEach(() => stage.close());

const say = async (text: string, sender = ALICE): Promise<string> => (await stage.say(text, sender)).answer;
const ADMINS = ['networks', 'portals', 'limits', 'block', 'unblock', 'announce', 'audit'];

test.each([
  ['open  net   5', ['open', 'net', '5']], ['announce "two words" x', ['announce', 'two words', 'x']], ['say “as a phone quotes”', ['say', 'as a phone quotes']],
  ['a "never closed', ['a', '"never', 'closed']], ['5" pipe and 6" pipe', ['5"', 'pipe', 'and', '6"', 'pipe']], ['x ""', ['x', '']], ['', []], ['"', ['"']],
])('the words of %j', (line, words) => {
  expect(wordsOf(line)).toEqual(words);
});

describe('help', () => {
  test('lists by group what somebody may do, and to administrators what they may do besides', async () => {
    const [all, theirs] = [await say('help'), await say('help', ADMIN)];
    expect(all).toMatch(/^Accounts:$[^]*^`login[^]*^Rooms:$[^]*^`open/m);
    for (const name of ADMINS) {
      expect(all).not.toMatch(new RegExp(`^\`${name}`, 'm'));
      expect(theirs).toMatch(new RegExp(`^\`${name}`, 'm'));
    }
    expect(all).not.toContain('Administration');
  });

  test('of every command says how it is used, with an example where it takes something, and who may', async () => {
    const names = [...(await say('help', ADMIN)).matchAll(/^`(\w[\w-]*)/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(12);
    for (const name of names.filter((one) => one !== 'help')) {
      const text = await say(`help ${name}`, ADMIN);
      expect(text).toMatch(new RegExp(`^\`${name}[^\`]*\`: [a-z][^\n]*\n[^]*For (?:administrators|everybody)`));
      if (/^`\w+ [[<]/.test(text)) expect(text).toContain(`For example: \`${name} `);
    }
  });

  test('of what is for administrators tells nobody else', async () => {
    for (const name of ADMINS) {
      expect(await say(`help ${name}`)).toContain('I do not know');
      expect(await say(`${name} x`)).toContain('I do not know');
      expect(await say(`${name} x`)).not.toContain(`mean \`${name}\``);
    }
  });
});

describe('a word that is no command', () => {
  test.each([['staus', 'status'], ['logn net', 'login'], ['Hlep', 'help'], ['undelivred', 'undelivered']])('"%s" is nearly "%s"', async (line, meant) => {
    expect(await say(line)).toContain(`Did you mean \`${meant}\`?`);
  });

  test('is not said again where it may be a secret', async () => {
    expect(await say('coffee')).toMatch(/do not know "coffee"/);
    for (const line of ['123456:AA-secret_token', 'xoxb-1-2-abcdef', 'EAAJbcdefghijklmnopqrstuvwxyz']) expect(await say(line)).not.toContain(line.slice(0, 8));
  });
});

describe('block', () => {
  test('is kept, is told by whom, and is undone', async () => {
    expect(await say('block @spam:evil.test', ADMIN)).not.toContain('accounts');
    await say('login net user alice acc1-good-token-1');
    expect(await say(`block ${ALICE}`, ADMIN)).toContain('still take in what is written to them: `net/main/alice`');
    await say(`unblock ${ALICE}`, ADMIN);
    expect(await say('block evil.test', ADMIN)).toMatch(/is blocked/);
    expect(await say('block evil.test', ADMIN)).toMatch(/already/);
    expect(await say('block', ADMIN)).toMatch(/@spam:evil\.test \(by @admin:test, 2026/);
    const list = new Blocklist(stage.store);
    expect(['@spam:evil.test', '@other:evil.test', '@spam:fine.test', 'odd'].map((user) => list.has(user))).toEqual([true, true, false, false]);
    expect(await say('unblock evil.test', ADMIN)).toMatch(/no longer blocked/);
    expect(await say('unblock evil.test', ADMIN)).toMatch(/not blocked here/);
    expect(new Blocklist(stage.store).has('@other:evil.test')).toBe(false);
    expect(stage.store.audited(3).map(({ verb, object }) => `${verb} ${object}`)).toEqual(['unblock evil.test', 'block evil.test', 'block evil.test']);
  });

  test('of a server holds in whatever letters it is written', async () => {
    await say('block Evil.Test', ADMIN);
    expect(await say('block evil.TEST', ADMIN)).toMatch(/already/);
    expect(['@x:evil.test', '@x:EVIL.test', '@x:evil.tests'].map((user) => new Blocklist(stage.store).has(user))).toEqual([true, true, false]);
    expect(await say('unblock evil.test', ADMIN)).toMatch(/no longer blocked/);
    expect(stage.store.blocked()).toEqual([]);
  });

  test('takes no administrators, and nothing that is neither user nor server', async () => {
    expect(await say('block @admin:test', ADMIN)).toMatch(/administrator by the config/);
    for (const odd of ['*', '@x', 'a b c', '!room:test', '@:test']) expect(await say(`block "${odd}"`, ADMIN)).toMatch(/Say whom/);
    expect(stage.store.blocked()).toEqual([]);
  });
});

describe('what others would read', () => {
  let shared: RoomRow;
  beforeEach(async () => {
    shared = await stage.room('@carol:test' as UserId, [ADMIN]);
  });

  test.each(['accounts', 'networks', 'portals', 'limits', 'audit'])('%s is for a room alone with the bot', async (line) => {
    expect((await stage.say(line, ADMIN, shared)).answer).toMatch(/not for everybody here/);
    expect(await say(line, ADMIN)).not.toMatch(/not for everybody here/);
  });

  test('status gives no reasons there, and nobody’s accounts but those of the room', async () => {
    stage.outages.down('net/main/fixed', 'the token of @boss was withdrawn', () => Promise.reject(new Error('still')));
    expect(await say('status', ADMIN)).toContain('⚠️ net/main/fixed: the token of @boss');
    const { answer } = await stage.say('status', ADMIN, shared);
    expect(answer).not.toMatch(/boss|fixed/);
    expect(answer).toContain('✅ homeserver');
    stage.outages.stop();
  });
});

describe('announce', () => {
  test('says it to everybody once, in their newest room, and not where it may not be read', async () => {
    const [again, mallory] = [await stage.room(ALICE), await stage.room('@mallory:elsewhere' as UserId)];
    const context = stage.context(ADMIN, 1 as RoomRow);
    expect(await announce(context, ['The', 'bridge', 'rests.'])).toBe('Said to 2 people.');
    const told = stage.notices.map(([room]) => room);
    expect(told).toContain(again);
    expect(told).not.toContain(mallory);
    expect(told).toHaveLength(2);
    // The row of the command may be run again: the keys are the same, so nothing is said twice.
    const waiting = (): number => stage.store.counts().outbox.ready ?? 0;
    const before = waiting();
    await announce(context, ['The', 'bridge', 'rests.']);
    expect(waiting()).toBe(before);
  });

  test('can be for administrators alone, says something, and is written down without its words', async () => {
    expect(await say('announce admins "come here"', ADMIN)).toBe('Said to 1 person.');
    expect(stage.notices.at(-1)?.[1]).toBe('📢 come here');
    expect(await say('announce', ADMIN)).toMatch(/Say what/);
    expect(stage.store.audited(1)[0]).toMatchObject({ verb: 'announce', object: 'to administrators, rooms: 1' });
  });
});

describe('who', () => {
  test('in a room with the bot alone is oneself', async () => {
    expect(await say('who')).toMatch(/You are @alice:test\. Permission: user\.[^]*no account/);
    expect(await say('who', ADMIN)).toMatch(/Permission: admin\.[^]*`net\/main\/fixed`/);
  });

  test('in a bridged room is what it is bridged to, and who speaks how', async () => {
    const { conversation } = await stage.store.openConversation({
      network: 'net' as NetworkId, account: 'net/main/fixed' as AccountId, person: { id: 'pia', scope: '', name: 'Pia' }, conversation: { id: 'g1', scope: '', kind: 'group', perAccount: false, title: 'Garden' }, invite: [],
    });
    const room = stage.store.remoteContext(conversation, null, []).portal?.room as RoomRow;
    const join = (user: string, name: string | null) => ({ do: 'member', room, member: { user: user as UserId, membership: 'join', name } }) as const;
    await stage.store.apply([join('@bot:test', null), join('@_ghost_pia:test', 'Pia (Net)'), join(ALICE, 'Alice'), join('@mallory:elsewhere', null)]);
    const text = who(stage.context(ALICE, room));
    expect(text).toMatch(/Net: the group "Garden", by the account `net\/main\/fixed`, which works\.\nThere: Pia \(Net\)\./);
    expect(text).toMatch(/@alice:test: speaks on Net through it, as "@alice:test"\./);
    expect(text).toMatch(/@mallory:elsewhere: is not bridged\./);
    expect(text).not.toContain('@bot:test');
    const list = await say('portals', ADMIN);
    expect(list).toContain('group "Garden" (`net/main/fixed`)');
    expect(await say('portals nowhere', ADMIN)).toMatch(/There is no network "nowhere"/);
    expect(await say('networks', ADMIN)).toMatch(/✅ Net `net\/main`: accounts 1; rooms 1/);
  });
});
