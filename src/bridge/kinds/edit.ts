import type { Content } from '../../model/content.ts';
import type { EditEvent, MatrixEvent } from '../../model/events.ts';
import type { EventId, Millis, UserId } from '../../model/ids.ts';
import type { RichText } from '../../model/richtext.ts';
import type { Effect, InboxItem, MapRow, MatrixTask, OutboxItem, OutboxState, Portal, RemoteContext, RoomContext } from '../../store/store.ts';
import { type AdapterView, type Deciding, type Decision, done, targetOf } from '../deciding.ts';
import { fitToEvents } from '../inbound/fit.ts';
import { render } from '../inbound/render.ts';
import { keyOf } from '../keys.ts';
import { ghostsMentioned, peopleMentioned } from '../people/mentions.ts';
import { prefixed } from '../../text/plain.ts';
import { contentOf } from '../outbound/parse.ts';
import { refusal } from '../reports/report.ts';
import { deleteParts } from './deletion.ts';
import { asPollOrWords, endedPolls } from './poll.ts';
import { relayOf } from '../relay/names.ts';
import { beforeAnswer, byPuppet, FORGOTTEN, isDeleted, isUnsure, leftOut, mayBeOurs, openPortal, puppetOf, standsAt, toPortal } from './shared.ts';

/**
 * An edit on a network replaces the events of the same parts; parts that it adds are new events, and those that it leaves out
 * go. One whose target never comes is shown as a message.
 */
export function editFromNetwork(event: EditEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal } = context;
  if (portal === null) return openPortal(item, context, deciding);
  const ours = context.map.find(({ remoteId, origin }) => remoteId === event.target && origin === 'matrix');
  if (ours !== undefined) return editOfOurs(event, item, ours, portal, context, deciding);
  const before = shownParts(event, context);
  const known = before.parts.size > 0;
  const puppet = puppetOf(item, event.sender.isSelf, deciding);
  if (before.isPuppets && event.sender.isSelf === true) {
    // Its author edits it on both sides: our own edit comes back, told by its time as that of what was written on Matrix.
    const echo = beforeAnswer(item, context, deciding, 'edit');
    if (echo !== null) return echo;
    if (event.time <= before.newest && item.body.side === 'network' && deciding.isSent(item.body.account, event.target)) return leftOut(item, 'own_edit');
  }
  const deadline = item.receivedAt + deciding.settings.targetWait;
  if (isDeleted(portal, event.target, deciding)) return leftOut(item, 'deleted');
  if (!known && deciding.now < deadline) return { outcome: { to: 'park', key: `m:${portal.row}:${event.target}`, until: deadline }, effects: [] };
  // Overtaken by a newer one: what is shown stays.
  if (event.time < before.newest) return leftOut(item, 'older_edit');
  const thread = context.map.find(({ remoteId, thread: root }) => remoteId === event.target && root != null)?.thread ?? null;
  const lead = known ? undefined : 'Edited; the original is not here';
  const parts = fitToEvents(event.parts, item.body.side === 'network' ? item.body.media : {}, lead);
  const effects = parts.map(({ content, job }, index): Effect => {
    const rendered = render(ghostsMentioned(content, context.mentioned, deciding), lead);
    const task: MatrixTask = {
      to: 'matrix', kind: 'message', as: context.person?.row ?? null, ...byPuppet(puppet), type: rendered.type, content: rendered.content, ts: event.time,
      ...(event.sender.isSelf === true && index === 0 ? { sentFrom: `Sent from ${deciding.adapter(portal.account)?.name ?? portal.conversation.network}` } : {}),
      ...(before.parts.has(index) ? { edits: { remote: event.target, part: index } } : thread === null ? {} : { thread: { root: thread } }),
      ...(job === undefined ? {} : { media: { job, waitUntil: item.receivedAt + deciding.settings.mediaWait } }),
      // It stands for the message that it edits: that is what replies, reactions and deletions name.
      map: { remoteId: event.target, inPart: index, remoteTime: event.time },
    };
    return { do: 'send', row: {
      lane: `out:r${portal.room}`, key: keyOf(portal.row, item.key, index, 'edit'), task, portal: portal.row, room: portal.room,
      account: portal.account, remoteRef: event.target, part: index, parts: parts.length,
    } };
  });
  const left = [...before.parts].filter((part) => part >= parts.length).map((part): Effect => ({ do: 'send', row: {
    lane: `out:r${portal.room}`, key: keyOf(portal.row, item.key, part, 'left out'), portal: portal.row, room: portal.room,
    task: { to: 'matrix', kind: 'redaction', as: context.person?.row ?? null, ...byPuppet(puppet), target: event.target, part },
  } }));
  return done([...effects, ...left, ...endedPolls(event.parts, event.target, context.person?.row ?? null, event.time, portal)]);
}

