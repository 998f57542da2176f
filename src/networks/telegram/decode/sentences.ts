import { at, flag, isFields, list, num, str } from '../../shared/json.ts';
import { nameOf } from '../ids.ts';
import { day, duration, money, stars } from './context.ts';
import { chatName } from './words.ts';

/** The sentence for one kind of service message; `value` is what stands under its name. */
type Sentence = (value: unknown) => string;

const names = (users: readonly unknown[]): string => {
  const found = users.map((user) => nameOf(user) ?? 'somebody');
  return found.length === 0 ? 'somebody' : found.join(', ');
};
const quoted = (name: string | undefined): string => (name === undefined ? '' : ` “${name}”`);
const also = (said: string | undefined): string => (said === undefined ? '' : `: ${said}`);
const price = (value: unknown, key = 'amount'): string => money(value, key) ?? 'a price';
const winners = (value: unknown): string => (num(value, 'winner_count') === 1 ? '1 winner' : `${num(value, 'winner_count') ?? '?'} winners`);

/** Service messages that change nothing the bridge shows elsewhere (core.telegram.org/bots/api#message): each in a sentence. */
export const SENTENCES: Readonly<Record<string, Sentence>> = {
  forum_topic_created: (value) => `Topic created:${quoted(str(value, 'name'))}.`,
  forum_topic_edited: (value) => (str(value, 'name') === undefined ? 'The icon of the topic was changed.' : `The topic is now called${quoted(str(value, 'name'))}.`),
  forum_topic_closed: () => 'The topic was closed.',
  forum_topic_reopened: () => 'The topic was opened again.',
  general_forum_topic_hidden: () => 'The general topic was hidden.',
  general_forum_topic_unhidden: () => 'The general topic is shown again.',
  message_auto_delete_timer_changed: (value) => {
    const seconds = num(value, 'message_auto_delete_time') ?? 0;
    return seconds > 0 ? `New messages are deleted on Telegram after ${duration(seconds)}.` : 'Messages are no longer deleted on Telegram by themselves.';
  },
  video_chat_scheduled: (value) => `A video chat is planned for ${day(num(value, 'start_date'))}.`,
  voice_chat_scheduled: (value) => `A voice chat is planned for ${day(num(value, 'start_date'))}.`,
  video_chat_started: () => 'A video chat has begun.',
  voice_chat_started: () => 'A voice chat has begun.',
  video_chat_ended: (value) => `The video chat has ended after ${duration(num(value, 'duration') ?? 0)}.`,
  voice_chat_ended: (value) => `The voice chat has ended after ${duration(num(value, 'duration') ?? 0)}.`,
  video_chat_participants_invited: (value) => `Invited to the video chat: ${names(list(value, 'users'))}.`,
  voice_chat_participants_invited: (value) => `Invited to the voice chat: ${names(list(value, 'users'))}.`,
  boost_added: (value) => `Boosted the chat${(num(value, 'boost_count') ?? 1) === 1 ? '' : ` ${num(value, 'boost_count')} times`}.`,
  chat_background_set: () => 'The background of the chat was changed.',
  proximity_alert_triggered: (value) => `${nameOf(at(value, 'traveler')) ?? 'Somebody'} is within ${num(value, 'distance') ?? '?'} m of ${nameOf(at(value, 'watcher')) ?? 'somebody'}.`,
  successful_payment: (value) => `Paid ${money(value) ?? 'an invoice'}.`,
  refunded_payment: (value) => `A payment of ${money(value) ?? 'an invoice'} was given back.`,
  users_shared: (value) => {
    // Before Bot API 7.2 there were only their numbers.
    const ids = at(value, 'user_ids');
    const count = Array.isArray(ids) ? ids.length : 0;
    return `Shared with the bot: ${list(value, 'users').length === 0 && count > 0 ? (count === 1 ? 'one person' : `${count} people`) : names(list(value, 'users'))}.`;
  },
  user_shared: () => 'Shared a person with the bot.',
  chat_shared: (value) => `Shared a chat with the bot${also(chatName(value))}.`,
  connected_website: (value) => `Logged in at ${typeof value === 'string' ? value : 'a website'}.`,
  write_access_allowed: (value) => `Allowed the bot to write${str(value, 'web_app_name') === undefined ? '' : ` (${str(value, 'web_app_name')})`}.`,
  giveaway_created: (value) => `A giveaway was planned${prize(value)}.`,
  giveaway: (value) => `A giveaway for ${winners(value)}${prize(value)}${also(str(value, 'prize_description'))}. It ends on ${day(num(value, 'winners_selection_date'))}.`,
  giveaway_winners: (value) => `A giveaway has ended with ${winners(value)}${prize(value)}: ${names(list(value, 'winners'))}.`,
  giveaway_completed: (value) => `A giveaway has ended; it had ${winners(value)}.`,
  gift: (value) => `Gave a gift ${str(value, 'gift', 'sticker', 'emoji') ?? '🎁'} worth ${stars(num(value, 'gift', 'star_count') ?? 0)}${also(str(value, 'text'))}`,
  gift_upgrade_sent: (value) => `Paid for the upgrade of a gift ${str(value, 'gift', 'sticker', 'emoji') ?? '🎁'}${also(str(value, 'text'))}`,
  unique_gift: (value) => `${uniqueGift(str(value, 'origin'))} a unique gift: ${str(value, 'gift', 'base_name') ?? str(value, 'gift', 'name') ?? '🎁'}${num(value, 'gift', 'number') === undefined ? '' : ` #${num(value, 'gift', 'number')}`}${also(str(value, 'text'))}`,
  paid_message_price_changed: (value) => `A message to this chat now costs ${stars(num(value, 'paid_message_star_count') ?? 0)}.`,
  direct_message_price_changed: (value) => (flag(value, 'are_direct_messages_enabled') ? `Direct messages to the channel now cost ${stars(num(value, 'direct_message_star_count') ?? 0)}.` : 'The channel takes no direct messages any more.'),
  suggested_post_approved: (value) => `The suggested post was accepted; it appears on ${day(num(value, 'send_date'))}.`,
  suggested_post_approval_failed: (value) => `The suggested post could not be accepted: the money for it (${price(at(value, 'price'))}) is not there.`,
  suggested_post_declined: (value) => `The suggested post was declined${also(str(value, 'comment'))}`,
  suggested_post_paid: (value) => `The suggested post was paid: ${isFields(at(value, 'star_amount')) ? stars(num(value, 'star_amount', 'amount') ?? 0) : price(value)}.`,
  suggested_post_refunded: (value) => `The money for the suggested post was given back (${str(value, 'reason') ?? 'no reason given'}).`,
  checklist_tasks_done: (value) => tasksDone(value),
  checklist_tasks_added: (value) => `Added to the checklist: ${list(value, 'tasks').map((task) => str(task, 'text') ?? '?').join(', ')}`,
  poll_option_added: (value) => `Added an option to the poll: ${str(value, 'option_text') ?? '?'}`,
  poll_option_deleted: (value) => `Removed an option from the poll: ${str(value, 'option_text') ?? '?'}`,
  chat_owner_left: (value) => `The owner has left the chat${isFields(at(value, 'new_owner')) ? `; the next one is ${nameOf(at(value, 'new_owner')) ?? 'somebody'}` : ''}.`,
  chat_owner_changed: (value) => `The owner of the chat is now ${nameOf(at(value, 'new_owner')) ?? 'somebody'}.`,
  community_chat_added: (value) => `The chat is now part of the community${quoted(str(value, 'community', 'name'))}.`,
  community_chat_removed: () => 'The chat is no longer part of a community.',
  community_chat_joined: (value) => `Joined by the community${quoted(str(value, 'community', 'name'))}.`,
  managed_bot_created: (value) => `Made a bot: ${nameOf(at(value, 'bot')) ?? '?'}.`,
};

