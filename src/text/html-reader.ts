import { Parser } from 'htmlparser2';
import { plain } from '../model/richtext.ts';
import { cleanText } from './clean.ts';
import { BREAKING, DROPPED, htmlText } from './html-text.ts';
import { matrixTarget, safeHref } from './links.ts';
import type { BlockShell, InlineShell, Leaf, Run, Wrap } from './runs.ts';
import { commonWrap, flatten, wrapIn } from './runs.ts';

/** Matrix spec, m.room.message: tags must not be nested more than 100 deep. */
const MAX_TAG_DEPTH = 100;
/**
 * A few characters of HTML can reopen many formats in every paragraph, so a small event could become a huge text. Every wrap
 * made costs its size, and there may be this much of it.
 */
const MAX_WEIGHT = 512 * 1024;

/** The HTML is nested or repeated beyond the limits. */
class HtmlRefused extends Error {}

/** Reads Matrix HTML into runs. Of what is nested too deep, or would grow too large, only the lines of text are read. */
export function readHtml(source: string): Run[] {
  // In HTML this begins a comment up to the next `>`; to the parser, one up to `]]>` or the end.
  const html = source.replaceAll('<![CDATA[', '<![ CDATA[');
  const reader = new HtmlReader();
  const parser = new Parser({
    onopentag: (name, attributes) => reader.open(name, attributes),
    onclosetag: () => reader.close(),
    ontext: (text) => reader.text(cleanText(text)),
  });
  try {
    parser.write(html);
    parser.end();
    return reader.runs;
  } catch (error) {
    if (error instanceof HtmlRefused) return flatten(plain(cleanText(htmlText(html))));
    throw error;
  }
}

interface Format {
  readonly shell: InlineShell;
  readonly parent: Format | undefined;
}

interface Frame {
  readonly block: Wrap | undefined;
  readonly format: Format | undefined;
  done?: () => void;
}

type Attributes = Readonly<Record<string, string>>;

const FORMATS: Readonly<Record<string, 'bold' | 'italic' | 'strike' | 'underline' | 'sup' | 'sub'>> = {
  b: 'bold', strong: 'bold', i: 'italic', em: 'italic', s: 'strike', del: 'strike', strike: 'strike', u: 'underline', ins: 'underline', sup: 'sup', sub: 'sub',
};

/**
 * A stream of tags becomes runs. `block` is where new blocks go; `host` is the block that takes inlines now. A host is either a
 * paragraph, made when text comes and ended by any block, or fixed (heading, cell, summary): blocks in there only break the line.
 */
class HtmlReader {
  readonly runs: Run[] = [];
  private readonly frames: Frame[] = [];
  private readonly counters = new Map<Wrap, number>();
  private block: Wrap | undefined;
  private format: Format | undefined;
  private host: Wrap | undefined;
  private fixed = false;
  private empty = true;
  private space = false;
  private breaks = 0;
  private wraps = new Map<Format, Wrap>();
  private dropping = 0;
  private weight = 0;
  private summaryAt: number | undefined;
  /** Inside a code span, a code block or a mention everything is text, gathered here. */
  private captured: string | undefined;
  private language: string | undefined;
  private bare = false;

  open(name: string, attributes: Attributes): void {
    if (this.frames.length >= MAX_TAG_DEPTH) throw new HtmlRefused('nested too deep');
    const frame: Frame = { block: this.block, format: this.format };
    this.frames.push(frame);
    if (DROPPED.has(name)) {
      this.dropping += 1;
      frame.done = () => (this.dropping -= 1);
    } else if (this.dropping === 0) {
      if (this.captured === undefined) this.enter(name, attributes, frame);
      else this.insideCapture(name, attributes);
    }
  }

  close(): void {
    const frame = this.frames.pop();
    frame?.done?.();
    this.block = frame?.block;
    this.format = frame?.format;
  }

  text(data: string): void {
    if (this.dropping > 0) return;
    if (this.captured !== undefined) {
      this.captured += data;
      return;
    }
    const collapsed = data.replace(/[ \t\n\f\r]+/g, ' ');
    const start = collapsed.startsWith(' ') ? 1 : 0;
    const end = collapsed.length - (collapsed.length > start && collapsed.endsWith(' ') ? 1 : 0);
    if (start === 1) this.space = true;
    if (end > start) {
      this.leaf({ t: 'text', text: collapsed.slice(start, end) });
      this.space = end < collapsed.length;
    }
  }

