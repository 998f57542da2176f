import type { ActionContext } from '../actions/action.ts';
import { Mistake } from '../actions/action.ts';
import { deletePortal } from '../actions/delete-portal.ts';
import { filter } from '../actions/filter.ts';
import { open } from '../actions/open.ts';
import { retry } from '../actions/retry.ts';
import { status } from '../actions/status.ts';
import { undelivered } from '../actions/undelivered.ts';

interface Command {
  readonly usage: string;
  readonly help: string;
  run(context: ActionContext, words: readonly string[]): Promise<string> | string;
}

const commands: Readonly<Record<string, Command>> = {
  help: { usage: 'help', help: 'this list', run: () => help() },
  open: {
    usage: 'open <network> <number>', help: 'a room with somebody, for instance open whatsapp +31612345678',
    run: (context, [network = '', ...who]) => open(context, network.toLowerCase(), who.join(' ')),
  },
  'delete-portal': {
    usage: 'delete-portal [#<number>]', help: 'the bridge gives up a room that it made; the next message opens a new one (a room that was linked is unlinked instead)',
    run: (context, words) => deletePortal(context, words),
  },
  filter: {
    usage: 'filter allow|mute|ignore|list [<network> <number>]', help: 'how you hear of this chat, or of somebody: as usual, without a sound, or not at all',
    run: (context, [mode = '', ...who]) => filter(context, mode.toLowerCase(), who),
  },
  status: { usage: 'status', help: 'whether everything works', run: (context) => status(context) },
  undelivered: { usage: 'undelivered', help: 'what did not arrive, and why', run: (context) => undelivered(context) },
  retry: { usage: 'retry <number>|all', help: 'sends again what did not arrive', run: (context, [which = '']) => retry(context, which) },
};

function help(): string {
  return Object.values(commands).map(({ usage, help: text }) => `${usage}: ${text}`).join('\n');
}

/** Parses one line, runs its action and returns the bot's answer. What a person did wrong is answered, never thrown. */
export async function runCommand(context: ActionContext, line: string): Promise<string> {
  const [name = 'help', ...words] = line.split(/\s+/).filter((word) => word !== '');
  const command = Object.hasOwn(commands, name.toLowerCase()) ? commands[name.toLowerCase()] : undefined;
  if (command === undefined) return `I do not know "${name.slice(0, 40)}".\n${help()}`;
  try {
    return await command.run(context, words);
  } catch (error) {
    if (error instanceof Mistake) return error.message;
    throw error;
  }
}