function prize(value: unknown): string {
  const count = num(value, 'prize_star_count');
  const months = num(value, 'premium_subscription_month_count');
  if (count !== undefined) return ` of ${stars(count)}`;
  return months === undefined ? '' : ` of Telegram Premium for ${months} months`;
}

function uniqueGift(origin: string | undefined): string {
  switch (origin) {
    case 'upgrade': return 'Upgraded a gift to';
    case 'transfer': return 'Handed over';
    case 'resale': return 'Bought';
    default: return 'Gave';
  }
}

function tasksDone(value: unknown): string {
  const tasks = list(value, 'checklist_message', 'checklist', 'tasks');
  const named = (key: string): string => {
    const ids = at(value, key);
    const found = (Array.isArray(ids) ? ids : []).flatMap((id: unknown) => str({ id }, 'id') ?? []);
    return found.map((id) => str(tasks.find((task) => str(task, 'id') === id), 'text') ?? `task ${id.slice(0, 20)}`).join(', ');
  };
  const [done, undone] = [named('marked_as_done_task_ids'), named('marked_as_not_done_task_ids')];
  return [done === '' ? '' : `Done: ${done}`, undone === '' ? '' : `Not done after all: ${undone}`].filter(Boolean).join('. ') || 'The checklist was changed.';
}
