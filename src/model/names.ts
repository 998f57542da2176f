/** Characters. Homeservers refuse display names of more than 256, and what stands around a name needs room too. */
const MAX_NAME = 100;

/**
 * A name that somebody chose, as it may be shown to others: one line, without control, direction and invisible characters,
 * not endless, and without towers of marks. Empty where nothing visible is left.
 */
export function visibleName(name: string): string {
  const line = name.slice(0, 4096).toWellFormed().normalize('NFC')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[\p{Bidi_Control}\u00ad\u115f\u1160\u200b\u2060-\u2064\u2800\u3164\ufeff\uffa0\p{Cn}\p{Co}]|\u034f|\u17b4|\u17b5/gu, '')
    .replace(/(\p{M}{3})\p{M}+/gu, '$1').replace(/\s+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length > MAX_NAME ? `${characters.slice(0, MAX_NAME - 1).join('').trimEnd()}…` : line;
}

/** Letters of other scripts, and digits, that look like Latin letters in most fonts. */
const LOOK_LIKE = new Map(Object.entries({
  a: 'аα', b: 'ьв', c: 'сϲ', d: 'ԁ', e: 'её', h: 'һн', k: 'кκ', l: '1iıіϊιӏ|', m: 'м', n: 'п', o: '0оοσ', p: 'рρ', s: 'ѕ', t: 'тτ', u: 'υ', v: 'ν', w: 'ԝω', x: 'хχ', y: 'уγ', j: 'ј', r: 'г',
}).flatMap(([latin, others]) => Array.from(others, (other) => [other, latin] as const)));

/** The same for any two names that somebody could take for each other: capitals, marks, spaces and lookalikes make no difference. */
export function lookOf(name: string): string {
  const bare = name.slice(0, 256).toWellFormed().normalize('NFKD').toLowerCase();
  return Array.from(bare, (character) => LOOK_LIKE.get(character) ?? (/(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}]/u.test(character) ? character : '')).join('');
}
