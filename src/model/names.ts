/** Characters. Homeservers refuse display names of more than 256, and what stands around a name needs room too. */
const MAX_NAME = 100;

/**
 * A name that somebody chose, as it may be shown to others: one line, without control, direction and invisible characters,
 * not endless, and without towers of marks. Empty where nothing visible is left.
 */
export function visibleName(name: string): string {
  const line = name.slice(0, 4096).toWellFormed().normalize('NFC')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[\p{Bidi_Control}\u00ad\u200b\u2060-\u2064\ufeff\p{Cn}\p{Co}]/gu, '')
    .replace(/(\p{M}{3})\p{M}+/gu, '$1').replace(/\s+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length > MAX_NAME ? `${characters.slice(0, MAX_NAME - 1).join('').trimEnd()}…` : line;
}
