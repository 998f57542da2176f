import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, Pair } from 'yaml';

/** A place in a file, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Source {
  readonly document: Document.Parsed;
  /** Syntax errors; with any of them the document is not to be used. */
  readonly errors: readonly { readonly place: Place; readonly message: string }[];
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

  const errors = document.errors.map(({ pos, message }) => ({ place: place(pos[0]), message: message.replaceAll(/\s+/g, ' ') }));
  return { document, errors, locate };
}

function findPair(items: readonly Pair[], key: PropertyKey): Pair | undefined {
  return items.find((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)) === String(key));
}
