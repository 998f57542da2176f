import type { Block, Inline, RichText } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { typed } from '../../text/emoji-names.ts';
import { safeHref } from '../../text/links.ts';
import { shallow } from '../../text/runs.ts';
import { at, isFields, list, num, str } from '../shared/json.ts';
import { emojiOf, isStandard } from './emoji.ts';
import { mention, type Mentioned, timeText, unjointed } from './markup-read.ts';

/** Deeper than any parser goes; what is deeper is only text. */
const MAX_DEPTH = 24;

/** The tree that the server made of a message (`md`; `@rocket.chat/message-parser`). A node of a kind not known leaves its text. */
export function fromMd(md: unknown, whom: Mentioned): RichText {
  const blocks: Block[] = [];
  let paragraph: Inline[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) blocks.push({ t: 'paragraph', children: unjointed(paragraph) });
    paragraph = [];
  };
  // Each line is a paragraph there; an empty one parts them.
  for (const node of Array.isArray(md) ? md : [md]) {
    const type = str(node, 'type') ?? '';
    if (type === 'PARAGRAPH' || type === 'BIG_EMOJI' || INLINE.has(type)) {
      if (paragraph.length > 0) paragraph.push({ t: 'break' });
      paragraph.push(...(INLINE.has(type) ? inline(node, whom, 0) : inlines(at(node, 'value'), whom, 0)));
      continue;
    }
    flush();
    blocks.push(...block(node, whom, 0));
  }
  flush();
  return shallow(blocks);
}

const INLINE: ReadonlySet<string> = new Set([
  'PLAIN_TEXT', 'BOLD', 'ITALIC', 'STRIKE', 'SPOILER', 'INLINE_CODE', 'LINK', 'IMAGE', 'MENTION_USER', 'MENTION_CHANNEL', 'EMOJI', 'COLOR', 'TIMESTAMP', 'INLINE_KATEX',
]);

function block(node: unknown, whom: Mentioned, depth: number): readonly Block[] {
  const value = at(node, 'value');
  switch (str(node, 'type')) {
    case 'LINE_BREAK': return [];
    case 'HORIZONTAL_RULE': return [{ t: 'rule' }];
    case 'HEADING': {
      const level = Math.min(Math.max(num(node, 'level') ?? 1, 1), 6) as 1 | 2 | 3 | 4 | 5 | 6;
      return [{ t: 'heading', level, children: unjointed(inlines(value, whom, depth)) }];
    }
    case 'CODE': {
      const language = str(node, 'language');
      const text = list({ value }, 'value').map((line) => plainOf(at(line, 'value') ?? line)).join('\n').replaceAll('``\u200b`', '```').replaceAll('`\u200b', '`');
      return [{ t: 'codeblock', text, ...(language === undefined || language === 'none' ? {} : { language }) }];
    }
    case 'KATEX': return [{ t: 'codeblock', text: cleanText(str(node, 'value') ?? ''), language: 'latex' }];
    case 'QUOTE':
    case 'BLOCKQUOTE': return [{ t: 'quote', children: lines(value, whom, depth + 1) }];
    case 'SPOILER_BLOCK':
      return lines(value, whom, depth + 1).map((each): Block => (each.t === 'paragraph' ? { ...each, children: [{ t: 'spoiler', children: each.children }] } : each));
    case 'UNORDERED_LIST':
    case 'ORDERED_LIST': {
      const items = list({ value }, 'value');
      const ordered = str(node, 'type') === 'ORDERED_LIST';
      const start = num(items[0], 'number');
      return lists(items, ordered, start, whom, depth);
    }
    case 'TASKS':
      return [{ t: 'list', ordered: false, items: list({ value }, 'value').map((task) => itemOf(task, whom, depth, at(task, 'status') === true ? '☑ ' : '☐ ')) }];
    case 'LIST_ITEM': return [{ t: 'list', ordered: false, items: [itemOf(node, whom, depth)] }];
    case 'TABLE': {
      const cells = (row: unknown): readonly (readonly Inline[])[] => (Array.isArray(row) ? row : list(row, 'value')).map((cell) => unjointed(inlines(at(cell, 'value'), whom, depth)));
      return [{ t: 'table', header: true, rows: [cells(at(value, 'header')), ...list(value, 'rows').map(cells)] }];
    }
    default: {
      const children = inlines([node], whom, depth);
      return children.length === 0 ? [] : [{ t: 'paragraph', children }];
    }
  }
}

/** Each number that does not follow the one before begins a list of its own. */
function lists(items: readonly unknown[], ordered: boolean, start: number | undefined, whom: Mentioned, depth: number): readonly Block[] {
  if (!ordered) return [{ t: 'list', ordered, items: items.map((each) => itemOf(each, whom, depth)) }];
  const made: { start: number; items: (readonly Block[])[] }[] = [];
  for (const each of items) {
    const last = made.at(-1);
    const number = num(each, 'number') ?? (last === undefined ? (start ?? 1) : last.start + last.items.length);
    if (last !== undefined && last.start + last.items.length === number) last.items.push(itemOf(each, whom, depth));
    else made.push({ start: number, items: [itemOf(each, whom, depth)] });
  }
  return made.map((each) => ({ t: 'list', ordered, ...(each.start === 1 ? {} : { start: each.start }), items: each.items }));
}

function itemOf(node: unknown, whom: Mentioned, depth: number, before = ''): readonly Block[] {
  const children = unjointed(inlines(at(node, 'value'), whom, depth));
  return [{ t: 'paragraph', children: before === '' ? children : [{ t: 'text', text: before }, ...children] }, ...within(node, whom, depth + 1)];
}

