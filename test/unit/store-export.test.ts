import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EventId, RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import { readExports } from '../../src/store/read-privacy.ts';
import type { Store } from '../../src/store/store.ts';
import { openPostgres } from '../kit/model/store/postgres.ts';
import { ALICE, Bench, matrixEvent, message, NETWORK, person, portalLane, says, writes } from '../kit/model/store/setup.ts';
import { openSqlite, SEAL_KEY } from '../kit/model/store/sqlite.ts';
import { PostgresServer } from '../kit/postgres/server.ts';

const bench = new Bench();
const now = (): number => bench.now;
const GROUP = { id: 'g', scope: '', kind: 'group', perAccount: false } as const;
const picture = { kind: 'image', media: { source: { network: 'handle' }, name: 'me.png' } } as const;

/** Bob has a chat with Alice and is in a group; things of both wait. */
async function talk(store: Store): Promise<void> {
  await bench.open(() => Promise.resolve({ store, reopen: () => Promise.resolve(store), dispose: () => Promise.resolve() }));
  const chat = await bench.portal(message('31', ['+31']), '!chat:test');
  const group = await bench.portal(message('32', [], { conversation: GROUP }), '!group:test');
  const bob = store.personById(NETWORK, '', '31');
  const ghost = `@${bob?.localpart}:test` as typeof ALICE;
  await store.apply([
    { do: 'member', room: chat.room, member: { user: ghost, membership: 'join', name: 'Bob (Fake)' } }, { do: 'member', room: chat.room, member: { user: ALICE, membership: 'join', name: 'Alice', picture: 'mxc://a/b' as never } },
    { do: 'member', room: chat.room, member: { user: '@carol:test' as typeof ALICE, membership: 'knock', name: null } },
    { do: 'consent', person: bob?.row as never, stopped: 7 },
    ...[chat, group].map(({ row }, n) => ({ do: 'map', row: { portal: row, eventId: `$b${n}` as EventId, outPart: 0, remoteId: `b${n}` as RemoteId, inPart: 0, remoteTime: 5, origin: 'network', author: String(bob?.row) } }) as const),
    { do: 'map', row: { portal: chat.row, eventId: '$a' as EventId, outPart: 0, remoteId: 'a' as RemoteId, inPart: 0, remoteTime: 6, origin: 'matrix', author: ALICE } },
    { do: 'react', row: { portal: chat.row, target: '$a', actor: String(bob?.row), emoji: '👍', eventId: '$r' as EventId, key: 'r', at: 1 } },
    { do: 'react', row: { portal: chat.row, target: 'b0', actor: ALICE, emoji: '🎉', eventId: '$s' as EventId, key: 's', at: 1 } },
    { do: 'send', row: { lane: `out:r${chat.room}`, key: 'late', portal: chat.row, room: chat.room, task: writes('shown later', { as: bob?.row as never }) } },
  ]);
  await bench.take(message('33'));
  await bench.take(message('31', [], { sender: person('31'), parts: [{ kind: 'text', text: plain('not handled') }] }));
  await store.apply([{ do: 'consent', person: bob?.row as never, stopped: null }]);
  const file = await bench.take(message('31', [], { conversation: GROUP, parts: [picture] }));
  await store.mediaDone(file.media[0] ?? 0, { to: 'ready', spool: 's', mime: 'image/png', name: 'me.png', size: 3 });
  await store.apply([{ do: 'consent', person: bob?.row as never, stopped: 7 }]);
  const row = await bench.send({ lane: portalLane(chat.row), key: 'out', portal: chat.row, room: chat.room, task: says('not sent'), event: '$w' as EventId, sender: ALICE });
  await store.apply([{ do: 'link', row: row.seq, expiresAt: bench.now + 1e9 }]);
  await bench.hear(matrixEvent('heard', '!chat:test', { body: 'not handled either' }), { ...matrixEvent('other', '!chat:test'), sender: '@carol:test' });
}

