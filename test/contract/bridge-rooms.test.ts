import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import type { FakeEvent } from '../kit/fake-homeserver/world.ts';
import { eventually, type Stack, startStack } from '../kit/stack/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.close();
});

const BOT = '@drawbridge:fake.test';
const said = (room: string, words: RegExp): FakeEvent | undefined =>
  stack.homeserver.eventsOf(room, 'm.room.message').find(({ sender, content }) => sender === BOT && words.test(String(content.body)));
const portalNamed = (name: string): string | undefined =>
  [...stack.homeserver.rooms.values()].find(({ timeline }) => timeline.some(({ type, content }) => type === 'm.room.name' && content.name === name))?.id;

/** A webhook of Meta's, signed as Meta signs. */
async function webhook(field: string, value: object): Promise<number> {
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: stack.app.wabaId, time: 1_790_000_000, changes: [{ field, value }] }] });
  const signature = createHmac('sha256', stack.app.appSecret).update(body).digest('hex');
  const answer = await fetch(stack.webhookUrl, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` } });
  return answer.status;
}

test('a restart sets no name that is there already: the homeserver would walk through every room for it', async () => {
  const named = (): number => stack.homeserver.requests.filter(({ method, path }) => method === 'PUT' && /profile.*displayname/.test(path)).length;
  expect(named()).toBe(1);
  await stack.stop();
  await stack.start();
  await eventually('the bot is there', () => stack.homeserver.requests.filter(({ path }) => path.endsWith('/ping')).length > 1);
  expect(named()).toBe(1);
});

describe('the bot in a room of somebody’s', () => {
  test('takes commands without a prefix where it is alone with them', async () => {
    const alice = stack.homeserver.user('alice');
    const room = alice.createRoom({ is_direct: true, invite: [BOT] });
    await eventually('its greeting', () => said(room, /I am the bridge/));
    alice.send(room, 'HELP');
    await eventually('the list of commands', () => said(room, /undelivered/));
  });

  test('only takes what begins with its prefix where others are too', async () => {
    const [alice, carol] = [stack.homeserver.user('alice'), stack.homeserver.user('carol')];
    const room = alice.createRoom({ invite: [carol.id] });
    carol.join(room);
    alice.invite(room, BOT);
    await eventually('its greeting', () => said(room, /I am the bridge/));
    const before = stack.homeserver.eventsOf(room).length;
    alice.send(room, 'help');
    alice.send(room, '!db status');
    await eventually('the status', () => said(room, /homeserver/));
    expect(stack.homeserver.eventsOf(room).slice(before).filter(({ sender }) => sender === BOT)).toHaveLength(1);
  });

  test('says at once that it cannot read an encrypted one, and answers nothing there', async () => {
    const alice = stack.homeserver.user('alice');
    const room = alice.createRoom({ is_direct: true, invite: [BOT], initial_state: [{ type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }] });
    await eventually('the notice', () => said(room, /encrypted.*without encryption/s));
    alice.send(room, { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'AwgAEnACgAkLmt6qF84IK' }, 'm.room.encrypted');
    await eventually('the answer to it', () => said(room, /This was not delivered/));
    alice.send(room, 'status');
    alice.send(room, { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'AwgAEnACgAkLmt6qF84IK' }, 'm.room.encrypted');
    await eventually('a second answer', () => stack.homeserver.eventsOf(room).filter(({ content }) => /This was not delivered/.test(String(content.body))).length === 2);
    expect(said(room, /Waiting to be sent/)).toBeUndefined();
  });
});

test('a room opened with somebody has their ghost in it, and is called what they are called once they say', async () => {
  const alice = stack.homeserver.user('alice');
  const control = alice.createRoom({ is_direct: true, invite: [BOT] });
  await eventually('its greeting', () => said(control, /I am the bridge/));
  alice.send(control, 'open whatsapp +31 6 2222 2222');
  const room = await eventually('the room', () => portalNamed('+31622222222'));
  await eventually('the ghost', () => stack.homeserver.membership(room, '@_drawbridge_whatsapp_102290129340398=.31622222222:fake.test') === 'join');
  stack.sandbox.person('31622222222', { name: 'Dora' }).sendText('It is me');
  await eventually('the new name', () => portalNamed('Dora') === room);
});

test('what has no room reaches an administrator, who need not have said a word before', async () => {
  expect(await webhook('message_template_status_update', { event: 'REJECTED', message_template_id: 1, message_template_name: 'welcome', message_template_language: 'en', reason: 'ABUSIVE_CONTENT' })).toBe(200);
  const admin = stack.homeserver.user('admin');
  const room = await eventually('an invitation', () => [...stack.homeserver.rooms.keys()].find((id) => stack.homeserver.membership(id, admin.id) === 'invite'));
  await eventually('what it says', () => said(room, /message_template_status_update.*REJECTED/s));
  await webhook('account_update', { event: 'VERIFIED_ACCOUNT', phone_number: '31970' });
  await eventually('the next in the same room', () => said(room, /account_update/));
});

test('an answer to a message that is not on WhatsApp says so', async () => {
  const alice = stack.homeserver.user('alice');
  const erin = stack.sandbox.person('31633333333', { name: 'Erin' });
  erin.sendText('Hi');
  const room = await eventually('the room', () => portalNamed('Erin'));
  await eventually('the invite', () => stack.homeserver.membership(room, alice.id) === 'invite');
  alice.join(room);
  alice.send(room, { msgtype: 'm.text', body: 'Yes', 'm.relates_to': { 'm.in_reply_to': { event_id: '$nowhere' } } });
  const sent = await eventually('it', () => stack.sandbox.messages.find(({ body }) => (body as { body?: string }).body?.endsWith('Yes')));
  expect(sent.body).toMatchObject({ body: expect.stringContaining('in reply to a message that is not here') });
});

test('when everybody has left, the next message is kept in the room, and the owner hears of it instead of being asked back', async () => {
  const alice = stack.homeserver.user('alice');
  const frank = stack.sandbox.person('31644444444', { name: 'Frank' });
  frank.sendText('One');
  const room = await eventually('the room', () => portalNamed('Frank'));
  await eventually('the invite', () => stack.homeserver.membership(room, alice.id) === 'invite');
  alice.join(room);
  alice.leave(room);
  await stack.homeserver.idle();
  frank.sendText('After you left');
  await eventually('the message', () => stack.homeserver.eventsOf(room, 'm.room.message').some(({ content }) => content.body === 'After you left'));
  await eventually('word of it', () => [...stack.homeserver.rooms.keys()].some((id) => said(id, /Frank .*wrote in a chat that you have left/) !== undefined));
  expect(stack.homeserver.membership(room, alice.id)).toBe('leave');
});

test('a room that becomes encrypted is left alone, and the chat goes on in a new one', async () => {
  const alice = stack.homeserver.user('alice');
  const gina = stack.sandbox.person('31655555555', { name: 'Gina' });
  gina.sendText('One');
  const room = await eventually('the room', () => portalNamed('Gina'));
  await eventually('the invite', () => stack.homeserver.membership(room, alice.id) === 'invite');
  alice.join(room);
  stack.homeserver.user(BOT).setState(room, 'm.room.encryption', '', { algorithm: 'm.megolm.v1.aes-sha2' });
  await eventually('the notice', () => said(room, /Nothing is sent from or to here/));
  gina.sendText('Two of Gina');
  const other = await eventually('another room', () => [...stack.homeserver.rooms.values()].find(({ id, timeline }) => id !== room && timeline.some(({ content }) => content.body === 'Two of Gina'))?.id);
  expect(stack.homeserver.eventsOf(room).some(({ content }) => content.body === 'Two of Gina')).toBe(false);
  await eventually('the invite', () => stack.homeserver.membership(other, alice.id) === 'invite');
});

test('what is refused in a room that became encrypted meanwhile is shown in the next', async () => {
  const jan = stack.sandbox.person('31677777772', { name: 'Jan' });
  jan.sendText('Hi');
  const room = await eventually('the room', () => portalNamed('Jan'));
  await eventually('the message', () => stack.homeserver.eventsOf(room, 'm.room.message')[0]);
  stack.homeserver.faults.add({ match: '/send/m\\.room\\.message/', times: 1, status: 403, body: { errcode: 'M_FORBIDDEN', error: 'No.' }, latencyMs: 500 });
  jan.sendText('under way');
  jan.sendText('behind it');
  await new Promise((resolve) => { setTimeout(resolve, 200); });
  stack.homeserver.user(BOT).setState(room, 'm.room.encryption', '', { algorithm: 'm.megolm.v1.aes-sha2' });
  const shows = (id: string, body: string): boolean => stack.homeserver.eventsOf(id, 'm.room.message').some(({ content }) => content.body === body);
  const next = await eventually('the next room', () => [...stack.homeserver.rooms.values()].find(({ id }) => shows(id, 'behind it'))?.id);
  await eventually('what was refused', () => shows(next, 'under way'));
  expect(shows(room, 'under way')).toBe(false);
  expect(said(room, /could not be shown/)).toBeUndefined();
});

test('a room that the homeserver refuses to make is tried again with the next message', async () => {
  const alice = stack.homeserver.user('alice');
  const made = stack.homeserver.faults.add({ match: '/createRoom', status: 403, body: { errcode: 'M_FORBIDDEN', error: 'Not today.' } });
  const kim = stack.sandbox.person('31688888888', { name: 'Kim' });
  kim.sendText('to nobody');
  await eventually('that it was refused', () => stack.homeserver.requests.some(({ path }) => path.endsWith('/createRoom')));
  const botRoom = await eventually('word of it', () => [...stack.homeserver.rooms.values()].find(({ id }) => said(id, /from Kim .*could not be shown/))?.id);
  expect(portalNamed('Kim')).toBeUndefined();
  made();
  kim.sendText('to Alice');
  const room = await eventually('the room', () => portalNamed('Kim'));
  await eventually('the invite', () => stack.homeserver.membership(room, alice.id) === 'invite');
  await eventually('the message', () => stack.homeserver.eventsOf(room, 'm.room.message').some(({ content }) => content.body === 'to Alice'));
  expect(botRoom).not.toBe(room);
});

test('inviting a ghost leads to the room of its chat', async () => {
  const alice = stack.homeserver.user('alice');
  const hugo = stack.sandbox.person('31666666666', { name: 'Hugo' });
  hugo.sendText('Hi');
  const portal = await eventually('the room', () => portalNamed('Hugo'));
  await eventually('the invite', () => stack.homeserver.membership(portal, alice.id) === 'invite');
  alice.join(portal);
  alice.leave(portal);
  const ghost = (await eventually('the message', () => stack.homeserver.eventsOf(portal, 'm.room.message')[0])).sender;
  const room = alice.createRoom({ is_direct: true, invite: [ghost] });
  await eventually('that it is turned down', () => stack.homeserver.membership(room, ghost) === 'leave');
  await eventually('another invite', () => stack.homeserver.membership(portal, alice.id) === 'invite');
});
