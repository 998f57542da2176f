import type { ConversationRef, NetworkItem } from '../../../model/events.ts';
import type { Millis } from '../../../model/ids.ts';
import { iamcalNames } from '../../../text/emoji-names.ts';
import { at, defined, flag, isFields, str, type Fields } from '../../shared/json.ts';
import { messageId, millisOf, personOf, pictureOf } from '../ids.ts';
import { conversationOf, digest, isOurs, person, unsupported, type Context } from './context.ts';
import { decodeMessage, unmarked } from './message.ts';

type Decode = (context: Context, event: Fields) => readonly NetworkItem[];

/** One event of the Events API (docs.slack.dev/reference/events); never nothing. */
export function decodeEvent(context: Context, event: Fields): readonly NetworkItem[] {
  const type = str(event, 'type') ?? 'unknown';
  const decode = Object.hasOwn(EVENTS, type) ? EVENTS[type] : undefined;
  if (decode !== undefined) return decode(context, event);
  if (Object.hasOwn(BOOKKEEPING, type)) return [unsupported(context, { what: type, reason: BOOKKEEPING[type] ?? '', item: event, quiet: true })];
  return [unsupported(context, { what: type, reason: `Slack sent an event of the kind "${type.slice(0, 60)}", which has no place in a room.`, item: event, detail: namesOfKeys(event) })];
}

export function isKnownEvent(type: string): boolean {
  return Object.hasOwn(EVENTS, type) || Object.hasOwn(BOOKKEEPING, type);
}

/** Of an event nobody has seen yet only the names of its keys are told: it might hold what people wrote. */
function namesOfKeys(event: Fields): Record<string, string> {
  return { keys: Object.keys(event).slice(0, 20).join(', ').slice(0, 300) };
}

const EVENTS: Readonly<Record<string, Decode>> = {
  message: decodeMessage,
  // Comes beside the event `message` where that is asked for too: the same key has it count once.
  app_mention: (context, event) => decodeMessage(context, { ...event, type: 'message' }),
  reaction_added: reaction,
  reaction_removed: reaction,
  pin_added: pin,
  pin_removed: pin,
  member_joined_channel: (context, event) => [member(context, event, 'join')],
  member_left_channel: (context, event) => [member(context, event, 'leave')],
  channel_joined: ownMembership,
  group_joined: ownMembership,
  mpim_joined: ownMembership,
  channel_left: left,
  group_left: left,
  channel_rename: renamed,
  group_rename: renamed,
  channel_archive: (context, event) => [gone(context, event, 'The channel was archived.')],
  group_archive: (context, event) => [gone(context, event, 'The channel was archived.')],
  channel_deleted: (context, event) => [gone(context, event, 'The channel was deleted.')],
  group_deleted: (context, event) => [gone(context, event, 'The channel was deleted.')],
  channel_id_changed: replaced,
  channel_unarchive: (context, event) => [said(context, event, 'channel_unarchive', 'The channel is no longer archived.')],
  group_unarchive: (context, event) => [said(context, event, 'channel_unarchive', 'The channel is no longer archived.')],
  channel_shared: (context, event) => [said(context, event, 'channel_shared', 'The channel is shared with another organization: its people can read it too.')],
  channel_unshared: (context, event) => [said(context, event, 'channel_unshared', 'The channel is no longer shared with another organization.')],
  user_change: profile,
  user_profile_changed: profile,
  user_status_changed: profile,
  team_join: profile,
  bot_changed: bot,
  bot_added: bot,
  user_typing: typing,
  app_uninstalled: (context, event) => [toAdmins(context, event, 'app_uninstalled', 'The app was removed from the workspace: install it again and put the new tokens into the config.')],
  tokens_revoked: revoked,
  app_rate_limited: (context, event) => [toAdmins(context, event, 'app_rate_limited', 'Slack held events back: the app had more than 30,000 in an hour. What was said meanwhile is missing until it is caught up with.')],
  team_access_revoked: (context, event) => [toAdmins(context, event, 'team_access_revoked', 'The app may no longer see a workspace of its organization.')],
  scope_denied: (context, event) => [toAdmins(context, event, 'scope_denied', 'Somebody denied the app a scope that it asked for.')],
};

