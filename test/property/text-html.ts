import fc from 'fast-check';
import { Parser } from 'htmlparser2';

/** The tags and attributes that the spec lists for m.room.message, and (v1.19, "Sending custom emotes") the mark of a custom emote. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    'del h1 h2 h3 h4 h5 h6 blockquote p ul sup sub li b i u strong em s hr br div table thead tbody tr th td caption pre details summary'
      .split(' ')
      .map((tag) => [tag, []]),
  ),
  span: ['data-mx-spoiler', 'data-mx-color', 'data-mx-bg-color', 'data-mx-maths'],
  a: ['href', 'target'],
  img: ['width', 'height', 'alt', 'title', 'src', 'data-mx-emoticon'],
  ol: ['start'],
  code: ['class'],
};

/** What in the HTML is not as the spec wants it. */
export function problemsOf(html: string): string[] {
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
    onclosetag(name, isImplied) {
      depth -= 1;
      if (isImplied && !['br', 'hr', 'img'].includes(name)) problems.push(`${name} not closed`);
    },
  });
  parser.end(html);
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(html) || !html.isWellFormed()) problems.push('control character or lone surrogate');
  return problems;
}

/** What a reader sees of HTML: its text but for what is in `script`, `style` or `template`. */
export function visibleText(html: string): string {
  let text = '';
  let hidden = 0;
  const change = (name: string, by: number): void => void (hidden += ['script', 'style', 'template'].includes(name) ? by : 0);
  const parser = new Parser({ onopentag: (name) => change(name, 1), onclosetag: (name) => change(name, -1), ontext: (data) => void (text += hidden > 0 ? '' : data) });
  // Unlike browsers, the parser takes this for a comment up to `]]>`.
  parser.end(html.replaceAll('<![CDATA[', '<![ CDATA['));
  return text;
}

const names =
  'a b i u s em strong del strike p div span font h1 h3 h6 blockquote pre code ul ol li table thead tbody tr td th caption details summary sup sub svg math textarea title center mx-reply blink'.split(' ');
const attribute = fc.constantFrom(
  'href="javascript:alert(1)"', 'href="java\tscript:alert(1)"', 'href=" &#1;javascript:alert(1)"', 'href="data:text/html,x"', 'href="https://x.org/?a=1&b=2"', 'href="//x.org"',
  'href="https://matrix.to/#/@a:b.c"', 'href="matrix:u/a:b.c"', 'href="matrix:r/a:b.c/e/x"', 'href="https://matrix.to/#/%"', 'href="matrix:r/\ud800"', 'href="matrix:u/\u202e"', 'onerror=alert(1)', 'src="https://x.org/x.png"', 'src="mxc://a/b"',
  'alt="<b>"', 'data-mx-emoticon', 'data-mx-spoiler', 'data-mx-spoiler="a\'&quot;<>"', 'data-mx-maths="x^2"', 'data-mx-color="#ff0000"', 'color=red', 'class="language-x y"', 'class="a language-c++&quot;"',
  'start="7"', 'start="-1"', 'style="x"', '__proto__="x"', 'constructor',
);
const openTag = fc.tuple(fc.constantFrom(...names, 'br', 'hr', 'img'), fc.array(attribute, { maxLength: 3 })).map(([name, attributes]) => `<${[name, ...attributes].join(' ')}>`);
const tag = fc.oneof({ weight: 3, arbitrary: openTag }, { weight: 2, arbitrary: fc.constantFrom(...names).map((name) => `</${name}>`) });

/** Anything at all. */
export const hostileText = fc.string({ unit: 'binary', maxLength: 30 });
const hostilePart = fc.oneof(
  { weight: 3, arbitrary: tag },
  fc.constantFrom('text', ' ', '\n', '&lt;script&gt;', '&#0;', '&#x1f;', '&#xd800;', '<!--', '-->', '<![CDATA[', '@room', '\u0000', '<script>', '</script>', '<style>', '<template>', '</template>', '<b', '<b a="', '"', "'"),
  hostileText,
);
export const hostileHtml = fc.array(hostilePart, { maxLength: 40 }).map((parts) => parts.join(''));

interface Part {
  readonly html: string;
  readonly text: string;
}

const word: fc.Arbitrary<Part> = fc.oneof(
  fc.stringMatching(/^[a-z0-9*_~`>.-]{1,5}$/).map((text) => ({ html: text.replaceAll('>', '&gt;'), text })),
  fc.constantFrom<Part>(
    { html: 'é漢👍', text: 'é漢👍' }, { html: 'שלום', text: 'שלום' }, { html: '\u202eevil\u202c', text: '\u202eevil\u202c' }, { html: '&lt;b&gt;', text: '<b>' },
    { html: '&amp;lt;', text: '&lt;' }, { html: '&nbsp;x', text: 'x' }, { html: '<3', text: '<3' }, { html: 'a < b', text: 'a<b' }, { html: '&#128077;', text: '👍' }, { html: '&bogus;', text: '&bogus;' },
    { html: 'x\u0000y', text: 'xy' }, { html: 'x\ud800', text: 'x\ufffd' }, { html: 'e\u0301', text: 'e\u0301' }, { html: '@room', text: '@room' }, { html: '👨‍👩‍👧', text: '👨‍👩‍👧' },
  ),
);
const silent = fc.oneof(
  { weight: 8, arbitrary: tag },
  fc.constantFrom(' ', '\n', '<!-- hidden -->', '<script>hidden</script>', '<style>hidden</style>', '<template>hidden<b></template>', '<?hidden?>', '<!DOCTYPE hidden>', '<![CDATA[hidden>'),
).map((html): Part => ({ html, text: '' }));

/** Tags in any order, unclosed and stray, with words between: the HTML, and all that one must be able to read, without white space. */
export const soup: fc.Arbitrary<Part> = fc
  .array(fc.oneof({ weight: 2, arbitrary: silent }, word), { maxLength: 40 })
  .map((parts) => ({ html: parts.map(({ html }) => html).join(''), text: parts.map(({ text }) => text).join('') }));
