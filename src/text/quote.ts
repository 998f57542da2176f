import type { RichText } from '../model/richtext.ts';
import { textLength } from './plain.ts';
import { pieces } from './split.ts';

/**
 * A text shortened to stand as a quote above an answer: at most `maxChars` long (as `textLength` counts), with an ellipsis where
 * something is left out. What the text itself quotes is left out too, unless that is all there is. Formatting stays, so a spoiler stays hidden.
 */
export function quoteOf(text: RichText, maxChars: number): RichText {
  const own = text.filter((block) => block.t !== 'quote');
  const kept = own.length > 0 ? own : text;
  if (textLength(kept) <= maxChars) return kept;
  // Three: the ellipsis, and the blank line before it where the cut text does not end in a paragraph.
  const first = pieces(kept, maxChars - 3, textLength).next().value ?? [];
  const last = first.at(-1);
  const ellipsis = { t: 'text', text: '…' } as const;
  return last?.t === 'paragraph'
    ? [...first.slice(0, -1), { t: 'paragraph', children: [...last.children, ellipsis] }]
    : [...first, { t: 'paragraph', children: [ellipsis] }];
}
