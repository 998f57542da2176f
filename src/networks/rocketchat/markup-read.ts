import type { Inline } from '../../model/richtext.ts';
import { typed } from '../../text/emoji-names.ts';
import { findUrls, safeHref } from '../../text/links.ts';
import { emojiOf, isStandard } from './emoji.ts';

/**
 * Rocket.Chat's Markdown as its own parser reads it (`@rocket.chat/message-parser`): `*bold*` or `**bold**`, `_italic_`, `~strike~`,
 * `` `code` ``, `||spoiler||`, `[text](address)`, `@user`, `:emoji:`. All of it ends on its line. A backslash takes the meaning from
 * one of `*_~`#.` and from nothing else; for the rest a zero-width space stands between.
 */
export const JOINT = '\u200b';
const ESCAPABLE = '*_~`#.';

/** Whom a text may mention: user names to ids. Absent: nobody knows, and every `@name` is somebody. */
export type Mentioned = (username: string) => { readonly id: string; readonly name: string } | undefined;
export const anybody: Mentioned = (username) => ({ id: `@${username}`, name: username });

const EVERYBODY: ReadonlySet<string> = new Set(['all', 'here', 'channel']);

export function mention(username: string, whom: Mentioned): Inline {
  if (EVERYBODY.has(username)) return { t: 'mention', target: 'room', id: '', name: username };
  const found = whom(username);
  return found === undefined ? { t: 'text', text: `@${username}` } : { t: 'mention', target: 'user', id: found.id, name: found.name };
}

type Mark = '*' | '**' | '_' | '__' | '~' | '~~' | '||';
const KIND: Readonly<Record<Mark, 'bold' | 'italic' | 'strike' | 'spoiler'>> = {
  '*': 'bold', '**': 'bold', _: 'italic', __: 'italic', '~': 'strike', '~~': 'strike', '||': 'spoiler',
};

const LINK = /(!?)\[([^[\]\n]{0,1000})\]\(([^()\s<>]{1,2048})\)/y;
const MENTION = /@([0-9a-zA-Z\u00c0-\u024f](?:[0-9a-zA-Z\u00c0-\u024f._-]{0,99}[0-9a-zA-Z\u00c0-\u024f_-])?)/y;
const EMOJI = /:([a-zA-Z0-9_+-]{1,60}):/y;
/** A link as integrations write it, and a time for whoever reads it. */
const ANGLE = /<(?:((?:https?:\/\/|mailto:)[^\s<>|\u200b]{1,2048})\|([^\n<>|\u200b]{1,1000})|t:(\d{8,12}|\d{4}-\d\d-\d\dT[\d:.+Z-]{5,30}?)(?::[tTdDfFR])?)>/y;
const RUN = /\*+|_+|~+|\|\|/y;

interface Open {
  readonly mark: Mark;
  readonly at: number;
}

/** One line. Takes anything, in linear time, and loses nothing but marks. */
export function readInlines(line: string, whom: Mentioned = anybody): Inline[] {
  return new Line(line, whom).read();
}

class Line {
  /** Every inline with its own list for what it holds; `Open.at` points into it. */
  private out: Inline[] = [];
  private readonly open: Open[] = [];
  private readonly urls: ReturnType<typeof findUrls>;
  private readonly last: Readonly<Record<string, number>>;
  private readonly line: string;
  private readonly whom: Mentioned;

  constructor(line: string, whom: Mentioned) {
    this.line = line;
    this.whom = whom;
    this.urls = /:\/\/|www\./i.test(line) ? findUrls(line) : [];
    this.last = Object.fromEntries(['*', '_', '~', '||', '`'].map((mark) => [mark, line.lastIndexOf(mark)]));
  }

  read(): Inline[] {
    let url = 0;
    for (let at = 0; at < this.line.length; ) {
      while ((this.urls[url]?.start ?? Infinity) < at) url += 1;
      const found = this.urls[url];
      if (found?.start === at) {
        this.push({ t: 'link', href: found.href, children: [{ t: 'text', text: this.line.slice(found.start, found.end) }] });
        at = found.end;
      } else at = this.step(at);
    }
    while (this.open.length > 0) this.abandon();
    return this.out;
  }

