import { describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { bodiesIn } from '../../src/actions/capture.ts';
import { inspect } from '../../src/actions/inspect.ts';
import { inspection } from '../../src/actions/model-schema.ts';
import { NotThisNetwork } from '../../src/networks/network.ts';
import { withMentions } from '../../src/networks/whatsapp/decode/mentions.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import { decode } from '../../src/networks/whatsapp/markup.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import * as kit from '../kit/whatsapp/payloads.ts';

const post = whatsapp.webhooks.find((hook) => hook.method === 'POST');
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function decoded(payload: unknown): { keys: string[]; types: string[] } {
  const pieces = post?.split(bytes(payload)) ?? [];
  const items = pieces.flatMap((piece) => post?.decode(piece) ?? []).flatMap((each) => each.items);
  return { keys: items.map((item) => item.key), types: items.map((item) => item.event.type) };
}

const TYPES = [...Object.values(kit.MEDIA), kit.CARD, kit.ORDER, kit.message('text', { text: { body: 'a' } }), kit.message('system', { system: { type: 'user_changed_number', wa_id: '1' } })];

/** A good payload with values anywhere in it replaced by something else, or taken out. */
const mutated = fc.record({ base: fc.constantFrom(...TYPES), path: fc.array(fc.nat(50), { maxLength: 6 }), into: fc.jsonValue() }).map(({ base, path, into }) => {
  const copy = structuredClone(kit.messages(base));
  let here: unknown = copy;
  for (const [depth, step] of path.entries()) {
    if (typeof here !== 'object' || here === null) break;
    const keys = Object.keys(here);
    const key = keys[step % Math.max(keys.length, 1)];
    if (key === undefined) break;
    const next = Reflect.get(here, key) as unknown;
    if (depth === path.length - 1) Reflect.set(here, key, into);
    here = next;
  }
  return copy;
});

describe('whatever comes', () => {
  test('a body is this network’s and every piece of it says something, or it is another’s', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.jsonValue(), fc.jsonValue().map((value) => kit.body({ value }, 'messages'))), (payload) => {
        let pieces: readonly unknown[];
        try {
          pieces = post?.split(bytes(payload)) ?? [];
        } catch (error) {
          expect(error).toBeInstanceOf(NotThisNetwork);
          return;
        }
        for (const piece of pieces) {
          for (const { items } of post?.decode(piece) ?? []) {
            expect(items.length).toBeGreaterThan(0);
            for (const { key, event } of items) {
              expect(key).not.toBe('');
              if (event.type === 'message' || event.type === 'edit') expect(event.parts.length).toBeGreaterThan(0);
              if ('time' in event) expect(Number.isFinite(event.time)).toBe(true);
              expect(JSON.parse(JSON.stringify(event))).toEqual(event);
              inspection.parse({ events: [event], unsupported: [] });
            }
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('arbitrary fields under any type and any field', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.jsonValue(), fc.jsonValue(), (field, type, inner, status) => {
        const value = kit.value({ messages: [kit.message(type, { [type]: inner })], statuses: [status], calls: [inner], user_id_update: [status], history: [inner] });
        const { keys } = decoded(kit.body(value, field));
        expect(keys.length).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  test('decoding twice gives the same keys, whatever the order of the deliveries', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(TYPES.map((message, index) => ({ ...message, id: `wamid.${index}` })), { minLength: 1 }), (all) => {
        const together = decoded(kit.messages(...all)).keys;
        const apart = all.flatMap((message) => decoded(kit.messages(message)).keys);
        expect(together).toEqual(apart);
        expect(new Set(together).size).toBe(together.length);
      }),
    );
  });
});

describe('what is read out of a text', () => {
  test('mentions change no letter of it', () => {
    const piece = fc.oneof(fc.constantFrom('@1', '@12', '@123', '@NL.1', '*', '_', '`', '> ', '- ', '\n', ' ', '@'), fc.string({ maxLength: 5 }));
    fc.assert(fc.property(fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')), fc.array(fc.oneof(fc.constantFrom('1', '12', '123', 'NL.1'), fc.string())), (words, mentions) => {
      const text = decode(words);
      expect(toMatrix(withMentions(text, { context: { mentions } })).body).toBe(toMatrix(text).body);
    }));
  });

  test('any vCard is a card', () => {
    const line = fc.tuple(fc.constantFrom('FN', 'N', 'TEL', 'item1.TEL', 'ADR', 'ORG', 'NOTE', 'IMPP', ''), fc.constantFrom('', ';TYPE=CELL', ';CELL', ';x="a:b"', ';"', ';waid=1'), fc.string()).map(([name, rest, value]) => `${name}${rest}:${value}`);
    fc.assert(fc.property(fc.oneof(fc.array(line).map((lines) => lines.join('\r\n')), fc.string()), (vcard) => {
      expect(decoded(kit.messages(kit.message('contacts', { contacts: [{ vcard }] }))).types).toEqual(['message']);
    }));
  });
});

describe('a record of a request', () => {
  const wraps: readonly ((body: Uint8Array) => Uint8Array)[] = [
    (body) => gzipSync(body), (body) => Buffer.concat([Buffer.from('POST / HTTP/1.1\r\nHost: a\r\n\r\n'), body]),
    (body) => Buffer.from(JSON.stringify({ body: Buffer.from(body).toString('base64'), isBase64Encoded: true })), (body) => Buffer.from(JSON.stringify([{ headers: {}, body: Buffer.from(body).toString('base64'), isBase64Encoded: true }])),
  ];

  test('wrapped up to three times over is what it was', () => {
    fc.assert(fc.property(fc.constantFrom(...TYPES), fc.array(fc.constantFrom(...wraps), { minLength: 1, maxLength: 3 }), (message, around) => {
      const body = bytes(kit.messages(message));
      expect(inspect(whatsapp, around.reduce((inner, wrap) => wrap(inner), body))).toEqual(inspect(whatsapp, body));
    }));
  });

  test('anything else is none, and stops nothing', () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.string().map((text) => Buffer.from(text)), fc.json().map((text) => Buffer.from(text))), (raw) => {
      expect(Array.isArray(bodiesIn(raw, 1_000_000))).toBe(true);
    }));
  });
});
