import { plain } from '../model/richtext.ts';
import type { Block, Inline, RichText } from '../model/richtext.ts';
import { inlineText, lower } from './lower.ts';
import { toPlain } from './plain.ts';
import type { Run, Wrap } from './runs.ts';
import { build, flatten, shallow } from './runs.ts';

/**
 * Cuts a text into pieces whose measure is at most `limit`, in order, with nothing lost but white space at a cut. It cuts
 * between blocks, else lines, else words, else graphemes; formatting and blocks cut apart go on in the next piece (a list with
 * its number, a code block as a code block). A mention, an emoji or a bare address stays whole; one that is over the limit
 * by itself is said in text and cut as text.
 *
 * `measure` should grow with the text (its length after encoding, say). With a limit too small for what cannot be cut (below 20
 * or so: quote marks and one character) a piece may exceed it; the end is reached all the same.
 */
export function splitText(text: RichText, limit: number, measure: (text: RichText) => number): RichText[] {
  return [...pieces(text, limit, measure)];
}

/** As `splitText`, one piece at a time. */
export function* pieces(text: RichText, limit: number, measure: (text: RichText) => number): Generator<RichText, undefined> {
  if (measure(text) <= limit) {
    yield text;
    return;
  }
  const fits = (part: RichText): boolean => part.length === 0 || measure(part) <= limit;
  const isHalf = (part: RichText): boolean => measure(part) * 2 >= limit;
  yield* new Splitter(flatten(fitBlocks(shallow(text), fits)), fits, isHalf).pieces();
}

type Fits = (part: RichText) => boolean;

/** Says in text every mention, emoji, link and spoiler that alone, with one character of text, is over the limit. */
function fitBlocks(blocks: readonly Block[], fits: Fits): Block[] {
  return blocks.map((block): Block => {
    switch (block.t) {
      case 'paragraph':
      case 'heading':
        return { ...block, children: fitInlines(block.children, fits) };
      case 'quote':
        return { ...block, children: fitBlocks(block.children, fits) };
      case 'list':
        return { ...block, items: block.items.map((item) => fitBlocks(item, fits)) };
      case 'table':
        return { ...block, rows: block.rows.map((row) => row.map((cell) => fitInlines(cell, fits))) };
      case 'details':
        return { ...block, summary: fitInlines(block.summary, fits), children: fitBlocks(block.children, fits) };
      default:
        return block;
    }
  });
}

const KINDS: readonly Inline['t'][] = ['bold', 'italic', 'strike', 'underline', 'sup', 'sub', 'spoiler', 'code', 'link', 'mention', 'emoji'];

function fitInlines(children: readonly Inline[], fits: Fits): Inline[] {
  return children.flatMap((child): Inline[] => {
    if (child.t === 'text' || child.t === 'break' || child.t === 'code') return [child];
    const inner: Inline = 'children' in child ? { ...child, children: fitInlines(child.children, fits) } : child;
    const smallest: Inline = 'children' in child && !isBareLink(child) ? { ...child, children: [{ t: 'text', text: 'x' }] } : child;
    const hasSigns = child.t === 'link' || child.t === 'spoiler' || !('children' in child);
    if (!hasSigns || fits([{ t: 'paragraph', children: [smallest] }])) return [inner];
    return lower([inner], new Set(KINDS.filter((kind) => kind !== child.t)));
  });
}

function isBareLink(inline: Inline): boolean {
  return inline.t === 'link' && inlineText(inline.children) === inline.href;
}

/** Where one may cut, best first. The levels from `WORDS` on are used only if no better cut fits at all. */
const LEVELS = ['blocks', 'lines', 'spaces', 'words', 'graphemes', 'codePoints'] as const;
type Level = (typeof LEVELS)[number];
const LAST_RESORTS: ReadonlySet<Level> = new Set<Level>(['words', 'graphemes', 'codePoints']);

