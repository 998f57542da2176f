import Database from 'better-sqlite3';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MatrixEvent } from '../../src/model/events.ts';
import { createSeal } from '../../src/store/seal.ts';
import type { Store } from '../../src/store/store.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { byTurns, type Figures, rowsOf, type Row, type Table } from '../measure.ts';

const count = 500;
const rooms = 50;

/** The store's commands, beside one bare insert or delete for each with the same promise: on the disk when it is answered. */
export async function store(rounds: number): Promise<Table> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-bench-'));
  const ours = openSqliteStore({ path: join(dir, 'ours.db'), seal: createSeal(Buffer.alloc(32, 7)), now: () => Date.now(), localpartOf: (_network, _scope, id) => id });
  const bare = bareTable(join(dir, 'bare.db'));
  try {
    const rows: Row[] = [];
    for (const [joined, how] of [[1, 'one at a time'], [50, '50 in a tick']] as const) {
      await round(ours, joined);
      bare.round(joined);
      rows.push(...rowsOf(await byTurns(rounds, () => round(ours, joined), () => bare.round(joined)), [
        { what: `accept an event, ${how}`, unit: '/s', figure: 'accepted', more: true },
        { what: `settle it, ${how}`, unit: '/s', figure: 'settled', more: true },
      ]));
    }
    return {
      title: 'The store', ours: 'Drawbridge', theirs: 'bare SQLite', rows,
      notes: ['Bare: one table without an index, the same pragmas, no sealing, no duplicates noticed.'],
    };
  } finally {
    ours.close();
    bare.close();
    await rm(dir, { recursive: true, force: true });
  }
}

let made = 0;

async function round(under: Store, joined: number): Promise<Figures> {
  const events = Array.from({ length: count }, () => eventOf(made++));
  const accepted = await perSecond(joined, events, (event) => under.acceptMatrix({ events: [event], toDevice: [] }));
  const settled = await perSecond(joined, events, async (_event, n) => {
    // Lanes are ordered: each command ends the first item of another lane.
    const item = under.inHead(`in:r${(n % rooms) + 1}`);
    if (item !== null) await under.settleIn(item.seq, { to: 'done' }, []);
  });
  return { accepted, settled };
}

async function perSecond<T>(joined: number, items: readonly T[], run: (item: T, n: number) => Promise<unknown>): Promise<number> {
  const started = performance.now();
  for (let at = 0; at < items.length; at += joined) await Promise.all(items.slice(at, at + joined).map((item, n) => run(item, at + n)));
  return items.length / ((performance.now() - started) / 1000);
}

function eventOf(n: number): MatrixEvent {
  return {
    event_id: `$event-of-the-bench-${n}`, room_id: `!room${n % rooms}:test`, sender: '@somebody:test', type: 'm.room.message', origin_server_ts: 1_790_000_000_000,
    content: { msgtype: 'm.text', body: `Message ${n}, as long as what people write to each other when they have something to say.` },
  };
}

function bareTable(path: string): { round(joined: number): Figures; close(): void } {
  const db = new Database(path);
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'secure_delete = ON', 'cell_size_check = ON', 'cache_size = -32768']) db.pragma(pragma);
  db.exec('CREATE TABLE event (seq INTEGER PRIMARY KEY, body BLOB) STRICT');
  const insert = db.prepare('INSERT INTO event (body) VALUES (?)');
  const remove = db.prepare('DELETE FROM event WHERE seq = ?');
  const timed = <T>(joined: number, items: readonly T[], run: (item: T) => void): number => {
    const started = performance.now();
    const together = db.transaction((some: readonly T[]) => some.forEach(run));
    for (let at = 0; at < items.length; at += joined) together(items.slice(at, at + joined));
    return items.length / ((performance.now() - started) / 1000);
  };
  return {
    round(joined) {
      const seqs: number[] = [];
      const accepted = timed(joined, Array.from({ length: count }, () => Buffer.from(JSON.stringify(eventOf(made++)))), (body) => void seqs.push(Number(insert.run(body).lastInsertRowid)));
      return { accepted, settled: timed(joined, seqs, (seq) => void remove.run(seq)) };
    },
    close: () => db.close(),
  };
}
