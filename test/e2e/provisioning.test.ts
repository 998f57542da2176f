import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import Database from 'better-sqlite3';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { type RocketChatSandbox, startRocketChatSandbox } from '../../src/sandbox/rocketchat/index.ts';
import type { SlackSandbox } from '../../src/sandbox/slack/index.ts';
import { relationOf } from '../kit/client-events.ts';
import { Caller } from '../kit/provisioning/caller.ts';
import * as rocketchatAccount from '../kit/rocketchat/account.ts';
import * as slackAccount from '../kit/slack/account.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, patience } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// A client that knows nothing of the bridge but the address of its provisioning API, with the token that Synapse gives it.

jest.setTimeout(120_000);

let synapse: SharedSynapse;
let anna: MatrixUser;
let bea: MatrixUser;
let bridge: Bridged;
let slack: SlackSandbox;
let rocketchat: RocketChatSandbox;

beforeAll(async () => {
  synapse = await sharedSynapse();
  [anna, bea] = await Promise.all([synapse.user('anna'), synapse.user('bea')]);
  slack = await slackAccount.startSandbox();
  rocketchat = await startRocketChatSandbox({ token: rocketchatAccount.TOKEN });
  bridge = await bridged(synapse, await synapse.claimBridge(), {
    owners: [], networks: { slack: slackAccount.configOf(slack, { owners: [anna.id] }), rocketchat: rocketchatAccount.configOf(rocketchat, { owners: [anna.id], rate_scale: 1000 }) },
  });
  await bridge.start();
}, 300_000);

afterAll(async () => {
  await bridge.close();
  await Promise.all([slack.close(), rocketchat.close(), synapse.close()]);
});

interface OpenIdToken { readonly access_token: string; readonly token_type: string; readonly matrix_server_name: string; readonly expires_in: number }

const tokenOf = async (user: MatrixUser): Promise<string> => (await user.client.post<OpenIdToken>(`/user/${encodeURIComponent(user.id)}/openid/request_token`, {})).access_token;
const client = async (user: MatrixUser): Promise<Caller> => new Caller(bridge.publicUrl, user.id, `openid:${await tokenOf(user)}`);
const at = { login_id: 'slack.main.team' };

test('finds out what is there, whom one can write to, and begins a chat that carries messages both ways', async () => {
  const ben = slack.person('ben', { realName: 'Ben' });
  const app = await client(anna);
  const { body } = await app.get('/v3/whoami');
  expect(body).toMatchObject({ homeserver: synapse.serverName, bridge_bot: bridge.bot });
  expect(body.logins.map(({ id }: { id: string }) => id).sort()).toEqual(['rocketchat.main.bridge', 'slack.main.team']);
  expect((await app.get('/v3/contacts', at)).body.contacts).toContainEqual(expect.objectContaining({ id: ben.id, name: 'Ben' }));
  expect((await app.get('/v3/resolve_identifier/ben@sandbox.example', at)).body.id).toBe(ben.id);
  const { status, body: chat } = await app.post(`/v3/create_dm/${ben.id}`, undefined, at);
  expect([status, bridge.isGhost(chat.mxid)]).toEqual([201, true]);
  await anna.waitForInvite(() => true);
  await anna.join(chat.dm_room_mxid);
  await anna.text(chat.dm_room_mxid, 'hello from an app');
  await eventually('the message in Slack', () => slack.messages.find(({ text }) => text.endsWith('hello from an app')), patience);
  ben.sendText(ben.direct().id, 'hello back');
  await anna.waitForText(chat.dm_room_mxid, 'hello back');
});

test('makes a group, and somebody who is asked in by a command comes in', async () => {
  const app = await client(anna);
  const [ben, cleo] = [slack.person('ben'), slack.person('cleo', { realName: 'Cleo' })];
  const { status, body: group } = await app.post('/v3/create_group/group', { name: { name: 'Boat trip' }, participants: [ben.id] }, at);
  expect(status).toBe(201);
  await eventually('the invitation', () => anna.join(group.mxid).then(() => true, () => false), patience);
  ben.sendText(group.id, 'I am in');
  await anna.waitForText(group.mxid, 'I am in');
  const ask = async (text: string): Promise<string> => {
    const event = await anna.text(group.mxid, `!db ${text}`);
    return bodyOf(await anna.waitForEvent(group.mxid, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event));
  };
  expect(await ask('search slack cleo')).toContain(cleo.id);
  expect(await ask(`invite ${cleo.id}`)).toMatch(/is in it on Slack/);
  cleo.sendText(group.id, 'me too');
  await anna.waitForText(group.mxid, 'me too');
  expect(await ask('invite @nobody-like-that')).toMatch(/knows nobody/);
  expect(await ask(`invite ${bea.id}`)).toMatch(/is invited/);
  await bea.join(group.mxid);
  const event = await bea.text(group.mxid, `!db invite ${cleo.id}`);
  expect(bodyOf(await anna.waitForEvent(group.mxid, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event))).toMatch(/no account of yours/);
});

