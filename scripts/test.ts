/**
 * `npm test`: type check, lint, then every kind of test. A step that fails does not keep the later ones from running; the exit
 * code and the last line, `N passed, N failed, N skipped`, tell of all of them.
 *
 *   npm test                    everything
 *   npm test -- unit e2e        these steps only
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const kinds = ['unit', 'property', 'contract', 'security', 'fault', 'e2e', 'browser'];
/** Kinds that start servers and measure patience: two at once on a small machine would only disturb each other. */
const oneAtATime = new Set(['fault', 'e2e', 'browser']);
const steps = ['typecheck', 'lint', ...kinds];
/** A PostgreSQL server, by the program of its that makes one; Debian calls the package so. */
const postgres = ['initdb'] as const;
/** What a kind needs of the machine besides npm's packages; any one of the programs named. */
const needs: Readonly<Record<string, readonly (readonly string[])[]>> = {
  unit: [['ffmpeg'], ['heif-enc'], postgres], security: [['ffmpeg']], fault: [['ffmpeg'], postgres], e2e: [['ffmpeg'], ['python3', 'python']], browser: [['chromium', 'chromium-browser', 'google-chrome'], ['python3', 'python']],
};
/** A step that takes longer hangs. */
const stepLimitMs = 45 * 60_000;
/** How long jest may live after its last test: a test that leaves a handle open would keep it for ever. */
const lingerMs = 30_000;

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((arg) => !steps.includes(arg));
  if (unknown.length > 0) {
    console.error(`Unknown: ${unknown.join(', ')}. Fits: ${steps.join(', ')}`);
    return 2;
  }
  if (Number.parseInt(process.versions.node, 10) < 24) {
    console.error(`This is Node ${process.versions.node}; Drawbridge needs 24, which \`npm ci\` puts into node_modules. Run it as \`npm test\`.`);
    return 2;
  }
  const sum = { passed: 0, failed: 0, skipped: 0 };
  const times: string[] = [];
  for (const step of args.length > 0 ? steps.filter((name) => args.includes(name)) : steps) {
    console.log(`\n=== ${step} ===`);
    const started = performance.now();
    const count = await runStep(step);
    sum.passed += count.passed;
    sum.failed += count.failed;
    sum.skipped += count.skipped;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    times.push(`${step.padEnd(10)} ${seconds.padStart(7)} s   ${line(count)}`);
  }
  console.log(`\n${times.join('\n')}\n\n${line(sum)}`);
  return sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

const line = (count: Count): string => `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`;

function runStep(step: string): Promise<Count> {
  if (step === 'typecheck') return command([join(root, 'node_modules/typescript/bin/tsc'), '--noEmit']);
  if (step === 'lint') return command([npmCli(), 'run', '-s', 'lint']);
  return jest(step);
}

/** One command counts as one test. */
async function command(args: readonly string[]): Promise<Count> {
  const status = await node(args);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

function npmCli(): string {
  const path = process.env['npm_execpath'];
  if (path === undefined) throw new Error('Run this as `npm test`.');
  return path;
}

/** Programs that are not there, in words; the tests that need them fail, and this says why. */
function lacking(kind: string): readonly string[] {
  // Debian keeps the programs of the PostgreSQL server out of the way.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...globSync('/usr/lib/postgresql/*/bin')];
  return (needs[kind] ?? []).filter((names) => !names.some((name) => folders.some((folder) => isProgram(join(folder, name)))))
    .map((names) => `${names[0] ?? ''} is not installed, which tests of this kind need (Debian: apt-get install ${names === postgres ? 'postgresql' : (names[0] ?? '')}).`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function jest(kind: string): Promise<Count> {
  if (globSync(`test/${kind}/**/*.test.ts`, { cwd: root }).length === 0) {
    console.log('no tests');
    return { passed: 0, failed: 0, skipped: 0 };
  }
  const missing = lacking(kind);
  for (const one of missing) console.error(one);
  const count = await runJest(kind);
  // Said again where it is looked for.
  for (const one of missing) console.error(one);
  return { ...count, failed: count.failed + missing.length };
}

async function runJest(kind: string): Promise<Count> {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-test-'));
  const counts = join(dir, 'counts.json');
  try {
    const status = await node([
      '--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(root, 'node_modules/jest/bin/jest.js'),
      '--reporters=default', `--reporters=${join(root, 'scripts/count-reporter.ts')}`, ...(oneAtATime.has(kind) ? ['--runInBand'] : ['--maxWorkers=2']),
      `test/${kind}/`,
    ], counts);
    return countOf(counts, status);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function countOf(path: string, status: number | null): Count {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: 0 };
  const { passed, failed: broken, skipped } = JSON.parse(readFileSync(path, 'utf8')) as Count;
  // Whatever else made jest fail, an open handle for instance, counts as one.
  const failed = broken > 0 || status === 0 ? broken : 1;
  if (process.env['CI'] !== 'true' || skipped === 0) return { passed, failed, skipped };
  console.error(`${skipped} tests were skipped: with CI=true that is a failure.`);
  return { passed, failed: failed + skipped, skipped: 0 };
}

/**
 * Runs Node with these arguments, its output going straight to ours; resolves to the exit code, null after a kill.
 * When `lastFile` is given, the command is ended `lingerMs` after it has written that.
 */
function node(args: readonly string[], lastFile?: string): Promise<number | null> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, COUNT_FILE: lastFile } });
  let written = 0;
  const started = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    if (lastFile !== undefined && written === 0 && existsSync(lastFile)) written = now;
    const hangs = now - started > stepLimitMs || (written > 0 && now - written > lingerMs);
    if (!hangs) return;
    console.error(written > 0 ? 'The tests left something running; ended.' : 'The step took too long; ended.');
    child.kill('SIGKILL');
  }, 1_000);
  return new Promise((done, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => {
      clearInterval(watch);
      done(status);
    });
  });
}

process.exitCode = await main(process.argv.slice(2));
