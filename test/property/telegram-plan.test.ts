import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Content, MediaKind } from '../../src/model/content.ts';
import type { RichText } from '../../src/model/richtext.ts';
import { plan } from '../../src/networks/telegram/encode/plan.ts';
import { sendCall } from '../../src/networks/telegram/encode/request.ts';
import { encode } from '../../src/networks/telegram/markup.ts';
import { direct, source } from '../kit/telegram/account.ts';
import '../kit/properties.ts';
import { anyTree, isWithin, solid, solidText } from './text-trees.ts';

const long = fc.tuple(anyTree, fc.nat(6)).map(([tree, times]): RichText => Array.from({ length: times + 1 }, () => tree).flat());
const huge = fc.integer({ min: 1, max: 9000 }).map((length): RichText => [{ t: 'paragraph', children: [{ t: 'text', text: 'word '.repeat(length / 5 + 1).trim() }] }]);
const text = fc.oneof(long, huge);
const name = fc.option(fc.oneof(fc.string({ maxLength: 200, unit: 'binary' }), fc.constantFrom('Alice', '👍'.repeat(80), '<b>', '\u202e')), { nil: undefined });
const kind = fc.constantFrom<MediaKind>('image', 'video', 'audio', 'voice', 'file', 'sticker');
const content = fc.oneof(
  text.map((rich): Content => ({ kind: 'text', text: rich })),
  text.map((rich): Content => ({ kind: 'text', text: rich, style: 'emote' })),
  fc.record({ kind, caption: text }, { requiredKeys: ['kind'] }).map((given): Content => ({ ...given, media: { source: { network: 'x' } } })),
  fc.record({ question: fc.string({ maxLength: 400 }), options: fc.array(fc.string({ maxLength: 130 }), { minLength: 1, maxLength: 14 }) })
    .map(({ question, options }): Content => ({ kind: 'poll', question, options: options.map((option, index) => ({ id: String(index), text: option })), maxChoices: 1 })),
);

function textOf(part: Content): string {
  if (part.kind === 'text') return encode(part.text).text;
  return 'caption' in part && part.caption !== undefined ? encode(part.caption).text : '';
}

describe('the parts of a request', () => {
  test('every part can be sent, and says who speaks', () => {
    fc.assert(fc.property(content, name, fc.constantFrom('inline' as const, 'line' as const), (whole, speaker, style) => {
      const parts = plan({ conversation: direct(5), content: whole, relay: speaker === undefined ? null : { name: speaker } }, style);
      expect(parts.length).toBeGreaterThan(0);
      for (const part of parts) {
        if (part.kind === 'text' && encode(part.text).text === '') {
          // Nothing was said at all.
          expect(parts).toHaveLength(1);
          continue;
        }
        const { method, values } = sendCall(part, source(new Uint8Array(1), 'image/png', 'x'));
        expect(method).toMatch(/^send/);
        const { text: said = '', caption = '' } = values as { readonly text?: string; readonly caption?: string };
        expect(said.length).toBeLessThanOrEqual(4096);
        expect(caption.length).toBeLessThanOrEqual(1024);
        for (const key of ['entities', 'caption_entities']) expect(((values[key] as unknown[] | undefined) ?? []).length).toBeLessThanOrEqual(100);
        if (part.kind === 'text' && speaker !== undefined) expect(values['entities']).toEqual(expect.arrayContaining([expect.objectContaining({ type: 'bold', offset: 0 })]));
      }
    }), { numRuns: 400 });
  });

  test('nothing of a text or a caption is left out', () => {
    fc.assert(fc.property(text, fc.boolean(), (rich, captioned) => {
      const whole: Content = captioned ? { kind: 'image', media: { source: { network: 'x' } }, caption: rich } : { kind: 'text', text: rich };
      const said = plan({ conversation: direct(5), content: whole, relay: { name: 'Al' } }, 'inline').map(textOf).join('\n');
      expect(isWithin(solidText(rich), solid(said))).toBe(true);
    }), { numRuns: 300 });
  });
});
