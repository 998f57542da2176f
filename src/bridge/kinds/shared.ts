import type { MatrixEvent } from '../../model/events.ts';
import type { AccountId, EventId, RemoteId, UserId } from '../../model/ids.ts';
import type { Conversation, Effect, InboxItem, NetworkTask, OutboxItem, Portal, RemoteContext, Shows } from '../../store/store.ts';
import { type Deciding, type Decision, ignored, targetOf } from '../deciding.ts';
import { keyOf } from '../keys.ts';

/** The rows come first; the lane looks again and finds them. */
export function openPortal(item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  if (item.tries > 3) return { outcome: { to: 'dead', code: 'no_portal', reason: 'No room could be made for this conversation.' }, effects: [] };
  const account = item.body.side === 'network' ? item.body.account : context.conversation.account;
  if (deciding.adapter(account) === null) return { outcome: { to: 'dead', code: 'no_account', reason: `The account ${account} is not there any more.` }, effects: [] };
  const isPast = item.body.side === 'network' && item.body.event.type === 'message' && item.body.event.historical === true;
  return { outcome: { to: 'again' }, effects: [portalFor(context.conversation, account, invitedTo(context.conversation, account, deciding), deciding, isPast)] };
}

/** Whose own Matrix account shows what the account of an item itself does in the network's app; null: the bot does, or another did it. */
export function puppetOf(item: InboxItem, isSelf: boolean | undefined, deciding: Deciding): UserId | null {
  return isSelf === true && item.body.side === 'network' ? deciding.puppetOf(item.body.account) : null;
}

/** For a task. */
export const byPuppet = (puppet: UserId | null): { readonly puppet?: UserId } => (puppet === null ? {} : { puppet });

/** Who is asked into the rooms of an account: its owners, else the administrators, rather than nobody. */
export function hostsOf(account: AccountId, deciding: Deciding): readonly UserId[] {
  const owners = deciding.owners(account);
  return owners.length > 0 ? owners : deciding.admins().people;
}

/** Those of them who do not ignore the conversation. */
export function invitedTo(conversation: Conversation, account: AccountId, deciding: Deciding): readonly UserId[] {
  return hostsOf(account, deciding).filter((user) => deciding.filterOf(user, conversation) !== 'ignore');
}

/** `isPast`: the network hands its past over by itself. */
export function portalFor(conversation: Conversation, account: AccountId, invite: readonly UserId[], deciding: Deciding, isPast = false): Effect {
  const backfill = deciding.settings.backfill > 0 && (isPast || deciding.adapter(account)?.hasPast(targetOf(conversation)) === true);
  return { do: 'portal', conversation: conversation.row, account, invite, ...(backfill ? { backfill } : {}) };
}

/** What it is about may have been overtaken, with the first word of its chat: then it is looked at again once its time is over. Null: it is. */
export function beforePortal(item: InboxItem, target: RemoteId, deciding: Deciding): Decision | null {
  const until = item.receivedAt + deciding.settings.targetWait;
  return deciding.now < until ? { outcome: { to: 'park', key: `m:0:${target}`, until }, effects: [] } : null;
}

/**
 * Whether it may be what we sent: by the account itself, or by whomever another account of the group takes it to be that speaks
 * for this room.
 */
export function mayBeOurs({ body }: InboxItem, isSelf: boolean | undefined, { portal }: RemoteContext): boolean {
  return isSelf === true || (portal !== null && body.side === 'network' && body.account !== portal.account);
}

/** Something of ours is under way, and its answer will tell whether this is the echo of it. Null: nothing is, or it took too long. */
export function beforeAnswer(item: InboxItem, context: RemoteContext, deciding: Deciding, kind?: OutboxItem['kind']): Decision | null {
  const until = item.receivedAt + deciding.settings.echoWait;
  if (deciding.now >= until || !context.going.some((row) => kind === undefined || row.kind === kind)) return null;
  return { outcome: { to: 'hold', until: Math.min(deciding.now + 500, until) }, effects: [] };
}

/** Said by the account itself and not known for an echo, while nobody knows what became of something that was sent there. */
export function isUnsure(isSelf: boolean | undefined, key: string | undefined, portal: Portal, context: RemoteContext, deciding: Deciding): boolean {
  return isSelf === true && key === undefined && (context.going.length > 0 || deciding.isAsked(portal.row));
}

/** Of the row that redacts all of a message. */
export const deletionKey = (portal: Portal, target: RemoteId): string => keyOf(portal.row, target, 'deletion');
/** Of the notice that something was deleted which is not here. */
export const unseenKey = (portal: Portal, target: RemoteId): string => keyOf(portal.row, target, 'deletion-notice');

/** What comes late to a message that was deleted has nothing to show any more. */
export function isDeleted(portal: Portal, target: RemoteId, deciding: Deciding): boolean {
  return deciding.rowByKey(deletionKey(portal, target)) !== null || deciding.rowByKey(unseenKey(portal, target)) !== null;
}

/** Why nothing comes of what is about an event that is not known any more. */
export const FORGOTTEN = 'the message that it is about was not bridged, or is older than what the bridge remembers.';

/** Left out on purpose, and so are its files. */
export function leftOut(item: InboxItem, why: string, and: readonly Effect[] = []): Decision {
  const jobs = item.body.side === 'network' ? Object.values(item.body.media) : [];
  return { ...ignored(why), effects: [...jobs.map((media): Effect => ({ do: 'dropMedia', media })), ...and] };
}

/** Where a row's message stands: in the event that it came of, or in the one that an edit added it to. */
export function standsAt({ shows, part }: OutboxItem, own: EventId): Shows {
  return shows ?? { event: own, part };
}

/** One row of a Matrix event for one portal. `shows`: it adds to an earlier event. */
export function toPortal(portal: Portal, event: MatrixEvent, task: NetworkTask, part: number, parts: number, shows?: Shows): Effect {
  return { do: 'send', row: {
    ...(shows === undefined ? {} : { shows }),
    lane: `out:p${portal.row}`, key: keyOf(portal.row, event.event_id, task.kind, part), task, portal: portal.row, room: portal.room,
    account: portal.account, event: event.event_id as EventId, sender: event.sender as UserId, part, parts,
  } };
}
