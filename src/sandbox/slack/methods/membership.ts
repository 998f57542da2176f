import { invalid, SlackError } from '../errors.ts';
import type { Events } from '../events.ts';
import { nowSeconds, type Channel, type User, type World } from '../state.ts';
import { channelView } from '../views.ts';
import { channelFor, flag, text, type Call, type Method } from '../web-api.ts';

/** Of a bot and of a person, for open channels and for others (docs.slack.dev/reference/methods/conversations.create and its neighbours). */
const WRITE = ['channels:manage', 'groups:write', 'channels:write', 'im:write', 'mpim:write'];
const MAX_NAME = 80;

/** Making channels, and who is in them. */
export function membershipMethods(events: Events): Readonly<Record<string, Method>> {
  return {
    'conversations.create': {
      scopes: WRITE, tier: 2, takes: ['name', 'is_private', 'team_id'],
      run: (call) => {
        const { world, user, args } = call;
        const channel: Channel = {
          id: world.id('C'), name: freeName(world, text(args, 'name')), kind: flag(args, 'is_private') ? 'group' : 'channel', members: new Set([user.id]), creator: user.id, created: nowSeconds(), topic: '', purpose: '',
          isArchived: false, isShared: false, pins: [],
        };
        world.channels.set(channel.id, channel);
        world.feed.emit({ kind: 'channels' });
        return { channel: channelView(world, channel, user.id) };
      },
    },
    'conversations.invite': {
      scopes: WRITE, tier: 3, takes: ['channel', 'users', 'force'],
      run: (call) => {
        const channel = shared(call);
        const named = text(call.args, 'users').split(',');
        if (named.length > 100) throw new SlackError('too_many_users');
        const people = named.map((id) => present(call.world, id));
        if (people.some(({ id }) => id === call.user.id)) throw new SlackError('cant_invite_self');
        if (people.length === 1 && channel.members.has(people[0]?.id ?? '')) throw new SlackError('already_in_channel');
        for (const { id } of people) {
          if (channel.members.has(id)) continue;
          channel.members.add(id);
          events.joined(channel, id, call.user.id);
        }
        return { channel: channelView(call.world, channel, call.user.id) };
      },
    },
    'conversations.kick': {
      scopes: WRITE, tier: 3, takes: ['channel', 'user'],
      run: (call) => {
        const channel = shared(call);
        const person = present(call.world, text(call.args, 'user'));
        if (person.id === call.user.id) throw new SlackError('cant_kick_self');
        if (channel.name === 'general') throw new SlackError('cant_kick_from_general');
        if (!channel.members.has(person.id)) throw new SlackError('not_in_channel');
        events.left(channel, person.id);
        channel.members.delete(person.id);
        return { errors: {} };
      },
    },
    'conversations.leave': {
      scopes: WRITE, tier: 3, takes: ['channel'],
      run: (call) => {
        const channel = channelFor(call, text(call.args, 'channel'), false);
        if (channel.kind === 'im' || channel.kind === 'mpim') throw new SlackError('method_not_supported_for_channel_type');
        if (channel.name === 'general') throw new SlackError('cant_leave_general');
        if (!channel.members.has(call.user.id)) return { not_in_channel: true };
        events.left(channel, call.user.id);
        channel.members.delete(call.user.id);
        return {};
      },
    },
    'conversations.rename': {
      scopes: WRITE, tier: 2, takes: ['channel', 'name'],
      run: (call) => {
        const channel = shared(call);
        if (channel.creator !== call.user.id) throw new SlackError('not_authorized');
        channel.name = freeName(call.world, text(call.args, 'name'));
        events.channel(channel, 'rename', call.user.id);
        return { channel: channelView(call.world, channel, call.user.id) };
      },
    },
  };
}

/** A channel that the caller is in; direct messages are as they were begun. */
function shared(call: Call): Channel {
  const channel = channelFor(call, text(call.args, 'channel'));
  if (channel.kind === 'im' || channel.kind === 'mpim') throw new SlackError('method_not_supported_for_channel_type');
  if (channel.isArchived) throw new SlackError('is_archived');
  return channel;
}

function present(world: World, id: string): User {
  const found = world.users.get(id);
  if (found === undefined || found.deleted) throw new SlackError('user_not_found');
  return found;
}

/** @throws SlackError invalid_name_specials, invalid_name_maxlength, name_taken */
function freeName(world: World, name: string): string {
  if (name.length > MAX_NAME) throw new SlackError('invalid_name_maxlength');
  if (name !== name.toLowerCase() || !/^[\p{L}\p{N}_-]+$/u.test(name)) throw new SlackError('invalid_name_specials');
  if ([...world.channels.values()].some((channel) => channel.name === name)) throw new SlackError('name_taken');
  if (!/[\p{L}\p{N}]/u.test(name)) throw invalid('name must have a letter or a digit');
  return name;
}