const ofBob = {
  person: { network: NETWORK, name: 'Name of 31', not_bridged_since: 7 },
  ids: [{ network: NETWORK, scope: '', value: '+31' }, { network: NETWORK, scope: '', value: '31' }],
  ghosts: [expect.stringContaining('31')], rooms: [{ room_id: '!chat:test', membership: 'join', name: 'Bob (Fake)' }],
  chats: [{ kind: 'direct', room_id: '!chat:test', account: 'fake/app/one' }],
  messages: { count: 2, list: [{ event_id: '$b0', remote_id: 'b0', room_id: '!chat:test', time: 5 }, { event_id: '$b1', remote_id: 'b1', room_id: '!group:test' }] },
  reactions: [{ emoji: '👍', target: '$a', event_id: '$r' }],
  received: [{ state: 'ready', content: { parts: [{ kind: 'text' }] } }, { state: 'ready', content: { parts: [{ kind: 'image' }] } }],
  files: [{ state: 'ready', mime: 'image/png', name: 'me.png' }],
  written: [{ kind: 'enter', content: null }, { kind: 'message', state: 'ready', content: { content: { body: 'shown later' } } }],
};
const ofAlice = {
  user: ALICE, rooms: [{ room_id: '!chat:test', membership: 'join', name: 'Alice', picture: 'mxc://a/b' }], portals: [{ room_id: '!chat:test', network: NETWORK, kind: 'direct' }],
  messages: { count: 1, list: [{ event_id: '$a', remote_id: 'a' }] }, reactions: [{ emoji: '🎉' }], links: [{ event: '$w' }],
  received: [{ content: { event_id: '$heard' } }], sent: [{ kind: 'message', state: 'ready', event: '$w', content: { to: 'network' } }],
};

async function check(database: string, isServer: boolean, store: Store): Promise<void> {
  const read = async (): Promise<unknown> => readExports(database, isServer, SEAL_KEY, async (exports) => {
    const [row] = await exports.peopleCalled(NETWORK, '31');
    expect([await exports.person(row as never), await exports.personByLocalpart('nobody')]).toMatchObject([{ row, network: NETWORK }, null]);
    return [await exports.ofPerson(row as never), await exports.ofUser(ALICE)];
  });
  const held = await read();
  expect(held).toMatchObject([ofBob, ofAlice]);
  // Of others nothing, nor a thing of the bridge's own.
  expect(JSON.stringify(held)).not.toMatch(/carol|"body":\{|Name of 3[23]/);
  expect(await store.exportUser(ALICE)).toMatchObject(ofAlice);
  // Whoever only knocks at a room, or was thrown out, is told nothing of what it is bridged to.
  expect(await store.exportUser('@carol:test' as typeof ALICE)).toMatchObject({ rooms: [{ membership: 'knock' }], portals: [] });
  // It is plain data, which a file can hold.
  expect(JSON.parse(JSON.stringify(held))).toEqual(held);
}

describe('what is held about people', () => {
  test('is read of a SQLite database beside the bridge that runs on it, and after it, without a trace', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'store-export-'));
    const path = join(dir, 'bridge.db');
    try {
      const store = openSqlite(path, now);
      await talk(store);
      await check(path, false, store);
      store.close();
      const before = readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).toString('base64')]);
      await readExports(path, false, SEAL_KEY, async (exports) => expect((await exports.ofUser(ALICE))['messages']).toMatchObject({ count: 1 }));
      expect(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).toString('base64')])).toEqual(before);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test('is refused in words where there is none', async () => {
    await expect(readExports('/nowhere/bridge.db', false, SEAL_KEY, () => Promise.resolve())).rejects.toMatchObject({ code: 'DB-2003' });
  });
});

describe('on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 120_000);
  afterAll(() => server.close());

  test('it is read beside the bridge, too, and nothing can be written', async () => {
    await server.database('export');
    const store = await openPostgres(server.url('export'), now);
    await talk(store);
    await check(server.url('export'), true, store);
    store.close();
  });
});
