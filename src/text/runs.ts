import type { Block, Inline, RichText } from '../model/richtext.ts';

/**
 * The tree laid flat: a run is a leaf and the chain of wraps (blocks and formatting) it stands in. What is easy on a flat
 * list (cutting it, reading it from a stream of tags, replacing some text) is done here, and `build` makes the tree again.
 */

/** Deeper wraps are left out, their text is kept: HTML tags may be nested 100 deep, and a wrap is at most two of them at the end. */
const MAX_DEPTH = 96;

export type BlockShell =
  | { readonly t: 'paragraph' }
  | { readonly t: 'quote' | 'cell' | 'details' | 'summary' }
  | { readonly t: 'heading'; readonly level: 1 | 2 | 3 | 4 | 5 | 6 }
  | { readonly t: 'codeblock'; language?: string }
  | { readonly t: 'list'; readonly ordered: boolean; readonly start?: number }
  | { readonly t: 'item' | 'row'; readonly index: number }
  | { readonly t: 'table'; header: boolean };

export type InlineShell =
  | { readonly t: 'bold' | 'italic' | 'strike' | 'underline' | 'sup' | 'sub' }
  | { readonly t: 'spoiler'; readonly reason?: string }
  | { readonly t: 'link'; readonly href: string };

/** One enclosing block or format. Wraps are told apart by identity: two runs in the same wrap share the object. */
export interface Wrap {
  readonly shell: BlockShell | InlineShell;
  readonly parent: Wrap | undefined;
  readonly depth: number;
}

/** `nothing` keeps an otherwise empty cell, item or code block in its place. */
export type Leaf = Extract<Inline, { t: 'text' | 'code' | 'mention' | 'emoji' | 'break' }> | { readonly t: 'rule' } | { readonly t: 'nothing' };

export interface Run {
  readonly wrap: Wrap | undefined;
  readonly leaf: Leaf;
}

export function wrapIn(parent: Wrap | undefined, shell: BlockShell | InlineShell): Wrap {
  return { shell, parent, depth: (parent?.depth ?? 0) + 1 };
}

/** The innermost wrap that both stand in. */
export function commonWrap(one: Wrap | undefined, other: Wrap | undefined): Wrap | undefined {
  let [a, b] = [one, other];
  while (a !== b) {
    if ((a?.depth ?? 0) >= (b?.depth ?? 0)) a = a?.parent;
    else b = b?.parent;
  }
  return a;
}

/** Lays a tree flat. Uses no call stack, so a tree of any depth will do; wraps beyond MAX_DEPTH are left out. */
export function flatten(text: RichText): Run[] {
  const flattener = new Flattener();
  flattener.blocks(text, undefined);
  return flattener.run();
}

class Flattener {
  private readonly runs: Run[] = [];
  private readonly work: (() => void)[] = [];

  run(): Run[] {
    for (let task = this.work.pop(); task; task = this.work.pop()) task();
    return this.runs;
  }

  blocks(blocks: readonly Block[], wrap: Wrap | undefined): void {
    this.later(blocks, (block) => this.block(block, wrap));
  }

  /** An item or a cell that turns out to be empty still has its place: its number, its column. */
  private place(wrap: Wrap | undefined, fill: () => void): void {
    const before = this.runs.length;
    this.work.push(() => {
      if (this.runs.length === before) this.runs.push({ wrap, leaf: { t: 'nothing' } });
    });
    fill();
  }

  private later<T>(list: readonly T[], each: (entry: T, index: number) => void): void {
    for (let index = list.length - 1; index >= 0; index -= 1) {
      const entry = list[index] as T;
      this.work.push(() => each(entry, index));
    }
  }