  private enter(name: string, attributes: Attributes, frame: Frame): void {
    const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
    if (format !== undefined) return this.pushFormat({ t: format });
    if (BREAKING.has(name)) {
      this.breaking(frame);
      return this.maths(attributes, frame);
    }
    switch (name) {
      case 'br':
        this.space = false;
        this.breaks += 1;
        return;
      case 'a':
        return this.anchor(attributes['href'] ?? '', frame);
      case 'span': {
        const reason = attributes['data-mx-spoiler'] === undefined ? undefined : cleanText(attributes['data-mx-spoiler']);
        if (reason !== undefined) this.pushFormat(reason === '' ? { t: 'spoiler' } : { t: 'spoiler', reason });
        return this.maths(attributes, frame);
      }
      case 'code':
      case 'tt':
        return this.capture(frame, (text) => {
          if (text !== '') this.leaf({ t: 'code', text: text.replace(/[\n\r]+/g, ' ') });
        });
      case 'pre':
        return this.pre(frame);
      case 'img':
        return this.image(attributes);
      case 'hr':
        this.endParagraph();
        if (!this.fixed) this.runs.push({ wrap: this.target(), leaf: { t: 'rule' } });
        return;
      default:
        return this.enterBlock(name, attributes, frame);
    }
  }

  private enterBlock(name: string, attributes: Attributes, frame: Frame): void {
    const heading = /^h([1-6])$/.exec(name)?.[1];
    if (heading !== undefined) return this.fixedHost({ t: 'heading', level: Number(heading) as 1 | 2 | 3 | 4 | 5 | 6 }, frame);
    const inBlock = this.block?.shell.t;
    switch (name) {
      case 'blockquote':
        return this.container({ t: 'quote' }, frame);
      case 'details':
        this.container({ t: 'details' }, frame);
        this.summaryAt = this.runs.length;
        return;
      case 'summary':
        // It is one only before all else, or its text would change places with what is before it.
        return inBlock === 'details' && this.runs.length === this.summaryAt ? this.fixedHost({ t: 'summary' }, frame) : this.breaking(frame);
      case 'ul':
        return this.container({ t: 'list', ordered: false }, frame);
      case 'ol': {
        const start = /^\s*(-?\d{1,9})(?!\d)/.exec(attributes['start'] ?? '')?.[1];
        return this.container({ t: 'list', ordered: true, ...(start === undefined ? {} : { start: Number(start) }) }, frame);
      }
      case 'li':
        return this.item(frame);
      case 'table':
        return this.container({ t: 'table', header: false }, frame);
      case 'tr':
        return inBlock === 'table' ? this.container({ t: 'row', index: this.count(this.block) }, frame) : this.breaking(frame);
      case 'td':
      case 'th':
        return this.cell(name === 'th', frame);
    }
  }

  /** A block that has no form of its own: what is in it stands apart from what is around it. */
  private breaking(frame: Frame): void {
    this.endParagraph();
    frame.done = () => this.endParagraph();
  }

  private container(shell: BlockShell, frame: Frame): void {
    this.breaking(frame);
    if (!this.fixed) this.block = this.wrap(shell.t === 'row' ? this.block : this.target(), shell);
  }

  private item(frame: Frame): void {
    this.breaking(frame);
    if (this.fixed) return;
    const list = this.block?.shell.t === 'list' ? this.block : this.wrap(this.target(), { t: 'list', ordered: false });
    const item = this.wrap(list, { t: 'item', index: this.count(list) });
    const before = this.runs.length;
    this.block = item;
    frame.done = () => {
      this.endParagraph();
      if (this.runs.length === before) this.runs.push({ wrap: item, leaf: { t: 'nothing' } });
    };
  }

  private cell(isHeader: boolean, frame: Frame): void {
    const row = this.block;
    if (row?.shell.t !== 'row' || this.fixed) return this.breaking(frame);
    const table = row.parent?.shell;
    if (isHeader && row.shell.index === 0 && table?.t === 'table') table.header = true;
    const before = this.runs.length;
    this.fixedHost({ t: 'cell' }, frame);
    const cell = this.host;
    const done = frame.done;
    if (done === undefined || cell?.shell.t !== 'cell') return;
    frame.done = () => {
      done();
      if (this.runs.length === before) this.runs.push({ wrap: cell, leaf: { t: 'nothing' } });
    };
  }

  private fixedHost(shell: BlockShell, frame: Frame): void {
    this.breaking(frame);
    if (this.fixed) return;
    const inPlace = shell.t === 'cell' || shell.t === 'summary';
    this.startHost(this.wrap(inPlace ? this.block : this.target(), shell));
    this.fixed = true;
    frame.done = () => {
      this.fixed = false;
      this.endParagraph();
    };
  }

  private pre(frame: Frame): void {
    this.breaking(frame);
    const ended = frame.done;
    this.language = undefined;
    this.bare = true;
    this.capture(frame, (captured) => {
      const lines = captured.replace(/\r\n?/g, '\n').replace(/\n$/, '');
      const text = this.bare ? lines.replace(/^\n/, '') : lines;
      if (this.fixed) text.split('\n').forEach((line, index) => {
        if (index > 0) this.breaks += 1;
        if (line !== '') this.leaf({ t: 'code', text: line });
      });
      else {
        const shell: BlockShell = this.language === undefined ? { t: 'codeblock' } : { t: 'codeblock', language: this.language };
        this.runs.push({ wrap: this.wrap(this.target(), shell), leaf: { t: 'text', text } });
      }
      ended?.();
    });
  }

