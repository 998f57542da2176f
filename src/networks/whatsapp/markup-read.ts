import type { Inline } from '../../model/richtext.ts';
import { findUrls } from '../../text/links.ts';

/**
 * WhatsApp's markup, as its help pages describe it ("How to format your messages"): `*bold*`, `_italic_`, `~strike~`, `` `code` ``,
 * ```` ```block``` ````, and at the start of a line `> ` quote, `- ` or `* ` bullet, `1. ` number. What they leave open is settled as the apps behave: a mark opens
 * after no letter or digit and before no space, closes the other way round, both on one line; nothing is marked inside code or an address.
 *
 * There is no escape, so invisible characters set literal marks apart (see GUARD and JOINT).
 */

/**
 * Stands on the inner side of a literal mark that could open or close: next to a space no mark does. What else counts as a space is
 * not published. A hair space is white space to every platform the apps are written for, and all but invisible; a zero-width space is none.
 */
export const GUARD = '\u200a';

/** A zero-width space: makes a boundary where formatting begins or ends inside a word, and sets apart what else would begin a quote, a list or a block of code. */
export const JOINT = '\u200b';

export const FENCE = '```';

const STYLE_OF: Readonly<Record<string, 'bold' | 'italic' | 'strike'>> = { '*': 'bold', _: 'italic', '~': 'strike' };

export function isMark(char: string | undefined): boolean {
  return char !== undefined && char !== '' && '*_~`'.includes(char);
}

export function isSpace(char: string | undefined): boolean {
  return char !== undefined && /[\s\u200b]/.test(char);
}

/** The start or end of the line, or anything but a letter, digit or combining mark; those that only choose an emoji's form are none. */
export function isBoundary(char: string | undefined): boolean {
  return char === undefined || !/[\p{L}\p{N}\p{M}]/u.test(char) || '\ufe0e\ufe0f\u20e3'.includes(char);
}

function canOpen(before: string | undefined, after: string | undefined): boolean {
  return isBoundary(before) && after !== undefined && !isSpace(after);
}

function canClose(before: string | undefined, after: string | undefined): boolean {
  return before !== undefined && !isSpace(before) && isBoundary(after);
}

export function isBlank(line: string): boolean {
  return line.trim() === '';
}

/** Removes the guards and joints that stand beside one of the marks. */
export function unguarded(line: string, from = 0, to = line.length, marks = '*_~`'): string {
  let text = '';
  for (let at = from; at < to; at += 1) {
    const isOurs = (line[at] === GUARD || line[at] === JOINT) && (marks.includes(line[at - 1] ?? ' ') || marks.includes(line[at + 1] ?? ' '));
    if (!isOurs) text += line.charAt(at);
  }
  return text;
}

/** A part of a line in which nothing is marked: code or an address. */
interface Solid {
  readonly start: number;
  readonly end: number;
  readonly inline: Inline;
}

function code(line: string, start: number, end: number, width: number): Solid {
  return { start, end, inline: { t: 'code', text: unguarded(line, start + width, end - width, '`') } };
}

function solids(line: string): Solid[] {
  const found: Solid[] = [];
  let at = 0;
  for (let start = line.indexOf(FENCE); start !== -1; start = line.indexOf(FENCE, at)) {
    const close = line.indexOf(FENCE, start + FENCE.length);
    if (close === -1) break;
    const end = close + FENCE.length;
    const isEmpty = isBlank(line.slice(start + FENCE.length, close));
    addSolids(found, line, at, isEmpty ? end : start);
    if (!isEmpty) found.push(code(line, start, end, FENCE.length));
    at = end;
  }
  addSolids(found, line, at, line.length);
  return found;
}

function addSolids(found: Solid[], line: string, from: number, to: number): void {
  const addUrls = (start: number, end: number): void => {
    const text = line.slice(start, end);
    for (const url of findUrls(text)) {
      const children: Inline[] = [{ t: 'text', text: text.slice(url.start, url.end) }];
      found.push({ start: start + url.start, end: start + url.end, inline: { t: 'link', href: url.href, children } });
    }
  };
  const closers = closersOf(line, '`', from, to);
  let at = from;
  for (let open = line.indexOf('`', at); open !== -1 && open < to; open = line.indexOf('`', open + 1)) {
    if (open < at || !canOpen(line[open - 1], line[open + 1])) continue;
    const close = closers.after(open + 1);
    if (close === undefined) continue;
    addUrls(at, open);
    found.push(code(line, open, close + 1, 1));
    at = close + 1;
  }
  addUrls(at, to);
}

/** The places where a mark may close, asked for in ascending order. */
interface Closers {
  after(position: number): number | undefined;
}

function closersOf(line: string, mark: string, from: number, to: number, isSolid: (at: number) => boolean = () => false): Closers {
  const places: number[] = [];
  for (let at = line.indexOf(mark, from); at !== -1 && at < to; at = line.indexOf(mark, at + 1)) {
    if (!isSolid(at) && canClose(line[at - 1], line[at + 1])) places.push(at);
  }
  let next = 0;
  return {
    after(position) {
      while ((places[next] ?? Infinity) <= position) next += 1;
      return places[next];
    },
  };
}

/** Reads a line from left to right: an opening mark pairs with the first one that may close it within what it stands in. */
export function readInlines(line: string): Inline[] {
  const atoms = solids(line);
  const mask = new Uint8Array(line.length);
  for (const { start, end } of atoms) mask.fill(1, start, end);
  const closers = new Map(Object.keys(STYLE_OF).map((mark) => [mark, closersOf(line, mark, 0, line.length, (at) => mask[at] === 1)]));
  let atom = 0;
  const read = (from: number, to: number): Inline[] => {
    const inlines: Inline[] = [];
    let textFrom = from;
    const flush = (end: number, inline?: Inline): void => {
      const text = unguarded(line, textFrom, end);
      if (text !== '') inlines.push({ t: 'text', text });
      if (inline) inlines.push(inline);
    };
    for (let at = from; at < to; ) {
      const solid = atoms[atom];
      const mark = line.charAt(at);
      const style = STYLE_OF[mark];
      if (solid?.start === at) {
        flush(at, solid.inline);
        atom += 1;
        textFrom = at = solid.end;
      } else if (style !== undefined && canOpen(line[at - 1], line[at + 1])) {
        const close = closers.get(mark)?.after(at + 1);
        if (close !== undefined && close < to) {
          flush(at);
          inlines.push({ t: style, children: read(at + 1, close) });
          textFrom = at = close + 1;
        } else at += 1;
      } else at += 1;
    }
    flush(to);
    return inlines;
  };
  return read(0, line.length);
}
