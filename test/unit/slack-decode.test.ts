import { describe, expect, test } from '@jest/globals';
import type { NetworkEvent } from '../../src/model/events.ts';
import { decode, split } from '../../src/networks/slack/decode/envelope.ts';
import { readBlocks } from '../../src/networks/slack/decode/blocks.ts';
import { readMrkdwn } from '../../src/networks/slack/decode/mrkdwn.ts';
import { slack } from '../../src/networks/slack/index.ts';
import { NotThisNetwork } from '../../src/networks/network.ts';
import { inspect } from '../../src/actions/inspect.ts';
import { toPlain } from '../../src/text/plain.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';

const TS = '1700000000.000100';
const bytes = (body: unknown): Uint8Array => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const items = (body: unknown) => split(bytes(body)).flatMap((piece) => decode(piece).flatMap((each) => each.items));
const events = (body: unknown): NetworkEvent[] => items(body).map(({ event }) => event);
const one = (body: unknown): NetworkEvent => {
  const found = events(body);
  expect(found).toHaveLength(1);
  return found[0] as NetworkEvent;
};
/** In an envelope of the bot's installation. */
const callback = (event: object, more: object = {}): object => ({
  token: 'x', team_id: 'T1', api_app_id: 'A1', type: 'event_callback', event_id: 'Ev1', event_time: 1_700_000_000, event,
  authorizations: [{ enterprise_id: null, team_id: 'T1', user_id: 'UBOT', is_bot: true, is_enterprise_install: false }], ...more,
});
const message = (more: object = {}): object => ({ type: 'message', channel: 'C1', user: 'U1', text: 'hi', ts: TS, event_ts: TS, channel_type: 'channel', ...more });


describe('what may be captured', () => {
  test('bodies, frames, lists, lines, bare events, answers and pages of history', () => {
    const frame = { envelope_id: 'e1', type: 'events_api', payload: callback(message()), accepts_response_payload: false };
    for (const body of [
      callback(message()), frame, [callback(message())], `${JSON.stringify(frame)}\n${JSON.stringify({ type: 'hello', num_connections: 1, connection_info: { app_id: 'A1' } })}\n`, message(), { ...message(), type: undefined },
      { ok: true, channel: 'C1', ts: TS, message: { ...message(), channel: undefined } }, { headers: {}, body: callback(message()) },
    ]) expect(events(body).filter(({ type }) => type === 'message')).toMatchObject([{ id: `C1:${TS}` }]);
    expect(events({ ok: true, messages: [{ ...message(), channel: undefined }, { type: 'message', subtype: 'channel_join', user: 'U2', ts: TS }], has_more: false }).map(({ type }) => type)).toEqual(['message', 'member']);
  });

  test('what is no event has its reason', () => {
    for (const body of [
      { type: 'url_verification', challenge: 'x', token: 'y' }, { type: 'disconnect', reason: 'warning', debug_info: {} }, { type: 'block_actions', team: { id: 'T1' }, user: { id: 'U1' }, actions: [] },
      { token: 'x', type: 'app_rate_limited', team_id: 'T1', minute_rate_limited: 1, api_app_id: 'A1' }, { envelope_id: 'e', type: 'slash_commands', payload: { command: '/x', team_id: 'T1' } },
      `payload=${encodeURIComponent(JSON.stringify({ type: 'view_submission', team: { id: 'T1' }, user: { id: 'U1' } }))}`, 'token=x&team_id=T1&command=%2Fweather&text=94070',
    ]) expect(one(body)).toMatchObject({ type: 'unsupported', reason: expect.stringMatching(/\.$/) });
  });

  test('others’ bodies are refused', () => {
    for (const body of [
      { object: 'whatsapp_business_account', entry: [] }, { update_id: 1, message: { message_id: 1, date: 1, text: 'x', chat: { id: 1, type: 'private' } } }, { msg: 'changed', collection: 'stream-room-messages', fields: {} },
      { _id: 'a', rid: 'b', msg: 'x', ts: { $date: 1 }, u: { _id: 'c' } }, { type: 'message', id: '1', timestamp: '2024-01-01T00:00:00Z', serviceUrl: 'https://smba', channelId: 'msteams' }, [], {}, 'null', '3', '"x"', 'hello', '', '{"a":', 'a=b&c=d',
    ]) expect(() => split(bytes(body))).toThrow(NotThisNetwork);
    expect(() => inspect(slack, bytes({ update_id: 1 }))).toThrow(expect.objectContaining({ code: 'DB-4001' }));
  });

  test('a bad one among many spoils no other', () => {
    const found = inspect(slack, bytes([callback(message()), callback({ type: 5 } as never), callback(null as never), callback(message({ ts: '1700000000.000200', blocks: [null, 3, { type: 'rich_text', elements: 'x' }], files: [null], attachments: 'no' }))]));
    expect(found.events.map((event) => ('id' in event ? event.id : event.type))).toEqual([`C1:${TS}`, 'C1:1700000000.000200']);
  });
});

