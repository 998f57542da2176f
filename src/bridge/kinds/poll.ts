import type { Capabilities } from '../../model/capabilities.ts';
import type { Content, PollContent } from '../../model/content.ts';
import type { MatrixEvent, PollEndEvent, PollVoteEvent } from '../../model/events.ts';
import type { Millis, PersonRow, RemoteId } from '../../model/ids.ts';
import type { Effect, InboxItem, Portal, RemoteContext, RoomContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored, targetOf } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { relationsOf } from '../outbound/parse.ts';
import { pollInWords } from '../outbound/polls.ts';
import { notice } from '../reports/report.ts';
import { targetNotHere } from './reaction.ts';
import { byPuppet, puppetOf, standsAt, toPortal } from './shared.ts';

export function voteFromNetwork(event: PollVoteEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const waits = targetNotHere(event.target, 'voted in a poll', item, context, deciding);
  if (waits !== null) return waits;
  const { portal, person } = context;
  if (portal === null || (person === null && event.sender.isSelf !== true)) return ignored('vote_of_nobody');
  return done([{ do: 'send', row: {
    lane: `out:r${portal.room}`, key: keyOf(portal.row, item.key, 'vote'), portal: portal.row, room: portal.room, account: portal.account,
    task: { to: 'matrix', kind: 'vote', as: person?.row ?? null, ...byPuppet(puppetOf(item, event.sender.isSelf, deciding)), target: event.target, options: event.options, ts: event.time },
  } }]);
}

export function pollEndFromNetwork(event: PollEndEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const waits = targetNotHere(event.target, 'ended a poll', item, context, deciding);
  if (waits !== null) return waits;
  const { portal } = context;
  return portal === null ? ignored('poll_end_without_portal') : done([pollEnd(event.target, authorOf(event.target, context), event.results ?? [], event.time, portal)]);
}

/** Clients believe only whoever began the poll, or somebody who could delete it: the bot. */
function authorOf(target: RemoteId, { map, coming }: RemoteContext): PersonRow | null {
  const row = map.find(({ remoteId }) => remoteId === target);
  if (row !== undefined) return row.origin === 'network' ? ((Number(row.author) || null) as PersonRow | null) : null;
  const task = coming.find(({ remoteRef }) => remoteRef === target)?.task;
  return task?.to === 'matrix' && task.kind === 'message' ? task.as : null;
}

/** Once for each poll. */
function pollEnd(target: RemoteId, as: PersonRow | null, results: readonly { readonly text: string; readonly votes: number }[], ts: Millis, portal: Portal): Effect {
  const text = ['The poll has ended.', ...results.map((result) => `${result.text}: ${result.votes}`)].join('\n').slice(0, 8_000);
  return { do: 'send', row: {
    lane: `out:r${portal.room}`, key: keyOf(portal.row, target, 'poll end'), portal: portal.row, room: portal.room, account: portal.account,
    task: { to: 'matrix', kind: 'poll end', as, target, text, ts },
  } };
}

/** A poll that is over already when it comes, or as its edit tells. */
export function endedPolls(parts: readonly Content[], target: RemoteId, as: PersonRow | null, ts: Millis, portal: Portal): readonly Effect[] {
  return parts.some((part) => part.kind === 'poll' && part.closed === true) ? [pollEnd(target, as, [], ts, portal)] : [];
}

/** Where there are no polls it is told in words. */
export function asPollOrWords(content: Content, { out }: Capabilities): Content {
  return content.kind === 'poll' && out.poll.level === 'none' ? { kind: 'text', text: pollInWords(content) } : content;
}

/** No network takes the vote of somebody who is not there: who votes hears that, once a poll. People of networks cannot help it: the room hears it once. */
export function voteFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  if (deciding.isOurs(event.sender)) return onlyHere(event, context, deciding, 'others', (names) => `ℹ️ Votes are counted where they are given and seen here; ${names} takes none for others.`);
  return onlyHere(event, context, deciding, event.sender, (names) => `ℹ️ Votes from Matrix are seen here only; ${names} takes none for others.`);
}

/** Where the network has our own poll, its end is an edit of it. Clients believe the end of whoever began it, so others end nothing. */
export function pollEndFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  const ends = context.portals.flatMap((portal) => endInPortal(event, portal, context, deciding));
  const ended = new Set(ends.map((effect) => (effect.do === 'send' ? effect.row.portal : undefined)));
  const others = context.portals.filter(({ row }) => !ended.has(row));
  if (ends.length > 0 && others.length === 0) return done(ends);
  const told = onlyHere(event, { ...context, portals: others }, deciding, 'end', (names) => `ℹ️ The poll was ended here only; on ${names} it goes on.`);
  return ends.length === 0 ? told : done([...ends, ...told.effects]);
}

function endInPortal(event: MatrixEvent, portal: Portal, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const poll = relationsOf(event.content).refersTo;
  const can = deciding.adapter(portal.account)?.capabilities(targetOf(portal.conversation)).out;
  if (poll === null || can === undefined || can.poll.level === 'none' || can.edit.level === 'none') return [];
  const map = context.map.filter((row) => row.portal === portal.row && row.eventId === poll);
  const rows = context.rows.filter((row) => row.portal === portal.row && row.kind === 'message' && row.state !== 'cancelled' && row.state !== 'dead');
  const author = rows[0]?.sender ?? map.find(({ origin }) => origin === 'matrix')?.author;
  if (author !== event.sender) return [];
  // A name that stands before it is a part of its own.
  const part = Math.max(...map.map(({ outPart }) => outPart), ...rows.map((row) => standsAt(row, poll).part));
  const content: PollContent = { kind: 'poll', question: '', options: [], maxChoices: 1, closed: true };
  return [toPortal(portal, event, { to: 'network', kind: 'edit', target: poll, part, content, relay: null }, 0, 1, { event: poll, part })];
}

function onlyHere(event: MatrixEvent, context: RoomContext, deciding: Deciding, who: string, words: (names: string) => string): Decision {
  const poll = relationsOf(event.content).refersTo;
  const portals = context.portals.filter(({ row }) => [...context.map.filter(({ eventId }) => eventId === poll), ...context.rows].some(({ portal }) => portal === row));
  if (poll === null || portals.length === 0) return ignored('poll_not_bridged');
  const names = [...new Set(portals.map(({ account, conversation }) => deciding.adapter(account)?.name ?? conversation.network))].join(' and ');
  return done([notice(context.room.row, words(names), keyOf(context.room.row, poll, 'poll', who), poll)]);
}
