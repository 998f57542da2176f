import { visibleName } from '../../model/names.ts';
import type { Inline, RichText } from '../../model/richtext.ts';

export type PrefixStyle = 'inline' | 'line';

export type Dress = (part: RichText) => RichText;

interface Prefixes {
  /** Only the name, for what cannot carry text, or a text that begins with a block of its own. */
  label(name: string, end?: ':' | ''): RichText;
  /** `*Name*: text`, or `*Name:*` on a line of its own; the latter always where the text does not begin with a plain line. */
  withPrefix(text: RichText, name: string, style?: PrefixStyle): RichText;
  /** "/me waves" of somebody else: `*Name* waves`. */
  asEmote(text: RichText, name: string): RichText;
  /** What puts the name before each part of what somebody says; without a name it stays as it is. */
  dress(name: string | undefined, style?: PrefixStyle, emote?: boolean): Dress;
}

/** The name of a relayed person before what they say. `safeName`: a name as it may stand in a message of the network. */
export function prefixes(safeName: (name: string) => string): Prefixes {
  const bold = (name: string, end = ''): Inline => ({ t: 'bold', children: [{ t: 'text', text: `${safeName(name)}${end}` }] });
  const label: Prefixes['label'] = (name, end = ':') => [{ t: 'paragraph', children: [bold(name, end)] }];
  const own: Prefixes = {
    label,
    withPrefix(text, name, style = 'inline') {
      const [first, ...rest] = text;
      if (first?.t !== 'paragraph') return [...label(name), ...text];
      const start: readonly Inline[] = style === 'line' ? [bold(name, ':'), { t: 'break' }] : [bold(name), { t: 'text', text: ': ' }];
      return [{ t: 'paragraph', children: [...start, ...first.children] }, ...rest];
    },
    asEmote(text, name) {
      const [first, ...rest] = text;
      if (first?.t !== 'paragraph') return [...label(name, ''), ...text];
      return [{ t: 'paragraph', children: [bold(name), { t: 'text', text: ' ' }, ...first.children] }, ...rest];
    },
    dress(name, style = 'inline', emote = false) {
      if (name === undefined) return (part) => part;
      return (part) => (emote ? own.asEmote(part, name) : own.withPrefix(part, name, style));
    },
  };
  return own;
}

/** "/me waves", said by the account itself. */
export function italic(text: RichText): RichText {
  return text.map((block) => (block.t === 'paragraph' ? { ...block, children: [{ t: 'italic', children: block.children }] } : block));
}

/** One line of at most `most` characters that can be seen; people choose their names themselves. */
export function shortName(name: string, most: number): string {
  const shown = Array.from(visibleName(name));
  if (shown.length === 0) return 'Matrix user';
  return shown.length > most ? `${shown.slice(0, most - 1).join('').trimEnd()}…` : shown.join('');
}
