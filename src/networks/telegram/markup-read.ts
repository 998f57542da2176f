import type { Block, Inline, RichText } from '../../model/richtext.ts';
import { cleanText } from '../../text/clean.ts';
import { safeHref } from '../../text/links.ts';
import { at, isFields, list, num, str } from '../shared/json.ts';
import { idOf, nameOf } from './ids.ts';

/** One `MessageEntity`, as far as it can be read. */
export interface Entity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string | undefined;
  readonly language?: string | undefined;
  /** Of a custom emoji. */
  readonly emoji?: string | undefined;
  readonly user?: unknown;
}

/** The entities of a list that can be read as such. */
export function entitiesOf(value: unknown, ...path: readonly string[]): readonly Entity[] {
  return list(value, ...path).flatMap((each): Entity[] => {
    const type = str(each, 'type');
    const offset = num(each, 'offset');
    const length = num(each, 'length');
    if (type === undefined || offset === undefined || length === undefined || !Number.isInteger(offset) || !Number.isInteger(length)) return [];
    const user = at(each, 'user');
    return [{ type, offset, length, url: str(each, 'url'), language: str(each, 'language'), emoji: str(each, 'custom_emoji_id'), ...(isFields(user) && { user }) }];
  });
}

/** Formats that may lie in each other, outermost first. */
const WRAPS = ['bold', 'italic', 'underline', 'strike', 'spoiler'] as const;
type Wrap = (typeof WRAPS)[number];

const WRAP_OF: Readonly<Record<string, Wrap>> = { bold: 'bold', italic: 'italic', underline: 'underline', strikethrough: 'strike', spoiler: 'spoiler' };

/** What lies at one place of the text. Of things that cannot lie in each other the first is it. */
interface State {
  readonly counts: Record<Wrap, number>;
  readonly open: Set<Entity>;
}

interface Run {
  readonly text: string;
  readonly wraps: ReadonlySet<Wrap>;
  readonly quote: Entity | undefined;
  readonly pre: Entity | undefined;
  /** Code, mention, custom emoji or link. */
  readonly inner: Entity | undefined;
}

/**
 * Reads a text and its entities (core.telegram.org/bots/api#messageentity). Their places are UTF-16 units, as those of strings
 * here. Takes anything: entities that lie crosswise, beyond the text or are unknown; no text is lost. Linear but for sorting.
 */
export function decode(text: string, entities: readonly Entity[] = []): RichText {
  return blocksOf(runsOf(text, entities));
}

function runsOf(text: string, entities: readonly Entity[]): Run[] {
  const edges = entities.flatMap((entity) => {
    const from = whole(text, entity.offset);
    const to = whole(text, entity.offset + entity.length);
    return to > from ? [{ at: from, entity, opens: true }, { at: to, entity, opens: false }] : [];
  });
  edges.sort((one, other) => one.at - other.at || Number(one.opens) - Number(other.opens));
  const state: State = { counts: { bold: 0, italic: 0, underline: 0, strike: 0, spoiler: 0 }, open: new Set() };
  const runs: Run[] = [];
  let from = 0;
  for (const { at: place, entity, opens } of edges) {
    if (place > from) runs.push(runOf(text.slice(from, place), state));
    from = Math.max(from, place);
    const wrap = Object.hasOwn(WRAP_OF, entity.type) ? WRAP_OF[entity.type] : undefined;
    if (wrap !== undefined) state.counts[wrap] += opens ? 1 : -1;
    else if (opens) state.open.add(entity);
    else state.open.delete(entity);
  }
  if (from < text.length) runs.push(runOf(text.slice(from), state));
  return runs;
}

/** A place within the text, and between two characters. */
function whole(text: string, place: number): number {
  const at = Math.min(Math.max(0, place), text.length);
  return /[\ud800-\udbff]/.test(text.charAt(at - 1)) && /[\udc00-\udfff]/.test(text.charAt(at)) ? at - 1 : at;
}

const INNER: ReadonlySet<string> = new Set(['code', 'text_link', 'url', 'email', 'text_mention', 'custom_emoji']);
/** Nobody's text has so many places where things lie on each other; what would, is shown without. */
const MOST_OPEN = 32;

function runOf(text: string, state: State): Run {
  let quote: Entity | undefined;
  let pre: Entity | undefined;
  let inner: Entity | undefined;
  let seen = 0;
  for (const entity of state.open) {
    if ((seen += 1) > MOST_OPEN) break;
    if (entity.type === 'blockquote' || entity.type === 'expandable_blockquote') quote ??= entity;
    else if (entity.type === 'pre') pre ??= entity;
    // An emoji may lie in a link: it is the link that must not be lost.
    else if (INNER.has(entity.type) && (inner === undefined || inner.type === 'custom_emoji')) inner = entity;
  }
  return { text, wraps: new Set(WRAPS.filter((wrap) => state.counts[wrap] > 0)), quote, pre, inner };
}