/** Known, and nothing that anybody in a room would want to be told. */
const BOOKKEEPING: Readonly<Record<string, string>> = {
  star_added: 'Stars are private.',
  star_removed: 'Stars are private.',
  presence_change: 'Who is there is not bridged.',
  manual_presence_change: 'Who is there is not bridged.',
  dnd_updated: 'Who wants to be left alone is not bridged.',
  dnd_updated_user: 'Who wants to be left alone is not bridged.',
  user_huddle_changed: 'Huddles can only be joined in Slack.',
  channel_created: 'A channel that nobody has invited the account to.',
  channel_history_changed: 'Slack has removed old messages.',
  group_history_changed: 'Slack has removed old messages.',
  im_history_changed: 'Slack has removed old messages.',
  channel_marked: 'Only the account itself has read something.',
  group_marked: 'Only the account itself has read something.',
  im_marked: 'Only the account itself has read something.',
  mpim_marked: 'Only the account itself has read something.',
  im_created: 'A direct chat in which nothing is said yet.',
  im_open: 'A direct chat was shown.',
  im_close: 'A direct chat was hidden.',
  group_open: 'A private channel was shown.',
  group_close: 'A private channel was hidden.',
  mpim_open: 'A group chat was shown.',
  mpim_close: 'A group chat was hidden.',
  emoji_changed: 'The workspace has another set of emoji.',
  file_created: 'A file comes with the message that shares it.',
  file_shared: 'A file comes with the message that shares it.',
  file_change: 'A file comes with the message that shares it.',
  file_public: 'A file comes with the message that shares it.',
  file_deleted: 'The message that shared the file says that it is gone.',
  file_unshared: 'The message that shared the file says that it is gone.',
  file_comment_added: 'Comments on files are threads now.',
  file_comment_edited: 'Comments on files are threads now.',
  file_comment_deleted: 'Comments on files are threads now.',
  link_shared: 'The link comes with its message.',
  message_metadata_posted: 'Comes beside the message.',
  message_metadata_updated: 'Comes beside the message.',
  message_metadata_deleted: 'Comes beside the message.',
  app_home_opened: 'Somebody looked at the page of the app.',
  assistant_thread_started: 'Somebody opened the assistant’s page of the app.',
  assistant_thread_context_changed: 'Somebody opened the assistant’s page of the app.',
  subteam_created: 'The groups of the workspace have changed.',
  subteam_updated: 'The groups of the workspace have changed.',
  subteam_members_changed: 'The groups of the workspace have changed.',
  subteam_self_added: 'The groups of the workspace have changed.',
  subteam_self_removed: 'The groups of the workspace have changed.',
  team_rename: 'The workspace has another name.',
  team_domain_change: 'The workspace has another address.',
  email_domain_changed: 'The workspace has another address for e-mail.',
  pref_change: 'A setting of the account changed.',
  commands_changed: 'The commands of the workspace have changed.',
  accounts_changed: 'The list of accounts changed.',
  app_installed: 'An app was installed.',
  app_requested: 'Somebody asked for an app.',
  app_uninstalled_team: 'An app was removed from a workspace.',
  app_deleted: 'An app was deleted.',
  call_rejected: 'A call was turned down.',
  invite_requested: 'Somebody asked to be invited to the workspace.',
  shared_channel_invite_received: 'Another organization offers to share a channel; that is answered in Slack.',
  shared_channel_invite_accepted: 'Another organization shares a channel now.',
  shared_channel_invite_approved: 'Another organization shares a channel now.',
  shared_channel_invite_declined: 'Another organization shares no channel.',
  shared_channel_invite_requested: 'Somebody asked to share a channel.',
  grid_migration_started: 'The workspace is moved into an organization.',
  grid_migration_finished: 'The workspace was moved into an organization.',
  team_access_granted: 'The app may see one more workspace.',
  resources_added: 'The app was let into a conversation.',
  resources_removed: 'The app was put out of a conversation.',
  workflow_published: 'A workflow changed.',
  workflow_unpublished: 'A workflow changed.',
  workflow_deleted: 'A workflow changed.',
  workflow_step_execute: 'A workflow wants something done.',
  workflow_step_deleted: 'A workflow changed.',
  user_connection: 'Somebody linked their account with an app.',
  goodbye: 'Slack is about to close the connection.',
  team_pref_change: 'A setting of the workspace changed.',
  team_plan_change: 'The plan of the workspace changed.',
  team_profile_change: 'The fields of profiles in the workspace changed.',
  team_profile_delete: 'The fields of profiles in the workspace changed.',
  team_profile_reorder: 'The fields of profiles in the workspace changed.',
  team_migration_started: 'The workspace is being moved between servers.',
  external_org_migration_started: 'Another organization is being moved.',
  external_org_migration_finished: 'Another organization was moved.',
  function_executed: 'A workflow wants something done.',
  desktop_notification: 'Told beside the message itself.',
  scope_granted: 'The app was given a scope that it asked for.',
  user_resource_granted: 'Somebody let the app see something of theirs.',
  user_resource_removed: 'Somebody no longer lets the app see something of theirs.',
  user_resource_denied: 'Somebody does not let the app see something of theirs.',
  entity_details_requested: 'Somebody wants to see more of a link.',
};

