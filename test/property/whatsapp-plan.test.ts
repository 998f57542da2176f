import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Content, MediaKind } from '../../src/model/content.ts';
import { plain, type RichText } from '../../src/model/richtext.ts';
import { decode, encode } from '../../src/networks/whatsapp/markup.ts';
import { plan } from '../../src/networks/whatsapp/encode/plan.ts';
import { safeName } from '../../src/networks/whatsapp/encode/prefix.ts';
import { chat } from '../kit/whatsapp/account.ts';
import { anyTree, isWithin, solidText } from './text-trees.ts';

type Relay = { name: string } | null;
const planned = (content: Content, relay: Relay = null, style: 'inline' | 'line' = 'inline'): readonly Content[] => plan({ conversation: chat(), content, relay }, style);
const words = (text: string): string => text.replace(/[\s\u200a\u200b]/g, '');
const body = (part: Content | undefined): string => (part?.kind === 'text' ? encode(part.text) : part !== undefined && 'caption' in part && part.caption ? encode(part.caption) : '');

const texts = fc.string({ maxLength: 12_000, size: 'max', unit: fc.constantFrom('a', 'b', ' ', '\n', 'é', '😀', '.', '1') });
const names = fc.string({ maxLength: 100, unit: 'grapheme' });
const nasty = fc.oneof(names, fc.constantFrom('*', '_x_', '~a~', '`', 'a\nb', 'A*: hi\n*B', '\u202eevil', 'a\u2028b', '> q', '- x', '1. x', '  ', '\u200b', 'bob_smith', '👨‍👩‍👧', 'x'.repeat(500), 'a' + '\u0301'.repeat(50)));

/** What a message says behind the name, which each of several has to bear. */
function said(part: Content | undefined, name: string | null, style: 'inline' | 'line' = 'inline'): string {
  const all = words(body(part));
  if (name === null) return all;
  const start = words(body(planned({ kind: 'text', text: plain('x') }, { name }, style)[0])).slice(0, -1);
  expect(all.slice(0, start.length)).toBe(start);
  return all.slice(start.length);
}

describe('plan', () => {
  test('no part is over the limit, and nothing is lost', () => {
    fc.assert(
      fc.property(texts, fc.option(nasty), fc.constantFrom('inline' as const, 'line' as const), (text, name, style) => {
        const relay = name === null ? null : { name };
        const parts = planned({ kind: 'text', text: plain(text) }, relay, style);
        expect(parts.length).toBeGreaterThan(0);
        for (const part of parts) expect(body(part).length).toBeLessThanOrEqual(4096);
        expect(parts.map((part) => said(part, name, style)).join('')).toBe(words(text));
      }),
      { numRuns: 60 },
    );
  });

  test('the same for formatted texts', () => {
    fc.assert(
      fc.property(anyTree, fc.integer({ min: 1, max: 60 }), fc.option(nasty), (tree, times, name) => {
        const text = Array.from({ length: times }, () => tree).flat();
        const parts = planned({ kind: 'text', text }, name === null ? null : { name });
        for (const part of parts) expect(body(part).length).toBeLessThanOrEqual(4096);
        const wanted = (name === null ? '' : words(safeName(name))) + solidText(text);
        expect(isWithin(wanted, words(parts.map(body).join('')))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('captions fit, or the text goes after the file', () => {
    const kinds: readonly MediaKind[] = ['image', 'video', 'file', 'audio', 'voice', 'sticker'];
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.option(texts), fc.option(nasty), (kind, caption, name) => {
        const media = { source: { network: '{}' } };
        const content: Content = caption === null ? { kind, media } : { kind, media, caption: plain(caption) };
        const parts = planned(content, name === null ? null : { name });
        expect(parts.filter((part) => part.kind === kind)).toHaveLength(1);
        for (const part of parts) expect(body(part).length).toBeLessThanOrEqual(part.kind === 'text' ? 4096 : 1024);
        if (['audio', 'voice', 'sticker'].includes(kind)) for (const part of parts) expect(part).not.toHaveProperty(part.kind === kind ? 'caption' : 'none');
        const written = parts.filter((part) => part.kind === 'text');
        if (caption !== null && words(caption) !== '') expect((written.length > 0 ? written : parts).map((part) => said(part, name)).join('')).toBe(words(caption));
        if (name !== null) expect(words(parts.map(body).join('\n'))).toContain(words(safeName(name)));
      }),
      { numRuns: 60 },
    );
  });

  test('a name is one plain line that reads the same whoever chose it', () => {
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string({ unit: 'binary' })), (name) => {
        const safe = safeName(name);
        expect(safe).toBe(safe.trim());
        expect(safe.length).toBeGreaterThan(0);
        expect(Array.from(safe).length).toBeLessThanOrEqual(64);
        expect(safe).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029*`\n]/u);
        expect(safe.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('whatever the name, the message reads as the name in bold, a colon, and the text', () => {
    fc.assert(
      fc.property(nasty, (name) => {
        const [part] = planned({ kind: 'text', text: plain('hello') }, { name });
        const wanted: RichText = [{ t: 'paragraph', children: [{ t: 'bold', children: [{ t: 'text', text: safeName(name) }] }, { t: 'text', text: ': hello' }] }];
        expect(decode(body(part)).map(strip)).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  test('examples', () => {
    const text = { kind: 'text', text: plain('hi') } as const;
    expect(planned(text).map(body)).toEqual(['hi']);
    expect(planned(text, { name: 'Anna' }).map(body)).toEqual(['*Anna*: hi']);
    expect(planned(text, { name: 'Anna' }, 'line').map(body)).toEqual(['*Anna:*\nhi']);
    expect(planned({ ...text, style: 'emote' }, { name: 'Anna' }).map(body)).toEqual(['*Anna* hi']);
    expect(planned({ ...text, style: 'emote' }).map(body)).toEqual(['_hi_']);
    expect(planned({ kind: 'text', text: [{ t: 'codeblock', text: 'x = 1' }] }, { name: 'Anna' }).map(body)[0]).toMatch(/^\*Anna:\*\n/);
    expect(planned({ kind: 'location', latitude: 1, longitude: 2 }, { name: 'Anna' }).map((part) => part.kind)).toEqual(['text', 'location']);
    expect(planned({ kind: 'choice', title: 'Yes', fields: [{ name: 'a', value: 'b' }] }).map(body)).toEqual(['Yes\na: b']);
    expect(planned({ kind: 'unsupported', what: 'poll', reason: 'No polls.' }).map(body)).toEqual(['[poll] No polls.']);
    const order = { kind: 'order', items: [{ id: 'SOUP', quantity: 2, price: '4', currency: 'EUR' }] } as const;
    expect(planned(order).map(body)).toEqual(['2 × SOUP (4 EUR)']);
  });
});

/** Text runs of a decoded line, joined. */
function strip(block: RichText[number]): RichText[number] {
  return JSON.parse(JSON.stringify(block).replaceAll('\\u200b', '').replaceAll('\u200b', '')) as RichText[number];
}