  private block(block: Block, parent: Wrap | undefined): void {
    switch (block.t) {
      case 'paragraph':
        return this.inlines(block.children, wrapIn(parent, { t: 'paragraph' }));
      case 'heading':
        return this.inlines(block.children, wrapIn(parent, { t: 'heading', level: block.level }));
      case 'quote':
        return this.blocks(block.children, shallowWrap(parent, { t: 'quote' }));
      case 'codeblock': {
        const wrap = wrapIn(parent, block.language === undefined ? { t: 'codeblock' } : { t: 'codeblock', language: block.language });
        this.runs.push({ wrap, leaf: { t: 'text', text: block.text } });
        return;
      }
      case 'list': {
        const list = shallowWrap(parent, { t: 'list', ordered: block.ordered, ...(block.start === undefined ? {} : { start: block.start }) });
        return this.later(block.items, (item, index) => {
          const wrap = list?.shell.t === 'list' ? wrapIn(list, { t: 'item', index }) : list;
          this.place(wrap, () => this.blocks(item, wrap));
        });
      }
      case 'table':
        return this.table(block, parent);
      case 'details': {
        const wrap = shallowWrap(parent, { t: 'details' });
        this.blocks(block.children, wrap);
        this.work.push(() => this.inlines(block.summary, wrapIn(wrap, wrap?.shell.t === 'details' ? { t: 'summary' } : { t: 'paragraph' })));
        return;
      }
      case 'rule':
        this.runs.push({ wrap: parent, leaf: { t: 'rule' } });
    }
  }

  private table(block: Extract<Block, { t: 'table' }>, parent: Wrap | undefined): void {
    const table = wrapIn(parent, { t: 'table', header: block.header });
    this.later(block.rows, (cells, index) => {
      const row = wrapIn(table, { t: 'row', index });
      this.later(cells, (children) => {
        const cell = wrapIn(row, { t: 'cell' });
        this.place(cell, () => this.inlines(children, cell));
      });
    });
  }

  private inlines(children: readonly Inline[], wrap: Wrap | undefined): void {
    this.later(children, (child) => this.inline(child, wrap));
  }

  private inline(child: Inline, wrap: Wrap | undefined): void {
    switch (child.t) {
      case 'text':
        child.text.split('\n').forEach((line, index) => {
          if (index > 0) this.runs.push({ wrap, leaf: { t: 'break' } });
          if (line !== '') this.runs.push({ wrap, leaf: { t: 'text', text: line } });
        });
        return;
      case 'code':
      case 'mention':
      case 'emoji':
      case 'break':
        this.runs.push({ wrap, leaf: child });
        return;
      default: {
        const { children, ...shell } = child;
        this.inlines(children, shallowWrap(wrap, shell));
      }
    }
  }
}

/** Nothing once the depth is used up. Four levels are left for what must not be dropped: a table's and its text's. */
function shallowWrap(parent: Wrap | undefined, shell: BlockShell | InlineShell): Wrap | undefined {
  return (parent?.depth ?? 0) >= MAX_DEPTH - 4 ? parent : wrapIn(parent, shell);
}

/** The tree itself if no deeper than MAX_DEPTH, else with the deepest formatting left out; so what walks the result may recurse. */
export function shallow(text: RichText): RichText {
  return isDeep(text, 0) ? build(flatten(text)) : text;
}

function isDeep(nodes: readonly (Block | Inline)[], depth: number): boolean {
  if (depth > MAX_DEPTH) return nodes.length > 0;
  return nodes.some((node) => {
    switch (node.t) {
      case 'list':
        return node.items.some((item) => isDeep(item, depth + 2));
      case 'table':
        return node.rows.some((row) => row.some((cell) => isDeep(cell, depth + 3)));
      case 'details':
        return isDeep(node.summary, depth + 2) || isDeep(node.children, depth + 1);
      default:
        return 'children' in node && isDeep(node.children, depth + 1);
    }
  });
}

interface Node {
  readonly wrap: Wrap;
  readonly children: (Node | Leaf)[];
}

