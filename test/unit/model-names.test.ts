import { expect, test } from '@jest/globals';
import { lookOf, visibleName } from '../../src/model/names.ts';

test.each([
  ['Bob', 'Bob'],
  ['  Bob\n@room  ', 'Bob @room'],
  ['evil\u202egnp.exe', 'evilgnp.exe'],
  ['\u200b\u2066\u2069', ''],
  ['a\u0000b\u001b[31m', 'a b [31m'],
  ['Zo\u00eb 👩‍👩‍👧', 'Zoë 👩‍👩‍👧'],
  [`a${'\u0301'.repeat(50)}`, 'á\u0301\u0301\u0301'],
  ['\ud800x', '\ufffdx'],
  ['\u3164\uffa0\u2800\u115f', ''],
])('%j is shown as %j', (name, shown) => {
  expect(visibleName(name)).toBe(shown);
});

test('a long one is cut by characters', () => {
  expect(Array.from(visibleName('👍'.repeat(5_000)))).toHaveLength(100);
});

test.each([['Alice', 'alice'], ['Alice', 'Аlісе'], ['Alice', 'A l i c e'], ['Alice', 'Al1ce'], ['Alice', 'Álice'], ['Alice', 'Ａｌｉｃｅ'], ['Alice', 'Alice\u3164\u200b.'], ['Bob', 'B0b'], ['Paul', 'PauI']])(
  '%s could be taken for %s', (name, other) => {
    expect(lookOf(other)).toBe(lookOf(name));
  });

test.each([['Alice', 'Alicia'], ['Bob', 'Rob'], ['王伟', '王芳'], ['Анна', 'Инна'], ['', 'a']])('%j could not be taken for %j', (name, other) => {
  expect(lookOf(other)).not.toBe(lookOf(name));
});
