import type { MatrixEvent, MessageEvent } from '../../model/events.ts';
import type { AccountId, EventId, RemoteId, UserId } from '../../model/ids.ts';
import { visibleName } from '../../model/names.ts';
import type { Effect, InboxItem, MatrixTask, NetworkTask, OutboxItem, Portal, RemoteContext, Room, RoomContext } from '../../store/store.ts';
import { type AdapterView, type Deciding, type Decision, done, ignored, targetOf, toAdmins } from '../deciding.ts';
import { fitToEvents } from '../inbound/fit.ts';
import { render } from '../inbound/render.ts';
import { keyOf } from '../keys.ts';
import { ghostsMentioned, peopleMentioned } from '../people/mentions.ts';
import { contentOf, type Relations, relationsOf } from '../outbound/parse.ts';
import { corrected, notice, refusal } from '../reports/report.ts';
import { inRooms, roomFor } from '../reports/telling.ts';
import { editFromMatrix } from './edit.ts';
import { isMuted } from './filter.ts';
import { asPollOrWords, endedPolls } from './poll.ts';
import { relayOf } from '../relay/names.ts';
import { beforeAnswer, byPuppet, isDeleted, isUnsure, leftOut, mayBeOurs, openPortal, puppetOf, standsAt, toPortal } from './shared.ts';

/** A message of a network, each part an event of its ghost. */
export function messageFromNetwork(event: MessageEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  if (context.map.some(({ remoteId }) => remoteId === event.id) || context.coming.some(({ remoteRef }) => remoteRef === event.id)) return leftOut(item, 'duplicate');
  const own = event.key === undefined ? null : deciding.rowByKey(event.key);
  if (own !== null) return echoOf(own, event, item, deciding);
  if (event.sender.isSelf === true && item.body.side === 'network' && deciding.isSent(item.body.account, event.id)) return leftOut(item, 'echo');
  if (event.historical === true) {
    // Into a new room it goes with all that is told of the past; one that is there has its own.
    if (context.portal === null && deciding.settings.backfill > 0) return openPortal(item, context, deciding);
    return toAdmins(deciding, `ℹ️ ${item.source} handed over messages of the past. Those of chats that have a room already are not shown.`, `history ${item.source}`, leftOut(item, 'past').effects);
  }
  const echo = mayBeOurs(item, event.sender.isSelf, context) ? beforeAnswer(item, context, deciding) : null;
  if (echo !== null) return echo;
  const { portal } = context;
  if (portal === null) return openPortal(item, context, deciding);
  if (isDeleted(portal, event.id, deciding)) return leftOut(item, 'deleted');
  // It may answer what is being sent this moment and has no id yet.
  const isHere = (id: RemoteId | undefined): boolean => id === undefined || context.map.some(({ remoteId }) => remoteId === id) || context.threads.some(({ root }) => root === id);
  const unanswered = !isHere(event.replyTo?.id) || !isHere(event.thread?.root);
  if (unanswered && context.going.length > 0 && deciding.now < item.receivedAt + deciding.settings.targetWait) {
    return { outcome: { to: 'hold', until: deciding.now + 500 }, effects: [] };
  }
  const told = context.room === null ? null : deserted(portal, context.room, context, deciding);
  if (told === 'again') return { outcome: { to: 'again' }, effects: [roomFor(deciding.audience(portal.account).people)] };
  const effects: Effect[] = [...(told ?? [])];
  effects.push(...shown(event, item, context, portal, deciding));
  if (event.referral) {
    const { title, body, url, source, media, greeting, product } = event.referral;
    const words = [title, body, url, media, product, greeting === undefined ? '' : `greeted with "${greeting}"`].filter((word) => word !== undefined && word !== '').join(' · ');
    effects.push(notice(portal.room, `ℹ️ Came from ${source ?? 'a link'}${words === '' ? '' : `: ${words}`}`, keyOf(portal.row, event.id, 'referral')));
  }
  return done(effects);
}

