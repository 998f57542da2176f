#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';

// A hostile text must not hold the process in a regular expression: V8 goes over to its linear engine where one backtracks
// without end. It has to be said before any expression is compiled, so everything else is loaded after it.
v8.setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

const { run } = await import('./cli/program.ts');

process.exitCode = await run(process.argv.slice(2), {
  networks: async () => (await import('./networks/registry.ts')).networks,
  registration() {
    // The library behind it calls an old function of Node's while it loads, which is no news to an administrator.
    process.noDeprecation = true;
    return import('./matrix/appservice/registration.ts');
  },
  async probeDatabase() {
    const [{ default: Database }, { newestSchema, schemaVersion }] = await Promise.all([import('better-sqlite3'), import('./store/sqlite/open.ts')]);
    return (path) => {
      const db = new Database(path, { readonly: true, fileMustExist: true });
      try {
        return { version: schemaVersion(db), newest: newestSchema };
      } finally {
        db.close();
      }
    };
  },
  start: async (configPath) => (await import('./daemon.ts')).runDaemon(configPath),
  demo: async (args) => (await import('./demo/main.ts')).demo(args),
  version: version(),
  schemaFile: fileURLToPath(new URL('../config/config.schema.json', import.meta.url)),
  env: process.env,
  fetch,
  interactive: process.stdin.isTTY === true && process.stdout.isTTY === true,
  stdin: process.stdin,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});

function version(): string {
  const about: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return about !== null && typeof about === 'object' && 'version' in about ? String(about.version) : 'unknown';
}
