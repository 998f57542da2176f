import { readFile } from 'node:fs/promises';
import { closest, distance } from 'fastest-levenshtein';
import { doctor } from '../actions/doctor.ts';
import { init, readDraft } from '../actions/init.ts';
import { inspect } from '../actions/inspect.ts';
import { homeserverSnippet, register } from '../actions/register.ts';
import { errorCode } from '../config/error-code.ts';
import { loadConfig, loadCore } from '../config/load.ts';
import { ConfigError } from '../config/problems.ts';
import { configSchema } from '../config/schema.ts';
import { systemClock } from '../model/clock.ts';
import { CodedError } from '../model/errors.ts';
import type { CliParts, InitOptions } from './program.ts';
import { terminal, unattended } from './prompts.ts';
import { wizard } from './wizard.ts';

interface WithConfig {
  readonly config: string;
}

/** The wizard, then the config, the seal key and the registration; says what is left to do. */
export async function initCommand(flags: InitOptions & WithConfig, parts: CliParts): Promise<void> {
  if (!flags.yes && !parts.interactive) {
    throw new CodedError('DB-1006', 'There is no terminal to ask questions on.', 'Add --yes and a flag for what has no default; `drawbridge init --help` lists them.');
  }
  const networks = await parts.networks();
  const schema = configSchema(networks);
  const prompts = flags.yes ? unattended((line) => parts.err(`${line}\n`)) : terminal;
  const answers = await wizard({ flags, draft: readDraft(flags.config), schema, networks, prompts, fetch: parts.fetch });
  const done = init({ path: flags.config, schema, schemaFile: parts.schemaFile, ...answers });
  const keys = done.outcome === 'updated' ? ` (${done.changed.join(', ')})` : '';
  parts.out(`${done.path}: ${done.outcome}${keys}\n`);
  if (done.sealKey !== undefined) parts.out(`${done.sealKey}: created; back it up, without it what waits for delivery cannot be read\n`);
  await registerCommand({ config: flags.config, rotate: false }, parts);
  try {
    loadConfig(flags.config, networks, parts.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    parts.out(`\nStill to do in the config:\n${error.message}\n`);
  }
  parts.out('\nThen: `drawbridge doctor`, and when it is content `drawbridge start`.\n');
}

export async function registerCommand(flags: WithConfig & { readonly rotate: boolean }, parts: CliParts): Promise<void> {
  const done = await register(loadCore(flags.config, parts.env), await parts.registration(), flags);
  const keys = done.outcome === 'updated' ? ` (${done.changed.join(', ')})` : '';
  parts.out(`${done.path}: ${done.outcome}${keys}\n`);
  if (done.outcome === 'unchanged') return;
  parts.out(`\nPut this into homeserver.yaml (Synapse), then restart the homeserver:\n\n${homeserverSnippet(done.path)}`);
}

/** Prints a line a check as it comes; the exit code is 1 where one failed. */
export async function doctorCommand(flags: WithConfig & { readonly json: boolean }, parts: CliParts): Promise<number> {
  const checks = doctor({
    configPath: flags.config,
    networks: await parts.networks(),
    registration: await parts.registration(),
    probeDatabase: await parts.probeDatabase(),
    env: parts.env,
    fetch: parts.fetch,
    clock: systemClock,
    nodeVersion: process.versions.node,
  });
  const all: unknown[] = [];
  let failures = 0;
  for await (const check of checks) {
    all.push(check);
    if (!check.ok) failures += 1;
    if (!flags.json) parts.out(`${check.ok ? '✓' : '✗'} ${check.what}: ${check.detail}\n${check.fix === undefined || check.ok ? '' : `  Fix: ${check.fix}\n`}`);
  }
  if (flags.json) parts.out(`${JSON.stringify({ ok: failures === 0, checks: all }, null, 2)}\n`);
  else parts.out(failures === 0 ? '\nAll is well.\n' : `\n${failures} of ${all.length} checks failed.\n`);
  return failures === 0 ? 0 : 1;
}

export async function inspectCommand(id: string, file: string, parts: CliParts): Promise<void> {
  const networks = await parts.networks();
  const network = networks.find((one) => one.id === id);
  if (network === undefined) {
    const known: string[] = networks.map((one) => one.id);
    const near = closest(id, known);
    throw new CodedError('DB-4002', `There is no network ${JSON.stringify(id.slice(0, 40))}.`,
      distance(id, near) <= 3 ? `Did you mean ${near}?` : `Choose among ${known.join(', ')}.`);
  }
  parts.out(`${JSON.stringify(inspect(network, await read(file, parts)), null, 2)}\n`);
}

async function read(file: string, { stdin }: CliParts): Promise<Uint8Array> {
  if (file === '-') {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stdin) chunks.push(chunk);
    return Buffer.concat(chunks);
  }
  return readFile(file).catch((error: unknown) => {
    throw new CodedError('DB-1008', `${file} cannot be read (${errorCode(error)}).`, 'Name a file that holds the raw body, or - for standard input.', { cause: error });
  });
}
