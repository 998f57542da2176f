import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyOf, MARKER, markerOf } from '../../src/bridge/keys.ts';

const parts = fc.array(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.integer()), { minLength: 1, maxLength: 4 });

describe('an outbox key', () => {
  test('fits where it travels: a transaction id, and any network\'s callback data', () => {
    fc.assert(fc.property(parts, (list) => {
      expect(keyOf(...list)).toMatch(/^[A-Za-z0-9_-]{32}$/);
    }));
  });

  test('is the same for the same parts, and another for any others', () => {
    fc.assert(fc.property(parts, parts, (one, two) => {
      const same = JSON.stringify(one.map(String)) === JSON.stringify(two.map(String));
      expect(keyOf(...one) === keyOf(...two)).toBe(same);
      expect(keyOf(...one)).toBe(keyOf(...one));
    }), { numRuns: 500 });
  });

  test('does not run parts together', () => {
    expect(keyOf('ab', 'c')).not.toBe(keyOf('a', 'bc'));
    expect(keyOf('a', '')).not.toBe(keyOf('a'));
    expect(keyOf('1:a')).not.toBe(keyOf('1', 'a'));
  });
});

describe('the marker in an event', () => {
  test('is read where it is whole', () => {
    expect(markerOf({ [MARKER]: { key: 'k' }, body: 'x' })).toEqual({ key: 'k' });
  });

  test.each([{}, { [MARKER]: 'k' }, { [MARKER]: null }, { [MARKER]: { key: 7 } }, { [MARKER]: {} }, { [MARKER]: ['k'] }])('is nothing in %j', (content) => {
    expect(markerOf(content)).toBeNull();
  });
});
