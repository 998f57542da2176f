import { CodedError } from '../../model/errors.ts';
import type { CliParts, WithConfig } from '../parts.ts';

/** Prints what administrators did, and who logged in and out; the newest last, as logs are read. */
export async function auditCommand(flags: WithConfig & { readonly last: string }, parts: CliParts): Promise<void> {
  if (!/^[1-9]\d{0,5}$/.test(flags.last)) throw new CodedError('DB-1006', `--last: found ${JSON.stringify(flags.last.slice(0, 20))}; it must be a number.`, 'Give one such as 50.');
  const lines = await (await parts.readAudit())(flags.config, Number(flags.last), parts.env);
  parts.out(lines.length === 0 ? 'Nothing was done yet.\n' : `${lines.toReversed().join('\n')}\n`);
}
