import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../../src/daemon.ts';
import type { FakeEvent } from '../fake-homeserver/world.ts';
import { FakeHomeserver, type FakeUser } from '../fake-homeserver/server.ts';
import { eventually, freePorts } from '../stack/stack.ts';
import type { Driver, Peer } from './driver.ts';

/** The daemon with one network's account, between the fake homeserver and that network's sandbox. */
export interface ConformanceStage {
  readonly homeserver: FakeHomeserver;
  readonly peer: Peer;
  readonly alice: FakeUser;
  /** Alice's room with this conversation, which she has joined; waits for it. */
  room(title: string): Promise<string>;
  /** Waits for an event in a room. */
  seen(room: string, what: string, fits: (event: FakeEvent) => boolean): Promise<FakeEvent>;
  /** Stops the daemon and starts it again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What a loaded machine may need; what is there is found at once. Milliseconds. */
const patience = 30_000;

export async function conformanceStage(driver: Driver): Promise<ConformanceStage> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-conformance-'));
  const [asPort = 0, publicPort = 0, adminPort = 0] = await freePorts(3);
  const homeserver = await FakeHomeserver.start({ botLocalpart: 'drawbridge', backoffSecondMs: 20, appserviceUrl: `http://127.0.0.1:${asPort}` });
  const alice = homeserver.user('alice');
  const peer = await driver.start({ webhooks: `http://127.0.0.1:${publicPort}/webhooks`, owners: [alice.id] });
  const configPath = join(dir, 'config.yaml');
  await writeFile(join(dir, 'registration.yaml'), JSON.stringify({
    id: 'drawbridge', url: `http://127.0.0.1:${asPort}`, as_token: homeserver.asToken, hs_token: homeserver.hsToken, sender_localpart: 'drawbridge',
    rate_limited: false, namespaces: { users: [{ exclusive: true, regex: '@_drawbridge_.*:fake\\.test' }] },
  }));
  await writeFile(configPath, JSON.stringify({
    homeserver: { url: homeserver.url, domain: homeserver.serverName }, registration: 'registration.yaml', database: 'drawbridge.db', data: 'data',
    seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: `127.0.0.1:${asPort}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: { [alice.id]: 'admin' }, delivery: { target_wait: '3s', settle_wait: '2s', echo_wait: '2s' },
    logging: { level: process.env['TEST_LOG'] ?? 'error', format: 'json' }, networks: { [driver.network.id]: peer.config },
  }));
  let daemon: Daemon | null = await startDaemon({ configPath });
  const roomNamed = (title: string): string | null => [...homeserver.rooms.values()].find(({ timeline }) =>
    timeline.findLast(({ type }) => type === 'm.room.name')?.content['name'] === title)?.id ?? null;
  return {
    homeserver, peer, alice,
    async room(title) {
      const id = await eventually(`a room called ${title}`, () => roomNamed(title), patience);
      await eventually('the invitation', () => ['invite', 'join'].includes(homeserver.membership(id, alice.id)), patience);
      if (homeserver.membership(id, alice.id) === 'invite') alice.join(id);
      return id;
    },
    seen: (room, what, fits) => eventually(what, () => homeserver.eventsOf(room).find(fits), patience),
    async restart() {
      await daemon?.stop();
      daemon = await startDaemon({ configPath });
    },
    async close() {
      await daemon?.stop();
      await peer.close();
      await homeserver.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
