import { accounts } from '../actions/accounts.ts';
import { type ActionContext, Mistake } from '../actions/action.ts';
import { audited } from '../actions/audit.ts';
import { announce } from '../actions/announce.ts';
import { block, unblock } from '../actions/block.ts';
import { create } from '../actions/create.ts';
import { deletePortal } from '../actions/delete-portal.ts';
import { filter } from '../actions/filter.ts';
import { invite } from '../actions/invite.ts';
import { link } from '../actions/link.ts';
import { logout } from '../actions/logout.ts';
import { open } from '../actions/open.ts';
import { limits, networks, portals } from '../actions/overview.ts';
import { erase } from '../actions/privacy-erase.ts';
import { exportMe } from '../actions/privacy-export.ts';
import { forgetMe } from '../actions/privacy-forget.ts';
import { puppet } from '../actions/puppet.ts';
import { relay } from '../actions/relay.ts';
import { retry } from '../actions/retry.ts';
import { search } from '../actions/search.ts';
import { status } from '../actions/status.ts';
import { unlink } from '../actions/unlink.ts';
import { undelivered } from '../actions/undelivered.ts';
import { who } from '../actions/who.ts';
import type { Command } from './command.ts';
import { commandNamed, helpText, unknownText } from './help.ts';
import { LoginDialogs } from './login-dialog.ts';
import { wordsOf } from './words.ts';

/** What was said to the bot. */
export interface Line {
  readonly text: string;
  /** As it was typed, where formatting has changed it. */
  readonly literal?: string;
}

