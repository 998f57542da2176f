import { expect, test } from '@jest/globals';
import { webhookRoutes } from '../../src/bridge/inbound/webhooks.ts';
import { type Logger, silentLogger } from '../../src/model/log.ts';
import type { RouteRequest } from '../../src/model/route.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import type { Store } from '../../src/store/store.ts';

test('refusals without end do not fill the log: past a few a minute they are counted', async () => {
  let now = 1_790_000_000_000;
  const lines: (readonly [string, unknown])[] = [];
  const log: Logger = { ...silentLogger, warn: (message, fields) => void lines.push([message, fields?.['count']]) };
  const settings = whatsapp.settings.parse({ app_secret: 'secret-of-the-app', verify_token: 'verify-token', accounts: {} });
  const route = webhookRoutes({
    store: {} as Store, log, clock: { now: () => now, sleep: () => Promise.resolve() }, apps: [{ network: whatsapp, app: 'main', settings }],
    accountOf: () => null, accept: () => Promise.resolve(), step() {}, kept() {},
  }).find(({ method }) => method === 'POST');
  const refused: RouteRequest = { method: 'POST', path: '/', params: {}, query: {}, headers: {}, address: '127.0.0.1', raw: Buffer.from('{}') };
  for (let n = 0; n < 1_000; n++) expect((await route?.handle(refused))?.status).toBe(401);
  expect(lines).toHaveLength(20);
  now += 60_000;
  await route?.handle(refused);
  expect(lines.slice(20)).toEqual([['More webhooks were refused.', 980], ['A webhook was refused.', undefined]]);
});
