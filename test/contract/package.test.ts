import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as bodies from '../kit/whatsapp/payloads.ts';
import { startProgram } from '../kit/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string>; bundleDependencies: string[]; version: string };
const run = promisify(execFile);

let folder: string;
let main: string;

/**
 * `npm pack`, unpacked where npm would put it: beside it lie the dependencies that npm fetches, and none of those that the
 * package has to bring, since overrides do not travel.
 */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-package-'));
  const npm = process.env['npm_execpath'];
  const args = ['pack', '--silent', '--pack-destination', folder];
  await (npm === undefined ? run('npm', args, { cwd: root }) : run(process.execPath, [npm, ...args], { cwd: root }));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  await run('tar', ['-xzf', join(folder, `drawbridge-${about.version}.tgz`), '-C', modules]);
  for (const name of Object.keys(about.dependencies).filter((one) => !about.bundleDependencies.includes(one))) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  main = join(modules, 'package', 'dist', 'main.js');
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = (args: readonly string[], stdin = ''): ReturnType<typeof startProgram>['ended'] => startProgram(args, { script: main, cwd: folder, stdin }).ended;

test('the packed program knows itself and its commands', async () => {
  expect(await program(['--version'])).toEqual({ code: 0, stdout: `${about.version}\n`, stderr: '' });
  expect((await program(['--help'])).stdout).toContain('inspect [options] <network> <file>');
}, 60_000);

test('it makes a config and a registration, which needs the Matrix libraries with their stand-in for the crypto', async () => {
  const { code, stdout } = await program(['init', '--yes', '--no-doctor', '--homeserver', 'http://127.0.0.1:9', '--domain', 'example.org', '--admin', '@a:example.org']);
  expect(code).toBe(0);
  expect(stdout).toContain('registration.yaml: created');
  const schema = /\$schema=(\S+)/.exec(readFileSync(join(folder, 'config.yaml'), 'utf8'))?.[1] ?? '';
  expect(JSON.parse(readFileSync(schema, 'utf8'))).toMatchObject({ title: 'Drawbridge config' });
}, 60_000);

test('it inspects', async () => {
  const { code, stdout, stderr } = await program(['inspect', 'whatsapp', '-'], JSON.stringify(bodies.messages(bodies.message('text', { text: { body: 'Hello' } }))));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ events: [{ type: 'message' }] });
}, 60_000);

test.each(['docs/model.schema.json', 'docs/admin.md', 'config/config.sample.yaml', 'registration.yaml.example', 'LICENSE', 'README.md', 'dist/sandbox/whatsapp/page/index.html', 'dist/demo/page/index.html', 'dist/demo/page/app.js'])(
  'it holds %s', (name) => {
    expect(readFileSync(join(dirname(main), '..', name)).length).toBeGreaterThan(100);
  });
