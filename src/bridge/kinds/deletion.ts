import type { DeletionEvent, MatrixEvent } from '../../model/events.ts';
import type { EventId, RemoteId, UserId } from '../../model/ids.ts';
import { type Effect, type InboxItem, type MapRow, type OutboxItem, type Portal, type ReactionRow, type RemoteContext, type RoomContext, verifiedKey } from '../../store/store.ts';
import { type AdapterView, type Deciding, type Decision, done, ignored, targetOf } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { notice } from '../reports/report.ts';
import { beforeAnswer, beforePortal, byPuppet, deletionKey, FORGOTTEN, isDeleted, puppetOf, standsAt, toPortal, unseenKey } from './shared.ts';
import { changeByRemoval } from './reaction.ts';

/** Deleted on a network: what has not been written yet is not, what has is redacted. */
export function deletionFromNetwork(event: DeletionEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal } = context;
  if (portal === null) return beforePortal(item, event.target, deciding) ?? ignored('deletion_without_portal');
  const written = context.map.filter(({ remoteId }) => remoteId === event.target);
  const coming = context.coming.filter(({ remoteRef }) => remoteRef === event.target);
  const deadline = item.receivedAt + deciding.settings.targetWait;
  const ours = written.find(({ origin }) => origin === 'matrix');
  if (ours !== undefined) return deletionOfOurs(event, item, ours, portal, context, deciding);
  if (written.length === 0 && coming.length === 0) {
    // What went out and is known no more the bridge has deleted itself.
    if (item.body.side === 'network' && deciding.isSent(item.body.account, event.target)) return ignored('own_deletion');
    if (deciding.now < deadline) return { outcome: { to: 'park', key: `m:${portal.row}:${event.target}`, until: deadline }, effects: [] };
    return done([notice(portal.room, '🗑️ A message that is not here was deleted.', unseenKey(portal, event.target))]);
  }
  const waiting = coming.filter(({ state }) => state === 'ready' || state === 'parked');
  const effects = waiting.flatMap(({ seq, task }): Effect[] => [
    { do: 'cancel', seq, reason: 'Deleted before it was shown.' },
    ...(task?.to === 'matrix' && task.kind === 'message' && task.media !== undefined ? [{ do: 'dropMedia', media: task.media.job } as const] : []),
  ]);
  // Also where nothing is shown yet: the row is what tells a late edit that there is nothing to edit.
  if (written.some(({ origin }) => origin === 'network') || coming.length > 0) {
    effects.push({ do: 'send', row: {
      lane: `out:r${portal.room}`, key: deletionKey(portal, event.target), portal: portal.row, room: portal.room,
      task: { to: 'matrix', kind: 'redaction', as: context.person?.row ?? null, ...byPuppet(deleterOf(event, item, written, deciding)), target: event.target },
    } });
  }
  return done(effects);
}

/** Few networks say who deleted something: what somebody wrote by their own account goes by that. */
function deleterOf({ sender }: DeletionEvent, item: InboxItem, written: readonly MapRow[], deciding: Deciding): UserId | null {
  if (sender !== undefined) return puppetOf(item, sender.isSelf, deciding);
  const author = written.find(({ origin }) => origin === 'network')?.author;
  return author?.startsWith('@') === true ? (author as UserId) : null;
}

/** Milliseconds. What goes all at once, as when a server tidies up, is told once. */
const AT_ONCE = 10_000;

/** Of what was written on Matrix: our own deletion comes back before its answer, or somebody took it away in the network's app. Here it stays, and its author hears of it. */
function deletionOfOurs(event: DeletionEvent, item: InboxItem, ours: MapRow, portal: Portal, context: RemoteContext, deciding: Deciding): Decision {
  const echo = beforeAnswer(item, context, deciding, 'deletion');
  if (echo !== null) return echo;
  const network = deciding.adapter(portal.account)?.name ?? portal.conversation.network;
  const text = `🗑️ ${context.person?.name ?? 'Somebody'} deleted this message in ${network}. It stays here, and so does what else of Matrix was deleted with it.`;
  return done([
    { do: 'unmap', portal: portal.row, remoteId: event.target },
    notice(portal.room, text, keyOf('deleted there', portal.row, Math.floor(event.time / AT_ONCE)), ours.eventId),
  ]);
}

