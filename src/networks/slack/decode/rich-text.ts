import type { Block, Inline, RichText } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { iamcalNames, typed } from '../../../text/emoji-names.ts';
import { at, flag, list, num, str } from '../../shared/json.ts';
import { dateText } from './dates.ts';
import type { Names } from './mrkdwn.ts';

/** A `rich_text` block (docs.slack.dev/reference/block-kit/blocks/rich-text-block): what Slack's own composer makes. */
export function readRichText(block: unknown, names: Names = {}): RichText {
  return assembled(list(block, 'elements').flatMap((element) => readElement(element, names)));
}

/** A block, and what ties it to its neighbours: a list's depth, and whether it stands in a quote. */
interface Piece {
  readonly block: Block;
  readonly depth?: number;
  readonly quoted: boolean;
}

function readElement(element: unknown, names: Names): Piece[] {
  const quoted = (num(element, 'border') ?? 0) > 0;
  const elements = list(element, 'elements');
  switch (str(element, 'type')) {
    case 'rich_text_quote':
      return paragraphs(elements, names).map((block) => ({ block, quoted: true }));
    case 'rich_text_preformatted': {
      const text = elements.map((each) => str(each, 'text') ?? str(each, 'url') ?? inlineWords(each, names)).join('');
      const language = str(element, 'language');
      return text === '' ? [] : [{ quoted, block: { t: 'codeblock', text: cleanText(text), ...(language === undefined ? {} : { language }) } }];
    }
    case 'rich_text_list': {
      const offset = num(element, 'offset') ?? 0;
      const ordered = str(element, 'style') === 'ordered';
      const start = Math.max(0, Math.trunc(offset)) + 1;
      const items = elements.map((item) => paragraphs(str(item, 'type') === 'rich_text_section' ? list(item, 'elements') : [item], names));
      return [{ quoted, depth: Math.min(8, Math.max(0, num(element, 'indent') ?? 0)), block: { t: 'list', ordered, items, ...(ordered && start !== 1 ? { start } : {}) } }];
    }
    case 'rich_text_section':
      return paragraphs(elements, names).map((block) => ({ block, quoted }));
    default:
      // A kind of later times, or an inline where none should be.
      return paragraphs(elements.length > 0 && str(element, 'type')?.startsWith('rich_text') === true ? elements : [element], names).map((block) => ({ block, quoted }));
  }
}

/** Neighbours that stand in a quote are one quote; deeper lists belong to the item before them. */
function assembled(pieces: readonly Piece[]): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < pieces.length; ) {
    const quoted = pieces[at]?.quoted === true;
    let end = at;
    while (end < pieces.length && pieces[end]?.quoted === quoted) end += 1;
    const inner = nested(pieces.slice(at, end));
    if (quoted) blocks.push({ t: 'quote', children: inner });
    else for (const block of inner) blocks.push(block);
    at = end;
  }
  return blocks;
}

interface OpenList {
  readonly depth: number;
  readonly ordered: boolean;
  readonly start: number;
  readonly items: Block[][];
}

function nested(pieces: readonly Piece[]): Block[] {
  const blocks: Block[] = [];
  let open: OpenList[] = [];
  for (const { block, depth } of pieces) {
    if (block.t !== 'list' || depth === undefined) {
      open = [];
      blocks.push(block);
      continue;
    }
    while (open.length > 0 && (open.at(-1)?.depth ?? 0) > depth) open.pop();
    const same = open.at(-1);
    const items = block.items.map((item) => [...item]);
    const start = block.start ?? 1;
    if (same?.depth === depth && same.ordered === block.ordered && (!same.ordered || start === same.start + same.items.length)) {
      same.items.push(...items);
      continue;
    }
    if (same?.depth === depth) open.pop();
    const into = open.at(-1)?.items.at(-1) ?? blocks;
    into.push({ ...block, items });
    open.push({ depth, ordered: block.ordered, start, items });
  }
  return blocks;
}

/** Inlines of one section: a blank line in them ends a paragraph, a line end is a break. */
function paragraphs(elements: readonly unknown[], names: Names): Block[] {
  const found: Inline[][] = [[]];
  for (const element of elements) {
    const inline = readInlineElement(element, names);
    if (inline.length !== 1 || inline[0]?.t === 'mention' || inline[0]?.t === 'emoji') {
      found.at(-1)?.push(...inline);
      continue;
    }
    const [only] = inline;
    cutLines(only as Inline).forEach((line, index) => {
      if (index > 0) found.push([]);
      found.at(-1)?.push(...line);
    });
  }
  const lines: (Block & { t: 'paragraph' })[] = [];
  let current: Inline[] = [];
  const end = (): void => {
    if (current.length > 0) lines.push({ t: 'paragraph', children: current });
    current = [];
  };
  for (const line of found) {
    if (line.every((each) => each.t === 'text' && each.text.trim() === '')) {
      end();
      continue;
    }
    current = current.length === 0 ? line : [...current, { t: 'break' }, ...line];
  }
  end();
  return lines;
}

