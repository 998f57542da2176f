import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { problemsOf } from '../kit/model/check.ts';
import type { Abilities } from '../kit/model/network.ts';
import { Play } from '../kit/model/play.ts';
import { conversation, type Op, troubled } from '../kit/model/script.ts';
import { type Weather, weather } from '../kit/model/weather.ts';
import { type Conditions, World } from '../kit/model/world.ts';

const abilities: fc.Arbitrary<Abilities> = fc.record<Omit<Abilities, 'reactions'>>({
  edit: fc.boolean(), delete: fc.boolean(), findSent: fc.boolean(), statuses: fc.constantFrom('none', 'key', 'id'), echoes: fc.constantFrom('none', 'key', 'plain'),
}).map((drawn) => ({ ...drawn, reactions: drawn.edit ? 2 : 1 }));
const CALM: Weather = { homeserver: [], network: [], pushes: [], webhooks: [], statuses: [] };

async function act(conditions: Conditions, script: readonly Op[]): Promise<void> {
  const random = Math.random;
  // The waits between tries are drawn: the same each time a run is repeated.
  let state = 1;
  Math.random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const world = new World(conditions);
  try {
    const play = new Play(world);
    await play.prelude();
    await play.run(script);
    await world.settle();
    const problems = problemsOf(play);
    if (problems.length > 0) throw new Error([...problems, '--- the log:', ...world.log.slice(-60)].join('\n'));
    expect(problems).toEqual([]);
  } finally {
    Math.random = random;
    await world.close();
  }
}

const runs = Number(process.env['CORE_RUNS'] ?? 60);

test('in fair weather every message is shown once, in order, as it stands at its source', async () => {
  await fc.assert(fc.asyncProperty(abilities, conversation, (able, script) =>
    act({ abilities: able, uncertain: 'ask', pageSize: 100, weather: CALM }, script)), { numRuns: runs });
}, 180_000);

test('in foul weather too, or somebody is told', async () => {
  await fc.assert(fc.asyncProperty(abilities, fc.constantFrom('ask', 'retry'), weather, conversation, (able, uncertain, drawn, script) =>
    act({ abilities: able, uncertain, pageSize: 100, weather: drawn }, script)), { numRuns: runs });
}, 180_000);

test('and whatever dies in between', async () => {
  await fc.assert(fc.asyncProperty(abilities, fc.constantFrom('ask', 'retry'), fc.constantFrom(100, 7), weather, troubled, (able, uncertain, pageSize, drawn, script) =>
    act({ abilities: able, uncertain, pageSize, weather: drawn }, script)), { numRuns: runs });
}, 180_000);
