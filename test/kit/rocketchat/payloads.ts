/** Shapes of what Rocket.Chat sends, of several of its versions and by all its ways: each written here, none recorded. */
type Json = Readonly<Record<string, unknown>>;

export const ANNA = 'aobEdbYhXfu5hkeqG';
const BOB = 'sfGnM2sPSnKvGdPpT';
export const ROOM = 'ByehQjC44FwMeiLbX';
const ISO = '2024-05-01T10:00:00.000Z';
export const SENT = Date.parse(ISO);

const anna = { _id: ANNA, username: 'anna.berg', name: 'Anna Berg' };
const bob = { _id: BOB, username: 'bob', name: 'Bob Okoro' };
const date = (ms: number): Json => ({ $date: ms });

/** As REST hands it over; a socket has its dates in another form. */
const message = (more: Json = {}): Json => ({ _id: '7aDSXtjMA3KPLxLjt', rid: ROOM, msg: 'hello *there*', ts: ISO, u: anna, _updatedAt: '2024-05-01T10:00:00.100Z', mentions: [], channels: [], urls: [], ...more });
const live = (more: Json = {}): Json => message({ ts: date(SENT), _updatedAt: date(SENT + 100), ...more });
const frame = (collection: string, eventName: string, ...args: readonly unknown[]): Json => ({ msg: 'changed', collection, id: 'id', fields: { eventName, args } });
const mine = (more: Json, beside?: Json): Json => frame('stream-room-messages', '__my_messages__', live(more), ...(beside === undefined ? [] : [beside]));
const room = (more: Json = {}): Json => ({ _id: ROOM, t: 'c', name: 'gardeners', fname: 'Gardeners', u: { _id: ANNA, username: 'anna.berg' }, usersCount: 3, msgs: 12, ts: ISO, ro: false, sysMes: true, _updatedAt: ISO, ...more });
const path = '/file-upload/PTpoMpPHYXa9qWbqP/plan%20of%20beds.png';
const picture = { type: 'file', title: 'plan of beds.png', title_link: path, title_link_download: true, image_dimensions: { width: 640, height: 480 }, image_preview: '/9j/AAo', image_url: path, image_type: 'image/png', image_size: 54_321, description: 'the *new* beds' };
const file = { _id: 'PTpoMpPHYXa9qWbqP', name: 'plan of beds.png', type: 'image/png', size: 54_321, format: 'png' };

