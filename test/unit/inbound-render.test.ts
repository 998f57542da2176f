import { describe, expect, test } from '@jest/globals';
import { fitToEvents } from '../../src/bridge/inbound/fit.ts';
import { render } from '../../src/bridge/inbound/render.ts';

describe('a contact card on Matrix', () => {
  test('every piece of it stands in the body', () => {
    const { content } = render({ kind: 'contacts', contacts: [{
      name: 'Anna', organization: 'Kuip', title: 'Boss', birthday: '1990-05-04', note: 'Met in Rome\nlikes tea',
      phones: [{ value: '+31 6', type: 'CELL' }], emails: [{ value: 'a@kuip.example' }], urls: [{ value: 'https://kuip.example' }],
      addresses: [{ value: 'Damrak 1', type: 'HOME' }], ims: [{ value: 'anna', type: 'AIM' }],
    }] });
    for (const words of ['Anna', 'Boss, Kuip', '+31 6 (cell)', 'a@kuip.example', 'https://kuip.example', 'Damrak 1 (home)', 'anna (aim)', '1990-05-04', 'Met in Rome', 'likes tea']) {
      expect(content['body']).toContain(words);
    }
  });
});

test('a mention of somebody who is no ghost is the text that it was', () => {
  const { content } = render({ kind: 'text', text: [{ t: 'paragraph', children: [{ t: 'text', text: 'Hi ' }, { t: 'mention', target: 'user', id: '31600000001', name: '@31600000001' }] }] });
  expect(content).toMatchObject({ body: 'Hi @31600000001', 'm.mentions': {} });
});

describe('a film, a picture or a place', () => {
  const media = { source: { network: 'x' }, name: 'x.mp4' };
  const info = (content: Parameters<typeof render>[0]): unknown => render(content).content.info;

  test('that plays by itself, or is round, says so by the keys that clients read', () => {
    expect(info({ kind: 'video', media, animated: true })).toEqual({ 'fi.mau.gif': true, 'fi.mau.loop': true, 'fi.mau.autoplay': true, 'fi.mau.hide_controls': true, 'fi.mau.no_audio': true });
    expect(info({ kind: 'video', media, round: true })).toEqual({ 'fi.mau.telegram.round_message': true });
    expect(info({ kind: 'sticker', media, animated: true })).toEqual({ 'org.matrix.msc4230.is_animated': true });
    expect(info({ kind: 'image', media, animated: false })).toEqual({ 'org.matrix.msc4230.is_animated': false });
    expect(info({ kind: 'audio', media, animated: true })).toEqual({});
  });

  test('that is hidden stays so', () => {
    expect(render({ kind: 'image', media, spoiler: true }).content).toMatchObject({ 'page.codeberg.everypizza.msc4193.spoiler': true, 'town.robin.msc3725.content_warning': { type: 'town.robin.msc3725.spoiler' } });
    expect(render({ kind: 'image', media }).content).not.toHaveProperty(['page.codeberg.everypizza.msc4193.spoiler']);
  });

  test('where somebody is as they go is told apart from a place', () => {
    const place = { kind: 'location', latitude: 52.1, longitude: 4.9 } as const;
    expect(render({ ...place, live: 'on' }).content).toMatchObject({ body: '📡 Live location\ngeo:52.1,4.9', 'org.matrix.msc3488.asset': { type: 'm.self' } });
    expect(render({ ...place, live: 'ended' }).content).toMatchObject({ body: '📡 Live location, ended\ngeo:52.1,4.9' });
    expect(render(place).content).toMatchObject({ body: 'geo:52.1,4.9', 'org.matrix.msc3488.asset': { type: 'm.pin' } });
  });
});

describe('a poll', () => {
  const poll = { kind: 'poll', question: 'Lunch?', options: [{ id: 'x', text: 'Pizza' }, { id: 'y', text: 'Soup' }], maxChoices: 7, anonymous: true } as const;
  const start = (content: Readonly<Record<string, unknown>>): unknown => content['org.matrix.msc3381.poll.start'];

  test('says what a poll of Matrix cannot, and lets nobody choose more than there is', () => {
    expect(start(render(poll, 'Forwarded').content)).toMatchObject({ max_selections: 2, question: { body: 'Lunch? (Forwarded; anonymous: nobody sees who votes for what)' } });
    expect(start(render({ ...poll, maxChoices: Number.NaN }).content)).toMatchObject({ max_selections: 1 });
  });

  test.each([['without options', []], ['with two of one name', [{ id: 'x', text: 'a' }, { id: 'x', text: 'b' }]], ['that is too long', [{ id: 'x', text: 'long '.repeat(10_000) }]]])('%s is told in words', (_, options) => {
    expect(render({ ...poll, options })).toMatchObject({ type: 'm.room.message', content: { body: expect.stringContaining('Lunch?') } });
  });
});

test('more contacts, answers or goods than an event holds are several events, and none is lost', () => {
  const contacts = Array.from({ length: 257 }, (_, index) => ({ name: `Person ${index}.`, note: 'x'.repeat(150), phones: [{ value: `+31 ${index}` }], emails: [], urls: [], addresses: [] }));
  const fields = Array.from({ length: 300 }, (_, index) => ({ name: `question ${index}`, value: `answer ${index}. ${'x'.repeat(150)}` }));
  const items = Array.from({ length: 2_000 }, (_, index) => ({ id: `GOOD-${index}-${'x'.repeat(30)}`, quantity: 1 }));
  const events = fitToEvents([{ kind: 'contacts', contacts }, { kind: 'choice', title: 'Sent', fields }, { kind: 'order', items }], {}).map(({ content }) => render(content).content);
  expect(events.length).toBeGreaterThan(6);
  for (const content of events) expect(Buffer.byteLength(JSON.stringify(content))).toBeLessThan(30_000);
  const all = events.map(({ body }) => body).join('\n');
  for (const each of [...contacts.map(({ name }) => name), ...fields.map(({ value }) => value.slice(0, 10)), ...items.map(({ id }) => id)]) expect(all).toContain(each);
});

test('a few stay one event of their kind', () => {
  const content = { kind: 'contacts', contacts: [{ name: 'Anna', phones: [], emails: [], urls: [], addresses: [] }] } as const;
  expect(fitToEvents([content], {})).toEqual([{ content }]);
});

test('a card with more numbers than a call may have arguments', () => {
  const phones = Array.from({ length: 150_000 }, () => ({ value: '1' }));
  expect(fitToEvents([{ kind: 'contacts', contacts: [{ name: 'Anna', phones, emails: [], urls: [], addresses: [] }] }], {}).length).toBeGreaterThan(1);
});