/** `item: {type: message, channel, ts}`; `reaction` is a name without colons. A person may have several on one message. */
function reaction(context: Context, event: Fields): readonly NetworkItem[] {
  const type = str(event, 'type') ?? '';
  const channel = str(event, 'item', 'channel');
  const ts = str(event, 'item', 'ts');
  const name = str(event, 'reaction');
  if (channel === undefined || ts === undefined || name === undefined) return [unsupported(context, { what: type, reason: 'A reaction to something that is no message.', item: event, quiet: true })];
  const user = str(event, 'user') ?? 'unknown';
  if (context.isBot && user === context.self) return [unsupported(context, { what: type, reason: 'It is the echo of a reaction that the bridge made.', item: event, quiet: true })];
  const emoji = emojiOf(name);
  const added = type === 'reaction_added';
  return [{
    key: `${type}:${channel}:${ts}:${user}:${name}:${str(event, 'event_ts') ?? context.eventId ?? ''}`,
    event: defined({
      type: 'reaction' as const, target: messageId(channel, ts), sender: person(context, user), emoji: added ? emoji : null,
      removed: added ? undefined : emoji, exclusive: false, conversation: conversationOf(context, channel, undefined), time: timeOf(context, event),
    }),
  }];
}

/** A custom emoji is shown by its name. */
export function emojiOf(name: string): string {
  return iamcalNames.emoji(name) ?? `:${name}:`;
}

function pin(context: Context, event: Fields): readonly NetworkItem[] {
  const type = str(event, 'type') ?? '';
  const channel = str(event, 'channel_id') ?? str(event, 'item', 'channel') ?? str(event, 'channel');
  const ts = str(event, 'item', 'message', 'ts') ?? str(event, 'item', 'ts');
  if (channel === undefined || ts === undefined) return [unsupported(context, { what: type, reason: 'What was pinned is no message.', item: event, quiet: true })];
  const user = str(event, 'user') ?? 'unknown';
  if (context.isBot && user === context.self) return [unsupported(context, { what: type, reason: 'It is the echo of a pin that the bridge set.', item: event, quiet: true })];
  return [{
    key: `${type}:${channel}:${ts}:${str(event, 'event_ts') ?? context.eventId ?? ''}`,
    event: {
      type: 'pin', target: messageId(channel, ts), pinned: type === 'pin_added', sender: person(context, user),
      conversation: conversationOf(context, channel, undefined), time: timeOf(context, event),
    },
  }];
}

/** `channel_type` is one letter here: C, G. */
function member(context: Context, event: Fields, change: 'join' | 'leave'): NetworkItem {
  const channel = str(event, 'channel') ?? 'unknown';
  const user = str(event, 'user') ?? 'unknown';
  const by = str(event, 'inviter');
  return {
    key: `member:${channel}:${user}:${change}:${str(event, 'event_ts') ?? context.eventId ?? ''}`,
    event: defined({
      type: 'member' as const, person: person(context, user), change, conversation: conversationOf(context, channel, undefined), time: timeOf(context, event),
      by: by === undefined || by === user ? undefined : person(context, by),
    }),
  };
}

/** The account itself came in; the event holds the whole channel. */
function ownMembership(context: Context, event: Fields): readonly NetworkItem[] {
  const channel = str(event, 'channel', 'id') ?? str(event, 'channel') ?? 'unknown';
  const self = { id: context.self ?? 'self', scope: context.scope, isSelf: true };
  return [{
    key: `member:${channel}:self:join:${str(event, 'event_ts') ?? context.eventId ?? digest(event)}`,
    event: { type: 'member', person: self, change: 'join', conversation: facts(context, channel, at(event, 'channel')), time: timeOf(context, event) },
  }];
}

function left(context: Context, event: Fields): readonly NetworkItem[] {
  return [gone(context, event, 'The account is no longer a member of the channel.')];
}

function renamed(context: Context, event: Fields): readonly NetworkItem[] {
  const channel = channelIn(event);
  const title = str(event, 'channel', 'name');
  if (title === undefined) return [unsupported(context, { what: 'channel_rename', reason: 'Slack does not say the new name.', item: event, quiet: true })];
  return [{
    key: `changed:${channel}:${str(event, 'event_ts') ?? context.eventId ?? ''}:${digest(title)}`,
    event: { type: 'conversation.changed', conversation: { ...conversationOf(context, channel, undefined), title }, time: timeOf(context, event) },
  }];
}

function replaced(context: Context, event: Fields): readonly NetworkItem[] {
  const from = str(event, 'old_channel_id') ?? 'unknown';
  const into = str(event, 'new_channel_id') ?? 'unknown';
  return [{
    key: `replaced:${from}:${into}`,
    event: { type: 'conversation.replaced', conversation: conversationOf(context, from, undefined), into: conversationOf(context, into, undefined), time: timeOf(context, event) },
  }];
}

