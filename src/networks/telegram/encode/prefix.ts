import { visibleName } from '../../../model/names.ts';
import type { Inline, RichText } from '../../../model/richtext.ts';

export type PrefixStyle = 'inline' | 'line';

/** Formatting stands beside the text on Telegram, so a name has no sign that could be taken for markup. */
function bold(name: string, end = ''): Inline {
  return { t: 'bold', children: [{ t: 'text', text: `${visibleName(name) || 'Matrix user'}${end}` }] };
}

/** Only the name, for what cannot carry text, or a text that begins with a block of its own. */
export function label(name: string, end: ':' | '' = ':'): RichText {
  return [{ t: 'paragraph', children: [bold(name, end)] }];
}

/** The name and the text in one line, or the name on a line of its own; the latter always where the text begins with a block. */
export function withPrefix(text: RichText, name: string, style: PrefixStyle): RichText {
  const [first, ...rest] = text;
  if (first?.t !== 'paragraph') return [...label(name), ...text];
  const start: readonly Inline[] = style === 'line' ? [bold(name, ':'), { t: 'break' }] : [bold(name), { t: 'text', text: ': ' }];
  return [{ t: 'paragraph', children: [...start, ...first.children] }, ...rest];
}

/** "/me waves", said by the account itself. */
export function italic(text: RichText): RichText {
  return text.map((block) => (block.t === 'paragraph' ? { ...block, children: [{ t: 'italic', children: block.children }] } : block));
}

/** "/me waves" of somebody else: the name and what they do. */
export function asEmote(text: RichText, name: string): RichText {
  const [first, ...rest] = text;
  if (first?.t !== 'paragraph') return [...label(name, ''), ...text];
  return [{ t: 'paragraph', children: [bold(name), { t: 'text', text: ' ' }, ...first.children] }, ...rest];
}
