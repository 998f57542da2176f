import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedactor } from '../../src/observe/redact.ts';

const secret = fc.string({ minLength: 8, maxLength: 40, unit: fc.constantFrom(...'abcXYZ019_-+/=.:%&?"\\ é✓'.split('')) }).filter((text) => new Set(text).size > 4);

/** Every way in which a secret may find its way into a text. */
const disguises: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => encodeURIComponent(text),
  (text) => encodeURIComponent(text).replaceAll(/%../g, (escape) => escape.toLowerCase()),
  (text) => new URLSearchParams({ q: text }).toString(),
  (text) => JSON.stringify({ q: text }),
  (text) => Buffer.from(text).toString('hex'),
];

describe('a registered secret', () => {
  test.each(disguises.map((disguise, index) => [index, disguise] as const))('is replaced in disguise %i', (_, disguise) => {
    fc.assert(fc.property(secret, fc.string(), fc.string(), (hidden, before, after) => {
      const shown = createRedactor([hidden]).text(`${before}${disguise(hidden)}${after}`);
      expect(shown).toContain('[redacted]');
      expect(shown).not.toContain(disguise(hidden));
    }));
  });

  test('is replaced as base64, by itself and inside something longer', () => {
    fc.assert(fc.property(secret, fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 5 }), fc.constantFrom('base64' as const, 'base64url' as const), (hidden, before, after, encoding) => {
      const shown = createRedactor([hidden]).text(Buffer.concat([before, Buffer.from(hidden), after]).toString(encoding));
      expect(shown).toContain('[redacted]');
      // What is left holds no run of the secret: at most the groups that it shares with its neighbours.
      const left = shown.split('[redacted]').map((part) => Buffer.from(part.replaceAll(/[^\w+/-]/g, ''), 'base64').toString('latin1'));
      for (const part of left) expect(part).not.toContain(Buffer.from(hidden).subarray(1, -1).toString('latin1'));
    }));
  });

  test('is replaced in keys, values, numbers, errors and their causes, however deep', () => {
    const redactor = createRedactor(['12345678', 'sesame-open']);
    const error = new Error('with sesame-open', { cause: new AggregateError([new Error('x sesame-open')], 'sesame-open') });
    const shown = JSON.stringify(redactor.value({ a: [{ 'sesame-open': new Map([['k', new Set(['sesame-open'])]]) }], n: 12345678, error, url: new URL('https://x/?q=sesame-open') }));
    expect(shown).not.toMatch(/sesame-open|12345678/);
  });

  test('that came up later counts from then on; the longest form goes first', () => {
    const redactor = createRedactor(['token-one']);
    redactor.add('token-one-and-more');
    expect(redactor.text('token-one-and-more token-one')).toBe('[redacted] [redacted]');
  });

  test('leaves nothing behind where a long text is cut', () => {
    const shown = createRedactor(['0123456789abcdef']).text(`${'x'.repeat(8185)}0123456789abcdef`);
    expect(shown).not.toContain('0123456');
  });
});

describe('what nobody registered', () => {
  const redactor = createRedactor([]);
  test.each(['authorization', 'Authorization', 'access_token', 'hs_token', 'app_secret', 'password', 'Set-Cookie', 'seal_key', 'apiKey', 'x-hub-signature-256'])('hides behind a telling key: %s', (key) => {
    expect(redactor.value({ [key]: 'abc' })).toEqual({ [key]: '[redacted]' });
  });
  test.each([['Authorization: Bearer abc.def', 'abc'], ['https://h/x?access_token=abc&y=1', 'abc'], ['verify_token=abc', 'abc'], ['Basic dXNlcg==', 'dXNl']])('hides in a text: %s', (text, hidden) => {
    expect(redactor.text(` ${text}`)).not.toContain(hidden);
  });
  test('keeps what is no secret', () => {
    expect(redactor.value({ network: 'whatsapp', count: 3, ok: true, key: 'k1', none: null, list: [1, 'a'], at: new Date(0) }))
      .toEqual({ network: 'whatsapp', count: 3, ok: true, key: 'k1', none: null, list: [1, 'a'], at: '1970-01-01T00:00:00.000Z' });
  });
  test('an error shows name, message, code and cause, never the request that a client hangs on it', () => {
    const error = Object.assign(new TypeError('broke'), { code: 'E_X', config: { headers: { who: 'me' } }, request: 'raw' });
    const shown = redactor.value(error);
    expect(shown).toMatchObject({ name: 'TypeError', message: 'broke', code: 'E_X' });
    expect(JSON.stringify(shown)).not.toMatch(/headers|"raw"/);
  });
});

test('anything at all becomes bounded JSON', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const hostile = { get boom(): never { throw new Error('no'); } };
  const redactor = createRedactor(['secret-secret']);
  for (const value of [circle, hostile, new Proxy({}, { ownKeys() { throw new Error('no'); } }), 10n, Symbol('x'), () => 1, new Uint8Array(9), Number.NaN, new Date(Number.NaN), Array.from({ length: 1e5 }, () => 'y')]) {
    expect((JSON.stringify(redactor.value(value)) ?? '').length).toBeLessThan(100_000);
  }
  fc.assert(fc.property(fc.anything({ withMap: true, withSet: true, withDate: true, withNullPrototype: true, withTypedArray: true, withBigInt: true }), (value) => {
    JSON.stringify(redactor.value({ value }));
  }));
});
