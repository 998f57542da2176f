/**
 * Who may import whom (docs/architecture.md). Our own check: the common tools need a TypeScript compiler API that version 7
 * no longer has. Reads import and export statements of every file under src; type-only ones count too. Exits 1 with a line each.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

const src = resolve(import.meta.dirname, '../src');
const models = ['model'];
/** Room → what it may import besides itself. A path is a room, a folder, or a file. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  model: [],
  text: models, media: models, observe: models, config: models, i18n: models,
  networks: [...models, 'text', 'media', 'observe', 'config', 'i18n'],
  matrix: [...models, 'text', 'media', 'observe', 'config', 'i18n'],
  store: [...models, 'observe'],
  bridge: [...models, 'text', 'networks/network.ts', 'matrix/homeserver.ts', 'matrix/rooms', 'matrix/profiles', 'store/store.ts', 'store/tasks.ts', 'i18n'],
  // Set-up verbs (init, register, doctor) work before there is a daemon, on the config and the homeserver themselves.
  actions: [...models, 'bridge', 'networks', 'matrix', 'store', 'config', 'i18n', 'http', 'observe'],
  cli: [...models, 'actions', 'i18n', 'observe', 'config', 'networks/registry.ts', 'networks/network.ts'],
  bot: [...models, 'actions', 'i18n', 'observe'],
  http: [...models, 'actions', 'i18n', 'observe'],
  admin: [...models, 'actions', 'i18n', 'observe'],
  sandbox: [],
};

const problems: string[] = [];
const graph = new Map<string, string[]>();
for (const file of globSync('**/*.ts', { cwd: src })) {
  const room = file.split('/', 1)[0] ?? '';
  const imports = importsOf(file);
  graph.set(file, imports.filter(({ typeOnly }) => !typeOnly).map(({ target }) => target));
  const may = allowed[room];
  if (may === undefined) continue;
  for (const { target } of imports) {
    if (target.startsWith(`${room}/`)) {
      const [from, to] = [networkOf(file), networkOf(target)];
      if (from !== null && to !== null && from !== to && to !== 'meta-graph') problems.push(`${file} imports ${target}: networks never import each other`);
    } else if (!may.some((place) => target === place || target.startsWith(`${place}/`))) {
      problems.push(`${file} imports ${target}: ${room} may import ${may.join(', ') || 'nothing'}`);
    }
  }
}
for (const file of graph.keys()) {
  const circle = cycleFrom(file);
  if (circle !== null) problems.push(`a circle of imports: ${circle.join(' → ')}`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function importsOf(file: string): { target: string; typeOnly: boolean }[] {
  const text = readFileSync(resolve(src, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']+)';|import\('(\.[^']+)'\)/gms);
  return [...statements].map(([, type, from, lazy]) => ({
    target: relative(src, resolve(src, dirname(file), from ?? lazy ?? '')), typeOnly: type !== undefined || lazy !== undefined,
  }));
}

function networkOf(file: string): string | null {
  const [room, network, rest] = file.split('/');
  return room === 'networks' && rest !== undefined ? (network ?? null) : null;
}

/** The shortest way from a file back to itself; reported only at its alphabetically first file. */
function cycleFrom(start: string): readonly string[] | null {
  const queue: string[][] = [[start]];
  const seen = new Set<string>();
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const next of graph.get(path.at(-1) ?? '') ?? []) {
      if (next === start) return path.every((file) => file >= start) ? [...path, start] : null;
      if (!seen.has(next)) {
        seen.add(next);
        queue.push([...path, next]);
      }
    }
  }
  return null;
}
