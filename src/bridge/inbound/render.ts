import type { ChoiceContent, ContactCard, ContactsContent, Content, LocationContent, MediaContent, OrderContent, PollContent, UnsupportedContent } from '../../model/content.ts';
import { visibleName } from '../../model/names.ts';
import { type Block, type Inline, plain, type RichText } from '../../model/richtext.ts';
import { pollInWords, pollStart } from '../outbound/polls.ts';
import { toMatrix } from '../../text/to-matrix.ts';

/** A part as a Matrix event; `media` where bytes must be uploaded before it is whole. */
export interface Rendered {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly media: boolean;
}

/** Content of a network as Matrix shows it best. `lead` stands before the text: a forwarded mark, for instance. */
export function render(content: Content, lead?: string): Rendered {
  switch (content.kind) {
    case 'text': return text(content.style === 'emote' ? 'm.emote' : content.style === 'notice' ? 'm.notice' : 'm.text', led(lead, content.text));
    case 'location': return location(content, lead);
    case 'contacts':
    case 'choice':
    case 'order': return text('m.text', led(lead, inWords(content)));
    case 'poll': {
      const start = pollStart(content, lead);
      return start === null ? text('m.text', led(lead, inWords(content))) : { ...start, media: false };
    }
    case 'unsupported': return text('m.notice', led(lead, inWords(content)));
    default: return media(content, lead);
  }
}

/** What has no form of its own on Matrix. */
export function inWords(content: ContactsContent | ChoiceContent | OrderContent | PollContent | UnsupportedContent): RichText {
  switch (content.kind) {
    case 'contacts': return content.contacts.flatMap(card);
    case 'choice': return [
      paragraph(bold(content.title !== '' ? content.title : (content.value ?? ''))),
      ...(content.description ? plain(content.description) : []),
      ...(content.fields ?? []).map(({ name, value }) => paragraph(bold(`${name}: `), { t: 'text', text: value })),
    ];
    case 'order': return order(content);
    case 'poll': return pollInWords(content);
    case 'unsupported': return plain(`⚠️ ${content.what}: ${content.reason}`);
  }
}

function text(msgtype: string, rich: RichText): Rendered {
  return { type: 'm.room.message', content: { msgtype, ...toMatrix(rich) }, media: false };
}

const msgtypes = { image: 'm.image', video: 'm.video', audio: 'm.audio', voice: 'm.audio', file: 'm.file', sticker: 'm.sticker' } as const;

/** MSC2530: `body` is the caption where `filename` says another. MSC3245: a voice message is audio that says so. */
function media(content: MediaContent, lead: string | undefined): Rendered {
  // Until the file is there: its own name is cleaned by what it truly is.
  const name = visibleName(content.media.name ?? '') || content.kind;
  const caption = content.caption || lead !== undefined ? toMatrix(led(lead, content.caption ?? [])) : null;
  const info = {
    ...(content.media.mime ? { mimetype: content.media.mime } : {}), ...(content.media.size ? { size: content.media.size } : {}),
    ...(content.media.width ? { w: content.media.width } : {}), ...(content.media.height ? { h: content.media.height } : {}),
    ...(content.media.durationMs ? { duration: content.media.durationMs } : {}), ...moves(content),
  };
  const hidden = content.spoiler === true ? SPOILER : {};
  if (content.kind === 'sticker') return { type: 'm.sticker', content: { body: name, info, ...hidden }, media: true };
  return {
    type: 'm.room.message',
    content: {
      msgtype: msgtypes[content.kind], filename: name, info, ...hidden, ...(caption ?? { body: name, 'm.mentions': {} }),
      ...(content.kind === 'voice' ? { 'org.matrix.msc3245.voice': {}, 'org.matrix.msc1767.audio': content.media.durationMs ? { duration: content.media.durationMs } : {} } : {}),
    },
    media: true,
  };
}

