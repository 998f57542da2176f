import type { Content, LocationContent, UnsupportedContent } from '../../../model/content.ts';
import type { Millis } from '../../../model/ids.ts';
import { plain } from '../../../model/richtext.ts';
import { at, defined, isFields, list, num, str } from '../../shared/json.ts';
import { describe } from '../errors.ts';
import { decode } from '../markup.ts';
import { decodeButton, decodeInteractive, decodeOrder, filesOfForm, spelledOut } from './choice.ts';
import { decodeContacts } from './contacts.ts';
import { decodeMedia, formFile, isMediaType } from './media.ts';
import { withMentions } from './mentions.ts';

const TYPES = [
  'text', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contacts', 'button', 'interactive', 'order',
  'reaction', 'edit', 'revoke', 'system', 'unsupported', 'template',
] as const;

/** The message's `type`; where it is missing, the one key that names a type. */
export function typeOf(message: unknown): string {
  return str(message, 'type') ?? TYPES.find((type) => isFields(message) && Object.hasOwn(message, type)) ?? 'unknown';
}

/** A message of a kind that has content, without it and without a reason of its own: what stands beside it is the reason. */
export function isWithoutContent(message: unknown): boolean {
  const type = typeOf(message);
  const known = isMediaType(type) || ['text', 'location', 'contacts', 'button', 'interactive', 'order'].includes(type);
  return known && typeof at(message, type) !== 'object' && list(message, 'errors').length === 0;
}

/**
 * What a message shows: always at least one part. What cannot be shown, or came with an error, says so in a part of its own.
 * `errors` are those that stood beside the messages.
 */
export function decodeContent(message: unknown, time: Millis, errors: readonly unknown[] = []): readonly Content[] {
  const type = typeOf(message);
  const content = known(type, message, time);
  const own = list(message, 'errors');
  if (content === undefined) return [placeholder(type, message, own.length > 0 ? own : errors), ...wordsAlone(type, message)];
  const failed = own.map((error): UnsupportedContent => ({ kind: 'unsupported', what: type, reason: describe(error).reason }));
  const files = type === 'interactive' ? filesOfForm(message).flatMap((file) => formFile(file, time) ?? []) : [];
  return [content, ...files, ...failed];
}

function known(type: string, message: unknown, time: Millis): Content | undefined {
  if (isMediaType(type)) return decodeMedia(type, message, time);
  switch (type) {
    case 'text':
      return text(message);
    case 'location':
      return location(message);
    case 'contacts':
      return decodeContacts(message);
    case 'button':
      return decodeButton(message);
    case 'interactive':
      return decodeInteractive(message);
    case 'order':
      return decodeOrder(message);
    default:
      return undefined;
  }
}

/** Files of the past can come without anything to fetch them by, places without degrees; what was written is there all the same. */
function wordsAlone(type: string, message: unknown): readonly Content[] {
  const caption = isMediaType(type) ? str(message, type, 'caption') : undefined;
  if (caption !== undefined) return [{ kind: 'text', text: decode(caption) }];
  // The words that a program put into a template are all that is known of what it said.
  const filled = type === 'template' ? list(message, type, 'components').flatMap((component) => list(component, 'parameters').flatMap((each) => str(each, 'text') ?? [])) : [];
  if (filled.length > 0) return [{ kind: 'text', text: plain(filled.join('\n')) }];
  const place = type === 'location' ? ['name', 'address', 'url'].flatMap((key) => str(message, type, key) ?? []) : [];
  if (place.length > 0) return [{ kind: 'text', text: plain(place.join('\n')) }];
  if (isMediaType(type) || (TYPES as readonly string[]).includes(type)) return [];
  // A kind newer than this bridge: what it holds is shown by name, since it may be what was said.
  const held = spelledOut(type, at(message, type));
  return held === undefined ? [] : [held];
}

function text(message: unknown): Content | undefined {
  const body = str(message, 'text', 'body');
  const read = body === undefined ? [] : decode(body);
  // Nothing but spaces shows nothing.
  return read.length === 0 ? undefined : { kind: 'text', text: withMentions(read, message) };
}

function location(message: unknown): LocationContent | undefined {
  const latitude = num(message, 'location', 'latitude');
  const longitude = num(message, 'location', 'longitude');
  if (latitude === undefined || longitude === undefined || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return undefined;
  return defined({
    kind: 'location' as const,
    latitude,
    longitude,
    name: str(message, 'location', 'name'),
    address: str(message, 'location', 'address'),
    url: str(message, 'location', 'url'),
  });
}

/** `unsupported.type` of …/whatsapp/cloud-api/webhooks/reference/messages/unsupported, in words. */
const WORDS: Readonly<Record<string, string>> = {
  poll: 'a poll',
  poll_creation: 'a poll',
  poll_update: 'a vote in a poll',
  edit: 'an edit of an earlier message',
  pin: 'a pinned message',
  gif: 'a GIF',
  group_invite: 'an invitation to a group',
  keep_in_chat: 'a message that is kept',
  link_preview: 'a link with a preview',
  product: 'a product',
  list: 'a list',
  hsm: 'a template of an old kind',
  video_note: 'a video note',
  view_once: 'a message that can be viewed once',
};

/** The same where a whole kind is handed over most of the time: then it was only this one that was not. */
const USUALLY: Readonly<Record<string, string>> = {
  audio: 'a sound', button: 'a press on a button', contacts: 'a contact', document: 'a document', event: 'an event', image: 'a picture',
  interactive: 'an interactive message', location: 'a place', media_placeholder: 'a file', newsletter: 'a post of a channel', order: 'an order',
  reaction: 'a reaction', sticker: 'a sticker', text: 'a text', video: 'a film', voice: 'a voice message',
};

function placeholder(type: string, message: unknown, errors: readonly unknown[]): UnsupportedContent {
  const error = errors.find(isFields);
  if (type === 'media_placeholder') {
    return { kind: 'unsupported', what: type, reason: 'A file from before the number was connected; WhatsApp sends it later, or not at all.' };
  }
  if (type === 'template') {
    const name = str(message, 'template', 'name');
    return { kind: 'unsupported', what: type, reason: `A template message${name === undefined ? '' : ` (${name})`}; WhatsApp does not hand over its text.` };
  }
  const what = (type === 'unsupported' ? str(message, 'unsupported', 'type') : undefined) ?? type;
  const why = error === undefined ? undefined : describe(error).reason;
  const words = type === 'unsupported' ? { ...WORDS, ...USUALLY } : WORDS;
  const word = Object.hasOwn(words, what) ? words[what] : undefined;
  if (word !== undefined) return { kind: 'unsupported', what, reason: `This was ${word}, which WhatsApp’s API does not hand over.` };
  if (why !== undefined) return { kind: 'unsupported', what, reason: why };
  return { kind: 'unsupported', what, reason: reasonOf(what) };
}

function reasonOf(what: string): string {
  if (what === 'unsupported') return 'WhatsApp’s API does not hand this message over and does not say why.';
  if (isMediaType(what)) return `A message of the kind "${what}" came without anything to fetch the file by.`;
  if ((TYPES as readonly string[]).includes(what)) return `A message of the kind "${what}" came without its content.`;
  return `The bridge does not know messages of the kind "${what}".`;
}
