import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

/** What no client shows. */
export const DROPPED: ReadonlySet<string> = new Set(['script', 'style', 'template']);

/** Tags that begin and end a line, but have no form of their own in the tree. */
export const BREAKING: ReadonlySet<string> = new Set(
  'p div section article header footer main aside nav address figure figcaption fieldset form center dl dt dd caption body html'.split(' '),
);

const LINES: ReadonlySet<string> = new Set([...BREAKING, ...'br hr h1 h2 h3 h4 h5 h6 blockquote pre ul ol li table tr details summary'.split(' ')]);

/**
 * The text of HTML that is nested too deep, or would grow too large, to be read with its formatting: what a reader would see, line by
 * line. Needs no stack, so any number of unclosed tags costs no more than their length.
 */
export function htmlText(html: string): string {
  const reader = new TextReader(html);
  const tokenizer = new Tokenizer({}, reader);
  tokenizer.write(html);
  tokenizer.end();
  return reader.parts.join('').trim();
}

class TextReader implements TokenizerCallbacks {
  readonly parts: string[] = [];
  private last = '\n';
  private readonly html: string;
  private dropping: string | undefined;
  private depth = 0;

  constructor(html: string) {
    this.html = html;
  }

  onopentagname(start: number, end: number): void {
    const name = this.html.slice(start, end).toLowerCase();
    if (this.dropping === undefined && DROPPED.has(name)) this.dropping = name;
    if (this.dropping === name) this.depth += 1;
    else this.line(name);
  }

  onclosetag(start: number, end: number): void {
    const name = this.html.slice(start, end).toLowerCase();
    if (this.dropping !== name) return this.line(name);
    this.depth -= 1;
    if (this.depth === 0) this.dropping = undefined;
  }

  ontext(start: number, end: number): void {
    this.add(this.html.slice(start, end).replace(/[ \t\n\f\r]+/g, ' '));
  }

  ontextentity(codePoint: number): void {
    this.add(String.fromCodePoint(codePoint));
  }

  private line(name: string): void {
    if (LINES.has(name) && this.last !== '\n') this.add('\n');
  }

  private add(text: string): void {
    const isDouble = text.startsWith(' ') && (this.last === ' ' || this.last === '\n');
    const added = isDouble ? text.slice(1) : text;
    if (this.dropping !== undefined || added === '') return;
    this.parts.push(added);
    this.last = added.slice(-1);
  }

  onattribdata(): void {}
  onattribentity(): void {}
  onattribend(): void {}
  onattribname(): void {}
  oncdata(): void {}
  oncomment(): void {}
  ondeclaration(): void {}
  onend(): void {}
  onopentagend(): void {}
  onprocessinginstruction(): void {}
  onselfclosingtag(): void {}
}
