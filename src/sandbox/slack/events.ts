import type { Delivery } from './delivery.ts';
import type { Channel, Message, User, World } from './state.ts';
import { botView, channelView, messageView, userView } from './views.ts';

type Json = Record<string, unknown>;
const TYPES = { channel: 'channel', group: 'group', mpim: 'mpim', im: 'im' } as const;

/** What happens in the workspace, as the events that tell it (docs.slack.dev/reference/events). */
export class Events {
  readonly #world: World;
  readonly #delivery: Delivery;

  constructor(world: World, delivery: Delivery) {
    this.#world = world;
    this.#delivery = delivery;
  }

  posted(channel: Channel, message: Message): void {
    this.#changed(message);
    this.#emit({ ...messageView(this.#world, message, { metadata: true }), channel: channel.id, channel_type: TYPES[channel.kind], event_ts: message.ts }, channel);
  }

  edited(channel: Channel, message: Message, before: Json): void {
    this.#changed(message);
    const ts = this.#world.ts();
    this.#emit({
      type: 'message', subtype: 'message_changed', hidden: true, channel: channel.id, channel_type: TYPES[channel.kind], ts, event_ts: ts,
      message: { ...messageView(this.#world, message, { metadata: true }), source_team: this.#world.teamId, user_team: this.#world.teamId }, previous_message: before,
    }, channel);
  }

  deleted(channel: Channel, message: Message, before: Json): void {
    this.#changed(message);
    const ts = this.#world.ts();
    this.#emit({ type: 'message', subtype: 'message_deleted', hidden: true, channel: channel.id, channel_type: TYPES[channel.kind], ts, event_ts: ts, deleted_ts: message.ts, previous_message: before }, channel);
  }

  reacted(channel: Channel, message: Message, user: string, reaction: string, added: boolean): void {
    this.#changed(message);
    this.#emit({ type: added ? 'reaction_added' : 'reaction_removed', user, reaction, item: { type: 'message', channel: channel.id, ts: message.ts }, ...(message.user === undefined ? {} : { item_user: message.user }), event_ts: this.#world.ts() }, channel);
  }

  pinned(channel: Channel, message: Message, user: string, added: boolean): void {
    this.#changed(message);
    this.#emit({
      type: added ? 'pin_added' : 'pin_removed', user, channel_id: channel.id, item: { type: 'message', channel: channel.id, created: Math.floor(Date.now() / 1000), created_by: user, message: messageView(this.#world, message) },
      item_user: message.user, pin_count: channel.pins.length, has_pins: channel.pins.length > 0, event_ts: this.#world.ts(),
    }, channel);
  }

  joined(channel: Channel, user: string, inviter?: string): void {
    this.#world.feed.emit({ kind: 'channels' });
    this.#emit({ type: 'member_joined_channel', user, channel: channel.id, channel_type: channel.kind === 'channel' ? 'C' : 'G', team: this.#world.teamId, ...(inviter === undefined ? {} : { inviter }), event_ts: this.#world.ts() }, channel);
  }

  left(channel: Channel, user: string): void {
    this.#world.feed.emit({ kind: 'channels' });
    this.#emit({ type: 'member_left_channel', user, channel: channel.id, channel_type: channel.kind === 'channel' ? 'C' : 'G', team: this.#world.teamId, event_ts: this.#world.ts() }, channel);
  }

  /** `channel_rename`, `channel_archive`, …; private channels have the same by another name. */
  channel(channel: Channel, what: 'rename' | 'archive' | 'unarchive' | 'deleted' | 'shared' | 'unshared', user: string): void {
    this.#world.feed.emit({ kind: 'channels' });
    const prefix = channel.kind === 'group' && what !== 'shared' && what !== 'unshared' ? 'group' : 'channel';
    const value = what === 'rename' ? { id: channel.id, name: channel.name, name_normalized: channel.name, created: channel.created, is_channel: true } : channel.id;
    this.#emit({ type: `${prefix}_${what}`, channel: value, ...(what === 'archive' || what === 'unarchive' ? { user } : {}), event_ts: this.#world.ts() }, channel);
  }

  profile(user: User): void {
    this.#world.feed.emit({ kind: 'people' });
    this.#all({ type: 'user_change', user: userView(this.#world, user), cache_ts: user.updated, event_ts: this.#world.ts() });
  }

  newcomer(user: User): void {
    this.#world.feed.emit({ kind: 'people' });
    this.#all(user.isBot ? { type: 'bot_added', bot: botView(this.#world, user), event_ts: this.#world.ts() } : { type: 'team_join', user: userView(this.#world, user), event_ts: this.#world.ts() });
  }

  /** The app is told of its own end. */
  uninstalled(): void {
    this.#all({ type: 'app_uninstalled' });
  }

  revoked(user: User): void {
    this.#all({ type: 'tokens_revoked', tokens: user.isBot ? { oauth: [], bot: [user.id] } : { oauth: [user.id], bot: [] } });
  }

  /** As it is, to all who are in the channel. */
  raw(channel: Channel, event: Json): void {
    this.#emit({ event_ts: this.#world.ts(), ...event }, channel);
  }

  view(channel: Channel, viewer: string): Json {
    return channelView(this.#world, channel, viewer);
  }

  #changed(message: Message): void {
    this.#world.feed.emit({ kind: 'message', channel: message.channel, ts: message.ts });
  }

  /** The bot first: an installation of everybody's outranks those of single people, where it sees the event at all. */
  #emit(event: Json, channel: Channel): void {
    const viewers = [...channel.members].flatMap((id) => this.#world.users.get(id) ?? []).sort((left, right) => Number(right.isBot) - Number(left.isBot));
    this.#delivery.emit(event, viewers, { is_ext_shared_channel: channel.isShared });
  }

  #all(event: Json): void {
    this.#delivery.emit(event, [...this.#world.users.values()].sort((left, right) => Number(right.id === this.#world.bot.id) - Number(left.id === this.#world.bot.id)));
  }
}
