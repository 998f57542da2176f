import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { AccountBroken, DeliveryError, Rejected, Retry, Uncertain, Unreachable } from '../../src/model/errors.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import type { Check } from '../../src/networks/network.ts';
import { slack } from '../../src/networks/slack/index.ts';
import { systemClock } from '../../src/model/clock.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { SlackConnection } from '../../src/networks/slack/connection.ts';
import type { SlackSandbox } from '../../src/sandbox/slack/index.ts';
import { appSettings, connect, part, secrets, startSandbox, target } from '../kit/slack/account.ts';

let sandbox: SlackSandbox;
let connection: SlackConnection;
let general: string;

beforeEach(async () => {
  sandbox = await startSandbox();
  general = sandbox.channel('general');
  connection = connect(appSettings(sandbox));
});

afterEach(async () => {
  await connection.close();
  await sandbox.close();
});

const outcome = async (work: Promise<unknown>): Promise<DeliveryError> => {
  const error: unknown = await work.then(() => new Error('it went through'), (found: unknown) => found);
  if (!(error instanceof DeliveryError)) throw error;
  return error;
};

describe('what a call can end in', () => {
  test('a rate limit says how long to wait, and is nobody’s fault', async () => {
    sandbox.faults.rateLimit = 1;
    const error = await outcome(connection.send(part(target(general), 'x')));
    expect(error).toBeInstanceOf(Retry);
    expect(error).toMatchObject({ rateLimited: true, afterMs: 1000, code: 'ratelimited' });
  });

  test('the documented limit on posts in one channel holds at its speed', async () => {
    const slow = await startSandbox({ clockScale: 1 });
    const channel = slow.channel('general');
    const own = connect(appSettings(slow));
    const sent = await Promise.allSettled(Array.from({ length: 8 }, async (_each, index) => own.send(part(target(channel), `m${index}`))));
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    await own.close();
    await slow.close();
  });

  test('an answer that is lost leaves a message uncertain, and an edit to be tried again', async () => {
    sandbox.faults.acceptThenReset = 1;
    const request = part(target(general), 'perhaps');
    expect(await outcome(connection.send(request))).toBeInstanceOf(Uncertain);
    sandbox.faults.acceptThenReset = 0;
    expect(await connection.findSent(request.key, target(general), Date.now())).toMatchObject({ id: `${general}:${sandbox.messages.at(-1)?.ts}` });
    sandbox.faults.http500 = 1;
    expect(await outcome(connection.send(part(target(general), 'x')))).toBeInstanceOf(Uncertain);
    expect(await outcome(connection.edit({ ...part(target(general), 'y'), target: `${general}:1700000000.000100` as RemoteId }))).toBeInstanceOf(Unreachable);
  });

  test('Slack that cannot be reached is down, and nothing was sent', async () => {
    const app = appSettings({ apiUrl: 'http://127.0.0.1:9/api', teamId: sandbox.teamId, botUserId: sandbox.botUserId });
    const away = connect(app);
    expect(await outcome(away.send(part(target(general), 'x')))).toBeInstanceOf(Unreachable);
    await away.close();
  });

  test('a token that is refused stops the account', async () => {
    sandbox.faults.expireToken = true;
    expect(await outcome(connection.send(part(target(general), 'x')))).toMatchObject({ name: 'AccountBroken', code: 'token_expired' });
    sandbox.faults.expireToken = false;
    sandbox.revoke(secrets.botToken, false);
    expect(await outcome(connection.check())).toMatchObject({ name: 'AccountBroken', code: 'token_revoked' });
  });

  test('what Slack will never take is told as such', async () => {
    const closed = sandbox.channel('closed', { members: [sandbox.person('bob').id] });
    sandbox.person('bob').archive(closed);
    for (const [channel, code] of [[closed, 'is_archived'], ['C0NOWHERE', 'channel_not_found'], [sandbox.channel('elsewhere', { withoutBot: true }), 'not_in_channel']] as const) {
      const error = await outcome(connection.send(part(target(channel), 'x')));
      expect(error).toBeInstanceOf(Rejected);
      expect(error.code).toBe(code);
    }
    expect((await outcome(connection.send(part(target(general), '  ')))).code).toBe('empty');
    expect((await outcome(connection.edit({ ...part(target(general), 'x'), target: 'nonsense' as RemoteId }))).code).toBe('message_not_found');
  });

  test('a scope that only some things need stops only those', async () => {
    const poor = await startSandbox({ botScopes: ['chat:write', 'channels:history', 'channels:read', 'users:read'] });
    const channel = poor.channel('general');
    const own = connect(appSettings(poor));
    const sent = await own.send(part(target(channel), 'x'));
    expect(await outcome(own.react(target(channel), sent.id, '👍', 'k'))).toMatchObject({ name: 'Rejected', code: 'missing_scope', message: expect.stringContaining('reactions:') });
    // Other names are one of them: without, the name goes into the text.
    await own.send(part(target(channel), 'x', { relay: { name: 'Alice' } }));
    expect(poor.messages.at(-1)).toMatchObject({ text: '*Alice*: x', user: poor.botUserId });
    const [planned] = own.plan({ conversation: target(channel), relay: { name: 'Alice' }, content: { kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: 'y' }] }] } });
    expect(JSON.stringify(planned)).toContain('Alice');
    await own.close();
    await poor.close();
  });

  test('a file that only the page to log in is given for is none', async () => {
    const poor = await startSandbox({ botScopes: ['chat:write'] });
    const own = connect(appSettings(poor));
    const handle = JSON.stringify({ id: 'F1', url: `${poor.url}/files-pri/T0-F1/download/x.png` });
    expect(await outcome(own.openMedia(handle, AbortSignal.timeout(5_000)))).toMatchObject({ name: 'Rejected', code: 'login_page' });
    for (const url of ['https://example.org/x', 'http://files.slack.com/x', 'https://files.slack.com.evil.org/x', 'file:///etc/passwd', 'https://u:p@files.slack.com/x', 'http://169.254.169.254/x']) {
      expect((await outcome(own.openMedia(JSON.stringify({ id: 'F1', url }), AbortSignal.timeout(5_000)))).code).toBe('media_host');
    }
    await own.close();
    await poor.close();
  });

  describe('something on the way that answers for Slack', () => {
    let server: Server;
    let answer: { status: number; body: string; headers?: Record<string, string> };
    let away: SlackConnection;

    beforeEach(async () => {
      server = createServer((_request, response) => {
        response.writeHead(answer.status, { 'content-type': 'text/html', ...answer.headers });
        response.end(answer.body);
      });
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      away = connect(appSettings({ apiUrl: `http://127.0.0.1:${port}/api`, teamId: 'T0SANDBOX', botUserId: 'U0BRIDGE' }));
    });

    afterEach(async () => {
      await away.close();
      server.close();
      server.closeAllConnections();
    });

    test.each([
      [{ status: 200, body: 'hello' }, Uncertain], [{ status: 200, body: '{"ok":true}' }, Uncertain], [{ status: 502, body: '' }, Uncertain], [{ status: 403, body: 'blocked' }, AccountBroken], [{ status: 404, body: '' }, Rejected],
      [{ status: 200, body: '{"ok":false,"error":"fatal_error"}' }, Uncertain], [{ status: 200, body: '{"ok":false,"error":"a_new_error"}' }, Rejected], [{ status: 200, body: '{"ok":false,"error":"service_unavailable"}' }, Retry],
      [{ status: 429, body: '', headers: { 'retry-after': '30' } }, Retry],
    ])('%j', async (given, kind) => {
      answer = given;
      const error = await outcome(away.send(part(target('C0ANY'), 'x')));
      expect(error).toBeInstanceOf(kind);
      if (given.status === 429) expect(error).toMatchObject({ rateLimited: true, afterMs: 30_000 });
    });
  });
});

