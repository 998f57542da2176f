import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { program } from '../kit/program.ts';
import * as bodies from '../kit/whatsapp/payloads.ts';

const BODY = JSON.stringify(bodies.messages(bodies.message('text', { text: { body: 'Hello' } })));

test('inspect prints its JSON and nothing else, on either stream', async () => {
  const { code, stdout, stderr } = await program(['inspect', 'whatsapp', '-'], { stdin: BODY });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ events: [{ type: 'message' }], unsupported: [] });
});

test('inspect with nothing on standard input ends with 2', async () => {
  expect(await program(['inspect', 'whatsapp', '-'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('DB-4001') });
});

test('inspect loads neither the daemon nor what registers or draws a wizard', async () => {
  const hook = join(mkdtempSync(join(tmpdir(), 'drawbridge-cli-')), 'hook.mjs');
  writeFileSync(hook, "import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { process.stderr.write(`${url}\\n`); return next(url, context); } });");
  const { code, stderr } = await program(['inspect', 'whatsapp', '-'], { stdin: BODY, before: ['--import', hook] });
  expect(code).toBe(0);
  expect(stderr).toContain('/src/networks/whatsapp/');
  expect(stderr).not.toMatch(/\/src\/daemon|\/node_modules\/(?:matrix-appservice|@vector-im|@clack|better-sqlite3|fastify|sharp|winston|prom-client|yaml)/);
});

test('whoever reads may leave before the end', async () => {
  const many = Array.from({ length: 4000 }, (_, index) => bodies.message('text', { text: { body: 'Hello' } }, { id: `wamid.${index}` }));
  const { code, stderr } = await program(['inspect', 'whatsapp', '-'], { stdin: JSON.stringify(bodies.messages(...many)), leave: true });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('an older Node is told so, by every command', async () => {
  const older = ['--import', "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.19.0'})"];
  expect(await program(['start'], { before: older })).toEqual({
    code: 1, stdout: '', stderr: 'DB-1011: This is Node.js 20.19.0; Drawbridge needs 24 or newer.\nFix: Install Node.js 24, or use the container.\n',
  });
});

test('init, register and doctor say nothing that is not theirs', async () => {
  const { code, stdout, stderr } = await program(['init', '--yes', '--no-doctor', '--homeserver', 'http://127.0.0.1:9', '--domain', 'example.org', '--admin', '@a:example.org']);
  expect(code).toBe(0);
  expect(stdout).toContain('config.yaml: created');
  expect(stderr).toMatch(/^Not found: http:\/\/127\.0\.0\.1:9\/_matrix\/client\/versions cannot be reached \([^\n]+\)\. [^\n]+\nNo network is chosen; [^\n]+\n$/);
});
