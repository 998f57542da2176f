import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Rejected, Retry, Uncertain } from '../../src/model/errors.ts';
import type { Reach } from '../../src/networks/network.ts';
import { groupTarget, startTalk, type Talk } from '../kit/rocketchat/account.ts';

let talk: Talk;
let reach: Required<Reach>;
beforeEach(async () => {
  talk = await startTalk();
  reach = talk.connection.reach as Required<Reach>;
});
afterEach(() => talk.close());

describe('people', () => {
  test('are listed page by page, without the account itself and those who cannot log in', async () => {
    for (let n = 0; n < 120; n += 1) talk.sandbox.person(`p${n}`);
    talk.sandbox.person('gone').user.active = false;
    const first = await reach.contacts();
    const second = await reach.contacts(first.next);
    expect([first.items.length + second.items.length >= 120, second.next]).toEqual([true, undefined]);
    const ids = [...first.items, ...second.items].map(({ person }) => person?.username);
    expect(ids).toContain('p119');
    expect(ids).not.toContain('gone');
    expect(ids).not.toContain(talk.sandbox.account.username);
  });

  test('are found by the server’s own search, and open rooms too', async () => {
    const ada = talk.sandbox.person('ada', 'Ada Lovelace');
    expect((await reach.search('lovelace')).map(({ person }) => person?.id)).toEqual([ada.id]);
    expect((await reach.search('#general')).map(({ conversation }) => conversation.kind)).toEqual(['channel']);
  });

  test('are resolved by name or id; nobody is null', async () => {
    const ada = talk.sandbox.person('ada', 'Ada');
    for (const input of ['@ada', 'ada', ada.id]) expect((await reach.resolve(input))?.person).toMatchObject({ id: ada.id, username: 'ada', aliases: ['@ada'] });
    expect((await reach.resolve('@ada'))?.conversation).toMatchObject({ id: ada.id, kind: 'direct', aliases: ['@ada'] });
    for (const input of ['@nobody', 'nobody', 'aaaaaaaaaaaaaaaaa']) expect([input, await reach.resolve(input)]).toEqual([input, null]);
    await expect(reach.resolve('two words')).rejects.toThrow(/user name/);
    expect((await reach.resolve(talk.sandbox.general._id))?.conversation.kind).toBe('channel');
  });
});

describe('rooms', () => {
  test('are listed where the account is in', async () => {
    const ada = talk.sandbox.person('ada');
    const mine = ada.createRoom('mine', [talk.sandbox.account]);
    ada.createRoom('others', []);
    const titles = (await reach.conversations()).items.map(({ conversation }) => conversation.title);
    expect(titles).toContain(mine.name);
    expect(titles).not.toContain('others');
  });

  test('are made with those who are named, and by a name that the server takes', async () => {
    const ada = talk.sandbox.person('ada');
    const { conversation } = await reach.create({ title: 'Bücher & Kuchen', people: [{ ids: [ada.id] }] });
    expect(conversation).toMatchObject({ kind: 'group', title: 'Bucher-Kuchen' });
    expect(talk.sandbox.rooms.get(conversation?.id ?? '')?.members).toEqual([talk.sandbox.account._id, ada.id]);
    await expect(reach.create({ title: 'Bücher & Kuchen', people: [] })).rejects.toThrow(Rejected);
    await expect(reach.create({ title: '!', people: [] })).rejects.toThrow(/letter or a digit/);
    await expect(reach.create({ title: 'x', people: [{ ids: ['aaaaaaaaaaaaaaaaa'] }] })).rejects.toThrow(Rejected);
  });

  test('without a title are a direct chat of several', async () => {
    const people = ['ada', 'ben'].map((name) => ({ ids: [talk.sandbox.person(name).id] }));
    const { conversation } = await reach.create({ title: null, people });
    expect(conversation).toMatchObject({ kind: 'group' });
    expect((await reach.create({ title: null, people })).conversation?.id).toBe(conversation?.id);
    await expect(reach.create({ title: null, people: people.slice(1) })).rejects.toThrow(/two people/);
  });

  test('change: people come and go, the title changes, the account leaves', async () => {
    const [ada, ben] = [talk.sandbox.person('ada'), talk.sandbox.person('ben')];
    const { conversation } = await reach.create({ title: 'garden', people: [{ ids: [ada.id] }] });
    const room = talk.sandbox.rooms.get(conversation?.id ?? '');
    const garden = groupTarget(conversation?.id ?? '');
    expect(await reach.invite(garden, [{ ids: ['@ben'] }, { ids: ['@nobody'] }])).toEqual({ refused: [{ id: '@nobody', reason: expect.any(String) }] });
    expect(room?.members).toContain(ben.id);
    await reach.kick(garden, { ids: [ben.id] });
    expect(room?.members).not.toContain(ben.id);
    await reach.setTitle(garden, 'Roof garden');
    expect(room?.fname).toBe('Roof-garden');
    await reach.leave(garden);
    expect(room?.members).toEqual([ada.id]);
    await expect(reach.invite({ ...garden, kind: 'direct' }, [])).rejects.toThrow(/one of two/);
  });

  test('may be forbidden', async () => {
    talk.sandbox.permissions['create-p'] = ['admin'];
    await expect(reach.create({ title: 'garden', people: [] })).rejects.toThrow(Rejected);
    talk.sandbox.permissions['view-d-room'] = ['admin'];
    await expect(reach.contacts()).rejects.toThrow(Rejected);
  });
});

test('a limit says when to come again; an answer that is lost leaves it open whether a room was made', async () => {
  talk.sandbox.faults.failures.push({ path: 'users.list', status: 429, times: 1 }, { path: 'groups.create', status: 0, done: true, times: 1 });
  await expect(reach.contacts()).rejects.toThrow(Retry);
  await expect(reach.create({ title: 'maybe', people: [] })).rejects.toThrow(Uncertain);
  expect([...talk.sandbox.rooms.values()].filter(({ name }) => name === 'maybe')).toHaveLength(1);
});
