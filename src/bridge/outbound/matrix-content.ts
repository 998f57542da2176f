import type { EventId, OutboxSeq, RemoteId } from '../../model/ids.ts';
import type { MatrixTask, OutboxItem, Store } from '../../store/store.ts';
import { MARKER, type Marker } from '../keys.ts';
import { hangsOn, threadRelation } from './threads.ts';

type MessageTask = Extract<MatrixTask, { kind: 'message' }>;

/** Puts the relations and our marker into a message's content, as what it points at stands now. */
export function finalContent(store: Store, row: OutboxItem, task: MessageTask, sealed: (marker: Marker) => Marker): Readonly<Record<string, unknown>> {
  const content: Record<string, unknown> = { ...task.content, ...task.media?.uploaded?.content };
  const edited = task.edits === undefined ? null : eventOf(store, row, task.edits);
  if (edited !== null) {
    return {
      ...content, ...fallback(content), 'm.new_content': content,
      'm.relates_to': { rel_type: 'm.replace', event_id: edited }, [MARKER]: sealed(marker(row, task)),
    };
  }
  const answered = task.replyTo === undefined ? null : eventOf(store, row, task.replyTo);
  const hung = task.thread === undefined ? null : hangsOn(store, row, task.thread.root);
  if (hung !== null && task.thread?.broadcast !== true) content['m.relates_to'] = threadRelation(hung, answered);
  else if (answered !== null || hung !== null) content['m.relates_to'] = { 'm.in_reply_to': { event_id: answered ?? hung?.event } };
  if (answered === null && task.replyTo !== undefined) Object.assign(content, saysReply(content));
  content[MARKER] = sealed(marker(row, task));
  return content;
}

/** Where it came from, so that a database that has lost it can learn it again from the room. */
function marker(row: OutboxItem, { map, thread, past, late, unsure }: MessageTask): Marker {
  return {
    ...originOf(row),
    ...(map === undefined || row.portal === null ? {} : { id: map.remoteId, part: map.inPart, time: map.remoteTime, ...(thread === undefined ? {} : { thread: thread.root }) }),
    ...(past === true ? { past } : {}), ...(late === true ? { late } : {}), ...(unsure === true ? { unsure } : {}),
  };
}

/** By which row it was written, and of which portal it is: the bot's own words are of none. */
export function originOf({ key, portal }: OutboxItem): Marker {
  return { key, ...(portal === null ? {} : { portal }) };
}

/** A file that comes late to a placeholder which was edited meanwhile: what stands there is newer. */
export function isOvertaken(store: Store, row: OutboxItem, { edits, map }: MessageTask): boolean {
  if (edits === undefined || !('row' in edits) || map === undefined || row.portal === null) return false;
  return store.mapOfRemote(row.portal, map.remoteId).some(({ inPart, remoteTime }) => inPart === map.inPart && remoteTime > map.remoteTime);
}

/** Beside what stands there, without the words of before. */
export function fileAlone({ edits: _edits, map: _map, content, ...task }: MessageTask): MessageTask {
  const { formatted_body: _html, format: _format, ...rest } = content;
  return { ...task, content: { ...rest, body: content.filename ?? content.body } };
}

/** An edit's own body, for clients that know no edits. */
function fallback(content: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return typeof content.body === 'string' ? { body: `* ${content.body}` } : {};
}

/** What stands before the words, or becomes the caption of a file. */
export function saysFrom({ type, content }: MessageTask, words: string): Readonly<Record<string, unknown>> {
  const { body, filename, formatted_body: html } = content;
  // Stickers and polls have no words to stand before.
  if (type !== 'm.room.message' || typeof body !== 'string') return content;
  const safe = words.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return {
    ...content, body: filename !== undefined && filename === body ? words : `${words}\n${body}`,
    ...(typeof html === 'string' ? { formatted_body: `<p><em>${safe}</em></p>${html}` } : {}),
  };
}

/** A reply to something that is not here says so. */
function saysReply(content: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const mark = '↩️ (in reply to a message that is not here)';
  return {
    ...(typeof content.body === 'string' ? { body: `${mark}\n${content.body}` } : {}),
    ...(typeof content.formatted_body === 'string' ? { formatted_body: `<em>${mark}</em><br>${content.formatted_body}` } : {}),
  };
}

type Ref = { readonly event: EventId } | { readonly remote: RemoteId; readonly part?: number } | { readonly row: OutboxSeq };

/** The event that a reference means now; null where it never arrived. */
export function eventOf(store: Store, row: OutboxItem, ref: Ref): EventId | null {
  if ('event' in ref) return ref.event;
  if ('row' in ref) return (store.outboxRow(ref.row)?.remoteId as EventId | undefined) ?? null;
  if (row.portal === null) return null;
  const found = store.mapOfRemote(row.portal, ref.remote);
  // The first part stands for the whole; an edit of a part maps to the event it replaced.
  return (ref.part === undefined ? found[0] : found.find(({ inPart }) => inPart === ref.part))?.eventId ?? null;
}
