import type { Delivery } from '../delivery.ts';
import { SlackError } from '../errors.ts';
import type { Events } from '../events.ts';
import { documented } from '../options.ts';
import { botView, emailOf, messageView, userView } from '../views.ts';
import { channelFor, maybe, messageFor, page, text, type Method } from '../web-api.ts';

/** Who is who, what hangs on messages, and how an app is connected. */
export function otherMethods(events: Events, delivery: Delivery): Readonly<Record<string, Method>> {
  return {
    'auth.test': {
      scopes: [], tier: 'free', takes: [],
      run: ({ world, user, token }) => ({
        url: 'https://sandbox.slack.com/', team: world.options.teamName ?? 'Sandbox', user: user.name, team_id: world.teamId, user_id: user.id, ...(token.kind === 'bot' ? { bot_id: user.botId } : {}), is_enterprise_install: false,
      }),
    },
    'team.info': { scopes: ['team:read'], tier: 3, takes: ['team'], run: ({ world }) => ({ team: { id: world.teamId, name: world.options.teamName ?? 'Sandbox', domain: 'sandbox' } }) },
    'bots.info': {
      scopes: ['users:read'], tier: 3, takes: ['bot', 'team_id'],
      run: ({ world, args }) => {
        const found = [...world.users.values()].find(({ botId }) => botId === text(args, 'bot'));
        if (found === undefined) throw new SlackError('bot_not_found');
        return { bot: botView(world, found) };
      },
    },
    'users.info': {
      scopes: ['users:read'], tier: 4, takes: ['user', 'include_locale'],
      run: ({ world, args }) => {
        const found = world.users.get(text(args, 'user'));
        if (found === undefined) throw new SlackError('user_not_found');
        return { user: userView(world, found) };
      },
    },
    'users.lookupByEmail': {
      scopes: ['users:read.email'], tier: 3, takes: ['email'],
      run: ({ world, args }) => {
        const found = [...world.users.values()].find((user) => !user.isBot && emailOf(user) === text(args, 'email').toLowerCase());
        if (found === undefined || found.deleted) throw new SlackError('users_not_found');
        return { user: userView(world, found) };
      },
    },
    'users.list': {
      scopes: ['users:read'], tier: 2, takes: ['limit', 'cursor', 'include_locale', 'team_id'],
      run: ({ world, args }) => {
        const { items, next } = page(args, [...world.users.values()], 200, 1000);
        return { members: items.map((user) => userView(world, user)), response_metadata: { next_cursor: next } };
      },
    },
    'emoji.list': { scopes: ['emoji:read'], tier: 2, takes: ['include_categories'], run: ({ world }) => ({ emoji: Object.fromEntries(world.emoji), cache_ts: world.ts() }) },
    'usergroups.list': { scopes: ['usergroups:read'], tier: 2, takes: ['include_disabled', 'include_count', 'include_users', 'team_id'], run: ({ world }) => ({ usergroups: [...world.groups.values()] }) },
    'reactions.add': {
      scopes: ['reactions:write'], tier: 3, takes: ['channel', 'timestamp', 'name'],
      run: (call) => {
        const { channel, message } = target(call);
        const name = text(call.args, 'name');
        if (!isEmoji(name) && !call.world.emoji.has(name)) throw new SlackError('invalid_name');
        const users = message.reactions.get(name) ?? [];
        if (users.includes(call.user.id)) throw new SlackError('already_reacted');
        if ([...message.reactions.values()].filter((all) => all.includes(call.user.id)).length >= documented.maxReactions) throw new SlackError('too_many_reactions');
        message.reactions.set(name, [...users, call.user.id]);
        setImmediate(() => events.reacted(channel, message, call.user.id, name, true));
        return {};
      },
    },
    'reactions.remove': {
      scopes: ['reactions:write'], tier: 2, takes: ['channel', 'timestamp', 'name', 'file', 'file_comment'],
      run: (call) => {
        const { channel, message } = target(call);
        const name = text(call.args, 'name');
        const users = message.reactions.get(name) ?? [];
        if (!users.includes(call.user.id)) throw new SlackError('no_reaction');
        const left = users.filter((user) => user !== call.user.id);
        if (left.length > 0) message.reactions.set(name, left);
        else message.reactions.delete(name);
        setImmediate(() => events.reacted(channel, message, call.user.id, name, false));
        return {};
      },
    },
    'reactions.get': {
      scopes: ['reactions:read'], tier: 3, takes: ['channel', 'timestamp', 'full', 'file', 'file_comment'],
      run: (call) => {
        const { channel, message } = target(call);
        return { type: 'message', channel: channel.id, message: messageView(call.world, message, { history: true }) };
      },
    },
    'pins.add': {
      scopes: ['pins:write'], tier: 2, takes: ['channel', 'timestamp'],
      run: (call) => {
        const { channel, message } = target(call);
        if (channel.pins.includes(message.ts)) throw new SlackError('already_pinned');
        channel.pins.push(message.ts);
        setImmediate(() => events.pinned(channel, message, call.user.id, true));
        return {};
      },
    },
    'pins.remove': {
      scopes: ['pins:write'], tier: 2, takes: ['channel', 'timestamp'],
      run: (call) => {
        const { channel, message } = target(call);
        const place = channel.pins.indexOf(message.ts);
        if (place < 0) throw new SlackError('no_pin');
        channel.pins.splice(place, 1);
        setImmediate(() => events.pinned(channel, message, call.user.id, false));
        return {};
      },
    },
    'apps.connections.open': {
      scopes: ['connections:write'], level: 'app', tier: 'free', takes: [],
      run: ({ world }) => {
        if (world.faults.noSockets) throw new SlackError('internal_error');
        return { url: delivery.ticket() };
      },
    },
    'apps.event.authorizations.list': {
      scopes: ['authorizations:read'], level: 'app', tier: 4, takes: ['event_context', 'limit', 'cursor'],
      run: ({ world, args }) => {
        const found = delivery.authorized(text(args, 'event_context'));
        if (found === undefined) throw new SlackError('invalid_event_context');
        return { authorizations: found.map((user) => ({ enterprise_id: null, team_id: world.teamId, user_id: user.id, is_bot: user.isBot, is_enterprise_install: false })), response_metadata: { next_cursor: '' } };
      },
    },
  };
}

function target(call: Parameters<Method['run']>[0]): { readonly channel: ReturnType<typeof channelFor>; readonly message: ReturnType<typeof messageFor> } {
  const channel = channelFor(call, text(call.args, 'channel'));
  const ts = maybe(call.args, 'timestamp');
  if (ts === undefined) throw new SlackError('bad_timestamp');
  return { channel, message: messageFor(call, channel.id, ts) };
}

/** The form of a name; which of them Slack draws is not the sandbox's to know. */
function isEmoji(name: string): boolean {
  return /^[a-z0-9_+-]{1,100}(?:::skin-tone-[2-6](?:-[2-6])?)?$/.test(name);
}