describe('messages', () => {
  test('who it is from', () => {
    const sender = (more: object) => (one(callback(message(more))) as { sender: object }).sender;
    expect(sender({})).toEqual({ id: 'U1', scope: 'T1' });
    expect(sender({ user: 'UBOT', bot_id: 'B1', app_id: 'A1' })).toMatchObject({ id: 'UBOT', isSelf: true });
    expect(sender({ user: undefined, subtype: 'bot_message', bot_id: 'B1', app_id: 'A1', username: 'Alice' })).toMatchObject({ id: 'UBOT', isSelf: true });
    expect(sender({ user: undefined, subtype: 'bot_message', bot_id: 'B9', app_id: 'A9', username: 'ci', icons: { image_48: 'https://a.slack-edge.com/x.png' } })).toEqual({ id: 'B9/ci', scope: 'T1', name: 'ci', isBot: true, avatar: { id: 'https://a.slack-edge.com/x.png', handle: expect.any(String) } });
    expect(sender({ user: 'U9', bot_id: 'B9', app_id: 'A9', bot_profile: { id: 'B9', name: 'Deploy' } })).toMatchObject({ id: 'U9', name: 'Deploy', isBot: true });
    expect(sender({ user_profile: { display_name: 'Eve', team: 'T2', image_72: 'https://a.slack-edge.com/e.png' }, user_team: 'T2' })).toMatchObject({ id: 'U1', name: 'Eve' });
    // Another person’s login through the same app is that person.
    expect(sender({ user: 'U7', bot_id: 'B1', app_id: 'A1' })).toMatchObject({ id: 'U7' });
  });

  test('where it was said', () => {
    const conversation = (more: object, envelope: object = {}) => (one(callback(message(more), envelope)) as { conversation: object }).conversation;
    expect(conversation({})).toEqual({ id: 'C1', scope: 'T1', kind: 'channel', perAccount: false });
    expect(conversation({ channel: 'G1', channel_type: 'mpim' })).toMatchObject({ kind: 'group' });
    expect(conversation({ channel: 'G1', channel_type: 'group' })).toMatchObject({ kind: 'channel' });
    expect(conversation({ channel: 'D1', channel_type: 'im' })).toEqual({ id: 'U1', scope: 'T1', kind: 'direct', perAccount: true, aliases: ['D1'] });
    expect(conversation({ channel: 'D1', channel_type: 'im', user: 'UBOT' })).toEqual({ id: 'D1', scope: 'T1', kind: 'direct', perAccount: true });
    // A channel of another workspace that is shared with ours is counted where we are.
    expect(conversation({}, { team_id: 'T9', context_team_id: 'T1', is_ext_shared_channel: true })).toMatchObject({ scope: 'T1' });
  });

  test('the account is the installation that the event is for', () => {
    expect(decode(split(bytes(callback(message())))[0])).toMatchObject([{ account: 'T1/UBOT' }]);
    expect(decode(split(bytes(message()))[0])[0]?.account).toBeUndefined();
  });

  test.each([
    ['me_message', { subtype: 'me_message', text: 'waves' }, { type: 'message', parts: [{ kind: 'text', style: 'emote' }] }],
    ['thread_broadcast', { subtype: 'thread_broadcast', thread_ts: '1600000000.000100' }, { thread: { root: 'C1:1600000000.000100', broadcast: true } }],
    ['in a thread', { thread_ts: '1600000000.000100', parent_user_id: 'U2' }, { thread: { root: 'C1:1600000000.000100' } }],
    ['channel_join', { subtype: 'channel_join', inviter: 'U2' }, { type: 'member', person: { id: 'U1' }, change: 'join', by: { id: 'U2' } }],
    ['group_leave', { subtype: 'group_leave' }, { type: 'member', change: 'leave' }],
    ['channel_topic', { subtype: 'channel_topic', topic: 'a &amp; b <https://x.org|x>' }, { type: 'conversation.changed', conversation: { topic: 'a & b x (https://x.org)' }, by: { id: 'U1' } }],
    ['group_name', { subtype: 'group_name', name: 'new', old_name: 'old' }, { type: 'conversation.changed', conversation: { title: 'new' } }],
    ['channel_purpose', { subtype: 'channel_purpose', purpose: 'p', text: 'set the purpose: p' }, { type: 'message', parts: [{ kind: 'text', style: 'notice' }] }],
    ['channel_archive', { subtype: 'channel_archive' }, { type: 'conversation.gone', reason: 'The channel was archived.' }],
    ['channel_unarchive', { subtype: 'channel_unarchive', text: 'un-archived the channel' }, { type: 'message', parts: [{ style: 'notice' }] }],
    ['channel_posting_permissions', { subtype: 'channel_posting_permissions', text: 'x' }, { parts: [{ style: 'notice' }] }],
    ['reminder_add', { subtype: 'reminder_add', text: 'set up a reminder' }, { parts: [{ style: 'notice' }] }],
    ['huddle_thread', { subtype: 'huddle_thread', text: 'A huddle started', room: {} }, { parts: [{ kind: 'unsupported', what: 'huddle' }] }],
    ['ekm_access_denied', { subtype: 'ekm_access_denied', user: 'UREVOKEDU' }, { parts: [{ kind: 'unsupported' }] }],
    ['tombstone', { subtype: 'tombstone', text: 'This message was deleted.' }, { type: 'deletion', target: `C1:${TS}` }],
    ['message_replied', { subtype: 'message_replied', hidden: true, message: {} }, { type: 'unsupported', quiet: true }],
    ['pinned_item', { subtype: 'pinned_item', text: 'pinned' }, { type: 'unsupported', quiet: true }],
    ['a subtype of later times', { subtype: 'brand_new', text: 'something' }, { type: 'message', parts: [{ kind: 'text' }] }],
    ['nothing at all', { text: '', subtype: undefined }, { type: 'message', parts: [{ kind: 'unsupported', what: 'message' }] }],
  ])('%s', (_name, more, wanted) => {
    expect(one(callback(message(more)))).toMatchObject(wanted);
  });

  test('what changes a message, and what does not', () => {
    const change = (now: object, before: object | undefined, more: object = {}) => one(callback({ ...message(), subtype: 'message_changed', hidden: true, event_ts: '1700000009.000100', message: { ...message(), ...now }, ...(before === undefined ? {} : { previous_message: { ...message(), ...before } }), ...more }));
    const edited = { edited: { user: 'U1', ts: '1700000008.000000' } };
    expect(change({ text: 'new', ...edited }, {})).toMatchObject({ type: 'edit', target: `C1:${TS}`, time: 1_700_000_008_000, sender: { id: 'U1' } });
    expect(change({ text: 'new', ...edited }, undefined)).toMatchObject({ type: 'edit' });
    expect(change({ attachments: [{ from_url: 'https://x.org', title: 'X' }] }, {})).toMatchObject({ type: 'unsupported', quiet: true });
    expect(change({ reply_count: 1, thread_ts: TS, latest_reply: '1700000007.000100' }, {})).toMatchObject({ type: 'unsupported', quiet: true });
    expect(change({ attachments: [{ from_url: 'https://x.org' }], ...edited }, edited)).toMatchObject({ type: 'unsupported', quiet: true });
    // A program changes its blocks without a word that it did.
    expect(change({ user: 'U9', bot_id: 'B9', blocks: [{ type: 'divider', block_id: 'b' }] }, { user: 'U9', bot_id: 'B9', blocks: [] })).toMatchObject({ type: 'edit' });
    expect(change({ user: 'U9', blocks: [{ type: 'divider', block_id: 'b' }] }, { user: 'U9', blocks: [{ type: 'divider', block_id: 'a' }] })).toMatchObject({ type: 'unsupported' });
    expect(change({ subtype: 'tombstone', text: 'This message was deleted.', user: 'USLACKBOT' }, {})).toMatchObject({ type: 'deletion', target: `C1:${TS}` });
    expect(change({ user: 'UBOT', bot_id: 'B1', app_id: 'A1', text: 'ours', ...edited }, { user: 'UBOT' })).toMatchObject({ type: 'unsupported', quiet: true });
    expect(one(callback({ ...message(), subtype: 'message_deleted', deleted_ts: '1600000000.000100', previous_message: {} }))).toMatchObject({ type: 'deletion', target: 'C1:1600000000.000100' });
  });

  test('keys tell versions apart and know second arrivals', () => {
    const key = (body: object) => items(callback(body))[0]?.key;
    expect(key(message())).toBe(key({ ...message(), type: 'app_mention' }));
    const edit = (ts: string) => ({ ...message(), subtype: 'message_changed', message: { ...message(), text: ts, edited: { user: 'U1', ts } }, previous_message: message() });
    expect(new Set([key(message()), key(edit('1700000001.000000')), key(edit('1700000002.000000'))]).size).toBe(3);
    const reaction = (name: string, at: string, type = 'reaction_added') => ({ type, user: 'U1', reaction: name, item: { type: 'message', channel: 'C1', ts: TS }, event_ts: at });
    expect(new Set([key(reaction('a', '1.1')), key(reaction('b', '1.1')), key(reaction('a', '1.2')), key(reaction('a', '1.1', 'reaction_removed'))]).size).toBe(4);
  });

  test('files', () => {
    const parts = (files: unknown[], text = '') => (one(callback(message({ subtype: 'file_share', text, files }))) as never as { parts: unknown[] }).parts;
    const file = (more: object) => ({ id: 'F1', name: 'a', mimetype: 'application/pdf', url_private: 'https://files.slack.com/a', mode: 'hosted', ...more });
    expect(parts([file({ mimetype: 'image/png' }), file({})], 'look')).toMatchObject([{ kind: 'image', caption: [{ t: 'paragraph' }] }, { kind: 'file' }]);
    expect(parts([file({ mimetype: 'video/mp4' }), file({ subtype: 'slack_audio', mimetype: 'audio/webm', duration_ms: 1500 }), file({ mimetype: 'image/svg+xml' })])).toMatchObject([{ kind: 'video' }, { kind: 'voice', media: { durationMs: 1500 } }, { kind: 'file' }]);
    expect(parts([{ id: 'F1', mode: 'tombstone' }, { id: 'F2', mode: 'hidden_by_limit' }, { id: 'F3', file_access: 'access_denied' }])).toMatchObject([{ kind: 'unsupported' }, { kind: 'unsupported' }, { kind: 'unsupported' }]);
    expect(parts([{ id: 'F1', file_access: 'check_file_info', created: 0, mode: 'hosted' }])).toMatchObject([{ kind: 'file', media: { source: { network: '{"id":"F1","ask":true}' } } }]);
    expect(parts([file({ mode: 'external', is_external: true, permalink: 'https://docs.example' })])).toMatchObject([{ kind: 'text' }]);
    // What lies with somebody else is opened there, not behind a login of Slack's.
    expect(JSON.stringify(parts([file({ mode: 'external', is_external: true, url_private: 'https://docs.example/d/1', permalink: 'https://team.slack.com/files/F1' })]))).toContain('"href":"https://docs.example/d/1"');
    expect(JSON.stringify(parts([file({ mode: 'quip', permalink: 'https://team.slack.com/docs/F1' })]))).toContain('"href":"https://team.slack.com/docs/F1"');
  });

  test('a remote file that only a block names is not lost; one that stands among the files too is shown once', () => {
    const remote = { type: 'file', external_id: 'doc-1', source: 'remote', file: { id: 'F7', title: 'The plan', mode: 'external', is_external: true, external_url: 'https://docs.example/d/7' } };
    const parts = (more: object) => (one(callback(message({ text: '', blocks: [remote], ...more }))) as never as { parts: unknown[] }).parts;
    expect(JSON.stringify(parts({}))).toContain('"href":"https://docs.example/d/7"');
    expect(parts({ files: [remote.file] })).toHaveLength(1);
  });

  test('shared messages, previews and what programs attach', () => {
    const said = (attachments: unknown[], text = '') => one(callback(message({ text, attachments }))) as never as { parts: { text: never; preview?: object }[]; forwardedFrom?: string };
    const shared = said([{ is_share: true, is_msg_unfurl: true, author_name: 'Eve', from_url: 'https://t.slack.com/archives/C2/p1', text: 'the *words*', footer: 'Posted in #other', files: [{ id: 'F1', mimetype: 'image/png', url_private: 'https://files.slack.com/x' }] }]);
    expect(shared.forwardedFrom).toBe('Eve');
    expect(JSON.stringify(shared.parts)).toContain('the ');
    expect(shared.parts).toMatchObject([{ kind: 'image' }]);
    expect(said([{ from_url: 'https://x.org', title: 'T', text: 'D', service_name: 'x' }], 'see <https://x.org>').parts).toMatchObject([{ kind: 'text', preview: { url: 'https://x.org', title: 'T', description: 'D' } }]);
    expect(toPlain(said([{ fallback: 'only this' }]).parts[0]?.text as never)).toContain('only this');
  });
});