function gone(context: Context, event: Fields, reason: string): NetworkItem {
  const channel = channelIn(event);
  return {
    key: `gone:${channel}:${str(event, 'event_ts') ?? context.eventId ?? ''}`,
    event: { type: 'conversation.gone', conversation: conversationOf(context, channel, undefined), time: timeOf(context, event), reason },
  };
}

function said(context: Context, event: Fields, what: string, reason: string): NetworkItem {
  return unsupported(context, { what, reason, item: event, conversation: conversationOf(context, channelIn(event), undefined), time: timeOf(context, event) });
}

function toAdmins(context: Context, event: Fields, what: string, reason: string): NetworkItem {
  return unsupported(context, { what, reason, item: event });
}

/** `tokens: {oauth: [U…], bot: [U…]}` */
function revoked(context: Context, event: Fields): readonly NetworkItem[] {
  const users = [...ids(at(event, 'tokens', 'oauth')), ...ids(at(event, 'tokens', 'bot'))];
  const whose = users.length === 0 ? '' : ` They were those of ${users.join(', ')}.`;
  return [toAdmins(context, event, 'tokens_revoked', `Tokens of the app were withdrawn.${whose} Install the app again and put the new tokens into the config.`)];
}

function ids(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string').slice(0, 20) : [];
}

function channelIn(event: Fields): string {
  const channel = at(event, 'channel');
  return (isFields(channel) ? str(channel, 'id') : str(event, 'channel')) ?? str(event, 'channel_id') ?? 'unknown';
}

function timeOf(context: Context, event: Fields): Millis {
  return millisOf(at(event, 'event_ts')) ?? context.time;
}

/** A conversation object (conversations.info, channel_joined) as the core wants it. */
export function facts(context: Context, channel: string, value: unknown): ConversationRef {
  const type = flag(value, 'is_im') ? 'im' : flag(value, 'is_mpim') ? 'mpim' : flag(value, 'is_group') || flag(value, 'is_channel') ? 'channel' : undefined;
  const ref = conversationOf(context, channel, type, flag(value, 'is_im') ? str(value, 'user') : undefined);
  if (ref.kind === 'direct') return ref;
  const topic = str(value, 'topic', 'value') ?? str(value, 'purpose', 'value');
  // The name of a group chat is a list of names made by Slack; the people in it say more.
  return defined({ ...ref, title: ref.kind === 'group' ? undefined : str(value, 'name'), topic: topic === undefined ? (isFields(value) ? '' : undefined) : unmarked(topic) });
}

/** `user` is the whole person; in the older user_profile_changed too. */
function profile(context: Context, event: Fields): readonly NetworkItem[] {
  const user = at(event, 'user');
  const id = isFields(user) ? str(user, 'id') : str(event, 'user');
  if (id === undefined || !isFields(user)) return [unsupported(context, { what: str(event, 'type') ?? 'profile', reason: 'Slack does not say whose profile changed.', item: event, quiet: true })];
  const who = personOf(user, context.scope, id);
  const avatar = who.avatar === undefined ? null : who.avatar;
  return [{
    key: `profile:${context.scope}:${id}:${str(user, 'updated') ?? str(event, 'event_ts') ?? ''}:${digest([who.name, avatar?.id])}`,
    event: { type: 'profile', person: { ...who, avatar, ...(id === context.self ? { isSelf: true } : {}) }, time: timeOf(context, event) },
  }];
}

function bot(context: Context, event: Fields): readonly NetworkItem[] {
  const value = at(event, 'bot');
  const id = str(value, 'id');
  if (id === undefined) return [unsupported(context, { what: str(event, 'type') ?? 'bot', reason: 'Slack does not say which bot changed.', item: event, quiet: true })];
  const avatar = pictureOf(at(value, 'icons'));
  const who = defined({ id, scope: context.scope, name: str(value, 'name'), avatar, isBot: true as const, isSelf: isOurs(context, { bot_id: id }) ? true : undefined });
  return [{ key: `profile:${context.scope}:${id}:${digest([who.name, avatar?.id])}`, event: { type: 'profile', person: who, time: timeOf(context, event) } }];
}

/** Only the old Real Time API tells it; who has it sees it. */
function typing(context: Context, event: Fields): readonly NetworkItem[] {
  const channel = channelIn(event);
  const user = str(event, 'user') ?? 'unknown';
  return [{
    key: `typing:${channel}:${user}:${str(event, 'event_ts') ?? context.eventId ?? digest(event)}`,
    event: { type: 'typing', sender: person(context, user), active: true, conversation: conversationOf(context, channel, undefined, user), time: timeOf(context, event) },
  }];
}
