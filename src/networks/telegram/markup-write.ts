import type { Block, Inline, RichText } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { linkSuffix } from '../../text/links.ts';
import { emojiText, inlineText, mentionText } from '../../text/lower.ts';
import { shallow } from '../../text/runs.ts';

/** A `MessageEntity` as a request has it (core.telegram.org/bots/api#messageentity). */
export interface OutEntity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
  readonly user?: { readonly id: number };
}

export interface Encoded {
  readonly text: string;
  readonly entities: readonly OutEntity[];
}

/** More than these in one message Telegram leaves out (core.telegram.org/bots/api#formatting-options, limits.tginfo.me). */
export const MAX_ENTITIES = 100;

type Format = 'bold' | 'italic' | 'underline' | 'strikethrough' | 'spoiler';
const FORMAT: Readonly<Record<string, Format>> = { bold: 'bold', italic: 'italic', underline: 'underline', strike: 'strikethrough', spoiler: 'spoiler' };

/**
 * Writes a text as Telegram takes it: plain, with its formatting as entities beside it, so that nothing typed can be taken for
 * markup. Headings, summaries and table headers are bold; lists and tables are lines; a quote within a quote begins with `> `.
 */
export function encode(text: RichText): Encoded {
  const writer = new Writer();
  writer.blocks(shallow(text), '\n\n');
  return writer.done();
}


class Writer {
  #text = '';
  readonly #entities: OutEntity[] = [];
  readonly #formats = new Map<Format, number>();
  #prefix = '';
  #quoted = false;
  #listed = false;
  #linked = false;

  done(): Encoded {
    const text = this.#text.replace(/\s+$/, '');
    // White space at the beginning is cut off by Telegram, and all entities would lie wrong; a code block keeps its own.
    const code = Math.min(...this.#entities.map(({ type, offset }) => (type === 'pre' || type === 'code' ? offset : Infinity)));
    const cut = Math.min(code, text.length - text.trimStart().length);
    const entities = aroundCode(this.#entities).flatMap((entity) => tight(text, entity)).map((entity) => {
      const offset = Math.max(0, entity.offset - cut);
      return { ...entity, offset, length: entity.offset + entity.length - cut - offset };
    });
    entities.sort((one, other) => one.offset - other.offset || other.length - one.length);
    return { text: text.slice(cut), entities };
  }

  blocks(blocks: readonly Block[], between: string): void {
    let first = true;
    for (const block of blocks) {
      const before = this.#text.length;
      if (!first) this.#lines(between);
      const start = this.#text.length;
      this.#block(block);
      if (this.#text.length === start) this.#text = this.#text.slice(0, before);
      else first = false;
    }
  }

  #block(block: Block): void {
    switch (block.t) {
      case 'paragraph':
        return this.#inlines(block.children);
      case 'heading':
        return this.#strong(block.children);
      case 'quote':
        return this.#quote(block.children);
      case 'codeblock':
        return this.#code(block);
      case 'list':
        return this.#list(block);
      case 'table':
        return block.rows.forEach((cells, row) => {
          if (row > 0) this.#lines('\n');
          const line = cells.flatMap((cell, index): Inline[] => [...(index > 0 ? [{ t: 'text', text: ' | ' } as const] : []), ...cell.map(onOneLine)]);
          if (block.header && row === 0) this.#strong(line);
          else this.#inlines(line);
        });
      case 'details':
        this.#strong(block.summary);
        if (block.children.length > 0) this.#lines('\n');
        return this.blocks(block.children, '\n\n');
      case 'rule':
        return this.#write('———');
    }
  }

  /** Quotes cannot lie in each other, and in a list one would break its line. */
  #quote(children: readonly Block[]): void {
    const start = this.#text.length;
    if (this.#quoted || this.#listed) {
      const prefix = this.#prefix;
      this.#text += '> ';
      this.#prefix = `${prefix}> `;
      this.blocks(children, '\n');
      this.#prefix = prefix;
      if (this.#text.length === start + 2) this.#text = this.#text.slice(0, start);
      return;
    }
    this.#quoted = true;
    this.blocks(children, '\n\n');
    this.#quoted = false;
    this.#mark({ type: 'blockquote', offset: start, length: this.#text.length - start });
  }