const plain = (value: string): readonly Json[] => [{ type: 'PLAIN_TEXT', value }];
const MESSAGES: Readonly<Record<string, Json>> = {
  'a text without its tree': message(),
  'marks of integrations and no tree': message({ msg: 'see <https://example.org/x|the plan> on <t:1714557600:f>' }),
  'lists within lists, as its newest parser gives them': message({ md: [
    { type: 'UNORDERED_LIST', value: [{ type: 'LIST_ITEM', value: plain('First'), children: [{ type: 'ORDERED_LIST', value: [{ type: 'LIST_ITEM', value: plain('within'), number: 1 }] }] }, { type: 'LIST_ITEM', value: plain('Last') }] },
    { type: 'TASKS', value: [{ type: 'TASK', status: false, value: plain('beds'), children: [{ type: 'TASKS', value: [{ type: 'TASK', status: true, value: plain('seeds') }] }] }] },
  ] }),
  'a text with its tree': message({ md: [{ type: 'PARAGRAPH', value: [{ type: 'PLAIN_TEXT', value: 'hello ' }, { type: 'BOLD', value: [{ type: 'PLAIN_TEXT', value: 'there' }] }] }] }),
  'one of a server before mentions': { _id: 'kNxCE2bTXqYh6j7Y3', rid: ROOM, msg: 'short', ts: ISO, u: { _id: ANNA, username: 'anna.berg' } },
  'with dates of a socket': live(),
  'with dates as numbers': message({ ts: SENT, _updatedAt: SENT }),
  'with dates as Mongo exports them': message({ ts: { $date: ISO }, _updatedAt: { $date: { $numberLong: String(SENT) } } }),
  mentions: message({ msg: 'ask @bob or @all in #gardeners', mentions: [{ _id: BOB, username: 'bob', name: 'Bob Okoro', type: 'user' }, { _id: 'all', username: 'all' }], channels: [{ _id: ROOM, name: 'gardeners' }] }),
  'an edit': message({ msg: 'hello again', editedAt: '2024-05-01T10:05:00.000Z', editedBy: { _id: ANNA, username: 'anna.berg' } }),
  'an answer in a thread': message({ tmid: 'GkR2B8tZ5vX7nQ9aL' }),
  'an answer in a thread that the room is shown too': message({ tmid: 'GkR2B8tZ5vX7nQ9aL', tshow: true }),
  'the first of a thread': message({ tcount: 2, tlm: ISO, replies: [ANNA, BOB] }),
  'a reaction with names': message({ reactions: { ':thumbsup:': { usernames: ['bob'], names: ['Bob Okoro'] }, ':ours:': { usernames: ['anna.berg'] } } }),
  starred: message({ starred: [{ _id: ANNA }] }),
  pinned: message({ pinned: true, pinnedAt: '2024-05-01T11:00:00.000Z', pinnedBy: { _id: BOB, username: 'bob' } }),
  'an alias with a picture': message({ alias: 'Nightly build', avatar: 'https://ci.example.org/a.png', bot: { i: 'wGyJkRT8L9bE4nXQ2' }, groupable: false }),
  'an alias with an emoji': message({ alias: 'Alarm', emoji: ':fire:', bot: { i: 'wGyJkRT8L9bE4nXQ2' } }),
  'links with what stands behind them': message({ msg: 'https://example.org/beds', urls: [{ url: 'https://example.org/beds', meta: { pageTitle: 'Beds', ogTitle: 'Raised beds', ogDescription: 'How to', ogImage: 'https://example.org/x.png' }, headers: { contentType: 'text/html' }, parsedUrl: { host: 'example.org' } }] }),
  'a place': message({ msg: '', location: { type: 'Point', coordinates: [4.89, 52.37] } }),
  'a translation': message({ translations: { nl: 'hallo' }, translationProvider: 'google-translate' }),
  encrypted: message({ t: 'e2e', e2e: 'pending', msg: 'eyJhbGciOi' }),
  'encrypted, as newer ones are': message({ t: 'e2e', msg: '', content: { algorithm: 'rc.v2.aes-sha2', ciphertext: 'x', iv: 'y', kid: 'z' } }),
  'off the record': message({ t: 'otr', msg: 'U2FsdGVkX1' }),
  'an encrypted file': message({ t: 'e2e', msg: '', content: { algorithm: 'rc.v1.aes-sha2', ciphertext: 'x' }, file: { _id: 'f', name: 'n', type: 'application/octet-stream' }, attachments: [{ type: 'file', title: 'n', title_link: '/file-upload/f/n' }] }),
  'from Slack, brought over': message({ imported: true, msg: 'old words', attachments: [] }),
  'seen by a visitor': message({ token: 'iNKE8a6k6cjbqWhWd', u: { _id: 'vvEPiWTuYXsdmqPfA', username: 'guest-3', name: 'Guest three' } }),
  'one that is hidden': message({ _hidden: true, parent: '7aDSXtjMA3KPLxLjt' }),
  'nothing at all': message({ msg: '' }),
  'a text of the API': { _id: 'm', rid: ROOM, text: 'the text of one that was posted', ts: ISO, u: anna },
};

const FILES: Readonly<Record<string, Json>> = {
  'a picture': message({ msg: '', file, files: [file], attachments: [picture], groupable: false }),
  'a picture with its small copy': message({ msg: '', file, files: [file, { _id: 'thumbthumbthumb17', name: 'thumb-plan of beds.png', type: 'image/png', size: 4321, typeGroup: 'thumb' }], attachments: [{ ...picture, image_url: '/file-upload/thumbthumbthumb17/thumb-plan%20of%20beds.png' }] }),
  'a document': message({ msg: 'read this', file: { ...file, name: 'a.pdf', type: 'application/pdf' }, attachments: [{ type: 'file', title: 'a.pdf', title_link: '/file-upload/PTpoMpPHYXa9qWbqP/a.pdf', format: 'PDF', size: 100, description: '' }] }),
  'a voice message': message({ msg: '', file: { ...file, name: 'Audio record.mp3', type: 'audio/mpeg' }, attachments: [{ type: 'file', title: 'Audio record.mp3', title_link: '/file-upload/PTpoMpPHYXa9qWbqP/Audio%20record.mp3', audio_url: '/file-upload/PTpoMpPHYXa9qWbqP/Audio%20record.mp3', audio_type: 'audio/mpeg', audio_size: 77 }] }),
  'a film': message({ msg: '', file: { ...file, name: 'a.mp4', type: 'video/mp4' }, attachments: [{ type: 'file', title: 'a.mp4', title_link: '/file-upload/PTpoMpPHYXa9qWbqP/a.mp4', video_url: '/file-upload/PTpoMpPHYXa9qWbqP/a.mp4', video_type: 'video/mp4', video_size: 99 }] }),
  'several files': message({ msg: 'both', files: [file, { ...file, _id: 'second2second2sec', name: 'b.txt', type: 'text/plain' }], attachments: [picture, { type: 'file', title: 'b.txt', title_link: '/file-upload/second2second2sec/b.txt' }] }),
  'a file without an attachment': message({ msg: '', file }),
  'a file of a public address': message({ msg: '', file: { ...file, _id: 'p1' }, fileUpload: { publicFilePath: 'https://chat.example.org/file-upload/p1/plan%20of%20beds.png?rc_token=x', type: 'image/png', size: 3 } }),
  'a file of a server before 0.48': message({ msg: '', file: { _id: 'old1' }, attachments: [{ title: 'File Uploaded: a.zip', title_link: '/file-upload/old1/a.zip', title_link_download: true }] }),
  'a file that was removed': message({ msg: '', file: {}, attachments: [{ type: 'removed-file', text: '_Removed_', color: '#FD745E' }] }),
  'a file that is encrypted': message({ msg: '', file: { ...file, type: 'image/png' }, attachments: [{ ...picture, encryption: { key: { k: 'x' }, iv: 'y' }, hashes: { sha256: 'a'.repeat(64) } }] }),
};

