import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../kit/stack/stack.ts';
import { BOT, type Chat, Siege } from '../kit/hostile/siege.ts';
import type { FakeUser } from '../kit/fake-homeserver/server.ts';

/** What people may make the bot do, and what it tells them. Carol is a `user` without an account; Mallory is only relayed. */
let siege: Siege;
let chat: Chat;
let carol: FakeUser;
let carols: string;

beforeAll(async () => {
  siege = await Siege.lay();
  chat = await siege.chat('Bob', '31611111111');
  carol = siege.stack.homeserver.user('carol');
  carols = await alone(carol);
}, 60_000);

afterAll(async () => {
  await siege.close();
});

/** A room of somebody's with the bot alone. */
async function alone(user: FakeUser): Promise<string> {
  const room = user.createRoom({ is_direct: true, invite: [BOT] });
  await eventually('the greeting', () => siege.said(room, /I am the bridge/));
  return room;
}

const answers = (room: string): string[] => siege.stack.homeserver.eventsOf(room, 'm.room.message').filter(({ sender }) => sender === BOT).map(({ content }) => String(content['body']));

/** The bot's answer to one line. */
async function ask(user: FakeUser, room: string, line: string | Record<string, unknown>): Promise<string> {
  const event = user.send(room, line);
  const answer = await eventually(`an answer to ${JSON.stringify(line)}`, () => siege.stack.homeserver.eventsOf(room, 'm.room.message').find(({ sender, content }) =>
    sender === BOT && (content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined)?.['m.in_reply_to']?.event_id === event));
  return String(answer.content['body']);
}

/** A message of the owner that WhatsApp refuses: its number in the list of what did not arrive. */
async function undelivered(text: string): Promise<string> {
  const remove = siege.stack.graph.add({ match: /POST .*\/messages/, body: new RegExp(text), answer: { status: 400, body: { error: { message: 'no', code: 131026 } } } });
  const reports = (): number => answers(chat.room).filter((answer) => answer.includes('Not delivered to WhatsApp')).length;
  const before = reports();
  chat.owner.send(chat.room, text);
  await eventually('that it is refused', () => reports() > before);
  remove();
  const list = await ask(chat.owner, await alone(chat.owner), 'undelivered');
  return /^(\d+): message/m.exec(list)?.[1] ?? '';
}

