import Database from 'better-sqlite3';
import { expect, jest, test } from '@jest/globals';
import { init } from '../../src/store/sqlite/migrations/001-init.ts';
import { isSeldom } from '../kit/model/store/seldom.ts';
import { sqliteFile } from '../kit/model/store/sqlite.ts';
import { storeSuite } from '../kit/model/store/suite.ts';

/** Everything that the suite makes the store ask. */
const prepared = new Set<string>();
const prepare = Database.prototype.prepare;
jest.spyOn(Database.prototype, 'prepare').mockImplementation(function spy(this: Database.Database, text: string) {
  prepared.add(text);
  return prepare.call(this, text);
});

storeSuite('SQLite', sqliteFile);

/** What is asked on the path of a message, and the schema to ask it of. */
function onThePath(): { readonly db: Database.Database; readonly texts: readonly string[] } {
  expect(prepared.size).toBeGreaterThan(60);
  const db = new Database(':memory:');
  db.exec(init);
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  const texts = [...prepared].map((statement) => statement.replaceAll(/\s+/g, ' ').trim())
    .filter((text) => !isSeldom(text) && tables.some((table) => text.includes(table)) && !/sqlite_schema/.test(text));
  return { db, texts };
}

const explained = <T>(db: Database.Database, how: 'EXPLAIN' | 'EXPLAIN QUERY PLAN', text: string): readonly T[] =>
  db.prepare<null[]>(`${how} ${text}`).all(...(text.match(/\?/g) ?? []).map(() => null)) as T[];

test('no statement on the path of a message reads a whole table, or a whole chat', () => {
  const { db, texts } = onThePath();
  const slow: string[] = [];
  for (const text of texts) {
    for (const { detail } of explained<{ detail: string }>(db, 'EXPLAIN QUERY PLAN', text)) {
      // A partial index holds only what is under way, however much has gone by.
      const whole = /^SCAN (?!CONSTANT|\(subquery)/.test(detail) && !/USING (?:COVERING )?INDEX (?:inbox_lane|inbox_wait|outbox_head|outbox_wait|outbox_origin|media_wanted)/.test(detail);
      if (whole || /AUTOMATIC/.test(detail) || /message_map USING PRIMARY KEY \(portal=\?\)/.test(detail)) slow.push(`${detail}: ${text}`);
    }
  }
  expect(slow).toEqual([]);
  db.close();
});

test('no single row is written with a table built for it, as SQLite does of a list of values', () => {
  const { db, texts } = onThePath();
  const writing = texts.filter((text) => /^(?:INSERT INTO (?:inbox|outbox) |UPDATE (?:inbox|outbox) .* WHERE seq = )/.test(text));
  expect(writing.length).toBeGreaterThan(15);
  expect(writing.filter((text) => explained<{ opcode: string }>(db, 'EXPLAIN', text).some(({ opcode }) => opcode === 'OpenEphemeral'))).toEqual([]);
  db.close();
});
