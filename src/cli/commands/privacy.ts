import { NOT_ERASED } from '../../actions/privacy-person.ts';
import type { CliParts, WithConfig } from '../parts.ts';

/** Erases somebody of a network while the bridge is stopped, and says how far it is. */
export async function eraseCommand(who: readonly string[], flags: WithConfig & { readonly redact: boolean; readonly stop: boolean }, parts: CliParts): Promise<void> {
  const { erasePerson } = await parts.privacy();
  await erasePerson(flags.config, parts.env, who, { redact: flags.redact, stop: flags.stop }, (text) => parts.out(text), parts.interrupted());
  parts.out(`${NOT_ERASED}\n`);
}
