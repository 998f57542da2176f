import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyOf, type Marker, MARKER, markerOf, Markers } from '../../src/bridge/keys.ts';
import type { MatrixEvent } from '../../src/model/events.ts';

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

describe('the seal of a marker', () => {
  const markers = new Markers(Buffer.alloc(32, 1));
  const marker = { key: 'k', portal: 3, id: 'r1', part: 0, time: 5, thread: 'root', past: true } as unknown as Marker;
  const event = (sealed: object, change: Partial<MatrixEvent> = {}): MatrixEvent => ({
    event_id: '$e', room_id: '!r:x', sender: '@alice:x', type: 'm.room.message', origin_server_ts: 1, content: { [MARKER]: sealed }, ...change,
  });
  const sealed = markers.sealed('!r:x', '@alice:x', marker);

  test('holds for what was sealed, in whatever order a homeserver hands it back', () => {
    expect(markers.proven(event(sealed))).toEqual(sealed);
    expect(markers.proven(event(Object.fromEntries(Object.entries(sealed).toReversed())))).toEqual(sealed);
  });

  test('breaks with anything that is changed, added, left out or moved', () => {
    const others = [
      ...Object.keys(marker).map((key) => ({ ...sealed, [key]: 'other' })), ...Object.keys(marker).filter((key) => key !== 'key').map((key) => Object.fromEntries(Object.entries(sealed).filter(([each]) => each !== key))),
      { ...sealed, more: 1 }, { ...sealed, more: JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown }, { ...sealed, mac: '' }, { ...sealed, mac: 5 }, { ...sealed, mac: [sealed.mac] }, { ...marker }, { ...sealed, mac: `${sealed.mac}AA` },
    ];
    for (const other of others) expect(markers.proven(event(other))).toBeNull();
    expect(markers.proven(event(sealed, { room_id: '!s:x' }))).toBeNull();
    expect(markers.proven(event(sealed, { sender: '@bob:x' }))).toBeNull();
    expect(new Markers(Buffer.alloc(32, 2)).proven(event(sealed))).toBeNull();
    for (const content of [{}, { [MARKER]: null }, { [MARKER]: 'text' }, { [MARKER]: [] }]) expect(markers.proven(event({}, { content }))).toBeNull();
  });
});
