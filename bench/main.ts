/**
 * `npm run bench`: measures the bridge against something else in the same run and prints ratios. It asserts nothing;
 * docs/bench.md says what is measured and how to read it.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { flow } from './cases/flow.ts';
import { intake } from './cases/intake.ts';
import { start } from './cases/start.ts';
import { store } from './cases/store.ts';
import { synapse } from './cases/synapse.ts';
import { text } from './cases/text.ts';
import { printed, type Table } from './measure.ts';
import { circumstances, writeFigures } from './report.ts';

const cases: Readonly<Record<string, (rounds: number) => Promise<Table>>> = { intake, flow, text, start, store, synapse };
const page = join(import.meta.dirname, '../docs/bench.md');

const help = `Usage: npm run bench -- [case ...] [options]

Measures Drawbridge against something else in the same run, and prints the ratios as Markdown. It asserts nothing.
docs/bench.md says what is measured and how to read it. Without a case all of them run.

Cases: ${Object.keys(cases).join(', ')}
Options:
  --rounds <n>  rounds of each contender (default 5); 1 is enough to see whether it works
  --write       put the figures into docs/bench.md too, in place of those that are there; only with all cases
  --help        this text
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = read();
  if (typeof asked === 'string') return refuse(asked);
  if (asked.help) {
    console.log(help);
    return 0;
  }
  // What is measured is what is installed: the compiled files.
  execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
  const parts = [circumstances(asked.rounds).join('\n')];
  console.log(`${parts[0]}\n\nA ratio above 1 is better for Drawbridge; its spread is over the rounds.\n`);
  let failed = 0;
  for (const name of asked.names) {
    try {
      const table = printed(await cases[name]!(asked.rounds));
      parts.push(table.trimEnd());
      console.log(table);
    } catch (error) {
      // An hour of the other cases must not go with it.
      failed += 1;
      console.error(`The case ${name} broke: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  if (failed > 0) console.error(`${failed} of ${asked.names.length} cases broke${asked.write ? '; docs/bench.md is as it was' : ''}.`);
  else if (asked.write) writeFigures(page, parts.join('\n\n'));
  return failed > 0 ? 1 : 0;
}

interface Asked {
  readonly names: readonly string[];
  readonly rounds: number;
  readonly write: boolean;
  readonly help: boolean;
}

/** The command line, or what is wrong with it. */
function read(): Asked | string {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: {
      rounds: { type: 'string', default: '5' }, write: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false },
    } });
    const unknown = positionals.filter((name) => !Object.hasOwn(cases, name));
    if (unknown.length > 0) return `There is no case ${unknown.join(', ')}.`;
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) return `--rounds ${values.rounds}: must be a whole number, 1 or more.`;
    if (values.write && positionals.length > 0) return '--write puts all figures in; name no case with it.';
    return { names: positionals.length > 0 ? positionals : Object.keys(cases), rounds, write: values.write, help: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function refuse(reason: string): number {
  console.error(`${reason}\n\n${help}`);
  return 2;
}