/** Lists within an item stand beside its words. */
function within(node: unknown, whom: Mentioned, depth: number): readonly Block[] {
  if (!isFields(node) || depth > MAX_DEPTH) return [];
  const lists = Object.entries(node).flatMap(([key, value]) => (key !== 'value' && Array.isArray(value) ? (value as readonly unknown[]) : []));
  return lists.filter((each) => str(each, 'type') !== undefined).flatMap((each) => block(each, whom, depth));
}

/** Paragraphs that are lines of one. */
function lines(value: unknown, whom: Mentioned, depth: number): readonly Block[] {
  const blocks: Block[] = [];
  let open: Inline[] = [];
  const flush = (): void => {
    if (open.length > 0) blocks.push({ t: 'paragraph', children: unjointed(open) });
    open = [];
  };
  for (const node of list({ value }, 'value')) {
    const type = str(node, 'type') ?? '';
    if (type === 'PARAGRAPH' || INLINE.has(type)) {
      if (open.length > 0) open.push({ t: 'break' });
      open.push(...(type === 'PARAGRAPH' ? inlines(at(node, 'value'), whom, depth) : inline(node, whom, depth)));
    } else {
      flush();
      if (depth < MAX_DEPTH) blocks.push(...block(node, whom, depth));
      else open.push({ t: 'text', text: plainOf(node) });
    }
  }
  flush();
  return blocks;
}

function inlines(value: unknown, whom: Mentioned, depth: number): Inline[] {
  if (typeof value === 'string') return value === '' ? [] : [{ t: 'text', text: cleanText(value) }];
  return list({ value }, 'value').flatMap((node) => inline(node, whom, depth));
}

function inline(node: unknown, whom: Mentioned, depth: number): readonly Inline[] {
  if (depth > MAX_DEPTH) return [{ t: 'text', text: plainOf(node) }];
  const value = at(node, 'value');
  const type = str(node, 'type');
  const styled = (t: 'bold' | 'italic' | 'strike' | 'spoiler'): readonly Inline[] => {
    const children = inlines(value, whom, depth + 1);
    return children.length === 0 ? [] : [{ t, children }];
  };
  switch (type) {
    case 'BOLD': return styled('bold');
    case 'ITALIC': return styled('italic');
    case 'STRIKE': return styled('strike');
    case 'SPOILER': return styled('spoiler');
    case 'PARAGRAPH': return inlines(value, whom, depth + 1);
    case 'INLINE_CODE':
    case 'INLINE_KATEX': return [{ t: 'code', text: plainOf(value) }];
    case 'LINE_BREAK': return [{ t: 'break' }];
    case 'LINK':
    case 'IMAGE': return link(value, whom, depth);
    case 'MENTION_USER': return [mention(plainOf(value), whom)];
    case 'MENTION_CHANNEL': return [{ t: 'text', text: `#${plainOf(value)}` }];
    case 'EMOJI': return [emoji(node)];
    case 'COLOR': {
      const hex = ['r', 'g', 'b'].map((part) => Math.min(Math.max(num(value, part) ?? 0, 0), 255).toString(16).padStart(2, '0')).join('');
      return [{ t: 'text', text: `#${hex}` }];
    }
    case 'TIMESTAMP': return [{ t: 'text', text: timeText(str(value, 'timestamp') ?? '') }];
    default: {
      const text = plainOf(node);
      return text === '' ? [] : [{ t: 'text', text }];
    }
  }
}

function link(value: unknown, whom: Mentioned, depth: number): readonly Inline[] {
  const source = plainOf(at(value, 'src'));
  const label = inlines(at(value, 'label'), whom, depth + 1).map((child): Inline => (child.t === 'mention' ? { t: 'text', text: child.name } : child));
  const href = safeHref(source.startsWith('//') ? `https:${source}` : source);
  const shown = label.some((child) => child.t !== 'text' || child.text.trim() !== '') ? label : [{ t: 'text', text: source } as const];
  // An address that may not be one in Matrix is said.
  if (href === undefined) return source === '' ? label : shown === label && plainText(label) !== source ? [...label, { t: 'text', text: ` (${source})` }] : [{ t: 'text', text: source }];
  return [{ t: 'link', href, children: shown }];
}

function plainText(inlinesOf: readonly Inline[]): string {
  return inlinesOf.map((child) => (child.t === 'text' ? child.text : '')).join('');
}

function emoji(node: unknown): Inline {
  const unicode = str(node, 'unicode');
  if (unicode !== undefined) return { t: 'text', text: unicode };
  const name = str(node, 'shortCode') ?? plainOf(at(node, 'value')).replace(/^:|:$/g, '');
  return isStandard(name) ? { t: 'text', text: typed(emojiOf(name)) } : { t: 'emoji', name };
}

/** All the text in a node, whatever it is; bounded, for nobody promises how deep it is. */
function plainOf(node: unknown, depth = 0): string {
  if (typeof node === 'string') return cleanText(node);
  if (depth > 60) return '';
  if (Array.isArray(node)) return node.map((each) => plainOf(each, depth + 1)).join('');
  if (!isFields(node)) return '';
  return plainOf(node['value'] ?? node['unicode'] ?? node['fallback'] ?? '', depth + 1);
}

/** Whether there is something in the tree. */
export function isMd(md: unknown): boolean {
  return Array.isArray(md) && md.some(isFields);
}
