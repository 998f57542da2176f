import { describe, expect, test } from '@jest/globals';
import type { MessageEvent, NetworkEvent, NetworkItem } from '../../src/model/events.ts';
import { decodeUpdate } from '../../src/networks/telegram/decode/update.ts';
import { telegram } from '../../src/networks/telegram/index.ts';
import { NotThisNetwork } from '../../src/networks/network.ts';
import { encode } from '../../src/networks/telegram/markup.ts';
import * as kit from '../kit/telegram/payloads.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

function itemsOf(body: unknown): readonly NetworkItem[] {
  const { capture } = telegram;
  return (capture?.split(bytes(body)) ?? []).flatMap((piece) => capture?.decode(piece) ?? []).flatMap(({ items }) => items);
}

function only(body: unknown): NetworkEvent {
  const items = itemsOf(body);
  expect(items).toHaveLength(1);
  return items[0]?.event as NetworkEvent;
}

function messageOf(body: kit.Json, envelope: kit.Json = {}, kind = 'message'): MessageEvent {
  const event = only(kit.update(kind, kit.message(body, envelope)));
  if (event.type !== 'message') throw new Error(`no message but ${JSON.stringify(event)}`);
  return event;
}

const content = (name: string): kit.Json => kit.CONTENTS[name] ?? {};
const parts = (name: string): MessageEvent['parts'] => messageOf(content(name)).parts;
const words = (event: MessageEvent): string => event.parts.map((each) => (each.kind === 'text' ? encode(each.text).text : 'caption' in each ? encode(each.caption ?? []).text : '')).join('\n');

