import type { Inline, RichText } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { findUrls } from '../../../text/links.ts';
import { lower } from '../../../text/lower.ts';
import { renderLines } from '../../../text/render.ts';
import type { WriteOptions } from './rich-text.ts';

/** Zero-width space: beside a literal mark it keeps it from being read as a real one, beside a real one it parts it from a word. */
const GUARD = '\u200b';
const MARKS = { bold: '*', italic: '_', strike: '~' } as const;
type Style = keyof typeof MARKS;
/** In the order in which they open. */
const STYLES: readonly Style[] = ['bold', 'italic', 'strike'];
const EXPRESSIBLE: ReadonlySet<Inline['t']> = new Set<Inline['t']>([...STYLES, 'code', 'link', 'mention', 'emoji']);

/**
 * Slack's mrkdwn, for where a text goes without blocks: what notifications show, and what other programs read of a message.
 * Only `&`, `<` and `>` can be escaped, so literal marks are set apart by a character that nobody sees.
 */
export function writeMrkdwn(text: RichText, options: WriteOptions = {}): string {
  return renderLines(text, {
    inlines: (children, strong) => writeInlines(lower(children, EXPRESSIBLE), strong, options),
    code: ({ text: code }, nested) => fence(cleanText(code), nested),
  });
}

function fence(code: string, nested: boolean): string[] {
  if (code.trim() === '') return [];
  const apart = (text: string): string => escape(text).replace(/`(?=`)/g, `\`${GUARD}`).replace(/^`|`$/g, (tick, at) => (at === 0 ? GUARD + tick : tick + GUARD));
  if (nested) return code.split('\n').filter((line) => line.trim() !== '').map((line) => `\`\`\`${apart(line)}\`\`\``);
  return ['```', ...apart(code).split('\n'), '```'];
}

/** A piece of a line in one style. `solid`: nothing in it is marked, and no white space at its ends counts. */
interface Span {
  readonly text: string;
  readonly styles: ReadonlySet<Style>;
  readonly solid: boolean;
}

function writeInlines(children: readonly Inline[], strong: boolean, options: WriteOptions): string[] {
  if (children.length === 0) return [];
  const lines: Span[][] = [[]];
  collect(children, new Set(strong ? ['bold'] : []), undefined, lines, options);
  return lines.map((spans) => {
    const line = marked(spans);
    // A line that begins like a quote is none.
    return /^(?:&gt;|\s*(?:[-•] |\d{1,9}\. ))/.test(line) ? GUARD + line : line;
  });
}

function collect(children: readonly Inline[], styles: ReadonlySet<Style>, href: string | undefined, lines: Span[][], options: WriteOptions): void {
  const add = (text: string, solid: boolean): void => {
    if (text !== '') lines.at(-1)?.push({ text, styles, solid });
  };
  // A mark inside of a bare address would break it.
  const bare = (text: string): void => {
    let from = 0;
    for (const url of findUrls(text)) {
      add(text.slice(from, url.start), false);
      add(`<${address(url.href)}|${escape(text.slice(url.start, url.end))}>`, true);
      from = url.end;
    }
    add(text.slice(from), false);
  };
  const words = (text: string): void => text.split('\n').forEach((part, index) => {
    if (index > 0) lines.push([]);
    if (href === undefined) bare(part);
    else if (part !== '') add(`<${address(href)}|${escape(part).replace(/`(?=`)/g, `\`${GUARD}`)}>`, true);
  });
  for (const child of children) {
    if (child.t === 'text') words(cleanText(child.text));
    else if (child.t === 'break') lines.push([]);
    else if (child.t === 'code') {
      const code = cleanText(child.text).replaceAll('\n', ' ');
      if (href !== undefined || code.includes('`') || code.trim() === '') words(code);
      else add(`\`${escape(code)}\``, true);
    } else if (child.t === 'link') collect(child.children, styles, href ?? (isAddress(child.href) ? child.href : undefined), lines, options);
    else if (child.t === 'mention') {
      if (child.target === 'room' && options.everybody !== undefined) add(`<!${options.everybody}>`, true);
      else if (child.target === 'user' && /^[UW][A-Z0-9]{2,}$/.test(child.id)) add(`<@${child.id}>`, true);
      else words((child.name === '' ? child.id : child.name).replace(/^@?/, '@'));
    } else if (child.t === 'emoji') words(/^[\w+-]+$/.test(child.name) ? `:${child.name}:` : child.name);
    else if ('children' in child) collect(child.children, isStyle(child.t) ? new Set([...styles, child.t]) : styles, href, lines, options);
  }
}

