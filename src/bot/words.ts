const QUOTES: Readonly<Record<string, string>> = { '"': '"', '“': '”', '„': '“', '«': '»' };

/** The words of a line; what stands between quotes, also those that a phone makes, is one. A quote that is never closed is a character. */
export function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  let rest = line.trim();
  while (rest !== '') {
    const closing = QUOTES[rest.charAt(0)];
    const end = closing === undefined ? -1 : rest.indexOf(closing, 1);
    const isQuoted = end > 0 && (end + 1 === rest.length || /\s/.test(rest.charAt(end + 1)));
    const word = isQuoted ? rest.slice(1, end) : (/^\S+/.exec(rest)?.[0] ?? '');
    words.push(word);
    rest = rest.slice(isQuoted ? end + 1 : word.length).trimStart();
  }
  return words;
}