describe('messages', () => {
  test('who, where and when', () => {
    expect(messageOf(content('text'))).toMatchObject({
      id: '111:42', time: kit.DATE * 1000, conversation: { id: '111', scope: '', kind: 'direct', perAccount: true }, sender: { id: '111', scope: '', name: 'Anna de Vries', username: 'anna' },
    });
    expect(messageOf({ text: 'x' }, { chat: kit.GROUP }).conversation).toEqual({ id: '-4012345', scope: '', kind: 'group', perAccount: true, title: 'Small' });
    expect(messageOf({ text: 'x' }, { chat: kit.SUPER }).conversation).toEqual({ id: '-1001234567890', scope: '', kind: 'group', perAccount: false, title: 'Garden' });
    const post = messageOf({ text: 'x' }, { chat: kit.CHANNEL, sender_chat: kit.CHANNEL, from: undefined, author_signature: 'Ed' }, 'channel_post');
    expect(post).toMatchObject({ conversation: { kind: 'channel' }, sender: { id: '-1009876543210', name: 'News' } });
    expect(words(post)).toBe('x\n\n— Ed');
    expect(messageOf({ text: 'x' }, { chat: kit.SUPER, from: { id: 1087968824, is_bot: true, first_name: 'Group' }, sender_chat: kit.SUPER }).sender).toMatchObject({ id: '-1001234567890', name: 'Garden' });
    expect(messageOf({ text: 'x' }, { from: { ...kit.BOB, is_bot: true } }).sender.isBot).toBe(true);
    const direct = messageOf({ text: 'x' }, { chat: { ...kit.SUPER, is_direct_messages: true }, direct_messages_topic: { topic_id: 222, user: kit.BOB } });
    expect(direct.conversation).toMatchObject({ id: '-1001234567890/222', title: 'Bob (Garden)' });
  });

  test.each(Object.entries(kit.CONTENTS))('%s shows something', (_name, body) => {
    const event = messageOf(body);
    expect(event.parts.length).toBeGreaterThan(0);
    expect(event.parts.filter(({ kind, ...rest }) => kind === 'unsupported' && !('what' in rest && rest.what === 'paid_media'))).toEqual([]);
    for (const part of event.parts) if ('media' in part && 'network' in part.media.source) expect(JSON.parse(part.media.source.network)).toHaveProperty('id');
  });

  test('files, with all that is said of them', () => {
    expect(parts('photo')).toMatchObject([{ kind: 'image', media: { width: 1280, mime: 'image/jpeg', source: { network: expect.stringContaining('id-l') } }, spoiler: true, caption: [{ children: [{ t: 'bold' }] }] }]);
    expect(messageOf(content('photo')).album).toBe('13');
    expect(parts('video')).toMatchObject([{ kind: 'video', media: { name: 'a.mp4', durationMs: 12_000, size: 1234 } }]);
    expect(parts('animation')).toMatchObject([{ kind: 'video', animated: true }]);
    expect(parts('voice')).toMatchObject([{ kind: 'voice', media: { durationMs: 3000, mime: 'audio/ogg' } }]);
    expect(parts('video_note')).toMatchObject([{ kind: 'video', round: true, media: { width: 384, height: 384 } }]);
    expect(parts('audio')).toMatchObject([{ kind: 'audio', media: { name: 'Band - Song' } }]);
    expect(parts('document')).toMatchObject([{ kind: 'file', media: { name: 'offer.pdf', mime: 'application/pdf' } }]);
    expect(parts('live_photo')).toMatchObject([{ kind: 'image', caption: [{}] }, { kind: 'video', animated: true }]);
    expect(parts('sticker')).toMatchObject([{ kind: 'sticker', media: { name: '😀', mime: 'image/webp' } }]);
    expect(parts('sticker_video')).toMatchObject([{ kind: 'video', animated: true, media: { mime: 'video/webm' } }]);
    expect(parts('sticker_animated')).toMatchObject([{ kind: 'sticker', media: { source: { network: expect.stringContaining('id-th') } } }]);
    expect(parts('sticker_animated_bare')).toMatchObject([{ kind: 'file', media: { name: '😀.tgs', mime: 'application/x-tgsticker' } }]);
    expect(parts('paid_media').map(({ kind }) => kind)).toEqual(['unsupported', 'image', 'video', 'text']);
  });

  test('what is no file', () => {
    expect(parts('location')).toEqual([{ kind: 'location', latitude: 52.37, longitude: 4.89 }]);
    expect(parts('live_location')).toMatchObject([{ live: 'on' }]);
    expect(parts('venue')).toMatchObject([{ kind: 'location', name: 'Dam', address: 'Damrak 1' }]);
    expect(parts('contact')).toMatchObject([{ kind: 'contacts', contacts: [{ name: 'Ada L', organization: 'Engines, Analytical', phones: [{ value: '+31612345678', person: '333' }], emails: [{ value: 'ada@x.org' }] }] }]);
    expect(parts('poll')).toEqual([{ kind: 'poll', question: 'When?', options: [{ id: 'p1', text: 'Now' }, { id: 'p2', text: 'Later' }], maxChoices: 1, anonymous: true }]);
    expect(parts('quiz').map(({ kind }) => kind)).toEqual(['poll', 'text', 'text', 'image']);
    expect(words(messageOf(content('dice')))).toBe('🎰 64');
    expect(words(messageOf(content('story')))).toContain('https://t.me/news/s/7');
    expect(words(messageOf(content('invoice')))).toContain('12.50 EUR');
    expect(words(messageOf(content('checklist')))).toBe('Todo\n\n• ☑ milk\n• ☐ eggs');
    expect(parts('web_app_data')).toEqual([{ kind: 'choice', title: 'Order', value: '{"a":1}' }]);
    expect(parts('rich_message').map(({ kind }) => kind)).toEqual(['text', 'image', 'location']);
    expect(parts('rich_message')[0]).toMatchObject({ text: [{ t: 'heading' }, { t: 'paragraph' }, { t: 'list', ordered: true }, { t: 'table', header: true }, { t: 'paragraph' }, { t: 'quote' }, { t: 'details' }, { t: 'rule' }, { t: 'paragraph' }, { t: 'paragraph' }, { t: 'paragraph' }] });
  });

  test('replies, quotes, and what is answered elsewhere', () => {
    const target = kit.message({ text: 'old' }, { message_id: 7, from: kit.BOB });
    expect(messageOf({ text: 'x', reply_to_message: target, quote: { text: 'ol', position: 0, is_manual: true } }).replyTo).toEqual({ id: '111:7', quote: 'ol', sender: '222' });
    const away = messageOf({ text: 'x', external_reply: { origin: { type: 'channel', chat: kit.CHANNEL, message_id: 3, date: 1 }, chat: kit.CHANNEL, message_id: 3, photo: [] }, quote: { text: 'news', position: 0 } });
    expect(away.replyTo).toBeUndefined();
    expect(away.parts[0]).toMatchObject({ text: [{ t: 'quote' }, { t: 'paragraph' }] });
    expect(words(away)).toBe('News:\n\nnews\n\nx');
    expect(words(messageOf({ text: 'wow', reply_to_story: { chat: kit.PRIVATE, id: 1 } }))).toBe('A story of Anna de Vries\n\nwow');
    expect(messageOf({ ...content('sticker'), external_reply: { origin: { type: 'hidden_user', sender_user_name: 'H', date: 1 } } }).parts.map(({ kind }) => kind)).toEqual(['text', 'sticker']);
  });

  test.each([
    ['user', { forward_origin: { type: 'user', date: 1, sender_user: kit.BOB } }, 'Bob'],
    ['hidden', { forward_origin: { type: 'hidden_user', date: 1, sender_user_name: 'Nobody' } }, 'Nobody'],
    ['chat', { forward_origin: { type: 'chat', date: 1, sender_chat: kit.SUPER, author_signature: 'boss' } }, 'Garden (boss)'],
    ['channel', { forward_origin: { type: 'channel', date: 1, chat: kit.CHANNEL, message_id: 2 }, is_automatic_forward: true }, 'News'],
    ['before Bot API 7', { forward_from: kit.BOB, forward_date: 1 }, 'Bob'],
    ['before, hidden', { forward_sender_name: 'N', forward_date: 1 }, 'N'],
    ['before, channel', { forward_from_chat: kit.CHANNEL, forward_signature: 'Ed', forward_date: 1 }, 'News (Ed)'],
  ])('forwarded: %s', (_name, origin, from) => {
    expect(messageOf({ text: 'x', ...origin })).toMatchObject({ forwarded: 'once', forwardedFrom: from });
  });

  test('topics are threads, numbered replies of other groups are not', () => {
    const root = { message_id: 3, chat: kit.FORUM, date: 1, from: kit.BOB, forum_topic_created: { name: 'T', icon_color: 1 } };
    expect(messageOf({ text: 'x' }, { chat: kit.FORUM, message_thread_id: 3, is_topic_message: true, reply_to_message: root })).toMatchObject({ thread: { root: '-1001234567890:t3' } });
    expect(messageOf({ text: 'x' }, { chat: kit.FORUM, message_thread_id: 3, is_topic_message: true, reply_to_message: root }).replyTo).toBeUndefined();
    expect(messageOf({ text: 'x' }, { chat: kit.SUPER, message_thread_id: 3, reply_to_message: { ...root, forum_topic_created: undefined, text: 'a' } })).toMatchObject({ replyTo: { id: '-1001234567890:3' } });
    expect(messageOf({ text: 'x' }, { chat: kit.SUPER, message_thread_id: 3 }).thread).toBeUndefined();
    expect(messageOf({ forum_topic_created: { name: 'T' } }, { chat: kit.FORUM, message_id: 3, message_thread_id: 3, is_topic_message: true })).toMatchObject({ id: '-1001234567890:t3' });
  });

  test('buttons that lead somewhere', () => {
    const keyboard = { reply_markup: { inline_keyboard: [[{ text: 'Open', url: 'https://x.org/' }], [{ text: 'Do', callback_data: 'd' }]] } };
    expect(messageOf({ text: 'x', ...keyboard }).parts[0]).toMatchObject({ text: [{}, { children: [{ t: 'link', href: 'https://x.org/' }, { t: 'break' }, { t: 'text', text: '[Do]' }] }] });
    expect(messageOf({ ...content('document'), ...keyboard }).parts[0]).toMatchObject({ caption: [{ t: 'paragraph' }] });
  });

  test('what is meant for the bot alone is not shown to the room', () => {
    const event = only(kit.update('message', kit.message({ text: 'secret', ephemeral_message_id: 4, receiver_user: kit.BOT }, { chat: kit.SUPER })));
    expect(event).toMatchObject({ type: 'unsupported', conversation: { id: '-1001234567890' } });
    expect(JSON.stringify(event)).not.toContain('secret');
  });

  test('edits: each version is one of its own, and a live location ends', () => {
    const edit = (body: kit.Json, date: number): NetworkItem | undefined => itemsOf(kit.update('edited_message', kit.message(body, { edit_date: date })))[0];
    const [one, two, again] = [edit({ text: 'a' }, 5), edit({ text: 'b' }, 5), edit({ text: 'a' }, 5)];
    expect(one?.event).toMatchObject({ type: 'edit', target: '111:42', time: 5000, parts: [{ kind: 'text' }] });
    expect(one?.key).not.toBe(two?.key);
    expect(one?.key).toBe(again?.key);
    expect(edit(content('live_location'), 6)?.event).toMatchObject({ parts: [{ live: 'on' }] });
    expect(edit(content('location'), 7)?.event).toMatchObject({ parts: [{ live: 'ended' }] });
    expect(only(kit.update('edited_channel_post', kit.message({ caption: 'c', ...content('document') }, { chat: kit.CHANNEL, edit_date: 8 })))).toMatchObject({ type: 'edit' });
  });

  test('a message of nothing that is known says so', () => {
    expect(messageOf({}).parts).toMatchObject([{ kind: 'unsupported', what: 'message' }]);
    expect(messageOf({ hologram: { file_id: 'x' } }).parts).toMatchObject([{ kind: 'unsupported', what: 'hologram' }]);
    expect(messageOf({ hologram: { file_id: 'x' }, caption: 'words' }).parts).toMatchObject([{ kind: 'text' }]);
    expect(messageOf({ text: 'x', new_field: { a: 1 } }).parts).toMatchObject([{ kind: 'text' }]);
    expect(only(kit.update('message', { message_id: 1, date: 1 }))).toMatchObject({ type: 'unsupported' });
    expect(messageOf({ text: 'x' }, { message_id: undefined }).id).toMatch(/^digest:/);
  });
});