const ATTACHED: Readonly<Record<string, Json>> = {
  'a quote': message({ msg: '[ ](https://chat.example.org/channel/gardeners?msg=GkR2B8tZ5vX7nQ9aL) yes', attachments: [{ text: 'shall we?', author_name: 'bob', author_icon: '/avatar/bob', message_link: 'https://chat.example.org/channel/gardeners?msg=GkR2B8tZ5vX7nQ9aL', attachments: [], ts: '2024-05-01T09:00:00.000Z' }] }),
  'a quote of a file': message({ msg: '[ ](https://chat.example.org/group/x?msg=GkR2B8tZ5vX7nQ9aL) nice', attachments: [{ text: '', author_name: 'bob', message_link: 'https://chat.example.org/group/x?msg=GkR2B8tZ5vX7nQ9aL', attachments: [picture] }] }),
  'a quote in a quote': message({ msg: '[ ](https://chat.example.org/direct/x?msg=GkR2B8tZ5vX7nQ9aL) so', attachments: [{ text: '[ ](https://chat.example.org/direct/x?msg=deeper) mid', author_name: 'bob', message_link: 'https://chat.example.org/direct/x?msg=GkR2B8tZ5vX7nQ9aL', attachments: [{ text: 'deep', author_name: 'anna.berg', message_link: 'https://chat.example.org/direct/x?msg=deeper' }] }] }),
  'fields, actions and all': message({ msg: '', alias: 'Forge', bot: { i: 'x' }, attachments: [{ color: '#d00', pretext: 'New issue', author_name: 'forge', author_link: 'https://forge.example.org', author_icon: 'https://forge.example.org/i.png', title: 'Leak', title_link: 'https://forge.example.org/1', text: 'It *leaks*', fields: [{ title: 'Severity', value: 'high', short: true }, { title: 'Open', value: true, short: true }], thumb_url: 'https://forge.example.org/t.png', ts: ISO, collapsed: false, actions: [{ type: 'button', text: 'Open', url: 'https://forge.example.org/1', msg_in_chat_window: false }, { type: 'button', text: 'Close', msg: '/close 1', msg_in_chat_window: true }, { type: 'button', image_url: 'https://forge.example.org/b.png', url: 'https://forge.example.org/b' }], footer: 'forge 1.2', footer_icon: 'x' }] }),
  'what only a fallback says': message({ msg: '', attachments: [{ fallback: 'deployed to the field' }] }),
  'a picture from elsewhere': message({ msg: 'look', attachments: [{ image_url: 'https://pics.example.org/1.jpg', title: 'a rose' }] }),
  'attachments within': message({ msg: '', attachments: [{ title: 'outer', attachments: [{ title: 'inner', text: 'words' }] }] }),
  'one of the old scripts': message({ msg: 'x', attachments: { text: 'not in a list' } }),
  'blocks of an app': message({ msg: '', blocks: [{ type: 'section', blockId: 'b', appId: 'a', text: { type: 'mrkdwn', text: 'Which *bed*?' }, fields: [{ type: 'plain_text', text: 'left' }], accessory: { type: 'button', actionId: 'x', text: { type: 'plain_text', text: 'This one' }, url: 'https://beds.example.org' } }, { type: 'actions', elements: [{ type: 'button', actionId: 'y', text: { type: 'plain_text', text: 'Yes' }, value: 'y' }, { type: 'static_select', placeholder: { type: 'plain_text', text: 'pick' }, options: [{ text: { type: 'plain_text', text: 'One' }, value: '1' }] }] }, { type: 'context', elements: [{ type: 'mrkdwn', text: 'small' }, { type: 'image', imageUrl: 'https://x.example.org/i.png', altText: 'a spade' }] }, { type: 'divider' }, { type: 'image', imageUrl: 'https://x.example.org/i.png', altText: 'a bed', title: { type: 'plain_text', text: 'Bed' } }, { type: 'input', label: { type: 'plain_text', text: 'Name' }, element: { type: 'plain_text_input', placeholder: { type: 'plain_text', text: 'yours' } } }, { type: 'preview', title: [{ type: 'plain_text', text: 'P' }], description: [{ type: 'plain_text', text: 'D' }], footer: { type: 'context', elements: [{ type: 'plain_text', text: 'F' }] } }, { type: 'info_card', rows: [{ background: 'default', elements: [{ type: 'plain_text', text: 'R' }] }] }, { type: 'callout', title: { type: 'plain_text', text: 'C' }, text: { type: 'plain_text', text: 'T' } }] }),
  'blocks beside a text': message({ msg: 'asked', blocks: [{ type: 'section', text: { type: 'plain_text', text: 'the question itself' } }] }),
  'a discussion': message({ t: 'discussion-created', msg: 'Where to', drid: 'D9yAr3eKsK9dGkP2m', dcount: 0, dlm: ISO }),
  'a message that began a discussion': message({ drid: 'D9yAr3eKsK9dGkP2m', dcount: 3, dlm: ISO }),
  'a call of two': message({ t: 'videoconf', msg: '', blocks: [{ type: 'video_conf', blockId: 'x', callId: 'c1', appId: 'videoconf-core-app' }] }),
  'a card of a poll app': message({ msg: '', customFields: {}, blocks: [{ type: 'section', text: { type: 'plain_text', text: 'Tea or coffee?' }, accessory: { type: 'overflow', actionId: 'o', options: [{ text: { type: 'plain_text', text: 'Finish' }, value: 'f' }] } }, { type: 'divider' }, { type: 'section', text: { type: 'plain_text', text: 'Tea' }, accessory: { type: 'button', actionId: 'vote', text: { type: 'plain_text', text: 'Vote' }, value: '0' } }] }),
};

