import { isMedia, type ContactCard, type Content, type MediaContent, type PollContent, type TextContent } from '../../../model/content.ts';
import { plain, type RichText } from '../../../model/richtext.ts';
import { splitText } from '../../../text/split.ts';
import type { SendRequest } from '../../network.ts';
import { inWords } from '../../shared/in-words.ts';
import { type Dress, italic, type PrefixStyle } from '../../shared/prefix.ts';
import { MAX_CAPTION, MAX_TEXT, POLL } from '../limits.ts';
import { encode, weigh } from '../markup.ts';
import { dress, label } from './prefix.ts';

/**
 * The messages that a request becomes, in order. Names of relayed people are put in here, so that they count: what
 * `send` gets afterwards is sent as it is.
 */
export function plan(request: SendRequest, style: PrefixStyle): readonly Content[] {
  const name = request.relay?.name;
  const { content } = request;
  const named = (parts: readonly Content[]): readonly Content[] => (name === undefined ? parts : [text(label(name)), ...parts]);
  if (isMedia(content)) return planMedia(content, name, style);
  switch (content.kind) {
    case 'text':
      return texts(content.style === 'emote' && name === undefined ? italic(content.text) : content.text, dress(name, style, content.style === 'emote'));
    case 'location':
      return named([content]);
    case 'contacts':
      return named(content.contacts.map((card) => (card.phones.length > 0 ? { kind: 'contacts', contacts: [card] } : text(plain(cardInWords(card))))));
    case 'poll':
      return fits(content) ? named([content]) : texts(plain(inWords(content)), dress(name, style));
    default:
      return texts(plain(inWords(content)), dress(name, style));
  }
}

function planMedia(content: MediaContent, name: string | undefined, style: PrefixStyle): readonly Content[] {
  const { caption, ...bare } = content;
  const dressed = dress(name, style);
  if (content.kind === 'sticker' || content.round === true) {
    if (name === undefined) return caption === undefined ? [bare] : [bare, ...texts(caption, dressed)];
    // Without a line below it the name has to go first.
    return [...(caption === undefined ? [text(label(name))] : texts(caption, dressed)), bare];
  }
  if (caption === undefined) return [name === undefined ? bare : { ...bare, caption: label(name, '') }];
  if (weigh(dressed(caption), MAX_CAPTION) <= MAX_CAPTION) return [{ ...bare, caption: dressed(caption) }];
  return [name === undefined ? bare : { ...bare, caption: label(name, '') }, ...texts(caption, dressed)];
}

/** Every message says who speaks: one that went without a name would pass for somebody else's. */
function texts(whole: RichText, dressed: Dress): readonly TextContent[] {
  const parts = splitText(whole, MAX_TEXT, (part) => weigh(dressed(part), MAX_TEXT)).filter((part) => encode(part).text !== '');
  return parts.length === 0 ? [text(dressed(whole))] : parts.map((part) => text(dressed(part)));
}

function text(part: RichText): TextContent {
  return { kind: 'text', text: part };
}

function fits(poll: PollContent): boolean {
  const { question, options } = poll;
  return question.trim() !== '' && question.length <= POLL.question && options.length >= 1 && options.length <= POLL.options
    && options.every((option) => option.text.trim() !== '' && option.text.length <= POLL.option);
}

/** A card without a number, which Telegram does not take. */
function cardInWords(card: ContactCard): string {
  const lines = [card.organization, card.title, card.birthday, ...[...card.emails, ...card.urls, ...card.addresses].map(({ value }) => value)];
  return [`👤 ${card.name}`, ...lines.filter((line) => line !== undefined)].join('\n');
}
