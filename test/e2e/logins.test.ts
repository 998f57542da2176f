import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { type RocketChatSandbox, startRocketChatSandbox } from '../../src/sandbox/rocketchat/index.ts';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import { relationOf } from '../kit/client-events.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, patience } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// Accounts that people add and end from a Matrix client, while the daemon runs: no file is edited.

jest.setTimeout(120_000);

const TELEGRAM = '700100200:sandbox-token-of-the-telegram_bot_1';
const PAT = 'personal-access-token-of-bea-0123456789_x_y';

let synapse: SharedSynapse;
let admin: MatrixUser;
let bea: MatrixUser;
let bridge: Bridged;
let telegram: TelegramSandbox;
let rocketchat: RocketChatSandbox;

beforeAll(async () => {
  synapse = await sharedSynapse();
  [admin, bea] = await Promise.all([synapse.user('admin'), synapse.user('bea')]);
  telegram = await startTelegramSandbox({ token: TELEGRAM });
  rocketchat = await startRocketChatSandbox({ token: 'token-of-the-rocketchat-bot' });
  bridge = await bridged(synapse, await synapse.claimBridge(), {
    owners: [admin], permissions: { [admin.id]: 'admin' },
    networks: { telegram: { main: { api_url: telegram.url, accounts: {} } }, rocketchat: { main: { url: rocketchat.url, accounts: {} } } },
  });
  await bridge.start();
}, 300_000);

afterAll(async () => {
  await bridge.close();
  await Promise.all([telegram.close(), rocketchat.close(), synapse.close()]);
});

/** A room with the bot alone. Of a direct chat, as clients make them, the bot is given the power. */
async function botRoom(user: MatrixUser, preset = 'trusted_private_chat'): Promise<string> {
  const room = await user.createRoom({ is_direct: true, preset, invite: [bridge.bot] });
  await user.waitForEvent(room, ({ sender, content }) => sender === bridge.bot && String(content['body']).includes('help'));
  return room;
}

async function said(user: MatrixUser, room: string, event: string): Promise<string> {
  return bodyOf(await user.waitForEvent(room, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event));
}
const ask = async (user: MatrixUser, room: string, text: string): Promise<string> => said(user, room, await user.text(room, text));

async function isRedacted(user: MatrixUser, room: string, event: string): Promise<void> {
  await eventually('that it is redacted', async () => {
    const found = await user.client.get<ClientEvent>(`/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event)}`);
    return Object.keys(found.content).length === 0;
  }, patience);
}

/** Nothing in the room, as the homeserver has it now, holds any of this. */
async function holdsNone(user: MatrixUser, room: string, ...secrets: readonly string[]): Promise<void> {
  const all = JSON.stringify(await user.history(room));
  for (const secret of secrets) expect(all).not.toContain(secret);
}

