import type { Block, Inline, RichText } from '../../model/richtext.ts';
import { plain } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { safeHref } from '../../text/links.ts';
import { at, flag, isFields, list, num, str } from '../shared/json.ts';
import { idOf } from './ids.ts';

/** Deeper than any client writes; what lies deeper is left out of the formatting, not of the text. */
const MAX_DEPTH = 24;

/**
 * Reads `RichText` of a rich message (core.telegram.org/bots/api#richtext): a string, a list of such, or an object that has a
 * `type` and another `text` within.
 */
function inlinesOf(rich: unknown, depth = 0): Inline[] {
  if (typeof rich === 'string') return words(rich);
  if (Array.isArray(rich)) return rich.flatMap((each: unknown) => inlinesOf(each, depth + 1));
  if (!isFields(rich)) return [];
  if (depth > MAX_DEPTH) return words(flatText(rich));
  const children = inlinesOf(at(rich, 'text'), depth + 1);
  switch (str(rich, 'type')) {
    case 'bold': return wrapped('bold', children);
    case 'marked': return wrapped('bold', children);
    case 'italic': return wrapped('italic', children);
    case 'underline': return wrapped('underline', children);
    case 'strikethrough': return wrapped('strike', children);
    case 'subscript': return wrapped('sub', children);
    case 'superscript': return wrapped('sup', children);
    case 'spoiler': return children.length === 0 ? [] : [{ t: 'spoiler', children }];
    case 'code': return flatText(rich) === '' ? [] : [{ t: 'code', text: flatText(rich) }];
    case 'mathematical_expression': return str(rich, 'expression') === undefined ? [] : [{ t: 'code', text: cleanText(str(rich, 'expression') ?? '') }];
    case 'url': return linked(str(rich, 'url'), children);
    case 'email_address': return linked(`mailto:${str(rich, 'email_address') ?? ''}`, children);
    case 'text_mention': {
      const id = idOf(rich, 'user', 'id');
      return id === undefined ? children : [{ t: 'mention', target: 'user', id, name: flatText(rich) }];
    }
    case 'custom_emoji': {
      const name = str(rich, 'alternative_text') ?? '�';
      const source = str(rich, 'custom_emoji_id');
      return [{ t: 'emoji', name, ...(source !== undefined && { source }) }];
    }
    case 'button': return buttonInlines(at(rich, 'button'), depth + 1);
    default: return children;
  }
}

/** A button: where it leads, if it leads anywhere. */
export function buttonInlines(button: unknown, depth = 0): Inline[] {
  const children = inlinesOf(at(button, 'text'), depth + 1);
  return linked(str(button, 'url') ?? str(button, 'web_app', 'url') ?? str(button, 'login_url', 'url'), children.length > 0 ? children : words('button'));
}

/** Blocks that hold text. Media are taken out of them by `mediaOf`. */
function blocksOf(blocks: readonly unknown[], depth = 0): Block[] {
  return blocks.flatMap((block) => blockOf(block, depth));
}

function blockOf(block: unknown, depth: number): Block[] {
  if (depth > MAX_DEPTH) return paragraph(words(flatText(block)));
  const text = (): Inline[] => inlinesOf(at(block, 'text'));
  const children = (): Block[] => blocksOf(list(block, 'blocks'), depth + 1);
  switch (str(block, 'type')) {
    case 'heading': {
      const size = num(block, 'size') ?? 1;
      const inner = text();
      return inner.length === 0 ? [] : [{ t: 'heading', level: Math.min(Math.max(Math.round(size), 1), 6) as 1, children: inner }];
    }
    case 'pre': {
      const language = str(block, 'language');
      return [{ t: 'codeblock', text: flatText(block), ...(language !== undefined && { language }) }];
    }
    case 'mathematical_expression': return [{ t: 'codeblock', text: cleanText(str(block, 'expression') ?? '') }];
    case 'divider': return [{ t: 'rule' }];
    case 'anchor': return [];
    case 'list': return [listOf(block, depth)];
    case 'blockquote': return [{ t: 'quote', children: [...children(), ...credit(block)] }];
    case 'expandable_blockquote':
    case 'pullquote': return [{ t: 'quote', children: [...paragraph(text()), ...credit(block)] }];
    case 'table': return [...tableOf(block), ...paragraph(inlinesOf(at(block, 'caption')))];
    case 'details': return [{ t: 'details', summary: inlinesOf(at(block, 'summary')), children: children() }];
    case 'buttons': return paragraph(list(block, 'buttons').flatMap((button, index): Inline[] => [...(index > 0 ? [{ t: 'break' } as const] : []), ...buttonInlines(button)]));
    case 'thinking': return paragraph(wrapped('italic', text()));
    case 'collage':
    case 'slideshow': return [...children(), ...caption(block)];
    case 'map':
    case 'animation':
    case 'audio':
    case 'document':
    case 'photo':
    case 'video':
    case 'voice_note': return caption(block);
    default: {
      const inner = text();
      return inner.length > 0 ? paragraph(inner) : children();
    }
  }
}

