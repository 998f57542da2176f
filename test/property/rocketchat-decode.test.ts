import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inspection } from '../../src/actions/model-schema.ts';
import { inspect } from '../../src/actions/inspect.ts';
import { NotThisNetwork } from '../../src/networks/network.ts';
import { rocketchat } from '../../src/networks/rocketchat/index.ts';
import { mutated, mutations } from '../kit/hostile/mutate.ts';
import { UNDERSTOOD } from '../kit/rocketchat/payloads.ts';

const ann = { _id: 'u1', username: 'ann', name: 'Ann' };
const message = (more: object): object => ({ _id: 'm1', rid: 'GENERAL', msg: 'hello *bold*', ts: { $date: 1_700_000_000_000 }, u: ann, _updatedAt: { $date: 1_700_000_000_000 }, ...more });
const frame = (...args: readonly object[]): object => ({ msg: 'changed', collection: 'stream-room-messages', id: 'id', fields: { eventName: '__my_messages__', args } });
const samples: readonly object[] = [
  frame(message({})),
  frame(message({ editedAt: { $date: 1_700_000_001_000 }, editedBy: ann })),
  frame(message({ reactions: { ':smile:': { usernames: ['ann', 'bob'] }, ':custom:': { usernames: ['bob'] } } })),
  frame(message({ tmid: 'm0', tshow: true })),
  frame(message({ t: 'uj' })), frame(message({ t: 'room_changed_topic', msg: 'plans' })), frame(message({ t: 'e2e', msg: 'cipher' })), frame(message({ t: 'rm', msg: '' })),
  frame(message({ msg: '', file: { _id: 'f1', name: 'a.png', type: 'image/png', size: 5 }, attachments: [{ title: 'a.png', image_url: '/file-upload/f1/a.png', image_type: 'image/png', description: 'see' }] })),
  frame(message({ location: { type: 'Point', coordinates: [5.1, 52.1] }, msg: '' })),
  { messages: [message({}), message({ _id: 'm2', t: 'something_new' })], success: true },
  message({ md: [{ type: 'PARAGRAPH', value: [{ type: 'PLAIN_TEXT', value: 'hello ' }, { type: 'BOLD', value: [{ type: 'PLAIN_TEXT', value: 'bold' }] }] }] }),
];
const read = (body: unknown): ReturnType<typeof inspect> => inspect(rocketchat, Buffer.from(JSON.stringify(body)));

describe('what Rocket.Chat sends', () => {
  test.each(samples.map((sample, index) => [index, sample] as const))('sample %i is read, and fits the schema', (_index, sample) => {
    const found = read(sample);
    expect(inspection.safeParse(JSON.parse(JSON.stringify(found))).error?.issues).toBeUndefined();
    expect(found.events.length + found.unsupported.length).toBeGreaterThan(0);
  });

  test('a text is bold where it says so, in its parsed tree and without one', () => {
    for (const sample of [samples[0], samples.at(-1)]) {
      expect(JSON.stringify(read(sample).events[0])).toContain('{"t":"bold","children":[{"t":"text","text":"bold"}]}');
    }
  });

  test('whatever is wrong with it stops nothing', () => {
    const known = Object.values(UNDERSTOOD).filter((each) => typeof each !== 'string');
    fc.assert(fc.property(fc.oneof(fc.constantFrom<unknown>(...samples), fc.constantFrom(...known), fc.jsonValue()), mutations, (sample, changes) => {
      let pieces: readonly unknown[];
      try {
        pieces = rocketchat.capture?.split(Buffer.from(JSON.stringify(mutated(sample, changes)))) ?? [];
      } catch (error) {
        expect(error).toBeInstanceOf(NotThisNetwork);
        return;
      }
      const items = pieces.flatMap((piece) => rocketchat.capture?.decode(piece) ?? []).flatMap((each) => each.items);
      expect(items.length).toBeGreaterThan(0);
      for (const { key } of items) expect(key).not.toBe('');
      expect(inspection.safeParse(JSON.parse(JSON.stringify({ events: items.map(({ event }) => event), unsupported: [] }))).error?.issues).toBeUndefined();
    }), { numRuns: 3000 });
  });
});
