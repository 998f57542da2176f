import type { Inline } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { findUrls } from '../../text/links.ts';
import { inlineText, lower } from '../../text/lower.ts';
import { isWord, JOINT } from './markup-read.ts';

/** What there are marks for. Spoilers hold the others, never the other way round. */
const KEPT: ReadonlySet<Inline['t']> = new Set(['bold', 'italic', 'strike', 'code', 'spoiler', 'link', 'mention', 'emoji']);
const BIT = { spoiler: 1, bold: 2, italic: 4, strike: 8 } as const;
type Style = keyof typeof BIT;
const STYLES = Object.keys(BIT) as readonly Style[];
const MARK: Readonly<Record<Style, string>> = { spoiler: '||', bold: '*', italic: '_', strike: '~' };

/** Stands for everybody in the room; nobody's id. */
export const EVERYBODY = '';

/** Whom a mention means: the user name, or nothing where it is not known, or not to be woken. */
export type Usernames = (id: string) => string | undefined;

/** A piece of a line in one style. `solid`: written as it is, and nothing is marked in it. */
interface Span {
  readonly text: string;
  readonly style: number;
  readonly solid: boolean;
}

/** As lines of Markdown. `strong`: a summary or the header of a table. */
export function writeInlines(children: readonly Inline[], strong: boolean, usernames: Usernames): string[] {
  if (children.length === 0) return [];
  return spansOf(children, strong ? BIT.bold : 0, usernames).map((spans) => marked(spans.flatMap(cut)));
}

