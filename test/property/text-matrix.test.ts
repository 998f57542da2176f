import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Parser } from 'htmlparser2';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { toPlain } from '../../src/text/plain.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { anyTree, isWithin, solidText } from './text-trees.ts';

/** The tags and attributes that the spec lists for m.room.message, and MSC2545's mark of a custom emoji. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    'del h1 h2 h3 h4 h5 h6 blockquote p ul sup sub li b i u strong em s hr br div table thead tbody tr th td caption pre details summary'
      .split(' ')
      .map((tag) => [tag, []]),
  ),
  span: ['data-mx-spoiler', 'data-mx-color', 'data-mx-bg-color'],
  a: ['href', 'target'],
  img: ['width', 'height', 'alt', 'title', 'src', 'data-mx-emoticon'],
  ol: ['start'],
  code: ['class'],
};

function problemsOf(html: string): string[] {
  const problems: string[] = [];
  let depth = 0;
  const parser = new Parser({
    onopentag(name, attributes) {
      depth += 1;
      if (depth > 100) problems.push('too deep');
      const allowed = Object.hasOwn(ALLOWED, name) ? ALLOWED[name] : undefined;
      if (allowed === undefined) problems.push(name);
      for (const [key, value] of Object.entries(attributes)) {
        if (allowed?.includes(key) !== true) problems.push(`${name} ${key}`);
        if (key === 'href' && !/^(?:https?|ftp|mailto|magnet):/i.test(value)) problems.push(value);
        if (key === 'src' && !value.startsWith('mxc://')) problems.push(value);
        if (key === 'class' && !/^language-\S+$/.test(value)) problems.push(value);
      }
    },
    onclosetag() {
      depth -= 1;
    },
  });
  parser.end(html);
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(html) || !html.isWellFormed()) problems.push('control character or lone surrogate');
  return problems;
}

const hostileText = fc.string({ unit: 'binary', maxLength: 30 });
const tag = fc.constantFrom(
  ...'a b i u s em strong del p div span h1 h3 h6 blockquote pre code ul ol li table thead tbody tr td th caption details summary br hr img mx-reply script style font svg math title textarea'.split(' '),
);
const attribute = fc.constantFrom(
  'href="javascript:alert(1)"', 'href="java\tscript:alert(1)"', 'href=" &#1;javascript:alert(1)"', 'href="data:text/html,x"', 'href="https://x.org/?a=1&b=2"', 'href="//x.org"',
  'href="https://matrix.to/#/@a:b.c"', 'href="matrix:u/a:b.c"', 'href="matrix:r/a:b.c/e/x"', 'href="https://matrix.to/#/%"', 'onerror=alert(1)', 'src="https://x.org/x.png"', 'src="mxc://a/b"',
  'alt="<b>"', 'data-mx-emoticon', 'data-mx-spoiler', 'data-mx-spoiler="a\'&quot;<>"', 'class="language-x y"', 'class="a language-c++&quot;"', 'start="7"', 'start="-1"', 'style="x"', '__proto__="x"', 'constructor',
);
const htmlPart = fc.oneof(
  fc.tuple(tag, fc.array(attribute, { maxLength: 3 })).map(([name, attributes]) => `<${[name, ...attributes].join(' ')}>`),
  tag.map((name) => `</${name}>`),
  fc.constantFrom('text', ' ', '\n', '&lt;script&gt;', '&#0;', '&#x1f;', '&#xd800;', '<!--', '-->', '<![CDATA[', '@room', '\u0000'),
  hostileText,
);
const html = fc.array(htmlPart, { maxLength: 40 }).map((parts) => parts.join(''));

function read(formatted_body: string): ReturnType<typeof fromMatrix> {
  return fromMatrix({ body: 'fallback', format: 'org.matrix.custom.html', formatted_body, 'm.mentions': { room: true } });
}

describe('Matrix HTML', () => {
  test('code blocks survive to the letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\n', ' ', '\t', '`', '<', '&', 'x') }), (text) => {
        expect(fromMatrix({ ...toMatrix([{ t: 'codeblock', text, language: 'ts' }]) })).toEqual([{ t: 'codeblock', text, language: 'ts' }]);
      }),
    );
  });

  test('what is written from hostile HTML has only allowed tags, attributes and schemes, and reads the same again', () => {
    fc.assert(
      fc.property(html, (formatted) => {
        const tree = read(formatted);
        const written = toMatrix(tree);
        expect(problemsOf(written.formatted_body ?? '')).toEqual([]);
        // eslint-disable-next-line no-control-regex
        expect(written.body).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
        expect(written.body.isWellFormed()).toBe(true);
      }),
      { numRuns: 3000 },
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

  test('reading never throws, whatever the content', () => {
    const key = fc.constantFrom('body', 'format', 'formatted_body', 'm.mentions', 'm.relates_to', 'm.in_reply_to', 'room', '__proto__');
    const value = fc.oneof(fc.anything({ key }), html, fc.constant('org.matrix.custom.html'), fc.constant({ room: true }), fc.constant({ 'm.in_reply_to': {} }));
    fc.assert(
      fc.property(fc.dictionary(key, value), (content) => {
        expect(Array.isArray(fromMatrix(content))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('the body has all the text', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(isWithin(solidText(tree), toPlain(tree))).toBe(true);
        expect(toMatrix(tree).body).toBe(toPlain(tree));
      }),
    );
  });
});
