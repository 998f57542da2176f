/**
 * Who may import whom (docs/architecture.md). Our own check: the common tools need a TypeScript compiler API that version 7
 * no longer has. Reads import and export statements of every file under src (or the folder named); type-only ones count
 * too. Exits 1 with a line for each that is not allowed.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

const src = resolve(process.argv[2] ?? resolve(import.meta.dirname, '../src'));
const base = ['model', 'text', 'media', 'observe', 'config', 'i18n'];
/** What the core and the actions see of the rooms whose insides only daemon.ts knows: interfaces, and what is pure. */
const contracts = ['networks/network.ts', 'networks/login.ts', 'matrix/homeserver.ts', 'matrix/rooms', 'matrix/profiles', 'store/store.ts', 'store/tasks.ts'];
const face = ['actions', 'i18n', 'model', 'observe'];
/** Room → what it may import besides itself. A path is a room, a folder, or a file. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  model: [],
  text: ['model'], media: ['model'], observe: ['model'], config: ['model'], i18n: ['model'],
  networks: base,
  matrix: base,
  store: ['model', 'observe'],
  bridge: [...base, ...contracts],
  actions: [...base, ...contracts, 'bridge'],
  cli: face, bot: face, http: face, admin: face,
  sandbox: [],
  demo: ['model', 'sandbox', 'daemon.ts'],
};
/** These belong to no room: the entry, and the composition root with its helpers. */
const ROOTS = /^(?:main|daemon(?:-[a-z]+)?)\.ts$/;

interface Import {
  /** Relative to src; a package's name where `packaged`. */
  readonly target: string;
  readonly packaged: boolean;
  readonly typeOnly: boolean;
}

const packages = Object.keys((JSON.parse(readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8')) as { dependencies: object }).dependencies);
const problems: string[] = [];
const graph = new Map<string, string[]>();
for (const file of globSync('**/*.ts', { cwd: src })) {
  const imports = importsOf(file);
  graph.set(file, imports.filter(({ typeOnly, packaged }) => !typeOnly && !packaged).map(({ target }) => target));
  for (const one of imports) {
    const problem = one.packaged ? packageProblem(file, one) : roomProblem(file, one.target);
    if (problem !== null) problems.push(`${file} imports ${one.target}: ${problem}`);
  }
  if (allowed[roomOf(file)] === undefined && !ROOTS.test(file)) problems.push(`${file}: ${roomOf(file)} has no rule in scripts/check-imports.ts`);
}
for (const file of graph.keys()) {
  const circle = cycleFrom(file);
  if (circle !== null) problems.push(`a circle of imports: ${circle.join(' → ')}`);
}
// The bench's peer stands for somebody else's bridge: it may have nothing of ours.
const peer = resolve(import.meta.dirname, '../bench/peer');
for (const file of globSync('**/*.ts', { cwd: peer })) {
  if (/(?:from|import)\s*\(?\s*['"]\./.test(readFileSync(resolve(peer, file), 'utf8'))) problems.push(`bench/peer/${file} imports a file of ours`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function roomProblem(file: string, target: string): string | null {
  const [room, may] = [roomOf(file), allowed[roomOf(file)]];
  if (target.startsWith('..')) return 'src imports nothing from outside of it';
  if (may === undefined) return null;
  if (roomOf(target) === room) return room === 'networks' ? networkProblem(file, target) : null;
  return may.some((place) => target === place || target.startsWith(`${place}/`)) ? null : `${room} may import ${may.join(', ') || 'nothing'}`;
}

/** A network is one folder; besides the registry nobody knows any. What all use is `shared`, and Meta's share one more. */
function networkProblem(file: string, target: string): string | null {
  const [from, to] = [networkOf(file), networkOf(target)];
  if (to === null || from === to || file === 'networks/registry.ts') return null;
  if (from === null) return 'the contract knows no network';
  if (to === 'shared' || (to === 'meta-graph' && from !== 'shared')) return null;
  return from === 'shared' ? 'the shared folder knows no network' : 'networks never import each other';
}

function packageProblem(file: string, { target }: Import): string | null {
  if (roomOf(file) === 'model') return 'model imports nothing';
  if (target.startsWith('node:')) return null;
  return packages.some((name) => target === name || target.startsWith(`${name}/`)) ? null : 'it is none of the dependencies in package.json';
}

function importsOf(file: string): Import[] {
  const text = readFileSync(resolve(src, file), 'utf8');
  const statements = text.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^;'"`]*?\sfrom\s*)?(['"])([^'"]+)\2|\bimport\(\s*(['"])([^'"]+)\4/gm);
  return [...statements].map(([, type, , from, , lazy]) => {
    const name = from ?? lazy ?? '';
    const packaged = !name.startsWith('.');
    return { target: packaged ? name : relative(src, resolve(src, dirname(file), name)), packaged, typeOnly: type !== undefined || lazy !== undefined };
  });
}

function roomOf(file: string): string {
  return file.split('/', 1)[0] ?? '';
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
