import type { Block, Inline, RichText } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { lower } from '../../../text/lower.ts';
import { MAX_NESTING, renderLines } from '../../../text/render.ts';
import { shallow } from '../../../text/runs.ts';

/** One element of a `rich_text` block, as Slack takes it. */
export type Element = Readonly<Record<string, unknown>>;

export interface WriteOptions {
  /** What somebody who mentions everybody does in Slack; undefined: it is only said. */
  readonly everybody?: 'channel' | 'here' | undefined;
  /** Whether the workspace has an emoji of this name. */
  readonly hasEmoji?: ((name: string) => boolean) | undefined;
}

/** What a `rich_text` block has forms for. */
const EXPRESSIBLE: ReadonlySet<Inline['t']> = new Set<Inline['t']>(['bold', 'italic', 'strike', 'code', 'link', 'mention', 'emoji']);
const MAX_INDENT = 8;

/**
 * The elements of a `rich_text` block (docs.slack.dev/reference/block-kit/blocks/rich-text-block). Headings, summaries and heads of
 * tables are bold, tables are lines, and what has no form is said in text; in a quote only its lists and code stay what they are.
 */
export function writeRichText(text: RichText, options: WriteOptions = {}): readonly Element[] {
  const out = new Writer(options);
  out.blocks(shallow(text), false);
  return out.done();
}

/** Collects paragraphs into one section or quote, until something else stands between them. */
class Writer {
  private readonly out: Element[] = [];
  private section: Element[] = [];
  private quoted = false;
  private readonly options: WriteOptions;

  constructor(options: WriteOptions) {
    this.options = options;
  }

  done(): readonly Element[] {
    this.flush();
    return this.out;
  }

  blocks(blocks: readonly Block[], quoted: boolean): void {
    let last: Block['t'] | null = null;
    for (const block of blocks) {
      // Two lists are two: a line between them keeps them apart.
      if (block.t === 'list' && last === 'list' && this.section.length === 0) this.out.push({ type: 'rich_text_section', elements: [{ type: 'text', text: '\n' }] });
      this.block(block, quoted);
      last = block.t;
    }
  }

  private block(block: Block, quoted: boolean): void {
    switch (block.t) {
      case 'paragraph':
        return this.lines(this.inlines(block.children, {}), quoted);
      case 'heading':
        return this.lines(this.inlines(block.children, { bold: true }), quoted);
      case 'quote':
        if (!quoted) this.flush();
        this.blocks(block.children, true);
        if (!quoted) this.flush();
        return;
      case 'codeblock': {
        const text = cleanText(block.text);
        if (text === '') return;
        this.flush();
        this.out.push({ type: 'rich_text_preformatted', elements: [{ type: 'text', text }], ...(quoted ? { border: 1 } : {}) });
        return;
      }
      case 'list':
        this.flush();
        this.list(block, 0, quoted);
        return;
      case 'details':
        this.lines(this.inlines(block.summary, { bold: true }), quoted);
        return this.blocks(block.children, quoted);
      case 'table':
      case 'rule':
        return this.lines(this.plain([block]), quoted);
    }
  }

  /** What has no form of its own, as the lines of text it is. */
  private plain(blocks: readonly Block[]): Element[] {
    const elements: Element[] = [];
    const text = renderLines(blocks, {
      inlines: (children) => lower(children, new Set()).map((child) => (child.t === 'text' ? child.text : '\n')).join('').split('\n'),
      code: ({ text: code }) => code.split('\n'),
    });
    const clean = cleanText(text);
    if (clean.trim() !== '') elements.push({ type: 'text', text: clean });
    return elements;
  }

  private lines(elements: readonly Element[], quoted: boolean): void {
    if (elements.length === 0) return;
    if (quoted !== this.quoted) this.flush();
    this.quoted = quoted;
    if (this.section.length > 0) this.section.push({ type: 'text', text: '\n\n' });
    for (const element of elements) this.section.push(element);
  }

  private flush(): void {
    if (this.section.length > 0) this.out.push({ type: this.quoted ? 'rich_text_quote' : 'rich_text_section', elements: joined(this.section) });
    this.section = [];
  }

