import { expect, test } from '@jest/globals';
import { visibleName } from '../../src/model/names.ts';

test.each([
  ['Bob', 'Bob'],
  ['  Bob\n@room  ', 'Bob @room'],
  ['evil\u202egnp.exe', 'evilgnp.exe'],
  ['\u200b\u2066\u2069', ''],
  ['a\u0000b\u001b[31m', 'a b [31m'],
  ['Zo\u00eb 👩‍👩‍👧', 'Zoë 👩‍👩‍👧'],
  [`a${'\u0301'.repeat(50)}`, 'á\u0301\u0301\u0301'],
  ['\ud800x', '\ufffdx'],
])('%j is shown as %j', (name, shown) => {
  expect(visibleName(name)).toBe(shown);
});

test('a long one is cut by characters', () => {
  expect(Array.from(visibleName('👍'.repeat(5_000)))).toHaveLength(100);
});
