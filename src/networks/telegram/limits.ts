import type { Capabilities, Capability, MediaCapability } from '../../model/capabilities.ts';
import type { Target } from '../network.ts';
import { full, none, partial } from '../shared/levels.ts';

/** Characters after parsing (core.telegram.org/bots/api#sendmessage, …#sendphoto). */
export const MAX_TEXT = 4096;
export const MAX_CAPTION = 1024;
/** …#sendpoll */
export const POLL = { question: 300, option: 100, options: 12 };
/** …#sendphoto: width and height together, and one against the other. */
const PHOTO = { edges: 10_000, ratio: 20 };

/** Decimal megabytes: the smaller reading of the documented limits (…#sending-files, …#getfile). */
const MB = 1_000_000;
const UPLOAD = 50 * MB;
const LOCAL_UPLOAD = 2000 * MB;

/** `local`: a Bot API server of one's own that runs with `--local`. `webhook`: Telegram calls the bridge. */
export interface Setup {
  readonly local: boolean;
  readonly webhook: boolean;
}

export function capabilitiesOf(kind: Target['kind'], setup: Setup): Capabilities {
  const most = setup.local ? LOCAL_UPLOAD : UPLOAD;
  const media = (mimes: readonly string[], maxBytes = most, maxCaption = MAX_CAPTION): MediaCapability => ({ level: 'full', mimes, maxBytes, maxCaption });
  const direct = kind === 'direct';
  const groupOnly = (level: Capability): Capability => (direct ? none('A private chat on Telegram has two members.') : level);
  return {
    out: {
      text: direct ? partial('The other person has to write to the bot first.') : full,
      edit: partial('Text, captions and live locations of what the bridge itself has sent.'),
      delete: partial('Within 48 hours; messages of others only where the bot is an administrator.'),
      react: partial('One of Telegram’s 73 emoji, one a message.'),
      reply: full,
      thread: direct ? none('Private chats have no topics.') : partial('Topics of a forum; elsewhere a thread goes as replies.'),
      pin: direct ? full : partial('Where the bot may pin.'),
      typing: kind === 'channel' ? none('Channels show no typing.') : full,
      readReceipts: none('Bots on Telegram mark nothing as read.'),
      deliveryReceipts: none('The bridge has nothing to tell here.'),
      location: full,
      contacts: full,
      poll: partial('Up to 12 options; the bridge’s polls show who voted. Votes of Matrix users stay on Matrix: bots do not vote.'),
      groups: groupOnly(full),
      members: direct ? none('A private chat on Telegram has two members.') : partial('Bots send people out and give a link to come in; they put nobody in.'),
      profiles: none('The bridge does not change how the bot looks.'),
      history: none('The Bot API hands over no messages of the past.'),
      impersonation: none('Everything is sent as the bot; names are put before the text.'),
    },
    in: {
      text: direct ? full : partial('In groups only where the bot’s privacy mode is off, or it is an administrator.'),
      edit: full,
      delete: none('Telegram does not tell bots what was deleted.'),
      react: direct ? full : partial('Where the bot is an administrator; of channels only counts.'),
      reply: full,
      thread: direct ? none('Private chats have no topics.') : partial('Topics of a forum.'),
      pin: partial('That something is no longer pinned is not told.'),
      typing: none('Telegram does not tell bots who is typing.'),
      readReceipts: none('Telegram does not tell bots who has read.'),
      deliveryReceipts: none('Telegram does not tell bots what arrived.'),
      location: full,
      contacts: full,
      poll: partial(setup.webhook ? 'Polls, but with webhooks no votes.' : 'Polls of everybody; votes and the end only of the bridge’s own.'),
      groups: groupOnly(full),
      members: groupOnly(partial('Who comes and goes where the bot is an administrator, else as far as the chat shows it; no list of all members.')),
      profiles: full,
      history: none('The Bot API hands over no messages of the past.'),
      impersonation: full,
    },
    media: {
      image: media(['image/jpeg', 'image/png', 'image/webp', 'image/gif'], 10 * MB),
      video: media(['video/mp4']),
      audio: media(['audio/mpeg', 'audio/mp4']),
      voice: media(['audio/ogg', 'audio/mpeg', 'audio/mp4']),
      file: media(['*']),
      // Documented for still ones in sticker sets.
      sticker: media(['image/webp'], 512_000, 0),
    },
    reach: {
      contacts: none('Bots have no contacts: people write to them first.'),
      conversations: none('The Bot API lists no chats.'),
      search: none('Bots cannot search for people or chats.'),
      resolve: partial('People and chats that know the bot, by number; open groups and channels by @name.'),
      createDirect: partial('Only with somebody who has written to the bot.'),
      createGroup: none('Bots cannot make groups: make one in Telegram and add the bot to it.'),
      invite: partial('By a link, where the bot is an administrator who may invite.'),
      kick: partial('Where the bot is an administrator who may restrict members.'),
      leave: full,
      setTitle: partial('Where the bot is an administrator who may change the group.'),
    },
    maxReactions: 1,
  };
}

/** Whether Telegram shows a picture of this size as one. */
export function isPhoto(size: { readonly width?: number; readonly height?: number }): boolean {
  const { width, height } = size;
  if (width === undefined || height === undefined || width < 1 || height < 1) return true;
  return width + height <= PHOTO.edges && Math.max(width, height) / Math.min(width, height) <= PHOTO.ratio;
}

/**
 * core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this: 30 messages a second, one a second in a chat with
 * short bursts, and 20 a minute in a group: a burst and what is refilled in a minute make no more than that.
 */
export const RATES = {
  bot: { perSecond: 30, burst: 30 },
  direct: { perSecond: 1, burst: 5 },
  group: { perSecond: 0.25, burst: 5 },
};
