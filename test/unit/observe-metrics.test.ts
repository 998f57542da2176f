import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { NetworkId } from '../../src/model/ids.ts';
import type { RouteAnswer } from '../../src/model/route.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { metricsRoutes } from '../../src/observe/routes.ts';

const whatsapp = 'whatsapp' as NetworkId;

function filled(): ReturnType<typeof createMetrics> {
  const metrics = createMetrics({ version: '1.2.3' });
  metrics.message('to_matrix', whatsapp, 'delivered');
  metrics.message('to_matrix', whatsapp, 'delivered');
  metrics.delivered('to_network', whatsapp, 0.2);
  metrics.queue('to_network', 4, 12);
  metrics.deadLetters(whatsapp, 3);
  metrics.login('whatsapp/support', false);
  metrics.request('matrix', 200);
  metrics.request(whatsapp, 'error');
  metrics.rateLimited(whatsapp, 1.5);
  return metrics;
}

test('what is counted is what is shown', async () => {
  const text = await filled().text();
  for (const line of [
    'bridge_messages_total{direction="to_matrix",network="whatsapp",outcome="delivered"} 2',
    'bridge_delivery_seconds_bucket{le="0.25",direction="to_network",network="whatsapp"} 1',
    'bridge_delivery_seconds_bucket{le="0.1",direction="to_network",network="whatsapp"} 0',
    'bridge_queue_depth{direction="to_network"} 4',
    'bridge_queue_oldest_seconds{direction="to_network"} 12',
    'bridge_dead_letters{network="whatsapp"} 3',
    'bridge_login_state{account="whatsapp/support"} 0',
    'bridge_remote_requests_total{network="matrix",code="200"} 1',
    'bridge_remote_requests_total{network="whatsapp",code="error"} 1',
    'bridge_rate_limited_seconds_total{network="whatsapp"} 1.5',
    `bridge_build_info{version="1.2.3",node="${process.versions.node}"} 1`,
  ]) expect(text.split('\n')).toContain(line);
});

test('two of them share nothing', async () => {
  filled();
  expect(await createMetrics({ version: '1' }).text()).not.toContain('bridge_messages_total{');
});

test('every metric that the docs name is there', async () => {
  const text = await filled().text();
  const named = [...readFileSync(new URL('../../docs/admin.md', import.meta.url), 'utf8').matchAll(/`((?:bridge|nodejs)_[a-z_]+)`/g)].map(([, name]) => name ?? '');
  expect(new Set(named).size).toBeGreaterThan(8);
  for (const name of named) expect(text).toContain(`# TYPE ${name} `);
});

describe('the routes', () => {
  const request = { method: 'GET', path: '', params: {}, query: {}, headers: {}, address: '127.0.0.1', raw: new Uint8Array() };
  const ask = (path: string, ready: () => Promise<Record<string, boolean>>): Promise<RouteAnswer> => {
    const route = metricsRoutes(filled(), ready).find((one) => one.path === path);
    if (route === undefined) throw new Error(`no ${path}`);
    expect(route.listener).toBe('admin');
    return route.handle(request);
  };
  const good = (): Promise<Record<string, boolean>> => Promise.resolve({ database: true, homeserver: true });

  test('/metrics is the text format', async () => {
    expect(await ask('/metrics', good)).toMatchObject({ status: 200, headers: { 'content-type': expect.stringContaining('text/plain') }, body: expect.stringContaining('bridge_build_info') });
  });
  test('/live is 200 whatever is broken', async () => {
    expect(await ask('/live', () => Promise.reject(new Error('no')))).toMatchObject({ status: 200 });
  });
  test('/ready is 503 where one check fails or cannot be made', async () => {
    expect(await ask('/ready', good)).toMatchObject({ status: 200, body: { ready: true } });
    expect(await ask('/ready', () => Promise.resolve({ database: true, homeserver: false }))).toEqual({ status: 503, body: { ready: false, checks: { database: true, homeserver: false } } });
    expect(await ask('/ready', () => Promise.reject(new Error('secret reason')))).toEqual({ status: 503, body: { ready: false, checks: { checks: false } } });
  });
});
