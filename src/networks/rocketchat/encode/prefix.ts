import type { Inline, RichText } from '../../../model/richtext.ts';
import { visibleName } from '../../../model/names.ts';

const MAX_NAME = 64;

/** A name as it may stand on a message: one line, and nobody else's by looking like markup. */
export function safeName(name: string): string {
  const shown = Array.from(visibleName(name));
  if (shown.length === 0) return 'Matrix user';
  return shown.length > MAX_NAME ? `${shown.slice(0, MAX_NAME - 1).join('').trimEnd()}…` : shown.join('');
}

function bold(text: string): Inline {
  return { t: 'bold', children: [{ t: 'text', text }] };
}

/** Only the name, for what cannot carry text, or a text that begins with a block of its own. */
export function label(name: string, end: ':' | '' = ':'): RichText {
  return [{ t: 'paragraph', children: [bold(`${safeName(name)}${end}`)] }];
}

/** `*Name*: text` */
export function withPrefix(text: RichText, name: string): RichText {
  const [first, ...rest] = text;
  if (first?.t !== 'paragraph') return [...label(name), ...text];
  return [{ t: 'paragraph', children: [bold(safeName(name)), { t: 'text', text: ': ' }, ...first.children] }, ...rest];
}

/** "/me waves": what there is said is what is done. */
export function italic(text: RichText): RichText {
  return text.map((block) => (block.t === 'paragraph' ? { ...block, children: [{ t: 'italic', children: block.children }] } : block));
}

/** The same of somebody whose name stands before it: `*Name* waves`. */
export function asEmote(text: RichText, name: string): RichText {
  const [first, ...rest] = text;
  if (first?.t !== 'paragraph') return [...label(name, ''), ...text];
  return [{ t: 'paragraph', children: [bold(safeName(name)), { t: 'text', text: ' ' }, ...first.children] }, ...rest];
}
