import { describe, expect, test } from '@jest/globals';
import { visibleName } from '../../src/model/names.ts';

describe('a name that somebody chose', () => {
  test.each([
    ['Carla van Dam 🌷', 'Carla van Dam 🌷'],
    ['  two\nlines\tand a tab ', 'two lines and a tab'],
    ['\u202eevil\u0000name\u2069', 'evil name'],
    ['line\u2028separator', 'line separator'],
    ['👩‍👩‍👧 שלום', '👩‍👩‍👧 שלום'],
    ['\ud800', '\ufffd'],
    ['\u0007\u200f\n', ''],
  ])('%j is shown as %j', (name, shown) => {
    expect(visibleName(name)).toBe(shown);
  });

  test('is not endless, and no emoji is cut in half', () => {
    expect(visibleName('🌷'.repeat(500))).toBe(`${'🌷'.repeat(127)}…`);
  });
});
