import type { Route, RouteAnswer } from '../model/route.ts';
import type { Metrics } from './metrics.ts';

/** By name (`database`, `homeserver`, `draining`): whether it is as it should be. A network's account is no part of it. */
export type Readiness = Readonly<Record<string, boolean>>;

const NO_BODY = 1024;

/** `/metrics`, `/live` (the process answers) and `/ready` (200 while every check holds, else 503), on the admin listener. */
export function metricsRoutes(metrics: Metrics, ready: () => Promise<Readiness>): Route[] {
  const get = (path: string, handle: () => Promise<RouteAnswer>): Route => ({ method: 'GET', path, listener: 'admin', maxBody: NO_BODY, handle });
  return [
    get('/metrics', async () => ({ status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.text() })),
    get('/live', () => Promise.resolve({ status: 200, body: { live: true } })),
    get('/ready', async () => {
      // A check that throws says nothing about itself here: the reason is in the log, not on a page.
      const checks = await ready().catch((): Readiness => ({ checks: false }));
      const ok = Object.values(checks).every(Boolean);
      return { status: ok ? 200 : 503, body: { ready: ok, checks } };
    }),
  ];
}
