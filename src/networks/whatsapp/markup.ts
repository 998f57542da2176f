import type { Block, Inline, RichText } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { findUrls } from '../../text/links.ts';
import { lower } from '../../text/lower.ts';
import { renderLines } from '../../text/render.ts';
import { canClose, canOpen, FENCE, GUARD, isBlank, isBoundary, isMark, isSpace, readInlines, unguarded } from './markup-inline.ts';

const MARKS = { bold: '*', italic: '_', strike: '~', code: '`' } as const;
type Style = keyof typeof MARKS;
const BIT: Readonly<Record<Style, number>> = { bold: 1, italic: 2, strike: 4, code: 8 };
const STYLES: readonly Style[] = ['bold', 'italic', 'strike', 'code'];
/** What would make a line something other than text; two spaces go on with a list's item. */
const LINE_MARK = /^(?:> |>$|[-*] |\d{1,9}\. | {2})/;

// ---- Encoding

const EXPRESSIBLE: ReadonlySet<Inline['t']> = new Set(STYLES);

/**
 * Writes WhatsApp markup. What WhatsApp cannot show is said in text: links `text (address)` unless the text is the address,
 * spoilers `[spoiler (reason): text]`, mentions `@name`, tables as lines `a | b`; headings, summaries and table headers are bold.
 */
export function encode(text: RichText): string {
  return renderLines(text, {
    inlines: (children, strong) => styledLines(lower(children, EXPRESSIBLE), strong ? BIT.bold : 0).map(lineMarkup),
    code: ({ text: code }, nested) => {
      const lines = cleanText(code).split('\n');
      if (lines.every(isBlank)) return [];
      return nested ? lines.filter((line) => !isBlank(line)).map(fenced) : fenced(lines.join('\n')).split('\n');
    },
  });
}

