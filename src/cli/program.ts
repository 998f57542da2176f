import { Command, CommanderError } from 'commander';
import { fileFix } from '../i18n/errors.ts';
import { CodedError } from '../model/errors.ts';
import type { CliParts, InitOptions, LoginFlags } from './parts.ts';

/** Runs one command line (without `node` and the script) and returns the exit code. */
export async function run(args: readonly string[], parts: CliParts): Promise<number> {
  let exit = 0;
  const program = build(parts, (code) => { exit = code; });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    return failed(error, args.includes('--debug'), parts);
  }
}

/** Exit codes: 0 done; 1 refused or failed; 2 the body given to `inspect` is not that network's. */
function failed(error: unknown, debug: boolean, { err }: CliParts): number {
  if (error instanceof CodedError) err(`${error.code}: ${error.message}\nFix: ${error.fix}\n`);
  else if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')) err(usage(error.message));
  else if (isFileError(error)) err(`DB-1009: ${error.path} cannot be used: ${error.syscall} gives ${error.code}.\nFix: ${fileFix(error.code)}\n`);
  else err(`DB-9001: ${error instanceof Error ? error.message : String(error)}\nFix: This is a mistake in Drawbridge; report it with what --debug prints.\n`);
  if (debug && error instanceof Error) err(`${error.stack ?? ''}\n`);
  return error instanceof CodedError && error.code === 'DB-4001' ? 2 : 1;
}

/** Commander's own complaint (`error: unknown command 'x'`, perhaps with a suggestion below), as ours are written. */
function usage(complaint: string): string {
  return `DB-1010: ${complaint.replace(/^error: /, '').trimEnd().replaceAll(/\.?\n\(?/g, '. ').replace(/\)$/, '').replace(/(?<![.?])$/, '.')}\nFix: \`drawbridge --help\` lists the commands, \`drawbridge <command> --help\` their flags.\n`;
}

/** What the system refused of a file: nothing that a mistake in the program would explain. */
function isFileError(error: unknown): error is { readonly path: string; readonly code: string; readonly syscall: string } {
  return error instanceof Error && 'path' in error && 'syscall' in error && 'code' in error
    && ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EISDIR', 'EROFS', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'].includes(String(error.code));
}

function build(parts: CliParts, exit: (code: number) => void): Command {
  const program = new Command('drawbridge')
    .description('A Matrix bridge to the messaging platforms that have opened their APIs')
    .version(parts.version)
    .option('-c, --config <file>', 'the config file (else DRAWBRIDGE_CONFIG, else config.yaml)')
    .option('--debug', 'show where an error comes from')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: parts.out, writeErr: parts.err, outputError: (text, write) => write(usage(text)) });
  const config = (command: Command): string => command.opts<{ config?: string }>().config ?? program.opts<{ config?: string }>().config
    ?? parts.env['DRAWBRIDGE_CONFIG'] ?? 'config.yaml';
  const add = (name: string, description: string): Command => program.command(name).description(description).copyInheritedSettings(program)
    .option('-c, --config <file>', 'the config file').option('--debug', 'show where an error comes from');

  // Each command is loaded only when it is run: `inspect` in a pipe should not wait for what `init` needs.
  addInit(add('init', 'make a config, asking for what it needs'), async (flags, command) =>
    (await import('./commands/init.ts')).initCommand({ ...flags, config: config(command) }, parts));
  addLogin(add('login', 'add an account of a network: asks the network whether it works, then writes it into the config'), async (network, flags, command) =>
    (await import('./commands/login.ts')).loginCommand(network, { ...flags, config: config(command) }, parts));
  add('register', 'write the registration file for the homeserver')
    .option('--rotate', 'make new tokens; the homeserver has to be restarted with them', false)
    .action(async (flags: { rotate: boolean }, command: Command) =>
      (await import('./commands/register.ts')).registerCommand({ ...flags, config: config(command) }, parts));
  add('doctor', 'check everything that the bridge needs')
    .option('--json', 'print a list of checks as JSON', false)
    .action(async (flags: { json: boolean }, command: Command) =>
      exit(await (await import('./commands/doctor.ts')).doctorCommand({ ...flags, config: config(command) }, parts)));
  add('migrate-store', 'copy the SQLite database of a stopped bridge to a PostgreSQL server')
    .requiredOption('--to <url>', 'an empty database, as postgres://user:password@host/name; or file:<name> of a file that holds that, or ${NAME}')
    .action(async (flags: { to: string }, command: Command) =>
      (await import('./commands/migrate-store.ts')).migrateStoreCommand({ ...flags, config: config(command) }, parts));
  add('audit', 'print what administrators did, and who logged in and out')
    .option('--last <number>', 'how many acts', '50')
    .action(async (flags: { last: string }, command: Command) => (await import('./commands/audit.ts')).auditCommand({ ...flags, config: config(command) }, parts));
  addPrivacy(add('privacy', 'what the bridge holds about a person: see it, or erase it'), config, parts);
  add('start', 'run the bridge').action((_: object, command: Command) => parts.start(config(command)));
  program.command('inspect').description('print what the bridge would make of a captured webhook body')
    .argument('<network>', 'for instance whatsapp').argument('<file>', 'the raw body, or - for standard input')
    .option('--debug', 'show where an error comes from').copyInheritedSettings(program)
    .action(async (network: string, file: string) => (await import('./commands/inspect.ts')).inspectCommand(network, file, parts));
  program.command('demo').description('show it all on this machine: a homeserver, a network and the bridge')
    .argument('[args...]').usage('[options]').allowUnknownOption().passThroughOptions()
    .addHelpText('after', demoHelp)
    .action(async (args: string[]) => exit(await parts.demo(args)));
  return program;
}

