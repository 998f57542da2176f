import type { MatrixEvent, ReactionEvent } from '../../model/events.ts';
import type { EventId, Millis, PersonRow, RemoteId, UserId } from '../../model/ids.ts';
import type { Effect, InboxItem, Portal, ReactionRow, RemoteContext, RoomContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored, targetOf } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { relationsOf } from '../outbound/parse.ts';
import { notice, refusal } from '../reports/report.ts';
import { beforePortal, byPuppet, FORGOTTEN, isDeleted, openPortal, puppetOf, toPortal } from './shared.ts';

/** A person's reaction becomes their ghost's annotation; where a network allows one, a new one takes the old away. */
export function reactionFromNetwork(event: ReactionEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal, person } = context;
  // Without a person it is the account's own, made in the network's app: the bot shows it.
  if (person === null && event.sender.isSelf !== true) return ignored('reaction_of_nobody');
  const waits = targetNotHere(event.target, event.emoji === null ? 'took back a reaction on a message' : `reacted with ${event.emoji} on a message`, item, context, deciding);
  if (waits !== null) return waits;
  if (portal === null) return ignored('reaction_without_portal');
  if (person === null && event.emoji !== null && isShownForOthers(event.emoji, context)) return ignored('own_reaction');
  const actor = String(person?.row ?? 0);
  const before = context.reactions.filter((row) => row.target === event.target && row.actor === actor);
  const replaced = event.exclusive || event.emoji === null ? before.filter(({ emoji }) => emoji !== event.emoji && (event.removed === undefined || emoji === event.removed)) : [];
  const puppet = puppetOf(item, event.sender.isSelf, deciding);
  const effects = replaced.flatMap((row) => takeBack(row, portal, item, puppet));
  if (event.emoji === null || before.some(({ emoji }) => emoji === event.emoji)) return done(effects);
  return done([...effects, ...putThere(event, actor, event.emoji, portal, item, puppet)]);
}

/** What the account shows for a Matrix user stands in the room already. */
export function isShownForOthers(emoji: string, { reactions }: RemoteContext): boolean {
  return reactions.some((row) => row.actor.startsWith('@') && lookOf(row.emoji) === lookOf(emoji));
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
export function putThere({ target, time }: { readonly target: RemoteId; readonly time: Millis }, actor: string, emoji: string, portal: Portal, item: InboxItem, puppet: UserId | null): readonly Effect[] {
  const key = keyOf(portal.row, target, 'reaction', actor, emoji, time, item.key);
  return [
    { do: 'react', row: { portal: portal.row, target, actor, emoji, eventId: null, key, at: time } },
    { do: 'send', row: {
      lane: `out:r${portal.room}`, key, portal: portal.row, room: portal.room, account: portal.account,
      task: { to: 'matrix', kind: 'reaction', as: rowOf(actor), ...byPuppet(puppet), target, emoji, ts: time },
    } },
  ];
}

function rowOf(actor: string): PersonRow | null {
  return (Number(actor) || null) as PersonRow | null;
}

export function takeBack(row: ReactionRow, portal: Portal, item: InboxItem, puppet: UserId | null): readonly Effect[] {
  return [
    { do: 'unreact', portal: portal.row, target: row.target, actor: row.actor, emoji: row.emoji },
    { do: 'send', row: {
      lane: `out:r${portal.room}`, key: keyOf('unreaction', row.key, item.key), portal: portal.row, room: portal.room,
      task: { to: 'matrix', kind: 'unreaction', target: row.target as RemoteId, as: rowOf(row.actor), ...byPuppet(puppet), event: row.eventId, key: row.key },
    } },
  ];
}

/** Somebody's reaction. All speak through one account: of its reactions on a message the newest n are shown. */
export function reactionFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding, receivedAt: Millis): Decision {
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
      const why = `${can.reason ?? `${adapter.name} has none`}.`;
      // People elsewhere cannot help it; the room hears of it once.
      effects.push(deciding.isOurs(event.sender) ? notice(context.room.row, `ℹ️ Reactions from elsewhere are not shown on ${adapter.name}: ${why}`, keyOf(portal.row, 'no reactions'))
        : refusal(context.room.row, event.event_id as EventId, `The reaction was not sent to ${adapter.name}: ${why}`, portal.row));
      continue;
    }
    const others = context.reactions.filter((row) => row.portal === portal.row);
    const row: ReactionRow = {
      portal: portal.row, target: annotates.event, actor: event.sender, emoji: annotates.emoji, eventId: event.event_id as EventId,
      key: keyOf(portal.row, event.event_id, 'reaction', 0),
      // The newest is the one that came last, whatever the clock of its server says.
      at: Math.max(event.origin_server_ts, ...others.map(({ at }) => at + 1)),
    };
    const { gone } = changeOf(others, [...others, row], limitOf(portal, deciding));
    const task = { to: 'network', kind: 'reaction', target: annotates.event, emoji: annotates.emoji, ...(gone === undefined ? {} : { gone }), reaction: event.event_id as EventId } as const;
    effects.push(
      { do: 'react', row },
      toPortal(portal, event, task, 0, 1),
    );
  }
  return effects.length > 0 ? done(effects) : reactionToUnknown(event, annotates.event, context, deciding, receivedAt);
}

