import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { type Bridged, bodyOf, bridged, onPhone } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// What a Matrix client writes, as the phone shows it. Files have their own test.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let carla: PersonHandle;
let room: string;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice] });
  await bridge.start();
  ({ person: carla, room } = await bridge.meet(alice, '31612345678', { name: 'Carla' }));
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

/** Sends a message of this kind; resolves with what the phone shows once `text` is in it. */
async function said(content: object, text: string): Promise<string> {
  await alice.send(room, 'm.room.message', content);
  return bodyOf(await onPhone(carla, (message) => bodyOf(message).includes(text)));
}
const notice = (reply: string): Promise<unknown> => alice.waitForEvent(room, (event) =>
  event.sender === bridge.bot && (event.content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined)?.['m.in_reply_to']?.event_id === reply);

describe('text', () => {
  test('arrives with its formatting, from the business', async () => {
    await alice.html(room, 'strong and slanted and gone', '<strong>strong</strong> and <em>slanted</em> and <del>gone</del> <code>code</code>');
    expect(await onPhone(carla, '*strong* and _slanted_ and ~gone~ `code`')).toMatchObject({ from: 'business', type: 'text', status: expect.stringMatching(/accepted|sent|delivered/) });
  });

  test('keeps lines, lists, quotes, links and every character', async () => {
    const body = await said({
      msgtype: 'm.text', body: 'fallback', format: 'org.matrix.custom.html',
      formatted_body: '<p>first &amp; second</p><blockquote>quoted</blockquote><ul><li>one</li><li>two</li></ul><p><a href="https://example.org/?a=1&amp;b=2">a link</a> 👩‍👩‍👧 שלום the end</p>',
    }, 'the end');
    expect(body).toMatch(/first & second\n+> quoted\n+[-*•] one\n[-*•] two\n+a link \(https:\/\/example\.org\/\?a=1&b=2\) 👩‍👩‍👧 שלום the end/);
  });

  test('without formatting is shown as it was typed', async () => {
    const typed = 'no *bold*, no _italic_ and 2 * 3 * 4';
    await alice.text(room, typed);
    // WhatsApp has no escape: what it would take for markup is broken up by something hardly visible, or by a sign that looks alike.
    const seen = (text: string): string => text.replaceAll(/[\p{Cf}\u200a]/gu, '').replaceAll('∗', '*').replaceAll('ˍ', '_');
    const shown = bodyOf(await onPhone(carla, (message) => seen(bodyOf(message)) === typed));
    expect(shown).not.toMatch(/\*bold\*|_italic_/);
  });

  test('of more than a WhatsApp message takes goes in several, in order, and no word is lost', async () => {
    const words = Array.from({ length: 2_000 }, (_, n) => `word${n}`);
    const before = carla.inbox.length;
    await alice.text(room, words.join(' '));
    await onPhone(carla, (message) => bodyOf(message).includes('word1999'));
    const parts = carla.inbox.slice(before).map(bodyOf);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.every((part) => part.length <= 4096)).toBe(true);
    expect(parts.join(' ').match(/word\d+/g)).toEqual(words);
  });

  test('arrives in the order in which it was written', async () => {
    const texts = Array.from({ length: 12 }, (_, n) => `in order ${n}`);
    for (const text of texts) await alice.text(room, text);
    await onPhone(carla, 'in order 11');
    expect(carla.inbox.map(bodyOf).filter((text) => text.startsWith('in order'))).toEqual(texts);
  });

  test('emotes and notices', async () => {
    expect(await said({ msgtype: 'm.emote', body: 'waves' }, 'waves')).toBe('_waves_');
    expect(await said({ msgtype: 'm.notice', body: 'the robot speaks' }, 'the robot')).toBe('the robot speaks');
  });

  test('mentions are names', async () => {
    const member = await alice.state(room, 'm.room.member', [...await alice.members(room)].find((user) => bridge.isGhost(user)) ?? '');
    const ghost = [...await alice.members(room)].find((user) => bridge.isGhost(user)) ?? '';
    expect(member).toMatchObject({ displayname: 'Carla (WhatsApp)' });
    expect(await said({
      msgtype: 'm.text', body: 'Carla (WhatsApp): are you there?', format: 'org.matrix.custom.html',
      formatted_body: `<a href="https://matrix.to/#/${ghost}">Carla (WhatsApp)</a>: are you there?`, 'm.mentions': { user_ids: [ghost] },
    }, 'are you there')).not.toContain('matrix.to');
  });

  test('text with a link asks for a preview', async () => {
    await alice.text(room, 'see https://example.org/page');
    expect((await onPhone(carla, 'see https://example.org/page')).body).toMatchObject({ preview_url: true });
  });
});

test('a location arrives as one', async () => {
  await alice.send(room, 'm.room.message', { msgtype: 'm.location', body: 'Berlin', geo_uri: 'geo:52.52,13.405;u=35', 'org.matrix.msc3488.location': { uri: 'geo:52.52,13.405;u=35', description: 'Berlin' } });
  expect((await onPhone(carla, ({ type }) => type === 'location')).body).toMatchObject({ latitude: 52.52, longitude: 13.405, name: 'Berlin' });
});

describe('what WhatsApp has nothing for is told to the sender, and the phone is spared it', () => {
  test.each([
    ['a poll', 'm.poll.start', { 'm.poll': { question: { 'm.text': [{ body: 'When?' }] }, answers: [] } }],
    ['a call', 'm.call.invite', { call_id: '1', version: '1', lifetime: 60_000, offer: { type: 'offer', sdp: '' } }],
    ['an encrypted file', 'm.room.message', { msgtype: 'm.file', body: 'x.bin', file: { url: 'mxc://localhost/abc', v: 'v2' } }],
    ['a file without an address', 'm.room.message', { msgtype: 'm.file', body: 'x.bin' }],
    ['a location nowhere', 'm.room.message', { msgtype: 'm.location', body: 'x', geo_uri: 'geo:91,0' }],
    ['a file that is not there', 'm.room.message', { msgtype: 'm.file', body: 'x.bin', url: 'mxc://localhost/nosuchmedia' }],
  ])('%s', async (_what, type, content) => {
    const before = carla.inbox.length;
    await notice(await alice.send(room, type, content));
    expect(carla.inbox).toHaveLength(before);
  });

  test('a kind of message that nobody knows goes as its text', async () => {
    expect(await said({ msgtype: 'org.example.new', body: 'something new' }, 'something new')).toBe('something new');
  });
});

test('nothing came twice, and state and reactions of nobody were not sent', async () => {
  await alice.react(room, '$nothing', '👍').catch(() => {});
  await alice.send(room, 'org.example.custom', { body: 'not a message' });
  await alice.text(room, 'last of all');
  await onPhone(carla, 'last of all');
  const bodies = carla.inbox.map(bodyOf);
  expect(bodies.filter((body) => body === 'not a message')).toEqual([]);
  const texts = bodies.filter((body) => body !== '');
  expect(new Set(texts).size).toBe(texts.length);
});
