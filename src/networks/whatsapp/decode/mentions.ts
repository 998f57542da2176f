import type { Block, Inline, RichText } from '../../../model/richtext.ts';
import { at, str } from '../../shared/json.ts';
import { normalId } from '../ids.ts';

/** A group has far fewer members. */
const MOST = 256;

/** Puts mentions where the text names those that `context.mentions` lists: `@16315551000`. Without that list an `@` is text. */
export function withMentions(text: RichText, message: unknown): RichText {
  const listed = at(message, 'context', 'mentions');
  if (!Array.isArray(listed)) return text;
  const ids = listed.slice(0, MOST).flatMap((id: unknown) => str({ id }, 'id') ?? str(id, 'wa_id') ?? str(id, 'user_id') ?? []).map(normalId);
  if (ids.length === 0) return text;
  const longestFirst = [...new Set(ids)].sort((left, right) => right.length - left.length).map((id) => id.replace(/[^\w]/g, '\\$&'));
  const names = new RegExp(`@(?:${longestFirst.join('|')})(?!\\w)`, 'g');
  return text.map((block) => inBlock(block, names));
}

function inBlock(block: Block, names: RegExp): Block {
  switch (block.t) {
    case 'paragraph':
    case 'heading':
      return { ...block, children: inInlines(block.children, names) };
    case 'quote':
      return { ...block, children: block.children.map((child) => inBlock(child, names)) };
    case 'list':
      return { ...block, items: block.items.map((item) => item.map((child) => inBlock(child, names))) };
    default:
      return block;
  }
}

function inInlines(inlines: readonly Inline[], names: RegExp): readonly Inline[] {
  return inlines.flatMap((inline): readonly Inline[] => {
    if (inline.t === 'text') return cut(inline.text, names);
    return 'children' in inline && inline.t !== 'link' ? [{ ...inline, children: inInlines(inline.children, names) }] : [inline];
  });
}

function cut(text: string, names: RegExp): readonly Inline[] {
  const cuts: Inline[] = [];
  let from = 0;
  for (const { 0: name, index } of text.matchAll(names)) {
    if (index > from) cuts.push({ t: 'text', text: text.slice(from, index) });
    cuts.push({ t: 'mention', target: 'user', id: name.slice(1), name });
    from = index + name.length;
  }
  if (from < text.length || cuts.length === 0) cuts.push({ t: 'text', text: text.slice(from) });
  return cuts;
}