/** Each part an event. */
function shown(event: MessageEvent, item: InboxItem, context: RemoteContext, portal: Portal, deciding: Deciding): readonly Effect[] {
  const network = deciding.adapter(portal.account)?.name ?? portal.conversation.network;
  // The past is written before anybody is let in.
  const puppet = event.historical === true ? null : puppetOf(item, event.sender.isSelf, deciding);
  const lead = leadOf(event, network, puppet !== null);
  const parts = fitToEvents(event.parts, item.body.side === 'network' ? item.body.media : {}, leadOf(event, network));
  const quiet = isMuted(portal, context, deciding);
  const unsure = isUnsure(event.sender.isSelf, event.key, portal, context, deciding);
  const rows = parts.map(({ content, job }, index): Effect => {
    const plain = render(ghostsMentioned(content, context.mentioned, deciding), index === 0 ? lead : undefined);
    const rendered = quiet && plain.content.msgtype === 'm.text' ? { ...plain, content: { ...plain.content, msgtype: 'm.notice' } } : plain;
    const task: MatrixTask = {
      to: 'matrix', kind: 'message', as: context.person?.row ?? null, ...byPuppet(puppet), ...(puppet === null || index > 0 ? {} : { sentFrom: sentFrom(network) }), type: rendered.type, content: rendered.content, ts: event.time,
      ...(event.replyTo && index === 0 ? { replyTo: { remote: event.replyTo.id } } : {}),
      ...(event.thread === undefined || event.thread.root === event.id ? {} : { thread: event.thread }),
      ...(job === undefined ? {} : { media: { job, waitUntil: item.receivedAt + deciding.settings.mediaWait } }),
      map: { remoteId: event.id, inPart: index, remoteTime: event.time }, ...(event.historical === true ? { past: true } : {}), ...(unsure ? { unsure } : {}),
    };
    return { do: 'send', row: {
      lane: `out:r${portal.room}`, key: keyOf(portal.row, event.id, index, 'message', context.person?.row ?? 0), task,
      portal: portal.row, room: portal.room, account: portal.account, remoteRef: event.id, part: index, parts: parts.length,
    } };
  });
  return [...rows, ...endedPolls(event.parts, event.id, context.person?.row ?? null, event.time, portal)];
}

/** A message of before the room was made: it is nobody's news, so it is only shown. */
export function pastMessage(event: MessageEvent, item: InboxItem, context: RemoteContext, portal: Portal, deciding: Deciding): readonly Effect[] {
  const known = context.person?.stopped !== undefined || context.map.some(({ remoteId }) => remoteId === event.id) || context.coming.some(({ remoteRef }) => remoteRef === event.id) || isDeleted(portal, event.id, deciding);
  return known ? leftOut(item, 'duplicate').effects : shown({ ...event, historical: true }, item, context, portal, deciding);
}

function forwardOf({ forwarded, forwardedFrom }: MessageEvent): string {
  if (forwarded === undefined && forwardedFrom === undefined) return '';
  const from = visibleName(forwardedFrom ?? '');
  return `Forwarded${forwarded === 'often' ? ' many times' : ''}${from === '' ? '' : ` from ${from}`}`;
}

/** What we sent comes back with our key: that settles it, whatever was thought of it. */
function echoOf(row: OutboxItem, event: MessageEvent, item: InboxItem, deciding: Deciding): Decision {
  const left = leftOut(item, 'echo');
  if (row.portal === null || row.event === null || row.kind !== 'message') return left;
  const { event: eventId, part } = standsAt(row, row.event);
  return done([
    ...left.effects,
    { do: 'proven', seq: row.seq, remoteId: event.id },
    { do: 'map', row: { portal: row.portal, eventId, outPart: part, remoteId: event.id, inPart: 0, remoteTime: event.time, origin: 'matrix', author: row.sender ?? '', thread: event.thread?.root ?? null } },
    ...(row.room !== null && (row.state === 'asked' || row.state === 'dead') ? corrected(row, row.room, deciding.adapter(row.account ?? ('' as AccountId))?.name ?? '') : []),
  ], { ignored: 'echo' });
}