/**
 * Of what was written on Matrix: our own edit comes back, or somebody changed it in the network's app. Ours are told by their time, which
 * the answer to each has left in the map. Nobody can edit an event of somebody else's, so the room is told in an answer to it.
 */
function editOfOurs(event: EditEvent, item: InboxItem, ours: MapRow, portal: Portal, context: RemoteContext, deciding: Deciding): Decision {
  const echo = mayBeOurs(item, event.sender.isSelf, context) ? beforeAnswer(item, context, deciding, 'edit') : null;
  if (echo !== null) return echo;
  if (event.time <= ours.remoteTime) return leftOut(item, 'own_edit');
  const lead = `Edited in ${deciding.adapter(portal.account)?.name ?? portal.conversation.network}`;
  const words = event.parts.flatMap((part): readonly Content[] => ('media' in part ? (part.caption === undefined ? [] : [{ kind: 'text', text: part.caption }]) : [part]));
  const parts = fitToEvents(words, {}, lead);
  // By whoever wrote it, it is edited where it stands.
  const puppet = puppetOf(item, event.sender.isSelf, deciding);
  const isAuthors = puppet !== null && puppet === ours.author && parts.length === 1 && ours.outPart === 0;
  const unsure = isUnsure(event.sender.isSelf, undefined, portal, context, deciding);
  return done([
    ...leftOut(item, '').effects,
    { do: 'map', row: { ...ours, remoteTime: event.time } },
    ...parts.map(({ content }, index): Effect => {
      const rendered = render(ghostsMentioned(content, context.mentioned, deciding), index === 0 && !isAuthors ? lead : undefined);
      return { do: 'send', row: {
        lane: `out:r${portal.room}`, key: keyOf(portal.row, item.key, index, 'edit'), portal: portal.row, room: portal.room, account: portal.account, part: index, parts: parts.length,
        task: {
          to: 'matrix', kind: 'message', as: context.person?.row ?? null, type: rendered.type, content: rendered.content, ts: event.time,
          ...(isAuthors ? { ...byPuppet(puppet), sentFrom: lead, edits: { event: ours.eventId } } : index === 0 ? { replyTo: { remote: event.target } } : {}),
          ...(ours.thread == null ? {} : { thread: { root: ours.thread } }), ...(unsure ? { unsure } : {}),
        },
      } };
    }),
  ]);
}

interface Before {
  /** Parts that are shown or on their way. */
  readonly parts: ReadonlySet<number>;
  /** Of when the newest of it is. */
  readonly newest: Millis;
  /** Shown by somebody's own account. */
  readonly isPuppets: boolean;
}

function shownParts(event: EditEvent, context: RemoteContext): Before {
  const map = context.map.filter(({ remoteId, origin }) => remoteId === event.target && origin === 'network');
  const coming = context.coming.flatMap(({ remoteRef, task }) => (remoteRef === event.target && task?.to === 'matrix' && task.kind === 'message' && task.map !== undefined ? [task.map] : []));
  const all = [...map, ...coming];
  return { parts: new Set(all.map(({ inPart }) => inPart)), newest: Math.max(...all.map(({ remoteTime }) => remoteTime)), isPuppets: map.some(({ author }) => author.startsWith('@')) };
}

/** Parts that still wait are replaced by an edit; what was sent is edited where the network can, else corrected. */
export function editFromMatrix(event: MatrixEvent, target: EventId, context: RoomContext, deciding: Deciding): Decision {
  const fresh = event.content['m.new_content'];
  const content = contentOf(event, typeof fresh === 'object' && fresh !== null ? (fresh as Record<string, unknown>) : event.content);
  if ('refused' in content) return done([refusal(context.room.row, event.event_id as EventId, content.refused)]);
  return done(context.portals.flatMap((portal) => editInPortal(event, target, peopleMentioned(content, portal, deciding), portal, context, deciding)));
}

