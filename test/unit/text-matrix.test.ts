import { describe, expect, test } from '@jest/globals';
import type { Inline, RichText } from '../../src/model/richtext.ts';
import { encode } from '../../src/networks/whatsapp/markup.ts';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { toPlain } from '../../src/text/plain.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';

const html = (formatted_body: string, more: Record<string, unknown> = {}): RichText => fromMatrix({ body: 'the body', format: 'org.matrix.custom.html', formatted_body, ...more });
const onWhatsApp = (formatted_body: string, more: Record<string, unknown> = {}): string => encode(html(formatted_body, more));
const paragraph = (...children: Inline[]): RichText => [{ t: 'paragraph', children }];
const text = (value: string): Inline => ({ t: 'text', text: value });
const reply = { 'm.relates_to': { 'm.in_reply_to': { event_id: '$x' } } };

describe('reading Matrix messages', () => {
  test.each<[string, string]>([
    ['a <b>b</b> <em>c</em> <del>d</del> <s>e</s> <strike>f</strike> <code>g</code>', 'a *b* _c_ ~d~ ~e~ ~f~ `g`'],
    ['<strong><em>both</em></strong>', '*_both_*'],
    ['un<b>believ</b>able', 'un\u200b*believ*\u200bable'],
    ['<h2>Title</h2><p>one</p><p>two<br>three</p>', '*Title*\n\none\n\ntwo\nthree'],
    ['<blockquote><p>a</p><p>b</p></blockquote>c', '> a\n> b\n\nc'],
    ['<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>', '- a\n- b\n  - c'],
    ['<ol start="7"><li>a</li><li>b</li></ol>', '7. a\n8. b'],
    ['<ol start="-1"><li>a</li><li>b</li><li>c</li></ol>', '-1. a\n0. b\n1. c'],
    ['<pre><code class="language-ts">let a = 1;\nlet *b*;\n</code></pre>', '```let a = 1;\nlet *b*;```'],
    ['<table><caption>T</caption><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>', 'T\n\n*a | b*\n1 | 2'],
    ['<details><summary>More</summary>hidden</details>', '*More*\nhidden'],
    ['<details>before<summary>More</summary></details>', 'before\n\nMore'],
    ['<a href="https://x.org/a_b_c">https://x.org/a_b_c</a> <a href="https://x.org">here</a>', 'https://x.org/a_b_c here (https://x.org)'],
    ['<a href="javascript:alert(1)">x</a> <script>alert(1)</script>y', 'x y'],
    ['<span data-mx-spoiler>x</span> <span data-mx-spoiler="film">y</span>', '[spoiler: x] [spoiler (film): y]'],
    ['<font color="red">a</font> <span data-mx-color="#ff0000">b</span> <u>c</u> <blink>d</blink>', 'a b c d'],
    ['10<sup>3</sup> m<sup>a</sup>', '10^3 ma'],
    ['<a href="https://matrix.to/#/@anna:x.org">Anna</a>: hi <a href="matrix:u/bob:x.org?action=chat">Bob</a>', '@Anna: hi @Bob'],
    ['<a href="https://matrix.to/#/%40anna%3Ax.org">@anna:x.org</a>', '@anna:x.org'],
    ['<a href="https://matrix.to/#/#room:x.org">#room:x.org</a>', '#room:x.org (https://matrix.to/#/#room:x.org)'],
    ['<a href="matrix:roomid/a:x.org/e/b?via=x.org">there</a>', 'there (https://matrix.to/#/!a:x.org/$b)'],
    ['<a href="matrix:r/\ud800">broken</a>', 'broken (https://matrix.to/#/%23%EF%BF%BD)'],
    ['<img data-mx-emoticon src="mxc://x.org/a" alt="a waving cat" title="cat_wave" height="32"> <img data-mx-emoticon src="mxc://x.org/a" alt=":cat_wave:">', 'a waving cat :cat_wave:'],
    ['<img src="https://x.org/a.png" alt="a picture">', 'a picture'],
    ['<span data-mx-maths="\\sin(x)">sin(<i>x</i>)</span> <span data-mx-maths="x^2"></span><div data-mx-maths="y"></div>', 'sin(_x_) `x^2`\n\n`y`'],
    ['a<hr>b', 'a\n\n---\n\nb'],
    ['&lt;b&gt; &amp;amp; &#42;x&#42;', '<b> &amp; *\u200ax*'],
    ['  spaces   and\n newlines ', 'spaces and newlines'],
    ['<code><p>a</p><p>b</p></code>', '`a b`'],
    ['<mx-reply><blockquote>In reply to</blockquote></mx-reply>answer', 'answer'],
    ['a <![CDATA[ b > c <!-- d > e --> f', 'a c f'],
    ['a <mx-reply>b</mx-reply> c', 'a b c'],
    ['<mx-reply>never closed', 'never closed'],
  ])('%s', (formatted, expected) => {
    expect(onWhatsApp(formatted)).toBe(expected);
  });

  test('the body is taken where the HTML shows nothing, is of another format, or is none', () => {
    for (const content of [
      { format: 'org.matrix.custom.html', formatted_body: '<p> </p><b></b>' }, { format: 'text/markdown', formatted_body: '<b>x</b>' }, { formatted_body: '<b>x</b>' },
      { format: 'org.matrix.custom.html', formatted_body: 7 }, { format: 'org.matrix.custom.html' }, { format: 'org.matrix.custom.html', formatted_body: '<mx-reply>x</mx-reply> ' },
    ]) {
      expect(toPlain(fromMatrix({ body: 'a\n\n  <b>*b*</b>', ...content }))).toBe('a\n\n  <b>*b*</b>');
    }
    expect(fromMatrix({})).toEqual([]);
    expect(fromMatrix({ body: 7 })).toEqual([]);
  });

  test('the fallback of a reply is left out of the body, and nothing else', () => {
    const body = (value: string, isReply = true): string => toPlain(fromMatrix({ body: value, ...(isReply ? reply : {}) }));
    expect(body('> <@a:b.c> one\n> two\n\nanswer\n> mine')).toBe('answer\n> mine');
    expect(body('> * <@a:b.c> waves\n\nanswer')).toBe('answer');
    expect(body('> <@a:b.c> one\n>\n> two\n\nanswer')).toBe('answer');
    for (const kept of ['> one\n\nanswer', '> <@a:b.c> only a quote', '> <@a:b.c> one\nanswer', 'x\n> <@a:b.c> one\n\nanswer', '> <@a> one\n\nanswer', '>> <@a:b.c> one\n\nanswer']) expect(body(kept)).toBe(kept);
    expect(body('> <@a:b.c> one\n\nanswer', false)).toBe('> <@a:b.c> one\n\nanswer');
  });

  test('@room is a mention only where the sender meant it as one', () => {
    const meant = { 'm.mentions': { room: true } };
    expect(html('hi @room, x@room and @roomy', meant)).toEqual(paragraph(text('hi '), { t: 'mention', target: 'room', id: '', name: 'room' }, text(', x@room and @roomy')));
    expect(html('hi @room')).toEqual(paragraph(text('hi @room')));
    expect(html('<code>@room</code>', meant)).toEqual(paragraph({ t: 'code', text: '@room' }));
  });
});

