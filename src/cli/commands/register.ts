import { homeserverSnippet, register } from '../../actions/register.ts';
import type { CliParts, WithConfig } from '../parts.ts';

export async function registerCommand(flags: WithConfig & { readonly rotate: boolean }, parts: CliParts): Promise<void> {
  const done = await register({ configPath: flags.config, env: parts.env, tools: await parts.registration(), rotate: flags.rotate });
  const keys = done.outcome === 'updated' ? ` (${done.changed.join(', ')})` : '';
  parts.out(`${done.path}: ${done.outcome}${keys}\n`);
  const lead = done.outcome === 'unchanged' ? 'homeserver.yaml (Synapse) should say' : 'Put this into homeserver.yaml (Synapse), then restart the homeserver';
  parts.out(`\n${lead}:\n\n${homeserverSnippet(done.path)}`);
  if (done.outcome !== 'unchanged') parts.out('\nWhere the homeserver runs as another user or on another machine, give it a copy of that file that it can read.\n');
}
