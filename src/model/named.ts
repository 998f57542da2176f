import type { Content } from './content.ts';
import type { NetworkEvent, PersonRef } from './events.ts';
import type { Block, Inline, RichText } from './richtext.ts';

/** Everybody that an event names besides the one it comes from: whom its text mentions, who reacted, who did it to whom. */
export function namedIn(event: NetworkEvent): readonly PersonRef[] {
  switch (event.type) {
    case 'message':
    case 'edit': return event.parts.flatMap((part) => mentionsIn(part, event.conversation.scope));
    case 'reactions.set': return event.reactions.flatMap(({ sender }) => sender ?? []);
    case 'member':
    case 'conversation.changed': return event.by === undefined ? [] : [event.by];
    default: return [];
  }
}

function mentionsIn(content: Content, scope: string): readonly PersonRef[] {
  const text = content.kind === 'text' ? content.text : 'caption' in content ? (content.caption ?? []) : [];
  const found: PersonRef[] = [];
  mapText(text, (inline) => {
    if (inline.t === 'mention' && inline.target === 'user' && inline.id !== '') {
      // As a name of one not known yet: it is not what they call themselves.
      found.push({ id: inline.id, scope, ...(inline.name === '' ? {} : { username: inline.name.replace(/^@/, '') }) });
    }
    return inline;
  });
  return found;
}

/** The same text with every inline that holds no others put through `change`. */
export function mapText(text: RichText, change: (inline: Inline) => Inline): RichText {
  return text.map((block) => mapBlock(block, change));
}

function mapBlock(block: Block, change: (inline: Inline) => Inline): Block {
  const inlines = (children: readonly Inline[]): readonly Inline[] => children.map((child) => ('children' in child ? { ...child, children: inlines(child.children) } : change(child)));
  switch (block.t) {
    case 'paragraph':
    case 'heading': return { ...block, children: inlines(block.children) };
    case 'quote': return { ...block, children: block.children.map((child) => mapBlock(child, change)) };
    case 'details': return { ...block, summary: inlines(block.summary), children: block.children.map((child) => mapBlock(child, change)) };
    case 'list': return { ...block, items: block.items.map((item) => item.map((child) => mapBlock(child, change))) };
    case 'table': return { ...block, rows: block.rows.map((row) => row.map(inlines)) };
    case 'codeblock':
    case 'rule': return block;
  }
}