describe('writing Matrix messages', () => {
  test('HTML only where there is formatting', () => {
    expect(toMatrix(paragraph(text('a <b> & c'), { t: 'break' }, text('d')))).toEqual({ body: 'a <b> & c\nd', 'm.mentions': {} });
    expect(toMatrix(paragraph({ t: 'link', href: 'https://x.org/', children: [text('https://x.org/')] }))).toEqual({ body: 'https://x.org/', 'm.mentions': {} });
    expect(toMatrix(paragraph({ t: 'bold', children: [text('a<')] }))).toEqual({ body: 'a<', format: 'org.matrix.custom.html', formatted_body: '<strong>a&lt;</strong>', 'm.mentions': {} });
  });

  test('mentions ring, and the body has their names', () => {
    const mention: Inline = { t: 'mention', target: 'user', id: '@anna:x.org', name: 'Anna' };
    expect(toMatrix(paragraph(text('Hello '), mention, text('!'), mention))).toEqual({
      body: 'Hello Anna!Anna', format: 'org.matrix.custom.html',
      formatted_body: 'Hello <a href="https://matrix.to/#/@anna:x.org">Anna</a>!<a href="https://matrix.to/#/@anna:x.org">Anna</a>', 'm.mentions': { user_ids: ['@anna:x.org'] },
    });
    expect(toMatrix(paragraph({ ...mention, id: '4912345' }))).toEqual({ body: '@Anna', 'm.mentions': {} });
    const room: Inline = { t: 'mention', target: 'room', id: '', name: 'room' };
    expect(toMatrix(paragraph(room))).toEqual({ body: '@room', 'm.mentions': {} });
    expect(toMatrix(paragraph(room), { allowRoomMention: true })).toEqual({ body: '@room', 'm.mentions': { room: true } });
  });

  test('what is hidden is not in the body', () => {
    const spoiler: Inline = { t: 'spoiler', reason: 'the end', children: [text('He dies.')] };
    expect(toMatrix(paragraph(text('So: '), spoiler, { t: 'spoiler', children: [text('x')] }))).toEqual({
      body: 'So: [Spoiler for the end][Spoiler]', format: 'org.matrix.custom.html',
      formatted_body: 'So: <span data-mx-spoiler="the end">He dies.</span><span data-mx-spoiler>x</span>', 'm.mentions': {},
    });
  });

  test('a custom emote has its short code in title and alt', () => {
    expect(toMatrix(paragraph({ t: 'emoji', name: 'cat_wave', source: 'mxc://x.org/abc' }))).toMatchObject({
      body: ':cat_wave:', formatted_body: '<img data-mx-emoticon src="mxc://x.org/abc" alt="cat_wave" title="cat_wave" height="32">',
    });
    expect(toMatrix(paragraph({ t: 'emoji', name: 'x', source: 'https://x.org/a.png' }))).toEqual({ body: ':x:', 'm.mentions': {} });
  });

  test('a body that could be taken for the fallback of a reply has HTML beside it', () => {
    expect(toMatrix(paragraph(text('> <@a:b.c> x'), { t: 'break' }, { t: 'break' }, text('y')))).toMatchObject({ formatted_body: '&gt; &lt;@a:b.c&gt; x<br><br>y' });
  });

  test('blocks', () => {
    const tree: RichText = [
      { t: 'paragraph', children: [text('a')] },
      { t: 'quote', children: [{ t: 'paragraph', children: [text('b')] }] },
      { t: 'list', ordered: true, start: 3, items: [[{ t: 'paragraph', children: [text('c')] }], []] },
      { t: 'codeblock', text: 'd <', language: 'c++' },
      { t: 'rule' },
    ];
    expect(toMatrix(tree).formatted_body).toBe('<p>a</p><blockquote><p>b</p></blockquote><ol start="3"><li>c</li><li></li></ol><pre><code class="language-c++">d &lt;\n</code></pre><hr>');
    expect(toMatrix(tree).body).toBe('a\n\n> b\n\n3. c\n4. \n\n```c++\nd <\n```\n\n---');
  });
});