function fenced(code: string): string {
  const guarded = code.replace(/``(?=`)/g, `\`\`${GUARD}`).replace(/^`|`$/g, (tick, at) => (at === 0 ? GUARD + tick : tick + GUARD));
  return `\`\`\`${guarded}\`\`\``;
}

/** A line's characters (UTF-16 units) and the styles of each, as bits. */
interface StyledLine {
  text: string;
  readonly styles: number[];
}

function styledLines(children: readonly Inline[], bits: number): StyledLine[] {
  if (children.length === 0) return [];
  const lines: StyledLine[] = [{ text: '', styles: [] }];
  const append = (text: string, style: number): void => {
    const line = lines.at(-1);
    if (line === undefined) return;
    line.text += text;
    for (let n = 0; n < text.length; n += 1) line.styles.push(style);
  };
  const walk = (inlines: readonly Inline[], style: number): void => {
    for (const inline of inlines) {
      if (inline.t === 'break') lines.push({ text: '', styles: [] });
      else if (inline.t === 'code') append(cleanText(inline.text).replace(/\n/g, ' '), style | BIT.code);
      else if (inline.t === 'text') {
        cleanText(inline.text).split('\n').forEach((part, index) => {
          if (index > 0) lines.push({ text: '', styles: [] });
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

function lineMarkup(line: StyledLine): string {
  settleCode(line);
  const urls = urlMask(line);
  const markup = guarded(marked(line, urls));
  return LINE_MARK.test(markup) ? GUARD + markup : markup;
}

/** Code has neither white space nor back ticks at its ends, or its marks would not be read; those are plain text then. */
function settleCode({ text, styles }: StyledLine): void {
  for (let start = 0; start < text.length; start += 1) {
    if (!hasCode(styles[start])) continue;
    let end = start;
    while (end < text.length && hasCode(styles[end])) end += 1;
    const next = end;
    const isEdge = (at: number): boolean => isSpace(text[at]) || text[at] === '`';
    for (; start < end && isEdge(start); start += 1) styles[start] = (styles[start] ?? 0) & ~BIT.code;
    for (; end > start && isEdge(end - 1); end -= 1) styles[end - 1] = (styles[end - 1] ?? 0) & ~BIT.code;
    start = next;
  }
}

function hasCode(styles: number | undefined): boolean {
  return ((styles ?? 0) & BIT.code) !== 0;
}

/** Marks the characters of bare addresses, and gives each address one style throughout: a mark inside would break it. */
function urlMask({ text, styles }: StyledLine): boolean[] {
  const mask: boolean[] = [];
  const outsideCode = Array.from(styles, (style, at) => (hasCode(style) ? ' ' : text[at])).join('');
  for (const { start, end } of findUrls(outsideCode)) {
    for (let at = start; at < end; at += 1) {
      mask[at] = true;
      styles[at] = styles[start] ?? 0;
    }
  }
  return mask;
}

interface Piece {
  readonly char: string;
  readonly role: 'text' | 'mark' | 'code' | 'url';
}

/**
 * The line with its marks. White space and literal marks are soft: at the edge of a style they are left outside it, so that a real
 * mark always has a solid character on its inner side.
 */
function marked({ text, styles }: StyledLine, urls: readonly boolean[]): Piece[] {
  const pieces: Piece[] = [];
  const open: Style[] = [];
  const put = (char: string, role: Piece['role']): void => void pieces.push({ char, role });
  const closeUntil = (style: number): void => {
    while (open.some((name) => (style & BIT[name]) === 0)) {
      const name = open.pop();
      if (name) put(MARKS[name], 'mark');
    }
  };
  const soft = (at: number): boolean => !hasCode(styles[at]) && !urls[at] && (isSpace(text[at]) || isMark(text[at]));
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    const style = styles[at] ?? 0;
    if (soft(at)) {
      if (at === 0 || !soft(at - 1)) {
        let next = at;
        while (next < text.length && soft(next)) next += 1;
        closeUntil(next < text.length ? (styles[next] ?? 0) : 0);
      }
      put(char, 'text');
      continue;
    }
    const before = pieces.length;
    closeUntil(style);
    const hasClosed = pieces.length > before;
    const opening = STYLES.filter((name) => (style & BIT[name]) !== 0 && !open.includes(name));
    const needsGuard = hasClosed ? opening.length === 0 && !isBoundary(char) : opening.length > 0 && !isBoundary(pieces.at(-1)?.char);
    if (needsGuard) put(GUARD, 'text');
    for (const name of opening) put(MARKS[name], 'mark');
    open.push(...opening);
    put(char, hasCode(style) ? 'code' : urls[at] ? 'url' : 'text');
  }
  closeUntil(0);
  return pieces;
}

/** Sets apart the literal marks that have a partner in the line and stand where a mark may open or close. */
function guarded(pieces: readonly Piece[]): string {
  const counts = new Map<string, number>();
  for (const { char } of pieces) if (isMark(char)) counts.set(char, (counts.get(char) ?? 0) + 1);
  let markup = '';
  pieces.forEach(({ char, role }, index) => {
    const isLiteral = role === 'text' ? isMark(char) : role === 'code' && char === '`';
    const before = markup.at(-1);
    const after = pieces[index + 1]?.char;
    if (!isLiteral || (counts.get(char) ?? 0) < 2 || (!canOpen(before, after) && !canClose(before, after))) {
      markup += char;
      return;
    }
    if (before !== undefined && !isSpace(before)) markup += GUARD;
    markup += char;
    if (after !== undefined && !isSpace(after)) markup += GUARD;
  });
  return markup;
}

// ---- Decoding

/** Quotes in quotes and lists in lists are read this deep; further marks are text. */
const MAX_NESTING = 8;

/** Reads WhatsApp markup. Bare addresses become links. Takes anything, in time linear in its length, and loses no text but our own guards. */
export function decode(markup: string): RichText {
  return readBlocks(cleanText(markup).split('\n'), 0);
}

function readBlocks(lines: string[], depth: number): Block[] {
  const blocks: Block[] = [];
  let paragraph: Inline[] = [];
  const addLine = (line: string): void => {
    if (paragraph.length > 0) paragraph.push({ t: 'break' });
    paragraph.push(...readInlines(line.startsWith(GUARD) && LINE_MARK.test(line.slice(1)) ? line.slice(1) : line));
  };
  const add = (...added: Block[]): void => {
    if (paragraph.length > 0) blocks.push({ t: 'paragraph', children: paragraph });
    paragraph = [];
    blocks.push(...added);
  };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    const special = isBlank(line) ? undefined : (readFence(lines, at) ?? (depth < MAX_NESTING ? (readQuote(lines, at, depth) ?? readList(lines, at, depth)) : undefined));
    if (isBlank(line)) add();
    else if (special === undefined) addLine(line);
    else {
      if (special.before !== undefined) addLine(special.before);
      add(special.block);
    }
    at = special?.next ?? at + 1;
  }
  add();
  return blocks;
}

interface Special {
  readonly block: Block;
  readonly next: number;
  readonly before?: string;
}

function readQuote(lines: readonly string[], from: number, depth: number): Special | undefined {
  let next = from;
  const inner: string[] = [];
  for (let line = lines[next]; line !== undefined && (line === '>' || line.startsWith('> ')); line = lines[next]) {
    inner.push(line.slice(2));
    next += 1;
  }
  return next === from ? undefined : { block: { t: 'quote', children: readBlocks(inner, depth + 1) }, next };
}

/** Numbers that do not go on make a list of their own, so that none is lost. */
function readList(lines: readonly string[], from: number, depth: number): Special | undefined {
  const items: Block[][] = [];
  let next = from;
  let first: number | undefined;
  for (let line = lines[next]; line !== undefined; line = lines[next]) {
    const marker = /^(?:[-*]|(0|[1-9]\d{0,8})\.) /.exec(line);
    const number = marker?.[1] === undefined ? undefined : Number(marker[1]);
    if (marker === null || (items.length > 0 && number !== (first === undefined ? undefined : first + items.length))) break;
    if (items.length === 0) first = number;
    const width = marker[0].length;
    const body = [line.slice(width)];
    next += 1;
    for (let more = lines[next]; more?.startsWith('  '); more = lines[next]) {
      body.push(more.slice(Math.min(width, more.search(/[^ ]|$/))));
      next += 1;
    }
    items.push(readBlocks(body, depth + 1));
  }
  if (items.length === 0) return undefined;
  const block: Block = { t: 'list', ordered: first !== undefined, ...(first === undefined || first === 1 ? {} : { start: first }), items };
  return { block, next };
}

/** A block in fences: alone on its line, or over several. What stands behind the closing fence is put back as a line of its own. */
function readFence(lines: string[], from: number): Special | undefined {
  const line = lines[from] ?? '';
  if (!line.includes(FENCE)) return undefined;
  const parts = line.split(FENCE);
  if (parts.length === 3 && parts[0] === '' && parts[2] === '' && !isBlank(parts[1] ?? '')) {
    return { block: codeBlock(parts[1] ?? ''), next: from + 1 };
  }
  if (parts.length % 2 === 1) return undefined;
  let end = from + 1;
  while (end < lines.length && !lines[end]?.includes(FENCE)) end += 1;
  const closing = lines[end];
  if (closing === undefined) return undefined;
  const split = closing.indexOf(FENCE);
  const code = [parts.at(-1) ?? '', ...lines.slice(from + 1, end), closing.slice(0, split)].join('\n');
  if (isBlank(code)) return undefined;
  const before = line.slice(0, line.lastIndexOf(FENCE));
  const after = closing.slice(split + FENCE.length);
  lines[end] = after;
  return { block: codeBlock(code), next: isBlank(after) ? end + 1 : end, ...(isBlank(before) ? {} : { before }) };
}

function codeBlock(code: string): Block {
  return { t: 'codeblock', text: unguarded(code.replace(/^\n|\n$/g, ''), 0, undefined, '`') };
}