  /** Matrix spec, mathematical messages: the tag holds a fallback. Without one the LaTeX is shown. */
  private maths(attributes: Attributes, frame: Frame): void {
    const latex = cleanText(attributes['data-mx-maths'] ?? '').trim();
    if (latex === '') return;
    const before = this.runs.length;
    const ended = frame.done;
    frame.done = () => {
      if (this.runs.length === before) this.leaf({ t: 'code', text: latex });
      ended?.();
    };
  }

  private anchor(href: string, frame: Frame): void {
    const target = matrixTarget(href);
    if (target && 'user' in target) {
      const id = target.user;
      return this.capture(frame, (text) => {
        const name = text.replace(/[ \t\n\f\r]+/g, ' ').trim();
        this.leaf({ t: 'mention', target: 'user', id, name: name === '' ? id : name });
      });
    }
    const safe = target?.href ?? safeHref(href);
    if (safe !== undefined) this.pushFormat({ t: 'link', href: safe });
  }

  private image(attributes: Attributes): void {
    const source = attributes['src'] ?? '';
    const alt = cleanText(attributes['alt'] || attributes['title'] || '').trim();
    if (/^mxc:\/\/[^/\s]+\/[\w-]+$/.test(source)) this.leaf({ t: 'emoji', name: alt.replace(/^:([\w+-]+):$/, '$1') || 'image', source });
    else if (alt !== '') this.text(alt);
  }

  private capture(frame: Frame, use: (text: string) => void): void {
    this.captured = '';
    frame.done = () => {
      const text = this.captured ?? '';
      this.captured = undefined;
      use(text);
    };
  }

  private insideCapture(name: string, attributes: Attributes): void {
    if (name === 'br') this.captured += '\n';
    else if (name === 'img') this.captured += cleanText(attributes['alt'] ?? '');
    else if (BREAKING.has(name) && this.captured !== '') this.captured += '\n';
    else if (name === 'code') {
      this.language ??= /(?:^|\s)language-(\S+)/.exec(attributes['class'] ?? '')?.[1];
      // A line feed right after <pre> is no part of it (HTML standard), one after <code> is.
      if (this.captured === '') this.bare = false;
    }
  }

  private pushFormat(shell: InlineShell): void {
    for (let at = this.format; at; at = at.parent) if (at.shell.t === shell.t) return;
    this.format = { shell, parent: this.format };
  }

  private leaf(leaf: Leaf): void {
    const host = this.host ?? this.startHost(this.wrap(this.target(), { t: 'paragraph' }));
    const wrap = this.formatWrap(host, this.format);
    if (!this.empty) {
      // What is between two leaves has the formats that they share, so that a link over two lines stays one.
      const between = commonWrap(this.runs.at(-1)?.wrap, wrap);
      for (let n = 0; n < this.breaks; n += 1) this.runs.push({ wrap: between, leaf: { t: 'break' } });
      if (this.breaks === 0 && this.space) this.runs.push({ wrap: between, leaf: { t: 'text', text: ' ' } });
    }
    this.runs.push({ wrap, leaf });
    this.empty = false;
    this.space = false;
    this.breaks = 0;
  }

  private formatWrap(host: Wrap, format: Format | undefined): Wrap {
    if (format === undefined) return host;
    const known = this.wraps.get(format);
    if (known) return known;
    const wrap = this.wrap(this.formatWrap(host, format.parent), format.shell);
    this.wraps.set(format, wrap);
    return wrap;
  }

  private startHost(host: Wrap): Wrap {
    this.host = host;
    this.wraps = new Map();
    this.empty = true;
    this.space = false;
    this.breaks = 0;
    return host;
  }

  private endParagraph(): void {
    this.space = false;
    if (this.fixed) this.breaks = Math.max(this.breaks, 1);
    else {
      this.host = undefined;
      this.breaks = 0;
    }
  }

  /** Where a new block goes: loose content of a list becomes an item; of a table, goes before what follows. */
  private target(): Wrap | undefined {
    let at = this.block;
    while (at && (at.shell.t === 'table' || at.shell.t === 'row')) at = at.parent;
    return at?.shell.t === 'list' ? this.wrap(at, { t: 'item', index: this.count(at) }) : at;
  }

  private count(wrap: Wrap | undefined): number {
    if (wrap === undefined) return 0;
    const count = this.counters.get(wrap) ?? 0;
    this.counters.set(wrap, count + 1);
    return count;
  }

  private wrap(parent: Wrap | undefined, shell: BlockShell | InlineShell): Wrap {
    const wrap = wrapIn(parent, shell);
    const payload = shell.t === 'link' ? shell.href.length : shell.t === 'spoiler' ? (shell.reason?.length ?? 0) : 0;
    this.weight += 4 + wrap.depth + payload;
    if (this.weight > MAX_WEIGHT) throw new HtmlRefused('grows too large');
    return wrap;
  }
}
