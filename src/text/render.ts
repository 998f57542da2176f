import type { Block, Inline, RichText } from '../model/richtext.ts';
import { shallow } from './runs.ts';

/** How inlines and code look in some line-based markup. What is made of blocks alone is the same in all of them. */
export interface LineStyle {
  /** One string a line. `strong`: a heading, a summary or a table's header. */
  readonly inlines: (children: readonly Inline[], strong: boolean) => string[];
  /** The lines of a code block, fences included. `nested`: the lines will get a prefix (quote, list). */
  readonly code: (block: Extract<Block, { t: 'codeblock' }>, nested: boolean) => string[];
}

/** Quotes and lists are shown this deep: every line repeats the signs of all that it stands in, and a small text could become a huge one. */
export const MAX_NESTING = 8;

/**
 * A rich text in lines: quotes `> `, bullets `- `, numbers `1. `, table rows `a | b`, a rule `---`, a blank line between blocks
 * (none inside quotes and lists, where several networks would end the block).
 */
export function renderLines(text: RichText, style: LineStyle): string {
  return blockLines(shallow(text), style, 0).join('\n');
}

function blockLines(blocks: readonly Block[], style: LineStyle, depth: number): string[] {
  const lines: string[] = [];
  for (const block of blocks) {
    const own = linesOf(block, style, depth);
    if (own.length === 0) continue;
    if (lines.length > 0 && depth === 0) lines.push('');
    for (const line of own) lines.push(line);
  }
  return lines;
}

function linesOf(block: Block, style: LineStyle, depth: number): string[] {
  switch (block.t) {
    case 'paragraph':
      return style.inlines(block.children, false);
    case 'heading':
      return style.inlines(block.children, true);
    case 'quote': {
      const lines = blockLines(block.children, style, depth + 1);
      if (lines.every((line) => line.trim() === '')) return [];
      return depth < MAX_NESTING ? lines.map((line) => `> ${line}`) : lines;
    }
    case 'codeblock':
      return style.code(block, depth > 0);
    case 'list':
      return block.items.flatMap((item, index) => {
        const marker = block.ordered ? `${(block.start ?? 1) + index}. ` : '- ';
        const [first = '', ...rest] = blockLines(item, style, depth + 1);
        if (depth >= MAX_NESTING) return [first, ...rest];
        return [marker + first, ...rest.map((line) => ' '.repeat(marker.length) + line)];
      });
    case 'table':
      return block.rows.flatMap((cells, index) => style.inlines(rowInlines(cells), block.header && index === 0));
    case 'details':
      return [...style.inlines(block.summary, true), ...blockLines(block.children, style, depth)];
    case 'rule':
      return ['---'];
  }
}

/** A row as one line, so that the style sees all of it. */
function rowInlines(cells: readonly (readonly Inline[])[]): Inline[] {
  return cells.flatMap((cell, index): Inline[] => [...(index > 0 ? [{ t: 'text', text: ' | ' } as const] : []), ...cell.map(onOneLine)]);
}

function onOneLine(inline: Inline): Inline {
  if (inline.t === 'break') return { t: 'text', text: ' ' };
  if (inline.t === 'text') return { t: 'text', text: inline.text.replace(/\s*\n\s*/g, ' ') };
  return 'children' in inline ? { ...inline, children: inline.children.map(onOneLine) } : inline;
}