/** Parses one line, runs its action and returns the bot's answer. */
export class Bot {
  readonly #dialogs = new LoginDialogs();
  readonly #commands: Readonly<Record<string, Command>> = {
    help: {
      group: 'Bridge', usage: 'help [command]', help: 'this list, or all about one command', example: 'help open',
      run: (context, [name]) => helpText(this.#commands, context, name),
    },
    login: {
      group: 'Accounts', usage: 'login [network] [flow]', help: 'adds an account of a network, step by step', example: 'login rocketchat user',
      more: ['Network: as `help open` has it, with /app behind it where the config has several. Flow: which sort of account. Both are asked for where there is a choice.', 'In a room with me alone; what is secret is removed from it as soon as I have read it.'],
      run: (context, words) => this.#dialogs.begin(context, words),
    },
    cancel: { group: 'Accounts', usage: 'cancel', help: 'ends a login that is under way', run: (context) => this.#dialogs.cancel(context) },
    logout: {
      group: 'Accounts', usage: 'logout <account>', help: 'ends an account that was logged in here, and forgets its secrets', example: 'logout telegram/main/shopbot',
      more: ['Account: as `accounts` lists it. Its rooms are no longer bridged, unless another account is in the same conversation.'],
      run: (context, [account = '']) => logout(context, account),
    },
    accounts: { group: 'Accounts', usage: 'accounts', help: 'your accounts and how they are', run: (context) => accounts(context) },
    puppet: {
      group: 'Accounts', usage: 'puppet on|off', help: 'whether what you do in a network’s own app shows as yourself', example: 'puppet off', run: (context, [choice = '']) => puppet(context, choice.toLowerCase()),
    },
    open: {
      group: 'Rooms', usage: 'open <network> <number>', help: 'a room with somebody', example: 'open whatsapp +31612345678',
      more: ['Network: whatsapp, telegram, slack or rocketchat. Number: whatever the network knows people by.'],
      run: (context, [network = '', ...who]) => open(context, network.toLowerCase(), who.join(' ')),
    },
    search: {
      group: 'Rooms', usage: 'search <network> <name>', help: 'looks for people and groups on a network', example: 'search slack anna', more: ['Name: or a part of it.'],
      run: (context, [network = '', ...query]) => search(context, network.toLowerCase(), query.join(' ')),
    },
    create: {
      group: 'Rooms', usage: 'create <network> "<title>" [person] …', help: 'makes a group on a network, and a room for it', example: 'create slack "Summer party" U0123ABCD @ben',
      more: ['Person: as `search` shows them, or whatever the network knows people by.'],
      run: (context, [network = '', title = '', ...people]) => create(context, network.toLowerCase(), title, people),
    },
    invite: {
      group: 'Rooms', usage: 'invite [network] <person>', help: 'brings somebody into the group of this room', example: 'invite @ben', more: ['Person: of the network, as `search` shows them, or a Matrix user. Network: where the room is on several.'],
      run: (context, words) => invite(context, words),
    },
    link: {
      group: 'Rooms', usage: 'link <network> <conversation>', help: 'links this room to a conversation, beside what it is linked to already', example: 'link telegram -1001234567890',
      more: ['Conversation: its title, its id on the network, or whom you would `open`.'],
      run: (context, words) => link(context, words),
    },
    filter: {
      group: 'Rooms', usage: 'filter allow|mute|ignore|list [<network> <number>]', help: 'how you hear of this chat, or of somebody: as usual, without a sound, or not at all', example: 'filter mute telegram 4711',
      run: (context, [mode = '', ...who]) => filter(context, mode.toLowerCase(), who),
    },
    unlink: { group: 'Rooms', usage: 'unlink [<network> <conversation>]', help: 'ends what `link` began, or the room’s only bridge', example: 'unlink telegram -1001234567890', run: (context, words) => unlink(context, words) },
    'delete-portal': {
      group: 'Rooms', usage: 'delete-portal [#<number>]', help: 'the bridge gives up a room that it made', example: 'delete-portal #12',
      more: ['Number: as `portals` shows it; alone: the room that it is said in. The next message opens a new room. A room that was linked is unlinked instead.'],
      run: (context, words) => deletePortal(context, words),
    },
    relay: { group: 'Rooms', usage: 'relay on|off', help: 'whether all in this room are heard on its networks, or only the owners of the accounts', example: 'relay off', run: (context, [which = '']) => relay(context, which.toLowerCase()) },
    status: { group: 'Bridge', usage: 'status', help: 'whether everything works', run: (context) => status(context) },
    who: { group: 'Bridge', usage: 'who', help: 'who is here, on which networks, and who speaks for whom', run: (context) => who(context) },
    undelivered: { group: 'Messages', usage: 'undelivered', help: 'what did not arrive, and why', run: (context) => undelivered(context) },
    retry: {
      group: 'Messages', usage: 'retry <number>|all', help: 'sends again what did not arrive', example: 'retry 17', more: ['Number: as `undelivered` shows it.'],
      run: (context, [which = '']) => retry(context, which.toLowerCase()),
    },
    'export-me': { group: 'Privacy', usage: 'export-me', help: 'all that I hold about you, as a file', run: (context) => exportMe(context) },
    'forget-me': { group: 'Privacy', usage: 'forget-me', help: 'forgets what I hold about you; asks first', run: (context, [confirmation = '']) => forgetMe(context, confirmation) },
    networks: { group: 'Administration', admin: true, usage: 'networks', help: 'the networks and their accounts', run: (context) => networks(context) },
    portals: {
      group: 'Administration', admin: true, usage: 'portals [network]', help: 'the rooms that are bridged', example: 'portals telegram', run: (context, [network = '']) => portals(context, network.toLowerCase()),
    },
    limits: { group: 'Administration', admin: true, usage: 'limits', help: 'what may be sent how fast, and what waits', run: (context) => limits(context) },
    block: {
      group: 'Administration', admin: true, usage: 'block [user|server]', help: 'shuts a user or a server out; alone: who is', example: 'block @spam:example.org',
      more: ['It outranks what the config allows them, but for administrators, and lasts until `unblock`.'],
      run: (context, [whom = '']) => block(context, whom),
    },
    unblock: { group: 'Administration', admin: true, usage: 'unblock <user|server>', help: 'undoes a block', example: 'unblock @spam:example.org', run: (context, [whom = '']) => unblock(context, whom) },
    announce: {
      group: 'Administration', admin: true, usage: 'announce [admins|all] <text>', help: 'says something to everybody who has a chat with me', example: 'announce "The bridge restarts at noon."',
      run: (context, words) => announce(context, words),
    },
    erase: {
      group: 'Administration', admin: true, usage: 'erase <network> <id>|<ghost> [--redact] [--stop]', help: 'forgets somebody of a network; alone: how far that is', example: 'erase whatsapp 31612345678 --redact',
      more: ['--redact: and takes away what they wrote. --stop: and for good, until they write START.'],
      run: (context, words) => erase(context, words),
    },
    audit: {
      group: 'Administration', admin: true, usage: 'audit [number]', help: 'the newest acts of administrators, and logins', example: 'audit 50',
      run: (context, [count = '']) => audited(context, count),
    },
  };

  close(): void {
    this.#dialogs.close();
  }

  /** The bot's answer. What a person did wrong is answered, never thrown. */
  async answer(context: ActionContext, { text, literal = text }: Line): Promise<string> {
    try {
      return await this.#run(context, text, literal);
    } catch (error) {
      if (error instanceof Mistake) return error.message;
      throw error;
    }
  }

  async #run(context: ActionContext, text: string, literal: string): Promise<string> {
    const [name = 'help', ...words] = wordsOf(text);
    const command = commandNamed(this.#commands, name, context);
    // What is no command answers a question that was asked; a secret is none.
    if (command === undefined) return await this.#dialogs.go(context, literal) ?? await this.#dialogs.late(context) ?? unknownText(this.#commands, context, name);
    // What a login is given is taken as it was typed.
    return command.run(context, name.toLowerCase() === 'login' ? wordsOf(literal).slice(1) : words);
  }
}