describe('service messages', () => {
  test.each(Object.entries(kit.SAID))('%s is told in a sentence', (name, value) => {
    const event = messageOf({ [name]: value }, { chat: kit.SUPER });
    expect(event.parts).toMatchObject([{ kind: 'text', style: 'notice' }]);
    expect(words(event).length).toBeGreaterThan(5);
    expect(words(event)).not.toMatch(/undefined|null|NaN|\[object/);
  });

  test('members, title, picture, pins and another number', () => {
    const one = (body: kit.Json, chat: kit.Json = kit.SUPER): readonly NetworkEvent[] => itemsOf(kit.update('message', kit.message(body, { chat }))).map(({ event }) => event);
    expect(one({ new_chat_members: [kit.ANNA, kit.BOB], new_chat_member: kit.ANNA })).toMatchObject([{ type: 'member', change: 'join', person: { id: '111' } }, { type: 'member', change: 'join', person: { id: '222' }, by: { id: '111' } }]);
    expect(one({ left_chat_member: kit.ANNA })).toMatchObject([{ change: 'leave' }]);
    expect(one({ left_chat_member: kit.BOB })).toMatchObject([{ change: 'kick', by: { id: '111' } }]);
    expect(one({ new_chat_title: 'New' })).toMatchObject([{ type: 'conversation.changed', conversation: { title: 'New' }, by: { id: '111' } }]);
    expect(one({ new_chat_photo: content('photo')['photo'] })).toMatchObject([{ type: 'conversation.changed', conversation: { avatar: { id: 'u-l', handle: expect.stringContaining('id-l') } } }]);
    expect(one({ delete_chat_photo: true })).toMatchObject([{ conversation: { avatar: null } }]);
    expect(one({ group_chat_created: true }, kit.GROUP)).toMatchObject([{ type: 'conversation.changed', conversation: { title: 'Small' } }]);
    expect(one({ pinned_message: kit.message({ text: 'p' }, { chat: kit.SUPER, message_id: 8 }) })).toMatchObject([{ type: 'pin', target: '-1001234567890:8', pinned: true }]);
    expect(one({ pinned_message: { chat: kit.SUPER, message_id: 8, date: 0 } })).toMatchObject([{ type: 'pin' }]);
    const [to, from] = [itemsOf(kit.update('message', kit.message({ migrate_to_chat_id: kit.SUPER.id }, { chat: kit.GROUP }))), itemsOf(kit.update('message', kit.message({ migrate_from_chat_id: kit.GROUP.id }, { chat: kit.SUPER })))];
    expect(to[0]?.event).toMatchObject({ type: 'conversation.replaced', conversation: { id: '-4012345', perAccount: true }, into: { id: '-1001234567890', perAccount: false } });
    expect(from[0]?.key).toBe(to[0]?.key);
    expect(one({ passport_data: { data: [] } })).toMatchObject([{ type: 'unsupported', what: 'passport_data' }]);
    expect(one({ new_chat_members: [{}] })).toMatchObject([{ type: 'unsupported' }]);
  });

  test('what the bot did itself is known as its own where it is known who it is', () => {
    const given = { self: '700100200', poll: () => undefined };
    const [item] = decodeUpdate(given, kit.update('message', kit.message({ new_chat_title: 'x' }, { chat: kit.SUPER, from: kit.BOT })));
    expect(item?.event).toMatchObject({ by: { isSelf: true } });
  });
});

describe('other updates', () => {
  test.each(kit.UPDATES)('%s', (_name, kind, value, type, more = {}) => {
    const event = only(kit.update(kind, value));
    expect(event).toMatchObject({ type, ...more });
    expect(JSON.stringify(event)).not.toContain('private words');
  });

  test('votes and the end of a poll that is known', () => {
    const conversation = { id: '-1', scope: '', kind: 'group', perAccount: true } as const;
    const known = { self: '', poll: (id: string) => (id === '5' ? { id: '-1:9' as never, conversation, options: ['p1', 'p2'] } : undefined) };
    const events = (kind: string, value: unknown): readonly NetworkEvent[] => decodeUpdate(known, kit.update(kind, value)).map(({ event }) => event);
    expect(events('poll_answer', { poll_id: '5', user: kit.BOB, option_ids: [1] })).toMatchObject([{ type: 'poll.vote', target: '-1:9', options: ['1'], conversation }]);
    expect(events('poll_answer', { poll_id: '5', user: kit.BOB, option_persistent_ids: ['p2', 'gone'] })).toMatchObject([{ options: ['1'] }]);
    expect(events('poll_answer', { poll_id: '5', voter_chat: kit.CHANNEL, user: kit.BOB, option_ids: [], option_persistent_ids: [] })).toMatchObject([{ type: 'poll.vote', options: [], sender: { id: '-1009876543210' } }]);
    expect(events('poll', { ...(content('poll')['poll'] as object), is_closed: true })).toMatchObject([{ type: 'poll.end', target: '-1:9', results: [{ text: 'Now', votes: 2 }, { text: 'Later', votes: 0 }] }]);
  });
});

describe('what was captured', () => {
  const hello = kit.message({ text: 'x' });
  const one = kit.update('message', hello);
  test.each([
    ['a webhook', one, 1], ['an answer of getUpdates', { ok: true, result: [one, one] }, 2], ['an empty answer', { ok: true, result: [] }, 1], ['an answer with one message', { ok: true, result: hello }, 1],
    ['a list', [one, one, one], 3], ['lines', `${JSON.stringify(one)}\n\n${JSON.stringify(one)}\n`, 2], ['lines of which one is broken', `${JSON.stringify(one)}\n{"update_id":`, 2], ['a message alone', hello, 1], ['a post alone', { ...hello, chat: kit.CHANNEL }, 1],
    ['an edit alone', { ...hello, edit_date: 5 }, 1], ['without a number', { message: hello }, 1],
    ...kit.UPDATES.filter(([, kind]) => /^(?:message_reaction|message_reaction_count|chat_member|poll_answer|poll|callback_query|chat_join_request|chat_boost|removed_chat_boost)$/.test(kind)).map(([name, , value]) => [`${name}, alone`, value, 1] as const),
  ])('%s', (_name, body, count) => {
    expect(itemsOf(body)).toHaveLength(count);
  });

  test.each([
    ['a WhatsApp webhook', { object: 'whatsapp_business_account', entry: [] }, /from Meta/], ['a Slack event', { token: 'x', team_id: 'T', type: 'event_callback', event: { type: 'message' } }, /token, team_id/], ['a list of something', [1, 2], /something else/],
    ['nothing', {}, /empty/], ['a word', '"x"', /bare value/], ['no JSON', '<html>', /JSON/], ['a refusal', { ok: false, error_code: 401, description: 'Unauthorized' }, /refusal/], ['a Rocket.Chat message', { _id: 'a', rid: 'b', msg: 'hi' }, /_id, rid, msg/],
  ])('%s is not Telegram’s', (_name, body, reason) => {
    expect(() => itemsOf(body)).toThrow(NotThisNetwork);
    expect(() => itemsOf(body)).toThrow(reason);
  });

  test('one bad piece spoils no other', () => {
    expect(itemsOf([one, null, 'x', { what: 1 }]).map(({ event }) => event.type)).toEqual(['message', 'unsupported', 'unsupported', 'unsupported']);
  });
});
