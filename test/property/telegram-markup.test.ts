import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Inline, RichText } from '../../src/model/richtext.ts';
import { decode, encode, weigh } from '../../src/networks/telegram/markup.ts';
import { readRich } from '../../src/networks/telegram/rich.ts';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { splitText } from '../../src/text/split.ts';
import '../kit/properties.ts';
import { anyTree, clean, isWithin, marksIn, solid, solidText } from './text-trees.ts';

/** What Telegram can say: no lists, headings, tables; quotes do not lie in each other, code takes no other format. */
const EXPRESSIBLE = /^(?:quote|codeblock=.*|bold|italic|strike|underline|spoiler=.*|code|link=https?:.*)$/;

interface Place {
  readonly char: string;
  readonly path: string;
}

/** Each solid character with the formats that Telegram can show for it. */
function shown(text: RichText): Place[] {
  return marksIn(text).map(({ char, path }) => {
    const formats = [...new Set(path.split(' ').filter((format) => EXPRESSIBLE.test(format)).map((format) => (format.startsWith('spoiler=') ? 'spoiler' : format)))];
    // Where a link leads is worth more than that it looks like code.
    const linked = formats.some((format) => format.startsWith('link='));
    if (linked) return { char, path: formats.filter((format) => format !== 'code').sort().join(' ') };
    const codes = formats.filter((format) => format === 'code' || format.startsWith('codeblock'));
    const kept = codes.length === 0 ? formats : formats.filter((format) => codes.includes(format) || format === 'quote');
    return { char, path: kept.sort().join(' ') };
  });
}

/** No link lies in another: HTML has no such thing. */
function flatLinks(children: readonly Inline[], inLink = false): Inline[] {
  return children.flatMap((child): Inline[] => {
    if (!('children' in child)) return [child];
    const inner = flatLinks(child.children, inLink || child.t === 'link');
    return child.t === 'link' && inLink ? inner : [{ ...child, children: inner }];
  });
}

/** Nothing that Telegram has another form for: what is left comes back as it went. */
const plainTree = anyTree.map((tree) => tree.flatMap((block): RichText => (block.t === 'codeblock' ? [block] : block.t === 'paragraph' ? [{ ...block, children: flatLinks(block.children) }] : [])));

const entity = fc.record({
  type: fc.constantFrom('bold', 'italic', 'underline', 'strikethrough', 'spoiler', 'code', 'pre', 'blockquote', 'expandable_blockquote', 'text_link', 'url', 'email', 'mention', 'hashtag', 'text_mention', 'custom_emoji', 'date_time', 'no_such'),
  offset: fc.integer({ min: -3, max: 60 }), length: fc.integer({ min: -3, max: 60 }),
  url: fc.constantFrom('https://x.org/', 'javascript:alert(1)', 'tg://user?id=5', 'x'), user: fc.constantFrom({ id: 7, first_name: 'Q' }, {}),
});