const WORDS = new Intl.Segmenter(undefined, { granularity: 'word' });
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Works on offsets: a character of text counts one, and so does what cannot be cut. */
class Splitter {
  private readonly runs: readonly Run[];
  private readonly fits: Fits;
  private readonly isHalf: Fits;
  private readonly isPlain: boolean;
  private readonly starts: number[] = [];
  private readonly total: number;
  /** The length of the piece before: a good guess for the next. */
  private step = 16;
  private readonly cuts = new Map<Level, readonly number[]>();

  constructor(runs: readonly Run[], fits: Fits, isHalf: Fits, isPlain = false) {
    this.runs = runs;
    this.fits = fits;
    this.isHalf = isHalf;
    this.isPlain = isPlain;
    let at = 0;
    for (const run of runs) {
      this.starts.push(at);
      at += cuttable(run)?.length ?? 1;
    }
    this.total = at;
  }

  *pieces(): Generator<RichText, undefined> {
    for (let at = 0; at < this.total; ) {
      const cut = this.cutAfter(at);
      if (cut !== undefined) {
        const piece = this.slice(at, cut);
        if (piece.length > 0) yield piece;
        at = cut;
      } else if (this.isPlain) {
        const end = this.next('codePoints', at);
        yield this.slice(at, end);
        at = end;
      } else {
        // Its blocks and formats alone are over the limit: the rest of this block goes as plain text.
        const end = this.next('blocks', at);
        const rest = flatten(plain(toPlain(this.slice(at, end))));
        yield* new Splitter(rest, this.fits, this.isHalf, true).pieces();
        at = end;
      }
    }
  }

  /** The end of the piece that begins at `from`: the best kind of cut that leaves it at least half full, else the farthest. */
  private cutAfter(from: number): number | undefined {
    const reach = this.reach(from);
    let best: number | undefined;
    for (const level of LEVELS) {
      if (best !== undefined && LAST_RESORTS.has(level)) break;
      const cut = this.farthest(level, from, reach);
      if (cut === undefined || cut <= (best ?? from)) continue;
      best = cut;
      if (cut === this.total || this.isHalf(this.slice(from, cut))) break;
    }
    return best;
  }

  /** How far a piece may go if it were cut anywhere, to about 3%. Found by doubling, so that no slice much over the limit is ever measured. */
  private reach(from: number): number {
    let low = from;
    let high = Math.min(from + this.step, this.total);
    while (low < high && this.fits(this.slice(from, high))) {
      low = high;
      high = Math.min(from + 2 * (high - from), this.total);
    }
    while (high - low > Math.max(1, (low - from) >> 5)) {
      const middle = (low + high) >> 1;
      if (this.fits(this.slice(from, middle))) low = middle;
      else high = middle;
    }
    this.step = Math.max(low - from, 16);
    return low;
  }

  /** The last cut up to `reach`; where the piece is a little longer for being cut just there, an earlier one. */
  private farthest(level: Level, from: number, reach: number): number | undefined {
    const cuts = this.cutsOf(level);
    const first = firstAbove(cuts, from);
    for (let back = 0, index = firstAbove(cuts, reach) - 1; index >= first; back = 2 * back + 1, index -= back) {
      const cut = cuts[index] ?? this.total;
      if (this.fits(this.slice(from, cut))) return cut;
    }
    return undefined;
  }

  private next(level: Level, after: number): number {
    const cuts = this.cutsOf(level);
    return cuts[firstAbove(cuts, after)] ?? this.total;
  }

  private cutsOf(level: Level): readonly number[] {
    let cuts = this.cuts.get(level);
    if (cuts === undefined) {
      cuts = this.runs.flatMap((run, index) => {
        const start = this.starts[index] ?? 0;
        const inner = cutsWithin(level, run).map((offset) => start + offset);
        return index > 0 && cutBetween(level, this.runs[index - 1], run) ? [start, ...inner] : inner;
      });
      this.cuts.set(level, (cuts = [...cuts, this.total]));
    }
    return cuts;
  }

  private slice(from: number, to: number): RichText {
    const part: Run[] = [];
    for (let index = Math.max(firstAbove(this.starts, from) - 1, 0); index < this.runs.length; index += 1) {
      const run = this.runs[index];
      const start = this.starts[index] ?? 0;
      if (run === undefined || start >= to) break;
      const text = cuttable(run);
      if (text === undefined) part.push(run);
      else part.push(withText(run, text.slice(Math.max(from - start, 0), to - start)));
    }
    return build(trimmed(part, from > 0, to < this.total));
  }
}

