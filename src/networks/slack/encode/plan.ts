import { isMedia, type ContactCard, type Content, type MediaContent, type TextContent } from '../../../model/content.ts';
import { plain, type Inline, type RichText } from '../../../model/richtext.ts';
import { prefixed } from '../../../text/plain.ts';
import { splitText } from '../../../text/split.ts';
import type { SendRequest } from '../../network.ts';
import { inWords } from '../../shared/in-words.ts';
import { italic, shortName } from '../../shared/prefix.ts';
import { MAX_BLOCKS, MAX_NAME, MAX_TEXT } from '../limits.ts';
import { writeMrkdwn } from './mrkdwn.ts';
import { writeRichText } from './rich-text.ts';

/**
 * The messages that a request becomes, in order. A bot speaks by another name with every text, so the text itself needs none;
 * a file, and a person's own login, cannot: there the name stands before what is said.
 */
export function plan(request: SendRequest, canSpeakAs: boolean): readonly Content[] {
  const { content } = request;
  const name = request.relay === null ? undefined : safeName(request.relay.name);
  if (isMedia(content)) return planMedia(content, name, canSpeakAs);
  const said = content.kind === 'text' ? (content.style === 'emote' ? italic(content.text) : content.text) : asText(content);
  return texts(said, name === undefined || canSpeakAs ? undefined : name);
}

/** A name as it may stand on a message. */
export function safeName(name: string): string {
  return shortName(name, MAX_NAME);
}

function planMedia(content: MediaContent, name: string | undefined, canSpeakAs: boolean): readonly Content[] {
  const { caption, ...bare } = content;
  if (caption === undefined || caption.length === 0) return [name === undefined ? bare : { ...bare, caption: label(name, '') }];
  const dressed = withName(caption, name);
  if (measure(dressed) <= MAX_TEXT) return [{ ...bare, caption: dressed }];
  return [name === undefined ? bare : { ...bare, caption: label(name, '') }, ...texts(caption, canSpeakAs ? undefined : name)];
}

function texts(whole: RichText, name: string | undefined): readonly TextContent[] {
  return splitText(whole, MAX_TEXT, (part) => measure(withName(part, name))).map((part) => ({ kind: 'text', text: withName(part, name) }));
}

/** Characters of the text, and of the blocks in proportion to what they may have. */
function measure(text: RichText): number {
  return Math.max(writeMrkdwn(text).length, Math.ceil((JSON.stringify(writeRichText(text)).length * MAX_TEXT) / MAX_BLOCKS));
}

/** The name before what is said, where nothing else tells it. */
export function withName(text: RichText, name: string | undefined): RichText {
  if (name === undefined) return text;
  return text.length === 0 ? label(name, ':') : prefixed(text, [bold(name), { t: 'text', text: ': ' }]);
}

function label(name: string, end: ':' | ''): RichText {
  return [{ t: 'paragraph', children: [bold(`${name}${end}`)] }];
}

function bold(text: string): Inline {
  return { t: 'bold', children: [{ t: 'text', text }] };
}

/** What has no form of its own in Slack. */
function asText(content: Exclude<Content, MediaContent | TextContent>): RichText {
  switch (content.kind) {
    case 'location': {
      const place = `${content.latitude},${content.longitude}`;
      const words = [content.name, content.address].filter((word) => word !== undefined && word !== '').join(', ');
      const map = `https://www.openstreetmap.org/?mlat=${content.latitude}&mlon=${content.longitude}#map=16/${content.latitude}/${content.longitude}`;
      const lines: Inline[] = [{ t: 'text', text: '📍 ' }, { t: 'link', href: map, children: [{ t: 'text', text: words === '' ? place : words }] }];
      return [{ t: 'paragraph', children: content.url === undefined ? lines : [...lines, { t: 'break' }, { t: 'link', href: content.url, children: [{ t: 'text', text: content.url }] }] }];
    }
    case 'contacts':
      return content.contacts.flatMap(card);
    case 'poll':
      return [
        { t: 'paragraph', children: [{ t: 'text', text: '📊 ' }, bold(content.question)] },
        { t: 'list', ordered: true, items: content.options.map((option) => plain(option.text)) },
      ];
    default:
      return plain(inWords(content));
  }
}

function card(contact: ContactCard): RichText {
  const lines = [
    contact.organization, contact.title, contact.birthday,
    ...[contact.phones, contact.emails, contact.urls, contact.addresses, contact.ims ?? []].flat().map(({ value, type }) => (type === undefined ? value : `${value} (${type})`)),
    contact.note,
  ].filter((line) => line !== undefined && line !== '');
  return [{ t: 'paragraph', children: [{ t: 'text', text: '👤 ' }, bold(contact.name), ...lines.flatMap((line): Inline[] => [{ t: 'break' }, { t: 'text', text: line ?? '' }])] }];
}