describe('Telegram entities', () => {
  test('no text is lost on the way out, whatever the tree', () => {
    fc.assert(fc.property(anyTree, (tree) => {
      expect(isWithin(solidText(tree), solid(encode(tree).text))).toBe(true);
    }), { numRuns: 1500 });
  });

  test('entities lie within the text, in order, at no white space, and as Telegram lets them lie in each other', () => {
    fc.assert(fc.property(anyTree, (tree) => {
      const { text, entities } = encode(tree);
      for (const { offset, length, type } of entities) {
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(length).toBeGreaterThan(0);
        expect(offset + length).toBeLessThanOrEqual(text.length);
        if (type !== 'pre' && type !== 'blockquote') expect(text.slice(offset, offset + length)).toBe(text.slice(offset, offset + length).trim());
      }
      expect(entities.map(({ offset }) => offset)).toEqual(entities.map(({ offset }) => offset).sort((one, other) => one - other));
      for (const one of entities) for (const other of entities) {
        if (one === other) continue;
        const apart = one.offset + one.length <= other.offset || other.offset + other.length <= one.offset;
        const inside = one.offset >= other.offset && one.offset + one.length <= other.offset + other.length;
        const around = other.offset >= one.offset && other.offset + other.length <= one.offset + one.length;
        expect(apart || inside || around).toBe(true);
        if (apart) continue;
        const codes = [one, other].filter(({ type }) => type === 'code' || type === 'pre').length;
        const quotes = [one, other].filter(({ type }) => type === 'blockquote').length;
        expect(codes === 0 || quotes === 1).toBe(true);
        expect(quotes).toBeLessThan(2);
        expect(one.type === other.type).toBe(false);
      }
      expect(text).toBe(text.trim() === '' ? '' : text);
    }), { numRuns: 1000 });
  });

  test('what Telegram can show survives being written and read', () => {
    fc.assert(fc.property(plainTree, (tree) => {
      const { text, entities } = encode(tree);
      const back = shown(decode(text, entities));
      const went = shown(tree);
      // A raised number and the reason of a spoiler are said in text; those signs come on top.
      let at = 0;
      for (const mark of back) if (went[at]?.char === mark.char && went[at]?.path === mark.path) at += 1;
      expect(at).toBe(went.length);
    }), { numRuns: 1500 });
  });

  test('any text with any entities is read without losing text, and written again as it was', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab \n👍é@.'), maxLength: 50 }), fc.array(entity, { maxLength: 12 }), (text, entities) => {
      const tree = decode(text, entities);
      expect(isWithin(solid(clean(text)), solid(encode(tree).text))).toBe(true);
    }), { numRuns: 2000 });
  });

  test('what comes over Matrix keeps its words', () => {
    fc.assert(fc.property(anyTree, (tree) => {
      const { body, formatted_body: html } = toMatrix(tree);
      const back = fromMatrix({ body, ...(html === undefined ? {} : { format: 'org.matrix.custom.html', formatted_body: html }) });
      expect(isWithin(solidText(back), solid(encode(back).text))).toBe(true);
    }), { numRuns: 500 });
  });

  test('split parts fit, in characters and in entities', () => {
    fc.assert(fc.property(anyTree, fc.integer({ min: 60, max: 400 }), (tree, limit) => {
      for (const part of splitText(tree, limit, (piece) => weigh(piece, limit))) {
        const { text, entities } = encode(part);
        expect(text.length).toBeLessThanOrEqual(limit);
        expect(entities.length).toBeLessThanOrEqual(100);
      }
    }), { numRuns: 300 });
  });

  test('work grows with the text, not with its square', () => {
    const time = (count: number): number => {
      const text = 'ab '.repeat(count);
      const entities = Array.from({ length: count }, (_, index) => ({ type: ['bold', 'code', 'blockquote', 'text_link'][index % 4] ?? '', offset: index, length: count, url: 'https://x.org/' }));
      const start = performance.now();
      encode(decode(text, entities));
      return performance.now() - start;
    };
    time(2000);
    const small = Math.min(time(4000), time(4000), time(4000));
    const large = Math.min(time(32_000), time(32_000));
    expect(large).toBeLessThan(Math.max(small, 2) * 8 * 6);
  });
});

const richText = fc.letrec((tie) => ({
  text: fc.oneof({ maxDepth: 6, depthSize: 'small' },
    fc.constantFrom('word', 'two words', '<b>', ''),
    fc.array(tie('text'), { maxLength: 3 }),
    fc.record({ type: fc.constantFrom('bold', 'italic', 'marked', 'code', 'subscript', 'url', 'reference', 'text_mention', 'no_such'), text: tie('text'), url: fc.constant('https://x.org') })),
})).text;
const richBlock = fc.letrec((tie) => ({
  block: fc.oneof({ maxDepth: 5, depthSize: 'small' },
    fc.record({ type: fc.constantFrom('paragraph', 'heading', 'pre', 'footer', 'pullquote', 'thinking', 'no_such'), text: richText, size: fc.nat(9) }),
    fc.record({ type: fc.constantFrom('blockquote', 'details', 'collage'), blocks: fc.array(tie('block'), { maxLength: 3 }), summary: richText, credit: richText }),
    fc.record({ type: fc.constant('list'), items: fc.array(fc.record({ label: fc.constantFrom('•', '1.'), blocks: fc.array(tie('block'), { maxLength: 2 }) }), { maxLength: 3 }) }),
    fc.record({ type: fc.constant('table'), cells: fc.array(fc.array(fc.record({ text: richText }), { maxLength: 3 }), { maxLength: 3 }) })),
})).block;

/** All words that stand in a value. */
function wordsIn(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(wordsIn).join('');
  if (typeof value !== 'object' || value === null) return '';
  const { text, blocks, items, cells, summary, credit } = value as Record<string, unknown>;
  const type = (value as { type?: unknown }).type;
  const own = type === 'details' ? [summary, blocks] : type === 'blockquote' ? [blocks, credit] : type === 'collage' ? [blocks] : [text, items, cells, blocks];
  return own.map(wordsIn).join('');
}

describe('rich messages', () => {
  test('no words are lost, however they lie in each other', () => {
    fc.assert(fc.property(fc.array(richBlock, { maxLength: 4 }), (blocks) => {
      expect(isWithin(solid(wordsIn(blocks)), solid(encode(readRich({ blocks })).text))).toBe(true);
    }), { numRuns: 1000 });
  });

  test('anything at all is read, however deep', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
      expect(Array.isArray(readRich(value))).toBe(true);
    }), { numRuns: 500 });
    let deep: unknown = 'x';
    for (let depth = 0; depth < 20_000; depth += 1) deep = { type: 'bold', text: deep };
    expect(solidText(readRich({ blocks: [{ type: 'paragraph', text: deep }] }))).toBe('x');
  });
});
