import type { Inline, RichText } from '../model/richtext.ts';
import { cleanText } from './clean.ts';
import { inlineText } from './lower.ts';
import type { LineStyle } from './render.ts';
import { renderLines } from './render.ts';

/** The text without markup, to be read as it stands: `> ` before quotes, code in fences, links as `text (address)`. Free of control characters. */
export function toPlain(text: RichText): string {
  return toPlainWords(text, (children) => children);
}

/** As `toPlain`, where `words` says some inlines in another way. */
export function toPlainWords(text: RichText, words: (children: readonly Inline[]) => readonly Inline[]): string {
  const style: LineStyle = {
    inlines: (children) => (children.length === 0 ? [] : inlineText(words(children)).split('\n')),
    code: ({ text: code, language }) => [`\`\`\`${language ?? ''}`, ...code.split('\n'), '```'],
  };
  return cleanText(renderLines(text, style));
}

/** The length of `toPlain`, in UTF-16 code units. */
export function textLength(text: RichText): number {
  return toPlain(text).length;
}

/** The text with some inlines at its start ("Alice: "): in the first paragraph, or before the first block in one of their own. */
export function prefixed(text: RichText, prefix: readonly Inline[]): RichText {
  const [first, ...rest] = text;
  return first?.t === 'paragraph'
    ? [{ t: 'paragraph', children: [...prefix, ...first.children] }, ...rest]
    : [{ t: 'paragraph', children: prefix }, ...text];
}