describe('blocks', () => {
  const shown = (...blocks: unknown[]): string => toPlain(readBlocks(blocks).text);

  test.each([
    ['section', { type: 'section', text: { type: 'mrkdwn', text: '*b*' }, fields: [{ type: 'plain_text', text: 'f1' }, { type: 'mrkdwn', text: '_f2_' }], accessory: { type: 'button', text: { type: 'plain_text', text: 'Go' }, url: 'https://go.example' } }, ['b', 'f1', 'f2', 'Go', 'https://go.example']],
    ['header', { type: 'header', text: { type: 'plain_text', text: 'Title :tada:' } }, ['Title 🎉']],
    ['context', { type: 'context', elements: [{ type: 'image', image_url: 'https://x', alt_text: 'icon' }, { type: 'mrkdwn', text: 'by *me*' }] }, ['icon · by me']],
    ['divider', { type: 'divider' }, ['---']],
    ['image', { type: 'image', image_url: 'https://img.example/x.png', alt_text: 'a cat', title: { type: 'plain_text', text: 'Cat' } }, ['Cat', 'https://img.example/x.png']],
    ['actions', { type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'Yes' } }, { type: 'static_select', placeholder: { type: 'plain_text', text: 'Pick' }, options: [{ text: { type: 'plain_text', text: 'One' }, value: '1' }] }] }, ['[Yes]', '[Pick]', 'One']],
    ['input', { type: 'input', label: { type: 'plain_text', text: 'Name' }, element: { type: 'plain_text_input', placeholder: { type: 'plain_text', text: 'Type here' } } }, ['Name', 'Type here']],
    ['video', { type: 'video', title: { type: 'plain_text', text: 'Film' }, title_url: 'https://v.example', description: { type: 'plain_text', text: 'about' }, author_name: 'Me', thumbnail_url: 'https://t' }, ['Film', 'https://v.example', 'about', 'Me']],
    ['table', { type: 'table', rows: [[{ type: 'raw_text', text: 'h1' }, { type: 'raw_text', text: 'h2' }], [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: 'c1' }] }] }, { type: 'raw_number', value: 2, text: '2' }]] }, ['h1 | h2', 'c1 | 2']],
    ['markdown', { type: 'markdown', text: '# Head\n\n**bold** and [l](https://l.example)\n\n```js\ncode\n```' }, ['Head', 'bold and l (https://l.example)', 'code']],
    ['call', { type: 'call', call: { v1: { name: 'Standup', join_url: 'https://call.example' } } }, ['Standup', 'https://call.example']],
    ['markdown without empty lines', { type: 'markdown', text: 'Intro\n## Head\n- one\n- two\n1. first\n2. second\n> said\n> so\n```\na\n\nb\n```\nend' }, ['Intro\n', 'Head\n', '- one', '- two', '1. first', '2. second', '> said', '> so', 'a', '', 'b', 'end']],
    ['a kind of later times', { type: 'carousel', elements: [{ type: 'card', title: { type: 'plain_text', text: 'Card' }, body: { type: 'mrkdwn', text: '*x*' }, blocks: [{ type: 'section', text: { type: 'plain_text', text: 'deep' } }] }] }, ['Card', 'x', 'deep']],
  ])('%s', (_name, block, wanted) => {
    for (const each of wanted) expect(shown(block)).toContain(each);
  });

  test('lists keep their depth and their numbers', () => {
    const section = (text: string) => ({ type: 'rich_text_section', elements: [{ type: 'text', text }] });
    const list = (style: string, indent: number, texts: string[], offset = 0) => ({ type: 'rich_text_list', style, indent, offset, border: 0, elements: texts.map(section) });
    const block = { type: 'rich_text', elements: [list('ordered', 0, ['a', 'b']), list('bullet', 1, ['c']), list('bullet', 2, ['d']), list('ordered', 0, ['e'], 2), section('after')] };
    expect(toMatrix(readBlocks([block]).text).formatted_body).toBe('<ol><li>a</li><li>b<ul><li>c<ul><li>d</li></ul></li></ul></li><li>e</li></ol><p>after</p>');
  });
});

