import fc from 'fast-check';
import type { Block, Inline, RichText } from '../../src/model/richtext.ts';

/** Words with everything some markup gives a meaning to. */
const addresses = ['https://x.org/_a_(b)', 'www.x.org.', 'ahttp://y.z/*', 'mailto:q@r.s'];
const word = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-zA-Zéß漢0-9]{1,6}$/) },
  fc.string({ unit: fc.constantFrom(...'*_~`<>&"\'-.#|()[]@/\\:a1é👍'), maxLength: 6 }),
  fc.constantFrom('**', '*a*', '_b_', '~', '```', '`c`', 'a*b', '>', '-', '1.', '&amp;', '<b>', 'snake_case_name', '👨‍👩‍👧'),
);
const words = fc.array(fc.oneof(word, fc.constantFrom(' ', '  ', '\u00a0', '')), { maxLength: 8 }).map((parts) => parts.join(' '));
const glued = fc.array(word, { maxLength: 3 }).map((parts) => parts.join(''));
const string = fc.oneof(words, glued, fc.constantFrom('> q', '- x', '* y', '7. z', '  - in', '>'));

const href = fc.oneof(fc.webUrl({ withFragments: true, withQueryParameters: true }), fc.constant('mailto:a@b.org'));
const userId = fc.stringMatching(/^[a-z0-9._=/+-]{1,8}$/).map((local) => `@${local}:example.org`);

const textLeaf: fc.Arbitrary<Inline> = fc.oneof(
  { weight: 6, arbitrary: string.map((text): Inline => ({ t: 'text', text })) },
  string.map((text): Inline => ({ t: 'code', text })),
  fc.constant<Inline>({ t: 'break' }),
);
const leaf: fc.Arbitrary<Inline> = fc.oneof(
  { weight: 6, arbitrary: textLeaf },
  fc.constantFrom(...addresses).map((text): Inline => ({ t: 'text', text })),
  href.map((url): Inline => ({ t: 'link', href: url, children: [{ t: 'text', text: url }] })),
);
const matrixLeaf: fc.Arbitrary<Inline> = fc.oneof(
  { weight: 5, arbitrary: leaf },
  fc.record({ t: fc.constant('mention' as const), target: fc.constant('user' as const), id: userId, name: fc.stringMatching(/^[a-z<&*]{1,8}$/) }),
  fc.record({ t: fc.constant('emoji' as const), name: fc.stringMatching(/^[a-z]{1,8}$/), source: fc.constant('mxc://example.org/abc') }),
);

type Format = Extract<Inline, { t: 'bold' | 'italic' | 'strike' | 'underline' | 'sup' | 'sub' }>['t'];