  /** Reads what stands at `at`; returns where it ends. */
  private step(at: number): number {
    const { line } = this;
    const char = line.charAt(at);
    switch (char) {
      case '\\':
        if (at + 1 < line.length && ESCAPABLE.includes(line.charAt(at + 1))) return this.text(line.charAt(at + 1), at + 2);
        break;
      case '`': {
        const end = (this.last['`'] ?? -1) > at ? line.indexOf('`', at + 1) : -1;
        if (end > at + 1) {
          this.push({ t: 'code', text: line.slice(at + 1, end) });
          return end + 1;
        }
        break;
      }
      case '!':
      case '[': {
        LINK.lastIndex = at;
        const [whole, , label = '', address = ''] = LINK.exec(line) ?? [];
        const href = safeHref(address.startsWith('//') ? `https:${address}` : address);
        if (whole !== undefined && href !== undefined) {
          const children = label.trim() === '' ? [] : readInlines(label, () => undefined).flatMap((child) => (child.t === 'link' ? child.children : [child]));
          this.push({ t: 'link', href, children: children.length === 0 ? [{ t: 'text', text: label.trim() === '' ? href : label }] : children });
          return at + whole.length;
        }
        break;
      }
      case '<': {
        ANGLE.lastIndex = at;
        const [whole, address, label, time] = ANGLE.exec(line) ?? [];
        const href = address === undefined ? undefined : safeHref(address);
        if (whole !== undefined && time !== undefined) return this.text(timeText(time), at + whole.length);
        if (whole !== undefined && href !== undefined) {
          this.push({ t: 'link', href, children: [{ t: 'text', text: label ?? href }] });
          return at + whole.length;
        }
        break;
      }
      case '@': {
        MENTION.lastIndex = at;
        const name = isWord(line[at - 1]) ? undefined : MENTION.exec(line)?.[1];
        if (name !== undefined) {
          this.push(mention(name, this.whom));
          return at + 1 + name.length;
        }
        break;
      }
      case ':': {
        EMOJI.lastIndex = at;
        const name = EMOJI.exec(line)?.[1];
        if (name !== undefined && isStandard(name)) return this.text(typed(emojiOf(name)), at + name.length + 2);
        break;
      }
      case '*':
      case '_':
      case '~':
      case '|':
        return this.mark(at);
    }
    return this.text(char, at + 1);
  }

  private mark(at: number): number {
    RUN.lastIndex = at;
    const run = RUN.exec(this.line)?.[0];
    if (run === undefined) return this.text('|', at + 1);
    // Of a longer run the outer ones are text.
    if (run.length > 2) this.text(run.slice(2), at);
    const mark = run.slice(0, 2) as Mark;
    const end = at + run.length;
    const index = this.open.findLastIndex((each) => each.mark === mark);
    const words = mark[0] === '_';
    if (index !== -1 && !(words && isWord(this.line[end])) && this.out.length > (this.open[index]?.at ?? 0)) {
      while (this.open.length > index + 1) this.abandon();
      this.close();
      return end;
    }
    const closes = (this.last[mark[0] === '|' ? '||' : (mark[0] ?? '')] ?? -1) >= end;
    if (index === -1 && closes && !(words && isWord(this.line[at - 1]))) {
      this.open.push({ mark, at: this.out.length });
      return end;
    }
    return this.text(mark, end);
  }

  private close(): void {
    const opened = this.open.pop();
    if (opened === undefined) return;
    this.out.push({ t: KIND[opened.mark], children: this.out.splice(opened.at) });
  }

  /** What was opened last is no mark after all. */
  private abandon(): void {
    const opened = this.open.pop();
    if (opened === undefined) return;
    this.out.splice(opened.at, 0, { t: 'text', text: opened.mark });
  }

  private push(inline: Inline): void {
    this.out.push(inline);
  }

  private text(text: string, next: number): number {
    const last = this.out.at(-1);
    const before = this.open.at(-1)?.at ?? 0;
    if (last?.t === 'text' && this.out.length > before) this.out[this.out.length - 1] = { t: 'text', text: last.text + text };
    else this.out.push({ t: 'text', text });
    return next;
  }
}

/** A time in words, of seconds since the epoch or as it is written for machines. Nobody knows the reader's clock, so it is UTC. */
export function timeText(time: string): string {
  const ms = Number(time) * 1000;
  const date = new Date(Number.isFinite(ms) ? ms : Date.parse(time));
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** What keeps an underscore or an at sign from being a mark. */
export function isWord(char: string | undefined): boolean {
  return char !== undefined && /[A-Za-z0-9]/.test(char);
}

/** The zero-width spaces that the writer put beside a mark are none of the text's own; what they parted is one text. */
export function unjointed(inlines: readonly Inline[]): Inline[] {
  const found: Inline[] = [];
  for (const inline of inlines) {
    if (inline.t !== 'text') {
      found.push('children' in inline ? { ...inline, children: unjointed(inline.children) } : inline);
      continue;
    }
    const text = inline.text.replaceAll(JOINT, '');
    const last = found.at(-1);
    if (last?.t === 'text') found[found.length - 1] = { t: 'text', text: last.text + text };
    else if (text !== '') found.push({ t: 'text', text });
  }
  return found;
}
