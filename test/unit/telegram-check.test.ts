import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Check, ConnectOptions } from '../../src/networks/network.ts';
import { telegram } from '../../src/networks/telegram/index.ts';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import { options, TOKEN } from '../kit/telegram/account.ts';

let open: TelegramSandbox;
let shy: TelegramSandbox;

beforeAll(async () => {
  [open, shy] = await Promise.all([startTelegramSandbox({ token: TOKEN }), startTelegramSandbox({ token: TOKEN, privacy: true })]);
});
afterAll(async () => {
  await Promise.all([open.close(), shy.close()]);
});

async function lines(given: ConnectOptions): Promise<readonly Check[]> {
  const found: Check[] = [];
  for await (const check of telegram.check(given)) found.push(check);
  expect(JSON.stringify(found)).not.toContain(TOKEN);
  return found;
}

const SECRET = 'a-secret-of-the-test_0123456789';
const webhook = { receive: 'webhook', webhook_secret: SECRET };

test('a bot that is set up well', async () => {
  expect(await lines(options(open.url))).toEqual([
    { what: 'token', ok: true, detail: 'getMe answered: Sandbox bot (@sandbox_bot).' },
    { what: 'groups', ok: true, detail: expect.stringContaining('reads everything') },
    { what: 'receiving', ok: true, detail: expect.stringContaining('names no address, as it should be') },
  ]);
});

test('privacy mode, where the bot is for groups', async () => {
  const [, groups] = await lines(options(shy.url));
  expect(groups).toMatchObject({ ok: false, fix: expect.stringContaining('/setprivacy') });
  const [, alone] = await lines(options(shy.url, { account: { groups: false } }));
  expect(alone).toMatchObject({ ok: true });
});

test('a token that is refused, a server that is not there', async () => {
  open.faults.revoked = true;
  expect(await lines(options(open.url))).toEqual([{ what: 'token', ok: false, detail: expect.stringContaining('refused'), fix: expect.stringContaining('networks.telegram.main.accounts.bot.token') }]);
  open.faults.revoked = false;
  expect(await lines(options('http://127.0.0.1:9'))).toEqual([{ what: 'token', ok: false, detail: expect.stringContaining('cannot be reached'), fix: expect.stringContaining('networks.telegram.main.api_url') }]);
});

test('webhooks: whose they are, and whether they arrive', async () => {
  const given = (publicUrl?: string): ConnectOptions => options(open.url, { app: webhook, ...(publicUrl !== undefined && { publicUrl }) });
  expect((await lines(given())).at(-1)).toMatchObject({ ok: false, fix: expect.stringContaining('public_url') });
  expect((await lines(given('https://bridge.example'))).at(-1)).toMatchObject({ ok: true, detail: expect.stringContaining('sets https://bridge.example/webhooks/telegram/main when it starts') });
  const set = async (url: string): Promise<void> => void (await fetch(`${open.url}/bot${TOKEN}/setWebhook?url=${encodeURIComponent(url)}`));
  await set('https://other.example/secret-path');
  const [, , other] = await lines(options(open.url));
  expect(other).toMatchObject({ ok: true, detail: expect.stringContaining('another program at other.example') });
  expect(JSON.stringify(other)).not.toContain('secret-path');
  await set('http://127.0.0.1:9/webhooks/telegram/main');
  open.person(3).sendText('lost');
  const failing = async (): Promise<Check | undefined> => (await lines(given('http://127.0.0.1:9'))).at(-1);
  let last = await failing();
  for (let tries = 0; tries < 50 && last?.detail.includes('names this bridge') === true && open.posts.length === 0; tries += 1) last = await failing();
  expect(last?.detail).toMatch(/names this bridge|could not deliver/);
  expect(await lines({ ...options(open.url), settings: { owners: [] } })).toEqual([{ what: 'settings', ok: false, detail: expect.any(String), fix: expect.any(String) }]);
});
