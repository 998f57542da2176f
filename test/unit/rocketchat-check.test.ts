import { afterEach, describe, expect, test } from '@jest/globals';
import type { Check } from '../../src/networks/network.ts';
import { rocketchat } from '../../src/networks/rocketchat/index.ts';
import { type RocketChatSandbox, startRocketChatSandbox } from '../../src/sandbox/rocketchat/index.ts';
import { optionsFor, TOKEN } from '../kit/rocketchat/account.ts';

let sandbox: RocketChatSandbox;
afterEach(async () => sandbox?.close());

async function doctor(account: Readonly<Record<string, unknown>> = {}): Promise<readonly Check[]> {
  const lines: Check[] = [];
  for await (const line of rocketchat.check(optionsFor(sandbox, account))) lines.push(line);
  expect(JSON.stringify(lines)).not.toContain(TOKEN);
  return lines;
}

const api = (path: string, init: { method?: string; body?: string; headers?: Record<string, string> } = {}) => fetch(`${sandbox.url}/api/v1/${path}`, { ...init, headers: { 'x-auth-token': TOKEN, 'x-user-id': sandbox.account._id, ...init.headers } });
const post = async (path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> => {
  const answer = await api(path, { method: 'POST', body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('doctor', () => {
  test('all is well', async () => {
    sandbox = await startRocketChatSandbox({ token: TOKEN });
    const lines = await doctor();
    expect(lines.map(({ what, ok }) => [what, ok])).toEqual(['server', 'token', 'WebSocket', 'names on messages', 'speed', 'rooms', 'links in quotes'].map((what) => [what, true]));
  });

  test('a user without the role, a room it is not in, a socket that is shut, an old server', async () => {
    sandbox = await startRocketChatSandbox({ token: TOKEN, roles: ['user'], version: '5.4.0' });
    sandbox.faults.socketDown = true;
    const lines = await doctor({ rooms: ['nowhere'] });
    const bad = lines.filter(({ ok }) => !ok);
    expect(bad.map(({ what }) => what)).toEqual(['server', 'WebSocket', 'names on messages', 'rooms']);
    expect(bad.every(({ fix }) => fix !== undefined && fix !== '')).toBe(true);
    expect(lines.find(({ what }) => what === 'speed')?.detail).toContain('api-bypass-rate-limit');
  });

  test('a token that is refused ends the questions, as does a second factor', async () => {
    sandbox = await startRocketChatSandbox({ token: TOKEN });
    sandbox.faults.expired = true;
    expect((await doctor()).map(({ what, ok }) => [what, ok])).toEqual([['server', true], ['token', false]]);
    Object.assign(sandbox.faults, { expired: false, totp: true });
    expect((await doctor()).at(-1)).toMatchObject({ what: 'token', ok: false, fix: expect.stringContaining('two factor') });
  });
});

describe('the stand-in', () => {
  test('refuses what the server refuses', async () => {
    sandbox = await startRocketChatSandbox({ token: TOKEN, roles: ['user'] });
    expect((await fetch(`${sandbox.url}/api/v1/me`)).status).toBe(401);
    expect((await api('no.such.thing')).status).toBe(404);
    expect(await post('chat.update', { roomId: 'GENERAL', msgId: 'x', text: 'y', more: 1 })).toMatchObject({ status: 400, body: { errorType: 'error-invalid-params' } });
    expect(await post('chat.react', {})).toMatchObject({ status: 400 });
    expect(await post('chat.sendMessage', { message: { rid: 'GENERAL', msg: 'x', alias: 'Somebody' } })).toMatchObject({ status: 400, body: { error: 'Not enough permission' } });
    expect(await post('chat.sendMessage', { message: { rid: 'elsewhere', msg: 'x' } })).toMatchObject({ body: { errorType: 'error-invalid-room' } });
    expect(await post('chat.sendMessage', { message: { rid: 'GENERAL', msg: 'x', tshow: true } })).toMatchObject({ body: { errorType: 'invalid-params' } });
    expect(await post('chat.sendMessage', { message: { rid: 'GENERAL', msg: 'x'.repeat(5001) } })).toMatchObject({ body: { errorType: 'error-message-size-exceeded' } });
    expect(await post('chat.sendMessage', { message: { _id: 'mine', rid: 'GENERAL', msg: 'x' } })).toMatchObject({ status: 200, body: { message: { _id: 'mine' } } });
    expect(await post('chat.sendMessage', { message: { _id: 'mine', rid: 'GENERAL', msg: 'x' } })).toMatchObject({ status: 400 });
    const anna = sandbox.person('anna');
    const theirs = anna.sendText(sandbox.general, 'theirs');
    expect(await post('chat.update', { roomId: 'GENERAL', msgId: theirs._id, text: 'mine now' })).toMatchObject({ body: { errorType: 'error-action-not-allowed' } });
    expect(await post('chat.delete', { roomId: 'GENERAL', msgId: theirs._id })).toMatchObject({ body: { errorType: 'error-action-not-allowed' } });
    expect((await api('im.history?roomId=GENERAL')).status).toBe(400);
    expect((await api('rooms.upload/GENERAL', { method: 'POST' })).status).toBe(404);
    expect((await fetch(`${sandbox.url}/file-upload/x/y`)).status).toBe(403);
    expect((await api('me', { headers: { origin: 'https://elsewhere.example.org' } })).status).toBe(403);
  });

  test('its socket wants to be greeted and logged in, and tells nobody what is not theirs', async () => {
    sandbox = await startRocketChatSandbox({ token: TOKEN });
    const socket = new WebSocket(`${sandbox.url.replace('http', 'ws')}/websocket`);
    const frames: Record<string, unknown>[] = [];
    let heard = (): void => {};
    socket.onmessage = ({ data }) => {
      frames.push(JSON.parse(String(data)) as Record<string, unknown>);
      heard();
    };
    await new Promise((resolve) => { socket.onopen = resolve; });
    const say = async (frame: object, answer: (frame: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
      socket.send(JSON.stringify(frame));
      for (;;) {
        const found = frames.find(answer);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => { heard = resolve; });
      }
    };
    expect(await say({ msg: 'method', id: '1', method: 'login', params: [] }, ({ msg }) => msg === 'error')).toMatchObject({ reason: 'Must connect first' });
    await say({ msg: 'connect', version: '1', support: ['1'] }, ({ msg }) => msg === 'connected');
    expect(await say({ msg: 'sub', id: 'a', name: 'stream-room-messages', params: ['__my_messages__', false] }, ({ id }) => id === 'a')).toMatchObject({ msg: 'nosub' });
    expect(await say({ msg: 'method', id: '2', method: 'login', params: [{ resume: 'wrong' }] }, ({ id }) => id === '2')).toMatchObject({ error: { error: 403 } });
    expect(await say({ msg: 'method', id: '3', method: 'login', params: [{ resume: TOKEN }] }, ({ id, msg }) => id === '3' && msg === 'result')).toMatchObject({ result: { id: sandbox.account._id } });
    expect(await say({ msg: 'sub', id: 'b', name: 'stream-notify-user', params: ['somebody/message', false] }, ({ id }) => id === 'b')).toMatchObject({ msg: 'nosub', error: { error: 'not-allowed' } });
    expect(await say({ msg: 'sub', id: 'c', name: 'no-such-stream', params: ['x'] }, ({ id }) => id === 'c')).toMatchObject({ msg: 'nosub' });
    expect(await say({ msg: 'method', id: '4', method: 'stream-notify-room', params: ['GENERAL/user-activity', 'somebody', ['user-typing']] }, ({ id }) => id === '4')).toMatchObject({ error: { error: 'not-allowed' } });
    socket.close();
  });
});
