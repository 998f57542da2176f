import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/program.ts';
import { keysOf, schemasAt } from '../../src/config/walk.ts';
import { configSchema } from '../../src/config/schema.ts';
import { errors } from '../../src/i18n/errors.ts';
import { networks } from '../../src/networks/registry.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { cliParts } from '../kit/cli.ts';

// What is written for people says what the program does.

const root = join(import.meta.dirname, '../..');
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })];
const read = (page: string): string => readFileSync(join(root, page), 'utf8');
const source = globSync('src/**/*.ts', { cwd: root }).map(read).join('\n');
const schema = configSchema(networks);

/** As forges make them of headings. */
const anchors = (text: string): string[] => [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(/[^\w\s-]/g, '').replaceAll(' ', '-'));

test.each(pages)('%s: every link leads somewhere', (page) => {
  const broken = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page : relative(root, join(root, dirname(page), file));
    return !existsSync(join(root, path)) || (anchor !== undefined && !anchors(read(path)).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test('every error code in the program is explained, and every code in the pages exists', () => {
  const known = Object.values(errors).map(({ code }) => String(code));
  const used = new Set([...source.matchAll(/CodedError\('(DB-\d{4})'/g)].map(([, code = '']) => code));
  expect([...used].filter((code) => !known.includes(code))).toEqual([]);
  expect(pages.flatMap((page) => read(page).match(/DB-\d{4}/g) ?? []).filter((code) => !known.includes(code))).toEqual([]);
});

test.each(pages)('%s: every key of the config that it names exists', (page) => {
  const top = keysOf(schema);
  const dotted = [...read(page).matchAll(/(?<=[`\s=])([a-z_]+(?:\.[a-z_]+)+)(?=[`=: ])/g)].map(([, key = '']) => key.split('.'));
  // Not names of files and hosts, which begin with the same words.
  const named = dotted.filter((path) => top.includes(path[0] ?? '') && !['ts', 'org', 'yaml', 'db', 'key'].includes(path.at(-1) ?? ''));
  expect(named.filter((path) => schemasAt(schema, path).length === 0).map((path) => path.join('.'))).toEqual([]);
});

test('docs/commands.md has every command of the bot, as it is used', () => {
  const usages = [...readFileSync(join(root, 'src/bot/commands.ts'), 'utf8').matchAll(/usage: '([^']+)'/g)].map(([, usage = '']) => usage);
  expect(usages.length).toBeGreaterThan(15);
  const page = read('docs/commands.md').replaceAll('\\|', '|');
  expect(usages.filter((usage) => !page.includes(`| \`${usage}\` |`))).toEqual([]);
});

describe('docs/admin.md', () => {
  test('names the metrics that there are, all of them that are ours', async () => {
    const text = await createMetrics({ version: '1' }).text();
    const made = [...text.matchAll(/^# TYPE (bridge_\w+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'bridge_build_info');
    expect(new Set(read('docs/admin.md').match(/bridge_(?!url)\w+/g))).toEqual(new Set(made));
  });

  test('explains lines that the log has', () => {
    const table = /## Reading the log\n([^]*?)\n## /.exec(read('docs/admin.md'))?.[1] ?? '';
    const lines = [...table.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) => cell.match(/[^`]+(?=`(?:, | *$|$))/g) ?? []).map((line) => line.replace(/ ?…$/, ''));
    expect(lines.length).toBeGreaterThan(9);
    expect(lines.filter((line) => !source.includes(line))).toEqual([]);
  });
});

test('every flag of a command that the pages show is one of that command', async () => {
  const wrong: string[] = [];
  for (const page of pages) {
    const text = read(page).replaceAll('\\\n', ' ');
    for (const [, command = '', rest = ''] of text.matchAll(/drawbridge(?: --)? (init|register|doctor|start|demo)\b([^`\n#]*)/g)) {
      const cli = cliParts({});
      await run([command, '--help'], cli);
      wrong.push(...(rest.match(/--[a-z][a-z-]+/g) ?? []).filter((flag) => !cli.printed().includes(flag)).map((flag) => `${page}: ${command} ${flag}`));
    }
  }
  expect(wrong).toEqual([]);
});
