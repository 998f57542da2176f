import type { Block, Inline, RichText } from '../model/richtext.ts';
import { cleanText } from './clean.ts';
import { isUserId, safeHref, userLink } from './links.ts';
import { emojiText, inlineText, mentionText } from './lower.ts';
import { toPlainWords } from './plain.ts';
import { shallow } from './runs.ts';

export interface MatrixText {
  body: string;
  format?: 'org.matrix.custom.html';
  formatted_body?: string;
  'm.mentions': { user_ids?: string[]; room?: boolean };
}

export interface ToMatrixOptions {
  /** Whether a mention of everybody may ring for everybody (`m.mentions.room`). Default: it is only text. */
  readonly allowRoomMention?: boolean;
}

/**
 * The text as the fields of an `m.room.message`. `m.mentions` is always there, so that no client falls back to looking for names
 * in the body (Matrix spec v1.7, "User and room mentions"). HTML is sent only where there is formatting, with the tags and
 * attributes of the spec's lists ("m.room.message msgtypes" and, v1.19, "Sending custom emotes"), everything escaped. Neither has
 * control characters.
 */
export function toMatrix(text: RichText, options: ToMatrixOptions = {}): MatrixText {
  const tree = shallow(text);
  const writer = new HtmlWriter();
  const html = writer.document(tree);
  const mentions: MatrixText['m.mentions'] = {};
  if (writer.users.size > 0) mentions.user_ids = [...writer.users];
  if (writer.room && options.allowRoomMention === true) mentions.room = true;
  const body = toPlainWords(tree, bodyWords);
  // A body that begins like the fallback of a reply would lose its beginning in clients that strip those.
  if (!tree.some(needsHtml) && !body.startsWith('> ')) return { body, 'm.mentions': mentions };
  return { body, format: 'org.matrix.custom.html', formatted_body: html, 'm.mentions': mentions };
}

/**
 * Spec, "User and room mentions": the body has the text of the link. "Spoiler messages": it does not have what is hidden, as it
 * may be shown in notifications.
 */
function bodyWords(children: readonly Inline[]): readonly Inline[] {
  return children.map((child): Inline => {
    if (child.t === 'mention' && isUserMention(child)) return { t: 'text', text: mentionLabel(child) };
    if (child.t === 'spoiler' && shows(child.children)) return { t: 'text', text: child.reason === undefined ? '[Spoiler]' : `[Spoiler for ${child.reason}]` };
    return 'children' in child ? { ...child, children: bodyWords(child.children) } : child;
  });
}

type Mention = Extract<Inline, { t: 'mention' }>;

function isUserMention(mention: Mention): boolean {
  return mention.target === 'user' && isUserId(mention.id);
}

function mentionLabel(mention: Mention): string {
  return mention.name.trim() === '' ? mention.id : mention.name;
}

/** Whether HTML would show anything that the body does not. Formatting of nothing does not count. */
function needsHtml(node: Block | Inline): boolean {
  switch (node.t) {
    case 'text':
    case 'break':
      return false;
    case 'paragraph':
      return node.children.some(needsHtml);
    case 'link':
      // Clients find a bare address by themselves.
      return shows(node.children) && (inlineText(node.children) !== node.href || node.children.some(needsHtml));
    case 'mention':
      return isUserMention(node);
    case 'emoji':
      return isMxc(node.source);
    case 'code':
      return node.text !== '';
    case 'codeblock':
    case 'rule':
      return true;
    case 'list':
      return node.items.length > 0;
    case 'table':
      return node.rows.some((cells) => cells.length > 0);
    case 'quote':
      return node.children.some(showsBlock);
    case 'details':
      return shows(node.summary) || node.children.some(showsBlock);
    default:
      return shows(node.children);
  }
}

function showsBlock(block: Block): boolean {
  return block.t === 'paragraph' ? shows(block.children) : needsHtml(block);
}

function shows(children: readonly Inline[]): boolean {
  return inlineText(children).trim() !== '';
}

function isMxc(source: string | undefined): source is string {
  return source !== undefined && /^mxc:\/\/[^/\s]+\/[\w-]+$/.test(source);
}

const TAGS = { bold: 'strong', italic: 'em', strike: 'del', underline: 'u', sup: 'sup', sub: 'sub' } as const;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return cleanText(text).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
}

class HtmlWriter {
  readonly users = new Set<string>();
  room = false;

  document(text: RichText): string {
    return text.length === 1 ? this.items(text) : this.blocks(text);
  }