describe('doctor', () => {
  const ask = async (app: ReturnType<typeof appSettings>, publicUrl?: string): Promise<Check[]> => {
    const settings = app.accounts['bot'];
    if (settings === undefined) throw new Error('no account');
    const lines: Check[] = [];
    for await (const line of slack.check({ app: 'main', appSettings: app, account: 'bot', settings, clock: systemClock, log: silentLogger, ...(publicUrl === undefined ? {} : { publicUrl }) })) lines.push(line);
    expect(JSON.stringify(lines)).not.toContain('-of-the-test');
    return lines;
  };

  test('says what is well', async () => {
    const lines = await ask(appSettings(sandbox));
    expect(lines.map(({ what, ok }) => [what, ok])).toEqual([['token and workspace', true], ['scopes', true], ['conversations', true], ['Socket Mode', true]]);
  });

  test('says which id is wrong, and what it should be', async () => {
    const lines = await ask(appSettings({ apiUrl: sandbox.apiUrl, teamId: sandbox.teamId, botUserId: 'U0OTHER' }));
    expect(lines[0]).toMatchObject({ ok: false, fix: `Set networks.slack.main.accounts.bot.user_id to ${sandbox.botUserId}, or put the token of U0OTHER into networks.slack.main.accounts.bot.token.` });
  });

  test('says which scopes are missing', async () => {
    const poor = await startSandbox({ botScopes: ['chat:write', 'users:read', 'channels:read'] });
    const lines = await ask(appSettings(poor));
    expect(lines[1]).toMatchObject({ ok: false, detail: expect.stringContaining('it lacks channels:history. Without chat:write.customize'), fix: expect.stringContaining('OAuth & Permissions') });
    await poor.close();
  });

  test('says that Socket Mode is not open, or where HTTP should go', async () => {
    const poor = await startSandbox({ appScopes: [] });
    expect((await ask(appSettings(poor))).at(-1)).toMatchObject({ ok: false, fix: expect.stringContaining('connections:write') });
    await poor.close();
    const http = appSettings(sandbox, { receive: 'http', signing_secret: secrets.signingSecret });
    expect((await ask(http, 'https://bridge.example.org/')).at(-1)).toMatchObject({ ok: true, detail: expect.stringContaining('https://bridge.example.org/webhooks/slack/main') });
    expect((await ask(http)).at(-1)).toMatchObject({ ok: false });
  });

  test('says that the token is refused, and asks no more', async () => {
    sandbox.revoke(secrets.botToken, false);
    expect((await ask(appSettings(sandbox))).map(({ what, ok }) => [what, ok])).toEqual([['token and workspace', false], ['Socket Mode', true]]);
  });
});