describe('mrkdwn', () => {
  const plain = (text: string): string => toPlain(readMrkdwn(text));

  test.each([
    ['*b* _i_ ~s~ `c`', 'b i s c'], ['<https://x.org|label>', 'label (https://x.org)'], ['<mailto:a@b.c|a@b.c>', 'a@b.c'], ['<#C1|general> <#C2>', '#general #C2'], ['<@U1> <@U2|eve>', '@U1 @eve'], ['<!here> <!channel|@channel>', '@here @channel'],
    ['<!subteam^S1|@crew>', '@crew'], ['<!date^1392734382^{date_num}^https://x.org|Feb>', '2014-02-18 (https://x.org)'], ['&lt;b&gt; &amp;amp;', '<b> &amp;'], [':+1::skin-tone-3: :nope: 10:30:15', '👍🏼 :nope: 10:30:15'], ['snake_case_name 2*3*4', 'snake_case_name 2*3*4'],
    ['&gt; quote\nnot', '> quote\n\nnot'], ['a\n```\ncode\n```\nb', 'a\n\n```\ncode\n```\n\nb'], ['&gt;&gt;&gt; all\nof it', '> all\n> of it'], ['<javascript:alert(1)|x>', 'x (javascript:alert(1))'], ['<unclosed', '<unclosed'], ['<>', '<>'],
  ])('%s', (text, wanted) => {
    expect(plain(text)).toBe(wanted);
  });

  test('no dangerous address reaches Matrix', () => {
    expect(toMatrix(readMrkdwn('<javascript:alert(1)|click>')).formatted_body ?? '').not.toContain('href');
  });
});

