import { doctor } from '../../actions/doctor.ts';
import { systemClock } from '../../model/clock.ts';
import type { CliParts, WithConfig } from '../parts.ts';

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
    if (!flags.json) parts.out(`${check.skipped === true ? '–' : check.ok ? '✓' : '✗'} ${check.what}: ${check.detail}\n${check.fix === undefined || check.ok ? '' : `  Fix: ${check.fix}\n`}`);
  }
  if (flags.json) parts.out(`${JSON.stringify({ ok: failures === 0, checks: all }, null, 2)}\n`);
  else parts.out(failures === 0 ? '\nAll is well.\n' : `\n${failures} of ${all.length} checks failed.\n`);
  return failures === 0 ? 0 : 1;
}
