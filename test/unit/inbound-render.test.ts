import { describe, expect, test } from '@jest/globals';
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
