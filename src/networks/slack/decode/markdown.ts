import { plain, type Block, type Inline, type RichText } from '../../../model/richtext.ts';

type Paragraph = Extract<Block, { t: 'paragraph' }>;

/**
 * Standard Markdown, as programs hand it over in a block of its own (docs.slack.dev/reference/block-kit/blocks/markdown-block): headings, lists,
 * quotes, code and the plainest styles are shown, the rest as it was written.
 */
export function readMarkdown(text: string): RichText {
  const blocks: Block[] = [];
  const all = text.split(/\r?\n/);
  for (let at = 0; at < all.length;) {
    const line = all[at] ?? '';
    const fence = /^ {0,3}(`{3,}|~{3,})\s*([\w+-]*)\s*$/.exec(line);
    if (fence !== null) {
      const code = until(all, at + 1, (each) => each.trim().startsWith(fence[1] ?? ''));
      blocks.push({ t: 'codeblock', text: code.join('\n'), ...(fence[2] ? { language: fence[2] } : {}) });
      at += code.length + 2;
      continue;
    }
    const kind = kindOf(line);
    const run = until(all, at, (each) => kindOf(each) !== kind);
    if (kind !== 'empty') blocks.push(...made(kind, run));
    at += run.length;
  }
  return blocks;
}

/** Lines from one on, up to the first that ends them. */
function until(all: readonly string[], from: number, ends: (line: string) => boolean): readonly string[] {
  let end = from;
  while (end < all.length && !ends(all[end] ?? '')) end += 1;
  return all.slice(from, end);
}

const HEAD = /^ {0,3}(#{1,6})\s+(.*)$/;
const BULLET = /^\s*[-*+]\s+(.*)$/;
const NUMBER = /^\s*(\d{1,9})[.)]\s+(.*)$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;

type Kind = 'empty' | 'fence' | 'heading' | 'rule' | 'bullets' | 'numbers' | 'quote' | 'text';

function kindOf(line: string): Kind {
  if (line.trim() === '') return 'empty';
  if (/^ {0,3}(?:`{3,}|~{3,})/.test(line)) return 'fence';
  if (HEAD.test(line)) return 'heading';
  if (RULE.test(line)) return 'rule';
  if (BULLET.test(line)) return 'bullets';
  if (NUMBER.test(line)) return 'numbers';
  return QUOTE.test(line) ? 'quote' : 'text';
}

/** What lines of one kind, one below the other, are. */
function made(kind: Exclude<Kind, 'empty'>, run: readonly string[]): readonly Block[] {
  switch (kind) {
    case 'heading':
      return run.map((line) => {
        const [, marks = '#', words = ''] = HEAD.exec(line) ?? [];
        return { t: 'heading', level: marks.length as 1, children: markdownInlines(words) };
      });
    case 'rule': return [{ t: 'rule' }];
    case 'bullets': return [{ t: 'list', ordered: false, items: run.map((line) => [lines([BULLET.exec(line)?.[1] ?? ''])]) }];
    case 'numbers': {
      const start = Number(NUMBER.exec(run[0] ?? '')?.[1] ?? 1);
      return [{ t: 'list', ordered: true, ...(start === 1 ? {} : { start }), items: run.map((line) => [lines([NUMBER.exec(line)?.[2] ?? ''])]) }];
    }
    case 'quote': return [{ t: 'quote', children: [lines(run.map((line) => QUOTE.exec(line)?.[1] ?? ''))] }];
    default: return [lines(run)];
  }
}

function lines(all: readonly string[]): Paragraph {
  return { t: 'paragraph', children: all.flatMap((line, index): Inline[] => (index === 0 ? markdownInlines(line) : [{ t: 'break' }, ...markdownInlines(line)])) };
}

const MARKDOWN = /\*\*([^*\n]+)\*\*|__([^_\n]+)__|`([^`\n]+)`|\[([^[\]\n]+)\]\((https?:[^()\s]+)\)|~~([^~\n]+)~~/g;

function markdownInlines(line: string): Inline[] {
  const out: Inline[] = [];
  const bare = (text: string): Inline[] => plain(text).flatMap((block) => ('children' in block ? (block.children as Inline[]) : []));
  let from = 0;
  for (const match of line.matchAll(MARKDOWN)) {
    const [whole, strong, strong2, code, label, href, strike] = match;
    if (match.index > from) out.push(...bare(line.slice(from, match.index)));
    const inner = (value: string): Inline[] => [{ t: 'text', text: value }];
    if (code !== undefined) out.push({ t: 'code', text: code });
    else if (label !== undefined && href !== undefined) out.push({ t: 'link', href, children: inner(label) });
    else if (strike !== undefined) out.push({ t: 'strike', children: inner(strike) });
    else out.push({ t: 'bold', children: inner(strong ?? strong2 ?? '') });
    from = match.index + whole.length;
  }
  if (from < line.length) out.push(...bare(line.slice(from)));
  return out;
}