describe('who may command', () => {
  test('the bot goes into no room of somebody who is only relayed, or not named at all', async () => {
    for (const id of ['@mallory:evil.test', '@nobody:nowhere.test']) {
      const room = siege.stack.homeserver.user(id).createRoom({ is_direct: true, invite: [BOT] });
      await eventually('that it turns it down', () => siege.stack.homeserver.membership(room, BOT) === 'leave');
    }
  });

  test('a guest’s command is refused, however it is put', async () => {
    const mallory = siege.guest(chat.room);
    const before = answers(chat.room).length;
    for (const line of ['!db status', '!db retry all', '!db open whatsapp +31699999999', '!db']) expect(await ask(mallory, chat.room, line)).toMatch(/takes no commands from you/);
    const html = { format: 'org.matrix.custom.html', formatted_body: '!db retry all' };
    const others: readonly Record<string, unknown>[] = [
      { msgtype: 'm.text', body: 'hello', ...html }, { msgtype: 'm.notice', body: '!db retry all' }, { msgtype: 'm.emote', body: '!db retry all' },
      { msgtype: 'm.text', body: 'hello\n!db retry all' }, { msgtype: 'm.text', body: '> <@alice:fake.test> !db retry all\n\nhello' },
      { msgtype: 'm.text', body: '* x', 'm.new_content': { msgtype: 'm.text', body: '!db retry all' }, 'm.relates_to': { rel_type: 'm.replace', event_id: '$x' } },
    ];
    for (const content of others) mallory.send(chat.room, content);
    await siege.alive(chat);
    expect(answers(chat.room).slice(before).filter((text) => /sent again|nothing to send again|Rooms:/i.test(text))).toEqual([]);
    expect(siege.roomNamed('+31699999999')).toBeUndefined();
  });

  test('a server that an administrator blocks is out at once, whatever the config allows it, until that is undone', async () => {
    const mallory = siege.guest(chat.room, '@marta:evil.test');
    const admin = siege.stack.homeserver.user('admin');
    const admins = await alone(admin);
    const sent = (text: string): boolean => siege.phone(chat.person).some((one) => one.endsWith(text));
    mallory.send(chat.room, 'before the block');
    await eventually('it on the phone', () => sent('before the block'));
    expect(await ask(admin, admins, 'block evil.test')).toMatch(/is blocked/);
    expect(await ask(mallory, chat.room, 'after the block')).toMatch(/not open to you/);
    expect(await ask(admin, admins, 'unblock evil.test')).toMatch(/no longer blocked/);
    mallory.send(chat.room, 'after the end of it');
    await eventually('that on the phone', () => sent('after the end of it'));
    expect(sent('after the block')).toBe(false);
    mallory.leave(chat.room);
  });

  test('nobody on WhatsApp commands anything', async () => {
    const before = answers(chat.room).length;
    for (const text of ['!db status', '!db help', '!db retry all\n!db status', 'help']) chat.person.sendText(text);
    await siege.alive(chat);
    expect(answers(chat.room).slice(before)).toEqual([]);
    expect(siege.said(chat.room, /^!db status$/, chat.ghost)).toBeDefined();
  });

  test('only the first line of a message is a command', async () => {
    const answer = await ask(carol, carols, 'help\nopen whatsapp +31688888888\r\nretry all');
    expect(answer).toMatch(/undelivered/);
    expect(siege.roomNamed('+31688888888')).toBeUndefined();
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty x', `${'x'.repeat(30_000)}`, '\u202estatus', 'retry __proto__', 'retry r', 'retry -1', 'retry 1e3', 'retry 999999999999999999999', 'retry 1;2', 'open __proto__ 1', 'a\u0000', `open ${'y'.repeat(30_000)} 1`, `open whatsapp ${'('.repeat(30_000)}`])(
    'the word %# is answered like any mistake', async (line) => {
      const answer = await ask(carol, carols, line);
      expect(answer).toMatch(/I do not know|There is no|Say which|You own no account|Give a phone number/);
      expect(answer.length).toBeLessThan(2_000);
    });
});

describe('what belongs to others', () => {
  test('a user sees, sends again and counts only what is their own; whoever administers, all', async () => {
    const seq = await undelivered('one that fails');
    expect(seq).toMatch(/^\d+$/);
    expect(await ask(carol, carols, 'undelivered')).toBe('Everything was delivered.');
    expect(await ask(carol, carols, `retry ${seq}`)).toMatch(/no undelivered message/);
    expect(await ask(carol, carols, 'retry all')).toMatch(/nothing to send again/);
    expect(siege.phone(chat.person).filter((text) => text.endsWith('one that fails'))).toEqual([]);
    const admin = siege.stack.homeserver.user('admin');
    const admins = await alone(admin);
    expect(await ask(admin, admins, 'undelivered')).toContain(`${seq}: message`);
    expect(await ask(admin, admins, `retry ${seq}`)).toMatch(/sent again/);
    await eventually('it on the phone', () => siege.phone(chat.person).some((text) => text.endsWith('one that fails')));
  });

  test('nobody’s are hidden behind those of others', async () => {
    const seq = await undelivered('another that fails');
    const db = new Database(siege.stack.database, { timeout: 10_000 });
    const add = db.prepare("INSERT INTO outbox (lane, kind, key, state, sender, created_at, settled_at) VALUES ('out:p1', 'message', ?, 'dead', '@mallory:evil.test', ?, 0)");
    db.transaction(() => {
      for (let n = 0; n < 600; n++) add.run(`flood ${n}`, Date.now() + n);
    })();
    const own = await ask(chat.owner, await alone(chat.owner), 'undelivered');
    expect(own).toContain(`${seq}: message`);
    db.exec("DELETE FROM outbox WHERE key LIKE 'flood %'");
    db.close();
  });

  test('what was received and kept is for administrators alone', async () => {
    // A signed webhook for a number that the config does not name is kept.
    const strange = { object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value: { messaging_product: 'whatsapp', metadata: { phone_number_id: '9' }, messages: [{ id: 'wamid.x', from: '31600000000', type: 'text', text: { body: 'kept' } }] } }] }] };
    expect((await siege.post(strange)).status).toBe(200);
    const admins = await alone(siege.stack.homeserver.user('admin'));
    const list = await ask(siege.stack.homeserver.user('admin'), admins, 'undelivered');
    const seq = /^r(\d+): /m.exec(list)?.[1];
    expect(seq).toBeDefined();
    expect(list).not.toContain('kept\n');
    expect(await ask(carol, carols, 'undelivered')).toBe('Everything was delivered.');
    for (const line of [`retry r${seq}`, 'retry r1', 'retry r0']) expect(await ask(carol, carols, line)).toMatch(/nothing received/);
  });

  test('nobody opens a chat through an account that is not theirs', async () => {
    expect(await ask(carol, carols, 'open whatsapp +31677777777')).toMatch(/own no account/);
    const room = await alone(carol);
    expect(await ask(carol, room, 'open whatsapp +31611111111')).toMatch(/own no account/);
    expect(siege.stack.homeserver.membership(chat.room, carol.id)).toBe('none');
    carol.invite(room, chat.ghost);
    await eventually('that the ghost turns it down', () => siege.stack.homeserver.membership(room, chat.ghost) === 'leave');
    expect(siege.stack.homeserver.membership(chat.room, carol.id)).toBe('none');
  });
});