/** System messages that have a place of their own, with what they hold. */
const SYSTEM: Readonly<Record<string, Json>> = Object.fromEntries([
  ...['uj', 'ul', 'ut', 'uir', 'ujt', 'ult', 'wm', 'room-archived', 'room-unarchived', 'room_e2e_enabled', 'room_e2e_disabled', 'room-set-read-only', 'room-removed-read-only', 'room-allowed-reacting', 'room-disallowed-reacting', 'jitsi_call_started', 'livechat-started', 'livechat_video_call', 'livechat_webrtc_video_call', 'message_pinned_e2e', 'rtc', 'otr-ack', 'user_joined_otr', 'user_requested_otr_key_refresh', 'user_key_refreshed_successfully', 'livechat-session-start'].map((t) => [t, { t, msg: '' }]),
  ...['au', 'ru', 'ui', 'user-muted', 'user-unmuted', 'user-banned', 'user-unbanned', 'new-moderator', 'moderator-removed', 'new-owner', 'owner-removed', 'new-leader', 'leader-removed', 'added-user-to-team', 'removed-user-from-team', 'abac-removed-user-from-room', 'mute_unmute'].map((t) => [t, { t, msg: 'bob' }]),
  ...['r', 'room_changed_topic', 'room_changed_description', 'room_changed_announcement', 'room_changed_avatar', 'user-converted-to-team', 'user-converted-to-channel', 'user-removed-room-from-team', 'user-deleted-room-from-team', 'user-added-room-to-team', 'message_snippeted', 'livechat-close'].map((t) => [t, { t, msg: 'Beds' }]),
  ['room_changed_privacy', { t: 'room_changed_privacy', msg: 'Private_Group' }], ['subscription-role-added', { t: 'subscription-role-added', msg: 'bob', role: 'moderator' }], ['subscription-role-removed', { t: 'subscription-role-removed', msg: 'bob', role: 'moderator' }],
  ['rm', { t: 'rm', msg: '', editedAt: ISO, editedBy: { _id: BOB, username: 'bob' } }], ['command', { t: 'command', msg: 'promptTranscript' }],
  ['message_pinned', { t: 'message_pinned', msg: '', attachments: [{ text: 'keep', author_name: 'bob', message_link: 'https://chat.example.org/channel/gardeners?msg=GkR2B8tZ5vX7nQ9aL', ts: ISO }] }],
  ['livechat_navigation_history', { t: 'livechat_navigation_history', msg: 'Beds - https://example.org/beds', navigation: { page: { title: 'Beds', location: { href: 'https://example.org/beds' }, change: 'url' }, token: 't' }, expireAt: SENT }],
  ['livechat_transfer_history', { t: 'livechat_transfer_history', msg: 'bob', transferData: { transferredBy: { _id: ANNA, username: 'anna.berg', name: 'Anna Berg' }, scope: 'department', comment: 'yours', nextDepartment: { _id: 'd', name: 'Roses' }, transferredTo: undefined } }],
  ['livechat_transfer_history_fallback', { t: 'livechat_transfer_history_fallback', msg: '', transferData: { scope: 'department', prevDepartment: 'Roses', department: { name: 'Herbs' } } }],
  ['livechat_transcript_history', { t: 'livechat_transcript_history', msg: '', requestData: { type: 'visitor', visitor: { username: 'guest-3', name: 'Guest three' } } }],
  ['omnichannel_placed_chat_on_hold', { t: 'omnichannel_placed_chat_on_hold', msg: '', comment: 'later' }], ['omnichannel_on_hold_chat_resumed', { t: 'omnichannel_on_hold_chat_resumed', msg: '', comment: 'now' }],
  ['omnichannel_priority_change_history', { t: 'omnichannel_priority_change_history', msg: '', priorityData: { definedBy: { username: 'bob' }, priority: { name: 'High' } } }], ['omnichannel_sla_change_history', { t: 'omnichannel_sla_change_history', msg: '', slaData: { definedBy: { username: 'bob' }, sla: { name: 'Gold' } } }],
].map(([name, more]) => [name, message(more as Json)]));