/** The index of the first entry greater than `value` in an ascending list. */
function firstAbove(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The text of a run that may be cut inside. */
function cuttable({ wrap, leaf }: Run): string | undefined {
  if ((leaf.t !== 'text' && leaf.t !== 'code') || leaf.text === '') return undefined;
  return wrap?.shell.t === 'link' && wrap.shell.href === leaf.text ? undefined : leaf.text;
}

function withText(run: Run, text: string): Run {
  return { wrap: run.wrap, leaf: run.leaf.t === 'code' ? { t: 'code', text } : { t: 'text', text } };
}

function isCodeBlock(run: Run): boolean {
  return run.wrap?.shell.t === 'codeblock';
}

function cutBetween(level: Level, before: Run | undefined, after: Run): boolean {
  switch (level) {
    case 'blocks':
      return before?.wrap === undefined || outermost(before.wrap) !== outermost(after.wrap);
    case 'lines':
      return before?.leaf.t === 'break' || before?.wrap === undefined || lineOf(before.wrap) !== lineOf(after.wrap);
    case 'spaces':
      return before?.leaf.t === 'text' && /\s$/.test(before.leaf.text);
    default:
      return true;
  }
}

function outermost(wrap: Wrap | undefined): Wrap | undefined {
  let at = wrap;
  while (at?.parent) at = at.parent;
  return at;
}

const LINES: ReadonlySet<string> = new Set(['paragraph', 'heading', 'codeblock', 'row', 'summary', 'item', 'quote', 'details']);

function lineOf(wrap: Wrap | undefined): Wrap | undefined {
  let at = wrap;
  while (at && !LINES.has(at.shell.t)) at = at.parent;
  return at;
}

function cutsWithin(level: Level, run: Run): number[] {
  const text = cuttable(run);
  if (text === undefined || level === 'blocks' || (level === 'lines' && !isCodeBlock(run))) return [];
  switch (level) {
    case 'lines':
      return ends(text, /\n/g);
    case 'spaces':
      return ends(text, /\s+/g);
    case 'words':
      return Array.from(WORDS.segment(text), (segment) => segment.index).slice(1);
    case 'graphemes':
      return Array.from(GRAPHEMES.segment(text), (segment) => segment.index).slice(1);
    case 'codePoints': {
      let at = 0;
      return Array.from(text, (char) => (at += char.length)).slice(0, -1);
    }
  }
}

function ends(text: string, pattern: RegExp): number[] {
  return Array.from(text.matchAll(pattern), (match) => match.index + match[0].length).filter((end) => end < text.length);
}

/** White space and breaks at a cut are left out; in a code block only the line feed there. */
function trimmed(runs: Run[], atStart: boolean, atEnd: boolean): Run[] {
  let first = 0;
  let last = runs.length;
  for (let run = runs[first]; atStart && run && first < last; run = runs[first]) {
    const kept = run.leaf.t === 'text' && !isCodeBlock(run) ? run.leaf.text.trimStart() : undefined;
    if (kept !== undefined && kept !== '') {
      runs[first] = withText(run, kept);
      break;
    }
    if (kept === undefined && run.leaf.t !== 'break') break;
    first += 1;
  }
  for (let run = runs[last - 1]; atEnd && run && first < last; run = runs[last - 1]) {
    if (isCodeBlock(run) && run.leaf.t === 'text') runs[last - 1] = withText(run, run.leaf.text.replace(/\n$/, ''));
    const kept = run.leaf.t === 'text' && !isCodeBlock(run) ? run.leaf.text.trimEnd() : undefined;
    if (kept !== undefined && kept !== '') {
      runs[last - 1] = withText(run, kept);
      break;
    }
    if (kept === undefined && run.leaf.t !== 'break') break;
    last -= 1;
  }
  return runs.slice(first, last);
}
