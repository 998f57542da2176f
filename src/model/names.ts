/** Characters. Homeservers refuse display names of more than 256, and what stands around a name needs room too. */
const MAX_NAME = 128;

/**
 * A person's name as it may be shown to others: on one line, without control characters, without those that turn the
 * direction of what follows, and not endless. People choose their names themselves. Empty where nothing visible is left.
 */
export function visibleName(name: string): string {
  const line = name.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, ' ').replace(/\s+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= MAX_NAME ? line : `${characters.slice(0, MAX_NAME - 1).join('').trimEnd()}…`;
}