function spansOf(children: readonly Inline[], bits: number, usernames: Usernames): Span[][] {
  const lines: Span[][] = [[]];
  const add = (text: string, style: number, solid: boolean): void => {
    if (text === '') return;
    const line = lines.at(-1) ?? [];
    const last = line.at(-1);
    if (!solid && last?.solid === false && last.style === style) line[line.length - 1] = { ...last, text: last.text + text };
    else line.push({ text, style, solid });
  };
  const code = (text: string, style: number): void => {
    // There is no way to write a back tick in code.
    for (const part of cleanText(text).replace(/\n/g, ' ').split(/(`+)/)) {
      if (part.startsWith('`') || part.trim() === '') add(part, style, false);
      else add(`\`${part}\``, style, true);
    }
  };
  const walk = (inlines: readonly Inline[], style: number): void => {
    for (const inline of inlines) {
      switch (inline.t) {
        case 'break': lines.push([]); break;
        case 'text':
          cleanText(inline.text).split('\n').forEach((part, index) => {
            if (index > 0) lines.push([]);
            add(part, style, false);
          });
          break;
        case 'code': code(inline.text, style); break;
        case 'mention': {
          const username = usernames(inline.target === 'room' ? EVERYBODY : inline.id);
          if (username === undefined) add(inlineText([inline]), style, false);
          else add(`@${username}`, style, true);
          break;
        }
        case 'emoji': add(/^[\w+-]+$/.test(inline.name) ? `:${inline.name}:` : inline.name, style, /^[\w+-]+$/.test(inline.name)); break;
        case 'link': link(inline, style); break;
        case 'spoiler':
          if (inline.reason !== undefined) add(`(${cleanText(inline.reason)}) `, style, false);
          walk(inline.children, style | BIT.spoiler);
          break;
        default: walk(inline.children, style | (inline.t in BIT ? BIT[inline.t as Style] : 0));
      }
    }
  };
  const link = ({ href, children: label }: Extract<Inline, { t: 'link' }>, style: number): void => {
    const text = inlineText(label);
    const address = href.replace(/[()<>\s]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
    const isPlain = /^(?:https?|mailto|ftp|tel):/i.test(href) && text.trim() !== '' && !/[[\]\n`\\|@]/.test(text) && !/:\/\/|www\./i.test(text);
    if (text.trim() === href) add(address === href && findUrls(href)[0]?.end === href.length ? href : text, style, findUrls(href)[0]?.end === href.length);
    else if (isPlain) add(`[${writeInlines(lower(label, INSIDE), false, () => undefined).join(' ')}](${address})`, style, true);
    else walk(lower([{ t: 'link', href, children: label }], WITHOUT_LINKS), style);
  };
  walk(lower(children, KEPT), bits);
  return lines;
}

/** What the text of a link may hold. */
const INSIDE: ReadonlySet<Inline['t']> = new Set(['bold', 'italic', 'strike']);
const WITHOUT_LINKS: ReadonlySet<Inline['t']> = new Set([...KEPT].filter((kind) => kind !== 'link'));

/** White space; a word of ASCII whose underscores are within it; a sign that could be a mark, each for itself; what is between them. */
const PIECES = /[\s\u200b]+|(?<![^\s(.,;:!?])[A-Za-z0-9]{1,80}(?:_[A-Za-z0-9]{1,80}){1,20}(?![^\s).,;:!?])|[*~`\\|_]|[^\s\u200b*_~`\\|]+/g;
/** Within a style any underscore may be a mark. */
const STYLED = /[\s\u200b]+|[*~`\\|_]|[^\s\u200b*_~`\\|]+/g;
const SIGN = /^[*~`\\|_]$/;

/** A bare address stands as it is; what is around it comes in pieces. Within a style no backslash helps, so signs stand outside of it. */
function cut(span: Span): Span[] {
  if (span.solid) return [span];
  const pieces: Span[] = [];
  const words = (text: string): void => {
    for (const [piece] of text.matchAll(span.style === 0 ? PIECES : STYLED)) pieces.push(SIGN.test(piece) ? { ...span, text: piece, style: 0 } : { ...span, text: piece });
  };
  let from = 0;
  for (const url of /:\/\/|www\./i.test(span.text) ? findUrls(span.text) : []) {
    words(span.text.slice(from, url.start));
    const text = span.text.slice(url.start, url.end);
    // Within a style its signs would be marks.
    pieces.push({ text, style: /[*_~`|]/.test(text) ? 0 : span.style, solid: true });
    from = url.end;
  }
  words(span.text.slice(from));
  return pieces;
}

function isBlank(span: Span | undefined): boolean {
  return span !== undefined && !span.solid && span.text.trim() === '';
}

/** The line with its marks; white space at the edge of a style is left outside it. */
function marked(pieces: readonly Span[]): string {
  let line = '';
  /** Its end: to look at the end of a text that grows is to copy all of it. */
  let last: string | undefined;
  const put = (text: string): void => {
    line += text;
    last = text.at(-1) ?? last;
  };
  const open: Style[] = [];
  /** Where an address ends: what follows must not become a part of it. */
  let address = -1;
  const shut = (style: number): void => {
    while (open.some((each) => (style & BIT[each]) === 0)) put(`${line.length === address ? JOINT : ''}${MARK[open.pop() ?? 'bold']}`);
  };
  pieces.forEach((piece, index) => {
    if (isBlank(piece)) {
      // Stays inside only what goes on behind it.
      const next = pieces[index + 1];
      shut(piece.style & (next === undefined ? 0 : next.style));
      put(piece.text);
      return;
    }
    // A spoiler cannot begin within another style.
    const wanted = STYLES.filter((each) => (piece.style & BIT[each]) !== 0);
    const closed = line.length;
    // Nor is anything but text read within one directly behind a text.
    const afresh = (wanted.includes('spoiler') && !open.includes('spoiler')) || (piece.solid && open.length > 0);
    shut(afresh ? 0 : piece.style);
    const opening = wanted.filter((each) => !open.includes(each));
    // An underscore beside a letter is no mark, nor is one beside its like.
    const touching = opening.length > 0 || line.length > closed;
    if (touching && needsJoint(last, opening, piece.text, line.length > closed)) put(JOINT);
    for (const each of opening) put(MARK[each]);
    open.push(...opening);
    const text = piece.solid ? piece.text : escaped(piece.text, piece.style);
    const before = last;
    const apart = (line.length > 0 && line.length === address)
      || (before === '\\' && /^[#.`]/.test(text))
      || (before === '@' && !piece.solid)
      || (piece.solid && ((text.startsWith('@') && isWord(before)) || (before === '<' && text.includes('|'))));
    put(apart ? JOINT + text : text);
    if (piece.solid && /^(?:https?:|www\.)/i.test(text)) address = line.length;
  });
  shut(0);
  return guarded(line);
}

function needsJoint(before: string | undefined, opening: readonly Style[], text: string, closed: boolean): boolean {
  if (before === undefined) return false;
  if (closed && opening.length === 0) return isWord(text[0]) || MARK.spoiler.includes(text[0] ?? ' ');
  return isWord(before) || before === '\\' || '*_~|'.includes(before);
}

/** Literal signs, so that none is a mark. */
function escaped(text: string, style: number): string {
  return text
    .replace(/^[*_~`]$/, '\\$&')
    .replace(/^\|$/, `${JOINT}|${JOINT}`)
    .replace(/\](?=\()/g, `]${JOINT}`)
    .replace(/<(?=t:)/g, `<${JOINT}`)
    // Within a style an at sign is one behind a letter too.
    .replace(style === 0 ? /(?<![A-Za-z0-9])@(?=[0-9a-zA-Z\u00c0-\u024f_-])/g : /@/g, `@${JOINT}`)
    .replace(/\\(?=[#.])/g, `\\${JOINT}`);
}

/** What else would make more of a line than a text. */
function guarded(line: string): string {
  if (/^\s*#{1,6} /.test(line)) return line.replace('#', '\\#');
  if (/^\s*\d{1,9}\. /.test(line)) return line.replace('.', '\\.');
  return /^\s*(?:>|[-*+] |-{3,}\s*$|\|)/.test(line) && !line.startsWith('||') ? JOINT + line : line;
}
