import type { ActionContext, Asking } from './actions/action.ts';
import { addAccount, nameOf } from './actions/add-account.ts';
import { LoginSessions } from './actions/login-session.ts';
import { Bot } from './bot/commands.ts';
import type { Accounts } from './bridge/accounts.ts';
import { keyOf } from './bridge/keys.ts';
import { notice } from './bridge/reports/report.ts';
import type { Permission } from './bridge/settings.ts';
import type { Clock } from './model/clock.ts';
import { CodedError, Rejected } from './model/errors.ts';
import type { UserId } from './model/ids.ts';
import type { Logger } from './model/log.ts';
import type { Effect, MatrixTask, OutboxItem, Store } from './store/store.ts';
import { worded } from './text/worded.ts';

/** What every command works with, whoever gives it. */
export type BotParts = Omit<ActionContext, 'sender' | 'permission' | 'room' | 'event' | 'accounts' | 'live'> & { readonly accounts: Accounts };

/** What actions work with for somebody who asks from elsewhere than a room; null where they may not. */
export function askingFor(parts: BotParts, user: UserId): Asking | null {
  const permission = parts.permissionOf(user);
  if ((permission !== 'user' && permission !== 'admin') || parts.isOurs(user)) return null;
  return { ...parts, accounts: parts.accounts.list(), live: parts.accounts, sender: user, permission };
}

/** The bot as the bridge asks it: a command's answer is the row that the bot says it with. */
export function botCommands(parts: BotParts): { readonly command: (task: Extract<MatrixTask, { kind: 'command' }>, row: OutboxItem) => Promise<readonly Effect[]>; close(): void } {
  const bot = new Bot();
  return {
    close: () => bot.close(),
    async command(task, row) {
      if (row.room === null) return [];
      const permission: Permission = parts.permissionOf(task.sender);
      if (permission !== 'user' && permission !== 'admin') throw new CodedError('DB-9002', `${task.sender} may not command the bridge.`, 'Name them under permissions in the config.');
      const context: ActionContext = { ...parts, accounts: parts.accounts.list(), live: parts.accounts, sender: task.sender, permission, room: row.room, event: task.event };
      return [notice(row.room, worded(await bot.answer(context, task)), keyOf('answer', row.key), task.event)];
    },
  };
}

export function loginSessions(store: Store, accounts: Accounts, clock: Clock): LoginSessions {
  return new LoginSessions({ apps: () => accounts.apps(), clock, add: (done, account) => addAccount({ store, accounts, clock }, done, account) });
}

/** The accounts that were logged in while the bridge ran before. What does not fit the config any more waits until it does. */
export async function enterStored(store: Store, accounts: Accounts, log: Logger): Promise<void> {
  for (const { id, network, app, settings } of store.storedAccounts()) {
    if (settings === null) continue;
    try {
      await accounts.add({ network, app, name: nameOf({ id, network, app }), settings });
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      log.error('An account that was logged in does not fit the config any more; it waits.', { account: id, reason: error.message });
    }
  }
}