/** MSC4193, and MSC3725 that came before it. */
const SPOILER = { 'page.codeberg.everypizza.msc4193.spoiler': true, 'town.robin.msc3725.content_warning': { type: 'town.robin.msc3725.spoiler' } };

/** MSC4230 for pictures; for films the keys that mautrix bridges write and clients read. */
function moves({ kind, animated, round }: MediaContent): object {
  if (kind === 'video') {
    return {
      ...(animated === true ? { 'fi.mau.gif': true, 'fi.mau.loop': true, 'fi.mau.autoplay': true, 'fi.mau.hide_controls': true, 'fi.mau.no_audio': true } : {}),
      ...(round === true ? { 'fi.mau.telegram.round_message': true } : {}),
    };
  }
  return animated === undefined || (kind !== 'image' && kind !== 'sticker') ? {} : { 'org.matrix.msc4230.is_animated': animated };
}

/** MSC3488 beside the specified `geo_uri`. */
function location(content: LocationContent, lead: string | undefined): Rendered {
  const uri = `geo:${content.latitude},${content.longitude}`;
  const live = content.live === 'on' ? '📡 Live location' : content.live === 'ended' ? '📡 Live location, ended' : undefined;
  const words = [lead, live, content.name, content.address, content.url].filter((part) => part !== undefined && part !== '');
  const body = words.length > 0 ? `${words.join('\n')}\n${uri}` : uri;
  return {
    type: 'm.room.message',
    content: {
      msgtype: 'm.location', body, geo_uri: uri, 'm.mentions': {},
      'org.matrix.msc3488.location': { uri, ...(content.name ?? live ? { description: content.name ?? live } : {}) },
      'org.matrix.msc3488.asset': { type: live === undefined ? 'm.pin' : 'm.self' },
    },
    media: false,
  };
}

function card(contact: ContactCard): Block[] {
  const lines: Inline[][] = [[{ t: 'text', text: '👤 ' }, bold(contact.name)]];
  const role = [contact.title, contact.organization].filter(Boolean).join(', ');
  if (role !== '') lines.push([{ t: 'text', text: role }]);
  const labelled = (icon: string, values: readonly { value: string; type?: string }[]): void => {
    for (const { value, type } of values) lines.push([{ t: 'text', text: `${icon} ${value}${type ? ` (${type.toLowerCase()})` : ''}` }]);
  };
  labelled('📞', contact.phones);
  labelled('✉️', contact.emails);
  labelled('🔗', contact.urls);
  labelled('🏠', contact.addresses);
  labelled('💬', contact.ims ?? []);
  if (contact.birthday) lines.push([{ t: 'text', text: `🎂 ${contact.birthday}` }]);
  if (contact.note) lines.push([{ t: 'text', text: `📝 ${contact.note}` }]);
  // A card can have more lines than a call may have arguments.
  return [{ t: 'paragraph', children: lines.flatMap((line, index): Inline[] => (index === 0 ? line : [{ t: 'break' }, ...line])) }];
}

function order(content: OrderContent): RichText {
  const items = content.items.map(({ id, quantity, price, currency }): readonly Block[] =>
    plain(`${quantity} × ${id}${price ? `: ${price}${currency ? ` ${currency}` : ''}` : ''}`));
  return [
    paragraph(bold(`🛒 Order${content.catalog ? ` from catalogue ${content.catalog}` : ''}`)),
    ...(items.length > 0 ? [{ t: 'list', ordered: false, items } as const] : []),
    ...(content.note ? plain(content.note) : []),
  ];
}

/** The line that stands before the text, where there is one. */
export function led(lead: string | undefined, rich: RichText): RichText {
  return lead === undefined ? rich : [paragraph({ t: 'italic', children: [{ t: 'text', text: lead }] }), ...rich];
}

const bold = (value: string): Inline => ({ t: 'bold', children: [{ t: 'text', text: value }] });
const paragraph = (...children: Inline[]): Block => ({ t: 'paragraph', children });
