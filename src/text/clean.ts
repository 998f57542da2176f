/**
 * Makes a text safe to put in JSON, HTML or a network's API: line ends become `\n`, the C0 control characters
 * but tab and line feed (and DEL) go, and a surrogate without its partner becomes U+FFFD.
 */
export function cleanText(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').toWellFormed();
}

const MAX_NAME = 100;

/**
 * A name that somebody on a network chose, as it may stand on Matrix: one line, without control, direction and invisible
 * characters, at most 100 characters and no tower of marks. Empty where nothing is left.
 */
export function cleanName(name: string): string {
  const plain = cleanText(name).slice(0, 4096).normalize('NFC')
    .replace(/[\p{Bidi_Control}\u00ad\u200b\u2060-\u2064\ufeff\p{Cn}\p{Co}]/gu, '')
    .replace(/(\p{M}{3})\p{M}+/gu, '$1').replace(/\s+/gu, ' ').trim();
  const shown = Array.from(plain);
  return shown.length > MAX_NAME ? `${shown.slice(0, MAX_NAME - 1).join('').trimEnd()}…` : plain;
}
