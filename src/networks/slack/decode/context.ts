import { createHash } from 'node:crypto';
import type { ConversationRef, NetworkItem, PersonRef } from '../../../model/events.ts';
import type { Millis } from '../../../model/ids.ts';
import { at, defined, flag, isFields, list, str, type Fields } from '../../shared/json.ts';
import { accountId, directChat, isDirect, millisOf, personOf, pictureOf, sharedChat } from '../ids.ts';

/** What the connection knows beyond the event itself. Decoding works without any of it. */
export interface Known {
  /** `B…` of our own bot: older events name only that. */
  readonly botId?: string | undefined;
  readonly appId?: string | undefined;
  /** Who a direct chat is with. */
  readonly partner?: (channel: string) => string | undefined;
  readonly channelName?: (channel: string) => string | undefined;
  readonly groupName?: (group: string) => string | undefined;
}

/** What every item of one event has in common. */
export interface Context {
  /** The workspace of the installation: what conversations and people are counted in. */
  readonly scope: string;
  readonly account: string | undefined;
  /** `U…` that the installation speaks as; undefined where the body does not say. */
  readonly self: string | undefined;
  /** The installation is a bot's. */
  readonly isBot: boolean;
  readonly appId: string | undefined;
  readonly eventId: string | undefined;
  readonly time: Millis;
  readonly known: Known;
  /** From the network's past. */
  readonly historical?: true;
}

/**
 * The envelope around an event (docs.slack.dev/apis/events-api, "Callback field"). `authorizations` names one installation
 * that the event is for; `team_id` may be somebody else's workspace where a channel is shared.
 */
export function contextOf(envelope: Fields, known: Known = {}): Context {
  const [authorization] = list(envelope, 'authorizations');
  const scope = str(authorization, 'team_id') ?? str(envelope, 'context_team_id') ?? str(envelope, 'team_id') ?? str(authorization, 'enterprise_id')
    ?? str(envelope, 'team', 'id') ?? str(envelope, 'user', 'team_id') ?? str(envelope, 'event', 'team') ?? str(envelope, 'event', 'message', 'team') ?? '';
  const authed = at(envelope, 'authed_users');
  const self = str(authorization, 'user_id') ?? (Array.isArray(authed) && typeof authed[0] === 'string' ? authed[0] : undefined);
  return {
    scope, self,
    account: str(authorization, 'user_id') === undefined || scope === '' ? undefined : accountId(scope, str(authorization, 'user_id') ?? ''),
    isBot: flag(authorization, 'is_bot'),
    appId: known.appId ?? str(envelope, 'api_app_id'),
    eventId: str(envelope, 'event_id'),
    time: millisOf(at(envelope, 'event', 'event_ts')) ?? millisOf(at(envelope, 'event_time')) ?? 0,
    known,
  };
}

/** Where it was said. `author`: who it is from, which in a direct chat is the other person unless it is the account itself. */
export function conversationOf(context: Context, channel: string, type: string | undefined, author?: string): ConversationRef {
  if (!isDirect(channel, type)) return sharedChat(channel, type, context.scope);
  const other = author !== undefined && author !== context.self && /^[UW]/.test(author) ? author : context.known.partner?.(channel);
  return directChat(channel, other, context.scope);
}

export function person(context: Context, id: string): PersonRef {
  return id === context.self ? { id, scope: context.scope, isSelf: true } : { id, scope: context.scope };
}

/** Who wrote a message. A bot may take a name and a picture for a single message: each name is a person of its own then. */
export function senderOf(context: Context, message: Fields): PersonRef {
  const { scope } = context;
  if (isOurs(context, message)) return { id: context.self ?? str(message, 'user') ?? str(message, 'bot_id') ?? 'self', scope, isSelf: true };
  const user = str(message, 'user');
  const bot = str(message, 'bot_id');
  const username = str(message, 'username');
  const botName = str(message, 'bot_profile', 'name');
  if (user !== undefined && (str(message, 'subtype') !== 'bot_message' || username === undefined)) {
    const profile = at(message, 'user_profile');
    const named = isFields(profile) ? personOf(profile, scope, user) : { id: user, scope };
    return bot === undefined ? named : defined({ ...named, name: botName, avatar: pictureOf(at(message, 'bot_profile', 'icons')), isBot: true as const });
  }
  const id = bot ?? user ?? str(message, 'comment', 'user') ?? 'unknown';
  const own = username !== undefined && username !== botName;
  return defined({
    id: own ? `${id}/${username}` : id, scope,
    name: username ?? botName,
    avatar: pictureOf(at(message, 'icons')) ?? pictureOf(at(message, 'bot_profile', 'icons')),
    isBot: bot === undefined ? undefined : (true as const),
  });
}

/** Sent by this installation, in Slack's own app or through the API. */
export function isOurs(context: Context, message: unknown): boolean {
  const user = str(message, 'user');
  if (user !== undefined && user === context.self) return true;
  const bot = str(message, 'bot_id');
  if (bot !== undefined && bot === context.known.botId) return user === undefined || user === context.self;
  // A message of our app with a user is one that a person's own login sent.
  return context.isBot && user === undefined && bot !== undefined && isOurApp(context, message);
}

export function isOurApp(context: Context, message: unknown): boolean {
  const app = str(message, 'app_id') ?? str(message, 'bot_profile', 'app_id');
  return app !== undefined && app === context.appId;
}

/** Marks what we post with the key of its outbox row. Only our own app's mark counts: any other can write the same. */
export const METADATA_TYPE = 'drawbridge';

export function keyIn(context: Context, message: unknown): string | undefined {
  if (str(message, 'metadata', 'event_type') !== METADATA_TYPE || !(isOurs(context, message) || isOurApp(context, message))) return undefined;
  return str(message, 'metadata', 'event_payload', 'key');
}

/** Names what has no id of its own by its content, so that a second arrival is recognised. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value) ?? '').digest('hex').slice(0, 32);
}

interface Notice {
  readonly what: string;
  readonly reason: string;
  readonly item: unknown;
  readonly conversation?: ConversationRef | undefined;
  readonly sender?: PersonRef | undefined;
  readonly detail?: Readonly<Record<string, string>> | undefined;
  readonly time?: Millis | undefined;
  /** Nobody would want to be told. */
  readonly quiet?: true | undefined;
}

/** Something real without a counterpart. */
export function unsupported(context: Context, notice: Notice): NetworkItem {
  const { what, reason, item, conversation, sender, detail, quiet } = notice;
  const time = notice.time ?? context.time;
  return {
    key: ['unsupported', what, context.scope, context.eventId ?? String(time), digest(item)].join(':'),
    event: defined({ type: 'unsupported' as const, what, reason, time, conversation, sender, detail, quiet }),
  };
}
