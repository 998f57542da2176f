import { byTurns, type Figures, type Measured, quantile, rowsOf, type Row, type Table } from '../measure.ts';
import { type Direction, Talk } from '../talk.ts';
import { openWorld, type World } from '../world.ts';

interface Size {
  readonly conversations: number;
  /** Messages of each conversation in a burst. */
  readonly each: number;
}

const directions: readonly Direction[] = ['to network', 'to Matrix'];
const sizes: readonly Size[] = [{ conversations: 1, each: 300 }, { conversations: 50, each: 20 }, { conversations: 1_000, each: 1 }];
const alone = 60;

/** Whole messages, from a homeserver to a network and back, through each contender. */
export async function flow(rounds: number): Promise<Table> {
  const worlds = [await openWorld('ours'), await openWorld('theirs')] as const;
  try {
    const talks = [new Talk(worlds[0]), new Talk(worlds[1])] as const;
    const rows: Row[] = [];
    for (const size of sizes) {
      await talks[0].open(size.conversations);
      await talks[1].open(size.conversations);
      for (const direction of directions) {
        // Compiled, connected and cached before anything counts.
        await talks[0].burst(direction, size.conversations, 1);
        await talks[1].burst(direction, size.conversations, 1);
        const results = await byTurns(rounds, () => round(worlds[0], talks[0], direction, size), () => round(worlds[1], talks[1], direction, size));
        rows.push(...rowsOf(results, measured(direction, size)));
      }
    }
    return {
      title: 'Messages through the whole bridge', ours: 'Drawbridge', theirs: 'peer', rows,
      notes: ['CPU is the contender’s own process alone, with all that follows a message: delivery events, echoes, clearing up.'],
    };
  } finally {
    await Promise.all(worlds.map((world) => world.close()));
  }
}

async function round(world: World, talk: Talk, direction: Direction, { conversations, each }: Size): Promise<Figures> {
  const before = world.bridge.cpuMs();
  const perSecond = await talk.burst(direction, conversations, each);
  await talk.quiet();
  const cpu = (world.bridge.cpuMs() - before) / (conversations * each);
  const delays = await talk.oneByOne(direction, conversations, alone);
  await talk.quiet();
  return { perSecond, cpu, p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) };
}

function measured(direction: Direction, { conversations }: Size): Measured[] {
  const where = `${direction === 'to network' ? 'Matrix → network' : 'network → Matrix'}, ${conversations === 1 ? '1 conversation' : `${conversations} conversations`}`;
  return [
    { what: `${where}: throughput`, unit: '/s', figure: 'perSecond', more: true },
    { what: `${where}: CPU a message`, unit: 'ms', figure: 'cpu', more: false },
    { what: `${where}: delay of one alone, p50`, unit: 'ms', figure: 'p50', more: false },
    { what: `${where}: delay of one alone, p99`, unit: 'ms', figure: 'p99', more: false },
  ];
}
