import { describe, expect, test } from '@jest/globals';
import { fitToEvents } from '../../src/bridge/inbound/fit.ts';
import { render } from '../../src/bridge/inbound/render.ts';
import type { Content } from '../../src/model/content.ts';
import { plain, type RichText } from '../../src/model/richtext.ts';
import { decode } from '../../src/networks/whatsapp/markup.ts';
import { toPlain } from '../../src/text/plain.ts';

/** With room for what stands around the content. */
const MOST = 65_536 - 4_096;
/** An edit's content is in it twice; what has a line before it is no edit. */
const bytes = (content: Content, lead?: string): number => Buffer.byteLength(JSON.stringify(render(content, lead).content)) * (lead === undefined ? 2 : 1);
const fitted = (...parts: Content[]): readonly Content[] => {
  const lead = 'Forwarded many times';
  for (const { content } of fitToEvents(parts, {}, lead)) expect(bytes(content, lead)).toBeLessThan(MOST);
  const events = fitToEvents(parts, {}).map(({ content }) => content);
  for (const event of events) expect(bytes(event)).toBeLessThan(MOST);
  return events;
};
const wordsOf = (contents: readonly Content[]): string => contents.map((one) => (one.kind === 'text' ? toPlain(one.text) : String(render(one).content['body']))).join('');
const numbered = (count: number): string => Array.from({ length: count }, (_, n) => `word${n}`).join(' ');
const long: RichText = plain(numbered(12_000));

describe('what no event could hold', () => {
  test.each<[string, Content]>([
    ['a text', { kind: 'text', text: long }],
    ['a caption', { kind: 'image', media: { source: { network: 'h' }, name: 'a.png' }, caption: long }],
    ['a choice', { kind: 'choice', title: 'Form', description: numbered(12_000) }],
    ['contact cards', { kind: 'contacts', contacts: Array.from({ length: 12_000 }, (_, n) => ({ name: `word${n}`, phones: [], emails: [], urls: [], addresses: [] })) }],
    ['an order', { kind: 'order', items: Array.from({ length: 12_000 }, (_, n) => ({ id: `word${n}`, quantity: 1 })) }],
    ['what has no counterpart', { kind: 'unsupported', what: 'poll', reason: numbered(12_000) }],
  ])('%s becomes several, and every word of it is there, in order', (_what, content) => {
    const found = [...wordsOf(fitted(content)).matchAll(/word(\d+)/g)].map(([, n]) => Number(n));
    expect(found).toEqual(Array.from({ length: 12_000 }, (_, n) => n));
  });

  test('a caption stands below its file, which keeps its job', () => {
    const parts = fitToEvents([{ kind: 'text', text: plain('first') }, { kind: 'image', media: { source: { network: 'h' } }, caption: long }], { 1: 7 });
    expect(parts.map(({ content, job }) => [content.kind, job]).slice(0, 3)).toEqual([['text', undefined], ['image', 7], ['text', undefined]]);
    expect(parts[1]?.content).not.toHaveProperty('caption');
  });

  test('the lines beside a place are cut', () => {
    const [place] = fitted({ kind: 'location', latitude: 1, longitude: 2, name: `${'x'.repeat(999)}😀 and on`, address: 'y'.repeat(100_000), url: `https://x.test/${'z'.repeat(100_000)}` });
    expect(place).toEqual({ kind: 'location', latitude: 1, longitude: 2, name: `${'x'.repeat(999)}…`, address: `${'y'.repeat(1_000)}…`, url: '' });
  });

  test('what is as long as no message can be is cut, says so, and takes no time', () => {
    for (const piece of ['*b* _i_ ', '- a\n', '> q\n', '*', '<', '👨‍👩‍👧', 'https://a.example/b ']) {
      const text = piece.repeat(Math.ceil(1_200_000 / piece.length));
      const contents = fitted({ kind: 'text', text: decode(text) });
      expect(contents.length).toBeLessThan(60);
      const words = wordsOf(contents);
      const left = Number(/✂️ Cut off here: the (\d+) characters/.exec(words)?.[1]);
      expect(left).toBeGreaterThan(900_000);
      expect(left).toBeLessThan(text.length - 250_000);
    }
  });

  test('formatting goes before words do', () => {
    const contents = fitted({ kind: 'text', text: decode(numbered(5_000)).concat(decode('*bold*')) });
    expect(JSON.stringify(contents)).toContain('bold');
    const more = fitted({ kind: 'text', text: Array.from({ length: 2_000 }, (_, n) => decode(`*word${n}* and some more words on the line`)).flat() });
    expect([...wordsOf(more).matchAll(/word(\d+)/g)]).toHaveLength(2_000);
    expect(JSON.stringify(more)).not.toContain('"bold"');
  });
});
