import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RichText } from '../../src/model/richtext.ts';
import { decode, encode } from '../../src/networks/rocketchat/markup.ts';
import { fromMd } from '../../src/networks/rocketchat/md.ts';
import { parseMarkdown } from '../../src/sandbox/rocketchat/md.ts';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { anyTree, clean, isWithin, linkedTree, marksIn, solid, solidText, whatsAppTree } from './text-trees.ts';

/** Quotes and lists hold lines only there: what stands within each other is said by signs. */
const flatTree = whatsAppTree.map((tree): RichText => tree.filter(({ t }) => t === 'paragraph' || t === 'codeblock'));

/** A literal sign at the edge of a style may stand outside it; everything else keeps its style. */
function comparable(text: RichText): string {
  return marksIn(text).map(({ char, path }) => ('*_~`|\\'.includes(char) ? char : `${char} ${path}`)).join('\n');
}

const piece = fc.constantFrom(
  '*b*', '**b**', '_i_', '__i__', '~s~', '~~s~~', '||p||', '`c`', '```\nblock\n```', '\\*', '\\', '*', '_', '~', '`', '|', '> ', '- ', '* ', '1. ', '# h', '---', '\n', ' ', 'a', 'b c', 'é', '漢', '👍', ':smile:', ':no_such:',
  '@bob', '@all', 'a@b.org', '[t](https://x.org)', '[ ](https://x.org/c?msg=1)', '![i](https://x.org/i.png)', 'https://x.org/_a_*b*', 'www.x.org.', '\u200b', '\u0000', '\ud800', 'snake_case', '<t:1700000000:R>', '&amp;', '<b>',
);
const markupText = fc.oneof(fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')), fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'*_~`|>-#1. \n\\[]()@:ab') }));

describe('Rocket.Chat’s Markdown', () => {
  test('what it can say survives being written and read: all text, all formatting', () => {
    fc.assert(fc.property(flatTree, (tree) => {
      const back = decode(encode(tree));
      expect(solidText(back)).toBe(solidText(tree));
      expect(comparable(back)).toBe(comparable(tree));
    }), { numRuns: 2000 });
  });

  test('the same on the way from Matrix and back', () => {
    fc.assert(fc.property(flatTree, (tree) => {
      fc.pre(solidText(tree) !== '');
      const sent = fromMatrix({ ...toMatrix(tree) });
      expect(comparable(fromMatrix({ ...toMatrix(decode(encode(sent))) }))).toBe(comparable(tree));
    }), { numRuns: 1000 });
  });

  test('headings, quotes, lists, spoilers, mentions and links are what they were', () => {
    const tree: RichText = [
      { t: 'heading', level: 2, children: [{ t: 'text', text: 'Plans' }] },
      { t: 'quote', children: [{ t: 'paragraph', children: [{ t: 'text', text: 'one' }, { t: 'break' }, { t: 'bold', children: [{ t: 'text', text: 'two' }] }] }] },
      { t: 'list', ordered: true, start: 3, items: [[{ t: 'paragraph', children: [{ t: 'text', text: 'c' }] }], [{ t: 'paragraph', children: [{ t: 'text', text: 'd' }] }]] },
      { t: 'list', ordered: false, items: [[{ t: 'paragraph', children: [{ t: 'spoiler', children: [{ t: 'text', text: 'psst' }] }] }]] },
      { t: 'paragraph', children: [{ t: 'mention', target: 'user', id: '@bob', name: 'bob' }, { t: 'text', text: ' ' }, { t: 'link', href: 'https://x.org/a', children: [{ t: 'text', text: 'here' }] }] },
      { t: 'codeblock', text: 'a *b*\n  c', language: 'js' },
    ];
    expect(decode(encode(tree))).toEqual(tree);
    expect(fromMd(parseMarkdown(encode(tree)), (username) => ({ id: `@${username}`, name: username }))).toEqual(tree);
  });

  test('no text of any tree is lost', () => {
    fc.assert(fc.property(fc.oneof(anyTree, linkedTree), (tree) => {
      expect(isWithin(solidText(tree), encode(tree))).toBe(true);
      // An emoji of one's own may be called like one that everybody has.
      if (!JSON.stringify(tree).includes('"t":"emoji"')) expect(isWithin(solidText(tree), solidText(decode(encode(tree))))).toBe(true);
    }), { numRuns: 1000 });
  });

  test('nobody is called by a text that mentions nobody', () => {
    fc.assert(fc.property(fc.array(fc.oneof(piece.filter((part) => !/:\/\/|www/.test(part)), fc.constantFrom('@here', '(@all)', '*@all*', '@')), { maxLength: 8 }), (parts) => {
      const tree: RichText = [{ t: 'paragraph', children: [{ t: 'bold', children: [{ t: 'text', text: parts.join('') }] }, { t: 'text', text: parts.join(' ') }] }];
      expect(encode(tree)).not.toMatch(/(?:^|[\s>(*_~|])@(?:all|here|bob)/);
    }), { numRuns: 1000 });
  });

  test('anything can be read, and nothing but signs is lost', () => {
    fc.assert(fc.property(markupText, (markup) => {
      const bare = (text: string): string => solid(text).replace(/[\\*_~`>|#![\]()-]|\d+\.|https?:\/\/[^\s]*|:smile:|😄/g, '');
      const tree = decode(markup);
      // What stands at an address may become a part of it, and a time is read in words.
      if (/https?:|www|<t:/i.test(markup)) return;
      expect(isWithin(bare(solidText(tree)), bare(clean(markup))) || isWithin(bare(clean(markup)), bare(solidText(tree)))).toBe(true);
      expect(solidText(decode(encode(tree)))).toBe(solidText(tree));
    }), { numRuns: 2000 });
  });

  test.each(['<t:1700000000:R>', 'a <https://x.org/y|z more> b', '<https://x.org|z>', '<mailto:a@b.org|z>'])('%s as a text is no more than a text', (text) => {
    const tree: RichText = [{ t: 'paragraph', children: [{ t: 'text', text }] }];
    expect(solidText(decode(encode(tree)))).toBe(solidText(tree));
  });

  test('time and size stay in proportion, however long and contrived', () => {
    for (const unit of ['*a ', '_*~', '`a ', '```a\n', '> ', '- ', '[', '[a](', '||', '**', '@a', ':a', 'www.x.org ', '\\', '*_~||']) {
      const markup = unit.repeat(Math.ceil(60_000 / unit.length));
      const tree = decode(markup);
      expect(JSON.stringify(tree).length).toBeLessThan(80 * markup.length + 1000);
      expect(encode(tree).length).toBeLessThan(20 * markup.length + 1000);
    }
  });
});
