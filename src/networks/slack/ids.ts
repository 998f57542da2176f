import type { ConversationRef, PersonRef } from '../../model/events.ts';
import type { Millis, RemoteId } from '../../model/ids.ts';
import { defined, num, str } from '../shared/json.ts';

/** `1610144875.000600`: names a message within its conversation, and says when it was written. */
export const TS = /^\d{6,12}\.\d{1,9}$/;

export function isUser(id: string): boolean {
  return /^[UW][A-Z0-9]{2,}$/.test(id);
}

export function isChannel(id: string): boolean {
  return /^[CDG][A-Z0-9]{2,}$/.test(id);
}

/** A message's `ts` is unique within its conversation only, so the conversation is part of the id. */
export function messageId(channel: string, ts: string): RemoteId {
  return `${channel}:${ts}` as RemoteId;
}

/** Undefined for what is no id of ours. */
export function splitMessageId(id: RemoteId): { readonly channel: string; readonly ts: string } | undefined {
  const at = id.indexOf(':');
  const [channel, ts] = [id.slice(0, at), id.slice(at + 1)];
  return at > 0 && TS.test(ts) ? { channel, ts } : undefined;
}

/** Milliseconds of a `ts`, or of bare seconds; undefined for anything else. */
export function millisOf(value: unknown): Millis | undefined {
  const seconds = num({ value }, 'value');
  if (seconds === undefined || seconds <= 0 || seconds > 1e11) return undefined;
  return Math.round(seconds * 1000);
}

/** As `ts` are written. */
export function tsOf(time: Millis): string {
  return (Math.max(0, time) / 1000).toFixed(6);
}

/** What the bridge calls an account: an installation is one user in one workspace. */
export function accountId(team: string, user: string): string {
  return `${team}/${user}`;
}

/**
 * A direct chat is called after the other person where an event names them, so that it is the one that `open` made; its own
 * id (`D…`) means the same. What the account itself says there names nobody.
 */
export function directChat(channel: string, other: string | undefined, scope: string): ConversationRef {
  if (other === undefined) return { id: channel, scope, kind: 'direct', perAccount: true };
  return { id: other, scope, kind: 'direct', perAccount: true, aliases: [channel] };
}

/** `channel_type` where an event says it; else the first letter of the id tells direct chats from the rest. */
export function sharedChat(channel: string, type: string | undefined, scope: string): ConversationRef {
  const group = type === 'mpim' || (type === undefined && channel.startsWith('G'));
  return { id: channel, scope, kind: group ? 'group' : 'channel', perAccount: false };
}

export function isDirect(channel: string, type: string | undefined): boolean {
  return type === 'im' || type === 'app_home' || channel.startsWith('D');
}

/** A `user` object or its `profile` (users.info, user_change, `user_profile` of a message). */
export function personOf(user: unknown, scope: string, id = str(user, 'id') ?? ''): PersonRef {
  const profile = profileOf(user);
  const name = str(profile, 'display_name') ?? str(profile, 'real_name') ?? str(user, 'real_name') ?? str(user, 'name') ?? str(profile, 'name');
  return defined({
    id, scope, name,
    username: str(user, 'name') ?? str(profile, 'name'),
    avatar: pictureOf(profile),
    isBot: (user as { is_bot?: unknown } | null)?.is_bot === true ? (true as const) : undefined,
  });
}

function profileOf(user: unknown): unknown {
  const profile = (user as { profile?: unknown } | null | undefined)?.profile;
  return typeof profile === 'object' && profile !== null ? profile : user;
}

/** The largest picture of a profile, of a bot's `icons` or of a team; named by its address, which changes with it. */
export function pictureOf(profile: unknown): PersonRef['avatar'] {
  for (const size of ['image_512', 'image_192', 'image_72', 'image_68', 'image_64', 'image_48', 'image_132', 'image_36']) {
    const url = str(profile, size);
    if (url !== undefined && /^https?:\/\//.test(url)) return { id: str(profile, 'avatar_hash') ?? url, handle: JSON.stringify({ url, open: true }) };
  }
  return undefined;
}
