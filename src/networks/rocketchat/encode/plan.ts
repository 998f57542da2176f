import { type ContactCard, type Content, isMedia, type LocationContent, type MediaContent, type TextContent } from '../../../model/content.ts';
import { plain, type RichText } from '../../../model/richtext.ts';
import { splitText } from '../../../text/split.ts';
import type { SendRequest } from '../../network.ts';
import { inWords } from '../../shared/in-words.ts';
import { type Dress, italic } from '../../shared/prefix.ts';
import { encode } from '../markup.ts';
import { dress, label } from './prefix.ts';

/** Room for the address of a message that is answered, which stands before the text. */
const JUMP = 300;

export interface PlanFacts {
  /** UTF-16 units. */
  readonly maxText: number;
  /** Names stand on the message, and not in its text. */
  readonly aliases: boolean;
}

/**
 * The messages that a request becomes, in order. Where names stand in the text they are put in here, so that they count: what `send` gets
 * afterwards is sent as it is.
 */
export function plan(request: SendRequest, { maxText, aliases }: PlanFacts): readonly Content[] {
  const name = aliases ? undefined : request.relay?.name;
  const { content } = request;
  const limit = Math.max(maxText - (request.replyTo === undefined ? 0 : JUMP), 50);
  const dressed = dress(name);
  const texts = (whole: RichText, put = dressed): readonly TextContent[] =>
    splitText(whole, limit, (part) => length(put(part))).map((part): TextContent => ({ kind: 'text', text: put(part) }));
  if (isMedia(content)) return planMedia(content, limit, dressed, texts, name !== undefined);
  switch (content.kind) {
    case 'text':
      if (content.style !== 'emote') return texts(content.text);
      return texts(content.text, name === undefined ? italic : dress(name, 'inline', true));
    case 'location': return name === undefined ? [content] : [{ kind: 'text', text: label(name) }, content];
    case 'contacts': return texts(plain(content.contacts.map(cardText).join('\n\n')));
    default: return texts(plain(inWords(content)));
  }
}

function planMedia(content: MediaContent, limit: number, dressed: Dress, texts: (whole: RichText) => readonly TextContent[], named: boolean): readonly Content[] {
  const { caption, ...bare } = content;
  if (caption === undefined) return [named ? { ...bare, caption: dressed([]) } : bare];
  const whole = dressed(caption);
  if (length(whole) <= limit) return [{ ...bare, caption: whole }];
  return [named ? { ...bare, caption: dressed([]) } : bare, ...texts(caption)];
}

function length(part: RichText): number {
  return encode(part).length;
}

/** Only where the server has maps is a place shown as one: the text beside it has an address that opens one anywhere. */
export function locationText({ latitude, longitude, name, address, url, live }: LocationContent): RichText {
  const [lat, lon] = [latitude, longitude].map((degrees) => String(Number(degrees.toFixed(6))));
  const words = [live === 'on' ? '📍 (live)' : '📍', name, address].filter((each) => each !== undefined && each !== '').join(' ');
  const href = url !== undefined && /^https?:/i.test(url) ? url : `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=16/${lat}/${lon}`;
  return [{ t: 'paragraph', children: [{ t: 'text', text: `${words} ` }, { t: 'link', href, children: [{ t: 'text', text: `${lat}, ${lon}` }] }] }];
}

function cardText(card: ContactCard): string {
  const values = [...card.phones, ...card.emails, ...card.urls, ...card.addresses, ...(card.ims ?? [])].map(({ value, type }) => (type === undefined ? value : `${value} (${type})`));
  return [`👤 ${card.name}`, [card.title, card.organization].filter(Boolean).join(', '), ...values, card.birthday, card.note].filter(Boolean).join('\n');
}
