/** Shapes of core.telegram.org/bots/api#available-types, one of each kind. */
export type Json = Readonly<Record<string, unknown>>;

export const ANNA = { id: 111, is_bot: false, first_name: 'Anna', last_name: 'de Vries', username: 'anna', language_code: 'nl' };
export const BOB = { id: 222, is_bot: false, first_name: 'Bob' };
export const BOT = { id: 700100200, is_bot: true, first_name: 'Sandbox bot', username: 'sandbox_bot' };
export const PRIVATE = { id: 111, first_name: 'Anna', last_name: 'de Vries', username: 'anna', type: 'private' };
export const GROUP = { id: -4012345, title: 'Small', type: 'group', all_members_are_administrators: true };
export const SUPER = { id: -1001234567890, title: 'Garden', type: 'supergroup', username: 'garden' };
export const FORUM = { ...SUPER, is_forum: true };
export const CHANNEL = { id: -1009876543210, title: 'News', username: 'news', type: 'channel' };
export const DATE = 1_790_000_000;

let count = 0;

export function message(body: Json, envelope: Json = {}): Json {
  return { message_id: 42, from: ANNA, chat: PRIVATE, date: DATE, ...envelope, ...body };
}

export function update(kind: string, value: unknown): Json {
  count += 1;
  return { update_id: 881_000_000 + count, [kind]: value };
}

const file = (name: string): Json => ({ file_id: `id-${name}`, file_unique_id: `u-${name}`, file_size: 1234 });
const photo = [{ ...file('s'), width: 90, height: 60 }, { ...file('l'), width: 1280, height: 853 }, { ...file('m'), width: 320, height: 213 }];
const place = { latitude: 52.37, longitude: 4.89 };
const poll = { id: '5', question: 'When?', options: [{ persistent_id: 'p1', text: 'Now', voter_count: 2 }, { persistent_id: 'p2', text: 'Later', voter_count: 0 }], total_voter_count: 2, is_closed: false, is_anonymous: true, type: 'regular', allows_multiple_answers: false };
const sticker = { ...file('st'), type: 'regular', width: 512, height: 512, is_animated: false, is_video: false, emoji: '😀', set_name: 'Set', thumbnail: { ...file('th'), width: 128, height: 128 } };
const rich = {
  blocks: [
    { type: 'heading', text: 'Head', size: 2 },
    { type: 'paragraph', text: ['plain ', { type: 'bold', text: [{ type: 'italic', text: 'both' }] }, { type: 'url', text: 'here', url: 'https://x.org/' }] },
    { type: 'list', items: [{ label: '1.', blocks: [{ type: 'paragraph', text: 'first' }], value: 1, type: '1' }, { label: '2.', blocks: [{ type: 'paragraph', text: 'second' }], has_checkbox: true, is_checked: true }] },
    { type: 'table', cells: [[{ text: 'a', is_header: true, align: 'left', valign: 'top' }], [{ text: 'b', align: 'left', valign: 'top' }]], caption: 'tab' },
    { type: 'blockquote', blocks: [{ type: 'paragraph', text: 'said' }], credit: 'Who' },
    { type: 'details', summary: 'more', blocks: [{ type: 'pre', text: 'code', language: 'ts' }] },
    { type: 'divider' },
    { type: 'photo', photo, caption: { text: 'seen', credit: 'by' } },
    { type: 'map', location: place, zoom: 15, width: 10, height: 10 },
    { type: 'buttons', buttons: [{ text: 'go', url: 'https://go.org/' }] },
  ],
};

