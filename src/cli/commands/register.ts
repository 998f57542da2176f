import { homeserverSnippet, register } from '../../actions/register.ts';
import type { CliParts, WithConfig } from '../parts.ts';

export async function registerCommand(flags: WithConfig & { readonly rotate: boolean }, parts: CliParts): Promise<void> {
  const files = await register({ configPath: flags.config, env: parts.env, tools: await parts.registration(), rotate: flags.rotate });
  for (const { path, outcome, changed } of files) parts.out(`${path}: ${outcome}${outcome === 'updated' ? ` (${changed.join(', ')})` : ''}\n`);
  const isNew = files.some(({ outcome }) => outcome !== 'unchanged');
  const lead = isNew ? 'Put this into homeserver.yaml (Synapse), then restart the homeserver' : 'homeserver.yaml (Synapse) should say';
  parts.out(`\n${lead}:\n\n${homeserverSnippet(files.map(({ path }) => path))}`);
  if (isNew) parts.out(`\nWhere the homeserver runs as another user or on another machine, give it ${files.length > 1 ? 'copies of those files' : 'a copy of that file'} that it can read.\n`);
}
