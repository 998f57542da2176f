import type { CliParts, WithConfig } from '../parts.ts';

/** Copies the SQLite database of the config to a PostgreSQL server, and says what is to be done then. */
export async function migrateStoreCommand(flags: WithConfig & { readonly to: string }, parts: CliParts): Promise<void> {
  const { rows, from, to } = await (await parts.migrateStore())(flags.config, flags.to, parts.env);
  const all = Object.entries(rows).filter(([, count]) => count > 0);
  parts.out(`Copied from ${from} to ${to}, every row counted on both sides:\n${all.map(([table, count]) => `  ${table}: ${count}\n`).join('')}`);
  parts.out('\nNow change the key database in the config to that address (with a password better as file:… or ${NAME}), then\n'
    + '`drawbridge doctor` and `drawbridge start`. The SQLite database is as it was; once the bridge has run on the other, it is old.\n');
}
