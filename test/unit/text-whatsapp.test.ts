import { describe, expect, test } from '@jest/globals';
import { plain } from '../../src/model/richtext.ts';
import { decode, encode } from '../../src/networks/whatsapp/markup.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';

describe('reading WhatsApp markup', () => {
  const shown = (markup: string): string => {
    const { body, formatted_body } = toMatrix(decode(markup));
    return formatted_body ?? body;
  };
  test.each<[string, string]>([
    ['*bold* _italic_ ~struck~ `code`', '<strong>bold</strong> <em>italic</em> <del>struck</del> <code>code</code>'],
    ['*_both_* _*both*_', '<strong><em>both</em></strong> <em><strong>both</strong></em>'],
    ['(*a*), "_b_".', '(<strong>a</strong>), &quot;<em>b</em>&quot;.'],
    ['❤️*a* ✅_b_ 1️⃣~c~', '❤️<strong>a</strong> ✅<em>b</em> 1️⃣<del>c</del>'],
    ['x * a* *a * a*b*c snake_case_name 2 * 3 * 4 __', 'x * a* *a * a*b*c snake_case_name 2 * 3 * 4 __'],
    ['é*a*', 'é*a*'],
    ['*two\nlines*', '*two\nlines*'],
    ['```block```', '<pre><code>block\n</code></pre>'],
    ['see ```a *b*``` here', 'see <code>a *b*</code> here'],
    ['```\nlet a;\n*b*\n```after', '<pre><code>let a;\n*b*\n</code></pre><p>after</p>'],
    ['> a\n> *b*\n\nc', '<blockquote><p>a<br><strong>b</strong></p></blockquote><p>c</p>'],
    ['> ```a\n> b```', '<blockquote><pre><code>a\nb\n</code></pre></blockquote>'],
    ['>\n> ', '>\n> '],
    ['- a\n* b\n- c', '<ul><li>a</li><li>b</li><li>c</li></ul>'],
    ['1. a\n2. b\n4. c', '<ol><li>a</li><li>b</li></ol><ol start="4"><li>c</li></ol>'],
    ['https://x.org/_a_*b*?c=~d~', 'https://x.org/_a_*b*?c=~d~'],
    ['*https://x.org/a_b*', '<strong><a href="https://x.org/a_b">https://x.org/a_b</a></strong>'],
    ['<b>x</b> &amp; [a](b)', '<b>x</b> &amp; [a](b)'],
  ])('%s', (markup, expected) => {
    expect(shown(markup)).toBe(expected);
  });
});

describe('writing WhatsApp markup', () => {
  const sent = (text: string): string => encode(plain(text));
  /** H: a hair space; Z: a zero-width space. */
  const visible = (markup: string): string => markup.replaceAll('\u200a', 'H').replaceAll('\u200b', 'Z');

  test('text that no app takes for markup goes as it is', () => {
    for (const text of ['snake_case_name', '2 * 3 * 4', 'a*b', '5*', '*', 'x_', '-5', '3.14', 'a > b', '~/bin', 'https://x.org/_a_', '**kwargs, *args', 'a\n\n b']) expect(sent(text)).toBe(text);
  });

  test.each([
    ['*a*', '*Ha*'], ['__init__', '_H_Hinit__'], ['¯\\_(ツ)_/¯', '¯\\_H(ツ)_/¯'], ['`a`', '`Ha`'], ['```a```', '`H`H`Ha`` H`'.replace(' ', '')], ['привет*мир*дом', 'привет*Hмир*дом'],
    ['> a', 'Z> a'], ['- a\n* b\n1. c', 'Z- a\nZ* b\nZ1. c'], ['  a', 'Z  a'], [' - a', 'Z - a'], ['>', 'Z>'],
  ])('literal marks are set apart: %s', (text, expected) => {
    expect(visible(sent(text))).toBe(expected);
  });

  test('what is unlike anything there is said in words', () => {
    expect(encode([{ t: 'paragraph', children: [{ t: 'link', href: 'https://x.org', children: [{ t: 'text', text: 'here' }] }] }])).toBe('here (https://x.org)');
    expect(encode([{ t: 'heading', level: 1, children: [{ t: 'text', text: 'Title' }] }])).toBe('*Title*');
    expect(encode([{ t: 'quote', children: [{ t: 'codeblock', text: 'a\n\nb' }] }])).toBe('> ```a```\n> ```b```');
  });

  test('nothing is nested deeper than a reader follows', () => {
    let tree = plain('x');
    for (let n = 0; n < 12; n += 1) tree = [{ t: 'quote', children: tree }];
    expect(encode(tree)).toBe(`${'> '.repeat(8)}x`);
  });
});
