import type { MatrixEvent, ReactionEvent } from '../../model/events.ts';
import type { EventId, Millis, PersonRow, RemoteId } from '../../model/ids.ts';
import type { Effect, InboxItem, Portal, ReactionRow, RemoteContext, RoomContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored, targetOf } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { relationsOf } from '../outbound/parse.ts';
import { notice, refusal } from '../reports/report.ts';
import { beforePortal, isDeleted, openPortal, toPortal } from './shared.ts';

/** A person's reaction becomes their ghost's annotation; where a network allows one, a new one takes the old away. */
export function reactionFromNetwork(event: ReactionEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal, person } = context;
  // Without a person it is the account's own, made in the network's app: the bot shows it.
  if (person === null && event.sender.isSelf !== true) return ignored('reaction_of_nobody');
  const waits = targetNotHere(event.target, event.emoji === null ? 'took back a reaction on a message' : `reacted with ${event.emoji} on a message`, item, context, deciding);
  if (waits !== null) return waits;
  if (portal === null) return ignored('reaction_without_portal');
  const actor = String(person?.row ?? 0);
  const before = context.reactions.filter((row) => row.target === event.target && row.actor === actor);
  const replaced = event.exclusive || event.emoji === null ? before.filter(({ emoji }) => emoji !== event.emoji && (event.removed === undefined || emoji === event.removed)) : [];
  const effects = replaced.flatMap((row) => takeBack(row, portal, item));
  if (event.emoji === null || before.some(({ emoji }) => emoji === event.emoji)) return done(effects);
  return done([...effects, ...putThere(event, actor, event.emoji, portal, item)]);
}

/** What belongs to a message that is not here waits for it a while; then the room hears of it. Null: it is here. */
export function targetNotHere(target: RemoteId, told: string, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision | null {
  const { portal, person } = context;
  if (portal === null) return beforePortal(item, target, deciding) ?? openPortal(item, context, deciding);
  if (isDeleted(portal, target, deciding)) return ignored('deleted');
  if (context.map.some(({ remoteId }) => remoteId === target) || context.coming.some(({ remoteRef }) => remoteRef === target)) return null;
  const until = item.receivedAt + deciding.settings.targetWait;
  if (deciding.now < until) return { outcome: { to: 'park', key: `m:${portal.row}:${target}`, until }, effects: [] };
  return done([notice(portal.room, `${person?.name ?? 'Somebody'} ${told} that is not here.`, keyOf(portal.row, item.key, 'target-notice'))]);
}

/** `actor`: a person's row, or whoever the bot stands for. */
export function putThere({ target, time }: { readonly target: RemoteId; readonly time: Millis }, actor: string, emoji: string, portal: Portal, item: InboxItem): readonly Effect[] {
  const key = keyOf(portal.row, target, 'reaction', actor, emoji, time, item.key);
  return [
    { do: 'react', row: { portal: portal.row, target, actor, emoji, eventId: null, key, at: time } },
    { do: 'send', row: {
      lane: `out:r${portal.room}`, key, portal: portal.row, room: portal.room, account: portal.account,
      task: { to: 'matrix', kind: 'reaction', as: rowOf(actor), target, emoji, ts: time },
    } },
  ];
}

function rowOf(actor: string): PersonRow | null {
  return (Number(actor) || null) as PersonRow | null;
}

export function takeBack(row: ReactionRow, portal: Portal, item: InboxItem): readonly Effect[] {
  return [
    { do: 'unreact', portal: portal.row, target: row.target, actor: row.actor, emoji: row.emoji },
    { do: 'send', row: {
      lane: `out:r${portal.room}`, key: keyOf('unreaction', row.key, item.key), portal: portal.row, room: portal.room,
      task: { to: 'matrix', kind: 'unreaction', as: rowOf(row.actor), event: row.eventId, key: row.key },
    } },
  ];
}

/** A Matrix user's reaction. All speak through one account: of its reactions on a message the newest n are shown. */
export function reactionFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  const annotates = relationsOf(event.content).annotates;
  if (annotates === null) return ignored('reaction_without_target');
  const effects: Effect[] = [];
  for (const portal of context.portals) {
    const adapter = deciding.adapter(portal.account);
    const known = context.map.some((row) => row.portal === portal.row && row.eventId === annotates.event)
      || context.rows.some((row) => row.portal === portal.row && row.event === annotates.event);
    if (adapter === null || !known) continue;
    const can = adapter.capabilities(targetOf(portal.conversation)).out.react;
    if (can.level === 'none') {
      effects.push(refusal(context.room.row, event.event_id as EventId, `The reaction was not sent: ${can.reason ?? `${adapter.name} has none`}.`));
      continue;
    }
    const task = { to: 'network', kind: 'reaction', target: annotates.event, emoji: annotates.emoji, reaction: event.event_id as EventId } as const;
    effects.push(
      { do: 'react', row: {
        portal: portal.row, target: annotates.event, actor: event.sender, emoji: annotates.emoji, eventId: event.event_id as EventId,
        key: keyOf(portal.row, event.event_id, 'reaction', 0), at: event.origin_server_ts,
      } },
      toPortal(portal, event, task, 0, 1),
    );
  }
  return effects.length > 0 ? done(effects) : ignored('reaction_to_unbridged');
}

/** What the account shows once this one is gone: the newest that is left, nothing (null), or no change (undefined). */
export function emojiAfterRemoval(gone: ReactionRow, context: RoomContext, portal: Portal, deciding: Deciding): string | null | undefined {
  const limit = deciding.adapter(portal.account)?.capabilities(targetOf(portal.conversation)).maxReactions ?? 1;
  const all = context.reactions.filter((row) => row.portal === portal.row && row.target === gone.target).sort((a, b) => b.at - a.at);
  const shown = all.slice(0, limit);
  if (!shown.some(({ key }) => key === gone.key)) return undefined;
  const next = all.filter(({ key }) => key !== gone.key)[limit - 1];
  return next?.emoji ?? null;
}