function inlines(leaves: fc.Arbitrary<Inline>, formats: readonly Format[], rich: boolean): fc.Arbitrary<Inline[]> {
  const { list } = fc.letrec<{ one: Inline; list: Inline[] }>((tie) => {
    const children = tie('list') as fc.Arbitrary<Inline[]>;
    const wraps: fc.Arbitrary<Inline>[] = [fc.record({ t: fc.constantFrom(...formats), children })];
    if (rich) {
      wraps.push(fc.record({ t: fc.constant('spoiler' as const), reason: fc.stringMatching(/^[a-z"<&]{1,9}$/), children }, { requiredKeys: ['t', 'children'] }));
      wraps.push(fc.record({ t: fc.constant('link' as const), href, children }));
    }
    return {
      one: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaves, ...wraps),
      list: fc.array(tie('one'), { maxLength: 3 }) as fc.Arbitrary<Inline[]>,
    };
  });
  return list;
}

function trees(children: fc.Arbitrary<Inline[]>, rich: boolean): fc.Arbitrary<RichText> {
  const { blocks } = fc.letrec<{ block: Block; blocks: Block[] }>((tie) => {
    const inner = tie('blocks') as fc.Arbitrary<Block[]>;
    const basic: fc.Arbitrary<Block>[] = [
      fc.record({ t: fc.constant('paragraph' as const), children }),
      fc.record({ t: fc.constant('codeblock' as const), text: fc.array(string, { maxLength: 4 }).map((lines) => lines.join('\n')) }),
      fc.record({ t: fc.constant('quote' as const), children: inner }),
      fc.record({ t: fc.constant('list' as const), ordered: fc.constant(false), items: fc.array(inner, { minLength: 1, maxLength: 3 }) }),
      fc.record(
        { t: fc.constant('list' as const), ordered: fc.constant(true), start: fc.nat(1200), items: fc.array(inner, { minLength: 1, maxLength: 3 }) },
        { requiredKeys: ['t', 'ordered', 'items'] },
      ),
    ];
    const more: fc.Arbitrary<Block>[] = [
      fc.record({ t: fc.constant('heading' as const), level: fc.constantFrom(1, 2, 3, 4, 5, 6), children }),
      fc.record({ t: fc.constant('codeblock' as const), text: string, language: fc.constantFrom('ts', 'c++') }),
      fc.record({ t: fc.constant('table' as const), header: fc.boolean(), rows: fc.array(fc.array(children, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }) }),
      fc.record({ t: fc.constant('details' as const), summary: children, children: inner }),
      fc.constant<Block>({ t: 'rule' }),
    ];
    return {
      block: fc.oneof({ depthSize: 'small', withCrossShrink: true, maxDepth: 7 }, ...basic, ...(rich ? more : [])),
      blocks: fc.array(tie('block'), { maxLength: 3 }) as fc.Arbitrary<Block[]>,
    };
  });
  return blocks;
}

const PLAIN_FORMATS: readonly Format[] = ['bold', 'italic', 'strike'];

/** Every kind of block and inline. */
export const anyTree = trees(inlines(matrixLeaf, [...PLAIN_FORMATS, 'underline', 'sup', 'sub'], true), true);
/** What WhatsApp's markup can say; addresses apart, as each has one style throughout. */
export const whatsAppTree = trees(inlines(textLeaf, PLAIN_FORMATS, false), false);
/** The same with addresses. */
export const linkedTree = trees(inlines(leaf, PLAIN_FORMATS, false), false);

interface Mark {
  readonly char: string;
  /** Enclosing blocks, outermost first, and formats in alphabetical order. */
  readonly path: string;
}

/**
 * Each solid character of a tree (no white space, no zero-width space) with all that encloses it: how the tests compare trees
 * whose paragraphs, breaks and nesting order differ but whose meaning does not. A link that shows its own address counts as text, unless `bare`.
 */
export function marksOf(text: RichText, bare = false): string {
  return marksIn(text, bare).map(({ char, path }) => `${char} ${path}`).join('\n');
}

export function marksIn(text: RichText, bare = false): Mark[] {
  const marks: Mark[] = [];
  const add = (value: string, blocks: readonly string[], formats: readonly string[]): void => {
    const path = [...blocks, ...[...formats].sort()].join(' ');
    for (const char of solid(value)) marks.push({ char, path });
  };
  const inline = (children: readonly Inline[], blocks: readonly string[], formats: readonly string[], inLink = false): void => {
    const has = (kind: string): boolean => formats.some((format) => format.startsWith(kind));
    for (const child of children) {
      if (child.t === 'text') add(child.text, blocks, formats);
      else if (child.t === 'code') add(child.text, blocks, [...formats, 'code']);
      else if (child.t === 'mention') add(child.name, blocks, inLink ? formats : [...formats, `mention=${child.id}`]);
      else if (child.t === 'emoji') add(child.name, blocks, [...formats, `emoji=${child.source ?? ''}`]);
      else if (child.t === 'link') {
        // Of links in a link only the outermost is one.
        const shown = !inLink && (bare || textOf(child.children).trim() !== child.href);
        inline(child.children, blocks, shown ? [...formats, `link=${child.href}`] : formats, true);
      } else if (child.t === 'spoiler') inline(child.children, blocks, has('spoiler') ? formats : [...formats, `spoiler=${child.reason ?? ''}`], inLink);
      else if (child.t !== 'break') inline(child.children, blocks, has(child.t) ? formats : [...formats, child.t], inLink);
    }
  };
  const walk = (children: readonly Block[], blocks: readonly string[]): void => {
    for (const block of children) {
      if (block.t === 'paragraph') inline(block.children, blocks, []);
      else if (block.t === 'heading') inline(block.children, [...blocks, `h${block.level}`], []);
      else if (block.t === 'quote') walk(block.children, [...blocks, 'quote']);
      else if (block.t === 'codeblock') add(block.text, [...blocks, `codeblock=${block.language ?? ''}`], []);
      else if (block.t === 'list') block.items.forEach((item, n) => walk(item, [...blocks, block.ordered ? `${(block.start ?? 1) + n}.` : '-']));
      else if (block.t === 'table') block.rows.forEach((row, y) => row.forEach((cell, x) => inline(cell, [...blocks, `cell=${y},${x},${String(block.header)}`], [])));
      else if (block.t === 'details') {
        inline(block.summary, [...blocks, 'summary'], []);
        walk(block.children, [...blocks, 'details']);
      }
    }
  };
  walk(text, []);
  return marks;
}

function textOf(children: readonly Inline[]): string {
  return children.map((child) => ('text' in child ? child.text : 'children' in child ? textOf(child.children) : child.t === 'break' ? ' ' : '\u0000')).join('');
}

/** Without white space, and the characters that set literal marks apart on WhatsApp. */
export function solid(text: string): string {
  return text.replace(/[\s\u200a\u200b]/g, '');
}

/** Without what may not be in any text: control characters and lone surrogates. */
export function clean(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').toWellFormed();
}

/** The solid characters alone. */
export function solidText(text: RichText): string {
  return marksIn(text).map((mark) => mark.char).join('');
}

/** Whether all of `part` is in `whole`, in order. */
export function isWithin(part: string, whole: string): boolean {
  let at = 0;
  const wanted = [...part];
  for (const char of whole) if (char === wanted[at]) at += 1;
  return at === wanted.length;
}
