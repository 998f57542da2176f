import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import { CapturedLog } from '../kit/captured-log.ts';
import type { FakeUser } from '../kit/fake-homeserver/server.ts';
import { type FakeSide, onFake } from '../kit/matrix/fake.ts';
import { type Between, daemonBetween } from '../kit/stack/between.ts';
import { eventually } from '../kit/stack/stack.ts';

/** What somebody types into a login: in no log, in no room, in clear in no database, and nobody else's to use. */
const SECRET = 'cnry-token_of-the-telegram-bot';
const TOKEN = `700100200:${SECRET}`;
const WRONG = '700100200:cnry-token_that-nobody-gave-out';

jest.setTimeout(90_000);

let between: Between<FakeSide>;
let telegram: TelegramSandbox;
let admin: FakeUser;
let log: CapturedLog;

beforeAll(async () => {
  log = new CapturedLog();
  between = await daemonBetween(onFake, async (_, started) => {
    telegram = started.adopt(await startTelegramSandbox({ token: TOKEN }), (one) => one.close());
    return { telegram: { main: { api_url: telegram.url, accounts: {} } } };
  });
  admin = between.matrix.homeserver.user('alice');
  await between.start();
}, 60_000);

afterAll(async () => {
  await between[Symbol.asyncDispose]();
  log.end();
});

async function alone(user: FakeUser): Promise<string> {
  const { homeserver } = between.matrix;
  const room = user.createRoom({ is_direct: true, invite: [homeserver.bot], power_level_content_override: { users: { [user.id]: 100, [homeserver.bot]: 100 } } });
  await eventually('the greeting', () => homeserver.eventsOf(room, 'm.room.message').find(({ sender }) => sender === homeserver.bot));
  return room;
}

async function ask(user: FakeUser, room: string, line: string | Record<string, unknown>): Promise<string> {
  const { homeserver } = between.matrix;
  const event = user.send(room, line);
  const answer = await eventually(`an answer to ${JSON.stringify(line)}`, () => homeserver.eventsOf(room, 'm.room.message').find(({ sender, content }) =>
    sender === homeserver.bot && (content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined)?.['m.in_reply_to']?.event_id === event));
  return String(answer.content['body']);
}

/** Files below the folder of the config that hold some of this, but the config itself. */
function holding(...words: readonly string[]): readonly string[] {
  const forms = words.flatMap((word) => [word, Buffer.from(word).toString('hex'), Buffer.from(word).toString('base64').slice(0, -4)]);
  return (readdirSync(between.dir, { recursive: true }) as string[]).filter((name) => !name.endsWith('.yaml') && statSync(join(between.dir, name)).isFile())
    .filter((name) => forms.some((form) => readFileSync(join(between.dir, name)).includes(form)));
}

test('a secret leaves no trace: in the room, in the log, in the database', async () => {
  const { homeserver } = between.matrix;
  const room = await alone(admin);
  await ask(admin, room, 'login telegram');
  expect(await ask(admin, room, WRONG)).toMatch(/removed[^]*did not take it/);
  telegram.faults.http500 = 1;
  expect(await ask(admin, room, TOKEN)).toMatch(/removed[^]*did not take it/);
  telegram.faults.http500 = 0;
  const last = await ask(admin, room, `login telegram bot ${TOKEN}`);
  expect(last).toMatch(/Logged in/);
  expect(await ask(admin, room, 'accounts')).toContain('telegram/main/');
  // It works, so it is kept, and sealed.
  telegram.person(7, { firstName: 'Ada' }).sendText('hello');
  await eventually('the portal', () => [...homeserver.rooms.values()].find(({ timeline }) => timeline.some(({ content }) => content['name'] === 'Ada')));
  expect(JSON.stringify(homeserver.eventsOf(room))).not.toContain('cnry');
  expect(log.text).toContain('Drawbridge runs.');
  expect(log.text).not.toContain('cnry');
  await between.stop();
  expect(holding(SECRET, 'cnry-token_that')).toEqual([]);
  await between.start();
  expect(log.text).not.toContain('cnry');
  const id = /telegram\/main\/\S+/.exec(await ask(admin, room, 'accounts'))?.[0] ?? '';
  expect(await ask(admin, room, `logout ${id}`)).toMatch(/is logged out/);
  expect(await ask(admin, room, 'accounts')).not.toContain(id);
});

test('what is passed on, edited, said by a notice or by the bot itself answers no question', async () => {
  const room = await alone(admin);
  const { homeserver } = between.matrix;
  await ask(admin, room, 'login telegram');
  const said = (): number => homeserver.eventsOf(room, 'm.room.message').filter(({ sender }) => sender === homeserver.bot).length;
  const before = said();
  admin.send(room, { msgtype: 'm.notice', body: 'cancel' });
  admin.send(room, { msgtype: 'm.text', body: 'cancel', 'io.drawbridge.origin': { key: 'x' } });
  admin.send(room, { msgtype: 'm.text', body: 'cancel', 'org.example.forwarded': { from: '@carol:fake.test' } });
  admin.send(room, { msgtype: 'm.text', body: '* cancel', 'm.new_content': { msgtype: 'm.text', body: 'cancel' }, 'm.relates_to': { rel_type: 'm.replace', event_id: '$x' } });
  await homeserver.idle();
  expect(said()).toBe(before);
  expect(await ask(admin, room, 'cancel')).toMatch(/ended/);
});

test('the dialog of one is not open to another, nor to the same person in another room', async () => {
  const [room, other] = [await alone(admin), await alone(admin)];
  const carol = between.matrix.homeserver.user('carol');
  const hers = await alone(carol);
  await ask(admin, room, 'login telegram');
  expect(await ask(admin, other, 'cancel')).toMatch(/nothing to end/);
  expect(await ask(carol, hers, 'cancel')).toMatch(/nothing to end/);
  expect(await ask(carol, hers, 'login telegram bot x')).toMatch(/No network here has a login for you/);
  expect(await ask(admin, room, 'cancel')).toMatch(/ended/);
});

test('commands for administrators do nothing for others, and who is blocked is not answered', async () => {
  const { homeserver } = between.matrix;
  const carol = homeserver.user('carol');
  const [hers, room] = [await alone(carol), await alone(admin)];
  for (const line of ['block @alice:fake.test', 'unblock fake.test', 'announce all "we are closed"', 'audit', 'portals', 'networks', 'limits']) {
    expect(await ask(carol, hers, line)).toMatch(/I do not know/);
  }
  expect(await ask(admin, room, 'block')).toMatch(/Nobody is blocked/);
  expect(await ask(admin, room, 'block @carol:fake.test')).toMatch(/is blocked/);
  const count = homeserver.eventsOf(hers).length;
  carol.send(hers, 'status');
  expect(await ask(admin, room, 'status')).toContain('homeserver');
  await homeserver.idle();
  expect(homeserver.eventsOf(hers)).toHaveLength(count + 1);
  expect(await ask(carol, hers, '!db status')).toMatch(/takes no commands from you/);
  expect(await ask(admin, room, 'unblock @carol:fake.test')).toMatch(/no longer blocked/);
  expect(await ask(carol, hers, 'status')).toContain('homeserver');
});