function listOf(block: unknown, depth: number): Block {
  const items = list(block, 'items');
  const first = num(items[0], 'value');
  const ordered = items.some((item) => /^\W*[0-9a-z]+[.)]/i.test(str(item, 'label') ?? '') || str(item, 'type') !== undefined);
  return {
    t: 'list', ordered, ...(ordered && first !== undefined && Number.isInteger(first) && first > 1 && { start: first }),
    items: items.map((item) => {
      const inner = blocksOf(list(item, 'blocks'), depth + 1);
      return flag(item, 'has_checkbox') ? checked(inner, flag(item, 'is_checked')) : inner;
    }),
  };
}

/** The box stands before the first words. */
function checked(inner: readonly Block[], done: boolean): Block[] {
  const [first, ...rest] = inner;
  const box: Inline = { t: 'text', text: done ? '☑ ' : '☐ ' };
  return first?.t === 'paragraph' ? [{ t: 'paragraph', children: [box, ...first.children] }, ...rest] : [{ t: 'paragraph', children: [box] }, ...inner];
}

function tableOf(block: unknown): Block[] {
  const rows = rowsOf(block);
  if (rows.length === 0) return [];
  const header = (rows[0] ?? []).some((cell) => flag(cell, 'is_header'));
  return [{ t: 'table', header, rows: rows.map((row) => row.map((cell) => inlinesOf(at(cell, 'text')))) }];
}

function rowsOf(block: unknown): readonly (readonly unknown[])[] {
  const cells = at(block, 'cells');
  return Array.isArray(cells) ? cells.filter((row): row is unknown[] => Array.isArray(row)) : [];
}

/** What was written below a picture, a map or a table. */
function caption(block: unknown): Block[] {
  return [...paragraph(inlinesOf(at(block, 'caption', 'text'))), ...credit(at(block, 'caption'))];
}

function credit(block: unknown): Block[] {
  const inner = inlinesOf(at(block, 'credit'));
  return inner.length === 0 ? [] : paragraph([{ t: 'text', text: '— ' }, ...inner]);
}

function paragraph(children: Inline[]): Block[] {
  return children.length === 0 ? [] : [{ t: 'paragraph', children }];
}

function wrapped(t: 'bold' | 'italic' | 'underline' | 'strike' | 'sub' | 'sup', children: Inline[]): Inline[] {
  return children.length === 0 ? [] : [{ t, children }];
}

function linked(address: string | undefined, children: Inline[]): Inline[] {
  const href = safeHref(address ?? '');
  return href === undefined || children.length === 0 ? children : [{ t: 'link', href, children }];
}

function words(text: string): Inline[] {
  return plain(cleanText(text)).flatMap((block) => (block.t === 'paragraph' ? block.children : []));
}

/** All text below, however deep, without a call stack of that depth. */
function flatText(value: unknown): string {
  const found: string[] = [];
  const work: unknown[] = [at(value, 'text') ?? at(value, 'blocks') ?? at(value, 'items')];
  while (work.length > 0) {
    const next = work.pop();
    if (typeof next === 'string') found.push(next);
    else if (Array.isArray(next)) for (let index = next.length - 1; index >= 0; index -= 1) work.push(next[index]);
    else if (isFields(next)) work.push(next['alternative_text'] ?? next['expression'] ?? next['text'] ?? next['blocks'] ?? next['items']);
  }
  return cleanText(found.join(''));
}

/** Blocks that hold a file or a place, in order, wherever they lie. */
export function mediaBlocks(blocks: readonly unknown[], depth = 0): unknown[] {
  if (depth > MAX_DEPTH) return [];
  return blocks.flatMap((block): unknown[] => {
    const inner = [...list(block, 'blocks'), ...list(block, 'items').flatMap((item) => list(item, 'blocks'))];
    return ['animation', 'audio', 'document', 'photo', 'video', 'voice_note', 'location'].some((key) => isFields(at(block, key)) || Array.isArray(at(block, key)))
      ? [block, ...mediaBlocks(inner, depth + 1)]
      : mediaBlocks(inner, depth + 1);
  });
}

/** The whole text of a rich message. */
export function readRich(message: unknown): RichText {
  return blocksOf(list(message, 'blocks'));
}
