import { describe, expect, test } from '@jest/globals';
import { plain, type RichText } from '../../src/model/richtext.ts';
import * as rocketchat from '../../src/networks/rocketchat/markup.ts';
import { readMarkdown } from '../../src/networks/slack/decode/markdown.ts';
import { readMrkdwn } from '../../src/networks/slack/decode/mrkdwn.ts';
import { writeMrkdwn } from '../../src/networks/slack/encode/mrkdwn.ts';
import { writeRichText } from '../../src/networks/slack/encode/rich-text.ts';
import * as telegram from '../../src/networks/telegram/markup-write.ts';
import { type Entity, decode as fromTelegram } from '../../src/networks/telegram/markup-read.ts';
import { decode, encode } from '../../src/networks/whatsapp/markup.ts';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { quoteOf } from '../../src/text/quote.ts';
import { splitText } from '../../src/text/split.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';

/** What hostile or merely odd texts are full of. */
const units = [
  '[', '*', '_', '*a ', '*a* ', '`', '`a ', '```', '```a\n', '```a```\n', '> ', '> a\n', '>\n', '- ', '- a\n', '1. a\n', '  - a\n', '> - 1. a\n', '> > > > a\n', '*_~`', '_*a~', '*a\n', 'a*_b', '\n', ' ', 'a ',
  'http://', 'www.', 'www.a:b', 'http://a.b/(', 'http://a.b*', '(http://a', '@room ', '\u0301', '\u200b', '\u200a', '👨‍👩‍👧', '\ud800', '\u0000', '\r',
  '<b>', '</b>', '<b>x', '<p>x', '<b><i><u><s>x<p>', '<blockquote>x', '<ul><li>', '<ul><li>x', '<li>x', '<table><tr><td>x', '<td>x', '<details><summary>x', '<a href="https://x.org/aaaa">x<p>',
  '<a href="https://matrix.to/#/@a:b">', '<span data-mx-spoiler="aaaaaaaaaaaa">x<p>', '<pre>x', '<code>x', '<br>', '<img alt=x>', '&', '&amp;', '<', '<!--', '<mx-reply>', '<script>', '<template>', '<s>a</s> ', '<x></y>', '<svg>', '<b>*</b>',
];

const fromHtml = (text: string): RichText => fromMatrix({ body: '', format: 'org.matrix.custom.html', formatted_body: text, 'm.mentions': { room: true } });
const ways: Readonly<Record<string, (text: string) => unknown>> = {
  'HTML to Matrix': (text) => toMatrix(fromHtml(text)),
  'HTML to WhatsApp': (text) => encode(fromHtml(text)),
  'body to WhatsApp': (text) => encode(fromMatrix({ body: text, 'm.relates_to': { 'm.in_reply_to': {} } })),
  'WhatsApp to Matrix': (text) => toMatrix(decode(text)),
  'WhatsApp to WhatsApp': (text) => encode(decode(text)),
  'HTML to Slack': (text) => [writeMrkdwn(fromHtml(text)), writeRichText(fromHtml(text))],
  'Slack to Matrix': (text) => toMatrix(readMrkdwn(text)),
  'Markdown of Slack to Slack': (text) => writeMrkdwn(readMarkdown(text)),
  'HTML to Rocket.Chat': (text) => rocketchat.encode(fromHtml(text)),
  'Rocket.Chat to Matrix': (text) => toMatrix(rocketchat.decode(text)),
  'Rocket.Chat to Rocket.Chat': (text) => rocketchat.encode(rocketchat.decode(text)),
  'HTML to Telegram': (text) => telegram.encode(fromHtml(text)),
  'Telegram to Matrix': (text) => toMatrix(fromTelegram(text, entitiesOver(text))),
  'a quote': (text) => quoteOf(fromHtml(text), 200),
};

/** As many as the text has characters, one in the other and beside each other. */
function entitiesOver(text: string): readonly Entity[] {
  const types = ['bold', 'italic', 'code', 'text_link', 'blockquote', 'spoiler'] as const;
  return Array.from({ length: Math.floor(text.length / 8) }, (_each, at) => ({ type: types[at % types.length] ?? 'bold', offset: at * 8, length: Math.min(8 + (at % 64), text.length - at * 8), url: 'https://x.org' }) as unknown as Entity);
}

function cpuOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user;
}

/** Ten times the text may cost forty times the work before it counts; what is done in no time costs nothing, and a disturbed run is tried again. */
function growsTooFast(work: (text: string) => unknown, unit: string): boolean {
  return [1, 2, 3].every(() => {
    const [small = 0, large = 0] = [10_000, 100_000].map((length) => {
      const text = unit.repeat(Math.ceil(length / unit.length));
      return cpuOf(() => work(text));
    });
    return large > 200_000 && large > 40 * small;
  });
}

describe('no text costs more than its length', () => {
  test.each(Object.keys(ways))('%s', (way) => {
    const work = ways[way];
    if (work === undefined) throw new Error(way);
    expect(units.filter((unit) => growsTooFast(work, unit))).toEqual([]);
  }, 120_000);

  test('splitting measures each character a bounded number of times', () => {
    const limit = 4096;
    for (const unit of units) {
      const text = unit.repeat(Math.ceil(20_000 / unit.length));
      for (const tree of [plain(text), decode(text), fromHtml(text)]) {
        const whole = encode(tree).length;
        let measured = 0;
        const pieces = splitText(tree, limit, (part) => {
          const { length } = encode(part);
          measured += length;
          return length;
        });
        expect({ unit, isBounded: measured < 40 * (whole + limit) }).toEqual({ unit, isBounded: true });
        expect(pieces.length).toBeLessThan((4 * whole) / limit + 3);
      }
    }
  }, 120_000);
});
