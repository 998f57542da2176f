import { type Block, type Inline, plain, type RichText } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { safeHref } from '../../../text/links.ts';
import { at, isFields, list, str } from '../../shared/json.ts';
import { decode } from '../markup.ts';

const MOST = 100;
/** Deeper than apps lay anything out. */
const MAX_DEPTH = 8;

/** What an app laid out in blocks (`@rocket.chat/ui-kit`), in order; kinds of later times give what text they hold. */
export function readBlocks(blocks: readonly unknown[], depth = 0): RichText {
  return depth > MAX_DEPTH ? [] : blocks.slice(0, MOST).flatMap((block) => readBlock(block, depth));
}

function readBlock(block: unknown, depth: number): RichText {
  switch (str(block, 'type')) {
    case 'divider': return [{ t: 'rule' }];
    case 'section': return [...text(at(block, 'text')), ...list(block, 'fields').flatMap(text), ...element(at(block, 'accessory'))];
    case 'context': return oneLine(list(block, 'elements').flatMap((each) => (str(each, 'type') === 'image' ? picture(each) : text(each))));
    case 'actions': return oneLine(list(block, 'elements').flatMap(element));
    case 'image': return picture(block);
    case 'input': return [...bold(at(block, 'label')), ...text(at(block, 'hint')), ...element(at(block, 'element'))];
    case 'callout': return [...bold(at(block, 'title')), ...text(at(block, 'text')), ...element(at(block, 'accessory'))];
    case 'preview': return [...list(block, 'title').flatMap(text), ...list(block, 'description').flatMap(text), ...linked(undefined, str(block, 'externalUrl') ?? str(block, 'oembedUrl'))];
    case 'info_card': return list(block, 'rows').flatMap((row) => oneLine([...list(row, 'elements').flatMap((each) => [...text(each), ...icon(each)]), ...element(at(row, 'action'))]));
    case 'conditional': return readBlocks(list(block, 'render'), depth + 1);
    case 'video_conf': return [];
    default: return gathered(block, depth);
  }
}

/** `{type: plain_text | mrkdwn, text}` */
function text(value: unknown): RichText {
  const found = str(value, 'text');
  if (found === undefined) return [];
  return str(value, 'type') === 'mrkdwn' ? decode(found) : plain(cleanText(found));
}

function bold(value: unknown): RichText {
  return text(value).map((block) => (block.t === 'paragraph' ? { ...block, children: [{ t: 'bold', children: block.children }] } : block));
}

function icon(value: unknown): RichText {
  return str(value, 'type') === 'icon' ? [] : str(value, 'text') === undefined ? element(value) : [];
}

/** What can be pressed or chosen there stands in brackets; with an address it is a link. */
function element(value: unknown): RichText {
  if (!isFields(value)) return [];
  if (str(value, 'type') === 'image') return picture(value);
  const label = words(at(value, 'text')) ?? words(at(value, 'placeholder')) ?? words(at(value, 'label'));
  const options = list(value, 'options').flatMap((option) => words(at(option, 'text')) ?? []);
  return [...(label === undefined ? [] : linked(`[${label}]`, str(value, 'url'))), ...(options.length === 0 ? [] : [{ t: 'list', ordered: false, items: options.map((option) => plain(option)) } as const])];
}

/** Lies anywhere on the web, so it is a link. */
function picture(value: unknown): RichText {
  const address = str(value, 'imageUrl') ?? str(value, 'image_url');
  return linked(words(at(value, 'title')) ?? str(value, 'altText') ?? str(value, 'alt_text'), address);
}

function linked(label: string | undefined, address: string | undefined): RichText {
  const href = address === undefined ? undefined : safeHref(address);
  const shown = label ?? address;
  if (shown === undefined) return [];
  const child: Inline = { t: 'text', text: cleanText(shown) };
  return [{ t: 'paragraph', children: [href === undefined ? child : { t: 'link', href, children: [child] }] }];
}

function words(value: unknown): string | undefined {
  const found = typeof value === 'string' ? value : str(value, 'text');
  return found === undefined || found === '' ? undefined : cleanText(found);
}

function oneLine(blocks: RichText): RichText {
  if (blocks.length < 2 || !blocks.every((block) => block.t === 'paragraph')) return blocks;
  const children = (blocks as readonly Extract<Block, { t: 'paragraph' }>[]).flatMap((block, index): readonly Inline[] => (index === 0 ? block.children : [{ t: 'text', text: ' ' }, ...block.children]));
  return [{ t: 'paragraph', children }];
}

function gathered(value: unknown, depth: number): RichText {
  if (depth > MAX_DEPTH) return [];
  if (Array.isArray(value)) return value.slice(0, MOST).flatMap((each) => gathered(each, depth + 1));
  if (!isFields(value)) return [];
  const own = text(value);
  return own.length > 0 ? own : Object.values(value).flatMap((each) => (typeof each === 'object' ? gathered(each, depth + 1) : []));
}
