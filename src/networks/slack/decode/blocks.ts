import type { MediaContent } from '../../../model/content.ts';
import { plain, type Block, type Inline, type RichText } from '../../../model/richtext.ts';
import { emojiForNames, iamcalNames } from '../../../text/emoji-names.ts';
import { at, fieldsOf, isFields, list, num, str } from '../../shared/json.ts';
import { dateText } from './dates.ts';
import { decodeFile } from './files.ts';
import { readMarkdown } from './markdown.ts';
import { readMrkdwn, type Names } from './mrkdwn.ts';
import { readRichText } from './rich-text.ts';

/** What blocks say, and the files that stand among them. */
export interface Laid {
  readonly text: RichText;
  readonly media: readonly MediaContent[];
}

/** Deeper than Slack lets anybody nest blocks. */
const MAX_DEPTH = 8;

/** Block Kit (docs.slack.dev/reference/block-kit/blocks) as text, in order; kinds of later times give what text they hold. */
export function readBlocks(blocks: readonly unknown[], names: Names = {}): Laid {
  const text: Block[] = [];
  const media: MediaContent[] = [];
  for (const block of blocks) {
    for (const each of readBlock(block, names, media, 0)) text.push(each);
  }
  return { text, media };
}

function readBlock(block: unknown, names: Names, media: MediaContent[], depth: number): RichText {
  switch (str(block, 'type')) {
    case 'rich_text':
      return readRichText(block, names);
    case 'section': {
      const fields = list(block, 'fields').flatMap((field) => textObject(field, names));
      return [...textObject(at(block, 'text'), names), ...fields, ...element(at(block, 'accessory'), media)];
    }
    case 'header':
      return heading(words(at(block, 'text')));
    case 'context': {
      // One line, as it is shown: pictures of a few pixels beside words.
      const parts = list(block, 'elements').map((each) => (str(each, 'type') === 'image' ? altText(each) : textObject(each, names))).filter((part) => part.length > 0);
      return parts.every((part) => part.length === 1 && part[0]?.t === 'paragraph') ? oneLine(parts.map((part) => part[0] as Paragraph)) : parts.flat();
    }
    case 'divider':
      return [{ t: 'rule' }];
    case 'image':
      return image(block, media);
    case 'actions':
    case 'context_actions': {
      const shown = list(block, 'elements').flatMap((each) => element(each, media));
      return shown.every((each) => each.t === 'paragraph') ? oneLine(shown as Paragraph[]) : shown;
    }
    case 'input':
      return [...bold(words(at(block, 'label'))), ...textObject(at(block, 'hint'), names), ...element(at(block, 'element'), media)];
    case 'video': {
      const href = str(block, 'title_url') ?? str(block, 'video_url');
      const author = str(block, 'author_name') ?? str(block, 'provider_name');
      return [
        ...paragraph(linkOr(words(at(block, 'title')) ?? str(block, 'alt_text') ?? href, href)),
        ...plain(author ?? ''), ...textObject(at(block, 'description'), names),
      ];
    }
    case 'table':
    case 'data_table':
      return [...table(block, names), ...plain(str(block, 'caption') ?? '')];
    case 'markdown':
      return readMarkdown(str(block, 'text') ?? '');
    case 'file':
      return [];
    case 'call':
      return paragraph([{ t: 'text', text: `📞 ${str(block, 'call', 'v1', 'name') ?? 'Call'}` }]).concat(paragraph(linkOr(str(block, 'call', 'v1', 'join_url'), str(block, 'call', 'v1', 'join_url'))));
    default:
      return gathered(block, names, media, depth);
  }
}

type Paragraph = Extract<Block, { t: 'paragraph' }>;

/** A kind that is not known here: all texts and blocks in it, in the order in which they stand. */
function gathered(value: unknown, names: Names, media: MediaContent[], depth: number): RichText {
  if (depth > MAX_DEPTH) return [];
  if (Array.isArray(value)) {
    return value.flatMap((each) => {
      if (typeof each === 'string') return plain(each);
      return isFields(each) && isBlock(each) && depth > 0 ? readBlock(each, names, media, depth + 1) : gathered(each, names, media, depth + 1);
    });
  }
  if (!isFields(value)) return [];
  if (depth > 0 && isElement(value)) return element(value, media);
  const own = depth === 0 ? [] : isText(value) ? textObject(value, names) : null;
  if (own !== null && own.length > 0) return own;
  return Object.entries(value).flatMap(([key, each]): RichText => {
    if (isFields(each) && isBlock(each)) return readBlock(each, names, media, depth + 1);
    if (typeof each === 'object') return gathered(each, names, media, depth + 1);
    return typeof each === 'string' && /^(?:text|title|subtitle|body|description|caption|label|alt_text|url)$/.test(key) ? plain(each) : [];
  });
}

const BLOCKS = new Set(['rich_text', 'section', 'header', 'context', 'divider', 'image', 'actions', 'context_actions', 'input', 'video', 'table', 'markdown']);

function isBlock(value: unknown): boolean {
  return BLOCKS.has(str(value, 'type') ?? '');
}

function isElement(value: unknown): boolean {
  return /^(?:button|image|workflow_button|icon_button|feedback_buttons|url|\w+_select|overflow|checkboxes|radio_buttons)$/.test(str(value, 'type') ?? '');
}

