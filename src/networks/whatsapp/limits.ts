import type { Capabilities, MediaCapability } from '../../model/capabilities.ts';
import { Rejected } from '../../model/errors.ts';
import type { Target } from '../network.ts';
import { full, none, partial } from '../shared/levels.ts';

/** Characters (…/whatsapp/cloud-api/messages/text-messages, …/image-messages). */
export const MAX_TEXT = 4096;
export const MAX_CAPTION = 1024;
export const MAX_FILENAME = 240;
/** The customer service window (…/whatsapp/cloud-api/guides/send-messages#customer-service-windows). */
const WINDOW_MS = 24 * 60 * 60 * 1000;
/**
 * …/whatsapp/cloud-api/overview#pair-rate-limits: one message in 6 seconds to one user; up to 45 within 6 seconds, after
 * which as many times 6 seconds must pass. A tenth more, since a request may be quicker on its way than the one before.
 */
export const PAIR = { perSecond: 1 / 6.1, burst: 45 };

export const WINDOW_CLOSED =
  'WhatsApp lets a business write freely only within 24 hours after the other person’s last message. ' +
  'The message was not sent; it can go once they write again.';
export const TEXT_ONLY =
  'WhatsApp lets a business write freely only within 24 hours after the other person’s last message; the template that goes later ' +
  'takes text only. It was not sent; it can go once they write again.';

/** @throws Rejected `window_closed` when the other side has not written within 24 hours */
export function checkWindow(conversation: Target, now: number): void {
  if (!windowOpen(conversation, now)) throw new Rejected(WINDOW_CLOSED, 'window_closed');
}

/** Of a group whoever wrote last counts. */
export function windowOpen(conversation: Target, now: number): boolean {
  return conversation.lastInbound !== undefined && now - conversation.lastInbound.at < WINDOW_MS;
}

/** Decimal megabytes: the smaller reading of the documented limits (…/whatsapp/cloud-api/reference/media). */
const MB = 1_000_000;
const media = (mimes: readonly string[], maxBytes: number, maxCaption: number): MediaCapability => ({
  level: 'full',
  mimes,
  maxBytes,
  maxCaption,
});

/**
 * The upload takes these and refuses any other type. Every text may be called plain. Pictures, sound and films are not among
 * them: called a document they still have the limits of their own kind, so what is over those goes as a link.
 */
const OFFICE = 'application/vnd.openxmlformats-officedocument';
const DOCUMENTS = [
  'text/*', 'application/pdf', 'application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint',
  `${OFFICE}.wordprocessingml.document`, `${OFFICE}.spreadsheetml.sheet`, `${OFFICE}.presentationml.presentation`,
];

const NO_EDIT = 'WhatsApp’s API cannot change or take back a message once it is sent.';
const EDIT_IN = 'Meta reports edits and deletions only for numbers that are used in the Business app too.';

const direct: Capabilities = {
  out: {
    text: partial('Within 24 hours after the other person’s last message; later inside an approved template, where the config names one.'),
    edit: none(NO_EDIT),
    delete: none(NO_EDIT),
    react: partial('Emoji only.'),
    reply: full,
    thread: none('WhatsApp has no threads.'),
    pin: none('WhatsApp’s API pins only in groups.'),
    typing: partial('Shown only after a message of the other person, for up to 25 seconds, and marks it as read.'),
    readReceipts: full,
    deliveryReceipts: none('The bridge has nothing to tell here.'),
    location: full,
    contacts: full,
    poll: none('WhatsApp’s API has no polls.'),
    groups: partial('Only groups that an official business account made through the API, of at most eight people.'),
    members: partial('People come into a group by its link, and only by themselves; a command sends them out.'),
    profiles: none('The bridge cannot change how a business looks.'),
    history: none('WhatsApp’s API keeps no messages.'),
    impersonation: none('Everything is sent as the business; names are put before the text.'),
  },
  in: {
    text: full,
    edit: partial(EDIT_IN),
    delete: partial(EDIT_IN),
    react: full,
    reply: full,
    thread: none('WhatsApp has no threads.'),
    pin: none('WhatsApp’s API does not tell what is pinned.'),
    typing: none('WhatsApp’s API does not tell who is typing.'),
    readReceipts: full,
    deliveryReceipts: full,
    location: full,
    contacts: full,
    poll: none('WhatsApp’s API does not hand polls over; a notice says that there was one.'),
    groups: partial('Only groups that the business made through the API.'),
    members: full,
    profiles: partial('A name, but no picture.'),
    history: partial('Only past messages that Meta sends by itself when a Business app number is connected.'),
    impersonation: full,
  },
  media: {
    image: media(['image/jpeg', 'image/png'], 5 * MB, MAX_CAPTION),
    video: media(['video/mp4', 'video/3gpp'], 16 * MB, MAX_CAPTION),
    audio: media(['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/ogg'], 16 * MB, 0),
    voice: media(['audio/ogg'], 16 * MB, 0),
    file: media(DOCUMENTS, 100 * MB, MAX_CAPTION),
    // A still sticker may have 100 kB only.
    sticker: media(['image/webp'], 500_000, 0),
  },
  reach: {
    contacts: none('WhatsApp’s API has no contact list.'),
    conversations: partial('The groups that the business made through the API.'),
    search: none('WhatsApp’s API cannot search.'),
    resolve: partial('The form of a number alone: WhatsApp’s API does not say whose it is, or whether it is anybody’s.'),
    createDirect: partial('The other side has to write first, or a template is sent.'),
    createGroup: partial('With a title, at most eight people, who come in by a link. WhatsApp allows that to large businesses.'),
    invite: partial('By a link: WhatsApp’s API puts nobody into a group.'),
    kick: full,
    leave: none('A business cannot leave a group that it has made.'),
    setTitle: full,
  },
  maxReactions: 1,
  typingReads: true,
};

const ONLY_TEXT_AND_MEDIA = 'WhatsApp’s API takes only text and media in groups.';
const NOT_FROM_GROUPS = 'WhatsApp’s API hands over only text and media of groups.';

/** …/whatsapp/cloud-api/groups/groups-messaging: text and media, pins, nothing interactive, no read marks. */
const group: Capabilities = {
  ...direct,
  out: {
    ...direct.out,
    text: partial('Within 24 hours after the last message of any member; later inside an approved template, where the config names one.'),
    react: none('WhatsApp’s API takes no reactions in groups.'),
    pin: partial('Three at most, for 30 days each.'),
    typing: none('WhatsApp’s API shows no typing in groups.'),
    readReceipts: none('WhatsApp’s API takes no read marks in groups.'),
    location: none(ONLY_TEXT_AND_MEDIA),
    contacts: none(ONLY_TEXT_AND_MEDIA),
  },
  in: {
    ...direct.in,
    edit: none(NOT_FROM_GROUPS),
    delete: none(NOT_FROM_GROUPS),
    react: none(NOT_FROM_GROUPS),
    pin: partial('Only where WhatsApp tells of it.'),
    location: none(NOT_FROM_GROUPS),
    contacts: none(NOT_FROM_GROUPS),
    profiles: partial('Names of those who write; no pictures, and none of the group.'),
    history: none('WhatsApp’s API keeps no messages.'),
  },
};

export function capabilitiesOf(kind: Target['kind']): Capabilities {
  return kind === 'direct' ? direct : group;
}
