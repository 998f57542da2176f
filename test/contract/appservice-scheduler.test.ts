import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startHttp } from '../../src/http/server.ts';
import type { HttpServers } from '../../src/http/server.ts';
import { appserviceRoutes } from '../../src/matrix/appservice/routes.ts';
import type { Transaction } from '../../src/matrix/appservice/transaction.ts';
import { createHomeserver } from '../../src/matrix/client/homeserver.ts';
import type { HomeserverClient } from '../../src/matrix/client/homeserver.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { RoomId, UserId } from '../../src/model/ids.ts';
import { FakeHomeserver } from '../kit/fake-homeserver/server.ts';
import { noLookups } from '../kit/lookups.ts';

/** The bridge's side, kept to the one thing that matters here: each event once, by its id. */
class Inbox {
  readonly events: string[] = [];
  readonly transactions: Transaction[] = [];
  failures = 0;
  #http: HttpServers | undefined;

  async listen(hsToken: string, port = 0): Promise<string> {
    const routes = appserviceRoutes({
lookups: noLookups,
      hsToken, userExists: async () => false, aliasExists: async () => false, onBadEvent() {}, log: silentLogger,
      accept: async (transaction) => {
        if (this.failures > 0) {
          this.failures -= 1;
          throw new Error('busy');
        }
        this.transactions.push(transaction);
        for (const { event_id } of transaction.events) if (!this.events.includes(event_id)) this.events.push(event_id);
      },
    });
    this.#http = await startHttp({ listeners: [{ name: 'homeserver', host: '127.0.0.1', port }], routes, log: silentLogger });
    return `http://127.0.0.1:${this.#http.ports.homeserver}`;
  }

  async close(): Promise<void> {
    await this.#http?.close();
    this.#http = undefined;
  }
}

const bot = '@bridgebot:fake.test' as UserId;
let fake: FakeHomeserver;
let inbox: Inbox;
let client: HomeserverClient;
let url: string;
let room: string;

beforeEach(async () => {
  fake = await FakeHomeserver.start({ backoffSecondMs: 10 });
  inbox = new Inbox();
  url = await inbox.listen(fake.hsToken);
  fake.connect(url);
  client = createHomeserver({ url: fake.url, asToken: fake.asToken, bot });
  room = fake.user('alice').createRoom({ invite: [bot] });
  await client.join(bot, room as RoomId);
  await fake.idle();
});
afterEach(async () => {
  await client.close();
  await fake.close();
  await inbox.close();
});

const say = (count: number): string[] => Array.from({ length: count }, (_, n) => fake.user('alice').send(room, `message ${n}`));