/** The inline once for each of its lines. */
function cutLines(inline: Inline): Inline[][] {
  if (inline.t === 'text' || inline.t === 'code') {
    return inline.text.split('\n').map((text): Inline[] => (text === '' ? [] : [{ t: inline.t, text }]));
  }
  if (!('children' in inline)) return [[inline]];
  const [only] = inline.children;
  if (only === undefined || inline.children.length !== 1) return [[inline]];
  return cutLines(only).map((line): Inline[] => (line.length === 0 ? [] : [{ ...inline, children: line }]));
}

function readInlineElement(element: unknown, names: Names): Inline[] {
  const type = str(element, 'type');
  if (type === 'link') {
    const href = str(element, 'url');
    const text = cleanText(str(element, 'text') ?? href?.replace(/^mailto:/, '') ?? '');
    return href === undefined ? styled({ t: 'text', text }, element) : styled({ t: 'link', href, children: [flag(element, 'style', 'code') ? { t: 'code', text } : { t: 'text', text }] }, element);
  }
  if (type === 'user') return styled({ t: 'mention', target: 'user', id: str(element, 'user_id') ?? '', name: '' }, element);
  if (type === 'broadcast') return styled({ t: 'mention', target: 'room', id: '', name: str(element, 'range') ?? 'channel' }, element);
  if (type === 'emoji') return emoji(element);
  if (type === 'date') {
    const text: Inline = { t: 'text', text: dateText(num(element, 'timestamp') ?? Number.NaN, str(element, 'format') ?? '', str(element, 'fallback')) };
    const href = str(element, 'url');
    return styled(href === undefined ? text : { t: 'link', href, children: [text] }, element);
  }
  const text = cleanText(inlineWords(element, names));
  const href = str(element, 'url');
  if (text === '') return type === undefined || type === 'text' ? [] : styled({ t: 'text', text: `[${cleanText(type.replaceAll('_', ' '))}]` }, element);
  // A kind of later times that leads somewhere.
  return styled(href === undefined || type === 'text' ? { t: 'text', text } : { t: 'link', href, children: [{ t: 'text', text }] }, element);
}

/** Elements that are only text in the end. */
function inlineWords(element: unknown, names: Names): string {
  switch (str(element, 'type')) {
    case 'channel': {
      const id = str(element, 'channel_id') ?? '';
      return `#${names.channelName?.(id) ?? id}`;
    }
    case 'usergroup': {
      const id = str(element, 'usergroup_id') ?? '';
      return `@${names.groupName?.(id) ?? id}`;
    }
    case 'team':
      return `@${str(element, 'team_id') ?? ''}`;
    case 'color':
      return str(element, 'value') ?? '';
    case 'user':
      return `@${str(element, 'user_id') ?? ''}`;
    case 'emoji':
      return `:${str(element, 'name') ?? ''}:`;
    case 'broadcast':
      return `@${str(element, 'range') ?? ''}`;
    default:
      return str(element, 'text') ?? str(element, 'fallback') ?? str(element, 'value') ?? str(element, 'url') ?? str(element, 'name') ?? '';
  }
}

function emoji(element: unknown): Inline[] {
  const name = str(element, 'name') ?? '';
  const tone = num(element, 'skin_tone');
  const standard = iamcalNames.emoji(tone === undefined ? name : `${name}::skin-tone-${tone}`) ?? fromHex(str(element, 'unicode'));
  if (standard !== null) return styled({ t: 'text', text: typed(standard) }, element);
  return styled({ t: 'emoji', name }, element);
}

/** `1f44d-1f3fd` */
function fromHex(unicode: string | undefined): string | null {
  const points = unicode?.split('-').map((hex) => Number.parseInt(hex, 16)) ?? [];
  return points.length > 0 && points.every((point) => point > 0x22 && point <= 0x10ffff) ? String.fromCodePoint(...points) : null;
}

const STYLES = ['underline', 'strike', 'italic', 'bold'] as const;

function styled(inline: Inline, element: unknown): Inline[] {
  const style = at(element, 'style');
  let one: Inline = inline.t === 'text' && flag(style, 'code') ? { t: 'code', text: inline.text } : inline;
  for (const name of STYLES) if (flag(style, name)) one = { t: name, children: [one] };
  return [one];
}