function isStyle(kind: Inline['t']): kind is Style {
  return kind in MARKS;
}

function isAddress(href: string): boolean {
  return /^(?:https?|mailto|ftp|tel):[^\s<>]+$/i.test(href);
}

function address(href: string): string {
  return escape(href).replaceAll('|', '%7C');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** What may stand at the edge of a style: everything else is left outside of it. */
const SOFT = /^[\s\u200b*_~`:<>&]$/;
const TOKENS = /[\s\u200b]+|[*_~`:]|[^\s\u200b*_~`:]+/g;

interface Token {
  readonly text: string;
  readonly styles: ReadonlySet<Style>;
  readonly soft: boolean;
}

/** The line with its marks: each opens before something solid and closes behind it, set apart from words on its outer side. */
function marked(spans: readonly Span[]): string {
  const tokens = spans.flatMap(({ text, styles, solid }): Token[] =>
    solid ? [{ text, styles, soft: false }] : Array.from(text.matchAll(TOKENS), ([part]) => ({ text: part, styles, soft: SOFT.test(part[0] ?? '') })));
  const open: Style[] = [];
  let out = '';
  /** How it ends: to look at the end of a text that grows is to copy all of it. */
  let end = '';
  const put = (text: string): void => {
    out += text;
    end = (end + text).slice(-2);
  };
  const close = (keep: (style: Style) => boolean): void => {
    while (open.some((style) => !keep(style))) {
      const style = open.pop();
      if (style !== undefined) put(MARKS[style]);
    }
  };
  let closed = false;
  tokens.forEach((token, index) => {
    if (token.soft) {
      // Over soft tokens a style stays only if all of them have it, and what follows.
      if (index === 0 || tokens[index - 1]?.soft === false) {
        const before = out;
        close((style) => staysOver(tokens, index, style));
        closed = out !== before;
      }
      put(guarded(token.text, end, tokens[index + 1]));
      closed = false;
      return;
    }
    const before = out;
    close((style) => token.styles.has(style));
    closed = closed || out !== before;
    const opening = STYLES.filter((style) => token.styles.has(style) && !open.includes(style));
    if ((opening.length > 0 && isWordEnd(end)) || (opening.length === 0 && closed && /^[\p{L}\p{N}]/u.test(token.text))) put(GUARD);
    if (opening.length > 0 && closed) put(GUARD);
    for (const style of opening) {
      put(MARKS[style]);
      open.push(style);
    }
    put(token.text.startsWith('<') || token.text.startsWith('`') ? token.text : escape(token.text));
    closed = false;
  });
  close(() => false);
  return out;
}

function staysOver(tokens: readonly Token[], from: number, style: Style): boolean {
  let at = from;
  for (; tokens[at]?.soft === true; at += 1) if (tokens[at]?.styles.has(style) !== true) return false;
  return tokens[at]?.styles.has(style) === true;
}

function isWordEnd(text: string): boolean {
  return /[\p{L}\p{N}]$/u.test(text.slice(-2));
}

/** A literal mark between two letters is none; any other gets a guard on both sides. */
function guarded(text: string, before: string, next: Token | undefined): string {
  if (!/^[*_~`:]$/.test(text)) return escape(text);
  // A colon does something only where a name could follow.
  if (text === ':' && (next === undefined || !/^[\p{L}\p{N}_+'-]/u.test(next.text))) return text;
  const inWord = isWordEnd(before) && next !== undefined && /^[\p{L}\p{N}]/u.test(next.text);
  return inWord && text !== '`' && text !== ':' ? text : `${GUARD}${text}${GUARD}`;
}