  /** A deeper list follows its item as a list of its own; so what comes after it goes on with the number that is next. */
  private list(list: Extract<Block, { t: 'list' }>, indent: number, quoted: boolean): void {
    const start = list.start ?? 1;
    let open: Element[] = [];
    let first = 0;
    const end = (next: number): void => {
      if (open.length > 0) {
        const offset = list.ordered ? start - 1 + first : 0;
        this.out.push({
          type: 'rich_text_list', style: list.ordered ? 'ordered' : 'bullet', indent: Math.min(indent, MAX_INDENT), elements: open,
          ...(offset > 0 ? { offset } : {}), ...(quoted ? { border: 1 } : {}),
        });
      }
      open = [];
      first = next;
    };
    list.items.forEach((item, index) => {
      const nested = item.findIndex((block) => block.t === 'list');
      const head = nested < 0 || indent >= MAX_NESTING ? item : item.slice(0, nested);
      open.push({ type: 'rich_text_section', elements: orSpace(this.itemInlines(head)) });
      for (const block of item.slice(head.length)) {
        end(index + 1);
        if (block.t === 'list') this.list(block, indent + 1, quoted);
        else {
          this.block(block, quoted);
          this.flush();
        }
      }
    });
    end(list.items.length);
  }

  /** An item is a single section: its paragraphs stand on lines of their own, and what is more is text. */
  private itemInlines(blocks: readonly Block[]): Element[] {
    const parts = blocks.map((block): Element[] => {
      if (block.t === 'paragraph') return this.inlines(block.children, {});
      if (block.t === 'heading') return this.inlines(block.children, { bold: true });
      if (block.t === 'codeblock') return this.inlines([{ t: 'code', text: block.text }], {});
      if (block.t === 'quote') return this.itemInlines(block.children);
      if (block.t === 'details') return [...this.inlines(block.summary, { bold: true }), NEWLINE, ...this.itemInlines(block.children)];
      return this.plain([block]);
    });
    return joined(parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [NEWLINE, ...part])));
  }

  private inlines(children: readonly Inline[], style: Style): Element[] {
    const out: Element[] = [];
    this.walk(lower(children, EXPRESSIBLE), style, undefined, out);
    return out.every((element) => element['type'] === 'text' && String(element['text']).trim() === '') ? [] : joined(out);
  }

  private walk(children: readonly Inline[], style: Style, href: string | undefined, out: Element[]): void {
    for (const child of children) {
      switch (child.t) {
        case 'text':
          push(out, cleanText(child.text), style, href);
          break;
        case 'break':
          out.push(NEWLINE);
          break;
        case 'code':
          push(out, cleanText(child.text), { ...style, code: true }, href);
          break;
        case 'link':
          this.walk(child.children, style, href ?? child.href, out);
          break;
        case 'mention':
          this.mention(child, style, href, out);
          break;
        case 'emoji':
          if (this.options.hasEmoji?.(child.name) === true) out.push({ type: 'emoji', name: child.name });
          else push(out, /^[\w+-]+$/.test(child.name) ? `:${child.name}:` : child.name, style, href);
          break;
        default:
          if (child.t === 'bold' || child.t === 'italic' || child.t === 'strike') this.walk(child.children, { ...style, [child.t]: true }, href, out);
          else if ('children' in child) this.walk(child.children, style, href, out);
      }
    }
  }

  private mention(mention: Extract<Inline, { t: 'mention' }>, style: Style, href: string | undefined, out: Element[]): void {
    const { everybody } = this.options;
    if (mention.target === 'room' && everybody !== undefined) out.push({ type: 'broadcast', range: everybody });
    else if (mention.target === 'user' && /^[UW][A-Z0-9]{2,}$/.test(mention.id)) out.push({ type: 'user', user_id: mention.id, ...(Object.keys(style).length > 0 && style.code !== true ? { style } : {}) });
    else push(out, (mention.name === '' ? mention.id : mention.name).replace(/^@?/, '@'), style, href);
  }
}

interface Style {
  readonly bold?: true;
  readonly italic?: true;
  readonly strike?: true;
  readonly code?: true;
}

const NEWLINE: Element = { type: 'text', text: '\n' };

function push(out: Element[], text: string, style: Style, href: string | undefined): void {
  if (text === '') return;
  const styled = Object.keys(style).length > 0 ? { style } : {};
  out.push(href === undefined || !/^(?:https?|mailto|ftp|tel|slack):/i.test(href) ? { type: 'text', text, ...styled } : { type: 'link', url: href, ...(text === href && !/^mailto:/i.test(href) ? {} : { text }), ...styled });
}

/** Neighbouring texts of one style as one. */
function joined(elements: readonly Element[]): Element[] {
  const out: Element[] = [];
  for (const element of elements) {
    const last = out.at(-1);
    const same = last !== undefined && last['type'] === 'text' && element['type'] === 'text' && JSON.stringify(last['style']) === JSON.stringify(element['style']);
    if (same) out[out.length - 1] = { ...last, text: String(last['text']) + String(element['text']) };
    else out.push(element);
  }
  return out;
}

/** Slack takes no section without elements. */
function orSpace(elements: readonly Element[]): readonly Element[] {
  return elements.length > 0 ? elements : [{ type: 'text', text: ' ' }];
}
