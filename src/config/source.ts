import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, ErrorCode, Node, Pair, YAMLError } from 'yaml';

/** A place in a file, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Source {
  readonly document: Document.Parsed;
  /** Mistakes of notation, in our words, which quote nothing but keys; with any of them the document is not to be used. */
  readonly errors: readonly { readonly place: Place; readonly message: string }[];
  /** Where the first alias stands that leads nowhere, else the first of all: what makes a document explode. */
  alias(): Place;
  /** A number or a truth value as it is written: `0042` is not 42 to who wrote it. */
  written(path: readonly PropertyKey[]): string | undefined;
  /** Where the value at a path stands, or its key with `key`; the nearest thing above it where there is none. */
  locate(path: readonly PropertyKey[], key?: boolean): Place;
}

/** Reads YAML and keeps where everything stands. */
export function parseSource(text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };

  function nodeAt(path: readonly PropertyKey[]): unknown {
    return path.reduce<unknown>((at, step) => {
      const node = isAlias(at) ? at.resolve(document) : at;
      if (isSeq(node)) return node.items[Number(step)];
      return isMap(node) ? findPair(node.items, step)?.value : undefined;
    }, document.contents);
  }

  function locate(path: readonly PropertyKey[], key = false): Place {
    let node: Node | null = document.contents;
    let at = place(node?.range?.[0] ?? 0);
    for (const [index, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document) ?? null;
      const pair = isMap(node) ? findPair(node.items, step) : undefined;
      const keyNode = pair?.key as Node | undefined;
      const value: Node | null = isSeq(node) ? (node.items[Number(step)] as Node | undefined) ?? null : (pair?.value as Node | null) ?? null;
      const wanted: Node | null | undefined = key && index === path.length - 1 ? keyNode : value ?? keyNode;
      if (wanted?.range) at = place(wanted.range[0]);
      if (value === null) break;
      node = value;
    }
    return at;
  }

  function alias(): Place {
    const all: Place[] = [];
    let lost: Place | undefined;
    visit(document, {
      Alias(_, node) {
        const here = place(node.range?.[0] ?? 0);
        all.push(here);
        if (node.resolve(document) === undefined) lost ??= here;
      },
    });
    return lost ?? all[0] ?? { line: 1, column: 1 };
  }

  function written(path: readonly PropertyKey[]): string | undefined {
    const node = nodeAt(path);
    return isScalar(node) && typeof node.value !== 'string' ? node.source : undefined;
  }

  // A tag that nobody knows is no more than a warning to the parser, and the value behind it is lost.
  const wrong: YAMLError[] = [...document.errors, ...document.warnings.filter(({ code }) => code === 'TAG_RESOLVE_FAILED')].sort((a, b) => a.pos[0] - b.pos[0]);
  return { document, errors: wrong.map((error) => ({ place: place(error.pos[0]), message: said(error, text) })), locate, alias, written };
}

const QUOTES: Readonly<Record<string, string>> = {
  '*': 'what begins with "*" is a reference in YAML', '&': 'what begins with "&" is the name of a place in YAML', '!': 'what begins with "!" is a tag in YAML',
  '@': '"@" cannot begin a text in YAML', '`': '"`" cannot begin a text in YAML', '%': '"%" cannot begin a text in YAML',
};

/** The parser's own messages speak of tokens, and some quote what may be a secret. */
const MISTAKES: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAB_AS_INDENT: 'a tab indents this line; use spaces',
  MULTIPLE_DOCS: 'a second document begins here ("---"); only one is read',
  BAD_INDENT: 'this line is indented unlike those it belongs to, or a bracket is not closed',
  BAD_DQ_ESCAPE: 'a backslash between double quotes begins an escape, and this is none; write two of them, or use single quotes',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second ": " in this line; a text that holds one has to stand between quotes',
  MULTILINE_IMPLICIT_KEY: 'a key has to stand on one line, with a colon and a space behind it; or the line below is indented too far',
  MISSING_CHAR: 'something is missing: a colon and a space behind a key, or a closing quote, bracket or brace',
  BLOCK_IN_FLOW: 'inside { } and [ ] keys and entries are separated by commas; a bracket may be open from before',
};

function said({ code, pos: [at] }: YAMLError, text: string): string {
  if (code === 'DUPLICATE_KEY') return `the key ${/^[^\s:]{1,60}/.exec(text.slice(at))?.[0] ?? ''} stands here a second time; keep one of the two`;
  const lineStart = text.slice(text.lastIndexOf('\n', at - 1) + 1).trimStart()[0] ?? '';
  const special = [text[at] ?? '', code === 'UNEXPECTED_TOKEN' ? lineStart : ''].map((one) => (Object.hasOwn(QUOTES, one) ? QUOTES[one] : undefined)).find((one) => one !== undefined);
  if (special !== undefined) return `${special}; a text that does has to stand between quotes`;
  return MISTAKES[code] ?? `YAML cannot read this (${code}); a text with special characters has to stand between quotes`;
}

function findPair(items: readonly Pair[], key: PropertyKey): Pair | undefined {
  return items.find((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)) === String(key));
}
