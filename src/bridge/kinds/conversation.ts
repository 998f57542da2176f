import type { ConversationChangedEvent, ConversationGoneEvent, ConversationReplacedEvent, MemberEvent, ProfileEvent } from '../../model/events.ts';
import type { Effect, InboxItem, MatrixTask, RemoteContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { notice } from '../reports/report.ts';
import { openPortal } from './shared.ts';

/** Somebody comes or goes: their ghost does the same. That the account itself came opens the portal. */
export function memberFromNetwork(event: MemberEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal, person } = context;
  const comes = event.change === 'join' || event.change === 'invite';
  if (portal === null) return event.person.isSelf === true && comes ? openPortal(item, context, deciding) : ignored('member_without_portal');
  if (event.person.isSelf === true || person === null) return ignored('member_self');
  const by = event.by === undefined || event.by.isSelf === true ? undefined : (context.mentioned[event.by.id]?.name ?? event.by.name);
  const reason = by === undefined ? undefined : event.change === 'ban' ? `Banned by ${by}` : event.change === 'kick' ? `Removed by ${by}` : undefined;
  const task: MatrixTask = comes ? { to: 'matrix', kind: 'enter', as: person.row } : { to: 'matrix', kind: 'leave', as: person.row, ...(reason === undefined ? {} : { reason }) };
  return done([{ do: 'send', row: { lane: `out:r${portal.room}`, key: keyOf(portal.row, item.key, 'member'), task, portal: portal.row, room: portal.room, account: portal.account } }]);
}

/** The row of the person has it already: where they have a chat of their own it is shown at once, elsewhere with their next word. */
export function profileFromNetwork(_event: ProfileEvent, item: InboxItem, deciding: Deciding): Decision {
  const person = item.body.side === 'network' && item.body.person !== null ? deciding.person(item.body.person) : null;
  if (person === null || !person.registered || person.stopped !== undefined) return ignored('profile_of_nobody');
  return done(deciding.chatsWith(person).flatMap(({ portal }): readonly Effect[] => (portal?.state !== 'live' ? [] : [{ do: 'send', row: {
    lane: `out:r${portal.room}`, key: keyOf(portal.row, item.key, 'profile'), task: { to: 'matrix', kind: 'enter', as: person.row }, portal: portal.row, room: portal.room, account: portal.account,
  } }])));
}

export function changedFromNetwork(_event: ConversationChangedEvent, item: InboxItem, context: RemoteContext): Decision {
  return context.portal === null ? ignored('change_without_portal') : done([refresh(item, context.portal)]);
}

/** The ids became one when it was taken in. */
export function replacedFromNetwork(_event: ConversationReplacedEvent, item: InboxItem, context: RemoteContext): Decision {
  return context.portal === null ? ignored('replaced_without_portal') : done([refresh(item, context.portal)]);
}

/** Other accounts may still be in it: what they take in is shown no more in the own room of somebody who is not. */
export function goneFromNetwork(event: ConversationGoneEvent, item: InboxItem, context: RemoteContext): Decision {
  const { portal, conversation } = context;
  if (portal === null) return ignored('gone_without_portal');
  const isShared = conversation.kind !== 'direct' && conversation.perAccount === false;
  const ends = portal.linked && isShared && item.body.side === 'network' && item.body.account === portal.account;
  return done([
    notice(portal.room, `⚠️ ${event.reason} Nothing that is written here arrives there any more.${ends ? ' It is no longer linked to this room.' : ''}`, keyOf(portal.row, item.key, 'gone')),
    ...(ends ? [{ do: 'close', portal: portal.row, invite: [] } as const] : []),
  ]);
}

function refresh(item: InboxItem, portal: NonNullable<RemoteContext['portal']>): Effect {
  return { do: 'send', row: {
    lane: `out:r${portal.room}`, key: keyOf(portal.row, item.key, 'refresh'), task: { to: 'matrix', kind: 'refresh' }, portal: portal.row, room: portal.room, account: portal.account,
  } };
}