const HOOK = { token: 'not-a-token', bot: false, channel_id: ROOM, channel_name: 'gardeners', message_id: '7aDSXtjMA3KPLxLjt', timestamp: ISO, user_id: ANNA, user_name: 'anna.berg', text: 'hello *there*', siteUrl: 'https://chat.example.org' };
const { message_id: _id, text: _text, siteUrl: _url, ...HAPPENED } = HOOK;
/** Outgoing webhooks, by what set them off. */
const HOOKS: Readonly<Record<string, Json>> = {
  'a message': HOOK,
  'a message of a bot': { ...HOOK, bot: { i: 'wGyJkRT8L9bE4nXQ2' }, alias: 'Nightly build' },
  'a trigger word': { ...HOOK, trigger_word: 'hello' },
  'an edit': { ...HOOK, isEdited: true },
  'in a thread': { ...HOOK, tmid: 'GkR2B8tZ5vX7nQ9aL' },
  'of a server before 0.50': { token: 'x', channel_id: ROOM, channel_name: 'gardeners', timestamp: ISO, user_id: ANNA, user_name: 'anna.berg', text: 'hello', message_id: 'm' },
  'a direct message': { ...HOOK, channel_id: `${ANNA}${BOB}`, channel_name: undefined },
  'with attachments that a script put in': { ...HOOK, text: '', attachments: [{ title: 'T', text: 'words' }] },
  'a file': { ...HOOK, siteUrl: undefined, text: '', user: { ...anna, roles: ['user'], status: 'online', emails: [{ address: 'anna@example.org', verified: true }] }, room: room(), message: message({ msg: '', file, files: [file], attachments: [picture] }) },
  'somebody joined': { ...HAPPENED, user: { ...anna, roles: ['user'] }, room: room() },
  'somebody left': { ...HAPPENED, user: { ...anna, roles: ['user'] }, room: room({ lastMessage: message() }) },
  'a room was made': { ...HAPPENED, owner: { ...anna, roles: ['user'] }, room: room() },
  'a room was archived': { ...HAPPENED, user: anna, room: room({ archived: true }) },
  'a user was made': { token: 'x', bot: false, timestamp: ISO, user_id: BOB, user_name: 'bob', user: { ...bob, createdAt: ISO, roles: ['user'], type: 'user', active: true } },
};

