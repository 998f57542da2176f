/** What an error code means; the message of an error itself says which file, key or address is meant. */
export interface ErrorEntry {
  readonly code: string;
  readonly cause: string;
  readonly fix: string;
}

/**
 * Every code that an administrator can meet, and the source of docs/errors.md. A code never changes its meaning.
 * DB-1xxx config and command line, DB-2xxx store, DB-3xxx homeserver, DB-4xxx networks, DB-5xxx media, DB-8xxx demo, DB-9xxx mistakes in the program.
 */
export const errors = {
  CONFIG_INVALID: { code: 'DB-1001', cause: 'The config file has mistakes: each is named with line, column, key, what was found and what fits.', fix: 'Correct them; docs/config.md describes every key.' },
  CONFIG_MISSING: { code: 'DB-1002', cause: 'There is no config file, or it cannot be read.', fix: 'Run `drawbridge init`, or name the file with --config.' },
  CONFIG_NEWER: { code: 'DB-1003', cause: 'The config file is of a newer format than this release reads.', fix: 'Install the release that wrote it, or set version to the one it was written for.' },
  REGISTRATION_MISSING: { code: 'DB-1004', cause: 'There is no registration file.', fix: "Run `drawbridge register`, name the file in the homeserver's app_service_config_files and restart the homeserver." },
  REGISTRATION_INVALID: { code: 'DB-1005', cause: 'The registration file is no registration, or cannot be read.', fix: 'Correct or remove it, then run `drawbridge register` and give the homeserver what it wrote.' },
  ANSWER_INVALID: { code: 'DB-1006', cause: '`init` has no answer to a question, or one that does not fit its key.', fix: 'Give the flag that the message names; `drawbridge init --help` lists them.' },
  SEAL_KEY_INVALID: { code: 'DB-1007', cause: 'seal_key is no key of 32 bytes.', fix: 'Make one with `drawbridge init`, or with `openssl rand -base64 32`. Keep the old one if a database was made with it.' },
  FILE_UNREADABLE: { code: 'DB-1008', cause: 'A file named on the command line cannot be read.', fix: 'Check its name and its owner; - is standard input.' },
  FILE_UNWRITABLE: { code: 'DB-1009', cause: 'A file or folder of the bridge cannot be read or written.', fix: "Check that the path exists, its owner and the free space." },
  USAGE: { code: 'DB-1010', cause: 'The command line names a command, a flag or an argument that there is not.', fix: '`drawbridge --help` lists the commands, `drawbridge <command> --help` their flags.' },
  NODE_TOO_OLD: { code: 'DB-1011', cause: 'The program runs on an older Node.js than it needs.', fix: 'Install Node.js 24 or newer, or use the container.' },
  STORE_IN_USE: { code: 'DB-2001', cause: 'Another Drawbridge already runs on this database.', fix: 'Stop the other one, or give this one a database of its own.' },
  STORE_NEWER: { code: 'DB-2002', cause: 'The database was last used by a newer release.', fix: 'Start the newer release again, or restore the backup that was made when it upgraded.' },
  STORE_UNUSABLE: { code: 'DB-2003', cause: 'The database cannot be opened or locked.', fix: 'Check the path, its owner and the free space.' },
  STORE_OTHER_KEY: { code: 'DB-2004', cause: 'The database was sealed with another key.', fix: 'Put back the seal_key that it was made with.' },
  STORE_ALTERED: { code: 'DB-2005', cause: 'A sealed value in the database was altered or damaged.', fix: 'Restore the database from a backup, and check the disk.' },
  SERVER_UNREACHABLE: { code: 'DB-2006', cause: 'The PostgreSQL server cannot be reached, or refuses the user, the database or a right.', fix: 'Check the key database and the server; docs/admin.md says how to set one up.' },
  SERVER_UNFIT: { code: 'DB-2007', cause: 'The PostgreSQL server or database does not fit: too old, not in UTF-8, or a standby.', fix: 'Use PostgreSQL 14 or newer, and a database in UTF8 on the primary server.' },
  STORE_CHANGED: { code: 'DB-2008', cause: 'After its connection broke, the bridge found its PostgreSQL database changed by somebody else, and ended.', fix: 'Start it again, one alone.' },
  STORE_NOT_COPIED: { code: 'DB-2009', cause: '`migrate-store` cannot copy this database, or not to there. Nothing was kept of it.', fix: 'Do what the message says, and try again.' },
  PERSON_UNKNOWN: { code: 'DB-2010', cause: '`privacy` was given somebody whom the bridge does not know, or who could be several.', fix: 'Give a network and what it calls them, or the user id of their ghost.' },
  STORE_RUNS: { code: 'DB-2011', cause: '`privacy erase` cannot work on the database of a bridge that runs.', fix: 'Tell its bot, as an administrator: `erase <person>`; or stop the bridge first.' },
  ADDRESS_TAKEN: { code: 'DB-3001', cause: 'The bridge cannot listen on an address of listen.', fix: 'Stop what uses the port, most often another Drawbridge, or configure another one.' },
  NOT_THIS_NETWORK: { code: 'DB-4001', cause: 'What `inspect` was given is no webhook body of that network. The exit code is 2.', fix: 'Give the raw body of one request from that network, unchanged.' },
  NETWORK_UNKNOWN: { code: 'DB-4002', cause: 'There is no network of that name.', fix: 'Use one of the names in the message.' },
  APP_MISSING: { code: 'DB-4003', cause: 'The config has no such app of the network yet, so nothing can be added to it.', fix: 'Add it with `drawbridge init --network <id>`, or name another with --app.' },
  LOGIN_REFUSED: { code: 'DB-4004', cause: 'The network did not take what a login was given, or did not answer.', fix: 'Give it anew; the message says what is wrong.' },
  DEMO_NO_PYTHON: { code: 'DB-8101', cause: 'The demo installs Synapse, which needs Python 3.10 or newer; none was found.', fix: 'Install Python, or use a homeserver that is there: `demo --homeserver`.' },
  DEMO_NO_VENV: { code: 'DB-8102', cause: "Python is there without its venv module, which the demo's Synapse is installed with.", fix: 'Install it (Debian: python3-venv), or use `demo --homeserver`.' },
  DEMO_INSTALL_FAILED: { code: 'DB-8103', cause: "The demo's Synapse could not be installed from PyPI.", fix: 'Check the network, and what pip says above.' },
  DEMO_SYNAPSE_DOWN: { code: 'DB-8104', cause: "The demo's Synapse did not start.", fix: 'Look at the log that the message names.' },
  DEMO_REGISTRATION: { code: 'DB-8105', cause: 'The demo was given a registration file that it cannot use.', fix: "Make one with `drawbridge register`, and name it in the homeserver's config." },
  DEMO_TOKEN: { code: 'DB-8106', cause: 'The demo was given a homeserver or an access token that does not work.', fix: 'Give the address of the homeserver and an access token of an account on it.' },
  UNEXPECTED: { code: 'DB-9001', cause: 'Something happened that the program did not expect: a mistake in Drawbridge.', fix: 'Report it with what --debug prints; that holds no secrets, but look through it first.' },
  NOT_PERMITTED: { code: 'DB-9002', cause: 'Somebody gave the bot a command without being allowed to.', fix: 'Name them under permissions as user or admin.' },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

/** What helps where the system refuses a file or folder, by its own code. */
export function fileFix(code: string): string {
  if (['EACCES', 'EPERM'].includes(code)) return 'Give it to the user that runs this, or run it as the user that it belongs to.';
  if (code === 'EROFS') return 'It is on something that can only be read: choose another place.';
  if (['ENOSPC', 'EDQUOT'].includes(code)) return 'Free some space.';
  if (['EMFILE', 'ENFILE'].includes(code)) return 'Let the process open more files (ulimit -n, LimitNOFILE of systemd).';
  return 'Check that the path is right, and what stands there.';
}

/** The docs page: a heading a code, so that `docs/errors.md#db-1001` is an address. */
export function errorsPage(): string {
  const entries: readonly ErrorEntry[] = Object.values(errors);
  const parts = entries.map(({ code, cause, fix }) => `## ${code}\n\n${cause}\n\n**Fix:** ${fix}`);
  return `# Errors\n\nGenerated from \`src/i18n/errors.ts\`. An error is printed as its code, what happened, and what to do about it;\n\`--debug\` adds where in the program it came from.\n\n${parts.join('\n\n')}\n`;
}