function blocksOf(runs: readonly Run[]): Block[] {
  const blocks: Block[] = [];
  const groups = grouped(runs, (run) => run.quote);
  groups.forEach((group, index) => {
    const inner = withinQuote(edgeless(group, index > 0, index < groups.length - 1));
    if (group[0]?.quote === undefined) blocks.push(...inner);
    else if (inner.length > 0) blocks.push({ t: 'quote', children: inner });
  });
  return blocks;
}

function withinQuote(runs: readonly Run[]): Block[] {
  const groups = grouped(runs, (run) => run.pre);
  return groups.flatMap((group, index): Block[] => {
    const pre = group[0]?.pre;
    if (pre === undefined) return paragraphs(edgeless(group, index > 0, index < groups.length - 1));
    const code = cleanText(group.map(({ text }) => text).join(''));
    const language = pre.language === undefined ? {} : { language: pre.language };
    return code.trim() === '' ? [] : [{ t: 'codeblock', text: code, ...language }];
  });
}

/** The line feed between a block and what is beside it belongs to neither. */
function edgeless(runs: readonly Run[], before: boolean, after: boolean): Run[] {
  const result = [...runs];
  const first = result[0];
  if (before && first !== undefined) result[0] = { ...first, text: first.text.replace(/^\n+/, '') };
  const last = result.at(-1);
  if (after && last !== undefined) result[result.length - 1] = { ...last, text: last.text.replace(/\n+$/, '') };
  return result.filter(({ text }) => text !== '');
}

function grouped<Key>(runs: readonly Run[], key: (run: Run) => Key): Run[][] {
  const groups: Run[][] = [];
  let last: Key | undefined;
  for (const run of runs) {
    const own = key(run);
    const group = groups.at(-1);
    if (group !== undefined && own === last) group.push(run);
    else groups.push([run]);
    last = own;
  }
  return groups;
}

/** A blank line ends a paragraph; what is formatted over it is so in both. */
function paragraphs(runs: readonly Run[]): Block[] {
  const lists: Run[][] = [[]];
  let feeds = 0;
  for (const run of runs) {
    for (const piece of cleanText(run.text).split(/(\n+)/)) {
      if (piece === '') continue;
      if (piece.startsWith('\n')) {
        feeds += piece.length;
        continue;
      }
      if (feeds > 1 && (lists.at(-1)?.length ?? 0) > 0) lists.push([]);
      else if (feeds === 1 && (lists.at(-1)?.length ?? 0) > 0) lists.at(-1)?.push({ ...run, text: '\n' });
      feeds = 0;
      lists.at(-1)?.push({ ...run, text: piece });
    }
  }
  return lists.flatMap((list): Block[] => {
    const children = inlines(list, 0);
    return children.every((child) => child.t === 'break') ? [] : [{ t: 'paragraph', children }];
  });
}

function inlines(runs: readonly Run[], depth: number): Inline[] {
  const wrap = WRAPS[depth];
  if (wrap === undefined) return grouped(runs, (run) => run.inner).flatMap(innermost);
  return grouped(runs, (run) => run.wraps.has(wrap)).flatMap((group): Inline[] => {
    const children = inlines(group, depth + 1);
    return group[0]?.wraps.has(wrap) && !children.every((child) => child.t === 'break') ? [{ t: wrap, children }] : children;
  });
}

function innermost(runs: readonly Run[]): Inline[] {
  const entity = runs[0]?.inner;
  const text = runs.map((run) => run.text).join('');
  const children = words(text);
  switch (entity?.type) {
    case 'code':
      return text.split('\n').flatMap((line, index): Inline[] => [...(index > 0 ? [{ t: 'break' } as const] : []), ...(line === '' ? [] : [{ t: 'code', text: line } as const])]);
    case 'text_link':
      return link(entity.url, children);
    case 'url':
      return link(/^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`, children);
    case 'email':
      return link(`mailto:${text}`, children);
    case 'text_mention': {
      const id = idOf(entity.user, 'id');
      return id === undefined ? children : [{ t: 'mention', target: 'user', id, name: text.replaceAll('\n', ' ') || (nameOf(entity.user) ?? id) }];
    }
    case 'custom_emoji':
      return [{ t: 'emoji', name: text, ...(entity.emoji === undefined ? {} : { source: entity.emoji }) }];
    default:
      return children;
  }
}

function link(address: string | undefined, children: readonly Inline[]): Inline[] {
  // `tg://user?id=…` is how a mention is written where there is no entity for it.
  const user = /^tg:\/\/user\?id=(\d+)$/.exec(address ?? '')?.[1];
  const name = children.map((child) => (child.t === 'text' ? child.text : ' ')).join('');
  if (user !== undefined) return [{ t: 'mention', target: 'user', id: user, name }];
  const href = safeHref(address ?? '');
  if (href !== undefined) return [{ t: 'link', href, children }];
  // An address that Matrix knows no link for is told, where the text does not tell it.
  return address === undefined || address === '' || name === address || `https://${name}` === address ? [...children] : [...children, { t: 'text', text: ` (${cleanText(address)})` }];
}

function words(text: string): Inline[] {
  return text.split('\n').flatMap((line, index): Inline[] => [...(index > 0 ? [{ t: 'break' } as const] : []), ...(line === '' ? [] : [{ t: 'text', text: line } as const])]);
}
