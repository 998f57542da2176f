/**
 * `npm run bench`: measures the bridge against something else in the same run and prints ratios. It asserts nothing.
 *
 *   npm run bench                      everything
 *   npm run bench -- intake flow       these cases only
 *   npm run bench -- --rounds 3        fewer rounds than the usual five
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { flow } from './cases/flow.ts';
import { intake } from './cases/intake.ts';
import { start } from './cases/start.ts';
import { store } from './cases/store.ts';
import { synapse } from './cases/synapse.ts';
import { text } from './cases/text.ts';
import { printed, type Table } from './measure.ts';

const cases: Readonly<Record<string, (rounds: number) => Promise<Table>>> = { intake, flow, text, start, store, synapse };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string', default: '5' } } });
const unknown = positionals.filter((name) => !Object.hasOwn(cases, name));
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. Fits: ${Object.keys(cases).join(', ')}`);
  process.exit(2);
}
// What is measured is what is installed: the compiled files.
execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
console.log(`Node ${process.versions.node}, ${cpus().length} cores, ${values.rounds} rounds. A ratio above 1 is better for Drawbridge; its spread is over the rounds.\n`);
for (const [name, run] of Object.entries(cases)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.log(printed(await run(Number(values.rounds))));
}