const CRM = { _id: 'fasd6f5a4sd6f8a4s', label: 'Beds by post', topic: 'seeds', createdAt: ISO, lastMessageAt: ISO, tags: ['a'], customFields: { crop: 'kale' }, visitor: { _id: 'vvEPiWTuYXsdmqPfA', token: 'iNKE8a6k6cjbqWhWd', name: 'Guest three', username: 'guest-3', email: [{ address: 'g@example.org' }], phone: [{ phoneNumber: '+31 20 000' }], os: 'Linux', browser: 'Firefox 120', ip: '198.51.100.7', customFields: {} }, agent: { _id: ANNA, username: 'anna.berg', name: 'Anna Berg', email: 'anna@example.org' } };
const visitorSays = { u: { _id: 'vvEPiWTuYXsdmqPfA', username: 'guest-3', name: 'Guest three' }, _id: 'LcM3bW9kZt5yQ7xRd', username: 'guest-3', msg: 'is there *kale*?', ts: ISO, rid: CRM._id, _updatedAt: ISO };
const agentSays = { u: anna, _id: 'QcM3bW9kZt5yQ7xRd', username: 'anna.berg', msg: 'there is', ts: ISO, rid: CRM._id, agentId: ANNA, _updatedAt: ISO };
/** Omnichannel's webhooks. */
const LIVECHAT: Readonly<Record<string, Json>> = {
  'a message of the visitor': { ...CRM, type: 'Message', messages: [visitorSays] },
  'a message of the agent': { ...CRM, type: 'Message', messages: [agentSays] },
  'a file of the visitor': { ...CRM, type: 'Message', messages: [{ ...visitorSays, msg: '', file, attachments: [picture], fileUpload: { publicFilePath: `https://chat.example.org${path}`, type: 'image/png', size: 3 } }] },
  'of a server that gives no room with a message': { ...CRM, type: 'Message', messages: [{ username: 'guest-3', msg: 'hm', ts: ISO, _id: 'x1' }] },
  'a session that was closed': { ...CRM, type: 'LivechatSession', closedAt: ISO, closer: 'user', closedBy: { _id: ANNA, username: 'anna.berg' }, messages: [visitorSays, agentSays, { ...agentSays, _id: 'close', msg: 'bye', closingMessage: true }] },
  'the test of the settings page': { type: 'LivechatSession', _id: CRM._id, label: 'New livechat', topic: 'some topic', createdAt: ISO, lastMessageAt: ISO, tags: ['tag1'], customFields: {}, visitor: { _id: '', name: 'visitor name', username: 'visitor-username', department: 'department', email: 'email@example.org', phone: '192873192873', ip: '203.0.113.1', browser: 'Chrome', os: 'Linux', customFields: {} }, agent: { _id: 'agentid', username: 'agent.username', name: 'Agent Name', email: 'agent@example.org' }, messages: [{ username: 'visitor-username', msg: 'message content', ts: ISO }, { username: 'agent.username', agentId: 'agentid', msg: 'message content from agent', ts: ISO }] },
  'a session that began': { ...CRM, type: 'LivechatSessionStart', messages: [] },
  'a session that waits': { ...CRM, type: 'LivechatSessionQueued', departmentId: 'd', messages: [] },
  'a session that was taken': { ...CRM, type: 'LivechatSessionTaken', servedBy: { _id: ANNA, username: 'anna.berg', ts: ISO }, messages: [visitorSays] },
  'a session that was handed on': { ...CRM, type: 'LivechatSessionForwarded', oldServedBy: { _id: BOB, username: 'bob' }, messages: [] },
  'a session whose facts changed': { ...CRM, type: 'LivechatEdit', messages: [] },
  'a lead': { ...CRM, type: 'LeadCapture', messages: [] },
  'a message for later': { type: 'LivechatOfflineMessage', sentAt: ISO, visitor: { name: 'Guest three', email: 'g@example.org' }, message: 'call me' },
  'what the visitor looked at': { ...CRM, type: 'Message', messages: [{ ...visitorSays, msg: 'Beds - https://example.org/beds', t: 'livechat_navigation_history', navigation: { page: { title: 'Beds', location: { href: 'https://example.org/beds' } } } }] },
  'blocks instead of words': { ...CRM, type: 'Message', messages: [{ ...agentSays, msg: JSON.stringify([{ type: 'section', text: { type: 'plain_text', text: 'choose' } }]), blocks: [{ type: 'section', text: { type: 'plain_text', text: 'choose' } }] }] },
};

