import { isMedia, type Content } from '../../../model/content.ts';
import { Rejected } from '../../../model/errors.ts';
import type { RichText } from '../../../model/richtext.ts';
import { defined, type Fields } from '../../shared/json.ts';
import { isUserId, type RoomFacts } from '../ids.ts';
import { encode } from '../markup.ts';
import { EVERYBODY, type Usernames } from '../markup-write.ts';
import { locationText } from './plan.ts';
import { safeName } from './prefix.ts';

export interface Around {
  readonly usernames: Usernames;
  /** UTF-16 units. */
  readonly maxText: number;
  /** `[ ](address) `, or nothing. */
  readonly jump: string;
  readonly tmid?: string;
  /** Who speaks, where it stands on the message. */
  readonly speaker?: { readonly name: string; readonly avatarUrl?: string } | undefined;
}

/** Fields that every message has, a file's as well. */
export function frameOf({ tmid, speaker }: Around): Fields {
  return defined({ tmid, alias: speaker === undefined ? undefined : safeName(speaker.name), avatar: httpsOnly(speaker?.avatarUrl) });
}

/** The server refuses an avatar that is no whole address, and all of the message with it. */
function httpsOnly(address: string | undefined): string | undefined {
  return address !== undefined && URL.canParse(address) && /^https?:/.test(address) ? address : undefined;
}

/** What is written: `{msg, location?}`. @throws Rejected */
export function textBody(content: Content, around: Around): Fields {
  if (content.kind === 'location') {
    const { latitude, longitude } = content;
    return { msg: written(locationText(content), around), location: { type: 'Point', coordinates: [longitude, latitude] } };
  }
  if (content.kind === 'text') return { msg: written(content.text, around) };
  if (isMedia(content)) throw new Rejected('The file is missing.', 'media_missing');
  throw new Rejected(`Rocket.Chat has nothing like a message of the kind "${content.kind}".`, 'no_such_kind');
}

function written(text: RichText, { usernames, maxText, jump }: Around): string {
  const msg = encode(text, usernames);
  if (msg.trim() === '') throw new Rejected('Rocket.Chat takes no empty message.', 'empty');
  if (msg.length + jump.length > maxText) throw new Rejected(`A message may have ${maxText} characters.`, 'too_long');
  return jump + msg;
}

export function captionOf(content: Content, around: Around): string {
  const caption = isMedia(content) && content.caption !== undefined ? encode(content.caption, around.usernames) : '';
  const whole = around.jump + caption;
  if (whole.length > around.maxText) throw new Rejected(`A caption may have ${around.maxText} characters.`, 'too_long');
  return whole.trim() === '' ? '' : whole;
}

/** The address of a message; the server makes a quote of one at the start of a text. */
export function jumpTo(siteUrl: string, room: RoomFacts | undefined, rid: string, id: string): string {
  const place = room?.type === 'c' ? `channel/${encodeURIComponent(room.name ?? rid)}` : room?.type === 'd' ? `direct/${encodeURIComponent(rid)}` : `group/${encodeURIComponent(room?.name ?? rid)}`;
  return `[ ](${siteUrl}/${place.replace(/[()]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)}?msg=${encodeURIComponent(id)}) `;
}

/** The user name behind an id of somebody; an id of Rocket.Chat says nothing to people. `everybody`: what a mention of the whole room becomes. */
export function usernamesFrom(nameOf: (id: string) => string | undefined, everybody?: 'all' | 'here'): Usernames {
  return (id) => (id === EVERYBODY ? everybody : id.startsWith('@') && !id.includes(':') ? id.slice(1) : isUserId(id) || /^[\w-]+$/.test(id) ? nameOf(id) : undefined);
}
