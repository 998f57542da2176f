import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import type { WebhookRequest } from '../../src/networks/network.ts';
import { slack } from '../../src/networks/slack/index.ts';
import { verify } from '../../src/networks/slack/webhook.ts';
import { appSettings, startSandbox } from '../kit/slack/account.ts';

const settings = appSettings({ apiUrl: 'https://slack.com/api', teamId: 'T0SANDBOX', botUserId: 'U0BRIDGE' }, { receive: 'http', signing_secret: 'the-signing-secret', previous_signing_secret: 'the-one-before' });
const NOW = 1_760_000_000_000;

function request(body: string, given: { readonly secret?: string; readonly at?: number; readonly headers?: Record<string, string> } = {}): WebhookRequest {
  const stamp = String(Math.floor((given.at ?? NOW) / 1000));
  const signature = `v0=${createHmac('sha256', given.secret ?? 'the-signing-secret').update(`v0:${stamp}:${body}`).digest('hex')}`;
  return { method: 'POST', query: {}, raw: Buffer.from(body), headers: { 'x-slack-request-timestamp': stamp, 'x-slack-signature': signature, ...given.headers } };
}

describe('the signature of a request', () => {
  test('Slack’s own example', () => {
    const body = 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const app = appSettings({ apiUrl: 'https://slack.com/api', teamId: 'T1DC2JH3J', botUserId: 'U0BRIDGE' }, { receive: 'http', signing_secret: '8f742231b10e8888abcd99yyyzzz85a5' });
    const example: WebhookRequest = { method: 'POST', query: {}, raw: Buffer.from(body), headers: { 'x-slack-request-timestamp': '1531420618', 'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503' } };
    expect(verify(example, app, 1_531_420_618_000)).toEqual({ ok: true });
    expect(verify({ ...example, raw: Buffer.from(`${body}&x=1`) }, app, 1_531_420_618_000)).toMatchObject({ ok: false, status: 401 });
  });

  test('either secret fits, no other does', () => {
    expect(verify(request('{}'), settings, NOW)).toEqual({ ok: true });
    expect(verify(request('{}', { secret: 'the-one-before' }), settings, NOW)).toEqual({ ok: true });
    expect(verify(request('{}', { secret: 'another-secret' }), settings, NOW)).toMatchObject({ ok: false, status: 401 });
  });

  test('a clock that is five minutes off is refused, in either direction', () => {
    expect(verify(request('{}', { at: NOW - 290_000 }), settings, NOW)).toEqual({ ok: true });
    for (const at of [NOW - 310_000, NOW + 310_000]) expect(verify(request('{}', { at }), settings, NOW)).toMatchObject({ ok: false, status: 401 });
    for (const stamp of ['', 'now', '1e9', '-5', ' 1760000000']) expect(verify(request('{}', { headers: { 'x-slack-request-timestamp': stamp } }), settings, NOW)).toMatchObject({ ok: false });
  });

  test('odd signatures are refused', () => {
    for (const signature of ['', 'v0=', 'v1=aa', 'v0=zz', `v0=${'a'.repeat(63)}`]) expect(verify(request('{}', { headers: { 'x-slack-signature': signature } }), settings, NOW)).toMatchObject({ ok: false, status: 401 });
    expect(verify({ method: 'POST', query: {}, raw: Buffer.from('{}'), headers: {} }, settings, NOW)).toMatchObject({ ok: false, status: 401 });
  });

  test('a retry is taken like the first', () => {
    expect(verify(request('{}', { headers: { 'x-slack-retry-num': '3', 'x-slack-retry-reason': 'http_timeout' } }), settings, NOW)).toEqual({ ok: true });
  });

  test('the challenge is answered, once it is signed', () => {
    const body = JSON.stringify({ token: 'x', challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P', type: 'url_verification' });
    expect(verify(request(body), settings, NOW)).toEqual({ ok: true, answer: { status: 200, body: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P' } });
    expect(verify(request(body, { secret: 'another-secret' }), settings, NOW)).toMatchObject({ ok: false, status: 401 });
    expect(verify(request(JSON.stringify({ challenge: '<script>', type: 'url_verification' })), settings, NOW)).toMatchObject({ ok: false, status: 400 });
  });

  test('nobody is taken in while the app receives by Socket Mode', () => {
    expect(verify(request('{}'), appSettings({ apiUrl: 'https://slack.com/api', teamId: 'T0SANDBOX', botUserId: 'U0BRIDGE' }), NOW)).toMatchObject({ ok: false, status: 404 });
  });

  test('what the sandbox posts fits, with its escapes and to the byte', async () => {
    const sandbox = await startSandbox({ requestUrl: 'http://127.0.0.1:9/' });
    const { createServer } = await import('node:http');
    const app = appSettings(sandbox, { receive: 'http', signing_secret: 'signing-secret-of-the-test' });
    const [webhook] = slack.webhooks;
    const texts: string[] = [];
    let refuse = 1;
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const raw = Buffer.concat(chunks);
        const verdict = webhook?.verify({ method: 'POST', query: {}, headers: incoming.headers as Record<string, string>, raw }, app);
        if (verdict?.ok !== true) return void response.writeHead(verdict?.status ?? 500).end();
        if (verdict.answer !== undefined) return void response.writeHead(200).end(verdict.answer.body);
        if (refuse-- > 0) return void response.writeHead(503).end();
        for (const piece of webhook?.split(raw) ?? []) {
          for (const { account, items } of webhook?.decode(piece) ?? []) texts.push(...items.flatMap(({ event }) => (event.type === 'message' ? [`${account}: ${JSON.stringify(event.parts)}`] : [])));
        }
        response.writeHead(200).end();
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    await sandbox.subscribe(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
    const channel = sandbox.channel('general', { members: [sandbox.person('bob').id] });
    sandbox.person('bob').sendText(channel, 'naïve 漢 / 👍');
    await sandbox.idle();
    expect(texts).toEqual([`T0SANDBOX/U0BRIDGE: ${JSON.stringify([{ kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: 'naïve 漢 / 👍' }] }] }])}`]);
    expect(sandbox.sent.some(({ tries, acknowledged }) => tries.length > 1 && acknowledged)).toBe(true);
    server.close();
    server.closeAllConnections();
    await sandbox.close();
  });
});
