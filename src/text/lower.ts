import type { Inline } from '../model/richtext.ts';
import { linkSuffix } from './links.ts';

/**
 * Says in text what a network's markup has no form for, so that nothing is lost: a link becomes `text (address)` (the text
 * alone where it is the address), a spoiler `[spoiler: text]` or `[spoiler (reason): text]`, a mention `@name`, a custom emoji
 * `:name:`, a raised number `^2`; underlining and the rest leave their text. The kinds in `keep` stay as they are.
 */
export function lower(children: readonly Inline[], keep: ReadonlySet<Inline['t']>): Inline[] {
  return children.flatMap((child): readonly Inline[] => {
    switch (child.t) {
      case 'text':
      case 'break':
        return [child];
      case 'mention':
        return [keep.has('mention') ? child : text(mentionText(child))];
      case 'emoji':
        return [keep.has('emoji') ? child : text(emojiText(child.name))];
      case 'code':
        return [keep.has('code') ? child : text(child.text)];
      default: {
        const inner = lower(child.children, keep);
        return keep.has(child.t) ? [{ ...child, children: inner }] : withSigns(child, inner);
      }
    }
  });
}

function withSigns(child: Extract<Inline, { readonly children: unknown }>, inner: readonly Inline[]): readonly Inline[] {
  const label = inlineText(inner);
  if (label.trim() === '') return inner;
  switch (child.t) {
    case 'link': {
      const suffix = linkSuffix(label, child.href);
      return suffix === '' ? inner : [...inner, text(suffix)];
    }
    case 'spoiler':
      return [text(child.reason === undefined ? '[spoiler: ' : `[spoiler (${child.reason}): `), ...inner, text(']')];
    case 'sup':
      return /^[+\-\u2212]?\d+$/.test(label) ? [text('^'), ...inner] : inner;
    default:
      return inner;
  }
}

function text(value: string): Inline {
  return { t: 'text', text: value };
}

const NOTHING: ReadonlySet<Inline['t']> = new Set();

/** The text of inlines with everything said in text; breaks are line feeds. */
export function inlineText(children: readonly Inline[]): string {
  return lower(children, NOTHING)
    .map((child) => (child.t === 'text' ? child.text : '\n'))
    .join('');
}

/** `@name`, once. */
export function mentionText(mention: { readonly id: string; readonly name: string }): string {
  const name = mention.name === '' ? mention.id : mention.name;
  return name.startsWith('@') ? name : `@${name}`;
}

/** `:name:` for a short code, and as it stands for anything else (a description, a character). */
export function emojiText(name: string): string {
  return /^[\w+-]+$/.test(name) ? `:${name}:` : name;
}
