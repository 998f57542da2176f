import { createPrivate } from '../../actions/private-file.ts';
import { NOT_ERASED } from '../../actions/privacy-person.ts';
import type { CliParts, WithConfig } from '../parts.ts';

/** Erases somebody of a network while the bridge is stopped, and says how far it is. */
export async function eraseCommand(who: readonly string[], flags: WithConfig & { readonly redact: boolean; readonly stop: boolean }, parts: CliParts): Promise<void> {
  const { erasePerson } = await parts.privacy();
  await erasePerson(flags.config, parts.env, who, { redact: flags.redact, stop: flags.stop }, (text) => parts.out(text), parts.interrupted());
  parts.out(`${NOT_ERASED}\n`);
}

/** Prints what is held about somebody, or writes it to a new file that nobody else can read. */
export async function exportCommand(who: readonly string[], flags: WithConfig & { readonly output?: string }, parts: CliParts): Promise<void> {
  const { exportPerson } = await parts.privacy();
  const text = `${JSON.stringify(await exportPerson(flags.config, parts.env, who), null, 2)}\n`;
  if (flags.output === undefined) parts.out(text);
  else createPrivate(flags.output, text);
}
