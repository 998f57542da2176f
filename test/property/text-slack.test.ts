import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Block, Inline, RichText } from '../../src/model/richtext.ts';
import { readMrkdwn } from '../../src/networks/slack/decode/mrkdwn.ts';
import { readRichText } from '../../src/networks/slack/decode/rich-text.ts';
import { writeMrkdwn } from '../../src/networks/slack/encode/mrkdwn.ts';
import { writeRichText } from '../../src/networks/slack/encode/rich-text.ts';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { anyTree, clean, isWithin, marksOf, solidText } from './text-trees.ts';

const rich = (text: RichText): RichText => readRichText({ type: 'rich_text', elements: writeRichText(text) });
const mrkdwn = (text: RichText): RichText => readMrkdwn(writeMrkdwn(text));
/** Colons around the names of emoji, and the sign before a name, are put there for the reader. */
const bare = (text: string): string => text.replace(/[:@]/g, '');

const word = fc.stringMatching(/^[a-zé漢0-9]{1,8}$/);
const spaced = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '));
const leaf: fc.Arbitrary<Inline> = fc.oneof(
  { weight: 5, arbitrary: spaced.map((text): Inline => ({ t: 'text', text })) },
  fc.constant<Inline>({ t: 'break' }),
  spaced.map((text): Inline => ({ t: 'code', text })),
  fc.record({ t: fc.constant('link' as const), href: fc.webUrl({ withQueryParameters: true }), children: spaced.map((text): Inline[] => [{ t: 'text', text }]) }),
  fc.record({ t: fc.constant('mention' as const), target: fc.constant('user' as const), id: fc.stringMatching(/^U[A-Z0-9]{4,8}$/), name: fc.constant('') }),
);
const styled = (max: number) => fc.letrec<{ one: Inline; list: Inline[] }>((tie) => ({
  one: fc.oneof({ depthSize: 'small', maxDepth: max }, leaf, fc.record({ t: fc.constantFrom('bold' as const, 'italic' as const, 'strike' as const), children: tie('list') as fc.Arbitrary<Inline[]> })),
  list: fc.array(tie('one'), { minLength: 1, maxLength: 4 }) as fc.Arbitrary<Inline[]>,
})).list as fc.Arbitrary<Inline[]>;
const paragraph = styled(3).map((children): Block => ({ t: 'paragraph', children }));
const codeblock = fc.array(fc.stringMatching(/^[a-z*_`<&> ]{1,10}$/), { minLength: 1, maxLength: 3 }).map((lines): Block => ({ t: 'codeblock', text: lines.join('\n') })).filter((block) => block.t === 'codeblock' && block.text.trim() !== '');
const items = (depth: number): fc.Arbitrary<Block[][]> => fc.array(
  depth === 0 ? paragraph.map((block) => [block]) : fc.tuple(paragraph, fc.option(list(depth - 1))).map(([block, inner]) => (inner === null ? [block] : [block, inner])), { minLength: 1, maxLength: 3 },
);
function list(depth: number): fc.Arbitrary<Block> {
  return fc.oneof(
    items(depth).map((each): Block => ({ t: 'list', ordered: false, items: each })),
    fc.tuple(items(depth), fc.integer({ min: 1, max: 40 })).map(([each, start]): Block => ({ t: 'list', ordered: true, items: each, ...(start === 1 ? {} : { start }) })),
  );
}
const quote = fc.array(fc.oneof(paragraph, codeblock, list(1)), { minLength: 1, maxLength: 2 }).map((children): Block => ({ t: 'quote', children }));
/** What Slack's own composer can make. */
const slackTree = fc.array(fc.oneof(paragraph, codeblock, list(2), quote), { minLength: 1, maxLength: 4 });
/** What mrkdwn can say: nothing that depends on lines but quotes and code. */
const plainTree = fc.array(fc.oneof(paragraph, codeblock, paragraph.map((block): Block => ({ t: 'quote', children: [block] }))), { minLength: 1, maxLength: 4 });

const nasty = fc.array(fc.constantFrom(
  '*', '_', '~', '`', '```', '> ', '&gt; ', '&gt;&gt;&gt; ', '<', '>', '|', '&', '&amp;', '&lt;', ':', ':smile:', ':+1::skin-tone-3:', ':nope:', '<@U123>', '<@U1|bob>', '<#C1|general>', '<!here>',
  '<!subteam^S1|@grp>', '<!date^1392734382^{date} at {time}|Feb 18>', '<https://x.org|x>', '<https://x.org>', '<mailto:a@b.c|a@b.c>', 'https://x.org/a_b*c', '\n', '\n\n', ' ', 'a', 'é', '漢', '👍', 'snake_case', '10:30:15', '\u200b', '\r\n', '\u0000', '\ud800', '__proto__',
), { maxLength: 24 }).map((parts) => parts.join(''));

describe('Slack’s rich text', () => {
  test('what its composer can make survives being written and read: all text, all formatting', () => {
    fc.assert(fc.property(slackTree, (tree) => {
      expect(marksOf(rich(tree))).toBe(marksOf(tree));
    }), { numRuns: 1500 });
  });

  test('and survives the way from Matrix to Slack and back', () => {
    fc.assert(fc.property(slackTree, (tree) => {
      const sent = fromMatrix({ ...toMatrix(tree) });
      const back = fromMatrix({ ...toMatrix(rich(sent)) });
      expect(solidText(back)).toBe(solidText(sent));
    }), { numRuns: 500 });
  });

  test('no text of any tree is lost', () => {
    fc.assert(fc.property(anyTree, (tree) => {
      expect(isWithin(solidText(tree), solidText(rich(tree)))).toBe(true);
    }), { numRuns: 1500 });
  });

  test('every element is one that Slack takes', () => {
    fc.assert(fc.property(anyTree, (tree) => {
      for (const element of writeRichText(tree)) {
        const inner = element['elements'] as Record<string, unknown>[];
        expect(inner.length).toBeGreaterThan(0);
        for (const each of element['type'] === 'rich_text_list' ? inner.flatMap((item) => item['elements'] as Record<string, unknown>[]) : inner) {
          if (each['type'] === 'text') expect(each['text']).not.toBe('');
        }
      }
    }), { numRuns: 500 });
  });
});

describe('Slack’s mrkdwn', () => {
  test('what it can say survives being written and read', () => {
    fc.assert(fc.property(plainTree, (tree) => {
      expect(marksOf(mrkdwn(tree))).toBe(marksOf(tree));
    }), { numRuns: 2000 });
  });

  test('literal text is never read as markup', () => {
    fc.assert(fc.property(nasty.filter((text) => !/:\/\/|www\.|[a-z0-9]@/.test(text)), (text) => {
      const tree: RichText = [{ t: 'paragraph', children: [{ t: 'text', text }] }];
      expect(marksOf(mrkdwn(tree))).toBe(marksOf([{ t: 'paragraph', children: [{ t: 'text', text: clean(text).replaceAll('\u200b', '') }] }]));
    }), { numRuns: 2000 });
  });

  test('no text of any tree is lost', () => {
    fc.assert(fc.property(anyTree, (tree) => {
      expect(isWithin(bare(solidText(tree)), bare(solidText(mrkdwn(tree))))).toBe(true);
    }), { numRuns: 1000 });
  });

  test('anything can be read, and what was read survives', () => {
    fc.assert(fc.property(fc.oneof(nasty, fc.string({ unit: 'binary' })), (markup) => {
      const tree = readMrkdwn(markup);
      expect(bare(solidText(rich(tree)))).toBe(bare(solidText(tree)));
    }), { numRuns: 2000 });
  });

  test('words of plain text come through to the letter', () => {
    fc.assert(fc.property(fc.array(word, { maxLength: 20 }), (words) => {
      expect(solidText(readMrkdwn(words.join(' ')))).toBe(words.join(''));
    }));
  });

  test('a long and contrived text takes time in proportion to its length', () => {
    for (const unit of ['*a ', '*_~', '`', '```a\n', '> ', '<a|', '<@U1', ':a', '*a*', '&gt; a\n', '<https://x.org|*', ':+1::skin-tone-3']) {
      const started = process.cpuUsage().user;
      readMrkdwn(unit.repeat(5_000));
      const short = process.cpuUsage().user - started;
      const again = process.cpuUsage().user;
      readMrkdwn(unit.repeat(40_000));
      // Eight times the text: a quadratic reader would need sixty-four times as long.
      expect([unit, process.cpuUsage().user - again < 30 * Math.max(short, 5_000)]).toEqual([unit, true]);
    }
  });
});
