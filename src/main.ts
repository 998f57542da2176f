#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';

const NODE = 24;

// Everything else is loaded after these lines: on an older Node it would only fail in ways that tell nobody why.
if (Number.parseInt(process.versions.node, 10) < NODE) {
  process.stderr.write(`DB-1011: This is Node.js ${process.versions.node}; Drawbridge needs ${NODE} or newer.\nFix: Install Node.js ${NODE}, or use the container.\n`);
  process.exitCode = 1;
} else {
  // A hostile text must not hold the process in a regular expression: V8 goes over to its linear engine where one backtracks
  // without end. It has to be said before any expression is compiled.
  v8.setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
  process.exitCode = await main();
}

async function main(): Promise<number> {
  // Whoever reads our output may leave before its end (`… | head`).
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const { run } = await import('./cli/program.ts');

  return run(process.argv.slice(2), {
    networks: async () => (await import('./networks/registry.ts')).networks,
    registration() {
      // The library behind it calls an old function of Node's while it loads, which is no news to an administrator.
      process.noDeprecation = true;
      return import('./matrix/appservice/registration.ts');
    },
    probeDatabase: async () => async (database, sealKey) => {
      const { isPostgres } = await import('./config/database.ts');
      const { probeDatabase } = isPostgres(database) ? await import('./store/postgres/probe.ts') : await import('./store/sqlite/probe.ts');
      return probeDatabase(database, sealKey);
    },
    async migrateStore() {
      const [{ migrateStore }, { migrateStore: copy }] = await Promise.all([import('./actions/migrate-store.ts'), import('./store/migrate-store.ts')]);
      return (configPath, to, env) => migrateStore(configPath, to, env, copy);
    },
    async readAudit() {
      const [{ readAudit }, { readAudit: read }] = await Promise.all([import('./actions/read-audit.ts'), import('./store/read-audit.ts')]);
      return (configPath, limit, env) => readAudit(configPath, limit, env, read);
    },
    privacy: () => import('./daemon-privacy.ts'),
    interrupted() {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      return stop.signal;
    },
    start: async (configPath) => (await import('./daemon.ts')).runDaemon(configPath, version()),
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
}

function version(): string {
  const about: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return about !== null && typeof about === 'object' && 'version' in about ? String(about.version) : 'unknown';
}
