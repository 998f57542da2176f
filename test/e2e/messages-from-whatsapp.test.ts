import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { relationOf } from '../kit/client-events.ts';
import { type Bridged, bodyOf, bridged } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// What a person on WhatsApp writes, as a Matrix client sees it. Files have their own test.

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

/** The event of the person that holds this text. */
const shown = (text: string): Promise<ClientEvent> => alice.waitForEvent(room, (event) => bridge.isGhost(event.sender) && bodyOf(event).includes(text));
const html = (event: ClientEvent): unknown => event.content['formatted_body'];

describe('text', () => {
  test('arrives as the person’s own, with its formatting', async () => {
    carla.sendText('*bold* and _leaning_ and ~gone~ and ```code```');
    const event = await shown('leaning');
    expect(event).toMatchObject({ type: 'm.room.message', content: { msgtype: 'm.text', format: 'org.matrix.custom.html' } });
    expect(html(event)).toMatch(/^<strong>bold<\/strong> and <em>leaning<\/em> and <(del|s)>gone<\/\1> and <code>code<\/code>$/);
    expect(await alice.state(room, 'm.room.member', event.sender)).toMatchObject({ membership: 'join', displayname: 'Carla (WhatsApp)' });
  });

  test('keeps lines, quotes, lists, links and every character', async () => {
    carla.sendText('> quoted\n- one\n- two\nhttps://example.org/?a=1&b=2 <b>no tag</b> & 👩‍👩‍👧 שלום\nthe end');
    const event = await shown('the end');
    expect(bodyOf(event)).toContain('https://example.org/?a=1&b=2 <b>no tag</b> & 👩‍👩‍👧 שלום');
    expect(html(event)).toMatch(/<blockquote>.*quoted.*<\/blockquote>/s);
    expect(html(event)).toMatch(/<ul>\s*<li>.*one.*<\/li>\s*<li>.*two.*<\/li>\s*<\/ul>/s);
    expect(html(event)).toContain('&lt;b&gt;no tag&lt;/b&gt; &amp;');
  });

  test('arrives in the order in which it was written', async () => {
    const texts = Array.from({ length: 12 }, (_, n) => `in order ${n}`);
    for (const text of texts) carla.sendText(text);
    await shown('in order 11');
    expect(alice.timeline(room).map(bodyOf).filter((text) => text.startsWith('in order'))).toEqual(texts);
  });

  test('of ten thousand characters arrives whole', async () => {
    const long = `begin ${'wörd '.repeat(2_000)}end of it`;
    carla.sendText(long);
    expect(bodyOf(await shown('end of it'))).toBe(long);
  });

  test('of more than a Matrix event holds arrives whole, in several', async () => {
    // A phone lets people write 65,536 characters; a Matrix event holds 65,536 bytes, its envelope included.
    const words = Array.from({ length: 9_000 }, (_, n) => `größe${n}`);
    carla.sendText(words.join(' '));
    await shown('größe8999');
    const all = alice.timeline(room).map(bodyOf).filter((text) => text.includes('größe')).join(' ');
    expect(all.match(/größe\d+/g)).toEqual(words);
  });

  test('can be a room mention for nobody', async () => {
    carla.sendText(`@room ${alice.id} come here`);
    const event = await shown('come here');
    expect(event.content['m.mentions'] ?? {}).toEqual({});
  });
});

