import { isMedia, type Content, type MediaContent, type TextContent } from '../../../model/content.ts';
import { plain, type RichText } from '../../../model/richtext.ts';
import { splitText } from '../../../text/split.ts';
import type { SendRequest } from '../../network.ts';
import { inWords } from '../../shared/in-words.ts';
import { italic, type PrefixStyle } from '../../shared/prefix.ts';
import { MAX_CAPTION, MAX_TEXT } from '../limits.ts';
import { encode } from '../markup.ts';
import { asEmote, label, withPrefix } from './prefix.ts';

/** Kinds that show a text below the file. */
const CAPTIONED: ReadonlySet<string> = new Set(['image', 'video', 'file']);

/**
 * The messages that a request becomes, in order. Names of relayed people are put in here, so that they count: what
 * `send` gets afterwards is sent as it is.
 */
export function plan(request: SendRequest, style: PrefixStyle): readonly Content[] {
  const name = request.relay?.name;
  const { content } = request;
  if (isMedia(content)) return planMedia(content, name, style);
  switch (content.kind) {
    case 'text':
      return texts(content.style === 'emote' && name === undefined ? italic(content.text) : content.text, dress(name, style, content.style === 'emote'));
    case 'location':
    case 'contacts':
      return name === undefined ? [content] : [text(label(name)), content];
    default:
      return texts(plain(inWords(content)), dress(name, style));
  }
}

type Dress = (part: RichText) => RichText;

/** Puts the speaker's name before what they say. */
function dress(name: string | undefined, style: PrefixStyle, emote = false): Dress {
  if (name === undefined) return (part) => part;
  return (part) => (emote ? asEmote(part, name) : withPrefix(part, name, style));
}

function planMedia(content: MediaContent, name: string | undefined, style: PrefixStyle): readonly Content[] {
  const { caption, ...bare } = content;
  const dressed = dress(name, style);
  if (!CAPTIONED.has(content.kind)) {
    if (name === undefined) return caption === undefined ? [bare] : [bare, ...texts(caption, dressed)];
    // Without a line below it the name has to go first.
    return [...(caption === undefined ? [text(label(name))] : texts(caption, dressed)), bare];
  }
  if (caption === undefined) return [name === undefined ? bare : { ...bare, caption: label(name, '') }];
  if (length(dressed(caption)) <= MAX_CAPTION) return [{ ...bare, caption: dressed(caption) }];
  return [name === undefined ? bare : { ...bare, caption: label(name, '') }, ...texts(caption, dressed)];
}

/**
 * Every message says who speaks: one that went without a name would pass for somebody else's, whose name its text can begin
 * with.
 */
function texts(whole: RichText, dressed: Dress): readonly TextContent[] {
  return splitText(whole, MAX_TEXT, (part) => length(dressed(part))).map((part) => text(dressed(part)));
}

function text(part: RichText): TextContent {
  return { kind: 'text', text: part };
}

/** UTF-16 units, which are never fewer than the characters WhatsApp counts. */
function length(part: RichText): number {
  return encode(part).length;
}