/**
 * A redaction on Matrix: of a message, or of a reaction. Reads the target from both places where room versions put it. What we write
 * ourselves was decided where the message was born (and bears no marker that would say so): it goes to all others that show it.
 */
export function redactionFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  const target = redactedBy(event);
  if (target === null) return ignored('redaction_without_target');
  const ours = deciding.isOurs(event.sender);
  // A redaction bears no marker. What is under way from this very account is waited for: then nothing is left that it would delete.
  const going = deciding.underWay(context.room.row)?.task;
  if (going?.to === 'matrix' && (going.kind === 'redaction' || going.kind === 'unreaction') && going.puppet === event.sender) {
    return { outcome: { to: 'hold', until: deciding.now + 250 }, effects: [] };
  }
  const doubt = ours ? null : unproven(event, target, context, deciding);
  if (doubt !== null) return doubt;
  // Also of what was never sent, in a room that is bridged no more, and by people who may do nothing else here.
  const unlink: Effect = { do: 'unlink', event: target };
  if (!ours && (deciding.permission(event.sender) ?? 'block') === 'block') return done([unlink]);
  const reactions = context.reactions.filter(({ eventId }) => eventId === target);
  if (reactions.length > 0) return done(reactions.flatMap((reaction) => unreact(event, reaction, context, deciding)));
  const born = (portal: Portal): boolean => context.map.some((row) => row.portal === portal.row && row.eventId === target && row.origin === 'network');
  const gone = context.portals.filter((portal) => !ours || !born(portal)).flatMap((portal) => deleteInPortal(event, target, portal, context, deciding));
  return done([unlink, ...(gone.length === 0 && !ours ? forgotten(event, target, context, deciding) : gone)]);
}

/** Of what the bridge remembers no more nobody can say whether it was bridged: if so, it stays there. */
function forgotten(event: MatrixEvent, target: EventId, { room, portals, map, rows }: RoomContext, deciding: Deciding): readonly Effect[] {
  const unknown = deciding.settings.forgetful === true && portals.length > 0 && map.length === 0 && rows.length === 0 && deciding.hasSeen(target);
  return unknown ? [notice(room.row, `🗑️ Nothing was deleted elsewhere: ${FORGOTTEN} If it was bridged, it stays visible there.`, keyOf('forgotten', event.event_id))] : [];
}

/** Milliseconds after which a homeserver of several processes is asked once more. */
const ASK_AGAIN = 2_000;

/**
 * Whose redaction of somebody else's event counts is for the homeserver to say, which knows the room's rules; but it hands
 * redactions over before it applies them, and other servers send what they like. So it is asked whether the event is
 * gone. Null: it is, or its author took it back.
 */
function unproven(event: MatrixEvent, target: EventId, context: RoomContext, deciding: Deciding): Decision | null {
  const author = context.rows[0]?.sender ?? context.map[0]?.author ?? context.reactions.find(({ eventId }) => eventId === target)?.actor;
  if (author === undefined || author === event.sender) return null;
  const until = deciding.now + deciding.settings.maxAge;
  for (const nth of [0, 1]) {
    const key = keyOf('verify', event.event_id, nth);
    const asked = deciding.rowByKey(key);
    const wait = { to: 'park', key: verifiedKey(key), until } as const;
    if (asked === null) {
      return { outcome: wait, effects: [{ do: 'send', row: {
        lane: `out:r${context.room.row}`, key, room: context.room.row, task: { to: 'matrix', kind: 'verify', event: target },
        ...(nth === 0 ? {} : { park: { key, until: deciding.now + ASK_AGAIN } }),
      } }] };
    }
    if (asked.state === 'confirmed') return null;
    if (asked.state === 'dead') {
      return done([notice(context.room.row, `⚠️ ${event.sender} deleted a message of somebody else, and the homeserver did not say whether that holds: nothing was deleted elsewhere.`, keyOf('unproven', event.event_id))]);
    }
    if (asked.state !== 'cancelled') return { outcome: wait, effects: [] };
  }
  return ignored('not_redacted');
}

export function redactedBy(event: MatrixEvent): EventId | null {
  const target = event.redacts ?? event.content.redacts;
  return typeof target === 'string' ? (target as EventId) : null;
}

