import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

const BEGIN = '<!-- figures -->';
const END = '<!-- end of figures -->';

/** What somebody who reads the figures later must know of the run, one line a fact. */
export function circumstances(rounds: number): string[] {
  const [cpu] = cpus();
  const [load = 0] = loadavg();
  return [
    `* ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, commit ${commit()}`,
    `* ${cpu?.model.trim() || 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 1e9)} GB; ${type()} ${release()}; Node.js ${process.versions.node}`,
    `* ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; load of the machine before it began: ${load.toFixed(2)}`,
  ];
}

function commit(): string {
  const git = (...args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ', with changes'}`;
  } catch {
    return 'unknown';
  }
}

/** Puts figures between the marks of a page, in place of those of the run before. @throws Error where it has no marks */
export function withFigures(page: string, figures: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from === -1 || to < from) throw new Error(`the page has no ${BEGIN} with ${END} after it`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${figures.trim()}\n\n${page.slice(to)}`;
}

export function writeFigures(path: string, figures: string): void {
  writeFileSync(path, withFigures(readFileSync(path, 'utf8'), figures));
}
