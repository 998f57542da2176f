import { Pool } from 'undici';
import { byTurns, type Figures, type Measured, middle, quantile, rowsOf, type Row, type Table } from '../measure.ts';
import { openWorld, type World } from '../world.ts';

const transactions = 200;
const rooms = 10;

/** What a homeserver waits for: `PUT /transactions` until it is answered 200. Ours has committed by then, the peer has not begun. */
export async function intake(rounds: number): Promise<Table> {
  const worlds = [await openWorld('ours'), await openWorld('theirs')] as const;
  try {
    const rows: Row[] = [];
    for (const events of [10, 100]) {
      // A homeserver has one transaction under way at a time; four show what the bridge could take.
      for (const connections of [1, 4]) {
        await round(worlds[0], events, connections);
        await round(worlds[1], events, connections);
        const results = await byTurns(rounds, () => round(worlds[0], events, connections), () => round(worlds[1], events, connections));
        rows.push(...rowsOf(results, measured(events, connections)));
      }
    }
    return {
      title: 'Intake: transactions of the homeserver', ours: 'Drawbridge', theirs: 'peer', rows,
      notes: ['Drawbridge answers after the events are on the disk (`synchronous=FULL`), the peer before it has done anything with them.'],
    };
  } finally {
    await Promise.all(worlds.map((world) => world.close()));
  }
}

let sent = 0;

async function round(world: World, events: number, connections: number): Promise<Figures> {
  const pool = new Pool(world.appserviceUrl, { connections });
  const bodies = Array.from({ length: transactions }, () => transactionOf(events));
  const times: number[] = [];
  const before = world.bridge.cpuMs();
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) times.push(await put(pool, world, body));
  }));
  const seconds = (performance.now() - started) / 1000;
  await world.bridge.rest();
  await pool.close();
  return {
    perSecond: transactions / seconds, p50: middle(times), p99: quantile(times, 0.99), cpu: ((world.bridge.cpuMs() - before) / (transactions * events)) * 1000,
  };
}

async function put(pool: Pool, { hsToken }: World, body: string): Promise<number> {
  const started = performance.now();
  const answer = await pool.request({
    path: `/_matrix/app/v1/transactions/bench${sent++}`, method: 'PUT', body,
    headers: { authorization: `Bearer ${hsToken}`, 'content-type': 'application/json' },
  });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`a transaction was answered ${answer.statusCode}`);
  return performance.now() - started;
}

/** Texts in rooms that the bridge has nothing to do with: what is measured is the taking in. */
function transactionOf(events: number): string {
  return JSON.stringify({ events: Array.from({ length: events }, (_, n) => ({
    event_id: `$event-of-the-bench-${sent}-${performance.now()}-${n}`, room_id: `!room${n % rooms}:fake.test`, sender: '@somebody:fake.test', type: 'm.room.message',
    origin_server_ts: Date.now(), unsigned: { age: 12 },
    content: { msgtype: 'm.text', body: `Message ${n}, as long as what people write to each other when they have something to say.`, 'm.mentions': {} },
  })) });
}

function measured(events: number, connections: number): Measured[] {
  const where = `${events} events, ${connections === 1 ? 'one at a time' : `${connections} at a time`}`;
  return [
    { what: `${where}: transactions`, unit: '/s', figure: 'perSecond', more: true },
    { what: `${where}: p50`, unit: 'ms', figure: 'p50', more: false },
    { what: `${where}: p99`, unit: 'ms', figure: 'p99', more: false },
    { what: `${where}: CPU an event`, unit: 'µs', figure: 'cpu', more: false },
  ];
}