function deleteInPortal(event: MatrixEvent, target: EventId, portal: Portal, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const rows = context.rows.filter((row) => row.portal === portal.row);
  // What the network itself has deleted is gone there.
  const map = context.map.filter((row) => row.portal === portal.row && row.eventId === target && !isDeleted(portal, row.remoteId, deciding));
  if (rows.length === 0 && map.length === 0) return [];
  const waiting = rows.filter(isWaiting);
  const cancelled = waiting.map(({ seq }): Effect => ({ do: 'cancel', seq, reason: 'Deleted before it was sent.' }));
  const adapter = deciding.adapter(portal.account);
  return [...cancelled, ...deleteParts(stillVisible(target, rows, map), { event, target, portal, adapter, context })];
}

/** Surely not there: it is not sent any more. */
function isWaiting({ state }: OutboxItem): boolean {
  return state === 'ready' || state === 'parked' || state === 'dead';
}

/** Parts that have gone or may have gone. */
function stillVisible(target: EventId, rows: readonly OutboxItem[], map: readonly MapRow[]): readonly number[] {
  const going = rows.filter(({ kind, state }) => kind === 'message' && (state === 'sending' || state === 'uncertain' || state === 'asked'));
  return [...new Set([...map.map(({ outPart }) => outPart), ...going.map((row) => standsAt(row, target).part)])];
}

/** Takes parts back where the network can; else their author hears that they stay. */
export function deleteParts(
  parts: readonly number[], { event, target, portal, adapter, context }: {
    readonly event: MatrixEvent; readonly target: EventId; readonly portal: Portal; readonly adapter: AdapterView | null; readonly context: RoomContext;
  },
): readonly Effect[] {
  if (parts.length === 0) return [];
  if (adapter !== null && adapter.capabilities(targetOf(portal.conversation)).out.delete.level !== 'none') {
    return parts.toSorted((a, b) => a - b).map((part, index) => toPortal(portal, event, { to: 'network', kind: 'deletion', target, part }, index, parts.length));
  }
  const what = parts.length === 1 ? 'This message stays' : `${parts.length} parts of this message stay`;
  // It answers the message: clients show no answer to its removal. Nothing was lost, so it bears another sign. Whoever removes it once more is not told again.
  const text = `🗑️ ${adapter?.name ?? 'This network'} lets nobody delete what was sent. ${what} visible there.`;
  return [notice(context.room.row, text, keyOf('stays', portal.row, target), target)];
}

function unreact(event: MatrixEvent, reaction: ReactionRow, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const portal = context.portals.find(({ row }) => row === reaction.portal);
  // Only what was put there from here is taken back on the network.
  if (portal === undefined) return [];
  if (!reaction.target.startsWith('$')) return unreactOwn(event, reaction, portal, deciding);
  const gone: Effect = { do: 'unreact', portal: portal.row, target: reaction.target, actor: reaction.actor, emoji: reaction.emoji };
  const rows = context.rows.filter((row) => row.portal === portal.row && row.kind === 'reaction');
  if (rows.length > 0 && rows.every(isWaiting)) return [gone, ...rows.map(({ seq }): Effect => ({ do: 'cancel', seq, reason: 'Taken back before it was sent.' }))];
  const change = changeByRemoval(reaction, context, portal, deciding);
  if (change === null) return [gone];
  const task = { to: 'network', kind: 'reaction', target: reaction.target as EventId, ...change, reaction: event.event_id as EventId } as const;
  return [gone, toPortal(portal, event, task, 0, 1)];
}

/** Of what came from the network, people take back what their own account put there. */
function unreactOwn(event: MatrixEvent, { target, actor, emoji }: ReactionRow, portal: Portal, deciding: Deciding): readonly Effect[] {
  const [message] = deciding.shown(portal.row, target as RemoteId);
  if (actor !== '0' || message === undefined || deciding.puppetOf(portal.account) !== event.sender) return [];
  const task = { to: 'network', kind: 'reaction', target: message.eventId, emoji: null, gone: emoji, reaction: event.event_id as EventId } as const;
  return [{ do: 'unreact', portal: portal.row, target, actor, emoji }, toPortal(portal, event, task, 0, 1)];
}
