import type { Client } from 'pg';
import { types } from 'pg';
import type { Value } from '../sql/driver.ts';

/**
 * PostgreSQL takes no NUL in a text, and what people and networks write may hold one: it is written as this character and a 0, the
 * character itself as it and a 1. Nothing that means something has it; both keep their place in comparisons for equality.
 */
const MARK = '\u{10FFFF}';

export function toWire(value: Value): string | number | null | Buffer {
  if (typeof value === 'string') return value.includes('\0') || value.includes(MARK) ? value.replaceAll(MARK, `${MARK}1`).replaceAll('\0', `${MARK}0`) : value;
  return value === null || typeof value === 'number' ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function textFrom(text: string): string {
  return text.includes(MARK) ? text.replaceAll(`${MARK}0`, '\0').replaceAll(`${MARK}1`, MARK) : text;
}

/** Values come back as they do from SQLite: numbers as numbers, texts as they were, bytes in an array of their own. */
export function readAsSqlite(client: Client): void {
  client.setTypeParser(types.builtins.INT8, Number);
  client.setTypeParser(types.builtins.NUMERIC, Number);
  client.setTypeParser(types.builtins.TEXT, textFrom);
  client.setTypeParser(types.builtins.BYTEA, (hex: string) => new Uint8Array(Buffer.from(hex.slice(2), 'hex')));
}

/** `?` as `$1`, `$2`, …; not where it stands in a text. */
export function numbered(text: string): string {
  let count = 0;
  return text.replaceAll(/'[^']*'|\?/g, (found) => (found === '?' ? `$${++count}` : found));
}
