import { type Block, type Inline, plain, type RichText } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { lower } from '../../text/lower.ts';
import { MAX_NESTING, renderLines } from '../../text/render.ts';
import { FENCE, isBlank, JOINT, readInlines, unguarded } from './markup-read.ts';
import { EXPRESSIBLE, LINE_MARK, writeInlines } from './markup-write.ts';

/**
 * Writes WhatsApp markup. What WhatsApp cannot show is said in text: links `text (address)` unless the text is the address,
 * spoilers `[spoiler (reason): text]`, mentions `@name`, tables as lines `a | b`; headings, summaries and table headers are bold.
 */
export function encode(text: RichText): string {
  return renderLines(text, {
    inlines: (children, strong) => writeInlines(lower(children, EXPRESSIBLE), strong),
    code: ({ text: code }, nested) => {
      const lines = cleanText(code).split('\n');
      if (lines.every(isBlank)) return [];
      return nested ? lines.filter((line) => !isBlank(line)).map(fenced) : fenced(lines.join('\n')).split('\n');
    },
  });
}

function fenced(code: string): string {
  const guarded = code.replace(/``(?=`)/g, `\`\`${JOINT}`).replace(/^`|`$/g, (tick, at) => (at === 0 ? JOINT + tick : tick + JOINT));
  return `\`\`\`${guarded}\`\`\``;
}

/** Characters; far beyond what a message may have. What is longer is nobody's formatting, and takes long to read. */
const MOST_MARKUP = 65_536;

/** Reads WhatsApp markup. Bare addresses become links. Takes anything, in time linear in its length, and loses no text but our own guards. */
export function decode(markup: string): RichText {
  if (markup.length > MOST_MARKUP) return plain(cleanText(markup));
  return readBlocks(cleanText(markup).split('\n'), 0);
}

function readBlocks(lines: string[], depth: number): Block[] {
  const blocks: Block[] = [];
  let paragraph: Inline[] = [];
  const addLine = (line: string): void => {
    if (paragraph.length > 0) paragraph.push({ t: 'break' });
    const inlines = readInlines(line.startsWith(JOINT) && LINE_MARK.test(line.slice(1)) ? line.slice(1) : line);
    for (const inline of inlines) paragraph.push(inline);
  };
  const add = (block?: Block): void => {
    if (paragraph.length > 0) blocks.push({ t: 'paragraph', children: paragraph });
    paragraph = [];
    if (block !== undefined) blocks.push(block);
  };
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    const special = isBlank(line) ? { text: [], next: at + 1 } : readSpecial(lines, at, depth);
    for (const text of special?.text ?? [line]) addLine(text);
    // A blank line ends a paragraph, as a block does.
    if (special?.text.length === 0 || special?.block !== undefined) add(special.block);
    at = special?.next ?? at + 1;
  }
  add();
  return blocks;
}

/** Lines that are more than text: the text before a block, the block, and where to go on. */
interface Special {
  readonly text: readonly string[];
  readonly block?: Block;
  readonly next: number;
}

function readSpecial(lines: string[], from: number, depth: number): Special | undefined {
  if (depth >= MAX_NESTING) return readFence(lines, from);
  return readQuote(lines, from, depth) ?? readFence(lines, from) ?? readList(lines, from, depth);
}

function readQuote(lines: readonly string[], from: number, depth: number): Special | undefined {
  let next = from;
  const inner: string[] = [];
  for (let line = lines[next]; line !== undefined && (line === '>' || line.startsWith('> ')); line = lines[next]) {
    inner.push(line.slice(2));
    next += 1;
  }
  if (next === from) return undefined;
  // Nothing but `>` quotes nothing.
  if (inner.every(isBlank)) return { text: lines.slice(from, next), next };
  return { text: [], block: { t: 'quote', children: readBlocks(inner, depth + 1) }, next };
}

/** Numbers that do not go on make a list of their own, so that none is lost. */
function readList(lines: readonly string[], from: number, depth: number): Special | undefined {
  const items: Block[][] = [];
  let next = from;
  let first: number | undefined;
  for (let line = lines[next]; line !== undefined; line = lines[next]) {
    const marker = /^(?:[-*]|(0|[1-9]\d{0,8})\.) /.exec(line);
    const number = marker?.[1] === undefined ? undefined : Number(marker[1]);
    if (marker === null || (items.length > 0 && number !== (first === undefined ? undefined : first + items.length))) break;
    if (items.length === 0) first = number;
    const width = marker[0].length;
    const body = [line.slice(width)];
    next += 1;
    for (let more = lines[next]; more?.startsWith('  '); more = lines[next]) {
      body.push(more.slice(Math.min(width, more.search(/[^ ]|$/))));
      next += 1;
    }
    items.push(readBlocks(body, depth + 1));
  }
  if (items.length === 0) return undefined;
  const block: Block = { t: 'list', ordered: first !== undefined, ...(first === undefined || first === 1 ? {} : { start: first }), items };
  return { text: [], block, next };
}

/** A block in fences: alone on its line, or over several. What stands behind the closing fence is put back as a line of its own. */
function readFence(lines: string[], from: number): Special | undefined {
  const line = lines[from] ?? '';
  if (!line.includes(FENCE)) return undefined;
  const parts = line.split(FENCE);
  if (parts.length === 3 && parts[0] === '' && parts[2] === '' && !isBlank(parts[1] ?? '')) {
    return { text: [], block: codeBlock(parts[1] ?? ''), next: from + 1 };
  }
  if (parts.length % 2 === 1) return undefined;
  let end = from + 1;
  while (end < lines.length && !lines[end]?.includes(FENCE)) end += 1;
  const closing = lines[end];
  if (closing === undefined) return undefined;
  const split = closing.indexOf(FENCE);
  const code = [parts.at(-1) ?? '', ...lines.slice(from + 1, end), closing.slice(0, split)].join('\n');
  if (isBlank(code)) return undefined;
  const before = line.slice(0, line.lastIndexOf(FENCE));
  const after = closing.slice(split + FENCE.length);
  lines[end] = after;
  return { text: isBlank(before) ? [] : [before], block: codeBlock(code), next: isBlank(after) ? end + 1 : end };
}

function codeBlock(code: string): Block {
  return { t: 'codeblock', text: unguarded(code.replace(/^\n|\n$/g, ''), 0, undefined, '`') };
}
