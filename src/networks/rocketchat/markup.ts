import type { Block, Inline, RichText } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { shallow } from '../../text/runs.ts';
import { anybody, JOINT, type Mentioned, readInlines, unjointed } from './markup-read.ts';
import { EVERYBODY, type Usernames, writeInlines } from './markup-write.ts';

const FENCE = '```';
const MAX_NESTING = 8;

/** `@name` as it is; of an id alone nothing can be said. */
const namesOnly: Usernames = (id) => (id === EVERYBODY ? 'all' : id.startsWith('@') && !id.includes(':') ? id.slice(1) : undefined);

/** Rocket.Chat's Markdown. What it cannot show is said in text: tables as lines `a | b`, quotes and lists within others as signs before their lines. */
export function encode(text: RichText, usernames: Usernames = namesOnly): string {
  return blockLines(shallow(text), usernames, 0).join('\n');
}

function blockLines(blocks: readonly Block[], usernames: Usernames, depth: number): string[] {
  const lines: string[] = [];
  for (const block of blocks) {
    const own = linesOf(block, usernames, depth);
    if (own.length === 0) continue;
    if (lines.length > 0 && depth === 0) lines.push('');
    for (const line of own) lines.push(line);
  }
  return lines;
}

function linesOf(block: Block, usernames: Usernames, depth: number): string[] {
  switch (block.t) {
    case 'paragraph': return writeInlines(block.children, false, usernames);
    case 'heading': {
      const lines = writeInlines(block.children, depth > 0, usernames).filter((line) => line.trim() !== '');
      // Only on its own is a line with the sign a heading.
      return depth > 0 ? lines : lines.map((line) => `${'#'.repeat(Math.min(block.level, 4))} ${line.replace(/^\s+/, '')}`);
    }
    case 'quote': {
      const lines = blockLines(block.children, usernames, depth + 1);
      if (lines.every((line) => line.trim() === '')) return [];
      return depth < MAX_NESTING ? lines.map((line) => `> ${line}`) : lines;
    }
    case 'codeblock': return codeLines(block, depth, usernames);
    case 'list':
      return block.items.flatMap((item, index) => {
        const marker = block.ordered ? `${(block.start ?? 1) + index}. ` : '- ';
        const [first = '', ...rest] = blockLines(item, usernames, depth + 1);
        if (depth >= MAX_NESTING) return [first, ...rest];
        return [marker + first, ...rest.map((line) => `  ${line}`)];
      });
    case 'table':
      return block.rows.flatMap((cells, index) => writeInlines(rowInlines(cells), block.header && index === 0, usernames));
    case 'details': return [...writeInlines(block.summary, true, usernames), ...blockLines(block.children, usernames, depth)];
    case 'rule': return ['---'];
  }
}

function codeLines({ text, language }: Extract<Block, { t: 'codeblock' }>, depth: number, usernames: Usernames): string[] {
  const lines = cleanText(text).split('\n');
  if (lines.every((line) => line.trim() === '')) return [];
  // Fences count only at the start of a line.
  if (depth > 0) return lines.filter((line) => line.trim() !== '').flatMap((line) => writeInlines([{ t: 'code', text: line }], false, usernames));
  const name = language !== undefined && /^[\w+#-]{1,30}$/.test(language) ? language : '';
  return [`${FENCE}${name}`, ...lines.map((line) => line.replaceAll(FENCE, `\`\`${JOINT}\``).replace(/`$/, `\`${JOINT}`)), FENCE];
}

/** A row as one line. */
function rowInlines(cells: readonly (readonly Inline[])[]): Inline[] {
  return cells.flatMap((cell, index): Inline[] => [...(index > 0 ? [{ t: 'text', text: ' | ' } as const] : []), ...cell.map(onOneLine)]);
}

function onOneLine(inline: Inline): Inline {
  if (inline.t === 'break') return { t: 'text', text: ' ' };
  if (inline.t === 'text') return { t: 'text', text: inline.text.replace(/\s*\n\s*/g, ' ') };
  return 'children' in inline ? { ...inline, children: inline.children.map(onOneLine) } : inline;
}

/** Reads it where the server has not (`md`): lines that begin with a sign are blocks, all others are text. Loses no text, in linear time. */
export function decode(markup: string, whom: Mentioned = anybody): RichText {
  const lines = cleanText(markup).split('\n');
  const blocks: Block[] = [];
  let paragraph: Inline[] = [];
  const flush = (block?: Block): void => {
    if (paragraph.length > 0) blocks.push({ t: 'paragraph', children: paragraph });
    paragraph = [];
    if (block !== undefined) blocks.push(block);
  };
  const inlines = (line: string): Inline[] => unjointed(readInlines(line, whom));
  const fences = fenceEnds(lines);
  const quotes = quotesFrom(lines, inlines);
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    const found = line.trim() === '' ? { next: at + 1 } : readBlock(lines, at, { fences, quotes }, inlines);
    if (found === undefined) {
      if (paragraph.length > 0) paragraph.push({ t: 'break' });
      paragraph.push(...inlines(line));
      at += 1;
    } else {
      flush(found.block);
      at = found.next;
    }
  }
  flush();
  return blocks;
}

