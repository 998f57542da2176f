import type { Inline } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { findUrls } from '../../text/links.ts';
import { GUARD, isBlank, isBoundary, isMark, isSpace, JOINT } from './markup-read.ts';

const MARKS = { bold: '*', italic: '_', strike: '~', code: '`' } as const;
type Style = keyof typeof MARKS;
const BIT: Readonly<Record<Style, number>> = { bold: 1, italic: 2, strike: 4, code: 8 };
/** In the order in which they open; code is the innermost. */
const STYLES: readonly Style[] = ['bold', 'italic', 'strike', 'code'];

/** What WhatsApp has marks for. */
export const EXPRESSIBLE: ReadonlySet<Inline['t']> = new Set(STYLES);

/** What could make a line something other than text: more than what is read so here, as apps may differ. Two spaces go on with a list's item. */
export const LINE_MARK = /^\s*(?:>|[-*] |\d{1,9}\. )|^ {2}/;

/** A piece of a line in one style (bits). `code` and `url` are solid: nothing is marked in them. `mark` is real markup, all else is the text's own. */
interface Span {
  readonly text: string;
  readonly style: number;
  readonly role: 'text' | 'code' | 'url' | 'mark';
}

/** Inlines of the kinds in EXPRESSIBLE, text and breaks, as lines of markup. */
export function writeInlines(children: readonly Inline[], strong: boolean): string[] {
  return linesOf(children, strong ? BIT.bold : 0).map((spans) => {
    const text = spans.map((span) => span.text).join('');
    const isPlain = spans.every((span) => span.style === 0) && !/[*_~`]/.test(text);
    const markup = isBlank(text) ? '' : isPlain ? text : guarded(marked(spans.flatMap(settled)));
    return LINE_MARK.test(markup) ? JOINT + markup : markup;
  });
}

/** Neighbours of one style are one span. */
function linesOf(children: readonly Inline[], bits: number): Span[][] {
  if (children.length === 0) return [];
  const lines: Span[][] = [[]];
  const append = (text: string, style: number): void => {
    const line = lines.at(-1) ?? [];
    const last = line.at(-1);
    const role = (style & BIT.code) === 0 ? 'text' : 'code';
    if (last?.style === style) line[line.length - 1] = { text: last.text + text, style, role };
    else if (text !== '') line.push({ text, style, role });
  };
  const walk = (inlines: readonly Inline[], style: number): void => {
    for (const inline of inlines) {
      if (inline.t === 'break') lines.push([]);
      else if (inline.t === 'code') append(cleanText(inline.text).replace(/\n/g, ' '), style | BIT.code);
      else if (inline.t === 'text') {
        cleanText(inline.text).split('\n').forEach((part, index) => {
          if (index > 0) lines.push([]);
          append(part, style);
        });
      } else if ('children' in inline) walk(inline.children, style | (isStyle(inline.t) ? BIT[inline.t] : 0));
    }
  };
  walk(children, bits);
  return lines;
}

function isStyle(kind: Inline['t']): kind is Style {
  return kind in MARKS;
}

/** Code has neither white space nor back ticks at its ends, or its marks would not be read; those are plain text then. */
function settled(span: Span): Span[] {
  if (span.role !== 'code') return [span];
  const { text, style } = span;
  const isEdge = (at: number): boolean => isSpace(text[at]) || text[at] === '`';
  let start = 0;
  let end = text.length;
  while (start < end && isEdge(start)) start += 1;
  while (end > start && isEdge(end - 1)) end -= 1;
  const plain = style & ~BIT.code;
  return [
    { text: text.slice(0, start), style: plain, role: 'text' },
    { text: text.slice(start, end), style, role: 'code' },
    { text: text.slice(end), style: plain, role: 'text' },
  ];
}

/** Cuts spans so that a bare address is one, in the style of its first character: a mark inside would break it. */
function withUrls(spans: readonly Span[]): Span[] {
  const urls = findUrls(spans.map((span) => (span.role === 'code' ? ' '.repeat(span.text.length) : span.text)).join(''));
  if (urls.length === 0) return [...spans];
  const cut: Span[] = [];
  let next = 0;
  let start = 0;
  let style = 0;
  for (const span of spans) {
    const end = start + span.text.length;
    for (let at = start; at < end; ) {
      const url = urls[next];
      const inUrl = url !== undefined && at >= url.start;
      if (inUrl && at === url.start) style = span.style;
      const to = Math.min(end, url === undefined ? end : inUrl ? url.end : url.start);
      const text = span.text.slice(at - start, to - start);
      cut.push(inUrl ? { text, style, role: 'url' } : { ...span, text });
      if (inUrl && to === url.end) next += 1;
      at = to;
    }
    start = end;
  }
  return cut;
}

/** White space, a single mark, or what is between them. */
const TOKENS = /[\s\u200b]+|[*_~`]|[^\s\u200b*_~`]+/g;

function tokens(span: Span): Span[] {
  if (span.role === 'url') return [span];
  return Array.from(span.text.matchAll(span.role === 'code' ? /`|[^`]+/g : TOKENS), ([text]) => ({ ...span, text }));
}

/**
 * The line with its marks. White space and literal marks are soft: at the edge of a style they are left outside it, so that a real
 * mark always has a solid character on its inner side.
 */
function marked(spans: readonly Span[]): Span[] {
  const pieces: Span[] = [];
  const all = withUrls(spans).flatMap(tokens);
  const open: Style[] = [];
  const closeAllBut = (style: number): void => {
    while (open.some((name) => (style & BIT[name]) === 0)) {
      const name = open.pop();
      if (name) pieces.push({ text: MARKS[name], style, role: 'mark' });
    }
  };
  const missing = (style: number): Style[] => STYLES.filter((name) => (style & BIT[name]) !== 0 && !open.includes(name));
  all.forEach((token, index) => {
    const { text, style } = token;
    const before = pieces.length;
    if (isSoft(token)) {
      if (index === 0 || !isSoft(all[index - 1])) closeAllBut(acrossSoft(all, index));
      pieces.push(token);
      return;
    }
    // Nothing is marked inside code, so code ends for what is to be opened.
    closeAllBut(missing(style).length > 0 ? style & ~BIT.code : style);
    const hasClosed = pieces.length > before;
    const opening = missing(style);
    const needsJoint = hasClosed ? opening.length === 0 && !isBoundary(text[0]) : opening.length > 0 && !isBoundary(pieces.at(-1)?.text.at(-1));
    if (needsJoint) pieces.push({ text: JOINT, style, role: 'text' });
    for (const name of opening) pieces.push({ text: MARKS[name], style, role: 'mark' });
    open.push(...opening);
    pieces.push(token);
  });
  closeAllBut(0);
  return pieces;
}

function isSoft(token: Span | undefined): boolean {
  return token?.role === 'text' && (isMark(token.text) || isSpace(token.text[0]));
}

/** The styles that may stay open over a run of soft tokens: those that all of it has, and what follows it. */
function acrossSoft(all: readonly Span[], from: number): number {
  let style = ~BIT.code;
  let at = from;
  for (; isSoft(all[at]); at += 1) style &= all[at]?.style ?? 0;
  return style & (all[at]?.style ?? 0);
}

/**
 * Sets apart the literal marks that an app could pair: those that may open and have one behind them that may close, and those that
 * may close what is really open. To be on the safe side only ASCII letters and digits and true white space are trusted to keep a
 * mark from either.
 */
function guarded(pieces: readonly Span[]): string {
  const before = (index: number): string | undefined => pieces[index - 1]?.text.at(-1);
  const after = (index: number): string | undefined => pieces[index + 1]?.text[0];
  const isEdge = (char: string | undefined): boolean => char === undefined || !/[A-Za-z0-9]/.test(char);
  const isSolid = (char: string | undefined): boolean => char !== undefined && /\S/.test(char);
  const lastCloser = new Map<string, number>();
  pieces.forEach(({ text, role }, index) => {
    if (isMark(text) && role !== 'url' && isSolid(before(index)) && isEdge(after(index))) lastCloser.set(text, index);
  });
  const open = new Set<string>();
  const markup: string[] = [];
  let ticks = 0;
  pieces.forEach(({ text, role }, index) => {
    const isLiteral = role === 'text' ? isMark(text) : role === 'code' && text === '`';
    if (role === 'mark' && !open.delete(text)) open.add(text);
    const hasCloser = isLiteral && role === 'text' && isSolid(after(index)) && (lastCloser.get(text) ?? -1) > index;
    const opens = hasCloser && isEdge(before(index));
    const closes = isLiteral && open.has(text) && isSolid(before(index)) && (opens || isEdge(after(index)));
    // Three back ticks in a row would be a fence.
    const isApart = closes || (isLiteral && ticks === 2 && text === '`');
    if (isApart) markup.push(GUARD);
    markup.push(text);
    if (opens || (isApart && hasCloser)) markup.push(GUARD);
    ticks = text !== '`' || markup.at(-1) === GUARD ? 0 : isApart ? 1 : ticks + 1;
  });
  return markup.join('');
}
