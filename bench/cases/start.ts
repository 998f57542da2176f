import { join } from 'node:path';
import { ghostLocalpart } from '../../src/matrix/profiles/ghost-id.ts';
import type { AccountId, NetworkId, RoomId } from '../../src/model/ids.ts';
import { createSeal } from '../../src/store/seal.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';
import { type Child, lifeMs, startChild } from '../child.ts';
import { byTurns, type Figures, rowsOf, type Row, type Table } from '../measure.ts';
import { Talk } from '../talk.ts';
import { ids, openWorld, type World } from '../world.ts';

const portals = 10_000;
const messages = 10_000;
const conversations = 50;

/** How soon it works, and what it takes up, when fresh, with many portals, and after much talk. */
export async function start(rounds: number): Promise<Table> {
  const [fresh, full, peer] = await Promise.all([openWorld('ours'), openWorld('ours', { prepare: fill }), openWorld('theirs')]);
  try {
    const rows: Row[] = [];
    const compare = async (what: string, ours: () => Promise<Figures>, theirs: () => Promise<Figures>): Promise<void> => {
      rows.push(...rowsOf(await byTurns(rounds, ours, theirs), [
        { what: `${what}: until ready`, unit: 'ms', figure: 'ready', more: false }, { what: `${what}: memory`, unit: 'MB', figure: 'rss', more: false },
      ]));
    };
    await compare('fresh, against an empty Node', () => again(fresh), () => idle(''));
    await compare('fresh, against loading matrix-appservice-bridge alone', () => again(fresh), () => idle("process.noDeprecation = true; require('matrix-appservice-bridge');"));
    await compare('fresh, against the peer', () => again(fresh), () => again(peer));
    await compare(`with ${portals} portals, against the peer with none`, () => again(full), () => again(peer));
    rows.push(...rowsOf([[await talked(fresh), await talked(peer)]], [{ what: `after ${messages} messages, against the peer after as many: memory`, unit: 'MB', figure: 'rss', more: false }]));
    return { title: 'Start and memory', ours: 'Drawbridge', theirs: 'other', rows, notes: ['Memory is resident memory. The last line is of one round.'] };
  } finally {
    await Promise.all([fresh, full, peer].map((world) => world.close()));
  }
}

async function again(world: World): Promise<Figures> {
  await world.restart();
  return { ready: world.bridge.readyMs, rss: world.bridge.rssMb() };
}

/** Node with this script: the life of one that ends by itself, the memory of one that stays. */
async function idle(script: string): Promise<Figures> {
  const ready = await lifeMs(['-e', script]);
  const staying: Child = await startChild(['-e', `${script} console.log('ready'); setInterval(() => {}, 1000);`], 'ready');
  const rss = staying.rssMb();
  await staying.stop();
  return { ready, rss };
}

async function talked(world: World): Promise<Figures> {
  const talk = new Talk(world);
  await talk.open(conversations);
  const each = messages / conversations / 4;
  for (let turn = 0; turn < 2; turn++) {
    await talk.burst('to network', conversations, each);
    await talk.burst('to Matrix', conversations, each);
  }
  await talk.quiet();
  return { rss: world.bridge.rssMb() };
}

/** A database as it is after many people have written, everything settled. */
async function fill(dir: string): Promise<void> {
  const store = openSqliteStore({
    path: join(dir, 'drawbridge.db'), seal: createSeal(Buffer.alloc(32, 7)), now: () => Date.now(),
    localpartOf: (network, scope, id) => ghostLocalpart({ prefix: '_drawbridge_', serverName: 'fake.test' }, { network, scope, id }),
  });
  for (let from = 0; from < portals; from += 500) await Promise.all(Array.from({ length: 500 }, (_, n) => portal(store, from + n)));
  await store.setMeta('clean', 'yes');
  store.close();
}

async function portal(store: Store, n: number): Promise<void> {
  const id = String(31_700_000_000 + n);
  const who = { id, scope: ids.wabaId };
  const { wake } = await store.openConversation({
    network: 'whatsapp' as NetworkId, account: 'whatsapp/main/support' as AccountId, person: { ...who, name: `Person ${n}` }, conversation: { ...who, kind: 'direct', perAccount: true }, invite: [],
  });
  for (const lane of wake) {
    for (let row = store.outHead(lane); row !== null; row = store.outHead(lane)) {
      await store.begin(row);
      const room = row.room;
      await store.settleOut(row.seq, { to: 'confirmed', remoteId: null, at: Date.now() }, row.kind !== 'create' || room === null ? [] : [
        { do: 'room', room, change: { roomId: `!room${n}:fake.test` as RoomId, state: 'live' } },
        ...store.portalsOf(room).map(({ row: one }) => ({ do: 'portalState', portal: one, state: 'live' }) as const),
      ]);
    }
  }
}
