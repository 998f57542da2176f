import { describe, expect, test } from '@jest/globals';
import { backoff, failureOf } from '../../src/bridge/outbound/failure.ts';
import { AccountBroken, Rejected, Retry, Uncertain, Unreachable } from '../../src/model/errors.ts';
import type { OutboxItem } from '../../src/store/store.ts';
import { SETTINGS } from '../kit/model/settings.ts';

const NOW = 1_000_000;
const row = (more: Partial<OutboxItem> = {}): OutboxItem => ({
  seq: 1, edition: 0, lane: 'out:p1', state: 'sending', key: 'k', portal: 1, room: 1, account: 'fake/app/one', event: '$e', sender: '@a:test', remoteRef: null,
  part: 0, parts: 1, tries: 0, dueAt: 0, blockedSince: null, createdAt: 0, sentAt: NOW, remoteId: null, code: null, reason: null, report: null, task: null,
  kind: 'message', ...more,
} as OutboxItem);
const of = (error: unknown, more: Partial<OutboxItem> = {}) => failureOf(error, row(more), NOW, SETTINGS);

describe('what an error of a call means', () => {
  test('Retry: surely not done, so the row waits longer each time', () => {
    const failure = of(new Retry('busy', 'code'));
    expect(failure.settle).toMatchObject({ to: 'ready', tried: true, code: 'code', reason: 'busy' });
    const due = failure.settle.to === 'ready' ? failure.settle.dueAt : 0;
    expect(due).toBeGreaterThan(NOW);
  });

  test('Retry waits at least as long as the other side asks', () => {
    const { settle } = of(new Retry('busy', 'code', { afterMs: 90_000 }));
    expect(settle.to === 'ready' && settle.dueAt).toBeGreaterThanOrEqual(NOW + 90_000);
  });

  test('a wait is whole milliseconds, whatever the other side asks for: the store takes nothing else', () => {
    const { settle } = of(new Retry('busy', 'code', { afterMs: 90_000.25 }));
    expect(settle.to === 'ready' && Number.isInteger(settle.dueAt)).toBe(true);
  });

  test('Retry past max_block: the row dies, with the reason and the tries', () => {
    const blockedSince = NOW - SETTINGS.maxBlock;
    expect(of(new Retry('busy', 'code'), { blockedSince, tries: 4 }).settle).toEqual({ to: 'dead', code: 'code', reason: 'busy Tried 5 times.' });
    expect(of(new Retry('busy', 'code'), { blockedSince: blockedSince + 1 }).settle.to).toBe('ready');
  });

  test('a rate limit spends no try and never kills', () => {
    const { settle } = of(new Retry('slow', '429', { rateLimited: true, afterMs: 5_000 }), { blockedSince: NOW - 10 * SETTINGS.maxBlock, tries: 50 });
    expect(settle).toMatchObject({ to: 'ready', tried: false });
  });

  test('Rejected dies at once, and the reason is what the person is told', () => {
    expect(of(new Rejected('The number does not exist.', '131026'))).toEqual({ settle: { to: 'dead', code: '131026', reason: 'The number does not exist.' } });
  });

  test('Uncertain is neither sent nor not sent', () => {
    const { settle } = of(new Uncertain('reset', 'ECONNRESET'));
    expect(settle).toEqual({ to: 'uncertain', dueAt: expect.any(Number), code: 'ECONNRESET', reason: 'reset' });
    expect('dueAt' in settle && Number.isInteger(settle.dueAt) && settle.dueAt > NOW).toBe(true);
  });

  test('Uncertain time and again is given up after max_block, and says that it may have arrived', () => {
    const { settle } = of(new Uncertain('reset', 'ECONNRESET'), { blockedSince: NOW - SETTINGS.maxBlock });
    expect(settle).toMatchObject({ to: 'dead', reason: expect.stringContaining('may have arrived') });
  });

  test.each([['Unreachable', new Unreachable('down', 'c'), false], ['AccountBroken', new AccountBroken('expired', 'c'), true]] as const)(
    '%s is no fault of the row: the side is down, no try is spent', (_name, error, broken) => {
      const failure = of(error, { blockedSince: NOW - 10 * SETTINGS.maxBlock, tries: 50 });
      expect(failure).toEqual({ sideDown: error.message, broken, settle: { to: 'ready', dueAt: NOW, tried: false, code: 'c', reason: error.message } });
    });

  test.each([new TypeError('x is undefined'), 'a string', null, undefined])('anything else (%p) is a bug: dead and loud, and what it says reaches nobody', (error) => {
    const failure = of(error);
    expect(failure).toMatchObject({ bug: true, settle: { to: 'dead', code: 'bug' } });
    expect(JSON.stringify(failure)).not.toContain('undefined');
  });
});

test('the wait between tries grows from a quarter of a second to a minute, and is never the same for all', () => {
  const waits = (tries: number): number[] => Array.from({ length: 200 }, () => backoff(tries));
  for (const tries of [0, 1, 5, 7, 50, 5_000]) {
    const most = 250 + Math.min(500 * 2 ** Math.min(tries, 10), 60_000);
    for (const wait of waits(tries)) {
      expect(Number.isInteger(wait)).toBe(true);
      expect(wait).toBeGreaterThanOrEqual(250);
      expect(wait).toBeLessThanOrEqual(most);
    }
    expect(new Set(waits(tries)).size).toBeGreaterThan(100);
  }
  expect(Math.max(...waits(0))).toBeLessThan(Math.max(...waits(8)));
});
