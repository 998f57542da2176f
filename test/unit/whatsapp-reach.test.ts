import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../src/model/clock.ts';
import { Rejected } from '../../src/model/errors.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { Connection, Target } from '../../src/networks/network.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import { startWhatsAppSandbox, type WhatsAppSandbox } from '../../src/sandbox/whatsapp/index.ts';
import { app, configOf } from '../kit/whatsapp/app.ts';

let sandbox: WhatsAppSandbox;
let connection: Connection;
beforeEach(async () => {
  sandbox = await startWhatsAppSandbox({ ...app, webhookUrl: 'http://127.0.0.1:9/nobody', clockScale: 1000 });
  const appSettings = whatsapp.settings.parse((configOf(sandbox.url, { owners: [] }) as { main: object }).main);
  const [account = ''] = Object.keys(appSettings.accounts);
  connection = whatsapp.connect({ app: 'main', appSettings, account, settings: appSettings.accounts[account]!, clock: systemClock, log: silentLogger });
});
afterEach(async () => {
  await connection.close();
  await sandbox.close();
});

const target = (id: string, kind: Target['kind'] = 'group'): Target => ({ id, scope: '', kind, aliases: [] });

test('has neither contacts nor a search: WhatsApp’s API has none', () => {
  const { reach } = connection;
  expect([reach?.contacts, reach?.search, reach?.resolve, reach?.leave]).toEqual([undefined, undefined, undefined, undefined]);
});

test('makes a group, whose id a webhook tells, and lists it; people come in by its link', async () => {
  const { reach } = connection;
  expect(await reach?.create?.({ title: ' Garden ', people: [{ ids: ['31612345678'] }] })).toMatchObject({ conversation: null, refused: [{ id: '31612345678' }] });
  const page = await reach?.conversations?.();
  expect(page?.items).toEqual([{ conversation: expect.objectContaining({ kind: 'group', title: 'Garden', perAccount: false }) }]);
  expect(page?.next).toBeUndefined();
  const garden = target(page?.items[0]?.conversation.id ?? '');
  expect((await reach?.invite?.(garden, []))?.link).toMatch(/^https:\/\/chat\.whatsapp\.com\//);
  await reach?.setTitle?.(garden, 'Roof garden');
  expect((await reach?.conversations?.())?.items[0]?.conversation.title).toBe('Roof garden');
  await expect(reach?.create?.({ title: null, people: [] })).rejects.toThrow(/needs a title/);
  await expect(reach?.invite?.(target('31612345678', 'direct'), [])).rejects.toThrow(/one of two/);
});

test('sends somebody out of a group', async () => {
  const anna = sandbox.person('31612345678', { name: 'Anna' });
  const garden = sandbox.group('Garden', { members: [anna] });
  await connection.reach?.kick?.(target(garden.id), { ids: ['NL.12345', '31612345678'] });
  expect(garden.group.members.size).toBe(0);
  await expect(connection.reach?.kick?.(target(garden.id), { ids: ['31612345678'] })).rejects.toThrow(Rejected);
});
