import { test } from '@jest/globals';
import fc from 'fast-check';
import { actCross } from '../kit/cross/act.ts';
import { meeting, troubledMeeting } from '../kit/cross/script.ts';
import type { Abilities } from '../kit/model/network.ts';
import { type Weather, weather } from '../kit/model/weather.ts';

// One room, four conversations on three networks: no loop, no loss, no double, and one order, whatever happens.

const able: fc.Arbitrary<Abilities> = fc.record<Omit<Abilities, 'reactions'>>({
  edit: fc.boolean(), delete: fc.boolean(), findSent: fc.boolean(), statuses: fc.constantFrom('none', 'key', 'id'), echoes: fc.constantFrom('none', 'key', 'plain'),
}).map((drawn) => ({ ...drawn, reactions: drawn.edit ? 2 : 1 }));
const abilities = fc.tuple(able, able, able);
const CALM: Weather = { homeserver: [], network: [], pushes: [], webhooks: [], statuses: [] };

const runs = Number(process.env['CORE_RUNS'] ?? 60);

test('in fair weather what is said anywhere is everywhere else, once and in the room’s order', async () => {
  await fc.assert(fc.asyncProperty(abilities, meeting, ([first, ...more], script) =>
    actCross({ abilities: first, more, uncertain: 'ask', pageSize: 100, weather: CALM }, script)), { numRuns: runs });
}, 240_000);

test('in foul weather too, or somebody is told', async () => {
  await fc.assert(fc.asyncProperty(abilities, fc.constantFrom('ask', 'retry'), weather, meeting, ([first, ...more], uncertain, drawn, script) =>
    actCross({ abilities: first, more, uncertain, pageSize: 100, weather: drawn }, script)), { numRuns: runs });
}, 240_000);

test('and whatever dies in between', async () => {
  await fc.assert(fc.asyncProperty(abilities, fc.constantFrom('ask', 'retry'), fc.constantFrom(100, 7), weather, troubledMeeting, ([first, ...more], uncertain, pageSize, drawn, script) =>
    actCross({ abilities: first, more, uncertain, pageSize, weather: drawn }, script)), { numRuns: runs });
}, 240_000);