  private blocks(blocks: readonly Block[]): string {
    return blocks.map((block) => this.block(block)).join('');
  }

  /** A paragraph that stands alone needs no tag. */
  private items(blocks: readonly Block[]): string {
    const paragraphs = blocks.filter((block) => block.t === 'paragraph').length;
    return blocks.map((block) => (block.t === 'paragraph' && paragraphs === 1 ? this.inlines(block.children) : this.block(block))).join('');
  }

  private block(block: Block): string {
    switch (block.t) {
      case 'paragraph':
        return `<p>${this.inlines(block.children)}</p>`;
      case 'heading':
        return `<h${block.level}>${this.inlines(block.children)}</h${block.level}>`;
      case 'quote':
        return `<blockquote>${this.blocks(block.children)}</blockquote>`;
      case 'codeblock': {
        const language = block.language === undefined ? '' : escape(block.language).replace(/\s+/g, '-');
        return `<pre><code${language === '' ? '' : ` class="language-${language}"`}>${escape(block.text)}\n</code></pre>`;
      }
      case 'list': {
        const items = block.items.map((item) => `<li>${this.items(item)}</li>`).join('');
        if (!block.ordered) return `<ul>${items}</ul>`;
        const start = block.start !== undefined && Number.isSafeInteger(block.start) && block.start !== 1 ? ` start="${block.start}"` : '';
        return `<ol${start}>${items}</ol>`;
      }
      case 'table':
        return this.table(block);
      case 'details':
        return `<details><summary>${this.inlines(block.summary)}</summary>${this.blocks(block.children)}</details>`;
      case 'rule':
        return '<hr>';
    }
  }

  private table({ header, rows }: Extract<Block, { t: 'table' }>): string {
    const row = (cells: readonly (readonly Inline[])[], tag: 'th' | 'td'): string =>
      `<tr>${cells.map((cell) => `<${tag}>${this.inlines(cell)}</${tag}>`).join('')}</tr>`;
    const [first, ...rest] = rows;
    if (!header || first === undefined) return `<table><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`;
    const body = rest.length === 0 ? '' : `<tbody>${rest.map((cells) => row(cells, 'td')).join('')}</tbody>`;
    return `<table><thead>${row(first, 'th')}</thead>${body}</table>`;
  }

  private inlines(children: readonly Inline[], inLink = false): string {
    return children
      .map((child, index) => {
        const lineStart = index === 0 || children[index - 1]?.t === 'break';
        return child.t === 'text' ? spaced(child.text, lineStart) : this.inline(child, inLink);
      })
      .join('');
  }

  private inline(child: Exclude<Inline, { t: 'text' }>, inLink: boolean): string {
    switch (child.t) {
      case 'break':
        return '<br>';
      case 'code':
        return `<code>${escape(child.text)}</code>`;
      case 'mention':
        return this.mention(child, inLink);
      case 'emoji': {
        if (!isMxc(child.source)) return escape(emojiText(child.name));
        const name = escape(child.name);
        return `<img data-mx-emoticon src="${escape(child.source)}" alt="${name}" title="${name}" height="32">`;
      }
      case 'link': {
        const href = inLink ? undefined : safeHref(child.href);
        const label = this.inlines(child.children, inLink || href !== undefined);
        return href === undefined ? label : `<a href="${escape(href)}">${label}</a>`;
      }
      case 'spoiler': {
        const reason = child.reason === undefined ? '' : escape(child.reason);
        return `<span data-mx-spoiler${reason === '' ? '' : `="${reason}"`}>${this.inlines(child.children, inLink)}</span>`;
      }
      default: {
        const tag = TAGS[child.t];
        return `<${tag}>${this.inlines(child.children, inLink)}</${tag}>`;
      }
    }
  }

  private mention(mention: Mention, inLink: boolean): string {
    if (mention.target === 'room') this.room = true;
    if (!isUserMention(mention)) return escape(mentionText(mention));
    this.users.add(mention.id);
    const name = escape(mentionLabel(mention));
    return inLink ? name : `<a href="${escape(userLink(mention.id))}">${name}</a>`;
  }
}

/** HTML shows a run of spaces, or one at the start of a line, as one or none; no-break spaces keep what the sender saw. */
function spaced(text: string, lineStart: boolean): string {
  return escape(text)
    .replace(/ {2,}/g, (run) => `${'&nbsp;'.repeat(run.length - 1)} `)
    .replace(lineStart ? /^ |\n /g : /\n /g, (space) => `${space.slice(0, -1)}&nbsp;`)
    .replace(/\n/g, '<br>');
}
