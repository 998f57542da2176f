import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AccountBroken, Rejected, Retry, Uncertain } from '../../src/model/errors.ts';
import type { SlackReach } from '../../src/networks/slack/reach.ts';
import type { SlackSandbox } from '../../src/sandbox/slack/index.ts';
import { appSettings, connect, secrets, startSandbox, target } from '../kit/slack/account.ts';

let sandbox: SlackSandbox;
let reach: SlackReach;
let close: () => Promise<void>;

async function start(options: Parameters<typeof startSandbox>[0] = {}): Promise<void> {
  sandbox = await startSandbox(options);
  const connection = connect(appSettings(sandbox));
  reach = connection.reach;
  close = async () => {
    await connection.close();
    await sandbox.close();
  };
}
beforeEach(() => start());
afterEach(async () => {
  expect(sandbox.oddities).toEqual([]);
  await close();
});

describe('people', () => {
  test('are listed page by page, without those who are gone, programs of Slack and the account itself', async () => {
    for (let n = 0; n < 203; n += 1) sandbox.person(`p${n}`);
    sandbox.person('gone').user.deleted = true;
    const first = await reach.contacts();
    expect(first.next).toBeDefined();
    const second = await reach.contacts(first.next);
    expect(second.next).toBeUndefined();
    const all = [...first.items, ...second.items];
    expect(all).toHaveLength(203);
    expect(all.every(({ person, conversation }) => person?.id === conversation.id && conversation.kind === 'direct' && conversation.perAccount)).toBe(true);
    expect(all.map(({ person }) => person?.id)).not.toContain(sandbox.botUserId);
  });

  test('are found by a part of their name, the whole name first', async () => {
    const [ann, anna] = [sandbox.person('ann', { realName: 'Ann' }), sandbox.person('anna', { realName: 'Anna' })];
    const annes = sandbox.channel('annual');
    expect((await reach.search('ann')).map(({ person, conversation }) => person?.id ?? conversation.id)).toEqual([ann.id, anna.id, annes]);
    expect((await reach.search('nobody'))).toEqual([]);
  });

  test('are resolved by id, address, name and link; nobody is null, and what is no form says which there are', async () => {
    const anna = sandbox.person('anna', { realName: 'Anna Berg' });
    for (const input of [anna.id, `<@${anna.id}>`, `https://sandbox.slack.com/team/${anna.id}`, '@anna', 'Anna Berg', 'anna@sandbox.example', 'mailto:anna@sandbox.example']) {
      expect([input, (await reach.resolve(input))?.person]).toEqual([input, expect.objectContaining({ id: anna.id, name: 'Anna Berg' })]);
    }
    for (const input of ['U0NOBODY', '@nobody', 'nobody@sandbox.example', 'C0NOWHERE', '#nowhere']) expect([input, await reach.resolve(input)]).toEqual([input, null]);
    for (const input of ['', '   ', '<script>', 'x'.repeat(100)]) await expect(reach.resolve(input)).rejects.toThrow(/person’s id/);
    sandbox.person('other', { realName: 'Anna Berg' });
    // The list is not fetched anew for every question, so the newcomer of the same name is found by id.
    expect((await reach.resolve('@other'))).toBeNull();
  });
});

describe('channels', () => {
  test('are listed with their kind: open ones, and others where the account is in', async () => {
    const open = sandbox.channel('open');
    const { items } = await reach.conversations();
    expect(items).toContainEqual({ conversation: expect.objectContaining({ id: open, kind: 'channel', title: 'open', perAccount: false }) });
    expect((await reach.resolve('#open'))?.conversation.id).toBe(open);
    expect((await reach.resolve(open))?.conversation.title).toBe('open');
  });

  test('are made private by a name that Slack takes, with those who can come in', async () => {
    const [anna, gone] = [sandbox.person('anna'), sandbox.person('gone')];
    gone.user.deleted = true;
    const made = await reach.create({ title: 'Größe: Summer & Fun!', people: [{ ids: [anna.id] }, { ids: [gone.id] }] });
    expect(made.conversation).toMatchObject({ kind: 'channel', title: 'größe-summer-fun', perAccount: false });
    expect(made.refused).toEqual([{ id: gone.id, reason: 'Slack does not know this person.' }]);
    await expect(reach.create({ title: 'größe summer fun', people: [] })).rejects.toThrow('There is a channel of this name already.');
    await expect(reach.create({ title: '!?', people: [] })).rejects.toThrow(/needs a letter/);
    await expect(reach.create({ title: 'x', people: [{ ids: ['no-id-of-slack'] }] })).rejects.toThrow(Rejected);
  });

  test('without a title are a direct message of several, the same one for the same people', async () => {
    const [anna, ben] = [sandbox.person('anna'), sandbox.person('ben')];
    const people = [{ ids: [anna.id] }, { ids: [ben.id] }];
    const one = await reach.create({ title: null, people });
    expect(one.conversation).toMatchObject({ kind: 'group' });
    expect((await reach.create({ title: null, people })).conversation?.id).toBe(one.conversation?.id);
    await expect(reach.create({ title: null, people: [{ ids: [anna.id] }] })).rejects.toThrow(/two people/);
  });

  test('change: people come and go, the title changes, the account leaves; twice is as once', async () => {
    const anna = sandbox.person('anna');
    const { conversation } = await reach.create({ title: 'garden', people: [] });
    const garden = target(conversation?.id ?? '');
    const who = { ids: ['D0UNKNOWN', anna.id] };
    expect(await reach.invite(garden, [who])).toEqual({ refused: [] });
    expect(await reach.invite(garden, [who])).toEqual({ refused: [] });
    await reach.kick(garden, who);
    await reach.kick(garden, who);
    await reach.setTitle(garden, 'Roof Garden');
    expect((await reach.resolve('#roof-garden'))?.conversation.id).toBe(garden.id);
    await reach.leave(garden);
    await reach.leave({ ...garden, id: sandbox.channel('other') });
    await expect(reach.invite(target(anna.id, 'direct'), [who])).rejects.toThrow(/stays one of two/);
  });
});

describe('what goes wrong', () => {
  test('a limit says when to come again, and does not wait itself', async () => {
    sandbox.faults.rateLimit = 1;
    await expect(reach.contacts()).rejects.toMatchObject({ name: 'Retry', rateLimited: true, afterMs: 1_000 });
    await expect(reach.contacts()).rejects.toThrow(Retry);
    sandbox.faults.rateLimit = 0;
  });

  test('an answer that is lost leaves it open whether a channel was made', async () => {
    sandbox.faults.http500 = 1;
    await expect(reach.create({ title: 'maybe', people: [] })).rejects.toThrow(Uncertain);
    sandbox.faults.http500 = 0;
  });

  test('a scope that is missing stops only what needs it', async () => {
    await close();
    await start({ botScopes: ['chat:write', 'channels:read'] });
    await expect(reach.contacts()).rejects.toThrow(Rejected);
    await expect(reach.create({ title: 'x', people: [] })).rejects.toThrow(/scope/);
    expect((await reach.conversations()).items).toEqual([]);
  });

  test('a token that was withdrawn breaks the account', async () => {
    sandbox.revoke(secrets.botToken, false);
    await expect(reach.search('a')).rejects.toThrow(AccountBroken);
    sandbox.restore(secrets.botToken);
  });
});
