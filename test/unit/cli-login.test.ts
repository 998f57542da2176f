import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { networks } from '../../src/networks/registry.ts';
import { type RocketChatSandbox, startRocketChatSandbox } from '../../src/sandbox/rocketchat/index.ts';
import { type SlackSandbox, startSlackSandbox } from '../../src/sandbox/slack/index.ts';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import { startWhatsAppSandbox, type WhatsAppSandbox } from '../../src/sandbox/whatsapp/index.ts';
import { cliParts } from '../kit/cli.ts';

const TELEGRAM = '7123456789:AAabcdefghijklmnopqrstuvwxyz012345678';
const SLACK = { botToken: 'xoxb-login-test-0001', appToken: 'xapp-login-test-0001' };
const ROCKET = 'a-personal-access-token-of-43-characters-xx';
const META = { appSecret: 'app-secret-1234', verifyToken: 'verify-token-1234', accessToken: 'EAAaccesstokenofthesystemuser', phoneNumberId: '106540352242922', wabaId: '102290129340398', displayPhoneNumber: '+31 970 1020 3040' };

let telegram: TelegramSandbox;
let slack: SlackSandbox;
let rocket: RocketChatSandbox;
let meta: WhatsAppSandbox;
beforeAll(async () => {
  [telegram, slack, rocket, meta] = await Promise.all([
    startTelegramSandbox({ token: TELEGRAM }), startSlackSandbox(SLACK), startRocketChatSandbox({ token: ROCKET }), startWhatsAppSandbox({ ...META, webhookUrl: 'http://127.0.0.1:9/nowhere' }),
  ]);
});
afterAll(() => Promise.all([telegram, slack, rocket, meta].map((one) => one.close())));

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-login-'));
  file = join(folder, 'config.yaml');
  write({
    telegram: { main: { api_url: telegram.url, accounts: { main: { token: '${NOT_THERE_YET}', owners: ['@you:example.org'] } } } },
    slack: { main: { api_url: slack.apiUrl, app_token: SLACK.appToken, accounts: {} } },
    rocketchat: { main: { url: rocket.url, accounts: {} } },
    whatsapp: { main: { app_secret: META.appSecret, verify_token: META.verifyToken, graph_url: meta.url, accounts: {} } },
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(nets: object): void {
  writeFileSync(file, JSON.stringify({
    homeserver: { url: 'http://127.0.0.1:8008', domain: 'example.org' }, seal_key: Buffer.alloc(32, 7).toString('base64'), permissions: { '@root:example.org': 'admin' }, networks: nets,
  }));
}

async function login(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ReturnType<typeof cliParts> & { code: number }> {
  const cli = cliParts({ env });
  const code = await run(['login', '-c', file, '--yes', ...args], cli);
  return { ...cli, code };
}

/** The accounts of a network as the config has them now; the others' need not be complete. */
function accounts(network: string): Readonly<Record<string, unknown>> {
  const only = JSON.parse(JSON.stringify(loadConfig(file, networks, { NOT_THERE_YET: TELEGRAM, HOUSE_TOKEN: TELEGRAM }).config.networks[network]?.['main']?.accounts)) as Record<string, unknown>;
  return only;
}

describe('an account is added once the network knows it', () => {
  test('Telegram: into the entry that waits, whose owners stay', async () => {
    const { code, printed, complained } = await login(['telegram', '--set', `token=${TELEGRAM}`]);
    expect(complained()).toContain(`Telegram knows it as the bot`);
    expect(code).toBe(0);
    expect(printed()).toContain('networks.telegram.main.accounts.main: changed');
    expect(accounts('telegram')).toEqual({ main: expect.objectContaining({ token: TELEGRAM, owners: ['@you:example.org'] }) });
  });

  test('a secret that is named is written as its name', async () => {
    expect((await login(['telegram', '--name', 'house', '--owner', '@ann:example.org', '--set', 'token=${HOUSE_TOKEN}'], { HOUSE_TOKEN: TELEGRAM })).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('${HOUSE_TOKEN}');
    expect(readFileSync(file, 'utf8')).not.toContain(TELEGRAM);
  });

  test('Slack: who and where is asked of Slack, for a bot and for a person', async () => {
    expect(await login(['slack', '--set', `token=${SLACK.botToken}`])).toMatchObject({ code: 0 });
    expect(Object.values(accounts('slack'))).toEqual([expect.objectContaining({ kind: 'bot', team_id: slack.teamId, user_id: slack.botUserId, token: SLACK.botToken })]);
    const wrong = await login(['slack', '--flow', 'user', '--set', `token=${SLACK.botToken}`]);
    expect([wrong.code, wrong.complained()]).toEqual([1, expect.stringContaining('DB-4004: Slack did not take it: This is the token of a bot')]);
  });

  test('Rocket.Chat: the token has to be of the user named', async () => {
    const wrong = await login(['rocketchat', '--set', 'user_id=somebodyElse', '--set', `token=${ROCKET}`]);
    expect([wrong.code, wrong.complained()]).toEqual([1, expect.stringContaining('DB-4004: Rocket.Chat did not take it')]);
    expect(await login(['rocketchat', '--set', 'user_id=bridgeBridge23456', '--set', `token=${ROCKET}`])).toMatchObject({ code: 0 });
    expect(accounts('rocketchat')).toEqual({ bridge: expect.objectContaining({ kind: 'bot', user_id: 'bridgeBridge23456', token: ROCKET }) });
  });

  test('WhatsApp: the number is found by its business account', async () => {
    const { code, complained } = await login(['whatsapp', '--set', `waba_id=${META.wabaId}`, '--set', `access_token=${META.accessToken}`]);
    expect([code, complained()]).toEqual([0, expect.stringContaining('+31 970 1020 3040')]);
    expect(accounts('whatsapp')).toEqual({ '3197010203040': expect.objectContaining({ phone_number_id: META.phoneNumberId, waba_id: META.wabaId, owners: ['@root:example.org'] }) });
  });
});

describe('nothing is written where', () => {
  const unchanged = async (args: readonly string[], says: RegExp, env = {}): Promise<void> => {
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const { code, complained } = await login(args, env);
    expect([code, complained()]).toEqual([1, expect.stringMatching(says)]);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(before);
  };

  test('the network does not know it', () => unchanged(['telegram', '--set', `token=${TELEGRAM.replace('AA', 'BB')}`], /DB-4004: Telegram did not take it/));
  test('an answer has not the form', () => unchanged(['telegram', '--set', 'token=hello'], /DB-1006: token: must be the token as BotFather shows it/));
  test('an answer is missing', () => unchanged(['telegram'], /DB-1006: token: nothing was given/));
  test('what it refers to is not there', () => unchanged(['telegram', '--set', 'token=${NO_SUCH}'], /the environment variable NO_SUCH is not set/));
  test('a name does not fit', () => unchanged(['telegram', '--name', 'a b', '--set', `token=${TELEGRAM}`], /DB-1006: --name: must be letters/));
  test('an owner is nobody', () => unchanged(['whatsapp', '--owner', 'ann', '--set', `waba_id=${META.wabaId}`, '--set', `access_token=${META.accessToken}`], /DB-1006: --owner: .*must be a Matrix user id/));
  test('there is no such network', () => unchanged(['icq'], /DB-4002/));
  test('there is no such way', () => unchanged(['slack', '--flow', 'magic'], /DB-1006: --flow magic: Slack has bot and user/));
  test('the config lacks the app', async () => {
    write({});
    await unchanged(['telegram'], /DB-4003: The config has no networks\.telegram\.main/);
  });
  test('there is no config', async () => {
    rmSync(file);
    await unchanged(['telegram'], /DB-1002|DB-4003/);
  });
});

test('no secret is printed', async () => {
  const refused = await login(['telegram', '--set', `token=${TELEGRAM.replace('AA', 'BB')}`]);
  expect(refused.complained() + refused.printed()).not.toContain('BBabcdef');
});