describe('what else happens', () => {
  const event = (body: object) => one(callback({ event_ts: '1700000001.000100', ...body }));

  test.each([
    [{ type: 'reaction_added', user: 'U1', reaction: 'heart', item: { type: 'message', channel: 'C1', ts: TS } }, { type: 'reaction', emoji: '❤️', exclusive: false, target: `C1:${TS}` }],
    [{ type: 'reaction_removed', user: 'U1', reaction: 'blob-cat', item: { type: 'message', channel: 'C1', ts: TS } }, { type: 'reaction', emoji: null, removed: ':blob-cat:' }],
    [{ type: 'reaction_added', user: 'UBOT', reaction: 'heart', item: { type: 'message', channel: 'C1', ts: TS } }, { type: 'unsupported', quiet: true }],
    [{ type: 'reaction_added', user: 'U1', reaction: 'heart', item: { type: 'file', file: 'F1' } }, { type: 'unsupported', quiet: true }],
    [{ type: 'pin_removed', user: 'U1', channel_id: 'C1', item: { type: 'message', message: { ts: TS } } }, { type: 'pin', pinned: false, target: `C1:${TS}` }],
    [{ type: 'member_joined_channel', user: 'UBOT', channel: 'C1', channel_type: 'C', inviter: 'U1' }, { type: 'member', person: { id: 'UBOT', isSelf: true }, change: 'join', by: { id: 'U1' } }],
    [{ type: 'member_left_channel', user: 'U2', channel: 'G1', channel_type: 'G' }, { type: 'member', change: 'leave' }],
    [{ type: 'group_rename', channel: { id: 'G1', name: 'new' } }, { type: 'conversation.changed', conversation: { id: 'G1', title: 'new' } }],
    [{ type: 'channel_archive', channel: 'C1', user: 'U1' }, { type: 'conversation.gone' }],
    [{ type: 'channel_deleted', channel: 'C1' }, { type: 'conversation.gone', reason: 'The channel was deleted.' }],
    [{ type: 'channel_left', channel: 'C1', actor_id: 'U1' }, { type: 'conversation.gone' }],
    [{ type: 'channel_unarchive', channel: 'C1', user: 'U1' }, { type: 'unsupported', conversation: { id: 'C1' } }],
    [{ type: 'channel_shared', channel: 'C1', connected_team_id: 'T9' }, { type: 'unsupported', conversation: { id: 'C1' } }],
    [{ type: 'channel_id_changed', old_channel_id: 'G1', new_channel_id: 'C1' }, { type: 'conversation.replaced', conversation: { id: 'G1' }, into: { id: 'C1' } }],
    [{ type: 'user_change', user: { id: 'U1', name: 'bob', profile: { display_name: '', real_name: 'Bob B', image_72: 'https://a.slack-edge.com/b.png', avatar_hash: 'h' } } }, { type: 'profile', person: { id: 'U1', name: 'Bob B', username: 'bob', avatar: { id: 'h' } } }],
    [{ type: 'team_join', user: { id: 'U2', name: 'new', is_bot: false, profile: {} } }, { type: 'profile', person: { id: 'U2', name: 'new', avatar: null } }],
    [{ type: 'user_typing', channel: 'C1', user: 'U1' }, { type: 'typing', active: true }],
    [{ type: 'app_uninstalled' }, { type: 'unsupported', what: 'app_uninstalled' }],
    [{ type: 'tokens_revoked', tokens: { oauth: ['U1'], bot: ['UBOT'] } }, { type: 'unsupported', reason: expect.stringContaining('U1, UBOT') }],
    [{ type: 'star_added', user: 'U1', item: {} }, { type: 'unsupported', quiet: true }],
    [{ type: 'presence_change', user: 'U1', presence: 'away' }, { type: 'unsupported', quiet: true }],
    [{ type: 'emoji_changed', subtype: 'add', name: 'x', value: 'https://x' }, { type: 'unsupported', quiet: true }],
    [{ type: 'something_new', secret: 'words' }, { type: 'unsupported', detail: { keys: expect.stringContaining('secret') } }],
    [{ type: 'constructor' }, { type: 'unsupported', what: 'constructor' }],
  ])('%j', (body, wanted) => {
    expect(event(body)).toMatchObject(wanted);
  });

  test('no event of a later kind is told with what somebody wrote in it', () => {
    expect(JSON.stringify(event({ type: 'something_new', secret: 'words that nobody may read' }))).not.toContain('nobody may read');
  });
});

describe('what a person types', () => {
  const account = { team_id: 'T0TEAM', user_id: 'U0BOT', token: 'xoxb-not-a-token', owners: [] } as never;
  test('ids and links', () => {
    for (const input of ['U0123ABCD', '<@U0123ABCD>', 'https://team.slack.com/team/U0123ABCD', '@U0123ABCD']) expect(slack.resolve(input, account)).toMatchObject({ person: { id: 'U0123ABCD', scope: 'T0TEAM' }, conversation: { id: 'U0123ABCD', kind: 'direct' } });
    for (const input of ['C0123ABCD', 'https://app.slack.com/client/T0123ABCD/C0123ABCD', 'https://t.slack.com/archives/C0123ABCD/p1700000000000100']) expect(slack.resolve(input, account).conversation).toMatchObject({ id: 'C0123ABCD', kind: 'channel' });
    for (const input of ['bob', '', '#general', 'U1', 'hello there']) expect(() => slack.resolve(input, account)).toThrow(/a person’s id/);
  });
});
