import type { Content } from '../../model/content.ts';
import type { EditEvent, MatrixEvent } from '../../model/events.ts';
import type { EventId, UserId } from '../../model/ids.ts';
import type { RichText } from '../../model/richtext.ts';
import type { Effect, InboxItem, MatrixTask, NetworkTask, OutboxItem, Portal, RemoteContext, RoomContext } from '../../store/store.ts';
import { type AdapterView, type Deciding, type Decision, done, targetOf } from '../deciding.ts';
import { fitToEvents, render } from '../inbound/render.ts';
import { keyOf } from '../keys.ts';
import { prefixed } from '../../text/plain.ts';
import { contentOf } from '../outbound/parse.ts';
import { refusal } from '../reports/report.ts';
import { openPortal, relayOf, toPortal } from './shared.ts';

/** An edit on a network replaces the event of the same part; one whose target never comes is shown as a message. */
export function editFromNetwork(event: EditEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal } = context;
  if (portal === null) return openPortal(item, context, deciding);
  const known = context.map.some(({ remoteId }) => remoteId === event.target) || context.coming.some(({ remoteRef }) => remoteRef === event.target);
  const deadline = item.receivedAt + deciding.settings.targetWait;
  if (!known && deciding.now < deadline) return { outcome: { to: 'park', key: `m:${portal.row}:${event.target}`, until: deadline }, effects: [] };
  const parts = fitToEvents(event.parts, item.body.side === 'network' ? item.body.media : {});
  const effects = parts.map(({ content, job }, index): Effect => {
    const rendered = render(content, known ? undefined : 'Edited; the original is not here');
    const task: MatrixTask = {
      to: 'matrix', kind: 'message', as: context.person?.row ?? null, type: rendered.type, content: rendered.content, ts: event.time,
      // More parts than before are new events: there is nothing that they could replace.
      ...(known && index === 0 ? { edits: { remote: event.target } } : {}),
      ...(job === undefined ? {} : { media: { job, waitUntil: item.receivedAt + deciding.settings.mediaWait } }),
      // It stands for the message that it edits: that is what replies, reactions and deletions name.
      map: { remoteId: event.target, inPart: index, remoteTime: event.time },
    };
    return { do: 'send', row: {
      lane: `out:r${portal.room}`, key: keyOf(portal.row, event.id, index, 'edit', event.time), task, portal: portal.row, room: portal.room,
      account: portal.account, remoteRef: event.target, part: index, parts: parts.length,
    } };
  });
  return done(effects);
}

/** While every part still waits, an edit replaces them; after that it is an edit of what was sent, or a correction. */
export function editFromMatrix(event: MatrixEvent, target: EventId, context: RoomContext, deciding: Deciding): Decision {
  const fresh = event.content['m.new_content'];
  const content = contentOf(event, typeof fresh === 'object' && fresh !== null ? (fresh as Record<string, unknown>) : event.content);
  if ('refused' in content) return done([refusal(context.room.row, event.event_id as EventId, content.refused)]);
  return done(context.portals.flatMap((portal) => editInPortal(event, target, content, portal, context, deciding)));
}

function editInPortal(event: MatrixEvent, target: EventId, content: Content, portal: Portal, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const adapter = deciding.adapter(portal.account);
  const rows = context.rows.filter((row) => row.portal === portal.row && row.kind === 'message');
  const sent = context.map.some((row) => row.portal === portal.row && row.eventId === target);
  if (adapter === null || (rows.length === 0 && !sent)) {
    return [refusal(context.room.row, event.event_id as EventId, 'The message that this edits was not bridged, so the edit was not sent.')];
  }
  const author = rows[0]?.sender ?? context.map.find((row) => row.eventId === target)?.author;
  if (author !== event.sender) return [];
  const relay = relayOf(event.sender as UserId, portal, context, deciding);
  const waiting = rows.filter((row) => row.state !== 'cancelled');
  if (waiting.length > 0 && waiting.every((row) => row.state === 'ready' || row.state === 'parked')) {
    return replaceParts(event, waiting, content, relay, portal, adapter);
  }
  const conversation = targetOf(portal.conversation);
  if (adapter.capabilities(conversation).out.edit.level !== 'none') {
    const [first] = adapter.plan({ conversation, content, relay });
    return [toPortal(portal, event, { to: 'network', kind: 'edit', target, content: first ?? content, relay }, 0, 1)];
  }
  const parts = adapter.plan({ conversation, content: correction(content), relay });
  return parts.map((part, index) =>
    toPortal(portal, event, { to: 'network', kind: 'message', content: part, relay, ...(index === 0 ? { replyTo: target } : {}) }, index, parts.length));
}

function replaceParts(
  event: MatrixEvent, rows: readonly OutboxItem[], content: Content, relay: { readonly name: string } | null, portal: Portal, adapter: AdapterView,
): readonly Effect[] {
  const parts = adapter.plan({ conversation: targetOf(portal.conversation), content, relay });
  const effects: Effect[] = [];
  rows.forEach((row, index) => {
    const part = parts[index];
    const before = row.task?.to === 'network' && row.task.kind === 'message' ? row.task : null;
    if (part === undefined) effects.push({ do: 'cancel', seq: row.seq, reason: 'Edited before it was sent.' });
    else effects.push({ do: 'replace', seq: row.seq, task: { to: 'network', kind: 'message', content: part, relay, ...(before?.replyTo === undefined ? {} : { replyTo: before.replyTo }) } });
  });
  parts.slice(rows.length).forEach((part, index) => {
    const task: NetworkTask = { to: 'network', kind: 'message', content: part, relay };
    effects.push(toPortal(portal, event, task, rows.length + index, parts.length));
  });
  return effects;
}

/** What an edit becomes where there are none. */
function correction(content: Content): Content {
  const marked = (text: RichText): RichText => prefixed(text, [{ t: 'text', text: '✏️ ' }]);
  if (content.kind === 'text') return { ...content, text: marked(content.text) };
  return 'media' in content ? { ...content, caption: marked(content.caption ?? []) } : content;
}