test('a group made by a command in a chat with the bot, with the people that are named', async () => {
  const room = await bridge.botRoom(anna);
  const ada = rocketchat.person('ada', 'Ada');
  const event = await anna.text(room, 'create rocketchat "Book club" @ada');
  const answer = await anna.waitForEvent(room, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event);
  expect(bodyOf(answer)).toMatch(/is made on Rocket\.Chat/);
  const portal = await anna.waitForInvite((state) => state.some(({ type, content }) => type === 'm.room.name' && content['name'] === 'Book-club'));
  await anna.join(portal);
  const [group] = [...rocketchat.rooms.values()].filter(({ name }) => name === 'Book-club');
  expect(group?.members).toContain(ada.id);
  if (group === undefined) throw new Error('no room');
  ada.sendText(group, 'which one first?');
  await anna.waitForText(portal, 'which one first?');
  expect([...rocketchat.rooms.values()].filter(({ name }) => name === 'Book-club')).toHaveLength(1);
});

test('a room that is there is linked and gets a group by commands, and is unlinked by the app', async () => {
  const app = await client(anna);
  const dan = slack.person('dan', { realName: 'Dan' });
  const room = await anna.createRoom({ name: 'Ours', preset: 'private_chat', invite: [bridge.bot, bea.id] });
  await eventually('the bot', async () => (await anna.members(room)).includes(bridge.bot), patience);
  const ask = async (text: string): Promise<string> => {
    const event = await anna.text(room, `!db ${text}`);
    return bodyOf(await anna.waitForEvent(room, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event));
  };
  expect(await ask(`create slack "Harvest" ${dan.id}`)).toMatch(/made on Slack and linked to this room/);
  const harvest = (await app.get('/v3/conversations', at)).body.conversations.find(({ name }: { name?: string }) => name === 'harvest');
  expect(harvest).toMatchObject({ room_mxid: room });
  dan.sendText(harvest.id, 'apples first');
  await anna.waitForText(room, 'apples first');
  expect((await app.post(`/v3/unlink/${encodeURIComponent(room)}`, {}, at)).status).toBe(200);
  const ops = slack.channel('ops');
  const own = await eventually('its room', async () => (await app.get('/v3/conversations', at)).body.conversations.find((one: { id: string; room_mxid?: string }) => one.id === ops)?.room_mxid as string | undefined, patience);
  expect((await app.post(`/v3/link/${encodeURIComponent(room)}`, { conversation: '#ops' }, at)).status).toBe(400);
  expect((await app.post(`/v3/unlink/${encodeURIComponent(own)}`, {}, at)).status).toBe(200);
  expect((await app.post(`/v3/link/${encodeURIComponent(room)}`, { conversation: '#ops' }, at)).status).toBe(200);
  await anna.text(room, 'to the crew');
  await eventually('the message', () => slack.messages.find(({ channel, text }) => channel === ops && text.endsWith('to the crew')), patience);
});

describe('is refused', () => {
  test('with the token of another user', async () => {
    const token = await tokenOf(bea);
    expect(await new Caller(bridge.publicUrl, anna.id, `openid:${token}`).get('/v3/whoami')).toMatchObject({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } });
    const own = await new Caller(bridge.publicUrl, bea.id, `openid:${token}`).get('/v3/whoami');
    expect(own).toMatchObject({ status: 200, body: { logins: [] } });
    expect(await new Caller(bridge.publicUrl, bea.id, `openid:${token}`).get('/v3/contacts', at)).toMatchObject({ status: 404 });
  });

  test('with a forged one, one that is cut off, and an access token', async () => {
    const token = await tokenOf(anna);
    for (const wrong of ['made-up', token.slice(0, -1), `${token}x`, token.split('').toReversed().join('')]) {
      expect(await new Caller(bridge.publicUrl, anna.id, `openid:${wrong}`).get('/v3/whoami')).toMatchObject({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } });
    }
    // Without its mark it would be the shared secret, of which there is none.
    expect(await new Caller(bridge.publicUrl, anna.id, token).get('/v3/whoami')).toMatchObject({ status: 401 });
  });

  test('with one that has expired', async () => {
    const token = await tokenOf(anna);
    const synapses = new Database(join(dirname(synapse.logFile), 'homeserver.db'), { timeout: 20_000 });
    try {
      const { changes } = synapses.prepare('UPDATE open_id_tokens SET ts_valid_until_ms = ? WHERE token = ?').run(Date.now() - 1_000, token);
      expect(changes).toBe(1);
    } finally {
      synapses.close();
    }
    expect(await new Caller(bridge.publicUrl, anna.id, `openid:${token}`).get('/v3/whoami')).toMatchObject({ status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } });
  });

  test('whoever names a user of another homeserver', async () => {
    expect(await new Caller(bridge.publicUrl, '@anna:elsewhere.test', `openid:${await tokenOf(anna)}`).get('/v3/whoami')).toMatchObject({ status: 401 });
  });
});