interface Found {
  readonly block?: Block;
  readonly next: number;
}

/** Where the fence after each line is; so that looking for it again and again costs nothing. */
function fenceEnds(lines: readonly string[]): readonly number[] {
  const ends = Array.from({ length: lines.length + 1 }, () => -1);
  for (let at = lines.length - 1; at >= 0; at -= 1) ends[at] = /^```\s*$/.test(lines[at] ?? '') ? at : (ends[at + 1] ?? -1);
  return ends;
}

/** Whether the lines with `>` from each line on say anything; else they are no quote, and none of them is looked at again for each. */
function quotesFrom(lines: readonly string[], inlines: (line: string) => Inline[]): readonly boolean[] {
  const says = Array.from({ length: lines.length + 1 }, () => false);
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at] ?? '';
    says[at] = line.startsWith('>') && ((says[at + 1] ?? false) || inlines(unquoted(line)).length > 0);
  }
  return says;
}

const unquoted = (line: string): string => line.replace(/^> ?/, '');

interface Ahead {
  readonly fences: readonly number[];
  readonly quotes: readonly boolean[];
}

function readBlock(lines: readonly string[], at: number, { fences, quotes }: Ahead, inlines: (line: string) => Inline[]): Found | undefined {
  const line = lines[at] ?? '';
  if (line.startsWith(FENCE)) {
    const language = line.slice(3).trim();
    const end = fences[at + 1] ?? -1;
    if (/^[\w+#-]*$/.test(language) && end > at + 1) {
      const text = lines.slice(at + 1, end).join('\n').replaceAll(`\`\`${JOINT}\``, FENCE).replaceAll(`\`${JOINT}`, '`');
      if (text.trim() !== '') return { block: { t: 'codeblock', text, ...(language === '' ? {} : { language }) }, next: end + 1 };
    }
  }
  const heading = /^(#{1,4}) +(\S.*)$/.exec(line);
  if (heading) return { block: { t: 'heading', level: (heading[1] ?? '#').length as 1 | 2 | 3 | 4, children: inlines(heading[2] ?? '') }, next: at + 1 };
  if (/^-{3,}\s*$/.test(line)) return { block: { t: 'rule' }, next: at + 1 };
  if (quotes[at] === true) {
    const own = run(lines, at, (each) => each.startsWith('>'));
    const children = own.flatMap((each, index): Inline[] => [...(index > 0 ? [{ t: 'break' } as const] : []), ...inlines(unquoted(each))]);
    return { block: { t: 'quote', children: [{ t: 'paragraph', children }] }, next: at + own.length };
  }
  return readList(lines, at, inlines);
}

/** Numbers that do not go on make a list of their own, so that none is lost. */
function readList(lines: readonly string[], at: number, inlines: (line: string) => Inline[]): Found | undefined {
  const first = /^(?:[-*] |(\d{1,9})\. )/.exec(lines[at] ?? '');
  if (first === null) return undefined;
  const start = first[1] === undefined ? undefined : Number(first[1]);
  const own = run(lines, at, (line, index) => (start === undefined ? /^[-*] /.test(line) : line.startsWith(`${start + index}. `)));
  const items = own.map((line): Block[] => {
    const children = inlines(line.replace(/^(?:[-*]|\d+\.) /, ''));
    return children.length === 0 ? [] : [{ t: 'paragraph', children }];
  });
  if (own.length === 0) return undefined;
  return { block: { t: 'list', ordered: start !== undefined, ...(start === undefined || start === 1 ? {} : { start }), items }, next: at + own.length };
}

function run(lines: readonly string[], from: number, goesOn: (line: string, index: number) => boolean): readonly string[] {
  let end = from;
  while (end < lines.length && goesOn(lines[end] ?? '', end - from)) end += 1;
  return lines.slice(from, end);
}
