import type { UserId } from '../model/ids.ts';
import type { Undelivered } from '../store/store.ts';
import type { ActionContext } from './action.ts';

const most = 30;

/** What did not arrive: one's own, for administrators everybody's. Permission: user. */
export function undelivered(context: ActionContext): string {
  const rows = context.store.undelivered(500, ...seenBy(context));
  if (rows.length === 0) return 'Everything was delivered.';
  const lines = rows.slice(0, most).map(line);
  const more = rows.length > most ? [`… and ${rows.length - most} more.`] : [];
  return [...lines, ...more, 'To send one again: retry <number>. All of them: retry all.'].join('\n');
}

/** Whose messages somebody may see; nobody's can be hidden behind those of others. */
export function seenBy({ permission, sender }: ActionContext): [] | [UserId] {
  return permission === 'admin' ? [] : [sender];
}

const words: Partial<Record<Undelivered['state'], string>> = { dead: 'not delivered', asked: 'unknown', uncertain: 'being looked into', parked: 'waits for its target', ready: 'tried, waits' };

function line(row: Undelivered): string {
  return `${row.side === 'in' ? 'r' : ''}${row.seq}: ${row.kind} of ${new Date(row.createdAt).toISOString().slice(0, 16).replace('T', ' ')}, ${words[row.state] ?? row.state}: ${row.reason ?? ''}`;
}
