import type { Channel, Message, StoredFile, User, World } from './state.ts';

type Json = Record<string, unknown>;

/** Objects as Slack's API shows them (docs.slack.dev/reference/objects). */
export function userView(world: World, user: User): Json {
  const picture = user.avatar === null ? {} : { image_original: world.avatarUrl(user), avatar_hash: user.avatar };
  return {
    id: user.id, team_id: user.teamId, name: user.name, deleted: user.deleted, real_name: user.realName, tz: 'Europe/Amsterdam', is_bot: user.isBot, is_app_user: false, updated: user.updated,
    ...(user.teamId === world.teamId ? {} : { is_stranger: true }),
    profile: {
      real_name: user.realName, real_name_normalized: user.realName, display_name: user.displayName, display_name_normalized: user.displayName, status_text: '', status_emoji: '', team: user.teamId,
      ...picture, image_24: world.avatarUrl(user), image_48: world.avatarUrl(user), image_72: world.avatarUrl(user), image_192: world.avatarUrl(user), image_512: world.avatarUrl(user),
      ...(user.botId === undefined ? {} : { bot_id: user.botId, api_app_id: user.appId }),
    },
  };
}

/** Shown to nobody, and found by whoever may ask for it. */
export function emailOf(user: User): string {
  return `${user.name}@sandbox.example`;
}

export function botView(world: World, user: User): Json {
  return { id: user.botId, deleted: user.deleted, name: user.realName, updated: user.updated, app_id: user.appId, user_id: user.id, icons: { image_36: world.avatarUrl(user), image_48: world.avatarUrl(user), image_72: world.avatarUrl(user) } };
}

export function channelView(world: World, channel: Channel, viewer: string): Json {
  if (channel.kind === 'im') {
    const other = [...channel.members].find((member) => member !== viewer) ?? viewer;
    return { id: channel.id, created: channel.created, is_im: true, is_org_shared: false, user: other, is_user_deleted: world.users.get(other)?.deleted ?? false, priority: 0, is_archived: false };
  }
  return {
    id: channel.id, name: channel.name, name_normalized: channel.name, created: channel.created, creator: channel.creator, context_team_id: world.teamId, is_archived: channel.isArchived, is_general: channel.name === 'general',
    is_channel: channel.kind === 'channel', is_group: channel.kind === 'group', is_mpim: channel.kind === 'mpim', is_im: false, is_private: channel.kind !== 'channel', is_member: channel.members.has(viewer),
    is_ext_shared: channel.isShared, is_shared: channel.isShared, num_members: channel.members.size,
    topic: { value: channel.topic, creator: '', last_set: 0 }, purpose: { value: channel.purpose, creator: '', last_set: 0 },
  };
}

export function fileView(world: World, file: StoredFile): Json {
  if (file.deleted) return { id: file.id, mode: 'tombstone' };
  const path = `${world.origin}/files-pri/${world.teamId}-${file.id}`;
  const kinds = [...file.shares].map(([channel, all]) => [channel, world.channels.get(channel)?.kind === 'channel' ? 'public' : 'private', all.map((ts) => ({ ts }))] as const);
  return {
    id: file.id, created: file.created, timestamp: file.created, name: file.name, title: file.title, mimetype: file.mime, filetype: file.name.split('.').at(-1) ?? 'binary', pretty_type: 'File', user: file.user, user_team: world.teamId,
    editable: false, size: file.bytes?.length ?? file.declared, mode: 'hosted', is_external: false, external_type: '', is_public: kinds.some(([, kind]) => kind === 'public'), public_url_shared: false, display_as_bot: false, username: '',
    url_private: `${path}/${encodeURIComponent(file.name)}`, url_private_download: `${path}/download/${encodeURIComponent(file.name)}`, permalink: `${world.origin}/files/${file.user}/${file.id}/${encodeURIComponent(file.name)}`,
    ...(file.subtype === undefined ? {} : { subtype: file.subtype }),
    shares: {
      ...(kinds.some(([, kind]) => kind === 'public') ? { public: Object.fromEntries(kinds.filter(([, kind]) => kind === 'public').map(([channel, , all]) => [channel, all])) } : {}),
      ...(kinds.some(([, kind]) => kind === 'private') ? { private: Object.fromEntries(kinds.filter(([, kind]) => kind === 'private').map(([channel, , all]) => [channel, all])) } : {}),
    },
  };
}

/** `history`: as conversations.history has it, with what hangs on the message; else as an event has it. */
export function messageView(world: World, message: Message, given: { readonly history?: boolean; readonly metadata?: boolean } = {}): Json {
  const bot = message.botId === undefined ? undefined : [...world.users.values()].find(({ botId }) => botId === message.botId);
  const files = message.files?.flatMap((id) => {
    const file = world.files.get(id);
    if (file === undefined) return [];
    return [file.guarded === true && given.history !== true ? { id: file.id, created: file.created, timestamp: file.created, mode: 'hosted', user: file.user, file_access: 'check_file_info' } : fileView(world, file)];
  });
  const view: Json = {
    type: 'message', ts: message.ts, text: message.text, team: world.teamId,
    ...(message.subtype === undefined ? {} : { subtype: message.subtype }),
    ...(message.user === undefined ? {} : { user: message.user }),
    ...(message.botId === undefined ? {} : { bot_id: message.botId, app_id: message.appId }),
    ...(bot === undefined || message.username !== undefined ? {} : { bot_profile: { ...botView(world, bot), team_id: world.teamId } }),
    ...(message.username === undefined ? {} : { username: message.username }),
    ...(message.iconUrl === undefined ? {} : { icons: { image_36: message.iconUrl, image_48: message.iconUrl, image_72: message.iconUrl } }),
    ...(message.iconEmoji === undefined ? {} : { icons: { emoji: message.iconEmoji } }),
    ...(message.clientMsgId === undefined ? {} : { client_msg_id: message.clientMsgId }),
    ...(message.blocks === undefined ? {} : { blocks: message.blocks }),
    ...(message.attachments === undefined ? {} : { attachments: message.attachments }),
    ...(files === undefined ? {} : { files, upload: true, display_as_bot: false }),
    ...(message.edited === undefined ? {} : { edited: message.edited }),
    ...(message.metadata === undefined || given.metadata !== true ? {} : { metadata: message.metadata }),
    ...message.extra,
  };
  return { ...view, ...threadView(world, message), ...(given.history === true ? hangingOn(message) : {}) };
}

function threadView(world: World, message: Message): Json {
  if (message.threadTs !== undefined) {
    const root = world.message(message.channel, message.threadTs);
    return { thread_ts: message.threadTs, ...(root?.user === undefined ? {} : { parent_user_id: root.user }), ...(message.subtype === 'thread_broadcast' && root !== undefined ? { root: messageView(world, root) } : {}) };
  }
  const replies = world.replies(message);
  const last = replies.at(-1);
  if (last === undefined) return {};
  const users = [...new Set(replies.flatMap(({ user, botId }) => user ?? botId ?? []))];
  return { thread_ts: message.ts, reply_count: replies.length, reply_users_count: users.length, latest_reply: last.ts, reply_users: users.slice(0, 5), is_locked: false, subscribed: false };
}

function hangingOn(message: Message): Json {
  if (message.reactions.size === 0) return {};
  return { reactions: [...message.reactions].map(([name, users]) => ({ name, users, count: users.length })) };
}
