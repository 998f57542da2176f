import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../kit/stack/stack.ts';
import type { FakeUser } from '../kit/fake-homeserver/server.ts';
import { BOT, type Chat, Siege } from '../kit/hostile/siege.ts';
import { rows } from '../kit/invariants/database.ts';

/** Mallory is a user of another homeserver, in the room of a chat, with the permission to be relayed. */
let siege: Siege;
let chat: Chat;
let other: Chat;
let mallory: FakeUser;

beforeAll(async () => {
  siege = await Siege.lay();
  chat = await siege.chat('Bob', '31611111111');
  other = await siege.chat('Eve', '31622222222');
  mallory = siege.guest(chat.room);
}, 60_000);

afterAll(async () => {
  await siege.close();
});

const relates = (relation: unknown, body = 'x'): Record<string, unknown> => ({ msgtype: 'm.text', body, 'm.relates_to': relation });

describe('an event of a type that names something of the language', () => {
  test.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__', '__defineGetter__', 'isPrototypeOf'])('%s stops nothing', async (type) => {
    expect(await siege.push(siege.event(chat.room, mallory.id, type, { body: 'x', msgtype: 'm.text' }))).toBe(true);
    await siege.alive(chat);
  });
});

describe('events of odd shapes', () => {
  test('are taken in, and the chat goes on', async () => {
    const odd = [null, 1, 'x', true, [], [[]], {}, { event_id: null }, { event_id: {}, key: [] }, { rel_type: 'm.replace', event_id: 5 }, { rel_type: 'm.annotation', event_id: '$x', key: {} },
      { 'm.in_reply_to': null }, { 'm.in_reply_to': { event_id: ['$x'] } }, { rel_type: 'm.thread', is_falling_back: 'yes' }];
    const contents = [
      ...odd.map((relation) => relates(relation)),
      ...odd.map((value) => ({ msgtype: 'm.text', body: value, format: value, formatted_body: value, 'm.mentions': value, 'm.new_content': value })),
      ...odd.map((value) => ({ msgtype: value, body: 'x', info: value, url: value, file: value, geo_uri: value, 'org.matrix.msc3488.location': value })),
      ...['m.image', 'm.video', 'm.audio', 'm.file', 'm.location', 'm.emote', 'm.notice', 'm.key.verification.request', ''].map((msgtype) => ({ msgtype })),
      ...['mxc://', 'mxc://evil.test/../../etc/passwd', 'mxc://evil.test/a%2fb', 'http://169.254.169.254/', 'file:///etc/passwd', 'mxc://evil.test:0/x?y', 'mxc://\u0000/x', `mxc://${'a'.repeat(60_000)}/x`]
        .map((url) => ({ msgtype: 'm.image', body: 'x', url })),
    ];
    const events = contents.flatMap((content) => ['m.room.message', 'm.sticker', 'm.reaction', 'm.room.redaction', 'org.matrix.msc3381.poll.start', 'm.poll.response', 'm.poll.end'].map((type) => siege.event(chat.room, mallory.id, type, content)));
    events.push(
      ...odd.flatMap((value) => [{ 'm.poll': value }, { 'm.poll': { question: value, answers: value } }, { 'm.poll': { question: { 'm.text': 'x' }, answers: [value], max_selections: value } }]
        .map((content) => siege.event(chat.room, mallory.id, 'm.poll.start', content))),
      ...odd.flatMap((value) => [{ pinned: value }, { pinned: [value, '$x', '$x'] }].map((content) => siege.event(chat.room, mallory.id, 'm.room.pinned_events', content, { state_key: '' }))),
      siege.event(chat.room, mallory.id, 'm.room.pinned_events', { pinned: Array.from({ length: 4_000 }, (_, n) => `$${n}`) }, { state_key: 'x' }),
    );
    for (let at = 0; at < events.length; at += 100) expect(await siege.push(...events.slice(at, at + 100))).toBe(true);
    await siege.alive(chat);
    await siege.alive(other);
  }, 60_000);

  test('with hostile ids, times and state keys too', async () => {
    const strange = ['', '\u0000', '\ud800', '@', '@:', '@a', ':', '@_drawbridge_x', '__proto__', 'a'.repeat(60_000), '@a:evil.test\n', "'; DROP TABLE person; --", '\u202e@alice:fake.test'];
    const message = { msgtype: 'm.text', body: 'x' };
    const events = [
      ...strange.map((sender) => siege.event(chat.room, sender, 'm.room.message', message)),
      ...strange.map((room) => siege.event(room, mallory.id, 'm.room.message', message)),
      ...strange.map((id) => siege.event(chat.room, mallory.id, 'm.room.message', message, { event_id: id })),
      // Without a key it would be the room's true encryption, which only the homeserver can vouch for.
      ...strange.filter((key) => key !== '').flatMap((key) => ['m.room.member', 'm.room.encryption', 'm.room.message', 'm.room.power_levels'].map((type) =>
        siege.event(chat.room, mallory.id, type, { membership: 'join', displayname: key, ...message }, { state_key: key }))),
      ...strange.map((redacts) => siege.event(chat.room, mallory.id, 'm.room.redaction', { redacts }, { redacts })),
      ...[-1, 0, 1.5, 1e300, -1e300, 2 ** 63, Number.MAX_SAFE_INTEGER].flatMap((at) => [
        siege.event(chat.room, mallory.id, 'm.room.message', message, { origin_server_ts: at }),
        siege.event(chat.room, mallory.id, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: siege.stack.homeserver.eventsOf(chat.room, 'm.room.message')[0]?.event_id, key: `${at}` } }, { origin_server_ts: at }),
      ]),
      null, 5, 'text', [], {}, { event_id: '$x' }, [[[]]],
    ];
    for (let at = 0; at < events.length; at += 100) expect(await siege.push(...events.slice(at, at + 100))).toBe(true);
    expect(await siege.push(siege.event(chat.room, mallory.id, 'm.room.message', { ...message, deep: JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`) }))).toBe(true);
    await siege.alive(chat);
  }, 60_000);

  test('as large and as deep as an event can be arrive as text, or are refused by name', async () => {
    const html = (formatted: string): Record<string, unknown> => ({ msgtype: 'm.text', body: 'plain', format: 'org.matrix.custom.html', formatted_body: formatted });
    for (const formatted of ['<b>'.repeat(20_000), `${'<blockquote>'.repeat(101)}x`, `${'<div>'.repeat(99)}x`, '<a href="https://x.test/">'.repeat(2_000), '<table><tr><td>'.repeat(1_000), `<b>${'<p>x'.repeat(10_000)}`, '&lt;'.repeat(15_000), '\u0301'.repeat(20_000)]) {
      expect(await siege.push(siege.event(chat.room, mallory.id, 'm.room.message', html(formatted)))).toBe(true);
    }
    await siege.alive(other);
  }, 60_000);
});

describe('what the room’s state does not say', () => {
  test('an event that says it is encrypted does not close the room', async () => {
    mallory.send(chat.room, { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'x' }, 'm.room.encrypted');
    await eventually('the answer to it', () => siege.said(chat.room, /This was not delivered/));
    await siege.alive(chat);
  });

  test('state of the type of a message says nothing', async () => {
    const moderator = siege.guest(chat.room, '@moderator:fake.test');
    expect(await siege.push(siege.event(chat.room, moderator.id, 'm.room.message', { msgtype: 'm.text', body: 'said by state' }, { state_key: '' }))).toBe(true);
    await siege.alive(chat);
    expect(siege.phone(chat.person).filter((text) => text.includes('said by state'))).toEqual([]);
  });
});

describe('pretending to be the bridge', () => {
  test('the marker of the bridge’s own events counts from nobody else', async () => {
    const own = siege.stack.homeserver.eventsOf(chat.room, 'm.room.message').find(({ sender }) => sender === chat.ghost);
    const marker = own?.content['io.drawbridge.origin'];
    expect(marker).toMatchObject({ key: expect.any(String), id: expect.any(String) });
    const forged = mallory.send(chat.room, { msgtype: 'm.text', body: 'with a marker', 'io.drawbridge.origin': marker });
    const sent = await eventually('it on the phone, by name', () => chat.person.inbox.find(({ body }) => /mallory.*with a marker/.test(String((body as { body?: string }).body))));
    // Had it been believed, it would stand for the message that the marker names.
    chat.owner.send(chat.room, relates({ 'm.in_reply_to': { event_id: forged } }, 'an answer'));
    const answer = await eventually('the answer', () => chat.person.inbox.find(({ body }) => String((body as { body?: string }).body).endsWith('an answer')));
    expect(answer.replyTo).toBe(sent.id);
  });

  test.each([
    ['@_drawbridge_whatsapp_1=.2:evil.test', true], ['@drawbridge:evil.test', true], ['@x:_drawbridge_.evil.test', false], ['@_drawbridge_x:fake.test:evil.test', false],
    ['@_drawbridge_x:evil.fake.test', false], ['@_drawbridge_x:evil.test:fake.test', false],
  ])('%s is a guest like any other', async (id, relayed) => {
    const guest = siege.guest(chat.room, id);
    guest.send(chat.room, `told by guest ${id.length}`);
    if (relayed) await eventually('it on the phone, with a name', () => siege.phone(chat.person).find((text) => text.endsWith(`: told by guest ${id.length}`)));
    else await eventually('that it is not let through', () => siege.said(chat.room, /not open to you/));
    await siege.alive(chat);
    expect(siege.phone(chat.person).filter((text) => text === `told by guest ${id.length}`)).toEqual([]);
  });
});

describe('what belongs to others', () => {
  test('an edit of somebody else’s message, and of a ghost’s, changes nothing', async () => {
    const mine = chat.owner.send(chat.room, 'the true text');
    await eventually('it on the phone', () => siege.phone(chat.person).some((text) => text.endsWith('the true text')));
    const ghosts = siege.stack.homeserver.eventsOf(chat.room, 'm.room.message').find(({ sender }) => sender === chat.ghost)?.event_id;
    for (const target of [mine, ghosts]) {
      mallory.send(chat.room, { ...relates({ rel_type: 'm.replace', event_id: target }, '* forged'), 'm.new_content': { msgtype: 'm.text', body: 'forged' } });
    }
    await siege.alive(chat);
    expect(siege.phone(chat.person).filter((text) => text.includes('forged'))).toEqual([]);
  });

  test('an answer, an edit or a reaction to a message of another room shows nothing of it', async () => {
    const secret = other.owner.send(other.room, 'a secret of another room');
    await eventually('it on that phone', () => siege.phone(other.person).some((text) => text.endsWith('a secret of another room')));
    mallory.send(chat.room, relates({ 'm.in_reply_to': { event_id: secret } }, 'what was it'));
    mallory.send(chat.room, { ...relates({ rel_type: 'm.replace', event_id: secret }, '* what was it'), 'm.new_content': { msgtype: 'm.text', body: 'replaced' } });
    mallory.send(chat.room, { 'm.relates_to': { rel_type: 'm.annotation', event_id: secret, key: '👍' } }, 'm.reaction');
    expect(await siege.push(siege.event(chat.room, mallory.id, 'm.room.redaction', { redacts: secret }, { redacts: secret }))).toBe(true);
    const answer = await eventually('the answer', () => chat.person.inbox.find(({ body }) => String((body as { body?: string }).body).endsWith('what was it')));
    expect(answer.replyTo).toBeNull();
    await siege.alive(chat);
    await siege.alive(other);
    expect(siege.phone(chat.person).filter((text) => /secret|replaced/.test(text))).toEqual([]);
    expect(siege.phone(other.person).filter((text) => /what was it|replaced/.test(text))).toEqual([]);
    expect(other.person.inbox.filter(({ reactions }) => reactions.business !== undefined)).toEqual([]);
  });

  test('a removal of somebody else’s message or reaction counts only where the homeserver has gone by it', async () => {
    const { homeserver, database } = siege.stack;
    const mallet = siege.guest(other.room, '@mallet:evil.test');
    const shown = homeserver.eventsOf(other.room, 'm.room.message').find(({ sender }) => sender === other.ghost)?.event_id ?? '';
    const reaction = other.owner.send(other.room, { 'm.relates_to': { rel_type: 'm.annotation', event_id: shown, key: '🦀' } }, 'm.reaction');
    const reactions = (): unknown[] => siege.stack.sandbox.messages.flatMap(({ reactions: { business } }) => (business === '🦀' ? [business] : []));
    await eventually('the reaction on the phone', () => reactions().length === 1);
    const mine = other.owner.send(other.room, 'not to be removed');
    await eventually('the message there', () => siege.phone(other.person).some((text) => text.endsWith('not to be removed')));
    const stays = (): number => homeserver.eventsOf(other.room, 'm.room.message').filter(({ content }) => /lets nobody delete/.test(String(content['body']))).length;
    const staid = stays();
    for (const target of [reaction, mine]) expect(await siege.push(siege.event(other.room, mallet.id, 'm.room.redaction', { redacts: target }, { redacts: target }))).toBe(true);
    await siege.alive(other);
    await eventually('what the homeserver says of each', () => rows(database, "SELECT seq FROM inbox WHERE source = 'matrix'").length === 0, 30_000);
    await siege.alive(other);
    expect(reactions()).toHaveLength(1);
    expect(stays()).toBe(staid);
    const bot = homeserver.user(BOT);
    bot.setState(other.room, 'm.room.power_levels', '', { users: { [bot.id]: 100, [mallet.id]: 50 } });
    for (const target of [reaction, mine]) mallet.redact(other.room, target);
    await eventually('their removal', () => reactions().length === 0 && stays() === staid + 1);
  });

  test('a kick or a ban that the homeserver would not have let through is not made up by a name', async () => {
    expect(await siege.push(siege.event(chat.room, mallory.id, 'm.room.member', { membership: 'ban' }, { state_key: `${chat.ghost} ` }))).toBe(true);
    expect(await siege.push(siege.event(chat.room, mallory.id, 'm.room.member', { membership: 'leave' }))).toBe(true);
    expect(await siege.push(siege.event(chat.room, mallory.id, 'm.room.encryption', { algorithm: 'x' }))).toBe(true);
    expect(await siege.push(siege.event(chat.room, mallory.id, 'm.room.encryption', { algorithm: 'x' }, { state_key: BOT }))).toBe(true);
    await siege.alive(chat);
  });
});

test('none of all that met a bug', () => {
  expect(rows(siege.stack.database, "SELECT lane, key, reason FROM inbox WHERE state = 'dead'")).toEqual([]);
  expect(rows(siege.stack.database, "SELECT lane, kind, reason FROM outbox WHERE code = 'bug'")).toEqual([]);
});
