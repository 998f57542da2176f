import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mutated, mutations } from '../kit/hostile/mutate.ts';
import { type Chat, Siege } from '../kit/hostile/siege.ts';
import { databaseProblems, rows } from '../kit/invariants/database.ts';
import { quiet } from '../kit/invariants/quiet.ts';
import { ANNA, CARD, MEDIA, message, NOTICES, ORDER, status } from '../kit/whatsapp/payloads.ts';

/**
 * Valid input of both sides with something in it changed, through the whole daemon. Whatever it is: the answer is one that is
 * documented, nothing dies of a bug, nothing stays at the head of a lane, and a chat beside it goes on.
 */
let siege: Siege;
let chat: Chat;
const crashes: unknown[] = [];
const note = (error: unknown): void => void crashes.push(error);

beforeAll(async () => {
  process.on('uncaughtException', note).on('unhandledRejection', note);
  siege = await Siege.lay({ delivery: { target_wait: '300ms', media_wait: '200ms', echo_wait: '200ms', settle_wait: '500ms', max_block: '2s' } });
  chat = await siege.chat('Bob', '31611111111');
}, 60_000);

afterAll(async () => {
  await siege.close();
  process.off('uncaughtException', note).off('unhandledRejection', note);
});

// One of them would be fetched from Meta's own host.
const { withUrl: _elsewhere, ...files } = MEDIA;
const FILES = Object.values(files);

const SPOKEN = [
  message('text', { text: { body: 'Hello *you* https://x.test' } }), message('text', { text: { body: 'an answer' }, context: { id: 'wamid.text', from: ANNA, forwarded: true } }), ...FILES, CARD, ORDER,
  message('location', { location: { latitude: 52.1, longitude: 4.2, name: 'Home', address: 'Street 1' } }), message('reaction', { reaction: { message_id: 'wamid.text', emoji: '👍' } }),
  message('button', { button: { text: 'Yes', payload: 'yes' } }), message('interactive', { interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"a":{"b":[1,2]}}' } } }),
  message('edit', { edit: { original_message_id: 'wamid.text', message: { type: 'text', text: { body: 'edited' } } } }), message('revoke', { revoke: { original_message_id: 'wamid.text' } }),
  message('system', { system: { type: 'user_changed_number', body: 'A changed from 31612345678 to 31612345679', wa_id: '31612345679', customer: ANNA } }),
  message('text', { text: { body: 'from an advertisement' }, referral: { source_url: 'https://x.test', source_type: 'ad', headline: 'h', body: 'b' } }), message('unsupported', { errors: [{ code: 131051, title: 'x', error_data: { details: 'y' } }] }),
];

let count = 0;
/** A change with ids of its own, or it would be taken for one that came before. */
function webhooks(): readonly object[] {
  const id = `wamid.m${++count}`;
  return [
    ...SPOKEN.map((one) => siege.change({ contacts: [{ profile: { name: 'Anna' }, wa_id: ANNA }], messages: [{ ...one, id }] })),
    ...['sent', 'delivered', 'read', 'failed'].map((state) => siege.change({ statuses: [status(state, { id, biz_opaque_callback_data: 'x', errors: [{ code: 131026, title: 'no' }] })] })),
    ...Object.entries(NOTICES).map(([field, value]) => siege.change(value, field)),
    siege.change({ history: [{ metadata: { phase: 0 }, threads: [{ id: ANNA, messages: [{ ...message('text', { text: { body: 'past' } }), id }] }] }] }, 'history'),
    siege.change({ user_id_update: [{ wa_id: ANNA, user_id: { previous: 'NL.1', current: 'NL.2' }, detail: 'x', timestamp: 1_760_000_000 }] }, 'user_id_update'),
  ];
}

function events(room: string): readonly Record<string, unknown>[] {
  const own = siege.stack.homeserver.eventsOf(room, 'm.room.message')[0]?.event_id;
  const said = (content: object, type = 'm.room.message', more: object = {}): Record<string, unknown> => siege.event(room, '@mallory:evil.test', type, content, more as Record<string, unknown>);
  return [
    said({ msgtype: 'm.text', body: 'x', format: 'org.matrix.custom.html', formatted_body: '<b>x</b> <a href="https://matrix.to/#/@a:b">y</a>', 'm.mentions': { user_ids: ['@a:b'], room: true } }),
    said({ msgtype: 'm.text', body: '* y', 'm.new_content': { msgtype: 'm.text', body: 'y' }, 'm.relates_to': { rel_type: 'm.replace', event_id: own } }),
    said({ msgtype: 'm.text', body: 'z', 'm.relates_to': { 'm.in_reply_to': { event_id: own }, rel_type: 'm.thread', event_id: own, is_falling_back: true } }),
    said({ msgtype: 'm.image', body: 'p.png', filename: 'p.png', url: 'mxc://fake.test/none', info: { mimetype: 'image/png', size: 5, w: 1, h: 1 } }),
    said({ msgtype: 'm.audio', body: 'v', url: 'mxc://fake.test/none', info: { duration: 5 }, 'org.matrix.msc3245.voice': {} }),
    said({ msgtype: 'm.location', body: 'x', geo_uri: 'geo:1,2', 'org.matrix.msc3488.location': { uri: 'geo:1,2', description: 'd' } }),
    said({ 'm.relates_to': { rel_type: 'm.annotation', event_id: own, key: '👍' } }, 'm.reaction'), said({ redacts: own, reason: 'r' }, 'm.room.redaction', { redacts: own }),
    said({ membership: 'join', displayname: 'Mallory', avatar_url: 'mxc://a/b' }, 'm.room.member', { state_key: '@mallory:evil.test' }), said({ body: 's', url: 'mxc://fake.test/none', info: {} }, 'm.sticker'),
    said({ algorithm: 'x', ciphertext: 'y' }, 'm.room.encrypted'), said({ msgtype: 'm.text', body: '!db help', 'io.drawbridge.origin': { key: 'x', portal: 1, id: 'y', part: 0, time: 1 } }),
    said({ call_id: 'x', offer: { sdp: 'y', type: 'offer' } }, 'm.call.invite'), said({ 'm.poll': { question: { 'm.text': 'q' }, answers: [] } }, 'm.poll.start'),
  ];
}

test('webhooks', async () => {
  let taken = 0;
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(10_000), mutations), { minLength: 1, maxLength: 6 }), async (changes) => {
    const answers = await Promise.all(changes.map(([which, how]) => {
      const all = webhooks();
      return siege.post(mutated(all[which % all.length], how));
    }));
    expect(answers.filter((answer) => answer.status !== 200 && answer.status !== 400)).toEqual([]);
    taken += answers.filter(({ status: code }) => code === 200).length;
  }), { numRuns: 250, endOnFailure: true });
  await siege.alive(chat);
  // Most of it is still a webhook, and what it says is shown.
  expect(taken).toBeGreaterThan(500);
  expect([...siege.stack.homeserver.rooms.values()].flatMap(({ timeline }) => timeline).filter(({ type }) => type === 'm.room.message').length).toBeGreaterThan(100);
  expect(crashes).toEqual([]);
}, 180_000);

