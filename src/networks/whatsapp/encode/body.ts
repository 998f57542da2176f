import { isMedia, type ContactCard, type Content } from '../../../model/content.ts';
import { Rejected } from '../../../model/errors.ts';
import type { Target } from '../../network.ts';
import { defined, type Fields } from '../../shared/json.ts';
import { isBsuid, isPhone } from '../ids.ts';
import { MAX_CAPTION, MAX_FILENAME, MAX_TEXT } from '../limits.ts';
import { encode } from '../markup.ts';

const LINK = /\bhttps?:\/\/\S/i;

/**
 * Whom a request is for. A phone number where one is known, because Meta then keeps telling it; else the BSUID
 * (…/whatsapp/business-scoped-user-ids#send-message-requests); groups by their id.
 */
export function addressee(conversation: Target): Fields {
  if (conversation.kind !== 'direct') return { recipient_type: 'group', to: conversation.id };
  const ids = [conversation.id, ...conversation.aliases];
  const phone = ids.find(isPhone);
  if (phone !== undefined) return { recipient_type: 'individual', to: phone };
  return { recipient_type: 'individual', recipient: ids.find(isBsuid) ?? conversation.id };
}

/** The part of a request that is of the content's own kind: `{type, <type>: {…}}`. `mediaId` of what was uploaded. */
export function contentBody(content: Content, media: { readonly id: string; readonly name: string } | undefined): Fields {
  if (isMedia(content)) {
    if (media === undefined) throw new Rejected('The file is missing.', 'media_missing');
    const text = content.caption === undefined ? '' : encode(content.caption);
    if (text.length > MAX_CAPTION) throw new Rejected(`A caption may have ${MAX_CAPTION} characters.`, 'too_long');
    const caption = text.trim() === '' ? undefined : text;
    switch (content.kind) {
      case 'image':
      case 'video':
        return { type: content.kind, [content.kind]: defined({ id: media.id, caption }) };
      case 'file':
        return { type: 'document', document: defined({ id: media.id, filename: fileName(media.name), caption }) };
      case 'audio':
        return { type: 'audio', audio: { id: media.id } };
      case 'voice':
        return { type: 'audio', audio: { id: media.id, voice: true } };
      case 'sticker':
        return { type: 'sticker', sticker: { id: media.id } };
    }
  }
  switch (content.kind) {
    case 'text': {
      const body = encode(content.text);
      if (body.trim() === '') throw new Rejected('WhatsApp takes no empty message.', 'empty');
      if (body.length > MAX_TEXT) throw new Rejected(`A message may have ${MAX_TEXT} characters.`, 'too_long');
      return { type: 'text', text: LINK.test(body) ? { body, preview_url: true } : { body } };
    }
    case 'location': {
      const { latitude, longitude, name, address } = content;
      return { type: 'location', location: defined({ latitude, longitude, name, address }) };
    }
    case 'contacts':
      return { type: 'contacts', contacts: content.contacts.map(card) };
    default:
      throw new Rejected(`WhatsApp has nothing like a message of the kind "${content.kind}".`, 'no_such_kind');
  }
}

/** …/whatsapp/cloud-api/messages/contacts-messages: a name needs its formatted form and at least one more part. */
function card(contact: ContactCard): Fields {
  const company = contact.organization;
  return defined({
    name: { formatted_name: contact.name, first_name: contact.name },
    org: company === undefined && contact.title === undefined ? undefined : defined({ company, title: contact.title }),
    birthday: contact.birthday !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(contact.birthday) ? contact.birthday : undefined,
    phones: some(contact.phones.map(({ value, type, person }) => defined({ phone: value, type, wa_id: person !== undefined && isPhone(person) ? person : undefined }))),
    emails: some(contact.emails.map(({ value, type }) => defined({ email: value, type }))),
    urls: some(contact.urls.map(({ value, type }) => defined({ url: value, type }))),
    addresses: some(contact.addresses.map(({ value, type }) => defined({ street: value, type }))),
  });
}

/** Cut in the middle of the name, so that its ending still tells what it is. */
function fileName(name: string): string {
  if (name.length <= MAX_FILENAME) return name;
  const ending = /\.[^.]{1,16}$/.exec(name)?.[0] ?? '';
  return `${name.slice(0, MAX_FILENAME - ending.length).replace(/[\ud800-\udbff]$/, '')}${ending}`;
}

function some<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length > 0 ? items : undefined;
}

/** One emoji, fully qualified: clients put variation selectors after some and leave them out after others. @throws Rejected `not_emoji` */
export function reactionEmoji(text: string): string {
  const bare = text.replace(/[\ufe0e\ufe0f]/g, '');
  const emoji = bare.replace(/(?!\p{Emoji_Presentation})\p{Emoji}(?!\p{Emoji_Modifier})/gu, '$&\ufe0f');
  if (/^\p{RGI_Emoji}$/v.test(emoji)) return emoji;
  throw new Rejected('WhatsApp takes only an emoji as a reaction.', 'not_emoji');
}