function editInPortal(event: MatrixEvent, target: EventId, whole: Content, portal: Portal, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const adapter = deciding.adapter(portal.account);
  const rows = context.rows.filter((row) => row.portal === portal.row && row.kind === 'message' && row.state !== 'cancelled');
  const map = context.map.filter((row) => row.portal === portal.row && row.eventId === target);
  const known = rows.length > 0 || map.length > 0;
  if (adapter === null || (!known && !deciding.isOurs(event.sender))) {
    const where = adapter?.name ?? portal.conversation.network;
    const why = deciding.settings.forgetful === true ? `The edit was not sent to ${where}: ${FORGOTTEN}` : `The message that this edits was not bridged to ${where}, so the edit was not sent there.`;
    return [refusal(context.room.row, event.event_id as EventId, why, portal.row)];
  }
  // Deleted before it got there.
  if (!known && context.rows.some((row) => row.portal === portal.row)) return [];
  const author = known ? (rows[0]?.sender ?? map[0]?.author) : event.sender;
  if (author !== event.sender) return [];
  if (map.some(({ origin, inPart }) => origin === 'network' && inPart > 0)) {
    return [refusal(context.room.row, event.event_id as EventId, `The edit was not sent: this is one part of a message that was written in ${adapter.name}. Edit it there.`)];
  }
  const relay = relayOf(event.sender as UserId, portal.account, context, deciding);
  const conversation = targetOf(portal.conversation);
  const content = asPollOrWords(whole, adapter.capabilities(conversation));
  // An edit on its way behind its message, which has come back meanwhile: the next one goes behind it too.
  const followed = new Set(context.rows.filter((row) => row.portal === portal.row && row.kind === 'edit' && UNSETTLED.has(row.state)).map((row) => standsAt(row, target).part));
  const waiting = rows.filter((row) => (row.state === 'ready' || row.state === 'parked') && !followed.has(standsAt(row, target).part));
  const gone = new Set([...map.map(({ outPart }) => outPart), ...rows.filter((row) => !waiting.includes(row) && row.state !== 'dead').map((row) => standsAt(row, target).part)]);
  const edit: Edit = { event, target, portal, relay, adapter, context, waiting, gone };
  // Said there before the two were linked: then it is said anew.
  if (!known) return replaced(edit, adapter.plan({ conversation, content: correction(content), relay }));
  if (gone.size === 0 || adapter.capabilities(conversation).out.edit.level !== 'none') return replaced(edit, adapter.plan({ conversation, content, relay }));
  return correctedBy(edit, adapter.plan({ conversation, content: correction(content), relay }));
}

const UNSETTLED: ReadonlySet<OutboxState> = new Set(['ready', 'parked', 'sending', 'uncertain']);

interface Edit {
  readonly event: MatrixEvent;
  readonly target: EventId;
  readonly portal: Portal;
  readonly relay: { readonly name: string } | null;
  readonly adapter: AdapterView;
  readonly context: RoomContext;
  /** Parts not sent yet. */
  readonly waiting: readonly OutboxItem[];
  /** Parts that were sent, or may have been. */
  readonly gone: ReadonlySet<number>;
}

/** Part by part; what there was more of before goes. */
function replaced(edit: Edit, parts: readonly Content[]): readonly Effect[] {
  const { event, target, portal, relay, waiting, gone } = edit;
  const effects = parts.map((content, part): Effect => {
    const row = waiting.find((each) => standsAt(each, target).part === part);
    const shows = { event: target, part };
    if (row !== undefined) return { do: 'replace', seq: row.seq, task: { to: 'network', kind: 'message', content, relay, ...replyOf(row) } };
    if (gone.has(part)) return toPortal(portal, event, { to: 'network', kind: 'edit', target, part, content, relay }, part, parts.length, shows);
    return toPortal(portal, event, { to: 'network', kind: 'message', content, relay }, part, parts.length, shows);
  });
  const left = waiting.filter((row) => standsAt(row, target).part >= parts.length);
  return [
    ...effects, ...left.map(({ seq }): Effect => ({ do: 'cancel', seq, reason: 'Edited before it was sent.' })),
    ...deleteParts([...gone].filter((part) => part >= parts.length), edit),
  ];
}

function replyOf({ task }: OutboxItem): { readonly replyTo?: EventId; readonly thread?: EventId } {
  if (task?.to !== 'network' || task.kind !== 'message') return {};
  return { ...(task.replyTo === undefined ? {} : { replyTo: task.replyTo }), ...(task.thread === undefined ? {} : { thread: task.thread }) };
}

/** The correction says all of it again, so what has not been sent need not be. It stands in the event too: that may be deleted. */
function correctedBy({ event, target, portal, relay, waiting, gone }: Edit, parts: readonly Content[]): readonly Effect[] {
  const next = 1 + Math.max(...gone, ...waiting.map((row) => standsAt(row, target).part));
  return [
    ...waiting.map(({ seq }): Effect => ({ do: 'cancel', seq, reason: 'Edited before it was sent.' })),
    ...parts.map((content, index) => toPortal(portal, event,
      { to: 'network', kind: 'message', content, relay, ...(index === 0 ? { replyTo: target } : {}) }, index, parts.length, { event: target, part: next + index })),
  ];
}

/** What an edit becomes where there are none. */
function correction(content: Content): Content {
  const marked = (text: RichText): RichText => prefixed(text, [{ t: 'text', text: '✏️ ' }]);
  if (content.kind === 'text') return { ...content, text: marked(content.text) };
  return 'media' in content ? { ...content, caption: marked(content.caption ?? []) } : content;
}
