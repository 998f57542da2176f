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
