import { Unreachable } from '../../model/errors.ts';
import type { MatrixEvent } from '../../model/events.ts';
import type { EventId, RoomRow, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import { type Room, StoreBusy, type Store } from '../../store/store.ts';

export interface ReconcileDeps {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly log: Logger;
  readonly wake: (lanes: readonly string[]) => void;
  /** The homeserver does not answer; once it does again, everything is compared again. */
  readonly unreachable: (reason: string) => void;
  /** Does it in a while. */
  readonly later: (work: () => void) => void;
}

/** At most this many events of a room are looked back for. */
const FAR = 2_000;

/**
 * Homeservers can lose what they had queued for us when they stop (Synapse issue 11637). After the bridge or the
 * homeserver was down each room is compared with its recent history, the most recently active first, and what was never
 * taken in is taken in now, in the room's order. Meanwhile its lane waits.
 */
export class Reconcile {
  readonly #deps: ReconcileDeps;
  readonly #held = new Set<RoomRow>();
  #running: Promise<void> | null = null;
  #again = false;
  /** It is not known yet which rooms there are: all of them are held. */
  #unread = false;
  /** The database was put back from a backup: the rooms may hold what it has forgotten that it handled. */
  #restored = false;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  held(room: RoomRow): boolean {
    return this.#unread || this.#held.has(room);
  }

  /** Starts a round in the background; a second call while one runs makes another follow it. */
  start(restored = false): void {
    this.#restored ||= restored;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    const rooms = this.#rooms();
    this.#unread = rooms === null;
    if (rooms === null) {
      this.#deps.later(() => this.start());
      return;
    }
    for (const { row } of rooms) this.#held.add(row);
    this.#running = this.#round(rooms).finally(() => {
      this.#running = null;
      this.#held.clear();
      this.#deps.wake(rooms.map(({ row }) => `in:r${row}`));
      this.#restored = false;
      if (!this.#again) return;
      this.#again = false;
      this.start();
    });
  }

  /** Null while the database cannot tell. */
  #rooms(): readonly Room[] | null {
    try {
      return this.#deps.store.liveRooms().filter(({ roomId, kind }) => roomId !== null && kind !== 'unknown');
    } catch (error) {
      if (error instanceof StoreBusy) return null;
      throw error;
    }
  }

  /** Resolves when no round runs. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #round(rooms: readonly Room[]): Promise<void> {
    for (const room of rooms) {
      try {
        await this.#compare(room);
      } catch (error) {
        this.#deps.log.warn('A room could not be compared with its history.', { room: room.row, error });
        if (error instanceof Unreachable) return this.#deps.unreachable(error.message);
      }
      this.#held.delete(room.row);
      this.#deps.wake([`in:r${room.row}`]);
    }
  }

  async #compare(room: Room): Promise<void> {
    const { store, homeserver, log, wake } = this.#deps;
    if (room.roomId === null) return;
    const missing: MatrixEvent[] = [];
    const seen: EventId[] = [];
    let from: string | undefined;
    while (seen.length < FAR) {
      const page = await homeserver.messages(homeserver.bot, room.roomId, { limit: 100, ...(from === undefined ? {} : { from }) });
      const came = page.events.findIndex((event) => isEntryOf(homeserver.bot, event));
      const events = came === -1 ? page.events : page.events.slice(0, came + 1);
      const unseen = new Set(store.unseen('matrix', events.map(({ event_id }) => event_id)));
      missing.push(...events.filter(({ event_id }) => unseen.has(event_id)));
      seen.push(...events.map(({ event_id }) => event_id as EventId));
      // A page that ends with a known event ends the gap. One in front of it does not: what was said last may have come already.
      const oldest = events.at(-1);
      if (oldest === undefined || !unseen.has(oldest.event_id) || came !== -1 || page.end === undefined) break;
      from = page.end;
    }
    if (missing.length === 0) {
      // What an earlier round took in may not have been put in order before it was stopped.
      await store.inOrder(seen.toReversed());
      return;
    }
    const mark = this.#restored ? await homeserver.fullyRead(room.roomId) : null;
    // Newest first: from the read position on everything was settled.
    const at = mark === null ? -1 : missing.findIndex(({ event_id }) => event_id === mark);
    if (at >= 0) await store.acceptMatrix({ events: missing.splice(at).reverse(), toDevice: [], restored: 'settled' });
    const accepted = await store.acceptMatrix({ events: missing.reverse(), toDevice: [], ...(this.#restored ? { restored: 'doubtful' } : {}) });
    // The same room once more, for what came in meanwhile: it was said after all of these.
    const { events: newest } = await homeserver.messages(homeserver.bot, room.roomId, { limit: 100 });
    await store.inOrder([...new Set([...newest.map(({ event_id }) => event_id as EventId), ...seen])].reverse());
    log.info('Events that the homeserver had not handed over were found in the room.', { room: room.row, events: accepted.fresh });
    wake(accepted.wake);
  }
}

/** What was said in a room before the bot came into it is none of its business. */
function isEntryOf(bot: UserId, { type, state_key: user, content, unsigned }: MatrixEvent): boolean {
  const before = (unsigned?.['prev_content'] as { membership?: unknown } | undefined)?.membership;
  return type === 'm.room.member' && user === bot && content.membership === 'join' && before !== 'join';
}

/** The bot's read position moves only past events that are wholly settled; at most one write a room every ten seconds. */
export class ReadPosition {
  readonly #deps: Pick<ReconcileDeps, 'store' | 'homeserver' | 'log'>;
  readonly #written = new Map<RoomRow, EventId>();

  constructor(deps: Pick<ReconcileDeps, 'store' | 'homeserver' | 'log'>) {
    this.#deps = deps;
  }

  /** Called every ten seconds with the rooms that something happened in. */
  async write(rooms: Iterable<RoomRow>): Promise<void> {
    for (const row of rooms) {
      const room = this.#deps.store.room(row);
      const settled = this.#deps.store.lastEvent(row)?.settled ?? null;
      if (room?.roomId == null || room.state !== 'live' || settled === null || this.#written.get(row) === settled) continue;
      this.#written.set(row, settled);
      try {
        await this.#deps.homeserver.setFullyRead(room.roomId, settled);
      } catch (error) {
        this.#deps.log.debug('The read position was not written.', { room: row, error });
      }
    }
  }
}
