import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Inline, RichText } from '../../src/model/richtext.ts';
import { decode, encode } from '../../src/networks/whatsapp/markup.ts';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { toPlain } from '../../src/text/plain.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { hostileHtml, hostileText, problemsOf, soup, visibleText } from './text-html.ts';
import { anyTree, clean, isWithin, marksIn, marksOf, solid, solidText } from './text-trees.ts';

function read(formatted_body: string, room = false): RichText {
  return fromMatrix({ body: 'fallback', format: 'org.matrix.custom.html', formatted_body, 'm.mentions': { room } });
}

function writeAndRead(tree: RichText): RichText {
  return fromMatrix({ ...toMatrix(tree, { allowRoomMention: true }) });
}

describe('Matrix HTML', () => {
  test('a tree survives being written and read: all text, all formatting; read a second time nothing changes at all', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        fc.pre(marksOf(tree) !== '');
        const back = writeAndRead(tree);
        expect(marksOf(back)).toBe(marksOf(tree));
        expect(JSON.stringify(writeAndRead(back))).toBe(JSON.stringify(back));
      }),
      { numRuns: 1000 },
    );
  });

  test('code blocks survive to the letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\n', ' ', '\t', '`', '<', '&', 'x') }), (text) => {
        expect(fromMatrix({ ...toMatrix([{ t: 'codeblock', text, language: 'ts' }]) })).toEqual([{ t: 'codeblock', text, language: 'ts' }]);
      }),
    );
  });

  test('everything that one can read in HTML is read, in order, and goes on to Matrix and to WhatsApp', () => {
    fc.assert(
      fc.property(soup, ({ html, text }) => {
        const tree = read(`x${html}`);
        const wanted = `x${text}`;
        expect(isWithin(wanted, solidText(tree))).toBe(true);
        const written = toMatrix(tree);
        expect(isWithin(wanted, solid(visibleText(written.formatted_body ?? '') || written.body))).toBe(true);
        expect(isWithin(wanted, solid(encode(tree)))).toBe(true);
        expect(isWithin(wanted, solidText(decode(encode(tree))))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('however broken the HTML is, its text is read', () => {
    fc.assert(
      fc.property(hostileHtml, (html) => {
        expect(isWithin(solid(clean(visibleText(`x${html}`))), solidText(read(`x${html}`)))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('what is written from hostile HTML has only allowed tags, attributes and schemes, all closed; to write it again changes nothing', () => {
    fc.assert(
      fc.property(hostileHtml, (html) => {
        const written = toMatrix(read(html, true), { allowRoomMention: true });
        expect(problemsOf(written.formatted_body ?? '')).toEqual([]);
        // eslint-disable-next-line no-control-regex
        expect(written.body).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
        expect(written.body.isWellFormed()).toBe(true);
        expect(toMatrix(fromMatrix({ ...written }), { allowRoomMention: true })).toEqual(written);
      }),
      { numRuns: 2000 },
    );
  });

  test('what is written from any tree with hostile text is clean', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (text, other) => {
        const written = toMatrix([
          { t: 'codeblock', text, language: other },
          { t: 'paragraph', children: [
            { t: 'spoiler', reason: other, children: [{ t: 'text', text }] },
            { t: 'link', href: other, children: [{ t: 'text', text }] },
            { t: 'link', href: `https://x/${other}`, children: [{ t: 'code', text }] },
            { t: 'mention', target: 'user', id: `@${other}:x.org`, name: text },
            { t: 'emoji', name: text, source: `mxc://${other}` },
          ] },
        ]);
        expect(problemsOf(written.formatted_body ?? '')).toEqual([]);
      }),
    );
  });

  test('of any depth: HTML that is read and trees that are written keep their text, and no tag is nested too deep', () => {
    const kinds = ['<b>', '<i>', '<blockquote>', '<ul><li>', '<ol><li>', '<table><tr><td>', '<details><summary>', '<div>', '<span data-mx-spoiler>', '<pre>', '<mx-reply>', '<h1>'];
    const units = fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(units, fc.integer({ min: 1, max: 400 }), (tags, times) => {
        const parts = Array.from({ length: times }, (_, n) => `${tags[n % tags.length] ?? ''}${n}.`);
        const tree = read(`x${parts.join('')}`);
        expect(isWithin(parts.map((_, n) => `${n}.`).join(''), solidText(tree))).toBe(true);
        expect(problemsOf(toMatrix(tree).formatted_body ?? '')).toEqual([]);
      }),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom('quote', 'list', 'details', 'table', 'bold'), { maxLength: 200 }), (wraps) => {
        const tree = wraps.reduce<RichText>((inner, wrap, n) => wrapped(inner, wrap, String(n)), [{ t: 'paragraph', children: [{ t: 'text', text: 'x' }] }]);
        const written = toMatrix(tree);
        expect(problemsOf(written.formatted_body ?? '')).toEqual([]);
        expect(isWithin('x', solidText(writeAndRead(tree)))).toBe(true);
        expect(isWithin(wraps.map((_, n) => `(${n})`).reverse().join(''), solid(written.body))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test('reading never throws, whatever the content', () => {
    const key = fc.constantFrom('body', 'format', 'formatted_body', 'm.mentions', 'm.relates_to', 'm.in_reply_to', 'room', '__proto__');
    const value = fc.oneof(fc.anything({ key }), hostileHtml, fc.constant('org.matrix.custom.html'), fc.constant({ room: true }), fc.constant({ 'm.in_reply_to': {} }));
    fc.assert(
      fc.property(fc.dictionary(key, value), (content) => {
        expect(Array.isArray(fromMatrix(content))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Matrix bodies', () => {
  test('the body has all the text but what is hidden', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const open = withoutSpoilers(tree);
        expect(isWithin(solidText(tree), toPlain(tree))).toBe(true);
        expect(isWithin(solidText(open), toMatrix(tree).body)).toBe(true);
        expect(isWithin(solidText(open), toMatrix(open).body)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('a message with only a body is what it says, line by line: no HTML, no Markdown, on either side', () => {
    const line = fc.oneof(
      fc.constantFrom('> quote', '- x', '* x', '1. x', '# h', '```', '**b** _i_ ~~s~~', '*b* _i_ ~s~ `c`', '<b>x</b> &amp; &lt;', '> <@a:b.c> x', '', '  x', '[a](https://x.org)', '|a|b|', '\\*x\\*', 'snake_case_name', '>', '> > > x'),
      fc.string({ unit: fc.constantFrom(...'*_~`>-1. <&ab(é\t') }),
      hostileText,
    );
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
        const body = lines.join('\n');
        const tree = fromMatrix({ msgtype: 'm.text', body });
        expect(toPlain(tree)).toBe(clean(body));
        expect(toMatrix(tree).body).toBe(clean(body));
        expect(marksIn(tree).every(({ path }) => path === '')).toBe(true);
        const back = decode(encode(tree));
        expect(marksOf(back)).toBe(marksOf(tree));
        // Reader and writer may break a line only where the sender did.
        expect(linesOf(toPlain(back))).toEqual(linesOf(clean(body)));
      }),
      { numRuns: 1500 },
    );
  });

  test('of a reply only the fallback is left out', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '>', '<', '\n', '*', '@', ':') });
    const relation = { 'm.relates_to': { 'm.in_reply_to': { event_id: '$x' } } };
    fc.assert(
      fc.property(text, text, fc.boolean(), (quoted, answer, isEmote) => {
        fc.pre(answer.trim() !== '');
        const fallback = `> ${isEmote ? '* ' : ''}<@a.b=c:x.org:8448> ${quoted.replaceAll('\n', '\n> ')}\n\n`;
        expect(toPlain(fromMatrix({ body: fallback + answer, ...relation }))).toBe(answer);
        expect(toPlain(fromMatrix({ body: fallback + answer }))).toBe(fallback + answer);
        const typed = `> ${quoted.replace(/^(?:\* )?</, '')}\n\n${answer}`;
        expect(toPlain(fromMatrix({ body: typed, ...relation }))).toBe(typed);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(soup, soup, (quoted, answer) => {
        const isPlain = !/mx-reply/.test(quoted.html);
        fc.pre(isPlain);
        expect(read(`<mx-reply>${quoted.html}</mx-reply>x${answer.html}`)).toEqual(read(`x${answer.html}`));
      }),
      { numRuns: 300 },
    );
  });
});

function linesOf(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/[\s\u200a\u200b]+/g, '')).filter((line) => line !== '');
}

function wrapped(inner: RichText, wrap: string, label: string): RichText {
  const text: Inline = { t: 'text', text: `(${label})` };
  const first = inner[0];
  switch (wrap) {
    case 'quote':
      return [{ t: 'quote', children: [{ t: 'paragraph', children: [text] }, ...inner] }];
    case 'list':
      return [{ t: 'list', ordered: false, items: [[{ t: 'paragraph', children: [text] }, ...inner]] }];
    case 'details':
      return [{ t: 'details', summary: [text], children: inner }];
    case 'table':
      return [{ t: 'table', header: true, rows: [[[text]]] }, ...inner];
    default:
      return first?.t === 'paragraph'
        ? [{ t: 'paragraph', children: [text, { t: 'bold', children: first.children }] }, ...inner.slice(1)]
        : [{ t: 'paragraph', children: [text] }, ...inner];
  }
}

function withoutSpoilers(tree: RichText): RichText {
  return JSON.parse(JSON.stringify(tree), (_key, value: unknown) =>
    Array.isArray(value) ? value.filter((entry: unknown) => (entry as { t?: unknown } | null)?.t !== 'spoiler') : value) as RichText;
}
