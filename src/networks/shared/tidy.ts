/** What a platform says, as one short line without control characters and without the secret that it may quote. */
export function tidy(text: string, secret = ''): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').replace(/\s+/g, ' ').trim();
  const clean = secret === '' ? line : line.replaceAll(secret, '…');
  return clean.length > 300 ? `${clean.slice(0, 299)}…` : clean;
}
