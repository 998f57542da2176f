import { test } from '@jest/globals';
import fc from 'fast-check';
import { act } from '../kit/model/act.ts';
import type { Abilities } from '../kit/model/network.ts';
import { conversation, troubled } from '../kit/model/script.ts';
import { type Weather, weather } from '../kit/model/weather.ts';

const abilities: fc.Arbitrary<Abilities> = fc.record<Omit<Abilities, 'reactions'>>({
  edit: fc.boolean(), delete: fc.boolean(), findSent: fc.boolean(), statuses: fc.constantFrom('none', 'key', 'id'), echoes: fc.constantFrom('none', 'key', 'plain'),
}).map((drawn) => ({ ...drawn, reactions: drawn.edit ? 2 : 1 }));
const CALM: Weather = { homeserver: [], network: [], pushes: [], webhooks: [], statuses: [] };

const runs = Number(process.env['CORE_RUNS'] ?? 60);

test('in fair weather every message is shown once, in order, as it stands at its source', async () => {
  await fc.assert(fc.asyncProperty(abilities, fc.boolean(), conversation, (able, puppets, script) =>
    act({ abilities: able, puppets, uncertain: 'ask', pageSize: 100, weather: CALM }, script)), { numRuns: runs });
}, 180_000);

test('in foul weather too, or somebody is told', async () => {
  await fc.assert(fc.asyncProperty(abilities, fc.boolean(), fc.constantFrom('ask', 'retry'), weather, conversation, (able, puppets, uncertain, drawn, script) =>
    act({ abilities: able, puppets, uncertain, pageSize: 100, weather: drawn }, script)), { numRuns: runs });
}, 180_000);

test('and whatever dies in between', async () => {
  await fc.assert(fc.asyncProperty(abilities, fc.boolean(), fc.constantFrom('ask', 'retry'), fc.constantFrom(100, 7), weather, troubled, (able, puppets, uncertain, pageSize, drawn, script) =>
    act({ abilities: able, puppets, uncertain, pageSize, weather: drawn }, script)), { numRuns: runs });
}, 180_000);