test('transactions', async () => {
  siege.guest(chat.room);
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(10_000), mutations), { minLength: 1, maxLength: 10 }), async (changes) => {
    const all = events(chat.room);
    expect(await siege.push(...changes.map(([which, how]) => mutated(all[which % all.length], how)))).toBe(true);
  }), { numRuns: 150, endOnFailure: true });
  await siege.alive(chat);
  expect(crashes).toEqual([]);
}, 180_000);

test('ephemeral data', async () => {
  const edus = [
    { type: 'm.typing', room_id: chat.room, content: { user_ids: ['@alice:fake.test'] } }, { type: 'm.receipt', room_id: chat.room, content: { $x: { 'm.read': { '@alice:fake.test': { ts: 1 } } } } },
    { type: 'm.presence', sender: '@alice:fake.test', content: { presence: 'online' } },
  ];
  const body = { events: [], ephemeral: edus, 'de.sorunome.msc2409.ephemeral': edus, to_device: edus, 'de.sorunome.msc2409.to_device': edus };
  await fc.assert(fc.asyncProperty(mutations, async (how) => {
    const changed = mutated(body, how);
    const isObject = typeof changed === 'object' && changed !== null && !Array.isArray(changed);
    expect([JSON.stringify(changed), await siege.put(changed)]).toEqual([JSON.stringify(changed), isObject ? 200 : 400]);
  }), { numRuns: 200, endOnFailure: true });
  await siege.alive(chat);
  expect(crashes).toEqual([]);
}, 180_000);

test('afterwards nothing waits, nothing died of a bug and no content is left', async () => {
  await quiet(siege.stack, 100_000);
  // Files that WhatsApp does not have stay as failed for a while.
  expect(databaseProblems(siege.stack).filter((problem) => !problem.startsWith('a file job'))).toEqual([]);
  expect(rows(siege.stack.database, "SELECT * FROM media WHERE state <> 'failed'")).toEqual([]);
  expect(rows(siege.stack.database, "SELECT lane, reason FROM inbox WHERE state = 'dead' AND code NOT IN ('undecodable', 'no_portal')")).toEqual([]);
}, 120_000);
