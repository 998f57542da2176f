import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type RocketChatSandbox, startRocketChatSandbox } from '../../src/sandbox/rocketchat/index.ts';
import type { SlackSandbox } from '../../src/sandbox/slack/index.ts';
import { startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import { type FakeSide, onFake } from '../kit/matrix/fake.ts';
import { Caller } from '../kit/provisioning/caller.ts';
import { type OpenIdServer, startOpenId } from '../kit/provisioning/openid.ts';
import * as rocketchatAccount from '../kit/rocketchat/account.ts';
import * as slackAccount from '../kit/slack/account.ts';
import { type Between, daemonBetween } from '../kit/stack/between.ts';
import { eventually } from '../kit/stack/stack.ts';
import * as telegramAccount from '../kit/telegram/account.ts';

// The provisioning API of a running daemon; the caller checks each answer against the OpenAPI document.

jest.setTimeout(60_000);

const SECRET = 'the-shared-secret-of-the-test';
let between: Between<FakeSide>;
let slack: SlackSandbox;
let rocketchat: RocketChatSandbox;
let telegram: TelegramSandbox;
let openid: OpenIdServer;
let alice: Caller;
let bob: Caller;

beforeAll(async () => {
  openid = await startOpenId();
  between = await daemonBetween(onFake, async ({ owners }, started) => {
    slack = started.adopt(await slackAccount.startSandbox(), (one) => one.close());
    rocketchat = started.adopt(await startRocketChatSandbox({ token: rocketchatAccount.TOKEN }), (one) => one.close());
    telegram = started.adopt(await startTelegramSandbox({ token: telegramAccount.TOKEN }), (one) => one.close());
    return {
      slack: slackAccount.configOf(slack, { owners }), rocketchat: rocketchatAccount.configOf(rocketchat, { owners, rate_scale: 1000 }),
      telegram: telegramAccount.configOf(telegram, { owners, rate_scale: 1000 }),
    };
  }, { provisioning: { openid_url: openid.url, shared_secret: SECRET } });
  await between.start();
  openid.tokens.set('alices', between.matrix.alice);
  openid.tokens.set('bobs', '@bob:fake.test');
  alice = new Caller(between.publicUrl, between.matrix.alice, 'openid:alices');
  bob = new Caller(between.publicUrl, '@bob:fake.test', 'openid:bobs');
});

afterAll(async () => {
  await between[Symbol.asyncDispose]();
  await openid.close();
});

describe('who one is', () => {
  test('the bridge, its logins and how they are', async () => {
    const { status, body } = await alice.get('/v3/whoami');
    expect(status).toBe(200);
    expect(body).toMatchObject({ homeserver: 'fake.test', bridge_bot: between.matrix.bot, command_prefix: '!db', permission: 'admin', network: { network_id: 'drawbridge' } });
    expect(body.logins.map(({ id }: { id: string }) => id).sort()).toEqual(['rocketchat.main.bridge', 'slack.main.team', 'telegram.main.bot']);
    await eventually('that all are connected', async () => (await alice.get('/v3/whoami')).body.logins.every(({ state }: { state: { state_event: string } }) => state.state_event === 'CONNECTED'));
    expect((await alice.get('/v3/logins')).body.login_ids).toHaveLength(3);
  });

  test('an account whose token was withdrawn says so, and works again', async () => {
    const state = async (): Promise<{ state_event: string; message?: string }> => (await alice.get('/v3/whoami')).body.logins.find(({ id }: { id: string }) => id === 'telegram.main.bot').state;
    telegram.person(1001, { firstName: 'Carl' }).sendText('/start');
    telegram.faults.revoked = true;
    try {
      await alice.get('/v3/resolve_identifier/1001', { login_id: 'telegram.main.bot' });
      await eventually('that it is broken', async () => (await state()).state_event === 'BAD_CREDENTIALS' && (await state()).message?.includes('token'));
    } finally {
      telegram.faults.revoked = false;
    }
    await alice.get('/v3/resolve_identifier/1001', { login_id: 'telegram.main.bot' });
    await eventually('that it works', async () => (await state()).state_event === 'CONNECTED');
  });

  test('somebody without an account has none, and is told so', async () => {
    expect((await bob.get('/v3/whoami')).body).toMatchObject({ logins: [], permission: 'user' });
    expect(await bob.get('/v3/contacts')).toMatchObject({ status: 400, body: { errcode: 'FI.MAU.NOT_LOGGED_IN' } });
    expect(await bob.get('/v3/contacts', { login_id: 'slack.main.team' })).toMatchObject({ status: 404, body: { errcode: 'M_NOT_FOUND' } });
    expect(await bob.post('/v3/logout/slack.main.team')).toMatchObject({ status: 404 });
  });

  test('with several accounts the call has to name one', async () => {
    expect(await alice.get('/v3/contacts')).toMatchObject({ status: 400, body: { errcode: 'M_MISSING_PARAM' } });
  });

  test('software of the administrator asks for a user by the shared secret', async () => {
    expect((await new Caller(between.publicUrl, '@bob:fake.test', SECRET).get('/v3/whoami')).body.logins).toEqual([]);
  });

  test('what each account can do', async () => {
    const { body } = await alice.get('/v3/capabilities');
    expect(body.logins['slack.main.team'].resolve_identifier).toMatchObject({ contact_list: true, search: true, lookup_email: true, lookup_phone: false });
    expect(body.logins['telegram.main.bot']).toMatchObject({ resolve_identifier: { contact_list: false, search: false }, group_creation: {} });
    expect(body.provisioning.group_creation).toHaveProperty('group');
    expect(Object.keys((await alice.get('/v3/capabilities', { login_id: 'telegram.main.bot' })).body.logins)).toEqual(['telegram.main.bot']);
  });
});

describe('people and chats', () => {
  const at = { login_id: 'slack.main.team' };

  test('contacts, a search, and who is meant', async () => {
    const anna = slack.person('anna', { realName: 'Anna Berg' });
    slack.person('ben', { realName: 'Ben' });
    const contacts = (await alice.get('/v3/contacts', at)).body.contacts;
    expect(contacts).toContainEqual(expect.objectContaining({ id: anna.id, name: 'Anna Berg', identifiers: [`slack:${anna.id}`, 'slack:@anna'] }));
    expect((await alice.post('/v3/search_users', { query: 'berg' }, at)).body.results).toMatchObject([{ id: anna.id }]);
    for (const identifier of [anna.id, '@anna', 'anna@sandbox.example', 'Anna Berg']) {
      expect((await alice.get(`/v3/resolve_identifier/${encodeURIComponent(identifier)}`, at)).body).toMatchObject({ id: anna.id, name: 'Anna Berg' });
    }
    expect(await alice.get('/v3/resolve_identifier/nobody@sandbox.example', at)).toMatchObject({ status: 404, body: { errcode: 'M_NOT_FOUND' } });
    expect(await alice.get(`/v3/resolve_identifier/${encodeURIComponent('a  b')}`, at)).toMatchObject({ status: 400, body: { errcode: 'M_INVALID_PARAM' } });
  });

  test('a chat becomes a room that carries a message, and the second time it is there', async () => {
    const anna = slack.person('anna');
    const first = await alice.post(`/v3/create_dm/${anna.id}`, undefined, at);
    expect(first.status).toBe(201);
    await eventually('the invitation', async () => (await between.matrix.rooms()).includes(first.body.dm_room_mxid));
    await between.matrix.send(first.body.dm_room_mxid, 'Hello Anna');
    await eventually('the message', () => slack.messages.find(({ text }) => text.endsWith('Hello Anna')));
    const again = await alice.post(`/v3/create_dm/${anna.id}`, undefined, at);
    expect(again).toMatchObject({ status: 200, body: { dm_room_mxid: first.body.dm_room_mxid, mxid: first.body.mxid } });
    expect((await alice.get('/v3/contacts', at)).body.contacts).toContainEqual(expect.objectContaining({ id: anna.id, dm_room_mxid: first.body.dm_room_mxid }));
    // Their ghost is somebody too.
    expect((await alice.get(`/v3/resolve_identifier/${encodeURIComponent(first.body.mxid)}`, at)).body.id).toBe(anna.id);
  });

  test('a group is made on the network, with a room; who cannot come in is named', async () => {
    const [anna, ben] = [slack.person('anna'), slack.person('ben')];
    const { status, body } = await alice.post('/v3/create_group/group', { name: { name: 'Summer Party!' }, participants: [anna.id, '@ben'] }, at);
    expect(status).toBe(201);
    expect(between.matrix.homeserver.eventsOf(body.mxid, 'm.room.name').at(-1)?.content['name']).toBe('summer-party');
    await eventually('the invitation', async () => (await between.matrix.rooms()).includes(body.mxid));
    anna.sendText(body.id, 'I bring cake');
    await eventually('the message', () => between.matrix.events(body.mxid, 'm.room.message').some(({ content }) => content['body'] === 'I bring cake'));
    ben.sendText(body.id, 'and I drinks');
    const listed = (await alice.get('/v3/conversations', at)).body.conversations;
    expect(listed).toContainEqual(expect.objectContaining({ id: body.id, name: 'summer-party', room_mxid: body.mxid }));
    expect(await alice.post('/v3/create_group/group', { name: { name: 'Summer party' }, participants: [] }, at)).toMatchObject({ status: 400, body: { error: expect.stringContaining('this name') } });
    expect(await alice.post('/v3/create_group/community', {}, at)).toMatchObject({ status: 404, body: { errcode: 'M_UNRECOGNIZED' } });
    expect(await alice.post('/v3/create_group/group', { name: { name: 'Other' }, participants: ['@nobody-at-all'] }, at)).toMatchObject({ status: 400 });
  });

  test('the same on Rocket.Chat', async () => {
    const rc = { login_id: 'rocketchat.main.bridge' };
    const ada = rocketchat.person('ada', 'Ada');
    expect((await alice.get('/v3/contacts', rc)).body.contacts).toContainEqual(expect.objectContaining({ id: ada.id, name: 'Ada' }));
    expect((await alice.get('/v3/resolve_identifier/@ada', rc)).body.id).toBe(ada.id);
    expect(await alice.get('/v3/resolve_identifier/@nobody', rc)).toMatchObject({ status: 404 });
    const chat = await alice.post('/v3/create_dm/@ada', undefined, rc);
    expect(chat.status).toBe(201);
    await eventually('the invitation', async () => (await between.matrix.rooms()).includes(chat.body.dm_room_mxid));
    await between.matrix.send(chat.body.dm_room_mxid, 'Hello Ada');
    await eventually('the message', () => [...rocketchat.messages.values()].find(({ msg }) => msg.endsWith('Hello Ada')));
    const group = await alice.post('/v3/create_group/group', { name: { name: 'Garden' }, participants: ['@ada'] }, rc);
    expect(group.status).toBe(201);
    expect(rocketchat.rooms.get(group.body.id)).toMatchObject({ t: 'p', name: 'Garden' });
  });

  test('what a network cannot do is said with the reason', async () => {
    const tg = { login_id: 'telegram.main.bot' };
    for (const answer of [await alice.get('/v3/contacts', tg), await alice.post('/v3/search_users', { query: 'a' }, tg), await alice.post('/v3/create_group/group', { name: { name: 'x' } }, tg)]) {
      expect(answer).toMatchObject({ status: 501, body: { errcode: 'M_UNRECOGNIZED', error: expect.stringMatching(/Bots/) } });
    }
    expect(await alice.get('/v3/resolve_identifier/1009', tg)).toMatchObject({ status: 404 });
    const carl = telegram.person(1001, { firstName: 'Carl' });
    carl.sendText('/start');
    expect((await alice.get('/v3/resolve_identifier/1001', tg)).body).toMatchObject({ id: '1001', name: 'Carl' });
  });

  test('a network that is asked too often says when to come again', async () => {
    slack.faults.rateLimit = 1;
    try {
      const { status, headers, body } = await alice.get('/v3/contacts', at);
      expect([status, body.errcode, Number(headers.get('retry-after')) > 0, body.retry_after_ms > 0]).toEqual([429, 'M_LIMIT_EXCEEDED', true, true]);
    } finally {
      slack.faults.rateLimit = 0;
    }
  });
});

describe('rooms that are there', () => {
  const at = { login_id: 'slack.main.team' };
  const enc = encodeURIComponent;

  async function room(): Promise<string> {
    const { homeserver, bot } = between.matrix;
    const id = homeserver.user('alice').createRoom({ name: 'Ours', invite: [bot, '@bob:fake.test'] });
    await eventually('the bot', () => homeserver.membership(id, bot) === 'join');
    await eventually('that the bridge knows it', async () => (await alice.post(`/v3/unlink/${enc(id)}`, {})).status !== 404);
    return id;
  }

  test('are linked and unlinked, by whoever has the power in them and the account', async () => {
    const [id, ops] = [await room(), slack.channel('ops')];
    // It has got one of its own, because the account came into it.
    const own = await eventually('its room', async () => (await alice.get('/v3/conversations', at)).body.conversations.find((one: { id: string; room_mxid?: string }) => one.id === ops)?.room_mxid as string | undefined);
    expect(await alice.post(`/v3/link/${enc(id)}`, { conversation: '#ops' }, at)).toMatchObject({ status: 400, body: { error: expect.stringContaining('has a room already') } });
    expect((await alice.post(`/v3/unlink/${enc(own)}`, {})).status).toBe(200);
    const linked = await alice.post(`/v3/link/${enc(id)}`, { conversation: '#ops' }, at);
    expect(linked).toMatchObject({ status: 200, body: { room_mxid: id, message: expect.stringContaining('linked to ops') } });
    await between.matrix.send(id, 'to whom it concerns');
    await eventually('the message', () => slack.messages.find(({ channel, text }) => channel === ops && text.endsWith('to whom it concerns')));
    expect(await alice.post(`/v3/link/${enc(id)}`, { conversation: ops }, at)).toMatchObject({ status: 400, body: { error: expect.stringContaining('already') } });
    expect((await alice.get('/v3/conversations', at)).body.conversations).toContainEqual(expect.objectContaining({ id: ops, room_mxid: id }));
    between.matrix.homeserver.user('bob').join(id);
    expect(await bob.post(`/v3/unlink/${enc(id)}`, {})).toMatchObject({ status: 400, body: { error: expect.stringContaining('power level') } });
    expect(await bob.post(`/v3/link/${enc(id)}`, { conversation: ops }, at)).toMatchObject({ status: 404 });
    expect(await alice.post(`/v3/unlink/${enc(id)}`, { conversation: ops })).toMatchObject({ status: 200 });
    expect(await alice.post(`/v3/unlink/${enc(id)}`, {})).toMatchObject({ status: 400 });
    expect(await alice.post(`/v3/link/${enc(id)}`, { conversation: '#nowhere' }, at)).toMatchObject({ status: 400, body: { error: expect.stringContaining('no conversation') } });
    for (const unknown of ['!nowhere:fake.test', 'nonsense', '#alias:fake.test']) expect(await alice.post(`/v3/link/${enc(unknown)}`, { conversation: ops }, at)).toMatchObject({ status: 404 });
  });

  test('get a group that is made for them', async () => {
    const [id, ben] = [await room(), slack.person('ben')];
    const { status, body } = await alice.post('/v3/create_group/group', { name: { name: 'Board' }, participants: [ben.id], room_id: id }, at);
    expect([status, body.mxid]).toEqual([201, id]);
    ben.sendText(body.id, 'who takes the minutes?');
    await eventually('the message', () => between.matrix.events(id, 'm.room.message').some(({ content }) => content['body'] === 'who takes the minutes?'));
    const others = await room();
    between.matrix.homeserver.user('alice').leave(others);
    expect(await alice.post('/v3/create_group/group', { name: { name: 'Never' }, room_id: others }, at)).toMatchObject({ status: 400 });
    expect((await alice.post('/v3/search_users', { query: 'never' }, at)).body.results).toEqual([]);
    expect(await alice.get('/v3/resolve_identifier/%23never', at)).toMatchObject({ status: 404 });
  });
});

describe('logging in', () => {
  test('step by step, and out again', async () => {
    const { flows } = (await alice.get('/v3/login/flows')).body;
    expect(flows.map(({ id }: { id: string }) => id)).toContain('rocketchat.main.user');
    expect((await bob.get('/v3/login/flows')).body.flows.every(({ makes }: { makes: string }) => makes === 'personal')).toBe(true);
    expect(await bob.post('/v3/login/start/telegram.main.bot')).toMatchObject({ status: 404 });
    const person = rocketchat.person('bob', 'Bob');
    person.user.token = 'personal-access-token-of-bob-0123456789_x_y';
    const first = (await bob.post('/v3/login/start/rocketchat.main.user')).body;
    expect(first).toMatchObject({ type: 'user_input', user_input: { fields: [{ id: 'user_id', type: 'username' }, { id: 'token', type: 'token' }] } });
    const step = (path: string, body: unknown): ReturnType<Caller['post']> => bob.post(`/v3/login/step/${first.login_id}/${path}`, body);
    expect(await step('another/user_input', {})).toMatchObject({ status: 400, body: { errcode: 'M_BAD_STATE' } });
    expect(await step(`${first.step_id}/display_and_wait`, {})).toMatchObject({ status: 400, body: { errcode: 'M_BAD_STATE' } });
    expect(await step(`${first.step_id}/user_input`, 'no json')).toMatchObject({ status: 400, body: { errcode: 'M_NOT_JSON' } });
    expect(await step(`${first.step_id}/user_input`, { user_id: 7 })).toMatchObject({ status: 400, body: { errcode: 'M_BAD_JSON' } });
    // Somebody else's login is nobody's.
    expect(await alice.post(`/v3/login/step/${first.login_id}/${first.step_id}/user_input`, {})).toMatchObject({ status: 404 });
    const wrong = await step(`${first.step_id}/user_input`, { user_id: person.id, token: 'a-wrong-token-of-nobody-0123456789_x_y_abc' });
    expect(wrong.status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(wrong.body)).not.toContain('a-wrong-token');
    const done = (await step(`${first.step_id}/user_input`, { user_id: person.id, token: person.user.token })).body;
    expect(done).toMatchObject({ type: 'complete', complete: { user_login_id: 'rocketchat.main.bob' } });
    expect((await bob.get('/v3/logins')).body.login_ids).toEqual(['rocketchat.main.bob']);
    expect((await bob.get('/v3/contacts')).body.contacts.length).toBeGreaterThan(0);
    expect((await bob.post('/v3/logout/rocketchat.main.bob')).body).toEqual({});
    expect((await bob.get('/v3/logins')).body.login_ids).toEqual([]);
  });

  test('a login can be cancelled, and an account of the config not logged out', async () => {
    const { login_id: id } = (await bob.post('/v3/login/start/slack.main.user')).body;
    expect((await bob.post(`/v3/login/cancel/${id}`)).status).toBe(200);
    expect(await bob.post(`/v3/login/cancel/${id}`)).toMatchObject({ status: 404 });
    expect(await alice.post('/v3/logout/slack.main.team')).toMatchObject({ status: 400, body: { error: expect.stringContaining('in the config') } });
    expect((await alice.post('/v3/logout/all')).status).toBe(200);
    expect((await alice.get('/v3/logins')).body.login_ids).toHaveLength(3);
  });
});

test('the document is served to anybody, and is the one of the docs', async () => {
  const answer = await fetch(`${between.publicUrl}/_matrix/provision/v3/openapi.json`);
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  expect(await answer.json()).toEqual(JSON.parse(readFileSync(new URL('../../docs/provisioning.openapi.json', import.meta.url), 'utf8')));
});
