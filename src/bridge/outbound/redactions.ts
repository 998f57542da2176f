import { Rejected } from '../../model/errors.ts';
import type { EventId, PersonRow, RemoteId, RoomId, UserId } from '../../model/ids.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { MatrixTask, OutboxItem, Store } from '../../store/store.ts';
import type { Rooms } from '../portals/rooms.ts';

export type RedactionTask = Extract<MatrixTask, { kind: 'redaction' | 'unreaction' }>;

/** A reaction; or everything that shows a message, or one part of it: an edit keeps its own copy of what was said. */
export function eventsOf(store: Store, { portal }: OutboxItem, task: RedactionTask): readonly EventId[] {
  if (task.kind === 'unreaction') return [task.event ?? (store.outboxByKey(task.key)?.remoteId as EventId | null | undefined) ?? null].filter((id) => id !== null);
  if (portal === null) return [];
  const { target, part } = task;
  const mapped = store.mapOfRemote(portal, target).filter(({ inPart }) => part === undefined || inPart === part).map(({ eventId }) => eventId);
  return [...new Set([...mapped, ...store.writtenFor(portal, target, part)])];
}

/**
 * The ghost may have left, or may not do it; the bot administers rooms that we made; elsewhere it is for whoever wrote it.
 * Null: there is no such event.
 * @throws Rejected where none of them may
 */
export async function redactOne(
  { store, homeserver, rooms }: { readonly store: Store; readonly homeserver: Homeserver; readonly rooms: Rooms }, row: OutboxItem, task: RedactionTask, as: UserId, room: RoomId, event: EventId, txn: string,
): Promise<EventId | null> {
  const writer = async (): Promise<UserId> => (task.kind === 'redaction' ? rooms.writer(writtenBy(store, row, task.target), row) : as);
  const tries: readonly (readonly [string, () => Promise<UserId>])[] = [['', () => Promise.resolve(as)], ['.bot', () => Promise.resolve(homeserver.bot)], ['.own', writer]];
  for (const [n, [end, who]] of tries.entries()) {
    try {
      return await homeserver.redact(await who(), room, event, `${txn}${end}`);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      if (error.code === 'M_NOT_FOUND') return null;
      if (n === tries.length - 1) throw error;
    }
  }
  return null;
}

function writtenBy(store: Store, { portal }: OutboxItem, remote: RemoteId): PersonRow | null {
  const found = portal === null ? undefined : store.mapOfRemote(portal, remote).find(({ origin }) => origin === 'network');
  return (Number(found?.author) || null) as PersonRow | null;
}
