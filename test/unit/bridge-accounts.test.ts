import { expect, test } from '@jest/globals';
import { Accounts } from '../../src/bridge/accounts.ts';
import { webhookRoutes } from '../../src/bridge/inbound/webhooks.ts';
import { Outages } from '../../src/bridge/outages.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { AccountId, NetworkId } from '../../src/model/ids.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { Network } from '../../src/networks/network.ts';
import { rocketchat } from '../../src/networks/rocketchat/index.ts';
import { slack } from '../../src/networks/slack/index.ts';
import { telegram } from '../../src/networks/telegram/index.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import type { Store } from '../../src/store/store.ts';
import { sign } from '../kit/hostile/siege.ts';
import { configOf as slackConfig, MemorySink, startSandbox } from '../kit/slack/account.ts';
import { eventually } from '../kit/stack/stack.ts';

const TOKEN = '7123456789:AAabcdefghijklmnopqrstuvwxyz012345678';
const SECRET = 'a-secret-for-the-webhook';

function accountsOf(network: Network, settings: object): Accounts {
  return new Accounts({
    networks: [network], settings: { [network.id]: { main: network.settings.parse(settings) } }, clock: systemClock, log: silentLogger,
    outages: new Outages(systemClock, silentLogger, { up: () => {}, long: () => {} }), answered: () => {},
  });
}

/** A webhook of an app, as a network posts it; what it was taken in for, or why it was kept. */
function webhook(accounts: Accounts): (body: object, headers: Readonly<Record<string, string>>) => Promise<readonly string[]> {
  const seen: string[] = [];
  const routes = webhookRoutes({
    store: { acceptBroken: ({ reason }: { readonly reason: string }) => Promise.resolve(void seen.push(`kept: ${reason}`)) } as unknown as Store, clock: systemClock, log: silentLogger,
    apps: accounts.apps(), accountOf: (network, app, remoteId) => accounts.byRemote(network, app, remoteId), step() {}, kept() {}, isGone: (_, __, id) => id === '106540352242924',
    accept: (_, account, items) => Promise.resolve(void seen.push(`${account}: ${items.map(({ event }) => (event.type === 'message' ? `message${event.sender.isSelf === true ? ' of our own' : ''}` : event.type)).join()}`)),
  });
  return async (body, headers) => {
    seen.length = 0;
    const raw = Buffer.from(JSON.stringify(body));
    const signature = { 'x-hub-signature-256': sign(SECRET, raw) };
    const answer = await routes.find(({ method }) => method === 'POST')?.handle({ method: 'POST', path: '', params: {}, query: {}, headers: { ...signature, ...headers }, address: '127.0.0.1', raw });
    expect(answer?.status).toBe(200);
    return [...seen];
  };
}

test('a bot that was logged in gets the webhooks of its app, and its messages are known as its own, until it is logged out', async () => {
  const accounts = accountsOf(telegram, { receive: 'webhook', webhook_secret: SECRET, accounts: {} });
  const post = webhook(accounts);
  const headers = { 'x-telegram-bot-api-secret-token': SECRET };
  const update = (from: number): object => ({
    update_id: from, message: { message_id: from, date: 1_790_000_000, chat: { id: 5, type: 'private', first_name: 'Ada' }, from: { id: from, is_bot: from !== 5, first_name: 'Ada' }, text: 'hello' },
  });
  expect(await post(update(5), headers)).toEqual([expect.stringContaining('kept')]);
  const id = await accounts.add({ network: 'telegram' as NetworkId, app: 'main', name: 'shop', settings: { token: TOKEN, owners: ['@a:test'] } });
  expect(await post(update(5), headers)).toEqual(['telegram/main/shop: message']);
  expect(await post(update(7_123_456_789), headers)).toEqual(['telegram/main/shop: message of our own']);
  expect(accounts.problem({ network: 'telegram' as NetworkId, app: 'main', name: 'other', settings: { token: TOKEN.replace('7', '8') } })).toMatch(/can hold one bot with receive: webhook/);
  await accounts.remove(id);
  expect(accounts.get(id)).toBeNull();
  expect(await post(update(5), headers)).toEqual([expect.stringContaining('kept')]);
});