const STREAMS: Readonly<Record<string, unknown>> = {
  'my messages': mine({}, { roomParticipant: true, roomType: 'c', roomName: 'gardeners' }),
  'messages of one room': frame('stream-room-messages', ROOM, live()),
  'a direct message': mine({ rid: `${ANNA}${BOB}` }, { roomParticipant: true, roomType: 'd' }),
  'several at once': frame('stream-room-messages', ROOM, [live(), live({ _id: 'another' })]),
  typing: frame('stream-notify-room', `${ROOM}/user-activity`, 'bob', ['user-typing'], {}),
  'typing no more': frame('stream-notify-room', `${ROOM}/user-activity`, 'bob', [], {}),
  'typing, as it was before 4.0': frame('stream-notify-room', `${ROOM}/typing`, 'bob', true),
  'a deletion': frame('stream-notify-room', `${ROOM}/deleteMessage`, { _id: '7aDSXtjMA3KPLxLjt' }),
  'many deletions': frame('stream-notify-room', `${ROOM}/deleteMessageBulk`, { rid: ROOM, excludePinned: false, ignoreDiscussion: true, ts: { $gt: date(1), $lt: date(2) }, users: [], ids: ['a', 'b'] }),
  read: frame('stream-notify-room', `${ROOM}/messagesRead`, { until: date(SENT) }),
  'a call changed': frame('stream-notify-room', `${ROOM}/videoconf`, 'c1'),
  'the room of a user changed': frame('stream-notify-user', `${ANNA}/rooms-changed`, 'updated', room({ topic: 'weeds' })),
  'the account came into a room': frame('stream-notify-user', `${ANNA}/subscriptions-changed`, 'inserted', { _id: 's', rid: ROOM, t: 'p', name: 'gardeners', fname: 'Gardeners', ts: date(SENT), open: true, alert: false, unread: 0, u: anna }),
  'the account went out of a room': frame('stream-notify-user', `${ANNA}/subscriptions-changed`, 'removed', { _id: 's', rid: ROOM, u: anna }),
  'a notification': frame('stream-notify-user', `${ANNA}/notification`, { title: '#gardeners', text: 'Bob: x', payload: { _id: 'm', rid: ROOM, sender: bob, type: 'c', message: { msg: 'x' } } }),
  'a whisper': frame('stream-notify-user', `${ANNA}/message`, { _id: 'w', rid: ROOM, ts: date(SENT), msg: 'No such command', private: true, u: { _id: 'rocket.cat', username: 'rocket.cat' } }),
  'a mark of a user': frame('stream-notify-user', `${ANNA}/uiInteraction`, { type: 'modal.open' }),
  'another name': frame('stream-notify-logged', 'Users:NameChanged', { _id: BOB, name: 'Robert', username: 'bob' }),
  'another picture': frame('stream-notify-logged', 'updateAvatar', { username: 'bob', etag: 'e' }),
  'who is there': frame('stream-notify-logged', 'user-status', [BOB, 'bob', 1, 'busy']),
  'who is there, in newer ones': frame('stream-user-presence', BOB, ['bob', 2, '']),
  'another role': frame('stream-notify-logged', 'roles-change', { type: 'added', _id: 'moderator', u: { _id: BOB, username: 'bob' }, scope: ROOM }),
  'another emoji': frame('stream-notify-logged', 'updateEmojiCustom', { emojiData: { name: 'ours' } }),
  'somebody is gone': frame('stream-notify-logged', 'Users:Deleted', { userId: BOB, messageErasureType: 'Unlink' }),
  'queue of omnichannel': frame('stream-livechat-inquiry-queue-observer', 'public', { _id: 'i', rid: ROOM, type: 'added', name: 'Guest' }),
  'a room of omnichannel': frame('stream-livechat-room', 'fasd6f5a4sd6f8a4s', { type: 'agentData', data: { _id: ANNA, username: 'anna.berg' } }),
  'the life of the socket': [{ server_id: '0' }, { msg: 'connected', session: 's' }, { msg: 'ping' }, { msg: 'ready', subs: ['1'] }, { msg: 'updated', methods: ['1'] }, { msg: 'nosub', id: '1', error: { error: 'not-allowed' } }, { msg: 'added', collection: 'users', id: ANNA, fields: { username: 'anna.berg' } }].map((each) => JSON.stringify(each)).join('\n'),
  'the answer of loadHistory': { msg: 'result', id: '42', result: { messages: [live(), live({ _id: 'b', t: 'uj', msg: 'bob', u: bob })], unreadNotLoaded: 0 } },
  'the answer of sendMessage': { msg: 'result', id: '43', result: live() },
  'a refusal': { msg: 'result', id: '44', error: { isClientSafe: true, error: 'error-not-allowed', reason: 'Not allowed', errorType: 'Meteor.Error' } },
  'wrapped by SockJS': `a${JSON.stringify([JSON.stringify(mine({}))])}`,
};

const REST: Readonly<Record<string, unknown>> = {
  'channels.history': { messages: [message(), message({ _id: 'b', t: 'uj', msg: 'bob', u: bob })], success: true },
  'groups.messages': { messages: [message()], count: 1, offset: 0, total: 1, success: true },
  'chat.syncMessages': { result: { updated: [message()], deleted: [{ _id: 'gone', _deletedAt: ISO }], cursor: { next: null, previous: null } }, success: true },
  'chat.getMessage': { message: message(), success: true },
  'chat.postMessage': { ts: SENT, channel: 'gardeners', message: message({ alias: 'x', parseUrls: true, groupable: false }), success: true },
  'chat.search': { messages: [message({ score: 1 })], success: true },
  'chat.getThreadsList': { threads: [message({ tcount: 1, tlm: ISO })], count: 1, offset: 0, total: 1, success: true },
  'chat.getPinnedMessages': { messages: [message({ pinned: true, pinnedAt: ISO, pinnedBy: bob })], count: 1, offset: 0, total: 1, success: true },
  'rooms.get': { update: [room()], remove: [], success: true },
  'rooms.get, as short as can be': { update: [{ _id: `${ANNA}${BOB}`, t: 'd', _updatedAt: ISO }, room({ u: { _id: null, username: null } })], remove: [], success: true },
  'subscriptions.get': { update: [{ _id: 's', rid: ROOM, t: 'p', name: 'gardeners', u: anna, open: true, alert: false, unread: 0, ts: ISO, ls: ISO }], remove: [], success: true },
  'an export': [{ msg: 'hello', username: 'anna.berg', ts: ISO }, { msg: 'User has joined the channel.', username: 'User_2', ts: ISO, type: 'uj' }, { msg: '', username: 'User_2', ts: ISO, attachments: [{ type: 'file', title: 'plan of beds.png', title_link: path, image_url: path, image_type: 'image/png', url: path, remote: false, fileId: 'PTpoMpPHYXa9qWbqP', fileName: 'plan of beds.png' }] }].map((each) => JSON.stringify(each)).join('\n'),
  'channels.info': { channel: room({ description: 'd', announcement: 'a', topic: 't' }), success: true },
  'im.list': { ims: [{ _id: `${ANNA}${BOB}`, t: 'd', usernames: ['anna.berg', 'bob'], uids: [ANNA, BOB], msgs: 3, usersCount: 2, _updatedAt: ISO, ts: ISO, lastMessage: message({ rid: `${ANNA}${BOB}` }) }], success: true },
  'rooms.media': { message: message({ msg: '', file, files: [file], attachments: [picture] }), success: true },
  'an empty page': { messages: [], success: true },
  'a refusal': { success: false, error: 'You must be logged in to do this.', status: 'error', message: 'You must be logged in to do this.' },
  'livechat/messages.history': { messages: [{ ...visitorSays, alias: 'Guest three', token: 't' }], success: true },
};