/** What a message can hold; each shows something. */
export const CONTENTS: Readonly<Record<string, Json>> = {
  text: { text: 'hi @anna https://x.org', entities: [{ type: 'mention', offset: 3, length: 5 }, { type: 'url', offset: 9, length: 13 }] },
  photo: { photo, caption: 'see', caption_entities: [{ type: 'bold', offset: 0, length: 3 }], media_group_id: '13', has_media_spoiler: true, show_caption_above_media: true },
  video: { video: { ...file('v'), width: 1280, height: 720, duration: 12, file_name: 'a.mp4', mime_type: 'video/mp4', thumbnail: photo[0], qualities: [] }, caption: 'film' },
  animation: { animation: { ...file('a'), width: 320, height: 240, duration: 2, file_name: 'x.gif.mp4', mime_type: 'video/mp4' }, document: { ...file('a'), file_name: 'x.gif.mp4', mime_type: 'video/mp4' } },
  voice: { voice: { ...file('o'), duration: 3, mime_type: 'audio/ogg' } },
  video_note: { video_note: { ...file('n'), length: 384, duration: 5 } },
  audio: { audio: { ...file('s'), duration: 200, performer: 'Band', title: 'Song', mime_type: 'audio/mpeg' }, caption: 'listen' },
  document: { document: { ...file('d'), file_name: 'offer.pdf', mime_type: 'application/pdf' } },
  live_photo: { live_photo: { ...file('lp'), width: 720, height: 960, duration: 3, mime_type: 'video/mp4', photo }, photo, caption: 'alive' },
  sticker: { sticker },
  sticker_animated: { sticker: { ...sticker, is_animated: true } },
  sticker_animated_bare: { sticker: { ...sticker, is_animated: true, thumbnail: undefined } },
  sticker_video: { sticker: { ...sticker, is_video: true } },
  location: { location: { ...place, horizontal_accuracy: 12.5 } },
  live_location: { location: { ...place, live_period: 900, heading: 90 } },
  venue: { venue: { location: place, title: 'Dam', address: 'Damrak 1', foursquare_id: 'x' }, location: place },
  contact: { contact: { phone_number: '+31612345678', first_name: 'Ada', last_name: 'L', user_id: 333, vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Ada L\nTEL;TYPE=CELL:+31612345678\nEMAIL:ada@x.org\nORG:Engines;Analytical\nEND:VCARD' } },
  poll: { poll },
  quiz: { poll: { ...poll, type: 'quiz', correct_option_ids: [0], explanation: 'because', is_closed: true, description: 'about', media: { photo } } },
  dice: { dice: { emoji: '🎰', value: 64 } },
  game: { game: { title: 'G', description: 'play', photo, text: 'score', text_entities: [] } },
  paid_media: { paid_media: { star_count: 5, paid_media: [{ type: 'preview', width: 1, height: 2, duration: 3 }, { type: 'photo', photo }, { type: 'video', video: { ...file('pv'), width: 1, height: 1, duration: 1 } }] }, caption: 'buy' },
  story: { story: { chat: CHANNEL, id: 7 } },
  invoice: { invoice: { title: 'Tea', description: 'A box', start_parameter: '', currency: 'EUR', total_amount: 1250 } },
  checklist: { checklist: { title: 'Todo', tasks: [{ id: 1, text: 'milk', completed_by_user: BOB, completion_date: DATE }, { id: 2, text: 'eggs' }] } },
  rich_message: { rich_message: rich },
  web_app_data: { web_app_data: { data: '{"a":1}', button_text: 'Order' } },
};

/** Service messages that are told in a sentence. */
export const SAID: Readonly<Record<string, unknown>> = {
  forum_topic_created: { name: 'T', icon_color: 7322096 }, forum_topic_edited: { name: 'U' }, forum_topic_closed: {}, forum_topic_reopened: {}, general_forum_topic_hidden: {}, general_forum_topic_unhidden: {},
  message_auto_delete_timer_changed: { message_auto_delete_time: 86_400 }, video_chat_scheduled: { start_date: DATE }, video_chat_started: {}, video_chat_ended: { duration: 3700 }, video_chat_participants_invited: { users: [BOB] },
  boost_added: { boost_count: 2 }, chat_background_set: { type: { type: 'fill', fill: { type: 'solid', color: 1 }, dark_theme_dimming: 0 } }, proximity_alert_triggered: { traveler: ANNA, watcher: BOB, distance: 50 },
  successful_payment: { currency: 'XTR', total_amount: 10, invoice_payload: 'p', telegram_payment_charge_id: 'c', provider_payment_charge_id: 'd' }, refunded_payment: { currency: 'USD', total_amount: 199, invoice_payload: 'p', telegram_payment_charge_id: 'c' },
  users_shared: { request_id: 1, users: [{ user_id: 1, first_name: 'Zed' }] }, chat_shared: { request_id: 1, chat_id: -100, title: 'There' }, connected_website: 'example.org', write_access_allowed: { web_app_name: 'app' },
  giveaway_created: { prize_star_count: 500 }, giveaway: { chats: [CHANNEL], winners_selection_date: DATE, winner_count: 3, prize_description: 'a hat' }, giveaway_winners: { chat: CHANNEL, giveaway_message_id: 1, winners_selection_date: DATE, winner_count: 1, winners: [BOB] },
  giveaway_completed: { winner_count: 1 }, gift: { gift: { id: 'g', sticker, star_count: 15 }, text: 'for you' }, gift_upgrade_sent: { gift: { id: 'g', sticker, star_count: 15 } },
  unique_gift: { gift: { base_name: 'Plush Pepe', name: 'PlushPepe-1', number: 1, model: {}, symbol: {}, backdrop: {} }, origin: 'transfer' }, paid_message_price_changed: { paid_message_star_count: 3 },
  direct_message_price_changed: { are_direct_messages_enabled: true, direct_message_star_count: 4 }, suggested_post_approved: { send_date: DATE }, suggested_post_approval_failed: { price: { currency: 'XTR', amount: 5 } },
  suggested_post_declined: { comment: 'no' }, suggested_post_paid: { currency: 'TON', amount: 2e9 }, suggested_post_refunded: { reason: 'post_deleted' },
  checklist_tasks_done: { checklist_message: message({ checklist: { title: 'T', tasks: [{ id: 1, text: 'milk' }] } }), marked_as_done_task_ids: [1] }, checklist_tasks_added: { tasks: [{ id: 3, text: 'tea' }] },
  poll_option_added: { option_persistent_id: 'x', option_text: 'Never' }, poll_option_deleted: { option_persistent_id: 'x', option_text: 'Never' }, chat_owner_left: { new_owner: BOB }, chat_owner_changed: { new_owner: BOB },
  community_chat_added: { community: { id: 1, name: 'C' } }, community_chat_removed: {}, community_chat_joined: { community: { id: 1, name: 'C' } }, managed_bot_created: { bot: BOT },
};

const member = (status: string, user: Json = BOB, more: Json = {}): Json => ({ user, status, ...more });
const membership = (before: Json, now: Json, chat: Json = SUPER): Json => ({ chat, from: ANNA, date: DATE, old_chat_member: before, new_chat_member: now });

/** Updates that are no messages, and what becomes of each. */
export const UPDATES: readonly (readonly [name: string, kind: string, value: unknown, type: string, more?: Json])[] = [
  ['a reaction', 'message_reaction', { chat: SUPER, message_id: 5, user: BOB, date: DATE, old_reaction: [{ type: 'emoji', emoji: '👍' }], new_reaction: [{ type: 'emoji', emoji: '🔥' }, { type: 'paid' }] }, 'reactions.set', { target: '-1001234567890:5', sender: { id: '222' }, reactions: [{ emoji: '🔥' }, { emoji: '⭐' }] }],
  ['a reaction of a channel, taken back', 'message_reaction', { chat: SUPER, message_id: 5, actor_chat: CHANNEL, date: DATE, old_reaction: [{ type: 'emoji', emoji: '👍' }], new_reaction: [] }, 'reactions.set', { sender: { id: '-1009876543210', name: 'News' }, reactions: [] }],
  ['anonymous reactions', 'message_reaction_count', { chat: CHANNEL, message_id: 9, date: DATE, reactions: [{ type: { type: 'emoji', emoji: '👍' }, total_count: 12 }, { type: { type: 'custom_emoji', custom_emoji_id: '77' }, total_count: 1 }] }, 'reactions.set', { reactions: [{ emoji: '👍', count: 12 }, { emoji: 'tg-emoji:77', count: 1 }] }],
  ['somebody comes', 'chat_member', membership(member('left'), member('member')), 'member', { change: 'join', person: { id: '222' }, by: { id: '111' } }],
  ['somebody goes', 'chat_member', { ...membership(member('member'), member('left')), from: BOB }, 'member', { change: 'leave', person: { id: '222' } }],
  ['somebody is put out', 'chat_member', membership(member('restricted', BOB, { is_member: true }), member('left')), 'member', { change: 'kick', by: { id: '111' } }],
  ['somebody is banned', 'chat_member', membership(member('member'), member('kicked', BOB, { until_date: 0 })), 'member', { change: 'ban' }],
  ['somebody gets rights', 'chat_member', membership(member('member'), member('administrator')), 'unsupported', { what: 'chat_member', reason: 'Bob is now an administrator in this chat.' }],
  ['the bot is put in', 'my_chat_member', membership(member('left', BOT), member('member', BOT)), 'conversation.changed', { conversation: { title: 'Garden' } }],
  ['the bot is put out', 'my_chat_member', membership(member('member', BOT), member('kicked', BOT)), 'conversation.gone'],
  ['the bot is blocked', 'my_chat_member', membership(member('member', BOT), member('kicked', BOT), PRIVATE), 'conversation.gone', { conversation: { kind: 'direct' } }],
  ['the bot is let in again', 'my_chat_member', membership(member('kicked', BOT), member('member', BOT), PRIVATE), 'unsupported'],
  ['somebody asks to join', 'chat_join_request', { chat: SUPER, from: BOB, user_chat_id: 222, date: DATE, bio: 'b' }, 'unsupported', { conversation: { id: '-1001234567890' } }],
  ['a button is pressed', 'callback_query', { id: '9', from: BOB, chat_instance: 'c', data: 'yes', message: message({ text: 'q', reply_markup: { inline_keyboard: [[{ text: 'Yes!', callback_data: 'yes' }]] } }, { chat: SUPER }) }, 'message', { parts: [{ kind: 'choice', title: 'Yes!', value: 'yes' }], replyTo: { id: '-1001234567890:42' } }],
  ['a boost', 'chat_boost', { chat: SUPER, boost: { boost_id: 'b', add_date: DATE, expiration_date: DATE, source: { source: 'premium', user: BOB } } }, 'unsupported', { conversation: { id: '-1001234567890' } }],
  ['a boost that ends', 'removed_chat_boost', { chat: SUPER, boost_id: 'b', remove_date: DATE, source: { source: 'gift_code', user: BOB } }, 'unsupported'],
  ['a vote in a poll of others', 'poll_answer', { poll_id: '5', user: BOB, option_ids: [1], option_persistent_ids: ['p2'] }, 'unsupported', { what: 'poll_answer' }],
  ['a poll that is over', 'poll', { ...poll, is_closed: true }, 'unsupported', { what: 'poll' }],
  ...['business_connection', 'business_message', 'edited_business_message', 'deleted_business_messages', 'guest_message', 'stopped_message_generation', 'inline_query', 'chosen_inline_result', 'shipping_query', 'pre_checkout_query', 'purchased_paid_media', 'managed_bot', 'subscription']
    .map((kind) => [kind, kind, { id: 'x', from: BOB, user: BOB, date: DATE, text: 'private words', chat: PRIVATE }, 'unsupported', { what: kind }] as const),
  ['an update of tomorrow', 'telepathy', { thought: 'x' }, 'unsupported', { what: 'telepathy' }],
];
