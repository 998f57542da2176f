import { type Block, type Inline, plain, type RichText } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { safeHref } from '../../../text/links.ts';
import { at, isFields, list, str } from '../../shared/json.ts';
import { decode } from '../markup.ts';

const MAX_BLOCKS = 100;
const MAX_DEPTH = 4;

/** What may stand in a block, in the order in which it is shown. */
const PARTS = ['title', 'text', 'description', 'fields', 'label', 'hint', 'elements', 'accessory', 'element', 'rows', 'footer'] as const;

/** What an app laid out in blocks (UI Kit), as text: what can be pressed or chosen stands in square brackets. */
export function blocksText(message: unknown): RichText {
  return list(message, 'blocks').slice(0, MAX_BLOCKS).flatMap((block) => readBlock(block, 0));
}

function readBlock(block: unknown, depth: number): RichText {
  const type = str(block, 'type');
  if (type === 'divider') return [{ t: 'rule' }];
  if (type === 'image') return image(block);
  const parts = PARTS.map((key) => at(block, key)).flatMap((part) => list({ part: typeof part === 'string' ? [part] : part }, 'part').slice(0, MAX_BLOCKS));
  const shown = parts.flatMap((part) => read(part, depth + 1));
  // Buttons stand beside each other, and so does what is small.
  return type === 'actions' || type === 'context' ? onOneLine(shown) : shown;
}

function read(value: unknown, depth: number): RichText {
  if (typeof value === 'string') return plain(cleanText(value));
  if (depth > MAX_DEPTH || !isFields(value)) return [];
  const type = str(value, 'type') ?? '';
  const text = str(value, 'text');
  if (text !== undefined) return type === 'mrkdwn' ? decode(text) : plain(cleanText(text));
  if (type === 'image') return image(value);
  const options = [...list(value, 'options'), ...list(value, 'option_groups').flatMap((group) => list(group, 'options')), ...list(value, 'optionGroups').flatMap((group) => list(group, 'options'))];
  const label = words(at(value, 'text')) ?? words(at(value, 'placeholder')) ?? str(value, 'initialValue') ?? str(value, 'initialDate');
  if (label === undefined && options.length === 0) return readBlock(value, depth);
  const address = str(value, 'url');
  const href = address === undefined ? undefined : safeHref(address);
  const named: Inline = { t: 'text', text: `[${cleanText(label ?? '')}]` };
  const own: RichText = label === undefined ? [] : [{ t: 'paragraph', children: [href === undefined ? named : { t: 'link', href, children: [named] }] }];
  const items = options.slice(0, MAX_BLOCKS).flatMap((option) => words(at(option, 'text')) ?? []);
  return items.length === 0 ? own : [...own, { t: 'list', ordered: false, items: items.map((item) => plain(cleanText(item))) }];
}

function words(value: unknown): string | undefined {
  return typeof value === 'string' ? value : str(value, 'text');
}

function image(value: unknown): RichText {
  const address = str(value, 'imageUrl') ?? str(value, 'image_url');
  const alt = words(at(value, 'title')) ?? str(value, 'altText') ?? str(value, 'alt_text');
  const href = address === undefined ? undefined : safeHref(address);
  const text = cleanText(alt ?? address ?? '');
  if (text === '') return [];
  return [{ t: 'paragraph', children: [href === undefined ? { t: 'text', text } : { t: 'link', href, children: [{ t: 'text', text }] }] }];
}

function onOneLine(blocks: RichText): RichText {
  if (!blocks.every((block) => block.t === 'paragraph')) return blocks;
  const children = blocks.flatMap((block: Block, index): Inline[] => (block.t === 'paragraph' ? [...(index > 0 ? [{ t: 'text', text: ' ' } as const] : []), ...block.children] : []));
  return children.length === 0 ? [] : [{ t: 'paragraph', children }];
}
