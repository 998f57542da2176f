import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../src/demo/synapse/ports.ts';
import { FakeHomeserver } from '../fake-homeserver/server.ts';
import { eventually } from '../stack/stack.ts';
import { type MatrixSide, patience } from './side.ts';

export interface FakeSide extends MatrixSide {
  readonly homeserver: FakeHomeserver;
}

/** The fake homeserver: quick, and it forgets nothing. */
export async function onFake(dir: string): Promise<FakeSide> {
  const port = await freePort();
  const homeserver = await FakeHomeserver.start({ botLocalpart: 'drawbridge', backoffSecondMs: 20, appserviceUrl: `http://127.0.0.1:${port}` });
  const alice = homeserver.user('alice');
  const registration = join(dir, 'registration.yaml');
  await writeFile(registration, JSON.stringify({
    id: 'drawbridge', url: `http://127.0.0.1:${port}`, as_token: homeserver.asToken, hs_token: homeserver.hsToken, sender_localpart: 'drawbridge',
    rate_limited: false, namespaces: { users: [{ exclusive: true, regex: '@_drawbridge_.*:fake\\.test' }] },
  }));
  const enter = (id: string): boolean => {
    if (homeserver.membership(id, alice.id) === 'invite') alice.join(id);
    return homeserver.membership(id, alice.id) === 'join';
  };
  const named = (id: string, name: string): boolean => homeserver.eventsOf(id, 'm.room.name').at(-1)?.content['name'] === name;
  const later = <T>(work: () => T): Promise<T> => Promise.resolve().then(work);
  return {
    homeserver,
    config: { homeserver: { url: homeserver.url, domain: homeserver.serverName }, registration, bridge: { privacy_notice: '' } },
    listen: `127.0.0.1:${port}`, serverName: homeserver.serverName, alice: alice.id, bot: homeserver.bot,
    isGhost: (user) => user.startsWith('@_drawbridge_'),
    room: (name) => eventually(`a room called ${name}`, () => [...homeserver.rooms.keys()].find((id) => named(id, name) && enter(id)), patience),
    rooms: () => later(() => [...homeserver.rooms.keys()].filter(enter)),
    events: (room, type) => homeserver.eventsOf(room, type),
    async make() {
      const id = alice.createRoom();
      alice.invite(id, homeserver.bot);
      await eventually('the bot in it', () => homeserver.eventsOf(id, 'm.room.message').some(({ sender }) => sender === homeserver.bot), patience);
      return id;
    },
    send: (room, content, type) => later(() => alice.send(room, content, type)),
    redact: (room, event) => later(() => alice.redact(room, event)),
    setState: (room, type, content) => later(() => alice.setState(room, type, '', content)),
    upload: (bytes, mime, name) => later(() => homeserver.addMedia(bytes, mime, name)),
    download: (mxc) => later(() => homeserver.media(mxc)?.data ?? null),
    close: () => homeserver.close(),
  };
}
