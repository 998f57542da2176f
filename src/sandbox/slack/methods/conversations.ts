import { SlackError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { Channel, World } from '../state.ts';
import { nowSeconds } from '../state.ts';
import { channelView, messageView } from '../views.ts';
import { channelFor, count, flag, maybe, messageFor, page, text, type Call, type Method } from '../web-api.ts';

const READ = ['channels:read', 'groups:read', 'im:read', 'mpim:read'];
const HISTORY = ['channels:history', 'groups:history', 'im:history', 'mpim:history'];
const KINDS: Readonly<Record<string, Channel['kind']>> = { public_channel: 'channel', private_channel: 'group', mpim: 'mpim', im: 'im' };

/** The direct chat of two, made where there is none yet. */
export function directChat(world: World, one: string, other: string): Channel {
  const found = [...world.channels.values()].find((channel) => channel.kind === 'im' && channel.members.has(one) && channel.members.has(other) && (one !== other || channel.members.size === 1));
  if (found !== undefined) return found;
  const id = world.id('D');
  const made: Channel = { id, name: '', kind: 'im', members: new Set([one, other]), creator: one, created: nowSeconds(), topic: '', purpose: '', isArchived: false, isShared: false, pins: [] };
  world.channels.set(id, made);
  world.feed.emit({ kind: 'channels' });
  return made;
}

/** @throws SlackError user_not_found, cannot_dm_bot */
export function openDirect({ world, user }: Call, other: string): Channel {
  const found = world.users.get(other);
  if (found === undefined || found.deleted) throw new SlackError('user_not_found');
  if (user.isBot && found.isBot) throw new SlackError('cannot_dm_bot');
  return directChat(world, user.id, other);
}

/** The direct message of these people and the caller, made where there is none yet. */
function openSeveral({ world, user }: Call, users: readonly string[]): Channel {
  const people = [...new Set([user.id, ...users])];
  for (const id of people) if (world.users.get(id)?.deleted !== false) throw new SlackError('user_not_found');
  const found = [...world.channels.values()].find(({ kind, members }) => kind === 'mpim' && members.size === people.length && people.every((id) => members.has(id)));
  if (found !== undefined) return found;
  const names = people.map((id) => world.users.get(id)?.name ?? id);
  const made: Channel = {
    id: world.id('C'), name: `mpdm-${names.join('--')}-1`, kind: 'mpim', members: new Set(people), creator: user.id, created: nowSeconds(), topic: '', purpose: `Group messaging with: ${names.map((name) => `@${name}`).join(' ')}`,
    isArchived: false, isShared: false, pins: [],
  };
  world.channels.set(made.id, made);
  world.feed.emit({ kind: 'channels' });
  return made;
}

/** conversations.* and users.conversations (docs.slack.dev/reference/methods/conversations.history and its neighbours). */
export function conversationMethods(events: Events): Readonly<Record<string, Method>> {
  return {
    'conversations.info': {
      scopes: READ, tier: 3, takes: ['channel', 'include_num_members', 'include_locale'],
      run: (call) => ({ channel: channelView(call.world, channelFor(call, text(call.args, 'channel'), false), call.user.id) }),
    },
    'conversations.list': {
      scopes: READ, tier: 2, takes: ['types', 'exclude_archived', 'limit', 'cursor', 'team_id'],
      run: (call) => listed(call, (channel) => channel.kind === 'channel' || channel.members.has(call.user.id)),
    },
    'users.conversations': {
      scopes: READ, tier: 3, takes: ['types', 'exclude_archived', 'limit', 'cursor', 'user', 'team_id'],
      run: (call) => listed(call, (channel) => channel.members.has(call.user.id)),
    },
    'conversations.members': {
      scopes: READ, tier: 4, takes: ['channel', 'limit', 'cursor'],
      run: (call) => {
        const { items, next } = page(call.args, [...channelFor(call, text(call.args, 'channel'), false).members], 100, 1000);
        return { members: items, response_metadata: { next_cursor: next } };
      },
    },
    'conversations.history': {
      scopes: HISTORY, tier: 3, takes: ['channel', 'limit', 'cursor', 'oldest', 'latest', 'inclusive', 'include_all_metadata'],
      run: (call) => {
        const { world, args } = call;
        const channel = channelFor(call, text(args, 'channel'));
        const all = world.of(channel.id).filter((message) => message.threadTs === undefined || message.subtype === 'thread_broadcast').filter(within(call)).reverse();
        const { items, next } = page(args, all, 100, 999);
        return { messages: items.map((message) => messageView(world, message, { history: true, metadata: flag(args, 'include_all_metadata') })), has_more: next !== '', pin_count: channel.pins.length, response_metadata: { next_cursor: next } };
      },
    },
    'conversations.replies': {
      scopes: HISTORY, tier: 3, takes: ['channel', 'ts', 'limit', 'cursor', 'oldest', 'latest', 'inclusive', 'include_all_metadata'],
      run: (call) => {
        const { world, args } = call;
        const channel = channelFor(call, text(args, 'channel'));
        const named = messageFor(call, channel.id, text(args, 'ts'), 'thread_not_found');
        const root = named.threadTs === undefined ? named : messageFor(call, channel.id, named.threadTs, 'thread_not_found');
        const { items, next } = page(args, [root, ...world.replies(root).filter(within(call))], 1000, 1000);
        return { messages: items.map((message) => messageView(world, message, { history: true, metadata: flag(args, 'include_all_metadata') })), has_more: next !== '', response_metadata: { next_cursor: next } };
      },
    },
    'conversations.open': {
      scopes: ['im:write', 'mpim:write'], tier: 3, takes: ['users', 'channel', 'return_im', 'prevent_creation'],
      run: (call) => {
        const users = [...new Set(text(call.args, 'users').split(','))];
        if (users.length > 8) throw new SlackError('too_many_users');
        const channel = users.length > 1 ? openSeveral(call, users) : openDirect(call, users[0] ?? '');
        return { channel: flag(call.args, 'return_im') ? channelView(call.world, channel, call.user.id) : { id: channel.id } };
      },
    },
    'conversations.mark': {
      scopes: ['channels:write', 'groups:write', 'im:write', 'mpim:write', 'channels:manage'], tier: 3, takes: ['channel', 'ts'],
      run: (call) => {
        const channel = channelFor(call, text(call.args, 'channel'));
        text(call.args, 'ts');
        call.world.feed.emit({ kind: 'channels' });
        call.world.reads.set(`${channel.id} ${call.user.id}`, text(call.args, 'ts'));
        return {};
      },
    },
    'conversations.join': {
      scopes: ['channels:join', 'channels:write'], tier: 3, takes: ['channel'],
      run: (call) => {
        const channel = channelFor(call, text(call.args, 'channel'), false);
        if (channel.isArchived) throw new SlackError('is_archived');
        if (!channel.members.has(call.user.id)) {
          channel.members.add(call.user.id);
          events.joined(channel, call.user.id);
        }
        return { channel: channelView(call.world, channel, call.user.id) };
      },
    },
  };
}

function listed({ world, user, args }: Call, filter: (channel: Channel) => boolean): Record<string, unknown> {
  const types = (maybe(args, 'types') ?? 'public_channel').split(',').map((type) => KINDS[type.trim()]);
  if (types.includes(undefined)) throw new SlackError('invalid_types');
  const all = [...world.channels.values()].filter((channel) => types.includes(channel.kind) && filter(channel) && !(flag(args, 'exclude_archived') && channel.isArchived));
  const { items, next } = page(args, all, 100, 1000);
  return { channels: items.map((channel) => channelView(world, channel, user.id)), response_metadata: { next_cursor: next } };
}

function within({ args }: Call): (message: { readonly ts: string }) => boolean {
  const [oldest, latest] = [Number(maybe(args, 'oldest') ?? 0), Number(maybe(args, 'latest') ?? Number.POSITIVE_INFINITY)];
  if (Number.isNaN(oldest)) throw new SlackError('invalid_ts_oldest');
  if (Number.isNaN(latest)) throw new SlackError('invalid_ts_latest');
  count(args, 'limit', 100, 1000);
  return ({ ts }) => (flag(args, 'inclusive') ? Number(ts) >= oldest && Number(ts) <= latest : Number(ts) > oldest && Number(ts) < latest);
}

