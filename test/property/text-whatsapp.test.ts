import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Block, RichText } from '../../src/model/richtext.ts';
import { decode, encode } from '../../src/networks/whatsapp/markup.ts';
import { anyTree, isWithin, marksOf, solidText } from './text-trees.ts';

const markupText = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'*_~`>-1. \n\u200bab(é'), maxLength: 60 }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
);

describe('WhatsApp markup', () => {
  test('literal text is never read as markup', () => {
    const literal = fc.string({ unit: fc.constantFrom(...'*_~`>-1. ab(', '\n'), maxLength: 40 });
    fc.assert(
      fc.property(literal, (text) => {
        const back = decode(encode([{ t: 'paragraph', children: [{ t: 'text', text }] }]));
        expect(marksOf(back)).toEqual(marksOf([{ t: 'paragraph', children: [{ t: 'text', text }] }]));
      }),
      { numRuns: 4000 },
    );
  });

  test('no text of any tree is lost', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(isWithin(solidText(tree), encode(tree))).toBe(true);
        expect(isWithin(solidText(tree), solidText(decode(encode(tree))))).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test('anything can be read, nothing but marks is lost, and what was read survives', () => {
    fc.assert(
      fc.property(markupText, (markup) => {
        const tree = decode(markup);
        const solid = (text: string): string => text.replace(/[\s\u200b*_~`>\-.0-9]/gu, '');
        // eslint-disable-next-line no-control-regex
        expect(solid(solidText(tree))).toBe(solid(markup.toWellFormed().replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')));
        expect(solidText(decode(encode(tree)))).toBe(solidText(tree));
      }),
      { numRuns: 4000 },
    );
  });

  test('the tree read is not much larger than the markup, however long and contrived', () => {
    const count = (blocks: RichText): number => JSON.stringify(blocks).length;
    const unit = fc.oneof(fc.constantFrom('*a ', '_*~', '`a ', '```a\n', '> ', '- ', '1. a\n', '  - a\n', 'www.x.org ', '(https://', '*a*', '***', '> > > > > > > > > > > a\n', '\n'), markupText);
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 4 }), (units) => {
        const markup = units.join('').repeat(Math.ceil(8_000 / Math.max(units.join('').length, 1)));
        expect(count(decode(markup))).toBeLessThan(80 * markup.length + 1000);
      }),
      { numRuns: 60 },
    );
  });

  test('a code block is the same to the letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', ' ', '*', '> ', '\n'), minLength: 1 }), (inner) => {
        const block: Block = { t: 'codeblock', text: `x${inner}` };
        fc.pre(!inner.endsWith('\n'));
        expect(decode(encode([block]))).toEqual([block]);
      }),
    );
  });
});