describe('what the homeserver pushes', () => {
  test('arrives once and in order, at most a hundred at a time', async () => {
    const sent = say(250);
    await fake.idle();
    expect(inbox.events.slice(-250)).toEqual(sent);
    expect(Math.max(...inbox.transactions.map((one) => one.events.length))).toBe(100);
  });

  test('includes our own ghosts, and not what happens in rooms without us', async () => {
    await client.register('_drawbridge_whatsapp_1');
    const own = await client.send(bot, room as RoomId, 'm.room.message', 't', { body: 'x' });
    const bob = fake.user('bob');
    const other = bob.send(bob.createRoom(), 'secret');
    await fake.idle();
    expect(inbox.events).toContain(own);
    expect(inbox.events).not.toContain(other);
  });

  test('comes again until it is accepted; ephemeral data does not', async () => {
    inbox.failures = 3;
    fake.user('alice').typing(room, true);
    const sent = say(5);
    await fake.idle();
    expect(inbox.events.slice(-5)).toEqual(sent);
    expect(fake.deliveries.filter((one) => one.status === 503)).toHaveLength(3);
    expect(inbox.transactions.flatMap((one) => one.ephemeral)).toEqual([]);
    fake.user('alice').typing(room, false);
    await fake.idle();
    expect(inbox.transactions.flatMap((one) => one.ephemeral)).toEqual([{ type: 'm.typing', room_id: room, content: { user_ids: [] } }]);
  });

  test('while the bridge is down waits, an event a transaction, and comes in order', async () => {
    const port = Number(new URL(url).port);
    await inbox.close();
    const first = say(3);
    while (fake.service.up) await new Promise((resolve) => setTimeout(resolve, 5));
    const later: string[] = [];
    for (let n = 0; n < 4; n++) {
      later.push(...say(1));
      while (fake.service.queued > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await inbox.listen(fake.hsToken, port);
    await fake.idle();
    expect(inbox.events.slice(-7)).toEqual([...first, ...later]);
    expect(inbox.transactions.slice(-4).map((one) => one.events.length)).toEqual([1, 1, 1, 1]);
  });

  test('a ping ends the back-off', async () => {
    await fake.close();
    fake = await FakeHomeserver.start({ backoffSecondMs: 1_000_000 });
    fake.connect(url);
    await client.close();
    client = createHomeserver({ url: fake.url, asToken: fake.asToken, bot });
    room = fake.user('alice').createRoom({ invite: [bot] });
    await client.join(bot, room as RoomId);
    await fake.idle();
    inbox.failures = 1;
    const sent = say(1);
    while (fake.service.up) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(inbox.events).not.toContain(sent[0]);
    expect(await client.pingUs('drawbridge', 'p1')).toBeGreaterThanOrEqual(0);
    await fake.idle();
    expect(inbox.events).toContain(sent[0]);
    await expect(client.pingUs('another', 'p1')).rejects.toMatchObject({ code: 'M_FORBIDDEN' });
  });
});

describe('what a homeserver may do', () => {
  test('replays: same id and body, other body, new id, ids from 1, two at once', async () => {
    const sent = say(3);
    await fake.idle();
    const before = [...inbox.events];
    const other = { event_id: '$other', room_id: room, sender: '@alice:fake.test', type: 'm.room.message', origin_server_ts: 1, content: {} };
    expect(await fake.replay({ sameId: true })).toBe(true);
    expect(await fake.replay({ sameId: false })).toBe(true);
    expect(await Promise.all([fake.replay({ sameId: true }), fake.replay({ sameId: true })])).toEqual([true, true]);
    expect(inbox.events).toEqual(before);
    expect(await fake.replay({ sameId: true, otherBody: [other] })).toBe(true);
    fake.resetTxnIds();
    const after = say(2);
    await fake.idle();
    expect(inbox.events).toEqual([...before, '$other', ...after]);
    expect(inbox.transactions.at(-1)!.txnId).toBe('1');
    expect(before.slice(-3)).toEqual(sent);
  });

  test('a restart loses what waited in memory, as Synapse does', async () => {
    fake.connect('http://127.0.0.1:1');
    say(1);
    while (fake.service.up) await new Promise((resolve) => setTimeout(resolve, 5));
    await fake.restart({ loseQueued: true });
    fake.connect(url);
    await fake.idle();
    expect(fake.eventsOf(room, 'm.room.message')).toHaveLength(1);
    expect(inbox.events).toContain(fake.eventsOf(room, 'm.room.message')[0]!.event_id);
  });
});

describe('the fake as a process', () => {
  let folder: string;
  const running: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fake-homeserver-'));
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  async function launch(...more: string[]): Promise<{ child: ChildProcess; url: string }> {
    const main = new URL('../kit/fake-homeserver/main.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [main, '--state', join(folder, 'state'), '--hs-token', 'hs', '--as-token', 'as', '--backoff-second-ms', '10', ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
    running.push(child);
    const line = await new Promise<string>((resolve) => child.stdout!.once('data', (data) => resolve(String(data))));
    return { child, url: (JSON.parse(line) as { url: string }).url };
  }

  async function control(base: string, path: string, ...args: unknown[]): Promise<Record<string, unknown>> {
    const response = await fetch(`${base}/_fake/${path}`, args.length === 0 ? {} : { method: 'POST', body: JSON.stringify(args) });
    expect(response.status).toBe(200);
    return (await response.json()) as Record<string, unknown>;
  }

  test('keeps everything over kill -9 and goes on', async () => {
    const own = new Inbox();
    const asUrl = await own.listen('hs');
    const first = await launch('--as-url', asUrl);
    const created = await control(first.url, 'user/alice/createRoom', { invite: [bot] });
    const sent = await control(first.url, 'user/alice/send', created['result'], 'before');
    const gone = new Promise((resolve) => first.child.once('exit', resolve));
    first.child.kill('SIGKILL');
    await gone;
    const second = await launch('--as-url', asUrl, '--resend-unsent');
    const as = createHomeserver({ url: second.url, asToken: 'as', bot });
    await as.join(bot, created['result'] as RoomId);
    const events = await control(second.url, 'events', created['result'], 'm.room.message');
    expect(events).toEqual([expect.objectContaining({ event_id: sent['result'], content: { msgtype: 'm.text', body: 'before' } })]);
    const after = await control(second.url, 'user/alice/send', created['result'], 'after');
    while (!own.events.includes(String(after['result']))) await new Promise((resolve) => setTimeout(resolve, 5));
    await as.close();
    await own.close();
  });
});
