import { readDraft } from '../../actions/draft.ts';
import { init, stillToDo } from '../../actions/init.ts';
import { CodedError } from '../../model/errors.ts';
import type { CliParts, InitOptions, WithConfig } from '../parts.ts';
import { terminal, unattended } from '../prompts.ts';
import { wizard } from '../wizard.ts';
import { doctorCommand } from './doctor.ts';
import { registerCommand } from './register.ts';

/** The wizard, then the config, the seal key and the registration; says what is left to do, and what `doctor` thinks of it. */
export async function initCommand(flags: InitOptions & WithConfig, parts: CliParts): Promise<void> {
  if (!flags.yes && !parts.interactive) {
    throw new CodedError('DB-1006', 'There is no terminal to ask questions on.', 'Add --yes and a flag for what has no default; `drawbridge init --help` lists them.');
  }
  const networks = await parts.networks();
  const prompts = flags.yes ? unattended((line) => parts.err(`${line}\n`)) : terminal;
  const { added, edits } = await wizard({ flags, draft: readDraft(flags.config, networks), networks, prompts, fetch: parts.fetch });
  const done = init({ path: flags.config, networks, schemaFile: parts.schemaFile, added, edits });
  const keys = done.outcome === 'updated' ? ` (${done.changed.join(', ')})` : '';
  parts.out(`${done.path}: ${done.outcome}${keys}\n`);
  if (done.sealKey !== undefined) parts.out(`${done.sealKey}: created; back it up, without it what waits for delivery cannot be read\n`);
  await registerCommand({ config: flags.config, rotate: false }, parts);
  const left = stillToDo(flags.config, networks, parts.env);
  if (left !== null) parts.out(`\nStill to do in the config:\n${left}\n`);
  else if (flags.doctor) {
    parts.out('\nWhat `drawbridge doctor` says now (the homeserver knows the bridge only once it was restarted):\n\n');
    await doctorCommand({ config: flags.config, json: false }, parts);
  }
  parts.out('\nThen: `drawbridge doctor`, and when it is content `drawbridge start`.\n');
}
