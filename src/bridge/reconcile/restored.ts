import type { Homeserver } from '../../matrix/homeserver.ts';
import type { Store } from '../../store/store.ts';

const TYPE = 'io.drawbridge.start';
/** Rooms whose read position is looked at where the last stop was not clean. */
const ROOMS = 5;

/**
 * Whether the database is older than what the bridge has done since: put back from a backup. Each start is numbered, in the
 * database and then in the bot's account data; and the bot's read position never stands at an event that the database lacks.
 * To be asked once at each start, before anything is sent. @throws what `Homeserver` throws
 */
export async function isRestored(store: Store, homeserver: Homeserver, clean: boolean): Promise<boolean> {
  const known = Number(store.getMeta('start') ?? 0);
  const told = Number((await homeserver.accountData(TYPE))?.['number'] ?? 0);
  // A fresh database knows nothing that could be done twice.
  const ahead = known > 0 && Number.isSafeInteger(told) && told > known;
  const restored = ahead || (!clean && await readBeyond(store, homeserver));
  const next = Math.max(known, Number.isSafeInteger(told) ? told : 0) + 1;
  // In this order: a stop between the two must not look like a restored database.
  await store.setMeta('start', String(next));
  await homeserver.setAccountData(TYPE, { number: next });
  return restored;
}

async function readBeyond(store: Store, homeserver: Homeserver): Promise<boolean> {
  // Where ids are forgotten on purpose, one that is missing proves nothing.
  if (store.getMeta('forgotten_before') !== null) return false;
  for (const { roomId } of store.liveRooms().filter(({ kind }) => kind !== 'unknown').slice(0, ROOMS)) {
    const mark = roomId === null ? null : await homeserver.fullyRead(roomId);
    if (mark !== null && store.unseen('matrix', [mark]).length > 0) return true;
  }
  return false;
}
