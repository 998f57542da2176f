import { plain } from '../model/richtext.ts';
import type { Inline, RichText } from '../model/richtext.ts';
import { lower } from './lower.ts';
import { toPlain } from './plain.ts';
import type { Run, Wrap } from './runs.ts';
import { build, flatten, wrapIn } from './runs.ts';

export type Measure = (text: RichText) => number;

/**
 * Cuts a text into pieces whose measure is at most `limit`, in order, with nothing lost but white space at a cut. It cuts
 * between blocks, else lines, else words, else graphemes; formatting and blocks cut apart go on in the next piece (a list with
 * its number, a code block as a code block). A link, mention or emoji stays whole; where one is over the limit by itself it is said in text and cut as text.
 *
 * `measure` should grow with the text (length after encoding, say). With a limit too small for what cannot be cut (a quote mark and a
 * character; below 20 or so) a piece may exceed it; the end is reached all the same.
 */
export function splitText(text: RichText, limit: number, measure: Measure): RichText[] {
  return [...pieces(text, limit, measure)];
}

/** As `splitText`, one piece at a time. */
export function* pieces(text: RichText, limit: number, measure: Measure): Generator<RichText> {
  if (measure(text) <= limit) yield text;
  else yield* new Splitter(flatten(fitLeaves(text, limit, measure)), limit, measure, false).pieces();
}

const SIGNED: ReadonlySet<Inline['t']> = new Set(['link', 'mention', 'emoji', 'spoiler']);

/** Says in text every mention, emoji, link and spoiler that alone, with one character, would be over the limit. */
function fitLeaves(text: RichText, limit: number, measure: Measure): RichText {
  const tooLarge = (inline: Inline): boolean => measure([{ t: 'paragraph', children: [inline] }]) > limit;
  const doomed = new Set<Wrap>();
  const seen = new Set<Wrap>();
  const runs = flatten(text).map((run): Run => {
    for (let at = run.wrap; at && !seen.has(at); at = at.parent) {
      seen.add(at);
      if ((at.shell.t === 'link' || at.shell.t === 'spoiler') && tooLarge({ ...at.shell, children: [{ t: 'text', text: 'x' }] })) doomed.add(at);
    }
    const isSigned = run.leaf.t === 'mention' || run.leaf.t === 'emoji';
    return isSigned && tooLarge(run.leaf) ? { wrap: run.wrap, leaf: asText([run.leaf]) } : run;
  });
  return doomed.size === 0 ? build(runs) : build(flatten(build(runs)).length === 0 ? [] : withoutWraps(runs, doomed));
}
