import { isMedia, type ContactCard, type Content, type MediaContent } from '../../../model/content.ts';
import { Rejected } from '../../../model/errors.ts';
import type { MediaSource } from '../../../model/media.ts';
import type { RichText } from '../../../model/richtext.ts';
import { defined, type Fields } from '../../shared/json.ts';
import { isPhoto, MAX_CAPTION, MAX_TEXT } from '../limits.ts';
import { encode } from '../markup.ts';

/** A call of the Bot API without the chat it goes to. */
export interface Outgoing {
  readonly method: string;
  readonly values: Fields;
  /** The name under which the file goes. */
  readonly file?: { readonly field: string; readonly source: MediaSource };
}

/** 24 hours, the longest but for ever: what is shared as one goes is ended by an edit (core.telegram.org/bots/api#sendlocation). */
const LIVE_SECONDS = 86_400;

/** The call that sends one part. @throws Rejected for what Telegram has no form for */
export function sendCall(content: Content, media: MediaSource | undefined): Outgoing {
  if (isMedia(content)) {
    if (media === undefined) throw new Rejected('The file is missing.', 'media_missing');
    return mediaCall(content, media);
  }
  switch (content.kind) {
    case 'text': {
      const { text, entities } = bodyOf(content.text, MAX_TEXT, 'A message');
      if (text === '') throw new Rejected('Telegram takes no empty message.', 'empty');
      return { method: 'sendMessage', values: defined({ text, entities: entities.length > 0 ? entities : undefined }) };
    }
    case 'location': {
      const { latitude, longitude, name, address, live } = content;
      if (name !== undefined && live === undefined) {
        return { method: 'sendVenue', values: { latitude, longitude, title: name, address: address ?? `${latitude}, ${longitude}` } };
      }
      return { method: 'sendLocation', values: defined({ latitude, longitude, live_period: live === 'on' ? LIVE_SECONDS : undefined }) };
    }
    case 'contacts':
      return { method: 'sendContact', values: cardValues(content.contacts[0]) };
    case 'poll':
      return {
        method: 'sendPoll',
        values: defined({
          question: content.question,
          options: content.options.map((option) => ({ text: option.text })),
          // Who voted for what is known on Matrix too, and only of such polls Telegram tells the votes.
          is_anonymous: false,
          allows_multiple_answers: content.maxChoices > 1 ? true : undefined,
          is_closed: content.closed,
        }),
      };
    default:
      throw new Rejected(`Telegram has nothing like a message of the kind "${content.kind}".`, 'no_such_kind');
  }
}

/** How a file is called on Telegram: the method, and the field of it. */
function mediaCall(content: MediaContent, source: MediaSource): Outgoing {
  const { kind, field } = formOf(content, source);
  const captioned = kind === 'Sticker' || kind === 'VideoNote' ? {} : captionValues(content.caption);
  const { width, height, durationMs } = source;
  const duration = durationMs === undefined ? undefined : Math.max(1, Math.round(durationMs / 1000));
  const values = defined({
    ...captioned,
    has_spoiler: content.spoiler === true && (kind === 'Photo' || kind === 'Video' || kind === 'Animation') ? true : undefined,
    width: kind === 'Video' || kind === 'Animation' ? width : undefined,
    height: kind === 'Video' || kind === 'Animation' ? height : undefined,
    length: kind === 'VideoNote' ? width : undefined,
    duration: kind === 'Photo' || kind === 'Document' || kind === 'Sticker' ? undefined : duration,
    supports_streaming: kind === 'Video' ? true : undefined,
    disable_content_type_detection: kind === 'Document' ? true : undefined,
  });
  return { method: `send${kind}`, values, file: { field, source } };
}

type Form = 'Photo' | 'Video' | 'Animation' | 'VideoNote' | 'Audio' | 'Voice' | 'Document' | 'Sticker';

function formOf(content: MediaContent, source: MediaSource): { readonly kind: Form; readonly field: string } {
  const kind = formNameOf(content, source);
  const fields: Readonly<Record<Form, string>> = { Photo: 'photo', Video: 'video', Animation: 'animation', VideoNote: 'video_note', Audio: 'audio', Voice: 'voice', Document: 'document', Sticker: 'sticker' };
  return { kind, field: fields[kind] };
}

