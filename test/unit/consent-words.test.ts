import { describe, expect, test } from '@jest/globals';
import { wordIn } from '../../src/bridge/kinds/consent.ts';
import { consentWords } from '../../src/i18n/consent.ts';
import type { MessageEvent } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import { direct, person } from '../kit/model/store/setup.ts';

const words = consentWords({ stop: ['Laat me'], start: ['Toch wel'] });

test.each([
  'STOP', 'stop', ' Stop. ', 'STOP!', '*STOP*', '/stop', '"stop"', 'Stop…', 'STOPP', 'arrêt', 'ARRET', 'Arrêter.', 'ΔΙΑΚΟΠΉ', 'διακοπη', 'Zastaviť', 'zastavit', 'стоп', 'laat me', 'LAAT ME!',
])('%s asks to be bridged no longer', (text) => {
  expect(words(text)).toMatchObject({ means: 'stop', answer: expect.stringMatching(/\p{Lu}{4}/u) });
});

test.each(['START', '/start', 'start!', 'Démarrer', 'INICIAR', 'Έναρξη', 'toch wel'])('%s asks to be bridged again', (text) => {
  expect(words(text)?.means).toBe('start');
});

test.each([
  '', ' ', '.', 'stop it', 'please stop', 'STOP STOP', 'bus stop', 'stop?', 'ST OP', 'stop, then go', 'nonstop', '🛑', 'restart', 'constructor', '__proto__', 'unstoppable', 'STOP'.repeat(100), `${' '.repeat(100)}STOP`,
])('%j is a message like any other', (text) => {
  expect(words(text)).toBeNull();
});

test('each answer is in the language of the word, and names a word of that language that takes it back', () => {
  expect(words('STOP')?.answer).toMatch(/no longer bridged.*START/);
  expect(words('STOPP')?.answer).toMatch(/nicht mehr verbunden.*ANMELDEN/);
  expect(words('ΔΙΑΚΟΠΗ')?.answer).toContain('ΕΝΑΡΞΗ');
  expect(words('laat me')?.answer).toMatch(/no longer bridged/);
  for (const stop of ['STOP', 'СТОП', 'ZASTAVIT', 'AFMELD', 'STOPP', 'ΣΤΟΠ', 'PARAR', 'PEATA', 'PYSÄYTÄ', 'ARRÊT', 'STAD', 'ZAUSTAVI', 'LEÁLLÍTÁS', 'FERMA', 'STABDYTI', 'APTURĒT', 'WAQQAF', 'STOPPEN', 'ZATRZYMAJ', 'OPREȘTE', 'ZASTAVIŤ', 'USTAVI', 'STOPPA']) {
    const named = [...words(stop)?.answer.matchAll(/\p{Lu}{3,}/gu) ?? []].map(([word]) => words(word)?.means);
    expect([stop, named]).toEqual([stop, ['start']]);
  }
});

describe('a message is such a word', () => {
  const said = (text: string, more: Partial<MessageEvent> = {}) => wordIn({
    type: 'message', id: 'm' as RemoteId, conversation: direct('31'), sender: person('31'), time: 1, parts: [{ kind: 'text', text: plain(text) }], ...more,
  }, words)?.means ?? null;
  const group = { id: 'g', scope: '', kind: 'group', perAccount: false } as const;

  test('where it is nothing else', () => {
    expect(said('stop')).toBe('stop');
    expect(said('stop', { parts: [{ kind: 'text', text: plain('stop') }, { kind: 'text', text: plain('it') }] })).toBeNull();
    expect(said('stop', { parts: [{ kind: 'image', media: { source: { network: 'x' } }, caption: plain('stop') }] })).toBeNull();
    expect(said('stop', { parts: [{ kind: 'text', text: plain('stop'), style: 'emote' }] })).toBeNull();
  });

  test('of somebody else\'s mouth, of long ago, or of the account itself it is none', () => {
    expect(said('stop', { forwarded: 'once' })).toBeNull();
    expect(said('stop', { historical: true })).toBeNull();
    expect(said('stop', { sender: { ...person('31'), isSelf: true } })).toBeNull();
  });

  test('among others only in capitals: they say it to each other', () => {
    expect(said('stop', { conversation: group })).toBeNull();
    expect(said('Stop!', { conversation: group })).toBeNull();
    expect(said('STOP', { conversation: group })).toBe('stop');
    expect(said('START', { conversation: group })).toBe('start');
  });
});