  #code(block: Extract<Block, { t: 'codeblock' }>): void {
    const code = cleanText(block.text).replace(/^\n+|\s+$/g, '');
    if (code === '') return;
    const start = this.#text.length;
    this.#text += code;
    const language = block.language === undefined || block.language === '' ? {} : { language: block.language };
    this.#entities.push({ type: 'pre', offset: start, length: code.length, ...language });
  }

  #list(block: Extract<Block, { t: 'list' }>): void {
    const [prefix, listed] = [this.#prefix, this.#listed];
    block.items.forEach((item, index) => {
      if (index > 0) this.#lines('\n');
      const marker = block.ordered ? `${(block.start ?? 1) + index}. ` : '• ';
      this.#text += marker;
      this.#prefix = prefix + ' '.repeat(marker.length);
      this.#listed = true;
      this.blocks(item, '\n');
      this.#prefix = prefix;
      this.#listed = listed;
    });
  }

  #strong(children: readonly Inline[]): void {
    this.#wrapped('bold', () => this.#inlines(children));
  }

  #wrapped(format: Format, write: () => void): void {
    const depth = this.#formats.get(format) ?? 0;
    const start = this.#text.length;
    this.#formats.set(format, depth + 1);
    write();
    this.#formats.set(format, depth);
    // One format in itself is one; the outermost is it.
    if (depth === 0) this.#mark({ type: format, offset: start, length: this.#text.length - start });
  }

  #inlines(children: readonly Inline[]): void {
    for (const child of children) this.#inline(child);
  }

  #inline(child: Inline): void {
    switch (child.t) {
      case 'text':
        return this.#write(cleanText(child.text));
      case 'break':
        return this.#lines('\n');
      case 'code':
        return this.#inlineCode(cleanText(child.text));
      case 'mention':
        return this.#mention(child);
      case 'emoji':
        return this.#write(cleanText(emojiText(child.name)));
      case 'link':
        return this.#link(child);
      case 'sup': {
        const label = inlineText(child.children);
        if (/^[+\-\u2212]?\d+$/.test(label)) this.#write('^');
        return this.#inlines(child.children);
      }
      case 'sub':
        return this.#inlines(child.children);
      case 'spoiler':
        if (child.reason !== undefined && inlineText(child.children).trim() !== '') this.#write(`(${cleanText(child.reason)}) `);
        return this.#wrapped('spoiler', () => this.#inlines(child.children));
      default:
        return this.#wrapped(FORMAT[child.t] ?? 'bold', () => this.#inlines(child.children));
    }
  }

  #inlineCode(text: string): void {
    const start = this.#text.length;
    this.#write(text);
    // Code cannot lie in a link, and where it leads is worth more.
    if (!this.#linked) this.#mark({ type: 'code', offset: start, length: this.#text.length - start });
  }

  /** People of Telegram are mentioned so that it rings; others by their name. */
  #mention(child: Extract<Inline, { t: 'mention' }>): void {
    const start = this.#text.length;
    const known = child.target === 'user' && !this.#linked && /^[1-9]\d{0,15}$/.test(child.id);
    this.#write(cleanText(known && child.name.trim() !== '' ? child.name : mentionText(child)).replaceAll('\n', ' '));
    if (known) this.#mark({ type: 'text_mention', offset: start, length: this.#text.length - start, user: { id: Number(child.id) } });
  }

  #link(child: Extract<Inline, { t: 'link' }>): void {
    if (this.#linked) return this.#inlines(child.children);
    const start = this.#text.length;
    const possible = /^(?:https?|tg|ton|ftp):/i.test(child.href);
    this.#linked = possible;
    this.#inlines(child.children);
    this.#linked = false;
    const label = this.#text.slice(start);
    if (label.trim() === '') return;
    if (possible) this.#mark({ type: 'text_link', offset: start, length: label.length, url: child.href });
    else this.#write(linkSuffix(label, child.href));
  }

  /** A line of text, with what stands before each line here. */
  #write(text: string): void {
    this.#text += this.#prefix === '' ? text : text.replaceAll('\n', `\n${this.#prefix}`);
  }

  #lines(feeds: string): void {
    this.#text += feeds + this.#prefix;
  }

  #mark(entity: OutEntity): void {
    if (entity.length > 0) this.#entities.push(entity);
  }
}

function onOneLine(inline: Inline): Inline {
  if (inline.t === 'break') return { t: 'text', text: ' ' };
  if (inline.t === 'text') return { t: 'text', text: inline.text.replace(/\s*\n\s*/g, ' ') };
  return 'children' in inline ? { ...inline, children: inline.children.map(onOneLine) } : inline;
}

const FORMATS: ReadonlySet<string> = new Set(Object.values(FORMAT));

/** Nothing lies in code or around it but quotes: what is formatted over it goes on behind it. */
function aroundCode(entities: readonly OutEntity[]): OutEntity[] {
  const codes = entities.filter(({ type }) => type === 'code' || type === 'pre');
  if (codes.length === 0) return [...entities];
  const starts = codes.map(({ offset }) => offset);
  return entities.flatMap((entity) => {
    if (!FORMATS.has(entity.type)) return [entity];
    const pieces: OutEntity[] = [];
    let from = entity.offset;
    const end = entity.offset + entity.length;
    for (let index = firstFrom(starts, from); index < codes.length; index += 1) {
      const code = codes[index];
      if (code === undefined || code.offset >= end) break;
      if (code.offset > from) pieces.push({ ...entity, offset: from, length: code.offset - from });
      from = code.offset + code.length;
    }
    return from < end ? [...pieces, { ...entity, offset: from, length: end - from }] : pieces;
  });
}

/** The index of the first entry that is not below `value`, in an ascending list. */
function firstFrom(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Without the white space at its edges, which Telegram leaves out; nothing where there is nothing else. */
function tight(text: string, entity: OutEntity): OutEntity[] {
  if (entity.type === 'pre') return entity.offset < text.length ? [{ ...entity, length: Math.min(entity.length, text.length - entity.offset) }] : [];
  const inner = text.slice(entity.offset, entity.offset + entity.length);
  const bare = inner.trim();
  if (bare === '') return [];
  // A quote may begin with code, which keeps its white space.
  if (entity.type === 'blockquote') return [{ ...entity, length: inner.trimEnd().length }];
  return [{ ...entity, offset: entity.offset + inner.length - inner.trimStart().length, length: bare.length }];
}
