import { targetOf } from '../bridge/deciding.ts';
import { type ActionContext, Mistake, needAdmin, needPrivate } from './action.ts';
import { titleOf } from './title.ts';

const MOST = 50;

/** Every app of every network with its accounts. Permission: admin. */
export function networks(context: ActionContext): string {
  needAdmin(context);
  needPrivate(context);
  const outages = context.outages();
  const lines = context.live.apps().map(({ network, app }) => {
    const own = context.accounts.filter((one) => one.network.id === network.id && one.app === app);
    const down = own.filter(({ id }) => outages.has(id)).length;
    const rooms = own.reduce((sum, { id }) => sum + context.store.openPortals(id).length, 0);
    return `${down > 0 ? '⚠️' : '✅'} ${network.name} \`${network.id}/${app}\`: accounts ${own.length}${down > 0 ? `, of which ${down} do not work` : ''}; rooms ${rooms}`;
  });
  return lines.length === 0 ? 'The config names no network.' : lines.join('\n');
}

/** Rooms and what they are bridged to, the newest first. Permission: admin. */
export function portals(context: ActionContext, network: string): string {
  needAdmin(context);
  needPrivate(context);
  const known = new Set(context.live.apps().map((one) => one.network.id as string));
  if (network !== '' && !known.has(network)) throw new Mistake(`There is no network "${network.slice(0, 40)}" here. Networks: ${[...known].join(', ')}.`);
  const all = context.store.openPortals().filter(({ conversation }) => network === '' || conversation.network === network).reverse();
  const lines = all.slice(0, MOST).map(({ conversation, account, room, state }) => {
    return `${context.accounts.some(({ id }) => id === account) ? '' : '⚠️ '}${conversation.kind} "${titleOf(context.store, conversation)}" (\`${account}\`): ${context.store.room(room)?.roomId ?? 'its room is not made yet'}${state === 'live' ? '' : `, ${state}`}`;
  });
  if (lines.length === 0) return 'No room is bridged yet.';
  return [...lines, ...(all.length > MOST ? [`… and ${all.length - MOST} more.`] : [])].join('\n');
}

/** What is allowed and what waits, by account. Permission: admin. */
export function limits(context: ActionContext): string {
  needAdmin(context);
  needPrivate(context);
  const { store, accounts, maxFile } = context;
  const waiting = store.waitingBy();
  const lines = accounts.map(({ id, connection }) => {
    const [portal] = store.openPortals(id);
    const target = portal === undefined ? null : targetOf(portal.conversation);
    const rates = target === null ? [] : connection.rateKeys(target).map(({ perSecond, burst }) => `${shown(perSecond)} a second, ${burst} at once`);
    const file = target === null ? null : connection.capabilities(target).media.file.maxBytes;
    return [`\`${id}\`: waiting ${waiting[id] ?? 0}`, ...(rates.length > 0 ? [`sends ${rates.join(' and ')}`] : []), ...(file === null ? [] : [`files up to ${megabytes(Math.min(file, maxFile))}`])].join('; ');
  });
  return [`Files up to ${megabytes(maxFile)} (media.max_bytes); what a network does not take becomes a link.`, ...lines].join('\n');
}

const shown = (perSecond: number): string => (perSecond >= 1 ? String(Math.round(perSecond)) : `1/${Math.round(1 / perSecond)}`);
const megabytes = (bytes: number): string => `${Math.round(bytes / 100_000) / 10} MB`;