function formNameOf(content: MediaContent, source: MediaSource): Form {
  switch (content.kind) {
    case 'image':
      if (source.mime === 'image/gif') return 'Animation';
      return isPhoto(source) ? 'Photo' : 'Document';
    case 'video':
      // A round film is as wide as it is high (…#sendvideonote).
      if (content.round === true && source.width !== undefined && source.width === source.height && source.width <= 640) return 'VideoNote';
      return content.animated === true ? 'Animation' : 'Video';
    case 'audio':
      return 'Audio';
    case 'voice':
      return 'Voice';
    case 'sticker':
      return 'Sticker';
    case 'file':
      return 'Document';
  }
}

function captionValues(caption: RichText | undefined): Fields {
  if (caption === undefined) return {};
  const { text, entities } = bodyOf(caption, MAX_CAPTION, 'A caption');
  return text === '' ? {} : defined({ caption: text, caption_entities: entities.length > 0 ? entities : undefined });
}

function bodyOf(rich: RichText, limit: number, what: string): ReturnType<typeof encode> {
  const encoded = encode(rich);
  if (encoded.text.length > limit) throw new Rejected(`${what} may have ${limit} characters on Telegram.`, 'too_long');
  return encoded;
}

/** …#sendcontact: a number and a name, and up to 2048 bytes of vCard for the rest. */
function cardValues(card: ContactCard | undefined): Fields {
  const phone = card?.phones[0]?.value;
  if (card === undefined || phone === undefined) throw new Rejected('Telegram takes no contact without a phone number.', 'no_number');
  const more = [...card.phones.slice(1), ...card.emails, ...card.urls, ...card.addresses].length > 0 || card.organization !== undefined || card.title !== undefined || card.birthday !== undefined;
  const vcard = more ? vcardOf(card) : undefined;
  return defined({ phone_number: phone, first_name: card.name, vcard: vcard !== undefined && Buffer.byteLength(vcard) <= 2048 ? vcard : undefined });
}

function vcardOf(card: ContactCard): string {
  const escaped = (text: string): string => text.replace(/[\\;,]/g, '\\$&').replace(/\r?\n/g, '\\n');
  const line = (name: string, { value, type }: { readonly value: string; readonly type?: string }): string => `${name}${type !== undefined && /^[\w-]+$/.test(type) ? `;TYPE=${type}` : ''}:${escaped(value)}`;
  return [
    'BEGIN:VCARD', 'VERSION:3.0', `FN:${escaped(card.name)}`, `N:${escaped(card.name)};;;;`,
    ...(card.organization === undefined ? [] : [`ORG:${escaped(card.organization)}`]),
    ...(card.title === undefined ? [] : [`TITLE:${escaped(card.title)}`]),
    ...(card.birthday === undefined ? [] : [`BDAY:${escaped(card.birthday)}`]),
    ...card.phones.map((each) => line('TEL', each)), ...card.emails.map((each) => line('EMAIL', each)),
    ...card.urls.map((each) => line('URL', each)), ...card.addresses.map(({ value, type }) => line('ADR', { value: `;;${value}`, ...(type !== undefined && { type }) })),
    'END:VCARD',
  ].join('\n');
}

/** The call that changes a message which was sent. A file is changed only where there is a new one, else what stands below it. */
export function editCall(content: Content, media: MediaSource | undefined): Outgoing {
  if (isMedia(content)) return mediaEdit(content, media);
  switch (content.kind) {
    case 'text': {
      const call = sendCall(content, undefined);
      return { method: 'editMessageText', values: call.values };
    }
    case 'location': {
      if (content.live === 'ended') return { method: 'stopMessageLiveLocation', values: {} };
      return { method: 'editMessageLiveLocation', values: { latitude: content.latitude, longitude: content.longitude } };
    }
    case 'poll':
      if (content.closed === true) return { method: 'stopPoll', values: {} };
      throw new Rejected('Telegram lets nobody change a poll; it can only be ended.', 'not_editable');
    default:
      throw new Rejected('Telegram cannot change a message of this kind.', 'not_editable');
  }
}

function mediaEdit(content: MediaContent, media: MediaSource | undefined): Outgoing {
  if (content.kind === 'sticker' || content.round === true) throw new Rejected('Telegram cannot change a message of this kind.', 'not_editable');
  const captioned = captionValues(content.caption);
  if (media === undefined) return { method: 'editMessageCaption', values: captioned };
  const { kind } = formOf(content, media);
  const type = kind === 'Voice' ? 'audio' : kind.toLowerCase();
  return { method: 'editMessageMedia', values: { media: { type, media: 'attach://file', ...captioned } }, file: { field: 'file', source: media } };
}
