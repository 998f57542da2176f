/**
 * Makes a text safe to put in JSON, HTML or a network's API: line ends become `\n`, the C0 control characters
 * but tab and line feed (and DEL) go, and a surrogate without its partner becomes U+FFFD.
 */
export function cleanText(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').toWellFormed();
}
