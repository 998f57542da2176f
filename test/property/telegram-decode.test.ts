import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeUpdate } from '../../src/networks/telegram/decode/update.ts';
import { inspection } from '../../src/actions/model-schema.ts';
import { NotThisNetwork } from '../../src/networks/network.ts';
import { telegram } from '../../src/networks/telegram/index.ts';
import { mutated, mutations } from '../kit/hostile/mutate.ts';
import { UNDERSTOOD } from '../kit/telegram/bodies.ts';
import * as kit from '../kit/telegram/payloads.ts';
import '../kit/properties.ts';

const given = { self: '700100200', poll: () => undefined };
const known: readonly kit.Json[] = [
  ...Object.values(kit.CONTENTS).map((body) => kit.update('message', kit.message(body, { chat: kit.SUPER }))),
  ...Object.entries(kit.SAID).map(([name, value]) => kit.update('message', kit.message({ [name]: value }))),
  ...kit.UPDATES.map(([, kind, value]) => kit.update(kind, value)),
  kit.update('edited_message', kit.message({ text: 'x' }, { edit_date: 1 })),
];
const odd = fc.oneof(fc.constantFrom<unknown>(null, '', 0, -1, [], {}, true, '\ud800', Number.MAX_SAFE_INTEGER, 'x'.repeat(5000), [[[]]], { toString: 1 }, { __proto__: null }), fc.jsonValue({ maxDepth: 3 }));

/** The same value with something odd somewhere in it. */
function spoilt(value: unknown, places: readonly number[], by: unknown): unknown {
  const [place, ...rest] = places;
  if (place === undefined || typeof value !== 'object' || value === null) return by;
  const keys = Object.keys(value);
  const key = keys[place % Math.max(keys.length, 1)];
  if (key === undefined) return by;
  const inner = spoilt((value as Record<string, unknown>)[key], rest, by);
  return Array.isArray(value) ? value.map((each: unknown, index) => (String(index) === key ? inner : each)) : { ...value, [key]: inner };
}

test('whatever stands in an update, it comes out as something, and as plain data', () => {
  fc.assert(fc.property(fc.constantFrom(...known), fc.array(fc.nat(40), { maxLength: 6 }), odd, (update, places, by) => {
    const items = decodeUpdate(given, spoilt(update, places, by));
    expect(items.length).toBeGreaterThan(0);
    for (const { key, event } of items) {
      expect(key.length).toBeGreaterThan(0);
      expect(key.length).toBeLessThan(400);
      expect(JSON.parse(JSON.stringify(event))).toEqual(event);
      if ('time' in event) expect(Number.isFinite(event.time)).toBe(true);
    }
  }), { numRuns: 4000 });
});

test('the same update has the same keys, another has others', () => {
  const keys = known.map((update) => decodeUpdate(given, { ...update, update_id: 1 }).map(({ key }) => key).join());
  const again = known.map((update) => decodeUpdate(given, JSON.parse(JSON.stringify({ ...update, update_id: 1 }))).map(({ key }) => key).join());
  expect(again).toEqual(keys);
});

test('fields of tomorrow change nothing', () => {
  fc.assert(fc.property(fc.constantFrom(...known), odd, (update, value) => {
    const kind = Object.keys(update).find((key) => key !== 'update_id') ?? '';
    if (typeof update[kind] !== 'object') return;
    const plain = decodeUpdate(given, update).map(({ event }) => event.type);
    expect(decodeUpdate(given, { ...update, [kind]: { ...(update[kind] as object), zz_new: value } }).map(({ event }) => event.type)).toEqual(plain);
  }), { numRuns: 1000 });
});

test('a message nested beyond reason spoils nothing', () => {
  const raw = `{"update_id":1,"message":{"message_id":1,"chat":{"id":5,"type":"private"},"from":{"id":5,"first_name":"A"},"date":1,"rich_message":{"blocks":[{"type":"paragraph","text":${'{"type":"bold","text":'.repeat(5000)}"x"${'}'.repeat(5000)}}]}}}`;
  expect(decodeUpdate(given, JSON.parse(raw))[0]?.event).toMatchObject({ type: 'message', parts: [{ kind: 'text' }] });
});

test('whatever is wrong with a body, it is read after the schema, or it is another network’s', () => {
  const bodies = Object.values(UNDERSTOOD).filter((each) => typeof each !== 'string');
  fc.assert(fc.property(fc.constantFrom(...bodies), mutations, (body, changes) => {
    let pieces: readonly unknown[];
    try {
      pieces = telegram.capture?.split(Buffer.from(JSON.stringify(mutated(body, changes)))) ?? [];
    } catch (error) {
      expect(error).toBeInstanceOf(NotThisNetwork);
      return;
    }
    const events = pieces.flatMap((piece) => telegram.capture?.decode(piece) ?? []).flatMap(({ items }) => items.map(({ event }) => event));
    expect(events.length).toBeGreaterThan(0);
    expect(inspection.safeParse(JSON.parse(JSON.stringify({ events, unsupported: [] }))).error?.issues).toBeUndefined();
  }), { numRuns: 2000 });
});