/** Makes the tree of a flat list; the opposite of `flatten`. A wrap that is left and entered again becomes two nodes. */
export function build(runs: readonly Run[]): RichText {
  const top: (Node | Leaf)[] = [];
  const open: Node[] = [];
  for (const { wrap, leaf } of runs) {
    const chain: Wrap[] = [];
    for (let at = wrap; at; at = at.parent) chain.push(at);
    chain.reverse();
    let shared = 0;
    while (shared < open.length && open[shared]?.wrap === chain[shared]) shared += 1;
    open.length = shared;
    for (const next of chain.slice(shared)) {
      const node: Node = { wrap: next, children: [] };
      (open.at(-1)?.children ?? top).push(node);
      open.push(node);
    }
    (open.at(-1)?.children ?? top).push(leaf);
  }
  return toBlocks(top);
}

function isNode(child: Node | Leaf): child is Node {
  return 'wrap' in child;
}

function toBlocks(children: readonly (Node | Leaf)[]): Block[] {
  return children.flatMap((child): Block[] => {
    if (isNode(child)) return toBlock(child);
    return child.t === 'rule' ? [{ t: 'rule' }] : [];
  });
}

function toBlock({ wrap: { shell }, children }: Node): Block[] {
  switch (shell.t) {
    case 'paragraph':
    case 'heading': {
      const inlines = toInlines(children);
      return inlines.length === 0 ? [] : [{ ...shell, children: inlines }];
    }
    case 'quote':
      return [{ t: 'quote', children: toBlocks(children) }];
    case 'codeblock': {
      const text = children.map((child) => (!isNode(child) && child.t === 'text' ? child.text : '')).join('');
      return [{ ...shell, text }];
    }
    case 'list':
      return [toList(shell, children.filter(isNode))];
    case 'table':
      return [toTable(shell.header, children.filter(isNode))];
    case 'details': {
      const isSummary = (child: Node | Leaf): child is Node => isNode(child) && child.wrap.shell.t === 'summary';
      const summary = children.filter(isSummary).flatMap((node) => toInlines(node.children));
      return [{ t: 'details', summary, children: toBlocks(children.filter((child) => !isSummary(child))) }];
    }
    default:
      return [];
  }
}

function toList(shell: Extract<BlockShell, { t: 'list' }>, nodes: readonly Node[]): Block {
  const first = nodes[0]?.wrap.shell;
  const skipped = first?.t === 'item' ? first.index : 0;
  const items = nodes.map((node) => toBlocks(node.children));
  const numbered = shell.ordered && (shell.start !== undefined || skipped > 0);
  return { t: 'list', ordered: shell.ordered, ...(numbered ? { start: (shell.start ?? 1) + skipped } : {}), items };
}

function toTable(header: boolean, nodes: readonly Node[]): Block {
  const first = nodes[0]?.wrap.shell;
  const rows = nodes.map((row) => row.children.filter(isNode).map((cell) => toInlines(cell.children)));
  return { t: 'table', header: header && first?.t === 'row' && first.index === 0, rows };
}

function toInlines(children: readonly (Node | Leaf)[]): Inline[] {
  const inlines: Inline[] = [];
  for (const child of children) {
    const inline = isNode(child) ? toInline(child) : child;
    if (inline === undefined || inline.t === 'rule' || inline.t === 'nothing') continue;
    const last = inlines.at(-1);
    if (inline.t === 'text' && last?.t === 'text') inlines[inlines.length - 1] = { t: 'text', text: last.text + inline.text };
    else if (inline.t !== 'text' || inline.text !== '') inlines.push(inline);
  }
  return inlines;
}

function toInline({ wrap: { shell }, children }: Node): Inline | undefined {
  const inlines = toInlines(children);
  if (inlines.length === 0) return undefined;
  switch (shell.t) {
    case 'bold':
    case 'italic':
    case 'strike':
    case 'underline':
    case 'sup':
    case 'sub':
    case 'spoiler':
    case 'link':
      return { ...shell, children: inlines };
    default:
      return undefined;
  }
}
