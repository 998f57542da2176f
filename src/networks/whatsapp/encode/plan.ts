import { isMedia, type ContactsContent, type Content, type LocationContent, type MediaContent, type TextContent } from '../../../model/content.ts';
import { plain, type RichText } from '../../../model/richtext.ts';
import { splitText } from '../../../text/split.ts';
import type { SendRequest } from '../../network.ts';
import { inWords } from '../../shared/in-words.ts';
import { type Dress, italic, type PrefixStyle } from '../../shared/prefix.ts';
import { MAX_CAPTION, MAX_TEXT } from '../limits.ts';
import { encode } from '../markup.ts';
import { dress, label } from './prefix.ts';

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
  if (request.conversation.kind !== 'direct' && isCard(content)) return texts(plain(cardInWords(content)), dress(name, style));
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

/**
 * The one message that a request becomes while only a template may go. Its text is left whole: whether it has to be cut is known
 * when it goes. A file, which no template takes, is not taken apart, so that it is refused as one.
 */
export function planWhole({ content, relay }: SendRequest): readonly Content[] {
  if (isMedia(content)) return [content];
  const isEmote = content.kind === 'text' && content.style === 'emote';
  const words = content.kind !== 'text' ? plain(isCard(content) ? cardInWords(content) : inWords(content)) : isEmote && relay === null ? italic(content.text) : content.text;
  // A line of its own for the name would be joined with the rest again.
  return [text(dress(relay?.name, 'inline', isEmote)(words))];
}

/** As much of a text as one message holds. */
export function firstOf(whole: RichText): RichText {
  return splitText(whole, MAX_TEXT, length)[0] ?? whole;
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

/** Only direct chats have these. */
function isCard(content: Content): content is LocationContent | ContactsContent {
  return content.kind === 'location' || content.kind === 'contacts';
}

function cardInWords(content: LocationContent | ContactsContent): string {
  if (content.kind === 'contacts') return content.contacts.map(({ name, phones, emails }) => [`👤 ${name}`, ...[...phones, ...emails].map(({ value }) => value)].join('\n')).join('\n');
  const { latitude, longitude, name, address } = content;
  return [`📍 ${name ?? `${latitude},${longitude}`}`, address, `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}`].filter(Boolean).join('\n');
}

function text(part: RichText): TextContent {
  return { kind: 'text', text: part };
}

/** UTF-16 units, which are never fewer than the characters WhatsApp counts. */
function length(part: RichText): number {
  return encode(part).length;
}