/** What has never come a homeserver may hand over late, or lose, and it is found in the room: the reaction waits for that, then its sender hears. */
function reactionToUnknown(event: MatrixEvent, target: EventId, { room, portals: [portal] }: RoomContext, deciding: Deciding, receivedAt: Millis): Decision {
  if (portal !== undefined && deciding.settings.forgetful === true && deciding.hasSeen(target)) return done([refusal(room.row, event.event_id as EventId, `The reaction was not sent: ${FORGOTTEN}`)]);
  if (portal === undefined || deciding.hasSeen(target)) return ignored('reaction_to_unbridged');
  const until = receivedAt + deciding.settings.targetWait;
  if (deciding.now < until) return { outcome: { to: 'park', key: `e:${portal.row}:${target}`, until }, effects: [] };
  return done([refusal(room.row, event.event_id as EventId, 'The reaction was not sent: the message that it is on has never come to the bridge.')]);
}

interface Change {
  /** Null: nothing new is shown. */
  readonly emoji: string | null;
  readonly gone?: string;
}

/** What changes on the network once this one is taken back: null where somebody else's still stands for it, or it was not shown. */
export function changeByRemoval(removed: ReactionRow, context: RoomContext, portal: Portal, deciding: Deciding): Change | null {
  const before = context.reactions.filter((row) => row.portal === portal.row);
  const change = changeOf(before, before.filter(({ key }) => key !== removed.key), limitOf(portal, deciding));
  return change.emoji === null && change.gone === undefined ? null : change;
}

function limitOf(portal: Portal, deciding: Deciding): number {
  return deciding.adapter(portal.account)?.capabilities(targetOf(portal.conversation)).maxReactions ?? 1;
}

function changeOf(before: readonly ReactionRow[], after: readonly ReactionRow[], limit: number): Change {
  const [was, is] = [shownOf(before, limit), shownOf(after, limit)];
  const [emoji, gone] = [[...is].find(([look]) => !was.has(look))?.[1] ?? null, [...was].find(([look]) => !is.has(look))?.[1]];
  return { emoji, ...(gone === undefined ? {} : { gone }) };
}

/** The newest n emoji, each once however many stand behind it, by how they look. */
function shownOf(rows: readonly ReactionRow[], limit: number): ReadonlyMap<string, string> {
  const newest = new Map(rows.toSorted((a, b) => b.at - a.at).map(({ emoji }) => [lookOf(emoji), emoji] as const));
  return new Map([...newest].slice(0, limit));
}

/** Clients write the same emoji with U+FE0F and without. */
function lookOf(emoji: string): string {
  return emoji.replaceAll('\ufe0f', '');
}