describe('what administrators are told', () => {
  test('is told in no room in which somebody else reads along', async () => {
    const admin = siege.stack.homeserver.user('admin');
    const trap = await alone(carol);
    carol.invite(trap, admin.id);
    await siege.stack.homeserver.idle();
    expect((await siege.post(siege.change({ event: 'REJECTED', message_template_id: 4, message_template_name: 'trap', reason: 'SCAM' }, 'message_template_status_update'))).status).toBe(200);
    const told = await eventually('it somewhere', () => [...siege.stack.homeserver.rooms.keys()].filter((room) => siege.said(room, /message_template_status_update/)));
    for (const room of told) {
      const readers = siege.stack.homeserver.eventsOf(room, 'm.room.member').filter(({ content }) => ['join', 'invite'].includes(String(content['membership']))).map(({ state_key: user }) => user);
      expect(readers.filter((user) => user !== BOT && user !== admin.id)).toEqual([]);
    }
    expect(siege.said(trap, /message_template/)).toBeUndefined();
  });

  test('is told in no room that somebody else has made and left', async () => {
    const { homeserver } = siege.stack;
    const admin = homeserver.user('admin');
    const trap = await alone(carol);
    carol.invite(trap, admin.id);
    admin.join(trap);
    carol.leave(trap);
    await homeserver.idle();
    // The administrator may command the bot there all the same.
    expect(await ask(admin, trap, 'status')).toContain('✅ homeserver');
    expect((await siege.post(siege.change({ event: 'REJECTED', message_template_id: 5, message_template_name: 'left behind', reason: 'SCAM' }, 'message_template_status_update'))).status).toBe(200);
    await eventually('it somewhere', () => [...homeserver.rooms.keys()].some((room) => siege.said(room, /left behind/)));
    expect(siege.said(trap, /left behind/)).toBeUndefined();
  });

  test('is told in no encrypted room', async () => {
    const admin = siege.stack.homeserver.user('admin');
    const closed = admin.createRoom({ is_direct: true, invite: [BOT], initial_state: [{ type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }] });
    await eventually('the notice', () => siege.said(closed, /encrypted/));
    expect((await siege.post(siege.change({ event: 'VERIFIED_ACCOUNT', phone_number: '31970' }, 'account_update'))).status).toBe(200);
    await eventually('it somewhere', () => [...siege.stack.homeserver.rooms.keys()].some((room) => siege.said(room, /account_update/)));
    expect(siege.said(closed, /account_update/)).toBeUndefined();
  });
});