describe('an administrator adds a Telegram bot', () => {
  let room: string;
  let portal: string;

  test('is led through it: the choice, what to do there, the token, which is removed at once', async () => {
    room = await botRoom(admin);
    const choice = await ask(admin, room, 'login telegram');
    expect(choice).toMatch(/BotFather[^]*Token\?[^]*removed/);
    const malformed = await admin.text(room, 'my-token-is-this-one-here');
    expect(await said(admin, room, malformed)).toMatch(/removed[^]*must be the token as BotFather/);
    await isRedacted(admin, room, malformed);
    const wrong = await admin.text(room, '700100200:another-token-that-nobody-gave_out');
    expect(await said(admin, room, wrong)).toMatch(/removed[^]*did not take it/);
    await isRedacted(admin, room, wrong);
    // As a client writes it that makes emphasis of underscores.
    const right = await admin.html(room, TELEGRAM, TELEGRAM.replace('_bot_', '<em>bot</em>'));
    expect(await said(admin, room, right)).toMatch(/removed[^]*Logged in: telegram\/main\//);
    await isRedacted(admin, room, right);
    await holdsNone(admin, room, TELEGRAM.split(':')[1] ?? '', 'another-token', 'my-token');
  });

  test('and it works both ways at once', async () => {
    const ada = telegram.person(1001, { firstName: 'Ada' });
    ada.sendText('hello from Telegram');
    portal = await admin.waitForInvite((state) => state.some(({ type, content }) => type === 'm.room.name' && content['name'] === 'Ada'));
    await admin.join(portal);
    await admin.waitForText(portal, 'hello from Telegram');
    await admin.text(portal, 'hello back');
    await ada.waitFor(({ body }) => String(body['text']).endsWith('hello back'), patience);
  });

  test('a second time it is the same account', async () => {
    expect(await ask(admin, room, `login telegram bot ${TELEGRAM}`)).toMatch(/Logged in anew: telegram\/main\//);
    await holdsNone(admin, room, TELEGRAM);
  });

  test('a restart keeps it', async () => {
    await bridge.stop();
    const ada = telegram.person(1001);
    ada.sendText('while you were away');
    await bridge.start();
    await admin.waitForText(portal, 'while you were away');
    expect(await ask(admin, room, 'accounts')).toMatch(/✅ telegram\/main\/\S+ \(logged in by @admin/);
  });

  test('a token that is withdrawn is told with what to do, and the new one sets on its way what waits', async () => {
    telegram.faults.revoked = true;
    await admin.text(portal, 'said meanwhile');
    await admin.waitForEvent(room, ({ sender, content }) => sender === bridge.bot && /telegram\/main\/\S+ does not work.*say here: login telegram/.test(String(content['body'])));
    telegram.faults.revoked = false;
    expect(await ask(admin, room, `login telegram bot ${TELEGRAM}`)).toMatch(/Logged in anew/);
    await telegram.person(1001).waitFor(({ body }) => String(body['text']).endsWith('said meanwhile'), patience);
    await admin.waitForEvent(room, ({ sender, content }) => sender === bridge.bot && /telegram\/main\/\S+ works again/.test(String(content['body'])));
  });

  test('a dialog does not outlive a restart, and no late token stays in the room', async () => {
    await ask(admin, room, 'login telegram');
    await bridge.stop();
    await bridge.start();
    const late = await admin.text(room, TELEGRAM);
    expect(await said(admin, room, late)).toMatch(/removed[^]*The login is over/);
    await isRedacted(admin, room, late);
    expect(await ask(admin, room, 'cancel')).toMatch(/nothing to end/);
  });

  test('nobody else may end it, and nobody else sees it', async () => {
    const own = await botRoom(bea);
    expect(await ask(bea, own, 'accounts')).toMatch(/no account/);
    expect(await ask(bea, own, 'login telegram')).toMatch(/no login for that|no login for you/i);
    const id = /telegram\/main\/\S+/.exec(await ask(admin, room, 'accounts'))?.[0] ?? '';
    expect(await ask(bea, own, `logout ${id}`)).toMatch(/no such account/);
  });

  test('logged out it is silent, and whoever still writes is told', async () => {
    const id = /telegram\/main\/\S+/.exec(await ask(admin, room, 'accounts'))?.[0] ?? '';
    telegram.faults.rateLimit = 1;
    const waits = await admin.text(portal, 'this one waits');
    await eventually('that it waits', async () => (await ask(admin, room, 'limits')).includes(`${id}: waiting 1; sends `), patience);
    expect(await ask(admin, room, `logout ${id}`)).toMatch(/logged out[^]*no longer bridged: 1[^]*Messages that waited for it: 1/);
    telegram.faults.rateLimit = 0;
    expect(await said(admin, portal, waits)).toMatch(/Not delivered.*is not there any more/);
    await admin.waitForEvent(portal, ({ sender, content }) => sender === bridge.bot && /no longer bridged/.test(String(content['body'])));
    expect(await said(admin, portal, await admin.text(portal, 'anybody there?'))).toMatch(/not bridged any more/);
    expect(await ask(admin, room, 'accounts')).not.toContain('telegram');
    expect(await ask(admin, room, 'audit')).toMatch(/admin\S* logout telegram\/main[^]*admin\S* login telegram\/main/);
  });

  test('an account of the config says where it is', async () => {
    expect(await ask(admin, room, 'logout whatsapp/main/support')).toMatch(/in the config/);
  });
});

test('an administrator sees the whole bridge, shuts people out, and tells them things', async () => {
  const [room, own] = [await botRoom(admin), await botRoom(bea)];
  await bridge.meet(admin, '31633330000', { name: 'Yva' });
  expect(await ask(admin, room, 'networks')).toMatch(/✅ WhatsApp whatsapp\/main: accounts 1; rooms \d+\n✅ Telegram telegram\/main: accounts \d/);
  expect(await ask(admin, room, 'portals whatsapp')).toMatch(/^direct "Yva" \(whatsapp\/main\/support\): !\S+$/m);
  expect(await ask(admin, room, `block ${bea.id}`)).toMatch(/is blocked/);
  expect(await said(bea, own, await bea.text(own, '!db status'))).toMatch(/takes no commands from you/);
  expect(await ask(admin, room, `unblock ${bea.id}`)).toMatch(/no longer blocked/);
  expect(await ask(bea, own, 'help')).not.toContain('announce');
  expect(await ask(admin, room, 'announce “We restart at noon.”')).toMatch(/Said to \d+ people/);
  for (const [user, where] of [[admin, room], [bea, own]] as const) await user.waitForEvent(where, ({ sender, content }) => sender === bridge.bot && content['body'] === '📢 We restart at noon.');
  expect(await ask(admin, room, 'audit 3')).toMatch(/announce to everybody[^]*unblock @bea\S+[^]*block @bea/);
});

describe('somebody’s own Rocket.Chat login', () => {
  let room: string;

  test('is asked field by field, in a room where the bot has no power, and says what to delete', async () => {
    const person = rocketchat.person('bea', 'Bea');
    person.user.token = PAT;
    room = await botRoom(bea, 'private_chat');
    expect(await ask(bea, room, 'login')).toMatch(/Personal access tokens[^]*User id\?/);
    expect(await ask(bea, room, person.id)).toMatch(/Token\?[^]*may not remove/);
    const token = await bea.text(room, PAT);
    expect(await said(bea, room, token)).toMatch(/delete yours yourself[^]*Logged in: rocketchat\/main\/bea/);
    await bea.redact(room, token);
    expect(await ask(bea, room, 'accounts')).toMatch(/✅ rocketchat\/main\/bea \(logged in by @bea[^)]*personal\)/);
  });

  test('carries what is written to them and by them', async () => {
    const ada = rocketchat.person('ada', 'Ada');
    const group = ada.createRoom('garden', [rocketchat.person('bea').user]);
    ada.sendText(group, 'welcome to the garden');
    const portal = await bea.waitForInvite((state) => state.some(({ type, content }) => type === 'm.room.name' && content['name'] === 'garden'));
    await bea.join(portal);
    await bea.waitForText(portal, 'welcome to the garden');
    await bea.text(portal, 'thank you, Ada');
    await rocketchat.until(() => rocketchat.in(group).find(({ msg, u }) => msg === 'thank you, Ada' && u.username === 'bea'), 'the answer', patience);
    expect(await ask(bea, room, 'logout bea')).toMatch(/logged out[^]*no longer bridged: \d/);
    ada.sendText(group, 'still there?');
    expect(await ask(bea, room, 'accounts')).toMatch(/no account/);
    expect(bea.events(portal).map(bodyOf)).not.toContain('still there?');
  });

  test('is not for other rooms: a token that is said there is removed, or asked to be', async () => {
    const { room: portal } = await bridge.meet(admin, '31622220000', { name: 'Zoe' });
    const there = await admin.text(portal, `!db login rocketchat user someuserid0000001 ${PAT}`);
    expect(await said(admin, portal, there)).toMatch(/not for this room[^]*removed/);
    await isRedacted(admin, portal, there);
  });
});