const HERE = ['-c, --config <file>', 'the config file'] as const;
const PERSON = 'a network and what it calls them, such as whatsapp +31612345678; or the user id of their ghost';

function addPrivacy(command: Command, config: (command: Command) => string, parts: CliParts): void {
  command.command('export').description('print what is held about a person of a network, or about a Matrix user, as JSON; the bridge may run').copyInheritedSettings(command)
    .option(...HERE).option('--debug', 'show where an error comes from')
    .argument('<person...>', `${PERSON}; or the id of a Matrix user`)
    .option('-o, --output <file>', 'write it to a new file, readable by you alone')
    .action(async (who: string[], flags: { output?: string; config?: string }) =>
      (await import('./commands/privacy.ts')).exportCommand(who, { ...flags, config: flags.config ?? config(command) }, parts));
  command.command('erase').description('forget a person of a network; the bridge has to be stopped, else its bot does it (erase …)').copyInheritedSettings(command)
    .option(...HERE).option('--debug', 'show where an error comes from')
    .argument('<person...>', PERSON)
    .option('--redact', 'also redact what they wrote, on the homeserver', false)
    .option('--stop', 'for good: nothing of theirs comes in any more until they write START', false)
    .action(async (who: string[], flags: { redact: boolean; stop: boolean; config?: string }) =>
      (await import('./commands/privacy.ts')).eraseCommand(who, { ...flags, config: flags.config ?? config(command) }, parts));
}

const demoHelp = `
Without a flag it prints a page to open, and runs until Ctrl-C.
  --script               play a conversation of every kind of message instead; exit code 0 if all arrived
  --networks <list>      the networks to show, with commas between
  --homeserver <url>     use a homeserver that runs already instead of starting one, and with it
  --registration <file>    what \`drawbridge register\` wrote, which that homeserver has loaded
  --token <token>          an access token of an account there, or file:<path>; can be given twice`;

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

function addLogin(command: Command, action: (network: string, flags: LoginFlags, command: Command) => Promise<void>): void {
  command
    .argument('<network>', 'for instance telegram')
    .option('-y, --yes', 'ask nothing', false)
    .option('--flow <id>', 'which way, where there are several')
    .option('--app <name>', 'the app it belongs to, where the config has several')
    .option('--name <name>', 'what to call the account in the config')
    .option('--owner <user id>', 'who is invited to its rooms; can be repeated', collect)
    .option('--set <field=value>', 'an answer; can be repeated. Secrets are better as file:… or ${NAME}', collect)
    .action((network: string, flags: LoginFlags, self: Command) => action(network, flags, self));
}

function addInit(command: Command, action: (flags: InitOptions, command: Command) => Promise<void>): void {
  command
    .option('-y, --yes', 'ask nothing: flags, then what the config says, then defaults', false)
    .option('--homeserver <name or url>', "the homeserver's name or address")
    .option('--domain <name>', "the server name in its users' ids")
    .option('--listen <host:port>', 'where the bridge listens for the homeserver')
    .option('--bridge-url <url>', 'where the homeserver reaches the bridge, if elsewhere')
    .option('--public-url <url>', 'where the internet reaches the bridge')
    .option('--network <id>', 'a network to add; can be repeated', collect)
    .option('--admin <user id>', 'an administrator; can be repeated', collect)
    .option('--allow <server or user id>', 'who may use the bridge; can be repeated', collect)
    .option('--no-doctor', 'do not run doctor at the end')
    .option('--set <key=value>', 'any key of the config, with dots; can be repeated. Secrets are better as file:… or ${NAME}', collect)
    .action((flags: InitOptions, self: Command) => action(flags, self));
}
