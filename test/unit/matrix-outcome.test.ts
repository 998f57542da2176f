import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Rejected, Retry, Uncertain, Unreachable } from '../../src/model/errors.ts';
import { answerError, retryAfterMs, transportError } from '../../src/matrix/client/outcome.ts';
import { parseMxc } from '../../src/matrix/client/mxc.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const HOUR = 3_600_000;

describe('Retry-After', () => {
  test.each<[string | undefined, unknown, number | undefined]>([
    ['3', undefined, 3000], ['0', undefined, 0], ['1.5', undefined, 1500], [undefined, 250, 250], ['2', 9, 2000], [undefined, undefined, undefined],
    ['', 70, 70], ['-5', undefined, undefined], [undefined, -5, undefined], ['1000000000', undefined, HOUR], [undefined, 1e300, HOUR], ['soon', 80, 80],
    [undefined, Number.NaN, undefined], [undefined, '90', undefined], ['Mon, 23 Nov 2026 12:00:30 GMT', undefined, 30_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', undefined, undefined], ['Wed, 21 Oct 2099 07:28:00 GMT', undefined, HOUR],
  ])('%j with retry_after_ms %j is %j', (header, body, wait) => {
    expect(retryAfterMs(header, body, NOW)).toBe(wait);
  });

  test('whatever is said, the wait is absent or between nothing and an hour', () => {
    fc.assert(fc.property(fc.option(fc.string(), { nil: undefined }), fc.anything(), (header, body) => {
      const wait = retryAfterMs(header, body, NOW);
      expect(wait === undefined || (wait >= 0 && wait <= HOUR)).toBe(true);
    }));
  });
});

describe('answers', () => {
  const fail = (status: number, errcode?: string, repeat: 'same' | 'twice' = 'twice') =>
    answerError('send', { status, retryAfter: undefined, body: errcode === undefined ? null : { errcode, error: 'because' } }, repeat, NOW);

  test.each([
    [429, 'M_LIMIT_EXCEEDED', Retry], [429, undefined, Retry], [400, 'M_LIMIT_EXCEEDED', Retry], [401, 'M_UNKNOWN_TOKEN', Unreachable],
    [401, 'M_MISSING_TOKEN', Unreachable], [503, undefined, Unreachable], [403, 'M_FORBIDDEN', Rejected], [404, undefined, Rejected],
    [413, 'M_TOO_LARGE', Rejected], [408, undefined, Retry], [500, 'M_UNKNOWN', Uncertain], [502, undefined, Uncertain], [504, undefined, Uncertain],
    [520, undefined, Uncertain], [302, undefined, Rejected],
  ] as const)('%d %s', (status, errcode, kind) => {
    expect(fail(status, errcode)).toBeInstanceOf(kind);
  });

  test('what may be repeated is never uncertain', () => {
    for (let status = 300; status < 600; status++) expect(fail(status, undefined, 'same')).not.toBeInstanceOf(Uncertain);
    expect(fail(502, undefined, 'same')).toBeInstanceOf(Unreachable);
    expect(fail(502, 'M_UNKNOWN', 'same')).toBeInstanceOf(Retry);
    expect(fail(500, undefined, 'same')).toBeInstanceOf(Retry);
  });

  test('a rate limit says so, and the errcode is the code', () => {
    const limit = answerError('send', { status: 429, retryAfter: '7', body: { errcode: 'M_LIMIT_EXCEEDED' } }, 'twice', NOW);
    expect(limit).toMatchObject({ rateLimited: true, afterMs: 7000, code: 'M_LIMIT_EXCEEDED' });
    expect(fail(403, 'M_FORBIDDEN').code).toBe('M_FORBIDDEN');
  });

  test('foreign text is cut and cannot forge lines', () => {
    const error = answerError('send', { status: 400, retryAfter: undefined, body: { error: `a\n\u001b[31m\u202e${'x'.repeat(10_000)}` } }, 'twice', NOW);
    expect(error.message).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(error.message.length).toBeLessThan(500);
  });
});

describe('no answer', () => {
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
  test.each([
    [{ started: false, aborted: false }, 'twice', Unreachable], [{ started: true, aborted: false }, 'twice', Uncertain],
    [{ started: true, aborted: false }, 'same', Retry], [{ started: false, aborted: true }, 'twice', Retry], [{ started: true, aborted: true }, 'twice', Uncertain],
  ] as const)('%j, repeated %s', (progress, repeat, kind) => {
    expect(transportError('send', refused, progress, repeat)).toBeInstanceOf(kind);
  });

  test('a request that cannot be written is nobody else\'s fault', () => {
    const invalid = Object.assign(new Error('x'), { code: 'UND_ERR_INVALID_ARG' });
    expect(transportError('upload', invalid, { started: false, aborted: false }, 'same')).toBeInstanceOf(Rejected);
  });
});

describe('mxc URIs', () => {
  test.each(['mxc://ex.org/abc_-9', 'mxc://ex.org:8448/a', 'mxc://[::1]:80/a', 'mxc://1.2.3.4/a'])('%s', (uri) => {
    expect(parseMxc(uri)?.uri).toBe(uri);
  });
  test.each(['mxc://ex.org/../x', 'mxc://ex.org/a/b', 'mxc://ex.org/', 'mxc:///a', 'MXC://ex.org/a', 'mxc://ex.org/a?b', 'mxc://a@b/c', 'mxc://ex.org/%2e', 'mxc://ex.org/a\n', 'http://x/y', 7, null])('%j is none', (uri) => {
    expect(parseMxc(uri)).toBeNull();
  });
});