const appRoom = { id: ROOM, displayName: 'Gardeners', slugifiedName: 'gardeners', type: 'c', creator: { id: ANNA, username: 'anna.berg' }, isDefault: false, isReadOnly: false, displaySystemMessages: true, messageCount: 3, createdAt: ISO, updatedAt: ISO, customFields: {}, _unmappedProperties_: {} };
const appUser = { id: ANNA, username: 'anna.berg', name: 'Anna Berg', type: 'user', isEnabled: true, roles: ['user'], status: 'online', utcOffset: 1, emails: [] };
const APPS: Readonly<Record<string, Json>> = {
  'a message': { id: '7aDSXtjMA3KPLxLjt', room: appRoom, sender: appUser, text: 'hello *there*', createdAt: ISO, updatedAt: ISO, groupable: true, _unmappedProperties_: { mentions: [], channels: [] } },
  'a message in a thread, edited, with a reaction': { id: 'm', threadId: 'GkR2B8tZ5vX7nQ9aL', room: appRoom, sender: appUser, text: 'hm', createdAt: ISO, updatedAt: ISO, editor: appUser, editedAt: ISO, reactions: { ':thumbsup:': { usernames: ['bob'] } } },
  'a message with a file': { id: 'm', room: appRoom, sender: appUser, createdAt: ISO, file: { _id: 'PTpoMpPHYXa9qWbqP', name: 'plan of beds.png', type: 'image/png' }, attachments: [{ title: { value: 'plan of beds.png', link: path, displayDownloadLink: true }, imageUrl: path, type: 'file', description: 'see' }] },
  'a message with a card': { id: 'm', room: { ...appRoom, type: 'd', userIds: [ANNA, BOB] }, sender: appUser, alias: 'Forge', createdAt: ISO, attachments: [{ color: '#d00', author: { name: 'forge', link: 'https://forge.example.org' }, title: { value: 'Leak', link: 'https://forge.example.org/1' }, text: 'It *leaks*', thumbnailUrl: 'https://forge.example.org/t.png', fields: [{ title: 'Severity', value: 'high', short: true }], actions: [{ type: 'button', text: 'Open', url: 'https://forge.example.org/1' }] }] },
};

const named = (what: string, all: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] => Object.entries(all).map(([name, body]) => [`${what}: ${name}`, body] as const);

/** What `inspect` has to understand. */
export const UNDERSTOOD: Readonly<Record<string, unknown>> = Object.fromEntries([
  ...named('message', MESSAGES), ...named('files', FILES), ...named('attached', ATTACHED), ...named('system', SYSTEM), ...named('outgoing webhook', HOOKS),
  ...named('omnichannel', LIVECHAT), ...named('stream', STREAMS), ...named('REST', REST), ...named('Apps-Engine', APPS),
]);

/** What it has to refuse. */
export const REFUSED: Readonly<Record<string, unknown>> = {
  'nothing': {}, 'a list of nothing': [], 'a word': '"x"', 'no JSON': '<html></html>', 'an error page': 'Bad Gateway',
  'a Telegram update': { update_id: 1, message: { message_id: 1, date: 1, chat: { id: 1, type: 'private' }, text: 'x' } },
  'a Slack event': { token: 't', team_id: 'T1', type: 'event_callback', event: { type: 'message', channel: 'C1', user: 'U1', ts: '1700000000.000100', text: 'x' } },
  'a hook of Slack': { token: 't', team_id: 'T1', channel_id: 'C1', user_id: 'U1', user_name: 'x', text: 'x' },
  'a WhatsApp webhook': { object: 'whatsapp_business_account', entry: [] },
  'a hook of Mattermost': { token: 't', team_id: 'x', team_domain: 'y', channel_id: 'c', channel_name: 'n', timestamp: 1, user_id: 'u', user_name: 'un', post_id: 'p', text: 'x', trigger_word: 'y', file_ids: '' },
};