describe('what has a form of its own', () => {
  test('a location', async () => {
    carla.sendLocation({ latitude: 52.37, longitude: 4.89, name: 'Dam', address: 'Dam 1, Amsterdam' });
    const event = await shown('Dam 1');
    expect(event.content).toMatchObject({ msgtype: 'm.location', geo_uri: 'geo:52.37,4.89', 'org.matrix.msc3488.location': { uri: 'geo:52.37,4.89', description: 'Dam' } });
  });

  test('contact cards, all that is on them', async () => {
    carla.sendContacts([
      { name: { formatted_name: 'Dora Example', first_name: 'Dora' }, phones: [{ phone: '+31 6 1111 1111', type: 'CELL', wa_id: '31611111111' }], emails: [{ email: 'dora@example.org' }], org: { company: 'Boats' } },
      { name: { formatted_name: 'Emil' }, phones: [{ phone: '+31 6 2222 2222' }] },
    ]);
    const body = bodyOf(await shown('Dora Example'));
    for (const part of ['+31 6 1111 1111', 'dora@example.org', 'Boats', 'Emil', '+31 6 2222 2222']) expect(body).toContain(part);
  });

  test('an order', async () => {
    carla.order({ catalog_id: '1948', text: 'For Friday', product_items: [{ product_retailer_id: 'bread-1', quantity: 2, item_price: 3.5, currency: 'EUR' }] });
    const body = bodyOf(await shown('For Friday'));
    expect(body).toMatch(/2 × bread-1.*3\.5.*EUR/);
  });

  test('a message from an advertisement, and which', async () => {
    carla.referral('Is the boat still there?', { source_url: 'https://example.org/ad', source_id: '1', source_type: 'ad', headline: 'A boat', body: 'For sale' });
    await shown('Is the boat still there?');
    const note = await alice.waitForEvent(room, (event) => event.sender === bridge.bot && bodyOf(event).includes('A boat'));
    expect(bodyOf(note)).toContain('https://example.org/ad');
  });

  test('answers by button, by list, by a form, and to a template', async () => {
    carla.sendInteractive({ type: 'button_reply', button_reply: { id: 'yes', title: 'Yes, please' } });
    carla.sendInteractive({ type: 'list_reply', list_reply: { id: 'slot-2', title: 'Tuesday', description: 'from ten on' } });
    carla.sendInteractive({ type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"flow_token":"t","size":"large","extras":["milk","sugar"]}' } });
    carla.sendRaw('button', { payload: 'stop', text: 'No more news' });
    expect(bodyOf(await shown('Yes, please'))).toBe('Yes, please');
    expect(bodyOf(await shown('Tuesday'))).toContain('from ten on');
    const form = bodyOf(await shown('large'));
    expect(form).toContain('milk, sugar');
    expect(form).not.toContain('flow_token');
    await shown('No more news');
  });

  test('a forwarded message says so', async () => {
    carla.sendText('passed on', { forwarded: true });
    carla.sendText('passed on by everybody', { forwarded: true, frequentlyForwarded: true });
    expect(bodyOf(await shown('passed on'))).toMatch(/^\S*Forwarded\S*\n+passed on$/);
    expect(bodyOf(await shown('passed on by everybody'))).toMatch(/Forwarded many times/);
  });
});

describe('what cannot be shown', () => {
  test.each(['poll_creation', 'view_once', 'something_new'])('%s is a visible notice', async (what) => {
    const before = alice.timeline(room).length;
    carla.sendUnsupported(what);
    const notice = await alice.waitForEvent(room, (event) => event.content['msgtype'] === 'm.notice' && alice.timeline(room).indexOf(event) >= before);
    expect(bodyOf(notice)).toMatch(/^⚠️ .{10,}/);
  });

  test('a kind that nobody knows yet is one too', async () => {
    carla.sendRaw('hologram', { depth: 3 });
    expect(bodyOf(await shown('hologram'))).toMatch(/⚠️.*hologram/);
  });
});

test('a text of a megabyte, which is more than WhatsApp takes, is cut with a word, and holds up nothing', async () => {
  carla.sendRaw('text', { body: `as long as can be ${Array.from({ length: 70_000 }, (_, n) => `*bold* and so on ${n}`).join('\n')}` });
  carla.sendText('after the long one');
  const cut = await alice.waitForEvent(room, (event) => /✂️ Cut off here: the \d+ characters/.test(bodyOf(event)), { timeout: 40_000 });
  expect(bridge.isGhost(cut.sender)).toBe(true);
  await shown('as long as can be');
  await shown('after the long one');
});

test('the bot says nothing of messages that arrived, and nothing came twice', async () => {
  carla.sendText('last of all');
  await shown('last of all');
  const timeline = alice.timeline(room);
  expect(new Set(timeline.map(({ event_id }) => event_id)).size).toBe(timeline.length);
  const texts = timeline.filter((event) => bridge.isGhost(event.sender) && relationOf(event).rel_type === undefined).map(bodyOf).filter((text) => text !== '');
  expect(new Set(texts).size).toBe(texts.length);
});
