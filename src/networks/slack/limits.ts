import type { Capabilities, MediaCapability } from '../../model/capabilities.ts';
import { full, none, partial } from '../shared/levels.ts';

/** Characters of a text (docs.slack.dev/reference/methods/chat.postMessage, "Truncating content"; chat.update takes no more). */
export const MAX_TEXT = 4000;
/** Characters of the JSON of a message's blocks, well below where Slack says `msg_blocks_too_long`. */
export const MAX_BLOCKS = 12_000;
/** Characters of `username`. */
export const MAX_NAME = 80;
/** Slack documents 1 GB; the smaller reading. */
const MAX_FILE = 1_000_000_000;
/** Of one user on one message (docs.slack.dev/reference/methods/reactions.add, `too_many_reactions`). */
const MAX_REACTIONS = 23;
/** docs.slack.dev/apis/web-api/rate-limits: a message a second in one channel, with short bursts let through. */
export const POSTS = { perSecond: 1, burst: 4 };
/** The whole workspace: "several hundred messages a minute". */
export const WORKSPACE = { perSecond: 5, burst: 20 };

const media: MediaCapability = { level: 'full', mimes: ['*'], maxBytes: MAX_FILE, maxCaption: MAX_TEXT };
const NO_TYPING = 'Slack’s API neither tells who is typing nor takes it.';
const NO_READ = 'Slack’s API does not tell what others have read.';

const bot: Capabilities = {
  out: {
    text: full,
    edit: full,
    delete: full,
    react: partial(`All are the app’s own: an emoji counts once, whoever put it there, and a message has ${MAX_REACTIONS} of them.`),
    reply: partial('As an answer in the thread of the message.'),
    thread: full,
    pin: full,
    typing: none(NO_TYPING),
    readReceipts: none('A bot reads nothing.'),
    deliveryReceipts: none('The bridge has nothing to tell here.'),
    location: partial('As a link to a map.'),
    contacts: partial('As text.'),
    poll: none('Slack has no polls.'),
    groups: full,
    members: partial('Where the app has the scopes: people are brought into channels, and sent out of them, by a command.'),
    profiles: none('The bridge cannot change how an app looks.'),
    history: none('Nothing can be put into the past.'),
    impersonation: partial('Name and picture with every text; with a file the name stands in its text.'),
  },
  in: {
    text: full,
    edit: full,
    delete: full,
    react: full,
    reply: partial('As threads.'),
    thread: full,
    pin: full,
    typing: none(NO_TYPING),
    readReceipts: none(NO_READ),
    deliveryReceipts: none('Slack has none: what it takes is delivered.'),
    location: none('Slack has no locations.'),
    contacts: none('Slack has no contacts.'),
    poll: none('Slack has no polls of its own; those of apps are shown as text.'),
    groups: full,
    members: full,
    profiles: full,
    history: partial('As far back as the workspace keeps it; for apps that are sold, Slack allows 15 messages a minute.'),
    impersonation: full,
  },
  media: { image: media, video: media, audio: media, voice: media, file: media, sticker: { level: 'partial', reason: 'As a picture.', mimes: ['image/*'], maxBytes: MAX_FILE, maxCaption: 0 } },
  reach: {
    contacts: full,
    conversations: partial('Open channels, and those of the others that the account is in.'),
    search: partial('Among the names of the workspace’s people and channels, of a very large workspace the first 3,000.'),
    resolve: partial('By id, e-mail address or name.'),
    createDirect: full,
    createGroup: partial('A private channel with a title; without one a direct message of several.'),
    invite: full,
    kick: full,
    leave: full,
    setTitle: partial('Channels only; in lower case, with hyphens for spaces.'),
  },
  maxReactions: MAX_REACTIONS,
};

const user: Capabilities = {
  ...bot,
  out: {
    ...bot.out,
    react: partial(`An emoji counts once, and a message has ${MAX_REACTIONS} of them.`),
    readReceipts: partial('Only the person’s own place in the conversation; others are not told.'),
    impersonation: none('Everything is sent as the person who logged in.'),
  },
};

export function capabilitiesOf(kind: 'bot' | 'user'): Capabilities {
  return kind === 'bot' ? bot : user;
}
