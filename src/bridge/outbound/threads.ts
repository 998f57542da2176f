import type { EventId, RemoteId } from '../../model/ids.ts';
import type { Effect, MatrixTask, NetworkTask, OutboxItem, Portal, Store } from '../../store/store.ts';

type ToMatrix = Extract<MatrixTask, { kind: 'message' }>;
type ToNetwork = Extract<NetworkTask, { kind: 'message' }>;

/** The event that stands for a thread's root now, and the newest one in it; null where nothing of the thread is here yet. */
export function hangsOn(store: Store, { portal }: OutboxItem, root: RemoteId): { readonly event: EventId; readonly last: EventId } | null {
  if (portal === null) return null;
  const thread = store.threadOf(portal, root);
  if (thread !== null) return { event: thread.eventId, last: thread.last };
  const event = store.mapOfRemote(portal, root)[0]?.eventId;
  return event === undefined ? null : { event, last: event };
}

/** Client-server API, "Threading". For clients without threads it looks like an answer to the newest message there. */
export function threadRelation(hung: { readonly event: EventId; readonly last: EventId }, answered: EventId | null): object {
  return { rel_type: 'm.thread', event_id: hung.event, is_falling_back: answered === null, 'm.in_reply_to': { event_id: answered ?? hung.last } };
}

/** What is known of a thread once this event of it is written: where nothing of it was here, the event is its root from now on. */
export function hungUp(store: Store, row: OutboxItem, { thread, edits }: ToMatrix, event: EventId): readonly Effect[] {
  if (thread === undefined || edits !== undefined || row.portal === null) return [];
  const hung = hangsOn(store, row, thread.root);
  const last = thread.broadcast === true && hung !== null ? hung.last : event;
  return [{ do: 'thread', row: { portal: row.portal, root: thread.root, eventId: hung?.event ?? event, last } }];
}

/** The thread of a network that a message goes into: the one that its own thread hangs on, else the one that the message it answers stands in. */
export function threadOf(store: Store, portal: Portal, task: ToNetwork): RemoteId | undefined {
  if (task.thread !== undefined) return rootAt(store, portal, task.thread);
  return task.replyTo === undefined ? undefined : (store.mapOf(portal.row, task.replyTo)[0]?.thread ?? undefined);
}

function rootAt(store: Store, portal: Portal, event: EventId): RemoteId | undefined {
  const known = store.threadOn(portal.row, event)?.root;
  if (known !== undefined) return known;
  const message = store.mapOf(portal.row, event)[0];
  return message?.thread ?? message?.remoteId;
}

/** What a message that has reached its network leaves behind of its thread. */
export function sentInto(portal: Portal, task: ToNetwork, root: RemoteId | undefined, event: EventId): readonly Effect[] {
  return task.thread === undefined || root === undefined ? [] : [{ do: 'thread', row: { portal: portal.row, root, eventId: task.thread, last: event } }];
}
