import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Block, RichText } from '../../src/model/richtext.ts';
import { plain } from '../../src/model/richtext.ts';
import { decode, encode } from '../../src/networks/whatsapp/markup.ts';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { toPlain } from '../../src/text/plain.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { anyTree, clean, isWithin, linkedTree, marksIn, marksOf, solid, solidText, whatsAppTree } from './text-trees.ts';

/** A literal mark at the edge of a style may stand outside it; everything else keeps its style. */
function comparable(text: RichText): string {
  return marksIn(text).map(({ char, path }) => ('*_~`'.includes(char) ? char : `${char} ${path}`)).join('\n');
}

const piece = fc.constantFrom(
  '*b*', '_i_', '~s~', '`c`', '```block```', '```\nblock\n```', '*', '_', '~', '`', '```', '> ', '>', '- ', '* ', '1. ', '2. ', '12. ', '  ', '\n', ' ', '\n\n', 'a', 'b c', 'é', '漢', '👍', '❤️', '1️⃣', 'שלום', '\u202eevil\u202c',
  'https://x.org/_a_*b*?c=~d~', 'http://x_y.z', 'www.x.org.', '(https://x.org/(a))', '\u200b', '\u200a', '\r\n', '\u0000', '\ud800', 'a*b', 'snake_case', '**', '__init__', '¯\\_(ツ)_/¯', '2 * 3 * 4', '> *q*', '- _i_', '.', ',', '!', '<b>', '&amp;',
);
const markupText = fc.oneof(
  { weight: 3, arbitrary: fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')) },
  fc.string({ unit: fc.constantFrom(...'*_~`>-1. \n\u200b\u200aab(é'), maxLength: 60 }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
);
const literalText = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'*_~`>-1. ab(é漢', '\n', '  '), maxLength: 40 }),
  fc.array(piece.filter((part) => !/:\/\/|www/.test(part)), { maxLength: 12 }).map((parts) => parts.join('')),
);

/**
 * What an app might take for markup that is laxer than our own reader: only ASCII letters and digits keep a mark from opening and
 * closing, lines may be indented, fences may be anywhere.
 */
function laxMarks(markup: string): string[] {
  const found = markup.includes('```') ? ['```'] : [];
  for (const line of markup.split('\n')) {
    if (/^\s*(?:>|[-*] |\d+\. )/.test(line)) found.push(line);
    for (const mark of '*_~`') {
      const isEdge = (at: number): boolean => !/[A-Za-z0-9]/.test(line.charAt(at));
      const isSolid = (at: number): boolean => /\S/.test(line.charAt(at));
      const places = [...line].length === 0 ? [] : Array.from(line, (_char, at) => at).filter((at) => line[at] === mark);
      const opener = places.find((at) => isEdge(at - 1) && isSolid(at + 1));
      if (opener !== undefined && places.some((at) => at > opener + 1 && isSolid(at - 1) && isEdge(at + 1))) found.push(`${mark}: ${line}`);
    }
  }
  return found;
}

describe('WhatsApp markup', () => {
  test('what it can say survives being written and read: all text, all formatting', () => {
    fc.assert(
      fc.property(whatsAppTree, (tree) => {
        const back = decode(encode(tree));
        expect(solidText(back)).toBe(solidText(tree));
        expect(comparable(back)).toBe(comparable(tree));
      }),
      { numRuns: 2000 },
    );
  });

  test('what it can say survives the way from Matrix to WhatsApp and back', () => {
    fc.assert(
      fc.property(whatsAppTree, (tree) => {
        fc.pre(solidText(tree) !== '');
        const sent = fromMatrix({ ...toMatrix(tree) });
        const back = fromMatrix({ ...toMatrix(decode(encode(sent))) });
        expect(comparable(back)).toBe(comparable(tree));
      }),
      { numRuns: 1000 },
    );
  });

  test('addresses keep their text, whatever stands beside them', () => {
    fc.assert(
      fc.property(linkedTree, (tree) => {
        expect(solidText(decode(encode(tree)))).toBe(solidText(tree));
      }),
      { numRuns: 2000 },
    );
  });

  test('literal text is never read as markup, even by a laxer reader', () => {
    fc.assert(
      fc.property(literalText, (text) => {
        const tree: RichText = [{ t: 'paragraph', children: [{ t: 'text', text }] }];
        const markup = encode(tree);
        expect(marksOf(decode(markup))).toBe(marksOf(plain(clean(text))));
        expect(laxMarks(markup)).toEqual([]);
        expect(solid(markup)).toBe(solid(clean(text)));
      }),
      { numRuns: 3000 },
    );
  });

  test('no text of any tree is lost', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(isWithin(solidText(tree), encode(tree))).toBe(true);
        expect(isWithin(solidText(tree), solidText(decode(encode(tree))))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('anything can be read, nothing but marks is lost, and what was read survives', () => {
    fc.assert(
      fc.property(markupText, (markup) => {
        const tree = decode(markup);
        const bare = (text: string): string => solid(text).replace(/[*_~`>-]/g, '');
        // The numbers of lists are no text of the tree, but are part of what it says.
        expect(bare(toPlain(tree))).toBe(bare(clean(markup)));
        expect(bare(toMatrix(tree).body)).toBe(bare(clean(markup)));
        const back = decode(encode(tree));
        expect(solidText(back)).toBe(solidText(tree));
        // What follows an address may become a part of it.
        if (!/:\/\/|www/i.test(markup)) expect(comparable(back)).toBe(comparable(tree));
        if (solidText(tree) !== '') expect(marksOf(fromMatrix({ ...toMatrix(tree) }))).toBe(marksOf(tree));
      }),
      { numRuns: 3000 },
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
