import { Parser } from 'htmlparser2';
import { decode, encode } from '../../src/networks/whatsapp/markup.ts';
import { fromMatrix } from '../../src/text/from-matrix.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { byTurns, type Figures, rowsOf, type Table } from '../measure.ts';

const html = (formatted_body: string): Record<string, unknown> => ({ msgtype: 'm.text', body: formatted_body, format: 'org.matrix.custom.html', formatted_body });

/** As people write: most of it plain, some with marks, a little long. */
const contents: readonly Record<string, unknown>[] = [
  { msgtype: 'm.text', body: 'See you at eight, in front of the station.' },
  { msgtype: 'm.text', body: 'The address is https://example.org/a_long/path?with=a&query=too and the door is on the left.' },
  html('<strong>Important:</strong> the meeting is <em>tomorrow</em>, not <del>today</del>.'),
  html('<p>What we need:</p><ul><li>bread</li><li>butter and <code>cheese</code></li><li>a <a href="https://example.org">link</a></li></ul><p>And that is all.</p>'),
  html('<blockquote><p>Did you see it?</p></blockquote><p>Yes, <a href="https://matrix.to/#/@bob:example.org">Bob</a> did too.</p>'),
  html(`<h2>Report</h2>${'<p>A longer paragraph with <b>bold</b> words and <i>others</i>, as reports have them, and a line<br>break in it.</p>'.repeat(6)}<pre><code>let x = 1;\nlet y = 2;</code></pre>`),
];
const markups = contents.map((content) => encode(fromMatrix(content)));
const plainCopies = contents.map((content) => JSON.stringify(content));
const backCopies = markups.map((markup) => JSON.stringify({ body: markup }));
const turns = 400;

/** Text from one side's markup to the other's, beside the least that can be done with a text of that size. */
export async function text(rounds: number): Promise<Table> {
  const compare = async (what: string, ours: () => void, theirs: () => void): Promise<ReturnType<typeof rowsOf>> => {
    // Warm before it counts.
    timed(ours);
    timed(theirs);
    return rowsOf(await byTurns(rounds, () => timed(ours), () => timed(theirs)), [{ what, unit: '/s', figure: 'perSecond', more: true }]);
  };
  const toWhatsApp = (): void => contents.forEach((content) => encode(fromMatrix(content)));
  const toMatrixHtml = (): void => markups.forEach((markup) => toMatrix(decode(markup)));
  return {
    title: 'Text', ours: 'Drawbridge', theirs: 'baseline',
    rows: [
      ...await compare('Matrix → WhatsApp, against a copy by JSON', toWhatsApp, () => plainCopies.forEach((copy) => JSON.stringify(JSON.parse(copy)))),
      ...await compare('Matrix → WhatsApp, against htmlparser2 with nothing to do', toWhatsApp, parseOnly),
      ...await compare('WhatsApp → Matrix, against a copy by JSON', toMatrixHtml, () => backCopies.forEach((copy) => JSON.stringify(JSON.parse(copy)))),
    ],
    notes: [`Texts a second, of ${contents.length} kinds from one line to a page. Below 1 is no fault: the baseline does none of the work.`],
  };
}

function parseOnly(): void {
  for (const content of contents) {
    const parser = new Parser({});
    parser.write(String(content['formatted_body'] ?? content['body']));
    parser.end();
  }
}

function timed(run: () => void): Figures {
  const started = performance.now();
  for (let turn = 0; turn < turns; turn++) run();
  return { perSecond: (turns * contents.length) / ((performance.now() - started) / 1000) };
}
