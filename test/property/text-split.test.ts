import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RichText } from '../../src/model/richtext.ts';
import { plain } from '../../src/model/richtext.ts';
import { encode } from '../../src/networks/whatsapp/markup.ts';
import { textLength, toPlain } from '../../src/text/plain.ts';
import { quoteOf } from '../../src/text/quote.ts';
import { splitText } from '../../src/text/split.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { anyTree, isWithin, marksOf, solidText } from './text-trees.ts';

const measures: readonly [string, (text: RichText) => number][] = [
  ['plain text', textLength],
  ['WhatsApp markup', (text) => encode(text).length],
  ['UTF-8 bytes', (text) => Buffer.byteLength(toPlain(text))],
  ['a Matrix event', (text) => Buffer.byteLength(JSON.stringify(toMatrix(text))) / 2],
];

describe('splitting', () => {
  test.each(measures)('every piece fits and no text is lost (%s)', (_name, measure) => {
    fc.assert(
      fc.property(fc.array(anyTree, { maxLength: 3 }), fc.integer({ min: 60, max: 400 }), (trees, limit) => {
        const tree = trees.flat();
        const pieces = splitText(tree, limit, measure);
        for (const piece of pieces) expect(measure(piece)).toBeLessThanOrEqual(limit);
        expect(isWithin(solidText(tree), pieces.map(toPlain).join(''))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('formatting goes on in the next piece', () => {
    fc.assert(
      fc.property(fc.array(anyTree, { maxLength: 3 }), (trees) => {
        // A limit that leaves room for any one address or name, so that none has to be said in text.
        const tree = trees.flat();
        const pieces = splitText(tree, 400, textLength);
        const strip = (marks: string): string => marks.replace(/cell=\S+/g, 'cell');
        expect(strip(pieces.map((piece) => marksOf(piece, true)).filter((marks) => marks !== '').join('\n'))).toBe(strip(marksOf(tree, true)));
      }),
      { numRuns: 300 },
    );
  });

  test('plain text is cut only at white space while words fit, and graphemes stay whole', () => {
    const text = fc.array(fc.oneof(fc.stringMatching(/^[a-z]{1,12}$/), fc.constantFrom('👨‍👩‍👧', 'é', '🇩🇪')), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(text, (words) => {
        const pieces = splitText(plain(words.join(' ')), 24, textLength).map(toPlain);
        expect(pieces.join(' ').split(' ')).toEqual(words);
      }),
    );
    const family = '👨‍👩‍👧';
    const pieces = splitText(plain(family.repeat(40)), 30, textLength).map(toPlain);
    for (const piece of pieces) expect(piece.replaceAll(family, '')).toBe('');
  });

  test('ends with any limit', () => {
    fc.assert(
      fc.property(anyTree, fc.integer({ min: -1, max: 20 }), (tree, limit) => {
        const pieces = splitText(tree, limit, textLength);
        expect(isWithin(solidText(tree), pieces.map(toPlain).join(''))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('a quote is no longer than asked', () => {
    fc.assert(
      fc.property(anyTree, fc.integer({ min: 40, max: 120 }), (tree, max) => {
        expect(textLength(quoteOf(tree, max))).toBeLessThanOrEqual(max);
      }),
      { numRuns: 300 },
    );
  });
});
