import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/model/clock.ts';
import { DeliveryError, Retry } from '../../src/model/errors.ts';
import { silentLogger } from '../../src/model/log.ts';
import type { SlackApi } from '../../src/networks/slack/api.ts';
import { CatchUp } from '../../src/networks/slack/catchup.ts';
import type { SlackConnection } from '../../src/networks/slack/connection.ts';
import { appSettings, connect, secrets } from '../kit/slack/account.ts';

/** Something that answers for Slack and writes down what it is asked for with the token. */
let server: Server;
let withToken: string[];
let info: object;
let url: string;
let connection: SlackConnection;

beforeEach(async () => {
  withToken = [];
  info = {};
  server = createServer((request, response) => {
    if (request.headers.authorization === `Bearer ${secrets.botToken}`) withToken.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ok: true, file: info }));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  connection = connect(appSettings({ apiUrl: `${url}/api`, teamId: 'T0SANDBOX', botUserId: 'U0BRIDGE' }));
});

afterEach(async () => {
  await connection.close();
  await new Promise((resolve) => void server.close(resolve));
});

const open = async (handle: object): Promise<unknown> => connection.openMedia(JSON.stringify(handle), AbortSignal.timeout(5_000)).then(async ({ bytes }) => {
  for await (const _piece of bytes);
}).catch((error: unknown) => error);

describe('where a file lies', () => {
  test.each(['/api/chat.delete?channel=C0GENERAL&ts=1.2', '//api/chat.delete', '/files-pri/../api/chat.delete', '/files-pri/..%2fapi/chat.delete', '/files-pri/x/%2e%2e%5c..%2Fapi/chat.delete'])('%s: no method is called with the token', async (path) => {
    await open({ id: 'F1', url: url + path });
    expect(withToken).toEqual([]);
  });

  test('a file of Slack’s own is fetched with it', async () => {
    await open({ id: 'F1', url: `${url}/files-pri/T1-F1/plan..v2%2Fb.pdf` });
    expect(withToken).toEqual(['/files-pri/T1-F1/plan..v2%2Fb.pdf']);
  });

  test('a remote file of another workspace, of which only files.info tells, is not fetched at all', async () => {
    info = { id: 'F1', mode: 'external', is_external: true, url_private: `${url}/files-pri/T1-F1/x` };
    expect(await open({ id: 'F1', ask: true })).toBeInstanceOf(DeliveryError);
    expect(withToken).toEqual(['/api/files.info']);
  });
});

test('a conversation that cannot be caught up with holds up what is said in it once, not every word of it', async () => {
  const slept: number[] = [];
  const stop = new AbortController();
  const api = {
    // A page that never comes.
    pages: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise((resolve) => { stop.signal.addEventListener('abort', () => resolve({ done: true, value: undefined })); }) }) }),
    call: () => Promise.reject(new Retry('Slack is asked too often.', 'ratelimited', { afterMs: 3_600_000, rateLimited: true })),
  } as unknown as SlackApi;
  const clock = { now: Date.now, sleep: (ms: number, signal?: AbortSignal) => {
    slept.push(ms);
    return ms < 60_000 ? Promise.resolve() : systemClock.sleep(ms, signal);
  } };
  const catchUp = new CatchUp({ api, clock, log: silentLogger, since: '1.0', signal: stop.signal, decode: () => [], accept: () => Promise.resolve(), note: () => {} });
  for (let n = 0; n < 5; n++) await catchUp.ready('C0GENERAL');
  await catchUp.ready('C0OTHER');
  expect(slept.filter((ms) => ms < 60_000)).toHaveLength(2);
  stop.abort();
  await catchUp.done;
});