function isText(value: unknown): boolean {
  return /^(?:plain_text|mrkdwn|raw_text|raw_number)$/.test(str(value, 'type') ?? '');
}

/** `{type: plain_text | mrkdwn | raw_text, text}`, or a bare string. */
function textObject(value: unknown, names: Names): RichText {
  if (typeof value === 'string') return readMrkdwn(value, names);
  const text = str(value, 'text') ?? str(value, 'value');
  if (text === undefined) return [];
  return str(value, 'type') === 'mrkdwn' ? readMrkdwn(text, names) : plain(emojiForNames(text, iamcalNames));
}

function words(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : str(value, 'text');
  return text === undefined ? undefined : emojiForNames(text, iamcalNames);
}

function heading(text: string | undefined): RichText {
  return text === undefined ? [] : [{ t: 'heading', level: 3, children: inlines(text) }];
}

function bold(text: string | undefined): RichText {
  return text === undefined ? [] : paragraph([{ t: 'bold', children: inlines(text) }]);
}

export function paragraph(children: readonly Inline[]): RichText {
  return children.length === 0 ? [] : [{ t: 'paragraph', children }];
}

function inlines(text: string): Inline[] {
  return plain(text).flatMap((block) => ('children' in block ? (block.children as Inline[]) : []));
}

export function linkOr(text: string | undefined, href: string | undefined): Inline[] {
  if (text === undefined) return [];
  return href === undefined ? inlines(text) : [{ t: 'link', href, children: inlines(text) }];
}

function oneLine(parts: readonly Paragraph[]): RichText {
  return paragraph(parts.flatMap(({ children }, index): Inline[] => (index === 0 ? [...children] : [{ t: 'text', text: ' · ' }, ...children])));
}

function altText(image: unknown): RichText {
  return plain(emojiForNames(str(image, 'alt_text') ?? '', iamcalNames));
}

/** A picture that is a file of the workspace is shown; one that lies anywhere on the web is a link to it. */
function image(block: unknown, media: MediaContent[]): RichText {
  const title = words(at(block, 'title'));
  const alt = str(block, 'alt_text');
  const id = str(block, 'slack_file', 'id');
  const url = str(block, 'slack_file', 'url');
  const file = id === undefined && url === undefined ? undefined : decodeFile({ id, url_private: url, mimetype: 'image/*', name: title ?? alt, file_access: 'check_file_info' });
  if (file !== undefined && 'media' in file) {
    media.push(file);
    return title === undefined ? [] : plain(title);
  }
  const href = str(block, 'image_url');
  return paragraph(linkOr(title ?? (alt === undefined || alt.trim() === '' ? href : alt), href));
}

/** What can be pressed or chosen in Slack, in square brackets; a button with an address is a link. */
function element(value: unknown, media: MediaContent[]): RichText {
  const type = str(value, 'type');
  if (type === undefined) return [];
  if (type === 'image') return image(value, media);
  if (type === 'feedback_buttons') {
    return oneLine(['positive_button', 'negative_button'].flatMap((button) => element({ ...fieldsOf(value, button), type: 'button' }, media)) as Paragraph[]);
  }
  const label = words(at(value, 'text')) ?? words(at(value, 'placeholder')) ?? words(at(value, 'initial_option', 'text'));
  const options = [...list(value, 'options'), ...list(value, 'option_groups').flatMap((group) => list(group, 'options'))]
    .map((option) => linkOr(words(at(option, 'text')) ?? str(option, 'url'), str(option, 'url'))).filter((option) => option.length > 0);
  const seconds = num(value, 'initial_date_time');
  const chosen = str(value, 'initial_value') ?? str(value, 'initial_date') ?? str(value, 'initial_time') ?? (seconds === undefined ? undefined : dateText(seconds, '{date_num} {time}', undefined));
  const shown = label ?? chosen;
  const own = shown === undefined ? [] : paragraph([{ t: 'text', text: '[' }, ...linkOr(shown, str(value, 'url')), { t: 'text', text: ']' }]);
  if (options.length === 0) return own;
  return [...own, { t: 'list', ordered: false, items: options.map((option) => paragraph(option)) }];
}

/** Cells are plain or rich; the first row is the head. */
function table(block: unknown, names: Names): RichText {
  const rows = list(block, 'rows').map((row) => {
    const cells = Array.isArray(row) ? row : list(row, 'cells');
    return cells.map((cell) => cellInlines(str(cell, 'type') === 'rich_text' ? readRichText(cell, names) : textObject(cell, names)));
  });
  const filled = rows.filter((row) => row.length > 0);
  return filled.length === 0 ? [] : [{ t: 'table', header: true, rows: filled }];
}

function cellInlines(text: RichText): Inline[] {
  return text.flatMap((block, index): Inline[] => {
    const inner: readonly Inline[] = block.t === 'paragraph' || block.t === 'heading' ? block.children
      : block.t === 'codeblock' ? [{ t: 'code', text: block.text }]
        : block.t === 'quote' ? cellInlines(block.children) : block.t === 'list' ? block.items.flatMap((item) => [{ t: 'text', text: '• ' } as const, ...cellInlines(item)]) : [];
    return index === 0 ? [...inner] : [{ t: 'break' }, ...inner];
  });
}
