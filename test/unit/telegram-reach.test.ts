import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Rejected } from '../../src/model/errors.ts';
import type { Reach } from '../../src/networks/network.ts';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import { TelegramConnection } from '../../src/networks/telegram/connection.ts';
import { direct, group, options, TOKEN } from '../kit/telegram/account.ts';

let sandbox: TelegramSandbox;
let connection: TelegramConnection;
let reach: Reach;
beforeEach(async () => {
  sandbox = await startTelegramSandbox({ token: TOKEN });
  connection = new TelegramConnection(options(sandbox.url));
  reach = connection.reach;
});
afterEach(async () => {
  await connection.close();
  await sandbox.close();
});

test('lists, finds and makes nothing: the Bot API has no such calls', () => {
  expect([reach.contacts, reach.conversations, reach.search, reach.create]).toEqual([undefined, undefined, undefined, undefined]);
});

test('resolves who has written to the bot, and chats that know it', async () => {
  const carl = sandbox.person(1001, { firstName: 'Carl', lastName: 'Crow' });
  expect(await reach.resolve?.('1009')).toBeNull();
  carl.sendText('/start');
  expect(await reach.resolve?.('tg://user?id=1001')).toMatchObject({ person: { id: '1001', name: 'Carl Crow' }, conversation: { id: '1001', kind: 'direct' } });
  const club = sandbox.group('Club', { type: 'supergroup' });
  expect(await reach.resolve?.(String(club.id))).toEqual({ conversation: expect.objectContaining({ id: String(club.id), kind: 'group', title: 'Club' }) });
  expect(await reach.resolve?.('@nowhere_at_all')).toBeNull();
  for (const input of ['Carl', '+31612345678', '@x', '']) await expect(reach.resolve?.(input)).rejects.toThrow(/ask them to write to the bot first/);
});

describe('as an administrator', () => {
  test('gives a link, sends somebody out who may come again, and changes the title', async () => {
    const carl = sandbox.person(1001, { firstName: 'Carl' });
    const club = sandbox.group('Club', { type: 'supergroup' });
    club.addBot(carl);
    const dora = sandbox.person(1002, { firstName: 'Dora' });
    club.join(dora);
    const where = group(club.id);
    const { link, refused } = await reach.invite!(where, [{ ids: ['1003'] }]);
    expect([link?.startsWith('https://t.me/+'), refused]).toEqual([true, []]);
    await reach.kick?.(where, { ids: ['1002'] });
    expect(club.chat.members.get(1002)).toBe('left');
    await reach.setTitle?.(where, 'Chess club');
    expect(club.chat.title).toBe('Chess club');
    await expect(reach.kick?.(where, { ids: ['9999'] })).rejects.toThrow('Telegram does not know this person.');
    await expect(reach.kick?.(where, { ids: ['no number'] })).rejects.toThrow(Rejected);
    await reach.leave?.(where);
    await expect(reach.setTitle?.(where, 'x')).rejects.toThrow(/no member/);
  });
});

test('without the right it says so, and a private chat stays one of two', async () => {
  const carl = sandbox.person(1001, { firstName: 'Carl' });
  const club = sandbox.group('Club', { type: 'supergroup' });
  club.addBot(carl, 'member');
  await expect(reach.invite!(group(club.id), [])).rejects.toThrow(/lacks the right/);
  await expect(reach.setTitle?.(group(club.id), 'x')).rejects.toThrow(/lacks the right/);
  carl.sendText('/start');
  await expect(reach.invite!(direct(1001), [])).rejects.toThrow(/one of two/);
});
