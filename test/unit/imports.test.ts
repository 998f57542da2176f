import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const script = fileURLToPath(new URL('../../scripts/check-imports.ts', import.meta.url));

let src: string;
beforeEach(() => { src = mkdtempSync(join(tmpdir(), 'drawbridge-imports-')); });
afterEach(() => rmSync(src, { recursive: true, force: true }));

/** What the check says of a source tree of these files; empty where it is content. */
function check(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(src, name)), { recursive: true });
    writeFileSync(join(src, name), text);
  }
  const { status, stderr } = spawnSync(process.execPath, [script, src], { encoding: 'utf8' });
  expect(status).toBe(stderr === '' ? 0 : 1);
  return stderr;
}

/** A room and what it must not reach, from each row of the table. */
const FORBIDDEN: readonly (readonly [from: string, to: string])[] = [
  ['model', 'text/b.ts'], ['text', 'config/b.ts'], ['media', 'observe/b.ts'], ['observe', 'config/b.ts'], ['config', 'observe/b.ts'], ['i18n', 'config/b.ts'],
  ['networks/x', 'bridge/b.ts'], ['networks/x', 'matrix/homeserver.ts'], ['matrix/client', 'store/store.ts'], ['store/sqlite', 'config/b.ts'],
  ['bridge', 'store/sqlite/b.ts'], ['bridge', 'matrix/client/b.ts'], ['bridge', 'networks/x/b.ts'], ['bridge', 'actions/b.ts'],
  ['actions', 'store/sqlite/b.ts'], ['actions', 'matrix/appservice/b.ts'], ['actions', 'networks/registry.ts'], ['actions', 'http/b.ts'],
  ['cli', 'config/b.ts'], ['cli', 'daemon.ts'], ['bot', 'bridge/b.ts'], ['http', 'store/store.ts'], ['admin', 'matrix/homeserver.ts'],
  ['sandbox/x', 'model/b.ts'], ['sandbox/x', 'networks/x/b.ts'], ['demo', 'bridge/b.ts'],
];
const WAYS: readonly ((path: string) => string)[] = [
  (path) => `import { b } from '${path}';`, (path) => `import type { B } from "${path}";`, (path) => `export * from '${path}';`,
  (path) => `import '${path}';`, (path) => `import {\n  b,\n} from '${path}';`, (path) => `const b = await import('${path}');`,
];

test('every row of the table is kept, however an import is written', () => {
  const forbidden = FORBIDDEN.flatMap(([from, to], row) => WAYS.map((way, index) => {
    const file = `${from}/row${row}way${index}.ts`;
    return { file, to, text: way(`${'../'.repeat(file.split('/').length - 1)}${to}`) };
  }));
  const said = check({ ...Object.fromEntries(forbidden.map(({ to }) => [to, ''])), ...Object.fromEntries(forbidden.map(({ file, text }) => [file, text])) });
  expect(forbidden.filter(({ file, to }) => !said.includes(`${file} imports ${to}: `))).toEqual([]);
});

test('networks know the contract, the shared folder and Meta\'s, never each other; the contract and the shared folder know none', () => {
  const one = { 'networks/network.ts': '', 'networks/meta-graph/g.ts': "import '../shared/s.ts';", 'networks/shared/s.ts': "import '../network.ts';", 'networks/y/b.ts': '', 'networks/registry.ts': "import '../networks/y/b.ts';" };
  expect(check({ ...one, 'networks/x/a.ts': "import '../network.ts';\nimport '../meta-graph/g.ts';\nimport '../shared/s.ts';\nimport '../../text/t.ts';", 'text/t.ts': '' })).toBe('');
  expect(check({ 'networks/x/a.ts': "import '../y/b.ts';" })).toContain('never import each other');
  expect(check({ 'networks/x/a.ts': '', 'networks/shared/s.ts': "import '../x/a.ts';\nimport '../meta-graph/g.ts';" })).toMatch(/x\/a\.ts: the shared folder knows no network\n.*meta-graph\/g\.ts: the shared folder knows no network/);
  expect(check({ 'networks/shared/s.ts': '', 'networks/network.ts': "import './y/b.ts';" })).toContain('knows no network');
});

test('packages: none in the model, elsewhere those of the program', () => {
  expect(check({ 'store/a.ts': "import Database from 'better-sqlite3';\nimport { x } from 'node:fs';" })).toBe('');
  expect(check({ 'store/a.ts': "import { test } from '@jest/globals';" })).toContain('none of the dependencies');
  expect(check({ 'store/a.ts': '', 'model/a.ts': "import { x } from 'node:fs';" })).toContain('model imports nothing');
});

test('a circle, a new folder without a rule, and what is outside', () => {
  expect(check({ 'text/a.ts': "import './b.ts';", 'text/b.ts': "import './c.ts';", 'text/c.ts': "import './a.ts';" })).toBe('a circle of imports: text/a.ts → text/b.ts → text/c.ts → text/a.ts\n');
  expect(check({ 'text/c.ts': "import type { A } from './a.ts';" })).toBe('');
  expect(check({ 'helpers/a.ts': '' })).toContain('helpers has no rule');
  rmSync(join(src, 'helpers'), { recursive: true });
  expect(check({ 'text/a.ts': "import '../../test/kit.ts';" })).toContain('nothing from outside');
});
