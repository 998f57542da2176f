import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ghostLocalpart, ghostUserId, parseGhost } from '../../src/matrix/profiles/ghost-id.ts';

const home = { prefix: '_drawbridge_', serverName: 'example.org' };
const key = fc.record({
  network: fc.stringMatching(/^[a-z][a-z0-9]{0,12}$/),
  scope: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme', maxLength: 10 })),
  id: fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), fc.stringMatching(/^[A-Za-z0-9_=./+-]{1,40}$/)),
});

describe('ghost ids', () => {
  test.each([
    [{ network: 'whatsapp', scope: '', id: '31612345678' }, '_drawbridge_whatsapp_31612345678'],
    [{ network: 'slack', scope: 'T012', id: 'U0AB' }, '_drawbridge_slack__t012=._u0_a_b'],
    [{ network: 'whatsapp', scope: '', id: 'a_b/c=é' }, '_drawbridge_whatsapp_a__b=2fc=3d=c3=a9'],
  ])('%j', (ghost, local) => {
    expect(ghostLocalpart(home, ghost)).toBe(local);
  });

  test('every id is valid, short enough and reads back', () => {
    fc.assert(fc.property(key, (ghost) => {
      const user = ghostUserId(home, ghost);
      expect(user).toMatch(/^@[a-z0-9._=/+-]+:example\.org$/);
      expect(Buffer.byteLength(user)).toBeLessThanOrEqual(255);
      const wellFormed = ghost.id.isWellFormed() && ghost.scope.isWellFormed();
      const read = parseGhost(home, user);
      if (read === 'hashed') expect(wellFormed && user.length < 200).toBe(false);
      else expect(read).toEqual(ghost);
    }));
  });

  test('different people never share an id', () => {
    fc.assert(fc.property(key, key, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      expect(ghostLocalpart(home, one)).not.toBe(ghostLocalpart(home, other));
    }));
  });

  test('long ids end in a hash of the whole key', () => {
    const long = (tail: string): string => ghostUserId(home, { network: 'whatsapp', scope: '', id: 'X'.repeat(300) + tail });
    expect(Buffer.byteLength(long('a'))).toBe(255);
    expect(long('a')).not.toBe(long('b'));
    expect(parseGhost(home, long('a'))).toBe('hashed');
  });

  test.each([
    '@alice:example.org', '@_drawbridge_whatsapp_1:other.org', '@_drawbridge_whatsapp_:example.org', '@_drawbridge_whatsapp_A:example.org',
    '@_drawbridge_whatsapp_=zz:example.org', '@_drawbridge_whatsapp_=61:example.org', '@_drawbridge_whatsapp_=.x:example.org', '@_drawbridge_whatsapp_a==b:example.org',
  ])('%s is no ghost', (user) => {
    expect(parseGhost(home, user)).toBeNull();
  });

  test('no string crashes the parser', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      const user = `@_drawbridge_x_${text}:example.org`;
      const read = parseGhost(home, user);
      if (read !== null && read !== 'hashed') expect(ghostUserId(home, read)).toBe(user);
    }));
  });
});
