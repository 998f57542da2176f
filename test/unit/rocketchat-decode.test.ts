import { describe, expect, test } from '@jest/globals';
import { inspect } from '../../src/actions/inspect.ts';
import { rocketchat } from '../../src/networks/rocketchat/index.ts';
import { toPlain } from '../../src/text/plain.ts';

const ANNA = 'aobEdbYhXfu5hkeqG';
const BOB = 'sfGnM2sPSnKvGdPpT';
const u = { _id: ANNA, username: 'anna', name: 'Anna' };
const base = { _id: 'm1', rid: 'r1', msg: 'hi', u, ts: '2024-05-01T10:00:00.000Z', _updatedAt: '2024-05-01T10:00:00.100Z' };
const read = (body: unknown) => inspect(rocketchat, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const one = (more: object) => {
  const { events, unsupported } = read({ ...base, ...more });
  return { event: events[0], events, unsupported };
};
const shown = (more: object): readonly string[] => {
  const { event } = one(more);
  return event?.type === 'message' ? event.parts.map((part) => (part.kind === 'text' ? toPlain(part.text) : part.kind)) : [];
};

describe('one message', () => {
  test.each([
    ['uj', 'anna', { type: 'member', change: 'join', person: { id: ANNA } }], ['ul', 'anna', { type: 'member', change: 'leave', person: { id: ANNA } }],
    ['ut', '', { type: 'member', change: 'join' }], ['ujt', '', { type: 'member', change: 'join' }], ['ult', '', { type: 'member', change: 'leave' }], ['uir', '', { type: 'member', change: 'leave' }],
    ['au', 'bob', { type: 'member', change: 'join', person: { id: '@bob' }, by: { id: ANNA } }], ['ru', 'bob', { type: 'member', change: 'kick', person: { id: '@bob' }, by: { id: ANNA } }],
    ['ui', 'bob', { type: 'member', change: 'invite' }], ['user-banned', 'bob', { type: 'member', change: 'ban' }], ['added-user-to-team', 'bob', { type: 'member', change: 'join' }],
    ['r', 'deeds', { type: 'conversation.changed', conversation: { title: 'deeds' }, by: { id: ANNA } }], ['room_changed_topic', '', { type: 'conversation.changed', conversation: { topic: '' } }],
    ['room_changed_avatar', '', { type: 'conversation.changed', conversation: { avatar: { id: 'm1' } } }],
    ['room-archived', '', { type: 'conversation.gone' }], ['livechat-close', 'bye', { type: 'conversation.gone', reason: 'Anna closed the conversation: bye.' }], ['rm', '', { type: 'deletion', target: 'm1' }],
  ])('%s (%s)', (t, msg, expected) => {
    const { event, unsupported } = one({ t, msg });
    expect(event).toMatchObject(expected);
    expect(unsupported).toEqual([]);
  });

  test.each([
    ['user-muted', 'bob', {}, 'Anna muted bob.'], ['subscription-role-added', 'bob', { role: 'moderator' }, 'Anna made bob moderator.'], ['discussion-created', 'Plans', { drid: 'd' }, 'Anna started the discussion “Plans”.'],
    ['jitsi_call_started', '', {}, 'Anna started a video call: join it in Rocket.Chat.'], ['videoconf', '', { blocks: [{ type: 'video_conf', callId: 'c' }] }, 'Anna started a call: join it in Rocket.Chat.'],
    ['room_changed_privacy', 'Private_Group', {}, 'Anna made the room private.'], ['room_changed_description', '', {}, 'Anna changed the description to nothing.'], ['room_e2e_enabled', '', {}, 'Anna switched end-to-end encryption on: what is written from now on the bridge cannot read.'],
    ['livechat_transfer_history', '', { transferData: { scope: 'agent', transferredTo: { username: 'bob' }, comment: 'ask him' } }, 'Anna passed the chat to bob: ask him.'],
    ['omnichannel_placed_chat_on_hold', '', { comment: 'later' }, 'Anna put the chat on hold: later.'], ['livechat_navigation_history', '', { navigation: { page: { title: 'Prices', location: { href: 'https://x' } } } }, 'Anna went to Prices, https://x.'],
  ])('%s is said in a sentence', (t, msg, more, sentence) => {
    expect(one({ t, msg, ...more }).event).toMatchObject({ type: 'message', parts: [{ kind: 'text', style: 'notice' }] });
    expect(shown({ t, msg, ...more })).toEqual([sentence]);
  });

  test('a kind nobody knows says so, and what is written in it is there', () => {
    expect(one({ t: 'brand-new', msg: '' })).toMatchObject({ events: [], unsupported: [{ what: 'brand-new' }] });
    expect(shown({ t: 'brand-new' })).toEqual(['hi', 'unsupported']);
  });

  test('a pin tells of the message it pins, an edit of itself, an unpin of both', () => {
    expect(one({ t: 'message_pinned', msg: '', attachments: [{ message_link: 'https://x/channel/a?msg=m0', text: 'old' }] }).event).toMatchObject({ type: 'pin', target: 'm0', pinned: true, sender: { id: ANNA } });
    expect(one({ editedAt: '2024-05-01T11:00:00.000Z', editedBy: { _id: BOB, username: 'bob' } }).event).toMatchObject({ type: 'edit', target: 'm1', sender: { id: BOB }, time: Date.parse('2024-05-01T11:00:00Z') });
    expect(one({ pinned: false, pinnedAt: '2024-05-01T11:00:00.000Z' }).events).toMatchObject([{ type: 'message' }, { type: 'pin', pinned: false }]);
  });

  test('attachments of integrations, quotes within, buttons, fields and addresses are words', () => {
    const [text] = shown({ msg: '', alias: 'CI', bot: { i: 'x' }, attachments: [{
      pretext: 'Build', author_name: 'ci', title: 'Failed', title_link: 'https://ci.example.org/1', text: '*broken*', color: '#f00', fields: [{ title: 'Branch', value: 'main', short: true }, { title: 'Count', value: 3 }],
      actions: [{ type: 'button', text: 'Rerun', url: 'https://ci.example.org/rerun' }], image_url: 'https://ci.example.org/a.png', attachments: [{ text: 'inner' }],
    }] });
    for (const part of ['Build', 'ci', 'Failed', 'https://ci.example.org/1', 'broken', 'Branch: main', 'Count: 3', '[Rerun]', 'https://ci.example.org/a.png', 'inner']) expect(text).toContain(part);
    expect(one({ msg: 'x', alias: 'CI', bot: { i: 'x' } }).event).toMatchObject({ sender: { id: `${ANNA}/CI`, name: 'CI', isBot: true } });
  });

  test('several files, of every kind, with a text before them', () => {
    const file = (type: string, more: object) => ({ title: `a.${type}`, type: 'file', title_link: `/file-upload/${type}1/a.${type}`, ...more });
    expect(shown({ attachments: [
      file('png', { image_url: '/file-upload/png1/a.png', image_type: 'image/png' }), file('mp3', { title: 'Audio record.mp3', audio_url: '/file-upload/mp31/a.mp3', audio_type: 'audio/mpeg' }),
      file('mp4', { video_url: '/file-upload/mp41/a.mp4', video_type: 'video/mp4' }), file('pdf', { size: 5 }), { type: 'removed-file' },
    ] })).toEqual(['hi', 'image', 'voice', 'video', 'file', 'unsupported']);
  });

  test.each(['/file-upload/f1/a.png', '/chat/file-upload/f1/a.png', 'https://old.example.org/file-upload/f1/a.png?x=1'])('a file at %s is asked for below the configured address', (address) => {
    expect(one({ msg: '', attachments: [{ title: 'a.png', image_url: address }] }).event).toMatchObject({ parts: [{ kind: 'image', media: { source: { network: expect.stringContaining('"path":"/file-upload/f1/a.png"') } } }] });
  });

  test('a picture that lies elsewhere is shown as its address, and not fetched', () => {
    expect(shown({ msg: '', attachments: [{ image_url: 'http://169.254.169.254/latest/meta-data' }] })).toEqual(['http://169.254.169.254/latest/meta-data']);
  });

  test('links bring their preview, the server’s tree outranks the text', () => {
    expect(one({ msg: 'https://x.org', urls: [{ url: 'https://x.org', meta: { ogTitle: 'X', description: 'all of it' } }] }).event).toMatchObject({ parts: [{ preview: { url: 'https://x.org', title: 'X', description: 'all of it' } }] });
    const md = [{ type: 'PARAGRAPH', value: [{ type: 'BOLD', value: [{ type: 'PLAIN_TEXT', value: 'tree' }] }] }, { type: 'NEW_KIND', value: [{ type: 'PLAIN_TEXT', value: 'new' }] }, { type: 'TASKS', value: [{ type: 'TASK', status: true, value: [{ type: 'PLAIN_TEXT', value: 'done' }] }] }];
    expect(shown({ md })).toEqual(['tree\n\nnew\n\n- ☑ done']);
  });
});

describe('captures', () => {
  test('a direct chat is known by the ids its own is made of', () => {
    expect(read({ ...base, rid: `${ANNA}${BOB}` }).events[0]).toMatchObject({ conversation: { id: ANNA, kind: 'direct', perAccount: true, aliases: [`${ANNA}${BOB}`] } });
  });

  test('frames as SockJS wraps them, lines with arrows before them, answers, deletions, and junk among them', () => {
    const frame = JSON.stringify({ msg: 'changed', collection: 'stream-room-messages', id: 'id', fields: { eventName: 'r1', args: [base] } });
    expect(read(`a${JSON.stringify([frame])}\n`).events).toHaveLength(1);
    expect(read(`↓ {"msg":"ping"}\n↓ ${frame}\n`)).toMatchObject({ events: [{ type: 'message' }], unsupported: [{ what: 'ping' }] });
    expect(read({ success: true, messages: [base, null, { _id: 'm2' }] })).toMatchObject({ events: [{ id: 'm1' }], unsupported: [{ what: 'message' }, { what: 'message' }] });
    expect(read({ success: true, result: { updated: [base], deleted: [{ _id: 'm0', _deletedAt: '2024-05-01T10:00:00.000Z' }] } })).toMatchObject({ events: [{ id: 'm1' }], unsupported: [{ what: 'deleted' }] });
    expect(read([base, { completely: 'else' }])).toMatchObject({ events: [{ id: 'm1' }], unsupported: [{ what: 'item 2' }] });
    expect(read({ msg: 'changed', collection: 'stream-notify-room', id: 'id', fields: { eventName: 'r1/deleteMessageBulk', args: [{ rid: 'r1', ids: ['a', 'b'], ts: {}, users: [] }] } }).events.map((event) => event.type)).toEqual(['deletion', 'deletion']);
    expect(read({ msg: 'result', id: '1', error: { error: 403, reason: 'no' } }).unsupported).toHaveLength(1);
  });

  test.each([['a Slack hook', { token: 't', team_id: 'T', channel_id: 'C', user_id: 'U', text: 'x' }], ['a Telegram update', { update_id: 1, message: { message_id: 1, text: 'x' } }], ['nothing', {}], ['a list of nothing', [1, 2]]])('%s is another network’s', (_, body) => {
    expect(() => read(body)).toThrow(/Rocket\.Chat/);
  });
});