test('of several numbers of one app each gets what is for it', async () => {
  const number = (id: string): object => ({ phone_number_id: id, waba_id: '102290129340398', access_token: 'EAAaccesstokenofthesystemuser' });
  const accounts = accountsOf(whatsapp, { app_secret: SECRET, verify_token: 'verify-token', accounts: { first: number('106540352242921') } });
  const post = webhook(accounts);
  await accounts.add({ network: 'whatsapp' as NetworkId, app: 'main', name: 'second', settings: number('106540352242922') as Readonly<Record<string, unknown>> });
  const message = (id: string): object => ({
    object: 'whatsapp_business_account', entry: [{ id: '102290129340398', changes: [{ field: 'messages', value: {
      messaging_product: 'whatsapp', metadata: { display_phone_number: '1', phone_number_id: id }, contacts: [{ wa_id: '31600000000', profile: { name: 'Bo' } }],
      messages: [{ id: `wamid.${id}`, from: '31600000000', timestamp: '1790000000', type: 'text', text: { body: 'hi' } }],
    } }] }],
  });
  expect(await post(message('106540352242922'), {})).toEqual(['whatsapp/main/second: message']);
  expect(await post(message('106540352242921'), {})).toEqual(['whatsapp/main/first: message']);
  // Logged out: Meta goes on posting, and nothing of it is kept.
  expect(await post(message('106540352242924'), {})).toEqual([]);
  expect(await post(message('106540352242923'), {})).toEqual([expect.stringContaining('no account of the bridge')]);
});

test('an account of the config is not replaced, one of no app is not added, and its network finds people by it', async () => {
  const accounts = accountsOf(rocketchat, { url: 'https://chat.example.org', accounts: { fixed: { user_id: 'fixedfixedfixed12', token: 'x'.repeat(43) } } });
  const given = { network: 'rocketchat' as NetworkId, app: 'main', name: 'fixed', settings: { user_id: 'otherotherother12', token: 'y'.repeat(43) } };
  await expect(accounts.add(given)).rejects.toThrow(/is in the config/);
  await expect(accounts.add({ ...given, app: 'elsewhere' })).rejects.toThrow(/networks.rocketchat.elsewhere is not in the config/);
  await expect(accounts.add({ ...given, name: 'odd', settings: { user_id: '', token: '' } })).rejects.toThrow(/user_id/);
  expect(accounts.list().map(({ id }) => id)).toEqual(['rocketchat/main/fixed']);
  const id: AccountId = await accounts.add({ ...given, name: 'mine' });
  const mine = accounts.list().find((one) => one.id === id);
  expect(mine?.inConfig).toBe(false);
  expect(mine?.network.resolve('@ada', mine.settings).person.scope).toBe('chat.example.org');
});

test('an account that comes to an app of Slack while the bridge runs shares its socket: a second one would take events away', async () => {
  const sandbox = await startSandbox();
  const bob = sandbox.person('bob', { realName: 'Bob' });
  const cleo = sandbox.person('cleo', { realName: 'Cleo' });
  bob.login('xoxp-token-of-bob');
  const accounts = accountsOf(slack, (slackConfig(sandbox, {}) as { readonly main: object }).main);
  const sinks = new Map<AccountId, MemorySink>();
  try {
    await accounts.start((id) => {
      const sink = new MemorySink();
      sinks.set(id, sink);
      return sink;
    });
    const id = await accounts.add({
      network: 'slack' as NetworkId, app: 'main', name: 'bob', settings: { team_id: sandbox.teamId, user_id: bob.id, kind: 'user', token: 'xoxp-token-of-bob', rate_scale: 1000 },
    });
    expect(sandbox.sockets).toBe(1);
    const channel = sandbox.channel('garden', { members: [bob.id, cleo.id], withoutBot: true });
    for (let n = 0; n < 4; n++) cleo.sendText(channel, `hello ${n}`);
    const heard = (): readonly string[] => sinks.get(id)?.items.flatMap(({ event }) => (event.type === 'message' ? [event.type] : [])) ?? [];
    await eventually('all four', () => heard().length === 4);
    await accounts.remove(id);
    cleo.sendText(channel, 'after the logout');
    expect(sandbox.sockets).toBe(1);
    expect(heard()).toHaveLength(4);
  } finally {
    await accounts.stop();
    await sandbox.close();
  }
});