/** Whoever has left is not asked back by what is written: they hear once that something was, and how to return. Null: there is nobody to tell. */
function deserted(portal: Portal, room: Room, context: RemoteContext, deciding: Deciding): readonly Effect[] | 'again' | null {
  const isEmpty = context.members.every(({ user }) => deciding.isOurs(user));
  if (!isEmpty || room.deserted === null || room.state !== 'live') return null;
  const { rooms, people } = deciding.audience(portal.account);
  if (rooms.length === 0) return people.length > 0 ? 'again' : null;
  const who = context.person?.name ?? portal.conversation.title ?? portal.conversation.remoteId;
  const where = deciding.adapter(portal.account)?.name ?? portal.conversation.network;
  return inRooms(rooms, `ℹ️ ${who} (${where}) wrote in a chat that you have left. It is kept in the room, and you are told this once. To come back: open #${portal.row}. To hear no more of it: filter ignore #${portal.row}`,
    `deserted ${portal.row} ${room.deserted}`);
}

const sentFrom = (network: string): string => `Sent from ${network}`;

/** `isShown`: nobody need be told whose it is. */
function leadOf(event: MessageEvent, network: string, isShown = false): string | undefined {
  const words = [
    event.sender.isSelf === true && !isShown ? sentFrom(network) : '',
    forwardOf(event),
  ].filter((word) => word !== '');
  return words.length > 0 ? words.join(' · ') : undefined;
}

/** Where there are no threads, what stands in one answers its root. */
export function answering({ replyTo, thread }: Relations, part: number, adapter: AdapterView, { conversation }: Portal): { readonly replyTo?: EventId; readonly thread?: EventId } {
  const threads = thread !== null && adapter.capabilities(targetOf(conversation)).out.thread.level !== 'none';
  const answered = threads ? replyTo : (replyTo ?? thread);
  return { ...(answered === null || part > 0 ? {} : { replyTo: answered }), ...(threads ? { thread } : {}) };
}

/** A message of the room to the portals that it goes to, cut into the parts that each takes. */
export function messageFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  // Deleted before the homeserver handed it over: nothing is left of it.
  if (Object.keys(event.content).length === 0) return ignored('redacted');
  const relations = relationsOf(event.content);
  if (relations.edits !== null) return editFromMatrix(event, relations.edits, context, deciding);
  const content = contentOf(event);
  if ('refused' in content) return done([refusal(context.room.row, event.event_id as EventId, content.refused)]);
  // The file itself replaces what stands for it: elsewhere nobody need see that it was late.
  const marker = deciding.origin(event);
  // Where it goes back to, too, it is a copy that somebody has passed on.
  const late = marker?.late === true && context.portals.every(({ row }) => row !== marker.portal);
  const effects: Effect[] = [];
  for (const portal of context.portals) {
    const adapter = deciding.adapter(portal.account);
    if (adapter === null) {
      effects.push(refusal(context.room.row, event.event_id as EventId, `The account ${portal.account} is not there any more, so this was not sent.`, portal.row));
      continue;
    }
    const relay = relayOf(event.sender as UserId, portal.account, context, deciding);
    const conversation = targetOf(portal.conversation);
    const fit = asPollOrWords(peopleMentioned(content, portal, deciding), adapter.capabilities(conversation));
    const parts = adapter.plan({ conversation, content: fit, relay });
    parts.forEach((part, index) => {
      const task: NetworkTask = {
        to: 'network', kind: 'message', content: part, relay,
        ...answering(relations, index, adapter, portal),
      };
      const sent = toPortal(portal, event, task, index, parts.length);
      effects.push(late && sent.do === 'send' ? { ...sent, row: { ...sent.row, park: { key: keyOf(portal.row, event.event_id, 'late'), until: deciding.now + deciding.settings.maxAge } } } : sent);
    });
  }
  return done(effects);
}
